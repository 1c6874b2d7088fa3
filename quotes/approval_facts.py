"""What an approver of a quote gets to see: frozen with the request, in both languages. Shape: see approvals.registry."""

import datetime as dt
import functools
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _, gettext_noop, ngettext

from approvals import summary
from core.languages import CODES, in_languages
from core.money import percent_of
from core.templatetags.ui import money, percent, points, quantity
from quotes import margins, paper, workload
from quotes.models import Quote, QuoteAttachment, QuoteSnapshot
from quotes.pricing import PricedQuote, Totals
from quotes.snapshots import Json
from quotes.triggers import OUTSIDE, Breach, Reason

_PERCENT_REASONS = {Reason.MARGIN_BELOW_TARGET, Reason.NO_MARGIN_TARGET, Reason.DISCOUNT}
MARGIN_REASONS = {Reason.MARGIN_BELOW_TARGET, Reason.NO_MARGIN_TARGET, Reason.NOTHING_TO_PAY}


_SENTENCES = {
    Reason.BELOW_FLOOR: gettext_noop("%(line)s is below its floor price"),
    Reason.MISSING_COST: gettext_noop("%(line)s has no known cost"),
    Reason.OUTSIDE_CATALOGUE: gettext_noop("%(line)s is outside the catalogue"),
    Reason.STATEMENT_OF_WORK: gettext_noop("%(line)s is a statement of work"),
    Reason.MARGIN_BELOW_TARGET: gettext_noop("The margin of the quote is below its target"),
    Reason.NO_MARGIN_TARGET: gettext_noop("The margin table has no target for this quote"),
    Reason.NOTHING_TO_PAY: gettext_noop("The quote costs the customer nothing"),
    Reason.DISCOUNT: gettext_noop("The discount is above what goes without asking"),
    Reason.PAYMENT_TERM: gettext_noop("The payment term is not the advised one"),
}
_SENTENCES_BY_CHOICE = {
    Reason.BELOW_FLOOR: gettext_noop("With the options the customer may choose, %(line)s falls below its floor price"),
    Reason.MARGIN_BELOW_TARGET: gettext_noop("With the options the customer may choose, the margin falls below its target"),
    Reason.NO_MARGIN_TARGET: gettext_noop(
        "With the options the customer may choose, the margin table has no target for the quote"
    ),
    Reason.NOTHING_TO_PAY: gettext_noop("With the options the customer may choose, the quote costs the customer nothing"),
}


def what(breach: Breach, where: str) -> str:
    """The breach in a sentence of the active language; `where` names the line."""
    sentences = _SENTENCES_BY_CHOICE if breach.by_choice else _SENTENCES
    return _(sentences[breach.reason]) % {"line": where}


def avoid(breach: Breach) -> str:
    """What would make the breach go away, in the active language; empty where nothing the rep can do does."""
    if breach.reason == Reason.BELOW_FLOOR:
        return _("A line total of at least %(limit)s needs no approval.") % {"limit": money(breach.limit)}
    if breach.reason == Reason.MARGIN_BELOW_TARGET:
        return _("A margin of at least %(limit)s needs no approval.") % {"limit": percent(breach.limit)}
    if breach.reason == Reason.DISCOUNT and breach.limit is not None:
        return _("A discount below %(limit)s needs no approval.") % {"limit": percent(breach.limit)}
    if breach.reason == Reason.PAYMENT_TERM:
        return _("The advised payment term needs no approval.")
    if breach.reason in (Reason.MISSING_COST, Reason.OUTSIDE_CATALOGUE, Reason.STATEMENT_OF_WORK):
        return _("Without this line no approval is needed for it.")
    return ""


def number(breach: Breach, which: str) -> str:
    """The limit or the actual value, formatted; a dash where there is none."""
    value = getattr(breach, which)
    if value is None:
        return "–"
    if breach.reason == Reason.PAYMENT_TERM:
        return ngettext("%(number)s day", "%(number)s days", int(value)) % {"number": int(value)}
    return percent(value) if breach.reason in _PERCENT_REASONS else money(value)


