"""Submitting, approving, sending and accepting, by the pages that people use."""

from collections.abc import Callable, Iterator, Sequence

from approvals.models import Request
from bench.client import Answer, Client
from bench.compare import NEEDED, Work, against, compare
from bench.house import House
from bench.quotes import Draft
from bench.report import Result
from core import links
from quotes.models import QuoteDocument

Move = Callable[[Client, Draft], Answer]


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
