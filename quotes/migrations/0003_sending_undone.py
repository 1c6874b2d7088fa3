"""Undoing the sending of a revision brings back those that it had replaced."""

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
BACK = [("superseded", state) for state in ("approved", "sent", "declined", "expired")]


def legal(moves):
    return schema.legal_transitions("quotes_quote", "status", moves, start=["draft"])


class Migration(migrations.Migration):
    dependencies = [("quotes", "0002_usage_of_lines")]

    operations = [schema.undone(legal(MOVES)), legal([*MOVES, *BACK])]
