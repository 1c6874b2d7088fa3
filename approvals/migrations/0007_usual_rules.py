"""Every gate keeps asking whoever holds its right: what was its only way is a rule now."""

from typing import Any

from django.db import migrations


def make(apps: Any, schema_editor: Any) -> None:
    alias = schema_editor.connection.alias
    rule, step = apps.get_model("approvals", "Rule"), apps.get_model("approvals", "Step")
    for gate in apps.get_model("approvals", "Gate").objects.using(alias).filter(rules=None):
        usual = rule.objects.using(alias).create(gate=gate, name="Usual", outcome="ask", priority=1000)
        step.objects.using(alias).create(rule=usual, position=1, who="right", quorum="one", needed=1)


class Migration(migrations.Migration):
    dependencies = [("approvals", "0006_rules")]
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
