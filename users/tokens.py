"""Tokens by which programs work in the name of a person. The token is shown once; only its hash is kept."""

import datetime as dt
import hashlib
import secrets

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core import clock, events
from core.errors import Invalid, NotFound
from core.prepared import Prepared
from users.models import ApiToken, User
from users.selectors import role_codes_of

PREFIX = "crm_"
MOST_DAYS = 365
MOST_TOKENS = 20
NOTED_EVERY = dt.timedelta(minutes=1)
ENDED_SHOWN = 10


def token_create(*, by: User, name: str, scope: str, days: int) -> tuple[ApiToken, str]:
    """A live token of this person, and its text, which nobody can ask for again. Raises: Invalid."""
    if not name.strip():
        raise Invalid(fields={"name": _("Say what the token is for.")})
    if not 1 <= days <= MOST_DAYS:
        raise Invalid(fields={"days": _("A token is valid for 1 to %(most)s days.") % {"most": MOST_DAYS}})
    if live(by).count() >= MOST_TOKENS:
        raise Invalid(_("You have as many tokens as one can have. Revoke one first."))
    text = PREFIX + secrets.token_urlsafe(32)
    now = clock.now()
    token = ApiToken.objects.create(
        user=by,
        name=name.strip()[:100],
        scope=ApiToken.Scope(scope),
        token_hash=_hash(text),
        hint=text[-4:],
        created_at=now,
        expires_at=now + dt.timedelta(days=days),
    )
    return token, text


@transaction.atomic
def token_revoke(*, by: User, token_id: int) -> None:
    """The token opens nothing any more; revoking it twice changes nothing. Raises: NotFound."""
    token = ApiToken.objects.visible_to(by).filter(pk=token_id).first()
    if token is None:
        raise NotFound
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=clock.now()):
        events.record(token, "revoked", by=by)


def live(user: User) -> QuerySet[ApiToken]:
    """Tokens of this person that open something."""
    return user.api_tokens.filter(revoked_at=None, expires_at__gt=clock.now())


def shown(user: User) -> list[ApiToken]:
    """The person's own tokens: all that open something, then the latest of those that ended."""
    alive = list(live(user))
    return [*alive, *user.api_tokens.exclude(pk__in=[token.pk for token in alive])[:ENDED_SHOWN]]


def find(text: str) -> ApiToken | None:
    """The live token with this text, with its user, their roles and team; None for anything else."""
    token: ApiToken | None = _known.first(_hash(text))
    if token is None or token.expires_at <= clock.now() or not token.user.is_active:
        return None
    token.user.role_codes = role_codes_of(token.user_id)
    return token


_known = Prepared(
    lambda hashed: ApiToken.objects.select_related("user__team").filter(token_hash=hashed, revoked_at=None).order_by()
)


def note_use(token: ApiToken) -> None:
    """When it was last used, to the minute: busy programs do not write at every request."""
    now = clock.now()
    if token.last_used_at is None or now - token.last_used_at >= NOTED_EVERY:
        stale = Q(last_used_at=None) | Q(last_used_at__lte=now - NOTED_EVERY)
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
