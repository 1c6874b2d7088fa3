"""Views of lists: a filter that somebody keeps under a name. Apps register the pages that take part.

A page is named like its address. Of a query string only what its filter takes is kept, so where a link of a view leads is ours.
"""

from collections.abc import Iterable
from typing import NamedTuple

from django.http import HttpRequest, QueryDict
from django.utils.http import urlencode

from core.errors import NotFound
from users import selectors
from users.access import user_of

MOST = 20
"""Views of a person for one page."""

_PAGES: dict[str, tuple[str, ...]] = {}


def register(page: str, takes: Iterable[str]) -> None:
    """The page of this name shows saved views; `takes` are the parameters of its filter."""
    _PAGES[page] = tuple(takes)


def pages() -> dict[str, tuple[str, ...]]:
    """The pages that take part, each with the parameters of its filter."""
    return dict(_PAGES)


def kept(page: str, query: str | QueryDict) -> str:
    """What the filter of the page takes of a query string, in one order. Raises: NotFound for a page that has no views."""
    if page not in _PAGES:
        raise NotFound
    given = QueryDict(query) if isinstance(query, str) else query
    return urlencode([(name, str(given[name])) for name in _PAGES[page] if given.get(name)])


class Shown(NamedTuple):
    """A view as its page shows it; `is_current`: it is what the page is narrowed by."""

    pk: int
    name: str
    query: str
    is_current: bool


class OfPage(NamedTuple):
    page: str
    views: list[Shown]


def shown(request: HttpRequest, page: str) -> OfPage:
    """The views of whoever asks for the page. One query."""
    present = kept(page, request.GET)
    rows = selectors.views_of(user_of(request), page)
    queries = [(pk, name, kept(page, query)) for pk, name, query in rows]
    return OfPage(page, [Shown(pk, name, query, query == present) for pk, name, query in queries])
