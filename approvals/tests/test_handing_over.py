"""Somebody else is asked: who may pass a request on, to whom, and what becomes of links, deadlines and rights."""

from collections.abc import Callable

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from approvals import services
from approvals.choices import RequestStatus, RunStatus, Verdict, Via
from approvals.models import Request
from approvals.tests.conftest import World
from approvals.tests.factories import ask, token_for
from core import links
from core.errors import DomainError, Invalid, NotAllowed, NotFound, WrongState
from core.models import Event, Link, MailboxMessage, OutboxMessage
from users.models import User
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def colleague(world: World) -> User:
    return UserFactory(display_name="Kaisa Kollega", roles=["pricing"], team=world.pricing.team, email="kaisa@example.com")


def hand_over(request: Request, by: User, to: User, **more: object) -> Request:
    return services.request_hand_over(request_id=request.pk, to_id=to.pk, by=by, **more)


def of(run: object) -> Request:
    return Request.objects.get(run=run)


@pytest.mark.req("S0.24")
def test_whoever_is_asked_passes_it_on_and_the_other_one_decides(
    world: World, colleague: User, clock: time_machine.Traveller
) -> None:
    run = ask(world.probe, by=world.rep)
    due = of(run).due_at
    clock.shift(3600)
    hand_over(of(run), world.pricing, colleague, comment="She knows the customer")
    request = of(run)
    assert (request.approver, request.status, request.is_open, request.due_at) == (colleague, RequestStatus.PENDING, True, due)
    event = Event.objects.get(verb="approval_handed_over")
    assert (event.by, event.reason, event.data["to"]) == (world.pricing, "She knows the customer", "Kaisa Kollega")
    with pytest.raises((NotAllowed, NotFound)):
        services.request_decide(request_id=request.pk, verdict=Verdict.APPROVE, comment="", by=world.pricing, via=Via.PAGE)
    services.request_decide(request_id=request.pk, verdict=Verdict.APPROVE, comment="", by=colleague, via=Via.PAGE)
    run.refresh_from_db()
    assert run.status == RunStatus.APPROVED


@pytest.mark.req("S0.24")
def test_the_old_link_is_dead_and_the_new_one_lives(world: World, colleague: User, client: Client) -> None:
    run = ask(world.probe, by=world.rep)
    old = token_for(of(run).pk, world.pricing)
    hand_over(of(run), world.pricing, colleague)
    live = {link.person: links.is_live(link) for link in Link.objects.filter(purpose=Link.Purpose.APPROVAL)}
    assert live == {world.pricing: False, colleague: True}
    page = client.get(reverse("approval_link", args=[old]), follow=True)
    assert "Pirkko Pöyry handed this over to Kaisa Kollega, " in page.content.decode()
    assert b"Approve</button>" not in page.content


def test_everybody_concerned_is_told(world: World, colleague: User, outbox_drain: Callable[[], int], settings: Settings) -> None:
    settings.EMAIL_BACKEND = "core.mailbox.MailboxBackend"
    run = ask(world.probe, by=world.rep)
    outbox_drain()
    MailboxMessage.objects.all().delete()
    hand_over(of(run), world.pricing, colleague, comment="She knows the customer")
    topics = OutboxMessage.objects.filter(delivered_at=None).values_list("topic", "payload__user_id")
    assert sorted(topics) == [("approval.handed_over", world.rep.pk), ("approval.requested", colleague.pk)]
    outbox_drain()

    mails = {mail.recipients: " ".join(mail.text.split()) for mail in MailboxMessage.objects.all()}
    assert "over to Kaisa Kollega, who is asked from now on. > She knows the customer" in mails[world.rep.email]
    assert "Pirkko Pöyry has handed it over to you. > She knows the customer" in mails[colleague.email]


def test_a_steward_takes_it_from_whoever_does_not_answer_and_tells_both(world: World, colleague: User) -> None:
    run = ask(world.probe, by=world.rep)
    OutboxMessage.objects.all().delete()
    hand_over(of(run), world.steward, colleague)
    told = sorted(OutboxMessage.objects.values_list("topic", "payload__user_id"))
    assert told == sorted(
        [("approval.handed_over", world.rep.pk), ("approval.handed_over", world.pricing.pk), ("approval.requested", colleague.pk)]
    )


def test_what_the_stewards_give_away_is_answered_by_whoever_got_it(world: World) -> None:
    User.objects.filter(pk=world.pricing.pk).update(is_active=False)
    run = ask(world.probe, by=world.rep)
    assert [request.approver for request in run.requests.all()] == [None]
    found = UserFactory(roles=["pricing"], team=world.rep.team)
    hand_over(of(run), world.steward, found)
    assert of(run).approver_id == found.pk
    services.request_decide(request_id=of(run).pk, verdict=Verdict.APPROVE, comment="", by=found, via=Via.PAGE)
    assert of(run).status == RequestStatus.APPROVED


@pytest.mark.req("S0.24")
@pytest.mark.parametrize("who", ["rep", "editor", "another", "other unit", "no right", "asked already", "herself", "nobody"])
def test_nobody_else_gets_it(world: World, colleague: User, who: str) -> None:
    editor = UserFactory(roles=["pricing"], team=world.pricing.team)
    both = UserFactory(roles=["sales_manager"], team=world.rep.team)
    run = ask(world.probe, by=world.rep, gates={"probe_first": world.pricing.pk, "probe_second": both.pk}, last_editor=editor)
    request = Request.objects.get(run=run, approver=world.pricing)
    people = {
        "rep": world.rep,
        "editor": editor,
        "another": UserFactory(roles=["pricing"], is_active=False),
        "other unit": UserFactory(roles=["sales_manager"]),
        "no right": UserFactory(roles=["finance"], team=world.rep.team),
        "asked already": both,
        "herself": world.pricing,
        "nobody": User(pk=10**9),
    }
    with pytest.raises(Invalid) as refusal:
        hand_over(request, world.pricing, people[who])
    assert list(refusal.value.fields) == ["to"]
    assert (Request.objects.get(pk=request.pk).approver, Event.objects.filter(verb="approval_handed_over").count()) == (
        world.pricing,
        0,
    )


@pytest.mark.req("S0.24")
def test_only_who_is_asked_or_a_steward_who_is_not_involved_hands_over(world: World, colleague: User) -> None:
    run = ask(world.probe, by=world.rep, last_editor=world.steward)
    for person in (world.rep, colleague, world.steward):
        with pytest.raises((NotAllowed, NotFound)):
            hand_over(of(run), person, colleague)
    assert of(run).approver == world.pricing


def test_what_is_decided_or_taken_back_is_not_handed_over(world: World, colleague: User) -> None:
    run = ask(world.probe, by=world.rep)
    services.run_recall(subject_type="probe", subject_id=world.probe.pk, by=world.rep)
    with pytest.raises(WrongState):
        hand_over(of(run), world.pricing, colleague)


def test_a_later_step_is_given_away_in_silence_and_asked_when_its_turn_comes(world: World) -> None:
    manager, other = (
        UserFactory(roles=["sales_manager"], team=world.rep.team),
        UserFactory(roles=["sales_manager"], team=world.rep.team),
    )
    run = ask(world.probe, by=world.rep, gates={"probe_first": world.pricing.pk, "probe_second": manager.pk})
    later = Request.objects.get(run=run, approver=manager)
    OutboxMessage.objects.all().delete()
    hand_over(later, world.steward, other)
    assert not OutboxMessage.objects.filter(topic="approval.requested").exists()
    first = Request.objects.get(run=run, approver=world.pricing)
    services.request_decide(request_id=first.pk, verdict=Verdict.APPROVE, comment="", by=world.pricing, via=Via.PAGE)
    assert OutboxMessage.objects.filter(topic="approval.requested", payload__user_id=other.pk).count() == 1


# --- On the pages ---
def test_the_page_offers_those_who_may_and_hands_over(world: World, colleague: User, client: Client) -> None:
    run = ask(world.probe, by=world.rep)
    client.force_login(world.pricing)
    path = reverse("approval_detail", args=[of(run).pk])
    html = client.get(path).content.decode()
    assert f'<option value="{colleague.pk}">Kaisa Kollega</option>' in html
    empty = client.post(path, {"verdict": "hand_over", "version": 1, "content_hash": "x"})
    assert (empty.status_code, "Choose to whom." in empty.content.decode()) == (422, True)
    answer = client.post(path, {"verdict": "hand_over", "to": colleague.pk, "version": 1, "content_hash": "x"}, follow=True)
    assert (answer.redirect_chain[-1][0], of(run).approver) == (reverse("approval_list"), colleague)


def test_behind_the_link_it_is_handed_over_too(world: World, colleague: User, client: Client) -> None:
    run = ask(world.probe, by=world.rep)
    page = client.get(reverse("approval_link", args=[token_for(of(run).pk, world.pricing)]), follow=True)
    path = page.redirect_chain[-1][0]
    answer = client.post(path, {"verdict": "hand_over", "to": colleague.pk, "version": 1, "content_hash": "x"}, follow=True)
    assert (of(run).approver, "Pirkko Pöyry handed this over to Kaisa Kollega, " in answer.content.decode()) == (colleague, True)
    again = client.post(path, {"verdict": "hand_over", "to": world.pricing.pk, "version": 1, "content_hash": "x"})
    assert (again.status_code, of(run).approver) == (409, colleague)


def test_programs_learn_to_whom_and_hand_over(world: World, colleague: User, client: Client) -> None:
    run = ask(world.probe, by=world.rep)
    client.force_login(world.pricing)
    path = f"/api/v1/approvals/{of(run).pk}/"
    assert {"id": colleague.pk, "name": "Kaisa Kollega"} in client.get(path).json()["successors"]
    answer = client.post(f"{path}hand-over/", {"to": colleague.pk}, content_type="application/json")
    assert (answer.status_code, answer.json()["approver"], of(run).approver) == (200, colleague.pk, colleague)
    assert client.get(path).status_code == 404


def test_two_who_hand_over_at_once_leave_one_approver(world: World, colleague: User) -> None:
    run = ask(world.probe, by=world.rep)
    hand_over(of(run), world.pricing, colleague)
    with pytest.raises(DomainError):
        hand_over(of(run), world.pricing, world.steward)
    assert of(run).approver == colleague
