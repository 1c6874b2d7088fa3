"""What the catalogue brings to a quote: price lists, bundles, units, fixed quantities, prices by use, rules of configuration."""

import datetime as dt
import io
import re
from decimal import Decimal as D
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.formats import date_format
from pypdf import PdfReader

from accounts.models import PriceListRule
from accounts.tests.factories import CategoryTma2Factory
from catalog import merging
from catalog.models import BundlePart, ConfigurationRule, PriceList, Product, ProductUnit, UnitOfMeasure, UsageMetric, UsageStep
from catalog.tests.factories import PriceFactory, ProductFactory
from core import clock, links
from core.errors import Invalid, WrongState
from quotes import (
    columns,
    configuring,
    documents,
    explaining,
    line_texts,
    paper,
    parties,
    price_offers,
    pricing,
    selectors,
    services,
    snapshots,
)
from quotes.models import Quote, QuoteLine
from quotes.repricing import Trouble
from quotes.services import LineDraft, Measure, Recipient
from quotes.services.answering import Source
from quotes.tests.factories import World, make_world, sent
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def quote_of(world: World, *drafts: LineDraft) -> Quote:
    quote = services.quote_create(account_id=world.account.pk, by=world.rep, lines=drafts)
    return Quote.objects.get(pk=quote.pk)


def content_of(quote: Quote) -> Any:
    return snapshots.content_of(quote, selectors.quoted(quote))


def own_list(world: World, price: str) -> PriceList:
    """A price list for the category of the account, with a price of the product."""
    world.account.tma2 = CategoryTma2Factory.create()
    world.account.save()
    own = PriceList.objects.create(code="retail", label_en="Retail", label_fi="Vähittäis")
    PriceFactory(product=world.product, price_list=own, list_price=D(price), start_price=D(price), cost=D(5))
    PriceListRule.objects.create(price_list=own, tma2=world.account.tma2)
    return own


# --- Price lists --------------------------------------------------------------------------------------------------------
def test_an_account_is_quoted_the_prices_of_its_list_and_the_waterfall_says_so(world: World) -> None:
    own = own_list(world, "9")
    other = ProductFactory(list_price="20")
    quote = quote_of(world, LineDraft(world.product, D(2)), LineDraft(other, D(1)))
    first, second = quote.lines.order_by("position")
    assert (first.list_price, first.start_price, first.cost, first.price_list) == (D(9), D(9), D(5), own)
    assert (second.list_price, second.price_list.code if second.price_list else "") == (D(20), "STANDARD")
    assert quote.net_total == D(38)
    source = explaining.explained(world.rep, quote, first)["steps"][0].source
    assert source.startswith("price list Retail on ")
    changed = services.line_change(quote_id=quote.pk, line_id=first.pk, by=world.rep, quantity=D(4))
    assert (changed.list_price, changed.price_list) == (D(9), own)


def first_step(world: World, quote: Quote, line: QuoteLine) -> explaining.Step:
    step: explaining.Step = explaining.explained(world.rep, quote, line)["steps"][0]
    return step


def test_the_waterfall_names_the_quantity_break_that_was_reached(world: World) -> None:
    PriceFactory(product=world.product, list_price=D(9), min_quantity=D(10))
    quote = quote_of(world, LineDraft(world.product, D(9)), LineDraft(world.product, D("10.5")))
    below, above = quote.lines.order_by("position")
    assert "from" not in first_step(world, quote, below).source
    assert first_step(world, quote, above).source.endswith(", from 10 pcs on")
    world.product.prices.filter(min_quantity=10).update(list_price=D(8))
    assert "from" not in first_step(world, quote, above).source  # the line has another price than the catalogue by now


def test_the_waterfall_of_a_bundle_tells_its_parts_with_their_prices_and_lists(world: World) -> None:
    whole, part, option = bundle(world)
    own = own_list(world, "9")
    PriceFactory(product=part, price_list=own, list_price=D(150))
    PriceFactory(product=part, price_list=own, list_price=D(120), min_quantity=D(5))
    quote = quote_of(world, LineDraft(whole, D(2), options=(option.pk,)), LineDraft(whole, D(5)))
    first, second = quote.lines.order_by("position")
    step = first_step(world, quote, first)
    assert step.source.startswith("what its parts cost on ")
    standard = PriceList.objects.get(code="STANDARD").label
    assert [text.replace("\xa0", " ") for text in step.parts] == [
        f"1 × PART-100 at €100.00, {standard}", "1 × PART-200 at €150.00, Retail", f"1 × PART-50 at €50.00, {standard}",
    ]  # fmt: skip
    assert first_step(world, quote, second).parts[1] == "1 × PART-200 at €120.00, Retail, from 5 on"
    part.prices.filter(price_list=own).update(list_price=D(1))
    assert first_step(world, quote, first).parts == ["1 × PART-100", "1 × PART-200", "1 × PART-50"]


