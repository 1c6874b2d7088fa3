"""The events of a run are found by an index."""

from django.db import migrations, models
from django.db.models.lookups import IsNull

from core.db import JsonText


class Migration(migrations.Migration):
    dependencies = [("core", "0007_run_leases")]

    operations = [
        migrations.AddIndex(
            "event",
            models.Index(
                JsonText("data", key="run"),
                "subject_id",
                "id",
                name="event_of_run",
                condition=models.Q(IsNull(JsonText("data", key="run"), False)),
            ),
        ),
    ]
