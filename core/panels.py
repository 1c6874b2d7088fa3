"""Panels: how a page shows what lies above its app. Higher apps register, lower apps render."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise

if TYPE_CHECKING:
    from users.models import User

Context = Callable[[Any, "User"], dict[str, Any] | None]


@dataclass(frozen=True)
class Panel:
    """A section of somebody else's page. `context(subject, user)` answers the template's variables, or None to stay away."""

    key: str
    title: str | Promise
    template: str
    context: Context
    order: int


_panels: dict[str, dict[str, Panel]] = {}


def register(page: str, key: str, *, title: str | Promise, template: str, context: Context, order: int = 100) -> None:
    """Add a panel to `page` ("account", …)."""
    _panels.setdefault(page, {})[key] = Panel(key, title, template, context, order)


def panels_for(page: str, subject: Any, user: "User") -> list[dict[str, Any]]:
    """The panels of `page` that this user gets to see, in order, each with its context."""
    shown = []
    for panel in sorted(_panels.get(page, {}).values(), key=lambda panel: panel.order):
        context = panel.context(subject, user)
        if context is not None:
            shown.append({"key": panel.key, "title": panel.title, "template": panel.template, "context": context})
    return shown
