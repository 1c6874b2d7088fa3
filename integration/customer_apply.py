"""Write what a diff of a customer master says: look-ups, accounts with history and events, master records, conflicts, sites.

Runs inside the transaction of the service. Whole columns go to the database at once, which sees neither `save()` nor history, so
both are written here in words.
"""

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import polars as pl
from django.db.models import F
from simple_history.utils import get_history_model_for_model

from accounts import matching, prospects, selectors
from accounts.models import MASTER_LOOK_UPS, Account, AccountStatus, MasterConflict, MasterRecord, Site
from core import db, events, histories
from core.db import bulk
from core.models import Event, JobRun
from integration import customer_diff, frames
from integration.choices import What
from integration.customer_conflicts import Conflicts, conflicts
from integration.customer_diff import AMOUNT_FIELDS, FURTHER, SITE_COLUMNS, CustomerDiff, Inputs
from integration.selectors import VERBS
from integration.validation import without
from users.models import User

_MANY_HASHES = 1000
"""So many rows that are only written otherwise have their hashes renewed, to be passed over quickly from then on."""


@dataclass(frozen=True)
class _Writer:
    """Who writes what, in which run, when."""

    diff: CustomerDiff
    inputs: Inputs
    run: JobRun
    by: User | None
    at: dt.datetime

    @property
    def reason(self) -> str:
        return f"{self.run.kind} {self.run.pk}"


def apply(diff: CustomerDiff, expected: Conflicts, astray: Sequence[int], inputs: Inputs, run: JobRun, at: dt.datetime) -> None:
    """Write everything the diff holds, with the conflicts that come of it (`expected`, as far as nobody has done anything since),
    and put the accounts `astray` into the business units of their owners. Locks accounts by pk, then conflicts."""
    writer = _Writer(diff, inputs, run, run.started_by, at)
    _lock(writer, expected, astray)
    _create_look_ups(writer)
    with bulk.indexes_rebuilt(*_FILLED) if _is_first_load(diff) else nullcontext():
        created = _create_accounts(writer)
        _update_accounts(writer)
        _follow_owners(writer, astray)
        _save_records(writer)
        _deactivate_accounts(writer)
        _save_conflicts(writer, conflicts(diff), created)
        _write_sites(writer, created)
        _tell_moves(writer, created)
    _propose_links(writer, created)


_FILLED: tuple[Any, ...] = (Account, get_history_model_for_model(Account), MasterRecord, MasterConflict, Site)
_MANY = 20_000
_AT_ONCE = 50_000
"""Rows whose JSON is in memory."""


def _is_first_load(diff: CustomerDiff) -> bool:
    """Whether there will be several times as many sites as there are."""
    return len(diff.new_sites) > _MANY and len(diff.new_sites) > 2 * Site.objects.count()


def _lock(writer: _Writer, expected: Conflicts, astray: Sequence[int]) -> None:
    """Accounts that change, or would if an override were lifted, are locked and looked at again: somebody may have edited them
    meanwhile."""
    parents = writer.diff.parents
    if len(parents):
        held = pl.concat([writer.diff.changed["account"], pl.Series(expected.accounts, dtype=pl.Int64)])
        is_overridden = pl.col("overridden").list.len() > 0
        parents = parents.filter(pl.col("account").is_in(held.implode()) | pl.col("record?") | is_overridden)
    keys = {*parents["account"], *writer.diff.deactivated["account"], *expected.accounts, *astray}
    for some in db.batches(sorted(keys), db.keys_at_once()):
        locked = Account.objects.select_for_update(**db.lock_options()).filter(pk__in=some).order_by("pk")
        list(locked.values_list("pk", flat=True))
    if len(parents):
        added = [name for name in parents.columns if name.endswith((" before", " stored", "?"))]
        parents = parents.drop(*added, "version", "unit_id", "overridden", "switched_off", "is_new")
        other = writer.diff.parents.join(parents.select("account"), on="account", how="anti")
        customer_diff.look_at(writer.diff, parents, writer.inputs)
        writer.diff.parents = pl.concat([writer.diff.parents, other.select(writer.diff.parents.columns)])


