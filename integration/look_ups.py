"""Codes of drop-down values ↔ their rows; a code nobody knows becomes a row, labelled as the source labels it."""

from collections.abc import Iterable, Mapping
from typing import Any

from simple_history.utils import bulk_create_with_history

from core.models import LookUp
from users.models import User


class LookUps:
    """The values of several look-ups by code, read once. `models`: our name for the field → its look-up."""

    def __init__(self, models: Mapping[str, type[Any]]) -> None:
        self.models = models
        self.pks: dict[str, dict[str, int]] = {
            field: dict(model.objects.values_list("code", "pk")) for field, model in models.items()
        }
        self._codes = {field: {pk: code for code, pk in pks.items()} for field, pks in self.pks.items()}

    def code(self, field: str, pk: int | None) -> str:
        return self._codes[field].get(pk, "") if pk is not None else ""

    def pk(self, field: str, code: str) -> int | None:
        return self.pks[field].get(code)

    def unknown(self, field: str, codes: Iterable[str]) -> list[str]:
        return sorted({code for code in codes if code} - self.pks[field].keys())

    def create(self, field: str, labels: Mapping[str, tuple[str, str]], *, by: User | None, reason: str, **more: Any) -> None:
        """Rows for those codes of `labels` (English, Finnish) that have none; `more` gives a further field its value by code."""
        model = self.models[field]
        rows: list[LookUp] = [
            model(code=code, **_labels(labels[code]), **{name: values[code] for name, values in more.items()})
            for code in self.unknown(field, labels)
        ]
        if not rows:
            return
        for row in bulk_create_with_history(rows, model, batch_size=200, default_user=by, default_change_reason=reason):
            self.pks[field][row.code] = row.pk
            self._codes[field][row.pk] = row.code


def _labels(pair: tuple[str, str]) -> dict[str, str]:
    return {"label_en": pair[0], "label_fi": pair[1]}
