"""What people do to a case: each act is one address that calls one service.

An act with a form opens in the sheet of the page, or on a page of its own without script; refused, it comes again with what was
typed and what is wrong. An act without a form is a button. Either leads back to the page of the case.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from core import uploads
from core.errors import DomainError, NotAllowed, NotFound, StaleVersion, require
from core.forms import whole
from core.models import Versioned
from core.templatetags.ui import plain_input
from csr import policies, selectors, services
from csr.choices import ENDED, WITH_TASKS, CaseStatus, TaskPhase
from csr.forms import (
    AnswerForm,
    AssignForm,
    Blamed,
    CaseForm,
    CloseForm,
    CommentForm,
    ConclusionForm,
    DoneForm,
    FeedbackForm,
    FileForm,
    MemberForm,
    ProductForm,
    TaskChangeForm,
    TaskForm,
)
from csr.models import Case
from csr.services import tasks
from users.access import requires, user_of
from users.models import User
from users.roles import Perm

SHEET = "case-sheet"
"""The element that takes the forms of acts."""


@dataclass(frozen=True)
class Seen:
    """The case and, for an act about a row of it, that row, as this person sees them."""

    user: User
    case: Case
    row: Any = None

    @property
    def version(self) -> int:
        """What a form about it saw: of the row, where that counts its saves, else of the case."""
        return (self.row if isinstance(self.row, Versioned) else self.case).version

    @property
    def answers_for(self) -> bool:
        return policies.may_edit(self.user, self.case)


@dataclass(frozen=True)
class Act:
    """`form` makes it of what was posted (None: nothing yet); `save` calls the one service; `may` is asked before it is shown."""

    name: str
    title: Callable[[Seen], str | Promise]
    button: str | Promise
    form: Callable[[Seen, Any, Any], Blamed]
    save: Callable[[Seen, int | None, Mapping[str, Any]], Any]
    may: Callable[[Seen], bool]
    rows: Callable[[Case], "models.QuerySet[Any]"] | None = None
    is_dangerous: bool = False


def _plain(title: str | Promise) -> Callable[[Seen], str | Promise]:
    return lambda seen: title


def _one(seen: Seen, version: int | None) -> dict[str, Any]:
    return {"case_id": seen.case.pk, "by": seen.user, "version": version}


def _worked_on(seen: Seen) -> bool:
    return seen.answers_for and seen.case.status in WITH_TASKS.values()


def _save_requirement(seen: Seen, version: int | None, data: Mapping[str, Any]) -> Any:
    return services.case_change(**_one(seen, version), changes=data)


def _answer_form(seen: Seen, data: Any, files: Any) -> Blamed:
    kind = AnswerForm if seen.row.phase == TaskPhase.ASSESSMENT else DoneForm
    return kind(data, task=seen.row)


def _save_file(seen: Seen, version: int | None, data: Mapping[str, Any]) -> Any:
    file = data["file"]
    return services.file_add(case_id=seen.case.pk, by=seen.user, file=file, name=file.name, size=file.size)


ACTS = {
    act.name: act
    for act in (
        Act(
            "case_requirement",
            _plain(gettext_lazy("Edit the requirement")),
            gettext_lazy("Save"),
            lambda seen, data, files: CaseForm(
                data, instance=seen.case, account=seen.case.account, names=services.FIELDS_OPEN.get(seen.case.status, ())
            ),
            _save_requirement,
            lambda seen: seen.answers_for and seen.case.status in services.FIELDS_OPEN,
        ),
        Act(
            "case_product",
            lambda seen: f"{seen.row.product.sku} {seen.row.product.name}",
            gettext_lazy("Save"),
            lambda seen, data, files: ProductForm.of(seen.row, data),
            lambda seen, version, data: services.product_change(**_one(seen, version), row_id=seen.row.pk, changes=data),
            lambda seen: seen.answers_for and seen.case.status == CaseStatus.REGISTRATION,
            rows=lambda case: case.products.select_related("product"),
        ),
        Act(
            "case_member_add",
            _plain(gettext_lazy("Add to the team")),
            gettext_lazy("Add"),
            lambda seen, data, files: MemberForm(data),
            lambda seen, version, data: services.member_add(
                case_id=seen.case.pk, by=seen.user, user_id=data["user"].pk, role_id=data["role"].pk
            ),
            lambda seen: policies.may_build_team(seen.user, seen.case),
        ),
        Act(
            "case_task_add",
            _plain(gettext_lazy("Ask for a further part")),
            gettext_lazy("Ask"),
            lambda seen, data, files: TaskForm(data, initial={"due_on": seen.case.due_on}),
            lambda seen, version, data: services.task_add(**_one(seen, version), **data),
            _worked_on,
        ),
        Act(
            "case_task",
            lambda seen: ": ".join(text for text in (str(seen.row.department), seen.row.title) if text),
            gettext_lazy("Save the answer"),
            _answer_form,
            lambda seen, version, data: services.task_answer(**_one(seen, version), task_id=seen.row.pk, answer=data),
            lambda seen: policies.may_answer(seen.user, seen.row) and seen.case.status not in ENDED,
            rows=lambda case: case.tasks.select_related("department", "owner"),
        ),
        Act(
            "case_task_change",
            lambda seen: _("Hand over or change: %(part)s") % {"part": seen.row.department},
            gettext_lazy("Save"),
            lambda seen, data, files: TaskChangeForm(data, task=seen.row, whole=seen.answers_for),
            lambda seen, version, data: services.task_change(**_one(seen, version), task_id=seen.row.pk, changes=data),
            lambda seen: policies.may_answer(seen.user, seen.row) and not seen.row.is_done,
            rows=lambda case: case.tasks.select_related("department", "owner"),
        ),
        Act(
            "case_conclusion",
            _plain(gettext_lazy("Global feasibility conclusion")),
            gettext_lazy("Save the conclusion"),
            lambda seen, data, files: ConclusionForm(
                data, initial={"feasibility": seen.case.feasibility, "conclusion": seen.case.conclusion}
            ),
            lambda seen, version, data: services.conclusion_write(**_one(seen, version), **data),
            lambda seen: seen.answers_for and seen.case.status == CaseStatus.UNDER_ASSESSMENT and not tasks.waiting(seen.case),
        ),
        Act(
            "case_assign",
            _plain(gettext_lazy("Give the phase to somebody else")),
            gettext_lazy("Assign"),
            lambda seen, data, files: AssignForm(data),
            lambda seen, version, data: services.case_assign(**_one(seen, version), person=data["person"]),
            lambda seen: seen.answers_for and seen.case.status in services.WORKED_ON,
        ),
        Act(
            "case_feedback",
            _plain(gettext_lazy("Customer satisfaction")),
            gettext_lazy("Save"),
            lambda seen, data, files: FeedbackForm(data),
            lambda seen, version, data: services.feedback_add(case_id=seen.case.pk, by=seen.user, **data),
            lambda seen: policies.may_say_satisfaction(seen.user, seen.case),
        ),
        Act(
            "case_close",
            lambda seen: _("Close the case: it becomes “%(status)s”") % {"status": _end_of(seen.case)},
            gettext_lazy("Close Case"),
            lambda seen, data, files: CloseForm(data),
            lambda seen, version, data: services.case_close(**_one(seen, version), **data),
            lambda seen: policies.may_close(seen.user, seen.case),
            is_dangerous=True,
        ),
        Act(
            "case_comment",
            _plain(gettext_lazy("Comment")),
            gettext_lazy("Add the comment"),
            lambda seen, data, files: CommentForm(data),
            lambda seen, version, data: services.comment_add(case_id=seen.case.pk, by=seen.user, text=data["comment"]),
            lambda seen: True,
        ),
        Act(
            "case_file_add",
            _plain(gettext_lazy("Add a file")),
            gettext_lazy("Add"),
            lambda seen, data, files: FileForm(data, files),
            _save_file,
            lambda seen: True,
        ),
    )
}


def _end_of(case: Case) -> str:
    end = CaseStatus.INACTIVE if case.status == CaseStatus.IMPLEMENTED else CaseStatus.CLOSED_REJECTED
    return str(end.label)


def act_view(name: str) -> Callable[..., HttpResponse]:
    """The view of an act with a form."""
    act = ACTS[name]

    def view(request: HttpRequest, pk: int, row: int | None = None) -> HttpResponse:
        seen = _seen(request, pk, act, row)
        if request.method != "POST":
            require(act.may(seen))
            return _form(request, act, seen, act.form(seen, None, None))
        form = act.form(seen, request.POST, request.FILES)
        if not form.is_valid():
            require(act.may(seen))
            if uploads.was_too_large(request, "file"):
                form.errors["file"] = form.error_class([str(uploads.too_large())])
            return _form(request, act, seen, form, status=422)
        try:
            act.save(seen, _version(request), form.cleaned_data)
        except (NotFound, NotAllowed):
            raise
        except StaleVersion as refusal:
            return _form(request, act, *_after_conflict(act, seen, request, refusal), status=refusal.status)
        except DomainError as refusal:
            form.blame(refusal)
            return _form(request, act, seen, form, status=refusal.status)
        return _done(request, pk)

    view.__name__ = name
    return requires(Perm.CSR_VIEW)(require_http_methods(["GET", "HEAD", "POST"])(view))


def _version(request: HttpRequest) -> int:
    """What the form saw. A form that does not say is refused as one that saw something else."""
    return whole(request.POST.get("version", "")) or 0


def _seen(request: HttpRequest, pk: int, act: "Act | Press", row: int | None) -> Seen:
    user = user_of(request)
    case = selectors.case_for(user, pk)
    if act.rows is None:
        return Seen(user, case)
    found = act.rows(case).filter(pk=row).first()
    if found is None:
        raise NotFound
    if isinstance(getattr(found, "case_id", None), int):
        found.case = case
    return Seen(user, case, found)


def _after_conflict(act: Act, seen: Seen, request: HttpRequest, refusal: StaleVersion) -> tuple[Seen, Blamed]:
    """The same input over what somebody else saved meanwhile, which is told beside it; saving again is then a choice."""
    case = selectors.case_for(seen.user, seen.case.pk)
    now = Seen(seen.user, case, seen.row if act.rows is None else act.rows(case).filter(pk=seen.row.pk).first())
    if act.rows is not None and now.row is None:
        raise NotFound
    if now.row is not None:
        now.row.case = case
    stored = act.form(now, None, None)
    form = act.form(now, request.POST, request.FILES)
    form.is_valid()
    for name, field in form.fields.items():
        value = stored.get_initial_for_field(field, name)
        if value != form.cleaned_data.get(name) and getattr(form.cleaned_data.get(name), "pk", None) != value:
            form[name].help_text = _("Now saved: %(value)s") % {"value": _in_words(field, value)}
    form.blame(StaleVersion(_("Someone else changed this case meanwhile, so nothing was saved. Look at it and save again.")))
    return now, form


def _in_words(field: forms.Field, value: Any) -> str:
    if value in (None, ""):
        return "–"
    if isinstance(field, forms.ModelChoiceField):
        return str(field.queryset.filter(pk=value).first() or "–")  # type: ignore[union-attr]
    if isinstance(field, forms.ChoiceField):
        return str(dict(field.choices).get(value, value))  # type: ignore[arg-type]
    return date_format(value, "SHORT_DATE_FORMAT") if isinstance(value, dt.date) else str(plain_input(value) or value)


def _form(request: HttpRequest, act: Act, seen: Seen, form: Blamed, *, status: int = 200) -> HttpResponse:
    is_part = bool(getattr(request, "htmx", False))
    context = {"act": act, "title": act.title(seen), "case": seen.case, "seen": seen, "form": form, "path": request.path}
    response = render(request, "csr/act.html#sheet" if is_part else "csr/act.html", context, status=status)
    if is_part and status != 200:
        response["HX-Retarget"], response["HX-Reswap"] = f"#{SHEET}", "innerHTML"
    return response


def _done(request: HttpRequest, pk: int) -> HttpResponse:
    messages.success(request, _("Saved."))
    return redirect("case_page", pk)


# --- Buttons ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Press:
    """An act without a form. `save` calls the one service."""

    name: str
    save: Callable[[Seen, int, HttpRequest], Any]
    rows: Callable[[Case], "models.QuerySet[Any]"] | None = None


PRESSES = {
    press.name: press
    for press in (
        Press(
            "case_product_remove",
            lambda seen, version, request: services.product_remove(**_one(seen, version), row_id=seen.row.pk),
            lambda case: case.products.all(),
        ),
        Press(
            "case_account_remove",
            lambda seen, version, request: services.account_remove(**_one(seen, version), row_id=seen.row.pk),
            lambda case: case.accounts.all(),
        ),
        Press(
            "case_member_remove",
            lambda seen, version, request: services.member_remove(case_id=seen.case.pk, by=seen.user, member_id=seen.row.pk),
            lambda case: case.team.all(),
        ),
        Press(
            "case_task_remove",
            lambda seen, version, request: services.task_remove(**_one(seen, version), task_id=seen.row.pk),
            lambda case: case.tasks.all(),
        ),
        Press(
            "case_file_remove",
            lambda seen, version, request: services.file_remove(case_id=seen.case.pk, by=seen.user, file_id=seen.row.pk),
            lambda case: case.files.all(),
        ),
        Press("case_implement", lambda seen, version, request: services.case_implement(**_one(seen, version))),
        Press("case_recall", lambda seen, version, request: services.case_recall(case_id=seen.case.pk, by=seen.user)),
        Press(
            "case_watch",
            lambda seen, version, request: services.case_watch(
                case_id=seen.case.pk, by=seen.user, on=request.POST.get("on") == "1"
            ),
        ),
    )
}


def press_view(name: str) -> Callable[..., HttpResponse]:
    """The view of an act without a form."""
    press = PRESSES[name]

    def view(request: HttpRequest, pk: int, row: int | None = None) -> HttpResponse:
        press.save(_seen(request, pk, press, row), _version(request), request)
        return _done(request, pk)

    view.__name__ = name
    return requires(Perm.CSR_VIEW)(require_POST(view))
