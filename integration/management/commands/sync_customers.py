"""`manage.py sync_customers`: one sync run of the customer master."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from integration import services
from integration.management.feeds import USAGE, FeedCommand


class Command(FeedCommand):
    help = "Bring the accounts in line with the customer master. " + str(FeedCommand.__doc__)

    def add_arguments(self, parser: ArgumentParser) -> None:
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("--file", type=Path, help="a delimited text file")
        source.add_argument("--url", help="address of Price Manager")
        self.add_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["url"]:
            raise CommandError("Reading over HTTP is not available yet: export a file and use --file.", returncode=USAGE)
        self.run(
            services.customer_sync,
            file=options["file"],
            profile=options["profile"],
            dry_run=options["dry_run"],
            as_json=options["json"],
        )
