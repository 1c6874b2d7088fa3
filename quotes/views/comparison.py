"""What differs between two revisions of a quote, and several quotes side by side."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.forms import whole
from quotes import comparison_rows, comparison_selectors, matrix, policies, selectors
from quotes.comparison_selectors import Version
from users.access import requires, user_of
from users.roles import Perm


@requires(Perm.QUOTE_VIEW)
@require_safe
def compare(request: HttpRequest, pk: int) -> HttpResponse:
    """A revision held against another one of its number: `with` names that ("12", or "12.3" as submitted at version 3), `as` the
    version of this one. Without them, this one as it stands and what it was made of."""
    user = user_of(request)
    quote = selectors.quote_for(user, pk)
    versions = comparison_selectors.versions_of(user, quote)
    submitted, key = request.GET.get("as", ""), request.GET.get("with", "")
    this = comparison_selectors.chosen(versions, f"{pk}.{submitted}" if submitted else f"{pk}")
    other = comparison_selectors.chosen(versions, key) if key else comparison_selectors.usual(versions, this)
    context: dict[str, Any] = {
        "quote": quote,
        "choices": [(version.key, label_of(version)) for version in versions if not is_hidden(version, this)],
        "with": other.key if other else "",
        "as": submitted,
        "shown": None,
        "is_whole": request.GET.get("all") == "1",
    }
    if other is not None:
        found = comparison_selectors.compared(this, other)
        margins = comparison_selectors.margins(found) if policies.may_see_margin(user) else None
        context |= {
            "before": label_of(found.before),
            "after": label_of(found.after),
            "shown": comparison_rows.shown(found.comparison, whole=context["is_whole"], margins=margins),
        }
    return render(request, "quotes/compare.html", context)


def is_hidden(version: Version, this: Version) -> bool:
    """Whether it is no choice: it is this one, or stands among the choices as the revision as it stands."""
    return comparison_selectors.is_same(version, this) or (version.stands and version.snapshot is not None)


def label_of(version: Version) -> str:
    """ "Revision 2 (Sent)", "Revision 1 as submitted 21 Nov 2026 14:02"."""
    quote = version.quote
    if version.at is not None:
        when = date_format(timezone.localtime(version.at), "SHORT_DATETIME_FORMAT")
        return _("Revision %(revision)s as submitted %(when)s") % {"revision": quote.revision, "when": when}
    return _("Revision %(revision)s (%(status)s)") % {"revision": quote.revision, "status": quote.get_status_display()}


@requires(Perm.QUOTE_VIEW)
@require_safe
def matrix_page(request: HttpRequest) -> HttpResponse:
    """Quotes beside each other: those of an opportunity (`?opportunity=7`), or those that are named (`?q=1&q=2`)."""
    user = user_of(request)
    opportunity = whole(request.GET.get("opportunity", ""))
    keys = list(dict.fromkeys(key for text in request.GET.getlist("q") if (key := whole(text)) is not None))
    quotes = matrix.quotes_of_opportunity(user, opportunity) if opportunity is not None else matrix.quotes_of(user, keys)
    only_differing = request.GET.get("only") == "1"
    context = {
        "matrix": matrix.matrix_of(quotes, user, only_differing=only_differing) if quotes else None,
        "opportunity": quotes[0].opportunity if quotes and opportunity is not None else None,
        "named": {"opportunity": opportunity, "keys": [] if opportunity is not None else keys},
        "only_differing": only_differing,
    }
    return render(request, "quotes/matrix.html", context)
