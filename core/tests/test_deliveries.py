"""How a failure reads, and that every kind of message can be told."""

import pytest

from core import deliveries, outbox


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        ("", ""),
        ("Undeliverable: no address to send to", "There is no address to send it to."),
        ("Undeliverable: the person has left", "The person has left."),
        ("Undeliverable: 550 no such user", "The mail server refused it for good: 550 no such user"),
        ("the workers that tried died", "The program was stopped each time it tried. The log says more."),
        ("ConnectionRefusedError: [Errno 111] Connection refused", "The mail server cannot be reached."),
        ("gaierror: [Errno -2] Name or service not known", "The mail server cannot be reached."),
        ("TimeoutError: timed out", "The mail server was too slow."),
        ("SMTPServerDisconnected: Connection unexpectedly closed: timed out", "The mail server was too slow."),
        ("SMTPServerDisconnected: Connection unexpectedly closed", "The mail server broke off."),
        ("SMTPAuthenticationError: (535, b'no')", "The mail server does not accept our log-in."),
        ("SMTPDataError: (451, b'try later')", "The mail server put it off: 451 try later"),
        ("SMTPSenderRefused: (421, b'busy', 'sales@tukku.example')", "The mail server put it off: 421 busy"),
        ("SMTPRecipientsRefused: {'a@b.example': (450, b'busy')}", "The mail server put it off: 'a@b.example': 450 busy"),
        ("DoesNotExist: Request matching query does not exist.", "What it is about is no longer there."),
        ("LookupError: the key of this link is gone", "The key of its link was replaced meanwhile."),
        ("KeyError: 'test.nobody'", "An error of the program (KeyError). The log says more."),
    ],
)
def test_an_error_is_told_in_words(error: str, sentence: str) -> None:
    assert deliveries.error_in_words(error) == sentence


def test_every_topic_has_a_title() -> None:
    assert [topic for topic in sorted(outbox.topics()) if outbox.title(topic) == topic] == []


def test_a_kind_of_ids_is_told_of_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        deliveries.tells("user_id")(lambda ids: {})
