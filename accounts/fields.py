"""Columns that fill themselves."""

from typing import Any

from django.db import models

from accounts.matching import name_key


class MatchKeyField(models.CharField):  # type: ignore[type-arg]
    """The key of the record's `name` (accounts.matching), worked out whenever this column is saved.

    What writes past the model (`update`, `bulk_update`, COPY) has to write it too.
    """

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        key = name_key(getattr(model_instance, "name", ""))
        setattr(model_instance, self.attname, key)
        return key

    def deconstruct(self) -> Any:
        """Migrations know a text."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs
