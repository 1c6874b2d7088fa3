"""The list and the board of quotes, the list as a file, and several quotes changed in one go."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import DateField
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_GET, require_http_methods

from core import downloads, lists, redirects
from core.errors import DomainError, Invalid, NotFound, require
from core.forms import typed, whole
from core.paging import keyset
from quotes import batching, board, exports, listing, policies, services
from quotes.filters import QUICK, QuoteFilter
from quotes.models import Quote
from quotes.services import Outcome, Seen, bulk
from users import saved_views
from users.access import requires, user_of
from users.models import User
from users.roles import Perm

BOARD = "board"


@requires(Perm.QUOTE_VIEW)
@require_GET
def quote_list(request: HttpRequest) -> HttpResponse:
    """The list, or with `?view=board` the board, of the same quotes."""
    user, filtered = user_of(request), _narrowed(request)
    context: dict[str, Any] = {
        "filter": filtered,
        "quick": [("", ""), *((code, label) for code, (label, _condition) in QUICK.items())],
        "sees_margin": policies.may_see_margin(user),
        "may_edit": user.may(Perm.QUOTE_EDIT),
        "is_board": request.GET.get("view") == BOARD,
        "back": request.get_full_path(),
        "saved": saved_views.shown(request, "quote_list"),
    }
    make = _board if context["is_board"] else _list
    return lists.answer(request, "quotes/list.html", context | make(request, user, filtered, sees_margin=context["sees_margin"]))


def _list(request: HttpRequest, user: User, filtered: QuoteFilter, *, sees_margin: bool) -> dict[str, Any]:
    page = keyset(filtered.qs.select_related("account", "owner").only(*listing.READ), request, order=("-id",))
    rows = listing.LIST_ROW.render(listing.list_rows_of(page.rows), sees_margin=sees_margin)
    return {"page": page, "rows": rows, "is_empty": not page.rows}


def _board(request: HttpRequest, user: User, filtered: QuoteFilter, *, sees_margin: bool) -> dict[str, Any]:
    chosen = filtered.form.cleaned_data.get("status") or "" if filtered.form.is_valid() else ""
    columns = board.columns_of(filtered.qs, user, chosen=chosen, back=request.get_full_path())
    cards = sum(len(column.cards) for column in columns)
    return {"columns": columns, "cards": cards, "is_empty": not cards}


@requires(Perm.QUOTE_VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def quote_export(request: HttpRequest) -> HttpResponseBase:
    """The list as a file, with the filter of the page; or those that were selected."""
    user, narrowed = user_of(request), _narrowed(request)
    rows, filtered = narrowed.qs, downloads.filter_of(narrowed)
    if picked := request.POST.getlist("q"):
        keys = _keys(picked)
        rows, filtered = rows.filter(pk__in=keys), {**filtered, "selected": str(len(keys))}
    quotes = rows.select_related("account", "owner")
    return downloads.answer(request, exports.quote_listing(user), quotes, by=user, filtered=filtered)


def _narrowed(request: HttpRequest) -> QuoteFilter:
    quotes: QuerySet[Quote] = Quote.objects.visible_to(user_of(request))
    return QuoteFilter(request.GET, queryset=quotes, request=request)


# --- Several in one go ------------------------------------------------------------------------------------------------
@requires(Perm.QUOTE_VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def selected(request: HttpRequest) -> HttpResponse:
    """Exactly with which of the selected quotes it would be done, and with which not and why; a POST does it."""
    user = user_of(request)
    if request.method == "POST":
        require(user.may(Perm.QUOTE_EDIT))
        return _do(request, user)
    return _proposed(request, user, request.GET.get("do", ""), _keys(request.GET.getlist("q")), request.GET.get("next"))


def _keys(texts: list[str]) -> list[int]:
    """The keys that were named, each once. Raises: Invalid for more than go in one go."""
    keys = list(dict.fromkeys(key for text in texts if (key := whole(text)) is not None))
    bulk.require_no_more(keys)
    return keys


def _proposed(
    request: HttpRequest, user: User, action: str, keys: list[int], back: str | None, *, error: DomainError | None = None
) -> HttpResponse:
    if action not in batching.ACTIONS:
        raise NotFound
    found = batching.proposal(user, action, keys)
    context = {
        "action": action,
        "quotes": found.quotes,
        "left": found.left,
        "owners": batching.possible_owners(user) if action == batching.OWNER and found.quotes else [],
        "next": redirects.own(back, reverse("quote_list")),
        "typed": {name: request.POST.get(name, "") for name in ("owner", "valid_until", "reason")},
        "error": str(next(iter(error.fields.values()), error)) if error else "",
    }
    return render(request, "quotes/selected.html", context, status=error.status if error else 200)


def _do(request: HttpRequest, user: User) -> HttpResponse:
    """Back to the list when it is done with all of them; else a page says with which, and why not with the others."""
    action, seen = request.POST.get("do", ""), [_seen(text) for text in request.POST.getlist("quote")]
    if action not in _SERVICES:
        raise NotFound
    try:
        outcomes = _SERVICES[action](request, seen, user)
    except Invalid as error:
        if not error.fields:
            raise
        keys = [one.quote_id for one in seen]
        return _proposed(request, user, action, keys, request.POST.get("next"), error=error)
    refused = {outcome.quote_id: outcome.error for outcome in outcomes if outcome.error is not None}
    changed = len(outcomes) - len(refused)
    if not refused:
        sentence = ngettext("%(count)s quote changed.", "%(count)s quotes changed.", changed)
        messages.success(request, sentence % {"count": changed})
        return redirects.back(request, reverse("quote_list"))
    return _partly(request, user, outcomes, refused)


def _partly(request: HttpRequest, user: User, outcomes: list[Outcome], refused: dict[int, DomainError]) -> HttpResponse:
    visible = Quote.objects.visible_to(user).filter(pk__in=[outcome.quote_id for outcome in outcomes])
    quotes = list(visible.select_related("account").order_by("-pk"))
    context = {
        "changed": [quote for quote in quotes if quote.pk not in refused],
        "refused": [(quote, refused[quote.pk]) for quote in quotes if quote.pk in refused],
        "unknown": len(outcomes) - len(quotes),
        "number_refused": len(refused),
        "next": redirects.own(request.POST.get("next"), reverse("quote_list")),
    }
    status = 200 if context["changed"] else next(iter(refused.values())).status
    return render(request, "quotes/selected_done.html", context, status=status)


def _seen(text: str) -> Seen:
    """ "12:3" as the page has put it there."""
    key, _colon, version = text.partition(":")
    pk, number = whole(key), whole(version)
    if pk is None or number is None:
        raise Invalid(_("Choose at least one quote."))
    return Seen(pk, number)


def _day(request: HttpRequest) -> dt.date | None:
    try:
        day: dt.date | None = DateField(required=False).clean(request.POST.get("valid_until", ""))
    except ValidationError as error:
        raise Invalid(fields={"valid_until": " ".join(error.messages)}) from error
    return day


_SERVICES: dict[str, Callable[[HttpRequest, list[Seen], User], list[Outcome]]] = {
    batching.OWNER: lambda request, seen, user: services.quotes_change_owner(
        seen=seen, by=user, owner_id=whole(request.POST.get("owner", ""))
    ),
    batching.VALID_UNTIL: lambda request, seen, user: services.quotes_set_valid_until(seen=seen, by=user, day=_day(request)),
    batching.CANCEL: lambda request, seen, user: services.quotes_cancel(
        seen=seen, by=user, reason=typed(request.POST, "reason")[:2000]
    ),
}
