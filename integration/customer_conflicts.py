"""On which fields the master could not decide: which conflicts are new, stand differently now, or are settled."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import polars as pl

from accounts.models import MasterConflict
from accounts.survivorship import ConflictKind
from core import db
from integration.customer_diff import CustomerDiff

Candidates = list[dict[str, str]]


@dataclass(frozen=True)
class Found:
    """A field of a parent that has no clear value; `account` is None where the parent has none yet."""

    parent_id: str
    account: int | None
    field: str
    kind: str
    candidates: Candidates


@dataclass
class Conflicts:
    """What a run makes of the conflicts. `changed` and `settled` are rows as they are to be saved, but for who and when."""

    new: list[Found] = field(default_factory=list)
    changed: list[MasterConflict] = field(default_factory=list)
    settled: list[MasterConflict] = field(default_factory=list)

    @property
    def accounts(self) -> list[int]:
        """The accounts, as far as they exist, whose conflicts are others than before."""
        known = {found.account for found in self.new if found.account is not None}
        return sorted(known.union(row.account_id for row in (*self.changed, *self.settled)))


def conflicts(diff: CustomerDiff) -> Conflicts:
    """What has to be said of the parents that were worked out; fields that somebody overrides are settled, and so is everything
    about accounts that become inactive."""
    out = Conflicts(new=list(_found(diff.created, diff.fields)))
    for keys in db.batches(diff.deactivated["account"].to_list(), db.keys_at_once()):
        out.settled += MasterConflict.objects.filter(account__in=keys, resolved_at=None).order_by("pk")
    if not len(diff.parents):
        return out
    overridden = {
        (account, name) for account, names in diff.parents.select("account", "overridden").iter_rows() for name in names
    }
    now = {
        (row.account, row.field): row for row in _found(diff.parents, diff.fields) if (row.account, row.field) not in overridden
    }
    held, left_alone = _held(diff.parents["account"].to_list(), diff.fields)
    for key, found in now.items():
        conflict = held.pop(key, None)
        if conflict is None:
            if left_alone.get(key) != (found.kind, found.candidates):
                out.new.append(found)
        elif (conflict.kind, conflict.candidates) != (found.kind, found.candidates):
            conflict.kind, conflict.candidates = found.kind, found.candidates
            out.changed.append(conflict)
    out.settled += held.values()
    return out


def _held(
    accounts: list[int], fields: list[str]
) -> tuple[dict[tuple[int | None, str], MasterConflict], dict[tuple[int | None, str], tuple[str, Candidates]]]:
    """(the open conflicts, what the last closed one said where a person closed it as it was) of these accounts."""
    held: dict[tuple[int | None, str], MasterConflict] = {}
    closed: dict[tuple[int | None, str], tuple[str, Candidates]] = {}
    for keys in db.batches(accounts, db.keys_at_once()):
        for row in MasterConflict.objects.filter(account__in=keys, field__in=fields).order_by("pk"):
            if row.resolved_at is None:
                held[row.account_id, row.field] = row
            elif row.resolved_by_id is not None:
                closed[row.account_id, row.field] = (row.kind, row.candidates)
            else:
                closed.pop((row.account_id, row.field), None)
    return held, closed


def _found(parents: pl.DataFrame, fields: list[str]) -> Iterator[Found]:
    for name in fields:
        column = f"{name}_values"
        if name == "owner":
            for row in parents.filter(pl.col("owner_conflict") != "").iter_rows(named=True):
                yield Found(row["parent_id"], row["account"], name, row["owner_conflict"], _candidates(row))
        if column in parents.columns:
            divided = pl.col(column).is_not_null()
            if name == "owner":
                divided &= pl.col("owner_conflict") == ""
            for parent_id, account, values in parents.filter(divided).select("parent_id", "account", column).iter_rows():
                people = [{"value": value, "label": ""} for value in values[:20]]
                yield Found(parent_id, account, name, ConflictKind.DISAGREE.value, people)


def _candidates(row: Mapping[str, Any]) -> Candidates:
    if row["owner_conflict"] == ConflictKind.TIE:
        return [
            {"value": one["value"], "label": one["label"], "revenue": str(Decimal(one["cents"]).scaleb(-2))}
            for one in row["owner_candidates"]
        ]
    return [{"value": row["owner"], "label": row["owner_label"]}] if row["owner"] else []
