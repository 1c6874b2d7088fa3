"""The table of docs/pricing.md, each case through the pure function, the API, the page and what is frozen."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal as D
from itertools import permutations
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import translation

from approvals import rules
from approvals.choices import FieldKind, Operator
from approvals.tests.factories import make_rule
from catalog import bundles
from catalog.models import Product, UnitOfMeasure
from catalog.selectors import bundle_parts_of
from catalog.tests.factories import BundleFactory, PriceFactory, ProductFactory, ProductUnitFactory
from core.errors import Invalid
from core.money import cents
from core.templatetags.ui import money, percent
from quotes import pricing, selectors, services, snapshots, triggers
from quotes.choices import Trigger
from quotes.models import Quote, QuoteLine
from quotes.services import LineDraft
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
    cost: str | tuple[str, ...] | None = None
    """Of every line, or of each."""
    margin: str | None = None
    line_margins: tuple[str | None, ...] = ()
    rule: str = ""
    """An administrator's: a discount of so many percent asks."""
    asks: tuple[str, ...] | None = None
    """The gates that are asked; None: whichever."""

    def costs(self) -> tuple[str | None, ...]:
        return self.cost if isinstance(self.cost, tuple) else (self.cost,) * len(self.lines)

    def __str__(self) -> str:
        return self.name


def line(
    list_price: str, quantity: str = "1", kind: str = "", value: str = "0", vat: str = "0"
) -> tuple[str, str, str, str, str]:
    return list_price, quantity, kind, value, vat


def reordered(*lines: Typed) -> tuple[Case, ...]:
    """The same totals in every order; the nets and shares go with their lines."""
    of = {"3.08": ("3.08", "0.31"), "45.35": ("45.35", "4.54"), "1.75": ("1.75", "0.17")}
    return tuple(
        Case(
            f"reordered {number}", some, "45.16", "56.48", tuple(of[row[0]][0] for row in some), ("percent", "10"),
            tuple(of[row[0]][1] for row in some),
        )
        for number, some in enumerate(permutations(lines))
    )  # fmt: skip


def thresholds() -> Iterator[Case]:
    """Sold at the very discount from which an administrator's rule asks, and a hundredth of a percent below it."""
    for off in (7, 8, 9, 10, 11, 19, 20, 21, 22, 32, 33, 44, 45, 66):
        sold = f"{100 - off}.00"
        common: dict[str, Any] = {"net": sold, "gross": sold, "nets": (sold,), "cost": "10"}
        as_net, as_percent = (line("100", "1", "net", str(100 - off)),), (line("100", "1", "percent", str(off)),)
        yield Case(f"{off} % at the threshold", as_net, **common, rule=str(off), asks=("quote_discount",))
        if off in (10, 33):
            yield Case(f"{off} % typed, at the threshold", as_percent, **common, rule=str(off), asks=("quote_discount",))
            yield Case(f"{off} % below the threshold", as_net, **common, rule=f"{off}.01", asks=())


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
    Case("margin", (line("300"),), "300.00", "300.00", ("300.00",), cost="100", margin="66.67", line_margins=("66.67",), asks=()),
    Case(
        "half-up of thousandths", (line("2.674"), line("2.675"), line("0.0049"), line("0.005")), "5.36", "5.36",
        ("2.67", "2.68", "0.00", "0.01"),
    ),
    *reordered(line("3.08", vat="25.5"), line("45.35", vat="25.5"), line("1.75", vat="13.5")),
    *thresholds(),
    Case(
        "nothing to pay beside others", (line("0"), line("100")), "100.00", "100.00", ("0.00", "100.00"), cost=("5", "50"),
        margin="45.00", line_margins=(None, "50.00"), asks=(),
    ),
    Case("nothing to pay alone", (line("0"),), "0.00", "0.00", ("0.00",), cost="5", line_margins=(None,), asks=("quote_margin",)),
    Case(
        "a header of everything", (line("45"), line("15")), "0.00", "0.00", ("45.00", "15.00"), ("amount", "60"),
        ("45.00", "15.00"),
    ),
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
        ProductFactory(sku=f"CASE-{number}", list_price=row[0], vat=row[4], cost=cost, floor_price=None)
        for number, (row, cost) in enumerate(zip(case.lines, case.costs(), strict=True))
    ]


