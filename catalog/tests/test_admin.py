"""What those who keep the catalogue may save, and the page that tries rules."""

import datetime as dt
import re
from decimal import Decimal as D
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from catalog.choices import RuleKind as K
from catalog.models import BundlePart, ConfigurationRule, Price, Product, ProductUnit, UsageStep
from catalog.tests.factories import (
    BundleFactory,
    ConfigurationRuleFactory,
    PriceListFactory,
    ProductFactory,
    ProductGroupFactory,
    UnitOfMeasureFactory,
    UsageMetricFactory,
    UsageStepFactory,
    VatRateFactory,
)
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.once("postgresql")]

RULES = "/admin/catalog/configurationrule/"
INLINES = ("prices", "units", "parts", "usage_steps")


@pytest.fixture
def keeper() -> Client:
    client = Client()
    client.force_login(UserFactory(roles=["pricing"]))
    return client


def save(client: Client, product: Product, rows: dict[str, list[dict[str, Any]]] | None = None, **given: Any) -> str:
    """The text of the page when the product is saved with these rows beside those it has; "" when it was saved."""
    data: dict[str, Any] = {
        "sku": product.sku, "name_en": product.name_en, "name_fi": product.name_fi, "unit": product.unit_id,
        "vat_rate": product.vat_rate_id, "is_active": "on" if product.is_active else "", "bundle_pricing": product.bundle_pricing,
        "bundle_shows_parts": "on",
    } | given  # fmt: skip
    for inline in INLINES:
        new = (rows or {}).get(inline, [])
        data |= {f"{inline}-TOTAL_FORMS": len(new), f"{inline}-INITIAL_FORMS": 0}
        data |= {f"{inline}-{number}-{name}": value for number, row in enumerate(new) for name, value in row.items()}
    response = client.post(f"/admin/catalog/product/{product.pk}/change/", data)
    if response.status_code == 302:
        return ""
    assert response.status_code == 200
    errors = re.findall(r'<ul class="errorlist[^>]*>(.*?)</ul>', response.content.decode(), re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", error).strip() for error in errors)


def price(**given: Any) -> dict[str, Any]:
    return {"price_list": PriceListFactory().pk, "min_quantity": "0", "list_price": "10"} | given


# --- Prices -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("first", "second", "refused"),
    [
        (("2026-01-01", "2026-03-31"), ("2026-03-31", "2026-04-30"), True),
        (("2026-01-01", "2026-03-31"), ("2026-04-01", "2026-04-30"), False),
        (("", "2026-03-31"), ("2026-01-01", "2026-02-01"), True),
        (("2026-01-01", ""), ("2026-02-01", "2026-02-28"), False),
        (("2026-01-01", ""), ("2026-02-01", ""), False),
    ],
)
def test_of_prices_with_a_last_day_no_two_may_meet(keeper: Client, first: Any, second: Any, refused: bool) -> None:
    product = ProductFactory(list_price=None)
    rows = [price(valid_from=start, valid_to=end) for start, end in (first, second)]
    told = save(keeper, product, {"prices": rows})
    assert ("Prices with a last day must not overlap." in told, Price.objects.count()) == (refused, 0 if refused else 2)


def test_a_long_price_covers_those_after_the_next_as_well(keeper: Client) -> None:
    product = ProductFactory(list_price=None)
    days = [("2026-01-01", "2026-12-31"), ("2025-01-01", "2025-02-01"), ("2026-05-01", "2026-05-31")]
    told = save(keeper, product, {"prices": [price(valid_from=start, valid_to=end) for start, end in days]})
    assert "the list has €10.00 for 1 Jan 2026–31 Dec 2026" in told
    other_list = PriceListFactory(code="A").pk
    fitting = [price(), price(min_quantity="5"), price(price_list=other_list)]
    assert save(keeper, product, {"prices": [row | {"valid_to": "2026-12-31"} for row in fitting]}) == ""


