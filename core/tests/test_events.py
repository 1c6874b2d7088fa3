"""The business history."""

import datetime as dt

import pytest
import time_machine

from core import events
from core.tests.factories import JobRunFactory
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_an_event_keeps_who_what_when_and_why(clock: time_machine.Traveller) -> None:
    run, user = JobRunFactory(), UserFactory.create(display_name="Riikka Räsänen")
    event = events.record(run, "released", by=user, reason="Tarkistettu", rows=12)
    event.refresh_from_db()
    assert (event.subject_type, event.subject_id, event.verb) == ("jobrun", run.pk, "released")
    assert (event.by, event.by_name, event.reason, event.data) == (user, "Riikka Räsänen", "Tarkistettu", {"rows": 12})
    assert event.at == dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)


def test_people_who_do_not_log_in_are_named() -> None:
    event = events.record(JobRunFactory(), "accepted", by_name="Olli Ostaja")
    assert (event.by, event.by_name) == (None, "Olli Ostaja")


def test_a_timeline_is_that_of_one_record_the_latest_first() -> None:
    run, other = JobRunFactory(), JobRunFactory()
    for verb in ("made", "changed"):
        events.record(run, verb)
    events.record(other, "made")
    events.record(UserFactory(pk=run.pk), "made")
    assert [event.verb for event in events.timeline(run)] == ["changed", "made"]
