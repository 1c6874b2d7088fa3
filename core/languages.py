"""Texts in every language of the product at once, for what is frozen or read by several people."""

from collections.abc import Callable, Sequence
from typing import Any, Self

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


class Sentence(str):
    """A sentence of the catalogue, in the active language; it can be said again in another one, with whatever was put into it."""

    msgid: str
    facts: Any

    def __new__(cls, msgid: str, facts: Any = None) -> Self:
        said = translation.gettext(msgid)
        sentence = super().__new__(cls, said if facts is None else said % facts)
        sentence.msgid, sentence.facts = msgid, facts
        return sentence

    def __mod__(self, facts: Any) -> "Sentence":
        return Sentence(self.msgid, facts)


def again(text: Any) -> str:
    """The text in the language that is active now."""
    return str(Sentence(text.msgid, text.facts) if isinstance(text, Sentence) else text)


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
