"""Records that a body names: by the code of a look-up value, or by id."""

from typing import Any

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid


def by_code(field: str, model: type[Model], code: str, *, present: int | None = None) -> Any:
    """The value in use with this code, or the `present` one (its key), which may have gone out of use. Raises: Invalid."""
    values: QuerySet[Any] = model._default_manager.filter(Q(is_active=True) | Q(pk=present), code=code)
    return only(field, values)


def only(field: str, found: QuerySet[Any]) -> Any:
    """The record that was found. Raises: Invalid naming the field when there is none."""
    record = found.first()
    if record is None:
        text = _("There is no such value to choose.")
        raise Invalid(text, fields={field: text})
    return record
