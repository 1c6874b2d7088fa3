"""Numbers are looked up however they are written, and the beginnings of names whatever the collation of the database."""

from django.db import migrations, models

from accounts.fields import Compact


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_match_keys")]

    operations = [
        migrations.RemoveIndex("account", "account_by_business_id"),
        migrations.RemoveIndex("account", "account_by_vat_number"),
        migrations.RemoveIndex("account", "account_by_match_key"),
        migrations.AddIndex("account", models.Index(Compact("business_id"), name="account_by_business_key")),
        migrations.AddIndex("account", models.Index(Compact("vat_number"), name="account_by_vat_key")),
        migrations.AddIndex(
            "account", models.Index(fields=["match_key"], name="account_by_match_key", opclasses=["varchar_pattern_ops"])
        ),
    ]
