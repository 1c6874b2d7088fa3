"""`manage.py openapi`: docs/openapi.yaml, the description of the API as the code gives it; written, or compared."""

import difflib
import io
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

MOST_LINES = 60


class Command(BaseCommand):
    help = "Write docs/openapi.yaml; --check only reports where the committed file differs from the code."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="fail when the file differs")
        parser.add_argument(
            "--file", type=Path, default=settings.BASE_DIR / "docs" / "openapi.yaml", help="default: docs/openapi.yaml"
        )

    def handle(self, *args: Any, check: bool, file: Path, **options: Any) -> None:
        described = describe()
        if not check:
            file.write_text(described, encoding="utf-8")
            self.stdout.write(f"{file.name}: {described.count(chr(10))} lines")
            return
        committed = file.read_text(encoding="utf-8") if file.exists() else ""
        if committed != described:
            lines = difflib.unified_diff(committed.splitlines(), described.splitlines(), file.name, "the code", lineterm="")
            self.stderr.write("\n".join(list(lines)[:MOST_LINES]))
            raise CommandError(f"{file.name} differs from the code; `make openapi` writes it anew.")
        self.stdout.write(f"{file.name} describes the code")


def describe() -> str:
    """The description in YAML, in English, proved to be valid OpenAPI. Raises: CommandError for anything left vague."""
    out = io.StringIO()
    call_command("spectacular", "--lang", "en", "--validate", "--fail-on-warn", stdout=out)
    return out.getvalue()
