"""Lists of the API: filters, `ordering` by name, and pages by cursor, so that page 1000 costs what page 1 costs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from core.api.values import Json
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
    output: Callable[[Any], Json],
) -> Json:
    """The page that the query names, as `{"next": address or None, "results": [...]}`. One query.

    `orderings` are those on offer, the default first. Raises: ValidationError naming the parameter to blame.
    """
    return listed_together(rows, request, orderings=orderings, outputs=lambda page: [output(row) for row in page])


def listed_together(
    rows: QuerySet[Any],
    request: Request,
    *,
    orderings: Mapping[str, Sequence[str]],
    outputs: Callable[[list[Any]], list[Json]],
) -> Json:
    """Like `listed`, where the rows of a page are put out together, because something is read for all of them at once."""
    order = _order(request, orderings)
    cursor = request.query_params.get(CURSOR, "")
    if cursor and not is_cursor(cursor, rows.model, order):
        raise ValidationError({CURSOR: [_("This is no cursor of this list.")]})
    page = keyset(rows, request._request, order=order, per_page=_limit(request))
    address = request.build_absolute_uri(request.path)
    return {"next": f"{address}?{page.next_query}" if page.next_query else None, "results": outputs(page.rows)}


def unpaged(results: list[Json]) -> Json:
    """A short list, whole, in the shape of a page."""
    return {"next": None, "results": results}


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
