"""Sync settings are what they can mean; rows that say something else are brought to the nearest value that does."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import migrations, models

PERCENTS = {
    "most_deactivated": (2, "accounts made inactive, % at most"),
    "most_moved": (5, "sites moved, % at most"),
    "most_renamed": (10, "names or categories changed, % at most"),
    "most_rows_less": (10, "fewer rows than last time, % at most"),
    "most_repriced": (10, "list prices changed by more than half, % of products at most"),
    "ask_above": (10, "an upload asks first above, % of accounts changed"),
}


def percent(name):
    default, label = PERCENTS[name]
    bounds = [MinValueValidator(0), MaxValueValidator(100)]
    return models.DecimalField(label, decimal_places=2, default=default, max_digits=5, validators=bounds)


def repair(apps, schema_editor):
    for row in apps.get_model("integration", "SyncSettings").objects.all():
        for name in PERCENTS:
            setattr(row, name, min(max(getattr(row, name), 0), 100))
        row.runs_until_gone = max(row.runs_until_gone, 2)
        row.spared = max(row.spared, 0)
        row.save()


class Migration(migrations.Migration):
    dependencies = [("integration", "0004_more_checks")]

    operations = [
        migrations.AddField("syncsettings", "most_repriced", percent("most_repriced")),
        *(migrations.AlterField("syncsettings", name, percent(name)) for name in PERCENTS if name != "most_repriced"),
        migrations.AlterField(
            "syncsettings",
            "runs_until_gone",
            models.PositiveSmallIntegerField(
                "complete runs without a site until it is inactive", default=2, validators=[MinValueValidator(2)]
            ),
        ),
        migrations.RunPython(repair, migrations.RunPython.noop),
        migrations.AddConstraint(
            "syncsettings",
            models.CheckConstraint(
                condition=models.Q(*((f"{name}__gte", 0) for name in PERCENTS), *((f"{name}__lte", 100) for name in PERCENTS)),
                name="sync_limits_are_shares",
            ),
        ),
        migrations.AddConstraint(
            "syncsettings",
            models.CheckConstraint(condition=models.Q(runs_until_gone__gte=2), name="gone_after_two_runs_at_least"),
        ),
        migrations.AddConstraint(
            "syncsettings", models.CheckConstraint(condition=models.Q(spared__gte=0), name="spared_is_not_negative")
        ),
    ]
