"""Pages of quotes: what they answer, to whom, and that a refusal writes nothing."""

import re
from decimal import Decimal as D
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import AccountFactory, ContactFactory
from approvals.models import Request
from catalog.models import Product
from core.models import OutboxMessage
from opportunities.tests.factories import OpportunityFactory
from quotes import services
from quotes.models import Quote, QuoteLine
from quotes.services import LineDraft
from quotes.tests.factories import World, draft, offered, sent

pytestmark = pytest.mark.once("postgresql")

HTMX = {"HX-Request": "true"}


@pytest.fixture
def rep(client: Client, world: World) -> Client:
    client.force_login(world.rep)
    return client


def url(name: str, quote: Quote, *more: int) -> str:
    return reverse(name, args=[quote.pk, *more])


def test_choosing_an_account_makes_a_numbered_draft_and_opens_it(rep: Client, world: World) -> None:
    answer = rep.post(reverse("quote_new"), {"account": world.account.pk})
    quote = Quote.objects.get()
    assert (answer.status_code, answer["Location"], quote.number[:2]) == (302, url("quote_page", quote), "Q-")


def test_htmx_is_led_to_the_draft_without_a_page_change(rep: Client, world: World) -> None:
    answer = rep.post(reverse("quote_new"), {"account": world.account.pk}, headers=HTMX)
    assert "HX-Location" in answer
    assert answer.status_code == 200


def test_a_quote_is_copied_from_its_page_and_the_copy_opens(rep: Client, world: World) -> None:
    old = sent(world).quote
    assert "Copy to a new quote" in rep.get(url("quote_page", old)).content.decode()
    answer = rep.post(reverse("quote_move", args=[old.pk, "copy"]))
    new = Quote.objects.exclude(pk=old.pk).get()
    assert (answer["Location"], new.status, new.number != old.number) == (url("quote_page", new), "draft", True)


def test_a_quote_is_copied_for_another_account_without_scripts_too(rep: Client, world: World) -> None:
    old, other = draft(world, "10"), AccountFactory(owner=world.rep, name="Toinen Oy")
    page = rep.get(url("quote_page", sent(world).quote)).content.decode()
    assert "Copy for another account" in page
    address = url("quote_copy", old)
    found = rep.get(address, {"q": "Toinen"}).content.decode()
    assert f"With the lines of the quote {old}" in found
    assert f'name="account" value="{other.pk}"' in found
    count = Quote.objects.count()
    foreign = AccountFactory(owner=world.stranger)
    for wrong, status in (("", 422), (str(foreign.pk), 404)):
        assert (rep.post(address, {"account": wrong}).status_code, Quote.objects.count()) == (status, count)
    answer = rep.post(address, {"account": other.pk})
    new = Quote.objects.latest("pk")
    assert (answer["Location"], new.account, new.number != old.number, str(new.net_total)) == (
        url("quote_page", new), other, True, "45.00",
    )  # fmt: skip


@pytest.mark.req("S0.5")
@pytest.mark.parametrize("is_draft", [True, False])
def test_a_quote_leads_to_its_account_and_the_quotes_of_its_opportunity(rep: Client, world: World, is_draft: bool) -> None:
    opportunity = OpportunityFactory(account=world.account, owner=world.rep, name="Summer")
    quote = draft(world) if is_draft else sent(world).quote
    Quote.objects.update(opportunity=opportunity)
    html = rep.get(url("quote_page", quote)).content.decode()
    assert f'href="{reverse("account_page", args=[world.account.pk])}"' in html
    assert "Summer" in html
    assert f'href="{reverse("quote_matrix")}?opportunity={opportunity.pk}"' in html


def test_the_way_to_the_other_quotes_follows_the_opportunity_that_is_chosen(rep: Client, world: World) -> None:
    quote, opportunity = draft(world), OpportunityFactory(account=world.account, owner=world.rep)
    ways = []
    for value in (opportunity.pk, ""):
        edit = {"field": "opportunity", "value": value, "version": Quote.objects.get().version}
        html = rep.post(url("quote_change", quote), edit, headers=HTMX).content.decode()
        ways.append(html.partition('<div id="quote-deal">')[2].partition("</div>")[0])
    assert f"?opportunity={opportunity.pk}" in ways[0]
    assert ways[1] == ""


