"""What a customer master would change: rows by their hash first, then the accounts of the rows that differ. Only reads.

Only parents of which a row is new, another one, or gone are worked out again; when salespeople or rules have changed since the
last run, all of them, those that the file leaves out among them. Everything here is whole columns, under the names of
`accounts.survivorship`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext_noop as _

from accounts.models import MASTER_LOOK_UPS, Account, AccountStatus, FieldOverride, MasterRecord, Site
from accounts.survivorship import NAMES, ConflictKind, FieldRule, Rule as How
from core import db
from integration import checks, frames
from integration.checks import Fault, Finding
from integration.choices import UNSHOWN, Rule
from integration.look_ups import LookUps
from integration.validation import CELLS, MONEY_PLACES, TEXTS, VOLUME_PLACES, CustomerRows, without

SITE_COLUMNS = {
    "name": "child_name", "sap_code": "sap_code", "street": "street", "postcode": "postcode", "city": "city",
    "country": "country",
}  # fmt: skip
"""Which cell of a row has a column of its own."""
FURTHER = tuple(name for name in TEXTS if name not in ("child_id", "parent_id", *SITE_COLUMNS.values()))
"""The cells that have none: `Site.row`."""
RENAMED = ("name", "tma1", "tma2")
AMOUNT_FIELDS = {"yearly_revenue": MONEY_PLACES, "yearly_volume": VOLUME_PLACES}

Aggregate = Callable[[pl.DataFrame, list[FieldRule]], pl.DataFrame]


@dataclass(frozen=True)
class Person:
    """A user whom the master knows as a salesperson."""

    pk: int
    unit_id: int | None
    name: str


@dataclass(frozen=True)
class Inputs:
    """What decides besides the rows: who the salespeople are, the rules, and how many complete runs a site may be missing."""

    people: Mapping[str, Person]
    rules: Mapping[str, FieldRule]
    look_ups: LookUps
    decisions: Mapping[str, str] = field(default_factory=dict)
    """Per child id the parent that a steward has given it; those with one may be another company now."""
    everything: bool = False
    is_complete: bool = False
    runs_until_gone: int = 2


@dataclass
class Known:
    """The sites and accounts there are: `sites` has child_id, site, account, row_hash, is_active, missed, stored_parent;
    `accounts` has account, parent_id, status."""

    sites: pl.DataFrame
    accounts: pl.DataFrame

    @property
    def hashes(self) -> pl.DataFrame:
        return self.sites.filter(pl.col("is_active")).select("child_id", "row_hash")


@dataclass
class CustomerDiff:
    """Everything a run would write, and how much it would leave alone.

    `new_sites` and `changed_sites` are rows as `CustomerRows.rows`, the latter with `site`. `created` are parents as from
    `aggregation.aggregate`; `changed` are those with their `account`, `before` and `after` of each field and whether it differs
    (`<field>?`). `parents` are those of all accounts that were worked out; `record?` tells whose master record changes.
    """

    faults: list[Fault]
    fields: list[str]
    created: pl.DataFrame
    parents: pl.DataFrame
    changed: pl.DataFrame
    deactivated: pl.DataFrame
    reactivated: list[int]
    new_sites: pl.DataFrame
    changed_sites: pl.DataFrame
    same_hashes: pl.DataFrame
    moved: pl.DataFrame
    resting: list[int]
    missed: list[int]
    back: list[int]
    parents_seen: int
    rows_unchanged: int

    def is_empty(self) -> bool:
        rows = (self.created, self.changed, self.deactivated, self.new_sites, self.changed_sites)
        return not (any(map(len, rows)) or self.resting or self.missed or self.back or self.records_changed)

    @property
    def records_changed(self) -> bool:
        return bool(self.parents["record?"].any()) if len(self.parents) else False

    @property
    def updated(self) -> int:
        return len(self.changed)

    @property
    def renamed(self) -> int:
        marks = [pl.col(f"{name}?") for name in RENAMED if name in self.fields]
        return len(self.changed.filter(pl.any_horizontal(marks))) if marks and len(self.changed) else 0


def known() -> Known:
    """What the database has. Two queries, whatever there is."""
    accounts = frames.fetch(
        Account.objects.exclude(parent_customer_id=None).order_by().values_list("pk", "parent_customer_id", "status"),
        {"account": pl.Int64, "parent_id": pl.String, "status": pl.String},
    )
    sites = frames.fetch(
        Site.objects.order_by().values_list("child_id", "pk", "account_id", "row_hash", "is_active", "missed"),
        {
            "child_id": pl.String, "site": pl.Int64, "account": pl.Int64, "row_hash": pl.Int64, "is_active": pl.Boolean,
            "missed": pl.Int64,
        },
    )  # fmt: skip
    owners = accounts.select("account", stored_parent="parent_id")
    return Known(sites.join(owners, on="account", how="left"), accounts)


def compare(checked: CustomerRows, stored: Known, inputs: Inputs, aggregate: Aggregate) -> CustomerDiff:
    """Compare a checked customer master with what there is."""
    rows, faults = _rows(checked, stored, inputs)
    new, changed = without(rows, rows["site"].is_not_null()), rows.filter(pl.col("differs"))
    moved = changed.filter(pl.col("stored_parent") != pl.col("parent_id"))
    resting, missed, back = _absent(checked, rows, faults, stored, inputs)
    affected = _affected(checked, rows, moved, resting, stored, inputs)
    fields = [name for name, rule in inputs.rules.items() if rule.column in checked.present]
    rules = [inputs.rules[name] for name in fields]
    same = checked.same.clear() if _looked_at(rules) - checked.present else checked.same
    living = _living(checked, rows, same, affected, stored, pl.Series(resting, dtype=pl.Int64))
    parents = aggregate(living, rules).join(stored.accounts, on="parent_id", how="left")
    parents = _with_conflicts(parents, fields, inputs)
    deactivated = _deactivated(affected, parents, stored)
    seen = pl.concat([rows["parent_id"], checked.same["parent_id"]]).n_unique()
    diff = CustomerDiff(
        faults=faults,
        fields=fields,
        created=parents.filter(pl.col("account").is_null()),
        parents=parents.clear(),
        changed=parents.clear(),
        deactivated=deactivated,
        reactivated=[],
        new_sites=new,
        changed_sites=changed,
        same_hashes=rows.filter(~pl.col("differs") & pl.col("site").is_not_null()).select("site", "row_hash"),
        moved=moved,
        resting=resting,
        missed=missed,
        back=back,
        parents_seen=seen,
        rows_unchanged=len(rows) - len(new) - len(changed) + len(checked.same) + len(checked.copies),
    )
    look_at(diff, parents.filter(pl.col("account").is_not_null()), inputs)
    return diff


def _rows(checked: CustomerRows, stored: Known, inputs: Inputs) -> tuple[pl.DataFrame, list[Fault]]:
    """The rows that were looked at, with `site`, `account`, `stored_parent` and whether anything `differs` from what is stored;
    and all faults, those of ids that now mean another company among them."""
    held = checked.rows.select("child_id").join(
        stored.sites.select("child_id", "site", "account", "stored_parent", "is_active"),
        on="child_id", how="left", maintain_order="left",
    )  # fmt: skip
    rows = checked.rows.with_columns(held.drop("child_id"))
    if not bool(rows["site"].is_not_null().any()):
        return rows.select(*checked.rows.columns, "site", "account", "stored_parent", differs=pl.lit(value=False)), checked.faults
    old = _stored_rows(rows["site"].drop_nulls().to_list())
    names = CELLS
    before = rows.select("site").join(
        old.select("site", *(pl.col(name).alias(f"{name} before") for name in names if name != "child_id")),
        on="site", how="left", maintain_order="left",
    )  # fmt: skip
    rows = rows.with_columns(before.drop("site"))
    lacking = [name for name in names if name not in checked.present and name not in ("child_id", "parent_id", "parent_name")]
    rows = rows.with_columns(
        pl.when(pl.col("site").is_not_null()).then(pl.col(f"{name} before")).otherwise(pl.col(name)).alias(name)
        for name in lacking
    )
    same = [pl.col(name) == pl.col(f"{name} before") for name in names if name not in ("child_id", "parent_id")]
    same.append(pl.col("parent_id") == pl.col("stored_parent"))
    differs = pl.col("site").is_not_null() & ~(pl.all_horizontal(same).fill_null(value=False) & pl.col("is_active"))
    rows = rows.with_columns(differs.fill_null(value=False).alias("differs"))
    reused = rows.filter(
        pl.col("differs")
        & _is_another_company()
        & ~pl.col("child_id").is_in([child for child, parent in inputs.decisions.items() if parent])
    )
    faults = [*checked.faults, *_reused(reused, checked)] if len(reused) else list(checked.faults)
    rows = rows.join(reused.select("#"), on="#", how="anti", maintain_order="left")
    return rows.select(*checked.rows.columns, "site", "account", "stored_parent", "differs"), sorted(
        faults, key=lambda fault: fault.row
    )


def _is_another_company() -> pl.Expr:
    """Business ID and name both differ, where both were known."""

    def differs(name: str) -> pl.Expr:
        now, before = pl.col(name).str.to_lowercase(), pl.col(f"{name} before").str.to_lowercase()
        return (now != "") & (before != "") & (now != before)

    nameless = (pl.col("child_name") == "") | (pl.col("child_name before") == "")
    return differs("business_id") & (differs("child_name") | (nameless & differs("parent_name")))


def _reused(rows: pl.DataFrame, checked: CustomerRows) -> list[Fault]:
    column = checked.layout.profile.columns.get("child_id", "child_id")
    message = _("%(column)s “%(value)s” was another company until now: %(before)s.")
    found = []
    for row in rows.iter_rows(named=True):
        before = row["child_name before"] or row["parent_name before"]
        facts = {
            "column": column,
            "value": checks.shown(row["child_id"]),
            "before": checks.shown(f"{before} {row['business_id before']}"),
        }
        found.append(Fault(row["#"], checks.shown(row["child_id"])[:100], (Finding(Rule.REUSED_ID, message, facts),)))
    return found


def _stored_rows(sites: list[int]) -> pl.DataFrame:
    """Sites as rows of the master: `site`, `account`, the cells, amounts in their smallest units."""
    shape: dict[str, Any] = {"site": pl.Int64, "account": pl.Int64, "child_id": pl.String, "parent_id": pl.String}
    shape |= dict.fromkeys(SITE_COLUMNS.values(), pl.String) | {"revenue": pl.String, "volume": pl.String, "row": pl.String}
    columns: tuple[Any, ...] = (
        "pk", "account_id", "child_id", "account__parent_customer_id", *SITE_COLUMNS, "revenue", "volume",
        Cast("row", TextField()),
    )  # fmt: skip
    queries = [Site.objects.filter(pk__in=keys).order_by().values_list(*columns) for keys in db.batches(sites, db.keys_at_once())]
    parts = [pl.DataFrame(schema=shape), *(frames.fetch(query, shape) for query in queries)]
    further = pl.col("row").str.json_decode(pl.Struct(dict.fromkeys(FURTHER, pl.String)))
    frame = pl.concat(parts).with_columns(further.alias("row")).unnest("row")
    return frame.with_columns(
        frames.units("revenue").alias("revenue"), frames.units("volume").alias("volume"), pl.col(FURTHER).fill_null("")
    )


def _absent(
    checked: CustomerRows, rows: pl.DataFrame, faults: list[Fault], stored: Known, inputs: Inputs
) -> tuple[list[int], list[int], list[int]]:
    """(sites that rest from now on, those that are missing once more, those that were missing and are there again).

    A site rests when its row does not enter any more, and when enough complete runs have been without it. A faulty row, and one
    whose number cannot be read, is no proof that anything is missing.
    """
    held = stored.sites.filter(pl.col("is_active")).select("child_id", "site", "missed")
    unread = pl.Series("child_id", [fault.key for fault in faults], dtype=pl.String)
    used = pl.concat([rows["child_id"], checked.same["child_id"], unread.rename("child_id")]).to_frame()
    out = checked.ignored.select("child_id").unique()
    resting = held.join(out, on="child_id", how="semi").join(used, on="child_id", how="anti")["site"].to_list()
    seen = pl.concat([rows["child_id"], checked.same["child_id"]]).to_frame()
    back = held.filter(pl.col("missed") > 0).join(seen, on="child_id", how="semi")["site"].to_list()
    if not inputs.is_complete or _is_one_unread(faults, held["child_id"]):
        return sorted(resting), [], sorted(back)
    copies = pl.concat([used, out])
    absent = held.join(copies, on="child_id", how="anti")
    gone = absent.filter(pl.col("missed") + 1 >= inputs.runs_until_gone)["site"].to_list()
    missed = absent.filter(pl.col("missed") + 1 < inputs.runs_until_gone)["site"].to_list()
    return sorted([*resting, *gone]), sorted(missed), sorted(back)


def _is_one_unread(faults: list[Fault], known: pl.Series) -> bool:
    """Whether there is a row of which cannot be told whose it is: without a number, with one that holds what cannot be printed,
    or with cells too many or too few and a number that nobody has."""
    if any(not fault.key or UNSHOWN in fault.key for fault in faults):
        return True
    shifted = pl.Series([fault.key for fault in faults if fault.code == Rule.CELL_COUNT], dtype=pl.String)
    return not shifted.is_in(known.implode()).all()


def _affected(
    checked: CustomerRows, rows: pl.DataFrame, moved: pl.DataFrame, resting: list[int], stored: Known, inputs: Inputs
) -> pl.DataFrame:
    """The parents to work out again."""
    fresh = rows.filter(pl.col("site").is_null() | pl.col("differs"))["parent_id"]
    left = moved["stored_parent"].rename("parent_id")
    off = stored.sites.filter(pl.col("site").is_in(pl.Series(resting, dtype=pl.Int64).implode()))["stored_parent"]
    every: list[pl.Series] = []
    if inputs.everything:
        others = stored.sites.filter(pl.col("is_active"))["stored_parent"].rename("parent_id")
        every = [rows["parent_id"], checked.same["parent_id"], others]
    return pl.concat([fresh, left, off.rename("parent_id"), *every]).drop_nulls().unique().to_frame()


def _looked_at(rules: list[FieldRule]) -> set[str]:
    """The columns of a row that these rules decide by."""
    found = {rule.column for rule in rules} | {NAMES[rule.column] for rule in rules if rule.column in NAMES}
    found |= {"child_name"} if any(rule.field == "name" for rule in rules) else set()
    return found.union(*(_WEIGHTS[rule.rule] for rule in rules if rule.rule in _WEIGHTS))


_WEIGHTS = {
    How.BY_REVENUE: {"revenue"}, How.BY_VOLUME: {"postcode", "street", "volume"}, How.LATEST: {"updated_at"},
}  # fmt: skip


def _living(
    checked: CustomerRows, rows: pl.DataFrame, same: pl.DataFrame, affected: pl.DataFrame, stored: Known, gone: pl.Series
) -> pl.DataFrame:
    """All rows of the affected parents: those of the file, and of sites it does not tell of as they were applied last.

    `same`: the rows that stand as before; none where the file lacks a column that decides and that is known from another one.
    """
    fresh = without(rows, ~rows["parent_id"].is_in(affected["parent_id"].implode())).select(CELLS)
    told = pl.concat([rows["child_id"], same["child_id"]]).to_frame()
    same = same.join(affected, on="parent_id", how="semi")
    rest = stored.sites.filter(pl.col("is_active")).join(
        affected.rename({"parent_id": "stored_parent"}), on="stored_parent", how="semi"
    )
    rest = rest.join(told, on="child_id", how="anti").filter(~pl.col("site").is_in(gone.implode()))
    return pl.concat([fresh, checked.ready(same).select(CELLS), _stored_rows(rest["site"].to_list()).select(CELLS)])


def _with_conflicts(parents: pl.DataFrame, fields: list[str], inputs: Inputs) -> pl.DataFrame:
    """The parents with `owner_id` and, of people nobody knows, that conflict."""
    if "owner" not in fields:
        blank = [pl.lit("").alias("owner_conflict"), pl.lit(None, dtype=pl.Int64).alias("owner_id")]
        return parents.with_columns(*blank, pl.lit("").alias("owner_label"))
    people = {code: person.pk for code, person in inputs.people.items()}
    keys = pl.DataFrame(
        {"owner": list(people), "owner_id": list(people.values())}, schema={"owner": pl.String, "owner_id": pl.Int64}
    )
    parents = parents.join(keys, on="owner", how="left", maintain_order="left")
    stranger = (pl.col("owner_conflict") == "") & pl.col("owner_id").is_null()
    return parents.with_columns(
        pl.when(stranger).then(pl.lit(ConflictKind.UNKNOWN.value)).otherwise(pl.col("owner_conflict")).alias("owner_conflict")
    )


def _deactivated(affected: pl.DataFrame, parents: pl.DataFrame, stored: Known) -> pl.DataFrame:
    """Active accounts of the master of which no living row is left: `account`, `parent_id`."""
    without = affected.join(parents.select("parent_id"), on="parent_id", how="anti")
    held = stored.accounts.filter(pl.col("status") == AccountStatus.ACTIVE.value).join(without, on="parent_id", how="semi")
    found: list[int] = []
    for keys in db.batches(held["account"].to_list(), db.keys_at_once()):
        found += MasterRecord.objects.filter(pk__in=keys).values_list("pk", flat=True)
    return (
        held.filter(pl.col("account").is_in(pl.Series(found, dtype=pl.Int64).implode()))
        .select("account", "parent_id")
        .sort("account")
    )


def look_at(diff: CustomerDiff, parents: pl.DataFrame, inputs: Inputs) -> None:
    """Compare these parents, whose accounts exist, field by field, and note in `diff` what differs. To be called again for
    accounts that have been locked meanwhile."""
    held = _accounts(parents["account"].to_list(), inputs)
    records = _records(parents["account"].to_list(), diff.fields)
    frame = parents.drop("status").join(held, on="account", how="inner").join(records, on="account", how="left").sort("account")
    marks = []
    for name in diff.fields:
        after = pl.col(name)
        if name == "owner":
            after = (
                pl.when((pl.col("owner_conflict") == "") & pl.col("owner_id").is_not_null())
                .then(pl.col("owner_id").cast(pl.String))
                .otherwise(pl.col("owner before"))
            )
        differs = (after != pl.col(f"{name} before")) & ~pl.col("overridden").list.contains(name)
        marks.append(differs.fill_null(value=False).alias(f"{name}?"))
    stored = [pl.col(name).fill_null("") == pl.col(f"{name} stored").fill_null("") for name in diff.fields]
    names = ["owner_label"] if "owner" in diff.fields else []
    stored += [pl.col(name).fill_null("") == pl.col("owner_name stored").fill_null("") for name in names]
    told = pl.all_horizontal(stored) if stored else pl.lit(value=True)
    frame = frame.with_columns(*marks, (~told | pl.col("is_new")).alias("record?"))
    back = pl.col("switched_off").fill_null(value=False) & (pl.col("status") == AccountStatus.INACTIVE.value)
    frame = frame.with_columns(back.alias("back?"))
    any_field = pl.any_horizontal([pl.col(f"{name}?") for name in diff.fields]) if diff.fields else pl.lit(value=False)
    diff.parents = frame
    diff.changed = frame.filter(any_field | pl.col("back?"))
    diff.reactivated = frame.filter("back?")["account"].to_list()


def _accounts(keys: list[int], inputs: Inputs) -> pl.DataFrame:
    """`account`, `status`, `version`, `unit_id`, `<field> before` of every master-fed field as text, `overridden` fields."""
    plain = [name for name in Account.MASTER_FIELDS if name not in {*MASTER_LOOK_UPS, *AMOUNT_FIELDS, "owner"}]
    shape: dict[str, Any] = {"account": pl.Int64, "status": pl.String, "version": pl.Int64, "unit_id": pl.Int64}
    shape |= {f"{name} before": pl.String for name in (*plain, *AMOUNT_FIELDS)}
    shape |= {f"{name} before": pl.Int64 for name in (*MASTER_LOOK_UPS, "owner")}
    by_key = [f"{name}_id" for name in (*MASTER_LOOK_UPS, "owner")]
    columns = ("pk", "status", "version", "unit_id", *plain, *AMOUNT_FIELDS, *by_key)
    parts, overridden = [pl.DataFrame(schema=shape)], list[tuple[int, str]]()
    for some in db.batches(keys, db.keys_at_once()):
        parts.append(frames.fetch(Account.objects.filter(pk__in=some).order_by().values_list(*columns), shape))
        overridden += FieldOverride.objects.filter(account__in=some).values_list("account_id", "field")
    frame = pl.concat(parts)
    frame = frame.with_columns(
        *(
            pl.col(f"{name} before")
            .replace_strict(
                {pk: code for code, pk in inputs.look_ups.pks[name].items()} or {0: ""}, default="", return_dtype=pl.String
            )
            .fill_null("")
            for name in MASTER_LOOK_UPS
        ),
        pl.col("owner before").cast(pl.String).fill_null(""),
    )
    marks = pl.DataFrame(overridden, schema={"account": pl.Int64, "overridden": pl.String}, orient="row")
    marks = marks.group_by("account").agg("overridden")
    return frame.join(marks, on="account", how="left").with_columns(pl.col("overridden").fill_null([]))


def _records(keys: list[int], fields: list[str]) -> pl.DataFrame:
    """`account`, `switched_off`, `is_new` (there is no record yet), `<field> stored`, `owner_name stored`."""
    names = [*fields, "owner_name"]
    shape: dict[str, Any] = {"account": pl.Int64, "switched_off": pl.Boolean, "values": pl.String}
    parts = [pl.DataFrame(schema=shape)]
    for some in db.batches(keys, db.keys_at_once()):
        rows = MasterRecord.objects.filter(pk__in=some).order_by()
        parts.append(frames.fetch(rows.values_list("pk", "switched_off", Cast("values", TextField())), shape))
    values = pl.col("values").str.json_decode(pl.Struct(dict.fromkeys(names, pl.String)))
    frame = pl.concat(parts).with_columns(values.alias("values")).unnest("values")
    frame = frame.rename({name: f"{name} stored" for name in names})
    every = pl.DataFrame({"account": pl.Series(keys, dtype=pl.Int64)})
    held = frame.with_columns(is_new=pl.lit(value=False))
    return every.join(held, on="account", how="left").with_columns(pl.col("is_new").fill_null(value=True))
