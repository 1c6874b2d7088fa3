"""How good the data are, for everybody who sees accounts: all figures, and one of them by owner and over time."""

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.models import Account
from core import money
from core.forms import whole
from integration import charts, quality
from users.access import requires, user_of
from users.roles import Perm

PERIODS = {30: _("30 days"), quality.DAILY: _("90 days"), 365: _("A year")}
MOST_OWNERS = 200


@requires(Perm.ACCOUNT_VIEW)
@require_safe
def quality_page(request: HttpRequest) -> HttpResponse:
    """What is to be cleared up and what is lacking of the accounts in sight, and how that has changed."""
    user = user_of(request)
    numbers, left_out = quality.completeness_for(user), quality.left_out(user)
    numbers |= quality.matters_for(user) | {code: found.number for code, found in left_out.items()}
    changes = quality.changes(user, numbers)
    rows = {code: _figure_row(figure, numbers, changes, left_out) for code, figure in quality.FIGURES.items() if code in numbers}
    first = [code for code, figure in quality.FIGURES.items() if not figure.field and code in numbers]
    context = {
        "accounts": numbers[quality.ACCOUNTS],
        "since": changes.since,
        "matters": [rows[code] for code in (*first, *quality.FIRST)],
        "fields": [row for row in rows.values() if row["figure"].field],
    }
    return render(request, "integration/quality.html", context)


def _figure_row(
    figure: quality.Figure, numbers: dict[str, int], changes: quality.Changes, left_out: dict[str, quality.LeftOut]
) -> dict[str, Any]:
    number, of = numbers[figure.code], numbers[quality.ACCOUNTS]
    return {
        "figure": figure,
        "label": _title(figure),
        "number": number,
        "path": _list_of(figure, left_out),
        "have": of - number,
        "part": f"{100 * (of - number) / of:.1f}" if of else "0",  # as SVG writes it
        "share": _share(of - number, of),
        "change": changes.by_figure.get(figure.code, 0),
        "is_from_master": figure.field in Account.MASTER_FIELDS,
    }


@requires(Perm.ACCOUNT_VIEW)
@require_safe
def quality_figure(request: HttpRequest, figure: str) -> HttpResponse:
    """One figure by owner and over time."""
    user = user_of(request)
    shown = quality.figure_for(user, figure)
    if shown is None:
        raise Http404
    days = whole(request.GET.get("days", ""))
    days = days if days in PERIODS else quality.DAILY
    noted, owners = quality.noted(shown, user, days), quality.by_owner(shown, user)
    left_out = quality.left_out(user) if figure in quality.LEFT_OUT else {}
    context = {
        "figure": shown,
        "label": _title(shown),
        **_drawn(noted),
        "number": left_out[figure].number if left_out else sum(share.number for share in owners),
        "path": _list_of(shown, left_out),
        "periods": PERIODS,
        "days": days,
        "noted": [(row, _share(row.number, row.of) if shown.field else None) for row in reversed(noted)],
        "owners": [_owner_row(shown, share) for share in owners[:MOST_OWNERS]],
        "owners_left": max(0, len(owners) - MOST_OWNERS),
    }
    return render(request, "integration/quality_figure.html", context)


def _drawn(noted: list[quality.Noted]) -> dict[str, Any]:
    """The chart of what was noted, and the measures of its frame."""
    if not noted:
        return {"chart": None}
    chart = charts.line_chart([(row.day, row.number) for row in noted])
    return {"chart": chart, "middle": chart.top // 2, "width": charts.WIDTH, "height": charts.HEIGHT, "half": charts.HEIGHT // 2}


def _owner_row(figure: quality.Figure, share: quality.OwnerShare) -> dict[str, Any]:
    path = _accounts(**figure.lists, owner=str(share.owner_id or "null"))
    return {"share": share, "path": path, "percent": _share(share.number, share.of) if share.of else None}


def _title(figure: quality.Figure) -> str:
    return capfirst(gettext("Without %(field)s") % {"field": figure.label}) if figure.field else str(figure.label)


def _share(number: int, of: int) -> Decimal | None:
    return money.percent_of(Decimal(number), Decimal(of))


def _list_of(figure: quality.Figure, left_out: dict[str, quality.LeftOut]) -> str:
    """Where the records behind a figure are listed; nothing where there are none."""
    if figure.code in quality.LEFT_OUT:
        run_id = left_out[figure.code].run_id
        return reverse("sync_quarantine", args=[run_id]) if run_id else ""
    if figure.code == quality.CONFLICTS:
        return reverse("conflict_list")
    return _accounts(**figure.lists)


def _accounts(**narrowed: str) -> str:
    return f"{reverse('account_list')}?{urlencode(narrowed)}"
