"""The endpoints of quotes: each calls the service that the page calls."""

import io
from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from approvals.api.approvers import steps_out
from core.api import versions
from core.api.fields import Input, Nothing
from core.api.lists import listed, unpaged
from core.errors import WrongState, require
from core.uploads import MOST_BYTES
from quotes import approval, approval_case, attachment_selectors, policies, selectors, services, template_selectors, triggers
from quotes.api import inputs, outputs
from quotes.api.filters import QuoteApiFilter, TemplateApiFilter
from quotes.api.outputs import (
    AttachmentOut,
    ChangedOut,
    ChangedTextOut,
    GateOut,
    QuoteOut,
    QuoteRowOut,
    TemplateOut,
    TemplateRowOut,
)
from quotes.choices import QuoteStatus
from quotes.documents import taken
from quotes.models import Quote, QuoteDocument, QuoteLine, QuoteTemplate
from quotes.services import LineDraft
from quotes.services.answering import Source
from quotes.services.lines import text_of
from quotes.views import document_of
from quotes.views.attachments import to_save as attachment_to_save
from users.api.base import Endpoint, FileRenderer
from users.api.schema import KEPT_FILE, PDF, listing
from users.models import User
from users.roles import Perm

_READ, _WRITE = frozenset({Perm.QUOTE_VIEW}), frozenset({Perm.QUOTE_EDIT})
_STATES = frozenset({Perm.SOW_WRITE})
_READS = ("list", "retrieve", "document", "attachments", "attachment_file")
_WRITES = (
    "create", "partial_update", "line_add", "line_change", "line_remove", "line_move", "line_duplicate", "line_restore",
    "text_add", "text_change", "attachment_add", "attachment_change", "attachment_remove", "approvers", "submit", "recall",
    "send", "resend", "unsend", "revise", "reprice", "copy", "cancel", "accept", "decline",
)  # fmt: skip


def whole(
    request: Request, user: User, quote: Quote, status: int = 200, *, products: dict[int, outputs.Texts] | None = None
) -> Response:
    """The answer that shows a quote."""
    headers = versions.etag(quote.version)
    if status == 201:
        headers["Location"] = reverse("api:quote-detail", [quote.pk], request=request)
    return Response(outputs.quote_out(quote, user, products=products), status, headers=headers)


