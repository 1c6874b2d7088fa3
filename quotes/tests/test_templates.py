"""Templates: made of quotes, shared, put into drafts at the prices of the day, never with what is no longer sold unasked."""

from decimal import Decimal as D
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import AccountFactory
from catalog.models import BundlePart, Price, Product
from catalog.tests.factories import ProductFactory, UnitOfMeasureFactory
from core.errors import DomainError, Invalid, NotAllowed, NotFound, StaleVersion, WrongState
from core.models import Event
from quotes import line_texts, services
from quotes.choices import LineKind
from quotes.models import Quote, QuoteTemplate
from quotes.services import Discount, LineDraft, Measure
from quotes.tests.factories import World, draft, sent, template_of
from users.models import User
from users.tests.factories import TeamFactory, UserFactory

pytestmark = pytest.mark.once("postgresql")

TYPED = {"HX-Request": "true", "HX-Target": "rows"}
SHEET = {"HX-Request": "true", "HX-Target": "quote-sheet"}


@pytest.fixture
def butter(world: World) -> Product:
    return ProductFactory(sku="VOI-1", name_en="Butter", list_price="20")


@pytest.fixture
def rich(world: World, butter: Product) -> Quote:
    """A quote of everything: sections, a note, a discount, another unit, an alternative, a statement of work."""
    box = Measure(UnitOfMeasureFactory(code="box"), 12, 1)
    drafts = [
        LineDraft(None, kind=LineKind.SECTION, text="Breakfast"),
        LineDraft(world.product, D(3), Discount("percent", D("7.5"))),
        LineDraft(butter, D(2), Discount("net_price", D(18)), optional=True),
        LineDraft(None, kind=LineKind.NOTE, text="Delivered by seven."),
        LineDraft(None, kind=LineKind.SECTION, text="Installation"),
        LineDraft(None, kind=LineKind.SOW, text="Set up", list_price=D(100), cost=D(50), vat_percent=D("25.5")),
        LineDraft(butter, D(1), measure=box),
    ]
    quote = services.quote_create(account_id=world.account.pk, by=world.rep, lines=drafts)
    milk, option = quote.lines.get(position=2), quote.lines.get(position=3)
    option.alternative_to = milk
    option.save()
    return quote


SHAPE = ("kind", "product__sku", "text", "quantity", "unit__code", "numerator", "discount_kind", "discount_value", "optional")


def shape(lines: Any) -> list[tuple[Any, ...]]:
    return list(lines.order_by("position").values_list(*SHAPE))


def make(quote: Quote, by: User, **more: Any) -> QuoteTemplate:
    return services.template_make_from_quote(quote_id=quote.pk, by=by, **{"name": "Breakfast", **more})


# --- Making -----------------------------------------------------------------------------------------------------------
def test_a_template_keeps_everything_of_the_lines_but_statements_of_work(world: World, rich: Quote) -> None:
    template = make(rich, world.rep, name="  Breakfast   set ", shared_with="unit")
    expected = [row for row in shape(rich.lines) if row[0] != LineKind.SOW]
    assert (template.name, template.owner, template.shared_with) == ("Breakfast set", world.rep, "unit")
    assert shape(template.lines) == expected
    option = template.lines.exclude(alternative_to=None).get()
    assert (option.product, option.alternative_to) == (rich.lines.get(position=3).product, template.lines.get(position=2))


def test_one_section_can_be_kept(world: World, rich: Quote) -> None:
    template = make(rich, world.rep, section=rich.lines.get(position=1).pk)
    assert shape(template.lines) == shape(rich.lines.filter(position__lte=4))
    last = make(rich, world.rep, section=rich.lines.get(position=5).pk)
    assert [row[:2] for row in shape(last.lines)] == [("section", None), ("product", "VOI-1")]


def test_a_template_keeps_the_expected_yearly_volume_and_a_quote_gets_it_back(world: World) -> None:
    quote = draft(world)
    services.line_change(quote_id=quote.pk, line_id=quote.lines.get().pk, by=world.rep, yearly_volume=D("1200.5"))
    template = make(quote, world.rep)
    made = services.quote_create_from_template(account_id=world.account.pk, template_id=template.pk, by=world.rep)
    target = draft(world)
    services.template_insert(quote_id=target.pk, template_id=template.pk, by=world.rep)
    assert [line.yearly_volume for line in (*made.lines.all(), *target.lines.order_by("position"))] == [
        D("1200.5"),
        None,
        D("1200.5"),
    ]


