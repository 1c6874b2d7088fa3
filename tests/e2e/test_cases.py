"""Customer-specific requirements in a browser: the six steps by five people, the steps counted, in both languages."""

from typing import Any

import pytest
from playwright.sync_api import expect

from accounts.tests.factories import AccountFactory, SiteFactory
from approvals.models import Request
from catalog.tests.factories import ProductFactory
from csr import services
from csr.choices import CaseStatus
from csr.models import Case
from csr.tests.factories import World, bring_to, make_case_world, registered
from users.models import User

pytestmark = [pytest.mark.e2e, pytest.mark.once("postgresql"), pytest.mark.django_db(transaction=True)]

STATES = {
    "en": ["Registration", "Pending Pre-Approval", "Under Assessment", "Approval Pending", "Under Implementation", "Implemented"],
    "fi": [
        "Rekisteröinti", "Odottaa esihyväksyntää", "Arvioitavana", "Odottaa hyväksyntää", "Toteutettavana", "Toteutettu",
    ],
}  # fmt: skip


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_case_world()


def stands(me: Any, status: str) -> None:
    expect(me.page.locator("[aria-current=step]")).to_have_text(status)


def approves(visit: Any, case: Case, language: str) -> None:
    """Whoever is asked, from the page of the case."""
    request = Request.objects.get(run__subject_type="csr", run__subject_id=case.pk, status="pending")
    me = visit(request.approver, language=language)
    me.go(f"/cases/{case.pk}/")
    me.start_counting()
    me.click("#case-actions .btn-primary")
    me.click("button[value=approve]")
    expect(me.page.locator("button[value=approve]")).to_have_count(0)
    assert me.clicks == 2


def answers(visit: Any, user: User, case: Case, language: str, *, feasible: bool) -> None:
    """The part that this person owes."""
    task = case.tasks.get(owner=user, answered_at=None)
    me = visit(user, language=language)
    me.go(f"/cases/{case.pk}/")
    me.click(f"#task-{task.pk}-answer")
    if feasible:
        me.page.locator("#id_feasibility").select_option("feasible")
    me.page.locator("#case-sheet [name=comment]").fill("Fine")
    me.click("#case-sheet .btn-primary")
    expect(me.page.locator(f"#task-{task.pk}")).to_contain_text("Fine")


@pytest.mark.req("S3.1", "S3.2", "S3.4", "S3.9", "S3.14", "S3.38", "S3.44", "S3.46", "S3.47")
@pytest.mark.parametrize("language", ["en", "fi"])
def test_six_steps_by_five_people_within_their_budgets(world: World, visit: Any, language: str) -> None:
    states = STATES[language]
    rep = visit(world.rep, language=language)
    rep.go("/cases/")
    rep.start_counting()
    rep.click(".page-actions .btn-primary")
    rep.fill("#account-search", "ämpäri")
    rep.page.keyboard.press("Enter")
    expect(rep.page.locator("#id_site")).to_be_visible()
    rep.page.locator("#id_requirement_type").select_option(index=1)
    rep.page.locator("#id_title").fill("Smaller boxes")
    rep.page.locator("#id_description").fill("6 instead of 12")
    rep.page.locator("#product-search").focus()
    rep.page.keyboard.type("maito")
    rep.page.keyboard.press("Enter")
    expect(rep.page.locator("#product-chips input")).to_have_count(1)
    rep.click("#case-register")
    stands(rep, states[0])
    assert rep.clicks == 2
    case = Case.objects.get()

    rep.start_counting()
    rep.click("#case-submit-button")
    stands(rep, states[1])
    assert rep.clicks == 1
    expect(rep.page.locator("#case-lock")).to_be_visible()

    approves(visit, case, language)
    answers(visit, world.quality, case, language, feasible=True)
    assessor = visit(world.assessor, language=language)
    assessor.go(f"/cases/{case.pk}/")
    stands(assessor, states[2])
    assessor.click("#conclusion-write")
    assessor.page.locator("#case-sheet [name=feasibility]").select_option("feasible")
    assessor.page.locator("#case-sheet [name=conclusion]").fill("It can be done.")
    assessor.click("#case-sheet .btn-primary")
    assessor.start_counting()
    assessor.click("#case-submit-button")
    stands(assessor, states[3])
    assert (assessor.clicks, assessor.loads) == (1, 0)

    approves(visit, case, language)
    answers(visit, world.quality, case, language, feasible=False)
    implementer = visit(world.implementer, language=language)
    implementer.go(f"/cases/{case.pk}/")
    stands(implementer, states[4])
    implementer.start_counting()
    implementer.click("#case-implement")
    stands(implementer, states[5])
    assert implementer.clicks == 1

    rep.go(f"/cases/{case.pk}/")
    rep.click("#feedback-add")
    rep.page.locator("#case-sheet [name=score]").select_option("5")
    rep.page.locator("#case-sheet [name=said_by]").fill("Ostaja")
    rep.click("#case-sheet .btn-primary")
    expect(rep.page.locator("#satisfaction")).to_contain_text("Ostaja")
    rep.click("#case-close")
    rep.page.locator("#case-sheet [name=reason]").select_option(index=1)
    rep.click("#case-sheet .btn-danger")
    expect(rep.page.locator("#case-close")).to_have_count(0)
    assert Case.objects.get().status == CaseStatus.INACTIVE


