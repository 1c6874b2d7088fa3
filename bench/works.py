"""The works that are measured over HTTP: each a request to ours and the like to the floor."""

import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import psycopg2

from accounts.models import Account
from approvals.models import Request
from bench import counting, data
from bench.client import Answer, Client
from bench.house import House
from bench.measure import ROUNDS, WARM, in_turns
from bench.quotes import Draft, skus
from bench.report import Result
from core import links, paging
from quotes.models import QuoteDocument

COUNTED = 2
"""Calls to the counting server after the timed ones; the last one is told."""
NEEDED = WARM + ROUNDS + COUNTED
Ask = Callable[[Client, int], Answer]
Move = Callable[[Client, Draft], Answer]


@dataclass(frozen=True)
class Work:
    """A work by its name in the budgets: who asks ours and the floor, and how, in the given round."""

    name: str
    client: Client
    ours: Ask
    floor_client: Client | None = None
    floor: Ask | None = None


def compare(house: House, works: Sequence[Work]) -> dict[str, Result]:
    """All of them in turns, then each at the counting server."""
    calls: dict[str, Callable[[int], float]] = {}
    servers = {}
    for work in works:
        calls[work.name] = lambda number, work=work: work.ours(work.client, number).ms  # type: ignore[misc]
        servers[work.name] = house.server_of(work.client)
        if work.floor and work.floor_client:
            calls[f"{work.name} floor"] = lambda number, work=work: work.floor(work.floor_client, number).ms  # type: ignore[misc]
    times = in_turns(calls, servers)
    return {
        work.name: Result(
            work.name,
            ours_ms=times.ms[work.name],
            floor_ms=times.ms.get(f"{work.name} floor", []),
            sql=_count(house, work),
            cpu_ms=times.cpu_ms[work.name],
            peak_mib=times.peak_mib[work.name],
        )
        for work in works
    }


def _count(house: House, work: Work) -> int | None:
    if house.server_of(work.client) is not house.ours:
        return None
    client = work.client.at(house.counting.port)
    counts = [work.ours(client, WARM + ROUNDS + number).headers[counting.HEADER] for number in range(COUNTED)]
    return int(counts[-1])


def against(work: str, one: Result, other: Result) -> Result:
    """How many times as long one takes as the other, measured in the same turns."""
    return Result(work, value=median(one.ours_ms) / median(other.ours_ms))


def create(house: House) -> Iterator[Result]:
    def body(codes: list[str]) -> dict[str, Any]:
        return {
            "account": house.drafts.account.pk,
            "lines": [{"sku": sku, "quantity": str(number % 9 + 1), "discount_percent": "5"} for number, sku in enumerate(codes)],
        }

    def work(lines: int) -> Work:
        sent = body(skus(house.stock, lines))
        return Work(
            f"create a quote, {lines} lines",
            house.program,
            lambda client, _number: _complete(client.send("POST", "/api/v1/quotes/", sent, expect=201), lines),
            house.floor_rep,
            lambda client, _number: _complete(client.send("POST", "/quotes/", sent, expect=201), lines),
        )

    yield from compare(house, [work(20), work(200)]).values()


def _complete(answer: Answer, lines: int) -> Answer:
    """The answer, which has to carry every line."""
    if len(answer.json()["lines"]) != lines:
        raise ValueError(f"{len(answer.json()['lines'])} of {lines} lines came back")
    return answer


def change(house: House) -> Iterator[Result]:
    def work(lines: int) -> Work:
        ours, floor = house.drafts.ours(lines, 1)[0], house.drafts.floor(lines, 1)[0]
        return Work(
            f"change one line of {lines}",
            house.program,
            lambda client, number: client.send(
                "PATCH", f"/api/v1/quotes/{ours.pk}/lines/{ours.lines[lines // 2]}/", {"quantity": str(number + 2)}
            ),
            house.floor_rep,
            lambda client, number: client.send(
                "POST", f"/quotes/{floor.pk}/lines/{floor.lines[lines // 2]}/", {"quantity": str(number + 2)}
            ),
        )

    found = compare(house, [work(20), work(200)])
    yield from found.values()
    yield against("change one line: 200 against 20 lines", found["change one line of 200"], found["change one line of 20"])


