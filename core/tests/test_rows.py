"""Flat rows, with a template of this test's own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.template import engines
from django.template.loader import render_to_string
from django.utils import translation

from core.rows import RowTemplate


@dataclass
class Shown:
    key: int
    name: str


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RowTemplate:
    source = "<p id='{{ row.key }}' lang='{{ lang }}'>100 % {% translate 'Quantity' %}: {{ row.name }}, {{ row.name }}</p>"
    (tmp_path / "row.html").write_text(source, encoding="utf-8")
    monkeypatch.setattr(engines["django"].engine, "dirs", [tmp_path])
    return RowTemplate("row.html", Shown)


@pytest.mark.parametrize("name", ["", "<b>", '"', "%s", "{{ row.key }}", "&amp;"])
def test_a_filled_row_reads_as_its_template_draws_it(template: RowTemplate, name: str) -> None:
    for language in ("fi", "en"):
        with translation.override(language):
            expected = render_to_string("row.html", {"row": Shown(1, name), "lang": language})
            assert template.render([Shown(1, name)], lang=language) == expected


def test_the_template_is_drawn_once_per_language(template: RowTemplate, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []

    def draw(*given: Any) -> str:
        drawn.append(given)
        return render_to_string(*given)

    monkeypatch.setattr("core.rows.render_to_string", draw)
    for _ in range(3):
        template.render([Shown(1, "a"), Shown(2, "b")], lang="x")
    with translation.override("fi"):
        template.render([Shown(1, "a")], lang="x")
    assert len(drawn) == 2


def test_while_developing_each_change_of_the_template_shows(template: RowTemplate, monkeypatch: pytest.MonkeyPatch) -> None:
    template.render([Shown(1, "a")], lang="x")
    monkeypatch.setattr(settings, "DEBUG", True)
    monkeypatch.setattr("core.rows.render_to_string", lambda _name, values: f"new {values['row']['name']}")
    assert template.render([Shown(1, "a")], lang="x") == "new a"
