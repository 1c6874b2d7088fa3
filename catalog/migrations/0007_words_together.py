"""The words somebody types are found in code and names at once."""

from django.db import migrations

from core.db.schema import whole_index


class Migration(migrations.Migration):
    dependencies = [("catalog", "0006_likeness_and_order_of_guidance")]

    operations = [whole_index("catalog_product_whole", "catalog_product", ["sku", "name_en", "name_fi"])]