def _create_look_ups(writer: _Writer) -> None:
    """A code that nobody knows gets a row, named as the master names it, in both languages."""
    diff, look_ups = writer.diff, writer.inputs.look_ups
    for field in MASTER_LOOK_UPS.keys() & set(diff.fields):
        columns = [field, f"{field}_label"] if f"{field}_label" in diff.created.columns else [field, field]
        pairs = []
        for parents in (diff.created, diff.changed):
            codes = parents.filter(pl.col(field) != "").select(
                pl.col(columns[0]).alias("code"), pl.col(columns[1]).alias("label")
            )
            pairs += codes.unique().sort("code", "label").rows()
        labels = {code: (label or code, label or code) for code, label in sorted(pairs)}
        look_ups.create(field, labels, by=writer.by, reason=writer.reason)


def _after(writer: _Writer, field: str, keep: bool) -> pl.Expr:
    """The column of the account that `field` fills. `keep`: where the field does not differ, what it was."""
    code = pl.col(field)
    if keep and field != "owner":
        code = pl.when(pl.col(f"{field}?")).then(code).otherwise(pl.col(f"{field} before"))
    if field in MASTER_LOOK_UPS:
        keys = writer.inputs.look_ups.pks[field]
        return code.replace_strict(keys or {"": 0}, default=None, return_dtype=pl.Int64).alias(f"{field}_id")
    if field == "owner":
        settled: pl.Expr = pl.when(pl.col("owner_conflict") == "").then(pl.col("owner_id"))
        if keep:
            before = pl.col("owner before").cast(pl.Int64, strict=False)
            settled = pl.when(pl.col("owner?")).then(pl.col("owner_id")).otherwise(before)
        return settled.alias("owner_id")
    return code.alias(field)


def _unit(writer: _Writer, keep: bool) -> pl.Expr:
    """The account belongs to its owner's business unit."""
    units = {person.pk: person.unit_id for person in writer.inputs.people.values() if person.unit_id is not None}
    unit = pl.col("owner_id").replace_strict(units or {0: 0}, default=None, return_dtype=pl.Int64)
    if keep:
        return pl.when(pl.col("owner?")).then(unit).otherwise(pl.col("unit_id")).alias("unit_id")
    return pl.when(pl.col("owner_conflict") == "").then(unit).alias("unit_id")


def _create_accounts(writer: _Writer) -> dict[str, int]:
    diff, at = writer.diff, writer.at
    if not len(diff.created):
        return {}
    keys = bulk.new_keys(Account, len(diff.created))
    created = diff.created.with_columns(pl.Series("account", keys, dtype=pl.Int64))
    columns: list[Any] = [_after(writer, field, keep=False) for field in diff.fields]
    if "owner" in diff.fields:
        columns.append(_unit(writer, keep=False))
    columns += [_match_keys(created["name"])] if "name" in diff.fields else []
    accounts = created.select(
        pl.col("account").alias("id"),
        pl.col("parent_id").alias("parent_customer_id"),
        *columns,
        pl.lit(at.isoformat()).alias("created_at"),
    )
    with_amounts = [
        pl.lit("0.00" if places == 2 else "0.000").alias(name)
        for name, places in AMOUNT_FIELDS.items()
        if name not in diff.fields
    ]
    bulk.copy_frame(Account, accounts.with_columns(with_amounts))
    histories.record_created(Account, keys, by=writer.by, at=at, reason=writer.reason)
    bulk.copy_frames(MasterRecord, (_new_records(writer, part) for part in created.iter_slices(_AT_ONCE)))
    bulk.copy_frame(Event, _events(writer, created.select("account", pl.lit("{}").alias("changes")), VERBS[What.CREATED]))
    return dict(created.select("parent_id", "account").iter_rows())


def _match_keys(names: pl.Series) -> pl.Series:
    """What names are compared by; each is worked out once."""
    keys = matching.name_keys(names.unique().to_list())
    return names.replace_strict(keys or {"": ""}, default="", return_dtype=pl.String).alias("match_key")


def _new_records(writer: _Writer, parents: pl.DataFrame) -> pl.DataFrame:
    run = pl.lit(writer.run.pk, dtype=pl.Int64)
    return parents.select(
        pl.col("account").alias("account_id"),
        _values(writer).alias("values"),
        pl.lit("{}").alias("runs"),
        run.alias("first_run_id"),
        run.alias("run_id"),
    )


