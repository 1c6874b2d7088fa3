"""What the aggregated master says of each account, ready to be compared: facts as text, with the rule that chose them. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pandas as pd
from django.utils.translation import gettext_noop

from integration import aggregation

FED_BY = {
    "name": "parent_name", "business_id": "business_id", "vat_number": "vat_number", "tma1": "tma1", "tma2": "tma2",
    "industry": "industry", "business_size": "business_size", "classification": "classification", "channel": "channel",
    "region": "region", "owner": "salesperson_id", "sap_codes": "sap_code", "street": "street", "postcode": "postcode",
    "city": "city", "country": "country", "yearly_revenue": "revenue", "yearly_volume": "volume", "payment_term": "payment_term",
}  # fmt: skip
"""Which column of a row feeds which field; a file without the column says nothing of the field."""

_BY_REVENUE, _BY_VOLUME = gettext_noop("highest revenue"), gettext_noop("largest volume by postcode")
_SUM, _ALL = gettext_noop("sum of the sites"), gettext_noop("all of the sites")
RULES = dict.fromkeys(FED_BY, _BY_REVENUE) | {
    "name": gettext_noop("greatest name in text order"), "region": _BY_VOLUME, "street": _BY_VOLUME, "postcode": _BY_VOLUME,
    "city": _BY_VOLUME, "country": _BY_VOLUME, "sap_codes": _ALL, "yearly_revenue": _SUM, "yearly_volume": _SUM,
}  # fmt: skip
UNKNOWN_PERSON = "unknown"
_OWNER_RULES = {
    aggregation.TIE: gettext_noop("tie of salespeople"),
    aggregation.NONE: gettext_noop("no salesperson"),
    UNKNOWN_PERSON: gettext_noop("unknown salesperson"),
}
_LONGEST_SAP = 500


@dataclass(frozen=True)
class Fact:
    """The master's word on one field: its value (a code where the field is a look-up), what it is called, and why this one."""

    value: str
    label: str
    rule: str


@dataclass(frozen=True)
class Parent:
    """An account as the master has it. `owner_id` is None when there is a conflict, or when the file has no salespeople."""

    parent_id: str
    facts: dict[str, Fact]
    owner_id: int | None
    conflict: str
    candidates: tuple[tuple[str, str, int], ...]
    """(id, name, cents) of those who tie; of an unknown person without the cents."""
    row_hash: str


def parents_of(frame: pd.DataFrame, present: frozenset[str], people: Mapping[str, int]) -> Iterator[Parent]:
    """The rows of `aggregation.aggregate` one by one. `people`: salesperson id → user id; `present`: the columns the file has."""
    fields = [field for field, column in FED_BY.items() if column in present]
    for row in frame.reset_index().to_dict("records"):
        owner_id = people.get(row["owner"]) if "owner" in fields else None
        conflict, candidates = _conflict(row, owner_id) if "owner" in fields else ("", ())
        facts = {field: _fact(field, row, conflict) for field in fields}
        yield Parent(
            parent_id=row["parent_id"],
            facts=facts,
            owner_id=owner_id,
            conflict=conflict,
            candidates=candidates,
            row_hash=_hash(facts, owner_id, candidates),
        )


def _conflict(row: Mapping[Any, Any], owner_id: int | None) -> tuple[str, tuple[tuple[str, str, int], ...]]:
    if row["owner_conflict"]:
        return row["owner_conflict"], row["owner_candidates"]
    if owner_id is None:
        return UNKNOWN_PERSON, ((row["owner"], row["owner_label"], 0),)
    return "", ()


def _fact(field: str, row: Mapping[Any, Any], conflict: str) -> Fact:
    if field == "owner":
        return Fact(row["owner"], row["owner_label"], _OWNER_RULES.get(conflict, RULES[field]))
    if field == "sap_codes":
        return Fact(joined(row[field]), "", RULES[field])
    if field == "yearly_revenue":
        return Fact(str(Decimal(row["revenue"]).scaleb(-2)), "", RULES[field])
    if field == "yearly_volume":
        return Fact(str(Decimal(row["volume"]).scaleb(-3)), "", RULES[field])
    return Fact(row[field], row.get(f"{field}_label") or "", RULES[field])


def joined(codes: tuple[str, ...]) -> str:
    """The codes with commas between them; what does not fit is cut at a whole code, and a mark says so."""
    text = ", ".join(codes)
    if len(text) <= _LONGEST_SAP:
        return text
    return text[: text.rindex(",", 0, _LONGEST_SAP - 2)] + ", …"


def _hash(facts: Mapping[str, Fact], owner_id: int | None, candidates: tuple[tuple[str, str, int], ...]) -> str:
    words = [word for field, fact in facts.items() for word in (field, fact.value, fact.label, fact.rule)]
    tied = [str(part) for candidate in candidates for part in candidate]
    return aggregation.row_hash([*words, str(owner_id or ""), *tied])
