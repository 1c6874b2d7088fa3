"""Choices of drop-down lists, read in one go.

Django's iterator opens a cursor in PostgreSQL, which costs three statements for a list of ten.
"""

from typing import Any

import django_filters
from django.forms.models import ModelChoiceIterator
from django_filters.fields import ModelChoiceField, ModelChoiceIterator as FilterIterator


class _AtOnce:
    queryset: Any

    def __init__(self, field: Any) -> None:
        super().__init__(field)  # type: ignore[call-arg]
        self.queryset = self.queryset.all()
        self.queryset.iterator = self.queryset.__iter__


class AtOnce(_AtOnce, ModelChoiceIterator):  # type: ignore[type-arg]
    """For `ModelChoiceField.iterator`."""


class _FilterAtOnce(_AtOnce, FilterIterator):  # type: ignore[misc]
    """The same in a filter."""


class _FilterField(ModelChoiceField):  # type: ignore[misc]
    iterator = _FilterAtOnce


class LookUpFilter(django_filters.ModelChoiceFilter):  # type: ignore[misc]
    """A filter by a record, whose choices are read in one go."""

    field_class = _FilterField
