"""Guidance, units, use, bundles, rules of configuration, and products that became others."""

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.comparison
import simple_history.models
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models

from core.db.schema import search_index, undone

SEARCH = search_index("catalog_product_search", "catalog_product", ["sku", "name_en", "name_fi"])


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0003_search'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        undone(SEARCH),
        migrations.CreateModel(
            name='BundlePart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quantity', models.DecimalField(decimal_places=3, default=1, max_digits=12, validators=[django.core.validators.MinValueValidator(Decimal('0.001'))], verbose_name='quantity')),
                ('is_option', models.BooleanField(default=False, verbose_name='option')),
                ('position', models.PositiveIntegerField(default=0, verbose_name='position')),
            ],
            options={
                'verbose_name': 'bundle part',
                'verbose_name_plural': 'bundle parts',
                'ordering': ['position', 'id'],
            },
        ),
        migrations.CreateModel(
            name='ConfigurationRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('requires', 'requires'), ('excludes', 'excludes'), ('recommends', 'recommends'), ('at_most', 'at most'), ('at_least', 'at least')], max_length=12, verbose_name='kind')),
                ('quantity', models.DecimalField(blank=True, decimal_places=3, help_text='Of “at most” and “at least” only: in all lines together, in pricing units.', max_digits=12, null=True, validators=[django.core.validators.MinValueValidator(Decimal('0.001'))], verbose_name='quantity')),
                ('message', models.CharField(blank=True, help_text='What the sales rep reads; empty: a sentence made of the rule.', max_length=300, verbose_name='message')),
                ('message_en', models.CharField(blank=True, help_text='What the sales rep reads; empty: a sentence made of the rule.', max_length=300, null=True, verbose_name='message')),
                ('message_fi', models.CharField(blank=True, help_text='What the sales rep reads; empty: a sentence made of the rule.', max_length=300, null=True, verbose_name='message')),
                ('valid_from', models.DateField(blank=True, null=True, verbose_name='valid from')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='valid to')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
            ],
            options={
                'verbose_name': 'configuration rule',
                'verbose_name_plural': 'configuration rules',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='HistoricalBundlePart',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('quantity', models.DecimalField(decimal_places=3, default=1, max_digits=12, validators=[django.core.validators.MinValueValidator(Decimal('0.001'))], verbose_name='quantity')),
                ('is_option', models.BooleanField(default=False, verbose_name='option')),
                ('position', models.PositiveIntegerField(default=0, verbose_name='position')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical bundle part',
                'verbose_name_plural': 'historical bundle parts',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalConfigurationRule',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('kind', models.CharField(choices=[('requires', 'requires'), ('excludes', 'excludes'), ('recommends', 'recommends'), ('at_most', 'at most'), ('at_least', 'at least')], max_length=12, verbose_name='kind')),
                ('quantity', models.DecimalField(blank=True, decimal_places=3, help_text='Of “at most” and “at least” only: in all lines together, in pricing units.', max_digits=12, null=True, validators=[django.core.validators.MinValueValidator(Decimal('0.001'))], verbose_name='quantity')),
                ('message', models.CharField(blank=True, help_text='What the sales rep reads; empty: a sentence made of the rule.', max_length=300, verbose_name='message')),
                ('message_en', models.CharField(blank=True, help_text='What the sales rep reads; empty: a sentence made of the rule.', max_length=300, null=True, verbose_name='message')),
                ('message_fi', models.CharField(blank=True, help_text='What the sales rep reads; empty: a sentence made of the rule.', max_length=300, null=True, verbose_name='message')),
                ('valid_from', models.DateField(blank=True, null=True, verbose_name='valid from')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='valid to')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical configuration rule',
                'verbose_name_plural': 'historical configuration rules',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalProductUnit',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('numerator', models.PositiveIntegerField(default=1, validators=[django.core.validators.MinValueValidator(1)], verbose_name='is so many pricing units')),
                ('denominator', models.PositiveIntegerField(default=1, validators=[django.core.validators.MinValueValidator(1)], verbose_name='divided by')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical further unit',
                'verbose_name_plural': 'historical further units',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalUsageMetric',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('code', models.CharField(db_index=True, max_length=40, verbose_name='code')),
                ('label', models.CharField(max_length=120, verbose_name='label')),
                ('label_en', models.CharField(max_length=120, null=True, verbose_name='label')),
                ('label_fi', models.CharField(max_length=120, null=True, verbose_name='label')),
                ('position', models.PositiveIntegerField(default=0, verbose_name='position')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical measure of use',
                'verbose_name_plural': 'historical measures of use',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalUsageStep',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('from_quantity', models.DecimalField(decimal_places=3, default=0, max_digits=15, validators=[django.core.validators.MinValueValidator(0)], verbose_name='beyond so many a year')),
                ('price', models.DecimalField(decimal_places=4, max_digits=12, validators=[django.core.validators.MinValueValidator(0)], verbose_name='price each')),
                ('cost', models.DecimalField(blank=True, decimal_places=4, max_digits=12, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name='cost each')),
                ('valid_from', models.DateField(blank=True, null=True, verbose_name='valid from')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='valid to')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical usage step',
                'verbose_name_plural': 'historical usage steps',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='ProductMerge',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('moved', models.JSONField(default=dict, verbose_name='what followed')),
                ('at', models.DateTimeField(verbose_name='at')),
                ('undone_at', models.DateTimeField(blank=True, null=True, verbose_name='undone')),
            ],
            options={
                'verbose_name': 'merge of products',
                'verbose_name_plural': 'merges of products',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='ProductUnit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('numerator', models.PositiveIntegerField(default=1, validators=[django.core.validators.MinValueValidator(1)], verbose_name='is so many pricing units')),
                ('denominator', models.PositiveIntegerField(default=1, validators=[django.core.validators.MinValueValidator(1)], verbose_name='divided by')),
            ],
            options={
                'verbose_name': 'further unit',
                'verbose_name_plural': 'further units',
                'ordering': ['unit__position', 'unit__code'],
            },
        ),
        migrations.CreateModel(
            name='UsageMetric',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=40, unique=True, verbose_name='code')),
                ('label', models.CharField(max_length=120, verbose_name='label')),
                ('label_en', models.CharField(max_length=120, null=True, verbose_name='label')),
                ('label_fi', models.CharField(max_length=120, null=True, verbose_name='label')),
                ('position', models.PositiveIntegerField(default=0, verbose_name='position')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
            ],
            options={
                'verbose_name': 'measure of use',
                'verbose_name_plural': 'measures of use',
                'ordering': ['position', 'code'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='UsageStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_quantity', models.DecimalField(decimal_places=3, default=0, max_digits=15, validators=[django.core.validators.MinValueValidator(0)], verbose_name='beyond so many a year')),
                ('price', models.DecimalField(decimal_places=4, max_digits=12, validators=[django.core.validators.MinValueValidator(0)], verbose_name='price each')),
                ('cost', models.DecimalField(blank=True, decimal_places=4, max_digits=12, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name='cost each')),
                ('valid_from', models.DateField(blank=True, null=True, verbose_name='valid from')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='valid to')),
            ],
            options={
                'verbose_name': 'usage step',
                'verbose_name_plural': 'usage steps',
                'ordering': ['metric', 'from_quantity', 'valid_from'],
            },
        ),
        migrations.AddField(
            model_name='historicalprice',
            name='start_price',
            field=models.DecimalField(blank=True, decimal_places=4, max_digits=12, null=True, verbose_name='start price'),
        ),
        migrations.AddField(
            model_name='historicalpricelist',
            name='valid_from',
            field=models.DateField(blank=True, null=True, verbose_name='valid from'),
        ),
        migrations.AddField(
            model_name='historicalpricelist',
            name='valid_to',
            field=models.DateField(blank=True, null=True, verbose_name='valid to'),
        ),
        migrations.AddField(
            model_name='historicalproduct',
            name='bundle_pricing',
            field=models.CharField(blank=True, choices=[('parts', 'the prices of its parts'), ('fixed', 'a price of its own')], help_text='Empty: the product is no bundle, and parts below do not count.', max_length=10, verbose_name='bundle, priced by'),
        ),
        migrations.AddField(
            model_name='historicalproduct',
            name='bundle_shows_parts',
            field=models.BooleanField(default=True, help_text='Of a bundle only: its parts stand on the quote and the PDF.', verbose_name='the customer sees the parts'),
        ),
        migrations.AddField(
            model_name='historicalproduct',
            name='cs_days',
            field=models.DecimalField(blank=True, decimal_places=3, help_text='Working days for each unit sold.', max_digits=9, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name='effort of customer success, days'),
        ),
        migrations.AddField(
            model_name='historicalproduct',
            name='fixed_quantity',
            field=models.DecimalField(blank=True, decimal_places=3, help_text='This code sells exactly so much, such as 3 workshops; nobody changes it on a quote.', max_digits=12, null=True, validators=[django.core.validators.MinValueValidator(Decimal('0.001'))], verbose_name='fixed quantity'),
        ),
        migrations.AddField(
            model_name='historicalproduct',
            name='merged_into',
            field=models.ForeignKey(blank=True, db_constraint=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='catalog.product', verbose_name='merged into'),
        ),
        migrations.AddField(
            model_name='historicalproduct',
            name='use_within_months',
            field=models.PositiveSmallIntegerField(blank=True, help_text='Consumption period: a service must be used within so many months of the order.', null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='use within, months'),
        ),
        migrations.AddField(
            model_name='price',
            name='start_price',
            field=models.DecimalField(blank=True, decimal_places=4, max_digits=12, null=True, verbose_name='start price'),
        ),
        migrations.AddField(
            model_name='pricelist',
            name='valid_from',
            field=models.DateField(blank=True, null=True, verbose_name='valid from'),
        ),
        migrations.AddField(
            model_name='pricelist',
            name='valid_to',
            field=models.DateField(blank=True, null=True, verbose_name='valid to'),
        ),
        migrations.AddField(
            model_name='product',
            name='bundle_pricing',
            field=models.CharField(blank=True, choices=[('parts', 'the prices of its parts'), ('fixed', 'a price of its own')], help_text='Empty: the product is no bundle, and parts below do not count.', max_length=10, verbose_name='bundle, priced by'),
        ),
        migrations.AddField(
            model_name='product',
            name='bundle_shows_parts',
            field=models.BooleanField(default=True, help_text='Of a bundle only: its parts stand on the quote and the PDF.', verbose_name='the customer sees the parts'),
        ),
        migrations.AddField(
            model_name='product',
            name='cs_days',
            field=models.DecimalField(blank=True, decimal_places=3, help_text='Working days for each unit sold.', max_digits=9, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name='effort of customer success, days'),
        ),
        migrations.AddField(
            model_name='product',
            name='fixed_quantity',
            field=models.DecimalField(blank=True, decimal_places=3, help_text='This code sells exactly so much, such as 3 workshops; nobody changes it on a quote.', max_digits=12, null=True, validators=[django.core.validators.MinValueValidator(Decimal('0.001'))], verbose_name='fixed quantity'),
        ),
        migrations.AddField(
            model_name='product',
            name='has_usage',
            field=models.BooleanField(default=False, editable=False, verbose_name='priced by use'),
        ),
        migrations.AddField(
            model_name='product',
            name='match_key',
            field=models.CharField(blank=True, default='', editable=False, max_length=240, verbose_name='name to match by'),
        ),
        migrations.AddField(
            model_name='product',
            name='merged_into',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='merged', to='catalog.product', verbose_name='merged into'),
        ),
        migrations.AddField(
            model_name='product',
            name='use_within_months',
            field=models.PositiveSmallIntegerField(blank=True, help_text='Consumption period: a service must be used within so many months of the order.', null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='use within, months'),
        ),
        migrations.AddConstraint(
            model_name='pricelist',
            constraint=models.CheckConstraint(condition=models.Q(('valid_from', None), ('valid_to', None), ('valid_from__lte', models.F('valid_to')), _connector='OR'), name='price_list_validity_in_order', violation_error_message='The last day is before the first.'),
        ),
        migrations.AddConstraint(
            model_name='pricelist',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('code', 'STANDARD'), _negated=True), models.Q(('valid_from', None), ('valid_to', None)), _connector='OR'), name='standard_list_is_always_valid', violation_error_message='The standard list is always valid: every quote falls back to it.'),
        ),
        migrations.AddConstraint(
            model_name='product',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('use_within_months', None), ('use_within_months__gte', 1), _connector='OR'), models.Q(('fixed_quantity', None), ('fixed_quantity__gt', 0), _connector='OR'), models.Q(('cs_days', None), ('cs_days__gte', 0), _connector='OR')), name='product_measures_make_sense'),
        ),
        migrations.AddConstraint(
            model_name='product',
            constraint=models.CheckConstraint(condition=models.Q(('merged_into', None), models.Q(('is_active', False), models.Q(('merged_into', models.F('id')), _negated=True)), _connector='OR'), name='merged_products_are_not_in_use'),
        ),
        migrations.AddField(
            model_name='bundlepart',
            name='bundle',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='catalog.product', verbose_name='bundle'),
        ),
        migrations.AddField(
            model_name='bundlepart',
            name='part',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='part_of', to='catalog.product', verbose_name='part'),
        ),
        migrations.AddField(
            model_name='configurationrule',
            name='object_group',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.productgroup', verbose_name='or other product group'),
        ),
        migrations.AddField(
            model_name='configurationrule',
            name='object_product',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='rules_naming', to='catalog.product', verbose_name='other product'),
        ),
        migrations.AddField(
            model_name='configurationrule',
            name='subject_group',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.productgroup', verbose_name='or product group'),
        ),
        migrations.AddField(
            model_name='configurationrule',
            name='subject_product',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='rules_about', to='catalog.product', verbose_name='product'),
        ),
        migrations.AddField(
            model_name='historicalbundlepart',
            name='bundle',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='catalog.product', verbose_name='bundle'),
        ),
        migrations.AddField(
            model_name='historicalbundlepart',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalbundlepart',
            name='part',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='catalog.product', verbose_name='part'),
        ),
        migrations.AddField(
            model_name='historicalconfigurationrule',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalconfigurationrule',
            name='object_group',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='catalog.productgroup', verbose_name='or other product group'),
        ),
        migrations.AddField(
            model_name='historicalconfigurationrule',
            name='object_product',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='catalog.product', verbose_name='other product'),
        ),
        migrations.AddField(
            model_name='historicalconfigurationrule',
            name='subject_group',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='catalog.productgroup', verbose_name='or product group'),
        ),
        migrations.AddField(
            model_name='historicalconfigurationrule',
            name='subject_product',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='catalog.product', verbose_name='product'),
        ),
        migrations.AddField(
            model_name='historicalproductunit',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalproductunit',
            name='product',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='catalog.product', verbose_name='product'),
        ),
        migrations.AddField(
            model_name='historicalproductunit',
            name='unit',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='catalog.unitofmeasure', verbose_name='unit'),
        ),
        migrations.AddField(
            model_name='historicalusagemetric',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalusagestep',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalusagestep',
            name='price_list',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='catalog.pricelist', verbose_name='price list'),
        ),
        migrations.AddField(
            model_name='historicalusagestep',
            name='product',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='catalog.product', verbose_name='product'),
        ),
        migrations.AddField(
            model_name='productmerge',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by'),
        ),
        migrations.AddField(
            model_name='productmerge',
            name='into',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.product', verbose_name='merged into'),
        ),
        migrations.AddField(
            model_name='productmerge',
            name='product',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='merges', to='catalog.product', verbose_name='product'),
        ),
        migrations.AddField(
            model_name='productmerge',
            name='undone_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='undone by'),
        ),
        migrations.AddField(
            model_name='productunit',
            name='product',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='units', to='catalog.product', verbose_name='product'),
        ),
        migrations.AddField(
            model_name='productunit',
            name='unit',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.unitofmeasure', verbose_name='unit'),
        ),
        migrations.AddField(
            model_name='historicalusagestep',
            name='metric',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='catalog.usagemetric', verbose_name='measure of use'),
        ),
        migrations.AddField(
            model_name='usagestep',
            name='metric',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='steps', to='catalog.usagemetric', verbose_name='measure of use'),
        ),
        migrations.AddField(
            model_name='usagestep',
            name='price_list',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='usage_steps', to='catalog.pricelist', verbose_name='price list'),
        ),
        migrations.AddField(
            model_name='usagestep',
            name='product',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='usage_steps', to='catalog.product', verbose_name='product'),
        ),
        migrations.AddConstraint(
            model_name='bundlepart',
            constraint=models.UniqueConstraint(fields=('bundle', 'part'), name='one_row_per_bundle_part'),
        ),
        migrations.AddConstraint(
            model_name='bundlepart',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='bundle_part_has_a_quantity'),
        ),
        migrations.AddConstraint(
            model_name='bundlepart',
            constraint=models.CheckConstraint(condition=models.Q(('bundle', models.F('part')), _negated=True), name='no_bundle_is_its_own_part'),
        ),
        migrations.AddConstraint(
            model_name='configurationrule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('subject_group__isnull', False), ('subject_product', None)), models.Q(('subject_group', None), ('subject_product__isnull', False)), _connector='OR'), name='rule_has_one_subject', violation_error_message='Name either a product or a product group that the rule is about.'),
        ),
        migrations.AddConstraint(
            model_name='configurationrule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['at_least', 'at_most']), ('object_group', None), ('object_product', None), ('quantity__gt', 0), ('quantity__isnull', False)), models.Q(models.Q(('kind__in', ['at_least', 'at_most']), _negated=True), ('quantity', None), models.Q(models.Q(('object_group__isnull', False), ('object_product', None)), models.Q(('object_group', None), ('object_product__isnull', False)), _connector='OR')), _connector='OR'), name='rule_has_an_object_or_a_quantity', violation_error_message='“At most” and “at least” need a quantity and nothing else; the other kinds need another product or group.'),
        ),
        migrations.AddConstraint(
            model_name='configurationrule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('subject_product', models.F('object_product')), _negated=True), models.Q(('subject_group', models.F('object_group')), _negated=True)), name='rule_is_not_about_itself', violation_error_message='A rule cannot name the same product or group twice.'),
        ),
        migrations.AddConstraint(
            model_name='configurationrule',
            constraint=models.CheckConstraint(condition=models.Q(('valid_from', None), ('valid_to', None), ('valid_from__lte', models.F('valid_to')), _connector='OR'), name='rule_validity_in_order', violation_error_message='The last day is before the first.'),
        ),
        migrations.AddConstraint(
            model_name='productmerge',
            constraint=models.UniqueConstraint(condition=models.Q(('undone_at', None)), fields=('product',), name='merged_once'),
        ),
        migrations.AddConstraint(
            model_name='productmerge',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('undone_at', None), ('undone_by', None)), models.Q(('undone_at__isnull', False), ('undone_by__isnull', False)), _connector='OR'), name='product_merge_undone_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='productunit',
            constraint=models.UniqueConstraint(fields=('product', 'unit'), name='one_factor_per_unit'),
        ),
        migrations.AddConstraint(
            model_name='productunit',
            constraint=models.CheckConstraint(condition=models.Q(('denominator__gte', 1), ('numerator__gte', 1)), name='factor_is_positive'),
        ),
        migrations.AddConstraint(
            model_name='usagestep',
            constraint=models.UniqueConstraint(models.F('product'), models.F('metric'), django.db.models.functions.comparison.Coalesce('price_list', models.Value(0)), models.F('from_quantity'), django.db.models.functions.comparison.Coalesce('valid_from', models.Value('0001-01-01', output_field=models.DateField())), name='one_usage_step_per_start'),
        ),
        migrations.AddConstraint(
            model_name='usagestep',
            constraint=models.CheckConstraint(condition=models.Q(('from_quantity__gte', 0), ('price__gte', 0), models.Q(('cost', None), ('cost__gte', 0), _connector='OR')), name='usage_steps_are_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='usagestep',
            constraint=models.CheckConstraint(condition=models.Q(('valid_from', None), ('valid_to', None), ('valid_from__lte', models.F('valid_to')), _connector='OR'), name='usage_validity_in_order', violation_error_message='The last day is before the first.'),
        ),
        SEARCH,
    ]
