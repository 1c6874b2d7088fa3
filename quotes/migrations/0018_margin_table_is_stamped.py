"""Each change of what pages read of it from memory gives what is set up a new stamp."""

from django.db import migrations

from core.db import schema

TABLES = (
    "quotes_margintarget",
)


class Migration(migrations.Migration):
    dependencies = [("quotes", "0017_template_yearly_volume"), ("core", "0010_stamp_of_what_is_set_up")]

    operations = [schema.stamped(table) for table in TABLES]
