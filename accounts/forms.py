"""Forms of the account page."""

from decimal import Decimal
from typing import Any, cast

from django import forms
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Contact
from accounts.selectors import column_label
from core.errors import DomainError
from core.forms import DecimalField
from core.templatetags.ui import plain_input
from users.models import User

GROUPS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "terms": (_("Terms"), ("payment_term", "payment_type", "default_discount", "language", "territory")),
    "invoicing": (
        _("Invoicing"),
        ("invoice_name", "invoice_email", "invoice_street", "invoice_postcode", "invoice_city", "invoice_country"),
    ),
    "notes": (_("Notes"), ("notes",)),
}
"""The manual fields in the groups in which they are edited."""


def decimal_field(field: "models.DecimalField[Any, Any]", **kwargs: Any) -> DecimalField:
    """The form field of a number of a model, in both notations."""
    return DecimalField(
        max_digits=field.max_digits or 0,
        decimal_places=field.decimal_places or 0,
        min_value=0,
        label=capfirst(field.verbose_name),
        required=False,
        **kwargs,
    )


def _in_use(field: "models.ForeignKey[Any, Any]", present: int | None) -> Any:
    """Values in use, and the present one."""
    rows = cast(Any, field.related_model)._default_manager
    if field.related_model is User:
        return rows.filter(models.Q(is_active=True, salesperson_id__isnull=False) | models.Q(pk=present))
    return rows.filter(models.Q(is_active=True) | models.Q(pk=present))


class _VersionedForm(forms.Form):
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        self.account = account
        kwargs["initial"] = {"version": account.version, **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)

    def blame(self, refusal: DomainError) -> None:
        """Puts the refusal into the form, where what was typed stays."""
        known = {name: text for name, text in refusal.fields.items() if name in self.fields}
        for name, text in known.items():
            self.add_error(name, str(text))
        if not known:
            self.add_error(None, str(refusal.detail))

    def _field_for(self, name: str) -> forms.Field:
        """A form field for a field of the account, without the rules that only people's choices have."""
        column = Account._meta.get_field(name)
        if isinstance(column, models.DecimalField):
            return decimal_field(column, max_value=100 if name == "default_discount" else None)
        field = cast(Any, column).formfield()
        if isinstance(column, models.ForeignKey):
            field.queryset = _in_use(column, getattr(self.account, column.attname))
        field.required = False
        return cast(forms.Field, field)


class ManualForm(_VersionedForm):
    """One group of manual fields."""

    def __init__(self, *args: Any, account: Account, group: str, **kwargs: Any) -> None:
        self.group, self.names = group, GROUPS[group][1]
        kwargs["initial"] = {name: getattr(account, name) for name in self.names}
        super().__init__(*args, account=account, **kwargs)
        for name in self.names:
            self.fields[name] = self._field_for(name)

    def after_conflict(self, account: Account) -> "ManualForm":
        """The same input over what somebody else saved meanwhile, which is told beside it; saving again is then a choice."""
        data = self.data.copy()  # type: ignore[attr-defined]
        data["version"] = str(account.version)
        form = ManualForm(data, account=account, group=self.group, auto_id=self.auto_id)
        form.is_valid()
        for name in self.names:
            stored = getattr(account, name)
            if stored != form.cleaned_data.get(name):
                shown = plain_input(stored) if isinstance(stored, Decimal) else ("–" if stored in (None, "") else stored)
                form[name].help_text = _("Now saved: %(value)s") % {"value": shown}
        form.add_error(
            None, _("Someone else changed this account meanwhile, so nothing was saved. Look at the changes and save again.")
        )
        return form

    def changes(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.names}


class OverrideForm(_VersionedForm):
    """Another value for a field that the master feeds, and why."""

    reason = forms.CharField(label=_("Reason"), max_length=300)
    field_order = ("version", "value", "reason")

    def __init__(self, *args: Any, account: Account, field: str, **kwargs: Any) -> None:
        kwargs["initial"] = {"value": getattr(account, field)}
        super().__init__(*args, account=account, **kwargs)
        self.fields["value"] = self._field_for(field)
        self.fields["value"].label = capfirst(column_label(Account, field))
        if field in ("yearly_revenue", "yearly_volume", "name"):
            self.fields["value"].required = True
        self.order_fields(self.field_order)


class ContactForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Contact
        fields = ("name", "title", "email", "language", "is_default")


class ProspectForm(forms.ModelForm):  # type: ignore[type-arg]
    """What is asked about a new prospect; the service checks it."""

    is_other = forms.BooleanField(label=_("This is another company"), required=False)
    groups = (
        (_("Who it is"), ("name", "business_id", "vat_number")),
        (_("Address and language"), ("street", "postcode", "city", "country", "language")),
    )

    class Meta:
        model = Account
        fields = ("name", "business_id", "vat_number", "street", "postcode", "city", "country", "language")
        help_texts = {
            "business_id": _("Of a Finnish company, for example 1234567-1."),
            "country": _("Two letters, for example FI."),
            "language": _("In which quotes are written."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs |= {"autofocus": True, "autocomplete": "off"}
        self.fields["is_other"].widget.attrs["class"] = "form-check-input"

    def _post_clean(self) -> None:  # the service makes the account, not the form
        pass

    def blame(self, refusal: DomainError) -> None:
        """Puts the refusal into the form, where what was typed stays."""
        for name, text in refusal.fields.items():
            self.add_error(name if name in self.fields else None, str(text))
        if not refusal.fields:
            self.add_error(None, str(refusal.detail))
