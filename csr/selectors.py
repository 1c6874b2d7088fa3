"""Reads of cases; `…_for_update` are the only locks."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Site
from catalog.models import Product
from core import db
from core.db import searching
from core.errors import NotFound
from core.prepared import Prepared
from csr import handling
from csr.choices import OPEN, CaseStatus, TaskPhase
from csr.models import Case, CaseFile, CaseProduct, CaseQuerySet, CaseTask, CsrSettings, HandlingRule
from users.models import RoleAssignment, User
from users.roles import Perm

_SHOWN = (
    "record_type", "account__owner__team", "account__classification", "site", "requirement_type", "requested_by", "registered_by",
    "assessor", "implementer", "close_reason", "cloned_from",
)  # fmt: skip


def case_for(user: User, case_id: int) -> Case:
    """The case with what its page shows. Raises: NotFound when it is out of sight."""
    case: Case | None = _case.first(user, case_id)
    if case is None:
        raise NotFound
    return case


_case = Prepared(lambda user, case_id: Case.objects.visible_to(user).select_related(*_SHOWN).filter(pk=case_id).order_by())


def file_for(user: User, case_id: int, file_id: int) -> CaseFile:
    """Raises: NotFound when the case is out of sight or the file is not one of its."""
    found = CaseFile.objects.filter(pk=file_id, case=case_id, case__in=Case.objects.visible_to(user).order_by()).first()
    if found is None:
        raise NotFound
    return found


def case_for_update(case_id: int, seen_by: User | None = None) -> Case:
    """The case, its row locked. `seen_by` None: whoever sees it. Raises: NotFound."""
    case: Case | None = _locked.first(case_id) if seen_by is None else _locked_in_sight.first(seen_by, case_id)
    if case is None:
        raise NotFound
    return case


def _for_update(cases: CaseQuerySet) -> CaseQuerySet:
    shown = cases.select_related("account__owner__team", "requirement_type", "record_type", "site", "registered_by")
    return shown.select_for_update(**db.lock_options()).order_by()


_locked = Prepared(lambda case_id: _for_update(Case.objects.filter(pk=case_id)))
_locked_in_sight = Prepared(lambda user, case_id: _for_update(Case.objects.visible_to(user).filter(pk=case_id)))


def cases_for(user: User) -> CaseQuerySet:
    """Cases in sight of this person, with what lists show of them."""
    shown = Case.objects.visible_to(user).defer("description", "conclusion")
    return shown.select_related("account", "requirement_type", "registered_by", "assessor", "implementer")


def similar(
    user: User, *, account_id: int | None, text: str = "", products: Sequence[int] = (), but: int | None = None
) -> list[Case]:
    """Cases in sight of this account or these products, those whose title has the words first; ten at most."""
    wanted: list[QuerySet[Any]] = []
    if account_id is not None:
        wanted.append(Case.objects.filter(account=account_id).order_by().values("pk"))
    if products:
        wanted.append(CaseProduct.objects.filter(product__in=products).order_by().values("case"))
    if not wanted and not text.strip():
        return []
    rows = cases_for(user).exclude(pk=but or 0)
    if wanted:
        rows = rows.filter(pk__in=wanted[0].union(*wanted[1:]))
    words = searching.contains(rows, ["number", "title"], text, index="csr_case_search") if text.strip() else rows
    found = list(words.order_by("-pk")[:10])
    if len(found) < 10 and wanted and text.strip():
        found += [case for case in rows.order_by("-pk")[:10] if case not in found]
    return found[:10]


def account_to_choose(user: User, account_id: int) -> Account:
    """Raises: NotFound."""
    account = Account.objects.visible_to(user).select_related("owner__team", "classification").filter(pk=account_id).first()
    if account is None:
        raise NotFound(_("There is no such account."))
    return account


def sites_of(account: Account) -> list[Site]:
    return list(account.sites.filter(is_active=True).order_by("child_id"))


def products_in_use(keys: Sequence[int]) -> dict[int, Product]:
    return {product.pk: product for product in Product.objects.sellable().filter(pk__in=keys)}


# --- Who deals with it ------------------------------------------------------------------------------------------------
def rules_in_use() -> dict[handling.Rule, HandlingRule]:
    """The active rules by what they name. One query."""
    rows = HandlingRule.objects.filter(is_active=True).select_related("assessor", "implementer")
    return {handling.Rule(row.pk, row.unit_id, row.requirement_type_id, row.product_group_id, row.priority): row for row in rows}


def facts_of(case: Case) -> handling.Facts:
    """One query."""
    groups = case.products.filter(product__group__isnull=False).values_list("product__group", flat=True)
    return handling.Facts(case.account.unit_id, case.requirement_type_id, frozenset(groups.order_by()))


def rule_for(case: Case) -> HandlingRule | None:
    """The rule that fits the case; None: the stewards deal with it. Two queries."""
    rules = rules_in_use()
    best = handling.best(rules, facts_of(case))
    return rules[best] if best else None


def holders(role: str, unit_id: int | None) -> list[User]:
    """Active people with this role who are in charge of the unit, by name."""
    held = RoleAssignment.objects.filter(role=role).values("user")
    people = User.objects.holding(Perm.CSR_VIEW).filter(pk__in=held).select_related("team__unit").order_by("display_name", "pk")
    return [person for person in people if person.is_in_charge_of(unit_id)]


def people() -> Any:
    """Everybody who may be asked to take part in a case, by name."""
    return User.objects.holding(Perm.CSR_VIEW).order_by("display_name", "pk")


def owner_by(rule: HandlingRule, name: str, unit_id: int | None) -> User | None:
    """The `name` ("assessor", "implementer") of the rule, if he or she can be asked; else of those who hold its role the least
    busy one."""
    named: User | None = getattr(rule, name)
    if named is not None and named.is_active and named.may(Perm.CSR_VIEW):
        return named
    role = getattr(rule, f"{name}_role")
    return least_busy(holders(role, unit_id)) if role else None


def least_busy(people: Sequence[User], phase: TaskPhase | None = None) -> User | None:
    """Of these whoever has the fewest open cases to assess or implement, or with `phase` the fewest open tasks; then by name."""
    if not people:
        return None
    if phase is not None:
        rows = (
            CaseTask.objects.filter(owner__in=people, answered_at=None, case__status__in=sorted(OPEN))
            .order_by()
            .values_list("owner")
            .annotate(Count("pk"))
        )
        load = dict(rows)
    else:
        load = dict.fromkeys((person.pk for person in people), 0)
        for name, status in (("assessor", CaseStatus.UNDER_ASSESSMENT), ("implementer", CaseStatus.UNDER_IMPLEMENTATION)):
            cases = Case.objects.filter(**{f"{name}__in": people}, status=status).order_by().values_list(name)
            for key, count in cases.annotate(Count("pk")):
                load[key] += count
    return min(people, key=lambda person: load.get(person.pk, 0))


def settings_in_force() -> CsrSettings:
    return CsrSettings.objects.filter(pk=1).first() or CsrSettings(pk=1)
