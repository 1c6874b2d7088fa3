"""The page of mails that failed: what stewards see, what nobody sees, and that a mail is tried again."""

import pytest
from django.core import mail
from django.test import Client

from core import clock, outbox
from core.models import Event, OutboxMessage
from quotes.tests.factories import World, make_world, sent
from users.models import User
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def steward() -> User:
    return UserFactory(roles=["data_steward"], display_name="Taavi Tähtinen")


@pytest.fixture
def page(steward: User, client: Client) -> Client:
    client.force_login(steward)
    return client


def failed(message: OutboxMessage, error: str, *, dead: bool = False, attempts: int = 3) -> OutboxMessage:
    message.attempts, message.last_error, message.dead_at = attempts, error, clock.now() if dead else None
    message.save()
    return message


def a_change(person: User) -> OutboxMessage:
    return outbox.emit("users.account_changed", user_id=person.pk, change="password_set")


def text_of(page: Client) -> str:
    return page.get("/mails/").content.decode()


@pytest.mark.req("S0.24")
def test_stewards_see_what_failed_to_whom_about_what_and_why(page: Client) -> None:
    world = make_world()
    document = sent(world)
    failed(OutboxMessage.objects.get(topic="quote.sent"), "Undeliverable: 550 no such user", dead=True, attempts=1)
    failed(a_change(world.rep), "ConnectionRefusedError: [Errno 111] Connection refused", attempts=12)
    text = text_of(page)
    assert "Quote to the customer" in text
    assert f'<a href="/quotes/{document.quote_id}/">{document.quote}, {world.account.name}</a>' in text
    assert world.contact.email.replace("@", "@<wbr>") in text or world.contact.email in text
    assert "The mail server refused it for good: 550 no such user" in text
    assert "Notice of a change to a log-in" in text
    assert "The mail server cannot be reached." in text
    assert "Errno" not in text
    assert "Given up" in text
    assert f'value="retry:{OutboxMessage.objects.get(topic="quote.sent").pk}"' in text


def test_what_goes_out_as_it_should_is_not_there(page: Client, steward: User) -> None:
    a_change(steward)
    outbox.drain()
    a_change(steward)
    assert "Every mail has gone out" in text_of(page)


def test_a_mail_about_something_that_is_gone_is_shown_as_far_as_it_is_known(page: Client) -> None:
    failed(outbox.emit("approval.requested", request_id=7, user_id=8, link_id=9), "DoesNotExist: ", dead=True)
    text = text_of(page)
    assert "Request for approval" in text
    assert "What it is about is no longer there." in text


def test_no_token_is_shown(page: Client, steward: User) -> None:
    token = "x" * 43
    failed(a_change(steward), f"SMTPDataError: (451, b'spam: http://crm.example/a/{token}/')")
    assert token not in text_of(page)


def test_one_is_tried_again_and_somebody_answers_for_it(page: Client, steward: User) -> None:
    dead = failed(a_change(steward), "Undeliverable: 550 no", dead=True)
    other = failed(a_change(steward), "Undeliverable: 550 no", dead=True)
    answer = page.post("/mails/retry/", {"action": f"retry:{dead.pk}"}, follow=True)
    assert "1 mail is tried again." in answer.content.decode()
    assert (outbox.drain(), len(mail.outbox)) == (1, 1)
    dead.refresh_from_db()
    other.refresh_from_db()
    assert (dead.delivered_at is not None, dead.dead_at, other.dead_at is not None) == (True, None, True)
    event = Event.objects.get(subject_type="outboxmessage")
    assert (event.subject_id, event.verb, event.by, event.data) == (
        dead.pk, "tried anew", steward, {"topic": "users.account_changed"},
    )  # fmt: skip


def test_the_ticked_ones_or_all_that_were_given_up_are_tried_again(page: Client, steward: User) -> None:
    dead = [failed(a_change(steward), "Undeliverable: 550 no", dead=True) for _number in range(3)]
    trying = failed(a_change(steward), "TimeoutError: timed out")
    OutboxMessage.objects.filter(pk=trying.pk).update(available_at=clock.now() + outbox.LONGEST_RETRY)
    page.post("/mails/retry/", {"action": "retry", "row": [dead[0].pk, trying.pk]})
    assert outbox.drain() == 2
    answer = page.post("/mails/retry/", {"action": "retry_dead"}, follow=True)
    assert "2 mails are tried again." in answer.content.decode()
    assert (outbox.drain(), outbox.counts()) == (2, {"waiting": 0, "dead": 0})


def test_what_was_delivered_or_is_on_its_way_is_left_alone(page: Client, steward: User) -> None:
    done = failed(a_change(steward), "")
    OutboxMessage.objects.filter(pk=done.pk).update(delivered_at=clock.now())
    going = failed(a_change(steward), "TimeoutError: timed out")
    OutboxMessage.objects.filter(pk=going.pk).update(claimed_until=clock.now() + outbox.LEASE)
    for message in (done, going):
        assert page.post("/mails/retry/", {"action": f"retry:{message.pk}"}).status_code == 409
    assert Event.objects.filter(subject_type="outboxmessage").count() == 0


def test_a_mail_that_is_tried_anew_has_a_day_again(page: Client, steward: User) -> None:
    dead = failed(a_change(steward), "TimeoutError: timed out", dead=True)
    OutboxMessage.objects.filter(pk=dead.pk).update(created_at=clock.now() - 2 * outbox.GIVE_UP_AFTER)
    page.post("/mails/retry/", {"action": f"retry:{dead.pk}"})
    dead.refresh_from_db()
    outbox._failed(dead, TimeoutError("timed out"))
    dead.refresh_from_db()
    assert (dead.dead_at, dead.available_at > clock.now()) == (None, True)


@pytest.mark.parametrize("form", [{}, {"action": "retry"}, {"action": "retry:x"}, {"action": "retry", "row": ["1", "x"]}])
def test_a_form_that_says_nothing_of_use_is_refused(page: Client, form: dict[str, str]) -> None:
    assert page.post("/mails/retry/", form).status_code == 422
    assert Event.objects.count() == 0


@pytest.mark.parametrize("role", ["sales_rep", "pricing", "finance"])
def test_it_is_for_stewards_alone(role: str) -> None:
    client, dead = Client(), failed(a_change(UserFactory()), "Undeliverable: 550 no", dead=True)
    client.force_login(UserFactory(roles=[role]))
    assert client.get("/mails/").status_code == 403
    assert client.post("/mails/retry/", {"action": f"retry:{dead.pk}"}).status_code == 403
    assert 'href="/mails/"' not in client.get("/").content.decode()
    assert outbox.counts()["dead"] == 1


def test_a_quote_whose_mail_failed_says_so(client: Client) -> None:
    world: World = make_world()
    document = sent(world)
    client.force_login(world.rep)
    assert b"The mail could not be delivered." not in client.get(f"/quotes/{document.quote_id}/").content
    failed(OutboxMessage.objects.get(topic="quote.sent"), "Undeliverable: 550 no such user", dead=True)
    assert b"The mail could not be delivered." in client.get(f"/quotes/{document.quote_id}/").content
