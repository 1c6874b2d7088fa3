"""The Celery application. The broker only speeds things up: what must happen is a row."""

import os

from celery import Celery

from crm import broker  # noqa: F401  names the transport of the embedded default

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")

app = Celery("crm")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
