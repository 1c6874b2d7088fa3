"""Note that a mail to a customer came back. A mail server pipes the delivery status notification (RFC 3464) in."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.logs import masked
from quotes import bounces, services

EX_DATAERR = 65
MOST_BYTES = 2 * 1024 * 1024


class Command(BaseCommand):
    help = "Read a delivery status notification from standard input and note which addresses refused which mail."
    requires_system_checks: Any = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Exits with 65 for what is no notification, so that the mail server does not try it again."""
        found = bounces.read(sys.stdin.buffer.read(MOST_BYTES))
        if found is None:
            raise CommandError("this is no delivery status notification of a mail of ours", returncode=EX_DATAERR)
        noted = services.mail_refused(uuid=found.uuid, refused=found.refused) if found.refused else []
        self.stdout.write(masked(f"noted: {', '.join(noted)}") if noted else "nothing to note")
