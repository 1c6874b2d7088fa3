"""The page of a case, its history, and asking for approval."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from approvals import asking, selectors as approvals
from core import uploads
from core.errors import DomainError, NotAllowed, NotFound, require
from core.forms import typed, whole
from csr import approval_case, histories, policies, selectors, services, shown
from csr.choices import Gate
from csr.models import Case
from quotes.columns import approvals_of
from users.access import requires, user_of
from users.models import User
from users.roles import Perm

PART = "case"
"""The element that every change of a case draws anew."""


@requires(Perm.CSR_VIEW)
@require_safe
def case_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The page; where a form of it asks, what of it has changed."""
    user = user_of(request)
    case = selectors.case_for(user, pk)
    context = shown.page_of(user, case, all_products="all" in request.GET)
    asked = getattr(request, "htmx", None)
    is_part = bool(asked and asked.target == PART)
    response = render(request, "csr/page.html#case" if is_part else "csr/page.html", context | {"is_part": is_part})
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


@requires(Perm.CSR_VIEW)
@require_safe
def case_history(request: HttpRequest, pk: int) -> HttpResponse:
    """Who decided what, and which field was changed by whom, when, from what to what."""
    case = selectors.case_for(user_of(request), pk)
    context = {
        "case": case,
        "approvals": approvals_of(approvals.history("csr", case.pk)),
        "changes": histories.changes_of(case),
    }
    part = "#history" if getattr(request, "htmx", False) else ""
    return render(request, f"csr/history.html{part}", context)


@requires(Perm.CSR_VIEW)
@require_GET
def case_file(request: HttpRequest, pk: int, row: int) -> HttpResponse:
    file = selectors.file_for(user_of(request), pk, row)
    return uploads.to_save(uploads.content_of(file), name=file.name, content_type=file.content_type)


# --- Asking for approval ----------------------------------------------------------------------------------------------
@requires(Perm.CSR_VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def case_submit(request: HttpRequest, pk: int) -> HttpResponse:
    """Whom it asks, with the button that does; refused, the sheet comes again with everything that was typed."""
    user = user_of(request)
    case = selectors.case_for(user, pk)
    if request.method != "POST":
        require(policies.may_submit(user, case))
        return _sheet(request, user, case)
    try:
        services.case_submit(
            case_id=pk,
            by=user,
            approvers=asking.picked(request.POST),
            reason=typed(request.POST, "reason")[:2000],
            version=whole(request.POST.get("version", "")) or 0,
        )
    except (NotFound, NotAllowed):
        raise
    except DomainError as error:
        case = selectors.case_for(user, pk)
        if not policies.may_submit(user, case):
            raise
        return _sheet(request, user, case, error=error)
    return redirect("case_page", pk)


def _sheet(request: HttpRequest, user: User, case: Case, *, error: DomainError | None = None) -> HttpResponse:
    choices = approval_case.choices_for(case, user)
    context: dict[str, Any] = {
        "case": case,
        "gates": asking.steps_of(choices, user, request.POST),
        "settled": [choice for choice in choices if not choice.is_asked],
        "missing": services.missing_to_submit(case),
        "reason": request.POST.get("reason", ""),
        "error": str(next(iter(error.fields.values()), error)) if error else "",
        "is_final": approval_case.gate_of(case) == Gate.FINAL,
    }
    is_part = bool(getattr(request, "htmx", False))
    response = render(
        request, "csr/submit.html#sheet" if is_part else "csr/submit.html", context, status=error.status if error else 200
    )
    if is_part and error:
        response["HX-Retarget"], response["HX-Reswap"] = "#case-submit", "outerHTML"
    return response