def test_the_waterfall_of_a_bundle_with_a_price_of_its_own_names_its_list_and_its_parts(world: World) -> None:
    whole, _part, _option = bundle(world, "fixed")
    PriceFactory(product=whole, list_price=D(250), cost=D(80))
    quote = quote_of(world, LineDraft(whole, D(1)))
    step = first_step(world, quote, quote.lines.get())
    assert ("price list" in step.source, step.parts) == (True, ["1 × PART-100", "1 × PART-200"])


def test_the_steps_of_the_waterfall_stand_in_their_order() -> None:
    line = pricing.Line(1, D(2), D(100), D(0), "percent", D(10))
    header = pricing.Header(D(5), "percent", D(10))
    steps = [step.name for step in pricing.waterfall(pricing.price_quote([line], header).lines[0])]
    assert steps == [name for name in pricing.STEPS if name != "agreement_price"]


def test_the_sheet_follows_the_unit_and_the_options(world: World, client: Client) -> None:
    whole, _second, option = bundle(world)
    quote = quote_of(world, LineDraft(whole, D(1)))
    line = quote.lines.get()
    client.force_login(world.rep)
    body = {"field": "options", "value": str(option.pk), "version": Quote.objects.get().version}
    answer = client.post(reverse("quote_line_change", args=[quote.pk, line.pk]), body).content.decode()
    assert [text in answer for text in ("PART-50 at €50.00", "€350.00")] == [True, True]
    body |= {"value": str(10**6), "version": Quote.objects.get().version}
    refused = client.post(reverse("quote_line_change", args=[quote.pk, line.pk]), body)
    assert refused.status_code == 422
    html = refused.content.decode()
    assert ["€350.00" in html, "This is no option of the bundle: 1000000." in html] == [True, True]


def test_a_draft_keeps_its_prices_until_it_is_repriced_into_the_new_list(world: World) -> None:
    quote = quote_of(world, LineDraft(world.product, D(1)))
    own_list(world, "9")
    assert [row.today.list_price for row in price_offers.price_offer(Quote.objects.get(pk=quote.pk)).offer.lines] == [D(9)]
    assert quote.lines.get().list_price == D(10)
    services.quote_reprice(quote_id=quote.pk, by=world.rep)
    assert quote.lines.get().list_price == D(9)


# --- Bundles ------------------------------------------------------------------------------------------------------------
def bundle(world: World, pricing: str = "parts", **more: Any) -> tuple[Product, Product, Product]:
    """A bundle of parts that cost 100 and 200, and an option at 50."""
    whole = ProductFactory(sku="SET", list_price=None, bundle_pricing=pricing, bundle_shows_parts=True, **more)
    parts = [ProductFactory(sku=f"PART-{price}", list_price=price, cost="40", floor_price=None) for price in ("100", "200", "50")]
    for place, part in enumerate(parts):
        BundlePart.objects.create(bundle=whole, part=part, quantity=1, is_option=place == 2, position=place)
    return whole, parts[1], parts[2]


@pytest.mark.req("S2.11")
def test_two_bundles_of_parts_cost_what_their_parts_cost(world: World) -> None:
    whole, _second, option = bundle(world)
    quote = quote_of(world, LineDraft(whole, D(2)))
    line = quote.lines.get()
    assert (line.list_price, line.line_net, line.cost) == (D(300), D("600.00"), D(80))
    shown = content_of(quote)["lines"][0]["parts"]
    assert [(part["sku"], part["quantity"]) for part in shown] == [("PART-100", "1.000"), ("PART-200", "1.000")]
    services.line_change(quote_id=quote.pk, line_id=line.pk, by=world.rep, options=[option.pk])
    line = quote.lines.get()
    assert (line.list_price, line.line_net) == (D(350), D("700.00"))
    services.line_change(quote_id=quote.pk, line_id=line.pk, by=world.rep, quantity=D(1))
    assert (quote.lines.get().list_price, line_texts.options_of(quote.lines.get().parts)) == (D(350), [option.pk])


def test_the_parts_of_a_bundle_are_part_of_what_is_approved(world: World) -> None:
    whole, part, _option = bundle(world, "fixed")
    PriceFactory(product=whole, list_price=D(250), cost=D(80))
    quote = quote_of(world, LineDraft(whole, D(1)))
    before = snapshots.present_hash(quote)
    assert snapshots.commercial_hash(content_of(quote)) == before
    BundlePart.objects.filter(part=part).update(quantity=2)
    services.quote_reprice(quote_id=quote.pk, by=world.rep)
    quote.refresh_from_db()
    assert quote.net_total == D(250)
    assert snapshots.present_hash(quote) != before


