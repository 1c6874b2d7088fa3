"""When two products may be the same under two codes: pure functions over names."""

import re
import unicodedata

LONGEST = 240
"""Of a key: what its column holds."""
SHORT = 3
"""Words of fewer letters tell little."""
MARK = "|"
"""Between the numbers of a key and its words."""
ALIKE, ALMOST_THE_SAME = 0.6, 0.85
"""From here on names of as many words are called similar, and from there on any: the share of groups of three letters that they
have in common. One word more, such as "organic", makes another product."""

_PARTS = re.compile(r"[^\W_]+")


def name_key(name: str) -> str:
    """The name by which similar products stand side by side: its numbers, then its words in order, short ones last, without case,
    accents and punctuation. "" when it holds no letter and no digit.

    Numbers come first because "3 workshops" and "5 workshops" are two products however much they look alike.
    """
    parts = _PARTS.findall(_folded(name))
    numbers = sorted((part for part in parts if part[0].isdigit()), key=lambda part: (len(part), part))
    words = sorted((part for part in parts if not part[0].isdigit()), key=lambda part: (len(part) < SHORT, part))
    return f"{' '.join(numbers)}{MARK}{' '.join(words)}"[:LONGEST].rstrip() if parts else ""


def _folded(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))
