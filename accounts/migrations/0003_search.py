"""Parts of names and numbers are found by an index, and owners in sight too."""

from django.db import migrations, models

from core.db.schema import search_index


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.AddIndex("account", models.Index(fields=["owner", "unit"], name="account_by_owner_and_unit")),
        search_index("accounts_account_search", "accounts_account", ["name", "parent_customer_id", "business_id"]),
    ]
