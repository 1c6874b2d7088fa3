"""Making and changing drafts, and opening them."""

from collections.abc import Iterator
from typing import Any

from bench.client import Answer
from bench.compare import Work, against, compare
from bench.house import House
from bench.measure import ROUNDS
from bench.quotes import skus
from bench.report import Result


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

    found = compare(house, [work(20), work(200)], rounds=3 * ROUNDS)  # of two medians of ours a fifth more is the limit
    yield from found.values()
    yield against("change one line: 200 against 20 lines", found["change one line of 200"], found["change one line of 20"])


def change_in_editor(house: House) -> Iterator[Result]:
    def work(lines: int) -> Work:
        ours, floor = house.drafts.ours(lines, 1)[0], house.drafts.floor(lines, 1)[0]
        return Work(
            f"change one line of {lines:,} in the editor",
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

    found = compare(house, [work(1), work(20), work(200), work(1_000)])
    one, *longer = found.values()
    yield from longer
    yield against("change one line in the editor: 200 lines against 1", found["change one line of 200 in the editor"], one)


def read(house: House) -> Iterator[Result]:
    works = []
    for lines in (20, 200, 1_000):
        ours, floor = house.drafts.ours(lines, 1)[0].pk, house.drafts.floor(lines, 1)[0].pk
        works += [
            Work(
                f"open a quote by API, {lines:,} lines",
                house.program,
                lambda client, _number, ours=ours: client.get(f"/api/v1/quotes/{ours}/"),  # type: ignore[misc]
                house.floor_rep,
                lambda client, _number, floor=floor: client.get(f"/quotes/{floor}/json/"),  # type: ignore[misc]
            ),
            Work(
                f"editor page, {lines:,} lines",
                house.rep,
                lambda client, _number, ours=ours: client.get(f"/quotes/{ours}/"),  # type: ignore[misc]
                house.floor_rep,
                lambda client, _number, floor=floor: client.get(f"/quotes/{floor}/"),  # type: ignore[misc]
            ),
        ]
    yield from compare(house, works).values()
