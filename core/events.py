"""The business history: one append-only row per event, in the transaction of the event."""

from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.functional import Promise

from core import clock, db
from core.models import Event, JobRun

if TYPE_CHECKING:
    from users.models import User


def subject_type(subject: models.Model | type[models.Model]) -> str:
    """The name under which records of this model are filed: "quote", "account", …"""
    return str(subject._meta.model_name)


def record(
    subject: models.Model, verb: str, *, by: "User | None" = None, by_name: str = "", reason: str = "", **data: Any
) -> Event:
    """File that `verb` happened to `subject`. `by_name` is for people who do not log in."""
    return Event.objects.create(
        subject_type=subject_type(subject),
        subject_id=subject.pk,
        verb=verb,
        by=by,
        by_name=by_name or (by.display_name if by else ""),
        reason=reason,
        data=data,
        at=clock.now(),
    )


def timeline(subject: models.Model) -> models.QuerySet[Event]:
    """What happened to `subject`, the latest first."""
    return Event.objects.filter(subject_type=subject_type(subject), subject_id=subject.pk).select_related("by")


def of_run(run: JobRun, subject: type[models.Model]) -> models.QuerySet[Event]:
    """What a run did to records of this model, by an index in the order of records and events."""
    told = Event.objects.alias(of_run=db.JsonText("data", key="run"))
    return told.filter(of_run=str(run.pk), subject_type=subject_type(subject))


_labels: dict[str, str | Promise] = {}


def describe(labels: dict[str, str | Promise]) -> None:
    """Say how verbs read on a timeline; each app does so for its own, in `AppConfig.ready`."""
    _labels.update(labels)


def label(verb: str) -> str:
    """The verb in the active language."""
    return str(_labels.get(verb, verb))