@pytest.mark.parametrize("shows", [True, False])
def test_the_customer_sees_the_parts_of_a_bundle_or_does_not(world: World, client: Client, *, shows: bool) -> None:
    whole, part, _option = bundle(world)
    Product.objects.filter(pk=whole.pk).update(bundle_shows_parts=shows)
    Product.objects.filter(pk=part.pk).update(name_en="Grinder")
    quote = quote_of(world, LineDraft(whole, D(1)))
    client.force_login(world.rep)
    draft = client.get(reverse("quote_page", args=[quote.pk])).content.decode()
    document = services.quote_send(quote_id=quote.pk, by=world.rep, to=[world.contact.email], language="en")
    pdf = documents.pdf_of(document.snapshot.content, parties.complete(document.parties), "en")
    printed = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    customer = Client()
    customer.get(reverse("customer_link", args=[links.token_of(document.link)]))
    page = customer.get(reverse("customer_quote", args=[document.uuid])).content.decode()
    assert ["SET" in text for text in (draft, printed, page)] == [True] * 3
    assert ["Grinder" in text for text in (draft, printed, page, document.snapshot.text)] == [shows] * 4


@pytest.mark.parametrize("options", [[10**9], ["plain"]])
def test_what_is_no_option_of_the_bundle_is_refused(world: World, options: list[Any]) -> None:
    whole, part, _option = bundle(world)
    quote = quote_of(world, LineDraft(whole, D(1)))
    line = quote.lines.get()
    with pytest.raises(Invalid):
        services.line_change(
            quote_id=quote.pk, line_id=line.pk, by=world.rep, options=[part.pk if key == "plain" else key for key in options]
        )
    assert (quote.lines.get().list_price, Quote.objects.get(pk=quote.pk).version) == (D(300), 1)


def part_of(whole: Product, part: Product, quantity: str = "1", *, is_option: bool = False) -> None:
    BundlePart.objects.create(bundle=whole, part=part, quantity=D(quantity), is_option=is_option, position=9)


@pytest.mark.req("S2.11", "S1.1", "S1.2")
def test_a_bundle_with_a_part_outside_the_catalogue_asks_customer_success(world: World, client: Client) -> None:
    whole, _second, option = bundle(world)
    Product.objects.filter(pk=option.pk).update(outside_catalogue=True)
    quote = quote_of(world, LineDraft(whole, D(1)), LineDraft(world.product, D(1)))
    line = quote.lines.get(product=whole)

    def asked() -> list[tuple[str, int | None]]:
        now = Quote.objects.get(pk=quote.pk)
        live = [(found.reason.value, found.line_id) for found in selectors.breaches_of(now, selectors.priced(now))]
        read = [(found.reason.value, found.line_id) for found in selectors.breaches_of(now, selectors.quoted(now).priced)]
        assert live == read
        return live

    assert asked() == []
    client.force_login(world.rep)
    changed = {"field": "options", "value": str(option.pk), "version": Quote.objects.get().version}
    page = client.post(reverse("quote_line_change", args=[quote.pk, line.pk]), changed).content.decode()
    assert "Line 1 (SET) is outside the catalogue" in page
    assert asked() == [("outside_catalogue", line.pk)]
    with pytest.raises(WrongState):
        services.quote_send(quote_id=quote.pk, by=world.rep, to=[])
    assert Quote.objects.get().status == "draft"


def test_a_new_quote_of_one_bundle_knows_that_its_part_is_outside_the_catalogue(world: World, client: Client) -> None:
    whole, part, _option = bundle(world)
    Product.objects.filter(pk=part.pk).update(outside_catalogue=True)
    client.force_login(world.rep)
    body = {"account": world.account.pk, "lines": [{"sku": whole.sku, "quantity": "2"}]}
    answer = client.post(reverse("api:quote-list"), body, content_type="application/json")
    assert [found["reason"] for found in answer.json()["approval_triggers"]] == ["outside_catalogue"]
    quote = Quote.objects.get()
    assert [found.reason.value for found in selectors.breaches_of(quote, selectors.priced(quote))] == ["outside_catalogue"]
    assert [line.outside_catalogue for line in selectors.pricing_lines(quote.pk)] == [True]


@pytest.mark.req("S1.9")
def test_the_work_of_a_bundle_is_that_of_its_parts_unless_it_is_told_of_the_whole(world: World) -> None:
    whole, part, option = bundle(world)
    Product.objects.filter(pk=part.pk).update(cs_days=D("0.5"))
    Product.objects.filter(pk=option.pk).update(cs_days=D(4))
    quote = quote_of(world, LineDraft(whole, D(3)))
    assert selectors.quoted(quote).work_days == D("1.50")
    services.line_change(quote_id=quote.pk, line_id=quote.lines.get().pk, by=world.rep, options=[option.pk])
    assert selectors.quoted(Quote.objects.get()).work_days == D("13.50")
    Product.objects.filter(pk=whole.pk).update(cs_days=D(2))
    assert selectors.quoted(quote).work_days == D("6.00")


