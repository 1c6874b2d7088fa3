"""Keyset paging: the next page starts after the last row shown, so page 1000 costs what page 1 costs, and nothing is counted."""

import base64
import binascii
import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Field, Model, Q, QuerySet
from django.http import HttpRequest

Row = TypeVar("Row")

PARAMETER = "cursor"


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page of a list. Query strings carry no "?"; `next_query` is "" on the last page."""

    rows: list[Row]
    next_query: str
    first_query: str
    is_first: bool


def keyset(
    queryset: "QuerySet[Any, Row]", request: HttpRequest, order: Sequence[str] = ("name", "pk"), per_page: int = 50
) -> Page[Row]:
    """The page of `queryset` that `?cursor=` names, the first one when it is absent or makes no sense. One query.

    `order` ends with a unique field; "-" reverses a field; none of them may be null.
    """
    after = _decode(request.GET.get(PARAMETER, ""), queryset.model, order)
    ordered = queryset.order_by(*order)
    rows = list((ordered if after is None else ordered.filter(_beyond(order, after)))[: per_page + 1])
    more = len(rows) > per_page
    rows = rows[:per_page]
    return Page(
        rows=rows,
        next_query=_query(request, _encode(rows[-1], order)) if more else "",
        first_query=_query(request, ""),
        is_first=after is None,
    )


def is_cursor(cursor: str, model: type[Model], order: Sequence[str]) -> bool:
    """Whether `cursor` is one that a list in this order has given out."""
    return _decode(cursor, model, order) is not None


def _query(request: HttpRequest, cursor: str) -> str:
    params = request.GET.copy()
    params.pop(PARAMETER, None)
    if cursor:
        params[PARAMETER] = cursor
    return params.urlencode()


def _beyond(order: Sequence[str], after: Sequence[Any]) -> Q:
    """Rows that sort after the values `after`. The first condition repeats a part of it in a shape an index can use."""
    beyond, equal = Q(), Q()
    for name, value in zip(order, after, strict=True):
        field = name.lstrip("-")
        beyond |= equal & Q(**{f"{field}__{'lt' if name.startswith('-') else 'gt'}": value})
        equal &= Q(**{field: value})
    first = order[0]
    return Q(**{f"{first.lstrip('-')}__{'lte' if first.startswith('-') else 'gte'}": after[0]}) & beyond


def _encode(row: Any, order: Sequence[str]) -> str:
    values = [_text(_value(row, name.lstrip("-"))) for name in order]
    return base64.urlsafe_b64encode(json.dumps(values, ensure_ascii=False).encode()).decode().rstrip("=")


def _decode(cursor: str, model: type[Model], order: Sequence[str]) -> list[Any] | None:
    if not cursor:
        return None
    try:
        texts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(texts, list) or len(texts) != len(order):
            return None
        return [_parsed(_field(model, name.lstrip("-")), text) for name, text in zip(order, texts, strict=True)]
    except (ValueError, OverflowError, binascii.Error, ValidationError, FieldDoesNotExist, RecursionError):
        return None


def _parsed(field: "Field[Any, Any]", text: Any) -> Any:
    if not isinstance(text, str) or "\x00" in text:
        raise ValueError("no value of ours")
    text.encode()  # a lone surrogate is no text
    value = field.to_python(text)
    if isinstance(value, dt.datetime):
        value = value.astimezone(dt.UTC)
    if value is None or (isinstance(value, Decimal) and not value.is_finite()):
        raise ValueError("no value of ours")
    return value


def _value(row: Any, path: str) -> Any:
    for part in path.split("__"):
        row = getattr(row, part)
    return row


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, dt.date | dt.datetime) else str(value)


def _field(model: type[Model], path: str) -> "Field[Any, Any]":
    *relations, last = path.split("__")
    for name in relations:
        related = model._meta.get_field(name).related_model
        if not isinstance(related, type):
            raise FieldDoesNotExist(path)
        model = related
    field = model._meta.pk if last == "pk" else model._meta.get_field(last)
    if not isinstance(field, Field):
        raise FieldDoesNotExist(path)
    return field
