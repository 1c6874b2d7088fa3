"""People who log in: their roles, team and business unit, and when they are away."""

import datetime as dt
from collections.abc import Hashable, Iterator, Sequence
from functools import cached_property
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager as DjangoUserManager
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_lazy as _

from core import clock
from core.models import LookUp
from core.working_time import DEFAULT, Calendar, require_country, require_zone
from users.roles import ROLES, Perm, Role, Scope, codes_with, role_choices


class BusinessUnit(LookUp):
    """A business unit (GBU), and when people work there."""

    country = models.CharField(
        _("holidays of"),
        max_length=2,
        default=DEFAULT.country,
        validators=[require_country],
        help_text=_("The country, in two letters: FI, SE, EE. Its weekends and public holidays are no working days."),
    )
    opens = models.TimeField(_("working day begins"), default=DEFAULT.opens)
    closes = models.TimeField(_("working day ends"), default=DEFAULT.closes)
    time_zone = models.CharField(
        _("time zone"), max_length=60, default=DEFAULT.zone, validators=[require_zone], help_text=_("As in Europe/Helsinki.")
    )

    class Meta(LookUp.Meta):
        verbose_name = _("business unit")
        verbose_name_plural = _("business units")
        constraints = [
            models.CheckConstraint(
                condition=Q(opens__lt=F("closes")),
                name="business_unit_opens_before_it_closes",
                violation_error_message=_("The working day must begin before it ends."),
            )
        ]

    @property
    def calendar(self) -> Calendar:
        return Calendar(self.country, self.opens, self.closes, self.time_zone)


class Team(models.Model):
    """A sales team within a business unit; its manager is the requester's manager for approvals."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    unit = models.ForeignKey(BusinessUnit, models.PROTECT, verbose_name=_("business unit"))
    manager = models.ForeignKey(
        "users.User", models.SET_NULL, null=True, blank=True, related_name="managed_teams", verbose_name=_("manager")
    )

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class UserQuerySet(models.QuerySet["User"]):
    def visible_to(self, user: "User") -> "UserQuerySet":
        """Colleagues are visible to everyone who is signed in."""
        return self if user.is_active else self.none()

    def holding(self, permission: Perm) -> "UserQuerySet":
        """Active users one of whose roles grants `permission`."""
        holders = RoleAssignment.objects.filter(role__in=codes_with(permission)).values("user")
        return self.filter(is_active=True, pk__in=holders)


class UserManager(DjangoUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Users by their querysets' names, and Django's ways to make one."""


class Language(models.TextChoices):
    ENGLISH = "en", _("English")
    FINNISH = "fi", _("Finnish")


class Theme(models.TextChoices):
    AUTO = "auto", _("As the device")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class ApprovalMail(models.TextChoices):
    EACH = "each", _("One for each, at once")
    DAILY = "daily", _("One a day, at 8 in the morning")


class User(AbstractUser):
    """Somebody who logs in."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField(_("e-mail"), unique=True)
    display_name = models.CharField(_("name"), max_length=150)
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="members", verbose_name=_("team"))
    sees_all_units = models.BooleanField(
        _("all business units"), default=False, help_text=_("Approves for every business unit, not only for the team's.")
    )
    salesperson_id = models.CharField(
        _("salesperson ID"), max_length=40, unique=True, null=True, blank=True, help_text=_("As in the customer master.")
    )
    language = models.CharField(_("language"), max_length=2, choices=Language, default=Language.ENGLISH)
    theme = models.CharField(_("theme"), max_length=5, choices=Theme, default=Theme.AUTO)
    approval_mail = models.CharField(
        _("mails about approvals"),
        max_length=5,
        choices=ApprovalMail,
        default=ApprovalMail.EACH,
        help_text=_("Reminders, and what is due before the next morning, come at once in either case."),
    )
    approval_digest_at = models.DateTimeField(null=True, editable=False)
    """Until when the person has been told by one mail a day; what came since is for the next one."""
    session_epoch = models.PositiveIntegerField(default=0, editable=False)
    """Part of what a session must match: counting up ends all sessions of the person. Services do (users.services)."""

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["display_name"]

    def __str__(self) -> str:
        return self.display_name or self.username

    def get_short_name(self) -> str:
        return str(self)

    def get_session_auth_hash(self) -> str:
        """What a session keeps of the password and of the epoch; another one, and the session is over."""
        return self._session_hash()

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        for key in settings.SECRET_KEY_FALLBACKS:
            yield self._session_hash(key)

    def _session_hash(self, secret: str | None = None) -> str:
        text = f"{self.session_epoch}|{self.password}"
        return salted_hmac("users.models.User.session", text, secret=secret, algorithm="sha256").hexdigest()

    @cached_property
    def role_codes(self) -> frozenset[str]:
        """The codes of this person's roles, read once."""
        return frozenset(assignment.role for assignment in self.role_assignments.all())

    @property
    def roles(self) -> list[type[Role]]:
        return [ROLES[code] for code in self.role_codes if code in ROLES]

    @cached_property
    def permissions(self) -> frozenset[Perm]:
        """Everything this person may do."""
        return frozenset[Perm]().union(*(role.permissions for role in self.roles)) if self.is_active else frozenset()

    @property
    def scope(self) -> Scope:
        """How far this person sees."""
        return max((role.scope for role in self.roles), default=Scope.TEAM)

    def may(self, permission: Perm) -> bool:
        return permission in self.permissions

    def query_shape(self) -> Hashable:
        """Everything but the keys that decides what this person sees (core.prepared)."""
        return self.role_codes, self.is_active, self.team_id is None, self.unit_id is None

    def query_keys(self) -> tuple[int, ...]:
        return self.pk, self.team_id or 0, self.unit_id or 0

    def stand_in(self, keys: Sequence[int]) -> "User":
        """Somebody who sees as much, with these keys."""
        pk, team, unit = keys
        somebody = User(pk=pk, is_active=self.is_active)
        somebody.role_codes = self.role_codes
        if self.team_id is not None:
            somebody.team = Team(pk=team)
            if self.unit_id is not None:
                somebody.team.unit_id = unit
        return somebody

    def is_in_charge_of(self, unit_id: int | None) -> bool:
        """Whether this person answers for the business unit; for none only who answers for all of them."""
        return self.sees_all_units or (unit_id is not None and self.unit_id == unit_id)

    @property
    def unit_id(self) -> int | None:
        """The business unit, which is that of the team."""
        return self.team.unit_id if self.team else None


