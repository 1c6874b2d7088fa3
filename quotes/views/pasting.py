"""Rows from a spreadsheet: pasted, looked at and put right in a sheet, then added all at once. Looking writes nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError, Invalid, NotAllowed, NotFound
from core.forms import typed, whole
from quotes import pasting, services
from quotes.models import Quote
from quotes.pasted_lines import Edit, PastedLine, lines_of
from quotes.pasting import Row
from quotes.views.changed import version_of
from quotes.views.sheets import back, before_of, is_draft, quote_to_edit, sheet
from users.access import requires, user_of
from users.roles import Perm

MOST_TO_FIX = 200
"""Rows that can be put right in the sheet; who has more wrong ones does so in the spreadsheet."""


@requires(Perm.QUOTE_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def quote_paste(request: HttpRequest, pk: int) -> HttpResponse:
    quote = quote_to_edit(user_of(request), pk)
    if not is_draft(quote):
        return back(request, quote)
    if request.method != "POST":
        return _sheet(request, quote, "")
    text = typed(request.POST, "text")
    try:
        pasted = pasting.read(text)
    except Invalid as error:
        return _sheet(request, quote, text, error=error)
    lines = lines_of(quote, user_of(request), pasted.rows, {})
    return _sheet(request, quote, text, lines=lines, unread=pasted.unread)


@requires(Perm.QUOTE_EDIT)
@require_POST
def quote_paste_add(request: HttpRequest, pk: int) -> HttpResponse:
    """All rows that are not left out become lines, or none of them does."""
    user, text = user_of(request), typed(request.POST, "text")
    quote = quote_to_edit(user, pk)
    lines: list[PastedLine] = []
    try:
        pasted = pasting.read(text)
        lines = lines_of(quote, user, pasted.rows, _edits(pasted.rows, request.POST))
        only_good = request.POST.get("only") == "good"
        wanted = [line for line in lines if not (line.is_out or (line.wrong and only_good))]
        _require_good(wanted)
        drafts = [line.draft for line in wanted]
        services.lines_add(quote_id=pk, drafts=drafts, by=user, version=version_of(request), before=before_of(request))
    except (NotFound, NotAllowed):
        raise
    except DomainError as error:
        fresh = quote_to_edit(user, pk)
        return _sheet(request, fresh, text, lines=lines, error=error)
    return back(request, quote)


def _require_good(lines: Sequence[PastedLine]) -> None:
    if not lines:
        raise Invalid(_("No row is left that could be added."))
    if any(line.wrong for line in lines):
        raise Invalid(_("Nothing was added yet: put the marked rows right, or leave them out."))


def _edits(rows: Sequence[Row], data: Mapping[str, str]) -> dict[int, Edit]:
    """What the sheet has made of rows, by their numbers."""
    edits = {}
    for row in rows:
        cell = f"row-{row.number}-"
        if f"{cell}quantity" in data:
            picked = whole(data.get(f"{cell}product", ""))
            edits[row.number] = Edit(_typed_over(row, cell, data), picked, bool(data.get(f"{cell}out")))
    return edits


def _typed_over(row: Row, cell: str, data: Mapping[str, str]) -> Row:
    names = ("code", "quantity", "discount", "net_price")
    code, *numbers = (typed(data, cell + name).strip()[: pasting.MOST_OF_A_CELL] for name in names)
    return Row(row.number, code, "", *numbers)


def _sheet(
    request: HttpRequest,
    quote: Quote,
    text: str,
    *,
    lines: Sequence[PastedLine] = (),
    unread: Sequence[str] = (),
    error: DomainError | None = None,
) -> HttpResponse:
    shown = [_shown(line) for line in lines if line.wrong or line.is_out]
    context: dict[str, Any] = {
        "quote": quote,
        "text": text,
        "before": before_of(request) or "",
        "rows": len(lines),
        "good": [line for line in lines if not (line.wrong or line.is_out)],
        "wrong": shown[:MOST_TO_FIX],
        "to_fix": sum(bool(line.wrong) and not line.is_out for line in lines),
        "too_many": len(shown) > MOST_TO_FIX,
        "unread": unread,
        "error": str(error or ""),
    }
    return sheet(request, "quotes/paste.html", context, status=error.status if error else 200)


def _shown(line: PastedLine) -> dict[str, Any]:
    """What the sheet shows of a wrong row: the product, and the other cells as fields."""
    row, product, wrong = line.row, line.product, line.wrong
    labels = {"quantity": _("Quantity"), "discount": _("Discount, % or €"), "net_price": _("Net price, €")}
    return {
        "number": row.number,
        "is_out": line.is_out,
        "code": product.sku if product else row.code or row.name,
        "name": product.name if product else "",
        "key": product.pk if product and "product" not in wrong else "",
        "error": wrong.get("product", ""),
        "fields": [
            {
                "name": name,
                "label": label,
                "value": getattr(row, name),
                "error": wrong.get(name, ""),
                "keyboard": "text" if name == "discount" else "decimal",
            }
            for name, label in labels.items()
        ],
    }
