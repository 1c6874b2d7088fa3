from django.db import migrations

from core import db


class Migration(migrations.Migration):
    dependencies = [("integration", "0002_stages")]

    operations = [
        db.unlogged("integration_stagedpart"),
        db.unlogged("integration_feedpage"),
        db.packed_already("integration_stagedpart", "rows", "result"),
        db.packed_already("integration_feedpage", "rows"),
        db.quickly_compressed("integration_intake", "content"),
    ]
