"""What people say about a conflict of the customer master."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts import conflicts
from accounts.models import MasterConflict
from accounts.selectors import candidate_text
from core.errors import DomainError
from users.models import User


class ConflictForm(forms.Form):
    """A form that shows refusals where they belong."""

    def blame(self, refusal: DomainError) -> None:
        known = {name: text for name, text in refusal.fields.items() if name in self.fields}
        for name, text in known.items():
            self.add_error(name, str(text))
        if not known:  # the value of the candidate itself does not fit
            self.add_error(None, refusal.sentence)


class ChooseForm(ConflictForm):
    """One of the candidates, and why that one. `offered`: those that are shown; all of them where it is left out."""

    candidate = forms.ChoiceField(label=_("Candidate"), widget=forms.RadioSelect)
    reason = forms.CharField(label=_("Reason"), max_length=300)

    def __init__(self, *args: Any, conflict: MasterConflict, offered: Collection[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["candidate"]
        field.choices = [
            (candidate["value"], candidate_text(candidate))
            for candidate in conflict.candidates
            if candidate.get("value") and (offered is None or candidate["value"] in offered)
        ]


class LeaveForm(ConflictForm):
    """Why nothing needs to be done."""

    reason = forms.CharField(label=_("Reason"), max_length=300)


class AssignForm(ConflictForm):
    """Who is to settle it."""

    to: Any = forms.ModelChoiceField(label=_("Person"), queryset=User.objects.none(), required=False, empty_label=_("nobody"))

    def __init__(self, *args: Any, conflict: MasterConflict, **kwargs: Any) -> None:
        kwargs["initial"] = {"to": conflict.assigned_to_id}
        super().__init__(*args, **kwargs)
        field: Any = self.fields["to"]
        field.queryset = conflicts.people_for(conflict.account)