@pytest.mark.parametrize(
    "more", [{"name": " "}, {"name": "x" * 121}, {"shared_with": "me too"}, {"section": 0}, {"section": "of a line"}]
)
def test_what_cannot_be_kept_is_refused_and_makes_nothing(world: World, rich: Quote, more: dict[str, Any]) -> None:
    if more.get("section"):
        more = {"section": rich.lines.get(position=2).pk}
    with pytest.raises(Invalid) as refused:
        make(rich, world.rep, **more)
    assert (set(refused.value.fields), QuoteTemplate.objects.count()) == (set(more), 0)
    empty = services.quote_create(account_id=world.account.pk, by=world.rep)
    with pytest.raises(Invalid):
        make(empty, world.rep)


def test_lines_of_a_quote_out_of_sight_cannot_be_kept(world: World, rich: Quote) -> None:
    with pytest.raises(NotFound):
        make(rich, world.stranger)


# --- Sharing ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("shared_with", "seen_by"),
    [("me", {"rep"}), ("unit", {"rep", "colleague", "neighbour"}), ("all", {"rep", "colleague", "neighbour", "stranger"})],
)
def test_a_template_is_seen_by_those_it_is_shared_with(world: World, shared_with: str, seen_by: set[str]) -> None:
    neighbour = UserFactory(roles=["sales_rep"], team=TeamFactory(unit=world.team.unit))
    people = {"rep": world.rep, "colleague": world.colleague, "neighbour": neighbour, "stranger": world.stranger}
    template_of(world.rep, world.product, shared_with=shared_with)
    assert {name for name, person in people.items() if QuoteTemplate.objects.visible_to(person).exists()} == seen_by
    assert not QuoteTemplate.objects.visible_to(UserFactory(roles=["finance"])).exists()


def test_only_its_owner_changes_a_template_and_a_removed_one_is_gone(world: World) -> None:
    template = template_of(world.rep, world.product, shared_with="all")
    for change in (services.template_change, services.template_remove):
        with pytest.raises(NotAllowed):
            change(template_id=template.pk, by=world.colleague)
    services.template_change(template_id=template.pk, by=world.rep, name="New", shared_with="me", version=1)
    with pytest.raises(StaleVersion):
        services.template_change(template_id=template.pk, by=world.rep, name="Newer", version=1)
    template.refresh_from_db()
    assert (template.name, template.shared_with, template.history.count()) == ("New", "me", 2)
    services.template_remove(template_id=template.pk, by=world.rep)
    with pytest.raises(NotFound):
        services.template_insert(quote_id=draft(world).pk, template_id=template.pk, by=world.rep)


# --- Inserting --------------------------------------------------------------------------------------------------------
@pytest.mark.req("S0.15")
def test_a_template_comes_into_a_draft_as_it_was_kept_at_the_prices_of_the_day(world: World, rich: Quote) -> None:
    template = make(rich, world.rep)
    Price.objects.filter(product=world.product).update(list_price=D(11))
    quote = services.quote_create(account_id=world.account.pk, by=world.rep)
    made = services.template_insert(quote_id=quote.pk, template_id=template.pk, by=world.rep, version=1)
    assert shape(quote.lines) == shape(template.lines)
    assert (made[1].list_price, made[1].line_net) == (D(11), D("30.53"))
    assert quote.lines.exclude(alternative_to=None).get().alternative_to == made[1]
    assert Event.objects.filter(verb="template inserted", subject_id=quote.pk).get().reason == "Breakfast"


def test_a_template_stands_before_the_line_that_is_named(world: World, rich: Quote, butter: Product) -> None:
    template = template_of(world.rep, butter, butter)
    first = rich.lines.get(position=2)
    services.template_insert(quote_id=rich.pk, template_id=template.pk, by=world.rep, before=first.pk)
    assert [row[1] or row[2][:6] for row in shape(rich.lines)][:4] == ["Breakf", "VOI-1", "VOI-1", "MAITO-1"]


