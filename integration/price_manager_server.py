"""A Price Manager on this machine: the HTTP API that the client expects, with made-up rows, and with faults by name.

The rows are a function of their number and the seed, so every server with the same options has the same customer master.
"""

import gzip
import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from integration.price_manager import CUSTOMER_MASTER, PRODUCTS

Json = dict[str, Any]

_PLACES = (
    ("00100", "Helsinki", "01"), ("02100", "Espoo", "01"), ("33100", "Tampere", "06"), ("20100", "Turku", "02"),
    ("90100", "Oulu", "17"), ("40100", "Jyväskylä", "13"), ("70100", "Kuopio", "11"), ("96100", "Rovaniemi", "19"),
)  # fmt: skip
_TRADES = ("Ravintola", "Kahvila", "Leipomo", "Hotelli", "Ruokala", "Konditoria", "Lounasbaari", "Pitopalvelu")
_WORDS = (
    "Honkaranta",
    "Kuusipuro",
    "Järvenpää",
    "Mäntyharju",
    "Äijälä",
    "Koivisto",
    "Lehtovuori",
    "Suvanto",
    "Törmälä",
    "Öljymäki",
)
_SALES = 50


def business_id(number: int) -> str:
    """The Finnish business ID that begins with these seven digits, or with the next ones that have a check digit."""
    while True:
        digits = f"{number % 10**7:07d}"
        rest = sum(int(digit) * weight for digit, weight in zip(digits, (7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
        if rest != 1:
            return f"{digits}-{(11 - rest) % 11}"
        number += 1


@dataclass(frozen=True)
class Master:
    """A customer master of `rows` sites of `parents` customers."""

    rows: int
    parents: int
    seed: int = 1

    @property
    def snapshot(self) -> str:
        return f"{self.seed}-{self.rows}-{self.parents}"

    def row(self, number: int) -> Json:
        """The site `number`, with the columns of Price Manager."""
        parent = number % self.parents
        chance = random.Random(f"{self.seed} {number}")
        postcode, city, region = chance.choice(_PLACES)
        trade, word = _TRADES[parent % len(_TRADES)], _WORDS[parent // len(_TRADES) % len(_WORDS)]
        name, person, company = f"{trade} {word} {parent} Oy", chance.randrange(_SALES), business_id(1_000_000 + parent * 7)
        return {
            "Customer_ID": f"C{number:08d}", "Customer_Name": f"{name} {city}", "ASO_ID_2": f"P{parent:07d}", "ASO_Name_2": name,
            "SalesPersonID": f"S{person:03d}", "SalesPersonName": f"Myyjä {person}", "TMA_ID_1": "HORECA", "TMA_Name_1": "Horeca",
            "TMA_ID_2": f"T{parent % 6}", "TMA_Name_2": trade, "Industry": f"I{parent % 20:02d}", "Business_Size": "SMALL",
            "Classification": "STANDARD", "Distribution_Channel": "DIRECT", "SAP_Code": f"{number:010d}",
            "Business_ID": company, "VAT_Number": f"FI{company.replace('-', '')}", "Street": f"Katu {number % 200 + 1}",
            "Postcode": postcode, "City": city, "Country": "FI", "Region_ID": region,
            "Revenue": chance.randrange(10**8) / 100, "Volume": chance.randrange(10**6) / 10, "Payment_Term": "net14",
            "CPQ_Flag": "Y",
        }  # fmt: skip

    @property
    def products(self) -> int:
        """How many products there are: a tenth of the sites, ten at least."""
        return max(self.rows // 10, 10)

    def product(self, number: int) -> Json:
        """The product `number` with its price, by our names."""
        chance = random.Random(f"{self.seed} product {number}")
        price = chance.randrange(100, 10**6)
        trade, word = _TRADES[number % len(_TRADES)], _WORDS[number // len(_TRADES) % len(_WORDS)]
        return {
            "sku": f"PM-{number:06d}", "name_en": f"{word} {number}", "name_fi": f"{word} {number}", "group": trade,
            "unit": "pcs",
            "list_price": price / 100, "cost": price // 2 / 100, "floor_price": price * 7 // 10 / 100,
            "target_price": price * 9 // 10 / 100, "vat_rate": 25.5, "active": True, "valid_from": "2026-01-01",
        }  # fmt: skip

    def feed(self, path: str) -> tuple[Callable[[int], Json], int] | None:
        """What makes a row of the feed at this path, and how many there are."""
        return {CUSTOMER_MASTER: (self.row, self.rows), PRODUCTS: (self.product, self.products)}.get(path)


@dataclass
class Answer:
    """What goes over the wire; `send` replaces the plain way of sending."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    send: "Callable[[BaseHTTPRequestHandler, Answer], None] | None" = None


Fault = Callable[["PriceManager", Json, Answer], Answer]
"""Gets the page as data and as it would be sent, answers what is sent instead."""


class PriceManager:
    """The source: pages of a master by cursor, and the fault that strikes, `times` times from the second page on (0: always)."""

    def __init__(self, master: Master, *, token: str = "", fault: str = "", times: int = 0) -> None:
        self.master, self.token, self.fault, self.times = master, token, fault, times
        self.struck = self.asked = 0
        self._lock = threading.Lock()

    def answer(self, path: str, authorization: str) -> Answer:
        parts = urlsplit(path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        feed = self.master.feed(parts.path)
        if feed is None:
            return _problem(HTTPStatus.NOT_FOUND)
        if self.token and authorization != f"Bearer {self.token}":
            return _problem(HTTPStatus.UNAUTHORIZED)
        cursor, limit = query.get("cursor", "0"), query.get("limit", "1000")
        if not (cursor.isdigit() and limit.isdigit() and int(limit) > 0):
            return _problem(HTTPStatus.BAD_REQUEST)
        if not self._strikes(int(cursor)):
            return Answer(200, _plain(self.master, parts.path, int(cursor), int(limit)))
        page = _page(self.master, parts.path, int(cursor), int(limit))
        return FAULTS[self.fault](self, page, Answer(200, _dumped(page)))

    def _strikes(self, cursor: int) -> bool:
        with self._lock:
            self.asked += 1
            if not self.fault or not cursor or (self.times and self.struck >= self.times):
                return False
            self.struck += 1
            return True


@lru_cache(maxsize=4)
def _rows(master: Master, path: str, start: int, end: int) -> list[Json]:
    feed = master.feed(path)
    return [feed[0](number) for number in range(start, end)] if feed else []


def _page(master: Master, path: str, start: int, limit: int) -> Json:
    feed = master.feed(path)
    total = feed[1] if feed else 0
    rows = _rows(master, path, start, min(start + limit, total))
    end = start + len(rows)
    return {"rows": rows, "next_cursor": str(end) if end < total else None, "total": total, "snapshot": master.snapshot}


@lru_cache(maxsize=32)
def _plain(master: Master, path: str, start: int, limit: int) -> bytes:
    """A page as it is sent, kept for whoever asks again."""
    return _dumped(_page(master, path, start, limit))


def _dumped(page: Json) -> bytes:
    return json.dumps(page, ensure_ascii=False).encode()


def _problem(status: HTTPStatus) -> Answer:
    return Answer(status, _dumped({"detail": status.phrase}))


# --- Faults, each as some real source has had it ---------------------------------------------------------------------------
def _changed(**parts: Callable[["PriceManager", Json], Any]) -> Fault:
    """A page with some parts told differently."""
    return lambda source, page, _plain: Answer(200, _dumped(page | {name: make(source, page) for name, make in parts.items()}))


def _status(status: int, **headers: str) -> Fault:
    return lambda _source, _page, _plain: Answer(
        status, b"<html><body>Service unavailable</body></html>", {name.replace("_", "-"): text for name, text in headers.items()}
    )


def _sent(send: Callable[[BaseHTTPRequestHandler, Answer], None]) -> Fault:
    def fault(_source: "PriceManager", _page: Json, plain: Answer) -> Answer:
        plain.send = send
        return plain

    return fault


def _closes_early(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    """No length, half of the body: nothing in HTTP/1.0 tells that it is not whole."""
    handler.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + answer.body[: len(answer.body) // 2])
    handler.close_connection = True


def _breaks_off(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    body = gzip.compress(answer.body)
    handler.wfile.write(
        b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n\r\n" + body[: len(body) // 2]
    )
    handler.close_connection = True


def _hangs(handler: BaseHTTPRequestHandler, _answer: Answer) -> None:
    """Answers when the other side has gone, if ever."""
    handler.connection.settimeout(120)
    handler.rfile.read(1)
    handler.close_connection = True


def _drips(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    """A byte at a time, for ever as far as anybody waits."""
    handler.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n")
    try:
        for byte in answer.body:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        pass
    handler.close_connection = True


FAULTS: dict[str, Fault] = {
    "partial-page": _changed(rows=lambda _source, page: page["rows"][: len(page["rows"]) // 2]),
    "truncated-gzip": _sent(_breaks_off),
    "early-close": _sent(_closes_early),
    "429": _status(429, Retry_After="1"),
    "500": _status(500),
    "html": _status(200),
    "hang": _sent(_hangs),
    "slow-drip": _sent(_drips),
    "bad-json": lambda _source, _page, plain: Answer(200, plain.body.replace(b'"rows"', b"'rows'")),
    "redirect": _status(302, Location="http://192.0.2.1/"),
    "repeated-page": _changed(rows=lambda source, page: _rows(source.master, CUSTOMER_MASTER, 0, len(page["rows"]))),
    "shifting-pages": _changed(
        rows=lambda source, page: [
            source.master.row(int(page["rows"][0]["Customer_ID"][1:]) - 1), *page["rows"][:-1],
        ]
    ),
    "cursor-loop": _changed(next_cursor=lambda _source, page: str(int(page["rows"][0]["Customer_ID"][1:]))),
    "changed-snapshot": _changed(snapshot=lambda source, _page: f"{source.master.snapshot}-{source.struck}"),
    "too-many": _changed(rows=lambda source, page: [*page["rows"], *page["rows"]] * 50),
    "other-total": _changed(total=lambda _source, page: page["total"] + 1),
}  # fmt: skip


# --- The server ------------------------------------------------------------------------------------------------------------
class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    source: PriceManager

    def do_GET(self) -> None:
        answer = self.source.answer(self.path, self.headers.get("Authorization", ""))
        if answer.send is not None:
            answer.send(self, answer)
            return
        self.send_response(answer.status)
        for name, text in {"Content-Type": "application/json", **answer.headers, "Content-Length": str(len(answer.body))}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_args: Any) -> None:
        """Silent: the client has its own report."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True


def server(source: PriceManager, port: int) -> ThreadingHTTPServer:
    """Ready to `serve_forever` on loopback; port 0 takes a free one."""
    return _Server(("127.0.0.1", port), type("Handler", (_Handler,), {"source": source}))
