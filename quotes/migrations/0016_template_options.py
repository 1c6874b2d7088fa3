from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('quotes', '0015_documents_keep_files_apart'),
    ]

    operations = [
        migrations.AddField(
            model_name='quotetemplateline',
            name='options',
            field=models.JSONField(blank=True, default=list, verbose_name='chosen options of the bundle'),
        ),
    ]
