"""Two accounts become one, and two again. Lock order: rows of other apps, then both accounts by their keys."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from accounts import merge_selectors as selectors, policies
from accounts.merge_selectors import Follower
from accounts.models import Account, AccountMerge, AccountStatus, AccountTeamMember, Contact, LinkProposal
from core import clock, events, histories, versions
from core.errors import Invalid, WrongState, require
from core.models import Versioned
from users.models import User

Moved = dict[str, dict[str, list[int]]]
ACCOUNT, CONTACT, TEAM_MEMBER = (str(model._meta.label) for model in (Account, Contact, AccountTeamMember))
MADE = "id"
"""In `AccountMerge.moved`, the keys of rows that were made, not moved."""


@transaction.atomic
def account_merge(
    *,
    survivor_id: int,
    loser_id: int,
    by: User,
    survivor_version: int | None = None,
    loser_version: int | None = None,
) -> AccountMerge:
    """The prospect `loser_id` is part of `survivor_id`: all that refers to it follows, and its address leads there.

    The survivor keeps its values; manual fields that it has blank are filled. A default contact that it has stays. What was
    frozen stays as it is. The loser's owner joins the account team where they would lose sight of their work. Of two rivals one
    wins, the other gets WrongState. Locks what follows, then both accounts.
    Raises: NotFound, NotAllowed, Invalid (not a prospect), WrongState (merged already), StaleVersion.
    """
    selectors.lock_followers(loser_id)
    accounts = selectors.accounts_for_update(by, {survivor_id, loser_id})
    survivor, loser = accounts[survivor_id], accounts[loser_id]
    proposal = selectors.proposal_for_update(loser_id, survivor_id)
    _require_mergeable(survivor, loser)
    is_proposed = proposal is not None and proposal.status == LinkProposal.Status.OPEN
    require(policies.may_merge(by, loser, survivor, proposed=is_proposed))
    versions.require(survivor, survivor_version)
    versions.require(loser, loser_version)
    moved: Moved = {}
    _keep_one_default(survivor, loser, moved)
    for follower in selectors.followers():
        keys = list(selectors.moving(follower, survivor.pk, loser.pk).order_by("pk").values_list("pk", flat=True))
        _move(follower, keys, survivor.pk, by)
        _note(moved, follower.label, follower.field, keys)
    _join(survivor, loser, moved)
    _fill(survivor, loser, moved)
    _end(loser, survivor, moved)
    merge = AccountMerge.objects.create(loser=loser, survivor=survivor, moved=moved, by=by, at=clock.now())
    _answer(proposal, LinkProposal.Status.ACCEPTED, by)
    events.record(loser, "merged into", by=by, account=survivor.pk, name=survivor.name, merge=merge.pk)
    events.record(survivor, "merged with", by=by, account=loser.pk, name=loser.name, merge=merge.pk)
    return merge


def _require_mergeable(survivor: Account, loser: Account) -> None:
    if survivor.pk == loser.pk:
        raise Invalid(_("An account cannot be merged into itself."))
    if AccountStatus.MERGED in (loser.status, survivor.status):
        raise WrongState(_("One of the two has been merged already. Reload the page to see how they stand now."))
    if not loser.is_prospect or loser.parent_customer_id is not None:
        raise Invalid(_("Only a prospect can be merged into another account."))


def _note(moved: Moved, label: str, field: str, keys: Sequence[int]) -> None:
    if keys:
        moved.setdefault(label, {})[field] = list(keys)


def _move(follower: Follower, keys: Sequence[int], account_id: int, by: User) -> None:
    """The rows refer to `account_id`, with history, and a version more where others may have them open.

    What waits for an approval keeps its version, which is what the approver decides about.
    """
    if not keys:
        return
    model, rows = follower.model, follower.model._base_manager.filter(pk__in=keys)
    if issubclass(model, Versioned):
        rows.exclude(pk__in=selectors.kept_versions(model, keys)).update(version=F("version") + 1)
    rows.update(**{follower.field: account_id})
    if hasattr(model, "history"):
        histories.record_changed(model, keys, by=by)


def _keep_one_default(survivor: Account, loser: Account, moved: Moved) -> None:
    """The loser's default contact is one no more, if the survivor has its own."""
    if not survivor.contacts.filter(is_default=True).exists():
        return
    keys = list(loser.contacts.filter(is_default=True).values_list("pk", flat=True))
    Contact.objects.filter(pk__in=keys).update(is_default=False)
    _note(moved, CONTACT, "is_default", keys)


def _join(survivor: Account, loser: Account, moved: Moved) -> None:
    owner = selectors.owner_who_joins(survivor, loser)
    if owner is not None:
        member = AccountTeamMember.objects.create(account=survivor, user=owner)
        _note(moved, TEAM_MEMBER, MADE, [member.pk])


def _fill(survivor: Account, loser: Account, moved: Moved) -> None:
    fields = selectors.fields_to_fill(survivor, loser)
    if not fields:
        return
    for field in fields:
        setattr(survivor, field, getattr(loser, field))
        _note(moved, ACCOUNT, field, [survivor.pk])
    _save(survivor, fields)


