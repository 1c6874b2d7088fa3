"""Rows of long tables: a Django template of one row, rendered once per language, then filled in for every row.

A table of 200 rows costs a Django template more than the database and the arithmetic together. So the template of a row is flat:
it shows `{{ row.name }}` of ready texts, without conditions on them and without filters, and everything else in it (labels,
icons, attributes) is the same for every row. It is rendered once with marks in the place of the texts; what is left per row is
to escape the texts and to put them in. The result is what the template alone would give.
"""

import functools
import html
import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any, NamedTuple

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

_MARK = re.compile("\ue000(\\w+)\ue001")  # from the private use area: no template of ours holds these


class _Skeleton(NamedTuple):
    """`html` with a `%s` for each text that `take` answers."""

    html: str
    take: Callable[[Any], tuple[Any, ...]]


class RowTemplate:
    """The template `name` of one `row`, an instance of the dataclass `kind`. What else it needs is given to `render`."""

    def __init__(self, name: str, kind: type[Any]) -> None:
        self.name = name
        self.marks = {field.name: f"\ue000{field.name}\ue001" for field in fields(kind)}
        self._cached = functools.lru_cache(maxsize=32)(self._skeleton)

    def render(self, rows: Iterable[Any], **same: Any) -> SafeString:
        """The HTML of all rows. `same`: what is the same for every row; hashable, and without secrets, for it is remembered."""
        skeleton = (self._skeleton if settings.DEBUG else self._cached)(get_language(), **same)
        return mark_safe("".join([skeleton.html % _escaped(skeleton.take(row)) for row in rows]))  # noqa: S308 - just escaped

    def _skeleton(self, language: str | None, **same: Any) -> _Skeleton:
        literals_and_names = _MARK.split(render_to_string(self.name, {"row": self.marks, **same}))
        names = literals_and_names[1::2]
        literals = [literal.replace("%", "%%") for literal in literals_and_names[::2]]
        return _Skeleton("%s".join(literals), _taker(names))


def _taker(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    """As `operator.attrgetter`, a tuple for a single name too."""
    take = operator.attrgetter(*names)
    return take if len(names) > 1 else lambda row: (take(row),)


def _escaped(values: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple([html.escape(str(value)) for value in values])
