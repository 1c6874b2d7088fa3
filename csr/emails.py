"""Mails about cases, rendered from ids when they are delivered, in the reader's language."""

from typing import Any

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _, gettext_lazy, gettext_noop

from core import clock, deliveries, emails, events, outbox
from core.deliveries import About
from core.models import Event, OutboxMessage
from csr.choices import OPEN, PENDING, Phase
from csr.models import Case, CaseTask
from users.models import User
from users.selectors import user_with_roles


@deliveries.tells("case_id")
def _cases(ids: list[int]) -> dict[int, About]:
    cases = Case.objects.filter(pk__in=ids).select_related("account")
    return {case.pk: About("", f"{case}, {case.title}, {case.account.name}", _page(case)) for case in cases}


def _page(case: Case, part: str = "") -> str:
    return reverse("case_page", args=[case.pk]) + (f"#{part}" if part else "")


@outbox.handler("csr.register", title=gettext_lazy("Case to submit"), urgent=True)
def register(message: OutboxMessage, *, case_id: int, user_id: int) -> None:
    _send(message, case_id, user_id, gettext_noop("To submit: %(what)s"),
          gettext_noop("%(number)s is yours now: see that it is complete, and submit it."), phase=Phase.REGISTRATION)  # fmt: skip


@outbox.handler("csr.assess", title=gettext_lazy("Case to assess"), urgent=True)
def assess(message: OutboxMessage, *, case_id: int, user_id: int) -> None:
    _send(message, case_id, user_id, gettext_noop("To assess: %(what)s"),
          gettext_noop("%(number)s was pre-approved. You assess whether it is feasible."), part="assessment",
          phase=Phase.ASSESSMENT)  # fmt: skip


@outbox.handler("csr.implement", title=gettext_lazy("Case to implement"), urgent=True)
def implement(message: OutboxMessage, *, case_id: int, user_id: int) -> None:
    _send(message, case_id, user_id, gettext_noop("To implement: %(what)s"),
          gettext_noop("%(number)s was approved. You see to it that it is implemented."), part="implementation",
          phase=Phase.IMPLEMENTATION)  # fmt: skip


@outbox.handler("csr.late", title=gettext_lazy("A case is late"))
def late(message: OutboxMessage, *, case_id: int, user_id: int) -> None:
    """Nothing is sent when it has gone on by now."""
    if not Case.objects.filter(pk=case_id, due_on__lt=clock.today(), status__in=sorted(OPEN - PENDING)).exists():
        return
    _send(message, case_id, user_id, gettext_noop("Late: %(what)s"),
          gettext_noop("The last day for this phase of %(number)s has passed."))  # fmt: skip


@outbox.handler("csr.task", title=gettext_lazy("Part of a case"), urgent=True)
def task(message: OutboxMessage, *, case_id: int, user_id: int, task_id: int) -> None:
    """Nothing is sent when it was answered, taken back or given to somebody else."""
    row = CaseTask.objects.select_related("department").filter(pk=task_id, owner=user_id, answered_at=None).first()
    if row is None:
        return
    _send(message, case_id, user_id, gettext_noop("Your part: %(what)s"),
          gettext_noop("%(number)s needs an answer from %(department)s."), task=row, part=f"task-{row.pk}")  # fmt: skip


@outbox.handler("csr.answered", title=gettext_lazy("All parts of a case are in"), urgent=True)
def answered(message: OutboxMessage, *, case_id: int, user_id: int) -> None:
    _send(message, case_id, user_id, gettext_noop("All parts are in: %(what)s"),
          gettext_noop("Every part of %(number)s is answered. It is your turn."))  # fmt: skip


@outbox.handler("csr.live", title=gettext_lazy("A case is live"))
def live(message: OutboxMessage, *, case_id: int, user_id: int) -> None:
    _send(message, case_id, user_id, gettext_noop("Live: %(what)s"),
          gettext_noop("%(number)s is implemented. Enter how satisfied the customer is."), part="satisfaction")  # fmt: skip


@outbox.handler("csr.review", title=gettext_lazy("Review of a case"))
def review(message: OutboxMessage, *, case_id: int, user_id: int) -> None:
    _send(message, case_id, user_id, gettext_noop("To review: %(what)s"),
          gettext_noop("Is %(number)s still needed as it is? Set a new day of review, or close the case."))  # fmt: skip


@outbox.handler("csr.joined", title=gettext_lazy("Case team"))
def joined(message: OutboxMessage, *, case_id: int, user_id: int) -> None:
    _send(message, case_id, user_id, gettext_noop("Case team: %(what)s"), gettext_noop("You are on the team of %(number)s."))


@outbox.handler("csr.orphaned", title=gettext_lazy("A case without an owner"), urgent=True)
def orphaned(message: OutboxMessage, *, case_id: int, user_id: int) -> None:
    _send(message, case_id, user_id, gettext_noop("Nobody answers for: %(what)s"),
          gettext_noop("Whoever answered for %(number)s or a part of it has left. Give it to somebody."))  # fmt: skip


@outbox.handler("csr.moved", title=gettext_lazy("News of a case"))
def moved(message: OutboxMessage, *, case_id: int, user_id: int, event_id: int) -> None:
    _news(message, case_id, user_id, event_id, gettext_noop("%(verb)s: %(what)s"))


@outbox.handler("csr.commented", title=gettext_lazy("Comment on a case"))
def commented(message: OutboxMessage, *, case_id: int, user_id: int, event_id: int) -> None:
    _news(message, case_id, user_id, event_id, gettext_noop("Comment: %(what)s"))


def _news(message: OutboxMessage, case_id: int, user_id: int, event_id: int, subject: str) -> None:
    event = Event.objects.get(pk=event_id)
    said = gettext_noop("%(verb)s by %(by)s.") if event.by_name else gettext_noop("%(verb)s.")
    _send(message, case_id, user_id, subject, said, event=event)


def _send(
    message: OutboxMessage, case_id: int, user_id: int, subject: str, sentence: str, *, part: str = "",
    event: Event | None = None, task: CaseTask | None = None, phase: Phase | None = None,
) -> None:  # fmt: skip
    """`phase`: the one that this person was handed; nothing is sent when it is over, or somebody else's by now."""
    case = Case.objects.select_related("account", "requirement_type").get(pk=case_id)
    person = user_with_roles(user_id)
    if person is None or not person.is_active:
        raise outbox.Undeliverable("the person has left")
    if not _sees(person, case) or (phase and (case.phase != phase or case.owner_id not in (person.pk, None))):
        return
    with translation.override(person.language):
        words: dict[str, Any] = {
            "what": f"{case.number}, {case.title}",
            "number": case.number,
            "verb": events.label(event.verb) if event else "",
            "by": event.by_name if event else "",
            "department": task.department.label if task else "",
        }
        said, about = _(sentence) % words, _(subject) % words
    emails.send(
        message,
        to=[person.email],
        subject=about,
        text_template="csr/emails/news.txt",
        html_template="csr/emails/news.html",
        context={
            "case": case,
            "task": task,
            "said": said,
            "note": event.reason if event else (task.title if task else ""),
            "url": emails.absolute(_page(case, part)),
        },
        language=person.language,
        thread=f"csr-{case.pk}",
    )


def _sees(person: User, case: Case) -> bool:
    return Case.objects.visible_to(person).filter(pk=case.pk).exists()
