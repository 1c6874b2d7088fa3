"""Forms of rules: to change one of survivorship or of price lists, and to try the former on pasted rows."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from django.utils.translation import gettext as _, gettext_lazy

from accounts import pasted_rows, price_list_selectors, price_lists, survivorship
from accounts.explanations import column_words
from accounts.models import Account, PriceListRule, SurvivorshipRule
from accounts.selectors import column_label
from accounts.survivorship import AMOUNTS, COLUMNS, DEFAULTS, FieldRule, Rule


class SurvivorshipRuleForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = SurvivorshipRule
        fields = ("field", "rule", "column", "must_agree")
        help_texts = {
            "must_agree": gettext_lazy(
                "Two different values are a conflict for somebody to look at; the rule decides all the same."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = {
            "field": {name: column_label(Account, name) for name in DEFAULTS},
            "column": {c: column_words(c) for c in COLUMNS},
        }
        for name in named.keys() & self.fields.keys():
            field: Any = self.fields[name]
            field.choices = [("", "---------"), *((code, f"{capfirst(label)} ({code})") for code, label in named[name].items())]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        field = given.get("field") or self.instance.field
        if field and given.get("rule") and given.get("column"):
            rule = FieldRule(field, Rule(given["rule"]), given["column"], given.get("must_agree", False))
            if not survivorship.fits(rule):
                raise ValidationError(why_not(rule))
        return given


def why_not(rule: FieldRule) -> str:
    """Why a rule does not fit its field."""
    field, column = column_label(Account, rule.field), column_words(rule.column)
    if DEFAULTS[rule.field].column in AMOUNTS:
        return _("“%(field)s” is an amount: it is the sum or the greatest of revenue or of volume.") % {"field": field}
    if rule.column in AMOUNTS:
        return _("“%(field)s” is text: it cannot come from “%(column)s”, which is an amount.") % {
            "field": field,
            "column": column,
        }
    if rule.field == "owner":
        return _("The owner comes from the salesperson of the sites, from no other column.")
    if rule.column == "salesperson_id":
        return _("“%(field)s” cannot come from the salesperson; only the owner does.") % {"field": field}
    return _("“%(field)s” is text: texts cannot be added up.") % {"field": field}


class PriceListRuleForm(forms.ModelForm):  # type: ignore[type-arg]
    """A rule between which and another one more than their age decides."""

    class Meta:
        model = PriceListRule
        fields = ("price_list", "tma2", "channel", "territory", "priority", "valid_from", "valid_to", "is_active")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if self.errors or not given.get("is_active"):
            return given
        made = PriceListRule(pk=self.instance.pk, **given).plain
        other = price_lists.clashing(made, price_list_selectors.rules_in_use())
        if other is not None:
            words = {"rule": PriceListRule.objects.get(pk=other.id), "priority": other.priority}
            raise ValidationError(
                _("“%(rule)s” names the same criteria with the priority %(priority)s, and both are valid on the same days."),
                params=words,
            )
        return given


class PastedRowsForm(forms.Form):
    """Child rows with a heading. `rows` are there once it is valid."""

    text = forms.CharField(
        label=gettext_lazy("Rows with a heading"),
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false", "class": "vLargeTextField"}),
        strip=False,
    )
    rows: list[dict[str, Any]]

    def clean_text(self) -> str:
        pasted = pasted_rows.read(self.cleaned_data["text"])
        if pasted.faults:
            raise ValidationError(pasted.faults)
        self.rows = pasted.rows
        return str(self.cleaned_data["text"])
