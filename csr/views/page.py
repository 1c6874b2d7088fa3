"""The page of a case."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from csr import selectors
from users.access import requires, user_of
from users.roles import Perm


@requires(Perm.CSR_VIEW)
@require_safe
def case_page(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "csr/page.html", {"case": selectors.case_for(user_of(request), pk)})
