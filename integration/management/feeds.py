"""What the commands that read a feed have in common: their options, their report, their exit code."""

import json
import sys
from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core.models import JobRun
from integration import report
from integration.errors import Busy, UnknownProfile
from users.models import User

FAILED, USAGE = 1, 2


class Service(Protocol):
    def __call__(self, *, path: Path | None, url: str | None = None, profile: str, by: User | None, dry_run: bool) -> JobRun: ...


class FeedCommand(BaseCommand):
    """Runs a service on a file. Exit code: 0 applied or dry run, 1 failed, 2 wrong call, 3 quarantined, 4 incomplete."""

    def add_sources(self, parser: ArgumentParser) -> None:
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("--file", type=Path, help="delimited text or an Excel workbook, gzipped or not")
        source.add_argument(
            "--url",
            nargs="?",
            const=settings.PRICE_MANAGER_URL,
            help="address of Price Manager; left out, that of the settings",
        )
        self.add_options(parser)

    def run_from(self, service: Service, options: dict[str, Any]) -> None:
        if options["url"] == "":
            raise CommandError("Name an address behind --url, or set PRICE_MANAGER_URL.", returncode=USAGE)
        self.run(
            partial(service, url=options["url"]),
            file=options["file"],
            profile=options["profile"],
            dry_run=options["dry_run"],
            as_json=options["json"],
        )

    def add_options(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--profile", default="", help="name of a built-in profile, or the path of a TOML file; detected when left out"
        )
        parser.add_argument("--dry-run", action="store_true", help="report what would change, change nothing")
        parser.add_argument("--json", action="store_true", help="print the report as one JSON object")

    def run(self, service: Service, *, file: Path | None, profile: str, dry_run: bool, as_json: bool) -> None:
        if file is not None and not file.is_file():
            raise CommandError(f"There is no file {file}.", returncode=USAGE)
        try:
            run = service(path=file, profile=profile, by=None, dry_run=dry_run)
        except UnknownProfile as error:
            raise CommandError(str(error), returncode=USAGE) from error
        except Busy as error:
            raise CommandError(str(error), returncode=FAILED) from error
        self.stdout.write(json.dumps(report.as_json(run), ensure_ascii=False) if as_json else _lines(run))
        if report.exit_code(run):
            sys.exit(report.exit_code(run))


def _lines(run: JobRun) -> str:
    facts: dict[str, Any] = report.as_json(run)
    faults = facts.pop("quarantine")
    lines = [f"{name:22}{value}" for name, value in facts.items()]
    return "\n".join([*lines, *(f"row {fault['row']} ({fault['key']}): {fault['reason']}" for fault in faults)])
