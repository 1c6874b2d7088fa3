"""The shape of what people type about cases. Numbers in Finnish or English notation; the services say what fits together."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from accounts.models import Account, Contact, Site
from core import uploads
from core.errors import DomainError
from core.forms import DecimalField
from csr import selectors
from csr.choices import Feasibility, Score
from csr.models import Case, CaseProduct, CaseTask, CloseReason, Department, RequirementType, TeamRole
from csr.services.registering import REGISTERED_FIELDS
from users.models import User

_PRICES = {"max_digits": 14, "decimal_places": 2}
_QUANTITIES = {"max_digits": 13, "decimal_places": 3}


def _day(**kwargs: Any) -> forms.DateField:
    return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **kwargs)


def _text(rows: int = 3) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class Blamed(forms.Form):
    """A form that can say what a service refused, where what was typed stays."""

    def blame(self, refusal: DomainError) -> None:
        known = {name: text for name, text in refusal.fields.items() if name in self.fields}
        for name, text in known.items():
            self.add_error(name, str(text))
        others = [str(text) for name, text in refusal.fields.items() if name not in known]
        if not known:
            self.add_error(None, " ".join(others) or str(refusal.detail))


class CaseForm(Blamed, forms.ModelForm):  # type: ignore[type-arg]
    """The requirement: of the fields of a case those that its phase opens."""

    class Meta:
        model = Case
        fields = (*REGISTERED_FIELDS, "due_on", "review_on")
        widgets = {
            "description": _text(4),
            **dict.fromkeys(
                ("received_on", "needed_by", "due_on", "review_on"),
                forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            ),
        }

    def __init__(self, *args: Any, account: Account | None, names: Iterable[str] = REGISTERED_FIELDS, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = set(names)
        for name in [name for name in self.fields if name not in names]:
            del self.fields[name]
        of_account: dict[str, Any] = {}
        if account is not None:
            present = Q(is_active=True) | Q(pk=self.instance.site_id)
            of_account = {"site": account.sites.filter(present).order_by("child_id"), "requested_by": account.contacts.all()}
        for name, model in (("site", Site), ("requested_by", Contact)):
            if name in self.fields:
                self._field(name).queryset = of_account.get(name, model.objects.none())
        if "requirement_type" in self.fields:
            in_use = Q(is_active=True) | Q(pk=self.instance.requirement_type_id)
            self._field("requirement_type").queryset = RequirementType.objects.filter(in_use)

    def _field(self, name: str) -> Any:
        return self.fields[name]

    def changes(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.fields}

    def _post_clean(self) -> None:  # the service changes the case, not the form
        pass


class ProductForm(Blamed):
    """What the requirement says of one product."""

    note = forms.CharField(label=_("Note"), max_length=300, required=False)
    is_excluded = forms.BooleanField(label=_("Not for this customer"), required=False)
    min_quantity = DecimalField(label=_("At least"), required=False, **_QUANTITIES)
    max_quantity = DecimalField(label=_("At most"), required=False, **_QUANTITIES)
    multiple_of = DecimalField(label=_("In multiples of"), required=False, **_QUANTITIES)

    @classmethod
    def of(cls, row: CaseProduct, data: Any = None) -> "ProductForm":
        return cls(data, initial={name: getattr(row, name) for name in cls.base_fields})


class SiteForm(Blamed):
    """Which site of a chosen account."""

    site: Any = forms.ModelChoiceField(label=_("Site"), queryset=Site.objects.none(), required=False, empty_label=_("All sites"))

    def __init__(self, *args: Any, account: Account | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if account is not None:
            self.fields["site"].queryset = account.sites.filter(is_active=True).order_by("child_id")  # type: ignore[attr-defined]


class MemberForm(Blamed):
    user: Any = forms.ModelChoiceField(label=_("Person"), queryset=User.objects.none())
    role: Any = forms.ModelChoiceField(label=pgettext_lazy("case", "Role"), queryset=TeamRole.objects.filter(is_active=True))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].queryset = selectors.people()  # type: ignore[attr-defined]


class TaskForm(Blamed):
    """A part that is asked for."""

    department: Any = forms.ModelChoiceField(label=_("Department"), queryset=Department.objects.filter(is_active=True))
    title = forms.CharField(label=_("What is to be done"), max_length=200, required=False)
    owner: Any = forms.ModelChoiceField(
        label=_("Who"), queryset=User.objects.none(), required=False, empty_label=_("Whoever of the department is least busy")
    )
    due_on = _day(label=_("Due"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = selectors.people()  # type: ignore[attr-defined]


class TaskChangeForm(TaskForm):
    """Another owner; for whoever answers for the phase, also another title or last day."""

    def __init__(self, *args: Any, task: CaseTask, whole: bool, **kwargs: Any) -> None:
        kwargs["initial"] = {"owner": task.owner_id, "title": task.title, "due_on": task.due_on}
        super().__init__(*args, **kwargs)
        for name in ("department",) if whole else ("department", "title", "due_on"):
            del self.fields[name]
        self.fields["owner"].empty_label = _("Nobody")  # type: ignore[attr-defined]


class AnswerForm(Blamed):
    """How feasible a part is, and on what conditions."""

    feasibility = forms.ChoiceField(label=_("Feasibility"), choices=[("", "–"), *Feasibility.choices])
    cost = DecimalField(label=_("Cost, €"), required=False, min_value=0, **_PRICES)
    lead_time_days = forms.IntegerField(label=_("Lead time, days"), required=False, min_value=0, max_value=32_000)
    comment = forms.CharField(label=_("Comment"), max_length=5_000, required=False, widget=_text())

    def __init__(self, *args: Any, task: CaseTask, **kwargs: Any) -> None:
        kwargs["initial"] = {name: getattr(task, name) for name in ("feasibility", "cost", "lead_time_days", "comment")}
        super().__init__(*args, **kwargs)


class DoneForm(Blamed):
    """A task of the implementation is done."""

    comment = forms.CharField(label=_("Comment"), max_length=5_000, required=False, widget=_text())

    def __init__(self, *args: Any, task: CaseTask, **kwargs: Any) -> None:
        kwargs["initial"] = {"comment": task.comment}
        super().__init__(*args, **kwargs)


class ConclusionForm(Blamed):
    feasibility = forms.ChoiceField(label=_("Feasibility"), choices=[("", "–"), *Feasibility.choices])
    conclusion = forms.CharField(label=_("Global feasibility conclusion"), max_length=10_000, widget=_text(5))


class AssignForm(Blamed):
    person: Any = forms.ModelChoiceField(label=_("Person"), queryset=User.objects.none())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = selectors.people()  # type: ignore[attr-defined]


class FeedbackForm(Blamed):
    score = forms.TypedChoiceField(label=_("How satisfied is the customer?"), choices=[("", "–"), *Score.choices], coerce=int)
    said_by = forms.CharField(label=_("Who of the customer said so"), max_length=150)
    comment = forms.CharField(label=_("Comment"), max_length=2_000, required=False, widget=_text())


class CloseForm(Blamed):
    reason: Any = forms.ModelChoiceField(
        label=_("Reason"),
        queryset=CloseReason.objects.filter(is_active=True),
        empty_label=pgettext_lazy("case", "Choose a reason"),
    )
    comment = forms.CharField(label=_("Comment"), max_length=2_000, required=False, widget=_text())


class CommentForm(Blamed):
    comment = forms.CharField(label=_("Comment"), max_length=2_000, widget=_text(2))


class FileForm(Blamed):
    file = forms.FileField(
        label=_("File"), widget=forms.FileInput(attrs={"accept": uploads.ENDINGS}), max_length=500,
        help_text=_("PDF, pictures, Office documents and text, at most 10 MB each."),
    )  # fmt: skip
