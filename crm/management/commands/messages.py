"""`manage.py messages`: the message catalogues, brought up to date, checked or compiled."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from crm.management import catalogues


class Command(BaseCommand):
    help = "Bring locale/ up to date with code and templates; --check only reports, --compile writes the .mo files."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="fail when a catalogue is not complete")
        parser.add_argument("--compile", action="store_true", help="compile the catalogues")

    def handle(self, *args: Any, check: bool, compile: bool, **options: Any) -> None:
        locale = Path(settings.LOCALE_PATHS[0])
        if compile:
            self.stdout.write(f"compiled {catalogues.compile_all(locale)} catalogues")
            return
        messages = catalogues.extract(settings.BASE_DIR, own_packages())
        paths = {code: locale / code / "LC_MESSAGES" / "django.po" for code, _name in settings.LANGUAGES}
        if check:
            self._check(paths, messages)
            return
        for code, path in paths.items():
            left = catalogues.update(path, code, messages)
            self.stdout.write(f"{code}: {len(messages)} messages, {left} to translate")
        catalogues.compile_all(locale)

    def _check(self, paths: dict[str, Path], messages: catalogues.Messages) -> None:
        problems = [problem for code, path in paths.items() for problem in catalogues.problems(path, code, messages)]
        for problem in problems:
            self.stderr.write(problem)
        if problems:
            raise CommandError(f"{len(problems)} problems in the message catalogues; `make messages` adds what is missing.")
        self.stdout.write(f"{len(messages)} messages, complete in {', '.join(paths)}")


def own_packages() -> list[str]:
    """The packages of this repository that are installed as apps."""
    return sorted(config.name for config in apps.get_app_configs() if Path(config.path).parent == settings.BASE_DIR)
