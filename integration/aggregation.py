"""Child customers → parent accounts. Pure: a table in, a table out; the result does not depend on the order of the rows.

Everything is computed on integer codes: a text's code is its rank in plain text order, so the smallest code is the smallest text.
Money is integer cents, volume integer thousandths: sums are exact. No Python per row.

Source: docs/requirements.md S0.29, S0.45.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

BY_REVENUE = (
    "tma1",
    "tma2",
    "industry",
    "business_size",
    "classification",
    "channel",
    "business_id",
    "vat_number",
    "payment_term",
)
"""Fields whose value is that with the highest revenue summed over the children; of equals the smallest in plain text order."""
NAMES = {"owner": "salesperson_name", "tma1": "tma1_name", "tma2": "tma2_name"}
"""Which column names the value that was chosen."""
ADDRESS = ("street", "city", "country")
TIE, NONE = "tie", "none"

HASH_VERSION = "1"
_SEPARATOR = "\x1f"


def row_hash(values: Iterable[str]) -> str:
    """A digest of the values in their order, with the version of the way it is made. At most 40 characters."""
    return f"{HASH_VERSION}:{blake2b(_SEPARATOR.join(values).encode(), digest_size=16).hexdigest()}"


def aggregate(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per parent, indexed and ordered by `parent_id` in plain text order.

    `rows`: the text fields of a customer-master row (blank = ""), `revenue` (cents) and `volume` (thousandths) as int64,
    `cpq_flag` as bool; child ids are unique. Answers:
    - `name`: the greatest `parent_name`; where all are blank the greatest `child_name`, else the parent id.
    - `owner`, `owner_label`, `owner_conflict` ("", "tie", "none"), `owner_candidates` (of a tie: `(id, name, cents)` each).
    - `BY_REVENUE`, each with its `…_label`; `region`, `postcode` and `ADDRESS` of the postcode with the largest volume.
    - `sap_codes` (tuple, sorted), `revenue`, `volume`, `cpq_flag` (any), `children` (their number).
    """
    parent, parents = _ranked(rows["parent_id"])
    groups = _Groups(parent, len(parents))
    revenue, volume = (rows[name].to_numpy(dtype=np.int64) for name in ("revenue", "volume"))
    columns: dict[str, Any] = {"name": _name(groups, rows, parents)}
    columns |= _owner(groups, rows, revenue)
    for field in BY_REVENUE:
        columns |= _by_revenue(groups, rows, field, revenue)
    columns |= _place(groups, rows, volume)
    columns["sap_codes"] = _distinct(groups, rows["sap_code"])
    columns["revenue"] = groups.sums(revenue)
    columns["volume"] = groups.sums(volume)
    columns["cpq_flag"] = groups.sums(rows["cpq_flag"].to_numpy(dtype=np.int64)) > 0
    columns["children"] = groups.sums(np.ones(len(parent), dtype=np.int64))
    return pd.DataFrame(columns, index=pd.Index(parents, name="parent_id", dtype="object"))


def _ranked(cells: pd.Series) -> tuple[Ints, Texts]:
    """Each text's rank among the different texts, and these in order."""
    codes, texts = pd.factorize(cells.to_numpy(dtype=object))
    order = np.argsort(texts) if len(texts) else np.zeros(0, dtype=np.int64)
    rank = np.empty(len(texts), dtype=np.int64)
    rank[order] = np.arange(len(texts))
    return rank[codes], texts[order]


