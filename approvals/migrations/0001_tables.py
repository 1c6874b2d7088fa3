"""Gates, rules and limits; runs with their requests, decisions and remarks."""

import datetime
import django.db.models.deletion
import django_fsm
import simple_history.models
import users.roles
import uuid
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models

from core.db import schema

RUN = [("open", "approved"), ("open", "rejected"), ("open", "recalled"), ("open", "returned")]
REQUEST = [("pending", "approved"), ("pending", "rejected"), ("pending", "cancelled"), ("pending", "returned")]
STAMPED = (
    "approvals_gate",
    "approvals_rule",
    "approvals_condition",
    "approvals_step",
    "approvals_step_people",
    "approvals_authoritylimit",
)


class Migration(migrations.Migration):

    replaces = [('approvals', '0001_initial'), ('approvals', '0003_guards'), ('approvals', '0004_deadlines'), ('approvals', '0005_settings'), ('approvals', '0006_rules'), ('approvals', '0007_usual_rules'), ('approvals', '0008_history'), ('approvals', '0009_more_rights'), ('approvals', '0010_alter_gate_permission_and_more'), ('approvals', '0011_rules_are_stamped')]

    initial = True

    dependencies = [
        ('core', '0001_tables'),
        ('users', '0001_tables'),
    ]

    operations = [
        schema.Tables(
            migrations.CreateModel(
                name='ApprovalSettings',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('link_power', models.CharField(choices=[('off', 'Never: the approver signs in'), ('limit', 'Up to the limit'), ('always', 'Always')], default='limit', help_text='Where it does not, it opens the page, and the approver signs in to decide.', max_length=10, verbose_name='the link in a mail decides')),
                    ('link_limit', models.DecimalField(decimal_places=2, default=Decimal('100000'), max_digits=14, verbose_name='a link decides up to, EUR net')),
                    ('batch_limit', models.DecimalField(decimal_places=2, default=Decimal('10000'), max_digits=14, verbose_name='several are approved together up to, EUR net each')),
                ],
                options={
                    'verbose_name': 'approval settings',
                    'verbose_name_plural': 'approval settings',
                    'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='one_row_of_approval_settings'), models.CheckConstraint(condition=models.Q(('batch_limit__gte', 0), ('link_limit__gte', 0)), name='approval_limits_are_not_negative')],
                },
            ),
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
                    ('permission', models.CharField(choices=[('account.view', 'account.view'), ('account.edit', 'account.edit'), ('activity.view', 'activity.view'), ('opportunity.view', 'opportunity.view'), ('product.view', 'product.view'), ('quote.view', 'quote.view'), ('quote.edit', 'quote.edit'), ('quote.surcharge', 'quote.surcharge'), ('sow.write', 'sow.write'), ('margin.view', 'margin.view'), ('agreement.view', 'agreement.view'), ('approve.floor', 'approve.floor'), ('approve.margin', 'approve.margin'), ('approve.catalogue', 'approve.catalogue'), ('approve.terms', 'approve.terms'), ('csr.view', 'csr.view'), ('csr.register', 'csr.register'), ('approve.csr_pre', 'approve.csr_pre'), ('approve.csr_final', 'approve.csr_final'), ('steward', 'steward'), ('admin', 'admin')], max_length=40, verbose_name='who may decide')),
                    ('sla_hours', models.PositiveIntegerField(default=48, verbose_name='answer within, hours')),
                    ('remind_hours', models.PositiveIntegerField(default=24, help_text='0: nobody is reminded.', verbose_name='remind after, hours')),
                    ('clock', models.CharField(choices=[('working', 'Working hours'), ('calendar', 'All hours')], default='working', help_text='Working hours are those of the business unit of whoever is asked, without weekends and holidays.', max_length=10, verbose_name='which hours')),
                    ('escalate_to', models.ForeignKey(blank=True, help_text='Left empty, the manager of whoever was asked, else of who asked. Only somebody who may decide is asked.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who is asked when nobody answers')),
                    ('may_be_automatic', models.BooleanField(default=False, help_text='Whether a rule of this gate may approve without asking anybody.', verbose_name='rules may approve')),
                ],
                options={
                    'verbose_name': 'approval gate',
                    'verbose_name_plural': 'approval gates',
                    'ordering': ['position', 'code'],
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='HistoricalApprovalSettings',
                fields=[
                    ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                    ('link_power', models.CharField(choices=[('off', 'Never: the approver signs in'), ('limit', 'Up to the limit'), ('always', 'Always')], default='limit', help_text='Where it does not, it opens the page, and the approver signs in to decide.', max_length=10, verbose_name='the link in a mail decides')),
                    ('link_limit', models.DecimalField(decimal_places=2, default=Decimal('100000'), max_digits=14, verbose_name='a link decides up to, EUR net')),
                    ('batch_limit', models.DecimalField(decimal_places=2, default=Decimal('10000'), max_digits=14, verbose_name='several are approved together up to, EUR net each')),
                    ('history_id', models.AutoField(primary_key=True, serialize=False)),
                    ('history_date', models.DateTimeField(db_index=True)),
                    ('history_change_reason', models.CharField(max_length=100, null=True)),
                    ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                    ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'verbose_name': 'historical approval settings',
                    'verbose_name_plural': 'historical approval settings',
                    'ordering': ('-history_date', '-history_id'),
                    'get_latest_by': ('history_date', 'history_id'),
                },
                bases=(simple_history.models.HistoricalChanges, models.Model),
            ),
            migrations.CreateModel(
                name='HistoricalAuthorityLimit',
                fields=[
                    ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                    ('role', models.CharField(blank=True, choices=users.roles.role_choices, max_length=40, verbose_name='role')),
                    ('up_to', models.DecimalField(decimal_places=2, max_digits=14, verbose_name='approves up to, EUR net')),
                    ('gate', models.ForeignKey(blank=True, db_constraint=False, help_text='Empty: all of them. A limit for one gate goes before it.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='approvals.gate', verbose_name='approval gate')),
                    ('user', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person')),
                    ('history_id', models.AutoField(primary_key=True, serialize=False)),
                    ('history_date', models.DateTimeField(db_index=True)),
                    ('history_change_reason', models.CharField(max_length=100, null=True)),
                    ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                    ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'verbose_name': 'historical authority limit',
                    'verbose_name_plural': 'historical authority limits',
                    'ordering': ('-history_date', '-history_id'),
                    'get_latest_by': ('history_date', 'history_id'),
                },
                bases=(simple_history.models.HistoricalChanges, models.Model),
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
                    ('permission', models.CharField(choices=[('account.view', 'account.view'), ('account.edit', 'account.edit'), ('activity.view', 'activity.view'), ('opportunity.view', 'opportunity.view'), ('product.view', 'product.view'), ('quote.view', 'quote.view'), ('quote.edit', 'quote.edit'), ('quote.surcharge', 'quote.surcharge'), ('sow.write', 'sow.write'), ('margin.view', 'margin.view'), ('agreement.view', 'agreement.view'), ('approve.floor', 'approve.floor'), ('approve.margin', 'approve.margin'), ('approve.catalogue', 'approve.catalogue'), ('approve.terms', 'approve.terms'), ('csr.view', 'csr.view'), ('csr.register', 'csr.register'), ('approve.csr_pre', 'approve.csr_pre'), ('approve.csr_final', 'approve.csr_final'), ('steward', 'steward'), ('admin', 'admin')], max_length=40, verbose_name='who may decide')),
                    ('sla_hours', models.PositiveIntegerField(default=48, verbose_name='answer within, hours')),
                    ('remind_hours', models.PositiveIntegerField(default=24, help_text='0: nobody is reminded.', verbose_name='remind after, hours')),
                    ('clock', models.CharField(choices=[('working', 'Working hours'), ('calendar', 'All hours')], default='working', help_text='Working hours are those of the business unit of whoever is asked, without weekends and holidays.', max_length=10, verbose_name='which hours')),
                    ('may_be_automatic', models.BooleanField(default=False, help_text='Whether a rule of this gate may approve without asking anybody.', verbose_name='rules may approve')),
                    ('escalate_to', models.ForeignKey(blank=True, db_constraint=False, help_text='Left empty, the manager of whoever was asked, else of who asked. Only somebody who may decide is asked.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who is asked when nobody answers')),
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
                name='HistoricalRule',
                fields=[
                    ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                    ('name', models.CharField(max_length=120, verbose_name='name')),
                    ('outcome', models.CharField(choices=[('ask', 'Somebody is asked'), ('approve', 'Approved without asking'), ('inform', 'Somebody is told, nobody is asked')], default='ask', max_length=10, verbose_name='what happens')),
                    ('priority', models.PositiveIntegerField(default=100, help_text='Of equally specific rules the smaller number wins.', verbose_name='priority')),
                    ('is_active', models.BooleanField(default=True, verbose_name='in use')),
                    ('gate', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='approvals.gate', verbose_name='approval gate')),
                    ('unit', models.ForeignKey(blank=True, db_constraint=False, help_text='Empty: all of them.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='users.businessunit', verbose_name='business unit')),
                    ('history_id', models.AutoField(primary_key=True, serialize=False)),
                    ('history_date', models.DateTimeField(db_index=True)),
                    ('history_change_reason', models.CharField(max_length=100, null=True)),
                    ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                    ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'verbose_name': 'historical approval rule',
                    'verbose_name_plural': 'historical approval rules',
                    'ordering': ('-history_date', '-history_id'),
                    'get_latest_by': ('history_date', 'history_id'),
                },
                bases=(simple_history.models.HistoricalChanges, models.Model),
            ),
            migrations.CreateModel(
                name='Run',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('status', django_fsm.FSMField(choices=[('open', 'In progress'), ('approved', 'Approved'), ('rejected', 'Rejected'), ('recalled', 'Recalled'), ('returned', 'Asked back')], default='open', max_length=50, verbose_name='status')),
                    ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                    ('subject_type', models.CharField(max_length=40, verbose_name='kind')),
                    ('subject_id', models.BigIntegerField(verbose_name='subject')),
                    ('subject_version', models.PositiveIntegerField(verbose_name='version')),
                    ('content_hash', models.CharField(max_length=64, verbose_name='content hash')),
                    ('requested_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='asked by')),
                    ('last_editor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='last edited by')),
                    ('reason', models.TextField(blank=True, verbose_name='reason')),
                    ('amount', models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True, verbose_name='value, EUR net')),
                    ('case', models.JSONField(default=dict, verbose_name='case')),
                    ('compared_with', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='approvals.run', verbose_name='compared with')),
                    ('started_at', models.DateTimeField(verbose_name='asked')),
                    ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='finished')),
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
                    ('status', django_fsm.FSMField(choices=[('pending', 'Waiting'), ('approved', 'Approved'), ('rejected', 'Rejected'), ('cancelled', 'Cancelled'), ('returned', 'Asked back')], default='pending', max_length=50, verbose_name='status')),
                    ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                    ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='requests', to='approvals.run', verbose_name='approval')),
                    ('approver', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='approval_requests', to=settings.AUTH_USER_MODEL, verbose_name='approver')),
                    ('position', models.PositiveIntegerField(verbose_name='step')),
                    ('is_open', models.BooleanField(default=False, help_text='Later steps wait until the earlier ones are approved.', verbose_name='being asked')),
                    ('summary', models.JSONField(default=dict, verbose_name='what was asked')),
                    ('asked_at', models.DateTimeField(blank=True, null=True, verbose_name='asked')),
                    ('due_at', models.DateTimeField(blank=True, null=True, verbose_name='due')),
                    ('remind_at', models.DateTimeField(blank=True, null=True, verbose_name='reminder')),
                    ('escalated_at', models.DateTimeField(blank=True, null=True, verbose_name='passed on for want of an answer')),
                    ('escalations', models.PositiveSmallIntegerField(default=0, verbose_name='how often')),
                    ('instead_of', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='stands in for')),
                    ('continues', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='continued_by', to='approvals.request', verbose_name='goes on from')),
                    ('spent_working', models.DurationField(default=datetime.timedelta(0), verbose_name='working time spent before')),
                    ('spent_all', models.DurationField(default=datetime.timedelta(0), verbose_name='time spent before')),
                ],
                options={
                    'verbose_name': 'approval request',
                    'verbose_name_plural': 'approval requests',
                    'ordering': ['run', 'position'],
                    'indexes': [models.Index(condition=models.Q(('is_open', True), ('status', 'pending')), fields=['approver', 'due_at'], name='requests_waiting'), models.Index(condition=models.Q(('is_open', True), ('status', 'pending')), fields=['due_at'], name='requests_to_pass_on'), models.Index(condition=models.Q(('remind_at__isnull', False)), fields=['remind_at'], name='requests_to_remind')],
                    'constraints': [models.UniqueConstraint(fields=('run', 'approver'), name='one_request_per_approver_and_run'), models.CheckConstraint(condition=models.Q(('is_open', False), models.Q(('asked_at__isnull', False), ('due_at__isnull', False)), _connector='OR'), name='an_open_request_has_a_deadline')],
                },
            ),
            migrations.CreateModel(
                name='Decision',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('request', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='decision', to='approvals.request', verbose_name='request')),
                    ('verdict', models.CharField(choices=[('approve', 'Approve'), ('reject', 'Reject')], max_length=10, verbose_name='verdict')),
                    ('comment', models.TextField(blank=True, verbose_name='comment')),
                    ('decided_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
                    ('requested_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='asked by')),
                    ('last_editor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='last edited by')),
                    ('subject_version', models.PositiveIntegerField(verbose_name='version')),
                    ('content_hash', models.CharField(max_length=64, verbose_name='content hash')),
                    ('via', models.CharField(choices=[('page', 'Page'), ('link', 'Link in a mail'), ('api', 'API')], max_length=10, verbose_name='by way of')),
                    ('ip', models.GenericIPAddressField(blank=True, null=True, verbose_name='IP address')),
                    ('at', models.DateTimeField(verbose_name='at')),
                ],
                options={
                    'verbose_name': 'decision',
                    'verbose_name_plural': 'decisions',
                    'ordering': ['id'],
                    'constraints': [models.CheckConstraint(condition=models.Q(('decided_by', models.F('requested_by')), _negated=True), name='nobody_approves_their_own_request'), models.CheckConstraint(condition=models.Q(('decided_by', models.F('last_editor')), _negated=True), name='nobody_approves_their_own_edit'), models.CheckConstraint(condition=models.Q(('comment', ''), ('verdict', 'reject'), _negated=True), name='a_rejection_says_why')],
                },
            ),
            migrations.CreateModel(
                name='Rule',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('gate', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rules', to='approvals.gate', verbose_name='approval gate')),
                    ('name', models.CharField(max_length=120, verbose_name='name')),
                    ('unit', models.ForeignKey(blank=True, help_text='Empty: all of them.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='users.businessunit', verbose_name='business unit')),
                    ('outcome', models.CharField(choices=[('ask', 'Somebody is asked'), ('approve', 'Approved without asking'), ('inform', 'Somebody is told, nobody is asked')], default='ask', max_length=10, verbose_name='what happens')),
                    ('priority', models.PositiveIntegerField(default=100, help_text='Of equally specific rules the smaller number wins.', verbose_name='priority')),
                    ('is_active', models.BooleanField(default=True, verbose_name='in use')),
                ],
                options={
                    'verbose_name': 'approval rule',
                    'verbose_name_plural': 'approval rules',
                    'ordering': ['gate__position', 'gate__code', 'priority', 'id'],
                },
            ),
            migrations.CreateModel(
                name='HistoricalStep',
                fields=[
                    ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                    ('position', models.PositiveSmallIntegerField(default=1, verbose_name='step')),
                    ('who', models.CharField(choices=[('right', 'Whoever holds the right of the gate'), ('role', 'A role'), ('people', 'Named people'), ('manager', 'The manager of who asks'), ('managers', 'All managers above who asks'), ('stewards', 'The data stewards')], default='right', max_length=10, verbose_name='who is asked')),
                    ('role', models.CharField(blank=True, choices=users.roles.role_choices, max_length=40, verbose_name='role')),
                    ('quorum', models.CharField(choices=[('one', 'One, whom the requester picks'), ('any', 'All are asked, the first yes is enough'), ('all', 'All of them'), ('number', 'All are asked, so many must say yes')], default='one', max_length=10, verbose_name='how many answer')),
                    ('needed', models.PositiveSmallIntegerField(default=1, verbose_name='yeses needed')),
                    ('rule', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='approvals.rule', verbose_name='approval rule')),
                    ('history_id', models.AutoField(primary_key=True, serialize=False)),
                    ('history_date', models.DateTimeField(db_index=True)),
                    ('history_change_reason', models.CharField(max_length=100, null=True)),
                    ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                    ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'verbose_name': 'historical step',
                    'verbose_name_plural': 'historical steps',
                    'ordering': ('-history_date', '-history_id'),
                    'get_latest_by': ('history_date', 'history_id'),
                },
                bases=(simple_history.models.HistoricalChanges, models.Model),
            ),
            migrations.CreateModel(
                name='HistoricalCondition',
                fields=[
                    ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                    ('field', models.CharField(max_length=40, verbose_name='what')),
                    ('operator', models.CharField(choices=[('eq', 'is'), ('ne', 'is not'), ('lt', 'below'), ('le', 'at most'), ('gt', 'above'), ('ge', 'at least'), ('in', 'one of')], max_length=2, verbose_name='comparison')),
                    ('value', models.CharField(help_text='Several codes are parted by commas.', max_length=200, verbose_name='value')),
                    ('rule', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='approvals.rule', verbose_name='approval rule')),
                    ('history_id', models.AutoField(primary_key=True, serialize=False)),
                    ('history_date', models.DateTimeField(db_index=True)),
                    ('history_change_reason', models.CharField(max_length=100, null=True)),
                    ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                    ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'verbose_name': 'historical condition',
                    'verbose_name_plural': 'historical conditions',
                    'ordering': ('-history_date', '-history_id'),
                    'get_latest_by': ('history_date', 'history_id'),
                },
                bases=(simple_history.models.HistoricalChanges, models.Model),
            ),
            migrations.CreateModel(
                name='Condition',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('rule', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='conditions', to='approvals.rule', verbose_name='approval rule')),
                    ('field', models.CharField(max_length=40, verbose_name='what')),
                    ('operator', models.CharField(choices=[('eq', 'is'), ('ne', 'is not'), ('lt', 'below'), ('le', 'at most'), ('gt', 'above'), ('ge', 'at least'), ('in', 'one of')], max_length=2, verbose_name='comparison')),
                    ('value', models.CharField(help_text='Several codes are parted by commas.', max_length=200, verbose_name='value')),
                ],
                options={
                    'verbose_name': 'condition',
                    'verbose_name_plural': 'conditions',
                    'ordering': ['id'],
                },
            ),
            migrations.CreateModel(
                name='Remark',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='remarks', to='approvals.run', verbose_name='approval')),
                    ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='remarks', to='approvals.request', verbose_name='request')),
                    ('kind', models.CharField(choices=[('comment', 'Comment'), ('question', 'Question')], default='comment', max_length=10, verbose_name='kind')),
                    ('text', models.TextField(verbose_name='comment')),
                    ('lines', models.JSONField(blank=True, default=list, verbose_name='lines meant')),
                    ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by')),
                    ('via', models.CharField(choices=[('page', 'Page'), ('link', 'Link in a mail'), ('api', 'API')], max_length=10, verbose_name='by way of')),
                    ('at', models.DateTimeField(verbose_name='at')),
                ],
                options={
                    'verbose_name': 'remark',
                    'verbose_name_plural': 'remarks',
                    'ordering': ['id'],
                    'constraints': [models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='a_remark_says_something')],
                },
            ),
            migrations.CreateModel(
                name='RunGate',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='gates', to='approvals.run', verbose_name='approval')),
                    ('request', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='gates', to='approvals.request', verbose_name='request')),
                    ('settled', models.CharField(choices=[('asked', 'Somebody is asked'), ('automatic', 'Approved by a rule'), ('carried', 'Still approved')], default='asked', max_length=10, verbose_name='how')),
                    ('carried_from', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='approvals.decision', verbose_name='still approved by')),
                    ('step', models.PositiveSmallIntegerField(default=1, verbose_name='step')),
                    ('gate', models.CharField(max_length=40, verbose_name='gate')),
                    ('permission', models.CharField(max_length=40, verbose_name='who may decide')),
                    ('position', models.PositiveIntegerField(verbose_name='order')),
                    ('definition', models.JSONField(default=dict, verbose_name='definition then')),
                ],
                options={
                    'verbose_name': 'gate of an approval',
                    'verbose_name_plural': 'gates of an approval',
                    'ordering': ['position'],
                    'constraints': [models.UniqueConstraint(fields=('request', 'gate', 'step'), name='one_row_per_request_gate_and_step'), models.CheckConstraint(condition=models.Q(models.Q(('carried_from', None), ('request__isnull', False), ('settled', 'asked')), models.Q(('carried_from', None), ('request', None), ('settled', 'automatic')), models.Q(('carried_from__isnull', False), ('request', None), ('settled', 'carried')), _connector='OR'), name='a_gate_is_asked_or_settled')],
                },
            ),
            migrations.CreateModel(
                name='Step',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('rule', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='approvals.rule', verbose_name='approval rule')),
                    ('position', models.PositiveSmallIntegerField(default=1, verbose_name='step')),
                    ('who', models.CharField(choices=[('right', 'Whoever holds the right of the gate'), ('role', 'A role'), ('people', 'Named people'), ('manager', 'The manager of who asks'), ('managers', 'All managers above who asks'), ('stewards', 'The data stewards')], default='right', max_length=10, verbose_name='who is asked')),
                    ('role', models.CharField(blank=True, choices=users.roles.role_choices, max_length=40, verbose_name='role')),
                    ('quorum', models.CharField(choices=[('one', 'One, whom the requester picks'), ('any', 'All are asked, the first yes is enough'), ('all', 'All of them'), ('number', 'All are asked, so many must say yes')], default='one', max_length=10, verbose_name='how many answer')),
                    ('needed', models.PositiveSmallIntegerField(default=1, verbose_name='yeses needed')),
                    ('people', models.ManyToManyField(blank=True, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='people')),
                ],
                options={
                    'verbose_name': 'step',
                    'verbose_name_plural': 'steps',
                    'ordering': ['position', 'id'],
                    'constraints': [models.UniqueConstraint(fields=('rule', 'position'), name='one_step_per_position'), models.CheckConstraint(condition=models.Q(('needed__gte', 1), ('position__gte', 1)), name='a_step_needs_a_yes'), models.CheckConstraint(condition=models.Q(('role', ''), ('who', 'role'), _negated=True), name='a_step_names_its_role')],
                },
            ),
            migrations.CreateModel(
                name='AuthorityLimit',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('gate', models.ForeignKey(blank=True, help_text='Empty: all of them. A limit for one gate goes before it.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='approvals.gate', verbose_name='approval gate')),
                    ('role', models.CharField(blank=True, choices=users.roles.role_choices, max_length=40, verbose_name='role')),
                    ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person')),
                    ('up_to', models.DecimalField(decimal_places=2, max_digits=14, verbose_name='approves up to, EUR net')),
                ],
                options={
                    'verbose_name': 'authority limit',
                    'verbose_name_plural': 'authority limits',
                    'ordering': ['gate', 'role', 'user'],
                    'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('role', ''), ('user__isnull', False)), models.Q(models.Q(('role', ''), _negated=True), ('user', None)), _connector='OR'), name='a_limit_of_a_role_or_a_person'), models.CheckConstraint(condition=models.Q(('up_to__gte', 0)), name='an_authority_limit_is_not_negative'), models.UniqueConstraint(condition=models.Q(('role', ''), _negated=True), fields=('gate', 'role'), name='one_limit_per_role_and_gate'), models.UniqueConstraint(condition=models.Q(models.Q(('role', ''), _negated=True), ('gate', None)), fields=('role',), name='one_limit_per_role'), models.UniqueConstraint(fields=('gate', 'user'), name='one_limit_per_person_and_gate'), models.UniqueConstraint(condition=models.Q(('gate', None)), fields=('user',), name='one_limit_per_person')],
                },
            ),
        ),
        schema.append_only("approvals_decision"),
        schema.append_only("approvals_remark"),
        schema.legal_transitions("approvals_run", "status", RUN, start=["open"]),
        schema.legal_transitions("approvals_request", "status", REQUEST, start=["pending"]),
        *(schema.stamped(table) for table in STAMPED),
    ]
