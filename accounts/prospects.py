"""Prospects: made by hand, and proposed for linking when the customer master brings what seems to be the same company."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, Value
from django.db.models.functions import Concat, Substr
from django.utils.translation import gettext_lazy as _
from stdnum.eu import vat
from stdnum.exceptions import ValidationError as BadNumber
from stdnum.fi import ytunnus

from accounts import matching, policies, prospect_selectors as selectors
from accounts.models import Account, AccountStatus, LinkProposal
from core import clock, db, events, outbox
from core.errors import Invalid, WrongState, require
from users.models import User
from users.roles import Perm

FIELDS = ("name", "business_id", "vat_number", "street", "postcode", "city", "country", "language")
"""What is asked about a new prospect."""
AT_ONCE = 5_000
_CREATION = 7_305_001
"""The lock that makers of prospects take turns by, so that of two with the same name the second one is told."""
_PROPOSING = 7_305_002
"""The lock that makers of proposals take turns by, so that a pair is proposed once."""


# --- Making one -------------------------------------------------------------------------------------------------------
@transaction.atomic
def prospect_create(*, by: User, values: Mapping[str, str], is_other: bool = False) -> Account:
    """A prospect that `by` owns, in their unit. `values`: of `FIELDS`. `is_other`: known accounts that match are other companies.

    Raises: NotAllowed; Invalid for values that do not fit, and naming `is_other` where accounts match and it was not said.
    """
    require(by.may(Perm.ACCOUNT_EDIT))
    prospect = Account(is_prospect=True, owner=by, unit_id=by.unit_id, **_cleaned(values))
    _check(prospect)
    with db.advisory_lock(_CREATION):
        alike = selectors.duplicates(by, name=prospect.name, business_id=prospect.business_id, vat_number=prospect.vat_number)
        if alike and not is_other:
            text = _("There are accounts that look like this one. Say that it is another company, or use one of them.")
            raise Invalid(text, fields={"is_other": text})
        prospect.save(force_insert=True)
        events.record(prospect, "created prospect", by=by, despite=[row.name for row in alike])
    return prospect


def _cleaned(values: Mapping[str, str]) -> dict[str, str]:
    """The values as they are stored: trimmed, numbers written the usual way."""
    clean = {name: " ".join(str(values.get(name) or "").split()) for name in FIELDS}
    clean["country"] = clean["country"].upper()
    clean["vat_number"] = matching.compact(clean["vat_number"])
    if ytunnus.is_valid(clean["business_id"]) and matching.is_finnish(clean["country"]):
        clean["business_id"] = ytunnus.format(ytunnus.compact(clean["business_id"]))
    return clean


def _check(prospect: Account) -> None:
    """Raises: Invalid naming every field to blame."""
    wrong: dict[str, Any] = {}
    try:
        prospect.clean_fields(exclude=[field.name for field in Account._meta.fields if field.name not in FIELDS])
    except ValidationError as error:
        wrong = {field: " ".join(texts) for field, texts in error.message_dict.items()}
    if not matching.name_key(prospect.name):
        wrong.setdefault("name", _("An account needs a name."))
    if prospect.business_id and matching.is_finnish(prospect.country) and not ytunnus.is_valid(prospect.business_id):
        wrong.setdefault("business_id", _("“%(value)s” is not a Finnish business ID.") % {"value": prospect.business_id})
    if prospect.vat_number and not _is_vat_number(prospect.vat_number):
        wrong.setdefault("vat_number", _("“%(value)s” is not a VAT number.") % {"value": prospect.vat_number})
    if wrong:
        raise Invalid(fields=wrong)


def _is_vat_number(number: str) -> bool:
    """Whether it may be one: those of the European Union are checked, the others only begin with a country."""
    country = number[:2].lower()
    if country not in vat.MEMBER_STATES:
        return number[:2].isalpha() and len(number) > 4
    try:
        return bool(vat.validate(number))
    except BadNumber:
        return False


# --- Proposals --------------------------------------------------------------------------------------------------------
@transaction.atomic
def link_proposals_make(account_ids: Iterable[int] | None, by: User | None, at: dt.datetime) -> int:
    """Prospects that seem to be one of these accounts of the master (None: of all) are proposed for linking; answers how many.

    Matched by business ID, else VAT number, else name. A pair is proposed once, whatever became of it. The owner of the
    prospects gets one mail. The number of statements depends on neither accounts nor prospects (for each `AT_ONCE` accounts).
    """
    made: list[LinkProposal] = []
    if not Account.objects.prospects().exists():
        return 0
    with db.advisory_lock(_PROPOSING):
        if account_ids is None:
            made += _propose(Account.objects.all(), at)
        else:
            for some in db.batches(account_ids, AT_ONCE):
                made += _propose(Account.objects.filter(pk__in=some), at)
    _tell_owners(made)
    return len(made)


def _propose(accounts: Any, at: dt.datetime) -> list[LinkProposal]:
    """New proposals of prospects for some of these accounts, stored. Four statements."""
    rows = list(_alike(accounts).values_list("pk", *selectors.COLUMNS.values()))
    if not rows:
        return []
    by_key: dict[str, dict[str, list[int]]] = {match: defaultdict(list) for match in selectors.COLUMNS}
    asked: dict[str, set[str]] = {match: set() for match in selectors.COLUMNS}
    for pk, *own in rows:
        for match, key in zip(selectors.COLUMNS, own, strict=True):
            if key:
                by_key[match][key].append(pk)
        for reason, keys in selectors.keys(*own).items():
            asked[reason].update(keys)
    prospects = list(_with_one_of(asked).order_by("pk").select_related("owner"))
    pairs: dict[tuple[int, int], LinkProposal] = {}
    for prospect in prospects:
        for match, key in _strongest_first(prospect):
            for pk in by_key[match].get(key, ()):
                proposal = LinkProposal(prospect=prospect, account_id=pk, match=match, made_at=at)
                pairs.setdefault((prospect.pk, pk), proposal)
    known = set(LinkProposal.objects.filter(prospect__in=prospects).values_list("prospect", "account"))
    return LinkProposal.objects.bulk_create([proposal for pair, proposal in pairs.items() if pair not in known])


def _strongest_first(prospect: Account) -> Iterator[tuple[LinkProposal.Match, str]]:
    """What accounts of the same company have: the numbers themselves before those that are worked out of them."""
    yield from (
        (match, getattr(prospect, column)) for match, column in selectors.COLUMNS.items() if match != LinkProposal.Match.NAME
    )
    keys = selectors.keys(prospect.business_id, prospect.vat_number, prospect.match_key)
    yield from ((match, key) for match, some in keys.items() for key in some)


def _alike(accounts: Any) -> Any:
    """Those of the accounts of the master that share a number or a name with a prospect. They hold a few others: a Finnish VAT
    number is taken for the business ID in it, and the other way round, without a look at its shape."""
    prospects = selectors.with_keys(Account.objects.prospects()).order_by()
    shared = Q()
    for column in selectors.COLUMNS.values():
        shared |= Q(**{f"{column}__in": prospects.exclude(**{column: ""}).values(column)})
    finnish = prospects.filter(vat_key__startswith="FI").exclude(vat_key="FI")
    shared |= Q(business_key__in=finnish.values(number=Substr("vat_key", 3)))
    shared |= Q(vat_key__in=prospects.exclude(business_key="").values(number=Concat(Value("FI"), "business_key")))
    known = selectors.with_keys(accounts).filter(shared, is_prospect=False)
    return known.exclude(status=AccountStatus.MERGED).order_by("pk")


def _with_one_of(asked: Mapping[str, set[str]]) -> Any:
    """The prospects that have one of these keys."""
    test = Q(pk__in=())
    for match, column in selectors.COLUMNS.items():
        if asked[match]:
            test |= Q(**{f"{column}__in": sorted(asked[match])})
    return selectors.with_keys(Account.objects.prospects()).filter(test)


def _tell_owners(proposals: Sequence[LinkProposal]) -> None:
    """One mail to each owner."""
    by_owner: dict[int, list[int]] = defaultdict(list)
    for proposal in proposals:
        owner = proposal.prospect.owner
        if owner is not None and owner.is_active:
            by_owner[owner.pk].append(proposal.pk)
    payloads: list[dict[str, int | str]] = [
        {"user_id": owner, "proposals": ",".join(map(str, keys))} for owner, keys in sorted(by_owner.items())
    ]
    if payloads:
        outbox.emit_all("account.link_proposed", payloads)


@transaction.atomic
def proposal_decline(*, proposal_id: int, by: User) -> LinkProposal:
    """They are not the same company; the pair is never proposed again. Locks the proposal.

    Raises: NotFound, NotAllowed, WrongState when it is answered already.
    """
    proposal = _proposal_to_decide(proposal_id, by)
    if proposal.status != LinkProposal.Status.OPEN:
        raise WrongState(_("This proposal has been answered already."))
    _decide(proposal, LinkProposal.Status.DECLINED, by)
    events.record(proposal.prospect, "declined link", by=by, account=proposal.account.name)
    return proposal


@transaction.atomic
def proposal_reopen(*, proposal_id: int, by: User) -> LinkProposal:
    """The "no" is taken back. Locks the proposal. Raises: NotFound, NotAllowed, WrongState when it was not declined."""
    proposal = _proposal_to_decide(proposal_id, by)
    if proposal.status != LinkProposal.Status.DECLINED:
        raise WrongState(_("This proposal was not declined."))
    _decide(proposal, LinkProposal.Status.OPEN, None)
    events.record(proposal.prospect, "reopened link", by=by, account=proposal.account.name)
    return proposal


def _proposal_to_decide(proposal_id: int, by: User) -> LinkProposal:
    proposal = selectors.proposal_for_update(by, proposal_id)
    require(policies.may_edit(by, proposal.prospect))
    return proposal


def _decide(proposal: LinkProposal, status: LinkProposal.Status, by: User | None) -> None:
    proposal.status, proposal.decided_by, proposal.decided_at = status, by, clock.now() if by else None
    proposal.save(update_fields=["status", "decided_by", "decided_at"])
