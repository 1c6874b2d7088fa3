"""The aggregation against a slow reference in plain Python, and against the order of rows."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings, strategies as st

from accounts.survivorship import ADDRESS, AMOUNTS, DEFAULTS, NAMES, FieldRule, Rule, decide, fits
from integration import aggregation
from integration.profiles import CUSTOMER_FIELDS

pytestmark = pytest.mark.once("postgresql")

TEXTS = [name for name in CUSTOMER_FIELDS if name not in ("revenue", "volume", "cpq_flag")]
Row = dict[str, Any]


BY_REVENUE = tuple(rule.field for rule in DEFAULTS.values() if rule.rule == Rule.BY_REVENUE and rule.field != "owner")
NAMED = {DEFAULTS[field].column: field for field in ("owner", "tma1", "tma2")}


def frame_of(rows: list[Row]) -> pl.DataFrame:
    full = [dict.fromkeys(TEXTS, "") | {"revenue": 0, "volume": 0} | row for row in rows]
    return pl.DataFrame(full, schema=dict.fromkeys(TEXTS, pl.String) | {"revenue": pl.Int64, "volume": pl.Int64})


def parents_of(rows: list[Row]) -> dict[str, dict[str, Any]]:
    found = aggregation.aggregate(frame_of(rows), DEFAULTS.values())
    return {row.pop("parent_id"): row for row in found.iter_rows(named=True)}


def one(*rows: Row) -> dict[Any, Any]:
    numbered = [{"child_id": f"C{number}", "parent_id": "P"} | row for number, row in enumerate(rows)]
    return parents_of(numbered)["P"]


def summed(rows: list[Row], field: str, weight: str) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for row in rows:
        if row[field]:
            sums[row[field]] += row[weight]
    return sums


def heaviest(rows: list[Row], field: str, weight: str) -> str:
    sums = summed(rows, field, weight)
    return min(sums, key=lambda code: (-sums[code], code), default="")


def label(rows: list[Row], field: str, name: str, value: str) -> str:
    return max((row[name] for row in rows if row[field] == value), default="") if value else ""


def reference(rows: list[Row]) -> dict[str, Any]:
    """One parent from its rows, the plain way."""
    out: dict[str, Any] = {}
    parent_names, child_names = [row["parent_name"] for row in rows], [row["child_name"] for row in rows]
    out["name"] = max(parent_names) or max(child_names) or rows[0]["parent_id"]
    sums = summed(rows, "salesperson_id", "revenue")
    best = [code for code in sorted(sums) if sums[code] == max(sums.values())]
    out["owner"] = best[0] if len(best) == 1 else ""
    out["owner_conflict"] = "" if len(best) == 1 else "tie" if best else "none"
    out["owner_label"] = label(rows, "salesperson_id", "salesperson_name", out["owner"])
    names = {code: label(rows, "salesperson_id", "salesperson_name", code) for code in best}
    candidates = [{"value": code, "label": names[code], "cents": sums[code]} for code in best]
    out["owner_candidates"] = candidates if len(best) > 1 else None
    for field in BY_REVENUE:
        out[field] = heaviest(rows, field, "revenue")
        if field in NAMES:
            out[f"{field}_label"] = label(rows, field, NAMES[field], out[field])
    out["postcode"] = heaviest(rows, "postcode", "volume")
    here = [row for row in rows if row["postcode"] == out["postcode"]]
    out["region"] = heaviest(here, "region", "volume")
    largest = min(here, key=lambda row: (not row["street"], -row["volume"], row["child_id"]))
    out |= {name: largest[name] for name in ADDRESS}
    out["sap_codes"] = ", ".join(sorted({row["sap_code"] for row in rows} - {""}))
    out["yearly_revenue"] = f"{Decimal(sum(row['revenue'] for row in rows)).scaleb(-2):f}"
    out["yearly_volume"] = f"{Decimal(sum(row['volume'] for row in rows)).scaleb(-3):f}"
    out["children"] = len(rows)
    return out


def references(rows: list[Row]) -> dict[str, dict[str, Any]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["parent_id"]].append(row)
    return {parent: reference(groups[parent]) for parent in sorted(groups)}


few = st.sampled_from(["", "a", "B", "Ä", "ö", "00", "0"])
amount = st.one_of(st.sampled_from([0, 100, -100]), st.integers(-(10**14), 10**14))
row = st.fixed_dictionaries(
    {name: few for name in TEXTS if name not in ("child_id", "parent_id")}
    | {"parent_id": st.sampled_from(["1", "01", "ä", "Z"]), "revenue": amount, "volume": amount}
)
tables = st.lists(row, max_size=25).map(lambda rows: [one | {"child_id": f"C{number}"} for number, one in enumerate(rows)])


@pytest.mark.req("S0.29")
@settings(max_examples=150, deadline=None)
@given(rows=tables)
def test_the_aggregation_equals_the_plain_reference(rows: list[Row]) -> None:
    assert parents_of(rows) == references(rows)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), rows=tables)
def test_the_order_of_rows_does_not_matter(data: st.DataObject, rows: list[Row]) -> None:
    shuffled = data.draw(st.permutations(rows))
    assert parents_of(shuffled) == parents_of(rows)


def test_nothing_gives_nothing() -> None:
    assert parents_of([]) == {}


def test_parents_keep_their_zeros_and_stand_in_plain_text_order() -> None:
    rows = [{"child_id": str(number), "parent_id": parent} for number, parent in enumerate(["b", "00123", "ä", "123", "A"])]
    assert list(parents_of(rows)) == ["00123", "123", "A", "b", "ä"]


def test_the_name_is_the_greatest_in_plain_text_order() -> None:
    assert one({"parent_name": "ÄMPÄRI"}, {"parent_name": "Ämpäri"}, {"parent_name": "Zeppelin"})["name"] == "Ämpäri"


@pytest.mark.req("S0.45")
def test_the_owner_has_the_highest_summed_revenue_not_the_largest_row() -> None:
    account = one(
        {"salesperson_id": "S1", "revenue": 1000},
        {"salesperson_id": "S2", "salesperson_name": "Maija", "revenue": 600},
        {"salesperson_id": "S2", "salesperson_name": "Maija", "revenue": 500},
    )
    assert (account["owner"], account["owner_label"], account["owner_conflict"]) == ("S2", "Maija", "")


def test_a_tie_of_salespeople_gives_no_owner_but_the_candidates() -> None:
    account = one(
        {"salesperson_id": "S2", "salesperson_name": "Maija", "revenue": 500},
        {"salesperson_id": "S1", "salesperson_name": "Matti", "revenue": 500},
        {"salesperson_id": "S3", "revenue": 499},
    )
    assert (account["owner"], account["owner_conflict"]) == ("", "tie")
    assert account["owner_candidates"] == [
        {"value": "S1", "label": "Matti", "cents": 500},
        {"value": "S2", "label": "Maija", "cents": 500},
    ]


def test_a_tie_of_categories_goes_to_the_smallest_code() -> None:
    account = one({"tma2": "b", "tma2_name": "Bee", "revenue": 5}, {"tma2": "a", "tma2_name": "Aa", "revenue": 5})
    assert (account["tma2"], account["tma2_label"]) == ("a", "Aa")


def test_the_region_is_that_of_the_postcode_with_the_largest_summed_volume() -> None:
    account = one(
        {"postcode": "00100", "region": "01", "volume": 60, "street": "Pieni", "city": "Helsinki"},
        {"postcode": "33100", "region": "06", "volume": 100, "street": "Iso", "city": "Tampere"},
        {"postcode": "00100", "region": "01", "volume": 50, "street": "Suurempi", "city": "Helsinki"},
        {"postcode": "90100", "region": "06", "volume": 90},
    )
    assert (account["region"], account["postcode"], account["street"], account["city"]) == ("01", "00100", "Pieni", "Helsinki")


def test_a_category_chosen_by_place_is_called_as_it_is_called_there() -> None:
    rows = [
        {"child_id": "C1", "parent_id": "P", "postcode": "00100", "volume": 9, "tma1": "x", "tma1_name": "Here"},
        {"child_id": "C2", "parent_id": "P", "postcode": "33100", "volume": 1, "tma1": "x", "tma1_name": "There"},
    ]
    rule = FieldRule("tma1", Rule.BY_VOLUME, "tma1")
    told = aggregation.aggregate(frame_of(rows), [rule]).row(0, named=True)
    assert (told["tma1"], told["tma1_label"]) == ("x", "Here") == (decide(rows, rule).value, decide(rows, rule).label)


def test_sums_are_exact_beyond_what_a_float_holds() -> None:
    account = one({"revenue": 2**53}, {"revenue": 1}, {"revenue": 1}, {"revenue": 1})
    assert account["yearly_revenue"] == f"{Decimal(2**53 + 3).scaleb(-2):f}"


any_rule = st.sampled_from(
    [
        FieldRule(field, rule, column, must_agree)
        for field, usual in DEFAULTS.items()
        for rule in Rule
        for column in {usual.column, "region", "postcode", "parent_name", "volume"}
        for must_agree in (False, True)
        if fits(FieldRule(field, rule, column, must_agree))
    ]
)


@pytest.mark.req("S0.29")
@settings(max_examples=300, deadline=None)
@given(rows=tables, rule=any_rule)
def test_every_rule_comes_to_what_is_explained_on_the_page(rows: list[Row], rule: FieldRule) -> None:
    found = {row["parent_id"]: row for row in aggregation.aggregate(frame_of(rows), [rule]).iter_rows(named=True)}
    for parent, told in found.items():
        mine = [row for row in rows if row["parent_id"] == parent]
        decision = decide(mine, rule, parent_id=parent)
        value = told[rule.field]
        if rule.column in AMOUNTS:
            value = int(value.replace(".", ""))
        assert value == decision.value
        conflict = told.get("owner_conflict") or ("disagree" if told.get(f"{rule.field}_values") is not None else "")
        assert conflict == decision.conflict
        if rule.column in NAMES and rule.rule != Rule.ALL:
            assert told[f"{rule.field}_label"] == decision.label
