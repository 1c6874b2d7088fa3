"""Field history of a case, its products and its tasks: what it was, what it became, who, when."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from simple_history.utils import get_history_model_for_model

from core.templatetags.ui import plain_input
from csr.models import Case, CaseProduct, CaseTask

MOST = 300
_LEFT_OUT = frozenset(
    {
        "id",
        "case",
        "number",
        "version",
        "last_editor",
        "status_since",
        "created_at",
        "review_told_on",
        "reminded_on",
        "answered_at",
    }
)
_SHOWN = {Case: "", CaseProduct: "product", CaseTask: "department"}
"""By which field a row of it is named."""


@dataclass(slots=True)
class Change:
    at: dt.datetime
    by: str
    what: str
    before: str
    after: str


def changes_of(case: Case) -> list[Change]:
    """The latest changes first, `MOST` rows of each kind at most; the same number of queries for however many."""
    found: list[tuple[Any, Any, str]] = []
    for model in _SHOWN:
        for earlier, later in _pairs(_rows(model, case)):
            found += [(earlier, later, name) for name in _differing(model, earlier, later)]
    names = _names(found)
    changes = [_change(earlier, later, name, names) for earlier, later, name in found]
    return sorted(changes, key=lambda change: change.at, reverse=True)[:MOST]


def _rows(model: type[models.Model], case: Case) -> list[Any]:
    history = get_history_model_for_model(model).objects.select_related("history_user")
    own = history.filter(id=case.pk) if model is Case else history.filter(case=case.pk)
    return list(own.order_by("-history_id")[:MOST])[::-1]


def _pairs(rows: Iterable[Any]) -> Iterable[tuple[Any, Any]]:
    """Each row with the one before it; None before the first row of what was added later, and after what was removed."""
    last: dict[int, Any] = {}
    for row in rows:
        if row.history_type == "-":
            yield row, None
        else:
            yield last.get(row.id), row
        last[row.id] = row


def _differing(model: type[models.Model], earlier: Any, later: Any) -> list[str]:
    if model is Case:
        if earlier is None or later is None:
            return []
    elif earlier is None:
        return [""] if later.history_type == "+" else []
    elif later is None:
        return [""]
    fields = [field for field in model._meta.concrete_fields if field.name not in _LEFT_OUT]
    return [field.name for field in fields if getattr(earlier, field.attname) != getattr(later, field.attname)]


def _names(found: Sequence[tuple[Any, Any, str]]) -> dict[tuple[type[models.Model], int], str]:
    """How the records are called that fields point to: a query for each kind of record."""
    keys: dict[type[models.Model], set[int]] = defaultdict(set)
    for earlier, later, name in found:
        for row in (earlier, later):
            if row is None:
                continue
            model = row.instance_type
            for field in {name, _SHOWN[model]} - {""}:
                related = model._meta.get_field(field).related_model
                if related is not None and (key := getattr(row, f"{field}_id")) is not None:
                    keys[related].add(key)
    return {(model, row.pk): str(row) for model, some in keys.items() for row in model._default_manager.filter(pk__in=some)}


def _change(earlier: Any, later: Any, name: str, names: dict[Any, str]) -> Change:
    row = later if later is not None else earlier
    model = row.instance_type
    shown = _SHOWN[model]
    subject = names.get((model._meta.get_field(shown).related_model, getattr(row, f"{shown}_id")), "–") if shown else ""
    field = model._meta.get_field(name) if name else None
    label = capfirst(str(field.verbose_name)) if field else ""
    if field is None:
        before, after = ("", _("added")) if later is not None and later.history_type == "+" else (_("there"), _("removed"))
    else:
        before, after = (_value(field, one, names) for one in (earlier, later))
    by = row.history_user.display_name if row.history_user else ""
    return Change(row.history_date, by, ": ".join(text for text in (subject, label) if text), before, after)


def _value(field: Any, row: Any, names: dict[Any, str]) -> str:
    value = getattr(row, field.attname)
    if value in (None, ""):
        return "–"
    if field.related_model is not None:
        return names.get((field.related_model, value), "–")
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dt.date):
        return date_format(value, "SHORT_DATE_FORMAT")
    return plain_input(value) if isinstance(value, Decimal) else str(value)
