"""The cache when Redis is down: a miss, quickly, and nothing old comes back."""

import time
from typing import Any

import pytest

from core import redis_cache
from core.redis_cache import RedisCache
from core.tests.mail_servers import closed_port


@pytest.fixture(autouse=True)
def outage(monkeypatch: pytest.MonkeyPatch) -> redis_cache._Outage:
    fresh = redis_cache._Outage()
    monkeypatch.setattr(redis_cache, "outage", fresh)
    return fresh


class Server:
    """In place of Redis; `down` makes it fail."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}
        self.down = False
        self.asked = 0

    def _ask(self) -> None:
        self.asked += 1
        if self.down:
            raise redis_cache.RedisError("down")

    def get(self, key: str) -> Any:
        self._ask()
        return self.kept.get(key)

    def set(self, key: str, value: Any, ex: int | None = None) -> None:
        self._ask()
        self.kept[key] = value

    def delete(self, *keys: str) -> int:
        self._ask()
        return len([self.kept.pop(key) for key in keys if key in self.kept])


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def cache(server: Server) -> RedisCache:
    cache = RedisCache("redis://127.0.0.1:1/0", {})
    cache._cache.client = server
    return cache


def test_what_is_kept_comes_back(cache: RedisCache) -> None:
    cache.set("a", "1")
    assert (cache.get("a"), cache.get("b", "none")) == ("1", "none")


def test_a_server_that_is_down_is_a_miss_and_is_left_alone_for_a_while(
    cache: RedisCache, server: Server, outage: redis_cache._Outage
) -> None:
    server.down = True
    assert [cache.get("a", "none") for _time in range(5)] == ["none"] * 5
    cache.set("a", "1")
    assert (cache.delete("a"), server.asked) == (False, 1)
    outage.until = 0.0
    server.down = False
    cache.set("a", "2")
    assert cache.get("a") == "2"


@pytest.mark.parametrize("change", ["set", "delete"])
def test_what_was_changed_meanwhile_does_not_come_back_as_it_was(
    cache: RedisCache, server: Server, outage: redis_cache._Outage, change: str
) -> None:
    cache.set("session", "of somebody who logs out now")
    server.down = True
    cache.set("session", "changed") if change == "set" else cache.delete("session")
    outage.until = 0.0
    assert cache.get("session", "miss") == "miss"  # still down
    server.down, outage.until = False, 0.0
    assert cache.get("session", "miss") == "miss"


def test_a_port_at_which_nobody_listens_takes_no_time() -> None:
    cache, began = RedisCache(f"redis://127.0.0.1:{closed_port()}/0", {}), time.perf_counter()
    assert cache.get("a", "none") == "none"
    assert time.perf_counter() - began < 1
