"""Revisions of a quote compared: which there are, who sees what of it, and what the customer is told."""

import re
from decimal import Decimal as D

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from approvals import services as approvals
from approvals.choices import Verdict, Via
from approvals.models import Request
from catalog.tests.factories import ProductFactory
from core import links
from quotes import comparison_rows, comparison_selectors as comparisons, services
from quotes.comparing import Kind
from quotes.models import Quote, QuoteLine
from quotes.services import Discount, LineDraft
from quotes.tests.factories import World, draft, sent
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.req("S4.10"), pytest.mark.once("postgresql")]


@pytest.fixture
def rep(client: Client, world: World) -> Client:
    client.force_login(world.rep)
    return client


def revised(world: World) -> tuple[Quote, Quote]:
    """A quote with three lines that was sent, and its revision: the first line is dearer, the second gone, a fourth new."""
    old = draft(world, "0", "0", "10")
    services.quote_send(quote_id=old.pk, by=world.rep, to=[world.contact.email])
    new = services.quote_revise(quote_id=old.pk, by=world.rep)
    first, second, _third = new.lines.order_by("position")
    services.line_change(quote_id=new.pk, line_id=first.pk, by=world.rep, quantity=D(7))
    services.line_remove(quote_id=new.pk, line_id=second.pk, by=world.rep)
    butter = ProductFactory(sku="VOI-1", name_en="Butter", name_fi="Voi")
    services.line_add(quote_id=new.pk, draft=LineDraft(butter, D(2)), by=world.rep)
    services.quote_change(quote_id=new.pk, by=world.rep, customer_note="Toimitus heti", internal_note="Viimeinen tarjous")
    return Quote.objects.get(pk=old.pk), Quote.objects.get(pk=new.pk)


def page(client: Client, quote: Quote, **query: str) -> str:
    answer = client.get(reverse("quote_compare", args=[quote.pk]), query)
    assert answer.status_code == 200
    return answer.content.decode()


def rows(html: str) -> list[str]:
    """The lines of the first table as words."""
    body = html.partition("quote-comparison")[2].partition("<tbody>")[2].partition("</tbody>")[0]
    return [" ".join(re.sub(r"<.*?>", " ", row).split()) for row in body.split("</tr>") if row.strip()]


# --- The page ---------------------------------------------------------------------------------------------------------
def test_a_revision_is_held_against_the_one_it_was_made_of(rep: Client, world: World) -> None:
    old, new = revised(world)
    html = page(rep, new)
    assert "Before: <strong>Revision 1 (Sent)</strong>. After: <strong>Revision 2 (Draft)</strong>." in html
    assert rows(html) == [
        "Changed MAITO-1 Milk Quantity, Line net 1 5 → 7 €10.00 – €10.00 €50.00 → €70.00",
        "Removed MAITO-1 Milk 2 5 €10.00 – €10.00 €50.00",
        "Added VOI-1 Butter 3 2 €10.00 – €10.00 €20.00",
    ]
    assert "1 line is the same." in html
    assert ["Toimitus heti" in html, "Viimeinen tarjous" in html] == [True, True]
    assert ["€145.00" in html, "€135.00" in html, "-€10.00" in html] == [True, True, True]
    assert page(rep, old, **{"with": str(new.pk)}).count("Revision 2 (Draft)") == 2  # chosen, and named as the later one


def test_all_lines_are_shown_to_whoever_wants_them(rep: Client, world: World) -> None:
    _old, new = revised(world)
    assert [row.split()[0] for row in rows(page(rep, new, all="1"))] == ["Changed", "Removed", "MAITO-1", "Added"]


def test_margins_are_compared_for_those_who_see_them(rep: Client, world: World) -> None:
    old, new = revised(world)
    Quote.objects.filter(pk=old.pk).update(margin_percent=D("37.77"))
    assert "37.8%" in page(rep, new)
    rep.force_login(UserFactory(roles=["sales_support"], team=world.team))
    assert ["37.8%" in page(rep, new), "Margin" in page(rep, new)] == [False, False]


def test_a_draft_that_came_back_is_held_against_what_was_submitted(rep: Client, world: World) -> None:
    quote = draft(world, "21")
    services.quote_submit(quote_id=quote.pk, by=world.rep)
    asked = Request.objects.get()
    approvals.request_decide(request_id=asked.pk, verdict=Verdict.REJECT, comment="Liian halpa", by=world.pricing, via=Via.PAGE)
    line = quote.lines.get()
    services.line_change(quote_id=quote.pk, line_id=line.pk, by=world.rep, discount=Discount("percent", D("20.5")))
    html = page(rep, quote)
    assert "Revision 1 as submitted" in html
    changed = "Discount, Net price, Line net 1 5 €10.00 21% → 20.5% €7.90 → €7.95 €39.50 → €39.75"
    assert rows(html) == [f"Changed MAITO-1 Milk {changed}"]
    services.quote_submit(quote_id=quote.pk, by=world.rep)
    rep.force_login(world.pricing)
    review = rep.get(reverse("approval_detail", args=[Request.objects.latest("pk").pk])).content.decode()
    [link] = re.findall(r'href="(/quotes/\d+/compare/[^"]*)"', review)
    assert rows(rep.get(link.replace("&amp;", "&")).content.decode()) == rows(html)
    assert link not in rep.get(reverse("approval_detail", args=[asked.pk])).content.decode()


