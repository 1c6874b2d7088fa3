"""What an approver of a case gets to see: frozen with the request, in both languages. Shape: see approvals.registry."""

from collections.abc import Callable
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _, gettext_noop, ngettext

from approvals import summary
from core.languages import CODES, in_languages
from core.templatetags.ui import money
from csr.choices import CaseStatus, Gate, TaskPhase
from csr.models import Case, CaseTask

_MOST_NAMED = 20


def facts_of(case: Case) -> dict[str, Any]:
    """Everything the review page shows, as JSON."""
    is_final = case.status == CaseStatus.APPROVAL_PENDING
    said = gettext_noop("Implement “%(title)s”?") if is_final else gettext_noop("Assess “%(title)s”?")
    what = in_languages(lambda: _(said) % {"title": case.title})
    gate = Gate.FINAL if is_final else Gate.PRE
    limits = [{"gate": gate.value, "what": what, "limit": _same(""), "actual": _same(""), "margin": False}]
    return {
        "title": in_languages(lambda: _("Customer-specific requirement %(number)s") % {"number": case.number}),
        "customer": case.account.name,
        "sentences": {code: [what[code]] for code in CODES},
        "facts": [*_requirement(case), *(_assessment(case) if is_final else [])],
        "limits": [],
        "flagged": [],
        "url": reverse("case_page", args=[case.pk]),
        "brief": summary.brief(limits),
    }


def _requirement(case: Case) -> list[dict[str, Any]]:
    products = list(case.products.select_related("product").order_by("pk")[: _MOST_NAMED + 1])
    more = case.products.count() - _MOST_NAMED
    names = [f"{row.product.sku} {row.product.name}" for row in products[:_MOST_NAMED]]
    facts = [
        _fact(gettext_noop("Customer"), lambda: case.account.name),
        _fact(gettext_noop("Main shipping site"), lambda: str(case.site or "–")),
        _fact(gettext_noop("Requirement type"), lambda: case.requirement_type.label),
        _fact(gettext_noop("What is required"), lambda: case.description),
        _fact(gettext_noop("Priority"), case.get_priority_display),
        _fact(gettext_noop("Needed by"), lambda: date_format(case.needed_by, "SHORT_DATE_FORMAT") if case.needed_by else "–"),
        _fact(
            gettext_noop("Products"),
            lambda: ", ".join(
                [*names, ngettext("and %(number)s other", "and %(number)s others", more) % {"number": more}]
                if more > 0
                else names
            ),
        ),
    ]
    files = list(case.files.values_list("name", flat=True))
    return facts + ([_fact(gettext_noop("Files"), lambda: ", ".join(files))] if files else [])


def _assessment(case: Case) -> list[dict[str, Any]]:
    parts = case.tasks.filter(phase=TaskPhase.ASSESSMENT).select_related("department").order_by("department__position", "pk")
    return [
        *[_of_part(part) for part in parts],
        _fact(gettext_noop("Feasibility"), case.get_feasibility_display),
        _fact(gettext_noop("Global feasibility conclusion"), lambda: case.conclusion),
    ]


def _of_part(part: CaseTask) -> dict[str, Any]:
    return {
        "label": in_languages(lambda: part.department.label),
        "value": in_languages(lambda: _answer(part)),
        "margin": False,
    }


def _answer(part: CaseTask) -> str:
    said = [part.get_feasibility_display()]
    if part.cost is not None:
        said.append(money(part.cost))
    if part.lead_time_days is not None:
        said.append(ngettext("%(number)s day", "%(number)s days", part.lead_time_days) % {"number": part.lead_time_days})
    if part.comment:
        said.append(part.comment)
    return ", ".join(said)


def _fact(label: str, value: Callable[[], Any]) -> dict[str, Any]:
    return {"label": in_languages(lambda: _(label)), "value": in_languages(value), "margin": False}


def _same(text: str) -> dict[str, str]:
    return dict.fromkeys(CODES, text)
