import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from core.db import schema


class Migration(migrations.Migration):

    dependencies = [
        ('quotes', '0010_templates'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='StarterPackAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_taken', models.BooleanField(verbose_name='added')),
                ('at', models.DateTimeField(verbose_name='at')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by')),
                ('quote', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='starter_pack', to='quotes.quote', verbose_name='quote')),
                ('template', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='quotes.quotetemplate', verbose_name='template')),
            ],
            options={
                'verbose_name': 'answer to a starter pack',
                'verbose_name_plural': 'answers to starter packs',
            },
        ),
        migrations.CreateModel(
            name='StarterPackSettings',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mode', models.CharField(choices=[('offer', 'It is offered in the editor'), ('itself', 'It is added by itself')], default='offer', max_length=6, verbose_name='starter pack of a new customer')),
            ],
            options={
                'verbose_name': 'starter pack settings',
                'verbose_name_plural': 'starter pack settings',
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='one_row_of_starter_pack_settings')],
            },
        ),
        schema.append_only("quotes_starterpackanswer"),
    ]
