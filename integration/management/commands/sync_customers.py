"""`manage.py sync_customers`: one sync run of the customer master."""

from argparse import ArgumentParser
from typing import Any

from integration import services
from integration.management.feeds import FeedCommand


class Command(FeedCommand):
    help = "Bring the accounts in line with the customer master. " + str(FeedCommand.__doc__)

    def add_arguments(self, parser: ArgumentParser) -> None:
        self.add_sources(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        self.run_from(services.customer_sync, options)