def facts_of(
    quote: Quote,
    content: Json,
    priced: PricedQuote,
    found: Sequence[Breach],
    work_days: Decimal | None = None,
    files: Sequence[QuoteAttachment] = (),
    beside: margins.MarginContext | None = None,
    before: QuoteSnapshot | None = None,
) -> dict[str, Any]:
    """Everything the review page shows, as JSON. `files`: all attachments; `beside`: what the account has accepted; `before`:
    what the customer was sent last."""
    lines = {line["id"]: line for line in content["lines"]}
    totals = priced.totals
    limits = _limits(found, lines)
    flagged = {breach.line_id for breach in found}
    return {
        "title": in_languages(lambda: _("Quote %(number)s, revision %(revision)s") % content),
        "customer": quote.account.name,
        "sentences": {code: [limit["what"][code] for limit in limits] for code in CODES},
        "facts": [
            _fact(gettext_noop("Customer"), lambda: quote.account.name),
            *_amounts(totals.list_total, totals.net_total),
            _fact(
                gettext_noop("Margin"),
                lambda: (
                    _("unknown")
                    if totals.margin_amount is None
                    else f"{money(totals.margin_amount)} ({percent(totals.margin_percent)})"
                ),
                margin=True,
            ),
            *_beside(beside),
            _fact(gettext_noop("Payment term"), lambda: quote.payment_term.label if quote.payment_term else "–"),
            _valid_until(quote.valid_until),
            *_work(quote, found, work_days),
            *_files(files),
        ],
        "limits": limits,
        "flagged": [line["position"] for line in content["lines"] if line["id"] in flagged],
        "line_margins": {
            str(place): str(margin)
            for place, margin in enumerate((row.margin_percent for row in priced.lines), 1)
            if margin is not None
        },
        "before": before and _before(before),
        "url": reverse("quote_page", args=[quote.pk]),
        "brief": summary.brief(limits, in_languages(lambda: _margin(totals))),
    }


def _amounts(list_total: Decimal, net_total: Decimal) -> list[dict[str, Any]]:
    off = list_total - net_total
    return [
        _fact(gettext_noop("At list price"), lambda: money(list_total)),
        _fact(gettext_noop("Discount"), lambda: f"{money(off)} ({percent(percent_of(off, list_total))})"),
        _fact(gettext_noop("Net"), lambda: money(net_total)),
    ]


def _valid_until(day: dt.date) -> dict[str, Any]:
    return _fact(gettext_noop("Valid until"), lambda: date_format(day, "SHORT_DATE_FORMAT"))


def _before(snapshot: QuoteSnapshot) -> dict[str, Any]:
    """The facts of what was sent, as far as it tells them: no margins."""
    content = snapshot.content
    term = content["payment_term"]
    return {
        "id": snapshot.quote_id,
        "version": snapshot.version,
        "facts": [
            *_amounts(*(Decimal(content["totals"][name]) for name in ("list_total", "net_total"))),
            _told("Payment term", term["label"] if term else dict.fromkeys(CODES, "–")),
            _valid_until(dt.date.fromisoformat(content["valid_until"])),
        ],
    }


def _beside(context: margins.MarginContext | None) -> list[dict[str, Any]]:
    """What the account's accepted quotes brought; nothing where there are none."""
    if context is None:
        return []
    facts = []
    average, last = context.average, context.last
    if average is not None:
        label = gettext_noop("Margin of this account over 12 months")
        facts.append(_fact(label, lambda: _held_against(percent(average, 1), context.to_average), margin=True))
    if last is not None:
        label = gettext_noop("Last accepted")
        facts.append(_fact(label, lambda: _held_against(f"{last.name}, {percent(last.margin, 1)}", context.to_last), margin=True))
    return facts


def _held_against(value: str, difference: Decimal | None) -> str:
    if difference is None:
        return value
    return f"{value}; " + _("this quote %(points)s percentage points") % {"points": points(difference)}


