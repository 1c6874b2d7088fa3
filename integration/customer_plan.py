"""What a customer master would change: compared by hash first, then field by field. Reads and locks, writes nothing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import Any, TypeVar

import pandas as pd
from django.db.models import Count, Q

from accounts.models import (
    Account,
    AccountStatus,
    BusinessSize,
    CategoryTma1,
    CategoryTma2,
    Channel,
    Classification,
    FieldOverride,
    Industry,
    MasterConflict,
    MasterRecord,
    Region,
    Site,
)  # fmt: skip
from core import db
from integration import aggregation
from integration.customer_facts import Parent, parents_of
from integration.look_ups import LookUps
from integration.profiles import CUSTOMER_FIELDS
from integration.validation import MONEY_PLACES, VOLUME_PLACES, CustomerRows
from users.models import User

LOOK_UPS: dict[str, type[Any]] = {
    "tma1": CategoryTma1, "tma2": CategoryTma2, "industry": Industry, "business_size": BusinessSize,
    "classification": Classification, "channel": Channel, "region": Region,
}  # fmt: skip
BATCH = 400
"""Rows per statement: SQLite takes 999 parameters."""

TEXT_FIELDS = tuple(name for name in CUSTOMER_FIELDS if name not in ("revenue", "volume", "cpq_flag"))
Item = TypeVar("Item")


@dataclass
class AccountChange:
    """A locked account, what the master says of it, its open conflict, and what differs as {field: (before, after)}."""

    account: Account
    record: MasterRecord | None
    parent: Parent
    conflict: MasterConflict | None
    owner_is_overridden: bool
    changes: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class SiteRow:
    """A child customer as the file has it; `pk` is None for a new one."""

    pk: int | None
    child_id: str
    parent_id: str
    cells: dict[str, str]
    revenue: Decimal
    volume: Decimal
    row_hash: str


@dataclass
class CustomerPlan:
    """Everything a sync would write, and how much it would leave alone."""

    people: dict[str, User]
    look_ups: LookUps
    present: frozenset[str]
    parents: int = 0
    conflicts: int = 0
    created: list[Parent] = field(default_factory=list)
    changed: list[AccountChange] = field(default_factory=list)
    deactivated: list[tuple[Account, MasterRecord | None]] = field(default_factory=list)
    sites: list[SiteRow] = field(default_factory=list)
    moved: int = 0
    sites_unchanged: int = 0
    sites_off: list[int] = field(default_factory=list)
    reactivated: int = 0

    def is_empty(self) -> bool:
        return not (self.created or self.changed or self.deactivated or self.sites or self.sites_off)

    @property
    def updated(self) -> int:
        return sum(bool(change.changes) for change in self.changed)


def batches(items: Iterable[Item], size: int = BATCH) -> Iterator[list[Item]]:
    """`items` in lists of at most `size`."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def plan_customers(checked: CustomerRows) -> CustomerPlan:
    """Compare a checked customer master with the accounts and sites there are. Locks the accounts that would change, by pk."""
    people = {str(user.salesperson_id): user for user in _salespeople()}
    plan = CustomerPlan(people=people, look_ups=LookUps(LOOK_UPS), present=checked.present)
    children = _children(checked)
    _plan_sites(plan, checked, children)
    frame = aggregation.aggregate(pd.concat([checked.rows, _last_good(checked, children)]))
    _plan_accounts(plan, parents_of(frame, checked.present, {code: user.pk for code, user in people.items()}))
    _plan_deactivations(plan, checked, children, set(frame.index))
    return plan


def _salespeople() -> list[User]:
    people = User.objects.filter(is_active=True, salesperson_id__isnull=False).exclude(salesperson_id="")
    return list(people.select_related("team"))


@dataclass(frozen=True)
class _Child:
    pk: int
    account: int
    parent_id: str
    row_hash: str
    is_active: bool