class QuoteEndpoint(Endpoint):
    """Quotes with their lines, and every move of their life cycle."""

    access = {
        **dict.fromkeys(_READS, _READ),
        **dict.fromkeys(_WRITES, _WRITE),
        **dict.fromkeys(("statement_add", "statement_change"), _STATES),
    }
    queryset = Quote.objects.none()
    filterset_class = QuoteApiFilter
    orderings = {"-id": ("-pk",), "id": ("pk",), "number": ("number", "revision"), "-number": ("-number", "-revision")}
    parameters = {"document": ("language",)}
    versioned = (
        "partial_update", "line_add", "line_change", "line_remove", "line_move", "line_duplicate", "line_restore", "text_add",
        "text_change", "statement_add", "statement_change", "submit", "send", "reprice", "cancel",
    )  # fmt: skip
    largest = {"attachment_add": 3 * MOST_BYTES // 2}

    # --- Reading ------------------------------------------------------------------------------------------------------
    @extend_schema(responses=listing(QuoteRowOut))
    def list(self, request: Request) -> Response:
        rows = self.filter_queryset(Quote.objects.visible_to(self.user).select_related("account"))
        margin = policies.may_see_margin(self.user)
        output = lambda quote: outputs.row_out(quote, margin=margin)  # noqa: E731
        return Response(listed(rows, request, orderings=self.orderings, output=output))

    @extend_schema(responses=QuoteOut)
    def retrieve(self, request: Request, pk: int) -> Response:
        return self._whole(selectors.quote_shown(self.user, pk))

    @extend_schema(parameters=[inputs.DocumentQuery], responses=PDF)
    def document(self, request: Request, pk: int) -> HttpResponse:
        """The PDF: the one that was sent, else a draft of how it stands."""
        quote = selectors.quote_for(self.user, pk)
        return document_of(quote, self.read_query(inputs.DocumentQuery).get("language", ""))

    @extend_schema(responses=GateOut(many=True), filters=False)
    @action(detail=True)
    def approvers(self, request: Request, pk: int) -> Response:
        """Who may be asked for each trigger of a draft, and who is asked when nobody is named."""
        quote = selectors.quote_for(self.user, pk)
        require(policies.may_edit(self.user, quote))
        if quote.status != QuoteStatus.DRAFT:
            return Response([])
        priced = selectors.priced(quote)
        found = selectors.breaches_of(quote, priced)
        case = approval_case.case_of(quote, priced, found, selectors.marks_of(quote))
        choices = approval.choices_for(quote, triggers.gates(found), self.user, case)
        return Response(steps_out(choices, self.user, "trigger"))

    # --- Drafting -----------------------------------------------------------------------------------------------------
    @extend_schema(request=inputs.NewQuote, responses={201: QuoteOut})
    def create(self, request: Request) -> Response:
        """A numbered draft with its lines."""
        given = self.read(inputs.NewQuote)
        lines = inputs.drafts_of(self.user, given.get("lines", []))
        quote = services.quote_create(
            account_id=given["account"],
            opportunity_id=given.get("opportunity"),
            language=given.get("language", ""),
            lines=lines,
            header=inputs.discount_of(given, inputs.HEADER_DISCOUNTS),
            by=self.user,
        )
        products = None
        if quote.priced and quote.version == 1:  # a starter pack that is added by itself counts as a change
            rows = zip(quote.priced.lines, lines, strict=True)
            known = {row.line.id: outputs.texts_of_draft(draft, quote.language) for row, draft in rows}
            products = None if None in known.values() else {key: texts for key, texts in known.items() if texts}
        return self._whole(quote, 201, products=products)

    @extend_schema(request=inputs.QuoteChange, responses=QuoteOut)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change the head of a draft."""
        given = self._read(pk, inputs.QuoteChange)
        quote = selectors.quote_for(self.user, pk)
        changes = inputs.changes_of(self.user, given, quote.account_id)
        return self._whole(services.quote_change(quote_id=pk, by=self.user, version=versions.wanted(request), **changes))

    @extend_schema(request=inputs.PlacedLine, responses={201: ChangedOut})
    @action(detail=True, methods=["post"], url_path="lines")
    def line_add(self, request: Request, pk: int) -> Response:
        """Add a line, at the end or before another one."""
        given = self._read(pk, inputs.PlacedLine)
        line = services.line_add(
            quote_id=pk,
            draft=inputs.drafts_of(self.user, [given])[0],
            by=self.user,
            version=versions.wanted(request),
            before=given.get("before"),
            alternative_to=given.get("alternative_to"),
        )
        return self._changed(line.quote, line, 201)

    @extend_schema(request=inputs.LineChange, responses=ChangedOut)
    @action(detail=True, methods=["patch"], url_path="lines/<int:line_id>")
    def line_change(self, request: Request, pk: int, line_id: int) -> Response:
        """Change quantity, unit, discount, options of a bundle, or what the line is an option or an alternative to."""
        given = self._read(pk, inputs.LineChange)
        line = services.line_change(
            quote_id=pk,
            line_id=line_id,
            by=self.user,
            version=versions.wanted(request),
            **inputs.line_changes_of(self.user, given),
        )
        return self._changed(line.quote, line)

    @extend_schema(request=None, responses={200: ChangedOut})
    @line_change.mapping.delete
    def line_remove(self, request: Request, pk: int, line_id: int) -> Response:
        """Remove the line, which may be a heading, a note or a statement of work."""
        quote = services.line_remove(quote_id=pk, line_id=line_id, by=self.user, version=versions.wanted(request))
        return self._changed(quote, None)

    @extend_schema(request=inputs.Place, responses=ChangedOut)
    @action(detail=True, methods=["post"], url_path="lines/<int:line_id>/move")
    def line_move(self, request: Request, pk: int, line_id: int) -> Response:
        """Put the line, which may be a heading, a note or a statement of work, right before another one."""
        before = self._read(pk, inputs.Place)["before"]
        return self._placed(pk, line_id, services.line_move, before=before)

    @extend_schema(request=Nothing, responses={201: ChangedOut})
    @action(detail=True, methods=["post"], url_path="lines/<int:line_id>/duplicate")
    def line_duplicate(self, request: Request, pk: int, line_id: int) -> Response:
        """A second line like this one, right after it."""
        self._read(pk, Nothing)
        return self._placed(pk, line_id, services.line_duplicate, status=201)

    @extend_schema(request=Nothing, responses={201: ChangedOut})
    @action(detail=True, methods=["post"], url_path="lines/<int:line_id>/restore")
    def line_restore(self, request: Request, pk: int, line_id: int) -> Response:
        """Bring a removed line back, as it was and in its place."""
        self._read(pk, Nothing)
        return self._placed(pk, line_id, services.line_restore, status=201)

    def _placed(self, pk: int, line_id: int, move: Callable[..., QuoteLine], *, status: int = 200, **more: Any) -> Response:
        line = move(quote_id=pk, line_id=line_id, by=self.user, version=versions.wanted(self.request), **more)
        return self._changed(line.quote, line, status)

    @extend_schema(request=inputs.NewText, responses={201: ChangedTextOut})
    @action(detail=True, methods=["post"], url_path="texts")
    def text_add(self, request: Request, pk: int) -> Response:
        """Add a heading or a note."""
        given = self._read(pk, inputs.NewText)
        draft = LineDraft(None, kind=given["kind"], text=text_of(given["text"]))
        line = services.line_add(
            quote_id=pk, draft=draft, by=self.user, version=versions.wanted(request), before=given.get("before")
        )
        return self._text(line, 201)

    @extend_schema(request=inputs.TextChange, responses=ChangedTextOut)
    @action(detail=True, methods=["patch"], url_path="texts/<int:line_id>")
    def text_change(self, request: Request, pk: int, line_id: int) -> Response:
        """Change what a heading or a note says."""
        text = self._read(pk, inputs.TextChange)["text"]
        line = services.line_change(quote_id=pk, line_id=line_id, by=self.user, version=versions.wanted(request), text=text)
        return self._text(line)

    def _text(self, line: QuoteLine, status: int = 200) -> Response:
        return Response(outputs.changed_text_out(line), status, headers=versions.etag(line.quote.version))

    @extend_schema(request=inputs.NewStatement, responses={201: ChangedOut})
    @action(detail=True, methods=["post"], url_path="statements")
    def statement_add(self, request: Request, pk: int) -> Response:
        """Add a statement of work at the end, as pre-sales."""
        statement = services.Statement(**self._read(pk, inputs.NewStatement))
        line = services.statement_write(quote_id=pk, statement=statement, by=self.user, version=versions.wanted(request))
        return self._changed(line.quote, line, 201)

    @extend_schema(request=inputs.StatementChange, responses=ChangedOut)
    @action(detail=True, methods=["patch"], url_path="statements/<int:line_id>")
    def statement_change(self, request: Request, pk: int, line_id: int) -> Response:
        """Write a statement of work anew, as pre-sales."""
        given = self._read(pk, inputs.StatementChange)
        line = services.statement_change(quote_id=pk, line_id=line_id, by=self.user, version=versions.wanted(request), **given)
        return self._changed(line.quote, line)

    # --- Files --------------------------------------------------------------------------------------------------------
    @extend_schema(responses=listing(AttachmentOut), filters=False)
    @action(detail=True)
    def attachments(self, request: Request, pk: int) -> Response:
        """All files of the quote, in the order in which they were added."""
        files = attachment_selectors.attachments_of(selectors.quote_for(self.user, pk, related=()))
        return Response(unpaged([outputs.attachment_out(file) for file in files]))

    @extend_schema(request=inputs.NewAttachment, responses={201: AttachmentOut})
    @attachments.mapping.post
    def attachment_add(self, request: Request, pk: int) -> Response:
        """Add a file to a draft. `Location` leads to its bytes."""
        given = self._read(pk, inputs.NewAttachment)
        attachment = services.attachment_add(
            quote_id=pk,
            by=self.user,
            file=io.BytesIO(given["file"]),
            name=given["name"],
            size=len(given["file"]),
            for_customer=given.get("for_customer", False),
        )
        location = reverse("api:quote-attachment-file", [pk, attachment.pk], request=request)
        headers = versions.etag(attachment.quote.version) | {"Location": location}
        return Response(outputs.attachment_out(attachment), 201, headers=headers)

    @extend_schema(request=inputs.AttachmentChange, responses=AttachmentOut)
    @action(detail=True, methods=["patch"], url_path="attachments/<int:attachment_id>")
    def attachment_change(self, request: Request, pk: int, attachment_id: int) -> Response:
        """Say whether the customer gets the file."""
        for_customer = self._read(pk, inputs.AttachmentChange)["for_customer"]
        attachment = services.attachment_change(quote_id=pk, attachment_id=attachment_id, by=self.user, for_customer=for_customer)
        return Response(outputs.attachment_out(attachment), headers=versions.etag(attachment.quote.version))

    @extend_schema(request=None, responses={204: None})
    @attachment_change.mapping.delete
    def attachment_remove(self, request: Request, pk: int, attachment_id: int) -> Response:
        """Remove the file from a draft."""
        quote = services.attachment_remove(quote_id=pk, attachment_id=attachment_id, by=self.user)
        return Response(status=204, headers=versions.etag(quote.version))

    @extend_schema(responses=KEPT_FILE, filters=False)
    @action(
        detail=True, url_path="attachments/<int:attachment_id>/file", renderer_classes=[FileRenderer, JSONRenderer],
    )  # fmt: skip
    def attachment_file(self, request: Request, pk: int, attachment_id: int) -> HttpResponse:
        """The bytes of the file, as it was added."""
        return attachment_to_save(attachment_selectors.attachment_for(self.user, pk, attachment_id))

    # --- Moves --------------------------------------------------------------------------------------------------------
    @extend_schema(request=inputs.Submission, responses=QuoteOut)
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, pk: int) -> Response:
        """Approved at once when nothing needs a yes, else in review."""
        given = self._read(pk, inputs.Submission)
        quote = services.quote_submit(
            quote_id=pk,
            by=self.user,
            approvers=given.get("approvers"),
            reason=given.get("reason", ""),
            version=versions.wanted(request),
            send_to=given.get("send_to", ()),
        )
        return self._whole(quote)

    @extend_schema(request=inputs.Sending, responses=QuoteOut)
    @action(detail=True, methods=["post"])
    def send(self, request: Request, pk: int) -> Response:
        """Send an approved quote, or a draft that needs nobody's yes."""
        given = self._read(pk, inputs.Sending)
        document = services.quote_send(
            quote_id=pk,
            by=self.user,
            to=given["to"],
            language=given.get("language", ""),
            version=versions.wanted(request),
        )
        return self._whole(document.quote)

    @extend_schema(request=inputs.Resending, responses=QuoteOut)
    @action(detail=True, methods=["post"])
    def resend(self, request: Request, pk: int) -> Response:
        """Send the same document and the same link once more."""
        given = self._read(pk, inputs.Resending)
        return self._whole(services.quote_resend(quote_id=pk, by=self.user, to=given["to"]).quote)

    @extend_schema(request=Nothing, responses=QuoteOut)
    @action(detail=True, methods=["post"])
    def recall(self, request: Request, pk: int) -> Response:
        """Take the request for approval back."""
        return self._moved(pk, services.quote_recall)

    @extend_schema(request=Nothing, responses=QuoteOut)
    @action(detail=True, methods=["post"])
    def unsend(self, request: Request, pk: int) -> Response:
        """Undo the sending, within ten seconds."""
        return self._moved(pk, services.quote_unsend)

    @extend_schema(request=Nothing, responses=QuoteOut)
    @action(detail=True, methods=["post"])
    def reprice(self, request: Request, pk: int) -> Response:
        """Take today's prices into the draft."""
        return self._moved(pk, services.quote_reprice, version=versions.wanted(request))

    @extend_schema(request=Nothing, responses={201: QuoteOut})
    @action(detail=True, methods=["post"])
    def revise(self, request: Request, pk: int) -> Response:
        """A new revision in draft."""
        return self._moved(pk, services.quote_revise, made=True)

    @extend_schema(request=inputs.Copying, responses={201: QuoteOut})
    @action(detail=True, methods=["post"])
    def copy(self, request: Request, pk: int) -> Response:
        """A new draft with the same lines at today's prices."""
        account_id = self._read(pk, inputs.Copying).get("account")
        return self._whole(services.quote_copy(quote_id=pk, by=self.user, account_id=account_id), 201)

    @extend_schema(request=inputs.Reason, responses=QuoteOut)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: int) -> Response:
        """Cancel a quote that nobody has answered."""
        reason = self._read(pk, inputs.Reason).get("reason", "")
        return self._whole(services.quote_cancel(quote_id=pk, by=self.user, reason=reason, version=versions.wanted(request)))

    @extend_schema(request=inputs.Acceptance, responses=QuoteOut)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: int) -> Response:
        """Record the customer's yes, with evidence."""
        document = self._live_document(pk)
        given = self.read(inputs.Acceptance)
        services.quote_accept(
            **self._answered(document, given),
            role=given["role"],
            purchase_order=given.get("purchase_order", ""),
            **taken(document, given.get("options")),
        )
        return self._whole(selectors.quote_shown(self.user, pk))

    @extend_schema(request=inputs.Refusal, responses=QuoteOut)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: int) -> Response:
        """Record the customer's no, with evidence, and with reasons for single lines."""
        document = self._live_document(pk)
        given = self.read(inputs.Refusal)
        services.quote_decline(**self._answered(document, given), **inputs.refusal_of(given))
        return self._whole(selectors.quote_shown(self.user, pk))

    def _live_document(self, pk: int) -> QuoteDocument:
        document = selectors.live_document(selectors.quote_for(self.user, pk))
        if document is None:
            raise WrongState
        return document

    def _answered(self, document: QuoteDocument, given: dict[str, Any]) -> dict[str, Any]:
        source = Source(recorded_by=self.user, evidence=given["evidence"])
        return {
            "document_id": document.pk,
            "document_hash": document.document_hash,
            "name": given["name"],
            "source": source,
        }

    def _read(self, pk: int, shape: type[Input]) -> Any:
        """The body; where its shape is wrong, a quote out of sight is not found all the same."""
        try:
            return self.read(shape)
        except ValidationError:
            selectors.status_for(self.user, pk)
            raise

    def _moved(self, pk: int, move: Callable[..., Quote], *, made: bool = False, **more: Any) -> Response:
        self._read(pk, Nothing)
        return self._whole(move(quote_id=pk, by=self.user, **more), 201 if made else 200)

    # --- Answers ------------------------------------------------------------------------------------------------------
    def _whole(self, quote: Quote, status: int = 200, *, products: dict[int, outputs.Texts] | None = None) -> Response:
        return whole(self.request, self.user, quote, status, products=products)

    def _changed(self, quote: Quote, line: QuoteLine | None, status: int = 200) -> Response:
        return Response(outputs.changed_out(quote, line, self.user), status, headers=versions.etag(quote.version))