@pytest.mark.req("S1.5", "S1.6")
def test_what_is_in_a_bundle_says_until_when_it_is_to_be_used(world: World, client: Client) -> None:
    whole, part, _option = bundle(world)
    Product.objects.filter(pk=part.pk).update(use_within_months=12)
    quote = quote_of(world, LineDraft(whole, D(1)))
    line = content_of(quote)["lines"][0]
    assert (line["use_within_months"], [shown.get("use_within_months") for shown in line["parts"]]) == (None, [None, 12])
    assert paper.details_of(line, "en")[-1].endswith("(PART-200). To be used within 12 months of the order.")
    client.force_login(world.rep)
    assert "To be used within 12 months of the order." in client.get(reverse("quote_page", args=[quote.pk])).content.decode()
    Product.objects.filter(pk=whole.pk).update(bundle_shows_parts=False)
    line = content_of(quote)["lines"][0]
    assert (line["use_within_months"], line["parts"]) == (12, [])
    Product.objects.filter(pk=whole.pk).update(use_within_months=6)
    assert content_of(quote)["lines"][0]["use_within_months"] == 6


def test_what_is_in_a_bundle_brings_its_prices_by_use(world: World) -> None:
    whole, first, option = bundle(world)
    views, orders = (UsageMetric.objects.create(code=code, label_en=code, label_fi=code) for code in ("views", "orders"))
    for part, metric, price in ((first, views, "0.01"), (option, orders, "0.5")):
        UsageStep.objects.create(product=part, metric=metric, from_quantity=1000, price=D(price), cost=D("0.001"))
    Product.objects.filter(pk__in=[first.pk, option.pk]).update(has_usage=True)
    quote = quote_of(world, LineDraft(whole, D(1)))
    assert [row["metric"]["en"] for row in content_of(quote)["lines"][0]["usage"]] == ["views", "views"]
    services.line_change(quote_id=quote.pk, line_id=quote.lines.get().pk, by=world.rep, options=[option.pk])
    assert [row["metric"]["en"] for row in content_of(quote)["lines"][0]["usage"]] == ["views", "views", "orders", "orders"]
    UsageStep.objects.filter(metric=orders).update(metric=views)
    services.quote_reprice(quote_id=quote.pk, by=world.rep)
    labels = [row["metric"]["en"] for row in content_of(Quote.objects.get())["lines"][0]["usage"]]
    assert labels == ["views (PART-200)", "views (PART-200)", "views (PART-50)", "views (PART-50)"]


def test_bundles_take_as_many_statements_however_many_there_are(world: World) -> None:
    whole, _second, option = bundle(world)
    ConfigurationRule.objects.create(kind="at_most", subject_product=option, quantity=1000)
    counts = set()
    for number in (1, 40):
        quote = quote_of(world, *[LineDraft(whole, D(1), options=(option.pk,))] * number)
        with CaptureQueriesContext(connection) as queries:
            quoted = selectors.quoted(quote)
            configuring.advice_of(quote, quoted.priced, quoted.products)
        with CaptureQueriesContext(connection) as live:
            priced = selectors.priced(quote)
            configuring.advice_of(quote, priced)
        counts.add((len(queries), len(live)))
    assert counts == {(3, 6)}


# --- Units and quantities -----------------------------------------------------------------------------------------------
def test_a_line_changes_its_unit_and_stays_as_much_at_a_price_per_pricing_unit(world: World) -> None:
    gram = UnitOfMeasure.objects.create(code="g", label_en="g", label_fi="g")
    ProductUnit.objects.create(product=world.product, unit=gram, numerator=1, denominator=1000)
    quote = quote_of(world, LineDraft(world.product, D(500)))
    line = quote.lines.get()
    services.line_change(quote_id=quote.pk, line_id=line.pk, by=world.rep, unit=gram.pk)
    line = quote.lines.get()
    assert (line.quantity, line.unit, line.numerator, line.denominator) == (D(500_000), gram, 1, 1000)
    assert (line.list_price, line.line_net) == (D(10), D("5000.00"))
    shown = content_of(Quote.objects.get(pk=quote.pk))["lines"][0]
    assert (shown["unit"]["en"], shown["price_unit"]["en"], shown["net_price"]) == ("g", "pcs", "10.0000")
    services.line_change(quote_id=quote.pk, line_id=line.pk, by=world.rep, unit=world.product.unit_id)
    line = quote.lines.get()
    assert (line.unit, line.quantity, line.line_net) == (None, D(500), D(5000))
    with pytest.raises(Invalid):
        services.line_change(quote_id=quote.pk, line_id=line.pk, by=world.rep, unit=10**9)


