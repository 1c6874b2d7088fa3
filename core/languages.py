"""Texts in every language of the product at once, for what is frozen or read by several people."""

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.utils import translation

CODES: tuple[str, ...] = tuple(code for code, _name in settings.LANGUAGES)
_FALLBACKS = tuple(CODES.index(code) for code in settings.MODELTRANSLATION_FALLBACK_LANGUAGES)


def active() -> str:
    """The code of the language in use."""
    code = (translation.get_language() or "").partition("-")[0]
    return code if code in CODES else CODES[0]


def in_languages(text: Callable[[], Any]) -> dict[str, str]:
    """What `text` answers in each language, by its code."""
    texts = {}
    for code in CODES:
        with translation.override(code):
            texts[code] = str(text())
    return texts


def by_language(texts: Sequence[str | None]) -> dict[str, str]:
    """What a translated field says in each language, from its columns in the order of `CODES`; empty ones fall back as on
    pages."""
    if all(texts):
        return dict(zip(CODES, texts))  # type: ignore[arg-type]  # noqa: B905  every line of a quote comes here, thrice
    fallback = next((text for place in _FALLBACKS if (text := texts[place])), "")
    return {code: text or fallback for code, text in zip(CODES, texts, strict=True)}


def texts_of(record: Any, field: str) -> dict[str, str]:
    """What a translated field of `record` says in each language."""
    return by_language([getattr(record, f"{field}_{code}") for code in CODES])
