"""Filters and tags every template has: numbers as people of the active language write them, and icons."""

import functools
import re
from decimal import Decimal
from typing import Any

import heroicons
from django import template
from django.forms import BoundField, Select
from django.template.context import Context
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from core import events, money as exact

register = template.Library()

NBSP = "\u00a0"
MINUS = "\u2212"


class Notation:
    """Numbers as people of one language write them. `notation()` has that of the active language."""

    def __init__(self, *, finnish: bool) -> None:
        self.euros = f"{{}}{NBSP}€" if finnish else "€{}"
        self.percents = f"{{}}{NBSP}%" if finnish else "{}%"
        self.marks = str.maketrans({",": NBSP, ".": ",", "-": MINUS} if finnish else {})
        self.input_marks = str.maketrans({".": ","} if finnish else {})
        self.sign_first = not finnish

    def money(self, value: Decimal) -> str:
        """An amount in EUR, 2 decimals."""
        return self._euros(format(exact.cents(value), ",f"))

    def unit_price(self, value: Decimal) -> str:
        """A price per unit in EUR, 2 to 4 decimals."""
        return self._euros(_cut(format(exact.quantize(value, 4), ",f"), 2))

    def percent(self, value: Decimal, decimals: int | None = None) -> str:
        """A percentage: as typed, up to 4 decimals, or with `decimals` places."""
        text = _cut(format(exact.quantize(value, 4), ",f")) if decimals is None else format(exact.quantize(value, decimals), ",f")
        return self.percents.format(text.translate(self.marks))

    def points(self, value: Decimal) -> str:
        """A difference of percentages, 1 decimal, with its sign."""
        rounded = exact.quantize(value, 1)
        return f"{'+' if rounded > 0 else ''}{rounded:,f}".translate(self.marks)

    def quantity(self, value: Decimal) -> str:
        """A quantity, up to 3 decimals."""
        return _cut(format(exact.quantize(value, 3), ",f")).translate(self.marks)

    def plain_input(self, value: Decimal, decimals: int = 0) -> str:
        """The value of an input: no grouping, at least `decimals` decimals, at most 6."""
        return _cut(format(exact.quantize(value, 6), "f"), decimals).translate(self.input_marks)

    def _euros(self, text: str) -> str:
        if self.sign_first and text[0] == "-":  # "-€5", not "€-5"
            return "-" + self.euros.format(text[1:].translate(self.marks))
        return self.euros.format(text.translate(self.marks))


def _cut(text: str, least: int = 0) -> str:
    """A number without trailing zeros, but with `least` decimals where it has that many."""
    whole, _, decimals = text.partition(".")
    decimals = decimals[:least] + decimals[least:].rstrip("0")
    return f"{whole}.{decimals}" if decimals else whole


_FINNISH, _ENGLISH = Notation(finnish=True), Notation(finnish=False)


def notation() -> Notation:
    """How numbers are written in the active language."""
    return _FINNISH if (get_language() or "").startswith("fi") else _ENGLISH


def _number(value: Any) -> Decimal | None:
    """`value` as a finite Decimal; None for nothing and for what is no number."""
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return exact.parse(value) if isinstance(value, str) else None


@register.filter
def money(value: Any) -> str:
    """An amount in EUR, 2 decimals: "1 234,50 €" in Finnish, "€1,234.50" in English; "" for nothing."""
    number = _number(value)
    return "" if number is None else notation().money(number)


@register.filter
def unit_price(value: Any) -> str:
    """A price per unit in EUR, 2 to 4 decimals."""
    number = _number(value)
    return "" if number is None else notation().unit_price(number)


@register.filter
def percent(value: Any, decimals: int | None = None) -> str:
    """A percentage: as it was typed, without trailing zeros, or with `decimals` places where it was computed."""
    number = _number(value)
    return "" if number is None else notation().percent(number, decimals)


@register.filter
def points(value: Any) -> str:
    """A difference of percentages, 1 decimal, with its sign: "+2.1"."""
    number = _number(value)
    return "" if number is None else notation().points(number)


@register.filter
def quantity(value: Any) -> str:
    """A quantity, up to 3 decimals."""
    number = _number(value)
    return "" if number is None else notation().quantity(number)


@register.filter
def plain_input(value: Any, decimals: int = 0) -> str:
    """The value of an input: decimal mark of the language, no grouping, at least `decimals` decimals."""
    number = _number(value)
    return "" if number is None else notation().plain_input(number, decimals)


@functools.cache
def _svg(name: str, css: str) -> SafeString:
    svg = heroicons._render_icon("outline", name, 24, {"class": css, "aria-hidden": "true", "focusable": "false"})
    return mark_safe(svg)  # noqa: S308 - drawn by the library, of names written in our templates


@register.simple_tag
def icon(name: str, css: str = "icon") -> SafeString:
    """A heroicons outline icon that screen readers pass over. Raises for an unknown name."""
    return _svg(str(name), str(css))


@register.simple_tag(takes_context=True)
def page_query(context: dict[str, Any], **changes: Any) -> str:
    """The query string of this page with `changes`, without the place in the list; an empty value removes its key."""
    params = context["request"].GET.copy()
    params.pop("cursor", None)
    for key, value in changes.items():
        params.pop(key, None)
        if value not in ("", None):
            params[key] = str(value)
    return str(params.urlencode())


@register.filter
def labelled(field: BoundField) -> SafeString:
    """A field of a list's filter: label, input, and what is wrong with it."""
    css = "form-select" if isinstance(field.field.widget, Select) else "form-control"
    drawn = field.as_widget(attrs={"class": f"{css} is-invalid" if field.errors else css})
    wrong = format_html_join("", '<span class="invalid-feedback d-block">{}</span>', ((error,) for error in field.errors))
    html = '<div id="div_{0}" class="mb-3"><label for="{0}" class="form-label">{1}</label>{2}{3}</div>'
    return format_html(html, field.id_for_label, field.label, drawn, wrong)


@register.filter
def breakable(text: str) -> SafeString:
    """The name of a file or an address, which lines may break in behind its strokes."""
    return format_html_join(mark_safe("<wbr>"), "{}", ((part,) for part in re.findall(r"[^/_-]*[/_-]|[^/_-]+", text)))


@register.filter
def event_label(verb: str) -> str:
    """What happened, in the active language."""
    return events.label(verb)


@register.simple_tag(takes_context=True)
def panel(context: Context, shown: dict[str, Any]) -> SafeString:
    """A panel of `core.panels.panels_for`, drawn with its own variables on top of those of the page."""
    inner = context.template.engine.get_template(shown["template"])  # type: ignore[union-attr]
    with context.push(**shown["context"]):
        return inner.render(context)
