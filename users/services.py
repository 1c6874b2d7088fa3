"""What changes who somebody is here, and whether they are. What makes sessions wrong ends them, in the same transaction."""

import datetime as dt
from collections.abc import Iterable, Iterator

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from core import clock, db, events, outbox
from core.errors import Invalid, NotFound, Text, require
from users import policies, saved_views, selectors
from users.absences import Stretch, closes_a_circle
from users.models import Absence, RoleAssignment, SavedView, User

_ABSENCES = 7_306_001
"""Lock: absences are set one at a time, as a circle of substitutes may close anywhere."""


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


# --- Absence ----------------------------------------------------------------------------------------------------------
@transaction.atomic
def absence_add(*, user: User, starts_on: dt.date, ends_on: dt.date, substitute: User | None, by: User) -> Absence:
    """The person is away from the first day to the last, both included. Raises: NotAllowed, Invalid."""
    require(policies.may_set_absence(by, user))
    with db.advisory_lock(_ABSENCES):
        absence_require(user=user, starts_on=starts_on, ends_on=ends_on, substitute=substitute)
        absence = Absence.objects.create(
            user=user, starts_on=starts_on, ends_on=ends_on, substitute=substitute, created_at=clock.now(), created_by=by
        )
        _tell(absence, "absence added", by=by)
    return absence


@transaction.atomic
def absence_end(*, absence: Absence, by: User) -> None:
    """The person is there, from today on; one that has not begun, or began today, is gone. What is over stays as it is.

    Raises: NotAllowed.
    """
    require(policies.may_set_absence(by, absence.user))
    with db.advisory_lock(_ABSENCES):
        today, found = clock.today(), Absence.objects.select_related("user").filter(pk=absence.pk).first()
        if found is None or found.ends_on < today:
            return
        if found.starts_on >= today:
            _tell(found, "absence removed", by=by)
            found.delete()
            return
        found.ends_on = today - dt.timedelta(days=1)
        found.save(update_fields=["ends_on"])
        _tell(found, "absence ended", by=by)


def absence_require(*, user: User, starts_on: dt.date, ends_on: dt.date, substitute: User | None) -> None:
    """Such an absence can be set. Raises: Invalid, with a sentence for each field that is to blame."""
    faults = dict(_faults_of_days(user, starts_on, ends_on))
    if substitute is not None and (fault := _fault_of_substitute(user, starts_on, ends_on, substitute)):
        faults["substitute"] = fault
    if not User.objects.filter(pk=user.pk, is_active=True).exists():
        faults["user"] = _("%(name)s has left.") % {"name": user}
    if faults:
        raise Invalid(fields=faults)


def _faults_of_days(user: User, starts_on: dt.date, ends_on: dt.date) -> Iterator[tuple[str, Text]]:
    if starts_on < clock.today():
        yield "starts_on", _("This day is over. Begin today or later.")
    if ends_on < starts_on:
        yield "ends_on", _("The last day comes before the first.")
        return
    other = user.absences.filter(starts_on__lte=ends_on, ends_on__gte=starts_on).first()
    if other is not None:
        yield "starts_on", _("Already away then: %(days)s.") % {"days": other.days}


def _fault_of_substitute(user: User, starts_on: dt.date, ends_on: dt.date, substitute: User) -> Text:
    if substitute.pk == user.pk:
        return _("Somebody else has to stand in.")
    if not User.objects.filter(pk=substitute.pk, is_active=True).exists():
        return _("%(name)s has left.") % {"name": substitute}
    others = Absence.objects.filter(starts_on__lte=ends_on, ends_on__gte=starts_on).exclude(user=user)
    rows = others.values_list("user_id", "starts_on", "ends_on", "substitute_id")
    if closes_a_circle(Stretch(user.pk, starts_on, ends_on, substitute.pk), [Stretch(*row) for row in rows]):
        return _("%(name)s is away then too, and this person would have to stand in.") % {"name": substitute}
    return ""


def _tell(absence: Absence, verb: str, *, by: User) -> None:
    days = {"starts_on": absence.starts_on.isoformat(), "ends_on": absence.ends_on.isoformat()}
    events.record(absence.user, verb, by=by, **days, substitute=absence.substitute_id)


# --- Saved views ------------------------------------------------------------------------------------------------------
@transaction.atomic
def view_save(*, by: User, page: str, name: str, query: str) -> SavedView:
    """The person keeps the filter of the page under this name; what had the name gives way. Locks the user.

    Raises: NotFound, Invalid.
    """
    query, name = saved_views.kept(page, query), " ".join(name.split())
    selectors.user_for_update(by.pk)
    views = list(SavedView.objects.visible_to(by).filter(page=page))
    same = next((view for view in views if view.name.casefold() == name.casefold()), None)
    if fault := _fault_of_view(name, query, is_new=same is None, number=len(views)):
        raise Invalid(fault)
    view = same or SavedView(owner=by, page=page)
    view.name, view.query = name, query
    view.save()
    return view


def _fault_of_view(name: str, query: str, *, is_new: bool, number: int) -> Text:
    if not name:
        return _("Give the view a name.")
    if len(name) > SavedView.LONGEST_NAME:
        return _("The name may have at most %(most)s characters.") % {"most": SavedView.LONGEST_NAME}
    if len(query) > SavedView.LONGEST_QUERY:
        return _("This filter is too long to be kept.")
    if is_new and number >= saved_views.MOST:
        return _("You have %(number)s views of this list. Remove one first, or use the name of one.") % {"number": number}
    return ""


@transaction.atomic
def view_remove(*, by: User, view_id: int) -> SavedView:
    """The view is gone. Raises: NotFound."""
    view: SavedView | None = SavedView.objects.visible_to(by).filter(pk=view_id).first()
    if view is None:
        raise NotFound
    view.delete()
    return view