@pytest.mark.parametrize(("account", "status"), [("", 422), ("x", 422), ("999999", 404), ("9" * 30, 422)])
def test_a_bad_account_is_refused_with_a_sentence(rep: Client, account: str, status: int) -> None:
    answer = rep.post(reverse("quote_new"), {"account": account})
    assert (answer.status_code, Quote.objects.count()) == (status, 0)
    assert b"account" in answer.content


def test_the_account_search_works_without_script(rep: Client, world: World) -> None:
    answer = rep.get(reverse("quote_new"), {"q": "ÄMPÄRI"})
    assert world.account.name in answer.content.decode()


def test_options_are_searched_by_code_and_by_name_in_both_languages(rep: Client, world: World) -> None:
    for text in ("mai", "MILK", "maito"):
        assert "MAITO-1" in rep.get(reverse("quote_product_options"), {"q": text}).content.decode()
    assert "MAITO-1" not in rep.get(reverse("quote_product_options"), {"q": "juusto"}).content.decode()


def test_an_added_line_answers_its_row_the_totals_and_the_new_version(rep: Client, world: World) -> None:
    quote = draft(world)
    answer = rep.post(url("quote_line_add", quote), {"product": world.product.pk, "quantity": "2,5", "version": 1}, headers=HTMX)
    body, line = answer.content.decode(), QuoteLine.objects.latest("pk")
    assert (answer.status_code, line.quantity, line.line_net) == (200, D("2.5"), D("25.00"))
    assert f'id="quote-line-{line.pk}"' in body
    assert 'form="quote-moves" value="2"' in body
    assert "Line 2 net €25.00. Total €75.00." in body
    assert "<main" not in body


@pytest.mark.parametrize(
    "data",
    [
        {"product": "999999", "quantity": "1"},
        {"product": "", "product_text": "NO-SUCH", "quantity": "1"},
        {"quantity": "-1"}, {"quantity": "0"}, {"quantity": "NaN"}, {"quantity": "1e309"}, {"quantity": "Infinity"},
        {"quantity": "1." + "1" * 40}, {"quantity": "1.2345"}, {"quantity": "9" * 12}, {"quantity": "=1+1"},
        {"quantity": "<script>alert(1)</script>"},
    ],
)  # fmt: skip
def test_a_bad_new_line_is_refused_with_a_sentence_and_adds_nothing(rep: Client, world: World, data: dict[str, str]) -> None:
    quote = draft(world)
    answer = rep.post(url("quote_line_add", quote), {"product": world.product.pk, "version": 1, **data}, headers=HTMX)
    assert (answer.status_code, quote.lines.count()) == (422, 1)
    assert 'id="new-line-error">' in answer.content.decode()
    assert b"<script>" not in answer.content


@pytest.mark.parametrize(
    ("field", "value", "net"),
    [
        ("quantity", "7", "70.00"),
        ("quantity", "1 000,5", "10005.00"),
        ("discount", "10", "45.00"),
        ("discount", "10,5 %", "44.75"),
        ("discount", "1,50 €", "42.50"),
        ("discount", "", "50.00"),
        ("net_price", "9.99", "49.95"),
        ("net_price", "", "50.00"),
    ],
)
def test_a_line_takes_percent_amount_or_net_price_in_either_notation(
    rep: Client, world: World, field: str, value: str, net: str
) -> None:
    quote = draft(world)
    line = quote.lines.get()
    answer = rep.post(url("quote_line_change", quote, line.pk), {"field": field, "value": value, "version": 1}, headers=HTMX)
    line.refresh_from_db()
    assert (answer.status_code, str(line.line_net)) == (200, net)


