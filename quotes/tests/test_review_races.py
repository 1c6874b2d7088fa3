"""Any two things that may happen to a quote in review, at the same instant: it ends as if one had come after the other.

Threads park the first one behind its lock until the second waits for it; processes come as they come. What each ends with,
one after the other, is in the table; what must hold whatever happened is `require_whole`.
"""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from core.tests.rival_processes import rivals
from core.tests.rivals import at_once
from quotes import selectors
from quotes.tests.factories import World, make_world
from quotes.tests.reviews import ACTIONS, done, make_case, require_whole, state
from users import services as users

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.req("S0.24")]

OVERDUE = 60
"""Days since the request: its time is over, and the last day of the quote."""

AFTERWARDS = """
first       approve     reject      recall      edit        revise      expire   hand_over   deactivate  ask_back    escalate
approve     WrongState  WrongState  WrongState  WrongState  done        done     WrongState  done        WrongState  nothing
reject      WrongState  WrongState  WrongState  done        WrongState  nothing  WrongState  done        WrongState  nothing
recall      WrongState  WrongState  WrongState  done        WrongState  nothing  WrongState  done        WrongState  nothing
edit        done        done        done        WrongState  WrongState  nothing  done        done        done        done
revise      done        done        done        WrongState  WrongState  nothing  done        done        done        done
expire      done        done        done        WrongState  WrongState  nothing  done        done        done        done
hand_over   refused     refused     done        WrongState  WrongState  nothing  refused     done        refused     done
deactivate  refused     refused     done        WrongState  WrongState  nothing  refused     done        refused     done
ask_back    WrongState  WrongState  WrongState  done        WrongState  nothing  WrongState  done        WrongState  nothing
escalate    refused     refused     done        WrongState  WrongState  nothing  refused     done        refused     nothing
"""
"""What the second ends with when the first has gone through. `refused`: it is theirs no more."""
FIRST = dict.fromkeys(ACTIONS, "done") | {"edit": "WrongState", "revise": "WrongState", "expire": "nothing"}
HEADS, *ROWS = [line.split() for line in AFTERWARDS.strip().splitlines()]
TABLE = {(row[0], second): (FIRST[row[0]], end) for row in ROWS for second, end in zip(HEADS[1:], row[1:], strict=True)}
UNLOCKED = "deactivate"
"""Takes no lock of the quote's: it may come before or after whatever is under way."""


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


class Turn:
    """The first of two goes no further than its lock until the second waits for it, or is through."""

    def __init__(self) -> None:
        self.holds, self.through, self.mine = threading.Event(), threading.Event(), threading.local()

    def park(self) -> None:
        """Called when a lock has been got."""
        if getattr(self.mine, "first", False):
            self.mine.first = False
            self.holds.set()
            for _look in range(2000):
                if self.through.wait(0.005) or self._somebody_waits():
                    return
            raise AssertionError("the second neither waited nor ended")

    def _somebody_waits(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
            )
            return bool(cursor.fetchone()[0])

    def run(self, first: Callable[[], str], second: Callable[[], str]) -> list[Any]:
        def leading() -> str:
            self.mine.first = True
            try:
                return first()
            finally:
                self.holds.set()

        def following() -> str:
            assert self.holds.wait(10)
            try:
                return second()
            finally:
                self.through.set()

        return at_once(leading, following)


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Turn]]:
    """Makes a turn; only the latest is in force."""
    made: list[Turn] = []

    def parking(function: Callable[..., Any]) -> Callable[..., Any]:
        def then_park(*args: Any, **named: Any) -> Any:
            answer = function(*args, **named)
            made[-1].park() if made else None
            return answer

        return then_park

    for name in ("quote_for_update", "quote_in_sight_for_update", "revisions_for_update"):
        monkeypatch.setattr(selectors, name, parking(getattr(selectors, name)))
    monkeypatch.setattr(users, "sessions_end", parking(users.sessions_end))  # when the person's row has been written

    def make() -> Turn:
        made.append(Turn())
        return made[-1]

    yield make
    made.clear()


def one_after_the_other(world: World, first: str, second: str) -> tuple[tuple[str, str], dict[str, Any]]:
    """How both end, and what they leave, with nobody else about."""
    case = make_case(world, days_ago=OVERDUE)
    return (done(first, case), done(second, case)), state(case)


@pytest.mark.parametrize("first", ACTIONS)
def test_the_table_is_what_happens_one_after_the_other(world: World, first: str) -> None:
    for second in ACTIONS:
        with transaction.atomic():
            case = make_case(world, days_ago=OVERDUE)
            assert (done(first, case), done(second, case)) == TABLE[first, second], (first, second)
            require_whole(case.quote)
            transaction.set_rollback(True)


@pytest.mark.postgresql
@pytest.mark.parametrize("first", ACTIONS)
def test_the_second_waits_for_the_first_and_finds_what_that_one_left(world: World, first: str, turns: Callable[[], Turn]) -> None:
    for second in ACTIONS:
        allowed = [one_after_the_other(world, first, second)]
        if UNLOCKED in (first, second):
            allowed.append(_turned(one_after_the_other(world, second, first)))
        case = make_case(world, days_ago=OVERDUE)
        ends = turns().run(partial(done, first, case), partial(done, second, case))
        assert (tuple(ends), state(case)) in allowed, (first, second, ends)
        require_whole(case.quote)


@pytest.mark.once
def test_in_processes_it_ends_as_if_one_had_come_after_the_other(world: World, tmp_path: Path) -> None:
    pairs = list(combinations_with_replacement(ACTIONS, 2))
    expected = {pair: [one_after_the_other(world, *pair), _turned(one_after_the_other(world, *pair[::-1]))] for pair in pairs}
    cases = {pair: make_case(world, days_ago=OVERDUE) for pair in pairs}
    with rivals(2, "quotes.tests.reviews", "done_or_error", tmp_path) as two:
        ends = {
            pair: tuple(answer.what for answer in two.at_once(*([name, cases[pair].told()] for name in pair))) for pair in pairs
        }
    for pair, case in cases.items():
        assert (ends[pair], state(case)) in expected[pair], (pair, ends[pair])
        require_whole(case.quote)


def _turned(found: tuple[tuple[str, str], dict[str, Any]]) -> tuple[tuple[str, str], dict[str, Any]]:
    return found[0][::-1], found[1]
