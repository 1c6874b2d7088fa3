"""How an endpoint is described: what every operation shares stands here once."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import get_doc
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema_serializer
from rest_framework import serializers

from core.api import described, idempotency, lists  # noqa: F401  the first says how fields read
from core.api.fields import Output
from core.paging import PARAMETER
from core.uploads import KINDS

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
        return self._said()[0] or _SUMMARIES.get(getattr(self.view, "action", ""), "")

    def get_description(self) -> str:  # type: ignore[override]
        """What else it says; of an action that says nothing, what the endpoint does."""
        first, more = self._said()
        return more or ("" if first else str(super().get_description()))

    def _said(self) -> tuple[str, str]:
        action = getattr(self.view, "action", "")
        first, _line, more = (get_doc(getattr(self.view, action, None)) if action else "").partition("\n")
        return first, more.strip()

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        for parameter in (operation or {}).get("parameters", ()):
            if "description" in parameter:  # the library ends those of choices with empty lines
                parameter["description"] = str(parameter["description"]).strip()
        return operation


PDF = {(200, "application/pdf"): OpenApiTypes.BINARY}
"""The answer of an action that gives a file."""
KEPT_FILE = {(200, kind.content_type): OpenApiTypes.BINARY for kind in KINDS.values()}
"""The answer of an action that gives a file which somebody has added."""


def listing(row: type[Output]) -> type[Output]:
    """The shape of a page of a list of `row`."""
    fields = {
        "next": serializers.URLField(allow_null=True, help_text="Address of the next page; null on the last one."),
        "results": row(many=True),
    }
    page = type(f"{row.__name__.removesuffix('Out')}Page", (Output,), {**fields, "__doc__": "A page of a list."})
    return extend_schema_serializer(many=False)(page)
