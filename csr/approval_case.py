"""A case as the rules of approval look at it, and what a decision is bound to. Shapes: see approvals.registry."""

import hashlib
import json
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from approvals import routing
from approvals.choices import FieldKind
from approvals.registry import Case as ApprovalCase, Field, Fingerprint
from csr.choices import CaseStatus, Gate, TaskPhase
from csr.models import Case
from users.models import User

FIELDS = (
    Field("requirement_type", _("Requirement type"), FieldKind.CODE),
    Field("product_group", _("Product groups"), FieldKind.CODE),
    Field("priority", _("Priority, 1 to 4"), FieldKind.NUMBER),
    Field("products", _("Number of products"), FieldKind.NUMBER),
    Field("feasibility", _("Feasibility"), FieldKind.CODE),
    Field("cost", _("Cost of all parts"), FieldKind.MONEY),
    Field("lead_time_days", _("Longest lead time, days"), FieldKind.NUMBER),
    Field("tma1", _("Category TMA1"), FieldKind.CODE),
    Field("tma2", _("Category TMA2"), FieldKind.CODE),
    Field("classification", _("Customer classification"), FieldKind.CODE),
    Field("region", _("Region"), FieldKind.CODE),
)
_OF_ACCOUNT = ("tma1", "tma2", "classification", "region")


def case_of(case: Case) -> ApprovalCase:
    """What was approved before counts again only while the content is the very same."""
    groups = case.products.filter(product__group__isnull=False).order_by().values_list("product__group__code", flat=True)
    parts = case.tasks.filter(phase=TaskPhase.ASSESSMENT)
    costs = [cost for cost in parts.values_list("cost", flat=True) if cost is not None]
    days = [number for number in parts.values_list("lead_time_days", flat=True) if number is not None]
    account = case.account
    gate = Gate.PRE if case.status in (CaseStatus.REGISTRATION, CaseStatus.PENDING_PRE_APPROVAL) else Gate.FINAL
    return ApprovalCase(
        unit=account.unit_id,
        values={
            "requirement_type": case.requirement_type.code,
            "product_group": frozenset(groups),
            "priority": Decimal(case.priority),
            "products": Decimal(case.products.count()),
            "feasibility": case.feasibility or None,
            "cost": sum(costs, Decimal(0)) if costs else None,
            "lead_time_days": Decimal(max(days)) if days else None,
            **{name: value.code if (value := getattr(account, name)) else None for name in _OF_ACCOUNT},
        },
        measures={gate.value: {f"{content_hash(case)} {_places(case)}": Decimal(1)}},
    )


def _places(case: Case) -> str:
    also = sorted((account, site or 0) for account, site in case.accounts.values_list("account", "site"))
    return f"{case.account_id}.{case.site_id or 0} {also}"


def gate_of(case: Case) -> Gate:
    """What is asked for next."""
    return Gate.PRE if case.status == CaseStatus.REGISTRATION else Gate.FINAL


def choices_for(case: Case, by: User) -> list[routing.Choice]:
    """Whom this person's submitting would ask."""
    return routing.choices_for([gate_of(case).value], "csr", case, by, case.last_editor_id, case_of(case))


def fingerprint(case: Case) -> Fingerprint:
    """Version and content hash as they are now."""
    return Fingerprint(case.version, content_hash(case))


def content_hash(case: Case) -> str:
    """Of everything that is decided about: the requirement, its products, and what the assessment has found. Not of whose
    it is: accounts are merged whenever the master says so, and nobody else can change that meanwhile."""
    return hashlib.sha256(json.dumps(_content(case), ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _content(case: Case) -> dict[str, Any]:
    products = case.products.order_by("product").values_list(
        "product", "note", "is_excluded", "min_quantity", "max_quantity", "multiple_of"
    )
    parts = case.tasks.filter(phase=TaskPhase.ASSESSMENT).order_by("pk")
    return {
        "type": case.requirement_type_id,
        "title": case.title,
        "description": case.description,
        "priority": case.priority,
        "needed_by": str(case.needed_by or ""),
        "printed": [case.is_printed, case.printed_text],
        "feasibility": case.feasibility,
        "conclusion": case.conclusion,
        "products": [[key, note, out, *(_plain(number) for number in numbers)] for key, note, out, *numbers in products],
        "parts": [
            [department, answer, _plain(cost), days, comment]
            for department, answer, cost, days, comment in parts.values_list(
                "department", "feasibility", "cost", "lead_time_days", "comment"
            )
        ],
    }


def _plain(number: Decimal | None) -> str:
    return "" if number is None else format(number.normalize(), "f")