def _values(writer: _Writer) -> pl.Expr:
    """The master's word on each field, as JSON."""
    names = [pl.col(name) for name in writer.diff.fields]
    if "owner" in writer.diff.fields:
        names.append(pl.col("owner_label").alias("owner_name"))
    return pl.struct(names).struct.json_encode()


_NULLS = r'"[a-z0-9_]+":null,?'
"""A key without a value; within a text its quotation marks would have a backslash before them."""


def _without_nulls(json_text: pl.Expr) -> pl.Expr:
    return json_text.str.replace_all(_NULLS, "").str.replace(r",\}$", "}")


def changes_of(diff: CustomerDiff, inputs: Inputs) -> pl.DataFrame:
    """`account`, `changes`: as JSON per changed account `{field: [before, after]}`, people by their names."""
    names = {str(person.pk): person.name for person in inputs.people.values()}
    names |= _names_of(diff, set(names))
    pairs = []
    for field in diff.fields:
        before, after = pl.col(f"{field} before"), pl.col(field)
        if field == "owner":
            before = before.replace_strict(names or {"": ""}, default="", return_dtype=pl.String)
            after = pl.col("owner_id").cast(pl.String).replace_strict(names or {"": ""}, default="", return_dtype=pl.String)
        pairs.append(pl.when(pl.col(f"{field}?")).then(pl.concat_list(before, after)).alias(field))
    status = pl.lit(pl.Series([[AccountStatus.INACTIVE.value, AccountStatus.ACTIVE.value]]))
    pairs.append(pl.when(pl.col("back?")).then(status).alias("status"))
    return diff.changed.select("account", _without_nulls(pl.struct(pairs).struct.json_encode()).alias("changes"), "back?")


def _names_of(diff: CustomerDiff, known: set[str]) -> dict[str, str]:
    """The names of former owners whom the master does not know."""
    if "owner" not in diff.fields or not len(diff.changed):
        return {}
    former = set(diff.changed.filter("owner?")["owner before"].to_list()) - known - {""}
    return {str(pk): name for pk, name in User.objects.filter(pk__in=list(map(int, former))).values_list("pk", "display_name")}


def _update_accounts(writer: _Writer) -> None:
    changed = writer.diff.changed
    if not len(changed):
        return
    fields = [name for name in writer.diff.fields if bool(changed[f"{name}?"].any())]
    columns: list[Any] = [_after(writer, field, keep=True) for field in fields]
    if "owner" in fields:
        columns.append(_unit(writer, keep=True))
    if "name" in fields:
        columns.append(_match_keys(changed.select(_after(writer, "name", keep=True))["name"]))
    if bool(changed["back?"].any()):
        columns.append(pl.when("back?").then(pl.lit(AccountStatus.ACTIVE.value)).otherwise(pl.col("status")).alias("status"))
    _update(writer, changed.select(pl.col("account").alias("id"), *columns, (pl.col("version") + 1).alias("version")))
    told = changes_of(writer.diff, writer.inputs)
    bulk.copy_frame(Event, _events(writer, told.filter(~pl.col("back?")), VERBS[What.UPDATED]))
    bulk.copy_frame(Event, _events(writer, told.filter("back?"), VERBS[What.REACTIVATED]))


