"""The regular look over approvals, by hand."""

from typing import Any

from django.core.management.base import BaseCommand

from approvals import services


class Command(BaseCommand):
    help = "Looks over approvals as the clock does and prints what it found and did."

    def handle(self, *args: Any, **options: Any) -> None:
        swept = services.sweep()
        done = f"reminded of {swept.reminded}, passed on {swept.passed_on}"
        self.stdout.write(f"overdue requests {swept.overdue}, old links removed {swept.links_removed}, {done}")
