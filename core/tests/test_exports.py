"""The writer: what spreadsheet programs get, and that they cannot run it."""

import csv
import datetime as dt
import gc
import io
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.utils import translation
from hypothesis import given, strategies as st

from core.exports import Column, Kind, Record, csv_bytes, escape, unescape
from core.workbooks import xlsx_file

pytestmark = pytest.mark.once

EVIL = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "-5",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\tplain",
    "\r=1+1",
    "\rplain",
    "\n=1+1",
    "\r\n=1+1",
    "  =1+1",
    "\u00a0=1+1",
    "'=1+1",
    "''=1+1",
    '"=1+1',
    "' \t\"=1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(1)",
    "'\tplain",
]
"""Texts that some spreadsheet program may take for a formula, or for the end of a cell."""
NUL = ["\x00=1+1", "\x00plain", "=\x001"]
"""The same with a character that PostgreSQL does not store."""
HARMLESS = [
    "",
    "Ämpäri ja Öljy Oy",
    "a=b",
    "1-2",
    "Matti@asiakas.example",
    "'lainaus'",
    "'",
    '"',
    " väli ",
    "00123",
    "日本語 😀",
    "a;b,c\td",
    'a"b',
    "x\r\ny",
]


def text_column() -> list[Column]:
    return [Column("text", "Text", str)]


def read_csv(content: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def as_csv(columns: list[Column], records: list[Record]) -> bytes:
    return b"".join(csv_bytes(columns, records))


def as_xlsx(columns: list[Column], records: list[Record], **facts: Any) -> Any:
    given_facts = {"title": "List", "by": "Eeva Äyräs", "at": dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)} | facts
    with xlsx_file(columns, records, **given_facts) as file:
        return openpyxl.load_workbook(io.BytesIO(file.read()))


# --- Formulas ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("text", [*EVIL, *NUL])
def test_a_text_that_could_run_gets_an_apostrophe_that_comes_off_again(text: str) -> None:
    assert escape(text) == f"'{text}"
    assert unescape(escape(text)) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_a_harmless_text_stays_as_it_is(text: str) -> None:
    assert (escape(text), unescape(text)) == (text, text)


@given(st.text(alphabet=st.one_of(st.sampled_from("'\"=+-@＝＋－＠ \t\r\n\x00\u00a0ab1"), st.characters()), max_size=8))
def test_unescaping_gives_every_text_back(text: str) -> None:
    assert unescape(escape(text)) == text
    assert escape(text)[:1] not in tuple("=+-@\t\r\n\x00＝＋－＠")


def test_the_data_of_a_csv_file_is_unchanged_when_it_is_read_again() -> None:
    texts = [*EVIL, *NUL, *HARMLESS]
    rows = read_csv(as_csv(text_column(), [["x", text] for text in texts]))[1:]
    assert [row[1] for row in rows] == [escape(text) for text in texts]
    assert [unescape(row[1]) for row in rows] == texts


def test_no_cell_of_a_workbook_is_a_formula_and_the_data_is_the_same() -> None:
    texts = [text for text in [*EVIL, *HARMLESS] if text]
    cells = [row[0] for row in as_xlsx(text_column(), [[text] for text in texts]).active.iter_rows(min_row=2)]
    assert [cell.value for cell in cells] == [text.replace("\r\n", "\n").replace("\r", "\n") for text in texts]
    assert {cell.data_type for cell in cells} == {"s"}
    assert [cell.value for cell in cells if cell.quotePrefix] == [text.replace("\r\n", "\n").replace("\r", "\n") for text in EVIL]


def test_what_xml_cannot_carry_is_left_out_of_a_workbook() -> None:
    text = "a\x00b\x01c\x0bd\x1fe\ufffef\uffffg\ud800h\ti"
    assert as_xlsx(text_column(), [[text], ["\x00=1+1"]]).active["A2"].value == "abcdefgh\ti"
    assert as_xlsx(text_column(), [["\x00=1+1"]]).active["A2"].value == "=1+1"
    assert as_xlsx(text_column(), [["\x00=1+1"]]).active["A2"].data_type == "s"


def test_markup_in_a_text_stays_text_in_a_workbook() -> None:
    """The library takes a text between <r> and </r> for ready markup and would write the formula in it."""
    text = '<r><t>x</t></r></is></c><c r="B2"><f>1+1</f><v>2</v></c><c r="C2" t="inlineStr"><is><r><t>y</t></r>'
    [row] = as_xlsx(text_column(), [[text]]).active.iter_rows(min_row=2)
    assert [(cell.value, cell.data_type) for cell in row] == [(text, "s")]


def test_addresses_in_a_text_are_no_links() -> None:
    book = as_xlsx(text_column(), [["https://evil.example/?x=1"]])
    assert (book.active["A2"].value, book.active["A2"].hyperlink) == ("https://evil.example/?x=1", None)


def test_a_heading_is_a_text_like_any_other() -> None:
    columns = [Column("evil", "=1+1", str)]
    assert read_csv(as_csv(columns, [])) == [["'=1+1"]]
    assert as_xlsx(columns, []).active["A1"].data_type == "s"