def _children(checked: CustomerRows) -> dict[str, _Child]:
    """Every site there is, by its number."""
    columns = ("child_id", "pk", "account_id", "account__parent_customer_id", "row_hash", "is_active")
    return {row[0]: _Child(row[1], row[2], row[3] or "", row[4], row[5]) for row in Site.objects.values_list(*columns)}


def _plan_sites(plan: CustomerPlan, checked: CustomerRows, children: Mapping[str, _Child]) -> None:
    for site in _site_rows(checked, children):
        known = children.get(site.child_id)
        if known and known.is_active and known.row_hash == site.row_hash:
            plan.sites_unchanged += 1
            continue
        plan.sites.append(site)
        plan.moved += bool(known and known.parent_id != site.parent_id)


def _site_rows(checked: CustomerRows, children: Mapping[str, _Child]) -> Iterator[SiteRow]:
    texts = [name for name in TEXT_FIELDS if name in checked.present or name in ("parent_id", "parent_name")]
    columns = [checked.rows[name].tolist() for name in (*texts, "child_id", "revenue", "volume")]
    for *cells, child_id, revenue, volume in zip(*columns, strict=True):
        known = children.get(child_id)
        yield SiteRow(
            pk=known.pk if known else None,
            child_id=child_id,
            parent_id=cells[texts.index("parent_id")],
            cells={name: cell for name, cell in zip(texts, cells, strict=True) if cell},
            revenue=Decimal(revenue).scaleb(-MONEY_PLACES),
            volume=Decimal(volume).scaleb(-VOLUME_PLACES),
            row_hash=aggregation.row_hash([*texts, *cells, str(revenue), str(volume)]),
        )


def _last_good(checked: CustomerRows, children: Mapping[str, _Child]) -> pd.DataFrame:
    """Children whose row is quarantined, as they were last applied: an unreadable row must not shrink its parent."""
    used = set(checked.rows["child_id"])
    faulty = {fault.key for fault in checked.faults if fault.key in children and fault.key not in used}
    rows: list[dict[str, Any]] = []
    for batch in batches(sorted(faulty)):
        for site in Site.objects.filter(child_id__in=batch, is_active=True):
            texts = {name: site.row.get(name, "") for name in TEXT_FIELDS}
            cents, thousandths = int(site.revenue.scaleb(MONEY_PLACES)), int(site.volume.scaleb(VOLUME_PLACES))
            rows.append({**texts, "child_id": site.child_id, "revenue": cents, "volume": thousandths, "cpq_flag": True})
    return pd.DataFrame(rows, columns=checked.rows.columns).astype(checked.rows.dtypes.to_dict())


def _plan_accounts(plan: CustomerPlan, parents: Iterable[Parent]) -> None:
    """Split into new, untouched and (after a closer look) changed accounts."""
    columns = ("parent_customer_id", "pk", "status", "master__row_hash")
    known = {row[0]: row[1:] for row in Account.objects.exclude(parent_customer_id=None).values_list(*columns)}
    suspects: dict[int, Parent] = {}
    for parent in parents:
        plan.parents += 1
        plan.conflicts += bool(parent.conflict)
        if parent.parent_id not in known:
            plan.created.append(parent)
            continue
        pk, status, row_hash = known[parent.parent_id]
        if row_hash != parent.row_hash or status == AccountStatus.INACTIVE:
            suspects[pk] = parent
    for batch in batches(sorted(suspects)):
        _compare(plan, {pk: suspects[pk] for pk in batch})


