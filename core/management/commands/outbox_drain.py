"""Delivers what is due in the outbox."""

from typing import Any

from django.core.management.base import BaseCommand

from core import outbox


class Command(BaseCommand):
    help = "Delivers everything that is due in the outbox and prints what it did."

    def handle(self, *args: Any, **options: Any) -> None:
        delivered = outbox.drain()
        counts = outbox.counts()
        self.stdout.write(f"delivered {delivered}, waiting {counts['waiting']}, given up {counts['dead']}")
