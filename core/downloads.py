"""A list as a file: counted, filed and then streamed. Who may open the list and what is in sight is the caller's."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.utils.translation import gettext as _

from core import clock, events, rate_limits
from core.errors import Invalid, Text, TooManyRows
from core.exports import XLSX_ROWS, Column, csv_bytes
from core.templatetags.ui import quantity

if TYPE_CHECKING:
    from users.models import User

CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
AT_ONCE = 500
"""Rows per fetch, and the most ids of one statement: SQLite takes 999 parameters."""


def one_by_one(queryset: QuerySet[Any]) -> Iterator[Any]:
    """The rows from a cursor, `AT_ONCE` in memory."""
    return queryset.iterator(chunk_size=AT_ONCE)


@dataclass(frozen=True)
class Listing:
    """A list page as a file. `columns` are those that this person sees; `order` is that of the page.

    `name` files it in the history; `title` names sheet and file; `path` is where the page is. `rows` reads the queryset where
    a row is more than a record; it must not read it whole. `rest`: cells of a row beyond its columns. `delimiter`: of a CSV
    file that does not follow the language.
    """

    name: str
    title: Text
    path: str
    columns: Sequence[Column]
    order: Sequence[str]
    rows: Callable[[QuerySet[Any]], Iterator[Any]] = one_by_one
    rest: Callable[[Any], Sequence[str]] = lambda row: ()
    delimiter: str = ""


EXPORTS = rate_limits.Limit("exports of a person", times=30, seconds=3600)


def filter_of(filterset: Any) -> dict[str, str]:
    """The values a list is narrowed by, as they were understood: ids for records. What made no sense narrows nothing."""
    filterset.form.is_valid()
    given = filterset.form.cleaned_data.items()
    return {name: str(getattr(value, "pk", value)) for name, value in given if value not in (None, "")}


def export_start(*, by: "User", listing: Listing, queryset: QuerySet[Any], filtered: Mapping[str, str], file_format: str) -> int:
    """File that `by` starts to export these rows; answers how many there are. A refusal files nothing.

    What is filed is the start: whether the last row arrived nobody can know. Raises: Invalid (unknown format), TooMany,
    TooManyRows.
    """
    if file_format not in CONTENT_TYPES:
        raise Invalid(fields={"format": _("Choose CSV or Excel.")})
    rate_limits.require(EXPORTS, str(by.pk))
    most = min(settings.EXPORT_MAX_ROWS, XLSX_ROWS)
    rows = queryset.order_by()[: most + 1].count()  # stops at the limit, however long the list is
    if rows > most:
        raise TooManyRows(
            _("This list has more than %(most)s rows. Narrow it with the filters, then export again.") % {"most": quantity(most)}
        )
    columns = [column.key for column in listing.columns]
    events.record(
        by,
        "export started",
        by=by,
        list=listing.name,
        format=file_format,
        filter=dict(filtered),
        rows=rows,
        columns=columns,
    )
    return rows


def answer(
    request: HttpRequest, listing: Listing, queryset: QuerySet[Any], *, by: "User", filtered: Mapping[str, str]
) -> HttpResponseBase:
    """The rows as a file for a POST. A GET, where a reload or a log-in ends up, goes to the page with the same filter.

    Raises: Invalid, TooManyRows: before the first byte.
    """
    if request.method != "POST":
        query = request.GET.urlencode()
        return HttpResponseRedirect(f"{listing.path}?{query}" if query else listing.path)
    file_format = request.POST.get("format", "")
    rows = export_start(by=by, listing=listing, queryset=queryset, filtered=filtered, file_format=file_format)
    records = _records(listing, queryset.order_by(*listing.order)[:rows])
    response = _csv(listing, records) if file_format == "csv" else _xlsx(listing, records, by)
    response["Content-Type"] = CONTENT_TYPES[file_format]
    response["Content-Disposition"] = content_disposition_header(True, f"{_name(listing, by)}.{file_format}") or "attachment"
    return response


def _records(listing: Listing, queryset: QuerySet[Any]) -> Iterator[list[Any]]:
    for row in listing.rows(queryset):
        yield [*(column.value(row) for column in listing.columns), *listing.rest(row)]


def _csv(listing: Listing, records: Iterator[list[Any]]) -> HttpResponseBase:
    pieces = csv_bytes(listing.columns, records, delimiter=listing.delimiter)
    return StreamingHttpResponse(_in_language(translation.get_language() or settings.LANGUAGE_CODE, pieces))


def _in_language(language: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces as they are in `language`: a stream is read when the request's own language no longer holds."""
    while True:
        with translation.override(language):
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece


def _xlsx(listing: Listing, records: Iterator[list[Any]], by: "User") -> HttpResponseBase:
    from core.workbooks import xlsx_file

    return FileResponse(xlsx_file(listing.columns, records, title=str(listing.title), by=by.display_name, at=clock.now()))


def _name(listing: Listing, by: "User") -> str:
    """List, day and person, in letters that every file system takes."""
    words = (slugify(str(text), allow_unicode=True) for text in (listing.title, clock.today().isoformat(), by.display_name))
    return "-".join(word for word in words if word)
