"""The table of docs/pricing.md, each case through the pure function, the API, the page and what is frozen."""

import json
import re
from dataclasses import dataclass
from decimal import Decimal as D
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from catalog.models import Product
from catalog.tests.factories import ProductFactory
from core.templatetags.ui import money, percent
from quotes import pricing, selectors, services, snapshots
from quotes.models import Quote
from quotes.tests.factories import World, make_world

pytestmark = pytest.mark.django_db

Typed = tuple[str, str, str, str, str]

KINDS = {"percent": "discount_percent", "amount": "discount_amount", "net": "net_price"}


@dataclass(frozen=True)
class Case:
    """`lines`: (list price, quantity, kind, value, VAT); `nets` of the lines and `shares` of the discount on the whole quote."""

    name: str
    lines: tuple[Typed, ...]
    net: str
    gross: str
    nets: tuple[str, ...]
    header: tuple[str, str] = ("", "0")
    shares: tuple[str, ...] = ()
    cost: str | None = None
    margin: str | None = None

    def __str__(self) -> str:
        return self.name


def line(
    list_price: str, quantity: str = "1", kind: str = "", value: str = "0", vat: str = "0"
) -> tuple[str, str, str, str, str]:
    return list_price, quantity, kind, value, vat


CASES = (
    Case("a net price survives", (line("168", "2", "net", "158"),), "316.00", "316.00", ("316.00",)),
    Case("one net price survives", (line("305", "1", "net", "290"),), "290.00", "290.00", ("290.00",)),
    Case("an amount survives", (line("84000", "1", "amount", "70000"),), "14000.00", "14000.00", ("14000.00",)),
    Case("rounded once a line", (line("28.5", "4", "percent", "35"),), "74.10", "74.10", ("74.10",)),
    Case("a large line", (line("541.26", "38", "percent", "2"),), "20156.52", "20156.52", ("20156.52",)),
    Case("half a unit", (line("124.75", "9.5"),), "1185.13", "1185.13", ("1185.13",)),
    Case("half-up", (line("2.665"), line("1.005"), line("0.125")), "3.81", "3.81", ("2.67", "1.01", "0.13")),
    Case(
        "100 %",
        (line("2.8207", "4", "percent", "100"), line("2.8207", "5", "percent", "100"), line("64.22", "2.25", "percent", "100")),
        "0.00", "0.00", ("0.00", "0.00", "0.00"),
    ),
    Case(
        "the header on the sum", (line("1.06"), line("2.06"), line("3.06"), line("4.06")), "9.22", "9.22",
        ("1.06", "2.06", "3.06", "4.06"), ("percent", "10"), ("0.11", "0.21", "0.30", "0.40"),
    ),
    Case(
        "tiny lines", (line("0.01"),) * 10, "0.06", "0.06", ("0.01",) * 10, ("percent", "40"),
        ("0.01",) * 4 + ("0.00",) * 6,
    ),
    Case("half of tiny lines", (line("0.01"),) * 10, "0.05", "0.05", ("0.01",) * 10, ("percent", "50")),
    Case("a header percent of nothing", (line("0"),), "0.00", "0.00", ("0.00",), ("percent", "10")),
    Case("line, then header", (line("100", "1", "percent", "10"),), "81.00", "81.00", ("90.00",), ("percent", "10")),
    Case("line, then header, of cents", (line("0.06", "1", "percent", "10"),), "0.04", "0.04", ("0.05",), ("percent", "10")),
    Case("VAT on the document", (line("45", "3", vat="21"),), "75.00", "90.75", ("135.00",), ("amount", "60"), ("60.00",)),
    Case("margin", (line("300"),), "300.00", "300.00", ("300.00",), cost="100", margin="66.67"),
)  # fmt: skip


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def client(client: Client, world: World) -> Client:
    world.rep.language = "en"
    world.rep.save()
    client.force_login(world.rep)
    return client


