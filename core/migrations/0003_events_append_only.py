"""Events are append-only, whoever writes."""

from django.db import migrations

from core.db import schema


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]
    operations = [schema.append_only("core_event")]