class _Groups:
    """The rows of each parent: `parent[i]` is the parent of row i, 0 … count - 1."""

    def __init__(self, parent: Ints, count: int) -> None:
        self.parent, self.count = parent, count

    def sums(self, values: Ints) -> Ints:
        """Per parent the exact sum; parents without a row have 0."""
        out = np.zeros(self.count, dtype=np.int64)
        np.add.at(out, self.parent, values)
        return out

    def greatest(self, codes: Ints, where: Bools | None = None) -> Ints:
        """Per parent the greatest code among the rows `where`; -1 without any."""
        out = np.full(self.count, -1, dtype=np.int64)
        chosen = slice(None) if where is None else where
        np.maximum.at(out, self.parent[chosen], codes[chosen])
        return out

    def heaviest(self, codes: Ints, weights: Ints, where: Bools) -> tuple[Ints, "_Pairs"]:
        """Per parent the code with the largest summed weight among the rows `where`, of equals the smallest; -1 without any."""
        pairs = _Pairs(self.parent[where], codes[where], weights[where])
        out = np.full(self.count, -1, dtype=np.int64)
        out[pairs.parent[pairs.first]] = pairs.code[pairs.first]
        return out, pairs


class _Pairs:
    """The different (parent, code) pairs with their summed weights: per parent the heaviest first, ties by the smallest code."""

    def __init__(self, parent: Ints, code: Ints, weight: Ints) -> None:
        order = np.lexsort((code, parent))
        parent, code, weight = parent[order], code[order], weight[order]
        starts = np.flatnonzero(_changes(parent) | _changes(code))
        sums = np.add.reduceat(weight, starts) if len(starts) else weight
        parent, code = parent[starts], code[starts]
        order = np.lexsort((code, -sums, parent))
        self.parent, self.code, self.sum = parent[order], code[order], sums[order]
        self.first: Bools = _changes(self.parent)

    def leading(self) -> Bools:
        """Which pairs weigh as much as the heaviest of their parent."""
        leader = np.maximum.accumulate(np.where(self.first, np.arange(len(self.first)), 0))
        return np.asarray(self.sum == self.sum[leader]) if len(leader) else self.first


def _changes(values: Ints) -> Bools:
    """Where a value differs from the one before it; the first one does."""
    out = np.ones(len(values), dtype=np.bool_)
    out[1:] = values[1:] != values[:-1]
    return out


def _texts(codes: Ints, texts: Texts) -> Texts:
    """The texts of the codes; that of -1 is ""."""
    return np.append(texts, "")[codes]


def _name(groups: _Groups, rows: pd.DataFrame, parents: Texts) -> Texts:
    code, names = _ranked(rows["parent_name"])
    child_code, child_names = _ranked(rows["child_name"])
    own = _texts(groups.greatest(code), names)
    fallback = _texts(groups.greatest(child_code), child_names)
    return np.where(own != "", own, np.where(fallback != "", fallback, parents))


def _by_revenue(groups: _Groups, rows: pd.DataFrame, field: str, revenue: Ints) -> dict[str, Texts]:
    code, texts = _ranked(rows[field])
    winner, _pairs = groups.heaviest(code, revenue, _filled(rows[field]))
    return {field: _texts(winner, texts), f"{field}_label": _label(groups, rows, field, code, winner)}


def _label(groups: _Groups, rows: pd.DataFrame, field: str, code: Ints, winner: Ints) -> Texts:
    """The greatest name that the parent's rows give the chosen value; where the source names none, the value."""
    if field not in NAMES:
        return _texts(winner, _ranked(rows[field])[1])
    name_code, names = _ranked(rows[NAMES[field]])
    return _texts(groups.greatest(name_code, code == winner[groups.parent]), names)


def _owner(groups: _Groups, rows: pd.DataFrame, revenue: Ints) -> dict[str, Any]:
    """The salesperson with the highest summed revenue; nobody when there is a tie or none."""
    code, people = _ranked(rows["salesperson_id"])
    winner, pairs = groups.heaviest(code, revenue, _filled(rows["salesperson_id"]))
    leading = pairs.leading()
    leaders = np.bincount(pairs.parent[leading], minlength=groups.count) if groups.count else np.zeros(0, dtype=np.int64)
    conflict = np.where(leaders > 1, TIE, np.where(leaders == 0, NONE, "")).astype(object)
    sole = np.where(leaders == 1, winner, -1)
    owner = pd.Series(_texts(sole, people), dtype="object")
    label = _owner_labels(groups, rows, code, sole)
    return {
        "owner": owner.to_numpy(), "owner_label": label, "owner_conflict": conflict,
        "owner_candidates": _candidates(groups, rows, pairs, leading & (leaders[pairs.parent] > 1), people),
    }  # fmt: skip