@pytest.mark.parametrize(
    ("numerator", "denominator", "quantity"),
    [(3, 1, "100"), (1, 1000, "1000000"), (1_000_000, 1, "1")],
    ids=["third", "huge", "tiny"],
)
def test_a_quantity_that_the_other_unit_cannot_say_stays_as_it_is(
    world: World, client: Client, numerator: int, denominator: int, quantity: str
) -> None:
    other = UnitOfMeasure.objects.create(code="other", label_en="other", label_fi="muu")
    ProductUnit.objects.create(product=world.product, unit=other, numerator=numerator, denominator=denominator)
    quote = quote_of(world, LineDraft(world.product, D(quantity)))
    line, version = quote.lines.get(), Quote.objects.get().version
    client.force_login(world.rep)
    body = {"field": "unit", "value": str(other.pk), "version": version}
    answer = client.post(reverse("quote_line_change", args=[quote.pk, line.pk]), body)
    assert answer.status_code == 422
    assert "This quantity cannot be said exactly in that unit. Change the quantity first." in answer.content.decode()
    with pytest.raises(Invalid) as refused:
        services.line_change(quote_id=quote.pk, line_id=line.pk, by=world.rep, unit=other.pk)
    assert set(refused.value.fields) == {"unit"}
    after = quote.lines.get()
    assert (after.quantity, after.unit, after.line_net, Quote.objects.get().version) == (
        D(quantity), None, D(quantity) * 10, version,
    )  # fmt: skip


@pytest.mark.req("S1.17", "S1.18", "S1.23")
def test_a_fixed_quantity_cannot_be_changed(world: World, client: Client) -> None:
    workshops = ProductFactory(sku="WS-3", name_en="Workshops", fixed_quantity=D(3))
    quote = quote_of(world)
    client.force_login(world.rep)
    add = {"product": workshops.pk, "quantity": "1", "version": 1}
    assert client.post(reverse("quote_line_add", args=[quote.pk]), add).status_code == 200
    line = quote.lines.get()
    assert (line.quantity, line.line_net) == (D(3), D(30))
    with pytest.raises(Invalid) as refused:
        services.line_change(quote_id=quote.pk, line_id=line.pk, by=world.rep, quantity=D(2))
    assert set(refused.value.fields) == {"quantity"}
    with pytest.raises(Invalid):
        services.line_add(quote_id=quote.pk, draft=LineDraft(workshops, D(1)), by=world.rep)
    assert [row.quantity for row in quote.lines.all()] == [D(3)]
    assert b"readonly" in client.get(reverse("quote_page", args=[quote.pk])).content


# --- Use ----------------------------------------------------------------------------------------------------------------
@pytest.mark.req("S1.30")
def test_prices_by_use_are_part_of_the_document_and_of_the_expected_margin(world: World) -> None:
    product = ProductFactory(sku="VIEWS", list_price="100", cost="20", floor_price=None)
    metric = UsageMetric.objects.create(code="views", label_en="page view", label_fi="sivunäyttö")
    for start, price in ((1000, "0.01"), (5000, "0.005")):
        UsageStep.objects.create(product=product, metric=metric, from_quantity=start, price=D(price), cost=D("0.001"))
    Product.objects.filter(pk=product.pk).update(has_usage=True)
    product.refresh_from_db()
    quote = quote_of(world, LineDraft(product, D(1)))
    usage = content_of(quote)["lines"][0]["usage"]
    assert [(row["metric"]["fi"], D(row["from"]), row["to"] and D(row["to"]), D(row["price"])) for row in usage] == [
        ("sivunäyttö", D(0), D(1000), D(0)),
        ("sivunäyttö", D(1000), D(5000), D("0.01")), ("sivunäyttö", D(5000), None, D("0.005")),
    ]  # fmt: skip
    line = services.line_change(quote_id=quote.pk, line_id=quote.lines.get().pk, by=world.rep, yearly_volume=D(6000))
    yearly = explaining.explained(world.rep, quote, line)["yearly"]
    assert (yearly.net, yearly.margin) == (D("145.00"), D("120.00"))


def by_use(sku: str = "VIEWS", price: str = "0.01", **more: Any) -> Product:
    """A product whose views cost that much beyond 1,000 a year."""
    product = ProductFactory(sku=sku, list_price="100", cost="20", floor_price=None, **more)
    metric, _made = UsageMetric.objects.get_or_create(code="views", label_en="page view", label_fi="sivunäyttö")
    UsageStep.objects.create(product=product, metric=metric, from_quantity=1000, price=D(price), cost=D("0.001"))
    Product.objects.filter(pk=product.pk).update(has_usage=True)
    product.refresh_from_db()
    return product


def printed(quote: Quote) -> list[str]:
    usage = content_of(Quote.objects.get(pk=quote.pk))["lines"][0].get("usage", ())
    return [row["price"] for row in usage]


