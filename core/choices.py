"""Choices of drop-down lists of records.

Django's iterator opens a cursor in PostgreSQL, which costs three statements for a list of ten; and it draws every option of every
list anew. Here they are read in one go, and a list of the same choices is drawn once.
"""

import functools
from collections.abc import Callable, Iterable
from typing import Any

import django_filters
from django import forms
from django.forms.models import ModelChoiceIterator
from django.utils.translation import get_language

Choices = Iterable[tuple[Any, str]]
"""Keys and labels."""


class AtOnce(ModelChoiceIterator):  # type: ignore[type-arg]
    """For `ModelChoiceField.iterator`. The field's `read` answers what its `queryset` would."""

    def __init__(self, field: Any) -> None:
        super().__init__(field)
        self.queryset = self.queryset.all()
        self.queryset.iterator = field.read  # type: ignore[method-assign]


class DrawnOnce(forms.Select):
    """A drop-down list that is drawn again only when its choices, or which of them is chosen, are new."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> Any:
        return _draw(get_language(), name, value, tuple((attrs or {}).items()), tuple(self.choices))


@functools.lru_cache(maxsize=200)
def _draw(_language: str, name: str, value: Any, attrs: tuple[tuple[str, Any], ...], choices: tuple[Any, ...]) -> Any:
    return forms.Select(choices=choices).render(name, value, dict(attrs))


class LookUpFilter(django_filters.ChoiceFilter):  # type: ignore[misc]
    """A filter by a record. `read` answers the choices for a request."""

    def __init__(self, *args: Any, read: Callable[[Any], Choices], **kwargs: Any) -> None:
        super().__init__(*args, widget=DrawnOnce, **kwargs)
        self.read = read

    @property
    def field(self) -> Any:
        self.extra["choices"] = lambda: self.read(self.parent.request)
        return super().field
