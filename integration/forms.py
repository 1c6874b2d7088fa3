"""Forms of the pages of runs."""

import re
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy as _

from core.errors import DomainError
from core.uploads import was_too_large
from integration import selectors, words
from integration.choices import Mode
from integration.models import QuarantinedRow

MEGABYTE = 1024 * 1024
BUILT_IN_PROFILES = ("price_manager",)
ENDINGS = ".csv,.txt,.tsv,.xlsx,.gz"


class UploadForm(forms.Form):
    """A file and what it is."""

    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "CSV or an Excel workbook (xlsx), also gzipped. A file downloaded from a quarantine can be uploaded as it is."
        ),
        widget=forms.FileInput(attrs={"accept": ENDINGS}),
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=list(words.KINDS.items()))
    profile = forms.ChoiceField(
        label=_("Names of the columns"),
        required=False,
        choices=[("", _("Detect them")), *((name, name) for name in BUILT_IN_PROFILES)],
    )
    is_complete = forms.BooleanField(
        label=_("The file holds all customers"),
        required=False,
        help_text=_("Customers that are missing from it count as missing at the source, and become inactive in the end."),
    )
    only_try = forms.BooleanField(
        label=_("Only try"), required=False, help_text=_("Shows what would change, and changes nothing.")
    )

    def __init__(self, request: HttpRequest, **kwargs: Any) -> None:
        self.request = request
        super().__init__(*((request.POST, request.FILES) if request.method == "POST" else ()), **kwargs)
        if request.method == "POST" and was_too_large(request, "file"):
            self.fields["file"].error_messages["required"] = self._too_large()

    @staticmethod
    def _too_large() -> str:
        return gettext("The file is larger than %(limit)s MB.") % {"limit": settings.UPLOAD_MAX_BYTES // MEGABYTE}

    def what(self) -> dict[str, Any]:
        """What the service is told of a file that is in order."""
        given, file = self.cleaned_data, self.cleaned_data["file"]
        assert isinstance(file, UploadedFile)  # noqa: S101  the field answers nothing else
        return {
            "kind": given["kind"],
            "content": file.read(),
            "name": file.name or "",
            "profile": given["profile"],
            "mode": Mode.TRY if given["only_try"] else Mode.ASK,
            "is_complete": given["is_complete"],
        }


class RowForm(forms.Form):
    """The cells of a row under the names that its source has for them. They are checked by the run that takes them."""

    def __init__(self, *args: Any, row: QuarantinedRow, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names = list(row.run.counts.get("header") or row.raw)
        self.surplus = [cell for name, cell in row.raw.items() if name not in self.names and cell]
        blamed = [name for name in self.names if name and re.search(rf"(^|[.] ){re.escape(name)}[: ]", row.reason)]
        for index, name in enumerate(self.names):
            cell = str(row.raw.get(name) or "")
            field = self.fields[f"cell_{index}"] = forms.CharField(label=name, required=False, initial=cell, strip=False)
            if name in blamed:
                field.widget.attrs |= {"class": "is-invalid", "aria-invalid": "true", "autofocus": name == blamed[0]}

    def parts(self) -> tuple[list[forms.BoundField], list[forms.BoundField]]:
        """The fields with something in them, and the empty ones."""
        fields = [self[f"cell_{index}"] for index in range(len(self.names))]
        return [field for field in fields if field.value()], [field for field in fields if not field.value()]

    def cells(self) -> dict[str, str]:
        return {name: self.cleaned_data[f"cell_{index}"] for index, name in enumerate(self.names)}

    def blame(self, refusal: DomainError) -> None:
        """Puts the refusal into the form, where what was typed stays."""
        self.add_error(None, str(refusal.detail))


class ParentForm(forms.Form):
    """The search for the parent of a row; empty until somebody searches."""

    q = forms.CharField(label=_("Name or number of the parent"), required=False, max_length=100)

    def found(self) -> list[Any]:
        return selectors.parents_matching(self.cleaned_data["q"]) if self.is_bound and self.is_valid() else []
