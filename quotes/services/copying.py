"""A new quote made of an old one, and its lines in another one."""

from django.db import transaction

from core import events
from core.errors import require
from quotes import selectors, template_selectors
from quotes.models import Quote, QuoteLine
from quotes.services.drafting import quote_create
from quotes.services.pricing_lines import Discount
from quotes.services.taking import draft_of, keep_alternatives, take
from users.models import User
from users.roles import Perm


@transaction.atomic
def quote_copy(*, quote_id: int, by: User, account_id: int | None = None) -> Quote:
    """A draft of its own number with the products, quantities and typed discounts of the quote, at today's prices.

    For `account_id` (None: the same account, opportunity and language). It starts its life anew: nothing of it is approved.
    Raises: NotFound, NotAllowed; Invalid for a product that is no longer sold or an inactive account.
    """
    require(by.may(Perm.QUOTE_EDIT))
    old = selectors.quote_for(by, quote_id)
    same = account_id in (None, old.account_id)
    lines = template_selectors.lines_of_quote(old)
    new = quote_create(
        account_id=account_id or old.account_id,
        by=by,
        opportunity_id=old.opportunity_id if same else None,
        language=old.language if same else "",
        lines=[draft_of(line) for line in lines],
        header=Discount(old.header_discount_kind, old.header_discount_value),
    )
    if any(line.alternative_to_id for line in lines):
        keep_alternatives(lines, list(new.lines.order_by("position", "id")[: len(lines)]))
    events.record(new, "copied", by=by, copy_of=str(old))
    return new


@transaction.atomic
def lines_copy(
    *, quote_id: int, source_id: int, by: User, version: int | None = None, before: int | None = None, leave_out: bool = False
) -> list[QuoteLine]:
    """The lines of another quote in the draft, at the prices of the draft's day: before a line, or as the last ones.

    `leave_out`: without those that cannot be sold any more. Raises: as `lines_add`; Invalid naming such lines otherwise.
    """
    source = selectors.quote_for(by, source_id, related=())
    lines = template_selectors.lines_of_quote(source)
    made, left_out = take(quote_id, lines, by, version=version, before=before, leave_out=leave_out)
    events.record(made[0].quote, "lines copied", by=by, reason=str(source), left_out=left_out)
    return made
