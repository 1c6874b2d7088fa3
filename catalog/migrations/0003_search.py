"""Parts of codes and names are found by an index."""

from django.db import migrations

from core.db.schema import search_index


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]

    operations = [search_index("catalog_product_search", "catalog_product", ["sku", "name_en", "name_fi"])]