class RoleAssignment(models.Model):
    """A role that a user has."""

    user = models.ForeignKey(User, models.CASCADE, related_name="role_assignments", verbose_name=_("user"))
    role = models.CharField(_("role"), max_length=40, choices=role_choices)

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        constraints = [models.UniqueConstraint(fields=["user", "role"], name="role_once_per_user")]

    def __str__(self) -> str:
        return str(ROLES[self.role].label) if self.role in ROLES else self.role


class AbsenceQuerySet(models.QuerySet["Absence"]):
    def visible_to(self, user: User) -> "AbsenceQuerySet":
        """One's own; stewards see everybody's, to set them for people who could not."""
        return self if user.may(Perm.STEWARD) else self.filter(user=user)

    def of_day(self, day: dt.date) -> "AbsenceQuerySet":
        return self.filter(starts_on__lte=day, ends_on__gte=day)


class Absence(models.Model):
    """Days on which somebody is away, the first and the last included, by the seller's calendar; and who stands in.

    Those of one person do not overlap: services refuse it, and the database does (core.db.schema.never_overlapping).
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="absences", verbose_name=_("who is away"))
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    substitute = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("substitute"),
        help_text=_("Nobody: what waits for this person goes the way of what nobody answers."),
    )
    created_at = models.DateTimeField(_("created"))
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", verbose_name=_("created by"))

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        ordering = ["starts_on", "id"]
        indexes = [models.Index(fields=["ends_on", "starts_on"], name="absence_by_day")]
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="absence_ends_after_it_starts"),
            models.CheckConstraint(condition=~Q(substitute=F("user")), name="absence_substitute_is_somebody_else"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.days}"

    @property
    def days(self) -> str:
        """ "1.12.2026 – 5.12.2026", in the reader's language."""
        first, last = (date_format(day, "SHORT_DATE_FORMAT") for day in (self.starts_on, self.ends_on))
        return first if first == last else f"{first} – {last}"

    @property
    def has_begun(self) -> bool:
        return self.starts_on <= clock.today()


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def visible_to(self, user: User) -> "ApiTokenQuerySet":
        """One's own; stewards see everybody's, to end those of people who left or lost a device."""
        return self if user.may(Perm.STEWARD) else self.filter(user=user)


class ApiToken(models.Model):
    """A key by which a program works in the name of a person. Of the token only its SHA-256 is kept."""

    class Scope(models.TextChoices):
        READ = "read", _("Read only")
        WRITE = "write", _("Read and write")

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens", verbose_name=_("user"))
    name = models.CharField(_("name"), max_length=100)
    scope = models.CharField(_("rights"), max_length=5, choices=Scope, default=Scope.READ)
    token_hash = models.CharField(max_length=64, unique=True)
    hint = models.CharField(_("ends in"), max_length=4)
    created_at = models.DateTimeField(_("created"))
    expires_at = models.DateTimeField(_("valid until"))
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} …{self.hint}"

    @property
    def state(self) -> str:
        """Whether it opens anything, in words."""
        if self.revoked_at:
            return gettext("Revoked")
        return gettext("Expired") if self.expires_at <= clock.now() else gettext("Valid")

    @property
    def is_live(self) -> bool:
        return self.revoked_at is None and self.expires_at > clock.now()


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, user: User) -> "SavedViewQuerySet":
        """One's own, and nobody else's."""
        return self.filter(owner=user)


class SavedView(models.Model):
    """The filter of a list that somebody keeps under a name (users.saved_views)."""

    LONGEST_NAME, LONGEST_QUERY = 60, 1000

    owner = models.ForeignKey(User, models.CASCADE, related_name="saved_views", verbose_name=_("owner"))
    page = models.CharField(_("page"), max_length=60)
    name = models.CharField(_("name"), max_length=LONGEST_NAME)
    query = models.CharField(_("filter"), max_length=LONGEST_QUERY, blank=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = [Lower("name"), "id"]
        constraints = [models.UniqueConstraint("owner", "page", Lower("name"), name="saved_view_once_per_name")]

    def __str__(self) -> str:
        return self.name