def test_guidance_out_of_order_is_refused_with_a_sentence(keeper: Client) -> None:
    told = save(keeper, ProductFactory(list_price=None), {"prices": [price(start_price="8", target_price="9")]})
    assert "The start price must be at least the target price, and the target price at least the floor price." in told
    assert not Price.objects.exists()


def test_the_standard_list_has_no_days(keeper: Client) -> None:
    standard = PriceListFactory()
    data = {"code": "STANDARD", "label_en": "Standard", "label_fi": "Vakio", "position": "0", "valid_to": "2026-12-31"}
    response = keeper.post(f"/admin/catalog/pricelist/{standard.pk}/change/", data)
    assert "The standard list is always valid: every quote falls back to it." in response.content.decode()


# --- Units and use ----------------------------------------------------------------------------------------------------
def test_the_pricing_unit_needs_no_factor(keeper: Client) -> None:
    product, box = ProductFactory(), UnitOfMeasureFactory(code="box")
    row = {"unit": product.unit_id, "numerator": "1", "denominator": "2"}
    assert "This is the unit that the price is for" in save(keeper, product, {"units": [row]})
    assert "This is the unit that the price is for" in save(keeper, product, {"units": [row | {"unit": box.pk}]}, unit=box.pk)
    assert not ProductUnit.objects.exists()
    assert save(keeper, product, {"units": [row | {"unit": box.pk}]}) == ""
    made = ProductUnit.objects.get()
    assert (made.unit, made.numerator, made.denominator) == (box, 1, 2)
    zero = row | {"unit": UnitOfMeasureFactory(code="kg").pk, "denominator": "0"}
    assert "greater than or equal to 1" in save(keeper, product, {"units": [zero]})


@pytest.mark.req("S1.30")
def test_steps_from_the_same_quantity_on_the_same_days_are_refused(keeper: Client) -> None:
    product = ProductFactory()
    step = {"metric": UsageMetricFactory().pk, "from_quantity": "1000", "price": "0.01"}
    told = save(keeper, product, {"usage_steps": [step, step | {"price": "0.02", "valid_from": "2026-01-01"}]})
    assert "Two steps start at 1000, and both are valid on the same days." in told
    assert not UsageStep.objects.exists()
    other_list = {"price_list": PriceListFactory(code="A").pk}
    assert save(keeper, product, {"usage_steps": [step, step | other_list, step | {"from_quantity": "0"}]}) == ""
    product.refresh_from_db()
    assert (UsageStep.objects.count(), product.has_usage) == (3, True)


def test_a_product_without_steps_says_so_again(keeper: Client) -> None:
    step = UsageStepFactory()
    data = {"usage_steps-INITIAL_FORMS": 1, "usage_steps-TOTAL_FORMS": 1}
    row = {"id": step.pk, "metric": step.metric_id, "from_quantity": "0", "price": "1", "DELETE": "on"}
    data |= {f"usage_steps-0-{name}": value for name, value in row.items()}
    product = step.product
    response = save_raw(keeper, product, data)
    product.refresh_from_db()
    assert (response, product.has_usage, UsageStep.objects.exists()) == (302, False, False)


def save_raw(client: Client, product: Product, more: dict[str, Any]) -> int:
    data = {"sku": product.sku, "name_en": "x", "unit": product.unit_id, "vat_rate": product.vat_rate_id}
    data |= {f"{inline}-{kind}_FORMS": 0 for inline in INLINES for kind in ("TOTAL", "INITIAL")}
    return client.post(f"/admin/catalog/product/{product.pk}/change/", data | more).status_code


# --- Bundles ----------------------------------------------------------------------------------------------------------
def part(product: Product, **given: Any) -> dict[str, Any]:
    return {"part": product.pk, "quantity": "1", "position": "0"} | given


