"""What is to be cleared up in the catalogue, and the pages about it."""

import datetime as dt
from typing import Any

import pytest
from django.db.models import OuterRef
from django.test import Client

from catalog import clean_up, uses
from catalog.likeness import name_key
from catalog.models import Product
from catalog.tests.factories import BundleFactory, PriceFactory, PriceListFactory, ProductFactory
from core import events
from core.models import Event
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("S1.19"), pytest.mark.once]

PAGE = "/products/clean-up/"
TODAY = dt.date(2026, 11, 20)


def client_of(*roles: str) -> Client:
    client = Client()
    client.force_login(UserFactory(roles=roles))
    return client


@pytest.fixture
def keeper() -> Client:
    return client_of("pricing")


# --- Similar names ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Workshop, 3 days", "3|days workshop"),
        ("3-DAYS WORKSHOP", "3|days workshop"),
        ("Työpaja Äänekoski", "|aanekoski tyopaja"),
        ("12 x 9 l", "9 12|l x"),
        ("A portal for customers", "|customers for portal a"),
        (" –, ", ""),
    ],
)
def test_the_key_of_a_name_is_its_numbers_then_its_words(name: str, key: str) -> None:
    assert name_key(name) == key


def test_a_product_keeps_the_key_of_its_name(keeper: Client) -> None:
    product: Any = ProductFactory(name_en="Audit", name_fi="Auditointi")
    product.name_en = ""
    product.save()
    assert Product.objects.get().match_key == "|auditointi"


def similar(**names: str) -> list[list[str]]:
    for sku, name in names.items():
        ProductFactory(sku=sku, name_en=name)
    return [[product.sku for product in group] for group in clean_up.alike().groups]


@pytest.mark.req("S1.3")
def test_names_with_the_same_numbers_and_nearly_the_same_words_are_similar() -> None:
    assert similar(
        A="Workshop, 3 days", B="3 days workshop", C="Workshops 3 days", D="Workshop 5 days", E="Audit on site",
        F="Audit on-site", G="Training", H="Oat drink, 1 l", I="Oat drink, organic, 1 l",
        J="Customer relationship management portal", K="Customer relationship management, a portal",
    ) == [["A", "B", "C"], ["E", "F"], ["J", "K"]]  # fmt: skip


def test_what_was_merged_and_what_has_no_name_is_left_out() -> None:
    Product.objects.filter(pk=ProductFactory(sku="X", name_en="Audit").pk).update(
        is_active=False, merged_into=ProductFactory(sku="Y", name_en="Audit").pk
    )
    assert similar(P="–", Q="–") == []


def test_groups_are_shown_page_by_page_and_none_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clean_up, "ROWS_AT_ONCE", 7)
    monkeypatch.setattr(clean_up, "GROUPS_AT_ONCE", 2)
    for number in range(5):
        for copy in "ABC":
            ProductFactory(sku=f"{number}{copy}", name_en=f"Workshop {number}")
    pages: list[list[list[str]]] = []
    after: int | None = None
    while True:
        found = clean_up.alike(after)
        pages.append([[product.sku for product in group] for group in found.groups])
        after = found.after
        if after is None:
            break
    assert pages == [
        [["0A", "0B", "0C"], ["1A", "1B", "1C"]], [["2A", "2B", "2C"], ["3A", "3B", "3C"]], [["4A", "4B", "4C"]],
    ]  # fmt: skip


def test_a_group_larger_than_a_page_goes_on_on_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clean_up, "ROWS_AT_ONCE", 3)
    for number in range(5):
        ProductFactory(sku=f"A{number}", name_en="Workshop")
    first = clean_up.alike()
    assert [len(group) for group in first.groups] == [4]
    assert clean_up.alike(first.after).groups == []


def test_the_most_similar_names_are_offered_for_merging() -> None:
    product = ProductFactory(name_en="Onsite workshop, 3 days")
    for sku, name in (("A", "Workshop 3 days"), ("B", "Onsite workshop 2 days"), ("C", "Milk"), ("D", "Onsite workshop, 3 days")):
        ProductFactory(sku=sku, name_en=name, is_active=sku != "D")
    assert [other.sku for other in clean_up.similar_to(product)] == ["B", "A"]
    assert clean_up.similar_to(ProductFactory(name_en="", name_fi="")) == []


