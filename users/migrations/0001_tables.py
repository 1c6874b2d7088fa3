"""People, teams, roles, tokens, absences and saved views."""

import core.working_time
import datetime
import django.contrib.auth.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import users.models
import users.roles
from django.conf import settings
from django.db import migrations, models

from core.db import schema


class Migration(migrations.Migration):

    replaces = [('users', '0001_initial'), ('users', '0002_api_tokens'), ('users', '0003_session_epoch'), ('users', '0004_absence'), ('users', '0005_approval_mail'), ('users', '0006_saved_views')]

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        schema.Tables(
            migrations.CreateModel(
                name='BusinessUnit',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('code', models.CharField(max_length=40, unique=True, verbose_name='code')),
                    ('label', models.CharField(max_length=120, verbose_name='label')),
                    ('label_en', models.CharField(max_length=120, null=True, verbose_name='label')),
                    ('label_fi', models.CharField(max_length=120, null=True, verbose_name='label')),
                    ('position', models.PositiveIntegerField(default=0, verbose_name='position')),
                    ('is_active', models.BooleanField(default=True, verbose_name='in use')),
                    ('country', models.CharField(default='FI', help_text='The country, in two letters: FI, SE, EE. Its weekends and public holidays are no working days.', max_length=2, validators=[core.working_time.require_country], verbose_name='holidays of')),
                    ('opens', models.TimeField(default=datetime.time(8, 0), verbose_name='working day begins')),
                    ('closes', models.TimeField(default=datetime.time(16, 0), verbose_name='working day ends')),
                    ('time_zone', models.CharField(default='Europe/Helsinki', help_text='As in Europe/Helsinki.', max_length=60, validators=[core.working_time.require_zone], verbose_name='time zone')),
                ],
                options={
                    'verbose_name': 'business unit',
                    'verbose_name_plural': 'business units',
                    'ordering': ['position', 'code'],
                    'abstract': False,
                    'constraints': [models.CheckConstraint(condition=models.Q(('opens__lt', models.F('closes'))), name='business_unit_opens_before_it_closes', violation_error_message='The working day must begin before it ends.')],
                },
            ),
            migrations.CreateModel(
                name='Team',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(max_length=120, unique=True, verbose_name='name')),
                    ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='users.businessunit', verbose_name='business unit')),
                ],
                options={
                    'verbose_name': 'team',
                    'verbose_name_plural': 'teams',
                    'ordering': ['name'],
                },
            ),
            migrations.CreateModel(
                name='User',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('password', models.CharField(max_length=128, verbose_name='password')),
                    ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                    ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                    ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                    ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                    ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                    ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                    ('email', models.EmailField(max_length=254, unique=True, verbose_name='e-mail')),
                    ('display_name', models.CharField(max_length=150, verbose_name='name')),
                    ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='members', to='users.team', verbose_name='team')),
                    ('sees_all_units', models.BooleanField(default=False, help_text="Approves for every business unit, not only for the team's.", verbose_name='all business units')),
                    ('salesperson_id', models.CharField(blank=True, help_text='As in the customer master.', max_length=40, null=True, unique=True, verbose_name='salesperson ID')),
                    ('language', models.CharField(choices=[('en', 'English'), ('fi', 'Finnish')], default='en', max_length=2, verbose_name='language')),
                    ('theme', models.CharField(choices=[('auto', 'As the device'), ('light', 'Light'), ('dark', 'Dark')], default='auto', max_length=5, verbose_name='theme')),
                    ('approval_mail', models.CharField(choices=[('each', 'One for each, at once'), ('daily', 'One a day, at 8 in the morning')], default='each', help_text='Reminders, and what is due before the next morning, come at once in either case.', max_length=5, verbose_name='mails about approvals')),
                    ('approval_digest_at', models.DateTimeField(editable=False, null=True)),
                    ('session_epoch', models.PositiveIntegerField(default=0, editable=False)),
                    ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                    ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
                ],
                options={
                    'verbose_name': 'user',
                    'verbose_name_plural': 'users',
                    'ordering': ['display_name'],
                },
                managers=[
                    ('objects', users.models.UserManager()),
                ],
            ),
            migrations.CreateModel(
                name='ApiToken',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='api_tokens', to=settings.AUTH_USER_MODEL, verbose_name='user')),
                    ('name', models.CharField(max_length=100, verbose_name='name')),
                    ('scope', models.CharField(choices=[('read', 'Read only'), ('write', 'Read and write')], default='read', max_length=5, verbose_name='rights')),
                    ('token_hash', models.CharField(max_length=64, unique=True)),
                    ('hint', models.CharField(max_length=4, verbose_name='ends in')),
                    ('created_at', models.DateTimeField(verbose_name='created')),
                    ('expires_at', models.DateTimeField(verbose_name='valid until')),
                    ('last_used_at', models.DateTimeField(blank=True, null=True, verbose_name='last used')),
                    ('revoked_at', models.DateTimeField(blank=True, null=True, verbose_name='revoked')),
                ],
                options={
                    'verbose_name': 'API token',
                    'verbose_name_plural': 'API tokens',
                    'ordering': ['-id'],
                },
            ),
            migrations.CreateModel(
                name='Absence',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='absences', to=settings.AUTH_USER_MODEL, verbose_name='who is away')),
                    ('starts_on', models.DateField(verbose_name='first day')),
                    ('ends_on', models.DateField(verbose_name='last day')),
                    ('substitute', models.ForeignKey(blank=True, help_text='Nobody: what waits for this person goes the way of what nobody answers.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='substitute')),
                    ('created_at', models.DateTimeField(verbose_name='created')),
                    ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='created by')),
                ],
                options={
                    'verbose_name': 'absence',
                    'verbose_name_plural': 'absences',
                    'ordering': ['starts_on', 'id'],
                    'indexes': [models.Index(fields=['ends_on', 'starts_on'], name='absence_by_day')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('ends_on__gte', models.F('starts_on'))), name='absence_ends_after_it_starts'), models.CheckConstraint(condition=models.Q(('substitute', models.F('user')), _negated=True), name='absence_substitute_is_somebody_else')],
                },
            ),
            migrations.CreateModel(
                name='RoleAssignment',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='role_assignments', to=settings.AUTH_USER_MODEL, verbose_name='user')),
                    ('role', models.CharField(choices=users.roles.role_choices, max_length=40, verbose_name='role')),
                ],
                options={
                    'verbose_name': 'role',
                    'verbose_name_plural': 'roles',
                    'constraints': [models.UniqueConstraint(fields=('user', 'role'), name='role_once_per_user')],
                },
            ),
            migrations.CreateModel(
                name='SavedView',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='saved_views', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
                    ('page', models.CharField(max_length=60, verbose_name='page')),
                    ('name', models.CharField(max_length=60, verbose_name='name')),
                    ('query', models.CharField(blank=True, max_length=1000, verbose_name='filter')),
                ],
                options={
                    'verbose_name': 'saved view',
                    'verbose_name_plural': 'saved views',
                    'ordering': [django.db.models.functions.text.Lower('name'), 'id'],
                    'constraints': [models.UniqueConstraint(models.F('owner'), models.F('page'), django.db.models.functions.text.Lower('name'), name='saved_view_once_per_name')],
                },
            ),
        ),
        migrations.AddField(
            model_name='team',
            name='manager',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='managed_teams', to=settings.AUTH_USER_MODEL, verbose_name='manager'),
        ),
        schema.never_overlapping("users_absence", "user_id", "starts_on", "ends_on"),
    ]
