"""`manage.py demo`: demo people, look-ups, the customer master and the products. Running it again changes nothing."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm import demo


class Command(BaseCommand):
    help = "Load demo data."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--size", choices=["small"], default="small", help="how much data")

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.DEMO or settings.TESTING):
            raise CommandError("Demo data has well-known passwords: it is loaded only with DEMO=1.")
        demo.load()
        self.stdout.write("Demo data is in place.")
