"""Costs and margins stay hidden from those who may not see them: in bodies, filters, orders, searches, refusals, mails and files.

Every answer of the access matrix is searched for them as well; here are the answers that the matrix does not come by, and the
proof that the search would find them.
"""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from approvals.link_views import COOKIE
from approvals.models import Request
from catalog.tests.factories import ProductFactory
from core import links, outbox
from core.models import Link
from quotes import services
from quotes.choices import Trigger
from quotes.models import Quote
from quotes.services import LineDraft
from tests.access_policy import SEES_MARGIN
from tests.access_world import World
from tests.hidden_numbers import COST, LIST_PRICE, START_PRICE, TARGET_PRICE, hidden_values, pattern_of, text_of, told_by
from users.models import User
from users.roles import ROLES, Perm

pytestmark = [pytest.mark.django_db, pytest.mark.once("postgresql")]

HIDDEN_FROM = sorted(ROLES.keys() - SEES_MARGIN)
NET = Decimal(850)
DISCOUNTED = pattern_of(hidden_values([LIST_PRICE, NET, Decimal(0) + Decimal("0.01")]))


def test_the_table_says_who_may_see_margins() -> None:
    assert {role for role, rights in ROLES.items() if Perm.MARGIN_VIEW in rights.permissions} == SEES_MARGIN


# --- The search finds what is there -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Cost €777.13", "777.13"),
        ("Kate 1\u00a0114,34\u00a0€", "1\u00a0114,34"),
        ("margin 22.3%", "22.3%"),
        ("kate 22,3 %", "22,3 %"),
        ('{"cost": "777.1313"}', "777.1313"),
        ("<td>€3,885.66</td>", "3,885.66"),
        ("from 22.3.2026 until 22.3", ""),
        ("€1,777.13", ""),
    ],
)
def test_a_number_is_found_in_every_notation(text: str, found: str) -> None:
    assert told_by(HttpResponse(text)) == ([found] if found else [])


SHOWN: dict[str, tuple[str, Any]] = {
    "api:product-detail": ("finance", lambda world: [world.product.pk]),
    "api:quote-detail": ("sales_rep", lambda world: [world.own["sales_rep"].draft.pk]),
    "api:quote-list": ("sales_rep", lambda world: []),
    "approval_detail": ("sales_rep", lambda world: [world.own["sales_rep"].request.pk]),
    "product_page": ("finance", lambda world: [world.product.pk]),
    "quote_list": ("sales_rep", lambda world: []),
    "quote_page": ("sales_rep", lambda world: [world.own["sales_rep"].draft.pk]),
}


@pytest.mark.parametrize("name", SHOWN)
def test_those_who_may_see_them_do(name: str, world: World) -> None:
    role, arguments = SHOWN[name]
    assert told_by(world.client(role).get(reverse(name, args=arguments(world)))) != []


# --- Nothing can be found out by asking -------------------------------------------------------------------------------
NAMES = (
    "cost", "margin", "margin_percent", "margin_amount", "cost_total", "floor_price", "target_price", "start_price",
    "prices__cost", "lines__cost", "lines__product__prices__cost", "quote__margin_percent", "target_percent",
)  # fmt: skip
LOOK_UPS = ("", "__gt", "__gte", "__lt", "__lte", "__isnull", "__startswith", "__range")
LISTS = ("account_list", "approval_list", "opportunity_list", "product_list", "quote_list")
API_LISTS = ("api:account-list", "api:approval-list", "api:opportunity-list", "api:product-list", "api:quote-list")
ORDERS = ("ordering", "order", "order_by", "o", "sort")


def questions() -> list[dict[str, str]]:
    """Query strings that would narrow or order a list by a hidden field, if it were one of its fields."""
    asked = [{f"{name}{look_up}": value} for name in NAMES for look_up in LOOK_UPS for value in ("777", "1", "true")]
    return asked + [{order: f"{sign}{name}"} for order in ORDERS for name in NAMES for sign in ("", "-")]