# --- Types ------------------------------------------------------------------------------------------------------------
TYPED = [
    Column("text", "Text", str),
    Column("number", "Number", str, Kind.NUMBER, decimals=3),
    Column("amount", "Amount", str, Kind.MONEY),
    Column("price", "Price", str, Kind.UNIT_PRICE),
    Column("share", "Share", str, Kind.PERCENT),
    Column("count", "Count", str, Kind.INTEGER),
    Column("day", "Day", str, Kind.DATE),
    Column("moment", "Moment", str, Kind.DATETIME),
    Column("flag", "Flag", str, Kind.BOOLEAN),
]
ROW = [
    "-5",
    Decimal("-1234.5"),
    Decimal("-1234567.5"),
    Decimal("0.1250"),
    Decimal("-12.5000"),
    -7,
    dt.date(2026, 11, 20),
    dt.datetime(2026, 11, 20, 22, 30, tzinfo=dt.UTC),
    True,
]
EMPTY = [None] * len(ROW)


def test_an_english_csv_file_has_commas_and_decimal_points() -> None:
    content = as_csv(TYPED, [ROW, EMPTY])
    assert content.decode() == (
        '\ufeffText,Number,"Amount, EUR","Price, EUR","Share, %",Count,Day,Moment,Flag\r\n'
        "'-5,-1234.500,-1234567.50,0.125,-12.5,-7,2026-11-20,2026-11-21 00:30,Yes\r\n"
        ",,,,,,,,\r\n"
    )


def test_a_finnish_csv_file_has_semicolons_and_decimal_commas() -> None:
    with translation.override("fi"):
        content = as_csv(TYPED[:-1], [ROW[:-1]])
    assert content.decode() == (
        "\ufeffText;Number;Amount, EUR;Price, EUR;Share, %;Count;Day;Moment\r\n"
        "'-5;-1234,500;-1234567,50;0,125;-12,5;-7;2026-11-20;2026-11-21 00:30\r\n"
    )


def test_the_cells_of_a_workbook_have_types_and_formats() -> None:
    sheet = as_xlsx(TYPED, [ROW, EMPTY]).active
    assert [(cell.value, cell.data_type, cell.number_format) for cell in sheet[2]] == [
        ("-5", "s", "General"),
        (-1234.5, "n", "#,##0.000##"),
        (-1234567.5, "n", "#,##0.00"),
        (0.125, "n", "#,##0.00##"),
        (-0.125, "n", "0.0#%"),
        (-7, "n", "0"),
        (dt.datetime(2026, 11, 20), "d", "d mmm yyyy"),
        (dt.datetime(2026, 11, 21, 0, 30), "d", "d mmm yyyy h:mm"),
        (True, "b", "General"),
    ]
    assert sheet.max_row == 2


def test_a_finnish_workbook_writes_days_as_people_there_do() -> None:
    with translation.override("fi"):
        sheet = as_xlsx(TYPED, [ROW]).active
    assert (sheet["G2"].number_format, sheet["H2"].number_format) == ("d.m.yyyy", "d.m.yyyy h:mm")


def test_a_day_before_the_calendar_of_spreadsheets_is_text() -> None:
    sheet = as_xlsx([Column("day", "Day", str, Kind.DATE)], [[dt.date(1899, 12, 31)], [dt.date(1900, 3, 1)]]).active
    assert (sheet["A2"].value, sheet["A3"].value) == ("1899-12-31", dt.datetime(1900, 3, 1))


def test_cells_that_no_column_is_left_for_are_text() -> None:
    records = [["a"], ["b", "=1+1", "-5"]]
    assert read_csv(as_csv(text_column(), records))[1:] == [["a"], ["b", "'=1+1", "'-5"]]
    assert [cell.value for cell in as_xlsx(text_column(), records).active[3]] == ["b", "=1+1", "-5"]


# --- The file ---------------------------------------------------------------------------------------------------------
def test_the_header_of_a_workbook_is_bold_and_stays_in_sight() -> None:
    book = as_xlsx(TYPED, [ROW], title="Q: [1/2]*", by="Eeva\x00 <Äyräs>")
    assert book.sheetnames == ["Q   1 2  "]
    assert book.active.freeze_panes == "A2"
    assert [cell.font.bold for cell in book.active[1]] == [True] * len(TYPED)
    assert [cell.value for cell in book.active[1]] == [
        "Text", "Number", "Amount, EUR", "Price, EUR", "Share, %", "Count", "Day", "Moment", "Flag",
    ]  # fmt: skip


def test_a_workbook_says_who_made_it_and_when() -> None:
    properties = as_xlsx(TYPED, [ROW], by="Eeva\x00 <Äyräs>").properties
    assert (properties.title, properties.creator, properties.created) == ("List", "Eeva <Äyräs>", dt.datetime(2026, 11, 20, 9, 0))


def test_a_csv_file_is_made_while_it_is_read() -> None:
    read: list[int] = []

    def records() -> Any:
        for number in range(10_000):
            read.append(number)
            yield ["x" * 98]

    pieces = csv_bytes(text_column(), records())
    assert (len(next(pieces)), len(read)) == (65_609, 656)
    assert (len(b"".join(pieces)), len(read)) == (934_400, 10_000)


def test_a_workbook_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def records() -> Any:
        yield ["a"]
        raise LookupError

    with pytest.raises(LookupError):
        xlsx_file(text_column(), records(), title="List", by="", at=dt.datetime.now(tz=dt.UTC))
    with xlsx_file(text_column(), [["a"]], title="List", by="", at=dt.datetime.now(tz=dt.UTC)) as file:
        assert zipfile.ZipFile(file).testzip() is None
        gc.collect()  # a file left open would warn now
    assert list(tmp_path.iterdir()) == []
    assert list(tmp_path.iterdir()) == []