@pytest.mark.req("S1.30")
def test_a_draft_keeps_its_prices_by_use_until_somebody_takes_todays(world: World, client: Client) -> None:
    quote = quote_of(world, LineDraft(by_use(), D(1)))
    client.force_login(world.rep)
    before = snapshots.present_hash(quote)
    assert snapshots.commercial_hash(content_of(quote)) == before
    assert price_offers.price_offer(quote).offer.lines == ()
    UsageStep.objects.update(price=D("0.02"))
    assert (printed(quote), snapshots.present_hash(quote)) == (["0", "0.0100"], before)
    found = price_offers.price_offer(quote)
    assert [(row.fields, set(row.others)) for row in found.offer.lines] == [((), {"usage"})]
    headers = {"HX-Request": "true", "HX-Target": "quote-offer"}
    notice = client.get(reverse("quote_offer", args=[quote.pk]), headers=headers).content.decode()
    assert "1 line of this quote is different today." in notice
    page = client.get(reverse("quote_offer", args=[quote.pk])).content.decode()
    assert "page view: beyond 1,000 €0.01 → page view: beyond 1,000 €0.02" in " ".join(page.split())
    UsageStep.objects.update(price=D("0.03"))
    with pytest.raises(WrongState):
        services.quote_reprice(quote_id=quote.pk, by=world.rep, seen=found.mark)
    services.quote_reprice(quote_id=quote.pk, by=world.rep)
    assert (printed(quote), price_offers.price_offer(Quote.objects.get()).offer.lines) == (["0", "0.0300"], ())
    assert snapshots.present_hash(Quote.objects.get()) != before


def test_another_cost_of_use_is_told_without_words_and_is_no_other_offer(world: World) -> None:
    quote = quote_of(world, LineDraft(by_use(), D(1)))
    before = snapshots.present_hash(quote)
    UsageStep.objects.update(cost=D("0.002"))
    changes = columns.offer_rows_of(price_offers.price_offer(quote), margin=True)[0].changes
    assert [(change.label, change.before, change.after) for change in changes] == [("Prices by use", "", "")]
    services.quote_reprice(quote_id=quote.pk, by=world.rep)
    assert snapshots.present_hash(Quote.objects.get()) == before
    assert not re.search(r"0\.00[12]", str(content_of(quote)))


@pytest.mark.req("S1.30")
def test_an_approval_is_bound_to_the_prices_by_use(world: World) -> None:
    quote = quote_of(world, LineDraft(by_use(), D(1)))
    services.quote_submit(quote_id=quote.pk, by=world.rep)
    line = quote.lines.get()
    line.usage[0]["steps"][0][1] = "0.001"
    line.save(update_fields=["usage"])
    with pytest.raises(WrongState, match="not what was approved"):
        services.quote_send(quote_id=quote.pk, by=world.rep, to=[Recipient("a@customer.example")])


@pytest.mark.req("S1.19", "S1.30")
def test_drafts_keep_their_prices_by_use_when_the_product_is_merged(world: World) -> None:
    old, new = by_use("OLD"), ProductFactory(sku="NEW", list_price="100")
    quote = quote_of(world, LineDraft(old, D(1)))
    merging.product_merge(into=new.pk, product=old.pk, by=UserFactory(roles=["data_steward"]))
    assert UsageStep.objects.get().product_id == new.pk
    assert printed(quote) == ["0", "0.0100"]
    found = price_offers.price_offer(quote).offer.lines
    assert [(set(row.others), row.troubles) for row in found] == [(set(), (Trouble.NOT_SOLD,))]
    services.quote_reprice(quote_id=quote.pk, by=world.rep)
    assert printed(quote) == ["0", "0.0100"]


def test_a_fixed_bundle_with_other_parts_is_told(world: World) -> None:
    whole, part, _option = bundle(world, "fixed")
    PriceFactory(product=whole, list_price=D(250), cost=D(80))
    quote = quote_of(world, LineDraft(whole, D(1)))
    BundlePart.objects.filter(part=part).update(quantity=2)
    changes = columns.offer_rows_of(price_offers.price_offer(quote), margin=True)[0].changes
    assert [(change.label, change.after) for change in changes] == [("Parts of the bundle", "")]
    services.quote_reprice(quote_id=quote.pk, by=world.rep)
    assert price_offers.price_offer(Quote.objects.get()).offer.lines == ()


def test_drafts_from_before_get_their_prices_by_use(world: World) -> None:
    quote = quote_of(world, LineDraft(by_use(), D(1)), LineDraft(world.product, D(1)))
    kept: list[Any] = list(quote.lines.order_by("position").values_list("usage", flat=True))
    quote.lines.update(usage=None)
    import_module("quotes.migrations.0002_usage_of_lines").keep_steps(apps, None)
    assert [usage is None for usage in kept] == [False, True]
    assert list(quote.lines.order_by("position").values_list("usage", flat=True)) == kept


