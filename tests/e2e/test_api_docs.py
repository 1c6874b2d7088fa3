"""The API's page and the tokens in a browser, under the strict content security policy; any error on the console fails."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Error, expect

from quotes.models import Quote
from quotes.tests.factories import World
from users.models import ApiToken

pytestmark = [pytest.mark.e2e, pytest.mark.once, pytest.mark.django_db(transaction=True)]
OF_SWAGGER = {"nested-interactive", "scrollable-region-focusable", "target-size"}
"""How Swagger's page is built, which no style of ours can change."""


def create(page: Any) -> Any:
    return page.locator(".opblock-post", has=page.get_by_text("/api/v1/quotes/", exact=True)).first


@pytest.mark.parametrize("dark", [True, False])
def test_the_page_of_the_api_is_read_on_any_screen(world: World, visit: Any, dark: bool) -> None:
    me = visit(world.rep, dark=dark)
    me.go("/api/docs/")
    create(me.page).locator(".opblock-summary-control").first.click()
    expect(create(me.page).get_by_role("button", name="Try it out")).to_be_visible()
    assert me.page.evaluate("document.documentElement.classList.contains('dark-mode')") is dark
    assert (me.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(250, 250, 250)") is not dark
    assert {fault.split()[4] for fault in me.faults()} <= OF_SWAGGER


def test_the_page_tries_an_endpoint_with_the_session_and_its_csrf_token(world: World, visit: Any) -> None:
    me = visit(world.rep)
    me.go("/api/docs/")
    block = create(me.page)
    block.locator(".opblock-summary-control").first.click()
    block.get_by_role("button", name="Try it out").click()
    block.locator("textarea").fill(json.dumps({"account": world.account.pk, "lines": [{"sku": "MAITO-1", "quantity": "5"}]}))
    block.get_by_role("button", name="Execute").click()
    expect(block.locator(".live-responses-table .response .response-col_status").first).to_contain_text("201")
    assert (Quote.objects.get().owner, Quote.objects.get().net_total) == (world.rep, 50)


def test_a_token_is_made_copied_and_revoked_on_a_phone(world: World, visit: Any) -> None:
    me = visit(world.rep, width=360, dark=True)
    me.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    me.go("/profile/")
    me.page.get_by_label("What it is for").fill("Night report")
    me.page.get_by_role("button", name="Make a token").click()
    shown = me.page.locator("#token").inner_text()
    assert re.fullmatch(r"crm_[\w-]{43}", shown)
    me.page.get_by_role("button", name="Copy").click()
    expect(me.page.get_by_role("button", name="Copied")).to_be_visible()
    assert me.page.evaluate("navigator.clipboard.readText()") == shown
    assert me.faults() == []
    me.page.get_by_role("link", name="Back to the profile").click()
    me.page.wait_for_url("**/profile/")
    assert me.faults() == []
    me.page.get_by_role("button", name="Revoke").click()
    expect(me.page.locator("#tokens")).to_contain_text("Revoked")
    assert ApiToken.objects.get().revoked_at is not None


def test_the_browser_keeps_no_page_with_a_token_to_go_back_to(world: World, visit: Any) -> None:
    me = visit(world.rep)
    me.go("/profile/")
    me.page.get_by_label("What it is for").fill("Night report")
    me.page.get_by_role("button", name="Make a token").click()
    me.page.get_by_role("link", name="Back to the profile").click()
    with pytest.raises(Error, match="ERR_CACHE_MISS"):
        me.page.go_back()
