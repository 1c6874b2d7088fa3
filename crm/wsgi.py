"""WSGI entry point: `crm.wsgi:application`."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")

application = get_wsgi_application()
get_resolver().url_patterns  # noqa: B018  every view is loaded before the first request, not by it
gc.freeze()  # the garbage collector need not look through the program itself each time,
gc.set_threshold(20_000, 20, 20)  # nor in the middle of a page, which makes some ten thousand objects
