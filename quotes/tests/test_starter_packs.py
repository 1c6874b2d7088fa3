"""Starter packs: a new customer's first quote is offered one, or gets it by itself, and never twice."""

from decimal import Decimal as D
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from accounts.tests.factories import AccountFactory, CategoryTma2Factory, ChannelFactory
from approvals.models import Request
from approvals.tests.factories import make_rule
from catalog.tests.factories import ProductFactory
from core.errors import NotAllowed, WrongState
from core.models import Event
from quotes import selectors, services
from quotes.choices import Trigger
from quotes.models import Quote, QuoteTemplate, StarterPackAnswer, StarterPackSettings
from quotes.services import Discount, LineDraft
from quotes.starter_selectors import Pack, best, starter_pack_for
from quotes.tests.factories import World, draft, sent, template_of
from quotes.triggers import Reason

pytestmark = pytest.mark.req("S1.29")


@pytest.fixture
def pack(world: World) -> QuoteTemplate:
    """Two products, one of which is no longer sold."""
    starter, gone = ProductFactory(sku="ALKU-1", list_price="30"), ProductFactory(sku="ALKU-2", is_active=False)
    return template_of(world.manager, starter, gone, name="Alkupaketti", is_starter_pack=True)


def new_quote(world: World, account: Account | None = None) -> Quote:
    return services.quote_create(account_id=(account or world.account).pk, by=world.rep)


def by_itself() -> None:
    StarterPackSettings.objects.create(pk=1, mode="itself")


def skus(quote: Quote) -> list[Any]:
    return list(quote.lines.order_by("position").values_list("product__sku", flat=True))


def test_the_first_quote_of_a_new_customer_takes_it_once(world: World, pack: QuoteTemplate) -> None:
    quote = draft(world)
    services.starter_pack_take(quote_id=quote.pk, by=world.rep, version=1)
    quote.refresh_from_db()
    assert (skus(quote), quote.net_total, quote.version) == (["MAITO-1", "ALKU-1"], D("110.00"), 2)
    event = Event.objects.get(verb="starter pack added")
    assert (event.reason, event.data["left_out"]) == ("Alkupaketti", ["ALKU-2 is no longer sold."])
    for other in (quote, new_quote(world)):
        with pytest.raises(WrongState):
            services.starter_pack_take(quote_id=other.pk, by=world.rep)
    assert (StarterPackAnswer.objects.count(), skus(quote)) == (1, ["MAITO-1", "ALKU-1"])


def test_one_that_is_declined_does_not_come_back_for_that_quote(world: World, pack: QuoteTemplate) -> None:
    quote, other = new_quote(world), new_quote(world)
    services.starter_pack_decline(quote_id=quote.pk, by=world.rep)
    assert (starter_pack_for(quote), skus(quote)) == (None, [])
    assert starter_pack_for(other) is not None
    assert Event.objects.get(verb="starter pack declined").reason == "Alkupaketti"


def test_a_customer_that_was_sent_anything_is_not_new(world: World, pack: QuoteTemplate) -> None:
    quote = new_quote(world)
    assert starter_pack_for(quote) is not None
    sent(world)
    assert starter_pack_for(quote) is None


def test_after_a_cancelled_quote_the_next_one_is_the_first(world: World, pack: QuoteTemplate) -> None:
    quote = new_quote(world)
    services.starter_pack_take(quote_id=quote.pk, by=world.rep)
    following = new_quote(world)
    assert starter_pack_for(following) is None
    services.quote_cancel(quote_id=quote.pk, by=world.rep)
    assert starter_pack_for(following) is not None


def test_neither_revisions_nor_what_is_no_draft_are_offered_one(world: World, pack: QuoteTemplate) -> None:
    quote = draft(world)
    services.quote_submit(quote_id=quote.pk, by=world.rep)
    quote.refresh_from_db()
    revision = services.quote_revise(quote_id=quote.pk, by=world.rep)
    assert (starter_pack_for(quote), starter_pack_for(revision)) == (None, None)


def test_the_most_specific_pack_for_the_customer_is_taken() -> None:
    packs = [Pack(1, None, None, None), Pack(2, 7, None, None), Pack(3, 7, 9, None), Pack(4, None, 9, None), Pack(5, 7, 9, None)]
    found = [best(packs, tma2=tma2, channel=channel) for tma2, channel in ((1, 1), (7, 1), (7, 9), (1, 9), (None, None))]
    assert [pack and pack.template for pack in found] == [1, 2, 3, 4, 1]
    assert best(packs[1:2], tma2=8, channel=None) is None