@pytest.mark.req("S3.22", "S3.23", "S3.24")
def test_five_products_take_1_click_and_5_fields_and_a_half_written_comment_stays(world: World, visit: Any) -> None:
    for number in range(5):
        ProductFactory(sku=f"VOI-{number}")
    case = registered(world, products=False)
    me = visit(world.rep)
    me.go(f"/cases/{case.pk}/")
    me.page.locator("#id_comment_inline").fill("Half a sen")
    me.start_counting()
    me.click("#case-blocker a")
    for number in range(5):
        me.fill("#product-search", f"VOI-{number}")
        me.page.keyboard.press("Enter")
        expect(me.page.locator("#products-title")).to_contain_text(f"({number + 1})")
        expect(me.page.locator("#product-search")).to_have_value("")
    assert (me.clicks, me.fields, me.loads, case.products.count()) == (1, 5, 0, 5)
    expect(me.page.locator("#id_comment_inline")).to_have_value("Half a sen")
    expect(me.page.locator("#case-blocker")).to_have_count(0)
    expect(me.page.locator("#case-submit-button")).to_be_visible()
    me.click("#comment-add")
    expect(me.page.locator("#timeline blockquote")).to_have_text("Half a sen")
    expect(me.page.locator("#id_comment_inline")).to_have_value("")
    me.click("#products [id$=-remove]")
    expect(me.page.locator("#products-title")).to_contain_text("(4)")
    expect(me.page.locator("#products-title")).to_be_focused()


def test_a_form_of_the_sheet_says_what_is_wrong_and_gives_the_focus_back(world: World, visit: Any) -> None:
    case = registered(world)
    me = visit(world.rep)
    me.go(f"/cases/{case.pk}/")
    me.click("#requirement-edit")
    me.page.locator("#case-sheet [name=title]").fill("")
    me.page.locator("#case-sheet [name=description]").fill("Kept")
    me.click("#case-sheet .btn-primary")
    expect(me.page.locator("#case-sheet [name=title][aria-invalid=true]")).to_be_focused()
    expect(me.page.locator("#case-sheet [name=description]")).to_have_value("Kept")
    me.problems.clear()  # the browser itself reports every 422
    services.case_change(case_id=case.pk, by=world.rep, changes={"priority": 4})
    me.page.locator("#case-sheet [name=title]").fill("Mine")
    me.click("#case-sheet .btn-primary")
    expect(me.page.locator("#case-sheet .alert")).to_contain_text("Someone else changed this case meanwhile")
    expect(me.page.locator("#case-sheet")).to_contain_text("Now saved: Urgent")
    me.problems.clear()
    me.click("#case-sheet .btn-primary")
    expect(me.page.locator("#requirement")).to_contain_text("Kept")
    expect(me.page.locator("#requirement-edit")).to_be_focused()
    me.page.keyboard.press("Enter")
    expect(me.page.locator("#case-sheet-dialog")).to_be_visible()
    me.page.keyboard.press("Escape")
    expect(me.page.locator("#requirement-edit")).to_be_focused()