def moves_of(astray: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Those of these accounts that are not in the business unit of their owner: `pk`, `name`, the customer number, `version`, the
    unit to be theirs, and both units by their codes."""
    names = ("pk", "name", "parent_customer_id", "version", "owner__team__unit", "unit__code", "owner__team__unit__code")
    for some in db.batches(astray, db.keys_at_once()):
        yield from selectors.astray().filter(pk__in=some).order_by("pk").values(*names)


def units_of(move: Mapping[str, Any]) -> list[str]:
    return [move["unit__code"] or "", move["owner__team__unit__code"] or ""]


def _follow_owners(writer: _Writer, astray: Sequence[int]) -> None:
    moves = list(moves_of(astray))
    if not moves:
        return
    rows = [(move["pk"], move["owner__team__unit"], move["version"] + 1) for move in moves]
    _update(writer, pl.DataFrame(rows, schema={"id": pl.Int64, "unit_id": pl.Int64, "version": pl.Int64}, orient="row"))
    told = [(move["pk"], json.dumps({"unit": units_of(move)})) for move in moves]
    frame = pl.DataFrame(told, schema=["account", "changes"], orient="row")
    bulk.copy_frame(Event, _events(writer, frame, VERBS[What.UPDATED]))


def _update(writer: _Writer, accounts: pl.DataFrame) -> None:
    bulk.update_frame(Account, accounts)
    histories.record_changed(Account, accounts["id"].to_list(), by=writer.by, at=writer.at, reason=writer.reason)


def _events(writer: _Writer, told: pl.DataFrame, verb: str) -> pl.DataFrame:
    name = writer.by.display_name if writer.by else writer.run.source[:150]
    data = pl.lit(f'{{"run": {writer.run.pk}, "changes": ') + pl.col("changes") + pl.lit("}")
    return told.select(
        pl.lit(events.subject_type(Account)).alias("subject_type"),
        pl.col("account").alias("subject_id"),
        pl.lit(verb).alias("verb"),
        pl.lit(writer.by.pk if writer.by else None, dtype=pl.Int64).alias("by_id"),
        pl.lit(name).alias("by_name"),
        data.alias("data"),
        pl.lit(writer.at.isoformat()).alias("at"),
    )


def _propose_links(writer: _Writer, created: dict[str, int]) -> None:
    """Accounts that are new, or are called or numbered otherwise, may be somebody's prospect."""
    names = [f"{name}?" for name in ("name", "business_id", "vat_number") if name in writer.diff.fields]
    changed = writer.diff.changed
    keys = changed.filter(pl.any_horizontal(names))["account"].to_list() if names and len(changed) else []
    keys += created.values()
    if keys:
        prospects.link_proposals_make(keys if len(keys) <= _MANY else None, by=writer.by, at=writer.at)


def _save_records(writer: _Writer) -> None:
    """The master's word on each field; one that says what it said keeps the run that brought it."""
    parents = writer.diff.parents
    if not len(parents):
        return
    bulk.copy_frame(MasterRecord, _new_records(writer, parents.filter("is_new")))
    back = pl.col("account").is_in(pl.Series(writer.diff.reactivated, dtype=pl.Int64).implode())
    moved = pl.col("account").is_in(writer.diff.changed["account"].implode())
    changed = parents.filter(~pl.col("is_new") & (pl.col("record?") | back | moved))
    said = dict(changed.select("account", _values(writer)).iter_rows())
    for keys in db.batches(changed["account"].to_list(), db.keys_at_once()):
        records = list(MasterRecord.objects.filter(pk__in=keys))
        for record in records:
            _note(record, json.loads(said[record.pk]), writer.run)
        reactivated = set(writer.diff.reactivated)
        for record in records:
            record.switched_off = record.switched_off and record.pk not in reactivated
        frame = pl.DataFrame(
            {
                "account_id": [record.pk for record in records],
                "values": [json.dumps(record.values, ensure_ascii=False) for record in records],
                "runs": [json.dumps(record.runs) for record in records],
                "run_id": [record.run_id for record in records],
                "switched_off": [record.switched_off for record in records],
            }
        )
        bulk.update_frame(MasterRecord, frame)


def _note(record: MasterRecord, said: dict[str, str], run: JobRun) -> None:
    for field, value in said.items():
        if record.values.get(field) != value:
            record.values[field] = value
            if field != "owner_name":
                record.runs[field] = run.pk
    record.run_id = run.pk


def _deactivate_accounts(writer: _Writer) -> None:
    gone = writer.diff.deactivated
    if not len(gone):
        return
    versions: dict[int, int] = {}
    for keys in db.batches(gone["account"].to_list(), db.keys_at_once()):
        versions |= dict(Account.objects.filter(pk__in=keys).values_list("pk", "version"))
        MasterRecord.objects.filter(pk__in=keys).update(switched_off=True, run=writer.run)
    rows = [(pk, AccountStatus.INACTIVE.value, version + 1) for pk, version in sorted(versions.items())]
    _update(writer, pl.DataFrame(rows, schema=["id", "status", "version"], orient="row"))
    change = json.dumps({"status": [AccountStatus.ACTIVE.value, AccountStatus.INACTIVE.value]})
    bulk.copy_frame(Event, _events(writer, gone.select("account", pl.lit(change).alias("changes")), VERBS[What.DEACTIVATED]))


def _save_conflicts(writer: _Writer, conflicts: Conflicts, created: dict[str, int]) -> None:
    for row in conflicts.settled:
        row.resolved_at = writer.at
    for row in conflicts.changed:
        row.run = writer.run
    held = _still_open([row.pk for row in (*conflicts.settled, *conflicts.changed)])
    rows = [row for row in (*conflicts.settled, *conflicts.changed) if row.pk in held]
    MasterConflict.objects.bulk_update(rows, ["kind", "candidates", "run", "resolved_at"], batch_size=100)
    new: dict[str, list[Any]] = {"account_id": [], "field": [], "kind": [], "candidates": []}
    for found in conflicts.new:
        new["account_id"].append(found.account or created[found.parent_id])
        new["field"].append(found.field)
        new["kind"].append(found.kind)
        new["candidates"].append(json.dumps(found.candidates, ensure_ascii=False))
    frame = pl.DataFrame(new, schema_overrides={"account_id": pl.Int64})
    bulk.copy_frame(MasterConflict, frame.with_columns(pl.lit(writer.run.pk, dtype=pl.Int64).alias("run_id")))


def _still_open(conflicts: Sequence[int]) -> set[int]:
    """Those that nobody has closed meanwhile, locked."""
    found: set[int] = set()
    for keys in db.batches(sorted(conflicts), db.keys_at_once()):
        held = MasterConflict.objects.select_for_update(**db.lock_options()).filter(pk__in=keys, resolved_at=None)
        found.update(held.order_by("pk").values_list("pk", flat=True))
    return found


def _write_sites(writer: _Writer, created: dict[str, int]) -> None:
    diff = writer.diff
    rows = pl.concat([diff.new_sites, diff.changed_sites])
    owners = pl.DataFrame(list(created.items()), schema={"parent_id": pl.String, "account_id": pl.Int64}, orient="row")
    known = diff.parents.select("parent_id", account_id="account") if len(diff.parents) else owners.clear()
    accounts = rows.select("parent_id").join(pl.concat([owners, known]), on="parent_id", how="left", maintain_order="left")
    rows = rows.with_columns(accounts["account_id"])
    new, changed = without(rows, rows["site"].is_not_null()), rows.filter(pl.col("site").is_not_null())
    bulk.copy_frames(Site, (_sites(part).drop("id") for part in new.iter_slices(_AT_ONCE)))
    bulk.update_frame(Site, _sites(changed).drop("child_id"))
    renew_hashes(diff)
    for some in db.batches(diff.resting, db.keys_at_once()):
        Site.objects.filter(pk__in=some).update(is_active=False, missed=0)
    for some in db.batches(diff.missed, db.keys_at_once()):
        Site.objects.filter(pk__in=some).update(missed=F("missed") + 1)
    for some in db.batches(diff.back, db.keys_at_once()):
        Site.objects.filter(pk__in=some).update(missed=0)


def _sites(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows as they are stored."""
    further = pl.struct(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in FURTHER).struct.json_encode()
    return rows.select(
        pl.col("site").alias("id"),
        "child_id",
        "account_id",
        *(pl.col(column).alias(name) for name, column in SITE_COLUMNS.items()),
        frames.amount("revenue", 2).alias("revenue"),
        frames.amount("volume", 3).alias("volume"),
        _without_nulls(further).alias("row"),
        "row_hash",
        pl.lit(value=True).alias("is_active"),
        pl.lit(0).alias("missed"),
    )


def renew_hashes(diff: CustomerDiff) -> None:
    """Rows that say the same in other words are passed over quickly from now on, where there are many."""
    if len(diff.same_hashes) >= _MANY_HASHES:
        bulk.update_frame(Site, diff.same_hashes.rename({"site": "id"}))


def _tell_moves(writer: _Writer, created: dict[str, int]) -> None:
    """Whoever gets sites is told from whom: `{site: [former parent, this one]}`."""
    if not len(writer.diff.moved):
        return
    keys = created | dict(writer.diff.parents.select("parent_id", "account").iter_rows())
    told = []
    for (parent,), moved in (
        writer.diff.moved.sort("child_id").partition_by("parent_id", as_dict=True, maintain_order=True).items()
    ):
        changes = {child: [before or "", str(parent)] for child, before in moved.select("child_id", "stored_parent").iter_rows()}
        told.append((keys[str(parent)], json.dumps(changes, ensure_ascii=False)))
    bulk.copy_frame(Event, _events(writer, pl.DataFrame(told, schema=["account", "changes"], orient="row"), VERBS[What.MOVED]))
