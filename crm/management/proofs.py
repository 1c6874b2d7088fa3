"""Which requirements are proved by which tests: ids from docs/requirements.md, marks from the source of the tests."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

_LINE = re.compile(r"^- (S\d+\.\d+) (.+)$", re.MULTILINE)
_BY_DOCUMENT = re.compile(r"^By document: (.+)$", re.MULTILINE)
_ID = re.compile(r"S\d+\.\d+")


def requirements(text: str) -> dict[str, str]:
    """Ids and sentences, in the order of the document."""
    return dict(_LINE.findall(text))


def by_document(text: str) -> frozenset[str]:
    """The ids that documents meet, not code; named in the line that starts with "By document:"."""
    return frozenset(name for line in _BY_DOCUMENT.findall(text) for name in _ID.findall(line))


def marks(path: Path) -> Iterator[str]:
    """The ids of all `pytest.mark.req(...)` in a test file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.req":
            yield from (str(arg.value) for arg in node.args if isinstance(arg, ast.Constant))


def proofs(root: Path) -> dict[str, set[str]]:
    """Per id the test files that prove it."""
    found: dict[str, set[str]] = {}
    for path in sorted({*root.glob("*/tests/**/test_*.py"), *root.glob("tests/**/test_*.py")}):
        for name in marks(path):
            found.setdefault(name, set()).add(path.relative_to(root).as_posix())
    return found
