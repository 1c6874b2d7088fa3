import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_more_checks'),
        ('catalog', '0003_search'),
        ('quotes', '0009_quotes_by_state'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='HistoricalQuoteTemplate',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='version')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('shared_with', models.CharField(choices=[('me', 'Only me'), ('unit', 'My unit'), ('all', 'Everyone')], default='me', max_length=4, verbose_name='who sees it')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
                ('is_starter_pack', models.BooleanField(default=False, help_text='New customers get it with their first quote, whoever sees the template.', verbose_name='starter pack')),
                ('created_at', models.DateTimeField(blank=True, editable=False, verbose_name='created')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('channel', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.channel', verbose_name='distribution channel')),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('owner', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
                ('tma2', models.ForeignKey(blank=True, db_constraint=False, help_text='Of a starter pack: empty fits every customer; of several that fit the most specific one is taken.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.categorytma2', verbose_name='category TMA2')),
            ],
            options={
                'verbose_name': 'historical quote template',
                'verbose_name_plural': 'historical quote templates',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='QuoteTemplate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='version')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('shared_with', models.CharField(choices=[('me', 'Only me'), ('unit', 'My unit'), ('all', 'Everyone')], default='me', max_length=4, verbose_name='who sees it')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
                ('is_starter_pack', models.BooleanField(default=False, help_text='New customers get it with their first quote, whoever sees the template.', verbose_name='starter pack')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('channel', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.channel', verbose_name='distribution channel')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
                ('tma2', models.ForeignKey(blank=True, help_text='Of a starter pack: empty fits every customer; of several that fit the most specific one is taken.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.categorytma2', verbose_name='category TMA2')),
            ],
            options={
                'verbose_name': 'quote template',
                'verbose_name_plural': 'quote templates',
                'ordering': ['name', 'id'],
            },
        ),
        migrations.CreateModel(
            name='QuoteTemplateLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(verbose_name='position')),
                ('kind', models.CharField(choices=[('product', 'Product'), ('sow', 'Statement of work'), ('section', 'Section'), ('note', 'Note')], default='product', max_length=10, verbose_name='kind')),
                ('text', models.TextField(blank=True, max_length=4000, verbose_name='text')),
                ('quantity', models.DecimalField(decimal_places=3, default=1, max_digits=12, verbose_name='quantity')),
                ('numerator', models.PositiveIntegerField(default=1, verbose_name='pricing units')),
                ('denominator', models.PositiveIntegerField(default=1, verbose_name='in so many units')),
                ('discount_kind', models.CharField(blank=True, choices=[('', 'No discount'), ('percent', 'Percent'), ('amount', 'Amount per unit'), ('net_price', 'Net price')], default='', max_length=10, verbose_name='kind of discount')),
                ('discount_value', models.DecimalField(decimal_places=4, default=0, max_digits=12, verbose_name='as typed')),
                ('optional', models.BooleanField(default=False, verbose_name='optional')),
                ('alternative_to', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='quotes.quotetemplateline', verbose_name='alternative to')),
                ('product', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.product', verbose_name='product')),
                ('template', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='quotes.quotetemplate', verbose_name='template')),
                ('unit', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.unitofmeasure', verbose_name='unit')),
            ],
            options={
                'verbose_name': 'template line',
                'verbose_name_plural': 'template lines',
                'ordering': ['template', 'position'],
            },
        ),
        migrations.AddIndex(
            model_name='quotetemplate',
            index=models.Index(condition=models.Q(('is_active', True), ('is_starter_pack', True)), fields=['is_starter_pack'], name='starter_packs'),
        ),
        migrations.AddConstraint(
            model_name='quotetemplate',
            constraint=models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='a_template_has_a_name'),
        ),
        migrations.AddConstraint(
            model_name='quotetemplate',
            constraint=models.CheckConstraint(condition=models.Q(('is_starter_pack', True), models.Q(('channel', None), ('tma2', None)), _connector='OR'), name='customers_of_starter_packs_only', violation_error_message='Category and channel say whose starter pack it is; other templates have none.'),
        ),
        migrations.AddConstraint(
            model_name='quotetemplateline',
            constraint=models.UniqueConstraint(fields=('template', 'position'), name='one_template_line_per_position'),
        ),
        migrations.AddConstraint(
            model_name='quotetemplateline',
            constraint=models.CheckConstraint(condition=models.Q(('denominator__gt', 0), ('numerator__gt', 0), ('quantity__gt', 0)), name='template_line_positive'),
        ),
        migrations.AddConstraint(
            model_name='quotetemplateline',
            constraint=models.CheckConstraint(condition=models.Q(('alternative_to', models.F('id')), _negated=True), name='no_template_line_for_itself'),
        ),
        migrations.AddConstraint(
            model_name='quotetemplateline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'product'), ('product__isnull', False)), models.Q(('kind__in', ('section', 'note')), ('optional', False), ('product', None), models.Q(('text', ''), _negated=True)), _connector='OR'), name='a_template_line_is_a_product_or_a_text'),
        ),
    ]
