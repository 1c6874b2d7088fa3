"""How mails reach the mail server: many over one connection, none for longer than its time, none half delivered in silence."""

import contextlib
import smtplib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from typing import Any

from django.core import mail
from django.core.mail.backends.smtp import EmailBackend as DjangoBackend

MAIL_SECONDS = 40.0
"""What a mail may take, however slowly its server speaks. Two of them take less than the lease of a message (core.outbox)."""
GOOD_BYE_SECONDS = 2.0
MAILS_PER_CONNECTION = 100
"""Then a new one, as some servers count."""


class PartlyRefused(smtplib.SMTPException):
    """Some of several recipients were refused, the others have got the mail."""

    def __init__(self, recipients: dict[str, tuple[int, bytes]]) -> None:
        self.recipients = recipients
        super().__init__(recipients)


class _Kept:
    """A connection that many mails go over, one after the other, in a thread: while one is under way the next is written."""

    def __init__(self) -> None:
        self.connection = mail.get_connection()
        self.thread = ThreadPoolExecutor(1, "mail") if isinstance(self.connection, EmailBackend) else None
        self.begun: list[Future[None]] = []

    def close(self) -> None:
        if self.thread is not None:
            self.thread.shutdown()
        with contextlib.suppress(OSError):  # what was sent is sent
            self.connection.close()


_kept: ContextVar[_Kept | None] = ContextVar("kept connection", default=None)


@contextlib.contextmanager
def one_connection() -> Iterator[None]:
    """Within the block mails go over one connection, opened by the first of them, and `begin` does not wait."""
    kept = _Kept()
    token = _kept.set(kept)
    try:
        yield
    finally:
        _kept.reset(token)
        kept.close()


def begin(deliver: Callable[[], None]) -> None:
    """Have `deliver` send a mail. Within `one_connection` whoever wants to know how it ended asks for what has `begun`."""
    kept = _kept.get()
    if kept is None or kept.thread is None:
        deliver()
    else:
        kept.begun.append(kept.thread.submit(copy_context().run, deliver))


def begun() -> "list[Future[None]]":
    """What has begun since the last time that somebody asked."""
    kept = _kept.get()
    if kept is None:
        return []
    found, kept.begun = kept.begun, []
    return found


def send(message: mail.EmailMessage) -> None:
    """Hand the mail to the server, by the connection of the block where there is one."""
    kept = _kept.get()
    if kept is not None:
        kept.connection.open()
        message.connection = kept.connection
    message.send()


class _Lines:
    """What the server says, line by line, as long as there is time."""

    def __init__(self, connection: Any) -> None:
        self.connection, self.rest = connection, b""

    def readline(self, most: int) -> bytes:
        while b"\n" not in self.rest and len(self.rest) < most:
            self.connection.sock.settimeout(self.connection.seconds_left())
            some = self.connection.sock.recv(4096)
            if not some:
                break
            self.rest += some
        end = min(self.rest.find(b"\n") + 1 or len(self.rest), most)
        line, self.rest = self.rest[:end], self.rest[end:]
        return line

    def close(self) -> None:
        """The socket is the connection's to close."""


class _InTime(smtplib.SMTP):
    """A connection with a time limit for all of a mail, where the library's is one for each read."""

    file: Any
    ends = 0.0
    data_begun = False
    """Whether the server may have this mail."""
    sent = 0

    def __init__(self, *args: Any, **options: Any) -> None:
        self.begin()
        super().__init__(*args, **options)

    def begin(self, seconds: float | None = None) -> None:
        self.ends, self.data_begun = time.monotonic() + (seconds or MAIL_SECONDS), False

    def seconds_left(self) -> float:
        left = self.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return min(left, self.timeout) if self.timeout else left

    def getreply(self) -> Any:
        if self.file is None and self.sock is not None:
            self.file = _Lines(self)
        return super().getreply()

    def send(self, text: Any) -> None:
        if self.sock is not None:
            self.sock.settimeout(self.seconds_left())
        super().send(text)

    def data(self, text: Any) -> Any:
        self.data_begun = True
        return super().data(text)

    def sendmail(self, *args: Any, **options: Any) -> Any:
        """Raises besides: PartlyRefused."""
        refused = super().sendmail(*args, **options)
        if refused:
            raise PartlyRefused(refused)
        return refused


class _Encrypted(_InTime, smtplib.SMTP_SSL):
    pass


class EmailBackend(DjangoBackend):
    """Django's, over connections that may be kept: what breaks one mail's connection is nothing to the next mail."""

    connection: Any
    _partial_connection: Any

    @property
    def connection_class(self) -> Any:
        return _Encrypted if self.use_ssl else _InTime

    def open(self) -> bool | None:
        if self.connection is not None and self.connection.sent >= MAILS_PER_CONNECTION:
            self.close()
        try:
            return super().open()
        except OSError:
            self._drop()  # a server that was too slow to be reached would be as slow to say good-bye
            raise

    def close(self) -> None:
        if self.connection is not None:
            self.connection.begin(GOOD_BYE_SECONDS)
        super().close()

    def _send(self, email_message: mail.EmailMessage) -> bool:
        connection = self.connection
        connection.begin()
        try:
            sent: bool = super()._send(email_message)  # type: ignore[misc]
        except Exception:
            went_away = connection.sock is None and connection.sent > 0 and not connection.data_begun
            if connection.sock is None or connection.data_begun:
                self._drop()
            if not went_away:
                raise
            self.open()  # the server had ended what was kept, before it knew of this mail
            return self._send(email_message)
        connection.sent += 1
        return sent

    def _drop(self) -> None:
        for connection in (self.connection, self._partial_connection):
            if connection is not None:
                connection.close()
        self.connection = self._partial_connection = None
