"""A prospect is made, found to be a customer, merged and taken out again, in a browser."""

from typing import Any

import pytest
from playwright.sync_api import expect

from accounts.models import Account, AccountMerge, LinkProposal
from accounts.tests.factories import AccountFactory, ContactFactory
from core import clock
from quotes.tests.factories import World

pytestmark = [pytest.mark.e2e, pytest.mark.once("postgresql"), pytest.mark.django_db(transaction=True)]


@pytest.mark.req("S0.25")
@pytest.mark.req("S2.33")
def test_matches_show_while_typing_and_are_asked_about(world: World, visit: Any) -> None:
    AccountFactory(name="Kala ja Äyriäinen Oy", owner=world.stranger)
    rep = visit(world.rep)
    rep.go("/accounts/")
    rep.page.get_by_role("link", name="New prospect").click()
    expect(rep.page.locator("#id_name")).to_be_focused()
    rep.page.keyboard.type("KALA & AYRIAINEN")

    expect(rep.page.locator("#matches")).to_contain_text("a customer of another team")
    expect(rep.page.locator("#id_name")).to_be_focused()
    rep.page.get_by_label("This is another company").check()
    rep.page.get_by_role("button", name="Make the prospect").click()

    expect(rep.page.get_by_role("heading", level=1)).to_contain_text("KALA & AYRIAINEN")
    assert Account.objects.get(is_prospect=True).owner == world.rep


@pytest.mark.req("S2.33")
def test_a_prospect_is_merged_and_taken_out_again(world: World, visit: Any) -> None:
    loser = AccountFactory(name="Äyräs", owner=world.rep, is_prospect=True, parent_customer_id=None)
    ContactFactory(account=loser)
    LinkProposal.objects.create(prospect=loser, account=world.account, match="name", made_at=clock.now())
    rep = visit(world.rep, width=360)
    rep.go("/")
    rep.page.get_by_role("link", name="Compare: Äyräs").click()
    rep.page.get_by_role("link", name="Compare and merge").click()
    expect(rep.page.get_by_text("Contacts: 1")).to_be_visible()
    rep.page.get_by_role("button", name="Merge", exact=True).click()

    expect(rep.page.get_by_role("heading", level=1)).to_contain_text(world.account.name)
    rep.go(f"/accounts/{loser.pk}/")
    expect(rep.page).to_have_url(f"{rep.base}/accounts/{world.account.pk}/")
    rep.page.get_by_role("button", name="Undo the merge").click()

    expect(rep.page.get_by_role("heading", level=1)).to_contain_text("Äyräs")
    assert AccountMerge.objects.get().undone_at is not None
