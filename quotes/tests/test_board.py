"""The list and the board of quotes: which are found, in which column they stand, what they wait for and what may be done."""

import datetime as dt
import re
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from approvals import services as approvals
from approvals.choices import Verdict, Via
from approvals.models import Request
from core import clock
from core.models import Event
from quotes import board, services
from quotes.board import Card, Column
from quotes.models import Quote, QuoteDocument
from quotes.services.answering import Source
from quotes.tests.factories import World, draft, sent
from users.models import User
from users.tests.factories import UserFactory

pytestmark = pytest.mark.once("postgresql")

ROWS = {"HX-Request": "true", "HX-Target": "rows"}


@pytest.fixture
def rep(client: Client, world: World) -> Client:
    client.force_login(world.rep)
    return client


def days_ago(days: int) -> Any:
    return time_machine.travel(clock.now() - dt.timedelta(days=days))


def asked(world: World) -> Quote:
    quote = draft(world, "21")
    services.quote_submit(quote_id=quote.pk, by=world.rep)
    return quote


def decide(quote: Quote, world: World, verdict: Verdict) -> None:
    request = Request.objects.get(run__subject_id=quote.pk)
    approvals.request_decide(request_id=request.pk, verdict=verdict, comment="Ei näin", by=world.pricing, via=Via.PAGE)


def answered(world: World, answer: str) -> Quote:
    document = sent(world)
    given = {"document_id": document.pk, "document_hash": document.document_hash, "name": "Olli"}
    source = Source(recorded_by=world.rep, evidence="Puhelu")
    if answer == "accepted":
        services.quote_accept(role="CEO", source=source, **given)
    else:
        services.quote_decline(reason=world.reason, source=source, **given)
    return document.quote


def columns(user: User, **more: Any) -> dict[str, Column]:
    found = board.columns_of(Quote.objects.visible_to(user), user, back="/quotes/?view=board", **more)
    return {column.stage.status: column for column in found}


def one_of_each(world: World) -> dict[str, Quote]:
    unsent = draft(world)
    services.quote_submit(quote_id=unsent.pk, by=world.rep)
    return {
        "draft": draft(world), "in_review": asked(world), "approved": unsent, "sent": sent(world).quote,
        "won": answered(world, "accepted"), "lost": answered(world, "declined"),
    }  # fmt: skip


# --- What is found ----------------------------------------------------------------------------------------------------
def found(client: Client, **query: str) -> set[int]:
    html = client.get(reverse("quote_list"), query).content.decode()
    return {int(pk) for pk in re.findall(r'href="/quotes/(\d+)/"', html)}


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({}, {"draft", "in_review", "approved", "sent", "won", "lost"}),
        ({"quick": "approval"}, {"in_review"}),
        ({"quick": "unsent"}, {"approved"}),
        ({"quick": "customer"}, {"sent"}),
        ({"quick": "expiring"}, set()),
        ({"quick": "sent_back"}, set()),
        ({"status": "won"}, {"won"}),
        ({"status": "lost"}, {"lost"}),
        ({"status": "accepted"}, {"won"}),
        ({"status": "sent", "quick": "approval"}, set()),
        ({"quick": "nonsense", "status": "nonsense"}, {"draft", "in_review", "approved", "sent", "won", "lost"}),
    ],
)
def test_quotes_are_found_by_what_they_wait_for(rep: Client, world: World, query: dict[str, str], wanted: set[str]) -> None:
    quotes = one_of_each(world)
    assert found(rep, **query) == {quotes[name].pk for name in wanted}
    assert found(rep, view="board", **query) == {quotes[name].pk for name in wanted}


def test_what_expires_within_a_week_and_what_came_back_to_me_is_found(rep: Client, world: World) -> None:
    soon, later, over = (sent(world).quote for _ in range(3))
    for quote, days in ((soon, 7), (later, 8), (over, -1)):
        Quote.objects.filter(pk=quote.pk).update(valid_until=clock.today() + dt.timedelta(days=days))
    assert found(rep, quick="expiring") == {soon.pk}
    back = asked(world)
    decide(back, world, Verdict.REJECT)
    assert found(rep, quick="sent_back") == {back.pk}
    rep.force_login(world.colleague)
    assert found(rep, quick="sent_back") == set()


