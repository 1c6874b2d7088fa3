"""What must leave the house leaves it: retries, leases, dead letters, a broker that is down, a mail server that refuses."""

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from email import message_from_string
from email.header import decode_header, make_header
from io import StringIO
from typing import Any

import pytest
import time_machine
from aiosmtpd.controller import Controller
from celery import current_app
from django.conf import settings
from django.core.mail import get_connection
from django.core.management import call_command
from django.db import transaction
from django.db.models import Q

from core import emails, outbox, tasks
from core.models import OutboxMessage
from core.outbox import Undeliverable

START = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)


class Post:
    """A handler that fails as often as it is told, and remembers what it delivered."""

    def __init__(self) -> None:
        self.delivered: list[int] = []
        self.failures: list[Exception] = []

    def __call__(self, message: OutboxMessage, *, number: int) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.delivered.append(number)


@pytest.fixture
def post(db: None, monkeypatch: pytest.MonkeyPatch) -> Post:
    handler = Post()
    monkeypatch.setitem(outbox._handlers, "test.post", handler)
    return handler


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any], float | None]]:
    sent: list[tuple[str, dict[str, Any], float | None]] = []

    def send_task(name: str, *, kwargs: dict[str, Any], countdown: float | None) -> None:
        sent.append((name, kwargs, countdown))

    monkeypatch.setattr(current_app, "send_task", send_task)
    return sent


def claim(message: OutboxMessage) -> OutboxMessage | None:
    return next(iter(outbox._claim(Q(pk=message.pk))), None)


def state(message: OutboxMessage) -> tuple[int, str, bool, bool]:
    message.refresh_from_db()
    return message.attempts, message.last_error, message.delivered_at is not None, message.dead_at is not None


