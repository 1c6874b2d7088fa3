"""How long a session lives, and what it was opened with.

The instants stand in the session itself and are checked on every request. A session is written for this once in a few
minutes at most, so somebody who pauses is logged out after three hours less those minutes, never after more. What ends the
sessions of a person at once (leaving, other roles, another password) is in the user's row: `User.session_epoch`.

Whatever opens a session of Django's is seen by its signal, so there is none without these marks; one would count as over.
"""

import datetime as dt

from django.contrib import auth
from django.http import HttpRequest

from core import clock
from users.models import User

LONGEST = dt.timedelta(hours=12)
LONGEST_PAUSE = dt.timedelta(hours=3)
NOTED_EVERY = dt.timedelta(minutes=5)

STARTED, SEEN, ROLES, PROVEN = "started_at", "seen_at", "roles", "second_factor_proven"


def log_in(request: HttpRequest, user: User, *, proven: bool = False) -> None:
    """Open a session of this person; `proven` tells that the second factor was asked and given."""
    auth.login(request, user, backend="users.backends.RoleBackend")
    request.session[PROVEN] = proven


def mark(sender: object, request: HttpRequest, user: User, **kwargs: object) -> None:
    """Write into a session that is being opened when that was and with which roles."""
    now = _now()
    request.session.update({STARTED: now, SEEN: now, ROLES: sorted(user.role_codes), PROVEN: False})


def is_of_a_person(request: HttpRequest) -> bool:
    """Whether somebody is logged in, as far as the session says; asks nothing of the database about the person."""
    return auth.SESSION_KEY in request.session


def is_over(request: HttpRequest) -> bool:
    """Whether the session has lived for too long, or nobody used it for too long."""
    now, started, seen = _now(), request.session.get(STARTED, 0), request.session.get(SEEN, 0)
    return bool(now - started >= LONGEST.total_seconds() or now - seen >= LONGEST_PAUSE.total_seconds())


def note(request: HttpRequest) -> None:
    """Note that the session is in use."""
    now = _now()
    if now - request.session[SEEN] >= NOTED_EVERY.total_seconds():
        request.session[SEEN] = now


def has_the_roles_of_log_in(request: HttpRequest, user: User) -> bool:
    """Whether the roles are those the session was opened with: the net under the services, whoever wrote the table."""
    return bool(request.session.get(ROLES) == sorted(user.role_codes))


def is_fresh(request: HttpRequest, *, seconds: int) -> bool:
    """Whether the person has logged in within the last `seconds`."""
    return _now() - int(request.session.get(STARTED, 0)) < seconds


def keep(request: HttpRequest, user: User) -> None:
    """Let this session live on when all sessions of the person have just been ended."""
    user.refresh_from_db(fields=["session_epoch"])
    auth.update_session_auth_hash(request, user)


def _now() -> int:
    return int(clock.now().timestamp())
