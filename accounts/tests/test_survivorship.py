"""Which of the children's values an account gets: every rule by hand, with ties, blanks and negative amounts."""

import itertools
import random
from typing import Any

import pytest

from accounts.survivorship import (
    ADDRESS,
    AMOUNT_RULES,
    AMOUNTS,
    COLUMNS,
    DEFAULTS,
    TEXT_RULES,
    ConflictKind,
    Decision,
    FieldRule,
    Rule,
    Why,
    decide,
    fits,
)

pytestmark = pytest.mark.req("S0.29")


def row(child: str, **cells: Any) -> dict[str, Any]:
    return {"child_id": child, **cells}


def by(rule: Rule, *rows: dict[str, Any], field: str = "industry", column: str = "", must_agree: bool = False) -> Decision:
    """What the rule makes of the rows, whatever their order."""
    asked = FieldRule(field, rule, column or DEFAULTS[field].column, must_agree)
    decided = {decide(order, asked, parent_id="P1") for order in itertools.islice(itertools.permutations(rows), 24)}
    assert len(decided) == 1
    return decided.pop()


def ranked(decision: Decision) -> list[tuple[Any, ...]]:
    return [(candidate.value, candidate.weight, candidate.children) for candidate in decision.candidates]


def whys(decision: Decision) -> list[tuple[Any, bool, str]]:
    return [(candidate.value, candidate.won, candidate.why) for candidate in decision.candidates]


# --- Highest revenue --------------------------------------------------------------------------------------------------
def test_the_text_with_the_highest_summed_revenue_wins() -> None:
    decision = by(
        Rule.BY_REVENUE,
        row("1", industry="bakery", revenue=300),
        row("2", industry="dairy", revenue=200),
        row("3", industry="dairy", revenue=150),
        row("4", industry="", revenue=999),
        row("5", revenue=999),
    )

    assert (decision.value, decision.label, decision.conflict, decision.weighed) == ("dairy", "", "", "revenue")
    assert ranked(decision) == [("dairy", 350, ("2", "3")), ("bakery", 300, ("1",))]
    assert whys(decision) == [("dairy", True, Why.REVENUE), ("bakery", False, "")]
    assert decision.places == ()


def test_of_equals_the_smallest_text_wins() -> None:
    decision = by(Rule.BY_REVENUE, row("1", industry="b", revenue=5), row("2", industry="a", revenue=5), row("3", industry="Z"))

    assert whys(decision) == [("a", True, Why.SMALLEST_OF_EQUALS), ("b", False, ""), ("Z", False, "")]


def test_negative_revenue_counts_and_a_blank_one_is_nothing() -> None:
    lost = by(Rule.BY_REVENUE, row("1", industry="a", revenue=-500), row("2", industry="b", revenue=-499))
    none = by(Rule.BY_REVENUE, row("1", industry="a", revenue=-1), row("2", industry="b"))
    refunded = by(
        Rule.BY_REVENUE, row("1", industry="a", revenue=9), row("2", industry="a", revenue=-9), row("3", industry="b", revenue=1)
    )

    assert (lost.value, none.value, refunded.value) == ("b", "b", "b")
    assert ranked(none) == [("b", 0, ("2",)), ("a", -1, ("1",))]


def test_the_only_value_is_called_so_and_none_is_blank() -> None:
    assert whys(by(Rule.BY_REVENUE, row("1", industry="a", revenue=1), row("2", industry="a"))) == [("a", True, Why.ONLY)]
    assert by(Rule.BY_REVENUE, row("1"), row("2", industry="")) == Decision("", "", "", "revenue", ())


@pytest.mark.parametrize(("field", "name"), [("tma1", "tma1_name"), ("tma2", "tma2_name"), ("owner", "salesperson_name")])
def test_a_value_is_labelled_with_the_greatest_name_its_own_rows_give_it(field: str, name: str) -> None:
    column = DEFAULTS[field].column
    decision = by(
        Rule.BY_REVENUE,
        row("1", **{column: "7", name: "Aalto", "revenue": 1}),
        row("2", **{column: "7", name: "Kuusi", "revenue": 1}),
        row("3", **{column: "8", name: "Öljy"}),
        field=field,
    )

    assert (decision.value, decision.label) == ("7", "Kuusi")
    assert [candidate.label for candidate in decision.candidates] == ["Kuusi", "Öljy"]