# --- Unused and ended -------------------------------------------------------------------------------------------------
@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> dict[str, dt.date]:
    """Days on which products, by their codes, were used above this app."""
    days: dict[str, dt.date] = {}

    def since(day: dt.date) -> Any:
        return Product.objects.filter(pk=OuterRef("pk"), sku__in=[sku for sku, last in days.items() if last >= day])

    def last(keys: Any) -> dict[int, dt.date]:
        return {product.pk: days[product.sku] for product in Product.objects.filter(pk__in=keys, sku__in=days)}

    monkeypatch.setattr(uses, "_uses", {})
    uses.register("test", label="Tests", since=since, last=last)
    return days


def old(**given: Any) -> Product:
    """A product that was made three years ago."""
    product = ProductFactory(**given)
    made = dt.datetime.combine(TODAY, dt.time(), dt.UTC) - dt.timedelta(days=1100)
    Product.history.filter(id=product.pk).update(history_date=made)
    return product


@pytest.mark.usefixtures("clock")
def test_unused_is_what_nothing_has_used_for_24_months(used: dict[str, dt.date]) -> None:
    limit = TODAY - dt.timedelta(days=clean_up.UNUSED_DAYS)
    used |= {"LATELY": limit, "LONG-AGO": limit - dt.timedelta(1)}
    for sku in ("LATELY", "LONG-AGO", "NEVER", "PART"):
        old(sku=sku)
    old(sku="OUT", is_active=False)
    ProductFactory(sku="NEW")
    used["BOX"] = TODAY
    BundleFactory(sku="BOX", parts=[Product.objects.get(sku="PART")])
    assert [product.sku for product in clean_up.unused(TODAY).order_by("sku")] == ["LONG-AGO", "NEVER"]
    Product.objects.filter(sku="BOX").update(is_active=False)
    assert [product.sku for product in clean_up.unused(TODAY).order_by("sku")] == ["LONG-AGO", "NEVER", "PART"]


def test_of_several_kinds_of_use_the_last_one_counts(used: dict[str, dt.date]) -> None:
    product, never = ProductFactory(sku="A"), ProductFactory(sku="B")
    used["A"] = TODAY - dt.timedelta(days=9)
    uses.register("other", label="Others", since=lambda day: Product.objects.none(), last=lambda keys: {product.pk: TODAY})
    assert uses.last_used([product.pk, never.pk]) == {product.pk: TODAY}
    assert uses.last_by_kind(product.pk) == [("Tests", used["A"]), ("Others", TODAY)]
    assert uses.last_by_kind(never.pk) == []


def test_ended_is_what_is_out_of_use_or_has_no_price_today() -> None:
    survivor = ProductFactory(sku="FINE")
    ProductFactory(sku="MERGED", is_active=False, merged_into=survivor)
    ProductFactory(sku="OUT", is_active=False)
    ProductFactory(sku="BARE", list_price=None)
    PriceFactory(product=ProductFactory(sku="OVER", list_price=None), valid_to=TODAY - dt.timedelta(1))
    PriceFactory(product=ProductFactory(sku="OTHER", list_price=None), price_list=PriceListFactory(code="A"))
    BundleFactory(sku="BOX", parts=[survivor])
    assert [product.sku for product in clean_up.ended(TODAY).order_by("sku")] == ["BARE", "OUT", "OVER"]


# --- Pages ------------------------------------------------------------------------------------------------------------
def test_similar_products_are_merged_from_the_page_and_parted_again(keeper: Client, used: dict[str, dt.date]) -> None:
    a, b = ProductFactory(sku="A-1", name_en="Audit on site"), ProductFactory(sku="B-1", name_en="Audit, on-site")
    used["A-1"] = dt.date(2024, 2, 3)
    text = keeper.get(PAGE).content.decode()
    assert [mark in text for mark in ("A-1 stays", f'formaction="/products/{b.pk}/merge/"', "3 Feb 2024")] == [True] * 3

    asked = keeper.get(f"/products/{b.pk}/merge/", {"into": a.pk})
    assert asked.context["into"] == a
    assert not Event.objects.exists()
    assert keeper.post(f"/products/{b.pk}/merge/", {"into": a.pk}, follow=True).redirect_chain == [(f"/products/{a.pk}/", 302)]
    b.refresh_from_db()
    assert b.merged_into == a
    page = keeper.get(f"/products/{b.pk}/").content.decode()
    assert "This code was merged into another product" in page
    assert ">B-1</a>" in keeper.get(f"/products/{a.pk}/").content.decode()

    assert keeper.post(f"/products/{b.pk}/unmerge/").status_code == 302
    b.refresh_from_db()
    assert (b.merged_into, b.is_active) == (None, True)


