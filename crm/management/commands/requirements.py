"""`manage.py requirements`: what is required and not yet proved by a test."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from crm.management import proofs


class Command(BaseCommand):
    help = "List the requirements of docs/requirements.md that no test carries as @pytest.mark.req, and count them."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        text = (settings.BASE_DIR / "docs" / "requirements.md").read_text(encoding="utf-8")
        required, by_document, proved = proofs.requirements(text), proofs.by_document(text), proofs.proofs(settings.BASE_DIR)
        missing = [name for name in required if name not in proved and name not in by_document]
        for name in missing:
            self.stdout.write(f"{name:6} {required[name]}")
        done = len(required.keys() & proved.keys())
        counts = f"{done} proved by tests, {len(by_document)} met by documents, {len(missing)} not yet proved"
        self.stdout.write(f"\n{len(required)} requirements: {counts}")
        unknown = sorted(proved.keys() - required.keys())
        if unknown:
            raise CommandError(f"Tests name requirements that do not exist: {', '.join(unknown)}")
