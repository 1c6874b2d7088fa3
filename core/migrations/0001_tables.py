"""Events, the outbox, jobs and their runs, numbers, links, keys of repeated requests and counters of attempts."""

import core.db
import django.db.models.deletion
import django.db.models.lookups
import uuid
from django.conf import settings
from django.db import migrations, models

from core.db import schema


class Migration(migrations.Migration):

    replaces = [('core', '0001_initial'), ('core', '0003_events_append_only'), ('core', '0004_idempotency_keys'), ('core', '0005_rate_buckets'), ('core', '0006_rate_buckets_unlogged'), ('core', '0007_run_leases'), ('core', '0008_events_of_run'), ('core', '0009_urgent_messages'), ('core', '0010_stamp_of_what_is_set_up')]

    initial = True

    dependencies = [
        ('users', '0001_tables'),
    ]

    operations = [
        schema.Tables(
            migrations.CreateModel(
                name='MailboxMessage',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('sender', models.CharField(max_length=320, verbose_name='from')),
                    ('recipients', models.CharField(max_length=2000, verbose_name='to')),
                    ('subject', models.CharField(max_length=500, verbose_name='subject')),
                    ('text', models.TextField(verbose_name='text')),
                    ('html', models.TextField(blank=True, verbose_name='HTML')),
                    ('headers', models.JSONField(default=dict, verbose_name='headers')),
                    ('attachments', models.JSONField(default=list, verbose_name='attachments')),
                    ('at', models.DateTimeField(auto_now_add=True, verbose_name='at')),
                ],
                options={
                    'verbose_name': 'demo mail',
                    'verbose_name_plural': 'demo mails',
                    'ordering': ['-id'],
                },
            ),
            migrations.CreateModel(
                name='RateBucket',
                fields=[
                    ('key', models.CharField(max_length=64, primary_key=True, serialize=False)),
                    ('empty_at', models.BigIntegerField()),
                ],
                options={
                    'verbose_name': 'count of attempts',
                    'verbose_name_plural': 'counts of attempts',
                },
            ),
            migrations.CreateModel(
                name='NumberSeries',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('series', models.CharField(max_length=10)),
                    ('year', models.PositiveIntegerField()),
                    ('last', models.PositiveIntegerField(default=0)),
                ],
                options={
                    'verbose_name': 'number series',
                    'verbose_name_plural': 'number series',
                    'constraints': [models.UniqueConstraint(fields=('series', 'year'), name='one_counter_per_series_and_year')],
                },
            ),
            migrations.CreateModel(
                name='OutboxMessage',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                    ('topic', models.CharField(max_length=60, verbose_name='topic')),
                    ('is_urgent', models.BooleanField(default=False, verbose_name='somebody waits for it')),
                    ('payload', models.JSONField(default=dict, verbose_name='ids')),
                    ('available_at', models.DateTimeField(verbose_name='not before')),
                    ('claimed_until', models.DateTimeField(blank=True, null=True, verbose_name='claimed until')),
                    ('attempts', models.PositiveIntegerField(default=0, verbose_name='attempts')),
                    ('delivered_at', models.DateTimeField(blank=True, null=True, verbose_name='delivered')),
                    ('dead_at', models.DateTimeField(blank=True, null=True, verbose_name='given up')),
                    ('last_error', models.TextField(blank=True, verbose_name='last error')),
                    ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                    ('retried_at', models.DateTimeField(blank=True, null=True, verbose_name='tried anew since')),
                ],
                options={
                    'verbose_name': 'outgoing message',
                    'verbose_name_plural': 'outgoing messages',
                    'ordering': ['id'],
                    'indexes': [models.Index(condition=models.Q(('dead_at', None), ('delivered_at', None)), fields=['-is_urgent', 'available_at', 'id'], name='outbox_waiting'), models.Index(condition=models.Q(models.Q(('last_error', ''), _negated=True), ('delivered_at', None)), fields=['-id'], name='outbox_failing')],
                },
            ),
            migrations.CreateModel(
                name='Event',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('subject_type', models.CharField(max_length=40, verbose_name='kind of record')),
                    ('subject_id', models.BigIntegerField(verbose_name='record')),
                    ('verb', models.CharField(max_length=60, verbose_name='what happened')),
                    ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by')),
                    ('by_name', models.CharField(blank=True, max_length=150, verbose_name='name')),
                    ('reason', models.TextField(blank=True, verbose_name='reason')),
                    ('data', models.JSONField(blank=True, default=dict, verbose_name='details')),
                    ('at', models.DateTimeField(verbose_name='at')),
                ],
                options={
                    'verbose_name': 'event',
                    'verbose_name_plural': 'events',
                    'ordering': ['-id'],
                    'indexes': [models.Index(fields=['subject_type', 'subject_id', '-id'], name='event_of_subject'), models.Index(core.db.JsonText('data', key='run'), models.F('subject_id'), models.F('id'), condition=models.Q(django.db.models.lookups.IsNull(core.db.JsonText('data', key='run'), False)), name='event_of_run')],
                },
            ),
            migrations.CreateModel(
                name='IdempotencyKey',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('key', models.CharField(max_length=255)),
                    ('method', models.CharField(max_length=10)),
                    ('path', models.CharField(max_length=500)),
                    ('body_hash', models.CharField(max_length=64)),
                    ('claimed_until', models.DateTimeField()),
                    ('status', models.PositiveSmallIntegerField(null=True)),
                    ('body', models.JSONField(null=True)),
                    ('headers', models.JSONField(default=dict)),
                    ('created_at', models.DateTimeField(db_index=True)),
                ],
                options={
                    'verbose_name': 'idempotency key',
                    'verbose_name_plural': 'idempotency keys',
                    'constraints': [models.UniqueConstraint(fields=('user', 'key'), name='one_row_per_key')],
                },
            ),
            migrations.CreateModel(
                name='JobRun',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('kind', models.CharField(max_length=40, verbose_name='kind')),
                    ('status', models.CharField(choices=[('running', 'Running'), ('applied', 'Applied'), ('dry_run', 'Dry run'), ('unchanged', 'Nothing to do'), ('quarantined', 'Quarantined'), ('incomplete', 'Incomplete'), ('failed', 'Failed'), ('cancelled', 'Cancelled'), ('rejected', 'Rejected')], default='running', max_length=20, verbose_name='status')),
                    ('phase', models.CharField(blank=True, max_length=40, verbose_name='phase')),
                    ('source', models.CharField(blank=True, max_length=300, verbose_name='source')),
                    ('source_hash', models.CharField(blank=True, max_length=64, verbose_name='hash of the source')),
                    ('counts', models.JSONField(default=dict, verbose_name='counts')),
                    ('error', models.TextField(blank=True, verbose_name='error')),
                    ('started_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='started by')),
                    ('started_at', models.DateTimeField(verbose_name='started')),
                    ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='finished')),
                    ('lease_until', models.DateTimeField(blank=True, null=True, verbose_name='alive until')),
                    ('cancel_asked_at', models.DateTimeField(blank=True, null=True, verbose_name='cancel asked')),
                ],
                options={
                    'verbose_name': 'run',
                    'verbose_name_plural': 'runs',
                    'ordering': ['-id'],
                    'constraints': [models.UniqueConstraint(condition=models.Q(('status', 'running')), fields=('kind',), name='one_run_of_a_kind_at_a_time')],
                },
            ),
            migrations.CreateModel(
                name='Link',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                    ('purpose', models.CharField(choices=[('approval', 'Approval'), ('quote', "Customer's quote")], max_length=20)),
                    ('subject_id', models.BigIntegerField()),
                    ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('nonce', models.CharField(max_length=32)),
                    ('token_hash', models.CharField(max_length=64, unique=True)),
                    ('expires_at', models.DateTimeField()),
                    ('revoked_at', models.DateTimeField(blank=True, null=True)),
                    ('created_at', models.DateTimeField(auto_now_add=True)),
                ],
                options={
                    'verbose_name': 'link',
                    'verbose_name_plural': 'links',
                    'indexes': [models.Index(fields=['purpose', 'subject_id'], name='link_of_subject')],
                },
            ),
        ),
        schema.append_only("core_event"),
        schema.unlogged("core_ratebucket"),
        schema.stamps(),
    ]
