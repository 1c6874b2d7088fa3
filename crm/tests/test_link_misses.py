"""Trying out tokens of links: one answer until it is too often, and nobody else is stopped by it."""

import datetime as dt
import logging
import re
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from core import clock as time, link_pages, links, rate_limits
from core.models import Link, RateBucket
from quotes.tests.factories import make_world, sent

pytestmark = pytest.mark.django_db

DOORS = {"approval": "/a/{}/", "quote": "/q/{}/"}


def knock(door: str, token: str, ip: str = "192.0.2.1", **headers: str) -> Any:
    return Client().get(DOORS[door].format(token), REMOTE_ADDR=ip, headers=headers)


def body(response: Any) -> str:
    return re.sub(r'(value="|"X-CSRFToken": ")[A-Za-z0-9]{64}"', "", response.content.decode())


@pytest.mark.parametrize("door", DOORS)
def test_twenty_misses_get_one_answer_and_further_ones_are_too_many(clock: time_machine.Traveller, door: str) -> None:
    answers = [knock(door, f"{number:043}") for number in range(22)]
    assert [answer.status_code for answer in answers] == [404] * 20 + [429] * 2
    assert len({body(answer) for answer in answers[:20]}) == 1
    for answer in answers:
        headers = answer["Cache-Control"], answer["Referrer-Policy"], answer["X-Robots-Tag"]
        assert headers == ("no-store", "no-referrer", "noindex, nofollow")
    assert answers[-1]["Retry-After"] == "30"
    assert "<form" not in answers[-1].content.decode()
    clock.shift(30)
    assert knock(door, "x" * 43).status_code == 404


def test_both_doors_and_the_pages_behind_them_count_together(clock: time_machine.Traveller) -> None:
    pages = [reverse(name, args=["00000000-0000-0000-0000-000000000001"]) for name in ("customer_quote", "approval_link_review")]
    for number in range(10):
        knock("approval", f"{number:043}")
        client = Client()
        client.cookies["quote"] = client.cookies["approval"] = f"{number:043}"
        assert client.get(pages[number % 2], REMOTE_ADDR="192.0.2.1").status_code == 404
    assert knock("quote", "x" * 43).status_code == 429


def test_a_page_without_its_cookie_is_no_attempt(clock: time_machine.Traveller) -> None:
    page = reverse("customer_quote", args=["00000000-0000-0000-0000-000000000001"])
    assert [Client().get(page).status_code for _time in range(25)] == [404] * 25
    assert RateBucket.objects.count() == 0


def test_a_forwarded_address_changes_nothing(clock: time_machine.Traveller) -> None:
    answers = [knock("quote", f"{number:043}", **{"X-Forwarded-For": f"198.51.100.{number}"}).status_code for number in range(22)]
    assert answers == [404] * 20 + [429] * 2


def test_a_place_that_missed_too_often_is_answered_before_anything_is_looked_up(
    clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[str] = []
    find = links.find

    def noted(purpose: Link.Purpose, token: str) -> Link | None:
        looked_up.append(token)
        return find(purpose, token)

    monkeypatch.setattr(links, "find", noted)
    for number in range(30):
        knock("quote", f"{number:043}")
    assert len(looked_up) == 20


def live_token() -> str:
    document = sent(make_world())
    return links.token_of(document.link)


def test_a_customer_elsewhere_opens_the_link_all_the_same(clock: time_machine.Traveller) -> None:
    token = live_token()
    for number in range(30):
        knock("quote", f"{number:043}")
    assert (knock("quote", token).status_code, knock("quote", token, ip="203.0.113.9").status_code) == (429, 302)


def test_opening_a_link_counts_nothing(clock: time_machine.Traveller) -> None:
    token = live_token()
    assert [knock("quote", token).status_code for _time in range(30)] == [302] * 30
    assert RateBucket.objects.count() == 0


def test_guessing_from_everywhere_is_seen_and_stops_no_customer(
    clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    token = live_token()
    monkeypatch.setattr(link_pages, "ALL_MISSES", rate_limits.Limit("all", times=5, seconds=600))
    with caplog.at_level(logging.WARNING, logger="core.link_pages"):
        answers = [knock("quote", f"{number:043}", ip=f"198.51.100.{number}").status_code for number in range(7)]
    assert answers == [404] * 5 + [429] * 2
    assert [record.getMessage() for record in caplog.records if record.name == "core.link_pages"] == [
        "links are being guessed: more than 5 misses in 600 s"
    ] * 2
    assert knock("quote", token, ip="198.51.100.99").status_code == 302


def test_a_dead_link_is_no_miss(clock: time_machine.Traveller) -> None:
    link = links.issue(Link.Purpose.QUOTE, 1, expires_at=time.now() - dt.timedelta(days=1))
    assert [knock("quote", links.token_of(link)).status_code for _time in range(25)] == [404] * 25
