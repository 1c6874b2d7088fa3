"""Every row comes once, whatever is added meanwhile, and a page costs one query."""

import base64
import datetime as dt
import functools
import json
import operator

import pytest
from django.test import RequestFactory

from core.models import JobRun
from core.paging import Page, keyset
from core.tests.factories import JobRunFactory

pytestmark = pytest.mark.django_db
START = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)


def page(query: str = "", *, order: tuple[str, ...] = ("source", "pk"), per_page: int = 3) -> Page[JobRun]:
    return keyset(JobRun.objects.all(), RequestFactory().get(f"/runs/?{query}"), order=order, per_page=per_page)


def names_of_all_pages(order: tuple[str, ...]) -> list[list[str]]:
    shown, query = [], ""
    while True:
        found = page(query, order=order)
        shown.append([row.phase for row in found.rows])
        query = found.next_query
        if not query:
            return shown


def seven_rows() -> None:
    for number, name in enumerate(["Äyriäinen", "ananas", "Banaani", "Banaani", "Banaani", "öljy", "Åkerbär"]):
        JobRunFactory(phase=f"P{number}", source=name, started_at=START + dt.timedelta(microseconds=number // 2))


@pytest.mark.parametrize("order", [("source", "pk"), ("-source", "pk"), ("started_at", "-pk"), ("-pk",), ("-source", "-pk")])
def test_pages_show_every_row_once_and_in_order(order: tuple[str, ...]) -> None:
    seven_rows()

    shown = names_of_all_pages(order)

    assert [len(rows) for rows in shown] == [3, 3, 1]
    assert functools.reduce(operator.iadd, shown, []) == list(JobRun.objects.order_by(*order).values_list("phase", flat=True))


def test_a_row_added_before_the_place_shifts_nothing() -> None:
    seven_rows()
    first = page()
    JobRunFactory(phase="NEW", source=first.rows[0].source)

    second = page(first.next_query)

    assert not {row.phase for row in second.rows} & {row.phase for row in first.rows}


def test_the_last_page_has_no_next_one() -> None:
    seven_rows()

    assert page(per_page=7).next_query == ""
    assert page(per_page=7).is_first


def test_the_query_string_keeps_the_filters() -> None:
    seven_rows()

    found = page("q=a&cursor=")

    assert found.next_query.startswith("q=a&cursor=")
    assert found.first_query == "q=a"


def encoded(values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    ["x", "%00", "äö", encoded("text"), encoded([]), encoded(["a"]), encoded(["a", "b", "c"]), encoded(["a", "zwei"]),
     encoded([1, 2]), encoded(["a\x00", "1"]), encoded([None, None]), encoded({"a": 1}), "W" * 5000],
)  # fmt: skip
def test_a_cursor_that_makes_no_sense_is_the_first_page(cursor: str) -> None:
    seven_rows()

    found = page(f"cursor={cursor}")

    assert found.is_first
    assert len(found.rows) == 3


def test_a_key_beyond_every_integer_finds_nothing_more() -> None:
    seven_rows()

    assert page(f"cursor={encoded(['zzz', '9' * 40])}").next_query == ""


def test_a_page_is_one_query(django_assert_num_queries) -> None:
    seven_rows()
    query = page().next_query

    with django_assert_num_queries(1):
        page(query)