@pytest.mark.req("S1.30")
def test_the_sheet_of_a_line_shows_its_prices_by_use_and_what_a_year_comes_to(world: World, client: Client) -> None:
    quote = quote_of(world, LineDraft(by_use(), D(1)))
    line = quote.lines.get()
    client.force_login(world.rep)
    sheet = client.get(reverse("quote_line_details", args=[quote.pk, line.pk])).content.decode()
    told = ("Price by use: page view", "€0.01", "Expected in a year")
    assert [text in sheet for text in told] == [True, True, False]
    body = {"field": "yearly_volume", "value": "2000", "version": Quote.objects.get().version}
    answer = client.post(reverse("quote_line_change", args=[quote.pk, line.pk]), body).content.decode()
    assert [text in answer for text in (f'id="line-explained-{line.pk}"', *told, "€110.00")] == [True] * 5
    body = {"field": "quantity", "value": "2", "version": Quote.objects.get().version}
    assert "line-explained" not in client.post(reverse("quote_line_change", args=[quote.pk, line.pk]), body).content.decode()


@pytest.mark.req("S1.5", "S1.6")
def test_a_service_says_until_when_it_is_to_be_used(world: World) -> None:
    audit = ProductFactory(sku="AUDIT", use_within_months=12)
    quote = quote_of(world, LineDraft(audit, D(1)), LineDraft(world.product, D(1)))
    first, second = content_of(quote)["lines"]
    assert (first["use_within_months"], second.get("use_within_months")) == (12, None)


@pytest.mark.req("S1.4", "S1.5")
def test_the_day_is_told_once_the_order_is_there(world: World, client: Client) -> None:
    Product.objects.filter(pk=world.product.pk).update(use_within_months=3)
    document = sent(world)
    within, day = "within 3 months of the order", clock.months_later(clock.today(), 3)
    by = f"To be used by {date_format(day, 'SHORT_DATE_FORMAT')}."
    customer, entrance = f"{reverse('customer_quote', args=[document.uuid])}?language=en", links.token_of(document.link)
    client.get(reverse("customer_link", args=[entrance]))
    assert within in client.get(customer).content.decode()
    source = Source(link=document.link)
    services.quote_accept(document_id=document.pk, document_hash=document.document_hash, name="Åsa", role="CEO", source=source)
    page = client.get(customer).content.decode()
    assert (by in page, within in page) == (True, False)
    client.force_login(world.rep)
    page = client.get(reverse("quote_page", args=[document.quote_id])).content.decode()
    assert (by in page, within in page) == (True, False)
    assert within in " ".join(paper.details_of(document.snapshot.content["lines"][0], "en"))


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        ("2026-11-30", 3, "2027-02-28"),
        ("2027-11-30", 3, "2028-02-29"),
        ("2026-12-31", 12, "2027-12-31"),
        ("2026-01-31", 1, "2026-02-28"),
    ],
)
def test_months_later_is_never_in_the_month_after(day: str, months: int, later: str) -> None:
    assert clock.months_later(dt.date.fromisoformat(day), months) == dt.date.fromisoformat(later)


# --- Rules --------------------------------------------------------------------------------------------------------------
@pytest.mark.req("S1.28", "S2.11")
def test_what_does_not_go_together_cannot_be_submitted(world: World) -> None:
    pump = ProductFactory(sku="PUMP")
    ConfigurationRule.objects.create(
        kind="requires", subject_product=world.product, object_product=pump,
        message_en="Milk needs a pump.", message_fi="Maito vaatii pumpun.",
    )  # fmt: skip
    quote = quote_of(world, LineDraft(world.product, D(5)))
    with pytest.raises(Invalid) as refused:
        services.quote_submit(quote_id=quote.pk, by=world.rep)
    assert {name: str(text) for name, text in refused.value.fields.items()} == {"lines": "Milk needs a pump."}
    quote.refresh_from_db()
    assert (quote.status, quote.snapshots.count()) == ("draft", 0)
    services.line_add(quote_id=quote.pk, draft=LineDraft(pump, D(1)), by=world.rep)
    services.quote_submit(quote_id=quote.pk, by=world.rep)
    quote.refresh_from_db()
    assert quote.status == "approved"


def rule(kind: str, subject: Product, other: Product | None = None, quantity: int | None = None) -> None:
    ConfigurationRule.objects.create(
        kind=kind, subject_product=subject, object_product=other, quantity=quantity,
        message_en=f"It {kind}.", message_fi=f"Se {kind}.",
    )  # fmt: skip


def broken(quote: Quote) -> list[str]:
    """What the rules say, whether the products are known or not."""
    now = Quote.objects.get(pk=quote.pk)
    quoted = selectors.quoted(now)
    found = configuring.advice_of(now, quoted.priced, quoted.products)
    assert configuring.advice_of(now, quoted.priced) == found
    return [advice.text for advice in found]


