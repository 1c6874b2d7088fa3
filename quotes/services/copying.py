"""A new quote made of an old one."""

from typing import Any

from django.db import transaction

from core import events
from core.errors import require
from quotes import selectors
from quotes.models import Quote, QuoteLine
from quotes.services.drafting import quote_create
from quotes.services.pricing_lines import Discount, LineDraft, Measure
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
    lines = list(old.lines.select_related("product__vat_rate", "product__unit", "unit").order_by("position", "id"))
    new = quote_create(
        account_id=account_id or old.account_id,
        by=by,
        opportunity_id=old.opportunity_id if same else None,
        language=old.language if same else "",
        lines=[_draft_of(line) for line in lines],
        header=Discount(old.header_discount_kind, old.header_discount_value),
    )
    _keep_alternatives(lines, new)
    events.record(new, "copied", by=by, copy_of=str(old))
    return new


def _draft_of(line: QuoteLine) -> LineDraft:
    """The line once more; a statement of work keeps the price that pre-sales gave it."""
    own: dict[str, Any] = (
        {"list_price": line.list_price, "cost": line.cost, "vat_percent": line.vat_percent} if line.product is None else {}
    )
    return LineDraft(
        product=line.product,
        quantity=line.quantity,
        discount=Discount(line.discount_kind, line.discount_value),
        optional=line.optional,
        kind=line.kind,
        text=line.text,
        measure=Measure(line.unit, line.numerator, line.denominator),
        options=tuple(selectors.options_of(line.parts)),
        more={name: getattr(line, name) for name in ("yearly_volume", "effort_days", "specialist", "feasibility")},
        **own,
    )


def _keep_alternatives(lines: list[QuoteLine], new: Quote) -> None:
    """A line that stands for another one does so in the copy."""
    places = {line.pk: place for place, line in enumerate(lines)}
    if not any(line.alternative_to_id for line in lines):
        return
    copies = list(new.lines.order_by("position", "id"))
    for line, copy in zip(lines, copies, strict=True):
        if line.alternative_to_id in places:
            copy.alternative_to = copies[places[line.alternative_to_id]]
            copy.save(update_fields=["alternative_to"])
