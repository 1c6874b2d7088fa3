"""Filters and tags every template has: numbers as people of the active language write them, and icons."""

import functools
from decimal import Decimal
from typing import Any

import heroicons
from django import template
from django.template.context import Context
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from core import events, money as exact

register = template.Library()

NBSP = "\u00a0"
MINUS = "\u2212"


def _is_finnish() -> bool:
    return (get_language() or "").startswith("fi")


def _notation(text: str, *, grouped: bool = True) -> str:
    """`text` (plain: "-1234.50") in the notation of the active language."""
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, _, decimals = digits.partition(".")
    finnish = _is_finnish()
    if grouped:
        whole = f"{int(whole):,}".replace(",", NBSP if finnish else ",")
    if sign and finnish and grouped:
        sign = MINUS
    return f"{sign}{whole}" + (f"{',' if finnish else '.'}{decimals}" if decimals else "")


def _number(value: Any) -> Decimal | None:
    """`value` as a finite Decimal; None for nothing and for what is no number."""
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return exact.parse(value) if isinstance(value, str) else None


def _with_decimals(value: Decimal, least: int, most: int) -> str:
    """Plain notation, rounded to `most` decimals, trailing zeros cut down to `least`."""
    text = format(exact.quantize(value, most), "f")
    while "." in text and text.endswith("0") and len(text.partition(".")[2]) > least:
        text = text[:-1]
    return text.rstrip(".")


def _euros(text: str) -> str:
    shown = _notation(text)
    if _is_finnish():
        return f"{shown}{NBSP}€"
    return f"-€{shown[1:]}" if shown.startswith("-") else f"€{shown}"


@register.filter
def money(value: Any) -> str:
    """An amount in EUR, 2 decimals: "1 234,50 €" in Finnish, "€1,234.50" in English; "" for nothing."""
    number = _number(value)
    return "" if number is None else _euros(_with_decimals(number, 2, 2))


@register.filter
def unit_price(value: Any) -> str:
    """A price per unit in EUR, 2 to 4 decimals."""
    number = _number(value)
    return "" if number is None else _euros(_with_decimals(number, 2, 4))


@register.filter
def percent(value: Any, decimals: int | None = None) -> str:
    """A percentage: as it was typed, without trailing zeros, or with `decimals` places where it was computed."""
    number = _number(value)
    if number is None:
        return ""
    text = _with_decimals(number, 0, 4) if decimals is None else _with_decimals(number, decimals, decimals)
    return _notation(text) + (f"{NBSP}%" if _is_finnish() else "%")


@register.filter
def quantity(value: Any) -> str:
    """A quantity, up to 3 decimals."""
    number = _number(value)
    return "" if number is None else _notation(_with_decimals(number, 0, 3))


@register.filter
def plain_input(value: Any, decimals: int = 0) -> str:
    """The value of an input: decimal mark of the language, no grouping, at least `decimals` decimals."""
    number = _number(value)
    return "" if number is None else _notation(_with_decimals(number, decimals, 6), grouped=False)


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
def event_label(verb: str) -> str:
    """What happened, in the active language."""
    return events.label(verb)


@register.simple_tag(takes_context=True)
def panel(context: Context, shown: dict[str, Any]) -> SafeString:
    """A panel of `core.panels.panels_for`, drawn with its own variables on top of those of the page."""
    inner = context.template.engine.get_template(shown["template"])  # type: ignore[union-attr]
    with context.push(**shown["context"]):
        return inner.render(context)
