"""The one way out over HTTP, against a server that does what servers do."""

import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pytest_django import Settings

from core import outbound
from core.outbound import Client, Limits, Refused, Unreachable

pytestmark = pytest.mark.once

Handle = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """Answers as `handle` says; keeps the headers of what it was asked."""

    def __init__(self) -> None:
        self.handle: Handle = answering(b"{}")
        self.asked: list[dict[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append({**{name.lower(): text for name, text in self.headers.items()}, "path": self.path})
                outer.handle(self)

            def log_message(self, *_args: Any) -> None: ...

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"


def answering(body: bytes, status: int = 200, **headers: str) -> Handle:
    def handle(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, text in headers.items():
            request.send_header(name.replace("_", "-"), text)
        request.end_headers()
        request.wfile.write(body)

    return handle


@pytest.fixture
def server(settings: Settings) -> Iterator[Server]:
    made = Server()
    settings.OUTBOUND_ORIGINS = [made.url]
    threading.Thread(target=made.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield made
    made.http.shutdown()
    made.http.server_close()


def ask(server: Server, *, limits: Limits | None = None, waits: list[float] | None = None, **more: Any) -> Any:
    sleep = (waits if waits is not None else []).append
    with Client(server.url, limits=limits or Limits(attempts=3, answer_seconds=0.5), sleep=sleep, **more) as client:
        return client.get_json("/rows", {"limit": 5})


@pytest.mark.req("S0.28")
def test_numbers_come_exactly_and_the_token_goes_along(server: Server) -> None:
    server.handle = answering(b'{"price": 1234567890123.4567, "\xc3\xa4": 1}')
    assert ask(server, token="secret") == {"price": Decimal("1234567890123.4567"), "ä": 1}
    (asked,) = server.asked
    assert (asked["authorization"], asked["path"]) == ("Bearer secret", "/rows?limit=5")
    assert asked["host"] == server.url.removeprefix("http://")


def test_compressed_answers_are_read_to_their_end(server: Server) -> None:
    body = gzip.compress(json.dumps({"rows": list(range(50_000))}).encode())
    server.handle = answering(body, Content_Encoding="gzip")
    assert len(ask(server)["rows"]) == 50_000
    server.handle = answering(body[:-20], Content_Encoding="gzip")
    with pytest.raises(Unreachable, match="broke off"):
        ask(server)
    server.handle = answering(b"no gzip", Content_Encoding="gzip")
    with pytest.raises(Unreachable, match="broke off"):
        ask(server)
    server.handle = answering(b"{}", Content_Encoding="br")
    with pytest.raises(Refused, match="br"):
        ask(server)


@pytest.mark.parametrize(
    "body", [b"<html></html>", b'{"rows": [1, 2', b'{"n": NaN}', b'{"n": Infinity}', b"\xff\xfe", b"", b"[" * 5000]
)
def test_what_is_no_whole_json_is_asked_for_again_and_then_given_up(server: Server, body: bytes) -> None:
    server.handle = answering(body)
    with pytest.raises(Unreachable, match="no complete JSON"):
        ask(server)
    assert len(server.asked) == 3


@pytest.mark.parametrize("status", [429, 500, 502, 503, 408])
def test_a_busy_server_is_asked_again_later_and_later(server: Server, status: int) -> None:
    answers = iter([answering(b"", status), answering(b"", status), answering(b'{"done": 1}')])
    server.handle = lambda request: next(answers)(request)
    waits: list[float] = []
    assert ask(server, waits=waits) == {"done": 1}
    assert len(waits) == 2
    assert 0 <= waits[0] <= 1
    assert 0 <= waits[1] <= 2


def test_what_the_server_says_of_waiting_is_heeded(server: Server) -> None:
    answers = iter([answering(b"", 429, Retry_After="7"), answering(b"", 503, Retry_After="soon"), answering(b"{}")])
    server.handle = lambda request: next(answers)(request)
    waits: list[float] = []
    ask(server, waits=waits)
    assert 7 <= waits[0] <= 8
    assert waits[1] <= 2


def test_a_wait_that_is_longer_than_patience_ends_it(server: Server) -> None:
    server.handle = answering(b"", 429, Retry_After="3600")
    waits: list[float] = []
    with pytest.raises(Unreachable, match="429"):
        ask(server, limits=Limits(total_seconds=60), waits=waits)
    assert (waits, len(server.asked)) == ([], 1)


@pytest.mark.parametrize(("status", "said"), [(301, "redirect"), (302, "redirect"), (401, "token"), (403, "token"), (404, "404")])
def test_what_asking_again_cannot_help_is_asked_once(server: Server, status: int, said: str) -> None:
    server.handle = answering(b"{}", status, Location="http://127.0.0.1:1/")
    with pytest.raises(Refused, match=said):
        ask(server, token="secret")
    assert len(server.asked) == 1


def test_too_much_is_stopped_while_it_comes_compressed_or_not(server: Server) -> None:
    small = Limits(answer_bytes=100_000, attempts=1)
    for handle in (answering(b" " * 200_000), answering(gzip.compress(b" " * 50_000_000), Content_Encoding="gzip")):
        server.handle = handle
        with pytest.raises(Refused, match="more than"):
            ask(server, limits=small)
    server.handle = answering(b'{"a": "%s"}' % (b"x" * 60_000))
    with Client(server.url, limits=Limits(answer_bytes=100_000, total_bytes=100_000)) as client:
        client.get_json("/", {})
        with pytest.raises(Refused, match="more than"):
            client.get_json("/", {})


def test_a_server_that_drips_or_hangs_is_left(server: Server) -> None:
    left = threading.Event()

    def drips(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        try:
            while not left.wait(0.02):
                request.wfile.write(b" ")
                request.wfile.flush()
        except OSError:
            left.set()

    server.handle = drips
    with pytest.raises(Unreachable, match="in time"):
        ask(server, limits=Limits(attempts=1, answer_seconds=0.3))
    assert left.wait(5)
    done = threading.Event()
    server.handle = lambda _request: done.wait(10) or None  # type: ignore[assignment, return-value]
    with pytest.raises(Unreachable, match="in time"):
        ask(server, limits=Limits(attempts=1, answer_seconds=0.3))
    done.set()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1", "https://127.0.0.1:8000", "http://localhost:8000", "http://example.com", "ftp://127.0.0.1:8000",
        "file:///etc/passwd", "http://user:pass@127.0.0.1:8000", "http://127.0.0.1:8000@evil.example", "http://2130706433:8000",
        "http://127.0.0.1:x", "//127.0.0.1:8000", "127.0.0.1:8000", "", "http://[::1", "http://127.0.0.1.nip.example:8000",
    ],
)  # fmt: skip
def test_only_origins_of_the_settings_are_asked(settings: Settings, url: str) -> None:
    settings.OUTBOUND_ORIGINS = ["http://127.0.0.1:8000"]
    with pytest.raises(Refused):
        Client(url)
    Client("http://127.0.0.1:8000/below/").__exit__()


def test_in_demo_mode_this_machine_may_be_asked_and_nobody_else(settings: Settings) -> None:
    settings.OUTBOUND_ORIGINS, settings.DEMO = [], True
    for url in ("http://127.0.0.1:9000", "http://localhost:1", "http://[::1]:8000"):
        Client(url).__exit__()
    with pytest.raises(Refused):
        Client("http://192.0.2.1")


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "::1", "fe80::1"])
def test_a_name_that_leads_inward_is_not_followed(settings: Settings, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    settings.OUTBOUND_ORIGINS = ["https://pm.example"]
    monkeypatch.setattr(outbound.socket, "getaddrinfo", lambda *_args, **_more: [(0, 0, 0, "", (address, 443))])
    with Client("https://pm.example") as client, pytest.raises(Refused, match="leads to"):
        client.get_json("/", {})


def test_the_address_of_a_name_is_looked_up_once(server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    port = server.http.server_port
    settings.OUTBOUND_ORIGINS = [f"http://localhost:{port}"]
    looked: list[str] = []
    look_up = socket.getaddrinfo

    def noted(host: str, *args: Any, **more: Any) -> Any:
        looked.append(host)
        return look_up("127.0.0.1" if host == "localhost" else host, *args, **more)

    monkeypatch.setattr(outbound.socket, "getaddrinfo", noted)
    with Client(f"http://localhost:{port}") as client:
        assert [client.get_json("/", {}), client.get_json("/", {})] == [{}, {}]
    assert looked.count("localhost") == 1
    assert server.asked[0]["host"] == f"localhost:{port}"
