"""The endpoints of approvals: asked requests, and the answers to them."""

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from approvals import selectors, services
from approvals.api import inputs, outputs
from approvals.api.filters import ApprovalFilter
from approvals.api.outputs import ApprovalOut, ApprovalRowOut, YesesOut
from approvals.choices import Verdict, Via
from approvals.models import Request
from core.api.lists import listed
from core.api.values import Json
from core.clients import client_ip
from users import access
from users.api.base import Endpoint
from users.api.schema import listing


class ApprovalEndpoint(Endpoint):
    """Requests for somebody's yes: those one is asked in, and those one asked for. Stewards see all."""

    _actions = ("list", "retrieve", "approve", "approve_together", "reject", "ask_back", "comment", "hand_over", "recall")
    access = dict.fromkeys(_actions, access.SIGNED_IN)
    queryset = Request.objects.none()
    filterset_class = ApprovalFilter
    orderings = {"-id": ("-pk",), "id": ("pk",)}

    @extend_schema(responses=listing(ApprovalRowOut))
    def list(self, request: HttpRequest) -> Response:
        """Requests in sight, the latest first."""
        titled = selectors.with_titles(selectors.requests_for(self.user))
        return Response(listed(self.filter_queryset(titled), request, orderings=self.orderings, output=self._row))

    def _row(self, asked: Request) -> Json:
        titled: dict[str, str | None] = vars(asked)
        return outputs.row_out(asked, title=titled["title"] or "", customer=titled["customer"] or "")

    @extend_schema(responses=ApprovalOut)
    def retrieve(self, request: HttpRequest, pk: int) -> Response:
        """One request with the facts that were frozen for it."""
        return self._whole(pk)

    @extend_schema(request=inputs.Yes, responses=ApprovalOut)
    @action(detail=True, methods=["post"])
    def approve(self, request: HttpRequest, pk: int) -> Response:
        """Say yes. The last yes of a round approves its subject."""
        return self._decide(pk, Verdict.APPROVE, inputs.Yes)

    @extend_schema(request=inputs.YesToSeveral, responses=YesesOut)
    @action(detail=False, methods=["post"], url_path="approve")
    def approve_together(self, request: HttpRequest) -> Response:
        """Say yes to several.

        Each is approved or refused by itself. Only requests of one kind (the same subject type and gates) go together, each
        with a value up to the limit of the settings. Sent with an `Idempotency-Key`, all of them become true at the same time.
        """
        given = self.read(inputs.YesToSeveral)
        seen = [services.Seen(one["id"], one["version"], one["content_hash"]) for one in given["requests"]]
        ip, comment = self.request.META.get("REMOTE_ADDR") or None, given.get("comment", "")
        answers = services.requests_approve(seen=seen, by=self.user, via=Via.API, comment=comment, ip=ip)
        return Response({"results": [outputs.yes_out(answer) for answer in answers]})

    @extend_schema(request=inputs.No, responses=ApprovalOut)
    @action(detail=True, methods=["post"])
    def reject(self, request: HttpRequest, pk: int) -> Response:
        """Say no, which ends the round."""
        return self._decide(pk, Verdict.REJECT, inputs.No)

    @extend_schema(request=inputs.AskingBack, responses=ApprovalOut)
    @action(detail=True, methods=["post"], url_path="ask-back")
    def ask_back(self, request: HttpRequest, pk: int) -> Response:
        """Give it back to whoever asked, with a question. Asked again, it goes on with the time that was left."""
        selectors.request_for(self.user, pk)
        given = self.read(inputs.AskingBack)
        services.request_ask_back(
            request_id=pk,
            question=given["question"],
            lines=given.get("lines", ()),
            by=self.user,
            via=Via.API,
            version=given.get("version"),
            content_hash=given.get("content_hash"),
        )
        return self._whole(pk)

    @extend_schema(request=inputs.Comment, responses=ApprovalOut)
    @action(detail=True, methods=["post"])
    def comment(self, request: HttpRequest, pk: int) -> Response:
        """Say something about the round; those who are in it are told."""
        selectors.request_for(self.user, pk)
        services.remark_add(request_id=pk, text=self.read(inputs.Comment)["comment"], by=self.user, via=Via.API)
        return self._whole(pk)

    @extend_schema(request=inputs.HandingOver, responses=ApprovalRowOut)
    @action(detail=True, methods=["post"], url_path="hand-over")
    def hand_over(self, request: HttpRequest, pk: int) -> Response:
        """Have somebody else asked, of those in `successors`. Afterwards the request may be out of your sight."""
        selectors.request_for(self.user, pk)
        given = self.read(inputs.HandingOver)
        services.request_hand_over(request_id=pk, to_id=given["to"], by=self.user, comment=given.get("comment", ""), via=Via.API)
        return Response(self._row(selectors.titled(pk)))

    @extend_schema(request=inputs.Taking, responses=ApprovalOut)
    @action(detail=True, methods=["post"])
    def recall(self, request: HttpRequest, pk: int) -> Response:
        """Take the whole round back; for who asked."""
        run = selectors.request_for(self.user, pk).run
        self.read(inputs.Taking)
        services.run_recall(subject_type=run.subject_type, subject_id=run.subject_id, by=self.user, run_id=run.pk)
        return self._whole(pk)

    def _decide(self, pk: int, verdict: Verdict, shape: type[inputs.Yes | inputs.No]) -> Response:
        selectors.request_for(self.user, pk)
        given = self.read(shape)
        services.request_decide(
            request_id=pk,
            verdict=verdict,
            comment=given.get("comment", ""),
            by=self.user,
            via=Via.API,
            version=given.get("version"),
            content_hash=given.get("content_hash"),
            ip=client_ip(self.request),
        )
        return self._whole(pk)

    def _whole(self, pk: int) -> Response:
        return Response(outputs.approval_out(selectors.request_for(self.user, pk), self.user))