class TemplateEndpoint(Endpoint):
    """Lines that people have kept under a name, one's own and those that are shared. Their prices are those of the day on which
    they get into a quote."""

    access = dict.fromkeys(("list", "retrieve", "create", "quote_create"), _WRITE)
    queryset = QuoteTemplate.objects.none()
    filterset_class = TemplateApiFilter
    orderings = {"name": ("name", "pk"), "-name": ("-name", "-pk"), "id": ("pk",), "-id": ("-pk",)}

    @extend_schema(responses=listing(TemplateRowOut))
    def list(self, request: Request) -> Response:
        """Templates in sight of the person."""
        rows = self.filter_queryset(template_selectors.templates_for(self.user))
        output = lambda row: outputs.template_row_out(row, row.line_count)  # noqa: E731
        return Response(listed(rows, request, orderings=self.orderings, output=output))

    @extend_schema(responses=TemplateOut)
    def retrieve(self, request: Request, pk: int) -> Response:
        return self._template(template_selectors.template_for(self.user, pk))

    @extend_schema(request=inputs.NewTemplate, responses={201: TemplateOut})
    def create(self, request: Request) -> Response:
        """Keep the lines of a quote. Statements of work are of one case and stay out."""
        given = self.read(inputs.NewTemplate)
        template = services.template_make_from_quote(quote_id=given.pop("quote"), by=self.user, **given)
        return self._template(template, 201)

    def _template(self, template: QuoteTemplate, status: int = 200) -> Response:
        headers = versions.etag(template.version)
        if status == 201:
            headers["Location"] = reverse("api:quote-template-detail", [template.pk], request=self.request)
        shown = outputs.template_out(template, template_selectors.lines_of_template(template))
        return Response(shown, status, headers=headers)

    @extend_schema(request=inputs.FromTemplate, responses={201: QuoteOut})
    @action(detail=True, methods=["post"], url_path="quotes")
    def quote_create(self, request: Request, pk: int) -> Response:
        """Make a quote of the template, at the prices of the day."""
        try:
            given = self.read(inputs.FromTemplate)
        except ValidationError:
            template_selectors.template_for(self.user, pk)
            raise
        quote = services.quote_create_from_template(
            template_id=pk,
            account_id=given["account"],
            opportunity_id=given.get("opportunity"),
            leave_out=given.get("leave_out", False),
            by=self.user,
        )
        return whole(request, self.user, quote, 201)
