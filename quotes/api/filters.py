"""What the list of quotes can be narrowed by."""

from core.api.filters import Flag
from quotes.filters import QuoteFilter


class QuoteApiFilter(QuoteFilter):
    mine = Flag(method="only_mine", help_text="Those of which I am the owner.")