@pytest.mark.req("S1.2")
def test_a_change_of_a_line_tells_anew_what_is_outside_the_catalogue(rep: Client, world: World) -> None:
    quote = draft(world)
    Product.objects.filter(pk=world.product.pk).update(outside_catalogue=True)
    typed = {"field": "quantity", "value": "9", "version": 1}
    answer = rep.post(url("quote_line_change", quote, quote.lines.get().pk), typed, headers=HTMX)
    assert "is outside the catalogue" in answer.content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [("quantity", "0"), ("discount", "101"), ("discount", "-5"), ("discount", "11 €"), ("net_price", "-1"),
     ("quantity", "10%"), ("quantity", "1,50 €"), ("quantity", ""), ("net_price", "10%"), ("discount", "10 % €"),
     ("net_price", "1e309"), ("discount", "NaN"), ("status", "sent"), ("line_net", "1"), ("", "")],
)  # fmt: skip
def test_a_bad_cell_keeps_what_was_typed_and_saves_nothing(rep: Client, world: World, field: str, value: str) -> None:
    quote = draft(world)
    line = quote.lines.get()
    answer = rep.post(url("quote_line_change", quote, line.pk), {"field": field, "value": value, "version": 1}, headers=HTMX)
    quote.refresh_from_db()
    assert (answer.status_code, quote.version, quote.net_total) == (422, 1, D("50.00"))
    if field in ("quantity", "discount", "net_price"):
        assert f'value="{value}"' in answer.content.decode()


def test_a_stale_version_is_a_409_with_a_sentence(rep: Client, world: World) -> None:
    quote = draft(world)
    line = quote.lines.get()
    answer = rep.post(url("quote_line_change", quote, line.pk), {"field": "quantity", "value": "9", "version": 7}, headers=HTMX)
    assert (answer.status_code, quote.lines.get().quantity) == (409, D(5))
    assert b"has changed this quote since you opened it" in answer.content


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("valid_until", "2026-12-01", 200), ("valid_until", "2020-01-01", 422), ("valid_until", "soon", 422),
        ("language", "en", 200), ("language", "sv", 422), ("customer_note", "Hei <b>", 200), ("payment_term", "", 422),
        ("header_discount", "5", 200), ("header_discount", "60 €", 422), ("header_discount", "150", 422),
        ("contact", "999999", 422), ("owner", "1", 422), ("net_total", "1", 422),
    ],
)  # fmt: skip
def test_one_field_of_the_head_is_changed_or_refused(
    rep: Client, world: World, clock: Any, field: str, value: str, status: int
) -> None:
    quote = draft(world)
    answer = rep.post(url("quote_change", quote), {"field": field, "value": value, "version": 1}, headers=HTMX)
    quote.refresh_from_db()
    assert (answer.status_code, quote.version) == (status, 2 if status == 200 else 1)


def test_a_removed_line_is_gone_from_totals(rep: Client, world: World) -> None:
    quote = draft(world, "0", "10")
    answer = rep.post(url("quote_line_remove", quote, quote.lines.earliest("position").pk), {"version": 1}, headers=HTMX)
    quote.refresh_from_db()
    assert (answer.status_code, quote.net_total, b"data-removed" in answer.content) == (200, D("45.00"), True)


def count_queries(client: Client, address: str, data: dict[str, Any] | None = None) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        answer = client.post(address, data, headers=HTMX) if data else client.get(address)
    assert answer.status_code == 200
    return len(captured)


def with_lines(world: World, count: int) -> Quote:
    lines = [LineDraft(world.product, D(1))] * count
    return services.quote_create(account_id=world.account.pk, by=world.rep, lines=lines)


def test_a_line_edit_costs_the_same_with_2_and_with_200_lines(rep: Client, world: World) -> None:
    counts = []
    for quote in (with_lines(world, 1), with_lines(world, 2), with_lines(world, 200)):  # the first one reads what is set up
        line = quote.lines.order_by("position").first()
        assert line is not None
        edit = {"field": "quantity", "value": "3", "version": quote.version}
        counts.append(count_queries(rep, url("quote_line_change", quote, line.pk), edit))
    assert counts[1] == counts[2]


