"""Lists of customers: the first page, a deep one, a search."""

import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg2
from django.db.models import Count

from accounts.models import Account
from bench import data
from bench.client import Answer, Client
from bench.compare import NEEDED, Ask, Work, against, compare
from bench.house import House
from bench.report import Result
from core import lists as list_pages, paging
from csr.models import Case


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
        depth = "SELECT count(*) * 9 / 10 FROM accounts_account"
        cursor.execute(f"SELECT name, id FROM accounts_account ORDER BY name, id LIMIT 1 OFFSET ({depth})")
        place = _Place(*cursor.fetchone())
    connection.close()
    return place


def _get(path: str) -> Ask:
    return lambda client, _number: client.get(path)


def _query(**words: Any) -> str:
    return urllib.parse.urlencode(words)


def cases(house: House) -> Iterator[Result]:
    """The list of cases, against the floor's list of customers, which is as long; the page of a case; the report."""
    largest = Case.objects.annotate(size=Count("products")).order_by("-size")[0].pk
    usual = Case.objects.order_by("pk")[1].pk
    works = [
        Work("cases, first 50 of 100,000", house.steward, _get("/cases/"), house.floor_rep, _get("/accounts/")),
        Work("page of a case", house.steward, _get(f"/cases/{usual}/")),
        Work("page of a case, 500 products", house.steward, _get(f"/cases/{largest}/")),
        Work("report of 100,000 cases", house.steward, _get("/cases/reports/?since=2000-01-01")),
    ]
    yield from compare(house, works).values()


def search(house: House) -> Iterator[Result]:
    """Another part of a name in each round, one that a few dozen customers have, asked as the search field asks: for the rows
    alone where there is such an answer."""
    parts = _parts()
    as_typed = {"HX-Request": "true", "HX-Target": list_pages.ROWS}

    def ask(client: Client, number: int) -> Answer:
        return client.get(f"/accounts/?{_query(q=parts[number % len(parts)])}", headers=as_typed)

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
