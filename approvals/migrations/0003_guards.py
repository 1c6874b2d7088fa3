"""Decisions are append-only, and runs and requests move along legal transitions only, whoever writes."""

from django.db import migrations

from core.db import schema


class Migration(migrations.Migration):
    dependencies = [("approvals", "0001_initial")]
    operations = [
        schema.append_only("approvals_decision"),
        schema.legal_transitions(
            "approvals_run",
            "status",
            [("open", "approved"), ("open", "rejected"), ("open", "recalled")],
            start=["open"],
        ),
        schema.legal_transitions(
            "approvals_request",
            "status",
            [("pending", "approved"), ("pending", "rejected"), ("pending", "cancelled")],
            start=["pending"],
        ),
    ]
