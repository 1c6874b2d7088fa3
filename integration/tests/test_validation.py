import pytest

from accounts.models import MASTER_LOOK_UPS, Account, Site
from accounts.survivorship import AMOUNTS, DEFAULTS
from core.models import LookUp
from integration import profiles, reading, validation
from integration.choices import Rule
from integration.profiles import CUSTOMER_FIELDS, CUSTOMER_REQUIRED
from integration.tests.factories import child, file_of
from integration.validation import CustomerRows

pytestmark = pytest.mark.once

NO_ID = "is not a Finnish business ID or VAT number."


def checked(*rows: dict[str, object]) -> CustomerRows:
    return checked_file(file_of(rows))


def checked_file(content: bytes) -> CustomerRows:
    table = reading.read_table(content)
    profile = profiles.detect(table.header, CUSTOMER_FIELDS, ["price_manager"])
    result = validation.check_customers(table, profiles.lay_over(profile, table.header, CUSTOMER_REQUIRED))
    assert len(table) == len(result.rows) + len(result.copies) + len(result.ignored) + len(result.faults)
    return result


def faults(*rows: dict[str, object]) -> list[tuple[int, str, str, str]]:
    return [(fault.row, fault.key, fault.code, fault.reason) for fault in checked(*rows).faults]


def ids(result: CustomerRows) -> list[str]:
    return result.rows["child_id"].to_list()


def test_a_good_row_is_trimmed_text_and_exact_numbers() -> None:
    result = checked(child(" 00123 ", " 0099 ", revenue="1 234,5", volume="0,0005", postcode="00100", country="fi"))
    row = result.rows.row(0, named=True)
    assert (row["child_id"], row["parent_id"], row["revenue"], row["volume"]) == ("00123", "0099", 123450, 1)
    assert (row["postcode"], row["country"]) == ("00100", "FI")


def test_blank_amounts_count_nothing() -> None:
    row = checked(child("1", revenue="", volume="")).rows.row(0, named=True)
    assert (row["revenue"], row["volume"]) == (0, 0)


@pytest.mark.parametrize("parent_id", ["", "C1", "  "])
def test_a_row_without_a_parent_is_its_own(parent_id: str) -> None:
    row = checked(child("C1", parent_id, parent_name="", child_name="Yksin Oy")).rows.row(0, named=True)
    assert (row["parent_id"], row["parent_name"]) == ("C1", "Yksin Oy")


def test_ids_that_differ_in_zeros_or_case_are_different() -> None:
    assert ids(checked(child("00123"), child("123"), child("a1"), child("A1"))) == ["00123", "123", "a1", "A1"]


@pytest.mark.parametrize(
    ("cells", "code", "reason"),
    [
        ({"child_id": ""}, Rule.REQUIRED, "child_id is missing."),
        ({"revenue": "NaN"}, Rule.NOT_A_NUMBER, "revenue: “NaN” is not a number."),
        ({"revenue": "1e309"}, Rule.NOT_A_NUMBER, "revenue: “1e309” is not a number."),
        ({"volume": "1" * 13}, Rule.TOO_LARGE, "volume: “1111111111111” is too large."),
        (
            {"volume": "0," + "1" * 40},
            Rule.TOO_MANY_DECIMALS,
            "volume: “0,1111111111111111111111111111111111111111” has too many decimals.",
        ),
        ({"child_name": "x" * 201}, Rule.TOO_LONG, f"child_name: “{'x' * 60}…” is longer than 200 characters."),
        ({"city": "Hel\x00sinki"}, Rule.CONTROL_CHARACTER, "city: “Hel�sinki” contains a control character."),
        ({"city": "Hel\nsinki"}, Rule.CONTROL_CHARACTER, "city: “Hel�sinki” contains a control character."),
        ({"parent_id": "P\u200b1"}, Rule.CONTROL_CHARACTER, "parent_id: “P�1” contains a control character."),
        ({"child_name": "\u202egnp.exe"}, Rule.CONTROL_CHARACTER, "child_name: “�gnp.exe” contains a control character."),
        ({"country": "Suomenmaa"}, Rule.NOT_A_COUNTRY, "country: “Suomenmaa” is not a two-letter country code."),
        (
            {"business_id": "1234567-8"},
            Rule.NOT_A_BUSINESS_ID,
            "business_id: “1234567-8” is not a Finnish business ID or VAT number.",
        ),
        (
            {"vat_number": "FI12345678"},
            Rule.NOT_A_BUSINESS_ID,
            "vat_number: “FI12345678” is not a Finnish business ID or VAT number.",
        ),
        ({"cpq_flag": "ehkä"}, Rule.NOT_A_FLAG, "cpq_flag: “ehkä” is neither yes nor no."),
    ],
)
def test_a_bad_cell_keeps_its_row_out_and_no_other(cells: dict[str, object], code: Rule, reason: str) -> None:
    result = checked(child("1", cpq_flag="1"), child("2", cpq_flag="1") | cells, child("3", cpq_flag="1"))
    assert [(fault.row, fault.code, fault.reason) for fault in result.faults] == [(3, code, reason)]
    assert ids(result) == ["1", "3"]


def test_all_faults_of_a_row_are_told_at_once() -> None:
    [(_row, key, code, reason)] = faults(child("7", revenue="x", volume="y", country="FIN", city="\x01"))
    assert (key, code) == ("7", "control_character")
    assert reason == "city: “�” contains a control character. revenue: “x” is not a number. volume: “y” is not a number."


def test_formulas_and_scripts_are_text() -> None:
    result = checked(child("1", child_name='=HYPERLINK("http://x")', city="<script>alert(1)</script>"))
    assert (result.rows["child_name"].item(), result.rows["city"].item()) == (
        '=HYPERLINK("http://x")',
        "<script>alert(1)</script>",
    )


