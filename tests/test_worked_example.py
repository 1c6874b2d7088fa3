"""docs/api.md: its session does word for word what it says, by a real server, bash and curl; its table of problems is whole."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from django.conf import settings
from django.urls import get_resolver

from core import db
from core.errors import DomainError
from crm import problems

DOCUMENT = settings.BASE_DIR / "docs" / "api.md"
BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BETWEEN = "\x1e"
ANYTHING = "…"


def steps() -> list[tuple[str, str]]:
    """Each block of commands with what it prints."""
    blocks = BLOCK.findall(DOCUMENT.read_text(encoding="utf-8"))
    return [
        (text, following[1] if following[0] == "text" else "")
        for (kind, text), following in zip(blocks, [*blocks[1:], ("", "")], strict=True)
        if kind == "sh"
    ]


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """That of `make run`, with a database and a folder of its own."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    own = {
        "DEMO": "1",
        "VAR_DIR": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "SECRET_KEY": "example",
        "PYTHONUTF8": "1",
        "LC_ALL": "C.UTF-8",
    }
    if not db.is_postgresql():
        yield {**inherited, **own}
        return
    server, _slash, name = os.environ["DATABASE_URL"].rpartition("/")
    _administer(server, f"DROP DATABASE IF EXISTS {name}_example", f"CREATE DATABASE {name}_example")
    yield {**inherited, **own, "DATABASE_URL": f"{server}/{name}_example"}
    _administer(server, f"DROP DATABASE {name}_example WITH (FORCE)")


def _administer(server: str, *statements: str) -> None:
    connection = psycopg2.connect(f"{server}/postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


@pytest.fixture
def port(environment: dict[str, str]) -> Iterator[int]:
    """Where the product answers, with demo data. It inherits a socket that listens already, so nobody has to wait for it."""
    for command in (["migrate", "--verbosity", "0"], ["demo"]):
        _run([sys.executable, "manage.py", *command], environment)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.set_inheritable(True)
        bind = f"fd://{listening.fileno()}"
        web = [sys.executable, "-m", "gunicorn", "crm.wsgi", "--bind", bind, "--threads", "4", "--no-control-socket"]
        server = subprocess.Popen(
            web, cwd=settings.BASE_DIR, env=environment, pass_fds=[listening.fileno()], stderr=subprocess.DEVNULL
        )
        yield listening.getsockname()[1]
        server.terminate()
        server.wait(timeout=30)


def _run(command: list[str], environment: dict[str, str], text: str = "") -> str:
    ended = subprocess.run(
        command, input=text, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False, timeout=180
    )
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    return ended.stdout


def fits(printed: str, shown: str) -> bool:
    return re.fullmatch(".*".join(re.escape(part) for part in shown.split(ANYTHING)), printed) is not None


@pytest.mark.once
def test_the_session_of_the_document_prints_what_the_document_shows(port: int, environment: dict[str, str]) -> None:
    assert shutil.which("curl"), "this test needs curl"
    script = "set -eu -o pipefail\n" + f"printf '{BETWEEN}'\n".join(commands for commands, _shown in steps())
    printed = _run(["bash", "-s"], {**environment, "PORT": str(port)}, script).split(BETWEEN)
    for (commands, shown), out in zip(steps(), printed, strict=True):
        assert fits(out, shown), f"{commands}\nprints\n{out}\nnot\n{shown}"


def test_the_document_has_the_whole_job_in_it() -> None:
    text = "".join(commands for commands, _shown in steps())
    for part in ("payment-term-advice/", "POST quotes/", "/submit/", "/approve/", "/send/", "/document.pdf", "/accept/"):
        assert part in text, part
    assert len([shown for _commands, shown in steps() if shown]) == 11


# --- The table of problems --------------------------------------------------------------------------------------------
def codes_of(kind: type[DomainError]) -> set[str]:
    return {kind.code}.union(*(codes_of(inner) for inner in kind.__subclasses__()))


def test_the_document_names_every_code_that_a_program_can_get() -> None:
    assert get_resolver().url_patterns  # every endpoint is loaded, with the refusals that it knows
    named = set(re.findall(r"^\| \d{3} \| `(\w+)` \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE))
    # no endpoint reads or writes tables
    of_files = {"unreadable_file", "unknown_profile", "too_many_rows", "incomplete_feed", "out_of_date_feed", "busy"}
    of_the_way_out = {"outbound_refused", "outbound_unreachable"}  # nor asks other systems
    of_endpoints = codes_of(DomainError) - of_files - of_the_way_out
    assert named == of_endpoints | set(problems.CODES.values()) | {"invalid_token", "server_error"}
