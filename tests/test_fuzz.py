"""Thousands of requests made from the description: never a fault of ours, never an answer that is not described, never a word of
what the person may not see. The suite sends 4,000, the same ones every time; `make fuzz` sends 50,000."""

import contextlib
import os
from collections.abc import Collection, Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.models import AccountQuerySet
from quotes.api import outputs
from tests.fuzz import cases, judging
from tests.fuzz.ground import MARK, Ground, make_ground
from tests.fuzz.judging import Verdict

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "4000"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
ROUND = 2000
FRESH = 100
"""After so many requests the records are as they were: quotes that are all cancelled teach nothing more."""

pytestmark = [pytest.mark.usefixtures("clock", "undisturbed"), pytest.mark.once("postgresql")]


@pytest.fixture
def ground(db: None, clock: Any) -> Ground:
    return make_ground()


def rounds() -> Iterator[tuple[int, int]]:
    """A seed and a number of requests, until there are as many as were asked for."""
    for index, start in enumerate(range(0, REQUESTS, ROUND)):
        yield SEED + index, min(ROUND, REQUESTS - start)


def run(ground: Ground, count: int, number: int, verdict: Verdict, only: Collection[str] = ()) -> None:
    sent = list(cases.steered(ground, cases.make(count, number, only), number))
    for start in range(0, len(sent), FRESH):
        with transaction.atomic():
            for request in sent[start : start + FRESH]:
                with contextlib.suppress(Exception), transaction.atomic():  # noted already; what it did is undone
                    judging.judge(ground, request, verdict)
            connection.check_constraints()
            transaction.set_rollback(True)


def test_no_request_is_a_fault_breaks_the_description_or_tells_what_is_hidden(ground: Ground) -> None:
    verdict = Verdict()
    for number, count in rounds():
        run(ground, count, number, verdict)
    assert (sum(verdict.ends.values()), verdict.faults) == (REQUESTS, [])
    every = {cases.name_of(operation) for operation in cases.operations()}
    missed = sorted(every - verdict.succeeded())
    assert len(missed) <= len(every) / 10, f"nearly every operation must get through to its work: {missed}"


# --- What the judge would not overlook --------------------------------------------------------------------------------
def found(ground: Ground, *only: str) -> str:
    verdict = Verdict()
    run(ground, 40, 1, verdict, only)
    return "\n".join(verdict.faults)


def test_a_fault_of_ours_is_noted(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "quote_out", lambda *args, **more: 1 / 0)
    assert "500 ZeroDivisionError" in found(ground, "quote_get")


@pytest.mark.parametrize("change", [{"surprise": 1}, {"net_total": 12.5}, {"status": "lost"}])
def test_an_answer_that_is_not_described_is_noted(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    row_out = outputs.row_out
    monkeypatch.setattr(outputs, "row_out", lambda quote, **more: {**row_out(quote, **more), **change})
    assert "violates schema" in found(ground, "quote_list")


def test_a_word_of_what_is_hidden_is_noted(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(ground, "account_list", "account_get") == ""
    monkeypatch.setattr(AccountQuerySet, "visible_to", lambda accounts, user: accounts)
    monkeypatch.setattr(Ground, "is_visible", lambda ground, who: False)
    assert f"tells {MARK}" in found(ground, "account_list", "account_get")