# --- Owners -----------------------------------------------------------------------------------------------------------
@pytest.mark.req("S0.45")
def test_salespeople_with_equal_revenue_are_a_conflict_and_nobody_owns() -> None:
    decision = by(
        Rule.BY_REVENUE,
        row("1", salesperson_id="S2", salesperson_name="Toinen", revenue=500),
        row("2", salesperson_id="S1", salesperson_name="Eka", revenue=200),
        row("3", salesperson_id="S1", revenue=300),
        row("4", salesperson_id="S3", revenue=499),
        field="owner",
    )

    assert (decision.value, decision.label, decision.conflict) == ("", "", ConflictKind.TIE)
    assert ranked(decision) == [("S1", 500, ("2", "3")), ("S2", 500, ("1",)), ("S3", 499, ("4",))]
    assert whys(decision) == [("S1", False, Why.TIED), ("S2", False, Why.TIED), ("S3", False, "")]


@pytest.mark.req("S0.45")
@pytest.mark.parametrize("rule", TEXT_RULES)
def test_no_salesperson_is_a_conflict(rule: Rule) -> None:
    decision = by(rule, row("1", revenue=5), row("2", salesperson_id=""), field="owner")

    assert (decision.value, decision.conflict, decision.candidates) == ("", ConflictKind.NONE, ())


def test_a_clear_owner_is_none_even_of_people_without_revenue() -> None:
    one = by(Rule.BY_REVENUE, row("1", salesperson_id="S1"), field="owner")
    two = by(Rule.BY_REVENUE, row("1", salesperson_id="S1"), row("2", salesperson_id="S2"), field="owner")
    worst = by(
        Rule.BY_REVENUE, row("1", salesperson_id="S1", revenue=-2), row("2", salesperson_id="S2", revenue=-1), field="owner"
    )

    assert (one.value, one.conflict) == ("S1", "")
    assert (two.value, two.conflict) == ("", ConflictKind.TIE)
    assert (worst.value, worst.conflict) == ("S2", "")


def test_another_rule_than_revenue_never_ties_salespeople() -> None:
    rows = (row("1", salesperson_id="S2", revenue=5), row("2", salesperson_id="S1", revenue=5))

    values = {rule: by(rule, *rows, field="owner").value for rule in (Rule.SMALLEST, Rule.GREATEST, Rule.FIRST, Rule.BY_VOLUME)}
    assert values == {Rule.SMALLEST: "S1", Rule.GREATEST: "S2", Rule.FIRST: "S2", Rule.BY_VOLUME: "S1"}


# --- Largest volume by postcode ---------------------------------------------------------------------------------------
PLACES = (
    row("1", postcode="00100", volume=60, street="Katu 1", city="Helsinki", country="FI", region="etelä"),
    row("2", postcode="00100", volume=50, street="", city="HKI", country="FI", region="muu"),
    row("3", postcode="20100", volume=100, street="Tie 3", city="Turku", country="FI", region="länsi"),
    row("4", postcode="", volume=999, street="Raitti 4", city="Oulu", country="FI", region="pohjoinen"),
)


def test_the_place_is_the_postcode_with_the_largest_summed_volume() -> None:
    decision = by(Rule.BY_VOLUME, *PLACES, field="postcode")

    assert (decision.value, decision.weighed, decision.places) == ("00100", "volume", decision.candidates)
    assert ranked(decision) == [("00100", 110, ("1", "2")), ("20100", 100, ("3",))]
    assert whys(decision)[0] == ("00100", True, Why.VOLUME)


def test_of_equal_places_the_smallest_postcode_wins() -> None:
    decision = by(Rule.BY_VOLUME, row("1", postcode="2", volume=5), row("2", postcode="10", volume=5), field="postcode")

    assert whys(decision) == [("10", True, Why.SMALLEST_OF_EQUALS), ("2", False, "")]


