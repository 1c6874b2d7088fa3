"""Numbers as people of each language write them."""

from decimal import Decimal

import pytest
from django.utils import translation

from core.templatetags import ui

pytestmark = pytest.mark.once

N = "\u00a0"


@pytest.mark.req("S0.21")
@pytest.mark.parametrize(
    ("name", "arguments", "finnish", "english"),
    [
        ("money", (Decimal("1234567.5"),), f"1{N}234{N}567,50{N}€", "€1,234,567.50"),
        ("money", (Decimal("-1234.505"),), f"\u22121{N}234,51{N}€", "-€1,234.51"),
        ("money", (Decimal("0"),), f"0,00{N}€", "€0.00"),
        ("money", ("1234.50",), f"1{N}234,50{N}€", "€1,234.50"),
        ("money", (None,), "", ""),
        ("money", (Decimal("NaN"),), "", ""),
        ("unit_price", (Decimal("12.3450"),), f"12,345{N}€", "€12.345"),
        ("unit_price", (Decimal("12.3000"),), f"12,30{N}€", "€12.30"),
        ("percent", (Decimal("25.5000"),), f"25,5{N}%", "25.5%"),
        ("percent", (Decimal("10.0000"),), f"10{N}%", "10%"),
        ("percent", (Decimal("33.335"), 2), f"33,34{N}%", "33.34%"),
        ("percent", (Decimal("33"), 1), f"33,0{N}%", "33.0%"),
        ("percent", (Decimal("-5"),), f"\u22125{N}%", "-5%"),
        ("quantity", (Decimal("1500.500"),), f"1{N}500,5", "1,500.5"),
        ("quantity", (3,), "3", "3"),
        ("plain_input", (Decimal("1234.5000"),), "1234,5", "1234.5"),
        ("plain_input", (Decimal("10"), 2), "10,00", "10.00"),
        ("plain_input", (Decimal("-7.25"),), "-7,25", "-7.25"),
        ("plain_input", (None,), "", ""),
    ],
)
def test_numbers_are_written_as_the_language_does(name: str, arguments: tuple, finnish: str, english: str) -> None:
    shown = {}
    for language in ("fi", "en"):
        with translation.override(language):
            shown[language] = getattr(ui, name)(*arguments)

    assert shown == {"fi": finnish, "en": english}


def test_an_icon_is_passed_over_by_screen_readers() -> None:
    svg = ui.icon("check")

    assert 'aria-hidden="true"' in svg
    assert 'class="icon"' in svg


def test_an_unknown_icon_is_an_error() -> None:
    with pytest.raises(Exception, match="no-such-icon"):
        ui.icon("no-such-icon")