def _compare(plan: CustomerPlan, suspects: Mapping[int, Parent]) -> None:
    """Look at each field of these accounts; those in which nothing at all differs are left out."""
    accounts = _locked(suspects)
    records = MasterRecord.objects.in_bulk(list(suspects))
    overridden = set(FieldOverride.objects.filter(account__in=suspects).values_list("account_id", "field"))
    conflicts = {
        row.account_id: row for row in MasterConflict.objects.filter(account__in=suspects, field="owner", resolved_at=None)
    }
    owners = {user.pk: user for user in plan.people.values()}
    for account in accounts:
        parent, record = suspects[account.pk], records.get(account.pk)
        change = AccountChange(account, record, parent, conflicts.get(account.pk), (account.pk, "owner") in overridden)
        for name in parent.facts:
            if name in Account.MASTER_FIELDS and (account.pk, name) not in overridden:
                before, after = _before(plan, account, name), _after(account, parent, name, owners)
                if before != after or (name == "owner" and owner_changes(account, parent)):
                    change.changes[name] = (before, after)
        if account.status == AccountStatus.INACTIVE and record and was_switched_off(record):
            change.changes["status"] = (AccountStatus.INACTIVE.value, AccountStatus.ACTIVE.value)
            plan.reactivated += 1
        if change.changes or record is None or record.row_hash != parent.row_hash:
            plan.changed.append(change)


def _locked(pks: Iterable[int]) -> list[Account]:
    locked = Account.objects.select_for_update(**db.lock_options()).filter(pk__in=list(pks))
    return list(locked.select_related("owner").order_by("pk"))


def was_switched_off(record: MasterRecord) -> bool:
    """Whether it was a sync that made the account inactive; only then a sync may undo it."""
    return bool(record.values.get("status", {}).get("value") == AccountStatus.INACTIVE)


def _before(plan: CustomerPlan, account: Account, name: str) -> str:
    if name in LOOK_UPS:
        return plan.look_ups.code(name, getattr(account, f"{name}_id"))
    if name == "owner":
        return account.owner.display_name if account.owner else ""
    return str(getattr(account, name))


def _after(account: Account, parent: Parent, name: str, owners: Mapping[int, User]) -> str:
    if name == "owner":
        owner = owners[parent.owner_id] if parent.owner_id and owner_changes(account, parent) else account.owner
        return owner.display_name if owner else ""
    return parent.facts[name].value


def owner_changes(account: Account, parent: Parent) -> bool:
    """A conflict leaves the owner as it is."""
    return not parent.conflict and parent.owner_id != account.owner_id


def _plan_deactivations(plan: CustomerPlan, checked: CustomerRows, children: Mapping[str, _Child], living: set[str]) -> None:
    """Sites of rows without the CPQ flag rest; so does an account of which no site is left."""
    used = set(checked.rows["child_id"]) | {fault.key for fault in checked.faults}
    resting = {children[child] for child in checked.ignored["child_id"] if child in children and child not in used}
    plan.sites_off = sorted(child.pk for child in resting if child.is_active)
    parents = set(checked.ignored["parent_id"]) - living
    left_on = _accounts_with_other_sites({child.account for child in resting}, resting)
    for batch in batches(sorted(parents)):
        locked = Account.objects.select_for_update(**db.lock_options()).filter(
            parent_customer_id__in=batch, status=AccountStatus.ACTIVE, master__isnull=False
        )
        accounts = [account for account in locked.order_by("pk") if account.pk not in left_on]
        records = MasterRecord.objects.in_bulk([account.pk for account in accounts])
        plan.deactivated += [(account, records.get(account.pk)) for account in accounts]


def _accounts_with_other_sites(accounts: set[int], resting: set[_Child]) -> set[int]:
    """Of these accounts the ones that keep an active site when `resting` rest."""
    going: dict[int, int] = {}
    for child in resting:
        going[child.account] = going.get(child.account, 0) + child.is_active
    kept: set[int] = set()
    for batch in batches(sorted(accounts)):
        active: Sequence[tuple[int, int]] = list(
            Account.objects.filter(pk__in=batch)
            .annotate(active=Count("sites", filter=Q(sites__is_active=True)))
            .values_list("pk", "active")
        )
        kept |= {pk for pk, number in active if number > going.get(pk, 0)}
    return kept