def _owner_labels(groups: _Groups, rows: pd.DataFrame, code: Ints, winner: Ints) -> Texts:
    name_code, names = _ranked(rows[NAMES["owner"]])
    return _texts(groups.greatest(name_code, code == winner[groups.parent]), names)


def _candidates(groups: _Groups, rows: pd.DataFrame, pairs: _Pairs, tied: Bools, people: Texts) -> Texts:
    """Per parent the `(id, name, cents)` of those who tie. Ties are few: these alone are looked at one by one."""
    out = np.empty(groups.count, dtype=object)
    out[:] = [()] * groups.count
    name_of = _greatest_names(rows, set(pairs.parent[tied].tolist()), groups)
    for parent, code, cents in zip(pairs.parent[tied].tolist(), pairs.code[tied].tolist(), pairs.sum[tied].tolist(), strict=True):
        person = str(people[code])
        out[parent] = (*out[parent], (person, name_of.get((parent, person), ""), cents))
    return out


def _greatest_names(rows: pd.DataFrame, parents: set[int], groups: _Groups) -> dict[tuple[int, str], str]:
    where = np.isin(groups.parent, list(parents))
    found: dict[tuple[int, str], str] = {}
    for parent, person, name in zip(
        groups.parent[where].tolist(), rows["salesperson_id"][where], rows["salesperson_name"][where], strict=True
    ):
        found[parent, person] = max(found.get((parent, person), ""), name)
    return found


def _place(groups: _Groups, rows: pd.DataFrame, volume: Ints) -> dict[str, Texts]:
    """Postcode with the largest summed volume (of equals the smallest), the region there, the address of its largest child.

    A parent without any postcode is treated as one place.
    """
    code, postcodes = _ranked(rows["postcode"])
    winner, _pairs = groups.heaviest(code, volume, _filled(rows["postcode"]))
    here = (winner[groups.parent] == -1) | (code == winner[groups.parent])
    region_code, regions = _ranked(rows["region"])
    region, _pairs = groups.heaviest(region_code, volume, here & _filled(rows["region"]))
    at = _largest_row(groups, rows, volume, here)
    address = {name: rows[name].to_numpy(dtype=object)[at] for name in ADDRESS}
    texts = _texts(region, regions)
    return {"postcode": _texts(winner, postcodes), "region": texts, "region_label": texts, **address}


def _largest_row(groups: _Groups, rows: pd.DataFrame, volume: Ints, here: Bools) -> Ints:
    """Per parent the position of its row with the largest volume among `here`: with a street first, ties by child id."""
    child, _ids = _ranked(rows["child_id"])
    no_street = ~_filled(rows["street"])
    order = np.lexsort((child, -volume, no_street, groups.parent))
    order = order[here[order]]
    return order[_changes(groups.parent[order])]


def _distinct(groups: _Groups, cells: pd.Series) -> Texts:
    """Per parent its different texts, in order."""
    code, texts = _ranked(cells)
    filled = _filled(cells)
    pairs = np.unique(groups.parent[filled] * max(len(texts), 1) + code[filled])
    parent, code = pairs // max(len(texts), 1), pairs % max(len(texts), 1)
    ends = np.searchsorted(parent, np.arange(groups.count + 1))
    words = texts[code].tolist() if len(code) else []
    out = np.empty(groups.count, dtype=object)
    out[:] = [tuple(words[start:end]) for start, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)]
    return out


def _filled(cells: pd.Series) -> Bools:
    return np.asarray(cells.to_numpy(dtype=object) != "", dtype=np.bool_)
