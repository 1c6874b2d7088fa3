"""Columns that fill themselves."""

from typing import Any

from django.db import models
from django.db.models import Func

from accounts.matching import name_key
from core.fields import DerivedCharField


class MatchKeyField(DerivedCharField):
    """The key of the record's `name` (accounts.matching)."""

    def derived(self, record: Any) -> str:
        return name_key(getattr(record, "name", ""))


class Compact(Func):
    """A number as `matching.compact` writes it, worked out by the database: in capitals, without the marks that people put into
    it. Its texts stand in the statement, as indexes are found by them."""

    template = "REPLACE(REPLACE(REPLACE(REPLACE(UPPER(%(expressions)s), ' ', ''), '-', ''), '.', ''), '/', '')"
    output_field = models.CharField()
