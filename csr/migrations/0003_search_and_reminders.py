"""Cases are found by parts of their texts, owners of phases are reminded, and parts are answered at the same time."""

from django.db import migrations, models

from core.db.schema import search_index


class Migration(migrations.Migration):

    dependencies = [
        ('csr', '0002_guards'),
    ]

    operations = [
        migrations.AddField(
            model_name='case',
            name='reminded_on',
            field=models.DateField(blank=True, editable=False, null=True, verbose_name='reminded'),
        ),
        migrations.AddField(
            model_name='casetask',
            name='version',
            field=models.PositiveIntegerField(default=1, editable=False, verbose_name='version'),
        ),
        migrations.AddField(
            model_name='historicalcase',
            name='reminded_on',
            field=models.DateField(blank=True, editable=False, null=True, verbose_name='reminded'),
        ),
        migrations.AddField(
            model_name='historicalcasetask',
            name='version',
            field=models.PositiveIntegerField(default=1, editable=False, verbose_name='version'),
        ),
        search_index("csr_case_search", "csr_case", ["number", "title"]),
    ]