def rows_of(response: HttpResponse) -> list[str]:
    return re.findall(r'href="/(?:quotes|products|accounts|approvals|opportunities)/(\d+)/"', response.content.decode())


@pytest.fixture
def dearer(world: World) -> None:
    """A second product, so that an order by cost is another one than that of the list."""
    ProductFactory(sku="AAA-1", list_price=LIST_PRICE, cost="1", target_price=TARGET_PRICE)


@pytest.mark.usefixtures("dearer")
@pytest.mark.parametrize("name", LISTS)
def test_a_page_of_a_list_is_the_same_whatever_hidden_field_is_asked_for(name: str, world: World) -> None:
    role = "sales_support"
    usual = rows_of(world.client(role).get(reverse(name)))
    answers = {tuple(question.items()): world.client(role).get(reverse(name), question) for question in questions()[::7]}
    assert {question: rows_of(answer) for question, answer in answers.items()} == dict.fromkeys(answers, usual)
    assert {question: told_by(answer) for question, answer in answers.items()} == {question: [] for question in answers}


@pytest.mark.parametrize("name", API_LISTS)
def test_a_list_of_the_api_refuses_to_be_narrowed_or_ordered_by_a_hidden_field(name: str, world: World) -> None:
    programs = {"Accept": "application/json", **world.authorization("sales_support", may_write=False)}
    answers = {tuple(question.items()): Client().get(reverse(name), question, headers=programs) for question in questions()}
    assert {question: answer.status_code for question, answer in answers.items()} == dict.fromkeys(answers, 400)


@pytest.mark.parametrize("name", [*LISTS, *API_LISTS])
def test_a_search_for_a_hidden_number_finds_nothing(name: str, world: World) -> None:
    client = world.client("sales_support")
    found = [client.get(reverse(name), {"q": number}) for number in ("777.1313", "777.13", "22.29", "3885.66")]
    if name == "api:approval-list":  # is not searched
        return
    assert [rows_of(answer) for answer in found] == [[]] * 4
    assert [answer.json()["results"] for answer in found if name.startswith("api")] == [[]] * (4 if name.startswith("api") else 0)


# --- A quote that needs every yes there is ----------------------------------------------------------------------------
@pytest.fixture
def special(world: World) -> Quote:
    """A draft of sales support with a product outside the catalogue, sold below floor and target."""
    product = ProductFactory(
        sku="ERIKOIS-1", list_price=LIST_PRICE, cost=COST, floor_price="950", start_price=START_PRICE, outside_catalogue=True
    )
    by = world.people["sales_support"]
    lines = [LineDraft(product, Decimal(3))]
    return services.quote_create(account_id=world.own["sales_support"].account.pk, by=by, lines=lines)


def post(world: World, role: str, name: str, *arguments: int, **data: Any) -> Any:
    return world.client(role).post(reverse(name, args=arguments), data, headers={"HX-Request": "true"})


def change(world: World, quote: Quote, value: str) -> HttpResponse:
    """Sales support types a discount."""
    quote.refresh_from_db()
    line = quote.lines.get()
    data = {"field": "discount", "value": value, "version": quote.version}
    return post(world, "sales_support", "quote_line_change", quote.pk, line.pk, **data)


@pytest.mark.parametrize("discount", ["15", "99", "100", "abc", "-3"])
def test_the_editor_names_no_hidden_number_whatever_is_typed(discount: str, world: World, special: Quote) -> None:
    changed = change(world, special, discount)
    assert changed.status_code in (200, 422)
    client = world.client("sales_support")
    seen = [
        changed,
        client.get(reverse("quote_page", args=[special.pk])),
        client.get(reverse("quote_review", args=[special.pk])),
        client.get(reverse("api:quote-detail", args=[special.pk])),
        client.get(reverse("api:quote-approvers", args=[special.pk])),
        post(world, "sales_support", "quote_send", special.pk, to="a@b.example", version=special.version),
    ]
    assert [told_by(answer, DISCOUNTED) for answer in seen] == [[]] * 6


