"""The endpoints of cases: each calls the service that the page calls."""

import io
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
from core import events, uploads
from core.api import versions
from core.api.fields import Input, Nothing
from core.api.lists import listed, unpaged
from core.api.values import Json
from csr import approval_case, policies, selectors, services
from csr.api import inputs, outputs
from csr.api.filters import CaseApiFilter
from csr.api.outputs import (
    CaseAccountOut,
    CaseCommentOut,
    CaseFileOut,
    CaseMemberOut,
    CaseOut,
    CaseProductOut,
    CaseRowOut,
    CaseStepOut,
    CaseTaskOut,
    SatisfactionOut,
)
from csr.models import Case
from users.api.base import Endpoint, FileRenderer
from users.api.schema import KEPT_FILE, listing
from users.roles import Perm

_SEES, _REGISTERS = frozenset({Perm.CSR_VIEW}), frozenset({Perm.CSR_REGISTER})
_READS = ("list", "retrieve", "products", "accounts", "team", "tasks", "comments", "files", "file", "satisfaction", "approvers")
_VERSIONED = (
    "partial_update", "products_add", "product", "product_remove", "accounts_add", "account_remove", "tasks_add", "task",
    "task_remove", "answer", "conclusion", "submit", "assess", "implement", "assign", "close",
)  # fmt: skip
_WRITES = (
    *_VERSIONED, "team_add", "member_remove", "comments_add", "files_add", "file_remove", "recall", "satisfaction_add", "watch",
)  # fmt: skip


