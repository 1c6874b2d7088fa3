"""A Price Manager on loopback for tests, and a client that loses no time waiting."""

import contextlib
import threading
from collections.abc import Iterator

from core.outbound import Client, Limits
from integration.price_manager_server import Master, PriceManager, server

IMPATIENT = Limits(answer_seconds=0.4, total_seconds=20, attempts=3)


@contextlib.contextmanager
def serving(source: PriceManager) -> Iterator[str]:
    """The address of the source, served from a thread."""
    with server(source, 0) as http:
        threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{http.server_port}"
        finally:
            http.shutdown()


@contextlib.contextmanager
def source(rows: int = 60, *, parents: int = 10, token: str = "", fault: str = "", times: int = 0) -> Iterator[str]:
    with serving(PriceManager(Master(rows, parents), token=token, fault=fault, times=times)) as url:
        yield url


def client(url: str, *, token: str = "", limits: Limits = IMPATIENT, waits: list[float] | None = None) -> Client:
    """Waits are noted in `waits` instead of being waited."""
    return Client(url, token=token, limits=limits, sleep=(waits if waits is not None else []).append)
