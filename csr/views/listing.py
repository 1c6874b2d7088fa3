"""The list of cases, and the list as a file."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_http_methods, require_safe

from core import downloads, lists
from core.paging import keyset
from csr import columns, exports, policies, selectors
from csr.drilling import DrillingFilter
from csr.filters import QUICK, CaseFilter
from users import saved_views
from users.access import requires, user_of
from users.models import User
from users.roles import Perm


@requires(Perm.CSR_VIEW)
@require_safe
def case_list(request: HttpRequest) -> HttpResponse:
    user, narrowed = user_of(request), _narrowed(request)
    page = keyset(narrowed.qs.only(*columns.READ), request, order=("-id",))
    context = {
        "filter": narrowed,
        "quick": [("", ""), *_quick_for(user)],
        "page": page,
        "rows": columns.LIST_ROW.render(columns.list_rows_of(page.rows)),
        "may_register": policies.may_register(user),
        "kept": [(name, request.GET[name]) for name in ("account", *DrillingFilter.base_filters) if request.GET.get(name)],
        "saved": saved_views.shown(request, "case_list"),
    }
    return lists.answer(request, "csr/list.html", context)


def _quick_for(user: User) -> list[tuple[str, object]]:
    """What has lost its owner is looked for by stewards alone."""
    hidden = set() if user.may(Perm.STEWARD) else {"unassigned"}
    return [(code, label) for code, (label, _condition) in QUICK.items() if code not in hidden]


@requires(Perm.CSR_VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def case_export(request: HttpRequest) -> HttpResponseBase:
    """The list as a file, with the filter of the page."""
    rows = _narrowed(request)
    return downloads.answer(request, exports.case_listing(), rows.qs, by=user_of(request), filtered=downloads.filter_of(rows))


def _narrowed(request: HttpRequest) -> CaseFilter:
    return CaseFilter(request.GET, queryset=selectors.cases_for(user_of(request)).counted(), request=request)
