import django.db.models.deletion
import django_fsm
import simple_history.models
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('users', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Gate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=40, unique=True, verbose_name='code')),
                ('label', models.CharField(max_length=120, verbose_name='label')),
                ('label_en', models.CharField(max_length=120, null=True, verbose_name='label')),
                ('label_fi', models.CharField(max_length=120, null=True, verbose_name='label')),
                ('position', models.PositiveIntegerField(default=0, verbose_name='position')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
                ('permission', models.CharField(choices=[('account.view', 'account.view'), ('account.edit', 'account.edit'), ('activity.view', 'activity.view'), ('opportunity.view', 'opportunity.view'), ('product.view', 'product.view'), ('quote.view', 'quote.view'), ('quote.edit', 'quote.edit'), ('quote.surcharge', 'quote.surcharge'), ('margin.view', 'margin.view'), ('agreement.view', 'agreement.view'), ('approve.floor', 'approve.floor'), ('approve.margin', 'approve.margin'), ('approve.catalogue', 'approve.catalogue'), ('steward', 'steward'), ('admin', 'admin')], max_length=40, verbose_name='who may decide')),
                ('sla_hours', models.PositiveIntegerField(default=48, verbose_name='answer within, hours')),
            ],
            options={
                'verbose_name': 'approval gate',
                'verbose_name_plural': 'approval gates',
                'ordering': ['position', 'code'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='HistoricalGate',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('code', models.CharField(db_index=True, max_length=40, verbose_name='code')),
                ('label', models.CharField(max_length=120, verbose_name='label')),
                ('label_en', models.CharField(max_length=120, null=True, verbose_name='label')),
                ('label_fi', models.CharField(max_length=120, null=True, verbose_name='label')),
                ('position', models.PositiveIntegerField(default=0, verbose_name='position')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
                ('permission', models.CharField(choices=[('account.view', 'account.view'), ('account.edit', 'account.edit'), ('activity.view', 'activity.view'), ('opportunity.view', 'opportunity.view'), ('product.view', 'product.view'), ('quote.view', 'quote.view'), ('quote.edit', 'quote.edit'), ('quote.surcharge', 'quote.surcharge'), ('margin.view', 'margin.view'), ('agreement.view', 'agreement.view'), ('approve.floor', 'approve.floor'), ('approve.margin', 'approve.margin'), ('approve.catalogue', 'approve.catalogue'), ('steward', 'steward'), ('admin', 'admin')], max_length=40, verbose_name='who may decide')),
                ('sla_hours', models.PositiveIntegerField(default=48, verbose_name='answer within, hours')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'historical approval gate',
                'verbose_name_plural': 'historical approval gates',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='Run',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', django_fsm.FSMField(choices=[('open', 'In progress'), ('approved', 'Approved'), ('rejected', 'Rejected'), ('recalled', 'Recalled')], default='open', max_length=50, verbose_name='status')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('subject_type', models.CharField(max_length=40, verbose_name='kind')),
                ('subject_id', models.BigIntegerField(verbose_name='subject')),
                ('subject_version', models.PositiveIntegerField(verbose_name='version')),
                ('content_hash', models.CharField(max_length=64, verbose_name='content hash')),
                ('reason', models.TextField(blank=True, verbose_name='reason')),
                ('started_at', models.DateTimeField(verbose_name='asked')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='finished')),
                ('last_editor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='last edited by')),
                ('requested_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='asked by')),
            ],
            options={
                'verbose_name': 'approval',
                'verbose_name_plural': 'approvals',
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['subject_type', 'subject_id'], name='run_of_subject')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('status', 'open')), fields=('subject_type', 'subject_id'), name='one_open_run_per_subject'), models.CheckConstraint(condition=models.Q(models.Q(('finished_at', None), ('status', 'open')), models.Q(models.Q(('status', 'open'), _negated=True), ('finished_at__isnull', False)), _connector='OR'), name='run_finished_or_open')],
            },
        ),
        migrations.CreateModel(
            name='Request',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', django_fsm.FSMField(choices=[('pending', 'Waiting'), ('approved', 'Approved'), ('rejected', 'Rejected'), ('cancelled', 'Cancelled')], default='pending', max_length=50, verbose_name='status')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('position', models.PositiveIntegerField(verbose_name='step')),
                ('is_open', models.BooleanField(default=False, help_text='Later steps wait until the earlier ones are approved.', verbose_name='being asked')),
                ('summary', models.JSONField(default=dict, verbose_name='what was asked')),
                ('asked_at', models.DateTimeField(blank=True, null=True, verbose_name='asked')),
                ('due_at', models.DateTimeField(blank=True, null=True, verbose_name='due')),
                ('approver', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='approval_requests', to=settings.AUTH_USER_MODEL, verbose_name='approver')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='requests', to='approvals.run', verbose_name='approval')),
            ],
            options={
                'verbose_name': 'approval request',
                'verbose_name_plural': 'approval requests',
                'ordering': ['run', 'position'],
                'constraints': [models.UniqueConstraint(fields=('run', 'approver'), name='one_request_per_approver_and_run'), models.UniqueConstraint(condition=models.Q(('approver', None)), fields=('run',), name='one_queue_request_per_run'), models.CheckConstraint(condition=models.Q(('is_open', False), models.Q(('asked_at__isnull', False), ('due_at__isnull', False)), _connector='OR'), name='an_open_request_has_a_deadline')],
                'indexes': [models.Index(condition=models.Q(('is_open', True), ('status', 'pending')), fields=['approver', 'due_at'], name='requests_waiting')],
            },
        ),
        migrations.CreateModel(
            name='RunGate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('gate', models.CharField(max_length=40, verbose_name='gate')),
                ('permission', models.CharField(max_length=40, verbose_name='who may decide')),
                ('position', models.PositiveIntegerField(verbose_name='order')),
                ('definition', models.JSONField(default=dict, verbose_name='definition then')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='gates', to='approvals.request', verbose_name='request')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='gates', to='approvals.run', verbose_name='approval')),
            ],
            options={
                'verbose_name': 'gate of an approval',
                'verbose_name_plural': 'gates of an approval',
                'ordering': ['position'],
                'constraints': [models.UniqueConstraint(fields=('run', 'gate'), name='one_gate_per_run')],
            },
        ),
        migrations.CreateModel(
            name='Decision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('verdict', models.CharField(choices=[('approve', 'Approve'), ('reject', 'Reject')], max_length=10, verbose_name='verdict')),
                ('comment', models.TextField(blank=True, verbose_name='comment')),
                ('subject_version', models.PositiveIntegerField(verbose_name='version')),
                ('content_hash', models.CharField(max_length=64, verbose_name='content hash')),
                ('via', models.CharField(choices=[('page', 'Page'), ('link', 'Link in a mail'), ('api', 'API')], max_length=10, verbose_name='by way of')),
                ('ip', models.GenericIPAddressField(blank=True, null=True, verbose_name='IP address')),
                ('at', models.DateTimeField(verbose_name='at')),
                ('decided_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
                ('last_editor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='last edited by')),
                ('requested_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='asked by')),
                ('request', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='decision', to='approvals.request', verbose_name='request')),
            ],
            options={
                'verbose_name': 'decision',
                'verbose_name_plural': 'decisions',
                'ordering': ['id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('decided_by', models.F('requested_by')), _negated=True), name='nobody_approves_their_own_request'), models.CheckConstraint(condition=models.Q(('decided_by', models.F('last_editor')), _negated=True), name='nobody_approves_their_own_edit'), models.CheckConstraint(condition=models.Q(('comment', ''), ('verdict', 'reject'), _negated=True), name='a_rejection_says_why')],
            },
        ),
    ]
