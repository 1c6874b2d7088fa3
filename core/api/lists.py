"""Lists of the API: filters, `ordering` by name, and pages by cursor, so that page 1000 costs what page 1 costs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from core.forms import whole
from core.paging import PARAMETER as CURSOR, is_cursor, keyset

LIMIT = "limit"
ORDERING = "ordering"
SHOWN = 50
MOST = 200


def listed(
    rows: QuerySet[Any],
    request: Request,
    *,
    orderings: Mapping[str, Sequence[str]],
    output: Callable[[Any], dict[str, Any]],
) -> dict[str, Any]:
    """The page that the query names, as `{"next": address or None, "results": [...]}`. One query.

    `orderings` are those on offer, the default first. Raises: ValidationError naming the parameter to blame.
    """
    order = _order(request, orderings)
    cursor = request.query_params.get(CURSOR, "")
    if cursor and not is_cursor(cursor, rows.model, order):
        raise ValidationError({CURSOR: [_("This is no cursor of this list.")]})
    page = keyset(rows, request._request, order=order, per_page=_limit(request))
    address = request.build_absolute_uri(request.path)
    return {"next": f"{address}?{page.next_query}" if page.next_query else None, "results": [output(row) for row in page.rows]}


def _order(request: Request, orderings: Mapping[str, Sequence[str]]) -> Sequence[str]:
    name = request.query_params.get(ORDERING, "") or next(iter(orderings))
    if name not in orderings:
        raise ValidationError({ORDERING: [_("Choose one of: %(names)s.") % {"names": ", ".join(orderings)}]})
    return orderings[name]


def _limit(request: Request) -> int:
    text = request.query_params.get(LIMIT, "")
    limit = whole(text) if text else SHOWN
    if limit is None or not 1 <= limit <= MOST:
        raise ValidationError({LIMIT: [_("A number from 1 to %(most)s.") % {"most": MOST}]})
    return limit


def require_known(request: Request, known: Sequence[str]) -> None:
    """Refuse parameters that nobody reads: a misspelt filter must not answer with everything. Raises: ValidationError."""
    unknown = sorted(set(request.query_params) - set(known))
    if unknown:
        raise ValidationError({name[:100]: [_("There is no such parameter here.")] for name in unknown})
