"""Mail servers that are down, slow, unwilling, or break off: nothing is lost, and only what they may have taken comes twice."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from core import clock as instants, emails, outbox, smtp
from core.models import OutboxMessage
from core.tests.mail_servers import RESET, ScriptedServer, closed_port, scripted

pytestmark = [pytest.mark.django_db, pytest.mark.once]

BACK_OFF = [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


@pytest.fixture
def server(settings: Settings) -> Iterator[ScriptedServer]:
    with scripted() as made:
        settings.EMAIL_BACKEND = "core.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", made.port, 5
        yield made


@pytest.fixture
def letter(monkeypatch: pytest.MonkeyPatch) -> Callable[..., OutboxMessage]:
    def deliver(message: OutboxMessage, *, to: str) -> None:
        emails.send(
            message,
            to=to.split(),
            subject="Offer",
            text_template="emails/base.txt",
            html_template="emails/base.html",
            context={},
            language="en",
        )

    monkeypatch.setitem(outbox._handlers, "test.letter", deliver)
    return lambda to="ostaja@asiakas.example": outbox.emit("test.letter", to=to)


def ids_of(server: ScriptedServer) -> list[str]:
    return [server.uuid_of(text) for text in server.mails]


def is_dead(message: OutboxMessage) -> bool:
    message.refresh_from_db()
    return message.dead_at is not None


def backs_off(message: OutboxMessage, clock: time_machine.Traveller, times: int) -> list[float]:
    """Fail this often, by the clock; the pauses."""
    waits = []
    for _attempt in range(times):
        assert outbox.drain() == 0
        message.refresh_from_db()
        waits.append((message.available_at - instants.now()).total_seconds())
        clock.move_to(message.available_at)
    return waits


# --- F3, each way to fail -------------------------------------------------------------------------------------------------
def test_a_server_that_refuses_connections_is_tried_less_and_less_and_nothing_is_lost(
    server: ScriptedServer, letter: Any, settings: Settings, clock: time_machine.Traveller
) -> None:
    message, settings.EMAIL_PORT = letter(), closed_port()
    assert backs_off(message, clock, 9) == BACK_OFF
    assert (message.last_error[:22], is_dead(message)) == ("ConnectionRefusedError", False)
    settings.EMAIL_PORT = server.port
    assert (outbox.drain(), ids_of(server)) == (1, [str(message.uuid)])


@pytest.mark.parametrize("where", ["MAIL", "RCPT", "."])
def test_a_reply_for_now_is_tried_less_and_less_and_nothing_is_lost(
    server: ScriptedServer, letter: Any, clock: time_machine.Traveller, where: str
) -> None:
    server.replies[where] = "451 try later"
    message = letter()
    assert backs_off(message, clock, 3) == BACK_OFF[:3]
    server.replies.clear()
    server.mails.clear()
    assert (outbox.drain(), ids_of(server)) == (1, [str(message.uuid)])


@pytest.mark.parametrize("where", ["MAIL", "RCPT", "."])
def test_a_refusal_for_good_is_given_up_at_once(server: ScriptedServer, letter: Any, where: str) -> None:
    server.replies[where] = "550 no such user here"
    message = letter()
    assert outbox.drain() == 0
    assert is_dead(message)
    assert (message.attempts, "550 no such user here" in message.last_error) == (1, True)


def test_a_server_that_wants_a_log_in_first_kills_no_mail(server: ScriptedServer, letter: Any) -> None:
    server.replies["MAIL"] = "530 log in first"
    message = letter()
    assert (outbox.drain(), is_dead(message)) == (0, False)


@pytest.mark.parametrize("where", ["MAIL", "RCPT"])
def test_a_line_that_is_cut_before_the_mail_brings_it_once(
    server: ScriptedServer, letter: Any, clock: time_machine.Traveller, where: str
) -> None:
    server.replies[where] = RESET
    message = letter()
    assert backs_off(message, clock, 2) == BACK_OFF[:2]
    server.replies.clear()
    assert (outbox.drain(), ids_of(server)) == (1, [str(message.uuid)])


def test_a_line_that_is_cut_after_the_mail_brings_it_again_with_the_same_id(
    server: ScriptedServer, letter: Any, clock: time_machine.Traveller
) -> None:
    server.replies["."] = RESET
    messages = [letter() for _number in range(3)]
    assert outbox.drain() == 0
    server.replies.clear()
    clock.shift(30)
    assert outbox.drain() == 3
    assert Counter(ids_of(server)) == {str(message.uuid): 2 for message in messages}


def test_a_mail_that_was_taken_before_the_line_was_cut_is_not_sent_again_at_once(
    server: ScriptedServer, letter: Any, clock: time_machine.Traveller
) -> None:
    server.replies = _Turns({".": iter(["250 OK", RESET, "250 OK", "250 OK"])})
    first, second, third = letter(), letter(), letter()
    assert outbox.drain() == 2
    assert ids_of(server) == [str(message.uuid) for message in (first, second, third)]
    clock.shift(30)
    assert (outbox.drain(), ids_of(server)[3:]) == (1, [str(second.uuid)])


def test_a_server_that_drips_is_left_when_its_time_is_over(
    server: ScriptedServer, letter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte comes well within the time for a read; only all of them together take too long."""
    monkeypatch.setattr(smtp, "MAIL_SECONDS", 0.6)
    server.slow, server.replies["EHLO"] = 0.1, f"250 {'x' * 60}"
    message, began = letter(), time.perf_counter()
    assert outbox.drain() == 0
    assert time.perf_counter() - began < 3
    message.refresh_from_db()
    assert "timed out" in message.last_error
    server.slow, server.replies = 0.0, {}
    OutboxMessage.objects.update(available_at=message.created_at)
    assert (outbox.drain(), ids_of(server)) == (1, [str(message.uuid)])


