from django.db import migrations, models

CUT_AT = 1000
"""Characters of a cell that were kept until now."""


def mark_cut(apps, schema_editor):
    """Open rows with a cell that may have been longer."""
    rows = apps.get_model("integration", "QuarantinedRow").objects.filter(handling="open")
    cut = [pk for pk, raw in rows.values_list("pk", "raw").iterator() if any(len(cell) == CUT_AT for cell in raw.values())]
    for start in range(0, len(cut), 900):
        rows.filter(pk__in=cut[start : start + 900]).update(is_cut=True)


class Migration(migrations.Migration):
    dependencies = [("integration", "0003_packed_parts")]

    operations = [
        migrations.AlterField(
            model_name='quarantinedrow',
            name='code',
            field=models.CharField(choices=[('cut_off', 'Cut off'), ('cell_count', 'Wrong number of cells'), ('control_character', 'Control character'), ('required', 'Missing value'), ('too_long', 'Too long'), ('not_a_number', 'Not a number'), ('too_many_decimals', 'Too many decimals'), ('too_large', 'Number too large'), ('negative', 'Negative number'), ('not_a_date', 'Not a date'), ('dates_out_of_order', 'Dates out of order'), ('not_a_flag', 'Neither yes nor no'), ('not_a_country', 'Not a country code'), ('not_a_business_id', 'Not a business ID'), ('duplicate', 'Duplicate with other values'), ('two_parents', 'Two parents'), ('cycle', 'Parents in a circle'), ('total_too_large', 'Sum of the parent too large'), ('reused_id', 'Number of another company')], max_length=40, verbose_name='rule'),
        ),
        migrations.AddField(
            model_name="quarantinedrow",
            name="is_cut",
            field=models.BooleanField(default=False, verbose_name="cells were shortened"),
        ),
        migrations.AlterField(
            model_name="quarantinedrow",
            name="handling",
            field=models.CharField(
                choices=[
                    ("open", "Open"),
                    ("fixed", "Fixed here"),
                    ("mapped", "Mapped to a parent"),
                    ("ignored", "Ignored"),
                    ("settled", "Came right later"),
                    ("superseded", "Left out again later"),
                ],
                default="open",
                max_length=10,
                verbose_name="handling",
            ),
        ),
        migrations.AddIndex(
            model_name="quarantinedrow",
            index=models.Index(condition=models.Q(("handling", "open")), fields=["key"], name="quarantine_open_keys"),
        ),
        migrations.RunPython(mark_cut, migrations.RunPython.noop),
    ]
