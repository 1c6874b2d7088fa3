"""What a frozen quote comes to with other options: pure, by the arithmetic that priced it."""

from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from core import money
from core.errors import Invalid
from quotes import pricing
from quotes.pricing import Header, Line, Totals, VatLine

Json = dict[str, Any]


def chosen_in(content: Json) -> list[int]:
    """The ids of the optional lines that the content has as chosen, in their order."""
    return [line["id"] for line in content["lines"] if line["optional"] and line["selected"]]


def options_of(content: Json) -> list[Json]:
    """The optional lines, in their order."""
    return [line for line in content["lines"] if line["optional"]]


def choose(content: Json, chosen: Collection[int]) -> Totals:
    """The totals of the content with just these optional lines: cents and shares of the header discount as pricing gives them.

    Each line stands with the net it was frozen with; as they were sent, they come to what was frozen. Raises: Invalid for what
    is no option, for two alternatives at once, and for a header discount that is larger than what is left.
    """
    _require_fitting(content, chosen)
    return _frozen(content["totals"]) if set(chosen) == set(chosen_in(content)) else priced(content, chosen)


def priced(content: Json, chosen: Collection[int]) -> Totals:
    """The same worked out of the lines, whatever they were frozen with."""
    header = content["header"]
    return pricing.price_quote(
        [_line(line, line["id"] in chosen) for line in content["lines"]], Header(None, header["kind"], Decimal(header["value"]))
    ).totals


def _frozen(totals: Json) -> Totals:
    return Totals(
        **{name: Decimal(totals[name]) for name in ("list_total", "line_total", "header_discount", "net_total")},
        vat=tuple(VatLine(*(Decimal(row[name]) for name in ("rate", "base", "amount"))) for row in totals["vat"]),
        cost_total=None,
    )


def counted(content: Json, chosen: Collection[int]) -> set[int]:
    """The ids of the lines that are in the total with these options."""
    lines = [_line(line, line["id"] in chosen) for line in content["lines"]]
    return {line.id for line, counts in zip(lines, pricing.counted(lines), strict=True) if counts}


def subtotals(content: Json, chosen: Collection[int]) -> dict[int, Decimal]:
    """What each section comes to with these options, by the place it begins at."""
    begins = sorted(text["before"] for text in content.get("texts") or () if text["kind"] == "section")
    counts = counted(content, chosen)
    ends = [*begins[1:], len(content["lines"]) + 1]
    return {
        first: money.total(_nets(content["lines"][first - 1 : end - 1], counts)) for first, end in zip(begins, ends, strict=False)
    }


def _nets(lines: Iterable[Json], counts: Collection[int]) -> list[Decimal]:
    return [Decimal(line["line_net"]) for line in lines if line["id"] in counts]


def _require_fitting(content: Json, chosen: Collection[int]) -> None:
    """Raises: Invalid naming `chosen`."""
    options = {line["id"]: line for line in options_of(content)}
    if unknown := sorted(set(chosen) - options.keys()):
        text = _("There is no option %(number)s in this quote.") % {"number": unknown[0]}
        raise Invalid(text, fields={"chosen": text})
    bases = [options[key].get("alternative_to") for key in chosen if options[key].get("alternative_to")]
    taken = [*bases, *(key for key in chosen if key in bases)]
    if len(taken) != len(set(taken)):
        only_one = _("Of alternatives only one can be chosen.")
        raise Invalid(only_one, fields={"chosen": only_one})


def _line(line: Json, selected: bool) -> Line:
    """The line as one piece at the net it was frozen with."""
    return Line(
        id=line["id"],
        quantity=Decimal(1),
        list_price=Decimal(line["line_list"]),
        vat_percent=Decimal(line["vat_percent"]),
        discount_kind=pricing.NET_PRICE,
        discount_value=Decimal(line["line_net"]),
        optional=line["optional"],
        selected=line["optional"] and selected,
        alternative_to=line.get("alternative_to"),
    )
