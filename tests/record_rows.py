"""What a request did to the database, column by column; and values for every field of every model that nobody may set."""

import datetime as dt
import functools
from collections.abc import Container, Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db import connection, models

Rows = dict[str, dict[Any, dict[str, Any]]]

IGNORED = frozenset({"sessions.Session", "core.RateBucket"})


def own_models() -> list[type[models.Model]]:
    """The models of the product, but not the copies that keep history."""
    return [
        model
        for model in apps.get_models()
        if Path(apps.get_app_config(model._meta.app_label).path).parent == settings.BASE_DIR
        and not hasattr(model, "instance_type")
    ]


def rows(tables: Container[str] | None = None) -> Rows:
    """Every row of every table, or of these: model → key → column → value."""
    return {
        model._meta.label: dict(_rows_of(model))
        for model in apps.get_models(include_auto_created=True)
        if model._meta.label not in IGNORED and (tables is None or model._meta.db_table in tables)
    }


def _rows_of(model: type[models.Model]) -> Iterator[tuple[Any, dict[str, Any]]]:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')
        names = [column[0] for column in cursor.description]
        for values in cursor.fetchall():
            row = dict(zip(names, values, strict=True))
            yield row[model._meta.pk.column], row


def changes(before: Rows, after: Rows) -> set[str]:
    """What is different: "quotes.Quote.version" where a column changed, "+core.Event" and "-core.Event" for whole rows."""
    found = set()
    for label, rows_after, rows_before in _read_again(before, after):
        found |= {f"+{label}" for _key in rows_after.keys() - rows_before.keys()}
        found |= {f"-{label}" for _key in rows_before.keys() - rows_after.keys()}
        for key in rows_after.keys() & rows_before.keys():
            old, new = rows_before[key], rows_after[key]
            found |= {f"{label}.{name}" for name in new if old[name] != new[name]} if old != new else set()
    return found


def written(before: Rows, after: Rows) -> Iterator[tuple[str, Any]]:
    """Every value that a change left: of new rows and of changed columns."""
    for label, rows_after, rows_before in _read_again(before, after):
        for key, row in rows_after.items():
            old = rows_before.get(key, {})
            if old != row:
                yield from ((f"{label}.{name}", value) for name, value in row.items() if name not in old or old[name] != value)


def _read_again(before: Rows, after: Rows) -> Iterator[tuple[str, dict[Any, dict[str, Any]], dict[Any, dict[str, Any]]]]:
    """The tables whose rows are not those that were read before."""
    return ((label, found, before[label]) for label, found in after.items() if found is not before[label])


@functools.cache
def pointed_at(column: str) -> str:
    """The model whose keys the column holds ("quotes.QuoteLine.quote_id" → "quotes.Quote"); empty for any other column."""
    label, _dot, name = column.rpartition(".")
    model: Any = apps.get_model(label)
    field = next(field for field in model._meta.fields if field.column == name)
    of_history = getattr(model, "instance_type", None)
    if of_history is not None and name == of_history._meta.pk.column:  # a row of history holds the key of its record
        return str(of_history._meta.label)
    if field.primary_key and not field.is_relation:
        return label
    return field.related_model._meta.label if field.is_relation else ""


# --- Values that must not arrive --------------------------------------------------------------------------------------
TEXT, WHOLE, NUMBER = "SENTINEL", 424_242, Decimal("4242.4242")
DAY = dt.date(2031, 3, 14)
_BY_TYPE: dict[type[Any], Any] = {
    models.UUIDField: str(UUID(int=424_242)),
    models.DateTimeField: f"{DAY.isoformat()}T03:14:15Z",
    models.DateField: DAY.isoformat(),
    models.DecimalField: str(NUMBER),
    models.BooleanField: "on",
    models.IntegerField: WHOLE,
    models.JSONField: f'{{"{TEXT}": 1}}',
    models.EmailField: f"{TEXT}@example.com",
    models.GenericIPAddressField: "203.0.113.42",
}


def sentinels(chosen: Iterable[type[models.Model]], others: dict[str, int]) -> dict[str, Any]:
    """A value for every field of these models under its name and its column; `others` are records to point to, by model.

    Where two models have a field of one name the later one wins.
    """
    values: dict[str, Any] = {}
    for model in chosen:
        for field in model._meta.get_fields():
            values |= dict.fromkeys(_names_of(field), _value_for(field, others))
    return values


def _names_of(field: Any) -> set[str]:
    return {field.name, getattr(field, "attname", field.name)}


def _value_for(field: Any, others: dict[str, int]) -> Any:
    if field.is_relation:
        return others.get(field.related_model._meta.label, WHOLE) if field.related_model else WHOLE
    if field.choices:
        return list(dict(field.flatchoices))[-1]
    return next((value for kind, value in _BY_TYPE.items() if isinstance(field, kind)), TEXT)
