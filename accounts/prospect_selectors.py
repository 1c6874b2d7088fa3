"""Reads of prospects: which accounts may be the same company, and what is proposed for linking."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import matching, policies
from accounts.fields import Compact
from accounts.models import Account, AccountStatus, LinkProposal
from core import db
from core.errors import NotFound
from users.models import User
from users.roles import Perm

MOST_SHOWN = 10


# --- Duplicates -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Duplicate:
    """An account that may be the same company. `pk` is None for one out of sight, of which no more is told."""

    pk: int | None
    name: str
    owner: str
    is_prospect: bool
    why: Sequence[str | Promise]


def duplicates(
    user: User, *, name: str = "", business_id: str = "", vat_number: str = "", is_typing: bool = False
) -> list[Duplicate]:
    """Accounts with the same business ID, VAT number or name, in sight or not, the surest first. Two queries, by indexes.

    `is_typing`: the name is not whole yet, and accounts whose names begin with it count too.
    """
    key, start = matching.name_key(name), matching.beginning(name) if is_typing else ""
    tests = [Q(**{f"{COLUMNS[match]}__in": some}) for match, some in keys(business_id, vat_number, key).items() if some]
    if not tests:
        return []
    tests += [Q(match_key__startswith=start)] if start else []
    strength = [When(test, then=Value(rank)) for rank, test in enumerate(tests)]
    alike = with_keys(Account.objects.exclude(status=AccountStatus.MERGED)).filter(reduce(or_, tests)).select_related("owner")
    ranked = alike.annotate(strength=Case(*strength, output_field=IntegerField()))
    found = list(ranked.order_by("strength", "name", "pk")[:MOST_SHOWN])
    seen = in_sight(user, (account.pk for account in found))
    return [_duplicate(account, list(_why(account, key, business_id, vat_number)), account.pk in seen) for account in found]


COLUMNS = {
    LinkProposal.Match.BUSINESS_ID: "business_key",
    LinkProposal.Match.VAT_NUMBER: "vat_key",
    LinkProposal.Match.NAME: "match_key",
}
"""What accounts are compared by (`with_keys`), the strongest first."""


def with_keys(accounts: QuerySet[Account]) -> Any:
    """The accounts with their numbers as they are compared."""
    return accounts.annotate(business_key=Compact("business_id"), vat_key=Compact("vat_number"))


def keys(business_id: str, vat_number: str, name_key: str) -> dict[LinkProposal.Match, list[str]]:
    """The keys of which another account has one if it is the same company."""
    return {
        LinkProposal.Match.BUSINESS_ID: matching.business_ids(business_id, vat_number),
        LinkProposal.Match.VAT_NUMBER: matching.vat_numbers(vat_number, business_id),
        LinkProposal.Match.NAME: [name_key] if name_key else [],
    }


def _why(account: Any, key: str, business_id: str, vat_number: str) -> Iterator[str | Promise]:
    """What of that which was typed the account has as well."""
    if account.business_key in matching.business_ids(business_id) or account.vat_key in matching.vat_numbers("", business_id):
        yield LinkProposal.Match.BUSINESS_ID.label
    if account.business_key in matching.business_ids("", vat_number) or account.vat_key in matching.vat_numbers(vat_number):
        yield LinkProposal.Match.VAT_NUMBER.label
    if key and account.match_key == key:
        yield LinkProposal.Match.NAME.label


def _duplicate(account: Account, why: list[str | Promise], is_seen: bool) -> Duplicate:
    owner = account.owner.display_name or account.owner.username if account.owner else ""
    return Duplicate(account.pk if is_seen else None, account.name, owner, account.is_prospect, why or [_("begins alike")])


def in_sight(user: User, keys: Iterable[int]) -> set[int]:
    """Those of the accounts that this person sees. One query; none for no keys."""
    asked = list(keys)
    return set(Account.objects.visible_to(user).filter(pk__in=asked).order_by().values_list("pk", flat=True)) if asked else set()


# --- Proposals --------------------------------------------------------------------------------------------------------
def open_proposals(user: User) -> QuerySet[LinkProposal]:
    """Proposals that nobody has answered, of prospects in sight of this person."""
    rows: QuerySet[LinkProposal] = _with_both(LinkProposal.objects.visible_to(user)).filter(OPEN)
    return rows


OPEN = Q(
    status=LinkProposal.Status.OPEN,
    prospect__status__in=[AccountStatus.ACTIVE, AccountStatus.INACTIVE],
    account__status__in=[AccountStatus.ACTIVE, AccountStatus.INACTIVE],
)


def _with_both(proposals: Any) -> Any:
    return proposals.select_related("prospect__owner__team", "account__owner__team")


def own_open_proposals(user: User, limit: int) -> list[LinkProposal]:
    """The latest open proposals about this person's own prospects. One query."""
    return list(open_proposals(user).filter(prospect__owner=user).order_by("-pk")[:limit])


def proposal_for(user: User, proposal_id: int) -> LinkProposal:
    """A proposal about a prospect in sight of this person, answered or not. Raises: NotFound."""
    found = _with_both(LinkProposal.objects.visible_to(user)).filter(pk=proposal_id).first()
    if found is None:
        raise NotFound
    proposal: LinkProposal = found
    return proposal


def proposal_for_update(user: User, proposal_id: int) -> LinkProposal:
    """The same, its row locked. Raises: NotFound."""
    rows = _with_both(LinkProposal.objects.visible_to(user))
    found = rows.select_for_update(**db.lock_options()).filter(pk=proposal_id).first()
    if found is None:
        raise NotFound
    proposal: LinkProposal = found
    return proposal


@dataclass(frozen=True)
class Shown:
    """A proposal with what this person may do about it."""

    proposal: LinkProposal
    sees_account: bool
    may_decide: bool
    """Whether to say that they are not the same."""

    @property
    def may_merge(self) -> bool:
        return self.may_decide and self.sees_account


def shown(user: User, proposals: Sequence[LinkProposal]) -> list[Shown]:
    """Two queries, however many they are."""
    seen = in_sight(user, (proposal.account_id for proposal in proposals))
    may = policies.editable(user, [proposal.prospect for proposal in proposals]) if proposals else set()
    return [Shown(row, row.account_id in seen, row.prospect_id in may) for row in proposals]


def proposals_of(account: Account, user: User) -> list[Shown]:
    """The open proposals about a prospect; none and no query for other accounts."""
    if not account.is_prospect or not user.may(Perm.ACCOUNT_VIEW):
        return []
    return shown(user, list(open_proposals(user).filter(prospect=account).order_by("pk")))
