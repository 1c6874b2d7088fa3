import json

from django.db import migrations, models

from core.db import schema

TABLE = "quotes_quotesnapshot"


def canonical(apps, schema_editor):
    """The text that is hashed, whatever way the database has kept it until now."""
    snapshots = apps.get_model("quotes", "QuoteSnapshot").objects.using(schema_editor.connection.alias)
    for key, text in snapshots.values_list("pk", "text").iterator():
        kept = json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        snapshots.filter(pk=key).update(text=kept)
    schema_editor.connection.check_constraints()  # PostgreSQL adds no trigger while checks are still to come


class Migration(migrations.Migration):
    dependencies = [("quotes", "0003_guards")]

    operations = [
        schema.undone(schema.append_only(TABLE)),
        migrations.RenameField("quotesnapshot", "content", "text"),
        migrations.AlterField("quotesnapshot", "text", models.TextField(verbose_name="content")),
        migrations.AddField(
            "quotesnapshot",
            "stored_digest",
            models.CharField(blank=True, default="", max_length=64, verbose_name="digest of the rows"),
            preserve_default=False,
        ),
        schema.quickly_compressed(TABLE, "text"),
        migrations.RunPython(canonical, migrations.RunPython.noop),
        schema.append_only(TABLE),
    ]
