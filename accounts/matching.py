"""When two names are those of one company: pure functions over texts.

A name becomes a key that leaves out what people write in many ways: case, accents, punctuation, "&" or "and", and the legal form
at its start or end. Equal keys are a reason to look, no proof.
"""

import re
import unicodedata
from collections.abc import Iterable

LONGEST = 200
"""Of a key: what its column holds."""

_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i"})
"""Letters that are no letter with an accent to Unicode."""
_JOINED = re.compile(r"(?<!\w)((?:\w[./])+\w)(?!\w)")
"""Single letters with points or strokes between: "A/S", "S.A.", "s.r.o."."""
_WORDS = re.compile(r"[^\W_]+")
AND = "and"
_AND = frozenset({AND, "ja", "och", "og", "und"})

_FIRST = (
    "oy", "oyj", "ab", "abp", "ay", "ky", "kb", "hb", "tmi", "t mi", "toiminimi", "as", "ou", "sia", "uab", "ooo", "gmbh", "ltd",
    "inc", "osakeyhtio", "aktiebolaget",
)  # fmt: skip
"""Legal forms that stand before a name as well."""
_LAST = (
    *_FIRST, "osk", "ry", "rf", "rs", "rl", "asa", "ans", "aps", "da", "is", "ivs", "ks", "aktiebolag", "handelsbolag",
    "limited", "plc", "llc", "llp", "lp", "incorporated", "corp", "corporation", "co", "company", "pty", "pte", "pte ltd",
    "pty ltd", "ag", "kg", "kgaa", "ug", "mbh", "gbr", "ohg", "ev", "eg", "se", "bv", "nv", "vof", "sa", "sas", "sarl",
    "eurl", "srl", "sl", "slu", "sp z o o", "sp z oo", "spzoo", "sp k", "sro", "spol s r o", "kft", "zrt", "nyrt", "doo",
    "dd", "ad", "eood", "ood", "ehf", "hf", "pjsc", "oao", "zao",
)  # fmt: skip


_BEFORE, _AFTER = (frozenset(tuple(form.split()) for form in forms) for forms in (_FIRST, _LAST))
_SIZES = range(max(map(len, _AFTER)), 0, -1)
"""How many words a form can have, the longest forms first."""


def name_key(name: str) -> str:
    """The key of a company's name; "" when it holds no letter and no digit. A name that is nothing but a legal form keeps it."""
    words = [AND if word in _AND else word for word in _WORDS.findall(_folded(name))]
    return " ".join(_without_forms(words))[:LONGEST].rstrip()


FEWEST_LETTERS = 5
"""Of the beginning of a name that is told from others."""


def beginning(typed: str) -> str:
    """The key of a name that is still being typed, without a last word that may become a legal form; "" if that is too short."""
    words = name_key(typed).split()
    if len(words) > 1 and any(form.startswith(words[-1]) for form in _LAST):
        words = words[:-1]
    key = " ".join(words)
    return key if len(key.replace(" ", "")) >= FEWEST_LETTERS else ""


def name_keys(names: Iterable[str]) -> dict[str, str]:
    """The keys of many names, each worked out once: `{name: key}`."""
    return {name: name_key(name) for name in dict.fromkeys(names)}


def _folded(name: str) -> str:
    """Small letters without accents, "&" in words, abbreviations without their points."""
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    text = "".join(char for char in text if not unicodedata.combining(char)).translate(_LETTERS)
    text = re.sub("['’`´]", "", text.replace("&", f" {AND} "))
    return _JOINED.sub(lambda match: re.sub("[./]", "", match[1]), text)


def _without_forms(words: list[str]) -> list[str]:
    """The words without legal forms around them, and without an "and" that led to one; one word at least stays."""
    while True:
        before = len(words)
        for size in _SIZES:
            if len(words) > size and tuple(words[-size:]) in _AFTER:
                words = words[:-size]
                break
        while len(words) > 1 and words[-1] == AND:
            words = words[:-1]
        for size in _SIZES:
            if len(words) > size and tuple(words[:size]) in _BEFORE:
                words = words[size:]
                break
        if len(words) == before:
            return words


# --- Numbers ----------------------------------------------------------------------------------------------------------
_FINNISH = re.compile(r"\d{8}")
_FINNISH_VAT = re.compile(r"FI(\d{8})")


def compact(number: str) -> str:
    """Letters and digits of a number, in capitals: "fi 2077474-0" is FI20774740."""
    return re.sub("[^0-9A-Z]", "", unicodedata.normalize("NFKC", number).upper())


def business_ids(business_id: str, vat_number: str = "") -> list[str]:
    """The business IDs of a company, compact: its own, and the one that a Finnish VAT number holds."""
    held = _FINNISH_VAT.fullmatch(compact(vat_number))
    return sorted({compact(business_id), held[1] if held else ""} - {""})


def vat_numbers(vat_number: str, business_id: str = "") -> list[str]:
    """The VAT numbers of a company, compact: its own, and that of a Finnish business ID."""
    own = compact(business_id)
    return sorted({compact(vat_number), f"FI{own}" if _FINNISH.fullmatch(own) else ""} - {""})


def is_finnish(country: str) -> bool:
    """Whether the company is Finnish, as those are of which nothing else is said."""
    return country in ("", "FI")
