"""What SQLite is taught: case and likeness of texts as PostgreSQL has them."""

import functools
from typing import Any


def add_functions(connection: Any, **kwargs: Any) -> None:
    """Make SQLite fold case like PostgreSQL: its own LIKE and UPPER know ASCII only."""
    if connection.vendor != "sqlite":
        return

    def like(pattern: str | None, text: str | None, escape: str | None = None) -> bool | None:
        if pattern is None or text is None:
            return None
        return _like(str(pattern).casefold(), str(text).casefold(), escape)

    raw = connection.connection
    raw.create_function("like", 2, like, deterministic=True)
    raw.create_function("like", 3, like, deterministic=True)
    raw.create_function("lower", 1, lambda text: None if text is None else str(text).lower(), deterministic=True)
    raw.create_function("upper", 1, lambda text: None if text is None else str(text).upper(), deterministic=True)
    raw.create_function("similarity", 2, similarity, deterministic=True)


def similarity(one: str | None, other: str | None) -> float | None:
    """As pg_trgm has it: of the groups of three letters in two texts, the share that both have."""
    if one is None or other is None:
        return None
    ours, theirs = _trigrams(one), _trigrams(other)
    return len(ours & theirs) / len(ours | theirs) if ours and theirs else 0.0


@functools.lru_cache(maxsize=1_000)
def _trigrams(text: str) -> frozenset[str]:
    words = "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()
    padded = [f"  {word} " for word in words]
    return frozenset(word[start : start + 3] for word in padded for start in range(len(word) - 2))


def _like(pattern: str, text: str, escape: str | None) -> bool:
    """LIKE by plain search where the pattern is `%word%`, which is what lists send; else by a regular expression."""
    inner = pattern[1:-1]
    if pattern[:1] == pattern[-1:] == "%" and len(pattern) > 1 and not any(mark in inner for mark in "%_\\"):
        return inner in text
    import re

    out, index = [], 0
    while index < len(pattern):
        char = pattern[index]
        if escape and char == escape and index + 1 < len(pattern):
            index += 1
            out.append(re.escape(pattern[index]))
        else:
            out.append({"%": ".*", "_": "."}.get(char) or re.escape(char))
        index += 1
    return re.fullmatch("".join(out), text, re.DOTALL) is not None
