"""What those who keep the catalogue type, checked against the rest of it."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Q
from django.forms.models import BaseInlineFormSet
from django.utils.formats import date_format
from django.utils.translation import gettext as _, gettext_lazy

from catalog import bundles, configuration, explaining, selectors, usage
from catalog.models import ConfigurationRule, Product
from core import clock, money
from core.errors import Invalid
from core.templatetags.ui import notation
from users.models import User


class ProductForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Product
        fields = "__all__"  # noqa: DJ007  those that the admin shows

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if self.instance.merged_into_id and given.get("is_active"):
            words = {"product": self.instance.merged_into}
            self.add_error("is_active", _("It was merged into %(product)s. Undo the merge on the page of the product.") % words)
        rate = given.get("vat_rate")
        bundle = Product.objects.filter(parts__part=self.instance.pk).exclude(Q(vat_rate=rate) | Q(bundle_pricing="")).first()
        if self.instance.pk and rate is not None and bundle is not None:
            words = {"bundle": bundle.sku}
            self.add_error("vat_rate", _("It is a part of %(bundle)s, which has another VAT rate.") % words)
        return given


class _Filled(BaseInlineFormSet):  # type: ignore[type-arg]
    """The rows that stay."""

    def filled(self) -> Iterator[Any]:
        for form in self.forms:
            if getattr(form, "cleaned_data", None) and not form.cleaned_data.get("DELETE") and not form.errors:
                yield form


class PriceFormSet(_Filled):
    """Of two prices that both have a last day, it must be clear which one holds. One without may start while another is valid,
    and holds then."""

    def clean(self) -> None:
        super().clean()
        ending = [form for form in self.filled() if form.cleaned_data["valid_to"]]
        ending.sort(key=lambda form: _first_day(form.cleaned_data))
        latest: dict[tuple[int, Decimal], Any] = {}
        for form in ending:
            given = form.cleaned_data
            key = (given["price_list"].pk, given["min_quantity"])
            before = latest.get(key)
            if before is not None and _first_day(given) <= before["valid_to"]:
                words = {"price": notation().unit_price(before["list_price"]), "days": _days(before)}
                form.add_error(
                    "valid_from",
                    _("From the same quantity the list has %(price)s for %(days)s. Prices with a last day must not overlap.")
                    % words,
                )
            if before is None or given["valid_to"] > before["valid_to"]:
                latest[key] = given


def _first_day(given: dict[str, Any]) -> dt.date:
    first: dt.date | None = given["valid_from"]
    return first or dt.date.min


def _days(given: dict[str, Any]) -> str:
    first, last = (date_format(day, "SHORT_DATE_FORMAT") if day else "" for day in (given["valid_from"], given["valid_to"]))
    return f"{first}–{last}"


class ProductUnitFormSet(_Filled):
    """The pricing unit is one pricing unit, and nothing else."""

    def clean(self) -> None:
        super().clean()
        for form in self.filled():
            if form.cleaned_data["unit"].pk == self.instance.unit_id:
                form.add_error("unit", _("This is the unit that the price is for: it needs no factor."))


class UsageStepFormSet(_Filled):
    """Of each list and measure, one price holds for each unit."""

    def clean(self) -> None:
        super().clean()
        steps: dict[tuple[Any, Any], list[usage.Step]] = {}
        for form in self.filled():
            given = form.cleaned_data
            step = usage.Step(*(given[name] for name in usage.Step._fields))
            earlier = steps.setdefault((given["price_list"], given["metric"]), [])
            try:
                usage.require_distinct([*earlier, step])
            except Invalid as refusal:
                form.add_error("from_quantity", str(refusal))
            else:
                earlier.append(step)


class BundlePartFormSet(_Filled):
    """Parts are taxed as the bundle is, and no bundle holds itself."""

    def clean(self) -> None:
        super().clean()
        filled = list(self.filled())
        for form in filled:
            part = form.cleaned_data["part"]
            if part.vat_rate_id != self.instance.vat_rate_id:
                words = {"part": part.sku, "rate": notation().percent(part.vat_rate.rate)}
                form.add_error("part", _("%(part)s has another VAT rate (%(rate)s) than the bundle.") % words)
        if not self.instance.bundle_pricing or not self.instance.pk:
            return  # nobody can hold what is no bundle, or is new
        rows = [self._part(form.cleaned_data) for form in filled if not form.errors]
        parts = {**selectors.bundle_parts_of({row.part for row in rows}), self.instance.pk: rows}
        try:
            bundles.require_no_circle(parts, [self.instance.pk])
        except bundles.Circular as refusal:
            raise forms.ValidationError(str(refusal)) from refusal

    def _part(self, given: dict[str, Any]) -> bundles.Part:
        return bundles.Part(self.instance.pk, given["part"].pk, given["quantity"], given["is_option"], given["part"].sku)


class ConfigurationRuleForm(forms.ModelForm):  # type: ignore[type-arg]
    """A rule that can be kept beside the others that are in use."""

    class Meta:
        model = ConfigurationRule
        fields = (
            "kind", "subject_product", "subject_group", "object_product", "object_group", "quantity", "message_en", "message_fi",
            "valid_from", "valid_to", "is_active",
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if self.errors or not given.get("is_active"):
            return given
        made = ConfigurationRule(pk=self.instance.pk, **given)
        try:
            made.validate_constraints()
        except forms.ValidationError:
            return given  # the model says what is wrong
        others = [rule for rule in selectors.rules_in_use() if rule.pk != made.pk]
        rules = [*others, made.plain]
        found = next(configuration.contradictions(rules, selectors.groups_of(rules), {made.plain.pk}), None)
        if found is not None:
            raise forms.ValidationError(explaining.contradiction_words(found))
        return given


class CaseForm(forms.Form):
    """Lines to try the rules on, bundles with what they hold without options. `lines`, and `skus` by their ids, are there once it
    is valid."""

    day = forms.DateField(label=gettext_lazy("Day"), initial=clock.today)
    text = forms.CharField(
        label=gettext_lazy("Codes and quantities"),
        help_text=gettext_lazy("A product in each row: its code, then how many (1 where nothing is said)."),
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "class": "vLargeTextField"}),
        max_length=20_000,
    )
    lines: list[configuration.Line]
    skus: dict[int, str]

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        rows = [row for row in map(str.strip, text.replace(";", " ").splitlines()) if row]
        products = selectors.products_by_sku(self.user, {code for row in rows for code in (row, _parted(row)[0])})
        lines: list[configuration.Line] = []
        self.skus = {}
        for number, row in enumerate(rows, 1):
            code, typed = (row, "1") if row in products else _parted(row)
            quantity = money.parse(typed)
            if code not in products:
                raise forms.ValidationError(_("There is no product “%(code)s”."), params={"code": code[:40]})
            if quantity is None or quantity <= 0:
                raise forms.ValidationError(_("“%(text)s” is no quantity."), params={"text": typed[:40]})
            product = products[code]
            lines.append(configuration.Line(number, product.pk, product.group_id, quantity))
            self.skus[number] = product.sku
        self.lines = _with_parts(lines, [product.pk for product in products.values() if product.is_bundle])
        return text


def _with_parts(lines: list[configuration.Line], holding: list[int]) -> list[configuration.Line]:
    """Raises: ValidationError for a bundle that holds itself."""
    parts = selectors.bundle_parts_of(holding)
    try:
        held = {key: bundles.leaves(key, parts) for key in holding}
    except bundles.Circular as refusal:
        raise forms.ValidationError(str(refusal)) from refusal
    marks = selectors.marks_inside({leaf.product for leaves in held.values() for leaf in leaves})
    inside = {
        key: [configuration.Inside(leaf.product, marks[leaf.product][0], leaf.quantity) for leaf in leaves]
        for key, leaves in held.items()
    }
    return [made for line in lines for made in configuration.lines_of(line, inside.get(line.product, ()))]


def _parted(row: str) -> tuple[str, str]:
    """A code and the quantity behind it."""
    code, _space, quantity = row.rpartition(" ")
    return (code.strip(), quantity) if code else (row, "1")
