"""What people see of messages that fail, and how they have them tried again. No token, and nothing of what a mail says, is shown.

To whom a message goes and what it is about is known to the app that wrote it: apps tell it by the names of their ids.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from core import clock, db, events, logs, outbox
from core.errors import WrongState
from core.models import OutboxMessage

if TYPE_CHECKING:
    from users.models import User

MOST_AT_ONCE = 1_000


class About(NamedTuple):
    """To whom, about which record, and where that is; what is not known stays empty."""

    to: str = ""
    what: str = ""
    path: str = ""


Tell = Callable[[list[Any]], Mapping[Any, About]]
_tells: dict[str, Tell] = {}


def tells(name: str) -> Callable[[Tell], Tell]:
    """Register what the ids called `name` stand for, asked for all messages of a page at once."""

    def register(function: Tell) -> Tell:
        if _tells.setdefault(name, function) is not function:
            raise ValueError(f"ids called {name} are told of twice")
        return function

    return register


def failing() -> QuerySet[OutboxMessage]:
    """Messages that were given up, and those that have failed and are tried again."""
    return OutboxMessage.objects.filter(delivered_at=None).exclude(last_error="")


def dead() -> QuerySet[OutboxMessage]:
    """Messages that were given up."""
    return failing().filter(dead_at__isnull=False)


@dataclass(frozen=True)
class Row:
    """A message as the list shows it."""

    message: OutboxMessage
    title: str
    about: About
    error: str


def rows(messages: Sequence[OutboxMessage]) -> list[Row]:
    """With what the apps tell of them; a query or two for each kind of ids."""
    told = {name: tell(_ids(messages, name)) for name, tell in _tells.items()}
    return [
        Row(message, outbox.title(message.topic), _about(message, told), error_in_words(message.last_error))
        for message in messages
    ]


def _ids(messages: Iterable[OutboxMessage], name: str) -> list[Any]:
    return [message.payload[name] for message in messages if name in message.payload]


def _about(message: OutboxMessage, told: Mapping[str, Mapping[Any, About]]) -> About:
    """What the ids say together; of two that say the same thing the first."""
    found = [told[name][value] for name, value in message.payload.items() if value in told.get(name, ())]
    record = next((one for one in found if one.what), About())
    return About(next((one.to for one in found if one.to), ""), record.what, record.path)


_ERRORS: tuple[tuple[str, str | Promise], ...] = (
    (r"^Undeliverable: no address to send to", gettext_lazy("There is no address to send it to.")),
    (r"^Undeliverable: the person has left", gettext_lazy("The person has left.")),
    (r"^Undeliverable: (?P<reply>.+)", gettext_lazy("The mail server refused it for good: %(reply)s")),
    (r"^the workers that tried died", gettext_lazy("The program was stopped each time it tried. The log says more.")),
    (r"^SMTPAuthenticationError", gettext_lazy("The mail server does not accept our log-in.")),
    (r"^(SMTPServerDisconnected|TimeoutError).*timed out", gettext_lazy("The mail server was too slow.")),
    (r"^(ConnectionRefusedError|gaierror|OSError|TimeoutError)", gettext_lazy("The mail server cannot be reached.")),
    (r"^(SMTPServerDisconnected|Connection\w+Error)", gettext_lazy("The mail server broke off.")),
    (r"^SMTP\w+: (?P<reply>.+)", gettext_lazy("The mail server put it off: %(reply)s")),
    (r"^DoesNotExist", gettext_lazy("What it is about is no longer there.")),
    (r"^LookupError: the key of this link", gettext_lazy("The key of its link was replaced meanwhile.")),
    (r"^(?P<name>\w+)", gettext_lazy("An error of the program (%(name)s). The log says more.")),
)


def error_in_words(error: str) -> str:
    """Why it failed, for somebody who is no programmer; what the mail server said is quoted."""
    for pattern, sentence in _ERRORS:
        if found := re.search(pattern, error, re.DOTALL):
            return logs.masked(str(sentence) % {name: _plain(text) for name, text in found.groupdict().items()})
    return ""


def _plain(reply: str) -> str:
    """What the server said, without the marks of the language that we are written in."""
    return re.sub(r"\(?(\d{3}), b['\"](.*?)['\"](?:, '[^']*')?\)?", r"\1 \2", reply).strip("{}")


@transaction.atomic
def message_retry(*, message_id: int, by: "User") -> None:
    """The message is tried again at once. Raises: WrongState when it was delivered meanwhile, or is on its way right now."""
    if not messages_retry(by=by, message_ids=[message_id]):
        raise WrongState(_("This mail was delivered meanwhile, or is on its way right now."))


@transaction.atomic
def messages_retry(*, by: "User", message_ids: Sequence[int] | None = None) -> int:
    """Those of the messages that still fail (None: those given up, a thousand at most) are tried again at once, with a new day
    until they are given up; their number. Locks them."""
    chosen = dead() if message_ids is None else failing().filter(pk__in=message_ids)
    free = chosen.filter(Q(claimed_until=None) | Q(claimed_until__lt=clock.now()))
    messages = list(free.select_for_update(**db.lock_options()).order_by("pk")[:MOST_AT_ONCE])
    now = clock.now()
    OutboxMessage.objects.filter(pk__in=[message.pk for message in messages]).update(
        dead_at=None, available_at=now, retried_at=now, claimed_until=None
    )
    for message in messages:
        events.record(message, "tried anew", by=by, topic=message.topic)
    outbox.nudge(messages)
    return len(messages)
