"""Remind of sent quotes that expire soon; beat runs the same."""

from typing import Any

from django.core.management.base import BaseCommand

from quotes import tasks


class Command(BaseCommand):
    help = "Tell owners, and customers where the settings say so, of sent quotes that expire soon."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"reminded of {tasks.remind()} quotes")
