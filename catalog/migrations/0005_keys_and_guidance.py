"""Products get the key of their name; a target price below the floor price becomes the floor price."""

from django.db import migrations
from django.db.models import F
from django.utils import timezone

from catalog.likeness import name_key

AT_ONCE = 500


def fill(apps, schema_editor):
    """The key is that of the present rules, which is what the pages compare with: hence the import."""
    Product = apps.get_model("catalog", "Product")
    batch = []
    for product in Product.objects.order_by("pk").only("pk", "name_en", "name_fi").iterator(chunk_size=AT_ONCE):
        product.match_key = name_key(product.name_en or product.name_fi or "")
        batch.append(product)
        if len(batch) >= AT_ONCE:
            Product.objects.bulk_update(batch, ["match_key"], batch_size=200)
            batch = []
    if batch:
        Product.objects.bulk_update(batch, ["match_key"], batch_size=200)


def order(apps, schema_editor):
    """A target that nobody may aim at guides nobody; quotes keep no target, so none of them changes."""
    Price, History = apps.get_model("catalog", "Price"), apps.get_model("catalog", "HistoricalPrice")
    wrong = list(Price.objects.filter(target_price__lt=F("floor_price")).values_list("pk", flat=True))
    for start in range(0, len(wrong), AT_ONCE):
        some = Price.objects.filter(pk__in=wrong[start : start + AT_ONCE])
        some.update(target_price=F("floor_price"))
        History.objects.bulk_create(
            [
                History(**row, history_type="~", history_date=timezone.now(), history_change_reason="target below floor")
                for row in some.values()
            ],
            batch_size=50,
        )


class Migration(migrations.Migration):
    dependencies = [("catalog", "0004_products_bundles_rules")]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunPython(order, migrations.RunPython.noop),
    ]