def test_foreign_business_ids_are_not_checked() -> None:
    assert ids(checked(child("1", business_id="556677-8899", vat_number="SE556677889901", country="SE"))) == ["1"]


def test_vat_numbers_are_written_without_marks_and_in_capitals() -> None:
    found = checked(
        child("1", vat_number="SE 556016-0680 01", country="SE"), child("2", vat_number="fi20774740"), child("3", vat_number="-")
    )
    assert found.rows["vat_number"].to_list() == ["SE556016068001", "FI20774740", ""]
    assert [fault.code for fault in checked(child("1", vat_number="fi12345678")).faults] == ["not_a_business_id"]


def test_a_finnish_business_id_gets_its_hyphen() -> None:
    assert checked(child("1", business_id="01120389")).rows["business_id"].item() == "0112038-9"


def test_rows_with_too_few_or_too_many_cells() -> None:
    result = checked_file(b"child_id;parent_id;parent_name\n1;P;Nimi\n2;P\n3;P;Nimi;x\n")
    assert [(fault.row, fault.key, fault.code, fault.reason) for fault in result.faults] == [
        (3, "2", "cell_count", "The row has 2 cells, the header 3."),
        (4, "3", "cell_count", "The row has 4 cells, the header 3."),
    ]


def test_a_row_that_stands_twice_counts_once() -> None:
    result = checked(child("1", revenue="5"), child("2"), child(" 1", revenue="5 "))
    assert (ids(result), result.copies, result.faults) == (["1", "2"], [4], [])


def test_one_key_with_other_values_is_left_out_altogether() -> None:
    found = faults(child("1", revenue="5"), child("1", revenue="6"), child("1", revenue="5"), child("2"))
    reason = "child_id “1” stands in rows 2, 3, 4 with different values."
    assert found == [(2, "1", "duplicate", reason), (3, "1", "duplicate", reason), (4, "1", "duplicate", reason)]


def test_a_child_with_two_parents_is_left_out() -> None:
    reason = "child_id “1” has several parents in this file: P, Q."
    assert faults(child("1", "P"), child("1", "Q"), child("2", "Q")) == [
        (2, "1", "two_parents", reason),
        (3, "1", "two_parents", reason),
    ]


def test_what_repeats_a_faulty_row_is_faulty_too() -> None:
    assert [row for row, *_ in faults(child("a", "b"), child("b", "a"), child("a", "b"))] == [2, 3, 4]


def test_parents_in_a_circle_are_left_out_with_the_path() -> None:
    result = checked(child("a", "b"), child("b", "c"), child("c", "a"), child("d", "a"), child("e", "e"), child("f", "gone"))
    assert [(fault.key, fault.reason) for fault in result.faults] == [
        ("a", "The parents form a circle: a → b → c → a."),
        ("b", "The parents form a circle: b → c → a → b."),
        ("c", "The parents form a circle: c → a → b → c."),
    ]
    assert ids(result) == ["d", "e", "f"]


def test_a_circle_of_a_thousand_and_a_chain_of_a_thousand() -> None:
    circle = [child(f"c{number}", f"c{(number + 1) % 1000}") for number in range(1000)]
    chain = [child(f"k{number}", f"k{number + 1}") for number in range(1000)]
    result = checked(*circle, *chain)
    assert {fault.code for fault in result.faults} == {"cycle"}
    assert (len(result.faults), len(result.rows)) == (1000, 1000)
    assert result.faults[0].reason == "The parents form a circle: c0 → c1 → c2 → c3 → c4 → c5 → c6 → c7 → …."


def test_sums_that_no_column_holds_leave_out_their_parent() -> None:
    huge = [child(f"{number}", "P", revenue="999999999999,99") for number in range(91)]
    result = checked(*huge, child("x", "Q", revenue="1"))
    assert {fault.code for fault in result.faults} == {"total_too_large"}
    assert (len(result.faults), ids(result)) == (91, ["x"])


@pytest.mark.req("S0.33")
def test_rows_without_the_flag_are_ignored() -> None:
    words = {"1": "Y", "2": "kyllä", "3": "", "4": "N", "5": "0", "6": "x"}
    result = checked(*(child(number, cpq_flag=word) for number, word in words.items()))
    assert (ids(result), result.ignored["child_id"].to_list()) == (["1", "2", "6"], ["3", "4", "5"])


@pytest.mark.req("S0.33")
def test_without_a_flag_column_every_row_enters() -> None:
    assert ids(checked(child("1"), child("2"))) == ["1", "2"]


def test_what_is_ignored_is_not_checked() -> None:
    result = checked(child("1", revenue="abc", cpq_flag="N"), child("1", "Q", cpq_flag="N"), child("1", cpq_flag="Y"))
    assert (ids(result), len(result.ignored), result.faults) == (["1"], 2, [])


def test_lengths_are_those_of_the_columns() -> None:
    site = {"child_name": "name", "sap_code": "sap_code"}
    for rule in DEFAULTS.values():
        if rule.column not in (*AMOUNTS, "salesperson_id", "sap_code", "country", "parent_name"):
            model = MASTER_LOOK_UPS.get(rule.field)
            column = model._meta.get_field("code") if model else Account._meta.get_field(rule.field)
            assert (rule.column, column.max_length) == (rule.column, validation.LONGEST[rule.column])
    for field, name in site.items():
        assert (field, Site._meta.get_field(name).max_length) == (field, validation.LONGEST[field])
    assert Account._meta.get_field("parent_customer_id").max_length == validation.LONGEST["parent_id"]
    assert Account._meta.get_field("name").max_length == validation.LONGEST["parent_name"]
    assert LookUp._meta.get_field("label").max_length == validation.LONGEST["tma1_name"]
