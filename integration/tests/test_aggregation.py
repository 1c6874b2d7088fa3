"""The aggregation against a slow reference in plain Python, and against the order of rows."""

from collections import defaultdict
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from integration import aggregation
from integration.aggregation import ADDRESS, BY_REVENUE, NAMES
from integration.profiles import CUSTOMER_FIELDS

TEXTS = [name for name in CUSTOMER_FIELDS if name not in ("revenue", "volume", "cpq_flag")]
Row = dict[str, Any]


def frame_of(rows: list[Row]) -> pd.DataFrame:
    full = [dict.fromkeys(TEXTS, "") | {"revenue": 0, "volume": 0, "cpq_flag": True} | row for row in rows]
    kinds = dict.fromkeys(TEXTS, "str") | {"revenue": "int64", "volume": "int64", "cpq_flag": "bool"}
    return pd.DataFrame(full, columns=[*kinds]).astype(kinds)


def one(*rows: Row) -> dict[Any, Any]:
    numbered = [{"child_id": f"C{number}", "parent_id": "P"} | row for number, row in enumerate(rows)]
    return aggregation.aggregate(frame_of(numbered)).to_dict("index")["P"]


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
    out["owner_candidates"] = tuple((code, names[code], sums[code]) for code in best) if len(best) > 1 else ()
    for field in BY_REVENUE:
        out[field] = heaviest(rows, field, "revenue")
        out[f"{field}_label"] = label(rows, field, NAMES[field], out[field]) if field in NAMES else out[field]
    out["postcode"] = heaviest(rows, "postcode", "volume")
    here = [row for row in rows if row["postcode"] == out["postcode"]]
    out["region"] = out["region_label"] = heaviest(here, "region", "volume")
    largest = min(here, key=lambda row: (not row["street"], -row["volume"], row["child_id"]))
    out |= {name: largest[name] for name in ADDRESS}
    out["sap_codes"] = tuple(sorted({row["sap_code"] for row in rows} - {""}))
    out["revenue"], out["volume"] = sum(row["revenue"] for row in rows), sum(row["volume"] for row in rows)
    out["cpq_flag"], out["children"] = any(row["cpq_flag"] for row in rows), len(rows)
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
    | {"parent_id": st.sampled_from(["1", "01", "ä", "Z"]), "revenue": amount, "volume": amount, "cpq_flag": st.booleans()}
)
tables = st.lists(row, max_size=25).map(lambda rows: [one | {"child_id": f"C{number}"} for number, one in enumerate(rows)])


@pytest.mark.req("S0.29")
@settings(max_examples=150, deadline=None)
@given(rows=tables)
def test_the_aggregation_equals_the_plain_reference(rows: list[Row]) -> None:
    assert aggregation.aggregate(frame_of(rows)).to_dict("index") == references(rows)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), rows=tables)
def test_the_order_of_rows_does_not_matter(data: st.DataObject, rows: list[Row]) -> None:
    shuffled = data.draw(st.permutations(rows))
    assert aggregation.aggregate(frame_of(shuffled)).equals(aggregation.aggregate(frame_of(rows)))


def test_nothing_gives_nothing() -> None:
    assert len(aggregation.aggregate(frame_of([]))) == 0


def test_parents_keep_their_zeros_and_stand_in_plain_text_order() -> None:
    rows = [{"child_id": str(number), "parent_id": parent} for number, parent in enumerate(["b", "00123", "ä", "123", "A"])]
    assert aggregation.aggregate(frame_of(rows)).index.tolist() == ["00123", "123", "A", "b", "ä"]


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
    assert account["owner_candidates"] == (("S1", "Matti", 500), ("S2", "Maija", 500))


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


def test_sums_are_exact_beyond_what_a_float_holds() -> None:
    account = one({"revenue": 2**53}, {"revenue": 1}, {"revenue": 1}, {"revenue": 1})
    assert account["revenue"] == 2**53 + 3


def test_the_hash_depends_on_every_value_and_its_place() -> None:
    hashes = {
        aggregation.row_hash(values) for values in (["a", "b"], ["b", "a"], ["ab", ""], ["", "ab"], ["a", "b", ""], ["ä", "b"])
    }
    assert len(hashes) == 6
    assert all(value.startswith("1:") and len(value) <= 40 for value in hashes)
