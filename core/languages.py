"""Texts in every language of the product at once, for what is frozen or read by several people."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.utils import translation


def in_languages(text: Callable[[], Any]) -> dict[str, str]:
    """What `text` answers in each language, by its code."""
    texts = {}
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            texts[code] = str(text())
    return texts
