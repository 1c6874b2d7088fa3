"""Each change of what pages read of it from memory gives what is set up a new stamp."""

from django.db import migrations

from core.db import schema

TABLES = (
    "approvals_gate",
    "approvals_rule",
    "approvals_condition",
    "approvals_step",
    "approvals_step_people",
    "approvals_authoritylimit",
)


class Migration(migrations.Migration):
    dependencies = [("approvals", "0010_alter_gate_permission_and_more"), ("core", "0010_stamp_of_what_is_set_up")]

    operations = [schema.stamped(table) for table in TABLES]
