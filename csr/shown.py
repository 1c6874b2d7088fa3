"""What the page of a case shows, and which of its buttons this person may press: nothing that would be refused."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _, ngettext

from accounts.models import Account, AccountStatus
from approvals import selectors as approvals
from core import clock, events
from core.rows import RowTemplate
from core.templatetags.ui import quantity
from csr import columns, policies, selectors, services
from csr.choices import ENDED, WITH_TASKS, CaseStatus, TaskPhase
from csr.models import Case, CaseProduct, CaseTask
from csr.models.look_ups import WATCHER
from users.models import User
from users.roles import Perm, Scope

PRODUCTS_SHOWN = 50
EVENTS_SHOWN = 50
_PATH = [status for status in CaseStatus if status not in ENDED]
_WORKED_ON = {status: phase for phase, status in WITH_TASKS.items()}


def page_of(user: User, case: Case, *, all_products: bool = False) -> dict[str, Any]:
    """Everything the page needs; so many queries, however long its lists are."""
    products = case.products.select_related("product").order_by("-pk")
    product_count = case.products.count()
    parts = _parts_of(user, case)
    team = list(case.team.select_related("user", "role"))
    waiting = approvals.waiting_on("csr", [case.pk]).get(case.pk, []) if case.is_locked else []
    may = rights_of(user, case, open_parts=_open(parts, case), asked_by={one.requested_by for one in waiting})
    shown = list(products if all_products else products[:PRODUCTS_SHOWN])
    may_open_account = _may_open(user, case)
    if not may_open_account:
        may.discard("clone")
    return {
        "case": case,
        "may": may,
        "path": path_of(case),
        "next_step": next_step(case, open_parts=_open(parts, case), has_products=bool(product_count)),
        "missing": _missing(case, may, bool(product_count), parts),
        "owner": columns.owner_of(case),
        "may_open_account": may_open_account,
        "is_late": columns.is_late(case, clock.today()),
        "waiting": waiting,
        "own_request": _request_to_decide(user, case) if case.is_locked else None,
        "spells": _spells_of(case),
        "product_rows": PRODUCT_ROW.render(product_rows_of(case, shown), may_change="products" in may),
        "product_count": product_count,
        "products_left": product_count - len(shown),
        "accounts": list(case.accounts.select_related("account", "site")),
        "team": [member for member in team if member.role.code != WATCHER],
        "watchers": [member for member in team if member.role.code == WATCHER],
        "is_watching": any(member.user_id == user.pk and member.role.code == WATCHER for member in team),
        "assessment": [part for part in parts if part.task.phase == TaskPhase.ASSESSMENT],
        "implementation": [part for part in parts if part.task.phase == TaskPhase.IMPLEMENTATION],
        "feedback": list(case.feedback.select_related("by")) if columns.is_over(case) else [],
        "files": _files_of(user, case),
        "timeline": list(events.timeline(case).order_by("-pk")[:EVENTS_SHOWN]),
        "help_url": selectors.settings_in_force().help_url,
    }


def _may_open(user: User, case: Case) -> bool:
    """Whether the account is in sight as well: somebody who takes part in a case sees the case alone."""
    if not user.may(Perm.ACCOUNT_VIEW):
        return False
    return user.scope == Scope.ALL or Account.objects.visible_to(user).filter(pk=case.account_id).exists()


# --- What may be done -------------------------------------------------------------------------------------------------
def rights_of(user: User, case: Case, *, open_parts: int, asked_by: set[int]) -> set[str]:
    """The names of what this person can do now. One query at most."""
    status = CaseStatus(case.status)
    edits, may = policies.may_edit(user, case), set()
    if edits and status in services.FIELDS_OPEN:
        may.add("requirement")
    if edits and status == CaseStatus.REGISTRATION:
        may.add("products")
    if edits and status in services.WORKED_ON:
        may.add("assign")
    if edits and status in _WORKED_ON:
        may.add("tasks")
    if edits and status == CaseStatus.UNDER_ASSESSMENT and not open_parts:
        may.add("conclude")
    if edits and status == CaseStatus.UNDER_IMPLEMENTATION and not open_parts:
        may.add("implement")
    if policies.may_submit(user, case):
        may.add("submit")
    if user.pk in asked_by:
        may.add("recall")
    if policies.may_build_team(user, case):
        may.add("team")
    if policies.may_say_satisfaction(user, case):
        may.add("feedback")
    if policies.may_close(user, case):
        may.add("close")
    if policies.may_register(user) and case.account.status == AccountStatus.ACTIVE:
        may.add("clone")
    return may


def _missing(case: Case, may: set[str], has_products: bool, parts: "Sequence[Part]") -> str:
    """What stands in the way of submitting, for whoever may submit. The sentence is that of the service."""
    if "submit" not in may:
        return ""
    ready = has_products if case.status == CaseStatus.REGISTRATION else bool(case.conclusion) and not _open(parts, case)
    return "" if ready else services.missing_to_submit(case)


def _request_to_decide(user: User, case: Case) -> int | None:
    """The request that waits for this very person."""
    asked = approvals.waiting_for(user).filter(run__subject_type="csr", run__subject_id=case.pk)
    key: int | None = asked.values_list("pk", flat=True).first()
    return key


# --- Where it stands --------------------------------------------------------------------------------------------------
def path_of(case: Case) -> list[dict[str, Any]]:
    """The steps of the life cycle with the present one marked; a case that was closed before it was live ends otherwise."""
    status = CaseStatus(case.status)
    last = CaseStatus.CLOSED_REJECTED if status == CaseStatus.CLOSED_REJECTED else CaseStatus.INACTIVE
    return [{"label": step.label, "is_current": step == status} for step in (*_PATH, last)]


def next_step(case: Case, *, open_parts: int, has_products: bool) -> str:
    """What happens next, in a sentence."""
    status = CaseStatus(case.status)
    if status == CaseStatus.REGISTRATION:
        return _("Submit it for pre-approval.") if has_products else _("Add the products, then submit it for pre-approval.")
    if status == CaseStatus.UNDER_ASSESSMENT and not case.conclusion and not open_parts:
        return _("Write the global feasibility conclusion.")
    if status in _WORKED_ON and open_parts:
        sentence = ngettext("%(number)s part is still open.", "%(number)s parts are still open.", open_parts)
        return sentence % {"number": open_parts}
    return {
        CaseStatus.PENDING_PRE_APPROVAL: _("Supply chain and quality decide whether it is assessed."),
        CaseStatus.UNDER_ASSESSMENT: _("Submit it for the final approval."),
        CaseStatus.APPROVAL_PENDING: _("The final approvers decide whether it is implemented."),
        CaseStatus.UNDER_IMPLEMENTATION: _("Everything is done: mark it as implemented."),
        CaseStatus.IMPLEMENTED: _("It is live. Enter how satisfied the customer is; close it when it is no longer valid."),
    }.get(status, _("It has ended and stays readable."))


def _spells_of(case: Case) -> list[dict[str, Any]]:
    """The key dates and persons: each status with who answered for it, from when until when."""
    spells = case.spells.select_related("owner", "began_by")
    return [{"spell": spell, "days": _days(spell.began_at, spell.ended_at or clock.now())} for spell in spells]


def _days(begin: dt.datetime, end: dt.datetime) -> int:
    return (clock.day_of(end) - clock.day_of(begin)).days


# --- Products ---------------------------------------------------------------------------------------------------------
@dataclass(slots=True)
class ProductRow:
    pk: int
    sku: str
    name: str
    note: str
    excluded: str
    limits: str
    change_path: str
    remove_path: str


PRODUCT_ROW = RowTemplate("csr/_product_row.html", ProductRow)


def product_rows_of(case: Case, products: Sequence[CaseProduct]) -> list[ProductRow]:
    excluded, base = _("not for this customer"), reverse("case_page", args=[case.pk])
    return [
        ProductRow(
            pk=row.pk,
            sku=row.product.sku,
            name=row.product.name,
            note=row.note,
            excluded=excluded if row.is_excluded else "",
            limits=_limits_of(row),
            change_path=f"{base}products/{row.pk}/",
            remove_path=f"{base}products/{row.pk}/remove/",
        )
        for row in products
    ]


def _limits_of(row: CaseProduct) -> str:
    said = []
    if row.min_quantity is not None:
        said.append(_("at least %(number)s") % {"number": quantity(row.min_quantity)})
    if row.max_quantity is not None:
        said.append(_("at most %(number)s") % {"number": quantity(row.max_quantity)})
    if row.multiple_of is not None:
        said.append(_("in multiples of %(number)s") % {"number": quantity(row.multiple_of)})
    return ", ".join(said)


# --- Parts and tasks --------------------------------------------------------------------------------------------------
@dataclass(slots=True)
class Part:
    """A part of the assessment or of the implementation, and what this person may do about it."""

    task: CaseTask
    is_late: bool
    may_answer: bool
    may_remove: bool


def _parts_of(user: User, case: Case) -> list[Part]:
    if case.status in (CaseStatus.REGISTRATION, CaseStatus.PENDING_PRE_APPROVAL):
        return []
    tasks = case.tasks.select_related("department", "owner", "answered_by").order_by("department__position", "pk")
    parts, answers_for = [], policies.may_edit(user, case)
    for task in tasks:
        task.case = case
        may_answer = policies.may_answer(user, task) and not columns.is_over(case)
        parts.append(
            Part(
                task=task,
                is_late=bool(task.due_on and task.due_on < clock.today() and not task.is_done),
                may_answer=may_answer,
                may_remove=may_answer and answers_for and not task.is_done,
            )
        )
    return parts


def _open(parts: Sequence[Part], case: Case) -> int:
    """How many parts of the present phase are not answered."""
    return sum(part.task.phase == case.phase.value and not part.task.is_done for part in parts)


def _files_of(user: User, case: Case) -> list[dict[str, Any]]:
    edits = policies.may_edit(user, case)
    return [
        {"file": file, "may_remove": not case.is_locked and (file.by_id == user.pk or edits)}
        for file in case.files.select_related("by")
    ]