def with_rule(case: Case) -> None:
    if case.rule:
        make_rule(Trigger.DISCOUNT, ("discount_percent", "ge", case.rule))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_pure_function(case: Case) -> None:
    kinds = {"net": "net_price"}
    lines = [
        pricing.Line(number, D(row[1]), D(row[0]), D(row[4]), kinds.get(row[2], row[2]), D(row[3]), D(cost) if cost else None)
        for number, (row, cost) in enumerate(zip(case.lines, case.costs(), strict=True))
    ]
    priced = pricing.price_quote(lines, pricing.Header(None, case.header[0], D(case.header[1])))
    totals = priced.totals
    assert (str(totals.net_total), str(totals.gross_total)) == (case.net, case.gross)
    assert tuple(str(row.line_net) for row in priced.lines) == case.nets
    assert not case.shares or tuple(str(row.share) for row in priced.lines) == case.shares
    assert case.margin is None or str(totals.margin_percent) == case.margin
    margins = tuple(row.margin_percent for row in priced.lines)
    assert not case.line_margins or tuple(None if margin is None else str(margin) for margin in margins) == case.line_margins
    if case.asks is not None:
        asks = [
            gate.value
            for gate in triggers.gates(triggers.breaches(priced, pricing.Targets([pricing.Target(1, None, None, D(0), D(20))])))
        ]
        if case.rule and rules.holds(rules.parsed("", FieldKind.PERCENT, Operator.GE, case.rule), totals.discount_percent):
            asks.append(Trigger.DISCOUNT.value)
        assert tuple(asks) == case.asks


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_api_and_what_is_frozen(case: Case, client: Client, world: World) -> None:
    products = products_of(case)
    with_rule(case)
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
        assert not case.line_margins or tuple(row["margin_percent"] for row in shown["lines"]) == case.line_margins
        assert case.asks is None or tuple(row["trigger"] for row in shown["approval_triggers"]) == case.asks
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
    with_rule(case)
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
        assert case.asks is None or ("This quote needs approval" in page) is bool(case.asks)


# --- Cases that are no table of lines -----------------------------------------------------------------------------------
def send_json(client: Client, address: str, *arguments: int, **body: Any) -> Any:
    return client.post(reverse(f"api:{address}", args=arguments), json.dumps(body), content_type="application/json")


def made(client: Client, world: World, *lines: dict[str, Any], **more: Any) -> Any:
    return send_json(client, "quote-list", account=world.account.pk, lines=list(lines), **more)


def type_in(client: Client, line: QuoteLine, field: str, value: str) -> HttpResponse:
    """A field of the row of a line, as it is typed on the page; htmx asks for it."""
    data = {"field": field, "value": value, "version": Quote.objects.get(pk=line.quote_id).version}
    return client.post(reverse("quote_line_change", args=[line.quote_id, line.pk]), data, headers=HTMX)


def totals_on(client: Client, quote: Quote) -> list[str]:
    """The net total and the total with VAT that the page of a quote shows."""
    page = client.get(reverse("quote_page", args=[quote.pk])).content.decode()
    return [found for name in ("Net", "Total with VAT") for found in re.findall(TOTAL.format(name), page)]


@pytest.mark.parametrize(
    ("value", "expected"), [("-2.675", "-2.68"), ("-0.005", "-0.01"), ("-0.0049", "0.00"), ("2.675", "2.68"), ("0.005", "0.01")]
)
def test_half_up_is_away_from_zero(value: str, expected: str) -> None:
    assert cents(D(value)) == D(expected)