def test_a_mail_and_the_one_before_it_take_less_than_a_lease() -> None:
    assert outbox.LEASE.total_seconds() > 2 * smtp.MAIL_SECONDS + smtp.GOOD_BYE_SECONDS


# --- Many over one connection ---------------------------------------------------------------------------------------------
def test_many_mails_go_over_one_connection_with_few_statements(server: ScriptedServer, letter: Any) -> None:
    for _number in range(20):
        letter()
    with CaptureQueriesContext(connection) as queries:
        assert outbox.drain() == 20
    assert (server.connections, len(server.mails)) == (1, 20)
    assert len(queries) <= 20 + 8, "one for each that is delivered, and a few for all"


def test_what_is_refused_or_cut_is_nothing_to_the_others(server: ScriptedServer, letter: Any) -> None:
    first = letter()
    bad = letter("")
    last = letter()
    assert outbox.drain() == 2
    assert (ids_of(server), is_dead(bad)) == ([str(first.uuid), str(last.uuid)], True)


def test_a_server_that_takes_few_mails_per_connection_gets_another_one(server: ScriptedServer, letter: Any) -> None:
    server.most_per_connection = 3
    messages = [letter() for _number in range(10)]
    assert outbox.drain() == 10
    assert (ids_of(server), server.connections) == ([str(message.uuid) for message in messages], 4)
    assert set(OutboxMessage.objects.values_list("attempts", flat=True)) == {1}


def test_after_many_mails_there_is_a_new_connection(server: ScriptedServer, letter: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "MAILS_PER_CONNECTION", 4)
    for _number in range(9):
        letter()
    assert (outbox.drain(), server.connections) == (9, 3)


def test_a_connection_that_could_not_be_encrypted_takes_no_mail(server: ScriptedServer, letter: Any, settings: Settings) -> None:
    settings.EMAIL_USE_TLS = True
    letter()
    letter()
    assert (outbox.drain(), server.mails) == (0, [])


def test_of_several_recipients_one_that_is_refused_is_no_success(server: ScriptedServer, letter: Any) -> None:
    server.replies = _Turns({"RCPT": iter(["250 OK", "550 no such user"])})
    message = letter("a@asiakas.example b@asiakas.example")
    assert outbox.drain() == 0
    assert is_dead(message)
    assert message.last_error == "Undeliverable: b@asiakas.example: 550 no such user"
    assert len(server.mails) == 1, "the other one has it"


class _Turns(dict[str, Any]):
    """Another reply each time."""

    def get(self, verb: str, otherwise: Any = None) -> Any:
        return next(self[verb]) if verb in self else otherwise


def test_outside_of_a_block_a_mail_has_a_connection_of_its_own(server: ScriptedServer) -> None:
    for _number in range(2):
        smtp.send(mail.EmailMessage("Offer", "Hello", to=["ostaja@asiakas.example"], headers={"Message-ID": "<0-0@x>"}))
    assert (len(server.mails), server.connections) == (2, 2)
