"""Requests made from the description of the API, steered towards records that exist: without that nearly all would be 404."""

import json
import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case, GenerationMode
from schemathesis.core import NotSet

from core.api import idempotency
from tests.fuzz.ground import Ground
from users.tests import contract

WHO = {"rep": 6, "support": 2, "pricing": 2, "steward": 1}
"""Who asks how often: mostly those who make quotes. About statements of work it is mostly those who write them."""
NEGATIVE = 0.25
"""The share of requests that break the description on purpose."""
STEERED = 0.85
"""The share of values that could name a record and do."""
FOREIGN = 0.25
"""The share of those records that are the stranger's."""
AMOUNTS = ("0", "1", "2.5", "5", "10", "30", "100", "0.01", "1234567.891", "99999999.99")
LEFT_OUT = object()
"""In the place of a value that is hardly ever guessed, and need not be sent."""
ODD_TEXTS = ("", " ", "\u0000", "\ud800", "\u202e", "ä" * 3000, "<b>", "%s{0}", "'; --")


@dataclass
class Sent:
    """One request as it goes out."""

    who: str
    case: Case
    path: str
    body: bytes
    headers: dict[str, str]

    @property
    def method(self) -> str:
        return str(self.case.method).upper()

    def __str__(self) -> str:
        headers = "".join(f" {name}={value!r}" for name, value in self.headers.items())
        return f"{self.who}: {self.method} {self.path}{headers} {self.body.decode('utf-8', 'replace')}"[:1500]


def operations() -> list[Any]:
    described = schemathesis.openapi.from_dict({**contract.described(), "openapi": "3.1.0"})
    return [result.ok() for result in described.get_all_operations()]


def name_of(operation: Any) -> str:
    return str(operation.definition.raw["operationId"])