def _end(loser: Account, survivor: Account, moved: Moved) -> None:
    """The loser is merged; that it was inactive before is noted."""
    if loser.status == AccountStatus.INACTIVE:
        _note(moved, ACCOUNT, "status", [loser.pk])
    loser.status, loser.merged_into = AccountStatus.MERGED, survivor
    _save(loser, ["status", "merged_into"])


def _save(account: Account, fields: Sequence[str]) -> None:
    versions.bump(account)
    account.save(update_fields=[*fields, "version"])


def _answer(proposal: LinkProposal | None, status: LinkProposal.Status, by: User | None) -> None:
    if proposal is not None:
        proposal.status, proposal.decided_by, proposal.decided_at = status, by, clock.now() if by else None
        proposal.save(update_fields=["status", "decided_by", "decided_at"])


# --- Undoing ----------------------------------------------------------------------------------------------------------
@transaction.atomic
def account_merge_undo(*, merge_id: int, by: User) -> AccountMerge:
    """The loser is an account of its own again, with what followed and is still at the survivor. What was filled in the survivor
    is blank again, where it is still the loser's. The proposal, if there was one, is open again.

    Raises: NotFound, NotAllowed, WrongState (undone already, the survivor was merged on, or something made since holds on to
    what would go back).
    """
    merge = selectors.merge_for(by, merge_id)
    selectors.lock_moved(merge.moved)
    accounts = selectors.accounts_for_update(by, {merge.survivor_id, merge.loser_id})
    merge.refresh_from_db()
    survivor, loser = accounts[merge.survivor_id], accounts[merge.loser_id]
    proposal = selectors.proposal_for_update(loser.pk, survivor.pk)
    require(policies.may_merge(by, loser, survivor, proposed=proposal is not None))
    _require_undoable(merge, survivor, loser)
    moved: Moved = merge.moved
    for follower in selectors.followers():
        _move_back(follower, moved, survivor, loser, by)
    _default_again(loser, moved, by)
    for member in AccountTeamMember.objects.filter(pk__in=moved.get(TEAM_MEMBER, {}).get(MADE, []), account=survivor):
        member.delete()
    _blank_again(survivor, loser, moved)
    was_inactive = loser.pk in moved.get(ACCOUNT, {}).get("status", [])
    loser.status = AccountStatus.INACTIVE if was_inactive else AccountStatus.ACTIVE
    loser.merged_into = None
    _save(loser, ["status", "merged_into"])
    merge.undone_at, merge.undone_by = clock.now(), by
    merge.save(update_fields=["undone_at", "undone_by"])
    _answer(proposal, LinkProposal.Status.OPEN, None)
    for account, other in ((loser, survivor), (survivor, loser)):
        events.record(account, "merge undone", by=by, account=other.pk, name=other.name, merge=merge.pk)
    return merge


def _require_undoable(merge: AccountMerge, survivor: Account, loser: Account) -> None:
    if merge.undone_at is not None or loser.merged_into_id != survivor.pk:
        raise WrongState(_("This merge has been undone already."))
    if survivor.status == AccountStatus.MERGED:
        raise WrongState(_("%(name)s has been merged into another account since. Undo that first.") % {"name": survivor.name})
    held = selectors.torn_apart(survivor.pk, merge.moved)
    if held is not None:
        words = {"kind": held._meta.verbose_name, "record": held}
        raise WrongState(
            _("This cannot be undone: what has been made or changed since would be torn apart (%(kind)s %(record)s).") % words
        )


def _move_back(follower: Follower, moved: Moved, survivor: Account, loser: Account, by: User) -> None:
    """Those that followed and are still at the survivor."""
    noted = moved.get(follower.label, {}).get(follower.field, [])
    if noted:
        rows: Any = selectors.moving(follower, loser.pk, survivor.pk).filter(pk__in=noted)
        _move(follower, list(rows.order_by("pk").values_list("pk", flat=True)), loser.pk, by)


def _default_again(loser: Account, moved: Moved, by: User) -> None:
    keys = moved.get(CONTACT, {}).get("is_default", [])
    back = list(loser.contacts.filter(pk__in=keys).values_list("pk", flat=True)[:1])
    if back and not loser.contacts.filter(is_default=True).exists():
        Contact.objects.filter(pk__in=back).update(is_default=True)
        histories.record_changed(Contact, back, by=by)


def _blank_again(survivor: Account, loser: Account, moved: Moved) -> None:
    filled = [field for field in moved.get(ACCOUNT, {}) if field in Account.MANUAL_FIELDS]
    blank = {field.name: field.get_default() for field in Account._meta.concrete_fields}
    fields = [field for field in filled if getattr(survivor, field) == getattr(loser, field)]
    for field in fields:
        setattr(survivor, field, blank[field])
    if fields:
        _save(survivor, fields)