def _work(quote: Quote, found: Sequence[Breach], work_days: Decimal | None) -> list[dict[str, Any]]:
    """What customer success wants to know: the work it is, what they have already, and how it was found feasible."""
    if not any(breach.reason in OUTSIDE for breach in found):
        return []
    load = workload.load()
    facts = [
        _fact(gettext_noop("Work of customer success"), lambda: "–" if work_days is None else _days(work_days)),
        _fact(gettext_noop("Sold in 90 days"), lambda: _days(load.sold)),
        _fact(gettext_noop("Offered and not answered"), lambda: _days(load.offered)),
    ]
    for one in workload.feasibility_of(quote):
        said = f"{one.text} ({one.specialist})" if one.specialist else one.text
        facts.append(_told(gettext_noop("Feasibility"), dict.fromkeys(CODES, said)))
    return facts


def _days(days: Decimal) -> str:
    return _("%(number)s working days") % {"number": quantity(days)}


def _files(files: Sequence[QuoteAttachment]) -> list[dict[str, Any]]:
    """The names of the files, which are on the page of the quote; nothing where there are none."""
    names = ", ".join(file.name for file in files)
    return [_fact(gettext_noop("Attachments"), lambda: names)] if names else []


def _margin(totals: Totals) -> str:
    """In percent; of a quote that costs the customer nothing there is none."""
    if totals.margin_amount is None:
        return _("unknown")
    return "–" if totals.margin_percent is None else percent(totals.margin_percent, 1)


_SHOWN = ("position", "sku", "name", "quantity", "list_price", "discount_percent", "net_price", "line_net")


def lines_of(content: Json) -> list[Json]:
    """What the review page shows of the lines."""
    lines = content["lines"]
    places = {line["id"]: line["position"] for line in lines}
    replaced = {line.get("alternative_to") for line in lines if line["selected"]}
    shown = [{**{name: line[name] for name in _SHOWN}, "marks": {}, "details": {}} for line in lines]
    for code in CODES:
        with translation.override(code):
            for line, row in zip(lines, shown, strict=True):
                row["marks"][code] = paper.marks_of(line, places, replaced)
                row["details"][code] = [*paper.details_of(line, code), *(_use(step, code) for step in line.get("usage") or ())]
    return shown


def _use(step: Json, language: str) -> str:
    use, above, up_to, price = paper.usage_of(step, language)
    words = {"use": use, "above": above, "up_to": up_to, "price": price}
    return _("%(use)s beyond %(above)s a year, up to %(up_to)s: %(price)s each") % words


@functools.cache
def _labels(label: str) -> dict[str, str]:
    """A label of ours in every language."""
    return in_languages(lambda: _(label))


def _fact(label: str, value: Any, *, margin: bool = False) -> dict[str, Any]:
    return _told(label, in_languages(value), margin=margin)


def _told(label: str, value: dict[str, str], *, margin: bool = False) -> dict[str, Any]:
    """The same where the value is known in every language."""
    return {"label": _labels(label), "value": value, "margin": margin}


def _limits(found: Sequence[Breach], lines: dict[int, Json]) -> list[dict[str, Any]]:
    """A row for each breach; each language is changed to once, however many there are."""
    limits: list[dict[str, Any]] = [
        {"gate": breach.gate.value, "what": {}, "limit": {}, "actual": {}, "margin": breach.reason in MARGIN_REASONS}
        for breach in found
    ]
    for code in CODES:
        with translation.override(code):
            for breach, row in zip(found, limits, strict=True):
                row["what"][code] = what(breach, _where(breach, lines))
                row["limit"][code], row["actual"][code] = number(breach, "limit"), number(breach, "actual")
    return limits


def line_name(where: str) -> str:
    """ "Line 4 (SKU)", in the active language; empty for the whole quote."""
    return _("Line %(where)s") % {"where": where} if where else ""


def _where(breach: Breach, lines: dict[int, Json]) -> str:
    line = lines.get(breach.line_id or 0)
    return line_name(f"{line['position']} ({line['sku']})") if line else ""
