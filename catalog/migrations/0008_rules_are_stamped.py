"""Each change of what pages read of it from memory gives what is set up a new stamp."""

from django.db import migrations

from core.db import schema

TABLES = (
    "catalog_configurationrule",
    "catalog_pricelist",
    "catalog_product",
    "catalog_productgroup",
)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0007_words_together"), ("core", "0010_stamp_of_what_is_set_up")]

    operations = [schema.stamped(table) for table in TABLES]
