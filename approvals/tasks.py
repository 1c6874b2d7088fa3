"""What the clock does with approvals."""

from celery import shared_task

from approvals import services


@shared_task(name="approvals.sweep")
def sweep() -> int:
    """Clean up; the number of requests that are overdue."""
    return services.sweep().overdue