def test_the_editor_costs_the_same_with_2_and_with_200_lines(rep: Client, world: World) -> None:
    few, many = with_lines(world, 2), with_lines(world, 200)
    rep.get(url("quote_page", few))
    assert count_queries(rep, url("quote_page", few)) == count_queries(rep, url("quote_page", many))


def test_a_strangers_quote_does_not_exist(client: Client, world: World) -> None:
    quote = draft(world)
    line = quote.lines.get()
    client.force_login(world.stranger)
    for name in ("quote_page", "quote_review", "quote_document"):
        assert client.get(url(name, quote)).status_code == 404
    for address in (
        url("quote_line_change", quote, line.pk),
        url("quote_change", quote),
        url("quote_submit", quote),
        url("quote_send", quote),
    ):
        assert client.post(address, {"field": "quantity", "value": "9"}).status_code == 404
    assert quote.lines.get().quantity == D(5)


def test_a_role_without_margins_sees_neither_margin_nor_its_limit(client: Client, world: World) -> None:
    from users.tests.factories import UserFactory

    quote = draft(world, "30")
    assert "Margin" in _page(client, world.rep, quote)
    support = _page(client, UserFactory(roles=["sales_support"], team=world.team), quote)
    assert "14.3%" not in support
    assert "Target margin" not in support
    assert "needs approval" in support


def _page(client: Client, user: Any, quote: Quote) -> str:
    client.force_login(user)
    return client.get(url("quote_page", quote)).content.decode()


def test_the_sheet_offers_the_approvers_of_each_gate(rep: Client, world: World) -> None:
    quote = draft(world, "21")
    body = rep.get(url("quote_review", quote), headers=HTMX).content.decode()
    assert "approver_quote_floor" in body
    assert world.pricing.display_name in body
    assert world.rep.display_name not in body


def test_submitting_from_the_sheet_asks_for_approval(rep: Client, world: World) -> None:
    quote = draft(world, "21")
    answer = rep.post(url("quote_submit", quote), {"approver_quote_floor": world.pricing.pk, "reason": "Kampanja", "version": 1})
    assert (answer.status_code, Request.objects.get().approver) == (302, world.pricing)


def test_sending_with_a_bad_address_shows_the_sheet_again_with_it(rep: Client, world: World) -> None:
    quote = draft(world)
    answer = rep.post(url("quote_send", quote), {"to": "nobody", "version": 1})
    assert (answer.status_code, OutboxMessage.objects.count()) == (422, 0)
    assert 'value="nobody"' in answer.content.decode()


@pytest.mark.parametrize("language", ["en", "fi"])
def test_the_pdf_speaks_the_quotes_language(rep: Client, world: World, language: str) -> None:
    quote = draft(world, "0", "100")
    text = pdf_text(rep.get(url("quote_document", quote), {"language": language}).content)
    expected = {"en": ["€50.00", "included", "Milk"], "fi": ["50,00 €", "sisältyy", "Maito"]}[language]
    assert [word for word in expected if word not in text] == []
    assert "DRAFT" in text or "LUONNOS" in text


def pdf_text(pdf: bytes) -> str:
    import io

    from pypdf import PdfReader

    pages = PdfReader(io.BytesIO(pdf)).pages
    return "\n".join(page.extract_text() for page in pages).replace("\u00a0", " ")


def test_the_pdf_is_tagged_and_shows_the_stored_totals_but_no_cost(rep: Client, world: World) -> None:
    quote = sent(world).quote
    pdf = rep.get(url("quote_document", quote)).content
    text = pdf_text(pdf)
    assert b"/MarkInfo" in pdf or b"/StructTreeRoot" in pdf
    assert "62,75 €" in text
    assert "6,00" not in text
    assert "LUONNOS" not in text


def test_customer_text_cannot_become_markup_in_the_document(rep: Client, world: World) -> None:
    quote = draft(world)
    note = "#panic() $x$ [b] *bold* <script>"
    services.quote_change(quote_id=quote.pk, by=world.rep, customer_note=note)
    assert re.sub(r"\s", "", note) in re.sub(r"\s", "", pdf_text(rep.get(url("quote_document", quote)).content))


