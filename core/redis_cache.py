"""Django's cache in Redis: one client for all look-ups, and no page that waits for a server that is down or frozen.

Django makes a new client for each look-up, which costs more than asking. What the cache does not answer is read from the
database, so a failure is a miss. After one the server is left alone for a while; what could not be written meanwhile is forgotten
there before anything is read again, so that nothing comes back that was changed or ended.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.redis import RedisCache as DjangoRedisCache, RedisCacheClient
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 0.25
PAUSE_SECONDS = 5.0
MOST_UNWRITTEN = 10_000


class _Outage:
    """Shared by the threads of the process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.until = 0.0
        self.unwritten: set[str] = set()

    @property
    def goes_on(self) -> bool:
        return time.monotonic() < self.until

    def begin(self) -> None:
        if not self.goes_on:
            log.warning("cache unreachable, left alone for %.0f s", PAUSE_SECONDS)
        self.until = time.monotonic() + PAUSE_SECONDS

    def note(self, key: str) -> None:
        with self.lock:
            if len(self.unwritten) < MOST_UNWRITTEN:
                self.unwritten.add(key)

    def take(self) -> set[str]:
        with self.lock:
            taken, self.unwritten = self.unwritten, set()
        return taken


outage = _Outage()


class _OneClient(RedisCacheClient):
    """Clients are safe to share: each command takes a connection of the pool."""

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        if "client" not in vars(self):
            self.client = super().get_client(key, write=True)
        return self.client

    def add(self, key: Any, value: Any, timeout: Any) -> Any:
        return self._asked(super().add, False, key, value, timeout, written=key)

    def get(self, key: Any, default: Any) -> Any:
        return self._asked(super().get, default, key, default)

    def set(self, key: Any, value: Any, timeout: Any) -> Any:
        return self._asked(super().set, None, key, value, timeout, written=key)

    def touch(self, key: Any, timeout: Any) -> Any:
        return self._asked(super().touch, False, key, timeout)

    def delete(self, key: Any) -> Any:
        return self._asked(super().delete, False, key, written=key)

    def has_key(self, key: Any) -> Any:
        return self._asked(super().has_key, False, key)

    def clear(self) -> Any:
        return self._asked(super().clear, False)

    def _asked(self, call: Callable[..., Any], otherwise: Any, *args: Any, written: str = "") -> Any:
        """What the server answers, else `otherwise`."""
        if not outage.goes_on:
            unwritten = outage.take()
            try:
                if unwritten:
                    self.get_client().delete(*unwritten)
                return call(*args)
            except RedisError:
                outage.begin()
                for key in unwritten:
                    outage.note(key)
        if written:
            outage.note(written)
        return otherwise


class RedisCache(DjangoRedisCache):
    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        patience = {"socket_timeout": PATIENCE_SECONDS, "socket_connect_timeout": PATIENCE_SECONDS}
        options = {**patience, "retry": Retry(NoBackoff(), 0), **params.get("OPTIONS", {})}
        super().__init__(server, {**params, "OPTIONS": options})
        self._class = _OneClient
