"""A filled row reads exactly as its template would draw it."""

import pytest
from django.template.loader import render_to_string
from django.utils import translation
from hypothesis import given, strategies as st

from core.rows import RowTemplate
from quotes.rows import EDITOR_ROW, PAGE_ROW, STATEMENT_ROW, Row

pytestmark = pytest.mark.once

NASTY = [
    "", "Äijä & Öljy", '"><script>alert(1)</script>', "' onfocus='x", "</td></tr>", "%s %d 100 %", "{{ row.sku }}", "{0}", "\\",
    "\u2028",
]  # fmt: skip
TEXT_FIELDS = [name for name, kind in Row.__annotations__.items() if kind is str]


def row(text: str) -> Row:
    return Row(**{"id": 7, "position": 3, **dict.fromkeys(TEXT_FIELDS, text)})


def drawn(template: RowTemplate, shown: Row, **same: object) -> str:
    return render_to_string(template.name, {"row": shown, **same})


@pytest.mark.parametrize("language", ["en", "fi"])
@pytest.mark.parametrize("sees_margin", [True, False])
@pytest.mark.parametrize("template", [EDITOR_ROW, PAGE_ROW, STATEMENT_ROW], ids=lambda template: template.name)
@pytest.mark.parametrize("text", NASTY)
def test_a_row_is_what_its_template_draws(template: RowTemplate, text: str, sees_margin: bool, language: str) -> None:
    with translation.override(language):
        rows = [row(text), row("x" + text)]
        expected = "".join(drawn(template, each, sees_margin=sees_margin) for each in rows)
        assert template.render(rows, sees_margin=sees_margin) == expected


@given(st.text())
def test_any_text_is_escaped_as_templates_escape_it(text: str) -> None:
    assert EDITOR_ROW.render([row(text)], sees_margin=True) == drawn(EDITOR_ROW, row(text), sees_margin=True)


def test_no_rows_are_no_html() -> None:
    assert EDITOR_ROW.render([], sees_margin=True) == ""
