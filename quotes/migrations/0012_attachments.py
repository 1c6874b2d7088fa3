import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('quotes', '0011_starter_packs'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='QuoteAttachment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('file', models.FileField(upload_to='quotes/attachments/%Y/%m/', verbose_name='file')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('content_type', models.CharField(max_length=100, verbose_name='kind')),
                ('size', models.PositiveIntegerField(verbose_name='size, bytes')),
                ('content_hash', models.CharField(max_length=64, verbose_name='hash')),
                ('for_customer', models.BooleanField(default=False, verbose_name='for the customer')),
                ('at', models.DateTimeField(verbose_name='added')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='added by')),
                ('quote', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='attachments', to='quotes.quote', verbose_name='quote')),
            ],
            options={
                'verbose_name': 'attachment',
                'verbose_name_plural': 'attachments',
                'ordering': ['id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('size__gt', 0), ('size__lte', 10485760)), name='attachment_size_in_range'), models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='an_attachment_has_a_name')],
            },
        ),
    ]
