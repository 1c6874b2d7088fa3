"""Delivery of the outbox."""

from celery import shared_task

from core import jobs, outbox
from core.api import idempotency


@shared_task(name="core.outbox_deliver")
def outbox_deliver(*, message_id: int) -> None:
    outbox.deliver(message_id)


@shared_task(name="core.outbox_drain")
def outbox_drain() -> int:
    delivered = outbox.drain()
    jobs.note_sweep()
    return delivered


@shared_task(name="core.forget")
def forget() -> int:
    """Forget what is kept for a day only: the answers to programs; the number of them."""
    return idempotency.forget()
