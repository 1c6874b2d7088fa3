"""Opportunities."""

import django.db.models.deletion
import django_fsm
import simple_history.models
from django.conf import settings
from django.db import migrations, models

from core.db import schema

MOVES = [
    ("new", "qualified"),
    ("new", "quoting"),
    ("new", "negotiation"),
    ("new", "ordered"),
    ("new", "lost"),
    ("qualified", "quoting"),
    ("qualified", "negotiation"),
    ("qualified", "ordered"),
    ("qualified", "lost"),
    ("quoting", "negotiation"),
    ("quoting", "ordered"),
    ("quoting", "lost"),
    ("negotiation", "ordered"),
    ("negotiation", "lost"),
    ("lost", "qualified"),
]


class Migration(migrations.Migration):

    replaces = [('opportunities', '0001_initial'), ('opportunities', '0003_guards')]

    initial = True

    dependencies = [
        ('accounts', '0001_tables'),
        ('users', '0001_tables'),
    ]

    operations = [
        schema.Tables(
            migrations.CreateModel(
                name='HistoricalOpportunity',
                fields=[
                    ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                    ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='version')),
                    ('status', django_fsm.FSMField(choices=[('new', 'New'), ('qualified', 'Qualified'), ('quoting', 'Quoting'), ('negotiation', 'Negotiation'), ('ordered', 'Ordered'), ('lost', 'Lost')], default='new', max_length=50, verbose_name='stage')),
                    ('name', models.CharField(max_length=200, verbose_name='name')),
                    ('value', models.DecimalField(decimal_places=2, default=0, max_digits=14, verbose_name='value, EUR')),
                    ('close_date', models.DateField(blank=True, null=True, verbose_name='expected close')),
                    ('created_at', models.DateTimeField(blank=True, editable=False, verbose_name='created')),
                    ('account', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.account', verbose_name='account')),
                    ('owner', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
                    ('history_id', models.AutoField(primary_key=True, serialize=False)),
                    ('history_date', models.DateTimeField(db_index=True)),
                    ('history_change_reason', models.CharField(max_length=100, null=True)),
                    ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                    ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'verbose_name': 'historical opportunity',
                    'verbose_name_plural': 'historical opportunities',
                    'ordering': ('-history_date', '-history_id'),
                    'get_latest_by': ('history_date', 'history_id'),
                },
                bases=(simple_history.models.HistoricalChanges, models.Model),
            ),
            migrations.CreateModel(
                name='Opportunity',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='version')),
                    ('status', django_fsm.FSMField(choices=[('new', 'New'), ('qualified', 'Qualified'), ('quoting', 'Quoting'), ('negotiation', 'Negotiation'), ('ordered', 'Ordered'), ('lost', 'Lost')], default='new', max_length=50, verbose_name='stage')),
                    ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='opportunities', to='accounts.account', verbose_name='account')),
                    ('name', models.CharField(max_length=200, verbose_name='name')),
                    ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='opportunities', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
                    ('value', models.DecimalField(decimal_places=2, default=0, max_digits=14, verbose_name='value, EUR')),
                    ('close_date', models.DateField(blank=True, null=True, verbose_name='expected close')),
                    ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ],
                options={
                    'verbose_name': 'opportunity',
                    'verbose_name_plural': 'opportunities',
                    'ordering': ['-id'],
                    'constraints': [models.CheckConstraint(condition=models.Q(('value__gte', 0)), name='opportunity_value_not_negative')],
                },
            ),
        ),
        schema.legal_transitions("opportunities_opportunity", "status", MOVES, start=["new"]),
    ]
