"""`manage.py lint_templates`: no template needs an exception from the content security policy."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from crm.management import markup


class Command(BaseCommand):
    help = "Refuse inline script, inline style, on…= and hx-on attributes, and anything loaded from another site."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", nargs="?", type=Path, default=settings.BASE_DIR / "templates")

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        paths = sorted(folder.rglob("*.html"))
        found = 0
        for path in paths:
            for line, sentence in markup.faults(path.read_text(encoding="utf-8"), mail=markup.is_mail(path.relative_to(folder))):
                self.stderr.write(f"{path.relative_to(folder)}:{line}: {sentence}")
                found += 1
        if found:
            raise CommandError(f"{found} faults in templates.")
        self.stdout.write(f"{len(paths)} templates, nothing inline")
