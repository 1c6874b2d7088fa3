"""Delivery of the outbox, and forgetting what has run out."""

from importlib import import_module

from celery import shared_task
from django.conf import settings

from core import jobs, outbox, rate_limits
from core.api import idempotency


@shared_task(name="core.outbox_deliver")
def outbox_deliver(*, message_ids: list[int]) -> None:
    for message_id in message_ids:
        outbox.deliver(message_id)


@shared_task(name="core.outbox_drain")
def outbox_drain() -> int:
    delivered = outbox.drain()
    jobs.note_sweep()
    return delivered


@shared_task(name="core.forget")
def forget() -> int:
    """Forget what is of no use any more: answers to programs, counts of attempts, sessions; the number of the first two."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    return idempotency.forget() + rate_limits.sweep()
