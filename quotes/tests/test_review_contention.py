"""Eight processes answer the same request at the same instant, over and over: one answer is written, seven hear of it.

Every other time by the page of the link. `DECIDED_REQUESTS=2000` makes it a long test, which says how long an answer takes.
"""

import os
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from approvals.choices import RequestStatus, RunStatus
from approvals.models import Decision, Request, Run
from core import db
from core.models import OutboxMessage
from core.tests.rival_processes import rivals
from quotes.models import Quote
from quotes.tests.factories import make_world
from quotes.tests.reviews import answered, make_case, require_whole

pytestmark = [pytest.mark.django_db(transaction=True)]

RIVALS = 8
REQUESTS = int(os.environ.get("DECIDED_REQUESTS", "16"))
ONE = {"won": 1, "409": RIVALS - 1}


@pytest.mark.req("S0.24")
def test_of_eight_processes_one_answers_each_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = make_world()
    cases = [make_case(world) for _request in range(REQUESTS)]
    OutboxMessage.objects.all().delete()
    won: Counter[int] = Counter()
    seconds: list[float] = []
    began = time.monotonic()
    with rivals(RIVALS, answered.__module__, answered.__name__, tmp_path) as eight:
        for turn, case in enumerate(cases):
            answers = eight.at_once(*([number, case.told(), bool(turn % 2)] for number in range(RIVALS)))
            assert Counter(answer.what for answer in answers) == ONE, answers
            won[[answer.what for answer in answers].index("won")] += 1
            seconds += [answer.seconds for answer in answers]
    _tell(capsys, seconds, time.monotonic() - began, won)
    assert Decision.objects.count() == Request.objects.count() == Run.objects.exclude(status=RunStatus.OPEN).count() == REQUESTS
    assert not Request.objects.filter(status=RequestStatus.PENDING).exists()
    assert not Quote.objects.filter(status="in_review").exists()
    mails = Counter(
        OutboxMessage.objects.filter(topic="approval.decided").values_list("payload__user_id", "payload__decision_id")
    )
    deciders = Decision.objects.values_list("decided_by", "pk")
    assert mails == Counter([*((world.rep.pk, key) for _person, key in deciders), *deciders])
    for case in cases:
        require_whole(case.quote)


def _tell(capsys: pytest.CaptureFixture[str], seconds: list[float], total: float, won: Counter[int]) -> None:
    """The figures, for whoever asked for the long test."""
    if "DECIDED_REQUESTS" in os.environ:
        place = "PostgreSQL" if db.is_postgresql() else "SQLite"
        p50, p99 = (statistics.quantiles(seconds, n=100)[at] * 1000 for at in (49, 98))
        times = f"{total:.0f} s, an answer takes {p50:.1f} ms p50, {p99:.1f} ms p99; won by {dict(sorted(won.items()))}"
        with capsys.disabled():
            sys.stdout.write(f"\n{RIVALS} processes × {REQUESTS} requests on {place}: {times}\n")


@pytest.mark.postgresql
def test_without_lock_and_conditional_update_there_are_errors(tmp_path: Path) -> None:
    """The control. What is left is the one row of a decision, which stops the second one as an error of the database."""
    world = make_world()
    cases = [make_case(world) for _request in range(10)]
    ends: Counter[str] = Counter()
    with rivals(RIVALS, answered.__module__, answered.__name__, tmp_path) as eight:
        for case in cases:
            answers = eight.at_once(*([number, case.told(), False, True] for number in range(RIVALS)))
            ends.update(answer.what.partition(":")[0] for answer in answers)
    assert ends["won"] <= len(cases)
    assert ends["IntegrityError"] > 0, ends
