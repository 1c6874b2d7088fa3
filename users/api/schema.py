"""How an endpoint is described: what every operation shares stands here once."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import get_doc
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema_serializer
from rest_framework import serializers

from core.api import idempotency, lists
from core.api.fields import Input, Output
from core.paging import PARAMETER

_IDEMPOTENT = OpenApiParameter(
    idempotency.HEADER,
    str,
    OpenApiParameter.HEADER,
    description="Sent again with the same key within 24 hours, the request changes nothing and gets the first answer.",
)
_IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description='The version that was read, as in `ETag`: `"3"`. A stale one is a 409.'
)
_PAGING = [
    OpenApiParameter(PARAMETER, str, description="Where the page begins; part of the address in `next`."),
    OpenApiParameter(lists.LIMIT, int, description=f"Rows of a page, at most {lists.MOST}; {lists.SHOWN} when left out."),
]

_SUMMARIES = {
    "list": "A page of the list.",
    "retrieve": "One, by its id.",
    "create": "Make one.",
    "partial_update": "Change what is sent, and nothing else.",
}
_VERBS = {"retrieve": "get", "partial_update": "change", "destroy": "remove"}


class ProblemOut(Output):
    """A refusal: nothing was changed. `code` is stable, `detail` a sentence, `fields` what is to blame."""

    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    fields = serializers.DictField(child=serializers.CharField(), required=False)  # type: ignore[assignment]
    reference = serializers.CharField(required=False)


class Schema(AutoSchema):
    """Adds the headers, the parameters of lists, and the refusals that every operation may answer with."""

    def get_override_parameters(self) -> list[Any]:
        added: list[Any] = list(super().get_override_parameters())
        if self.method == "POST":
            added.append(_IDEMPOTENT)
        if getattr(self.view, "action", "") in getattr(self.view, "versioned", ()):
            added.append(_IF_MATCH)
        if getattr(self.view, "action", "") in getattr(self.view, "paged", ()):
            added += _PAGING
        if getattr(self.view, "action", "") == "list":
            orderings = getattr(self.view, "orderings", {})
            if orderings:
                description = f"`{next(iter(orderings))}` when left out."
                added.append(OpenApiParameter(lists.ORDERING, str, enum=list(orderings), description=description))
        return added

    def get_operation_id(self) -> str:
        """ "quote_submit": the record and the action."""
        action = getattr(self.view, "action", "")
        name = getattr(self.view, "basename", None)
        return f"{name}_{_VERBS.get(action, action)}".replace("-", "_") if name else str(super().get_operation_id())

    def _map_serializer(self, serializer: Any, *args: Any, **kwargs: Any) -> Any:
        """Bodies have no fields but those that are described."""
        mapped = super()._map_serializer(serializer, *args, **kwargs)  # type: ignore[no-untyped-call]
        shape = serializer if isinstance(serializer, type) else type(serializer)
        return {**mapped, "additionalProperties": False} if issubclass(shape, Input) and "type" in mapped else mapped

    def _get_response_bodies(self, *args: Any, **kwargs: Any) -> Any:
        bodies = super()._get_response_bodies(*args, **kwargs)
        component = self.resolve_serializer(ProblemOut, "response")
        problem = {
            "content": {"application/problem+json": {"schema": component.ref}},
            "description": "Refused: nothing was changed.",
        }
        return {**bodies, "default": problem}

    def get_summary(self) -> str:
        """The first line of what the action says about itself."""
        action = getattr(self.view, "action", "")
        said = get_doc(getattr(self.view, action, None)) if action else ""
        return said.partition("\n")[0] or _SUMMARIES.get(action, "")


PDF = {(200, "application/pdf"): OpenApiTypes.BINARY}
"""The answer of an action that gives a file."""


def listing(row: type[Output]) -> type[Output]:
    """The shape of a page of a list of `row`."""
    fields = {
        "next": serializers.URLField(allow_null=True, help_text="Address of the next page; null on the last one."),
        "results": row(many=True),
    }
    page = type(f"{row.__name__.removesuffix('Out')}Page", (Output,), {**fields, "__doc__": "A page of a list."})
    return extend_schema_serializer(many=False)(page)
