"""Background work of cases."""

from celery import shared_task

from csr import services


@shared_task(name="csr.sweep")
def sweep() -> int:
    """What is late or has lost its owner; the number of cases and tasks."""
    return services.sweep()