def test_a_quote_without_a_past_says_so(rep: Client, world: World) -> None:
    assert "There is nothing to compare with yet" in page(rep, draft(world))


def test_only_revisions_of_the_same_number_in_sight_are_compared(rep: Client, world: World) -> None:
    old, new = revised(world)
    other = draft(world)
    for key in (f"{other.pk}", f"{old.pk}.99", "x", "²", "9" * 40, f"{new.pk}.1"):
        assert rep.get(reverse("quote_compare", args=[new.pk]), {"with": key}).status_code == 404, key
    assert rep.get(reverse("quote_compare", args=[new.pk]), {"as": "99"}).status_code == 404
    rep.force_login(world.stranger)
    assert rep.get(reverse("quote_compare", args=[new.pk])).status_code == 404


def test_the_page_costs_the_same_with_2_and_with_1000_lines(rep: Client, world: World) -> None:
    counts = []
    for lines in (2, 1000):
        old = services.quote_create(account_id=world.account.pk, by=world.rep, lines=[LineDraft(world.product, D(1))] * lines)
        services.quote_submit(quote_id=old.pk, by=world.rep)
        new = services.quote_revise(quote_id=old.pk, by=world.rep)
        QuoteLine.objects.filter(quote=new).update(quantity=2)
        page(rep, new)
        with CaptureQueriesContext(connection) as queries:
            assert len(rows(page(rep, new))) == lines
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 10


# --- For the customer -------------------------------------------------------------------------------------------------
def test_the_customer_is_told_what_changed_since_the_revision_they_had(world: World) -> None:
    _old, new = revised(world)
    document = services.quote_send(quote_id=new.pk, by=world.rep, to=[world.contact.email])
    with translation.override("fi"):
        told = comparison_rows.for_customer(document)
    assert told is not None
    html = f"{told.rows}{told.terms}{told.totals}"
    assert (told.revision, told.differs, told.same) == (1, True, 1)
    assert ["Toimitus heti" in html, "Viimeinen tarjous" in html, "Maito" in html] == [True, False, True]
    assert [total["before"] for total in told.totals if total["is_sum"]] == ["145,00\u00a0€", "181,98\u00a0€"]


def test_the_first_revision_has_changed_since_nothing(world: World) -> None:
    assert comparison_rows.for_customer(sent(world)) is None


def test_what_the_customer_never_got_is_no_revision_to_them(world: World) -> None:
    first = draft(world)
    services.quote_submit(quote_id=first.pk, by=world.rep)
    second = services.quote_revise(quote_id=first.pk, by=world.rep)
    assert comparisons.since_sent(services.quote_send(quote_id=second.pk, by=world.rep, to=[world.contact.email])) is None


# --- Where lines come from --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("origins", "ends", "found"),
    [
        ({3: 2, 2: 1}, {1}, {3: 1, 2: 1}),
        ({3: 2, 2: 1}, {2}, {3: 2}),
        ({3: 4, 4: 3}, {1}, {}),  # whatever the data, an end
        ({}, {1}, {}),
    ],
)
def test_a_line_is_traced_over_any_number_of_revisions(origins: dict[int, int], ends: set[int], found: dict[int, int]) -> None:
    assert comparisons.traced(origins, ends) == found


def test_of_equal_lines_the_one_that_was_taken_out_is_the_one_that_is_told(rep: Client, world: World) -> None:
    first = draft(world, "0", "0")
    services.quote_submit(quote_id=first.pk, by=world.rep)
    second = services.quote_revise(quote_id=first.pk, by=world.rep)
    services.quote_submit(quote_id=second.pk, by=world.rep)
    third = services.quote_revise(quote_id=second.pk, by=world.rep)
    services.line_remove(quote_id=third.pk, line_id=third.lines.earliest("position").pk, by=world.rep)
    kept = third.lines.get()
    found = comparisons.copied(first, third)
    assert found[kept.pk] == first.lines.latest("position").pk
    assert rows(page(rep, third, **{"with": str(first.pk)})) == ["Removed MAITO-1 Milk 1 5 €10.00 – €10.00 €50.00"]


def test_every_kind_has_its_word(world: World) -> None:
    assert [str(comparison_rows.KINDS[kind]) for kind in Kind] == ["", "Changed", "Moved", "Added", "Removed"]


def test_the_page_of_the_customer_says_what_has_changed(client: Client, world: World) -> None:
    _old, new = revised(world)
    document = services.quote_send(quote_id=new.pk, by=world.rep, to=[world.contact.email])
    page_of_customer = client.get(reverse("customer_link", args=[links.token_of(document.link)]), follow=True)
    html = page_of_customer.content.decode()
    changes = html.partition('id="changes"')[2].partition("</details>")[0]
    assert "Mitä on muuttunut" in changes or "What has changed since revision 1" in changes
    assert ["Toimitus heti" in changes, "Viimeinen tarjous" in html, "VOI-1" in changes] == [True, False, True]
    first = sent(world)
    client.get(reverse("customer_link", args=[links.token_of(first.link)]))
    assert 'id="changes"' not in client.get(reverse("customer_quote", args=[first.uuid])).content.decode()
