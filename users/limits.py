"""How often people may try: logging in, codes, mails for a new password.

Nobody is locked out. Guessing at an account is slowed by three counts: of the account from one place, of the account from
everywhere, and of the place for all accounts; each gives attempts back evenly, so a right password gets through again after
a minute or two. The count from one place is the narrow one, so that a stranger's guesses do not stop the person at another
place; the one from everywhere is wide and stops guessing from many places. When that is full, the person still gets in from
a browser known to the account, which has a count of its own, or with a new password by mail, which makes the browser known.
A good attempt is given back at once: people who log in often are not slowed, and a guesser gains nothing, as his other
attempts stay counted. Source: OWASP, "Device cookies"; docs/adr/0003-outbox-and-links.md says how links are counted.
"""

from collections.abc import Sequence

from django.http import HttpRequest

from core.clients import client_ip, network_of
from core.rate_limits import Attempt, Limit
from users import devices
from users.models import User

QUARTER, HOUR = 15 * 60, 3600

PASSWORD_HERE = Limit("password of an account from one place", times=10, seconds=QUARTER)
PASSWORD_EVERYWHERE = Limit("password of an account", times=100, seconds=HOUR)
PASSWORD_PLACE = Limit("passwords from one place", times=60, seconds=QUARTER)
PASSWORD_DEVICE = Limit("password of an account from a known browser", times=10, seconds=QUARTER)
CODE_HERE = Limit("code of an account from one place", times=10, seconds=QUARTER)
CODE_EVERYWHERE = Limit("code of an account", times=30, seconds=HOUR)
CODE_DEVICE = Limit("code of an account from a known browser", times=10, seconds=QUARTER)
CODE_ONCE = Limit("a code opens once", times=1, seconds=300)
RESET_ADDRESS = Limit("mails for a new password to one address", times=3, seconds=HOUR)
RESET_PLACE = Limit("mails for a new password from one place", times=20, seconds=HOUR)
DEMO_PLACE = Limit("demo log-ins from one place", times=120, seconds=60)
PUBLIC_POST = Limit("forms from one place without a session", times=120, seconds=60)
API_TOKEN_MISS = Limit("wrong API tokens from one place", times=20, seconds=600)


def place_of(request: HttpRequest) -> str:
    """What is counted as one place."""
    return network_of(client_ip(request))


def password_attempts(request: HttpRequest, login: str, user: User | None) -> Sequence[Attempt]:
    """What an attempt at a password counts for. `user` is whom `login` names; a name of nobody is counted as it is written."""
    account, place = str(user.pk) if user else f"nobody|{login.casefold()}", place_of(request)
    device = devices.known(request, user)
    if device:
        return [(PASSWORD_DEVICE, f"{account}|{device}")]
    return [(PASSWORD_HERE, f"{account}|{place}"), (PASSWORD_PLACE, place), (PASSWORD_EVERYWHERE, account)]


def code_attempts(request: HttpRequest, user: User) -> Sequence[Attempt]:
    """What an attempt at a code of the second factor counts for."""
    device = devices.known(request, user)
    if device:
        return [(CODE_DEVICE, f"{user.pk}|{device}")]
    return [(CODE_HERE, f"{user.pk}|{place_of(request)}"), (CODE_EVERYWHERE, str(user.pk))]