def change_in_editor(house: House) -> Iterator[Result]:
    def work(lines: int) -> Work:
        ours, floor = house.drafts.ours(lines, 1)[0], house.drafts.floor(lines, 1)[0]
        return Work(
            f"change one line of {lines} in the editor",
            house.rep,
            lambda client, number: client.post(
                f"/quotes/{ours.pk}/lines/{ours.lines[lines // 2]}/",
                {"field": "quantity", "value": str(number + 2), "version": number + 1},
                expect=200,
                **{"HX-Request": "true"},
            ),
            house.floor_rep,
            lambda client, number: client.send(
                "POST", f"/quotes/{floor.pk}/lines/{floor.lines[lines // 2]}/", {"quantity": str(number + 2)}
            ),
        )

    yield from compare(house, [work(20), work(200)]).values()


def read(house: House) -> Iterator[Result]:
    works = []
    for lines in (20, 200):
        ours, floor = house.drafts.ours(lines, 1)[0].pk, house.drafts.floor(lines, 1)[0].pk
        works += [
            Work(
                f"open a quote by API, {lines} lines",
                house.program,
                lambda client, _number, ours=ours: client.get(f"/api/v1/quotes/{ours}/"),  # type: ignore[misc]
                house.floor_rep,
                lambda client, _number, floor=floor: client.get(f"/quotes/{floor}/json/"),  # type: ignore[misc]
            ),
            Work(
                f"editor page, {lines} lines",
                house.rep,
                lambda client, _number, ours=ours: client.get(f"/quotes/{ours}/"),  # type: ignore[misc]
                house.floor_rep,
                lambda client, _number, floor=floor: client.get(f"/quotes/{floor}/"),  # type: ignore[misc]
            ),
        ]
    yield from compare(house, works).values()


def moves(house: House) -> Iterator[Result]:
    """Quotes from draft to accepted: of 1, 20 and 200 lines, each step for all of them before the next."""
    ours = {lines: house.drafts.ours(lines, NEEDED) for lines in (1, 20, 200)}
    floor = {lines: house.drafts.floor(lines, NEEDED) for lines in ours}
    to = "ostaja@asiakas.example"

    def step(
        verb: str, sizes: Sequence[int], client: Client, ask: Move, floor_client: Client, floor_ask: Move
    ) -> dict[int, Result]:
        names = {lines: f"{verb}, {lines} line{'s' if lines > 1 else ''}" for lines in ours}
        works = [
            Work(
                names[lines],
                client,
                lambda client, number, lines=lines: ask(client, ours[lines][number]),  # type: ignore[misc]
                floor_client,
                lambda client, number, lines=lines: floor_ask(client, floor[lines][number]),  # type: ignore[misc]
            )
            for lines in ours
        ]
        results = compare(house, works)
        return {lines: results[names[lines]] for lines in sizes}

    def floor_move(move: str) -> Move:
        return lambda client, draft: client.post(f"/quotes/{draft.pk}/{move}/", {}, expect=302)

    steps: list[tuple[str, Client, Move]] = [
        ("submit", house.rep, lambda client, draft: client.post(f"/quotes/{draft.pk}/submit/", {"version": 1})),
        ("approve", house.approver, _approve),
        (
            "send",
            house.rep,
            lambda client, draft: client.post(f"/quotes/{draft.pk}/send/", {"to": to, "language": "fi", "version": 3}),
        ),
    ]
    for verb, client, ask in steps:
        floor_client = house.floor_approver if verb == "approve" else house.floor_rep
        found = step(verb, (1, 200), client, ask, floor_client, floor_move(verb))
        yield from found.values()
        yield against(f"{verb}: 200 lines against 1", found[200], found[1])
    accepts = lambda client, draft: client.post(f"/q/{draft.pk}/", {}, expect=302)  # noqa: E731
    house.floor_customer.get(f"/q/{floor[1][0].pk}/")
    yield from step("customer accepts", (20, 200), house.customer, _accept, house.floor_customer, accepts).values()


