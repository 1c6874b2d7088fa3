"""The base of every endpoint: declared rights, scoped tokens, idempotent POSTs, problems as JSON."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from core.api import idempotency, lists
from core.api.fields import MOST
from core.api.idempotency import Answer
from core.errors import Invalid, NotFound
from core.paging import PARAMETER
from users import access
from users.api.permissions import Declared
from users.models import User

KEPT_HEADERS = ("ETag", "Location")


class FileRenderer(BaseRenderer):
    """For an action whose answer is a file; a refusal is JSON all the same."""

    media_type = "*/*"
    format = "file"

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> bytes:
        return JSONRenderer().render(data)


class PdfRenderer(FileRenderer):
    media_type = "application/pdf"
    format = "pdf"


class Endpoint(GenericViewSet[Any]):
    """An endpoint whose `access` says per action who may call it. An action without an entry is an error, never open.

    `parameters` names the query parameters of actions that read any; others are refused. `paged` names the actions that
    answer a page of a list; of these, `list` knows the filters and orderings as well. `largest` names the actions whose
    bodies may be larger than Django keeps of a form, with the most bytes of them.
    """

    access: ClassVar[Mapping[str, Any]]
    parameters: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    paged: ClassVar[tuple[str, ...]] = ("list",)
    largest: ClassVar[Mapping[str, int]] = {}
    orderings: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    filterset_class: ClassVar[Any] = None
    permission_classes = (Declared,)
    filter_backends = (DjangoFilterBackend,)
    pagination_class = None
    http_method_names = ["get", "head", "post", "patch", "delete"]
    lookup_value_converter = "int"

    @property
    def user(self) -> User:
        """Who asks."""
        return cast(User, self.request.user)

    def declared_access(self) -> Any:
        if self.action in (None, "metadata"):  # a method that is not there: 405 for whoever is signed in
            return access.SIGNED_IN
        if self.action not in self.access:
            raise ImproperlyConfigured(f"{type(self).__name__}.{self.action} does not declare who may call it")
        return self.access[self.action]

    def read(self, serializer: type[BaseSerializer[Any]], **options: Any) -> Any:
        """The body in the shape of `serializer`. Raises: ValidationError."""
        shaped = serializer(data=self.request.data, **options)
        shaped.is_valid(raise_exception=True)
        return shaped.validated_data

    def read_query(self, serializer: type[BaseSerializer[Any]]) -> Any:
        """The query parameters in the shape of `serializer`. Raises: ValidationError."""
        shaped = serializer(data=self.request.query_params.dict())
        shaped.is_valid(raise_exception=True)
        return shaped.validated_data

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if any(isinstance(key, int) and key > MOST for key in kwargs.values()):
            raise NotFound
        if self.action in (None, "metadata"):
            return
        lists.require_known(request, self._parameters(self.action))
        if self.action in self.largest:
            _take_in(request._request, self.largest[self.action])
        key = request.headers.get(idempotency.HEADER)
        if request.method == "POST" and key is not None:
            setattr(self, "post", functools.partial(self._once, key, getattr(self, "post")))  # noqa: B009, B010  made by the router

    def _parameters(self, action: str) -> tuple[str, ...]:
        named = self.parameters.get(action, ())
        if action in self.paged:
            named = (*named, PARAMETER, lists.LIMIT)
        if action == "list":
            filters = self.filterset_class.base_filters if self.filterset_class else ()
            named = (*named, *filters, *([lists.ORDERING] if self.orderings else []))
        return named

    def _once(self, key: str, handler: Callable[..., Response], request: Request, *args: Any, **kwargs: Any) -> Response:
        """The handler's answer, or the one it gave before. What it does and the answer become true in one transaction."""
        sent = request._request
        claim = idempotency.claim(user_id=self.user.pk, key=key, method="POST", path=sent.path, body=sent.body)
        if claim.answer is not None:
            return _replayed(claim.answer)
        try:
            with transaction.atomic():
                response = handler(request, *args, **kwargs)
                idempotency.complete(claim.row, _answer(response))
            return response
        except idempotency.InFlight:
            raise
        except Exception as error:
            return self._refused_once(claim, error)

    def _refused_once(self, claim: idempotency.Claim, error: Exception) -> Response:
        """A refusal is an answer too, and changed nothing; after a fault of ours the key is free."""
        try:
            response: Response = self.handle_exception(error)
        except Exception:
            idempotency.release(claim.row)
            raise
        idempotency.complete(claim.row, _answer(response))
        return response


def _take_in(sent: Any, most: int) -> None:
    """The body is kept although it is larger than forms are. Raises: Invalid when it is larger than `most`."""
    if int(sent.META.get("CONTENT_LENGTH") or 0) > most:
        text = _("The body is too large.")
        raise Invalid(text, fields={"body": text})
    sent._body = sent.read()


def _answer(response: Response) -> Answer:
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    if response.content_type:
        headers["Content-Type"] = response.content_type
    return Answer(response.status_code, response.data, headers)


def _replayed(answer: Answer) -> Response:
    headers = dict(answer.headers)
    content_type = headers.pop("Content-Type", None)
    return Response(answer.body, answer.status, headers={**headers, idempotency.REPLAYED: "true"}, content_type=content_type)
