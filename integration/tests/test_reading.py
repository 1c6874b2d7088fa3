import gzip
from typing import Any

import pytest

from integration import reading
from integration.errors import UnreadableFile

pytestmark = pytest.mark.once

HEADER = "Customer_ID;Nimi\n"


def cells(content: bytes, **options) -> list[list[str]]:
    return list(map(list, reading.read_table(content, **options).rows.rows()))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_finnish_letters_are_read_whatever_the_encoding(encoding: str) -> None:
    table = reading.read_table((HEADER + "1;Ämpäri & Öljy Åbo €\n").encode(encoding))
    assert table.header == ["Customer_ID", "Nimi"]
    assert table.rows.rows() == [("1", "Ämpäri & Öljy Åbo €")]


@pytest.mark.parametrize("mark", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_known_by_its_mark(mark: str) -> None:
    assert cells(("\ufeff" + HEADER + "1;Äiti\n").encode(mark)) == [["1", "Äiti"]]


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    table = reading.read_table(f'a{delimiter}b{delimiter}c\n1{delimiter}"x{delimiter}y"{delimiter}3\n'.encode())
    assert (table.delimiter, table.rows.rows()) == (delimiter, [("1", f"x{delimiter}y", "3")])


def test_everything_stays_text() -> None:
    assert cells(b"a;b;c\n00123;1e5;NA\n") == [["00123", "1e5", "NA"]]


def test_rows_with_another_number_of_cells_are_kept_apart_with_their_number() -> None:
    table = reading.read_table(b"a;b\n1;2\n\n3\n4;5;6\n7;8\n")
    assert table.broken == {4: ["3"], 5: ["4", "5", "6"]}
    assert table.numbers.to_list() == [2, 6]
    assert len(table) == 4


def test_rows_of_blank_cells_are_no_rows() -> None:
    assert reading.read_table(b"a;b\n1;2\n;\n  ; \n").numbers.to_list() == [2]


def test_skipped_rows_count_in_row_numbers() -> None:
    table = reading.read_table(b"Raportti 2026\n\na;b\n1;2\n", skip_rows=2)
    assert (table.header, table.numbers.to_list()) == (["a", "b"], [4])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b" \r\n \n", "The file is empty."),
        (b"\xef\xbb\xbf\n", "The file is empty."),
        (b"Customer_ID;Nimi\r\n", "The file has a header but no rows."),
        (b"Customer_ID;Nimi\r\n;\r\n", "The file has a header but no rows."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "This is not a delimited text file (CSV) but Excel (xls)."),
        (b"%PDF-1.7\n1 0 obj", "This is not a delimited text file (CSV) but PDF."),
        (b"<!DOCTYPE html><html>", "This is not a delimited text file (CSV) but HTML / XML."),
        (b"\xef\xbb\xbf\n <HTML><body>502", "This is not a delimited text file (CSV) but HTML / XML."),
        (b'{"rows": []}', "This is not a delimited text file (CSV) but JSON."),
        (b"\x00\x01\x02\x03" * 100, "This is not a delimited text file (CSV) but binary data."),
        (b"a;b\n1;\x81\n", "The text of row 2 is neither UTF-8 nor Windows-1252, or the file mixes both."),
        ("a;b\n1;Äiti\n".encode() + "2;Öljy\n".encode("cp1252"), "The text of row 3 is neither UTF-8 nor Windows-1252"),
        (b'a;b\n1;2\n3;"never closed\n4;5\n', "A quotation mark opened in row 3 is not closed."),
        (b'a;b\n1;"' + b"x\n" * 300, "A quotation mark opened in row 2 is not closed."),
        (b"a;b\n1;" + b"x" * (reading.MAX_CELL + 1), "Row 2 cannot be read: a cell is longer than 100000 characters"),
        (b";".join([b"c"] * 501) + b"\n1", "The file has more than 500 columns."),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(UnreadableFile) as refusal:
        reading.read_table(content)
    assert str(refusal.value).startswith(sentence)
    assert refusal.value.status == 422


@pytest.mark.parametrize(
    ("encoding", "sentence"), [("utf-8", "The text of row 2 is not utf-8."), ("klingon", "There is no encoding “klingon”.")]
)
def test_a_wrong_encoding_in_the_profile_is_refused(encoding: str, sentence: str) -> None:
    with pytest.raises(UnreadableFile, match=sentence):
        reading.read_table("a;b\n1;Ä\n".encode("cp1252"), encoding=encoding)


def test_an_inch_mark_is_no_open_quotation() -> None:
    assert cells(b'a;b\n1;Putki 5" musta\n') == [["1", 'Putki 5" musta']]


@pytest.mark.parametrize(("name", "limit"), [("MAX_ROWS", 2), ("MAX_BYTES", 10)])
def test_size_is_capped(monkeypatch: pytest.MonkeyPatch, name: str, limit: int) -> None:
    monkeypatch.setattr(reading, name, limit)
    with pytest.raises(UnreadableFile, match=r"more than 2 rows|larger than"):
        reading.read_table(b"a;b\n1;2\n1;2\n1;2\n")


def test_a_file_that_is_not_there_is_refused(tmp_path) -> None:
    with pytest.raises(UnreadableFile, match="cannot be opened"):
        reading.content_of(tmp_path / "none.csv")


def test_lines_may_end_as_they_did_on_old_machines() -> None:
    assert cells(b'a;b\r1;"2"\r3;4\r') == [["1", "2"], ["3", "4"]]


def test_a_header_that_is_too_long_is_said() -> None:
    with pytest.raises(UnreadableFile, match="longer than"):
        reading.read_table(b'"' + b"x" * 200_000 + b'";b\n1;2\n')


def test_a_small_gzip_of_a_large_file_is_refused_before_it_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_ALWAYS", 1_000_000)
    packed = gzip.compress(b"a;b\n" + b"1;2\n" * 600_000)
    with pytest.raises(UnreadableFile, match="100 times as large"):
        reading.read_table(packed)
    assert len(reading.read_table(gzip.compress(b"a;b\n" + b"1;2\n" * 100_000))) == 100_000


def test_too_many_rows_are_refused_while_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_ROWS", 50_000)
    monkeypatch.setattr(reading, "_BLOCK", 100_000)
    read: list[int] = []
    count = reading._Lines.__init__

    def counted(self: Any, block: bytes, encoding: str) -> None:
        count(self, block, encoding)
        read.append(self.count)

    monkeypatch.setattr(reading._Lines, "__init__", counted)
    with pytest.raises(UnreadableFile, match="more than 50000 rows"):
        reading.read_table(b"a;b\n" + b"1;2\n" * 1_000_000)
    assert sum(read) < 100_000