def _approve(client: Client, draft: Draft) -> Answer:
    asked = Request.objects.select_related("run").get(run__subject_type="quote", run__subject_id=draft.pk)
    form = {"verdict": "approve", "comment": "", "version": asked.run.subject_version, "content_hash": asked.run.content_hash}
    return client.post(f"/approvals/{asked.pk}/", form)


def _accept(client: Client, draft: Draft) -> Answer:
    """The customer opens the link of the mail, which is not timed, and accepts."""
    document = QuoteDocument.objects.select_related("link").get(quote=draft.pk)
    client.get(f"/q/{links.token_of(document.link)}/", expect=302)
    page = f"/q/s/{document.uuid}/"
    client.get(page)
    form = {
        "answer": "accept", "accept-document_hash": document.document_hash, "accept-name": "Olli Ostaja", "accept-role": "Ostaja",
        "accept-purchase_order": "PO-1", "accept-agree": "on",
    }  # fmt: skip
    return client.post(page, form)


def lists(house: House) -> Iterator[Result]:
    """Customers by name: the first page, the page after nine tenths of them, and both over other numbers of them."""
    first, deep = "accounts, first 50 of 100,000", "accounts, a page at depth"
    row = _row_at_depth("")
    works = [
        Work(first, house.steward, _get("/accounts/"), house.floor_rep, _get("/accounts/")),
        Work("accounts, first 50, a rep's team", house.rep, _get("/accounts/")),
        Work(deep, house.steward, _get(row.page), house.floor_rep, _get(row.floor_page)),
        Work("few", house.steward_of("1000"), _get("/accounts/")),
    ]
    if house.millions:
        works += [
            Work("many", house.steward_of("1000000"), _get("/accounts/")),
            Work("many, deep", house.steward_of("1000000"), _get(_row_at_depth("1000000").page)),
        ]
    found = compare(house, works)
    yield from (found[work.name] for work in works[:3])
    yield against("accounts, first 50: 100,000 against 1,000", found[first], found["few"])
    yield against("accounts: a page at depth against the first", found[deep], found[first])
    if house.millions:
        yield against("accounts, first 50: 1,000,000 against 1,000", found["many"], found["few"])
        yield against("accounts: a page at depth against the first, 1,000,000", found["many, deep"], found["many"])


@dataclass(frozen=True)
class _Place:
    """Where a list goes on after a row."""

    name: str
    pk: int

    @property
    def page(self) -> str:
        return f"/accounts/?{paging.PARAMETER}={paging._encode(Account(pk=self.pk, name=self.name), ('name', 'pk'))}"

    @property
    def floor_page(self) -> str:
        return f"/accounts/?{_query(name=self.name, id=self.pk)}"


def _row_at_depth(database: str) -> _Place:
    """The customer after nine tenths of them by name."""
    connection = psycopg2.connect(data.url(database))
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, id FROM accounts_account ORDER BY name, id LIMIT 1 OFFSET (SELECT count(*) * 9 / 10 FROM accounts_account)"
        )
        place = _Place(*cursor.fetchone())
    connection.close()
    return place


def _get(path: str) -> Ask:
    return lambda client, _number: client.get(path)


def _query(**words: Any) -> str:
    return urllib.parse.urlencode(words)


def search(house: House) -> Iterator[Result]:
    """Another part of a name in each round, one that a few dozen customers have."""
    parts = _parts()

    def ask(client: Client, number: int) -> Answer:
        return client.get(f"/accounts/?{_query(q=parts[number % len(parts)])}")

    works = [Work("search a part of a name, 100,000", house.steward, ask, house.floor_rep, ask)]
    if house.sqlite:
        works.append(Work("search a part of a name, 100,000, SQLite", house.steward_of("sqlite"), ask))
    if house.millions:
        works.append(Work("search a part of a name, 1,000,000", house.steward_of("1000000"), ask))
    yield from compare(house, works).values()


def _parts() -> list[str]:
    """The made-up word in the names of some customers, without its first letter."""
    names = Account.objects.filter(parent_customer_id__startswith="7").order_by("pk").values_list("name", flat=True)
    words = (name.split()[-2] for name in names[:400])
    return list(dict.fromkeys(word[1:].lower() for word in words if len(word) > 5))[:NEEDED]