def test_whoever_may_see_margins_reads_why_approval_is_needed(world: World, special: Quote) -> None:
    change(world, special, "15")
    sheet = world.client("sales_manager").get(reverse("quote_review", args=[special.pk]))
    assert {"8.57", "17.4321"} <= set(told_by(sheet, DISCOUNTED))


def submitted(world: World, quote: Quote) -> dict[str, Request]:
    """The quote in review; the requests by the role of whoever is asked."""
    change(world, quote, "15")
    quote.refresh_from_db()
    asked = {Trigger.FLOOR: "pricing", Trigger.MARGIN: "sales_manager", Trigger.CATALOGUE: "customer_success"}
    chosen = {f"approver_{gate}": world.people[role].pk for gate, role in asked.items()}
    answer = post(world, "sales_support", "quote_submit", quote.pk, version=quote.version, reason="Big customer", **chosen)
    assert answer.status_code == 200, answer.content
    requests = Request.objects.filter(run__subject_type="quote", run__subject_id=quote.pk)
    return {request.approver.username: request for request in requests}


def decide(world: World, role: str, request: Request) -> None:
    run = request.run
    data = {"verdict": "approve", "version": run.subject_version, "content_hash": run.content_hash}
    assert world.client(role).post(reverse("approval_detail", args=[request.pk]), data).status_code == 302


def mails_to(person: User, mails: list[EmailMultiAlternatives]) -> list[str]:
    return [f"{mail.subject}\n{mail.body}\n{mail.alternatives[0].content}" for mail in mails if person.email in mail.to]


def test_mails_about_an_approval_tell_each_reader_what_they_may_see(
    world: World, special: Quote, mailoutbox: list[EmailMultiAlternatives]
) -> None:
    requests = submitted(world, special)
    for role in ("pricing", "sales_manager", "customer_success"):
        outbox.drain()
        decide(world, role, requests[role])
    outbox.drain()
    mails = {role: mails_to(world.people[role], mailoutbox) for role in ("sales_support", "sales_manager", "customer_success")}
    told = {role: {number for mail in texts for number in DISCOUNTED.findall(mail)} for role, texts in mails.items()}
    assert {role: len(texts) for role, texts in mails.items()} == {"sales_support": 3, "sales_manager": 2, "customer_success": 2}
    assert told["sales_support"] == set()
    assert told["customer_success"] == set()
    assert {"218.61", "8.57"} <= told["sales_manager"]


def test_an_approver_without_the_right_reads_no_margin_on_the_page_or_behind_the_link(world: World, special: Quote) -> None:
    request = submitted(world, special)["customer_success"]
    for role, earlier in submitted_before(special).items():
        decide(world, role, earlier)
    link = Link.objects.get(purpose=Link.Purpose.APPROVAL, subject_id=request.pk)
    browser = Client()
    browser.cookies[COOKIE] = links.token_of(link)
    seen = [
        world.client("customer_success").get(reverse("approval_detail", args=[request.pk])),
        world.client("customer_success").get(reverse("api:approval-detail", args=[request.pk])),
        world.client("customer_success").get(reverse("quote_page", args=[special.pk])),
        browser.get(reverse("approval_link_review", args=[request.uuid])),
    ]
    assert [answer.status_code for answer in seen] == [200] * 4
    assert [told_by(answer, DISCOUNTED) for answer in seen] == [[]] * 4


def submitted_before(quote: Quote) -> dict[str, Request]:
    """The requests that come before that of customer success."""
    requests = Request.objects.filter(run__subject_id=quote.pk, approver__username__in=["pricing", "sales_manager"])
    return {request.approver.username: request for request in requests.order_by("position")}


# --- Documents --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["draft", "sent"])
def test_a_document_tells_no_hidden_number_to_anybody(kind: str, world: World) -> None:
    quote = getattr(world.own["sales_rep"], kind)
    pdf = world.client("sales_rep").get(reverse("quote_document", args=[quote.pk]))
    assert told_by(pdf) == []
    assert "5,000.00" in text_of(pdf.content) or "5 000,00" in text_of(pdf.content).replace("\u00a0", " ")
