"""Mails that did not go out, for data stewards: what failed and why, and the button that has it tried again."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_POST, require_safe

from core import deliveries
from core.errors import Invalid
from core.forms import whole
from core.paging import keyset
from users.access import requires, user_of
from users.roles import Perm


@requires(Perm.STEWARD)
@require_safe
def outbox_list(request: HttpRequest) -> HttpResponse:
    page = keyset(deliveries.failing(), request, order=("-pk",))
    context = {"page": page, "rows": deliveries.rows(page.rows), "dead_count": deliveries.dead().count()}
    return render(request, "mails/list.html", context)


@requires(Perm.STEWARD)
@require_POST
def outbox_retry(request: HttpRequest) -> HttpResponse:
    """What the button says: all that were given up, those that are ticked, or its own."""
    verb, _colon, own = request.POST.get("action", "").partition(":")
    by: Any = user_of(request)
    if verb == "retry" and own:
        deliveries.message_retry(message_id=_keys([own])[0], by=by)
        number = 1
    elif verb == "retry":
        number = deliveries.messages_retry(message_ids=_keys(request.POST.getlist("row")), by=by)
    elif verb == "retry_dead":
        number = deliveries.messages_retry(by=by)
    else:
        raise Invalid(_("There is no such action."))
    text = ngettext("%(number)s mail is tried again.", "%(number)s mails are tried again.", number) % {"number": number}
    messages.success(request, text)
    return redirect("outbox_list")


def _keys(texts: list[str]) -> list[int]:
    """Raises: Invalid when nothing, or nothing that could be a message, was chosen."""
    keys = [key for text in texts if (key := whole(text)) is not None]
    if not keys or len(keys) < len(texts):
        raise Invalid(_("Tick the mails that are to be tried again."))
    return keys
