"""Snapshots and answers are append-only, and a quote moves along legal transitions only, whoever writes."""

from django.db import migrations

from core.db import schema

MOVES = [
    ("draft", "in_review"),
    ("draft", "approved"),
    ("in_review", "approved"),
    ("in_review", "draft"),
    ("approved", "sent"),
    ("sent", "approved"),
    ("sent", "accepted"),
    ("sent", "declined"),
    ("accepted", "ordered"),
    ("approved", "expired"),
    ("sent", "expired"),
    ("approved", "superseded"),
    ("sent", "superseded"),
    ("declined", "superseded"),
    ("expired", "superseded"),
    ("draft", "cancelled"),
    ("approved", "cancelled"),
    ("sent", "cancelled"),
]


class Migration(migrations.Migration):
    dependencies = [("quotes", "0001_initial")]
    operations = [
        schema.append_only("quotes_quotesnapshot"),
        schema.append_only("quotes_quoteanswer"),
        schema.legal_transitions("quotes_quote", "status", MOVES, start=["draft"]),
    ]
