"""Rows that somebody pasted to try the rules on."""

import pytest

from accounts.pasted_rows import MOST_LETTERS, MOST_ROWS, Pasted, read

pytestmark = pytest.mark.once


@pytest.mark.parametrize("mark", ["\t", ";", ","])
def test_rows_are_parted_by_tabs_semicolons_or_commas(mark: str) -> None:
    text = (
        f"child_id{mark}City{mark}revenue{mark}volume\r\n C1 {mark}Turku{mark}12.5{mark}\r\n\r\nC2{mark}{mark}-3{mark}0.125\r\n"
    )

    assert read(text) == Pasted(
        [
            {"child_id": "C1", "city": "Turku", "revenue": 1250, "volume": 0},
            {"child_id": "C2", "city": "", "revenue": -300, "volume": 125},
        ]
    )


def test_cells_may_be_quoted_and_numbers_of_either_language() -> None:
    text = 'child_name;revenue;volume\n"Aalto; Oy";1 234,50;"1,234.5"'

    assert read(text).rows == [{"child_id": "2", "child_name": "Aalto; Oy", "revenue": 123450, "volume": 1234500}]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("child_id;colour\nC1;red", "Row 1: there is no column “colour”."),
        ("city;city\nA;B", "Row 1: the column “city” is there twice."),
        ("city;;region\nA;B;C", "Row 1, column 2: the heading has no name."),
        ("city;revenue\nA;much", "Row 2, column revenue: “much” is not a number."),
        ("city;revenue\nA;1.001", "Row 2, column revenue: “1.001” has more than 2 decimals."),
        ("city;volume\nA;1.0001", "Row 2, column volume: “1.0001” has more than 3 decimals."),
        ("city;volume\nA;9999999999999999", "Row 2, column volume: “9999999999999999” is too large."),
        ("city;region\nA;B;C", "Row 2 has more cells (3) than the heading has columns (2)."),
        ("child_id;city\nC1;A\n\nC1;B", "Row 4, column child_id: “C1” is in row 2 already."),
        ("child_id;city\n;A", "Row 2, column child_id: the site number is missing."),
        ("parent_id;city\n1;A\n2;B", "Row 3, column parent_id: “2” is another customer. Try one at a time."),
        ("child_id;city", "Paste a heading with column names and at least one row below it."),
        ("", "Paste a heading with column names and at least one row below it."),
        ('city;region\n"A;B', "The text is no table. Paste rows from a spreadsheet or a file."),
        ("city\n" + "A\n" * (MOST_ROWS + 1), "At most 500 rows."),
        ("x" * (MOST_LETTERS + 1), "That is too much text: at most 200,000 characters."),
    ],
)
def test_what_cannot_be_read_is_said_with_row_and_column(text: str, fault: str) -> None:
    pasted = read(text)

    assert (pasted.rows, pasted.faults) == ([], [fault])


def test_all_faults_are_told_at_once_but_not_endlessly() -> None:
    assert len(read("city;revenue\nA;x\nB;y").faults) == 2
    assert len(read("city;revenue\n" + "A;x\n" * 100).faults) == 20
