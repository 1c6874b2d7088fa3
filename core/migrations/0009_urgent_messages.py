"""Messages that somebody waits for go first; those that fail are found without reading all, and may be tried anew."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("core", "0008_events_of_run")]

    operations = [
        migrations.RemoveIndex(model_name="outboxmessage", name="outbox_waiting"),
        migrations.AddField(
            model_name="outboxmessage",
            name="is_urgent",
            field=models.BooleanField(default=False, verbose_name="somebody waits for it"),
        ),
        migrations.AddField(
            model_name="outboxmessage",
            name="retried_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="tried anew since"),
        ),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(
                fields=["-is_urgent", "available_at", "id"],
                name="outbox_waiting",
                condition=Q(delivered_at=None, dead_at=None),
            ),
        ),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(fields=["-id"], name="outbox_failing", condition=Q(~Q(last_error=""), delivered_at=None)),
        ),
    ]