@pytest.mark.parametrize(
    ("quantity", "unit", "price", "net"),
    [("1", "kg", "10.0000", "10.00"), ("10", "kg", "9.0000", "90.00"), ("10000", "g", "9.0000", "90.00")],
)
def test_a_break_is_reached_in_any_unit_and_stays_a_price_per_pricing_unit(
    client: Client, world: World, quantity: str, unit: str, price: str, net: str
) -> None:
    kilogram, gram = (UnitOfMeasure.objects.create(code=code, label_en=code, label_fi=code) for code in ("kg", "g"))
    product = ProductFactory(sku="KILO-1", unit=kilogram, list_price="10", vat="0", floor_price=None)
    PriceFactory(product=product, list_price="9", min_quantity=10)
    ProductUnitFactory(product=product, unit=gram, numerator=1, denominator=1000)
    factor = {"kg": (1, 1), "g": (1, 1000)}[unit]
    line = pricing.Line(1, D(quantity), D(price), D(0), numerator=factor[0], denominator=factor[1])
    assert str(pricing.price_quote([line], pricing.Header()).totals.net_total) == net
    (row,) = made(client, world, {"sku": "KILO-1", "quantity": quantity, "unit": unit}).json()["lines"]
    assert (row["list_price"], row["net_price"], row["line_net"]) == (price, price, net)
    quote = services.quote_create(account_id=world.account.pk, by=world.rep)
    kilograms = D(quantity) * factor[0] / factor[1]
    add = {"product": product.pk, "quantity": str(kilograms), "version": 1}
    client.post(reverse("quote_line_add", args=[quote.pk]), add, headers=HTMX)
    assert type_in(client, quote.lines.get(), "unit", str({"kg": kilogram, "g": gram}[unit].pk)).status_code == 200
    with translation.override("en"):
        assert totals_on(client, quote) == [money(net)] * 2


def test_two_bundles_of_100_and_200(client: Client, world: World) -> None:
    parts = [ProductFactory(list_price=price, vat="0") for price in (100, 200)]
    bundle = BundleFactory(sku="KAKSI-1", parts=parts, vat="0")
    leaves = bundles.leaves(bundle.pk, bundle_parts_of([bundle.pk]))
    unit = sum(leaf.quantity * price for leaf, price in zip(leaves, (100, 200), strict=True))
    priced = pricing.price_quote([pricing.Line(1, D(2), D(unit), D(0))], pricing.Header())
    assert (unit, str(priced.totals.net_total)) == (300, "600.00")
    (row,) = made(client, world, {"sku": "KAKSI-1", "quantity": "2"}).json()["lines"]
    assert (row["list_price"], row["line_net"]) == ("300.0000", "600.00")
    quote = services.quote_create(account_id=world.account.pk, by=world.rep)
    client.post(reverse("quote_line_add", args=[quote.pk]), {"product": bundle.pk, "quantity": "2", "version": 1}, headers=HTMX)
    with translation.override("en"):
        assert totals_on(client, quote) == [money("600")] * 2


def test_alternatives_count_once_they_are_chosen(client: Client, world: World) -> None:
    prices = ((100, None), (200, None), (120, 1), (110, 1))
    for chosen, net in ((0, "300.00"), (4, "310.00")):
        lines = [
            pricing.Line(number, D(1), D(price), D(10), optional=bool(of), selected=number == chosen, alternative_to=of)
            for number, (price, of) in enumerate(prices, 1)
        ]
        totals = pricing.price_quote(lines, pricing.Header()).totals
        assert (str(totals.net_total), totals.gross_total) == (net, D(net) * D("1.1"))
    for price, _of in prices:
        ProductFactory(sku=f"P-{price}", list_price=price, vat="10", floor_price=None)
    answer = made(client, world, *({"sku": f"P-{price}", "quantity": "1"} for price, _of in prices[:2]))
    quote = Quote.objects.get(pk=answer.json()["id"])
    first = quote.lines.get(position=1)
    for price, _of in prices[2:]:
        added = send_json(client, "quote-line-add", quote.pk, sku=f"P-{price}", quantity="1", alternative_to=first.pk)
    assert (added.json()["totals"]["net_total"], added.json()["totals"]["gross_total"]) == ("300.00", "330.00")
    with translation.override("en"):
        assert totals_on(client, quote) == [money("300"), money("330")]
    sent = send_json(client, "quote-send", quote.pk, to=[world.contact.email])
    assert sent.json()["totals"]["gross_total"] == "330.00"
    yes = {"name": "Maija", "role": "Buyer", "evidence": "Mail"}
    accepted = send_json(client, "quote-accept", quote.pk, options=[quote.lines.get(position=4).pk], **yes).json()
    assert (accepted["totals"]["net_total"], accepted["totals"]["gross_total"]) == ("310.00", "341.00")
    with translation.override("en"):
        assert totals_on(client, quote) == [money("310"), money("341")]


