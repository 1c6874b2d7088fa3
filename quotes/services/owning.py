"""Who a quote belongs to."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core import events, versions
from core.errors import Invalid, WrongState, require
from quotes import policies, selectors
from quotes.choices import QuoteStatus
from quotes.models import Quote
from users.models import User
from users.selectors import user_with_roles

KEPT = {
    QuoteStatus.IN_REVIEW: _("The quote is in approval. Its owner can change once that is over."),
    QuoteStatus.SUPERSEDED: _("The quote has been replaced by a newer revision."),
    QuoteStatus.CANCELLED: _("The quote is cancelled."),
}
"""States in which a quote keeps its owner, and why: what is in approval must stay just what was asked about."""


@transaction.atomic
def quote_change_owner(*, quote_id: int, by: User, owner_id: int, version: int | None = None) -> Quote:
    """The quote belongs to a colleague who may own it. Raises: NotFound, NotAllowed, WrongState, StaleVersion; Invalid for
    somebody who makes no quotes or does not see the account."""
    quote = selectors.quote_in_sight_for_update(by, quote_id)
    require(policies.may_edit(by, quote))
    if quote.status in KEPT:
        raise WrongState(KEPT[QuoteStatus(quote.status)])
    versions.require(quote, version)
    owner = user_with_roles(owner_id)
    if owner is None or not policies.may_own(owner, quote):
        text = _("Choose somebody who makes quotes and sees this account.")
        raise Invalid(text, fields={"owner": text})
    if owner.pk == quote.owner_id:
        return quote
    former, quote.owner = quote.owner, owner
    versions.bump(quote)
    quote.save(update_fields=["owner", "version"])
    events.record(quote, "owner changed", by=by, former=former.display_name, to=owner.display_name)
    return quote