def test_a_part_with_another_vat_rate_is_refused(keeper: Client) -> None:
    bundle, food = BundleFactory(sku="BOX"), ProductFactory(sku="FOOD", vat="13.5")
    assert "FOOD has another VAT rate (13.5%) than the bundle." in save(keeper, bundle, {"parts": [part(food)]})
    assert not BundlePart.objects.exists()
    vat = VatRateFactory(rate=D("13.5")).pk
    assert save(keeper, bundle, {"parts": [part(food)]}, vat_rate=vat) == ""
    other = VatRateFactory(rate=D("25.5")).pk
    assert "It is a part of BOX, which has another VAT rate." in save(keeper, food, vat_rate=other)


def test_a_bundle_that_would_hold_itself_is_refused_and_the_way_is_named(keeper: Client) -> None:
    inner = BundleFactory(sku="IN", parts=[ProductFactory()])
    middle = BundleFactory(sku="MID", parts=[inner])
    told = save(keeper, inner, {"parts": [part(middle)]})
    assert "A bundle cannot hold itself: IN → MID → IN." in told
    assert "A bundle cannot hold itself: IN → IN." in save(keeper, inner, {"parts": [part(inner)]})
    assert BundlePart.objects.count() == 2


def test_a_product_becomes_a_bundle_only_where_that_makes_no_circle(keeper: Client) -> None:
    plain = ProductFactory(sku="P")
    bundle = BundleFactory(sku="B", parts=[plain])
    assert save(keeper, plain, {"parts": [part(bundle)]}) == ""  # it is no bundle yet, and nothing looks at its parts
    assert "A bundle cannot hold itself: P → B → P." in save(
        keeper, plain, {"parts": [part(bundle, quantity="2")]}, bundle_pricing="parts"
    )
    plain.refresh_from_db()
    assert plain.bundle_pricing == ""


def test_a_merged_product_is_put_into_use_by_undoing_the_merge_only(keeper: Client) -> None:
    old = ProductFactory(is_active=False, merged_into=ProductFactory(sku="NEW"))
    assert "It was merged into NEW Product NEW. Undo the merge on the page of the product." in save(keeper, old, is_active="on")
    assert save(keeper, old, name_en="Other") == ""


# --- Rules ------------------------------------------------------------------------------------------------------------
def send(client: Client, path: str = f"{RULES}add/", **given: Any) -> list[str]:
    """What is wrong with a rule; [] when it was saved."""
    data = {name: value.pk if hasattr(value, "pk") else value for name, value in ({"is_active": "on"} | given).items()}
    response = client.post(path, data)
    if response.status_code == 302:
        return []
    form = response.context["adminform"].form
    return [str(error) for errors in form.errors.values() for error in errors]


@pytest.mark.parametrize(
    ("kind", "given", "sentence"),
    [
        ("requires", {"subject_product": "a", "object_product": "b"}, ""),
        ("excludes", {"subject_group": "g", "object_product": "b"}, ""),
        ("at_most", {"subject_product": "a", "quantity": "5"}, ""),
        ("requires", {"object_product": "b"}, "Name either a product or a product group that the rule is about."),
        (
            "requires",
            {"subject_product": "a", "subject_group": "g", "object_product": "b"},
            "Name either a product or a product group that the rule is about.",
        ),
        ("requires", {"subject_product": "a"}, "“At most” and “at least” need a quantity and nothing else"),
        ("requires", {"subject_product": "a", "object_product": "b", "quantity": "1"}, "need a quantity and nothing else"),
        ("at_least", {"subject_product": "a", "object_product": "b", "quantity": "1"}, "need a quantity and nothing else"),
        ("at_least", {"subject_product": "a"}, "need a quantity and nothing else"),
        ("at_least", {"subject_product": "a", "quantity": "0"}, "greater than or equal to 0.001"),
        ("recommends", {"subject_product": "a", "object_product": "a"}, "A rule cannot name the same product or group twice."),
    ],
)
def test_a_rule_has_one_subject_and_what_its_kind_asks_for(keeper: Client, kind: str, given: Any, sentence: str) -> None:
    things = {"a": ProductFactory(), "b": ProductFactory(), "g": ProductGroupFactory()}
    told = send(keeper, kind=kind, **{name: things.get(value, value) for name, value in given.items()})
    assert (any(sentence in error for error in told), ConfigurationRule.objects.count()) == (bool(sentence), int(not sentence))