def test_the_address_is_that_of_the_largest_row_there() -> None:
    values = {field: by(Rule.BY_VOLUME, *PLACES, field=field).value for field in ("street", "city", "country", "region")}
    assert values == {"street": "Katu 1", "city": "Helsinki", "country": "FI", "region": "etelä"}

    city = by(Rule.BY_VOLUME, *PLACES, field="city")
    assert whys(city) == [("Helsinki", True, Why.LARGEST_SITE), ("HKI", False, "")]
    assert [place.value for place in city.places] == ["00100", "20100"]


def test_a_row_with_a_street_comes_first_then_the_volume_then_the_site_number() -> None:
    street = by(
        Rule.BY_VOLUME,
        row("1", postcode="1", volume=9, city="Suuri"),
        row("3", postcode="1", volume=2, street="B", city="Toinen"),
        row("2", postcode="1", volume=2, street="A", city=""),
        field="street",
    )
    assert ranked(street) == [("A", 2, ("2",)), ("B", 2, ("3",)), ("", 9, ("1",))]


def test_a_part_of_an_address_weighs_as_much_as_its_largest_row() -> None:
    rows = (
        row("1", postcode="1", volume=9, street="A"),
        row("2", postcode="1", volume=5, street="B"),
        row("3", postcode="1", street="A"),
    )
    assert ranked(by(Rule.BY_VOLUME, *rows, field="street")) == [("A", 9, ("1", "3")), ("B", 5, ("2",))]


@pytest.mark.parametrize("field", ADDRESS)
def test_an_address_is_never_put_together_from_two_rows(field: str) -> None:
    rows = (
        row("1", postcode="1", volume=2, street="A", city="", country=""),
        row("2", postcode="1", volume=1, street="B", city="X", country="FI"),
    )
    assert by(Rule.BY_VOLUME, *rows, field=field).value == ("A" if field == "street" else "")


def test_rows_without_any_postcode_are_one_place() -> None:
    rows = (
        row("1", volume=5, street="A", region="r1"),
        row("2", volume=3, street="B", region="r2"),
        row("3", volume=3, postcode="", region="r2"),
    )

    values = {field: by(Rule.BY_VOLUME, *rows, field=field).value for field in ("postcode", "street", "region")}
    assert values == {"postcode": "", "street": "A", "region": "r2"}
    assert by(Rule.BY_VOLUME, *rows, field="region").places == ()


def test_another_column_is_the_text_with_the_largest_volume_at_the_place() -> None:
    rows = (
        row("1", postcode="1", volume=10, industry="b"),
        row("2", postcode="1", volume=4, industry="a"),
        row("3", postcode="1", volume=6, industry="a"),
        row("4", postcode="2", volume=19, industry="c"),
        row("5", postcode="1", volume=-1),
    )
    decision = by(Rule.BY_VOLUME, *rows)

    assert ranked(decision) == [("a", 10, ("2", "3")), ("b", 10, ("1",))]
    assert whys(decision)[0] == ("a", True, Why.SMALLEST_OF_EQUALS)
    # what stands elsewhere is no candidate, even where the place says nothing
    assert by(Rule.BY_VOLUME, row("1", postcode="1", volume=2), row("2", postcode="2", volume=1, industry="c")).value == ""


# --- By order ---------------------------------------------------------------------------------------------------------
def test_greatest_and_smallest_are_plain_text_order() -> None:
    rows = [row(str(number), industry=text) for number, text in enumerate(["Z", "a", "Ä", "10", "9", "", "a"])]

    greatest, smallest = by(Rule.GREATEST, *rows), by(Rule.SMALLEST, *rows)

    assert [candidate.value for candidate in greatest.candidates] == ["Ä", "a", "Z", "9", "10"]
    assert [candidate.value for candidate in smallest.candidates] == ["10", "9", "Z", "a", "Ä"]
    assert (whys(greatest)[0], whys(smallest)[0]) == (("Ä", True, Why.GREATEST), ("10", True, Why.SMALLEST))
    assert ranked(greatest)[1] == ("a", None, ("1", "6"))
    assert greatest.weighed == ""


def test_all_are_the_different_texts_in_order() -> None:
    decision = by(
        Rule.ALL, row("1", sap_code="20"), row("2", sap_code="10"), row("3", sap_code="20"), row("4"), field="sap_codes"
    )

    assert decision.value == "10, 20"
    assert whys(decision) == [("10", True, Why.PART), ("20", True, Why.PART)]
    assert by(Rule.ALL, row("1"), field="sap_codes").value == ""


