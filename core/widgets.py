"""Form widgets drawn without a template: Django's own include a template per attribute list and per option.

The HTML is that of Django's templates but for white space; what is not known here is left to them.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.forms.renderers import DjangoTemplates
from django.http import HttpRequest
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

Widget = Mapping[str, Any]


class FlatRenderer(DjangoTemplates):
    """Draws inputs, text areas and drop-down lists itself."""

    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> SafeString:
        draw = _DRAWN.get(template_name)
        if draw is None:
            return mark_safe(super().render(template_name, context, request))  # noqa: S308 - a template of Django's escapes
        return mark_safe(draw(context["widget"]))  # noqa: S308 - every value in it is escaped below


def _attributes(widget: Widget) -> str:
    return "".join(
        f" {conditional_escape(name)}" if value is True else f' {conditional_escape(name)}="{_text(value)}"'
        for name, value in widget["attrs"].items()
        if value is not False
    )


def _text(value: Any) -> str:
    """As `stringformat:'s'` and escaping make it."""
    return conditional_escape(value if isinstance(value, SafeString) else str(value))


def _input(widget: Widget) -> str:
    value = "" if widget["value"] is None else f' value="{_text(widget["value"])}"'
    return f'<input type="{_text(widget["type"])}" name="{_text(widget["name"])}"{value}{_attributes(widget)}>'


def _textarea(widget: Widget) -> str:
    value = conditional_escape(widget["value"]) if widget["value"] else ""
    return f'<textarea name="{_text(widget["name"])}"{_attributes(widget)}>\n{value}</textarea>'


def _select(widget: Widget) -> str:
    groups = "".join(
        f'<optgroup label="{_text(label)}">{_options(options)}</optgroup>' if label else _options(options)
        for label, options, _index in widget["optgroups"]
    )
    return f'<select name="{_text(widget["name"])}"{_attributes(widget)}>{groups}</select>'


def _options(options: list[Widget]) -> str:
    return "".join(
        f'<option value="{_text(option["value"])}"{_attributes(option)}>{conditional_escape(option["label"])}</option>'
        for option in options
    )


_INPUTS = ("date", "email", "hidden", "input", "number", "password", "text", "url")
_DRAWN: dict[str, Callable[[Widget], str]] = {
    **{f"django/forms/widgets/{name}.html": _input for name in _INPUTS},
    "django/forms/widgets/textarea.html": _textarea,
    "django/forms/widgets/select.html": _select,
}
