"""Each part of `make check` fails when what it guards is violated: shown on small bad samples."""

import os
import socket
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from crm.management import catalogues, markup, proofs

pytestmark = pytest.mark.once

BIN = Path(sys.executable).parent


def run(*command: str | Path, cwd: Path = settings.BASE_DIR, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


# --- Code -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("import os\n", "F401"),
        ("def f(items=[]):\n    return items\n", "B006"),
        ("import datetime as dt\n\nNOW = dt.datetime.now()\n", "DTZ005"),
        ("from . import models\n", "TID252"),
        ("print(1)\n", "T201"),
        ("import requests\n\nrequests.get('https://example.com', timeout=1)\n", "TID251"),
        ("import urllib.request\n\nurllib.request.urlopen('https://example.com')\n", "TID251"),
    ],
)
def test_ruff_refuses(line: str, rule: str, tmp_path: Path) -> None:
    sample = tmp_path / "sample.py"
    sample.write_text(line)
    result = run(BIN / "ruff", "check", "--no-cache", "--config", settings.BASE_DIR / "pyproject.toml", sample)
    assert result.returncode == 1
    assert rule in result.stdout


def test_ruff_refuses_another_format(tmp_path: Path) -> None:
    sample = tmp_path / "sample.py"
    sample.write_text("x = [1,2]\n")
    config = settings.BASE_DIR / "pyproject.toml"
    assert run(BIN / "ruff", "format", "--check", "--no-cache", "--config", config, sample).returncode == 1


def test_mypy_refuses_what_is_not_typed(tmp_path: Path) -> None:
    sample = tmp_path / "sample.py"
    sample.write_text("def double(value):\n    return value * 2\n\n\ntext: str = 1\n")
    result = run(BIN / "mypy", "--config-file", _plain_mypy(tmp_path), "--cache-dir", tmp_path / "cache", sample)
    assert result.returncode == 1
    assert "no-untyped-def" in result.stdout
    assert "assignment" in result.stdout


