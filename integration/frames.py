"""Tables between the database and memory, whole columns at a time."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import polars as pl
from django.db import models

from core.db import bulk


def fetch(rows: models.QuerySet[Any], shape: Mapping[str, Any]) -> pl.DataFrame:
    """What a `values_list` finds, under the names of `shape`, each with its type. Amounts come as text with all their decimals;
    a text that is NULL comes as ""."""
    text = bulk.rows_as_csv(rows)
    schema = dict(shape)
    if text is None:
        found = [tuple(_plain(value) for value in row) for row in rows]
        frame = pl.DataFrame(found, schema=schema, orient="row")
    else:
        flags = {name: pl.String if kind == pl.Boolean else kind for name, kind in schema.items()}
        content = text.getvalue()
        if not content:
            return pl.DataFrame(schema=schema)
        frame = pl.read_csv(content, has_header=False, schema=flags, empty_string_is_null=False)
        frame = frame.with_columns(pl.col(name) == "t" for name, kind in schema.items() if kind == pl.Boolean)
    return frame.with_columns(pl.col(name).fill_null("") for name, kind in schema.items() if kind == pl.String)


def _plain(value: Any) -> Any:
    return format(value, "f") if isinstance(value, Decimal) else value


def amount(name: str, places: int) -> pl.Expr:
    """An integer of the smallest unit as a plain decimal."""
    unit, value = 10**places, pl.col(name)
    whole, part = (value.abs() // unit).cast(pl.String), (value.abs() % unit).cast(pl.String).str.zfill(places)
    text: pl.Expr = pl.when(value < 0).then(pl.lit("-")).otherwise(pl.lit("")) + whole + "." + part
    return text


def units(name: str) -> pl.Expr:
    """The other way round, of a text that has all its decimals."""
    return pl.col(name).str.replace(".", "", literal=True).cast(pl.Int64)
