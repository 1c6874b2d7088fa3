"""Who wants one mail a day about approvals, and until when they have been told."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("users", "0004_absence")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="approval_mail",
            field=models.CharField(
                choices=[("each", "One for each, at once"), ("daily", "One a day, at 8 in the morning")],
                default="each",
                help_text="Reminders, and what is due before the next morning, come at once in either case.",
                max_length=5,
                verbose_name="mails about approvals",
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="approval_digest_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
