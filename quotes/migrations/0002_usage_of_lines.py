from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("quotes", "0001_tables")]

    operations = [
        migrations.AddField("quoteline", "usage", models.JSONField(blank=True, null=True, verbose_name="prices by use")),
        migrations.AddField("historicalquoteline", "usage", models.JSONField(blank=True, null=True, verbose_name="prices by use")),
    ]
