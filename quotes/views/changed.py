"""What the editor is answered: the row that was touched, the totals, the status line, and what follows from them."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.selectors import payment_term_advice
from core.errors import Invalid, StaleVersion
from core.forms import whole
from core.templatetags.ui import money, notation
from quotes import columns, configuring, declined, explaining, line_texts, policies, requirements, rows, selectors
from quotes.choices import HeaderDiscountKind, LineKind, QuoteStatus
from quotes.models import Quote, QuoteLine
from quotes.pricing import PricedQuote
from quotes.sections import Block
from users.access import user_of
from users.models import User


def version_of(request: HttpRequest) -> int:
    """The version that the page was at. Raises: Invalid when the page did not say."""
    version = whole(request.POST.get("version", ""))
    if version is None:
        raise Invalid(
            _("The version is missing. Reload the page."), fields={"version": _("The version is missing. Reload the page.")}
        )
    return version


def changing_parts(
    user: User, quote: Quote, priced: PricedQuote, required: requirements.BySku, quoted: selectors.Quoted | None = None
) -> dict[str, Any]:
    """The parts every change swaps: totals, status line, advice. `required`: of the account; `quoted`: where all of it has been
    read."""
    draft, margin = quote.status == QuoteStatus.DRAFT, policies.may_see_margin(user)
    targets = selectors.targets_of(quote) if draft or margin else None
    found = selectors.breaches_of(quote, priced, targets=targets) if draft else []
    if quoted is not None:
        skus = {line_id: texts.sku for line_id, texts in quoted.texts.items()}
    else:
        skus = selectors.skus_of(quote) if required or any(breach.line_id for breach in found) else {}
    advice = payment_term_advice(quote.account, priced.totals.net_total)
    return {
        "totals": priced.totals,
        "sees_margin": margin,
        "target": targets.at(priced.totals.net_total) if targets and margin else None,
        "blockers": columns.blockers_of(priced, found, margin=margin, skus=skus),
        "configured": configuring.advice_of(quote, priced, quoted.products if quoted else None) if draft else [],
        "contradictions": requirements.contradictions(priced, skus, required) if draft else [],
        "path": columns.path_of(quote),
        "header_discount_input": columns.header_discount_input(quote),
        "advice": advice,
        "is_overriding": advice.payment_term is not None and advice.payment_term.pk != quote.payment_term_id,
    }


def changed(
    request: HttpRequest,
    user: User,
    quote: Quote,
    line: QuoteLine | None = None,
    *,
    removed: int | None = None,
    placed: bool = False,
    explains: bool = False,
    field: str = "",
    typed: Mapping[str, str] | None = None,
    error: Invalid | None = None,
) -> HttpResponse:
    """The parts that a change touches, with the prices that the service worked out; read only after a refusal.

    `placed`: the row comes to stand where it is in the quote, wherever the page has it now. `explains`: the sheet of the line
    shows anew how its price comes about.
    """
    priced = quote.priced or selectors.priced(quote)
    context: dict[str, Any] = {"quote": quote, "removed": removed, "field": field, "may_edit": True}
    required = requirements.of_account(quote.account_id)
    context |= changing_parts(user, quote, priced, required)
    context["field_error"] = error.sentence if error else ""
    context["subtotals"] = _subtotals(quote, priced)
    moved = context["sees_margin"] and _moves_all(quote, field)
    context["margins"] = _margins(priced) if moved else []
    context["meters"] = _meters(quote, priced) if moved else ""
    context["row"], said = _row(user, quote, priced, line, typed, error, context["subtotals"], required)
    context["explained"] = explaining.explained(user, quote, line) if explains and line is not None and line.is_priced else None
    context["below"] = (selectors.next_line(line) or "new") if placed and line is not None else None
    total = money(priced.totals.net_total)
    context["said"] = error.sentence if error else said or _("Total %(total)s.") % {"total": total}
    return render(request, "quotes/editor.html#changed", context, status=error.status if error else 200)


def _subtotals(quote: Quote, priced: PricedQuote) -> list[tuple[int, str]]:
    shown = notation()
    return [(key, shown.money(amount)) for key, amount in selectors.subtotals_of(quote, priced).items()]


def _moves_all(quote: Quote, field: str) -> bool:
    """Whether the discount on the whole quote moves all lines: when it was changed, or is an amount that others share."""
    return field in ("header_discount", "header_target") or quote.header_discount_kind == HeaderDiscountKind.AMOUNT


def _meters(quote: Quote, priced: PricedQuote) -> SafeString:
    shown, known = notation(), selectors.guidance_of(quote)
    return rows.METER.render(
        [rows.meter_of(shown, row, known.get(row.line.id)) for row in priced.lines if row.line.kind != LineKind.SOW]
    )


def _margins(priced: PricedQuote) -> list[tuple[int, str]]:
    shown = notation()
    return [(row.line.id, "–" if row.margin_percent is None else shown.percent(row.margin_percent, 1)) for row in priced.lines]


def _row(
    user: User,
    quote: Quote,
    priced: PricedQuote,
    line: QuoteLine | None,
    typed: Mapping[str, str] | None,
    error: Invalid | None,
    subtotals: list[tuple[int, str]],
    required: requirements.BySku,
) -> tuple[str, str]:
    """`(html, sentence)`: the row of the line, and what the live region says of it; empty without a line."""
    if line is None:
        return "", ""
    margin, wrong = policies.may_see_margin(user), error.sentence if error else ""
    if not line.is_priced:
        shown = rows.text_row(quote, Block(line.pk, line.kind, line.text, 0), None, typed=(typed or {}).get("text"), error=wrong)
        shown.subtotal = dict(subtotals).get(line.pk, "")
        return rows.text_html(shown, sees_margin=margin), ""
    place = next((place for place, row in enumerate(priced.lines) if row.line.id == line.pk), None)
    if place is None:
        return "", ""
    positions = {row.line.id: number for number, row in enumerate(priced.lines, 1)}
    texts = line_texts.texts_of_line(line)
    row, html = rows.row_of(
        quote,
        place + 1,
        priced.lines[place],
        texts,
        sees_margin=margin,
        stands_for=positions.get(line.alternative_to_id) if line.alternative_to_id else None,
        said=declined.said_by_line(declined.said_before(quote)).get(line.pk),
        required=requirements.note(required.get(texts.sku, ()), priced.lines[place].line.priced_quantity),
        typed=typed,
        error=wrong,
    )
    total = money(priced.totals.net_total)
    said = _("Line %(position)s net %(net)s. Total %(total)s.") % {"position": row.position, "net": row.line_net, "total": total}
    return html, said


View = Callable[..., HttpResponse]


def shows_conflicts(view: View) -> View:
    """A change that comes too late is answered with both values, what was typed and what stands there now."""

    @wraps(view)
    def told(request: HttpRequest, pk: int, **more: int) -> HttpResponse:
        try:
            return view(request, pk, **more)
        except StaleVersion as error:
            return _conflict(request, selectors.quote_for(user_of(request), pk), more.get("line_pk"), error)

    return told


def _conflict(request: HttpRequest, quote: Quote, line_id: int | None, error: StaleVersion) -> HttpResponse:
    field, mine = request.POST.get("field", ""), request.POST.get("value", "")
    label, theirs = columns.standing_of(quote, selectors.line_of(quote, line_id) if line_id else None, field)
    context = {"quote": quote, "label": label, "mine": columns.shown_choice(quote, field, mine), "theirs": theirs}
    return render(request, "quotes/_conflict.html", context, status=error.status)
