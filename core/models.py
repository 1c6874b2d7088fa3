"""What every app builds on: look-ups, versions, events, the outbox, jobs, numbers and links."""

import functools
import uuid
from typing import Any

from django.conf import settings
from django.db import connections, models
from django.db.models.lookups import IsNull
from django.utils.translation import gettext_lazy as _

from core import db


class LookUp(models.Model):
    """A value of a drop-down list: a stable code, a translated label, a position."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    label = models.CharField(_("label"), max_length=120)
    position = models.PositiveIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        abstract = True
        ordering = ["position", "code"]

    def __str__(self) -> str:
        return self.label or self.code


class Added(models.Model):
    """A record that is added and hardly ever changed: its INSERT is written once per process, everything else is Django's."""

    class Meta:
        abstract = True

    def _do_insert(self, manager: Any, using: str, fields: Any, returning_fields: Any, raw: bool) -> Any:
        values = [field.attname for field in fields]
        if raw or any(hasattr(getattr(self, name), "resolve_expression") for name in values):
            return super()._do_insert(manager, using, fields, returning_fields, raw)  # type: ignore[misc]
        connection = connections[using]
        columns = tuple(field.column for field in fields)
        params = [field.get_db_prep_save(field.pre_save(self, True), connection) for field in fields]
        with connection.cursor() as cursor:
            cursor.execute(_insert(self._meta.db_table, columns, tuple(field.column for field in returning_fields)), params)
            return [cursor.fetchone()]


@functools.cache
def _insert(table: str, columns: tuple[str, ...], returning: tuple[str, ...]) -> str:
    names, answer = (", ".join(f'"{name}"' for name in group) for group in (columns, returning))
    return f'INSERT INTO "{table}" ({names}) VALUES ({", ".join(["%s"] * len(columns))}) RETURNING {answer}'  # noqa: S608


class Versioned(models.Model):
    """A record several people edit: `version` counts the saves, a stale save is refused."""

    version = models.PositiveIntegerField(_("version"), default=1, editable=False)

    class Meta:
        abstract = True


class Event(Added):
    """One business event: who did what to which record, when and why. Append-only."""

    subject_type = models.CharField(_("kind of record"), max_length=40)
    subject_id = models.BigIntegerField(_("record"))
    verb = models.CharField(_("what happened"), max_length=60)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    by_name = models.CharField(_("name"), max_length=150, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    data = models.JSONField(_("details"), default=dict, blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["subject_type", "subject_id", "-id"], name="event_of_subject"),
            models.Index(
                db.JsonText("data", key="run"),
                "subject_id",
                "id",
                name="event_of_run",
                condition=models.Q(IsNull(db.JsonText("data", key="run"), False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject_type}:{self.subject_id} {self.verb}"


class OutboxMessage(models.Model):
    """Something that must leave the house: written in the transaction that decided it, delivered by a task."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    topic = models.CharField(_("topic"), max_length=60)
    is_urgent = models.BooleanField(_("somebody waits for it"), default=False)
    payload = models.JSONField(_("ids"), default=dict)
    available_at = models.DateTimeField(_("not before"))
    claimed_until = models.DateTimeField(_("claimed until"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    dead_at = models.DateTimeField(_("given up"), null=True, blank=True)
    last_error = models.TextField(_("last error"), blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    retried_at = models.DateTimeField(_("tried anew since"), null=True, blank=True)
    """When a steward had it tried again: its day begins anew."""

    class Meta:
        verbose_name = _("outgoing message")
        verbose_name_plural = _("outgoing messages")
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["-is_urgent", "available_at", "id"],
                name="outbox_waiting",
                condition=models.Q(delivered_at=None, dead_at=None),
            ),
            models.Index(fields=["-id"], name="outbox_failing", condition=models.Q(~models.Q(last_error=""), delivered_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.pk}"


class MailboxMessage(models.Model):
    """A mail of demo mode, where the mailbox page stands in for a mail server."""

    sender = models.CharField(_("from"), max_length=320)
    recipients = models.CharField(_("to"), max_length=2000)
    subject = models.CharField(_("subject"), max_length=500)
    text = models.TextField(_("text"))
    html = models.TextField(_("HTML"), blank=True)
    headers = models.JSONField(_("headers"), default=dict)
    attachments = models.JSONField(_("attachments"), default=list)
    at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name = _("demo mail")
        verbose_name_plural = _("demo mails")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.subject


class JobRun(models.Model):
    """One run of a long job: its phase, its counts, how it ended."""

    class Status(models.TextChoices):
        RUNNING = "running", _("Running")
        APPLIED = "applied", _("Applied")
        DRY_RUN = "dry_run", _("Dry run")
        UNCHANGED = "unchanged", _("Nothing to do")
        QUARANTINED = "quarantined", _("Quarantined")
        INCOMPLETE = "incomplete", _("Incomplete")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")
        REJECTED = "rejected", _("Rejected")

    kind = models.CharField(_("kind"), max_length=40)
    status = models.CharField(_("status"), max_length=20, choices=Status, default=Status.RUNNING)
    phase = models.CharField(_("phase"), max_length=40, blank=True)
    source = models.CharField(_("source"), max_length=300, blank=True)
    source_hash = models.CharField(_("hash of the source"), max_length=64, blank=True)
    counts = models.JSONField(_("counts"), default=dict)
    error = models.TextField(_("error"), blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("started by")
    )
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    lease_until = models.DateTimeField(_("alive until"), null=True, blank=True)
    """A running one that has not said by then that it lives is taken for dead."""
    cancel_asked_at = models.DateTimeField(_("cancel asked"), null=True, blank=True)

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["kind"], condition=models.Q(status="running"), name="one_run_of_a_kind_at_a_time")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class NumberSeries(models.Model):
    """The last number given out of a series in a year."""

    series = models.CharField(max_length=10)
    year = models.PositiveIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("number series")
        verbose_name_plural = _("number series")
        constraints = [models.UniqueConstraint(fields=["series", "year"], name="one_counter_per_series_and_year")]

    def __str__(self) -> str:
        return f"{self.series}-{self.year}"


class Link(Added):
    """A link somebody was sent: what it opens, for whom, until when. Of the token only its SHA-256 is kept."""

    class Purpose(models.TextChoices):
        APPROVAL = "approval", _("Approval")
        QUOTE = "quote", _("Customer's quote")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    purpose = models.CharField(max_length=20, choices=Purpose)
    subject_id = models.BigIntegerField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+")
    nonce = models.CharField(max_length=32)
    token_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("link")
        verbose_name_plural = _("links")
        indexes = [models.Index(fields=["purpose", "subject_id"], name="link_of_subject")]

    def __str__(self) -> str:
        return f"{self.purpose}:{self.subject_id}"


class IdempotencyKey(models.Model):
    """A key under which a program sent a request, and what it was answered. Kept for a day."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=500)
    body_hash = models.CharField(max_length=64)
    claimed_until = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("idempotency key")
        verbose_name_plural = _("idempotency keys")
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_row_per_key")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.key}"


class RateBucket(models.Model):
    """How full one count of attempts is (core.rate_limits). Who is counted stands here as a keyed hash only."""

    key = models.CharField(max_length=64, primary_key=True)
    empty_at = models.BigIntegerField()
    """When the last drop has run out, ms since 1970: a number, because both databases add numbers alike."""

    class Meta:
        verbose_name = _("count of attempts")
        verbose_name_plural = _("counts of attempts")

    def __str__(self) -> str:
        return self.key[:8]
