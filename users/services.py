"""What changes who somebody is here. Each ends the sessions it makes wrong, in the same transaction."""

from collections.abc import Iterable

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import F

from core import clock, events, outbox
from users import selectors
from users.models import RoleAssignment, User


@transaction.atomic
def roles_set(*, user: User, roles: Iterable[str], by: User | None) -> bool:
    """The person has exactly these roles; whether that is a change, which ends all sessions. Locks the user."""
    wanted, kept = set(roles), set(selectors.user_for_update(user.pk).role_codes)
    if wanted == kept:
        return False
    RoleAssignment.objects.filter(user=user, role__in=kept - wanted).delete()
    RoleAssignment.objects.bulk_create([RoleAssignment(user=user, role=role) for role in sorted(wanted - kept)])
    sessions_end(user=user)
    events.record(user, "roles changed", by=by, added=sorted(wanted - kept), removed=sorted(kept - wanted))
    return True


@transaction.atomic
def user_deactivate(*, user: User, by: User | None) -> None:
    """The person is out at once; sessions and tokens of before do not come alive again should the account be opened later."""
    user.is_active = False
    user.save(update_fields=["is_active"])
    sessions_end(user=user)
    user.api_tokens.filter(revoked_at=None).update(revoked_at=clock.now())
    events.record(user, "deactivated", by=by)


@transaction.atomic
def second_factor_remove(*, user: User, by: User | None, reason: str = "") -> bool:
    """The person has no authenticator and no recovery codes, and all sessions are over; whether there were any."""
    removed, _rows = Authenticator.objects.filter(user=user).delete()
    sessions_end(user=user)
    if removed:
        account_change_told(user=user, change="totp_deactivated")
        events.record(user, "second factor removed", by=by, reason=reason)
    return bool(removed)


def sessions_end(*, user: User) -> None:
    """Every session of the person is over with its next request."""
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)


def password_ask_for_new(*, email: str) -> None:
    """A mail for a new password is on its way if the address is that of an active user.

    A message is written in either case, for nobody too, and dropped at delivery: what can be measured is the same.
    """
    user = selectors.user_to_mail(email)
    outbox.emit("users.password_reset", user_id=user.pk if user else 0)


def account_change_told(*, user: User, change: str) -> None:
    """A mail tells the person how the way into the account was changed, one of `users.emails.CHANGES`."""
    outbox.emit("users.account_changed", user_id=user.pk, change=change)
