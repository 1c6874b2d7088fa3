"""What is judged, and how: budgets, verdicts, the exit code, the JSON."""

import pytest

from bench import measure
from bench.budgets import BUDGETS, BY_WORK, is_missed
from bench.report import Result, exit_code, p95, table

pytestmark = pytest.mark.once

KEYS = {"work", "ours_ms", "floor_ms", "ratio", "must", "goal", "sql", "peak_mib"}


def test_every_work_has_one_budget() -> None:
    assert len(BY_WORK) == len(BUDGETS)


@pytest.mark.parametrize(
    ("ours", "verdict", "code"),
    [(14.0, "goal", 0), (16.0, "must", 0), (31.0, "short", 0), (37.5, "short", 0), (37.6, "MISSED", 1)],
)
def test_a_must_that_is_missed_by_more_than_a_quarter_fails_the_run(ours: float, verdict: str, code: int) -> None:
    result = Result("submit, 1 line", ours_ms=[ours] * 20, floor_ms=[10.0] * 20)
    assert (result.verdict(), exit_code([result])) == (verdict, code)


@pytest.mark.parametrize(("rate", "missed"), [(60.0, False), (48.0, False), (47.9, True)])
def test_of_a_rate_more_is_better(rate: float, missed: bool) -> None:
    assert exit_code([Result("editor page under load", value=rate)]) == missed
    assert is_missed(59.9, 60, "req/s")


@pytest.mark.parametrize(("sql", "code"), [(12, 0), (15, 0), (16, 1)])
def test_too_many_statements_fail_the_run_however_quick_they_are(sql: int, code: int) -> None:
    assert exit_code([Result("create a quote, 20 lines", ours_ms=[1.0] * 20, floor_ms=[10.0] * 20, sql=sql)]) == code


def test_a_work_without_a_must_never_fails_the_run() -> None:
    assert exit_code([Result("submit: 200 lines against 1", value=99.0)]) == 0


def test_the_goal_of_a_document_is_a_multiple_of_typst_alone() -> None:
    result = Result("PDF, 20 lines", ours_ms=[50.0] * 20, floor_ms=[40.0] * 20)
    assert (result.goal, result.judged, result.verdict()) == (52.0, 50.0, "goal")


def test_a_row_of_the_json_has_the_promised_keys() -> None:
    row = Result("submit, 1 line", ours_ms=[20.0, 30.0, 22.0], floor_ms=[10.0], sql=7, cpu_ms=5.0, peak_mib=80.25).as_json()
    assert row.keys() >= KEYS
    assert [row[key] for key in ("ours_ms", "floor_ms", "ratio", "must", "goal", "sql", "peak_mib")] == [
        22.0,
        10.0,
        2.2,
        3,
        1.5,
        7,
        80.25,
    ]


def test_the_table_has_a_line_per_result() -> None:
    text = table(
        [
            Result("submit, 1 line", ours_ms=[20.0], floor_ms=[10.0]),
            Result("web idle, 2 workers", value=200.0, note="floor 100 MiB"),
        ]
    )
    assert [line.split("  ")[0] for line in text.splitlines()[2:4]] == ["submit, 1 line", "web idle, 2 workers"]
    assert text.splitlines()[-1].endswith("floor 100 MiB")


def test_one_call_in_twenty_is_slower_than_the_p95() -> None:
    assert p95([float(number) for number in range(1, 102)]) == 96.0


def test_there_are_enough_calls_of_each() -> None:
    assert measure.ROUNDS >= 20
