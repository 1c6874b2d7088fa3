"""Rows from a spreadsheet in a draft: looked at without a trace, put right in the sheet, added all or none."""

import re
from decimal import Decimal as D
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.tests.factories import AccountFactory
from catalog.models import Product
from catalog.tests.factories import ProductFactory
from quotes import services
from quotes.models import Quote, QuoteLine
from quotes.tests.factories import World, draft, sent

pytestmark = pytest.mark.once

SHEET = {"HX-Request": "true", "HX-Target": "quote-sheet"}


@pytest.fixture
def rep(client: Client, world: World) -> Client:
    client.force_login(world.rep)
    return client


@pytest.fixture
def quote(world: World) -> Quote:
    return draft(world)


@pytest.fixture
def butter(world: World) -> Product:
    return ProductFactory(sku="Voi-1", name_en="Butter, salted", name_fi="Voi Ä")


def look(client: Client, quote: Quote, text: str, **headers: str) -> Any:
    return client.post(reverse("quote_paste", args=[quote.pk]), {"text": text}, headers=headers or SHEET)


def add(client: Client, quote: Quote, text: str, **more: str) -> Any:
    return client.post(reverse("quote_paste_add", args=[quote.pk]), {"text": text, "version": 1} | more, headers=SHEET)


def cells(row: int, code: str, quantity: str, **more: str) -> dict[str, str]:
    """What the sheet sends of a row that was put right."""
    usual = {"code": code, "quantity": quantity, "discount": "", "net_price": "", "product": ""}
    return {f"row-{row}-{name}": value for name, value in (usual | more).items()}


def lines_of(quote: Quote) -> list[tuple[Any, ...]]:
    rows = quote.lines.order_by("position").values_list("product__sku", "quantity", "discount_kind", "discount_value", "line_net")
    return [(sku, str(quantity.normalize()), kind, str(value.normalize()), str(net)) for sku, quantity, kind, value, net in rows]


@pytest.mark.req("S0.15")
def test_rows_are_added_at_once_in_their_order(rep: Client, quote: Quote, butter: Product) -> None:
    text = "koodi\tkpl\talennus\tnettohinta\nvoi-1\t2\t10 %\t\nMAITO-1\t3\t\t9,50 €\nVOI-1\t1,5\t1,50 €\t\n"
    answer = add(rep, quote, text)
    quote.refresh_from_db()
    assert "HX-Location" in answer
    assert lines_of(quote)[1:] == [
        ("Voi-1", "2", "percent", "1E+1", "18.00"),
        ("MAITO-1", "3", "net_price", "9.5", "28.50"),
        ("Voi-1", "1.5", "amount", "1.5", "12.75"),
    ]
    assert (quote.version, quote.net_total) == (2, D("109.25"))


def test_rows_are_put_before_a_line(rep: Client, quote: Quote, world: World, butter: Product) -> None:
    add(rep, quote, "Voi-1\t2\nVoi-1\t3", before=str(quote.lines.get().pk))
    assert [(row[0], row[1]) for row in lines_of(quote)] == [("Voi-1", "2"), ("Voi-1", "3"), ("MAITO-1", "5")]


def test_looking_writes_nothing_and_shows_what_is_what(rep: Client, quote: Quote, butter: Product) -> None:
    answer = look(rep, quote, "sku\tname\tqty\tnote\nMAITO-1\t\t5\tx\n\tvoi ä\t2\t\nNO-SUCH\t<b>\t1\t\n")
    html = answer.content.decode()
    quote.refresh_from_db()
    assert (answer.status_code, quote.version, quote.lines.count()) == (200, 1, 1)
    assert "2 rows in order" in html
    assert "1 row to put right" in html
    assert "There is no product “NO-SUCH” in the catalogue." in html
    assert "found by its name" in html
    assert "Column note is not read." in html
    assert ("<b>" not in html, "<html" in html) == (True, False)


def test_a_product_is_found_by_code_in_any_case_before_any_name(rep: Client, quote: Quote, world: World) -> None:
    ProductFactory(sku="OTHER", name_en="maito-1", name_fi="Muu")
    add(rep, quote, "maito-1\t2")
    assert lines_of(quote)[1][0] == "MAITO-1"


def test_of_several_products_of_a_name_the_one_that_is_sold_is_meant_and_of_two_none(rep: Client, quote: Quote) -> None:
    ProductFactory(sku="OLD", name_en="Cheese", is_active=False)
    ProductFactory(sku="NEW", name_en="Cheese")
    add(rep, quote, "cheese\t2")
    assert lines_of(quote)[1][0] == "NEW"
    ProductFactory(sku="NEWER", name_en="Cheese")
    assert "Several products are called “cheese”. Choose one of them." in look(rep, quote, "cheese\t2").content.decode()


