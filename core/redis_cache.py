"""Django's cache in Redis, with one client for all look-ups: Django makes a new one for each, which costs more than asking."""

from typing import Any

from django.core.cache.backends.redis import RedisCache as DjangoRedisCache, RedisCacheClient


class _OneClient(RedisCacheClient):
    """Clients are safe to share: each command takes a connection of the pool."""

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        if "client" not in vars(self):
            self.client = super().get_client(key, write=True)
        return self.client


class RedisCache(DjangoRedisCache):
    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _OneClient
