"""`manage.py quotes_expire`: what beat runs, by hand."""

from typing import Any

from django.core.management.base import BaseCommand

from quotes.tasks import expire


class Command(BaseCommand):
    help = "Expire quotes whose last valid day is over."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{expire()} quotes expired")
