"""Widgets drawn without a template read as Django's do."""

import datetime as dt
import re
from typing import Any

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.utils.safestring import mark_safe

from core.widgets import FlatRenderer

pytestmark = pytest.mark.once

NASTY = ["", "Äijä & Öljy Oy", '"><script>alert(1)</script>', "' onfocus='x", "<b>", "\ue000sku\ue001", "%s {0} {{ x }}", None]
CHOICES = [("", "–"), ("1", "Yksi <b>"), ('"2"', 'Kaksi "'), ("Ryhmä &", [("3", "Kolme"), ("4", "Neljä <")])]
WIDGETS: list[forms.Widget] = [
    forms.TextInput(attrs={"class": "form-control", "data-x": '<"&>', "required": True, "disabled": False}),
    forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    forms.EmailInput(), forms.HiddenInput(), forms.NumberInput(attrs={"min": 0}), forms.PasswordInput(), forms.URLInput(),
    forms.Textarea(attrs={"rows": 2}), forms.Select(choices=CHOICES), forms.NullBooleanSelect(),
]  # fmt: skip


def without_gaps(html: str) -> str:
    return re.sub(r">\s+<", "><", html.strip())


@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: type(widget).__name__)
@pytest.mark.parametrize("value", [*NASTY, mark_safe("<i>ok</i>"), 5, dt.date(2026, 11, 20), True, "3", '"2"'])
def test_a_widget_reads_as_djangos_template_draws_it(widget: forms.Widget, value: Any) -> None:
    given = ('a"b', value, {"id": "id_<x>", "aria-label": "Nimi & ääni"})
    drawn = widget.render(*given, renderer=FlatRenderer())
    assert without_gaps(drawn) == without_gaps(widget.render(*given, renderer=DjangoTemplates()))


def test_other_widgets_are_left_to_djangos_templates() -> None:
    widget = forms.RadioSelect(choices=CHOICES[:3])
    assert widget.render("a", "1", renderer=FlatRenderer()) == widget.render("a", "1", renderer=DjangoTemplates())
