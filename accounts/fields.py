"""Columns that fill themselves."""

from typing import Any

from django.db import models
from django.db.models import Func

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


class Compact(Func):
    """A number as `matching.compact` writes it, worked out by the database: in capitals, without the marks that people put into
    it. Its texts stand in the statement, as indexes are found by them."""

    template = "REPLACE(REPLACE(REPLACE(REPLACE(UPPER(%(expressions)s), ' ', ''), '-', ''), '.', ''), '/', '')"
    output_field = models.CharField()