def test_the_latest_is_the_value_of_the_row_changed_last() -> None:
    rows = (
        row("1", industry="a", updated_at="2026-01-05"),
        row("2", industry="b", updated_at="2026-03-01"),
        row("3", industry="c"),
        row("4", industry="", updated_at="2026-09-09"),
        row("5", industry="a", updated_at="2026-02-01"),
    )
    decision = by(Rule.LATEST, *rows)

    assert ranked(decision) == [("b", None, ("2",)), ("a", None, ("1", "5")), ("c", None, ("3",))]
    assert whys(decision)[0] == ("b", True, Why.LATEST)


def test_of_rows_changed_at_once_the_greatest_site_number_wins() -> None:
    rows = (
        row("1", industry="z", updated_at="2"),
        row("20", industry="y", updated_at="2"),
        row("3", industry="x", updated_at="2"),
    )

    assert whys(by(Rule.LATEST, *rows)) == [("x", True, Why.GREATEST_SITE), ("y", False, ""), ("z", False, "")]
    assert by(Rule.LATEST, row("1", industry="a"), row("2", industry="b")).value == "b"


def test_the_first_is_the_value_of_the_smallest_site_number_that_has_one() -> None:
    decision = by(Rule.FIRST, row("1", industry=""), row("3", industry="a"), row("20", industry="b"), row("4", industry="b"))

    assert ranked(decision) == [("b", None, ("20", "4")), ("a", None, ("3",))]
    assert whys(decision)[0] == ("b", True, Why.FIRST)


# --- Names ------------------------------------------------------------------------------------------------------------
def test_a_name_falls_back_to_the_greatest_site_name_then_to_the_customer_number() -> None:
    named = by(Rule.GREATEST, row("1", parent_name="A", child_name="Z"), row("2", parent_name="B"), field="name")
    sites = by(Rule.GREATEST, row("1", child_name="Aa"), row("2", child_name="Bb"), row("3"), field="name")
    nobody = by(Rule.GREATEST, row("1"), row("2", parent_name=""), field="name")

    assert (named.value, sites.value, nobody.value) == ("B", "Bb", "P1")
    assert whys(sites) == [("Bb", True, Why.SITE_NAME), ("Aa", False, "")]
    assert whys(nobody) == [("P1", True, Why.NUMBER)]
    assert decide([row("1", parent_id="P7")], DEFAULTS["name"]).value == "P7"


@pytest.mark.parametrize("rule", TEXT_RULES)
def test_an_account_has_a_name_by_every_rule(rule: Rule) -> None:
    assert by(rule, row("1", child_name="Aa", revenue=1), row("2", child_name="Bb"), field="name").value == "Bb"


# --- Amounts ----------------------------------------------------------------------------------------------------------
def test_amounts_are_summed_exactly_in_cents_and_thousandths() -> None:
    rows = (row("1", revenue=10**17 + 1, volume=1), row("2", revenue=-2, volume=1999), row("3"))

    revenue, volume = by(Rule.SUM, *rows, field="yearly_revenue"), by(Rule.SUM, *rows, field="yearly_volume")

    assert (revenue.value, volume.value, revenue.label, revenue.conflict) == (10**17 - 1, 2000, "", "")
    assert [(value, children) for value, _weight, children in ranked(revenue)] == [
        (10**17 + 1, ("1",)),
        (0, ("3",)),
        (-2, ("2",)),
    ]
    assert {candidate.why for candidate in revenue.candidates} == {Why.PART}


def test_the_greatest_amount_wins() -> None:
    decision = by(Rule.GREATEST, row("1", revenue=-5), row("2", revenue=-3), row("3", revenue=-3), field="yearly_revenue")

    assert (decision.value, ranked(decision)) == (-3, [(-3, None, ("2", "3")), (-5, None, ("1",))])


# --- Must agree -------------------------------------------------------------------------------------------------------
@pytest.mark.req("S2.24", "S2.27")
@pytest.mark.parametrize("rule", [*TEXT_RULES])
def test_sites_that_must_agree_and_do_not_are_a_conflict_and_the_rule_decides_all_the_same(rule: Rule) -> None:
    rows = (row("1", industry="a", revenue=2, postcode="1", volume=1), row("2", industry="b", revenue=1, postcode="1"), row("3"))

    strict, usual = by(rule, *rows, must_agree=True), by(rule, *rows)

    assert (strict.conflict, usual.conflict) == (ConflictKind.DISAGREE, "")
    assert (strict.value, strict.candidates) == (usual.value, usual.candidates)
    assert strict.value


def test_one_value_and_blanks_agree() -> None:
    rows = (row("1", industry="a"), row("2", industry="a"), row("3", industry=""))
    assert by(Rule.BY_REVENUE, *rows, must_agree=True).conflict == ""
    assert by(Rule.BY_REVENUE, row("1"), must_agree=True).conflict == ""


def test_sites_that_must_agree_are_all_of_them_not_just_those_of_the_place() -> None:
    assert by(Rule.BY_VOLUME, *PLACES, field="city", must_agree=True).conflict == ConflictKind.DISAGREE


def test_amounts_that_must_agree_are_compared_as_numbers() -> None:
    same = (row("1", revenue=5), row("2", revenue=5))
    assert by(Rule.GREATEST, *same, field="yearly_revenue", must_agree=True).conflict == ""
    assert by(Rule.GREATEST, *same, row("3"), field="yearly_revenue", must_agree=True).conflict == ConflictKind.DISAGREE


def test_an_owner_on_whom_people_tie_is_a_tie_even_where_they_must_agree() -> None:
    rows = (row("1", salesperson_id="S1", revenue=5), row("2", salesperson_id="S2", revenue=5))
    assert by(Rule.BY_REVENUE, *rows, field="owner", must_agree=True).conflict == ConflictKind.TIE
    clear = by(Rule.BY_REVENUE, *rows, row("3", salesperson_id="S1", revenue=1), field="owner", must_agree=True)
    assert (clear.value, clear.conflict) == ("S1", ConflictKind.DISAGREE)


# --- Everything -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("field", DEFAULTS)
def test_no_rows_give_nothing(field: str) -> None:
    decision = decide([], DEFAULTS[field])
    assert decision.value == (0 if DEFAULTS[field].column in AMOUNTS else "")
    assert decision.conflict == (ConflictKind.NONE if field == "owner" else "")


@pytest.mark.parametrize("field", DEFAULTS)
def test_the_order_of_the_rows_never_matters(field: str) -> None:
    rng = random.Random(7)
    texts = [column for column in (*COLUMNS, "updated_at", "salesperson_name") if column not in AMOUNTS]
    rows = [
        {"child_id": f"C{number}", "revenue": rng.randrange(-1, 2), "volume": rng.randrange(-1, 2)}
        | {column: rng.choice(["", "a", "b"]) for column in texts}
        for number in range(7)
    ]
    for column, kind, must_agree in itertools.product(COLUMNS, Rule, (False, True)):
        rule = FieldRule(field, kind, column, must_agree)
        if not fits(rule):
            continue
        expected = decide(rows, rule, parent_id="P")
        assert {decide(rng.sample(rows, len(rows)), rule, parent_id="P") for _number in range(3)} == {expected}
        winners = sum(candidate.won for candidate in expected.candidates)
        assert winners <= 1 or kind in (Rule.ALL, Rule.SUM)


def test_a_rule_fits_amounts_to_amounts_texts_to_texts_and_salespeople_to_the_owner() -> None:
    assert {rule for rule in Rule if fits(FieldRule("yearly_revenue", rule, "volume"))} == set(AMOUNT_RULES)
    assert {rule for rule in Rule if fits(FieldRule("city", rule, "region"))} == set(TEXT_RULES)
    assert not fits(FieldRule("city", Rule.GREATEST, "revenue"))
    assert not fits(FieldRule("yearly_revenue", Rule.SUM, "city"))
    assert {column for column in COLUMNS if fits(FieldRule("owner", Rule.FIRST, column))} == {"salesperson_id"}
    assert not fits(FieldRule("name", Rule.FIRST, "salesperson_id"))
    assert all(map(fits, DEFAULTS.values()))
