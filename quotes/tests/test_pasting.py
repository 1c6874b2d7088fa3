"""Text from a clipboard as rows: separators, headings in two languages, marks at numbers, and what is no table at all."""

import pytest
from hypothesis import given, strategies as st

from core.errors import Invalid
from quotes.pasting import MOST_CHARACTERS, MOST_ROWS, Pasted, Row, read

pytestmark = pytest.mark.once


def rows(text: str) -> list[tuple[str, ...]]:
    """`(code, name, quantity, discount, net price)` of each row."""
    return [row[1:] for row in read(text).rows]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MAITO-1\t5\n", [("MAITO-1", "", "5", "", "")]),
        ("MAITO-1\t5\t10\r\nVOI-1\t2,5\t10 %\r\n", [("MAITO-1", "", "5", "10", ""), ("VOI-1", "", "2,5", "10 %", "")]),
        ("MAITO-1;5;12,50 €", [("MAITO-1", "", "5", "", "12,50 €")]),
        ("MAITO-1;5;12,50 EUR", [("MAITO-1", "", "5", "", "12,50 €")]),
        ("MAITO-1,5,10\nVOI-1,\"2,5\",", [("MAITO-1", "", "5", "10", ""), ("VOI-1", "", "2,5", "", "")]),
        ("MAITO-1\n\nVOI-1", [("MAITO-1", "", "1", "", ""), ("VOI-1", "", "1", "", "")]),
        ("MAITO-1\tMilk, fat-free\t5\t-", [("MAITO-1", "Milk, fat-free", "5", "", "")]),
        ('"Say ""hi""\n1 l"\t5', [('Say "hi" 1 l', "", "5", "", "")]),
        ('5" pipe\t2\n"open\t3', [('5" pipe', "", "2", "", ""), ('"open', "", "3", "", "")]),
        ("Milk, fat-free\nButter", [("Milk, fat-free", "", "1", "", ""), ("Butter", "", "1", "", "")]),
        ("\ufeffMAITO-1\t1\u00a0000,5", [("MAITO-1", "", "1 000,5", "", "")]),
        ("MAITO-1\tfive\t10", [("MAITO-1", "five", "10", "", "")]),
        ("MAITO-1\tfive", [("MAITO-1", "", "five", "", "")]),
    ],
)  # fmt: skip
def test_without_headings_the_order_and_the_marks_say_what_is_what(text: str, expected: list[tuple[str, ...]]) -> None:
    assert rows(text) == expected


@pytest.mark.parametrize(
    ("heading", "cells", "expected"),
    [
        ("SKU\tQuantity\tDiscount", "A\t5\t10", ("A", "", "5", "10", "")),
        ("Tuotekoodi\tMäärä\tAlennus %", "A\t5\t10", ("A", "", "5", "10", "")),
        ("Koodi;Kpl;Alennus (%)", "A;5;1,50 €", ("A", "", "5", "1,50 €", "")),
        ("koodi;kpl;alennus €", "A;5;1,50", ("A", "", "5", "1,50 €", "")),
        ("Code,Qty,Net price", "A,5,12.50", ("A", "", "5", "", "12.50")),
        ("Nettohinta (€)\tTuotekoodi\tKPL", "12,50\tA\t5", ("A", "", "5", "", "12,50")),
        ("Koodi\tNimi\tHinta €/kpl", "A\tMaito\t12,50", ("A", "Maito", "1", "", "12,50")),
        ("Tuote\tTuotekoodi\tMäärä", "Maito\tA\t5", ("Maito", "A", "5", "", "")),
        ("Our number\tQty", "A\t5", ("A", "", "5", "", "")),
    ],
)
def test_headings_in_both_languages_say_what_is_what(heading: str, cells: str, expected: tuple[str, ...]) -> None:
    assert rows(f"{heading}\n{cells}") == [expected]


def test_a_price_beside_a_discount_is_the_list_price_and_is_said_to_be_unread() -> None:
    found = read("Koodi\tHinta\tAlennus\tHuom\tTyhjä\nA\t20\t10\tpian\t")
    assert found == Pasted((Row(2, "A", "", "1", "10", ""),), ("Hinta", "Huom"))
    assert read("A\t5\t10\t20\t\tx").unread == ("4", "6")


def test_rows_keep_the_number_that_they_have_in_the_spreadsheet() -> None:
    assert [row.number for row in read('sku\tqty\n\nA\t1\n\t\n"B\nb"\t2').rows] == [3, 5]


def test_a_quantity_that_is_missing_is_not_taken_for_one() -> None:
    assert rows("A\t5\nB\t\nC") == [("A", "", "5", "", ""), ("B", "", "", "", ""), ("C", "", "", "", "")]


@pytest.mark.parametrize("text", ["", " \n\t\n", "sku\tquantity\n", "\x00", "A\n" * (MOST_ROWS + 1), "x" * (MOST_CHARACTERS + 1)])
def test_nothing_and_too_much_are_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(text)
    assert set(refused.value.fields) == {"text"}


def test_as_many_rows_as_fit_are_read() -> None:
    assert len(read("sku\tqty\n" + "A\t1\n" * MOST_ROWS).rows) == MOST_ROWS


@pytest.mark.parametrize("text", [";;-", "a;1\n;;-", ";;;;;x"])
def test_a_row_of_which_nothing_is_read_is_blank(text: str) -> None:
    try:
        found = read(text)
    except Invalid:
        return
    assert [row.number for row in found.rows] == [1]


@given(st.text(alphabet=st.sampled_from('a1,;\t\n\r"€% -=\x00\u2028é'), max_size=60))
def test_whatever_is_pasted_becomes_rows_or_is_refused(text: str) -> None:
    try:
        found = read(text)
    except Invalid:
        return
    assert all(any(row[1:]) for row in found.rows)
    assert all(len(cell) <= 202 and not set(cell) & set("\t\n\x00") for row in found.rows for cell in row[1:])
