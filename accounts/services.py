"""What people do to accounts. Syncs write the master-fed fields elsewhere and leave overridden and manual ones alone."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _
from stdnum.fi import ytunnus

from accounts import conflicts, matching, policies, selectors
from accounts.models import Account, Contact, FieldOverride, MasterRecord
from accounts.survivorship import ConflictKind
from core import clock, events, versions
from core.errors import Invalid, NotFound, require
from users.models import User

_CONTACT_FIELDS = frozenset({"name", "title", "email", "language", "is_default"})


@transaction.atomic
def account_update(*, account_id: int, by: User, version: int | None, changes: Mapping[str, Any]) -> Account:
    """The manual fields in `changes` hold their new values. Locks the account.

    Raises: NotFound, NotAllowed, StaleVersion, Invalid (a field of the master, or a value that does not fit).
    """
    account = _account_to_edit(account_id, by, version)
    foreign = set(changes) - set(Account.MANUAL_FIELDS)
    if foreign:
        raise Invalid(fields=dict.fromkeys(sorted(foreign), _("This field is not filled by hand.")))
    changed = [field for field, value in changes.items() if getattr(account, field) != value]
    if not changed:
        return account
    for field in changed:
        setattr(account, field, changes[field])
    _save(account, changed)
    events.record(account, "edited", by=by, fields=sorted(changed))
    return account


@transaction.atomic
def account_override(*, account_id: int, by: User, version: int | None, field: str, value: Any, reason: str) -> Account:
    """The master-fed `field` holds `value` through every sync, until the override is lifted. Locks the account.

    Settles an open conflict about the field. Raises: NotFound, NotAllowed, StaleVersion, Invalid.
    """
    account = _account_to_edit(account_id, by, version)
    _require_master_field(field)
    if not reason.strip():
        raise Invalid(fields={"reason": _("Say why the master is wrong.")})
    setattr(account, field, _checked(account, field, value))
    _save(account, _with_unit(account, field))
    FieldOverride.objects.update_or_create(
        account=account, field=field, defaults={"by": by, "at": clock.now(), "reason": reason.strip()[:300]}
    )
    account.conflicts.filter(field=field, resolved_at=None).update(
        resolved_at=clock.now(), resolved_by=by, resolution=reason.strip()[:300]
    )
    events.record(account, "overrode", by=by, reason=reason.strip(), field=field)
    return account


@transaction.atomic
def account_lift_override(*, account_id: int, by: User, version: int | None, field: str) -> Account:
    """The master rules `field` again, and its value is back. Locks the account.

    Where the master could not decide on an owner, the present one stays. A conflict that the override had settled, and that the
    sites still have, is open again, and so is one about an owner who has left.

    Raises: NotFound, NotAllowed, StaleVersion, Invalid.
    """
    account = _account_to_edit(account_id, by, version)
    _require_master_field(field)
    override = account.overrides.filter(field=field).first()
    if override is None:
        raise NotFound(_("This field is not overridden."))
    override.delete()
    _restore(account, field)
    _save(account, _with_unit(account, field))
    _reopen_conflict(account, field)
    events.record(account, "lifted override", by=by, field=field)
    return account


@transaction.atomic
def contact_save(*, account_id: int, contact_id: int | None, by: User, values: Mapping[str, Any]) -> Contact:
    """The contact (a new one without `contact_id`) holds `values`, and keeps what they do not name.

    Of several default recipients the last one named stays. Locks the account. Raises: NotFound, NotAllowed, Invalid.
    """
    account = _account_to_edit(account_id, by, None)
    contact = Contact(account=account) if contact_id is None else _contact(account, contact_id)
    if values.get("email", contact.email) != contact.email:
        contact.bounced_at, contact.bounce_reason = None, ""
    for field in _CONTACT_FIELDS & values.keys():
        setattr(contact, field, values[field])
    _clean(contact, ["account"])
    if contact.is_default:
        for other in account.contacts.filter(is_default=True).exclude(pk=contact.pk):
            other.is_default = False
            other.save(update_fields=["is_default"])
    contact.save()
    events.record(account, "saved contact", by=by, contact=contact.name)
    return contact


@transaction.atomic
def contact_delete(*, account_id: int, contact_id: int, by: User) -> None:
    """The contact is gone; what was sent to it keeps its name. Locks the account. Raises: NotFound, NotAllowed."""
    account = _account_to_edit(account_id, by, None)
    contact = _contact(account, contact_id)
    contact.delete()
    events.record(account, "removed contact", by=by, contact=contact.name)


def contacts_mark_refused(*, account_id: int, address: str, reason: str) -> None:
    """The contacts of this account with this address are marked: mail to them was refused for good, with what the server said.

    Part of the transaction of whoever learnt of it.
    """
    now = clock.now()
    for contact in Contact.objects.filter(account=account_id, email__iexact=address).order_by("pk"):
        contact.bounced_at, contact.bounce_reason = now, reason[:300]
        contact.save(update_fields=["bounced_at", "bounce_reason"])


def _account_to_edit(account_id: int, by: User, version: int | None) -> Account:
    account = selectors.account_for_update(account_id, by)
    require(policies.may_edit(by, account))
    versions.require(account, version)
    return account


def _contact(account: Account, contact_id: int) -> Contact:
    contact = account.contacts.filter(pk=contact_id).first()
    if contact is None:
        raise NotFound
    return contact


def _save(account: Account, fields: list[str]) -> None:
    _clean(account, [field.name for field in account._meta.fields if field.name not in fields])
    versions.bump(account)
    account.save(update_fields=[*fields, *(["match_key"] if "name" in fields else []), "version"])


def _clean(record: models.Model, leave_out: list[str]) -> None:
    try:
        record.clean_fields(exclude=leave_out)
    except ValidationError as error:
        raise Invalid(fields={field: " ".join(texts) for field, texts in error.message_dict.items()}) from error


def _with_unit(account: Account, field: str) -> list[str]:
    """The business unit of an account is that of its owner."""
    if field != "owner":
        return [field]
    account.unit = account.owner.team.unit if account.owner and account.owner.team else None
    return [field, "unit"]


def _require_master_field(field: str) -> None:
    if field not in Account.MASTER_FIELDS:
        raise Invalid(fields={"field": _("The master does not feed this field.")})


def _checked(account: Account, field: str, value: Any) -> Any:
    """`value`, with what the field demands beyond its type; of business IDs only Finnish ones have a shape that is known."""
    if field == "name" and not str(value or "").strip():
        raise Invalid(fields={"value": _("An account needs a name.")})
    if field == "vat_number":
        return matching.compact(str(value or ""))
    if field == "business_id" and value and matching.is_finnish(account.country):
        if not ytunnus.is_valid(value):
            raise Invalid(fields={"value": _("“%(value)s” is not a Finnish business ID.") % {"value": value}})
        return ytunnus.format(value)
    return value


def _restore(account: Account, field: str) -> None:
    record = MasterRecord.objects.filter(account=account).first()
    stored = (record.values if record else {}).get(field) or ""
    column = Account._meta.get_field(field)
    if field == "owner":
        owner = User.objects.filter(salesperson_id=stored, is_active=True).first() if stored else None
        account.owner = owner or account.owner
    elif isinstance(column, models.ForeignKey):
        found = column.related_model._default_manager.filter(code=stored).first() if stored else None
        setattr(account, field, found)
    elif isinstance(column, models.DecimalField):
        setattr(account, field, _decimal(stored))
    else:
        setattr(account, field, stored)


def _reopen_conflict(account: Account, field: str) -> None:
    """What somebody left as it is stays closed, and so does what a later run has settled; but an owner who is no active user is
    undecided, also where nobody has said so before."""
    last = account.conflicts.filter(field=field).order_by("-pk").first()
    if last is not None and last.resolved_at is None:
        return
    was_left = last is not None and conflicts.was_left(last)
    if last is not None and last.resolved_by_id is not None and not was_left and conflicts.still_stands(last):
        last.resolved_at, last.resolved_by, last.resolution = None, None, ""
        last.save(update_fields=["resolved_at", "resolved_by", "resolution"])
        return
    record = MasterRecord.objects.filter(account=account).first() if field == "owner" else None
    if record is not None and conflicts.is_nobodys(record):
        candidates = [{"value": record.values["owner"], "label": record.values.get("owner_name", "")}]
        if last is None or not was_left or (last.kind, last.candidates) != (ConflictKind.UNKNOWN, candidates):
            account.conflicts.create(field=field, kind=ConflictKind.UNKNOWN, candidates=candidates, run_id=record.run_id)


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text or 0)
    except InvalidOperation:
        return Decimal(0)
