"""Which names and numbers are those of one company."""

import pytest
from hypothesis import given, strategies as st

from accounts.matching import LONGEST, business_ids, name_key, name_keys, vat_numbers

pytestmark = pytest.mark.once


@pytest.mark.req("S2.33")
@pytest.mark.parametrize(
    "names",
    [
        ("Ämpäri ja Öljy Oy", "AMPARI & OLJY", "Oy Ämpäri and Öljy Ab", "ämpäri-ja-öljy oyj", "A\u0308mpa\u0308ri ja O\u0308ljy"),
        ("Bergström A/S", "A/S Bergstrøm", "Bergstrom AS", "bergström ApS"),
        ("T:mi Matti Möttönen", "Matti Möttönen Tmi", "MATTI  MÖTTÖNEN"),
        ("Foo GmbH & Co. KG", "Foo", "Foo, Inc.", "Foo Ltd.", "FOO S.A.", "Foo s.r.o.", "Foo OÜ", "OÜ Foo", "Foo Sp. z o.o."),
        ("Straße AG", "STRASSE"),
        ("ﬁrma", "Firma Limited"),
        ("O'Brien", "OBrien Ltd"),
        ("Söner & Co", "Söner"),
    ],
)
def test_names_that_differ_in_writing_and_legal_form_only_are_the_same(names: tuple[str, ...]) -> None:
    assert len({name_key(name) for name in names}) == 1
    assert name_key(names[0]) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("Kala Oy", "Kalat Oy"), ("Oyster Bar", "ster Bar"), ("Abloy", "loy"), ("Leipä ja Voi", "Leipä Voi"), ("Foo 1", "Foo 2")],
)
def test_other_names_are_others(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


@pytest.mark.parametrize(("name", "key"), [("", ""), ("!!!", ""), ("Ab", "ab"), ("  ", ""), ("&", "and")])
def test_a_name_of_nothing_else_keeps_its_last_word(name: str, key: str) -> None:
    assert name_key(name) == key


@given(st.text(max_size=200))
def test_any_text_has_a_key_that_fits_and_is_its_own_key(name: str) -> None:
    key = name_key(name)
    assert len(key) <= LONGEST
    assert key == key.strip()
    assert name_key(name.upper().lower()) == name_key(name.lower())


def test_many_names_get_their_keys_at_once() -> None:
    assert name_keys(["Kala Oy", "KALA", "Kala Oy"]) == {"Kala Oy": "kala", "KALA": "kala"}


def test_numbers_are_found_however_they_are_written() -> None:
    assert business_ids("20774740") == business_ids(" 2077474-0 ") == ["20774740"]
    assert business_ids("", "fi 2077474-0") == ["20774740"]
    assert business_ids("556016-0680", "FI20774740") == ["20774740", "5560160680"]
    assert business_ids("", "SE556677889901") == business_ids("", "") == []
    assert vat_numbers("FI 2077474-0") == vat_numbers("", "2077474-0") == ["FI20774740"]
    assert vat_numbers("", "HRB 1234") == []
