"""An opportunity moves along legal transitions only, whoever writes."""

from django.db import migrations

from core.db import schema

MOVES = [
    ("new", "qualified"),
    ("new", "quoting"),
    ("new", "negotiation"),
    ("new", "ordered"),
    ("new", "lost"),
    ("qualified", "quoting"),
    ("qualified", "negotiation"),
    ("qualified", "ordered"),
    ("qualified", "lost"),
    ("quoting", "negotiation"),
    ("quoting", "ordered"),
    ("quoting", "lost"),
    ("negotiation", "ordered"),
    ("negotiation", "lost"),
    ("lost", "qualified"),
]


class Migration(migrations.Migration):
    dependencies = [("opportunities", "0001_initial")]
    operations = [schema.legal_transitions("opportunities_opportunity", "status", MOVES, start=["new"])]
