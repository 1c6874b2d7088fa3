"""Reads for merging two accounts: what follows, what is filled, what differs; and the locks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Model
from django.utils.text import capfirst

from accounts import policies
from accounts.models import Account, AccountMerge, AccountStatus, AccountTeamMember, LinkProposal
from accounts.selectors import column_label
from approvals import selectors as approvals
from core import db, events
from core.errors import NotFound
from core.templatetags.ui import percent
from users.models import User

STAYS = frozenset(
    {
        "accounts.Account", "accounts.MasterRecord", "accounts.FieldOverride", "accounts.MasterConflict", "accounts.Site",
        "accounts.LinkProposal", "accounts.AccountMerge",
    }
)  # fmt: skip
"""Models whose rows tell of the very account they are filed under. All others that refer to an account follow it."""
MOST_HOPS = 50


class Follower(NamedTuple):
    """A model whose rows follow an account that is merged, and the foreign key by which they do."""

    model: Any
    field: str

    @property
    def label(self) -> str:
        return str(self.model._meta.label)

    @property
    def is_of_other_app(self) -> bool:
        return bool(self.model._meta.app_label != Account._meta.app_label)

    def rows(self, account_ids: Iterable[int]) -> Any:
        return self.model._base_manager.filter(**{f"{self.field}__in": account_ids})


def followers() -> list[Follower]:
    """All of them; those of other apps first."""
    relations = [relation for relation in Account._meta.related_objects if relation.related_model._meta.label not in STAYS]
    found = [Follower(relation.related_model, relation.field.name) for relation in relations]
    return sorted(found, key=lambda follower: not follower.is_of_other_app)


# --- Locks ------------------------------------------------------------------------------------------------------------
def lock_followers(account_id: int) -> None:
    """Locks the rows of other apps that will follow.

    Call it before the accounts are locked: the services of those apps lock a row of their own first, and what they add then
    refers to the account.
    """
    for follower in followers():
        _lock(follower, follower.rows([account_id]))


def lock_moved(moved: dict[str, dict[str, list[int]]]) -> None:
    """The same for rows that have followed."""
    for follower in followers():
        _lock(follower, follower.model._base_manager.filter(pk__in=moved.get(follower.label, {}).get(follower.field, [])))


def _lock(follower: Follower, rows: Any) -> None:
    if follower.is_of_other_app:
        list(rows.order_by("pk").select_for_update(**db.lock_options()).values_list("pk", flat=True))


def accounts_for_update(user: User, keys: Iterable[int]) -> dict[int, Account]:
    """The accounts in sight of this person by their keys, merged ones too; locked in the order of their keys.

    Raises: NotFound when one of them is out of sight.
    """
    wanted = set(keys)
    rows = Account.objects.with_merged_visible_to(user).select_related("owner__team").filter(pk__in=wanted)
    found = {account.pk: account for account in rows.order_by("pk").select_for_update(**db.lock_options())}
    if found.keys() != wanted:
        raise NotFound
    return found


def merge_for(user: User, merge_id: int) -> AccountMerge:
    """A merge whose both sides are in sight of this person. Raises: NotFound."""
    seen = Account.objects.with_merged_visible_to(user).order_by().values("pk")
    merge = AccountMerge.objects.filter(loser__in=seen, survivor__in=seen, pk=merge_id).first()
    if merge is None:
        raise NotFound
    return merge


def kept_versions(model: type[Model], keys: Sequence[int]) -> set[int]:
    """Those of the records whose version approvers have before them, who decide about that version."""
    return approvals.subjects_asked_about(events.subject_type(model), keys)


# --- Where an account has gone ----------------------------------------------------------------------------------------
def survivor_of(user: User, account_id: int) -> Account | None:
    """The account that `account_id` has become, over any number of merges; None when it was not merged, or out of sight."""
    step = Account.objects.filter(pk=account_id, status=AccountStatus.MERGED).values_list("merged_into", flat=True).first()
    if step is None:
        return None
    for _hop in range(MOST_HOPS):
        following = Account.objects.filter(pk=step, status=AccountStatus.MERGED).values_list("merged_into", flat=True).first()
        if following is None:
            return Account.objects.visible_to(user).filter(pk=step).first()
        step = following
    return None


@dataclass(frozen=True)
class Merged:
    """A prospect that has become part of the account."""

    merge: AccountMerge
    may_undo: bool


def merges_of(user: User, account: Account) -> list[Merged]:
    """What was merged into the account and still is, the latest first. One query; two when there are any."""
    live = AccountMerge.objects.filter(survivor=account, undone_at=None).select_related("loser__owner__team", "by")
    merges = list(live.order_by("-pk"))
    may = policies.editable(user, [merge.loser for merge in merges]) if merges else set()
    return [Merged(merge, merge.loser_id in may) for merge in merges]


# --- Preview ----------------------------------------------------------------------------------------------------------
class Difference(NamedTuple):
    """A field in which the two differ, both values ready to read."""

    label: str
    survivor: str
    loser: str


@dataclass(frozen=True)
class Preview:
    """What a merge would do."""

    follows: list[tuple[str, int]]
    """What moves, and how many of it."""
    fills: list[Difference]
    """Fields filled by hand that the survivor has blank, and gets from the loser."""
    conflicts: list[Difference]
    """Fields in which the survivor's value stays and the loser's is given up."""
    joins: User | None
    """The loser's owner, where the account team of the survivor gets them."""


