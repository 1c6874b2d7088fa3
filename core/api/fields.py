"""The shapes of values in the API: exact numbers are strings with a decimal point, unknown fields are refused.

Serializers say what comes in (`Input`) and what goes out (`Output`), never both; services and outputs do the rest.
"""

import base64
import contextlib
import re
from collections.abc import Container, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

MOST = 2**53
"""The largest id that every program can read."""
EXACT = r"-?\d+(\.\d+)?"
_EXACT = re.compile(EXACT, re.ASCII)


class Input(serializers.Serializer):  # type: ignore[type-arg]
    """A body that is read field by field; a field it does not know is refused, so that a typing error is never overlooked."""

    _given: Container[Any] = ()

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            self._given = data
            unknown = sorted(str(name) for name in data if name not in self.fields)
            if unknown:
                raise serializers.ValidationError(
                    {name[:100]: [serializers.ErrorDetail(str(_("There is no such field here.")), "unknown")] for name in unknown}
                )
        return super().to_internal_value(data)

    @property
    def _writable_fields(self) -> list[Any]:
        """Of the fields those that have something to say, which for a long list of rows saves half of the work."""
        return [field for name, field in self.fields.items() if name in self._given or field.required]

    def run_validators(self, value: Any) -> None:
        """There are none: `validate` checks what concerns several fields."""


class Nothing(Input):
    """A move that needs no words."""


class Output(serializers.Serializer):  # type: ignore[type-arg]
    """The shape of an answer, for the description of the API; the answer itself is a plain dict."""


class Exact(serializers.CharField):
    """An exact number of an answer: a string with a decimal point."""


class Text(serializers.CharField):
    """A text without control characters that no database column keeps. A number is no text: 1e400 would be kept as "inf"."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 200, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Bytes(serializers.Field):  # type: ignore[type-arg]
    """A file in base64, lines of it or in one piece."""

    default_error_messages = {"invalid": _("This is no base64.")}

    def to_internal_value(self, data: Any) -> bytes:
        if isinstance(data, str):
            with contextlib.suppress(ValueError):
                return base64.b64decode("".join(data.split()), validate=True)
        self.fail("invalid")


class Number(serializers.DecimalField):
    """An exact number, as a string or a JSON number; never rounded on the way in, and read in one notation only."""

    def __init__(self, digits: int, places: int, **kwargs: Any) -> None:
        super().__init__(max_digits=digits, decimal_places=places, **kwargs)

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        """Only null is null: the library takes an empty text for it, which would take a discount away."""
        if isinstance(data, str) and not data.strip():
            self.fail("invalid")
        return super().validate_empty_values(data)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str) and not _EXACT.fullmatch(data):  # "1_000", "1e3" and "٣" are decimals to the library
            self.fail("invalid")
        return super().to_internal_value(data)


class Quantity(Number):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(12, 3, **kwargs)


class UnitPrice(Number):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(12, 4, **kwargs)


class Amount(Number):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(14, 2, **kwargs)


class Percent(Number):
    """A percentage as a number: "10" is 10 %."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(7, 4, **{"min_value": -100, "max_value": 100, **kwargs})


class Key(serializers.IntegerField):
    """The id of a record."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 1, "max_value": MOST, **kwargs})