def test_the_preview_is_a_picture_of_a_page(rep: Client, world: World) -> None:
    quote = draft(world)
    answer = rep.get(reverse("quote_preview", args=[quote.pk, 1]))
    assert answer.content.startswith(b"\x89PNG")
    assert rep.get(reverse("quote_preview", args=[quote.pk, 9])).status_code == 404


def test_a_rep_records_an_answer_with_evidence(rep: Client, world: World) -> None:
    quote = sent(world).quote
    data = {"answer": "accepted", "name": "Öykkönen", "role": "Ostaja"}
    assert rep.post(url("quote_answer", quote), data).status_code == 422
    assert rep.post(url("quote_answer", quote), {**data, "evidence": "Sähköposti", "purchase_order": "PO-7"}).status_code == 302
    quote.refresh_from_db()
    assert (quote.status, quote.answer.purchase_order) == ("accepted", "PO-7")
    assert "PO-7" in rep.get(url("quote_page", quote)).content.decode()


def test_sending_a_revision_is_undone_on_its_page_while_its_mail_waits(rep: Client, world: World, clock: Any) -> None:
    old = sent(world).quote
    new = services.quote_revise(quote_id=old.pk, by=world.rep)
    services.quote_send(quote_id=new.pk, by=world.rep, to=[world.contact.email])
    clock.shift(3)
    undo = reverse("quote_move", args=[new.pk, "unsend"])
    assert f'action="{undo}" data-seconds="7"' in rep.get(url("quote_page", new)).content.decode()
    assert rep.post(undo).status_code == 302
    assert list(Quote.objects.order_by("revision").values_list("status", flat=True)) == ["sent", "approved"]
    services.quote_send(quote_id=new.pk, by=world.rep, to=[world.contact.email])
    clock.shift(10)
    assert undo not in rep.get(url("quote_page", new)).content.decode()


def test_what_was_ticked_of_an_answer_is_still_ticked_after_a_refusal(rep: Client, world: World) -> None:
    quote = offered(world).quote
    line = quote.lines.get(position=3)
    html = rep.post(url("quote_answer", quote), {"answer": "accepted", "name": "Ö", "option": line.pk}).content.decode()
    assert re.findall(r'name="option" value="(\d+)" checked', html) == [str(line.pk)]


@pytest.mark.parametrize("number", ["²", "9" * 5000, "-1", "1.0", ""])
def test_odd_numbers_of_rows_and_versions_are_refused_not_broken(rep: Client, world: World, number: str) -> None:
    quote = draft(world)
    line = quote.lines.get()
    assert rep.post(reverse("quote_new"), {"account": number}).status_code == 422
    assert (
        rep.post(url("quote_line_change", quote, line.pk), {"field": "quantity", "value": "9", "version": number}).status_code
        == 422
    )
    assert rep.post(reverse("quote_move", args=[quote.pk, "cancel"]), {"version": number}).status_code == 422
    quote.refresh_from_db()
    assert (quote.status, quote.version) == ("draft", 1)


@pytest.mark.parametrize("text", ["a " * 1200, "\x00", "%_\\", "'\""])
def test_any_search_text_is_answered(rep: Client, world: World, text: str) -> None:
    for address in ("quote_list", "quote_new", "quote_product_options", "quote_account_options"):
        assert rep.get(reverse(address), {"q": text}).status_code == 200


def test_the_editor_shows_who_said_no_and_why_until_the_next_round(rep: Client, world: World) -> None:
    from approvals import services as approvals
    from approvals.choices import Verdict, Via

    quote = draft(world, "21")
    services.quote_submit(quote_id=quote.pk, by=world.rep)
    no = {"verdict": Verdict.REJECT, "comment": "Liian halpa", "by": world.pricing, "via": Via.PAGE}
    approvals.request_decide(request_id=Request.objects.get().pk, **no)
    body = rep.get(url("quote_page", quote)).content.decode()
    assert "Liian halpa" in body
    assert f"Rejected by {world.pricing.display_name}" in body
    services.quote_submit(quote_id=quote.pk, by=world.rep)
    services.quote_recall(quote_id=quote.pk, by=world.rep)
    assert "Liian halpa" not in rep.get(url("quote_page", quote)).content.decode()


