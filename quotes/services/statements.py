"""Statements of work: the only free text of what is sold, written by pre-sales together with a specialist."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from catalog import selectors as catalog
from core import events, outbox
from core.errors import Invalid, Text
from quotes import policies, selectors
from quotes.choices import LineKind
from quotes.models import Quote, QuoteLine
from quotes.services.pricing_lines import (
    AMOUNTS,
    LineDraft,
    draft_for_update,
    insert,
    keyed,
    line_of,
    new_lines,
    plain,
    price,
    require_room,
    saved,
    take_amounts,
)
from users.models import User
from users.roles import Perm


@dataclass(frozen=True)
class Statement:
    """What pre-sales writes. Prices per unit, EUR; effort in working days of customer success; `cost` None: unknown."""

    text: str
    list_price: Decimal
    quantity: Decimal = Decimal(1)
    cost: Decimal | None = None
    effort_days: Decimal | None = None
    specialist: str = ""
    feasibility: str = ""


@transaction.atomic
def statement_write(
    *, quote_id: int, by: User, statement: Statement, line_id: int | None = None, version: int | None = None
) -> QuoteLine:
    """The statement of work on the draft: a new last line, or `line_id` written anew.

    Raises: NotFound, NotAllowed for all but pre-sales, WrongState, StaleVersion, Invalid naming what is missing.
    """
    quote = draft_for_update(quote_id, by, version, may=_may_write)
    return _written(quote, by, statement, None if line_id is None else line_of(quote, line_id))


@transaction.atomic
def statement_change(*, quote_id: int, line_id: int, by: User, version: int | None = None, **changes: Any) -> QuoteLine:
    """A statement of work of the draft with `changes` made, by the names of `Statement`. Raises: as `statement_write`."""
    quote = draft_for_update(quote_id, by, version, may=_may_write)
    line = line_of(quote, line_id)
    return _written(quote, by, Statement(**{name: getattr(line, name) for name in _WRITTEN} | changes), line)


def _written(quote: Quote, by: User, statement: Statement, line: QuoteLine | None) -> QuoteLine:
    if line is not None and line.kind != LineKind.SOW:
        text = _("This line is no statement of work.")
        raise Invalid(text, fields={"line": text})
    _require_complete(statement)
    line = _add(quote, by, statement) if line is None else _rewrite(quote, by, line, statement)
    events.record(quote, "statement of work written", by=by)
    outbox.emit("quote.statement_written", quote_id=quote.pk, by_id=by.pk)
    return line


def _may_write(user: User, _quote: Quote) -> bool:
    return policies.may_write_statements(user)


def _require_complete(statement: Statement) -> None:
    missing: Mapping[str, tuple[str, Text]] = {
        "text": (statement.text, _("Say what is done.")),
        "specialist": (statement.specialist, _("Name the specialist it was made with.")),
        "feasibility": (statement.feasibility, _("Say how it was found feasible.")),
    }
    wrong = {name: sentence for name, (value, sentence) in missing.items() if not value.strip()}
    if wrong:
        raise Invalid(fields=wrong)


def _add(quote: Quote, by: User, statement: Statement) -> QuoteLine:
    rate = catalog.usual_vat_rate()
    if rate is None:
        raise Invalid(_("There is no VAT rate in use."))
    draft = LineDraft(
        product=None,
        kind=LineKind.SOW,
        quantity=statement.quantity,
        text=statement.text.strip(),
        list_price=statement.list_price,
        cost=statement.cost,
        vat_percent=rate.rate,
        more={
            "effort_days": statement.effort_days,
            "specialist": statement.specialist.strip(),
            "feasibility": statement.feasibility.strip(),
        },
    )
    known = selectors.amount_lines(quote.pk)
    require_room(known)
    made = new_lines(quote, by, [draft], start=selectors.last_position(quote) + 1)
    new = keyed(made, known)
    saved(quote, by, insert(made, new, price(quote, [*known, *new]), by))
    return made[0]


_WRITTEN = ("text", "list_price", "quantity", "cost", "effort_days", "specialist", "feasibility")


def _rewrite(quote: Quote, by: User, line: QuoteLine, statement: Statement) -> QuoteLine:
    for name in _WRITTEN:
        value = getattr(statement, name)
        setattr(line, name, value.strip() if isinstance(value, str) else value)
    known = selectors.amount_lines(quote.pk)
    priced = price(quote, [plain(line, line.pk) if other.id == line.pk else other for other in known])
    take_amounts([line], [row for row in priced.lines if row.line.id == line.pk])
    line.save(update_fields=[*_WRITTEN, *AMOUNTS])
    saved(quote, by, priced)
    return line


@transaction.atomic
def statement_ask(*, quote_id: int, by: User, wish: str) -> Quote:
    """Pre-sales is asked to write a statement of work for the draft. Raises: as others of a draft; Invalid without a wish."""
    quote = draft_for_update(quote_id, by, None)
    if not wish.strip():
        raise Invalid(fields={"wish": _("Say what the customer wants.")})
    events.record(quote, "statement of work asked for", by=by, reason=wish.strip()[:2000])
    writers = User.objects.holding(Perm.SOW_WRITE).values_list("pk", flat=True)
    common: dict[str, int | str] = {"quote_id": quote.pk, "by_id": by.pk, "wish": wish.strip()[:2000]}
    outbox.emit_all("quote.statement_asked", [{**common, "reader_id": pk} for pk in writers])
    return quote