def seen(card: Card) -> tuple[str, str, bool]:
    return card.face.waits, card.face.days, card.face.css == "is-old"


def test_what_the_customer_has_opened_and_not_answered_is_found(rep: Client, world: World) -> None:
    opened, unopened, withdrawn = sent(world), sent(world), sent(world)
    for document in (opened, withdrawn):
        QuoteDocument.objects.filter(pk=document.pk).update(opened_at=clock.now())
    services.quote_unsend(quote_id=withdrawn.quote_id, by=world.rep)
    assert found(rep, quick="opened") == {opened.quote_id}
    faces = {card.pk: card.face.waits for card in columns(world.rep)["sent"].cards}
    assert faces[unopened.quote_id] == "Waits for the customer, not opened yet"
    assert re.fullmatch(r"Waits for the customer, opened \d+ \w+ \d{4}", faces[opened.quote_id])


# --- Columns ----------------------------------------------------------------------------------------------------------
def test_each_state_has_its_column_and_what_is_over_shares_one(world: World) -> None:
    quotes = one_of_each(world)
    services.quote_cancel(quote_id=draft(world).pk, by=world.rep)
    shown = columns(world.rep)
    assert {status: [card.pk for card in column.cards] for status, column in shown.items()} == {
        status: [quote.pk] for status, quote in quotes.items()
    }
    assert list(shown) == ["draft", "in_review", "approved", "sent", "won", "lost"]


def test_a_card_says_what_the_quote_waits_for_and_since_when(world: World) -> None:
    with days_ago(3):
        quotes = one_of_each(world)
    back = asked(world)
    decide(back, world, Verdict.REJECT)
    cards = {card.pk: card for column in columns(world.rep).values() for card in column.cards}
    told = {status: seen(cards[quote.pk]) for status, quote in quotes.items()}
    assert told == {
        "draft": ("To be finished", "3 days", False),
        "in_review": (f"Approval: {world.pricing.display_name}", "3 days", True),
        "approved": ("To be sent", "3 days", True),
        "sent": ("Waits for the customer, not opened yet", "3 days", False),
        "won": ("", "3 days", False),
        "lost": ("", "3 days", False),
    }
    assert seen(cards[back.pk])[:2] == (f"Rejected by {world.pricing.display_name}", "today")


def test_a_column_shows_the_oldest_and_says_how_many_there_are(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "SHOWN", 2)
    monkeypatch.setattr(board, "MOST_COUNTED", 4)
    quotes = []
    for days in (1, 9, 5):
        with days_ago(days):
            quotes.append(draft(world))
    column = columns(world.rep)["draft"]
    assert ([card.pk for card in column.cards], column.number, column.more) == ([quotes[1].pk, quotes[2].pk], "3", True)
    for _ in range(2):
        draft(world)
    assert columns(world.rep)["draft"].number == "4+"


def test_the_way_to_all_of_a_column_keeps_the_filters(rep: Client, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "SHOWN", 1)
    for _ in range(2):
        sent(world)
    html = rep.get(reverse("quote_list"), {"view": "board", "mine": "true", "q": "Q-"}).content.decode()
    assert 'href="?mine=true&amp;q=Q-&amp;status=sent">All 2' in html
    assert 'href="?mine=true&amp;q=Q-">' in html  # the list
    assert 'name="view" value="board"' in html


def test_a_chosen_state_is_the_only_column(world: World) -> None:
    one_of_each(world)
    assert [list(columns(world.rep, chosen=chosen)) for chosen in ("sent", "won", "ordered", "cancelled")] == [
        ["sent"], ["won"], ["won"], [],
    ]  # fmt: skip


