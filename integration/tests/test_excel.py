"""Excel workbooks and compressed files as feeds."""

import datetime as dt
import gzip
import io
import zipfile
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import xlsxwriter

from accounts.models import Account
from integration import reading, services
from integration.errors import UnreadableFile
from integration.tests.factories import child, file_of


def workbook(fill: Callable[[Any, Any], None], name: str = "Data") -> bytes:
    """A workbook whose first sheet is filled by `fill(sheet, book)`."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        fill(book.add_worksheet(name), book)
        book.add_worksheet("Other").write_row(0, 0, ["x"])
    return made.getvalue()


def of_rows(*rows: list[Any], at: int = 0) -> bytes:
    def fill(sheet: Any, _book: Any) -> None:
        for number, row in enumerate(rows, at):
            sheet.write_row(number, 0, row)

    return workbook(fill)


@pytest.mark.req("S0.33")
def test_numbers_are_what_excel_shows_and_texts_stay_texts() -> None:
    def fill(sheet: Any, book: Any) -> None:
        sheet.write_row(0, 0, ["id", "price", "day", "on"])
        sheet.write_string(1, 0, "00123")
        sheet.write_number(1, 1, 1234.1)
        sheet.write_datetime(1, 2, dt.datetime(2026, 3, 1), book.add_format({"num_format": "d.m.yyyy"}))
        sheet.write_boolean(1, 3, True)
        sheet.write_number(2, 0, 12345678901)
        sheet.write_number(2, 1, 1e20)

    table = reading.read_table(workbook(fill))
    assert (table.header, table.encoding, table.decimal_in_doubt) == (["id", "price", "day", "on"], "Excel", ".")
    assert list(map(list, table.rows.rows())) == [
        ["00123", "1234.1", "2026-03-01", "true"],
        ["12345678901", "100000000000000000000", "", ""],
    ]
    assert table.numbers.to_list() == [2, 3]


def test_the_noise_of_binary_fractions_is_not_read() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(of_rows(["price"], [0.3]))) as source, zipfile.ZipFile(made, "w") as noisy:
        for name in source.namelist():
            noisy.writestr(name, source.read(name).replace(b"<v>0.3</v>", b"<v>0.30000000000000004</v>"))
    assert b"0.30000000000000004" in zipfile.ZipFile(made).read("xl/worksheets/sheet1.xml")
    assert list(map(list, reading.read_table(made.getvalue()).rows.rows())) == [["0.3"]]


def test_rows_keep_the_numbers_they_have_in_excel() -> None:
    content = of_rows(["a", "b"], ["1", "2"], [], ["3"], ["4", "5", "6"], at=3)
    table = reading.read_table(content)
    assert list(map(list, table.rows.rows())) == [["1", "2"], ["3", ""]]
    assert (table.numbers.to_list(), table.broken) == ([5, 7], {8: ["4", "5", "6"]})
    assert reading.read_table(of_rows(["Title"], ["a", "b"], ["1", "2"]), skip_rows=1).header == ["a", "b"]


def test_a_sheet_is_found_by_its_name() -> None:
    content = of_rows(["a"], ["1"])
    assert reading.read_table(content, sheet="Data").header == ["a"]
    with pytest.raises(UnreadableFile, match="no sheet “None”"):
        reading.read_table(content, sheet="None")
    with pytest.raises(UnreadableFile, match="a header but no rows"):
        reading.read_table(content, sheet="Other")


def broken_workbooks() -> list[bytes]:
    whole = of_rows(["a"], ["1"])
    empty = io.BytesIO()
    with zipfile.ZipFile(empty, "w") as packed:
        packed.writestr("readme.txt", "no workbook")
    return [whole[:-30], whole[:200], b"PK\x03\x04", b"PK\x03\x04" + b"\0" * 100, empty.getvalue()]


@pytest.mark.parametrize("content", broken_workbooks())
def test_what_is_no_whole_workbook_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableFile, match="cannot be read as an Excel workbook"):
        reading.read_table(content)


def test_a_small_file_that_unpacks_to_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 1_000_000)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", b" " * 5_000_000)
    for content in (bomb.getvalue(), gzip.compress(b"a;b\n" + b" " * 5_000_000)):
        assert len(content) < 20_000
        with pytest.raises(UnreadableFile, match="larger than"):
            reading.read_table(content)


@pytest.mark.req("S0.33")
def test_a_compressed_file_is_read_to_its_end() -> None:
    text = b"a;b\n" + b"1;2\n" * 500_000
    packed = gzip.compress(text)
    assert len(reading.read_table(packed)) == 500_000
    assert len(reading.read_table(gzip.compress(b"a;b\n1;2\n") + gzip.compress(b"3;4\n") + b"\0" * 512)) == 2
    assert reading.read_table(gzip.compress(of_rows(["a"], ["1"]))).encoding == "Excel"
    for content in (packed[:-1], packed[:100], packed[:10], b"\x1f\x8b\x08\x00abc", b"\x1f\x8b", packed + b"rest"):
        with pytest.raises(UnreadableFile, match="breaks off"):
            reading.read_table(content)
    with pytest.raises(UnreadableFile, match="gzip"):
        reading.read_table(gzip.compress(gzip.compress(text)))


@pytest.mark.django_db
@pytest.mark.req("S0.28")
def test_the_same_customers_come_from_text_excel_and_gzip() -> None:
    rows = [child("1", revenue="1234.5"), child("2", revenue="0.125")]
    text = file_of(rows)
    names = list(rows[0])
    cells = [[float(row[name]) if name == "revenue" else row[name] for name in names] for row in rows]
    statuses = [
        services.customer_sync(content=content, source="x", by=None).status
        for content in (of_rows(names, *cells), text, gzip.compress(text))
    ]
    assert statuses == ["applied", "unchanged", "unchanged"]
    assert Account.objects.get().yearly_revenue == Decimal("1234.63")
