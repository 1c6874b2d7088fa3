"""The answer to a request."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from approvals.choices import Verdict


class DecisionForm(forms.Form):
    """Both verdicts in one form; `version` and `content_hash` are those of the page that was read."""

    verdict = forms.ChoiceField(choices=Verdict.choices, error_messages={"required": _("Press Approve or Reject.")})
    comment = forms.CharField(
        label=_("Comment"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
        help_text=_("Needed when you reject."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput)
    content_hash = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("verdict") == Verdict.REJECT and "comment" in cleaned and not cleaned["comment"]:
            self.add_error("comment", _("Say why you reject this."))
        return cleaned
