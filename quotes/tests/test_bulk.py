"""Several quotes changed in one go: what is proposed, what is done, and what is refused by name."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.tests.factories import AccountFactory
from core import clock
from core.errors import Invalid, NotAllowed, NotFound, StaleVersion, WrongState
from core.models import Event
from quotes import policies, services
from quotes.models import Quote
from quotes.services import Seen, bulk
from quotes.tests.factories import World, draft, sent
from users.tests.factories import UserFactory

pytestmark = pytest.mark.once("postgresql")


@pytest.fixture
def rep(client: Client, world: World) -> Client:
    client.force_login(world.rep)
    return client


def in_days(days: int) -> dt.date:
    return clock.today() + dt.timedelta(days=days)


def account_of(owner: Any) -> Any:
    return AccountFactory(owner=owner)


def seen(*quotes: Quote) -> list[Seen]:
    return [Seen(quote.pk, Quote.objects.get(pk=quote.pk).version) for quote in quotes]


def in_review(world: World) -> Quote:
    quote = draft(world, "21")
    services.quote_submit(quote_id=quote.pk, by=world.rep)
    return quote


def rows() -> Any:
    return list(Quote.objects.order_by("pk").values_list()), Event.objects.count()


# --- One quote and its owner ------------------------------------------------------------------------------------------
def test_a_quote_gets_another_owner_and_its_history_says_so(world: World) -> None:
    quote = services.quote_change_owner(quote_id=draft(world).pk, by=world.rep, owner_id=world.colleague.pk, version=1)
    quote.refresh_from_db()
    assert (quote.owner, quote.version, quote.last_editor) == (world.colleague, 2, world.rep)
    event = Event.objects.latest("pk")
    assert (event.verb, event.by, event.data) == (
        "owner changed", world.rep, {"former": world.rep.display_name, "to": world.colleague.display_name},
    )  # fmt: skip
    before = rows()
    services.quote_change_owner(quote_id=quote.pk, by=world.rep, owner_id=world.colleague.pk)
    assert rows() == before, "it is theirs already"


def test_an_approved_quote_can_be_sent_by_its_new_owner(world: World) -> None:
    quote = draft(world)
    services.quote_submit(quote_id=quote.pk, by=world.rep)
    services.quote_change_owner(quote_id=quote.pk, by=world.rep, owner_id=world.colleague.pk)
    document = services.quote_send(quote_id=quote.pk, by=world.colleague, to=[world.contact.email])
    assert document.parties["seller"]["name"] == world.colleague.display_name


@pytest.mark.parametrize(
    ("by", "owner", "error"),
    [
        ("colleague", "colleague", NotAllowed), ("stranger", "stranger", NotFound), ("rep", "stranger", Invalid),
        ("rep", "pricing", Invalid), ("rep", "gone", Invalid), ("rep", "nobody", Invalid),
    ],
)  # fmt: skip
def test_a_quote_stays_whose_it_is(world: World, by: str, owner: str, error: type[Exception]) -> None:
    quote = draft(world)
    gone = UserFactory(roles=["sales_rep"], team=world.team, is_active=False)
    people = {"gone": gone.pk, "nobody": 987654}
    owner_id = people.get(owner) or getattr(world, owner).pk
    before = rows()
    with pytest.raises(error):
        services.quote_change_owner(quote_id=quote.pk, by=getattr(world, by), owner_id=owner_id)
    assert rows() == before


@pytest.mark.parametrize("state", ["in_review", "cancelled", "stale"])
def test_what_is_in_approval_or_over_keeps_its_owner(world: World, state: str) -> None:
    quote = in_review(world) if state == "in_review" else draft(world)
    if state == "cancelled":
        services.quote_cancel(quote_id=quote.pk, by=world.rep)
    before = rows()
    with pytest.raises(StaleVersion if state == "stale" else WrongState):
        services.quote_change_owner(quote_id=quote.pk, by=world.rep, owner_id=world.colleague.pk, version=99)
    assert rows() == before


def test_only_those_who_see_the_account_and_make_quotes_may_own_one(world: World) -> None:
    quote = draft(world)
    people = [world.rep, world.colleague, world.manager, world.stranger, world.pricing]
    assert [policies.may_own(person, quote) for person in people] == [True, True, True, False, False]


def test_who_may_edit_is_the_same_asked_for_one_and_for_many(world: World) -> None:
    quotes = [draft(world), sent(world).quote]
    for person in (world.rep, world.colleague, world.manager, world.stranger, world.pricing):
        assert policies.editable(person, quotes) == {quote.pk for quote in quotes if policies.may_edit(person, quote)}


# --- Many -------------------------------------------------------------------------------------------------------------
ALL: dict[str, Callable[[list[Seen], World], Any]] = {
    "owner": lambda quotes, world: services.quotes_change_owner(seen=quotes, by=world.rep, owner_id=world.colleague.pk),
    "valid_until": lambda quotes, world: services.quotes_set_valid_until(seen=quotes, by=world.rep, day=in_days(60)),
    "cancel": lambda quotes, world: services.quotes_cancel(seen=quotes, by=world.rep, reason="Kausi ohi"),
}


@pytest.mark.parametrize("action", ALL)
def test_each_is_changed_or_refused_and_refusing_one_holds_up_none(world: World, action: str) -> None:
    first, second, asked, stale = draft(world), draft(world), in_review(world), draft(world)
    hidden = services.quote_create(account_id=world.account.pk, by=world.rep)
    Quote.objects.filter(pk=hidden.pk).update(account=account_of(world.stranger))
    hidden.refresh_from_db()
    quotes = [*seen(second, asked, hidden, first), Seen(stale.pk, 7)]
    outcomes = {outcome.quote_id: outcome.error for outcome in ALL[action](quotes, world)}
    assert {pk: type(error) for pk, error in outcomes.items() if error} == {
        asked.pk: WrongState, hidden.pk: NotFound, stale.pk: StaleVersion,
    }  # fmt: skip
    changed = Quote.objects.filter(pk__in=[first.pk, second.pk])
    assert {(quote.owner, quote.valid_until, quote.status) for quote in changed} == {
        {
            "owner": (world.colleague, in_days(30), "draft"),
            "valid_until": (world.rep, in_days(60), "draft"),
            "cancel": (world.rep, in_days(30), "cancelled"),
        }[action]
    }
    assert set(Quote.objects.exclude(pk__in=[first.pk, second.pk]).values_list("owner", "valid_until")) == {
        (world.rep.pk, in_days(30))
    }


@pytest.mark.parametrize("action", ALL)
@pytest.mark.parametrize("case", ["none", "twice", "too many"])
def test_none_too_many_and_one_named_twice_are_refused(
    world: World, action: str, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MOST", 2)
    one = draft(world)
    quotes = {"none": [], "twice": seen(one, one), "too many": seen(one, draft(world), draft(world))}[case]
    before = rows()
    with pytest.raises(Invalid) as refusal:
        ALL[action](quotes, world)
    assert (rows(), refusal.value.fields) == (before, {})


@pytest.mark.parametrize(
    ("action", "field"),
    [
        (lambda quotes, world: services.quotes_change_owner(seen=quotes, by=world.rep, owner_id=None), "owner"),
        (lambda quotes, world: services.quotes_change_owner(seen=quotes, by=world.rep, owner_id=world.stranger.pk), "owner"),
        (lambda quotes, world: services.quotes_set_valid_until(seen=quotes, by=world.rep, day=None), "valid_until"),
        (lambda quotes, world: services.quotes_set_valid_until(seen=quotes, by=world.rep, day=in_days(-1)), "valid_until"),
        (lambda quotes, world: services.quotes_set_valid_until(seen=quotes, by=world.rep, day=in_days(999)), "valid_until"),
    ],
)
def test_what_fits_none_of_them_is_said_of_the_field_and_nothing_is_changed(world: World, action: Any, field: str) -> None:
    quotes = seen(draft(world), draft(world))
    before = rows()
    with pytest.raises(Invalid) as refusal:
        action(quotes, world)
    assert (rows(), list(refusal.value.fields)) == (before, [field])


# --- The page ---------------------------------------------------------------------------------------------------------
def proposal(client: Client, action: str, *quotes: Quote) -> str:
    answer = client.get(reverse("quote_selected"), {"do": action, "q": [quote.pk for quote in quotes], "next": "/quotes/?q=x"})
    assert answer.status_code == 200
    return answer.content.decode()


def post(client: Client, action: str, *quotes: Quote, **more: Any) -> Any:
    named = [f"{one.quote_id}:{one.version}" for one in seen(*quotes)]
    return client.post(reverse("quote_selected"), {"do": action, "quote": named, "next": "/quotes/?q=x", **more})


def test_the_page_says_with_which_it_will_be_done_and_why_not_with_the_others(rep: Client, world: World) -> None:
    first, second, asked = draft(world), draft(world), in_review(world)
    hidden = services.quote_create(account_id=world.account.pk, by=world.rep)
    Quote.objects.filter(pk=hidden.pk).update(account=account_of(world.stranger))
    before = rows()
    html = proposal(rep, "owner", first, second, asked, hidden)
    assert re.findall(r'name="quote" value="(.*?)"', html) == [f"{second.pk}:1", f"{first.pk}:1"]
    assert ["Change the owner of 2 quotes" in html, "1 quote is left as it is" in html, str(hidden) in html] == [
        True,
        True,
        False,
    ]
    assert "The quote is in approval. Its owner can change once that is over." in html
    offered = re.findall(r'<option value="(\d+)"', html)
    assert sorted(map(int, offered)) == sorted([world.rep.pk, world.colleague.pk, world.manager.pk])
    assert "no longer a draft" in proposal(rep, "valid_until", sent(world).quote)
    assert "cannot be cancelled" in proposal(rep, "cancel", asked)
    rep.force_login(world.colleague)
    assert "You may not edit this quote." in proposal(rep, "cancel", first)
    assert rows()[0][:4] == before[0]


@pytest.mark.parametrize(
    ("action", "more"), [("owner", "owner"), ("valid_until", "valid_until"), ("cancel", "reason")]
)  # fmt: skip
def test_all_are_changed_and_the_list_comes_back_without_the_selection(rep: Client, world: World, action: str, more: str) -> None:
    quotes = [draft(world), draft(world)]
    typed = {"owner": world.colleague.pk, "valid_until": in_days(60).isoformat(), "reason": "Kausi ohi"}[more]
    answer = post(rep, action, *quotes, **{more: typed})
    assert (answer.status_code, answer["Location"]) == (302, "/quotes/?q=x")
    html = rep.get("/quotes/").content.decode()
    assert ["2 quotes changed." in html, re.findall(r'name="q" value="\d+"[^>]* checked', html)] == [True, []]
    verbs = {"owner": "owner changed", "cancel": "cancelled"}
    if action in verbs:
        assert list(Event.objects.filter(verb=verbs[action]).values_list("reason", flat=True)) == (
            ["Kausi ohi"] * 2 if action == "cancel" else ["", ""]
        )


def test_what_is_refused_is_named_with_the_reason(rep: Client, world: World) -> None:
    first, asked = draft(world), in_review(world)
    answer = post(rep, "cancel", first, asked)
    html = answer.content.decode()
    assert (answer.status_code, Quote.objects.get(pk=first.pk).status, Quote.objects.get(pk=asked.pk).status) == (
        200, "cancelled", "in_review",
    )  # fmt: skip
    assert ["1 quote was left as it was" in html, "A quote in this state cannot be cancelled." in html] == [True, True]
    assert "1 quote was changed" in html
    alone = post(rep, "cancel", asked)
    assert (alone.status_code, b"A quote in this state cannot be cancelled." in alone.content) == (409, True)
    rep.force_login(world.stranger)
    before = rows()
    unseen = post(rep, "cancel", draft(world))
    assert (unseen.status_code, b"1 quote is not in your sight." in unseen.content) == (404, True)
    assert rows()[0][:2] == before[0][:2]


def test_a_bad_day_is_said_beside_the_field_and_kept(rep: Client, world: World) -> None:
    quotes = [draft(world), draft(world)]
    for typed, sentence in (
        ("2020-01-01", "must be between today and a year from now"),
        ("soon", "valid date"),
        ("", "Give a date"),
    ):
        answer = post(rep, "valid_until", *quotes, valid_until=typed)
        html = answer.content.decode()
        assert (answer.status_code, sentence in html, f'value="{typed}" required' in html) == (422, True, True)
        assert html.count('name="quote"') == 2
    assert {quote.version for quote in Quote.objects.all()} == {1}


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"do": "nonsense", "quote": ["1:1"]}, 404), ({"do": "export", "quote": ["1:1"]}, 404), ({}, 404),
        ({"do": "cancel"}, 422), ({"do": "cancel", "quote": ["1"]}, 422), ({"do": "cancel", "quote": ["x:²"]}, 422),
        ({"do": "cancel", "quote": ["1:1"] * 101}, 422),
    ],
)  # fmt: skip
def test_nonsense_is_refused_not_broken(rep: Client, world: World, data: dict[str, Any], status: int) -> None:
    before = rows()
    assert (rep.post(reverse("quote_selected"), data).status_code, rows()) == (status, before)


def test_who_only_reads_quotes_changes_none(client: Client, world: World) -> None:
    quote = draft(world)
    client.force_login(world.pricing)
    before = rows()
    assert (post(client, "cancel", quote).status_code, rows()) == (403, before)
    html = client.get(reverse("quote_list")).content.decode()
    assert ['value="cancel"' in html, 'value="export"' in html] == [False, True]


def test_the_page_costs_the_same_for_2_and_for_20(rep: Client, world: World) -> None:
    counts = []
    for number in (2, 20):
        quotes = [draft(world) for _ in range(number)]
        proposal(rep, "owner", *quotes)
        with CaptureQueriesContext(connection) as queries:
            proposal(rep, "owner", *quotes)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 8


# --- A file of those that were selected -------------------------------------------------------------------------------
def test_the_selected_ones_in_sight_are_exported_and_no_others(rep: Client, world: World) -> None:
    first, _second, third = draft(world), draft(world), draft(world)
    html = proposal(rep, "export", first, third)
    assert re.findall(r'name="q" value="(\d+)"', html) == [str(third.pk), str(first.pk)]
    answer = rep.post(reverse("quote_export"), {"format": "csv", "q": [first.pk, third.pk, 987654]})
    lines = answer.getvalue().decode("utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in lines] == ["Number", str(third), str(first)]
    event = Event.objects.latest("pk")
    assert (event.verb, event.data["filter"], event.data["rows"]) == ("export started", {"selected": "3"}, 2)