def test_an_account_and_a_site_are_added_in_the_sheet(world: World, visit: Any) -> None:
    other = AccountFactory(owner=world.rep, name="Toinen Oy")
    site = SiteFactory(account=other, name="Varasto")
    case = registered(world)
    me = visit(world.rep)
    me.go(f"/cases/{case.pk}/")
    me.click("#account-add")
    me.fill("#extra-search", "toinen")
    me.page.keyboard.press("Enter")
    me.page.locator("#case-sheet [name=site]").select_option(str(site.pk))
    me.click("#case-sheet .btn-primary")
    expect(me.page.locator("#accounts")).to_contain_text("Varasto")
    expect(me.page.locator("#account-add")).to_be_focused()


def test_without_scripts_a_case_is_registered_filled_and_submitted(world: World, visit: Any) -> None:
    me = visit(world.rep, scripts=False)
    me.go("/cases/new/csr/")
    me.page.locator("#account-search").fill("ämpäri")
    me.click("button[value=account]")
    me.page.locator("input[type=radio]").first.check()
    me.page.locator("#product-search").fill("maito")
    me.click("button[value=product]")
    me.page.locator("#product-chips input").first.check()
    me.page.locator("#id_requirement_type").select_option(index=1)
    me.page.locator("#id_title").fill("Smaller boxes")
    me.page.locator("#id_description").fill("6 instead of 12")
    me.click("#case-register")
    case = Case.objects.get()
    assert case.products.count() == 1
    me.click("#requirement-edit")
    me.page.locator("[name=title]").fill("Other boxes")
    me.click("#case-act .btn-primary")
    expect(me.page.locator("h1")).to_contain_text("Other boxes")
    me.page.locator("#id_comment_inline").fill("Hei")
    me.click("#comment-add")
    expect(me.page.locator("#timeline")).to_contain_text("Hei")
    me.click("#case-submit a")
    me.click("#case-submit-button")
    stands(me, "Pending Pre-Approval")
    me.click("#case-recall")
    stands(me, "Registration")


def test_c_begins_a_case(world: World, visit: Any) -> None:
    me = visit(world.rep)
    me.go("/")
    me.page.keyboard.press("c")
    expect(me.page.locator("#account-search")).to_be_focused()


def test_the_pages_fit_and_are_accessible(world: World, visit: Any) -> None:
    cases = {status: bring_to(world, status) for status in CaseStatus}
    found: list[str] = []

    def look(me: Any, what: str) -> None:
        me.page.evaluate("scrollTo(0, document.body.scrollHeight)")
        me.page.wait_for_load_state("networkidle")
        found.extend(f"{what}: {fault}" for fault in me.faults())

    rep = visit(world.rep)
    first = cases[CaseStatus.REGISTRATION]
    for path in ("", "new/", f"new/csr/?account={first.account_id}", f"{first.pk}/", f"{first.pk}/history/"):
        rep.go(f"/cases/{path}")
        look(rep, path)
    rep.go(f"/cases/{first.pk}/")
    rep.click("#requirement-edit")
    expect(rep.page.locator("#case-sheet-dialog")).to_be_visible()
    look(rep, "the sheet")
    steward = visit(world.steward, language="fi")
    for status, case in cases.items():
        steward.go(f"/cases/{case.pk}/")
        look(steward, status)
    assert found == []
