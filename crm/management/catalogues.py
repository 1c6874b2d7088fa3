"""Message catalogues without gettext on the machine: extraction by babel, files by polib.

English is the language of the source, so its catalogue says of each message what the message says.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import polib
from django.utils.translation.template import templatize

SOURCE_LANGUAGE = "en"
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
HEADERS = {
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Plural-Forms": "nplurals=2; plural=(n != 1);",
}
SKIPPED = {"tests", "migrations", "management"}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{(\w+)\}")


class Key(NamedTuple):
    """What makes a message one message."""

    context: str | None
    text: str
    plural: str


Messages = dict[Key, set[str]]
"""Messages with the files they stand in."""


def extract(root: Path, packages: list[str]) -> Messages:
    """All messages of the code of `packages` and of `templates/` under `root`."""
    found: Messages = {}
    for path in _sources(root, packages):
        for key in messages_of(path):
            found.setdefault(key, set()).add(path.relative_to(root).as_posix())
    return found


def messages_of(path: Path) -> Iterator[Key]:
    """The messages of one file, Python or template."""
    from babel.messages.extract import extract as babel_extract  # a development dependency; compiling does without

    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        # What is left of a template reads like Python, but for its indentation.
        text = "\n".join(line.lstrip() for line in templatize(text, origin=str(path)).splitlines())
    for _line, message, _comments, context in babel_extract("python", BytesIO(text.encode()), keywords=KEYWORDS):
        single, plural = message if isinstance(message, tuple) else (message, "")
        if single:
            yield Key(context, single, plural)


def update(path: Path, language: str, messages: Messages) -> int:
    """The catalogue holds exactly `messages` and keeps its translations; the number still to translate (0 in English)."""
    old = polib.pofile(str(path)) if path.exists() else polib.POFile()
    kept = {_key(entry): entry for entry in old if not entry.obsolete}
    catalogue = polib.POFile(wrapwidth=120)
    catalogue.metadata = {"Language": language, **HEADERS}
    for key in sorted(messages, key=lambda key: (key.text, key.context or "", key.plural)):
        catalogue.append(_entry(key, sorted(messages[key]), language, kept.get(key)))
    path.parent.mkdir(parents=True, exist_ok=True)
    catalogue.save(str(path))
    return sum(not entry.translated() for entry in catalogue)


def problems(path: Path, language: str, messages: Messages) -> list[str]:
    """Sentences on what keeps the catalogue from being complete; empty when all is well."""
    if not path.exists():
        return [f"{path}: there is no {language} catalogue"]
    entries = {_key(entry): entry for entry in polib.pofile(str(path)) if not entry.obsolete}
    obsolete = [entry for entry in polib.pofile(str(path)) if entry.obsolete]
    where = f"{path.parent.parent.name}/{path.name}"
    found = [
        f"{where}: missing: {key.text!r} ({', '.join(sorted(messages[key]))})" for key in sorted_keys(messages.keys() - entries)
    ]
    found += [f"{where}: no longer used: {key.text!r}" for key in sorted_keys(entries.keys() - messages)]
    found += [f"{where}: obsolete: {entry.msgid!r}" for entry in obsolete]
    for key in sorted_keys(entries.keys() & messages.keys()):
        found += [f"{where}: {fault}: {key.text!r}" for fault in _faults(entries[key], key, language)]
    return found


def compile_all(locale: Path) -> int:
    """Every .po file has an up-to-date .mo file beside it; the number of catalogues."""
    paths = sorted(locale.glob("*/LC_MESSAGES/*.po"))
    for path in paths:
        polib.pofile(str(path)).save_as_mofile(str(path.with_suffix(".mo")))
    return len(paths)


def sorted_keys(keys: Any) -> list[Key]:
    return sorted(keys, key=lambda key: (key.text, key.context or "", key.plural))


def _sources(root: Path, packages: list[str]) -> Iterator[Path]:
    for package in packages:
        for path in sorted((root / package).rglob("*.py")):
            if not SKIPPED.intersection(path.relative_to(root).parts):
                yield path
    for suffix in ("html", "txt"):
        yield from sorted((root / "templates").rglob(f"*.{suffix}"))


def _key(entry: polib.POEntry) -> Key:
    return Key(entry.msgctxt, entry.msgid, entry.msgid_plural or "")


def _entry(key: Key, files: list[str], language: str, old: polib.POEntry | None) -> polib.POEntry:
    entry = polib.POEntry(msgid=key.text, msgctxt=key.context, occurrences=[(name, "") for name in files])
    source = language == SOURCE_LANGUAGE
    if key.plural:
        entry.msgid_plural = key.plural
        entry.msgstr_plural = {0: key.text, 1: key.plural} if source else (old.msgstr_plural if old else {0: "", 1: ""})
    else:
        entry.msgstr = key.text if source else (old.msgstr if old else "")
    if old and old.tcomment:
        entry.tcomment = old.tcomment
    if "%(" in key.text + key.plural:
        entry.flags = ["python-format"]
    return entry


def _faults(entry: polib.POEntry, key: Key, language: str) -> Iterator[str]:
    if entry.fuzzy:
        yield "fuzzy"
    elif not entry.translated():
        yield "not translated"
    elif language == SOURCE_LANGUAGE and (entry.msgstr or entry.msgstr_plural.get(0)) != key.text:
        yield "the English catalogue says something else than the source"
    wanted = set(PLACEHOLDER.findall(key.text + key.plural))
    given = set(PLACEHOLDER.findall(entry.msgstr + "".join(entry.msgstr_plural.values())))
    if entry.translated() and wanted != given:
        yield "placeholders differ"
