"""The project: settings, URLs, Celery, WSGI, the home page and health checks."""

from crm.celery import app as celery_app

__all__ = ["celery_app"]
