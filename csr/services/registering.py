"""A case is registered, changed in what its phase opens, or cloned."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import Account, AccountStatus, Contact, Site
from core import clock, events, numbering
from core.errors import Invalid, NotFound, require
from csr import policies, selectors
from csr.choices import CaseStatus, Priority
from csr.models import Case, CaseAccount, CaseProduct, CaseType
from csr.services import keeping, products
from users.models import User

SERIES = "CSR"
REGISTERED_FIELDS = (
    "site", "requirement_type", "title", "description", "requested_by", "priority", "received_on", "needed_by", "is_printed",
    "printed_text",
)  # fmt: skip
FIELDS_OPEN: dict[str, tuple[str, ...]] = {
    CaseStatus.REGISTRATION: REGISTERED_FIELDS,
    CaseStatus.UNDER_ASSESSMENT: ("priority", "needed_by", "due_on"),
    CaseStatus.UNDER_IMPLEMENTATION: ("priority", "needed_by", "due_on", "is_printed", "printed_text", "review_on"),
    CaseStatus.IMPLEMENTED: ("is_printed", "printed_text", "review_on"),
}
"""What each phase opens."""


@transaction.atomic
def case_register(
    *, account_id: int, by: User, record_type: CaseType | None = None, product_ids: Sequence[int] = (), **fields: Any
) -> Case:
    """A numbered case in Registration, of whoever registers it. `fields`: of `REGISTERED_FIELDS`; `received_on` is today where
    none is given.

    Raises: NotAllowed; NotFound for an account out of sight; Invalid naming the field.
    """
    require(policies.may_register(by))
    account = selectors.account_to_choose(by, account_id)
    if account.status != AccountStatus.ACTIVE:
        raise Invalid(fields={"account": _("This account is inactive.")})
    _require_known(fields, REGISTERED_FIELDS)
    record_type = record_type or CaseType.objects.filter(is_active=True).order_by("position", "code").first()
    if record_type is None:
        raise Invalid(_("There is no record type of cases in use."))
    now = clock.now()
    case = Case(
        record_type=record_type,
        account=account,
        registered_by=by,
        last_editor=by,
        created_at=now,
        status_since=now,
        **{"received_on": clock.today(), **fields},
    )
    check(case)
    case.number = numbering.next_number(SERIES)
    case.save(force_insert=True)
    keeping.begin(case, by)
    events.record(case, "registered", by=by)
    if product_ids:
        products.add(case, product_ids, by)
    return case


@transaction.atomic
def case_change(*, case_id: int, by: User, version: int | None = None, changes: Mapping[str, Any]) -> Case:
    """What `changes` names holds its new value; of the fields that the present phase opens. Locks the case.

    Raises: NotFound; NotAllowed; StaleVersion; WrongState while it is locked or has ended; Invalid naming the field.
    """
    case = keeping.locked_to_edit(case_id, by, version, FIELDS_OPEN)
    _require_known(changes, FIELDS_OPEN[case.status])
    changed = [name for name, value in changes.items() if getattr(case, name) != value]
    if not changed:
        return case
    for name in changed:
        setattr(case, name, changes[name])
    check(case, changed)
    if "review_on" in changed:
        case.review_told_on = None
        changed.append("review_told_on")
    if "due_on" in changed:
        case.reminded_on = None
        changed.append("reminded_on")
    keeping.saved(case, by, changed)
    events.record(case, "changed", by=by, fields=sorted(set(changed) - {"review_told_on", "reminded_on"}))
    return case


def _require_known(names: Mapping[str, Any], known: Sequence[str]) -> None:
    if foreign := sorted(set(names) - set(known)):
        raise Invalid(fields=dict.fromkeys(foreign, _("This field cannot be changed now.")))


def check(case: Case, names: Collection[str] = REGISTERED_FIELDS) -> None:
    """Texts are trimmed, and everything fits together; site and contact are looked at when they are among the `names`.

    Raises: Invalid naming the field.
    """
    for name in ("title", "description", "printed_text"):
        setattr(case, name, getattr(case, name).strip())
    try:
        case.clean_fields(exclude=["number", "version", "status", "due_on", "created_at", "status_since", "conclusion"])
    except ValidationError as error:
        raise Invalid(fields={name: " ".join(texts) for name, texts in error.message_dict.items()}) from error
    wrong: dict[str, str] = {}
    if case.needed_by and case.needed_by < case.received_on:
        wrong["needed_by"] = _("It cannot be needed before it was received.")
    if case.received_on > clock.today():
        wrong["received_on"] = _("This day has not come yet.")
    if "site" in names and case.site_id and not Site.objects.filter(pk=case.site_id, account=case.account_id).exists():
        wrong["site"] = _("This site belongs to another account.")
    if (
        "requested_by" in names
        and case.requested_by_id
        and not Contact.objects.filter(pk=case.requested_by_id, account=case.account_id).exists()
    ):
        wrong["requested_by"] = _("This contact belongs to another account.")
    if case.priority not in Priority.values:
        wrong["priority"] = _("Choose one of the priorities.")
    if wrong:
        raise Invalid(fields=wrong)


@transaction.atomic
def case_clone(*, case_id: int, by: User) -> Case:
    """A new case in Registration with the requirement, products and associations of this one, in whatever status it is; without
    what is no longer in use, and accounts out of sight. Files, team, answers and decisions stay with the old one.

    Raises: NotFound, also for an account out of sight; NotAllowed; Invalid when the account is inactive by now.
    """
    old = Case.objects.visible_to(by).filter(pk=case_id).first()
    if old is None:
        raise NotFound
    kept = ("requirement_type", "title", "description", "priority", "is_printed", "printed_text")
    values = {name: getattr(old, name) for name in kept}
    new = case_register(
        account_id=old.account_id,
        by=by,
        record_type=old.record_type,
        site=old.site if old.site and old.site.is_active and old.site.account_id == old.account_id else None,
        requested_by=old.requested_by,
        **values,
    )
    new.cloned_from = old
    new.save(update_fields=["cloned_from"])
    kept = ("product_id", "note", "is_excluded", "min_quantity", "max_quantity", "multiple_of")
    rows = old.products.filter(product__is_active=True)
    products.related([CaseProduct(case=new, **{name: getattr(row, name) for name in kept}) for row in rows], by)
    in_use = Account.objects.visible_to(by).filter(status=AccountStatus.ACTIVE)
    further = old.accounts.filter(Q(site=None) | Q(site__is_active=True), account__in=in_use.order_by().values("pk"))
    CaseAccount.objects.bulk_create(CaseAccount(case=new, account_id=row.account_id, site_id=row.site_id) for row in further)
    events.record(new, "cloned", by=by, source=old.number)
    return new
