"""Each change of what pages read of it from memory gives what is set up a new stamp."""

from django.db import migrations

from core.db import schema

TABLES = (
    "accounts_paymentterm",
    "accounts_paymenttype",
    "accounts_paymenttermrule",
    "accounts_pricelistrule",
    "accounts_categorytma2",
    "accounts_classification",
    "accounts_industry",
    "accounts_businesssize",
)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_refused_mail_and_signatures"), ("core", "0010_stamp_of_what_is_set_up")]

    operations = [schema.stamped(table) for table in TABLES]
