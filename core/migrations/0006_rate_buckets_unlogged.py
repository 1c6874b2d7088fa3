from django.db import migrations

from core.db.schema import unlogged


class Migration(migrations.Migration):
    dependencies = [("core", "0005_rate_buckets")]

    operations = [unlogged("core_ratebucket")]
