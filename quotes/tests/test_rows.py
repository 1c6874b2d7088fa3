"""A filled row reads exactly as its template would draw it."""

from decimal import Decimal as D

import pytest
from django.template.loader import render_to_string
from django.utils import translation
from hypothesis import given, strategies as st

from core.rows import RowTemplate
from core.templatetags.ui import notation
from quotes.line_texts import Guidance
from quotes.pricing import Header, Line, price_quote
from quotes.rows import EDITOR_ROW, PAGE_ROW, STATEMENT_ROW, Row, meter_of

pytestmark = pytest.mark.once

NASTY = [
    "", "Äijä & Öljy", '"><script>alert(1)</script>', "' onfocus='x", "</td></tr>", "%s %d 100 %", "{{ row.sku }}", "{0}", "\\",
    "\u2028",
]  # fmt: skip
TEXT_FIELDS = [name for name, kind in Row.__annotations__.items() if kind is str]


def row(text: str) -> Row:
    return Row(**{"id": 7, "position": 3, **dict.fromkeys(TEXT_FIELDS, text)})


def drawn(template: RowTemplate, shown: Row, **same: object) -> str:
    return render_to_string(template.name, {"row": shown, **same})


@pytest.mark.parametrize("language", ["en", "fi"])
@pytest.mark.parametrize("sees_margin", [True, False])
@pytest.mark.parametrize("template", [EDITOR_ROW, PAGE_ROW, STATEMENT_ROW], ids=lambda template: template.name)
@pytest.mark.parametrize("text", NASTY)
def test_a_row_is_what_its_template_draws(template: RowTemplate, text: str, sees_margin: bool, language: str) -> None:
    with translation.override(language):
        rows = [row(text), row("x" + text)]
        expected = "".join(drawn(template, each, sees_margin=sees_margin) for each in rows)
        assert template.render(rows, sees_margin=sees_margin) == expected


@given(st.text())
def test_any_text_is_escaped_as_templates_escape_it(text: str) -> None:
    assert EDITOR_ROW.render([row(text)], sees_margin=True) == drawn(EDITOR_ROW, row(text), sees_margin=True)


def test_no_rows_are_no_html() -> None:
    assert EDITOR_ROW.render([], sees_margin=True) == ""


# --- The bar of a price -----------------------------------------------------------------------------------------------
def bar(
    net_price: str, *, floor: str | None = None, target: str | None = None, start: str | None = None, header: str = "0"
) -> tuple[str, str]:
    """`(low | middle | high, guidance)`: where a browser draws a line of three at 100 list; "" where there is no bar."""
    line = Line(1, D(3), D(100), D(0), "net_price", D(net_price), floor_price=None if floor is None else D(floor), cost=None)
    row = price_quote([line], Header(None, "percent", D(header))).lines[0]
    meter = meter_of(notation(), row, Guidance(target and D(target), start and D(start)))  # type: ignore[arg-type]
    if not meter.guidance:
        return "", ""
    least, low, high, most, at = (D(text) for text in (meter.least, meter.low, meter.high, meter.most, meter.at))
    assert least <= low <= high <= most
    assert least <= at <= most
    return "low" if at < low else "middle" if at < high else "high", meter.guidance


@pytest.mark.parametrize(
    ("net_price", "given_prices", "where"),
    [
        ("80", {"floor": "70", "target": "90"}, "middle"),
        ("69.99", {"floor": "70", "target": "90"}, "low"),
        ("70", {"floor": "70", "target": "90"}, "middle"),
        ("90", {"floor": "70", "target": "90"}, "high"),
        ("80", {"floor": "70", "target": "60"}, "high"),
        ("80", {"target": "90"}, "middle"),
        ("95", {"target": "90", "start": "97"}, "high"),
        ("1", {"target": "90", "start": "97"}, "middle"),
        ("96", {"start": "97"}, "middle"),
        ("80", {"floor": "0"}, ""),
        ("80", {}, ""),
        ("71", {"floor": "70", "header": "10"}, "low"),
        ("100", {"floor": "70", "target": "95", "header": "10"}, "middle"),
        ("66.67", {"floor": "66.6667"}, "high"),
    ],
)  # fmt: skip
def test_the_bar_stands_where_what_the_line_brings_in_does(net_price: str, given_prices: dict[str, str], where: str) -> None:
    assert bar(net_price, **given_prices)[0] == where


def test_the_bar_is_below_the_floor_exactly_when_the_line_is() -> None:
    for cents in range(9_950, 10_051):
        line = Line(1, D("0.003"), D(100), D(0), "net_price", D(cents) / 100, floor_price=D(100))
        row = price_quote([line], Header()).lines[0]
        meter = meter_of(notation(), row, None)
        assert (D(meter.at) < D(meter.low)) == row.below_floor


def test_the_bar_names_what_there_is() -> None:
    assert bar("80", target="90", start="97")[1] == "Target €90.00 · Start €97.00"