def make(count: int, number: int, only: Collection[str] = ()) -> list[Case]:
    """`count` requests, the same for the same `number`: every operation as often as any other, in mixed order."""
    chosen = [operation for operation in operations() if not only or name_of(operation) in only]
    each = -(-count // len(chosen))
    broken = round(each * NEGATIVE)
    cases: list[Case] = []
    for operation in chosen:
        cases += _drawn(operation, GenerationMode.POSITIVE, each - broken, number)
        if operation.method != "get" or operation.query:
            cases += _drawn(operation, GenerationMode.NEGATIVE, broken, number)
    dice = random.Random(number)
    cases += dice.choices(cases, k=max(0, count - len(cases)))  # where there is less to vary; each is steered anew
    dice.shuffle(cases)
    return cases[:count]


def _drawn(operation: Any, mode: GenerationMode, count: int, number: int) -> list[Case]:
    drawn: list[Case] = []

    @seed(number)
    @settings(max_examples=count, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def draw(case: Case) -> None:
        drawn.append(case)

    draw()
    return drawn


class Steering:
    """Puts ids, codes and plausible values where the description only says "integer" or "string"."""

    def __init__(self, ground: Ground, number: int) -> None:
        self.ground, self.dice = ground, random.Random(number)
        self.words: dict[str, tuple[Any, ...]] = {
            "sku": ("MAITO-1", "MAITO-1", "MAITO-1", "NONE"),
            "payment_term": (ground.world.account.payment_term.code, "none"),
            "payment_type": (ground.world.account.payment_type.code, "none"),
            "to": ([ground.world.contact.email], ["a@b.example", "c@d.example"], ["no address"]),
            "approvers": (
                {"quote_floor": ground.world.pricing.pk},
                {"quote_floor": None},
                {"quote_margin": ground.world.manager.pk},
            ),
            "field": ("name", "owner", "industry", "yearly_revenue", "sap_codes", "country"),
            "value": ("Uusi nimi", None, ground.world.rep.pk, "5.5", "FI", 7),
            "quantity": AMOUNTS,
            "list_price": AMOUNTS,
            "cost": (*AMOUNTS, None),
            "effort_days": ("2.5", None),
            "name": ("Uusi.txt", "Uusi nimi"),
            "file": ("SGVp", "SGVpIHRhYXM=", "JVBERi0xLjc="),
            "text": ("Toimitus viikolla 50.", "Audit"),
            "before": (LEFT_OUT, LEFT_OUT, 7),
            "section": (LEFT_OUT, LEFT_OUT, None, 7),
            "net_price": AMOUNTS,
            "discount_percent": (*AMOUNTS, "-5", None),
            "discount_amount": (*AMOUNTS, "-5", None),
            "header_discount_percent": (*AMOUNTS, None),
            "header_discount_amount": (*AMOUNTS, None),
            "valid_until": ("2026-12-31", "2020-01-01", "9999-12-31"),
            "close_date": ("2026-12-31", None),
            "starts_on": ("2026-12-31", "2030-06-01", "2020-01-01", "9999-12-31"),
            "ends_on": ("2026-12-31", "2030-06-05", "9999-12-31"),
            "substitute": (ground.world.manager.pk, ground.world.rep.pk, ground.world.pricing.pk, None),
            "user": (ground.world.rep.pk, ground.world.manager.pk),
            "email": ("ostaja@asiakas.example",),
            "version": (1, 2, LEFT_OUT),
            "content_hash": (LEFT_OUT,),
            "requirement_type": ("packaging", "logistics", "none"),
            "record_type": (LEFT_OUT, "csr"),
            "department": ("quality", "regulatory", "none"),
            "role": ("expert", "sales", "none"),
            "site": (LEFT_OUT, None),
            "requested_by": (LEFT_OUT, None),
            "skus": (["MAITO-1"], ["NONE"]),
            "products": (LEFT_OUT, [ground.world.product.pk]),
            "person": (ground.world.manager.pk, ground.world.rep.pk),
            "owner": (ground.world.manager.pk, None),
            "said_by": ("Olli Ostaja",),
            "conclusion": ("Onnistuu",),
            "comment": ("Selvä",),
            "reason": (ground.world.reason.code, "withdrawn", "Because"),
        }
        self.records = {
            "account": "accounts",
            "opportunity": "opportunities",
            "contact": "contacts",
            "contact_id": "contacts",
            "line_id": "lines",
            "attachment_id": "attachments",
            "quote": "quotes",
        }

    def send(self, case: Case) -> Sent:
        who = self.dice.choices(list(WHO), list(WHO.values()))[0]
        if "/statements/" in case.path and self._steers():
            who = "presales"
        headers = {str(name): str(value) for name, value in (case.headers or {}).items() if name != "Authorization"}
        if case.method == "POST" and self.dice.random() < 0.2:
            headers[idempotency.HEADER] = f"k{self.dice.randrange(10**9)}"
        if "If-Match" in headers and self.dice.random() < STEERED:
            headers["If-Match"] = self.dice.choice(['"1"', '"2"', "*"])
        if self.dice.random() < 0.03:
            headers["Authorization"] = self.dice.choice(["", "Bearer", "Bearer crm_x", "Basic YTpi", "Bearer \u00e4"])
        return Sent(who, case, self._path(case), self._body(case), headers)

    def _path(self, case: Case) -> str:
        ids: dict[str, Any] = {name: quote(str(value), safe="") for name, value in (case.path_parameters or {}).items()}
        if "id" in ids and self._steers():
            part = next((name for name in ids if name != "id"), "id")
            kind = self._kind(case.path, part)
            ids[part] = chosen = self._id(kind)
            if part != "id":
                ids["id"] = self.ground.parents[chosen]
        query = {name: self._word(name, value) for name, value in (case.query or {}).items()}
        return case.path.format(**ids) + (f"?{urlencode(query, doseq=True, errors='replace')}" if query else "")

    def _kind(self, path: str, part: str) -> str:
        """What kind of record the last id of an address is of."""
        places = path.split("/")
        if places[3] == "csr" and part != "id":
            return f"csr {places[5]}"
        return "texts" if "/texts/{" in path else self.records.get(part, places[3])

    def _body(self, case: Case) -> bytes:
        if isinstance(case.body, bytes):
            return case.body
        if isinstance(case.body, NotSet):
            return b""
        return json.dumps(self._steered(case.body)).encode()

    def _steered(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._steered(inner) for inner in value]
        if not isinstance(value, dict):
            return value
        words = {name: self._word(name, inner) for name, inner in value.items()}
        steered = {name: word for name, word in words.items() if word is not LEFT_OUT}
        if self.dice.random() < 0.02:
            steered[self.dice.choice(ODD_TEXTS)] = self.dice.choice(ODD_TEXTS)
        if steered and self.dice.random() < 0.05:
            steered[self.dice.choice(list(steered))] = self.dice.choice(ODD_TEXTS)
        return steered

    def _word(self, name: str, value: Any) -> Any:
        if self._steers():
            if name in self.records:
                return self._id(self.records[name])
            if self.words.get(name):
                return self.dice.choice(self.words[name])
        return self._steered(value)

    def _id(self, kind: str) -> int:
        foreign = sorted(self.ground.foreign[kind])
        own = self.ground.own[kind]
        return self.dice.choice(foreign if foreign and (self.dice.random() < FOREIGN or not own) else own)

    def _steers(self) -> bool:
        return self.dice.random() < STEERED


def steered(ground: Ground, cases: list[Case], number: int) -> Iterator[Sent]:
    steering = Steering(ground, number)
    return (steering.send(case) for case in cases)