def test_half_a_rule_is_told_and_not_saved(keeper: Client) -> None:
    row = ConfigurationRuleFactory(kind=K.AT_MOST, subject_product=ProductFactory(), quantity=D(5))
    told = send(keeper, f"{RULES}{row.pk}/change/", kind="at_most")
    assert len(told) == 2
    row.refresh_from_db()
    assert row.quantity == D(5)


def test_a_rule_that_contradicts_those_in_use_is_refused_and_they_are_named(keeper: Client) -> None:
    a, b = ProductFactory(sku="A", name_en="Audit"), ProductFactory(sku="B", name_en="Workshop")
    assert send(keeper, kind="requires", subject_product=a, object_product=b) == []
    excludes = {"kind": "excludes", "subject_product": b, "object_product": a}
    sentence = "These rules cannot all be kept: “A Audit” requires “B Workshop”; “B Workshop” excludes “A Audit”."
    assert send(keeper, **excludes) == [sentence]
    assert send(keeper, kind="requires", subject_product=b, object_product=a) == [
        "These require each other in a circle: A Audit → B Workshop → A Audit."
    ]
    assert send(keeper, **excludes, is_active="") == []
    row = ConfigurationRule.objects.get(kind=K.EXCLUDES)
    assert send(keeper, f"{RULES}{row.pk}/change/", **excludes) == [sentence]
    requires = ConfigurationRule.objects.get(kind=K.REQUIRES)
    changed = {"kind": "requires", "subject_product": a, "object_product": b, "message_en": "Sell a workshop."}
    assert send(keeper, f"{RULES}{requires.pk}/change/", **changed) == []
    ended = changed | {"valid_to": "2026-11-30"}
    assert send(keeper, f"{RULES}{requires.pk}/change/", **ended) == []
    assert send(keeper, **excludes, valid_from="2026-12-01") == []
    assert [rule.is_active for rule in ConfigurationRule.objects.order_by("pk")] == [True, False, True]


def test_what_came_to_contradict_is_told_above_the_list(keeper: Client) -> None:
    group, other = ProductGroupFactory(code="G", label_en="Audits"), ProductGroupFactory(code="H", label_en="Workshops")
    a, b = ProductFactory(sku="A", group=group), ProductFactory(sku="B")
    ConfigurationRuleFactory(kind=K.EXCLUDES, subject_group=group, object_group=other)
    ConfigurationRuleFactory(kind=K.REQUIRES, subject_product=a, object_product=b)
    assert "cannot all be kept" not in keeper.get(RULES).content.decode()
    Product.objects.filter(pk=b.pk).update(group=other)
    text = keeper.get(RULES).content.decode()
    assert "These rules cannot all be kept: “A Product A” requires “B Product B”; “Audits” excludes “Workshops”." in text


# --- Testing a case ---------------------------------------------------------------------------------------------------
TRY = f"{RULES}test/"


def test_a_case_shows_what_each_rule_makes_of_it_and_why(keeper: Client, clock: Any) -> None:
    group = ProductGroupFactory(label_en="Audits")
    a, b, c = (ProductFactory(sku=sku, name_en=sku, group=group if sku == "A" else None) for sku in "ABC")
    ConfigurationRuleFactory(kind=K.RECOMMENDS, subject_product=a, object_product=c)
    ConfigurationRuleFactory(kind=K.AT_MOST, subject_group=group, quantity=D(2), message_en="Two audits a year.")
    ConfigurationRuleFactory(kind=K.REQUIRES, subject_product=a, object_product=b)
    ConfigurationRuleFactory(kind=K.REQUIRES, subject_product=c, object_product=b)
    ConfigurationRuleFactory(kind=K.REQUIRES, subject_product=c, object_product=a, valid_from=dt.date(2026, 12, 1))

    response = keeper.post(TRY, {"day": "2026-11-20", "text": "A 1,5\nB\n\nA;1"})

    rows = [(row.words, row.verdict, row.why, row.lines) for row in response.context["tried"]]
    assert rows == [
        ("at most 2 of “Audits”", "blocks the quote", "Two audits a year.", ["A"]),
        ("“A A” recommends “C C”", "suggests", "“C C” goes well with “A A”.", ["A"]),
        ("“A A” requires “B B”", "kept", "", []),
        ("“C C” requires “B B”", "does not apply", "", []),
    ]
    assert "Two audits a year. (blocks the quote; A)" in response.content.decode()
    assert "All rules are kept." in keeper.post(TRY, {"day": "2026-11-20", "text": "B"}).content.decode()