def test_an_old_code_or_name_means_what_it_was_merged_into(rep: Client, quote: Quote, butter: Product) -> None:
    ProductFactory(sku="OLD-1", name_en="Old butter", is_active=False, merged_into=butter)
    ProductFactory(sku="OLD-2", name_en="Butter, salted", is_active=False, merged_into=butter)
    add(rep, quote, "old-1\t2\nold butter\t3\nBUTTER, SALTED\t4")
    assert [row[:2] for row in lines_of(quote)[1:]] == [("Voi-1", "2"), ("Voi-1", "3"), ("Voi-1", "4")]


def test_one_of_a_code_that_fixes_its_quantity_is_that_quantity(rep: Client, quote: Quote) -> None:
    ProductFactory(sku="WS-3", fixed_quantity=D(3))
    assert "sold as 3, which cannot be changed" in add(rep, quote, "WS-3\t2").content.decode()
    add(rep, quote, "WS-3\t1\nMAITO-1\t1")
    assert [row[:2] for row in lines_of(quote)[1:]] == [("WS-3", "3"), ("MAITO-1", "1")]


@pytest.mark.req("S1.28")
@pytest.mark.parametrize(
    ("row", "cell", "says"),
    [
        ("MAITO-1\tfive", "quantity", "“five” is not a number."), ("MAITO-1\t0", "quantity", "must be above 0"),
        ("MAITO-1\t\t10", "quantity", "Give a number."), ("MAITO-1\t1,2345", "quantity", "At most 3 decimals"),
        ("MAITO-1\t1e309", "quantity", "not a number"), ("MAITO-1\t999999999999", "quantity", "too large"),
        ("MAITO-1\t5\t101", "discount", "between 0 and 100"), ("MAITO-1\t5\tx", "discount", "not a number"),
        ("MAITO-1\t5\t-3", "discount", "not among your rights"), ("MAITO-1\t5\t12 €", "net_price", "not among your rights"),
        ("MAITO-1\t5\t-1 €", "net_price", "cannot be negative"), ("GONE\t5", "code", "GONE is no longer sold."),
        ("UNPRICED\t5", "code", "has no price"), ("=1+1\t5", "code", "There is no product"),
        ("\t5", "code", "Choose a product."),
    ],
)  # fmt: skip
def test_what_is_wrong_stands_at_its_cell_and_nothing_is_added(
    rep: Client, quote: Quote, world: World, row: str, cell: str, says: str
) -> None:
    ProductFactory(sku="GONE", is_active=False)
    ProductFactory(sku="UNPRICED", list_price=None)
    answer = add(rep, quote, f"MAITO-1\t1\n{row}")
    html = answer.content.decode()
    assert (answer.status_code, quote.lines.count()) == (422, 1)
    marked = re.search(rf'<input[^>]*name="row-2-{cell}"[^>]*aria-invalid="true"[^>]*>.*?feedback[^>]*>([^<]*)<', html, re.DOTALL)
    assert marked is not None
    assert says in marked.group(1)
    assert "Nothing was added yet" in html


def test_a_price_that_is_too_large_is_found_before_anything_is_added(rep: Client, quote: Quote) -> None:
    answer = add(rep, quote, "MAITO-1\t999999999\t99999999 €\nMAITO-1\t1")
    assert (answer.status_code, quote.lines.count()) == (422, 1)


def test_rows_are_put_right_in_the_sheet(rep: Client, quote: Quote, world: World, butter: Product) -> None:
    text = "MAITO-1\t1\nNO-SUCH\tx\nALSO-NOT\t2\nDROPPED\t3"
    fixed = {
        **cells(2, "Voi-1 Butter", "4", net_price="9", product=str(butter.pk)),
        **cells(3, "voi-1", "2", discount="5"),
        **cells(4, "DROPPED", "3", out="1"),
    }
    answer = add(rep, quote, text, **fixed)
    assert "HX-Location" in answer
    assert [row[:4] for row in lines_of(quote)[1:]] == [
        ("MAITO-1", "1", "", "0"), ("Voi-1", "4", "net_price", "9"), ("Voi-1", "2", "percent", "5"),
    ]  # fmt: skip


def test_nothing_typed_is_lost_on_an_error(rep: Client, quote: Quote, butter: Product) -> None:
    fixed = {
        "row-2-code": "Voi-1",
        "row-2-product": str(butter.pk),
        "row-2-quantity": "many",
        "row-2-discount": "7",
        "row-2-net_price": "",
    }
    html = add(rep, quote, "MAITO-1\t1\nNO-SUCH\t2", **fixed).content.decode()
    assert f'value="{butter.pk}"' in html
    for value in ("many", "7", "Voi-1", "MAITO-1\t1\nNO-SUCH\t2"):
        assert f'value="{value}"' in html
    stale = add(rep, quote, "MAITO-1\t1\nNO-SUCH\t2", **{**fixed, "row-2-quantity": "3", "version": "7"})
    assert (stale.status_code, 'name="text" id="paste-text" value="MAITO-1' in stale.content.decode(), quote.lines.count()) == (
        409,
        True,
        1,
    )


