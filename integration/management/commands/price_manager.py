"""`manage.py price_manager`: a Price Manager on this machine, to try the sync against."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from integration.price_manager import CUSTOMER_MASTER, ROWS_AT_ONCE
from integration.price_manager_server import FAULTS, Master, PriceManager, server

FAULT = f"what goes wrong from the second page on; a page of the sync has {ROWS_AT_ONCE:,} rows, so serve more of them"


class Command(BaseCommand):
    help = "Serve a made-up customer master over HTTP on 127.0.0.1, with or without a fault, until it is stopped."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
        parser.add_argument("--rows", type=int, default=1_000, help="sites")
        parser.add_argument("--parents", type=int, default=0, help="customers; a fifth of the rows when left out")
        parser.add_argument("--seed", type=int, default=1, help="another seed, another master")
        parser.add_argument("--fault", choices=sorted(FAULTS), default="", help=FAULT)
        parser.add_argument("--times", type=int, default=0, help="how often the fault strikes; 0: always")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = options["rows"]
        master = Master(rows, options["parents"] or max(1, rows // 5), options["seed"])
        source = PriceManager(master, token=settings.PRICE_MANAGER_TOKEN, fault=options["fault"], times=options["times"])
        with server(source, options["port"]) as serving:
            self.stdout.write(f"http://127.0.0.1:{serving.server_port}  ({CUSTOMER_MASTER}, {rows} rows; Ctrl+C stops)")
            self.stdout.flush()
            serving.serve_forever()
