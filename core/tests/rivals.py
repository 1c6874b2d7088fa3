"""Rivals at the same instant, in threads with connections of their own."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import close_old_connections, connection


def at_once(*sides: Callable[[], Any]) -> list[Any]:
    """What each side answered or raised."""
    results: list[Any] = [None] * len(sides)

    def run(index: int, side: Callable[[], Any]) -> None:
        close_old_connections()
        try:
            results[index] = side()
        except Exception as error:  # the answer of this side
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index, side)) for index, side in enumerate(sides)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert not any(thread.is_alive() for thread in threads)
    return results
