"""The mail to stewards about a run that needs them, rendered from ids in the reader's language."""

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _, gettext_lazy

from core import deliveries, emails, outbox
from core.deliveries import About
from core.models import JobRun, OutboxMessage
from integration import policies, words
from users.models import User


@deliveries.tells("run_id")
def _runs(ids: list[int]) -> dict[int, About]:
    runs = JobRun.objects.filter(pk__in=ids, kind__in=words.KINDS)
    return {run.pk: About(what=f"{words.KINDS[run.kind]} {run.pk}", path=reverse("sync_page", args=[run.pk])) for run in runs}


@outbox.handler("integration.attention", title=gettext_lazy("Run of a feed that needs somebody"))
def attention(message: OutboxMessage, *, run_id: int, user_id: int) -> None:
    """Why the run needs somebody, and what can be done. Nothing is sent when somebody has dealt with it meanwhile."""
    run, person = JobRun.objects.select_related("started_by").get(pk=run_id), User.objects.get(pk=user_id)
    if run.status in (JobRun.Status.RUNNING, JobRun.Status.REJECTED):
        return
    if not person.is_active:
        raise outbox.Undeliverable("the person has left")
    is_quarantined = run.status == JobRun.Status.QUARANTINED
    with translation.override(person.language):
        what = {"kind": words.KINDS[run.kind], "run": run.pk}
        subject = _("Stopped: %(kind)s, run %(run)s") if is_quarantined else _("Failed twice in a row: %(kind)s, run %(run)s")
        reasons = words.guard_sentences(run) or [words.error_of(run) or str(words.NOTHING_USABLE)]
    emails.send(
        message,
        to=[person.email],
        subject=subject % what,
        text_template="integration/emails/attention.txt",
        html_template="integration/emails/attention.html",
        context={
            "run": run,
            "kind": words.KINDS[run.kind],
            "is_quarantined": is_quarantined,
            "is_stopped": policies.is_stopped_by_guard(run),
            "reasons": reasons,
            "url": emails.absolute(reverse("sync_page", args=[run.pk])),
        },
        language=person.language,
        thread=f"run-{run.pk}",
    )
