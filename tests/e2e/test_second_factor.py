"""The second step in a browser: set up when it is required, asked for at the next log-in; readable for everybody."""

from typing import Any

import pytest
from playwright.sync_api import expect

from users.tests.codes import code, recovery_codes
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.e2e, pytest.mark.once, pytest.mark.django_db(transaction=True)]


def give_password(me: Any, username: str) -> None:
    me.go("/login/")
    me.page.locator("[autocomplete=username]").fill(username)
    me.page.locator("[autocomplete=current-password]").fill("demo")
    me.page.keyboard.press("Enter")


def test_a_steward_sets_it_up_and_logs_in_with_it(visit: Any, settings: Any) -> None:
    settings.MFA_REQUIRED = True
    user = UserFactory(username="stiina", roles=["data_steward"])
    me = visit(None)
    found = []
    give_password(me, "stiina")
    expect(me.page.get_by_role("heading", level=1)).to_have_text("Set up two-step log-in")
    found += me.faults()
    secret = me.page.locator("#second-step-key").inner_text().replace(" ", "")
    me.page.locator("[autocomplete=one-time-code]").fill(code(secret))
    me.page.keyboard.press("Enter")
    expect(me.page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    found += me.faults()
    assert me.page.locator("main code").all_inner_texts() == recovery_codes(user)
    me.click("[data-primary]")
    me.go("/admin/")
    expect(me.page.locator("#content h1")).to_have_text("Look-ups and users")
    me.go("/profile/")
    found += me.faults()

    again = visit(None)
    give_password(again, "stiina")
    expect(again.page.get_by_role("heading", level=1)).to_have_text("Second step")
    found += again.faults()
    expect(again.page.locator("[autocomplete=one-time-code]")).to_be_focused()
    again.page.keyboard.type(recovery_codes(user)[0])
    again.page.keyboard.press("Enter")
    expect(again.page.get_by_role("heading", level=1)).to_contain_text("Home")
    again.go("/login/reauthenticate/code/")
    found += again.faults()
    again.go("/login/reauthenticate/")
    found += again.faults()
    assert found == []