def test_what_is_no_longer_sold_is_named_and_left_out_only_when_that_is_agreed(world: World, butter: Product) -> None:
    unpriced = ProductFactory(sku="ILMAN-1", list_price=None)
    template = template_of(world.rep, world.product, butter, unpriced)
    butter.is_active = False
    butter.save()
    quote = draft(world)
    with pytest.raises(Invalid, match=r"VOI-1 is no longer sold\. ILMAN-1 has no price on the date of this quote\."):
        services.template_insert(quote_id=quote.pk, template_id=template.pk, by=world.rep)
    assert quote.lines.count() == 1
    services.template_insert(quote_id=quote.pk, template_id=template.pk, by=world.rep, leave_out=True)
    assert [row[1] for row in shape(quote.lines)] == ["MAITO-1", "MAITO-1"]
    assert Event.objects.get(verb="template inserted").data["left_out"] == [
        "VOI-1 is no longer sold.", "ILMAN-1 has no price on the date of this quote.",
    ]  # fmt: skip


def test_a_template_follows_a_product_that_was_merged_and_keeps_the_options_of_a_bundle(world: World, butter: Product) -> None:
    whole = ProductFactory(sku="SET", list_price=None, bundle_pricing="parts")
    for part, is_option in ((butter, False), (world.product, True)):
        BundlePart.objects.create(bundle=whole, part=part, is_option=is_option)
    lines = [LineDraft(whole, options=(world.product.pk,)), LineDraft(butter, D(2))]
    template = make(services.quote_create(account_id=world.account.pk, by=world.rep, lines=lines), world.rep)
    butter.is_active, butter.merged_into = False, ProductFactory.create(sku="VOI-2", list_price="21")
    butter.save()
    quote = services.quote_create(account_id=world.account.pk, by=world.rep)
    BundlePart.objects.filter(part=butter).update(part=butter.merged_into)  # as those who keep the catalogue do
    made = services.template_insert(quote_id=quote.pk, template_id=template.pk, by=world.rep)
    assert [(line.product and line.product.sku, line.list_price) for line in made] == [("SET", D(31)), ("VOI-2", D(21))]
    assert line_texts.options_of(made[0].parts) == [world.product.pk]


def test_an_alternative_to_what_was_left_out_is_an_option_by_itself(world: World, rich: Quote) -> None:
    template = make(rich, world.rep)
    world.product.is_active = False
    world.product.save()
    quote = services.quote_create(account_id=world.account.pk, by=world.rep)
    services.template_insert(quote_id=quote.pk, template_id=template.pk, by=world.rep, leave_out=True)
    option = quote.lines.get(optional=True)
    assert (option.product.sku if option.product else "", option.alternative_to) == ("VOI-1", None)


def test_nothing_is_inserted_into_what_is_no_draft_or_at_another_version_or_by_others(world: World, butter: Product) -> None:
    template = template_of(world.rep, butter, shared_with="all")
    done, quote = sent(world).quote, draft(world)
    cases: list[tuple[type[DomainError], Quote, User, int | None]] = [
        (WrongState, done, world.rep, None), (StaleVersion, quote, world.rep, 9), (NotAllowed, quote, world.colleague, None),
        (NotFound, quote, world.stranger, None),
    ]  # fmt: skip
    for error, into, by, version in cases:
        with pytest.raises(error):
            services.template_insert(quote_id=into.pk, template_id=template.pk, by=by, version=version)
    gone = template_of(world.rep, ProductFactory(is_active=False))
    with pytest.raises(Invalid, match="no line in it"):
        services.template_insert(quote_id=quote.pk, template_id=gone.pk, by=world.rep, leave_out=True)
    assert (done.lines.count(), quote.lines.count()) == (1, 1)


def test_lines_of_another_quote_are_copied_with_its_statement_of_work(world: World, rich: Quote) -> None:
    quote = draft(world)
    made = services.lines_copy(quote_id=quote.pk, source_id=rich.pk, by=world.rep)
    assert shape(quote.lines.filter(position__gt=1)) == shape(rich.lines)
    assert (made[5].list_price, made[5].cost, made[2].alternative_to) == (D(100), D(50), made[1])
    assert Event.objects.get(verb="lines copied").reason == str(rich)
    elsewhere = services.quote_create(account_id=AccountFactory(owner=world.stranger).pk, by=world.stranger)
    with pytest.raises(NotFound):
        services.lines_copy(quote_id=quote.pk, source_id=elsewhere.pk, by=world.rep)


# --- Pages ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def rep(client: Client, world: World) -> Client:
    client.force_login(world.rep)
    return client


