"""One mail a day for those who want that: what waits for them, and what was decided since the last."""

import datetime as dt

from django.db import transaction
from django.utils import timezone

from approvals import digest_selectors as selectors
from approvals.services.asking import LINK_LIFETIME
from core import clock, links, outbox, working_time
from core.models import Link
from users.models import ApprovalMail, User
from users.selectors import user_for_update


def digests_send() -> int:
    """From eight o'clock of a working day on, everybody who wants one mail a day has that of today on the way, unless there was
    nothing to say; the number of mails. However often it is called, a person gets one."""
    _begin()
    opened = _opening(clock.today())
    if not working_time.is_working_day(clock.today()) or clock.now() < opened:
        return 0
    return sum(_send(person_id, opened) for person_id in selectors.readers(opened))


def next_at(now: dt.datetime) -> dt.datetime:
    """When the next mail of the day goes out."""
    day = now.astimezone(timezone.get_default_timezone()).date()
    while _opening(day) <= now or not working_time.is_working_day(day):
        day += dt.timedelta(days=1)
    return _opening(day)


def _begin() -> None:
    """Whoever has just changed to one mail a day has had each until now; whoever has changed back needs no mark."""
    User.objects.filter(approval_mail=ApprovalMail.DAILY, approval_digest_at=None).update(approval_digest_at=clock.now())
    each = User.objects.filter(approval_mail=ApprovalMail.EACH)
    each.exclude(approval_digest_at=None).update(approval_digest_at=None)


def _opening(day: dt.date) -> dt.datetime:
    zone = timezone.get_default_timezone()
    return dt.datetime.combine(day, working_time.DEFAULT.opens, tzinfo=zone).astimezone(dt.UTC)


@transaction.atomic
def _send(person_id: int, opened: dt.datetime) -> bool:
    person, now = user_for_update(person_id), clock.now()
    since = person.approval_digest_at
    if since is None or since >= opened:
        return False  # somebody else was quicker
    person.approval_digest_at = now
    person.save(update_fields=["approval_digest_at"])
    waiting = list(selectors.waiting(person).values_list("pk", flat=True))
    news = selectors.decided(person, since, now).exists() or selectors.handed_over(person, since, now)
    if not waiting and not news:
        return False
    for request_id in set(waiting) - selectors.living_links(person, waiting).keys():
        links.issue(Link.Purpose.APPROVAL, request_id, expires_at=now + LINK_LIFETIME, person_id=person_id)
    outbox.emit("approval.digest", user_id=person_id, since=since.isoformat(), until=now.isoformat())
    return True
