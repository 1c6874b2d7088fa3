"""What the clock does with approvals."""

from celery import shared_task

from approvals import services


@shared_task(name="approvals.sweep")
def sweep() -> int:
    """Clean up; the number of requests that are overdue."""
    return services.sweep().overdue


@shared_task(name="approvals.digest")
def digest() -> int:
    """Send the mail of the day to those who want one; the number of mails."""
    return services.digests_send()
