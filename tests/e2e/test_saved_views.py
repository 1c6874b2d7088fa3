"""A filter kept under a name, and come back to in one press."""

from typing import Any

import pytest
from playwright.sync_api import expect

from csr.choices import CaseStatus
from csr.tests.factories import World, bring_to, make_case_world, registered
from users import services
from users.models import SavedView

pytestmark = [pytest.mark.e2e, pytest.mark.once("postgresql"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db: None) -> World:
    world = make_case_world()
    registered(world, title="Smaller boxes")
    registered(world, title="Larger boxes")
    bring_to(world, CaseStatus.CLOSED_REJECTED)
    return world


@pytest.mark.parametrize("width", [360, 1280])
def test_a_view_of_cases_is_saved_by_keys_and_come_back_to_in_one_press(world: World, visit: Any, width: int) -> None:
    me = visit(world.rep, width=width)
    keys, rows = me.page.keyboard, me.page.locator("#rows tbody tr")
    me.go("/cases/")
    expect(rows).to_have_count(3)
    me.page.evaluate("window.stayed = true")
    me.page.locator("#id_q").press_sequentially("larger")
    expect(rows).to_have_count(1)  # the filter has followed; nobody has pressed Show
    me.page.locator("#view-save").focus()
    keys.press("Enter")
    keys.press("Tab")
    me.fill("#view-name", "Big ones")
    keys.press("Enter")
    saved = me.page.locator("#saved-views").get_by_role("link", name="Big ones")
    expect(saved).to_have_attribute("aria-current", "page")
    expect(me.page.locator("#live")).to_have_text("The view “Big ones” is saved.")
    expect(me.page.locator("#view-save")).to_be_focused()
    expect(me.page.locator("#id_q")).to_have_value("larger")
    expect(rows).to_have_count(1)
    assert me.page.evaluate("window.stayed")
    assert SavedView.objects.get().query == "q=larger"

    me.page.locator("#id_q").fill("")  # the filter that came anew is as alive as the one before
    expect(rows).to_have_count(3)
    expect(saved).not_to_have_attribute("aria-current", "page")
    me.go("/")
    me.go("/cases/")
    me.start_counting()
    me.click("#saved-views a")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Larger boxes")
    assert me.clicks == 1

    me.page.get_by_role("button", name="Remove the view “Big ones”").click()
    expect(me.page.locator("#saved-views a")).to_have_count(0)
    expect(me.page.locator("#view-save")).to_be_focused()
    expect(rows).to_have_count(1)
    assert not SavedView.objects.exists()
    me.page.wait_for_load_state("networkidle")


def test_a_refusal_leaves_what_was_typed(world: World, visit: Any) -> None:
    for number in range(20):
        services.view_save(by=world.rep, page="case_list", name=f"Näkymä {number}", query="quick=mine")
    me = visit(world.rep)
    me.go("/cases/?quick=overdue")
    me.click("#view-save")
    me.page.locator("#view-name").fill("Vielä yksi")
    me.page.keyboard.press("Enter")
    expect(me.page.locator("#problem")).to_contain_text("You have 20 views of this list.")
    expect(me.page.locator("#view-name")).to_have_value("Vielä yksi")
    assert me.page.url.endswith("/cases/?quick=overdue")
    me.page.wait_for_load_state("networkidle")
    me.problems.clear()  # the browser itself reports every 422


def test_it_goes_without_scripts(world: World, visit: Any) -> None:
    me = visit(world.rep, scripts=False)
    me.go("/cases/?q=larger")
    me.click("#view-save")
    me.page.locator("#view-name").fill("Big ones")
    me.page.keyboard.press("Enter")
    expect(me.page.get_by_role("status").filter(has_text="Big ones")).to_be_visible()
    me.go("/cases/")
    me.click("#saved-views a")
    expect(me.page.locator("#rows tbody tr")).to_have_count(1)
    me.click("#saved-views button")
    expect(me.page.locator("#saved-views a")).to_have_count(0)


def test_views_fit_and_are_accessible(world: World, visit: Any) -> None:
    for page in ("case_list", "quote_list", "account_list", "case_report"):
        query = {"case_list": "quick=mine", "case_report": "since=2026-01-01"}.get(page, "q=a")
        for name in ("Pakkausta koskevat vaatimukset, Pirkanmaa", "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk"):
            services.view_save(by=world.rep, page=page, name=name, query=query)
        services.view_save(by=world.rep, page=page, name="Omat", query="")
    me = visit(world.rep, language="fi")
    found = []
    for path in ("/cases/?quick=mine", "/quotes/?q=a", "/accounts/?q=a", "/cases/reports/?since=2026-01-01"):
        me.go(path)
        me.click("#view-save")
        me.page.mouse.move(0, 0)
        me.settled()
        found += me.faults()
    assert found == []
