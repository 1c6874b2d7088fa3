"""`manage.py sync_customers`: one sync run of the customer master."""

from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from integration import services
from integration.management.feeds import USAGE, FeedCommand


class Command(FeedCommand):
    help = "Bring the accounts in line with the customer master. " + str(FeedCommand.__doc__)

    def add_arguments(self, parser: ArgumentParser) -> None:
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("--file", type=Path, help="delimited text or an Excel workbook, gzipped or not")
        source.add_argument(
            "--url",
            nargs="?",
            const=settings.PRICE_MANAGER_URL,
            help="address of Price Manager; left out, that of the settings",
        )
        self.add_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["url"] == "":
            raise CommandError("Name an address behind --url, or set PRICE_MANAGER_URL.", returncode=USAGE)
        self.run(
            partial(services.customer_sync, url=options["url"]),
            file=options["file"],
            profile=options["profile"],
            dry_run=options["dry_run"],
            as_json=options["json"],
        )
