"""`manage.py import_products`: products and their standard prices from a file."""

from argparse import ArgumentParser
from typing import Any

from integration import services
from integration.management.feeds import FeedCommand


class Command(FeedCommand):
    help = "Bring products and their standard prices in line with a file. " + str(FeedCommand.__doc__)

    def add_arguments(self, parser: ArgumentParser) -> None:
        self.add_sources(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        self.run_from(services.products_import, options)
