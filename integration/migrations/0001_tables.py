"""Runs of the customer master: settings, intakes and what is staged."""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from core.db import schema


class Migration(migrations.Migration):

    replaces = [('integration', '0001_initial'), ('integration', '0002_stages'), ('integration', '0003_packed_parts'), ('integration', '0004_more_checks'), ('integration', '0005_settings_in_bounds')]

    initial = True

    dependencies = [
        ('accounts', '0001_tables'),
        ('core', '0001_tables'),
        ('users', '0001_tables'),
    ]

    operations = [
        schema.Tables(
            migrations.CreateModel(
                name='FeedPage',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('feed', models.CharField(max_length=500, verbose_name='feed')),
                    ('snapshot', models.CharField(max_length=200, verbose_name='snapshot')),
                    ('number', models.PositiveIntegerField(verbose_name='page')),
                    ('following', models.CharField(max_length=1000, verbose_name='next cursor')),
                    ('total', models.PositiveIntegerField(verbose_name='rows in all')),
                    ('rows', models.BinaryField(verbose_name='rows')),
                    ('read_at', models.DateTimeField(verbose_name='read')),
                ],
                options={
                    'verbose_name': 'page of a feed',
                    'verbose_name_plural': 'pages of feeds',
                    'constraints': [models.UniqueConstraint(fields=('feed', 'number'), name='one_page_of_a_number_per_feed')],
                },
            ),
            migrations.CreateModel(
                name='Intake',
                fields=[
                    ('run', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='intake', serialize=False, to='core.jobrun', verbose_name='run')),
                    ('origin', models.CharField(choices=[('http', 'Price Manager'), ('folder', 'Watched folder'), ('upload', 'Upload'), ('command', 'Command line')], max_length=10, verbose_name='origin')),
                    ('address', models.CharField(blank=True, max_length=500, verbose_name='address')),
                    ('content', models.BinaryField(blank=True, null=True, verbose_name='content')),
                    ('profile', models.CharField(blank=True, max_length=300, verbose_name='profile')),
                    ('mode', models.CharField(choices=[('apply', 'Apply'), ('try', 'Only try'), ('ask', 'Apply unless there is something to look at first')], default='apply', max_length=10, verbose_name='mode')),
                    ('is_complete', models.BooleanField(default=False, verbose_name='holds everything there is')),
                    ('released_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='released by')),
                    ('released_at', models.DateTimeField(blank=True, null=True, verbose_name='released')),
                ],
                options={
                    'verbose_name': 'intake',
                    'verbose_name_plural': 'intakes',
                },
            ),
            migrations.CreateModel(
                name='ProposedChange',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='proposed', to='core.jobrun', verbose_name='run')),
                    ('account', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.account', verbose_name='account')),
                    ('number', models.CharField(max_length=40, verbose_name='customer number')),
                    ('name', models.CharField(blank=True, max_length=200, verbose_name='name')),
                    ('verb', models.CharField(max_length=40, verbose_name='what happens')),
                    ('changes', models.JSONField(default=dict, verbose_name='changes')),
                ],
                options={
                    'verbose_name': 'proposed change',
                    'verbose_name_plural': 'proposed changes',
                    'ordering': ['pk'],
                },
            ),
            migrations.CreateModel(
                name='RowDecision',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('child_id', models.CharField(max_length=40, unique=True, verbose_name='site number')),
                    ('parent_id', models.CharField(blank=True, max_length=40, verbose_name='parent')),
                    ('reason', models.CharField(blank=True, max_length=300, verbose_name='reason')),
                    ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by')),
                    ('at', models.DateTimeField(verbose_name='at')),
                ],
                options={
                    'verbose_name': 'decision about a row',
                    'verbose_name_plural': 'decisions about rows',
                    'ordering': ['child_id'],
                },
            ),
            migrations.CreateModel(
                name='SyncSettings',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('spared', models.PositiveIntegerField(default=20, verbose_name='always allowed, number')),
                    ('most_deactivated', models.DecimalField(decimal_places=2, default=2, max_digits=5, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)], verbose_name='accounts made inactive, % at most')),
                    ('most_moved', models.DecimalField(decimal_places=2, default=5, max_digits=5, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)], verbose_name='sites moved, % at most')),
                    ('most_renamed', models.DecimalField(decimal_places=2, default=10, max_digits=5, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)], verbose_name='names or categories changed, % at most')),
                    ('most_rows_less', models.DecimalField(decimal_places=2, default=10, max_digits=5, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)], verbose_name='fewer rows than last time, % at most')),
                    ('most_repriced', models.DecimalField(decimal_places=2, default=10, max_digits=5, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)], verbose_name='list prices changed by more than half, % of products at most')),
                    ('ask_above', models.DecimalField(decimal_places=2, default=10, max_digits=5, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)], verbose_name='an upload asks first above, % of accounts changed')),
                    ('runs_until_gone', models.PositiveSmallIntegerField(default=2, validators=[django.core.validators.MinValueValidator(2)], verbose_name='complete runs without a site until it is inactive')),
                ],
                options={
                    'verbose_name': 'sync settings',
                    'verbose_name_plural': 'sync settings',
                    'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='one_row_of_sync_settings'), models.CheckConstraint(condition=models.Q(('most_deactivated__gte', 0), ('most_moved__gte', 0), ('most_renamed__gte', 0), ('most_rows_less__gte', 0), ('most_repriced__gte', 0), ('ask_above__gte', 0), ('most_deactivated__lte', 100), ('most_moved__lte', 100), ('most_renamed__lte', 100), ('most_rows_less__lte', 100), ('most_repriced__lte', 100), ('ask_above__lte', 100)), name='sync_limits_are_shares'), models.CheckConstraint(condition=models.Q(('runs_until_gone__gte', 2)), name='gone_after_two_runs_at_least'), models.CheckConstraint(condition=models.Q(('spared__gte', 0)), name='spared_is_not_negative')],
                },
            ),
            migrations.CreateModel(
                name='QualityFigure',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('day', models.DateField(verbose_name='day')),
                    ('figure', models.CharField(max_length=40, verbose_name='figure')),
                    ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
                    ('number', models.PositiveIntegerField(verbose_name='number')),
                ],
                options={
                    'verbose_name': 'data quality figure',
                    'verbose_name_plural': 'data quality figures',
                    'constraints': [models.UniqueConstraint(fields=('day', 'figure', 'owner'), name='one_figure_a_day_and_owner'), models.UniqueConstraint(condition=models.Q(('owner', None)), fields=('day', 'figure'), name='one_figure_a_day_of_nobody')],
                },
            ),
            migrations.CreateModel(
                name='QuarantinedRow',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='quarantine', to='core.jobrun', verbose_name='run')),
                    ('row_number', models.PositiveIntegerField(verbose_name='row')),
                    ('key', models.CharField(blank=True, max_length=100, verbose_name='key')),
                    ('code', models.CharField(choices=[('cut_off', 'Cut off'), ('cell_count', 'Wrong number of cells'), ('control_character', 'Control character'), ('required', 'Missing value'), ('too_long', 'Too long'), ('not_a_number', 'Not a number'), ('too_many_decimals', 'Too many decimals'), ('too_large', 'Number too large'), ('negative', 'Negative number'), ('not_a_date', 'Not a date'), ('dates_out_of_order', 'Dates out of order'), ('not_a_flag', 'Neither yes nor no'), ('not_a_country', 'Not a country code'), ('not_a_business_id', 'Not a business ID'), ('duplicate', 'Duplicate with other values'), ('two_parents', 'Two parents'), ('cycle', 'Parents in a circle'), ('total_too_large', 'Sum of the parent too large'), ('reused_id', 'Number of another company')], max_length=40, verbose_name='rule')),
                    ('reason', models.CharField(max_length=500, verbose_name='reason')),
                    ('reason_en', models.CharField(max_length=500, null=True, verbose_name='reason')),
                    ('reason_fi', models.CharField(max_length=500, null=True, verbose_name='reason')),
                    ('raw', models.JSONField(default=dict, verbose_name='cells')),
                    ('is_cut', models.BooleanField(default=False, verbose_name='cells were shortened')),
                    ('handling', models.CharField(choices=[('open', 'Open'), ('fixed', 'Fixed here'), ('mapped', 'Mapped to a parent'), ('ignored', 'Ignored'), ('settled', 'Came right later'), ('superseded', 'Left out again later')], default='open', max_length=10, verbose_name='handling')),
                    ('handled_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='handled by')),
                    ('handled_at', models.DateTimeField(blank=True, null=True, verbose_name='handled')),
                ],
                options={
                    'verbose_name': 'quarantined row',
                    'verbose_name_plural': 'quarantined rows',
                    'ordering': ['run', 'row_number'],
                    'indexes': [models.Index(fields=['run', 'row_number'], name='quarantine_of_run'), models.Index(condition=models.Q(('handling', 'open')), fields=['key'], name='quarantine_open_keys')],
                },
            ),
            migrations.CreateModel(
                name='StagedPart',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='core.jobrun', verbose_name='run')),
                    ('number', models.PositiveSmallIntegerField(verbose_name='part')),
                    ('rows', models.BinaryField(verbose_name='rows')),
                    ('result', models.BinaryField(null=True, verbose_name='result')),
                    ('claimed_until', models.DateTimeField(null=True, verbose_name='claimed until')),
                ],
                options={
                    'verbose_name': 'staged part',
                    'verbose_name_plural': 'staged parts',
                    'constraints': [models.UniqueConstraint(fields=('run', 'number'), name='one_part_of_a_number_per_run')],
                },
            ),
        ),
        schema.unlogged("integration_stagedpart"),
        schema.unlogged("integration_feedpage"),
        schema.packed_already("integration_stagedpart", "rows", "result"),
        schema.packed_already("integration_feedpage", "rows"),
        schema.quickly_compressed("integration_intake", "content"),
    ]
