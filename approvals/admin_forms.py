"""What those who keep the rules of approval type, checked against what the subjects declare."""

from decimal import Decimal
from typing import Any

from django import forms
from django.forms.models import BaseInlineFormSet
from django.utils.translation import gettext_lazy as _

from approvals import registry, rules
from approvals.choices import FieldKind, Operator, Outcome, Who
from approvals.models import Condition, Gate, Rule, Step
from approvals.registry import Case
from users.models import BusinessUnit, User


def _field_choices() -> list[tuple[str, str]]:
    """Everything that conditions of any gate can compare, once."""
    codes = Gate.objects.order_by("position", "code").values_list("code", flat=True)
    named = {field.code: str(field.label) for code in codes for field in registry.fields_of(code)}
    return [("", "---------"), *named.items()]


class ConditionForm(forms.ModelForm):  # type: ignore[type-arg]
    field = forms.ChoiceField(label=_("What"), choices=_field_choices)

    class Meta:
        model = Condition
        fields = ("field", "operator", "value")


class _Filled(BaseInlineFormSet):  # type: ignore[type-arg]
    """The rows that stay."""

    def filled(self) -> list[forms.ModelForm]:  # type: ignore[type-arg]
        return [
            form
            for form in self.forms
            if getattr(form, "cleaned_data", None) and not form.cleaned_data.get("DELETE") and not form.errors
        ]


class ConditionFormSet(_Filled):
    """Each condition compares something that the kind of the gate declares, in a way and with a value that make sense."""

    def clean(self) -> None:
        super().clean()
        gate = getattr(self.instance, "gate_id", None) and self.instance.gate
        if not gate:
            return
        kinds = {field.code: field.kind for field in registry.fields_of(gate.code)}
        for form in self.filled():
            given = form.cleaned_data
            if given["field"] not in kinds:
                form.add_error("field", _("This gate has nothing of the kind."))
                continue
            operator, kind = Operator(given["operator"]), kinds[given["field"]]
            if operator not in rules.operators(kind):
                form.add_error("operator", _("This cannot be compared like that."))
                continue
            try:
                rules.parsed(given["field"], kind, operator, given["value"])
            except ValueError:
                form.add_error("value", _WANTED[kind])


_WANTED = {
    FieldKind.NUMBER: _("Enter a number."),
    FieldKind.MONEY: _("Enter an amount."),
    FieldKind.PERCENT: _("Enter a number."),
    FieldKind.CODE: _("Enter a code; several only with “one of”."),
    FieldKind.FLAG: _("Enter yes or no."),
}


class StepFormSet(_Filled):
    """A rule that asks or tells says whom."""

    def clean(self) -> None:
        super().clean()
        steps = self.filled()
        if getattr(self.instance, "outcome", "") in (Outcome.ASK, Outcome.INFORM) and not steps and not any(self.errors):
            raise forms.ValidationError(_("Say who is asked or told: a rule needs at least one step."))
        for form in steps:
            if self.instance.outcome == Outcome.INFORM and form.cleaned_data["who"] == Who.STEWARDS:
                form.add_error("who", _("Only people can be told."))


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Rule
        fields = ("gate", "name", "unit", "outcome", "priority", "is_active")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        gate = given.get("gate")
        if given.get("outcome") == Outcome.APPROVE and gate is not None and not gate.may_be_automatic:
            self.add_error("outcome", _("This gate does not let rules approve. Allow it at the gate first."))
        return given


class StepForm(forms.ModelForm):  # type: ignore[type-arg]
    needed = forms.IntegerField(label=_("Yeses needed"), min_value=1, max_value=99, initial=1)
    position = forms.IntegerField(label=_("Step"), min_value=1, max_value=99, initial=1)

    class Meta:
        model = Step
        fields = ("position", "who", "role", "people", "quorum", "needed")

    def has_changed(self) -> bool:
        """A step that is left as it is offered is a step."""
        return not self.instance.pk or super().has_changed()

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("who") == Who.ROLE and not given.get("role"):
            self.add_error("role", _("Choose the role."))
        if given.get("who") == Who.PEOPLE and not given.get("people"):
            self.add_error("people", _("Choose who."))
        return given


class CaseForm(forms.Form):
    """A case to try the rules of one gate on; what is left empty is unknown."""

    unit: Any = forms.ModelChoiceField(label=_("Business unit"), queryset=BusinessUnit.objects.all(), required=False)
    requester = forms.ModelChoiceField(
        label=_("Asked by"), queryset=User.objects.filter(is_active=True).order_by("display_name"), required=False
    )

    def __init__(self, gate: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.declared = registry.fields_of(gate)
        for field in self.declared:
            self.fields[f"f_{field.code}"] = (
                forms.NullBooleanField(label=str(field.label), required=False)
                if field.kind == FieldKind.FLAG
                else forms.CharField(label=str(field.label), required=False, max_length=40)
            )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        self.values: dict[str, rules.Value] = {}
        for field in self.declared:
            typed = given.get(f"f_{field.code}")
            if typed in (None, ""):
                self.values[field.code] = None
            elif isinstance(typed, bool):
                self.values[field.code] = typed
            else:
                try:
                    value = rules.parsed(field.code, field.kind, Operator.EQ, str(typed)).value
                except ValueError:
                    self.add_error(f"f_{field.code}", _WANTED[field.kind])
                else:
                    self.values[field.code] = value if not isinstance(value, frozenset) else None
        return given

    def case(self) -> Case:
        """The case that was typed; limits of authority look at its `amount`."""
        unit, amount = self.cleaned_data["unit"], self.values.get("amount")
        known = amount if isinstance(amount, Decimal) else None
        return Case(unit=unit.pk if unit else None, amount=known, values=self.values)