def test_a_message_is_nudged_after_commit_and_delivered_once(
    post: Post, published: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        message = outbox.emit("test.post", number=7)
        assert published == []
    assert published == [("core.outbox_deliver", {"message_ids": [message.pk]}, None)]
    tasks.outbox_deliver(message_ids=[message.pk])
    tasks.outbox_deliver(message_ids=[message.pk])
    assert (post.delivered, state(message)) == ([7], (1, "", True, False))


def test_nothing_is_sent_for_what_was_rolled_back(
    post: Post, published: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        outbox.emit("test.post", number=1)
        transaction.set_rollback(True)
    assert (published, OutboxMessage.objects.count()) == ([], 0)


def test_a_broker_that_is_down_loses_nothing(
    post: Post, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise ConnectionRefusedError("no broker")

    monkeypatch.setattr(current_app, "send_task", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        outbox.emit("test.post", number=1)
    assert post.delivered == []
    assert tasks.outbox_drain() == 1
    assert post.delivered == [1]


def test_a_delayed_message_waits(post: Post, clock: time_machine.Traveller) -> None:
    message = outbox.emit("test.post", delay=dt.timedelta(seconds=10), number=1)
    assert (outbox.drain(), outbox.deliver(message.pk)) == (0, False)
    clock.shift(dt.timedelta(seconds=10))
    assert outbox.drain() == 1


def test_failures_back_off_from_half_a_minute_to_an_hour(post: Post, clock: time_machine.Traveller) -> None:
    message = outbox.emit("test.post", number=1)
    post.failures = [ConnectionRefusedError("down")] * 10
    waits = []
    for _attempt in range(10):
        assert outbox.drain() == 0
        message.refresh_from_db()
        waits.append((message.available_at - dt.datetime.now(tz=dt.UTC)).total_seconds())
        clock.move_to(message.available_at - dt.timedelta(microseconds=1))
        assert outbox.waiting().count() == 0
        clock.move_to(message.available_at)
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert state(message) == (10, "ConnectionRefusedError: down", False, False)
    assert (outbox.drain(), post.delivered) == (1, [1])
    assert state(message) == (11, "", True, False)


def test_after_a_day_a_message_is_given_up(post: Post, clock: time_machine.Traveller) -> None:
    message = outbox.emit("test.post", number=1)
    post.failures = [TimeoutError("slow")] * 100
    clock.move_to(START + dt.timedelta(hours=24))
    outbox.drain()
    assert state(message) == (1, "TimeoutError: slow", False, False)
    message.refresh_from_db()
    clock.move_to(message.available_at)
    outbox.drain()
    assert state(message) == (2, "TimeoutError: slow", False, True)
    clock.shift(dt.timedelta(days=1))
    assert (outbox.drain(), outbox.counts()) == (0, {"waiting": 0, "dead": 1})


def test_what_cannot_be_delivered_is_given_up_at_once_and_the_rest_goes_on(post: Post, clock: time_machine.Traveller) -> None:
    post.failures = [Undeliverable("no address")]
    message = outbox.emit("test.post", number=1)
    outbox.emit("test.post", number=2)
    assert (outbox.drain(), post.delivered) == (1, [2])
    assert state(message) == (1, "Undeliverable: no address", False, True)


def test_a_topic_without_handler_stays_visible(db: None) -> None:
    message = outbox.emit("test.nobody", number=1)
    assert outbox.drain() == 0
    assert state(message) == (1, "KeyError: 'test.nobody'", False, False)


# --- What somebody waits for ---
@pytest.fixture
def urgent(post: Post, monkeypatch: pytest.MonkeyPatch) -> str:
    """A topic that goes ahead of others."""
    monkeypatch.setitem(outbox._handlers, "test.urgent", post)
    monkeypatch.setattr(outbox, "_urgent", {"test.urgent"})
    return "test.urgent"


def test_what_is_urgent_goes_first_and_then_the_oldest(post: Post, urgent: str, clock: time_machine.Traveller) -> None:
    for number in (1, 2):
        outbox.emit("test.post", number=number)
        clock.shift(1)
    for number in (3, 4):
        outbox.emit(urgent, number=number)
        clock.shift(1)
    assert (outbox.drain(), post.delivered) == (4, [3, 4, 1, 2])


def test_urgent_messages_that_come_while_others_are_delivered_do_not_wait_for_all_of_them(
    post: Post, urgent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "BATCH", 3)
    outbox.emit_all("test.post", [{"number": number} for number in range(9)])

    def deliver(message: OutboxMessage, *, number: int) -> None:
        post(message, number=number)
        if number == 1:
            outbox.emit(urgent, number=100)

    monkeypatch.setitem(outbox._handlers, "test.post", deliver)
    assert (outbox.drain(), post.delivered) == (10, [0, 1, 2, 100, 3, 4, 5, 6, 7, 8])


def test_urgent_messages_are_told_of_in_a_queue_of_their_own(
    post: Post, urgent: str, published: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        soon, later = outbox.emit(urgent, number=1), outbox.emit("test.post", number=2)
    assert published == [
        ("core.outbox_deliver_urgent", {"message_ids": [soon.pk]}, None),
        ("core.outbox_deliver", {"message_ids": [later.pk]}, None),
    ]
    queues = {name: current_app.amqp.router.route({}, name)["queue"].name for name, _ids, _countdown in published}
    assert queues == {"core.outbox_deliver_urgent": "urgent", "core.outbox_deliver": "celery"}
    assert tasks.outbox_drain_urgent() == 1
    assert post.delivered == [1]
    assert tasks.outbox_deliver_urgent(message_ids=[later.pk]) == 1


@pytest.mark.parametrize("path", ["Procfile", "compose.yaml"])
def test_a_worker_takes_nothing_but_what_is_urgent_and_the_others_take_both(path: str) -> None:
    workers = [line for line in (settings.BASE_DIR / path).read_text().splitlines() if "-A crm worker" in line]
    assert sorted("-Q urgent" in line for line in workers) == [False, True]
    assert [line for line in workers if "-Q" in line and "-Q urgent" not in line] == []
    assert {queue.name for queue in settings.CELERY_TASK_QUEUES} == {"celery", "urgent"}
    assert all(queue.routing_key == queue.name for queue in settings.CELERY_TASK_QUEUES)


def test_mails_that_somebody_waits_for_are_urgent_and_those_that_come_in_crowds_are_not() -> None:
    assert outbox._urgent == {
        "approval.asked_back",
        "approval.decided",
        "approval.handed_over",
        "approval.passed_on",
        "approval.recalled",
        "approval.requested",
        "csr.answered",
        "csr.assess",
        "csr.implement",
        "csr.orphaned",
        "csr.register",
        "csr.task",
        "users.password_reset",
    }


def test_many_messages_are_told_of_by_the_hundred(
    post: Post, published: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        outbox.emit_all("test.post", [{"number": number} for number in range(250)])
    assert [len(ids["message_ids"]) for _name, ids, _countdown in published] == [100, 100, 50]


def test_a_task_leaves_what_it_has_no_time_for_to_the_next_one(post: Post) -> None:
    outbox.emit_all("test.post", [{"number": number} for number in range(5)])
    assert outbox.drain(seconds=0) == 1
    waiting = OutboxMessage.objects.filter(delivered_at=None)
    assert set(waiting.values_list("claimed_until", "attempts")) == {(None, 0)}
    assert (outbox.drain(), post.delivered) == (4, [0, 1, 2, 3, 4])


def test_what_cannot_be_done_within_the_lease_is_given_back(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = iter([dt.timedelta(minutes=1), dt.timedelta(0), dt.timedelta(0)])
    outbox.emit_all("test.post", [{"number": number} for number in range(3)])
    with time_machine.travel(START, tick=False) as traveller:
        OutboxMessage.objects.update(available_at=START, created_at=START)

        def deliver(message: OutboxMessage, *, number: int) -> None:
            post(message, number=number)
            traveller.shift(next(slow))

        monkeypatch.setitem(outbox._handlers, "test.post", deliver)
        batch = outbox._claim(Q())
        assert outbox._deliver_batch(batch, None) == 1
        assert list(OutboxMessage.objects.order_by("pk").values_list("attempts", flat=True)) == [1, 0, 0]
        assert (outbox.drain(), post.delivered) == (2, [0, 1, 2])


# --- Leases ---
def test_a_message_of_a_killed_worker_is_taken_up_when_the_lease_ends(post: Post, clock: time_machine.Traveller) -> None:
    message = outbox.emit("test.post", number=1)
    assert claim(message) is not None, "and then the worker is killed"
    assert (outbox.drain(), outbox.deliver(message.pk)) == (0, False)
    clock.shift(dt.timedelta(minutes=2))
    assert outbox.drain() == 0
    clock.shift(dt.timedelta(seconds=1))
    assert (outbox.drain(), post.delivered) == (1, [1])
    assert state(message) == (2, "", True, False)


def test_a_worker_that_outlived_its_lease_does_not_undo_the_next_one(post: Post, clock: time_machine.Traveller) -> None:
    message = outbox.emit("test.post", number=1)
    slow = claim(message)
    clock.shift(dt.timedelta(minutes=3))
    quick = claim(message)
    assert slow is not None
    assert quick is not None
    outbox._failed(slow, TimeoutError("late"))
    message.refresh_from_db()
    assert (message.claimed_until, message.last_error, message.attempts) == (quick.claimed_until, "", 2)


def test_a_message_that_kills_every_worker_is_given_up_after_a_day(post: Post, clock: time_machine.Traveller) -> None:
    message = outbox.emit("test.post", number=1)
    claim(message)
    clock.shift(dt.timedelta(hours=24, seconds=1))
    assert outbox.drain() == 0
    assert state(message) == (1, "the workers that tried died", False, True)


def test_a_message_that_waited_long_for_a_worker_still_gets_its_chance(post: Post, clock: time_machine.Traveller) -> None:
    outbox.emit("test.post", number=1)
    clock.shift(dt.timedelta(days=3))
    assert (outbox.drain(), post.delivered) == (1, [1])


def test_a_message_is_withdrawn_only_while_nobody_has_claimed_it(post: Post) -> None:
    first, second = outbox.emit("test.post", number=1), outbox.emit("test.post", number=2)
    assert outbox.withdraw(first) is True
    assert outbox.withdraw(first) is False
    claim(second)
    assert outbox.withdraw(second) is False
    assert list(OutboxMessage.objects.values_list("pk", flat=True)) == [second.pk]


def test_a_topic_has_one_handler() -> None:
    name = next(iter(outbox.topics()))
    with pytest.raises(ValueError, match="two handlers"):
        outbox.handler(name)(lambda message: None)


def test_the_command_says_what_it_did(post: Post) -> None:
    for number in range(3):
        outbox.emit("test.post", number=number)
    post.failures = [Undeliverable("x"), OSError("y")]
    out = StringIO()
    call_command("outbox_drain", stdout=out)
    assert out.getvalue() == "delivered 1, waiting 1, given up 1\n"


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_workers_at_once_deliver_each_message_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import connection

    seen: list[int] = []
    monkeypatch.setitem(outbox._handlers, "test.post", lambda message, number: seen.append(number))
    for number in range(40):
        outbox.emit("test.post", number=number)

    def work() -> None:
        outbox.drain()
        connection.close()

    workers = [threading.Thread(target=work) for _worker in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=30)
    assert sorted(seen) == list(range(40))


# --- A real mail server on loopback ---
class MailServer:
    """Keeps what it is given; `refuse_recipient` and `refuse_data` are replies to give instead."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        self.refuse_recipient = ""
        self.refuse_data = ""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.refuse_recipient:
            return self.refuse_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refuse_data:
            return self.refuse_data
        self.mails.append(envelope.content.decode())
        return "250 OK"


class AnyPort(Controller):
    """Listens on a port that is free."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def mail_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    server = MailServer()
    controller = AnyPort(server, hostname="127.0.0.1", port=0)
    controller.start()
    for name, value in {
        "EMAIL_BACKEND": "core.smtp.EmailBackend",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": controller.port,
        "EMAIL_HOST_USER": "",
        "EMAIL_HOST_PASSWORD": "",
    }.items():
        monkeypatch.setattr(settings, name, value)
    yield server
    controller.stop()


@pytest.fixture
def letter(db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], OutboxMessage]:
    def deliver(message: OutboxMessage, *, to: str) -> None:
        emails.send(
            message,
            to=[to],
            subject="Tarjous Ä\r\nBcc: spy@example.org",
            text_template="emails/base.txt",
            html_template="emails/base.html",
            context={},
            language="fi",
            reply_to=emails.address("Räsänen, Riikka", "rep@tukku.example"),
            thread="quote-12",
            attachments=[emails.Attachment("tarjous.pdf", b"%PDF-1.7", "application/pdf")],
        )

    monkeypatch.setitem(outbox._handlers, "test.letter", deliver)
    return lambda to="ostaja@asiakas.example": outbox.emit("test.letter", to=to)


def test_a_mail_reaches_a_mail_server(mail_server: MailServer, letter: Any) -> None:
    message = letter()
    assert outbox.drain() == 1
    [mail] = mail_server.mails
    assert f"Message-ID: <{message.uuid}@127.0.0.1>" in mail
    assert "References: <quote-12@127.0.0.1>" in mail
    assert "Auto-Submitted: auto-generated" in mail
    assert "To: ostaja@asiakas.example" in mail
    headers = message_from_string(mail)
    assert (headers["Bcc"], str(make_header(decode_header(headers["Subject"])))) == (None, "Tarjous Ä Bcc: spy@example.org")
    assert 'filename="tarjous.pdf"' in mail
    assert "multipart/alternative" in mail
    assert "\nReply-To: =?utf-8?" in mail


@pytest.mark.parametrize(
    ("reply", "dead"),
    [("550 no such user", True), ("450 try later", False)],
)
@pytest.mark.parametrize("where", ["refuse_recipient", "refuse_data"])
def test_a_refusal_for_good_is_given_up_and_one_for_now_is_tried_again(
    mail_server: MailServer, letter: Any, where: str, reply: str, dead: bool
) -> None:
    setattr(mail_server, where, reply)
    message = letter()
    assert outbox.drain() == 0
    assert state(message)[2:] == (False, dead)
    setattr(mail_server, where, "")
    OutboxMessage.objects.update(available_at=START)
    assert outbox.drain() == (0 if dead else 1)


def test_a_mail_server_that_is_down_loses_nothing(letter: Any, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    port = settings.EMAIL_PORT
    monkeypatch.setattr(settings, "EMAIL_PORT", 1)
    message = letter()
    assert outbox.drain() == 0
    assert state(message)[0::2] == (1, False)
    monkeypatch.setattr(settings, "EMAIL_PORT", port)
    OutboxMessage.objects.update(available_at=START)
    assert (outbox.drain(), len(mail_server.mails)) == (1, 1)


def test_a_mail_sent_twice_has_the_same_id(mail_server: MailServer, letter: Any) -> None:
    message = letter()
    outbox.drain()
    OutboxMessage.objects.update(delivered_at=None)
    outbox.drain()
    ids = [line for mail in mail_server.mails for line in mail.splitlines() if line.startswith("Message-ID")]
    assert ids == [f"Message-ID: <{message.uuid}@127.0.0.1>"] * 2


def test_a_mail_to_nobody_is_given_up(letter: Any) -> None:
    message = letter("")
    assert outbox.drain() == 0
    assert state(message) == (1, "Undeliverable: no address to send to", False, True)


def test_the_backend_in_use_is_the_configured_one(mail_server: MailServer) -> None:
    assert type(get_connection()).__module__ == "core.smtp"
