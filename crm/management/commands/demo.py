"""`manage.py demo`: demo people, look-ups, the customer master and the products. Running it again changes nothing."""

from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm import demo, demo_large


class Command(BaseCommand):
    help = "Load demo data."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--size", choices=["small", "large"], default="small", help="how much data")
        for what, number in asdict(demo_large.Sizes()).items():
            parser.add_argument(f"--{what}", type=int, default=number, help=f"how many of the large size (default {number})")

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.DEMO or settings.TESTING):
            raise CommandError("Demo data has well-known passwords: it is loaded only with DEMO=1.")
        if options["size"] == "large":
            demo_large.load(demo_large.Sizes(**{what: options[what] for what in asdict(demo_large.Sizes())}))
        else:
            demo.load()
        self.stdout.write("Demo data is in place.")
