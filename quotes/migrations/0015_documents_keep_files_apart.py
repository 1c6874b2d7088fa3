from django.db import migrations, models

from core.db import schema


class Migration(migrations.Migration):
    dependencies = [("quotes", "0014_files_and_recipients")]

    operations = [
        migrations.RemoveField(
            model_name='quotedocument',
            name='mail',
        ),
        migrations.RemoveField(
            model_name='quotedocument',
            name='pdf',
        ),
        migrations.RemoveField(
            model_name='quotedocument',
            name='pdf_hash',
        ),
        migrations.AddConstraint(
            model_name='quoteanswer',
            constraint=models.CheckConstraint(condition=models.Q(('answer', 'declined'), models.Q(('gross_total__isnull', False), ('net_total__isnull', False)), _connector='OR'), name='an_acceptance_has_its_totals'),
        ),
        schema.append_only("quotes_quoteanswer"),
        schema.append_only("quotes_quotefile"),
        schema.append_only("quotes_quotequestion"),
    ]
