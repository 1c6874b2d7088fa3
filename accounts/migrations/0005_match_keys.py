"""Accounts are found by business ID, VAT number and the key of their name."""

from django.db import migrations, models

from accounts.matching import name_key
from core.db.schema import search_index, undone

AT_ONCE = 500
SEARCH = search_index("accounts_account_search", "accounts_account", ["name", "parent_customer_id", "business_id"])


def fill(apps, schema_editor):
    """The key is that of the present rules, which is what services compare with: hence the import."""
    Account = apps.get_model("accounts", "Account")
    batch = []
    for account in Account.objects.order_by("pk").only("pk", "name").iterator(chunk_size=AT_ONCE):
        account.match_key = name_key(account.name)
        batch.append(account)
        if len(batch) >= AT_ONCE:
            Account.objects.bulk_update(batch, ["match_key"])
            batch = []
    if batch:
        Account.objects.bulk_update(batch, ["match_key"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_survivorship_and_merging")]

    operations = [
        undone(SEARCH),
        migrations.AddField(
            "account",
            "match_key",
            models.CharField(blank=True, default="", editable=False, max_length=200, verbose_name="name to match by"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex("account", models.Index(fields=["match_key"], name="account_by_match_key")),
        migrations.AddIndex("account", models.Index(fields=["business_id"], name="account_by_business_id")),
        migrations.AddIndex("account", models.Index(fields=["vat_number"], name="account_by_vat_number")),
        migrations.AddIndex(
            "account",
            models.Index(condition=models.Q(("is_prospect", True)), fields=["status"], name="prospect_by_status"),
        ),
        SEARCH,
    ]
