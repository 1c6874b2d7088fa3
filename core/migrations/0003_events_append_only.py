"""Events are append-only, whoever writes."""

from django.db import migrations

from core import db


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]
    operations = [db.append_only("core_event")]
