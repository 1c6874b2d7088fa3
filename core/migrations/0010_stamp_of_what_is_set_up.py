"""What is set up has a stamp that is new after each change."""

from django.db import migrations

from core.db import schema


class Migration(migrations.Migration):
    dependencies = [("core", "0009_urgent_messages")]

    operations = [schema.stamps()]
