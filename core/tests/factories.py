"""The smallest valid objects of this app."""

from typing import Any

import factory
from factory.django import DjangoModelFactory

from core import clock
from core.models import JobRun, MailboxMessage


class JobRunFactory(DjangoModelFactory[JobRun]):
    class Meta:
        model = JobRun

    kind: Any = factory.Sequence(lambda n: f"job {n}")
    status = JobRun.Status.APPLIED
    started_at = factory.LazyFunction(clock.now)


class MailboxMessageFactory(DjangoModelFactory[MailboxMessage]):
    class Meta:
        model = MailboxMessage

    sender = "sales@tukku.example"
    recipients = "ostaja@asiakas.example"
    subject = factory.Sequence(lambda n: f"Viesti {n}")
    text = "Hei"
