"""Delivery of the outbox, and forgetting what has run out."""

from importlib import import_module

from celery import shared_task
from django.conf import settings

from core import jobs, outbox, rate_limits
from core.api import idempotency


@shared_task(name="core.outbox_deliver")
def outbox_deliver(*, message_ids: list[int]) -> int:
    return outbox.deliver_all(message_ids, seconds=outbox.TASK_SECONDS)


@shared_task(name="core.outbox_deliver_urgent")
def outbox_deliver_urgent(*, message_ids: list[int]) -> int:
    """The same, in the queue that has a worker of its own."""
    return outbox.deliver_all(message_ids, seconds=outbox.TASK_SECONDS)


@shared_task(name="core.outbox_drain")
def outbox_drain() -> int:
    delivered = outbox.drain(seconds=outbox.TASK_SECONDS)
    jobs.note_sweep()
    return delivered


@shared_task(name="core.outbox_drain_urgent")
def outbox_drain_urgent() -> int:
    """What is urgent and was not delivered when it was written, in the same queue."""
    return outbox.drain(urgent_only=True, seconds=outbox.TASK_SECONDS)


@shared_task(name="core.forget")
def forget() -> int:
    """Forget what is of no use any more: answers to programs, counts of attempts, sessions; the number of the first two."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    return idempotency.forget() + rate_limits.sweep()