def test_a_pack_is_of_its_category_and_channel_only_while_it_is_in_use(world: World) -> None:
    tma2, channel = CategoryTma2Factory(), ChannelFactory()
    pack = template_of(world.manager, world.product, is_starter_pack=True, tma2=tma2, channel=channel)
    mine = new_quote(world, AccountFactory(owner=world.rep, tma2=tma2, channel=channel))
    found = starter_pack_for(mine)
    assert (found and found.template, starter_pack_for(new_quote(world))) == (pack.pk, None)
    pack.is_active = False
    pack.save()
    assert starter_pack_for(mine) is None
    with pytest.raises(IntegrityError), transaction.atomic():
        QuoteTemplate.objects.filter(pk=pack.pk).update(is_starter_pack=False)


def test_by_itself_it_stands_below_the_lines_of_a_first_quote_only(world: World, pack: QuoteTemplate) -> None:
    by_itself()
    first, second = draft(world), draft(world)
    assert (skus(first), first.net_total, skus(second)) == (["MAITO-1", "ALKU-1"], D("110.00"), ["MAITO-1"])
    assert Event.objects.filter(subject_id=first.pk).order_by("pk").values_list("verb", flat=True)[1] == "starter pack added"


def test_a_copy_for_a_new_customer_gets_it_and_keeps_its_alternatives(world: World, pack: QuoteTemplate) -> None:
    lines = [LineDraft(world.product), LineDraft(world.product, optional=True)]
    old = services.quote_create(account_id=world.account.pk, by=world.rep, lines=lines)
    first, option = old.lines.order_by("position")
    option.alternative_to = first
    option.save()
    by_itself()
    new = services.quote_copy(quote_id=old.pk, by=world.rep, account_id=AccountFactory(owner=world.rep).pk)
    copies = list(new.lines.order_by("position"))
    assert (skus(new), copies[1].alternative_to) == (["MAITO-1", "MAITO-1", "ALKU-1"], copies[0])


def test_a_pack_that_does_not_fit_hinders_no_quote(world: World, pack: QuoteTemplate) -> None:
    by_itself()
    pack.lines.update(discount_kind="percent", discount_value=-5)  # which reps may not sell
    assert (skus(draft(world)), StarterPackAnswer.objects.count()) == (["MAITO-1"], 0)
    header = Discount("amount", D(60))
    with pytest.raises(Exception, match="larger than the total"):
        services.quote_create(account_id=world.account.pk, by=world.rep, header=header)


def test_without_packs_making_a_quote_asks_for_them_once(world: World, django_assert_num_queries: Any) -> None:
    quote = new_quote(world)
    with django_assert_num_queries(1):
        assert starter_pack_for(quote) is None


# --- The notice -------------------------------------------------------------------------------------------------------
def test_the_editor_offers_it_and_one_click_takes_or_declines_it(client: Client, world: World, pack: QuoteTemplate) -> None:
    client.force_login(world.rep)
    quote = draft(world)
    address = reverse("quote_starter", args=[quote.pk])
    notice = client.get(address).content.decode()
    assert "the starter pack “Alkupaketti” has 1 line." in notice
    assert "ALKU-2 is no longer sold." in notice
    assert address in client.get(reverse("quote_page", args=[quote.pk])).content.decode()
    answer = client.post(address, {"answer": "take", "version": 1}, headers={"HX-Request": "true"})
    assert ("HX-Location" in answer, skus(quote)) == (True, ["MAITO-1", "ALKU-1"])
    assert "Alkupaketti" not in client.get(address).content.decode()
    assert client.post(address, {"answer": "take", "version": 2}).status_code == 409


def test_a_stale_page_takes_nothing_and_no_one_else_does(client: Client, world: World, pack: QuoteTemplate) -> None:
    quote = draft(world)
    client.force_login(world.rep)
    assert client.post(reverse("quote_starter", args=[quote.pk]), {"answer": "take", "version": 9}).status_code == 409
    with pytest.raises(NotAllowed):
        services.starter_pack_take(quote_id=quote.pk, by=world.colleague)
    assert (skus(quote), StarterPackAnswer.objects.count()) == (["MAITO-1"], 0)


def test_a_rule_can_put_it_behind_an_approval(world: World, pack: QuoteTemplate) -> None:
    make_rule(Trigger.DISCOUNT, ("has_starter_pack", "eq", "yes"), name="Starter packs")
    by_itself()
    quote = services.quote_create(account_id=world.account.pk, by=world.rep, lines=[LineDraft(world.product, D(5))])
    quote.refresh_from_db()
    assert [breach.reason for breach in selectors.breaches_of(quote, selectors.priced(quote))] == [Reason.DISCOUNT]
    services.quote_submit(quote_id=quote.pk, by=world.rep)
    quote.refresh_from_db()
    assert (quote.status, Request.objects.get().approver) == ("in_review", world.manager)
    other = draft(world)
    assert selectors.breaches_of(other, selectors.priced(other)) == []