def test_margins_stand_on_the_cards_of_those_who_see_them(rep: Client, world: World) -> None:
    draft(world)
    assert ">40.0%<" in rep.get(reverse("quote_list"), {"view": "board"}).content.decode()
    rep.force_login(UserFactory(roles=["sales_support"], team=world.team))
    assert "40.0" not in rep.get(reverse("quote_list"), {"view": "board"}).content.decode()


def test_the_filter_is_answered_with_the_board_alone(rep: Client, world: World) -> None:
    draft(world)
    html = rep.get(reverse("quote_list"), {"view": "board", "q": "Q-"}, headers=ROWS).content.decode()
    assert ["<html" in html, 'class="quote-board"' in html, "1 quote on the board" in html] == [False, True, True]


# --- Moves ------------------------------------------------------------------------------------------------------------
def moves(user: User, quote: Quote) -> list[tuple[str, str]]:
    cards = {card.pk: card for column in columns(user).values() for card in column.cards}
    return [(move.label, move.path.partition("?")[0]) for move in cards[quote.pk].moves]


def test_only_what_the_services_do_is_offered(world: World) -> None:
    quotes = one_of_each(world)

    def to(name: str, status: str, *more: str) -> str:
        return reverse(name, args=[quotes[status].pk, *more])

    cancel = ("Cancel this quote", reverse("quote_selected"))
    assert {status: moves(world.rep, quote) for status, quote in quotes.items()} == {
        "draft": [("Review & send", to("quote_review", "draft")), cancel],
        "in_review": [("Recall", to("quote_move", "in_review", "recall"))],
        "approved": [
            ("Review & send", to("quote_review", "approved")),
            ("New revision", to("quote_move", "approved", "revise")),
            cancel,
        ],
        "sent": [("New revision", to("quote_move", "sent", "revise")), cancel],
        "won": [],
        "lost": [("New revision", to("quote_move", "lost", "revise"))],
    }
    services.quote_revise(quote_id=quotes["sent"].pk, by=world.rep)
    assert moves(world.rep, quotes["sent"]) == [cancel], "one revision is being made"
    assert moves(world.manager, quotes["in_review"]) == [], "somebody else asked"
    assert moves(world.colleague, quotes["draft"]) == [], "who may not edit it"
    assert moves(world.pricing, quotes["draft"]) == []


def test_a_move_from_the_board_leads_back_to_it_and_is_told(rep: Client, world: World) -> None:
    quote, back = asked(world), "/quotes/?view=board&mine=true"
    given = {"version": quote.version, "next": back}
    answer = rep.post(reverse("quote_move", args=[quote.pk, "recall"]), given, follow=True)
    assert answer.redirect_chain == [(back, 302)]
    assert f'role="status">{quote}: Draft.</div>' in answer.content.decode()
    other = rep.post(reverse("quote_move", args=[asked(world).pk, "recall"]), {"next": "https://evil.example/"})
    assert other["Location"].startswith("/quotes/")
    document = sent(world)
    revised = rep.post(reverse("quote_move", args=[document.quote.pk, "revise"]), {"next": back})
    assert revised["Location"] == reverse("quote_page", args=[Quote.objects.latest("pk").pk])


def test_looking_at_the_board_writes_nothing(rep: Client, world: World) -> None:
    one_of_each(world)
    before = list(Quote.objects.order_by("pk").values_list()), Event.objects.count()
    rep.get(reverse("quote_list"), {"view": "board"})
    assert (list(Quote.objects.order_by("pk").values_list()), Event.objects.count()) == before


def test_the_board_costs_the_same_for_few_and_for_many(rep: Client, world: World) -> None:
    one_of_each(world)
    counts = []
    for _ in range(2):
        rep.get(reverse("quote_list"), {"view": "board"})
        with CaptureQueriesContext(connection) as queries:
            rep.get(reverse("quote_list"), {"view": "board"})
        counts.append(len([query for query in queries if "django_session" not in query["sql"]]))
        for _more in range(4):
            one_of_each(world)
    assert counts[0] == counts[1] <= 8
