"""Columns that fill themselves."""

from typing import Any

from django.db import models


class DerivedCharField(models.CharField):  # type: ignore[type-arg]
    """A text that is worked out from the rest of the record whenever its column is saved.

    What writes past the model (`update`, `bulk_update`, COPY) has to write it too.
    """

    def derived(self, record: Any) -> str:
        """What belongs into the column."""
        raise NotImplementedError

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        text = self.derived(model_instance)
        setattr(model_instance, self.attname, text)
        return text

    def deconstruct(self) -> Any:
        """Migrations know a text."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs
