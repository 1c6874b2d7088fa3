from django.db import migrations

from core.db import schema


class Migration(migrations.Migration):
    dependencies = [("integration", "0002_stages")]

    operations = [
        schema.unlogged("integration_stagedpart"),
        schema.unlogged("integration_feedpage"),
        schema.packed_already("integration_stagedpart", "rows", "result"),
        schema.packed_already("integration_feedpage", "rows"),
        schema.quickly_compressed("integration_intake", "content"),
    ]