@pytest.mark.req("S1.28", "S2.11")
def test_what_is_in_a_bundle_counts_for_the_rules(world: World) -> None:
    whole, pump, filter_brewer = bundle(world)
    machine = ProductFactory(sku="MACHINE", list_price="10")
    part_of(whole, machine, "2")
    rule("requires", world.product, pump)
    rule("excludes", machine, filter_brewer)
    rule("at_most", machine, quantity=6)
    quote = quote_of(world, LineDraft(world.product, D(5)))
    assert broken(quote) == ["It requires."]
    line = services.line_add(quote_id=quote.pk, draft=LineDraft(whole, D(3)), by=world.rep)
    assert broken(quote) == []
    services.line_change(quote_id=quote.pk, line_id=line.pk, by=world.rep, quantity=D(4))
    assert broken(quote) == ["It at_most."]
    services.line_change(quote_id=quote.pk, line_id=line.pk, by=world.rep, quantity=D(1), options=[filter_brewer.pk])
    with pytest.raises(Invalid) as refused:
        services.quote_submit(quote_id=quote.pk, by=world.rep)
    assert {name: str(text) for name, text in refused.value.fields.items()} == {"lines": "It excludes."}
    assert Quote.objects.get().status == "draft"
    services.line_change(quote_id=quote.pk, line_id=line.pk, by=world.rep, options=[])
    services.quote_submit(quote_id=quote.pk, by=world.rep)
    assert Quote.objects.get().status == "approved"


def test_a_bundle_and_a_line_that_exclude_each_other_cannot_be_submitted(world: World) -> None:
    whole, part, _option = bundle(world)
    rule("excludes", part, world.product)
    quote = quote_of(world, LineDraft(whole, D(1)), LineDraft(world.product, D(1)))
    assert broken(quote) == ["It excludes."]


def test_a_recommendation_is_told_with_the_product_and_blocks_nothing(world: World, client: Client) -> None:
    pump = ProductFactory(sku="PUMP")
    ConfigurationRule.objects.create(kind="recommends", subject_product=world.product, object_product=pump)
    quote = quote_of(world, LineDraft(world.product, D(5)))
    client.force_login(world.rep)
    page = client.get(reverse("quote_page", args=[quote.pk])).content.decode()
    assert f'data-add-product="{pump.pk}"' in page
    services.quote_submit(quote_id=quote.pk, by=world.rep)
    assert Quote.objects.get(pk=quote.pk).status == "approved"


def test_an_option_that_nobody_has_chosen_breaks_no_rule(world: World) -> None:
    other = ProductFactory(sku="OTHER")
    ConfigurationRule.objects.create(kind="excludes", subject_product=world.product, object_product=other)
    quote = quote_of(world, LineDraft(world.product, D(5)), LineDraft(other, D(1), optional=True))
    services.quote_submit(quote_id=quote.pk, by=world.rep)
    assert Quote.objects.get(pk=quote.pk).status == "approved"


def test_reading_a_quote_takes_no_more_queries_for_what_it_does_not_have(world: World, django_assert_num_queries: Any) -> None:
    quote = quote_of(world, *[LineDraft(world.product, D(1))] * 30)
    with django_assert_num_queries(1):
        selectors.quoted(quote)
    assert QuoteLine.objects.count() == 30


def test_a_merged_code_sells_the_product_that_it_became(world: World, client: Client) -> None:
    old = ProductFactory(sku="OLD", is_active=False, merged_into=world.product)
    client.force_login(world.rep)
    body = {"account": world.account.pk, "lines": [{"sku": old.sku, "quantity": "2"}]}
    answer = client.post(reverse("api:quote-list"), body, content_type="application/json")
    assert (answer.status_code, [line["sku"] for line in answer.json()["lines"]]) == (201, ["MAITO-1"])


@pytest.mark.parametrize(("quantity", "net"), [("0.15", "0.05"), ("1", "0.33"), ("0.45", "0.15")])
def test_thirds_are_exact(world: World, quantity: str, net: str) -> None:
    third = UnitOfMeasure.objects.create(code="third", label_en="third", label_fi="kolmannes")
    product = ProductFactory(list_price="1", cost="1", floor_price=None)
    ProductUnit.objects.create(product=product, unit=third, numerator=1, denominator=3)
    measure = Measure(third, 1, 3)
    line = quote_of(world, LineDraft(product, D(quantity), measure=measure)).lines.get()
    assert str(line.line_net) == net


# --- The bar of a price -----------------------------------------------------------------------------------------------
def test_a_discount_on_the_whole_quote_moves_the_bars_of_all_lines(world: World, client: Client) -> None:
    aimed = ProductFactory(list_price="100", cost="1", floor_price="80", target_price="90")
    quote = quote_of(world, LineDraft(aimed, D(1)), LineDraft(world.product, D(1)))
    first, second = quote.lines.order_by("position")
    client.force_login(world.rep)
    page = client.get(reverse("quote_page", args=[quote.pk])).content.decode()
    assert 'low="80.0000" high="90.0000" max="100.0000" optimum="100.0000" value="100.0000"' in page
    body = {"field": "header_discount", "value": "25", "version": Quote.objects.get().version}
    answer = client.post(reverse("quote_change", args=[quote.pk]), body, headers={"HX-Request": "true"}).content.decode()
    assert [f'id="quote-guidance-{line.pk}"' in answer for line in (first, second)] == [True, True]
    assert 'value="75.0000"' in answer
