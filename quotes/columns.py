"""What the status of a quote, its path and offers of prices show, as ready text. Its lines: quotes.rows."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from approvals.choices import RemarkKind, RequestStatus, RunStatus
from approvals.models import Run
from core.forms import whole
from core.languages import active
from core.templatetags.ui import Notation, notation, percent, plain_input
from quotes import approval_facts, line_texts, selectors
from quotes.choices import HeaderDiscountKind, QuoteStatus, Trigger
from quotes.models import Quote, QuoteLine
from quotes.price_offers import PriceOffer, Stored
from quotes.pricing import PricedQuote
from quotes.repricing import LineOffer, Trouble
from quotes.services.drafting import FIELDS
from quotes.triggers import Breach


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


@dataclass(frozen=True, slots=True)
class Change:
    """Something before and after, as text; both empty where the person may only know that it changes."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class OfferRow:
    """A line that today's prices would change: what of it, what stands in the way, and its net."""

    id: int
    position: int
    sku: str
    name: str
    changes: list[Change]
    troubles: list[str]
    net: Change


def offer_rows_of(found: PriceOffer, *, margin: bool) -> list[OfferRow]:
    """The lines that differ, in the active language; without the right to see margins, without costs and floor prices."""
    shown, language = notation(), active()
    positions = {row.line.id: position for position, row in enumerate(found.offer.before.lines, 1)}
    rows = []
    for row in found.offer.lines:
        sku, name = found.names[row.today.id]
        after = "–" if row.after is None else shown.money(row.after.line_net)
        rows.append(
            OfferRow(
                id=row.today.id,
                position=positions[row.today.id],
                sku=sku,
                name=name[language],
                changes=[*_price_changes(shown, row, margin=margin), *_other_changes(row, found.usage.get(row.today.id))],
                troubles=[_trouble(trouble) for trouble in row.troubles],
                net=Change(_("Line net"), shown.money(row.before.line_net), after),
            )
        )
    return rows


def _price_changes(shown: Notation, row: LineOffer, *, margin: bool) -> list[Change]:
    labels = {"list_price": _("List price"), "cost": _("Cost"), "floor_price": _("Floor price")}
    changes = []
    for name in row.fields:
        prices = (getattr(row.before.line, name), getattr(row.today, name))
        nothing = _("unknown") if name == "cost" else "–"
        before, after = (nothing if price is None else shown.unit_price(price) for price in prices)
        is_hidden = not margin and name != "list_price"
        changes.append(Change(labels[name], "" if is_hidden else before, "" if is_hidden else after))
    return changes


def _other_changes(row: LineOffer, used: tuple[Stored, Stored] | None) -> list[Change]:
    """Parts and prices by use; without words where only costs differ."""
    changes = [Change(_("Parts of the bundle"), "", "")] if "parts" in row.others else []
    if used is not None:
        before, after = map(usage_words, used)
        changes.append(Change(_("Prices by use"), *(("", "") if before == after else (before or "–", after or "–"))))
    return changes


def usage_words(stored: Stored) -> str:
    """Prices by use in the active language: what is counted, and from how many on which price holds."""
    shown, language = notation(), active()
    return "; ".join(
        _("%(measure)s: %(steps)s")
        % {
            "measure": used["label"][language],
            "steps": ", ".join(
                _("beyond %(quantity)s %(price)s")
                % {"quantity": shown.quantity(step.from_quantity), "price": shown.unit_price(step.price)}
                for step in line_texts.steps_of(used)
            ),
        }
        for used in stored
    )


def _trouble(trouble: Trouble) -> str:
    texts = {
        Trouble.NO_PRICE: _("It has no price today. Remove the line before you reprice."),
        Trouble.DISCOUNT_TOO_LARGE: _("Its discount would be larger than the price. Change it before you reprice."),
        Trouble.NOT_SOLD: _("It is no longer sold."),
    }
    return texts[trouble]


def offer_totals_of(found: PriceOffer, *, margin: bool) -> list[Change]:
    """The totals of the quote before and after; nothing where it cannot be repriced."""
    if found.offer.after is None:
        return []
    shown, before, after = notation(), found.offer.before.totals, found.offer.after.totals
    changes = [
        Change(_("Net"), shown.money(before.net_total), shown.money(after.net_total)),
        Change(_("Total with VAT"), shown.money(before.gross_total), shown.money(after.gross_total)),
    ]
    if margin:
        percents = (
            _("unknown") if part is None else shown.percent(part, 1) for part in (before.margin_percent, after.margin_percent)
        )
        changes.append(Change(_("Margin"), *percents))
    return changes


def standing_of(quote: Quote, line: QuoteLine | None, field: str) -> tuple[str, str]:
    """`(label, value)`: a field of the quote or of one of its lines as it stands now, as text."""
    if line is not None:
        labels = {"quantity": _("Quantity"), "discount": _("Discount, % or €"), "net_price": _("Net price, €"), "text": _("Text")}
        return labels.get(field, ""), _standing_of_line(quote, line, field)
    if field == "header_discount":
        return _("Discount on the whole quote, % or €"), header_discount_input(quote)
    if field in FIELDS:
        return str(_field(field).verbose_name), shown_choice(quote, field, getattr(quote, field))
    return "", ""


def _field(name: str) -> Any:
    return Quote._meta.get_field(name)


def _standing_of_line(quote: Quote, line: QuoteLine, field: str) -> str:
    if field == "quantity":
        return plain_input(line.quantity)
    if field == "text":
        return line.text
    if field in ("discount", "net_price") and line.is_priced:
        priced = next((row for row in selectors.priced(quote).lines if row.line.id == line.pk), None)
        if priced is not None:
            return plain_input(priced.net_price, 2) if field == "net_price" else percent(priced.discount_percent)
    return ""


def shown_choice(quote: Quote, field: str, value: Any) -> str:
    """A value of the head as people read it, whether it is a record, a date, or what a form has sent for one."""
    if field in FIELDS and isinstance(value, str) and (related := _field(field).related_model):
        key = whole(value)
        value = None if key is None else related.objects.filter(pk=key).first()
    if isinstance(value, dt.date):
        return date_format(value, "SHORT_DATE_FORMAT")
    return "–" if value in (None, "") else str(value)


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


def sent_back_of(runs: Sequence[Run]) -> dict[str, Any] | None:
    """What brought the draft back, if that is how the latest round ended: a no, or a question. `lines`: those that are meant."""
    if not runs or runs[0].status not in (RunStatus.REJECTED, RunStatus.RETURNED):
        return None
    if runs[0].status == RunStatus.REJECTED:
        no = next((row for row in approvals_of(runs[:1]) if row["comment"] and row["is_rejection"]), None)
        return no and {"by": no["decided_by"], "at": no["at"], "text": no["comment"], "lines": [], "is_question": False}
    question = runs[0].remarks.filter(kind=RemarkKind.QUESTION).select_related("by").first()
    if question is None:
        return None
    return {
        "by": question.by.display_name,
        "at": question.at,
        "text": question.text,
        "lines": question.lines,
        "is_question": True,
        "request": question.request_id,
    }