def test_pages_of_people_are_not_kept_by_the_browser(rep: Client, world: World) -> None:
    assert rep.get(reverse("quote_list"))["Cache-Control"] == "private, no-store"


def test_the_sheet_keeps_the_chosen_language_when_it_comes_back(rep: Client, world: World) -> None:
    answer = rep.post(url("quote_send", draft(world)), {"to": "nobody", "language": "en", "version": 1})
    assert '<option value="en" selected>' in answer.content.decode()


def test_a_stale_save_names_nothing_of_another_account(rep: Client, world: World) -> None:
    quote, strange = draft(world), ContactFactory(name="Salainen Henkilö")
    edit = {"field": "contact", "value": strange.pk, "version": 7}
    answer = rep.post(url("quote_change", quote), edit, headers=HTMX)
    assert (answer.status_code, "Salainen" in answer.content.decode()) == (422, False)
    own = rep.post(url("quote_change", quote), edit | {"value": world.contact.pk}, headers=HTMX)
    assert world.contact.name in own.content.decode()


# --- Opportunities --------------------------------------------------------------------------------------------------------
@pytest.mark.req("S0.5")
def test_the_page_of_an_opportunity_leads_to_a_draft_with_one_click(rep: Client, world: World) -> None:
    deal = OpportunityFactory(account=world.account, owner=world.rep, name="Kesä", value=D("12000.50"))
    first, second = draft(world), draft(world)
    address = url("opportunity_page", deal)
    assert "Compare side by side" not in rep.get(address).content.decode()
    Quote.objects.update(opportunity=deal)
    page = rep.get(address).content.decode()
    for shown in ("€12,000.50", str(first), str(second), url("account_page", world.account)):
        assert shown in page
    assert f"{reverse('quote_matrix')}?opportunity={deal.pk}" in page
    assert re.search(rf'name="opportunity" value="{deal.pk}"><button class="btn" type="submit" name="account"', page)
    rep.post(reverse("quote_new"), {"account": world.account.pk, "opportunity": deal.pk})
    assert Quote.objects.latest("pk").opportunity_id == deal.pk
    for place in (reverse("opportunity_list"), url("account_page", world.account), url("quote_page", first)):
        assert f'href="{address}"' in rep.get(place).content.decode()
    rep.force_login(world.stranger)
    assert rep.get(address).status_code == 404


def test_the_page_of_a_sent_quote_leads_to_its_opportunity_those_who_may_see_it(rep: Client, world: World) -> None:
    deal = OpportunityFactory(account=world.account, owner=world.rep, name="Kesä")
    quote = sent(world).quote
    Quote.objects.update(opportunity=deal)
    link = f'href="{url("opportunity_page", deal)}"'
    assert link in rep.get(url("quote_page", quote)).content.decode()
    rep.force_login(world.pricing)
    assert link not in rep.get(url("quote_page", quote)).content.decode()


def test_the_editor_offers_open_opportunities_and_the_chosen_one(rep: Client, world: World) -> None:
    names = {"new": "Avoin", "lost": "Hävitty", "ordered": "Tilattu"}
    deals = {status: OpportunityFactory(account=world.account, owner=world.rep, name=name) for status, name in names.items()}
    deals["lost"].lose()
    deals["ordered"].win()
    for deal in deals.values():
        deal.save()
    quote = draft(world)
    for chosen, listed in ((None, ["Avoin"]), ("lost", ["Avoin", "Hävitty"])):
        Quote.objects.update(opportunity=deals.get(chosen or ""))
        page = rep.get(url("quote_page", quote)).content.decode()
        assert [name for name in names.values() if f">{name}</option>" in page] == listed
    closed = {"field": "opportunity", "value": deals["ordered"].pk, "version": quote.version}
    assert rep.post(url("quote_change", quote), closed, headers=HTMX).status_code == 422
    page = rep.get(url("opportunity_page", deals["lost"])).content.decode()
    assert 'name="opportunity"' not in page