def _plain_mypy(folder: Path) -> Path:
    """The project's settings without the plugin, which would set up Django for a file of two lines."""
    config = folder / "pyproject.toml"
    lines = (settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    plain = [line for line in lines if not line.startswith(("plugins", 'disable_error_code = ["django'))]
    config.write_text("\n".join(plain), encoding="utf-8")
    return config


def test_the_layers_refuse_an_arrow_that_points_up(tmp_path: Path) -> None:
    lines = (settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    (tmp_path / "pyproject.toml").write_text("\n".join(line for line in lines if not line.startswith("ignore_imports")))
    for package in ("crm", "integration", "csr", "quotes", "opportunities", "accounts", "catalog", "approvals", "users", "core"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    lint = (BIN / "lint-imports", "--no-cache")
    assert run(*lint, cwd=tmp_path, PYTHONPATH=str(tmp_path)).returncode == 0
    (tmp_path / "approvals" / "services.py").write_text("import quotes\n")
    result = run(*lint, cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert result.returncode == 1
    assert "approvals.services -> quotes" in result.stdout


# --- Templates --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "sample",
    [
        "<script>go()</script>",
        "<style>p {}</style>",
        '<p style="color: red">',
        '<p {% if late %}style="color: red"{% endif %}>',
        '<a href="#" onclick="go()">',
        '<a hx-on:click="go()">',
        '<a hx-on::after-request="go()">',
        '<a href="javascript:go()">',
        "<a hx-vals='js:{a: 1}'>",
        '<script src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="//cdn.example/x.css">',
    ],
)
def test_the_template_lint_refuses(sample: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(f"<p>\n{sample}")
    assert [line for line, _sentence in markup.faults(f"<p>\n{sample}")] == [2]
    with pytest.raises(CommandError):
        call_command("lint_templates", str(tmp_path), stderr=StringIO())


@pytest.mark.parametrize(
    "sample",
    [
        '<script src="{% static "app.js" %}" defer></script>',
        "{# <style> #}{% comment %}<style>{% endcomment %}<!-- <p style=x> -->",
        '<a href="https://tukku.example/" data-once="1">on sale</a>',
        "<a {% if a < b %}class='x'{% endif %}>",
        '<form action="{{ url }}" hx-post="{{ url }}">',
    ],
)
def test_the_template_lint_leaves_alone(sample: str) -> None:
    assert list(markup.faults(sample)) == []


def test_mails_may_carry_style_but_no_script() -> None:
    assert list(markup.faults('<td style="padding: 8px">', mail=True)) == []
    assert len(list(markup.faults("<script>go()</script>", mail=True))) == 1


def test_djlint_refuses_broken_markup(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text('<a href="/quotes/">\n<img src="x.png">\n{%if x%}{%endif%}\n')
    result = run(BIN / "djlint", tmp_path, "--lint", "--quiet", "--configuration", settings.BASE_DIR / "pyproject.toml")
    assert result.returncode == 1
    assert "H025" in result.stdout
    assert "T001" in result.stdout


# --- Deployment -------------------------------------------------------------------------------------------------------
def deploy_check(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    return run(*command, VAR_DIR=str(tmp_path), **{"DEMO": "0", "ALLOWED_HOSTS": "crm.example", **environment})


def test_the_deploy_check_refuses_debug_and_a_weak_key(tmp_path: Path) -> None:
    result = deploy_check(tmp_path, DEBUG="1", SECRET_KEY="short")
    assert result.returncode == 1
    assert "security.W018" in result.stderr
    assert "security.W009" in result.stderr


# --- Messages ---------------------------------------------------------------------------------------------------------
CODE = """
from django.utils.translation import gettext as _, ngettext, pgettext
GREETING = _("Good day, %(name)s")
ROWS = ngettext("%(count)d row", "%(count)d rows", 2)
MAY = pgettext("month", "May")
"""
TEMPLATE = """{% load i18n %}{% translate "100 % sure" %}{% translate "Open" context "state" %}
{% blocktranslate trimmed count n=rows %}
  {{ n }} line
{% plural %}
  {{ n }} lines
{% endblocktranslate %}
      <div>
    <p title="{% translate 'Lähetä' %}">{{ _("Save") }}</p>
"""


@pytest.fixture
def sample(tmp_path: Path) -> catalogues.Messages:
    (tmp_path / "quotes" / "tests").mkdir(parents=True)
    (tmp_path / "templates").mkdir()
    (tmp_path / "quotes" / "views.py").write_text(CODE)
    (tmp_path / "quotes" / "tests" / "test_x.py").write_text('_("not a message of the product")')
    (tmp_path / "templates" / "page.html").write_text(TEMPLATE)
    return catalogues.extract(tmp_path, ["quotes"])


def test_messages_are_found_in_code_and_templates(sample: catalogues.Messages) -> None:
    assert set(sample) == {
        (None, "Good day, %(name)s", ""),
        (None, "%(count)d row", "%(count)d rows"),
        ("month", "May", ""),
        (None, "100 %% sure", ""),
        ("state", "Open", ""),
        (None, "%(n)s line", "%(n)s lines"),
        (None, "Lähetä", ""),
        (None, "Save", ""),
    }
    assert sample[catalogues.Key(None, "Save", "")] == {"templates/page.html"}


def test_the_english_catalogue_is_complete_by_itself(sample: catalogues.Messages, tmp_path: Path) -> None:
    path = tmp_path / "en.po"
    assert catalogues.update(path, "en", sample) == 0
    assert catalogues.problems(path, "en", sample) == []


def test_a_missing_finnish_sentence_is_a_problem(sample: catalogues.Messages, tmp_path: Path) -> None:
    path = tmp_path / "fi.po"
    assert len(catalogues.problems(path, "fi", sample)) == 1
    assert catalogues.update(path, "fi", sample) == 8
    assert len(catalogues.problems(path, "fi", sample)) == 8
    path.write_text(path.read_text().replace('msgid "Save"\nmsgstr ""', 'msgid "Save"\nmsgstr "Tallenna"'))
    assert len(catalogues.problems(path, "fi", sample)) == 7
    assert catalogues.update(path, "fi", sample) == 7


@pytest.mark.parametrize(
    ("translation", "problem"),
    [
        ('#, fuzzy\nmsgid "Hello %(name)s"\nmsgstr "Hei %(name)s"\n', "fuzzy"),
        ('msgid "Hello %(name)s"\nmsgstr "Hei"\n', "placeholders differ"),
        ('msgid "Hello %(name)s"\nmsgstr ""\n', "not translated"),
        ('msgid "Hello %(name)s"\nmsgstr "Hei %(name)s"\n\nmsgid "Old"\nmsgstr "Vanha"\n', "no longer used"),
        ('msgid "Hello %(name)s"\nmsgstr "Hei %(name)s"\n\n#~ msgid "Old"\n#~ msgstr "Vanha"\n', "obsolete"),
        ("", "missing"),
    ],
)
def test_the_message_check_refuses(translation: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "django.po"
    path.write_text(f'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n{translation}')
    messages = {catalogues.Key(None, "Hello %(name)s", ""): {"quotes/views.py"}}
    assert [problem in found for found in catalogues.problems(path, "fi", messages)] == [True]


def test_a_compiled_catalogue_translates(tmp_path: Path) -> None:
    folder = tmp_path / "fi" / "LC_MESSAGES"
    catalogues.update(folder / "django.po", "fi", {catalogues.Key(None, "Save", ""): {"x.py"}})
    text = (folder / "django.po").read_text().replace('msgid "Save"\nmsgstr ""', 'msgid "Save"\nmsgstr "Säästä"')
    (folder / "django.po").write_text(text)
    assert catalogues.compile_all(tmp_path) == 1
    assert "Säästä".encode() in (folder / "django.mo").read_bytes()


# --- The description of the API ---------------------------------------------------------------------------------------
def test_the_committed_description_of_the_api_is_that_of_the_code(tmp_path: Path) -> None:
    call_command("openapi", "--check", stdout=StringIO())
    path = tmp_path / "openapi.yaml"
    call_command("openapi", "--file", str(path), stdout=StringIO())
    assert path.read_text() == (settings.BASE_DIR / "docs" / "openapi.yaml").read_text()


def test_a_description_that_differs_from_the_code_is_refused(tmp_path: Path) -> None:
    committed = (settings.BASE_DIR / "docs" / "openapi.yaml").read_text()
    path, err = tmp_path / "openapi.yaml", StringIO()
    path.write_text(committed.replace("gross_total", "total"))
    with pytest.raises(CommandError, match="differs from the code"):
        call_command("openapi", "--check", "--file", str(path), stderr=err)
    assert "+        gross_total:" in err.getvalue()


def test_an_endpoint_that_does_not_say_what_it_answers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from quotes.api.views import QuoteEndpoint

    monkeypatch.delattr(QuoteEndpoint.retrieve, "kwargs")  # what `extend_schema` left there
    with pytest.raises(CommandError, match="Failing as requested due to warnings"):
        call_command("openapi", "--check", stderr=StringIO())


# --- Requirements -----------------------------------------------------------------------------------------------------
def test_requirements_are_read_from_the_document_and_proofs_from_the_tests(tmp_path: Path) -> None:
    text = "By document: S0.2, S1.1\n\n- S0.1 First.\n- S0.2 Second.\n"
    assert proofs.requirements(text) == {"S0.1": "First.", "S0.2": "Second."}
    assert proofs.by_document(text) == {"S0.2", "S1.1"}
    (tmp_path / "quotes" / "tests").mkdir(parents=True)
    (tmp_path / "quotes" / "tests" / "test_x.py").write_text('@pytest.mark.req("S0.1", "S9.9")\ndef test(): ...\n')
    assert proofs.proofs(tmp_path) == {"S0.1": {"quotes/tests/test_x.py"}, "S9.9": {"quotes/tests/test_x.py"}}


# --- The suite itself -------------------------------------------------------------------------------------------------
def test_the_network_is_out_of_reach() -> None:
    with socket.socket() as outside, pytest.raises(UserWarning, match="tried to use socket"):
        outside.connect(("192.0.2.1", 80))


def test_an_unknown_variable_of_our_templates_fails_a_test(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from django.template import Context, Engine

    import conftest

    (tmp_path / "part.html").write_text("{{ quote.nmber }}{{ known.name }}{% if typo %}{% endif %}")
    (tmp_path / "page.html").write_text("{% include 'part.html' %}")
    monkeypatch.setattr(conftest.UNKNOWN_VARIABLES, "ours", str(tmp_path))
    Engine(dirs=[str(tmp_path)]).get_template("page.html").render(Context({"quote": {}, "known": None}))
    assert conftest.UNKNOWN_VARIABLES.take() == ["part.html: quote.nmber", "part.html: typo"]


@pytest.mark.django_db(transaction=True)
def test_a_committed_event_can_be_cleaned_up_after_the_test() -> None:
    from core import clock
    from core.db import schema
    from core.models import Event

    Event.objects.create(subject_type="quote", subject_id=1, verb="sent", at=clock.now())
    triggers = schema.trigger_sources()
    call_command("flush", interactive=False, verbosity=0)
    assert Event.objects.count() == 0
    assert schema.trigger_sources() == triggers
    assert any(name.startswith("core_event_append_only") for name in triggers)
