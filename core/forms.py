"""Form fields that accept numbers as people of both languages type them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core import money
from core.templatetags.ui import plain_input


class DecimalField(forms.Field):
    """An exact number in Finnish or English notation; cleans to a Decimal (never a float), or None when left empty."""

    widget = forms.TextInput
    default_error_messages = {
        "invalid": _("“%(value)s” is not a number."),
        "decimals": _("At most %(places)s decimals."),
        "whole": _("At most %(digits)s digits before the decimal mark."),
        "min": _("At least %(limit)s."),
        "above": _("More than %(limit)s."),
        "max": _("At most %(limit)s."),
    }

    def __init__(
        self,
        *,
        max_digits: int,
        decimal_places: int,
        min_value: Decimal | int | None = None,
        max_value: Decimal | int | None = None,
        above: Decimal | int | None = None,
        **kwargs: Any,
    ) -> None:
        """`min_value` and `max_value` are themselves allowed, `above` is not."""
        self.max_digits, self.decimal_places = max_digits, decimal_places
        self.min_value, self.max_value, self.above = min_value, max_value, above
        super().__init__(**kwargs)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), "inputmode": "decimal", "autocomplete": "off"}

    def prepare_value(self, value: Any) -> Any:
        return plain_input(value) if isinstance(value, Decimal | int) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != (Decimal(initial) if initial is not None else None))
        except ValidationError:
            return True

    def to_python(self, value: Any) -> Decimal | None:
        if value is None or value == "" or (isinstance(value, str) and not value.strip()):
            return None
        number = value if isinstance(value, Decimal) else money.parse(str(value))
        if number is None or not number.is_finite():
            raise ValidationError(self.error_messages["invalid"], code="invalid", params={"value": str(value)[:60]})
        return number

    def validate(self, value: Decimal | None) -> None:
        super().validate(value)
        if value is None:
            return
        self._check_digits(value)
        for code, limit, broken in (
            ("min", self.min_value, self.min_value is not None and value < self.min_value),
            ("above", self.above, self.above is not None and value <= self.above),
            ("max", self.max_value, self.max_value is not None and value > self.max_value),
        ):
            if broken:
                raise ValidationError(self.error_messages[code], code=code, params={"limit": plain_input(Decimal(limit or 0))})

    def _check_digits(self, value: Decimal) -> None:
        whole, _point, decimals = money.plain(abs(value)).partition(".")
        if len(decimals) > self.decimal_places:
            raise ValidationError(self.error_messages["decimals"], code="decimals", params={"places": self.decimal_places})
        digits = self.max_digits - self.decimal_places
        if len(whole.lstrip("0")) > digits:
            raise ValidationError(self.error_messages["whole"], code="whole", params={"digits": digits})


def typed(data: Mapping[str, str], name: str) -> str:
    """What was typed into a field that no form checks, without NUL characters: PostgreSQL keeps none."""
    return data.get(name, "").replace("\x00", "")


def whole(text: str) -> int | None:
    """The number of a row or a version in a posted text; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
