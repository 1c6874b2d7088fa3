"""What the list of opportunities can be narrowed by."""

from core.api.filters import Id
from opportunities.filters import OpportunityFilter


class OpportunityApiFilter(OpportunityFilter):
    account = Id(field_name="account_id", help_text="The id of the account.")
