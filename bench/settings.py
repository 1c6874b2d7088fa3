"""The product's settings with a middleware that counts. For the counting server only: what is timed runs without it."""

from crm.settings import *  # noqa: F403
from crm.settings import MIDDLEWARE as _MIDDLEWARE

MIDDLEWARE = ["bench.counting.CountingMiddleware", *_MIDDLEWARE]
