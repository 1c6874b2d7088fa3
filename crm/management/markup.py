"""What our templates must not contain: anything that the content security policy would refuse, or that leaves the house."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

_COMMENT = re.compile(r"{#.*?#}|{%\s*comment\b.*?%}.*?{%\s*endcomment\s*%}|<!--.*?-->", re.DOTALL)
_TAG = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
_OUTSIDE = re.compile(r"^(https?:)?//", re.IGNORECASE)
_LOADED = {("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src"), ("source", "src")}


def faults(text: str, *, mail: bool = False) -> Iterator[tuple[int, str]]:
    """Line numbers and sentences. Bodies of mails may carry `style=`: mail programs know nothing else."""
    parser = _Parser(mail=mail)
    parser.feed(_TAG.sub(_blank_tag, _COMMENT.sub(_blank, text)))
    parser.close()
    yield from parser.faults


def is_mail(path: Path) -> bool:
    """Whether a template is the body of a mail, which is so for those in a folder named `emails`."""
    return "emails" in path.parts


def _blank(match: re.Match[str]) -> str:
    return "\n" * match.group().count("\n")


def _blank_tag(match: re.Match[str]) -> str:
    return "x" + _blank(match) if match.group().startswith("{{") else " " + _blank(match)


class _Parser(HTMLParser):
    def __init__(self, *, mail: bool) -> None:
        super().__init__()
        self.mail = mail
        self.faults: list[tuple[int, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _value in attrs}
        if tag == "script" and "src" not in names:
            self._fault("inline script; put it into static/ and bind it by data- attributes")
        if tag == "style" and not self.mail:
            self._fault("inline style sheet; put it into static/")
        for name, value in attrs:
            self._attribute(tag, name, (value or "").strip())

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def _attribute(self, tag: str, name: str, value: str) -> None:
        if name == "style" and not self.mail:
            self._fault("style= attribute; use a class")
        if name.startswith(("on", "hx-on", "data-hx-on")):
            self._fault(f"{name}= runs inline script; use a listener in static/")
        if value.lower().startswith(("javascript:", "js:")):
            self._fault(f"{name}= holds script")
        if (tag, name) in _LOADED and _OUTSIDE.match(value):
            self._fault(f"{name}= loads from another site")

    def _fault(self, sentence: str) -> None:
        self.faults.append((self.getpos()[0], sentence))
