"""A run in the browser: it is watched until it is over, and rows that it left out are dealt with in few clicks."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from core import clock
from core.models import JobRun
from integration.services import runs
from integration.tests.engine import Engine
from integration.tests.factories import ProposedChangeFactory, QuarantinedRowFactory, RunFactory, RunningFactory, guarded_run
from quotes.tests.factories import World
from users.models import User
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.e2e, pytest.mark.once, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def steward(world: World) -> User:
    return UserFactory(username="hoitaja", roles=["data_steward"])


@pytest.mark.parametrize("width", [360, 1280])
def test_a_run_is_watched_until_it_is_over(steward: User, visit: Any, width: int) -> None:
    counts = {"attempts": 1, "rows_done": 20, "rows_total": 100, "phase_since": clock.now().isoformat()}
    run = RunningFactory(phase="validate", counts=counts)
    me = visit(steward, width=width)
    me.go(f"/sync/{run.pk}/")
    me.page.evaluate("window.stayed = true")
    expect(me.page).to_have_title(re.compile(r"^34 % · "))
    JobRun.objects.filter(pk=run.pk).update(phase="aggregate", counts={**counts, "rows_done": 50})
    expect(me.page).to_have_title(re.compile(r"^57 % · "), timeout=10_000)
    expect(me.page.locator("#live")).to_have_text("Working out the parents")
    JobRun.objects.filter(pk=run.pk).update(status=JobRun.Status.APPLIED, phase="", lease_until=None)
    expect(me.page.locator("#live")).to_have_text(f"Customer master {run.pk}: Applied", timeout=10_000)
    expect(me.page).to_have_title(f"Customer master {run.pk} · CRM")
    expect(me.page.locator("#progress")).to_have_count(0)
    with pytest.raises(Exception, match="Timeout"), me.page.expect_request("**/sync/**", timeout=3_000):
        pass
    assert me.page.evaluate("window.stayed")


def test_a_reason_is_two_clicks_away_and_all_rows_are_tried_again_with_one(
    steward: User, visit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine()
    monkeypatch.setattr(runs, "engine", lambda: engine)
    run = RunFactory(counts={"header": ["id", "revenue"], "rows_quarantined": 2})
    for number in (2, 3):
        QuarantinedRowFactory(run=run, row_number=number, key=str(number), raw={"id": str(number), "revenue": "x"})
    me = visit(steward)
    me.go("/sync/")
    me.start_counting()
    me.click(f"a[href='/sync/{run.pk}/quarantine/']")
    expect(me.page.get_by_text("is not a number.").first).to_be_visible()
    assert me.clicks <= 2
    me.start_counting()
    me.click("text=Fix here")
    me.page.locator("[name=cell_1]").fill("5")
    me.click("[data-primary]")
    expect(me.page.get_by_role("status").filter(has_text="Row 2 has been applied")).to_be_visible()
    assert me.clicks == 2
    me.start_counting()
    me.click("button[value=retry_all]")
    expect(me.page.get_by_text("Every row has been dealt with")).to_be_visible()
    assert me.clicks == 1
    assert list(run.quarantine.values_list("handling", flat=True)) == ["fixed", "settled"]


def test_ticked_rows_are_counted_in_the_buttons(steward: User, visit: Any) -> None:
    run = RunFactory(counts={"rows_quarantined": 3})
    QuarantinedRowFactory.create_batch(3, run=run)
    me = visit(steward)
    me.go(f"/sync/{run.pk}/quarantine/")
    ignore = me.page.locator("button[value=ignore]")
    expect(ignore).to_have_text("Ignore the ticked ones")
    me.page.locator("[data-choose-all]").check()
    expect(ignore).to_have_text("Ignore the ticked ones (3)")
    me.page.locator("[name=row]").first.uncheck()
    expect(ignore).to_have_text("Ignore the ticked ones (2)")
    ignore.click()
    expect(me.page.get_by_role("status").filter(has_text="2 rows are ignored.")).to_be_visible()
    expect(ignore).to_have_text("Ignore the ticked ones")


@pytest.mark.once
def test_the_pages_keep_the_rules_of_accessibility_and_fit_a_phone(steward: User, visit: Any) -> None:
    row, stopped, running = QuarantinedRowFactory(run=RunFactory(counts={"rows_quarantined": 1})), guarded_run(), RunningFactory()
    ProposedChangeFactory(run=stopped)
    paths = ["/sync/", "/sync/upload/", f"/sync/{running.pk}/", f"/sync/{stopped.pk}/", f"/sync/{row.run_id}/quarantine/"]
    paths += [f"/sync/{row.run_id}/log/", f"/sync/rows/{row.pk}/fix/", f"/sync/rows/{row.pk}/map/?q=oy"]
    me = visit(steward)
    for path in paths:
        me.go(path)
        assert me.faults() == []
