from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('quotes', '0008_work_days'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='quote',
            index=models.Index(fields=['status', 'id'], name='quotes_by_state'),
        ),
    ]
