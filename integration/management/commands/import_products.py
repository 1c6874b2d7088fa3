"""`manage.py import_products`: products and their standard prices from a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from integration import services
from integration.management.feeds import FeedCommand


class Command(FeedCommand):
    help = "Bring products and their standard prices in line with a file. " + str(FeedCommand.__doc__)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--file", type=Path, required=True, help="delimited text or an Excel workbook, gzipped or not")
        self.add_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        self.run(
            services.products_import,
            file=options["file"],
            profile=options["profile"],
            dry_run=options["dry_run"],
            as_json=options["json"],
        )