_NOT_COMPARED = ("owner", "yearly_revenue", "yearly_volume")
"""Shown otherwise, or sums of sites, which a prospect has none of."""


def preview(survivor: Account, loser: Account) -> Preview:
    """A constant number of queries: one for each kind of record that may follow, and one for the team."""
    counts = [(follower, moving(follower, survivor.pk, loser.pk).count()) for follower in followers()]
    filled = fields_to_fill(survivor, loser)
    differing = [
        name
        for name in (*Account.MASTER_FIELDS, *Account.MANUAL_FIELDS)
        if name not in (*filled, *_NOT_COMPARED)
        and not _is_blank(getattr(loser, name))
        and getattr(loser, name) != getattr(survivor, name)
    ]
    return Preview(
        follows=[(capfirst(str(follower.model._meta.verbose_name_plural)), count) for follower, count in counts if count],
        fills=[_difference(survivor, loser, name) for name in filled],
        conflicts=[_difference(survivor, loser, name) for name in differing],
        joins=owner_who_joins(survivor, loser),
    )


def moving(follower: Follower, survivor_id: int, loser_id: int) -> Any:
    """The rows that can follow: not those of which the survivor has the same already, by a rule that allows one of them."""
    rows = follower.rows([loser_id])
    for constraint in follower.model._meta.total_unique_constraints:
        others = [name for name in constraint.fields if name != follower.field]
        if follower.field in constraint.fields and others:
            for twin in follower.rows([survivor_id]).values(*others):
                rows = rows.exclude(**twin)
    return rows


def fields_to_fill(survivor: Account, loser: Account) -> list[str]:
    """The manual fields that the survivor has blank and the loser has not."""
    return [name for name in Account.MANUAL_FIELDS if _is_blank(getattr(survivor, name)) and not _is_blank(getattr(loser, name))]


def owner_who_joins(survivor: Account, loser: Account) -> User | None:
    """The loser's owner, if they would lose sight of their own work: the account team is how they keep it."""
    owner = loser.owner
    if owner is None or not owner.is_active or Account.objects.visible_to(owner).filter(pk=survivor.pk).exists():
        return None
    return owner if not AccountTeamMember.objects.filter(account=survivor, user=owner).exists() else None


def _is_blank(value: Any) -> bool:
    return value is None or value == ""


def _difference(survivor: Account, loser: Account, name: str) -> Difference:
    return Difference(capfirst(column_label(Account, name)), _shown(survivor, name), _shown(loser, name))


def _shown(account: Account, name: str) -> str:
    value = account.get_language_display() if name == "language" else getattr(account, name)
    if value is None or value == "":
        return "–"
    return percent(value) if name == "default_discount" else str(value)


# --- Undoing ----------------------------------------------------------------------------------------------------------
def torn_apart(survivor_id: int, moved: dict[str, dict[str, list[int]]]) -> Model | None:
    """A record that would go back and refer to one that stays, or stay and refer to one that goes back. None: there is none."""
    kinds = {kind.model: kind for kind in followers()}
    going = {model: moved.get(kind.label, {}).get(kind.field, []) for model, kind in kinds.items()}
    for model, kind in kinds.items():
        for field in model._meta.concrete_fields:
            other = kinds.get(field.related_model) if field.is_relation else None
            if other is None or not (going[model] or going[other.model]):
                continue
            rows = kind.rows([survivor_id]).filter(**{f"{field.name}__{other.field}": survivor_id}).order_by("pk")
            refers = {f"{field.name}__in": going[other.model]}
            stays, goes = rows.exclude(pk__in=going[model]).filter(**refers), rows.filter(pk__in=going[model]).exclude(**refers)
            found: Model | None = stays.first() or goes.first()
            if found is not None:
                return found
    return None


def proposal_for_update(loser_id: int, survivor_id: int) -> LinkProposal | None:
    """The proposal that the two are one company, its row locked."""
    rows = LinkProposal.objects.select_for_update(**db.lock_options())
    return rows.filter(prospect=loser_id, account=survivor_id).first()