def test_more_than_100_percent_is_refused_and_a_surcharge_is_for_those_who_may(client: Client, world: World) -> None:
    ProductFactory(sku="SATA-1", list_price="100", vat="0", floor_price=None)
    with pytest.raises(Invalid):
        pricing.price_quote([pricing.Line(1, D(1), D(100), D(0), "percent", D(110))], pricing.Header())
    with pytest.raises(Invalid):
        pricing.price_quote([pricing.Line(1, D(1), D(100), D(0))], pricing.Header(None, "percent", D(110)))
    priced = pricing.price_quote([pricing.Line(1, D(1), D(100), D(0), "percent", D(-50))], pricing.Header())
    assert str(priced.totals.net_total) == "150.00"
    plain = {"sku": "SATA-1", "quantity": "1"}
    for wrong in ("110", "-50"):
        for answer in (
            made(client, world, {**plain, "discount_percent": wrong}),
            made(client, world, plain, header_discount_percent=wrong),
        ):
            assert (answer.status_code in (400, 422), Quote.objects.count()) == (True, 0)
    quote = Quote.objects.get(pk=made(client, world, plain).json()["id"])
    change = reverse("quote_change", args=[quote.pk])
    for wrong in ("110", "-50"):
        assert type_in(client, quote.lines.get(), "discount", wrong).status_code == 422
        head = {"field": "header_discount", "value": wrong, "version": 1}
        assert client.post(change, head, headers=HTMX).status_code == 422
        quote.refresh_from_db()
        assert (quote.version, str(quote.net_total)) == (1, "100.00")
    client.force_login(world.manager)
    assert made(client, world, {**plain, "discount_percent": "-50"}).json()["totals"]["net_total"] == "150.00"
    assert made(client, world, plain, header_discount_percent="-50").json()["totals"]["net_total"] == "150.00"
    type_in(client, quote.lines.get(), "discount", "-50")
    with translation.override("en"):
        assert totals_on(client, quote) == [money("150")] * 2


def test_a_header_amount_above_the_sum_is_refused_everywhere(client: Client, world: World) -> None:
    product = ProductFactory(list_price="50")
    body = {
        "account": world.account.pk,
        "lines": [{"sku": product.sku, "quantity": "1"}],
        "header_discount_amount": "60.00",
    }
    answer = client.post(reverse("api:quote-list"), json.dumps(body), content_type="application/json")
    assert (answer.status_code, set(answer.json()["fields"]), Quote.objects.count()) == (422, {"header_discount"}, 0)
    with pytest.raises(Invalid):
        pricing.price_quote([pricing.Line(1, D(1), D(50), D(0))], pricing.Header(None, "amount", D(60)))
    quote = services.quote_create(account_id=world.account.pk, by=world.rep, lines=[LineDraft(product, D(1))])
    change = {"field": "header_discount", "value": "60 €", "version": 1}
    page = client.post(reverse("quote_change", args=[quote.pk]), change, headers=HTMX)
    assert "The discount is larger than the total." in page.content.decode()
    quote.refresh_from_db()
    assert (quote.version, str(quote.net_total), quote.header_discount_kind) == (1, "50.00", "")


@pytest.mark.parametrize("language", ["en", "fi"])
def test_labels_are_exact(language: str) -> None:
    with translation.override(language):
        assert percent(D("0.07") * 100) == {"en": "7%", "fi": "7\u00a0%"}[language]
        assert money(D("1234.5")) == {"en": "€1,234.50", "fi": "1\u00a0234,50\u00a0€"}[language]