def products_of(case: Case) -> list[Product]:
    return [
        ProductFactory(sku=f"CASE-{number}", list_price=row[0], vat=row[4], cost=case.cost, floor_price=None)
        for number, row in enumerate(case.lines)
    ]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_pure_function(case: Case) -> None:
    kinds = {"net": "net_price"}
    lines = [
        pricing.Line(number, D(row[1]), D(row[0]), D(row[4]), kinds.get(row[2], row[2]), D(row[3]), case.cost and D(case.cost))
        for number, row in enumerate(case.lines)
    ]
    priced = pricing.price_quote(lines, pricing.Header(None, case.header[0], D(case.header[1])))
    totals = priced.totals
    assert (str(totals.net_total), str(totals.gross_total)) == (case.net, case.gross)
    assert tuple(str(row.line_net) for row in priced.lines) == case.nets
    assert not case.shares or tuple(str(row.share) for row in priced.lines) == case.shares
    assert case.margin is None or str(totals.margin_percent) == case.margin


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_api_and_what_is_frozen(case: Case, client: Client, world: World) -> None:
    products = products_of(case)
    body: dict[str, Any] = {
        "account": world.account.pk,
        "lines": [
            {"sku": product.sku, "quantity": row[1]} | ({KINDS[row[2]]: row[3]} if row[2] else {})
            for product, row in zip(products, case.lines, strict=True)
        ],
    }
    if case.header[0]:
        body[f"header_discount_{case.header[0]}"] = case.header[1]
    answer = client.post(reverse("api:quote-list"), json.dumps(body), content_type="application/json")
    assert answer.status_code == 201, answer.content
    for shown in (answer.json(), client.get(reverse("api:quote-detail", args=[answer.json()["id"]])).json()):
        assert (shown["totals"]["net_total"], shown["totals"]["gross_total"]) == (case.net, case.gross)
        assert tuple(row["line_net"] for row in shown["lines"]) == case.nets
        assert case.margin is None or shown["totals"]["margin_percent"] == case.margin
        for row in shown["lines"]:
            steps = row["waterfall"]
            assert sum(D(step["amount"]) for step in steps[:-1]) == D(steps[-1]["amount"])
    quote = Quote.objects.get(pk=answer.json()["id"])
    assert (str(quote.net_total), str(quote.gross_total)) == (case.net, case.gross)
    assert tuple(str(row.line_net) for row in quote.lines.order_by("position")) == case.nets
    content = snapshots.content_of(quote, selectors.quoted(quote))
    assert (content["totals"]["net_total"], content["totals"]["gross_total"]) == (case.net, case.gross)
    assert not case.shares or tuple(row["share"] for row in content["lines"]) == case.shares


NET_CELL = re.compile(r'<td class="text-end text-nowrap quote-net"[^>]*>([^<]*)</td>')
TOTAL = r'<th scope="row">{}</th><td>([^<]*)</td>'
HTMX = {"HX-Request": "true"}


def typed(row: Typed) -> tuple[str, str]:
    """The field of a line that was typed into, and what."""
    if row[2] == "net":
        return "net_price", row[3]
    return "discount", f"{row[3]} €" if row[2] == "amount" else row[3]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_page(case: Case, client: Client, world: World) -> None:
    quote = services.quote_create(account_id=world.account.pk, by=world.rep)
    version = 1
    for product, row in zip(products_of(case), case.lines, strict=True):
        add = {"product": product.pk, "quantity": row[1], "version": version}
        assert client.post(reverse("quote_line_add", args=[quote.pk]), add, headers=HTMX).status_code == 200
        version += 1
        if row[2]:
            made = quote.lines.latest("pk")
            field, value = typed(row)
            change = {"field": field, "value": value, "version": version}
            answer = client.post(reverse("quote_line_change", args=[quote.pk, made.pk]), change, headers=HTMX)
            assert answer.status_code == 200
            version += 1
    if case.header[0]:
        value = f"{case.header[1]} €" if case.header[0] == "amount" else case.header[1]
        change = {"field": "header_discount", "value": value, "version": version}
        assert client.post(reverse("quote_change", args=[quote.pk]), change, headers=HTMX).status_code == 200
    page = client.get(reverse("quote_page", args=[quote.pk])).content.decode()
    with translation.override("en"):
        expected = tuple("included" if D(net) == 0 else money(net) for net in case.nets)
        assert tuple(NET_CELL.findall(page)) == expected
        assert re.findall(TOTAL.format("Net"), page) == [money(case.net)]
        assert re.findall(TOTAL.format("Total with VAT"), page) == [money(case.gross)]
        assert case.margin is None or f"({percent(case.margin, 1)})" in page


def test_a_header_amount_above_the_sum_is_refused_everywhere(client: Client, world: World) -> None:
    product = ProductFactory(list_price="50")
    body = {
        "account": world.account.pk,
        "lines": [{"sku": product.sku, "quantity": "1"}],
        "header_discount_amount": "60.00",
    }
    answer = client.post(reverse("api:quote-list"), json.dumps(body), content_type="application/json")
    assert (answer.status_code, set(answer.json()["fields"]), Quote.objects.count()) == (422, {"header_discount"}, 0)


@pytest.mark.parametrize("language", ["en", "fi"])
def test_labels_are_exact(language: str) -> None:
    with translation.override(language):
        assert percent(D("0.07") * 100) == {"en": "7%", "fi": "7\u00a0%"}[language]
        assert money(D("1234.5")) == {"en": "€1,234.50", "fi": "1\u00a0234,50\u00a0€"}[language]