def test_a_bundle_is_tried_with_what_it_holds(keeper: Client) -> None:
    group = ProductGroupFactory(label_en="Brewers")
    machine, brewer = (ProductFactory(sku=sku, group=group) for sku in ("MACHINE", "BREWER"))
    inner = BundleFactory(sku="INNER", parts=[(machine, "2")])
    BundleFactory(sku="SET", group=group, parts=[(inner, "1.5"), (brewer, "1")])
    ConfigurationRuleFactory(kind=K.EXCLUDES, subject_product=machine, object_product=brewer, message_en="Not both.")
    ConfigurationRuleFactory(kind=K.AT_MOST, subject_group=group, quantity=D(8))

    def verdicts(text: str) -> list[tuple[str, str, list[str]]]:
        response = keeper.post(TRY, {"day": "2026-11-20", "text": text})
        return [(row.verdict, row.why, row.lines) for row in response.context["tried"]]

    assert verdicts("SET 2") == [("blocks the quote", "Not both.", ["SET"]), ("kept", "", [])]
    assert verdicts("SET 3")[1] == ("blocks the quote", "“Brewers”: at most 8 on a quote, here are 12.", ["SET"])
    assert verdicts("INNER 1\nBREWER 1")[0] == ("blocks the quote", "Not both.", ["INNER", "BREWER"])


def test_findings_read_in_the_language_of_the_reader(keeper: Client) -> None:
    a, b = ProductFactory(sku="A", name_fi="Auditointi"), ProductFactory(sku="B", name_fi="Työpaja")
    ConfigurationRuleFactory(kind=K.REQUIRES, subject_product=a, object_product=b)
    with translation.override("fi"):
        response = keeper.post(TRY, {"day": "20.11.2026", "text": "A"}, headers={"Accept-Language": "fi"})
    assert "A Auditointi" in response.context["tried"][0].words


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("X 1", "There is no product “X”."),
        ("A one", "“one” is no quantity."),
        ("A -1", "“-1” is no quantity."),
        ("A 0", "no quantity"),
    ],
)
def test_a_case_that_cannot_be_read_is_told(keeper: Client, text: str, sentence: str) -> None:
    ProductFactory(sku="A")
    response = keeper.post(TRY, {"day": "2026-11-20", "text": text})
    assert (response.status_code, response.context["tried"]) == (200, None)
    assert any(sentence in error for error in response.context["form"].errors["text"])


@pytest.mark.parametrize(("role", "status"), [("pricing", 200), ("data_steward", 200), ("sales_rep", 403), ("finance", 403)])
def test_only_those_who_keep_the_catalogue_try_rules(role: str, status: int) -> None:
    client = Client()
    client.force_login(UserFactory(roles=[role]))
    assert [client.get(path).status_code for path in (TRY, RULES)] == [status, status]


# --- Numbers ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("exact", "shown"), [("1000", "1000"), ("1.5", "1.5")])
def test_exact_numbers_stand_in_fields_without_filling_zeros(keeper: Client, exact: str, shown: str) -> None:
    bundle = BundleFactory(parts=[(ProductFactory(), exact)])
    html = keeper.get(f"/admin/catalog/product/{bundle.pk}/change/").content.decode()
    assert re.findall(r'name="parts-0-quantity" value="(.*?)"', html) == [shown]
