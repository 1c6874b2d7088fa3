"""What a row, the totals and the status of a quote show, as ready text: templates of long quotes stay flat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from approvals.choices import RequestStatus, RunStatus
from approvals.models import Run
from core.languages import active
from core.templatetags.ui import money, percent, plain_input, quantity, unit_price
from quotes import approval_facts
from quotes.choices import DiscountKind, HeaderDiscountKind, QuoteStatus, Trigger
from quotes.models import Quote
from quotes.pricing import PricedLine, PricedQuote
from quotes.selectors import ProductTexts, Quoted
from quotes.triggers import Breach


@dataclass(frozen=True, slots=True)
class Row:
    """One line as the editor and the read view show it."""

    id: int
    position: int
    sku: str
    name: str
    description: str
    unit: str
    quantity: str
    quantity_input: str
    list_price: str
    discount: str
    discount_input: str
    net_price: str
    net_price_input: str
    line_net: str
    vat: str
    margin: str
    is_included: bool
    optional: bool
    selected: bool
    below_floor: bool
    error: str
    error_field: str


def row_of(
    position: int, row: PricedLine, texts: ProductTexts, *, typed: Mapping[str, str] | None = None, error: str = ""
) -> Row:
    """A row; `typed` (field → text) and `error` keep what somebody typed that could not be used."""
    line = row.line
    typed, language = typed or {}, active()
    discount = row.discount_percent
    return Row(
        id=line.id,
        position=position,
        sku=texts.sku,
        name=texts.name[language],
        description=texts.description[language],
        unit=texts.unit[language],
        quantity=quantity(line.quantity),
        quantity_input=typed.get("quantity", plain_input(line.quantity)),
        list_price=unit_price(line.list_price),
        discount=percent(discount) if discount else "–",
        discount_input=typed.get("discount", _discount_input(row)),
        net_price=unit_price(row.net_price),
        net_price_input=typed.get("net_price", plain_input(row.net_price, 2)),
        line_net=money(row.line_net),
        vat=percent(line.vat_percent),
        margin="" if row.margin_percent is None else percent(row.margin_percent, 1),
        is_included=row.is_included,
        optional=line.optional,
        selected=line.selected,
        below_floor=row.below_floor,
        error=error,
        error_field=next(iter(typed), "") if error else "",
    )


def _discount_input(row: PricedLine) -> str:
    """What was typed, or the percentage it comes to."""
    line = row.line
    if line.discount_kind == DiscountKind.PERCENT:
        return plain_input(line.discount_value)
    if line.discount_kind == DiscountKind.AMOUNT:
        return f"{plain_input(line.discount_value, 2)} €"
    return plain_input(row.discount_percent) if row.discount_percent else ""


def rows_of(quoted: Quoted) -> list[Row]:
    """All rows, in the active language."""
    return [row_of(position, row, quoted.texts[row.line.id]) for position, row in enumerate(quoted.priced.lines, 1)]


@dataclass(frozen=True, slots=True)
class Blocker:
    """Why a yes is needed: the sentence, the numbers, what would avoid it, and the row it is about."""

    what: str
    limit: str
    actual: str
    avoid: str
    line_id: int | None
    gate: Trigger


def blockers_of(priced: PricedQuote, found: Sequence[Breach], *, margin: bool, skus: Mapping[int, str]) -> list[Blocker]:
    """The breaches in the active language; without the right to see margins, without their numbers."""
    positions = {row.line.id: position for position, row in enumerate(priced.lines, 1)}
    shown = []
    for breach in found:
        hidden = not margin and breach.reason in approval_facts.MARGIN_REASONS
        where = f"{positions[breach.line_id]} ({skus[breach.line_id]})" if breach.line_id else ""
        shown.append(
            Blocker(
                what=approval_facts.what(breach, approval_facts.line_name(where)),
                limit="" if hidden or breach.limit is None else approval_facts.number(breach, "limit"),
                actual="" if hidden or breach.actual is None else approval_facts.number(breach, "actual"),
                avoid="" if hidden else approval_facts.avoid(breach),
                line_id=breach.line_id,
                gate=breach.gate,
            )
        )
    return shown


def header_discount_input(quote: Quote) -> str:
    if quote.header_discount_kind == HeaderDiscountKind.AMOUNT:
        return f"{plain_input(quote.header_discount_value, 2)} €"
    if quote.header_discount_kind == HeaderDiscountKind.PERCENT:
        return plain_input(quote.header_discount_value)
    return ""


_PATH = [QuoteStatus.DRAFT, QuoteStatus.IN_REVIEW, QuoteStatus.APPROVED, QuoteStatus.SENT, QuoteStatus.ACCEPTED]


def path_of(quote: Quote) -> list[dict[str, Any]]:
    """The steps of the life cycle with the present one marked; an end that is no step of it takes the last place."""
    status = QuoteStatus(quote.status)
    last = status if status not in _PATH else QuoteStatus.ACCEPTED
    steps = [*_PATH[:-1], last]
    return [{"label": step.label, "is_current": step == status} for step in steps]


def approvals_of(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Who was asked, what became of it, and what they said, the latest round first."""
    shown = []
    for run in runs:
        for request in run.requests.all():
            decision = getattr(request, "decision", None)
            shown.append(
                {
                    "approver": request.approver.display_name if request.approver else "",
                    "status": request.get_status_display(),
                    "decided_by": decision.decided_by.display_name if decision else "",
                    "at": decision.at if decision else None,
                    "comment": decision.comment if decision else "",
                    "is_rejection": request.status == RequestStatus.REJECTED,
                }
            )
    return shown


def rejection_of(runs: Sequence[Run]) -> dict[str, Any] | None:
    """The no that brought the draft back: of the latest round, if that is how it ended."""
    if not runs or runs[0].status != RunStatus.REJECTED:
        return None
    return next((row for row in approvals_of(runs[:1]) if row["comment"] and row["is_rejection"]), None)