class CaseEndpoint(Endpoint):
    """Customer-specific requirements with their products, parts and files, and every move of their life cycle."""

    access = {**dict.fromkeys((*_READS, *_WRITES), _SEES), **dict.fromkeys(("create", "clone"), _REGISTERS)}
    queryset = Case.objects.none()
    filterset_class = CaseApiFilter
    orderings = {"-id": ("-pk",), "id": ("pk",), "number": ("number",), "-number": ("-number",)}
    paged = ("list", "products", "comments")
    versioned = _VERSIONED
    largest = {"files_add": 3 * uploads.MOST_BYTES // 2}

    # --- Reading and registering --------------------------------------------------------------------------------------
    @extend_schema(responses=listing(CaseRowOut))
    def list(self, request: Request) -> Response:
        """Cases in sight of the person. `q` searches number, title and account."""
        rows = self.filter_queryset(selectors.cases_for(self.user).select_related("record_type").counted())
        return Response(listed(rows, request, orderings=self.orderings, output=outputs.row_out))

    @extend_schema(responses=CaseOut)
    def retrieve(self, request: Request, pk: int) -> Response:
        return self._whole(pk)

    @extend_schema(request=inputs.NewCase, responses={201: CaseOut})
    def create(self, request: Request) -> Response:
        """A numbered case in Registration."""
        given = self.read(inputs.NewCase)
        account = selectors.account_to_choose(self.user, given["account"])
        case = services.case_register(
            account_id=account.pk,
            by=self.user,
            record_type=inputs.record_type_of(given),
            product_ids=inputs.products_of(self.user, given),
            **inputs.fields_of(given, account.pk),
        )
        return self._whole(case.pk, 201)

    @extend_schema(request=inputs.CaseChange, responses=CaseOut)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change what the present phase opens."""
        given = self._read(pk, inputs.CaseChange)
        case = selectors.case_for(self.user, pk)
        changes = inputs.fields_of(given, case.account_id, case)
        services.case_change(case_id=pk, by=self.user, version=versions.wanted(request), changes=changes)
        return self._whole(pk)

    @extend_schema(request=Nothing, responses={201: CaseOut})
    @action(detail=True, methods=["post"])
    def clone(self, request: Request, pk: int) -> Response:
        """A new case with the same requirement, products and accounts."""
        self._read(pk, Nothing)
        return self._whole(services.case_clone(case_id=pk, by=self.user).pk, 201)

    # --- Products -----------------------------------------------------------------------------------------------------
    @extend_schema(responses=listing(CaseProductOut), filters=False)
    @action(detail=True)
    def products(self, request: Request, pk: int) -> Response:
        """The related products, in the order in which they were added."""
        rows = selectors.case_for(self.user, pk).products.select_related("product")
        return Response(listed(rows, request, orderings={"id": ("pk",)}, output=outputs.product_out))

    @extend_schema(request=inputs.NewProducts, responses=CaseOut)
    @products.mapping.post
    def products_add(self, request: Request, pk: int) -> Response:
        """Relate products, all of these or none; those that are there stay as they are."""
        given = self._read(pk, inputs.NewProducts)
        selectors.case_for(self.user, pk)
        keys = inputs.products_of(self.user, given)
        services.products_add(case_id=pk, product_ids=keys, by=self.user, version=versions.wanted(request))
        return self._whole(pk)

    @extend_schema(request=inputs.ProductChange, responses=CaseProductOut)
    @action(detail=True, methods=["patch"], url_path="products/<int:row_id>")
    def product(self, request: Request, pk: int, row_id: int) -> Response:
        """Change what the requirement says of a product."""
        changes = self._read(pk, inputs.ProductChange)
        row = services.product_change(case_id=pk, row_id=row_id, by=self.user, changes=changes, version=versions.wanted(request))
        return self._part(outputs.product_out(row), row.case)

    @extend_schema(request=None, responses={200: CaseOut})
    @product.mapping.delete
    def product_remove(self, request: Request, pk: int, row_id: int) -> Response:
        """The product is no longer related."""
        services.product_remove(case_id=pk, row_id=row_id, by=self.user, version=versions.wanted(request))
        return self._whole(pk)

    # --- Accounts and team --------------------------------------------------------------------------------------------
    @extend_schema(responses=listing(CaseAccountOut), filters=False)
    @action(detail=True)
    def accounts(self, request: Request, pk: int) -> Response:
        """The further accounts that the requirement applies to."""
        return Response(unpaged(outputs.accounts_out(selectors.case_for(self.user, pk))))

    @extend_schema(request=inputs.NewCaseAccount, responses={201: CaseAccountOut})
    @accounts.mapping.post
    def accounts_add(self, request: Request, pk: int) -> Response:
        """The requirement applies to this account, or this site of it, too."""
        given = self._read(pk, inputs.NewCaseAccount)
        row = services.account_add(
            case_id=pk, account_id=given["account"], site_id=given.get("site"), by=self.user, version=versions.wanted(request)
        )
        return self._part(outputs.account_out(row), row.case, 201)

    @extend_schema(request=None, responses={200: CaseOut})
    @action(detail=True, methods=["delete"], url_path="accounts/<int:row_id>", url_name="account")
    def account_remove(self, request: Request, pk: int, row_id: int) -> Response:
        """The requirement no longer applies to it."""
        services.account_remove(case_id=pk, row_id=row_id, by=self.user, version=versions.wanted(request))
        return self._whole(pk)

    @extend_schema(responses=listing(CaseMemberOut), filters=False)
    @action(detail=True)
    def team(self, request: Request, pk: int) -> Response:
        """The case team."""
        return Response(unpaged(outputs.team_out(selectors.case_for(self.user, pk))))

    @extend_schema(request=inputs.NewMember, responses={201: CaseMemberOut})
    @team.mapping.post
    def team_add(self, request: Request, pk: int) -> Response:
        """Somebody joins the team in a role."""
        given = self._read(pk, inputs.NewMember)
        selectors.case_for(self.user, pk)
        role = inputs.role_of(given["role"])
        member = services.member_add(case_id=pk, user_id=given["user"], role_id=role, by=self.user)
        return self._part(outputs.member_out(member), member.case, 201)

    @extend_schema(request=None, responses={200: CaseOut})
    @action(detail=True, methods=["delete"], url_path="team/<int:member_id>", url_name="member")
    def member_remove(self, request: Request, pk: int, member_id: int) -> Response:
        """Somebody no longer has a role in the team."""
        services.member_remove(case_id=pk, member_id=member_id, by=self.user)
        return self._whole(pk)

    @extend_schema(request=inputs.Watching, responses=CaseOut)
    @action(detail=True, methods=["post"])
    def watch(self, request: Request, pk: int) -> Response:
        """Be told what happens to the case, or no longer."""
        given = self._read(pk, inputs.Watching)
        services.case_watch(case_id=pk, by=self.user, on=given.get("on", True))
        return self._whole(pk)

    # --- Parts --------------------------------------------------------------------------------------------------------
    @extend_schema(responses=listing(CaseTaskOut), filters=False)
    @action(detail=True)
    def tasks(self, request: Request, pk: int) -> Response:
        """The parts of the assessment and of the implementation."""
        return Response(unpaged(outputs.tasks_out(selectors.case_for(self.user, pk))))

    @extend_schema(request=inputs.NewTask, responses={201: CaseTaskOut})
    @tasks.mapping.post
    def tasks_add(self, request: Request, pk: int) -> Response:
        """Ask for a further part of the present phase."""
        given = self._read(pk, inputs.NewTask)
        selectors.case_for(self.user, pk)
        changes = inputs.task_changes_of(given) | {"department": inputs.department_of(given["department"])}
        task = services.task_add(case_id=pk, by=self.user, version=versions.wanted(request), **changes)
        return self._part(outputs.task_out(task), task.case, 201)

    @extend_schema(request=inputs.TaskChange, responses=CaseTaskOut)
    @action(detail=True, methods=["patch"], url_path="tasks/<int:task_id>")
    def task(self, request: Request, pk: int, task_id: int) -> Response:
        """Change who answers a part, what it is, and until when. `If-Match` names the version of the part."""
        given = self._read(pk, inputs.TaskChange)
        selectors.case_for(self.user, pk)
        changes = inputs.task_changes_of(given)
        task = services.task_change(case_id=pk, task_id=task_id, by=self.user, changes=changes, version=versions.wanted(request))
        return Response(outputs.task_out(task), headers=versions.etag(task.version))

    @extend_schema(request=None, responses={200: CaseOut})
    @task.mapping.delete
    def task_remove(self, request: Request, pk: int, task_id: int) -> Response:
        """A part that nobody has answered is no longer asked for."""
        services.task_remove(case_id=pk, task_id=task_id, by=self.user, version=versions.wanted(request))
        return self._whole(pk)

    @extend_schema(request=inputs.TaskAnswer, responses=CaseTaskOut)
    @action(detail=True, methods=["post"], url_path="tasks/<int:task_id>/answer")
    def answer(self, request: Request, pk: int, task_id: int) -> Response:
        """Answer a part, or answer it anew while its phase lasts. `If-Match` names the version of the part."""
        answer = self._read(pk, inputs.TaskAnswer)
        task = services.task_answer(case_id=pk, task_id=task_id, by=self.user, answer=answer, version=versions.wanted(request))
        return Response(outputs.task_out(task), headers=versions.etag(task.version))

    # --- Comments and files -------------------------------------------------------------------------------------------
    @extend_schema(responses=listing(CaseCommentOut), filters=False)
    @action(detail=True)
    def comments(self, request: Request, pk: int) -> Response:
        """What was said about the case, the latest first."""
        rows = events.timeline(selectors.case_for(self.user, pk)).filter(verb="commented")
        return Response(listed(rows, request, orderings={"-id": ("-pk",)}, output=outputs.comment_out))

    @extend_schema(request=inputs.CaseComment, responses={201: CaseCommentOut})
    @comments.mapping.post
    def comments_add(self, request: Request, pk: int) -> Response:
        """Say something, in whatever status; the team is told."""
        given = self._read(pk, inputs.CaseComment)
        return Response(outputs.comment_out(services.comment_add(case_id=pk, text=given["comment"], by=self.user)), 201)

    @extend_schema(responses=listing(CaseFileOut), filters=False)
    @action(detail=True)
    def files(self, request: Request, pk: int) -> Response:
        """The files of the case."""
        return Response(unpaged(outputs.files_out(selectors.case_for(self.user, pk))))

    @extend_schema(request=inputs.NewCaseFile, responses={201: CaseFileOut})
    @files.mapping.post
    def files_add(self, request: Request, pk: int) -> Response:
        """Add a file, in whatever status. `Location` leads to its bytes."""
        given = self._read(pk, inputs.NewCaseFile)
        content = given["file"]
        row = services.file_add(case_id=pk, by=self.user, file=io.BytesIO(content), name=given["name"], size=len(content))
        location = reverse("api:csr-file", [pk, row.pk], request=request)
        return Response(outputs.file_out(row), 201, headers={"Location": location})

    @extend_schema(responses=KEPT_FILE, filters=False)
    @action(detail=True, url_path="files/<int:file_id>", renderer_classes=[JSONRenderer, FileRenderer])
    def file(self, request: Request, pk: int, file_id: int) -> HttpResponse:
        """The content of a file, as it was added."""
        row = selectors.file_for(self.user, pk, file_id)
        content = uploads.content_of(row)
        return uploads.to_save(content, name=row.name, content_type=row.content_type)

    @extend_schema(request=None, responses={200: CaseOut})
    @file.mapping.delete
    def file_remove(self, request: Request, pk: int, file_id: int) -> Response:
        """Remove a file."""
        services.file_remove(case_id=pk, file_id=file_id, by=self.user)
        return self._whole(pk)

    # --- Moves --------------------------------------------------------------------------------------------------------
    @extend_schema(responses=CaseStepOut(many=True), filters=False)
    @action(detail=True)
    def approvers(self, request: Request, pk: int) -> Response:
        """Who may be asked by a submit, and who is asked when nobody is named; nobody where it cannot be submitted."""
        case = selectors.case_for(self.user, pk)
        if not policies.may_submit(self.user, case):
            return Response([])
        return Response(steps_out(approval_case.choices_for(case, self.user), self.user, "gate"))

    @extend_schema(request=inputs.CaseSubmission, responses=CaseOut)
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, pk: int) -> Response:
        """Ask for the pre-approval, or after the assessment for the final approval."""
        given = self._read(pk, inputs.CaseSubmission)
        services.case_submit(case_id=pk, by=self.user, version=versions.wanted(request), **given)
        return self._whole(pk)

    @extend_schema(request=Nothing, responses=CaseOut)
    @action(detail=True, methods=["post"])
    def recall(self, request: Request, pk: int) -> Response:
        """Take the request for approval back."""
        self._read(pk, Nothing)
        services.case_recall(case_id=pk, by=self.user)
        return self._whole(pk)

    @extend_schema(request=inputs.Conclusion, responses=CaseOut)
    @action(detail=True, methods=["post"])
    def conclusion(self, request: Request, pk: int) -> Response:
        """Write the global feasibility conclusion, once all parts are answered."""
        given = self._read(pk, inputs.Conclusion)
        services.conclusion_write(case_id=pk, by=self.user, version=versions.wanted(request), **given)
        return self._whole(pk)

    @extend_schema(request=inputs.Assessment, responses=CaseOut)
    @action(detail=True, methods=["post"])
    def assess(self, request: Request, pk: int) -> Response:
        """Write the conclusion and, with `submit`, ask for the final approval: both or neither."""
        given = self._read(pk, inputs.Assessment)
        services.case_assess(case_id=pk, by=self.user, version=versions.wanted(request), **{"submit": False, **given})
        return self._whole(pk)

    @extend_schema(request=inputs.Implementation, responses=CaseOut)
    @action(detail=True, methods=["post"])
    def implement(self, request: Request, pk: int) -> Response:
        """The requirement is live, once every task is done."""
        given = self._read(pk, inputs.Implementation)
        services.case_implement(case_id=pk, by=self.user, version=versions.wanted(request), **given)
        return self._whole(pk)

    @extend_schema(request=inputs.Assignment, responses=CaseOut)
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, pk: int) -> Response:
        """Somebody else answers for the assessment, or the implementation."""
        given = self._read(pk, inputs.Assignment)
        selectors.case_for(self.user, pk)
        person: Any = inputs.person_of("person", given["person"])
        services.case_assign(case_id=pk, by=self.user, person=person, version=versions.wanted(request))
        return self._whole(pk)

    @extend_schema(responses=listing(SatisfactionOut), filters=False)
    @action(detail=True)
    def satisfaction(self, request: Request, pk: int) -> Response:
        """How satisfied the customer was, the latest first."""
        return Response(unpaged(outputs.satisfaction_of(selectors.case_for(self.user, pk))))

    @extend_schema(request=inputs.Satisfaction, responses={201: SatisfactionOut})
    @satisfaction.mapping.post
    def satisfaction_add(self, request: Request, pk: int) -> Response:
        """Enter how satisfied the customer is, once it is implemented."""
        given = self._read(pk, inputs.Satisfaction)
        return Response(outputs.satisfaction_out(services.feedback_add(case_id=pk, by=self.user, **given)), 201)

    @extend_schema(request=inputs.CaseClosing, responses=CaseOut)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: int) -> Response:
        """Close the case for a reason: rejected on the way, inactive once it was implemented."""
        given = self._read(pk, inputs.CaseClosing)
        selectors.case_for(self.user, pk)
        reason = inputs.close_reason_of(given["reason"])
        services.case_close(
            case_id=pk, by=self.user, reason=reason, comment=given.get("comment", ""), version=versions.wanted(request)
        )
        return self._whole(pk)

    # --- Answers ------------------------------------------------------------------------------------------------------
    def _read(self, pk: int, shape: type[Input]) -> Any:
        """The body; where its shape is wrong, a case out of sight is not found all the same."""
        try:
            return self.read(shape)
        except ValidationError:
            selectors.case_for(self.user, pk)
            raise

    def _whole(self, pk: int, status: int = 200) -> Response:
        case = selectors.case_for(self.user, pk)
        case.product_count = case.products.count()  # type: ignore[attr-defined]
        headers = versions.etag(case.version)
        if status == 201:
            headers["Location"] = reverse("api:csr-detail", [pk], request=self.request)
        return Response(outputs.case_out(case), status, headers=headers)

    def _part(self, part: Json, case: Case, status: int = 200) -> Response:
        return Response(part, status, headers=versions.etag(case.version))
