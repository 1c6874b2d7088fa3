"""Bringing products onto a quote: the type-ahead over 100,000 of them, and rows pasted from a spreadsheet."""

import urllib.parse
from collections.abc import Iterator

from django.db.models import Count

from accounts.models import Account
from bench.client import Answer, Client
from bench.compare import NEEDED, Work, compare
from bench.house import House
from bench.quotes import skus
from bench.report import Result

PASTED = 200


def type_ahead(house: House) -> Iterator[Result]:
    """Other words in each round, as the field of the editor asks with each letter: for the account of the quote."""
    words, account = _words(house), _account(house)
    yield from compare(
        house,
        [
            Work(
                "type-ahead of products, a word of 100,000", house.rep, lambda client, n: _ask(client, words[n][0][:4], account)
            ),
            Work("type-ahead of products, two words", house.rep, lambda client, n: _ask(client, " ".join(words[n]), account)),
        ],
    ).values()


def _account(house: House) -> int:
    """The account of the rep with the most quotes, but for the one that all drafts of the measurements are made for."""
    accounts = Account.objects.filter(owner=house.drafts.rep, status="active").exclude(pk=house.drafts.account.pk)
    key: int = accounts.annotate(quotes_of=Count("quotes")).order_by("-quotes_of", "pk").values_list("pk", flat=True)[0]
    return key


def _ask(client: Client, text: str, account: int) -> Answer:
    query = urllib.parse.urlencode({"q": text, "account": account})
    return client.get(f"/quotes/products/?{query}", headers={"HX-Request": "true"})


def _words(house: House) -> list[tuple[str, str]]:
    """The first two words of the names of products, other ones each time."""
    names = [item.texts.name["en"].lower().split() for item in house.stock]
    return list(dict.fromkeys((parts[0], parts[1]) for parts in names if len(parts) > 1))[:NEEDED]


def paste(house: House) -> Iterator[Result]:
    """Rows with a code, a quantity and a discount, looked at, then added to a draft of one line that has none of them yet."""
    drafts = house.drafts.ours(1, 2 * NEEDED)
    text = "\n".join(f"{sku}\t{number % 9 + 1},5\t{number % 5} %" for number, sku in enumerate(skus(house.stock, PASTED)))

    def look(client: Client, number: int) -> Answer:
        return client.post(f"/quotes/{drafts[number].pk}/paste/", {"text": text}, expect=200, **{"HX-Request": "true"})

    def add(client: Client, number: int) -> Answer:
        form = {"text": text, "version": 1, "before": ""}
        return client.post(f"/quotes/{drafts[NEEDED + number].pk}/paste/add/", form)

    yield from compare(
        house,
        [
            Work(f"look at {PASTED} pasted rows", house.rep, look),
            Work(f"add {PASTED} pasted rows", house.rep, add),
        ],
    ).values()
