"""Related products of a case, and the further accounts that it applies to: added and removed while it is registered."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import AccountStatus, Site
from core import events, histories
from core.errors import Invalid, NotFound
from csr import selectors
from csr.choices import CaseStatus
from csr.models import Case, CaseAccount, CaseProduct
from csr.services import keeping
from users.models import User

MOST_PRODUCTS = 1_000
MOST_ACCOUNTS = 500
_REGISTERED = (CaseStatus.REGISTRATION,)
_FIELDS = ("note", "is_excluded", "min_quantity", "max_quantity", "multiple_of")


@transaction.atomic
def products_add(*, case_id: int, product_ids: Sequence[int], by: User, version: int | None = None) -> Case:
    """These products are related to the case as well; those that are already stay as they are. All of them or none.

    Raises: NotFound; NotAllowed; StaleVersion; WrongState after Registration; Invalid naming `products` for one that is not sold
    or too many.
    """
    case = keeping.locked_to_edit(case_id, by, version, _REGISTERED)
    added = add(case, product_ids, by)
    if added:
        keeping.saved(case, by)
        events.record(case, "products added", by=by, skus=[row.product.sku for row in added][:50], count=len(added))
    return case


def add(case: Case, product_ids: Sequence[int], by: User) -> list[CaseProduct]:
    """The rows of the new ones. The case is locked or new."""
    wanted = list(dict.fromkeys(product_ids))
    there = set(case.products.values_list("product", flat=True))
    found = selectors.products_in_use(wanted)
    if missing := [key for key in wanted if key not in found]:
        raise Invalid(fields={"products": _("There is no such product: %(keys)s.") % {"keys": ", ".join(map(str, missing[:5]))}})
    if len(there | set(wanted)) > MOST_PRODUCTS:
        raise Invalid(fields={"products": _("A case has at most %(most)s products.") % {"most": MOST_PRODUCTS}})
    return related([CaseProduct(case=case, product=found[key]) for key in wanted if key not in there], by)


def related(rows: Sequence[CaseProduct], by: User) -> list[CaseProduct]:
    """These rows, made many at once, with their history."""
    made = CaseProduct.objects.bulk_create(rows)
    histories.record_created(CaseProduct, [row.pk for row in made], by=by)
    return made


@transaction.atomic
def product_change(*, case_id: int, row_id: int, by: User, changes: Mapping[str, Any], version: int | None = None) -> CaseProduct:
    """What the requirement says of this product holds its new value. `changes`: note, is_excluded, min_quantity, max_quantity,
    multiple_of. Raises: as `products_add`."""
    case = keeping.locked_to_edit(case_id, by, version, _REGISTERED)
    row = _row(case, row_id)
    if foreign := sorted(set(changes) - set(_FIELDS)):
        raise Invalid(fields=dict.fromkeys(foreign, _("This field cannot be changed now.")))
    for name, value in changes.items():
        setattr(row, name, value)
    _check(row)
    row.save()
    keeping.saved(case, by)
    events.record(case, "product changed", by=by, sku=row.product.sku)
    return row


def _check(row: CaseProduct) -> None:
    row.note = row.note.strip()
    try:
        row.clean_fields(exclude=["case", "product"])
    except ValidationError as error:
        raise Invalid(fields={name: " ".join(texts) for name, texts in error.message_dict.items()}) from error
    numbers = {name: getattr(row, name) for name in ("min_quantity", "max_quantity", "multiple_of")}
    wrong = {name: _("It must be above 0.") for name, value in numbers.items() if value is not None and value <= Decimal(0)}
    low, high = row.min_quantity, row.max_quantity
    if not wrong and low is not None and high is not None and high < low:
        wrong = {"max_quantity": _("At most cannot be less than at least.")}
    if wrong:
        raise Invalid(fields=wrong)


@transaction.atomic
def product_remove(*, case_id: int, row_id: int, by: User, version: int | None = None) -> Case:
    """The product is no longer related to the case. Raises: as `products_add`."""
    case = keeping.locked_to_edit(case_id, by, version, _REGISTERED)
    row = _row(case, row_id)
    row.delete()
    keeping.saved(case, by)
    events.record(case, "product removed", by=by, sku=row.product.sku)
    return case


def _row(case: Case, row_id: int) -> CaseProduct:
    row = case.products.select_related("product").filter(pk=row_id).first()
    if row is None:
        raise NotFound(_("This product is no longer there."))
    return row


# --- Case account associations ----------------------------------------------------------------------------------------
@transaction.atomic
def account_add(
    *, case_id: int, account_id: int, by: User, site_id: int | None = None, version: int | None = None
) -> CaseAccount:
    """The requirement applies to this account, or this site of it, too. Raises: as `products_add`; Invalid naming `account` or
    `site`."""
    case = keeping.locked_to_edit(case_id, by, version, _REGISTERED)
    account = selectors.account_to_choose(by, account_id)
    if account.status != AccountStatus.ACTIVE:
        raise Invalid(fields={"account": _("This account is inactive.")})
    site = Site.objects.filter(pk=site_id, account=account, is_active=True).first() if site_id is not None else None
    if site_id is not None and site is None:
        raise Invalid(fields={"site": _("This site belongs to another account.")})
    if (account.pk, site_id) == (case.account_id, case.site_id) or (account.pk == case.account_id and site is None):
        raise Invalid(fields={"account": _("The case is about this one already.")})
    if case.accounts.filter(account=account, site=site).exists():
        raise Invalid(fields={"account": _("It is there already.")})
    if case.accounts.count() >= MOST_ACCOUNTS:
        raise Invalid(fields={"account": _("A case applies to at most %(most)s further accounts.") % {"most": MOST_ACCOUNTS}})
    row = CaseAccount.objects.create(case=case, account=account, site=site)
    keeping.saved(case, by)
    events.record(case, "account added", by=by, account=account.name, site=site.child_id if site else "")
    return row


@transaction.atomic
def account_remove(*, case_id: int, row_id: int, by: User, version: int | None = None) -> Case:
    """The requirement no longer applies to it. Raises: as `products_add`."""
    case = keeping.locked_to_edit(case_id, by, version, _REGISTERED)
    row = case.accounts.select_related("account").filter(pk=row_id).first()
    if row is None:
        raise NotFound(_("This account is no longer there."))
    row.delete()
    keeping.saved(case, by)
    events.record(case, "account removed", by=by, account=row.account.name)
    return case
