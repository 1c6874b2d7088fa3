"""Filters of lists in the API: what makes no sense is refused, where a page would show everything."""

from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from core.api.fields import MOST

_FLAGS = {"1": True, "true": True, "0": False, "false": False}


class FlagField(forms.NullBooleanField):
    widget = forms.TextInput

    def to_python(self, value: Any) -> bool | None:  # type: ignore[override]  # None: not asked
        if value in (None, ""):
            return None
        if str(value) not in _FLAGS:
            raise ValidationError(_("Choose one of: %(names)s.") % {"names": ", ".join(_FLAGS)})
        return _FLAGS[str(value)]


@extend_schema_field(OpenApiTypes.INT)
class Id(django_filters.NumberFilter):  # type: ignore[misc]
    """The id of a record."""

    field_class = forms.IntegerField

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=MOST, **kwargs)


class NamedField(forms.CharField):
    def clean(self, value: Any) -> Any:
        if value is not None and not value.strip():
            raise ValidationError(_("Name one, or leave the parameter out."))
        return super().clean(value)


class Named(django_filters.CharFilter):  # type: ignore[misc]
    """Exactly the named one. A program that lost its value must not get everything for it."""

    field_class = NamedField


class Flag(django_filters.BooleanFilter):  # type: ignore[misc]
    """Yes (`1`, `true`) or no (`0`, `false`)."""

    field_class = FlagField