def test_a_row_that_was_put_right_or_left_out_stays_so_while_others_are_wrong(rep: Client, quote: Quote, butter: Product) -> None:
    fixed = {
        **cells(1, "Voi-1", "4", product=str(butter.pk)),
        **cells(2, "NO-SUCH", "1", out="1"),
        **cells(3, "MAITO-1", "many"),
    }
    html = add(rep, quote, "NO-SUCH\t1\nNO-SUCH\t1\nMAITO-1\tx", **fixed).content.decode()
    kept = dict(re.findall(r'<input[^>]*name="(row-[^"]*)"[^>]*?value="([^"]*)"', html))
    assert (kept["row-1-product"], kept["row-1-quantity"], kept["row-3-quantity"]) == (str(butter.pk), "4", "many")
    assert 'name="row-2-out" value="1" checked' in html
    assert "1 row to put right" in html


def test_only_the_rows_in_order_are_added_when_that_is_asked_for(rep: Client, quote: Quote) -> None:
    add(rep, quote, "NO-SUCH\t1\nMAITO-1\t2\nMAITO-1\tx", only="good")
    assert [row[1] for row in lines_of(quote)] == ["5", "2"]


def test_a_discount_beside_a_net_price_is_refused(rep: Client, quote: Quote) -> None:
    answer = add(rep, quote, "sku\tdiscount\tnet price\nMAITO-1\t10\t9")
    assert "Give a discount or a net price, not both." in answer.content.decode()
    assert quote.lines.count() == 1


@pytest.mark.parametrize("text", ["", "\n\n", "sku\tqty", "a\n" * 1001, "x" * 200_001])
def test_what_holds_no_rows_or_too_many_comes_back_with_a_sentence(rep: Client, quote: Quote, text: str) -> None:
    for answer in (look(rep, quote, text), add(rep, quote, text)):
        assert (answer.status_code, b"<textarea" in answer.content, b"alert-danger" in answer.content) == (422, True, True)


def test_without_script_it_is_a_page_with_a_text_field(rep: Client, quote: Quote) -> None:
    page = rep.get(reverse("quote_paste", args=[quote.pk])).content.decode()
    assert ("<html" in page, "<textarea" in page) == (True, True)
    assert b"<html" in rep.post(reverse("quote_paste", args=[quote.pk]), {"text": "MAITO-1;2"}).content
    answer = rep.post(reverse("quote_paste_add", args=[quote.pk]), {"text": "MAITO-1;2", "version": 1})
    assert (answer.status_code, answer["Location"], quote.lines.count()) == (302, reverse("quote_page", args=[quote.pk]), 2)


def test_looking_costs_the_same_for_2_and_for_200_rows(rep: Client, quote: Quote) -> None:
    counts = []
    for rows in (2, 2, 200):
        with CaptureQueriesContext(connection) as queries:
            look(rep, quote, "MAITO-1\t1\n" * (rows - 1) + "NO-SUCH\t1\n")
        counts.append(len(queries))
    assert counts[1] == counts[2] <= 6


def test_a_thousand_wrong_rows_ask_for_two_hundred_fields_only(rep: Client, quote: Quote) -> None:
    html = look(rep, quote, "NO-SUCH\t1\n" * 1000).content.decode()
    assert len(re.findall(r'name="row-\d+-quantity"', html)) == 200
    assert "More rows than these are wrong." in html


def test_only_a_draft_that_one_may_edit_takes_rows(client: Client, world: World, quote: Quote) -> None:
    for user, status in ((world.stranger, 404), (world.colleague, 403)):
        client.force_login(user)
        assert [look(client, quote, "MAITO-1\t1").status_code, add(client, quote, "MAITO-1\t1").status_code] == [status] * 2
    done = sent(world).quote
    client.force_login(world.rep)
    assert "HX-Location" in look(client, done, "MAITO-1\t1")
    assert (add(client, done, "MAITO-1\t1").status_code, QuoteLine.objects.filter(quote=done).count()) == (409, 1)


def test_a_discount_of_the_account_counts_when_a_price_is_checked(rep: Client, world: World) -> None:
    account = AccountFactory(owner=world.rep, default_discount=D(10))
    quote = services.quote_create(account_id=account.pk, by=world.rep)
    assert "not among your rights" in look(rep, quote, "MAITO-1\t1\t9,01 €").content.decode()
    assert "1 row in order" in look(rep, quote, "MAITO-1\t1\t9,00 €").content.decode()
