"""How the fields and bodies of core.api.fields read in the description of the API."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema

from core.api.fields import EXACT


class _BodyDescribed(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """A body takes the fields that it names, and no others."""

    target_class = "core.api.fields.Input"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:
        schema: dict[str, Any] = auto_schema._map_serializer(self.target, direction, True)  # type: ignore[no-untyped-call]
        return {**schema, "additionalProperties": False}


class _ExactDescribed(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = "core.api.fields.Exact"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:
        return {"type": "string", "format": "decimal", "pattern": f"^{EXACT}$"}


class _BytesDescribed(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = "core.api.fields.Bytes"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:
        return {"type": "string", "format": "byte"}


class _NumberDescribed(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = "core.api.fields.Number"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:
        whole, places = self.target.max_digits - self.target.decimal_places, self.target.decimal_places
        pattern = rf"^-?\d{{1,{whole}}}(\.\d{{1,{places}}})?$"
        return {"type": "string", "format": "decimal", "pattern": pattern, "example": "1.5"}