def test_the_list_shows_ones_own_and_shared_templates_and_is_searched(rep: Client, world: World) -> None:
    template_of(world.rep, world.product, name="Own set")
    template_of(world.colleague, world.product, name="Unit set", shared_with="unit")
    template_of(world.colleague, world.product, name="Secret set")
    html = rep.get(reverse("template_list")).content.decode()
    assert [name in html for name in ("Own set", "Unit set", "Secret set")] == [True, True, False]
    found = rep.get(
        reverse("template_list"), {"q": "own SET"}, headers={"HX-Request": "true", "HX-Target": "rows"}
    ).content.decode()
    assert ("Own set" in found, "Unit set" in found, "<html" in found) == (True, False, False)


def test_a_name_that_is_refused_comes_back(rep: Client, world: World) -> None:
    template = template_of(world.rep, world.product)
    answer = rep.post(reverse("template_page", args=[template.pk]), {"name": " ", "shared_with": "all", "version": 1})
    assert (answer.status_code, b"Give it a name" in answer.content) == (422, True)
    sheet = rep.post(reverse("template_make", args=[draft(world).pk]), {"name": " ", "shared_with": "unit"}, headers=SHEET)
    assert (sheet.status_code, b'value="unit" checked' in sheet.content) == (422, True)
    assert QuoteTemplate.objects.count() == 1


def test_the_sheet_inserts_and_asks_first_where_something_is_no_longer_sold(rep: Client, world: World, butter: Product) -> None:
    template = template_of(world.rep, world.product, butter)
    butter.is_active = False
    butter.save()
    quote = draft(world)
    address = reverse("quote_insert", args=[quote.pk])
    assert "Aamiaispaketti" in rep.get(address, headers=SHEET).content.decode()
    asked = rep.post(address, {"template": template.pk, "version": 1}, headers=SHEET)
    html = asked.content.decode()
    assert (asked.status_code, "VOI-1 is no longer sold." in html, 'name="leave_out" value="1"' in html) == (422, True, True)
    assert quote.lines.count() == 1
    done = rep.post(address, {"template": template.pk, "version": 1, "leave_out": "1"}, headers=SHEET)
    assert ("HX-Location" in done, quote.lines.count()) == (True, 2)


def test_the_sheet_finds_other_quotes_in_sight(rep: Client, world: World) -> None:
    quote, other = draft(world), draft(world)
    elsewhere = services.quote_create(account_id=AccountFactory(owner=world.rep, name="Kaukana Oy").pk, by=world.rep)
    foreign = services.quote_create(account_id=AccountFactory(owner=world.stranger, name="Kaukana Ab").pk, by=world.stranger)
    address = reverse("quote_insert", args=[quote.pk])
    part = {"HX-Request": "true", "HX-Target": "insert-sources"}
    usual = rep.get(address, headers=SHEET).content.decode()
    found = rep.get(address, {"q": "kaukana"}, headers=part).content.decode()
    assert [f'value="{one.pk}"' in usual for one in (other, elsewhere)] == [True, False]
    assert [f'value="{one.pk}"' in found for one in (other, elsewhere, foreign)] == [False, True, False]
    assert "insert-templates" not in found


def test_a_new_quote_is_made_of_a_template(rep: Client, world: World, butter: Product) -> None:
    template = template_of(world.rep, world.product, butter)
    assert reverse("template_quote", args=[template.pk]) in rep.get(reverse("quote_new")).content.decode()
    page = rep.get(reverse("template_quote", args=[template.pk])).content.decode()
    assert "With the lines of the template “Aamiaispaketti”" in page
    answer = rep.post(reverse("template_quote", args=[template.pk]), {"account": world.account.pk})
    quote = Quote.objects.get()
    assert (answer["Location"], [row[1] for row in shape(quote.lines)]) == (
        reverse("quote_page", args=[quote.pk]), ["MAITO-1", "VOI-1"],
    )  # fmt: skip


def test_a_new_quote_leaves_out_what_is_not_sold_only_when_that_is_agreed(rep: Client, world: World, butter: Product) -> None:
    template = template_of(world.rep, world.product, butter)
    butter.is_active = False
    butter.save()
    address = reverse("template_quote", args=[template.pk])
    asked = rep.post(address, {"account": world.account.pk})
    assert (asked.status_code, b"VOI-1 is no longer sold." in asked.content, Quote.objects.count()) == (422, True, 0)
    assert b'name="leave_out" value="1"' in asked.content
    rep.post(address, {"account": world.account.pk, "leave_out": "1"})
    assert [row[1] for row in shape(Quote.objects.get().lines)] == ["MAITO-1"]
    nobody = rep.post(address, {"account": ""})
    assert (nobody.status_code, b'name="leave_out"' in nobody.content, Quote.objects.count()) == (422, False, 1)