def test_the_survivor_is_also_named_by_its_code(keeper: Client) -> None:
    product, other = ProductFactory(name_en="Audit"), ProductFactory(sku="KEEP-1", name_en="Audits")
    page = keeper.get(f"/products/{product.pk}/merge/")
    assert (page.context["into"], page.context["similar"]) == (None, [other])
    assert keeper.get(f"/products/{product.pk}/merge/", {"code": "keep-1"}).context["into"] == other
    unknown = keeper.get(f"/products/{product.pk}/merge/", {"code": "<b>"}).content.decode()
    assert "There is no product “&lt;b&gt;”." in unknown


def test_a_merge_that_cannot_be_is_told_on_the_page(keeper: Client) -> None:
    product, other = ProductFactory(sku="P"), ProductFactory(sku="Q", is_active=False)
    response = keeper.post(f"/products/{product.pk}/merge/", {"into": other.pk})
    assert (response.status_code, response.context["into"]) == (422, other)
    assert "Q is not in use: nothing can become part of it." in response.content.decode()
    assert keeper.post(f"/products/{product.pk}/merge/", {"into": "x"}).status_code == 422
    assert keeper.post(f"/products/{product.pk}/unmerge/").status_code == 409
    assert not Event.objects.exists()


@pytest.mark.usefixtures("clock", "used")
def test_ticked_products_are_taken_out_of_use(keeper: Client) -> None:
    products = [old(sku=f"P{number}") for number in range(3)]
    page = keeper.get(PAGE, {"show": "unused"})
    assert [product.sku for product, *_more in page.context["rows"]] == ["P0", "P1", "P2"]
    data = {"product": [products[0].pk, products[1].pk, products[1].pk, "x", 0]}
    response = keeper.post(f"{PAGE}?show=unused", data, follow=True)
    assert "2 products taken out of use." in response.content.decode()
    assert list(Product.objects.order_by("sku").values_list("is_active", flat=True)) == [False, False, True]
    assert [event.verb for event in events.timeline(products[0])] == ["taken out of use"]
    assert Product.history.filter(history_type="~").count() == 2
    assert [product.sku for product, *_more in response.context["rows"]] == ["P2"]
    ended = keeper.get(PAGE, {"show": "ended"})
    assert [product.sku for product, *_more in ended.context["rows"]] == ["P0", "P1"]


@pytest.mark.req("S1.3", "S1.28")
@pytest.mark.usefixtures("used")
def test_products_in_use_with_a_missing_text_are_told_with_what_is_missing(keeper: Client) -> None:
    texts = {"name_en": "Audit", "name_fi": "Auditointi", "description_en": "One day.", "description_fi": "Yksi päivä."}
    for sku, lacking in {"A": (), "B": ("description_fi",), "C": ("name_fi", "description_en"), "D": ("name_en",)}.items():
        ProductFactory(sku=sku, is_active=sku != "D", **{name: "" if name in lacking else text for name, text in texts.items()})
    Product.objects.filter(sku="B").update(description_fi=None)
    page = keeper.get(PAGE, {"show": "texts"})
    assert [(product.sku, missing) for product, _last, missing in page.context["rows"]] == [
        ("B", ["Description, Finnish"]), ("C", ["Name, Finnish", "Description, English"]),
    ]  # fmt: skip
    assert "Description, Finnish" in page.content.decode()


@pytest.mark.parametrize("role", ["sales_rep", "finance", "sales_manager"])
def test_the_clean_up_is_for_those_who_keep_the_catalogue(role: str) -> None:
    product, other = ProductFactory(name_en="Audit"), ProductFactory(name_en="Audit")
    client = client_of(role)
    assert "clean-up" not in client.get("/products/").content.decode()
    asked = [client.get(PAGE), client.post(PAGE, {"product": product.pk}), client.get(f"/products/{product.pk}/merge/")]
    done = [client.post(f"/products/{product.pk}/{verb}/", {"into": other.pk}) for verb in ("merge", "unmerge")]
    assert [response.status_code for response in asked + done] == [403] * 5
    assert (Product.objects.sellable().count(), Event.objects.count()) == (2, 0)


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize("show", ["similar", "unused", "ended", "texts", "coverage"])
def test_the_page_costs_the_same_for_few_and_for_many_products(
    keeper: Client, show: str, django_assert_max_num_queries: Any
) -> None:
    def queries() -> int:
        with django_assert_max_num_queries(30) as captured:
            keeper.get(PAGE, {"show": show})
        return len(captured)

    for number in range(2):
        old(name_en="Audit", sku=f"A{number}", list_price=None)
    few = queries()
    for number in range(18):
        old(name_en=f"Audit {number // 2}", sku=f"B{number:02}", list_price=None)
    assert queries() == few
