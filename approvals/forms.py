"""The answer to a request."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from approvals.choices import Verdict
from users.models import User

HAND_OVER, ASK_BACK, COMMENT = "hand_over", "ask_back", "comment"


class DecisionForm(forms.Form):
    """Everything that can be pressed on the review page; `version` and `content_hash` are those of the page that was read."""

    verdict = forms.ChoiceField(
        choices=[
            *Verdict.choices,
            (HAND_OVER, _("Hand over")),
            (ASK_BACK, _("Ask back")),
            (COMMENT, _("Send a comment")),
        ],
        error_messages={"required": _("Press Approve or Reject.")},
    )
    to = forms.IntegerField(label=_("Hand over to"), required=False, widget=forms.Select(attrs={"class": "form-select"}))
    comment = forms.CharField(
        label=_("Comment"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
        help_text=_("Needed when you reject or ask back."),
    )
    lines: Any = forms.Field(required=False, widget=forms.MultipleHiddenInput)
    """Positions of the lines that are meant when somebody asks back."""
    version = forms.IntegerField(widget=forms.HiddenInput)
    content_hash = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def offer(self, people: Sequence[User]) -> None:
        """These may be chosen; whether one may is asked once more where it is done."""
        self.fields["to"].widget.choices = [("", _("Choose")), *((user.pk, user.display_name) for user in people)]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("verdict") == HAND_OVER and not cleaned.get("to") and "to" not in self.errors:
            self.add_error("to", _("Choose to whom."))
        if cleaned.get("verdict") == Verdict.REJECT and "comment" in cleaned and not cleaned["comment"]:
            self.add_error("comment", _("Say why you reject this."))
        if cleaned.get("verdict") == ASK_BACK:
            self._clean_question(cleaned)
        if cleaned.get("verdict") == COMMENT and "comment" in cleaned and not cleaned["comment"]:
            self.add_error("comment", _("Write something."))
        return cleaned

    def _clean_question(self, cleaned: dict[str, Any]) -> None:
        if "comment" in cleaned and not cleaned["comment"]:
            self.add_error("comment", _("Say what you want to know, or what should change."))
        marked = cleaned.get("lines") or []
        if all(text.isascii() and text.isdigit() and len(text) < 7 for text in marked):
            cleaned["lines"] = [int(text) for text in marked]
        else:
            self.add_error("lines", _("This line is not in what you were asked about."))
