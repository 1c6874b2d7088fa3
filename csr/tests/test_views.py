"""The pages of cases: what they show, cost and refuse."""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from accounts.tests.factories import AccountFactory, SiteFactory
from catalog.models import Product
from catalog.tests.factories import ProductFactory
from core import events
from csr import services
from csr.choices import CaseStatus
from csr.models import (
    Case,
    CaseProduct,
    CaseTask,
    CaseType,
    CloseReason,
    CsrSettings,
    Department,
    RequirementType,
    TeamRole,
)
from csr.tests.factories import World, answer_all, bring_to, decide, make_case_world, registered
from users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.once("postgresql")]

HTMX = {"HX-Request": "true"}


@pytest.fixture
def world() -> World:
    return make_case_world()


@pytest.fixture
def as_user(client: Client) -> Any:
    def start(user: User) -> Client:
        client.force_login(user)
        return client

    return start


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


# --- The list ---------------------------------------------------------------------------------------------------------
@pytest.mark.req("S3.15")
@pytest.mark.req("S3.24")
def test_the_list_shows_status_owner_and_number_of_products(world: World, as_user: Any) -> None:
    case = bring_to(world, CaseStatus.UNDER_ASSESSMENT)
    page = text_of(as_user(world.rep).get("/cases/"))
    assert case.number in page
    assert "Under Assessment" in page
    assert world.assessor.display_name in page
    assert re.search(r'data-label="# of related products">1<', page)
    assert 'href="/cases/new/csr/"' in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=smaller", True),
        ("q=nothing", False),
        ("status=under_assessment", True),
        ("status=registration", False),
        ("quick=mine", True),
        ("quick=waiting", False),
        ("quick=pending", False),
        ("quick=implemented", False),
        ("quick=overdue", False),
        ("quick=review", False),
        ("quick=unassigned", False),
    ],
)
def test_the_list_is_narrowed_down(world: World, as_user: Any, query: str, found: bool) -> None:
    case = bring_to(world, CaseStatus.UNDER_ASSESSMENT)
    assert (case.number in text_of(as_user(world.rep).get(f"/cases/?{query}"))) is found


def test_a_case_waits_for_its_assessor_and_for_who_owes_a_part(world: World, as_user: Any) -> None:
    case = bring_to(world, CaseStatus.UNDER_ASSESSMENT)
    for user, waits in ((world.assessor, True), (world.quality, True), (world.implementer, False)):
        assert (case.number in text_of(as_user(user).get("/cases/?quick=waiting"))) is waits


# --- Registering ------------------------------------------------------------------------------------------------------
@pytest.mark.req("S3.16")
def test_the_record_types_are_offered(world: World, as_user: Any) -> None:
    assert 'href="/cases/new/csr/"' in text_of(as_user(world.rep).get("/cases/new/"))
    CaseType.objects.update(is_active=False)
    assert as_user(world.rep).get("/cases/new/csr/").url == "/cases/new/"


def given(account: Account, **more: Any) -> dict[str, Any]:
    return {
        "account": account.pk,
        "requirement_type": RequirementType.objects.get(code="packaging").pk,
        "title": "Smaller boxes",
        "description": "Boxes of 6",
        "priority": "2",
        "received_on": "2026-11-01",
        **more,
    }


@pytest.mark.req("S3.17")
@pytest.mark.req("S3.19")
@pytest.mark.req("S3.22")
def test_a_case_is_registered_with_products(world: World, as_user: Any, clock: Any) -> None:
    account, other = world.quotes.account, ProductFactory(sku="VOI-1")
    site = SiteFactory(account=account)
    answer = as_user(world.rep).post("/cases/new/csr/", given(account, product=[world.quotes.product.pk, other.pk], site=site.pk))
    case = Case.objects.get()
    assert answer.url == f"/cases/{case.pk}/"
    assert (case.status, case.site, case.products.count(), case.registered_by) == ("registration", site, 2, world.rep)


def test_a_form_with_mistakes_keeps_what_was_typed(world: World, as_user: Any, clock: Any) -> None:
    data = given(
        world.quotes.account, title="", description="Boxes of 6", needed_by="2026-10-01", product=world.quotes.product.pk
    )
    answer = as_user(world.rep).post("/cases/new/csr/", data)
    page = text_of(answer)
    assert answer.status_code == 422
    assert "Boxes of 6" in page
    assert world.quotes.product.sku in page
    assert 'aria-invalid="true"' in page
    assert as_user(world.rep).post("/cases/new/csr/", data | {"title": "x", "account": ""}).status_code == 422
    refused = as_user(world.rep).post("/cases/new/csr/", data | {"title": "x"})
    assert (refused.status_code, "needed before it was received" in text_of(refused)) == (422, True)
    assert not Case.objects.exists()


def test_an_account_out_of_sight_is_refused(world: World, as_user: Any) -> None:
    foreign = AccountFactory(owner=world.quotes.stranger)
    assert as_user(world.rep).post("/cases/new/csr/", given(foreign)).status_code == 422
    assert foreign.name not in text_of(as_user(world.rep).get(f"/cases/new/account/?account={foreign.pk}"))
    assert not Case.objects.exists()


@pytest.mark.req("S3.21")
@pytest.mark.req("S3.18")
def test_choosing_the_account_fetches_sites_sap_codes_and_classification(world: World, as_user: Any) -> None:
    account = world.quotes.account
    account.sap_codes = "SAP-77"
    account.save()
    site = SiteFactory(account=account, name="Tehdas")
    part = text_of(as_user(world.rep).get(f"/cases/new/account/?account={account.pk}"))
    assert "SAP-77" in part
    assert f'<option value="{site.pk}" selected>' in part
    assert world.quotes.contact.name in part


def test_without_scripts_accounts_and_products_are_searched_for(world: World, as_user: Any) -> None:
    client = as_user(world.rep)
    account, product = world.quotes.account, world.quotes.product
    found = text_of(client.post("/cases/new/csr/", {"account_text": account.name, "title": "Kept", "find": "account"}))
    assert f'type="radio" name="account" value="{account.pk}"' in found
    assert 'value="Kept"' in found
    found = text_of(client.post("/cases/new/csr/", {"account": account.pk, "product_text": "MAITO", "find": "product"}))
    assert f'type="checkbox" name="product" value="{product.pk}"' in found


def test_similar_cases_are_shown_while_typing(world: World, as_user: Any) -> None:
    case = registered(world)
    client = as_user(world.rep)
    assert case.number in text_of(client.get("/cases/new/similar/?title=smaller"))
    assert case.number in text_of(client.get(f"/cases/new/similar/?account={world.quotes.account.pk}"))
    assert case.number not in text_of(client.get("/cases/new/similar/?title=other"))


# --- The page ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("status", CaseStatus)
@pytest.mark.parametrize("language", ["en", "fi"])
def test_the_page_opens_in_every_status_and_language(world: World, as_user: Any, status: CaseStatus, language: str) -> None:
    case = bring_to(world, status)
    for user in (world.rep, world.assessor, world.implementer, world.quality, world.director, world.steward):
        answer = as_user(user).get(f"/cases/{case.pk}/", headers={"Accept-Language": language})
        assert answer.status_code == 200
        assert 'aria-current="step"' in text_of(answer)


def version_of(case: Case, path: str) -> int:
    """Of the task that the form is about, else of the case."""
    task = re.fullmatch(r"tasks/(\d+)/(change/)?", path)
    return CaseTask.objects.get(pk=task[1]).version if task else case.version


def post(client: Client, case: Case, path: str, data: dict[str, Any] | None = None, *, part: bool = False, **more: Any) -> Any:
    """A form of the page, with the version it saw."""
    headers = {"HX-Request": "true", "HX-Target": "case"} if part else {}
    given = {"version": version_of(Case.objects.get(pk=case.pk), path), **(data or {})}
    return client.post(f"/cases/{case.pk}/{path}", given, headers=headers, **more)


class Step(NamedTuple):
    """An act as the page offers it: in which status, by whom, where, with what, and what it brings about."""

    status: CaseStatus
    who: Callable[[World], User]
    path: Callable[[World, Case], str]
    data: Callable[[World, Case], dict[str, Any]]
    result: Callable[[World, Case], Any]


def task_of(case: Case) -> CaseTask:
    return case.tasks.filter(phase=case.phase.value).latest("pk")


REQUIREMENT = {"title": "Other title", "description": "d", "priority": "3", "received_on": "2026-11-01"}
STEPS = {
    "requirement": Step(
        CaseStatus.REGISTRATION, lambda w: w.rep, lambda w, c: "requirement/",
        lambda w, c: {**REQUIREMENT, "requirement_type": c.requirement_type_id}, lambda w, c: c.title == "Other title",
    ),
    "products": Step(
        CaseStatus.REGISTRATION, lambda w: w.rep, lambda w, c: "products/",
        lambda w, c: {"product": [ProductFactory().pk, ProductFactory().pk]}, lambda w, c: c.products.count() == 3,
    ),
    "product": Step(
        CaseStatus.REGISTRATION, lambda w: w.rep, lambda w, c: f"products/{c.products.get().pk}/",
        lambda w, c: {"note": "Only small", "is_excluded": "on", "min_quantity": "1,5", "max_quantity": "3"},
        lambda w, c: (c.products.get().min_quantity, c.products.get().is_excluded) == (Decimal("1.5"), True),
    ),
    "product gone": Step(
        CaseStatus.REGISTRATION, lambda w: w.rep, lambda w, c: f"products/{c.products.get().pk}/remove/",
        lambda w, c: {}, lambda w, c: not c.products.exists(),
    ),
    "account": Step(
        CaseStatus.REGISTRATION, lambda w: w.rep, lambda w, c: "accounts/",
        lambda w, c: {"account": AccountFactory(owner=w.rep).pk}, lambda w, c: c.accounts.count() == 1,
    ),
    "member": Step(
        CaseStatus.REGISTRATION, lambda w: w.rep, lambda w, c: "team/",
        lambda w, c: {"user": w.expert.pk, "role": TeamRole.objects.get(code="expert").pk},
        lambda w, c: c.team.get().user == w.expert,
    ),
    "watch": Step(
        CaseStatus.PENDING_PRE_APPROVAL, lambda w: w.director, lambda w, c: "watch/", lambda w, c: {"on": "1"},
        lambda w, c: c.team.get().role.code == "watcher",
    ),
    "submit": Step(
        CaseStatus.REGISTRATION, lambda w: w.rep, lambda w, c: "submit/", lambda w, c: {"reason": "Needed"},
        lambda w, c: c.status == "pending_pre_approval",
    ),
    "recall": Step(
        CaseStatus.PENDING_PRE_APPROVAL, lambda w: w.rep, lambda w, c: "recall/", lambda w, c: {},
        lambda w, c: c.status == "registration",
    ),
    "comment": Step(
        CaseStatus.APPROVAL_PENDING, lambda w: w.director, lambda w, c: "comments/", lambda w, c: {"comment": "Mind the gap"},
        lambda w, c: events.timeline(c).filter(reason="Mind the gap").exists(),
    ),
    "file": Step(
        CaseStatus.APPROVAL_PENDING, lambda w: w.rep, lambda w, c: "files/",
        lambda w, c: {"file": SimpleUploadedFile("ohje.txt", b"Hei")}, lambda w, c: c.files.get().name == "ohje.txt",
    ),
    "task": Step(
        CaseStatus.UNDER_ASSESSMENT, lambda w: w.assessor, lambda w, c: "tasks/",
        lambda w, c: {"department": Department.objects.get(code="regulatory").pk, "owner": w.expert.pk, "due_on": "2026-12-01"},
        lambda w, c: task_of(c).owner == w.expert,
    ),
    "task handed over": Step(
        CaseStatus.UNDER_ASSESSMENT, lambda w: w.quality, lambda w, c: f"tasks/{task_of(c).pk}/change/",
        lambda w, c: {"owner": w.expert.pk}, lambda w, c: task_of(c).owner == w.expert,
    ),
    "task gone": Step(
        CaseStatus.UNDER_ASSESSMENT, lambda w: w.assessor, lambda w, c: f"tasks/{task_of(c).pk}/remove/",
        lambda w, c: {}, lambda w, c: not c.tasks.exists(),
    ),
    "answer": Step(
        CaseStatus.UNDER_ASSESSMENT, lambda w: w.quality, lambda w, c: f"tasks/{task_of(c).pk}/",
        lambda w, c: {"feasibility": "conditions", "cost": "1 200,50", "lead_time_days": "10", "comment": "From May"},
        lambda w, c: (task_of(c).cost, task_of(c).answered_by) == (Decimal("1200.50"), w.quality),
    ),
    "assign": Step(
        CaseStatus.UNDER_ASSESSMENT, lambda w: w.assessor, lambda w, c: "assign/",
        lambda w, c: {"person": w.expert.pk}, lambda w, c: c.assessor == w.expert,
    ),
    "task done": Step(
        CaseStatus.UNDER_IMPLEMENTATION, lambda w: w.quality, lambda w, c: f"tasks/{task_of(c).pk}/",
        lambda w, c: {"comment": "In place"}, lambda w, c: task_of(c).is_done,
    ),
    "satisfaction": Step(
        CaseStatus.IMPLEMENTED, lambda w: w.rep, lambda w, c: "satisfaction/",
        lambda w, c: {"score": "5", "said_by": "Ostaja", "comment": "Hyvä"}, lambda w, c: c.feedback.get().score == 5,
    ),
    "review": Step(
        CaseStatus.IMPLEMENTED, lambda w: w.rep, lambda w, c: "requirement/",
        lambda w, c: {"review_on": "2027-05-01"}, lambda w, c: c.review_on == dt.date(2027, 5, 1),
    ),
    "close": Step(
        CaseStatus.IMPLEMENTED, lambda w: w.rep, lambda w, c: "close/",
        lambda w, c: {"reason": CloseReason.objects.get(code="no_longer_valid").pk, "comment": "Over"},
        lambda w, c: (c.status, c.close_comment) == ("inactive", "Over"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("part", [False, True])
@pytest.mark.parametrize("name", STEPS)
def test_every_act_of_the_page_does_what_it_says(world: World, as_user: Any, clock: Any, name: str, part: bool) -> None:
    step = STEPS[name]
    case = bring_to(world, step.status)
    client, path = as_user(step.who(world)), step.path(world, case)
    answer = post(client, case, path, step.data(world, case), part=part)
    assert (answer.status_code, answer["Location"]) == (302, f"/cases/{case.pk}/")
    assert step.result(world, Case.objects.get(pk=case.pk))


@pytest.mark.parametrize("part", [False, True])
@pytest.mark.parametrize("name", [name for name in STEPS if name not in ("comment", "file", "watch", "member", "satisfaction")])
def test_a_stale_version_is_refused_and_nothing_changed(world: World, as_user: Any, clock: Any, name: str, part: bool) -> None:
    step = STEPS[name]
    case = bring_to(world, step.status)
    if name == "recall":
        return  # the engine itself asks whether the question is still open
    path = step.path(world, case)
    data = {**step.data(world, case), "version": version_of(case, path) - 1}
    answer = post(as_user(step.who(world)), case, path, data, part=part)
    assert answer.status_code == 409
    assert not step.result(world, Case.objects.get(pk=case.pk))
    assert Case.objects.get(pk=case.pk).version == case.version


def test_a_stale_form_keeps_what_was_typed_and_says_what_is_saved_now(world: World, as_user: Any) -> None:
    case = registered(world)
    services.case_change(case_id=case.pk, by=world.rep, changes={"title": "Theirs"})
    data = {**REQUIREMENT, "requirement_type": case.requirement_type_id, "title": "Mine", "version": case.version}
    page = text_of(post(as_user(world.rep), case, "requirement/", data))
    assert 'value="Mine"' in page
    assert "Now saved: Theirs" in page
    assert "Someone else changed this case meanwhile" in page
    assert post(as_user(world.rep), case, "requirement/", {**data, "version": case.version + 1}).status_code == 302


LOCKED = ["requirement", "products", "product", "product gone", "account", "member", "submit"]


@pytest.mark.req("S3.31")
@pytest.mark.req("S3.32")
@pytest.mark.parametrize("part", [False, True])
@pytest.mark.parametrize("name", LOCKED)
def test_while_somebody_decides_no_form_changes_anything(world: World, as_user: Any, clock: Any, name: str, part: bool) -> None:
    case = bring_to(world, CaseStatus.PENDING_PRE_APPROVAL)
    step = STEPS[name]
    for user in (world.rep, world.steward, world.quality):
        answer = post(as_user(user), case, step.path(world, case), step.data(world, case), part=part)
        assert answer.status_code in (403, 409)
    after = Case.objects.get(pk=case.pk)
    assert (after.version, after.status, after.products.count(), after.team.count()) == (case.version, case.status, 1, 0)


def test_the_locked_page_offers_nothing_but_comments_files_watching_and_recall(world: World, as_user: Any) -> None:
    case = bring_to(world, CaseStatus.PENDING_PRE_APPROVAL)
    page = text_of(as_user(world.rep).get(f"/cases/{case.pk}/"))
    assert "Locked while somebody decides" in page
    assert world.quality.display_name in page
    assert 'id="case-recall"' in page
    for gone in ("requirement-edit", "product-search", "account-add", "team-add", "case-submit"):
        assert f'id="{gone}"' not in page
    assert 'id="case-recall"' not in text_of(as_user(world.director).get(f"/cases/{case.pk}/"))
    decides = text_of(as_user(world.quality).get(f"/cases/{case.pk}/"))
    assert "Review and decide" in decides


@pytest.mark.req("S3.20")
def test_without_a_product_the_page_says_what_is_missing(world: World, as_user: Any) -> None:
    case = registered(world, products=False)
    page = text_of(as_user(world.rep).get(f"/cases/{case.pk}/"))
    assert "Add at least one product before submitting." in page
    assert 'href="#product-search"' in page
    assert f'hx-get="/cases/{case.pk}/submit/"' not in page
    assert post(as_user(world.rep), case, "submit/").status_code == 422


@pytest.mark.req("S3.30")
def test_the_sheet_says_whom_it_asks(world: World, as_user: Any) -> None:
    case = registered(world)
    sheet = text_of(as_user(world.rep).get(f"/cases/{case.pk}/submit/", headers=HTMX))
    assert world.quality.display_name in sheet
    assert "<html" not in sheet
    assert as_user(world.director).get(f"/cases/{case.pk}/submit/").status_code == 403


@pytest.mark.req("S3.39")
def test_the_conclusion_waits_for_all_parts(world: World, as_user: Any) -> None:
    case = bring_to(world, CaseStatus.UNDER_ASSESSMENT)
    client = as_user(world.assessor)
    conclusion = {"feasibility": "feasible", "conclusion": "It can be done"}
    assert 'id="conclusion-write"' not in text_of(client.get(f"/cases/{case.pk}/"))
    assert post(client, case, "conclusion/", conclusion).status_code == 409
    answer_all(case)
    assert 'id="conclusion-write"' in text_of(client.get(f"/cases/{case.pk}/"))
    assert post(client, case, "conclusion/", conclusion).status_code == 302
    assert Case.objects.get(pk=case.pk).conclusion == "It can be done"


@pytest.mark.req("S3.45")
def test_implemented_waits_for_all_tasks(world: World, as_user: Any) -> None:
    case = bring_to(world, CaseStatus.UNDER_IMPLEMENTATION)
    client = as_user(world.implementer)
    assert 'id="case-implement"' not in text_of(client.get(f"/cases/{case.pk}/"))
    assert post(client, case, "implement/").status_code == 409
    answer_all(case)
    assert 'id="case-implement"' in text_of(client.get(f"/cases/{case.pk}/"))
    assert post(client, case, "implement/").status_code == 302
    assert Case.objects.get(pk=case.pk).status == "implemented"


@pytest.mark.req("S3.49")
def test_what_has_ended_stays_readable_and_offers_to_be_cloned(world: World, as_user: Any) -> None:
    case = bring_to(world, CaseStatus.INACTIVE)
    client = as_user(world.rep)
    page = text_of(client.get(f"/cases/{case.pk}/"))
    assert "No longer valid" in page
    assert 'id="case-close"' not in page
    answer = client.post(f"/cases/{case.pk}/clone/")
    clone = Case.objects.latest("pk")
    assert (answer.url, clone.cloned_from, clone.status) == (f"/cases/{clone.pk}/", case, "registration")


@pytest.mark.req("S3.50")
def test_the_help_link_of_the_settings_is_offered(world: World, as_user: Any) -> None:
    case = registered(world)
    assert "intra.example" not in text_of(as_user(world.rep).get(f"/cases/{case.pk}/"))
    CsrSettings.objects.update_or_create(pk=1, defaults={"help_url": "https://intra.example/csr"})
    assert 'href="https://intra.example/csr"' in text_of(as_user(world.rep).get(f"/cases/{case.pk}/"))


@pytest.mark.req("S3.28")
@pytest.mark.req("S3.29")
def test_the_history_says_who_decided_and_what_was_changed(world: World, as_user: Any) -> None:
    case = registered(world)
    client = as_user(world.rep)
    data = {**REQUIREMENT, "requirement_type": case.requirement_type_id}
    post(client, case, "requirement/", data)
    post(client, case, f"products/{case.products.get().pk}/", {"min_quantity": "6"})
    services.case_submit(case_id=case.pk, by=world.rep)
    decide(case, comment="Agreed")
    history = text_of(client.get(f"/cases/{case.pk}/history/", headers=HTMX))
    assert "Agreed" in history
    for text in ("Smaller boxes", "Other title", "At least", world.quality.display_name, "Under Assessment"):
        assert text in history
    assert "<html" in text_of(client.get(f"/cases/{case.pk}/history/"))


@pytest.mark.req("S3.7")
def test_the_page_shows_the_key_dates_and_persons(world: World, as_user: Any) -> None:
    case = bring_to(world, CaseStatus.IMPLEMENTED)
    page = text_of(as_user(world.rep).get(f"/cases/{case.pk}/"))
    strip = page[page.index("Key dates and persons") : page.index("Case team")]
    for text in ("Registration", "Pending Pre-Approval", "Under Implementation", "Implemented", world.assessor.display_name):
        assert text in strip


def test_a_file_leaves_as_one_to_save(world: World, as_user: Any) -> None:
    case = registered(world)
    client = as_user(world.rep)
    post(client, case, "files/", {"file": SimpleUploadedFile("ohje.txt", b"Hei")})
    answer = client.get(f"/cases/{case.pk}/files/{case.files.get().pk}/")
    assert (answer.content, answer["Content-Disposition"]) == (b"Hei", 'attachment; filename="ohje.txt"')
    assert post(client, case, "files/", {"file": SimpleUploadedFile("x.exe", b"MZ")}).status_code == 422
    assert as_user(world.quotes.stranger).get(f"/cases/{case.pk}/files/{case.files.get().pk}/").status_code == 404


@pytest.mark.parametrize(
    "path", ["", "history/", "submit/", "requirement/", "products/", "accounts/", "team/", "close/", "files/"]
)
def test_a_case_out_of_sight_is_not_there(world: World, as_user: Any, path: str) -> None:
    case = registered(world)
    assert as_user(world.quotes.stranger).get(f"/cases/{case.pk}/{path}").status_code == 404


@pytest.mark.parametrize(
    "path",
    ["requirement/", "products/?q=MAITO", "accounts/?q=a", "team/", "close/", "comments/", "files/", "submit/", "history/"],
)
@pytest.mark.parametrize("part", [False, True])
def test_every_form_opens_alone_and_in_the_sheet(world: World, as_user: Any, path: str, part: bool) -> None:
    case = registered(world)
    page = text_of(as_user(world.rep).get(f"/cases/{case.pk}/{path}", headers=HTMX if part else {}))
    if not path.startswith("products/"):
        assert ("<html" in page) is not part


# --- Cost -------------------------------------------------------------------------------------------------------------
MOST_QUERIES = 15


@pytest.mark.parametrize("status", CaseStatus)
@pytest.mark.parametrize("who", ["rep", "assessor", "quality", "steward"])
def test_the_page_costs_at_most_15_queries(
    world: World, as_user: Any, status: CaseStatus, who: str, django_assert_max_num_queries: Any
) -> None:
    case = bring_to(world, status)
    client = as_user(getattr(world, who))
    client.get("/cases/")
    with django_assert_max_num_queries(MOST_QUERIES + 1):  # and the session, which a cache may keep
        client.get(f"/cases/{case.pk}/")


@pytest.mark.req("S3.25")
def test_500_products_and_50_tasks_cost_no_more_queries_than_one(world: World, as_user: Any) -> None:
    case = bring_to(world, CaseStatus.UNDER_ASSESSMENT)
    client = as_user(world.assessor)
    client.get(f"/cases/{case.pk}/")
    with CaptureQueriesContext(connection) as few:
        client.get(f"/cases/{case.pk}/")
    sold = {"unit": world.quotes.product.unit, "vat_rate": world.quotes.product.vat_rate}
    products = Product.objects.bulk_create([Product(sku=f"P-{n}", name=f"P {n}", **sold) for n in range(499)])
    CaseProduct.objects.bulk_create([CaseProduct(case=case, product=product) for product in products])
    department = Department.objects.get(code="regulatory")
    CaseTask.objects.bulk_create(
        [CaseTask(case=case, phase="assessment", department=department, title=f"T {n}", owner=world.expert) for n in range(50)]
    )
    for number in range(20):
        services.comment_add(case_id=case.pk, text=f"No. {number}", by=world.rep)
    with CaptureQueriesContext(connection) as many:
        page = text_of(client.get(f"/cases/{case.pk}/"))
    assert len(many) == len(few)
    assert "Customer request products (500)" in page
    assert "Show all 500 products" in page
    assert text_of(client.get(f"/cases/{case.pk}/?all=1")).count('data-label="Product"') == 500


def test_the_history_costs_the_same_for_many_changes(world: World, as_user: Any) -> None:
    case = registered(world)
    client = as_user(world.rep)
    counts = []
    for rounds in (1, 5):
        for number in range(rounds):
            services.case_change(case_id=case.pk, by=world.rep, changes={"title": f"Title {rounds}.{number}"})
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/cases/{case.pk}/history/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_page_of_an_account_shows_its_cases_and_offers_a_new_one(world: World, as_user: Any) -> None:
    case = registered(world)
    page = text_of(as_user(world.rep).get(f"/accounts/{case.account_id}/"))
    assert case.number in page
    assert f'href="/cases/new/csr/?account={case.account_id}"' in page
    assert world.quotes.account.name in text_of(as_user(world.rep).get(f"/cases/new/csr/?account={case.account_id}"))


@pytest.mark.req("S3.26")
def test_the_list_of_an_account_has_what_applies_to_it_as_well(world: World, as_user: Any) -> None:
    case, other = registered(world), AccountFactory(owner=world.rep)
    services.account_add(case_id=case.pk, account_id=other.pk, by=world.rep)
    client = as_user(world.rep)
    assert case.number in text_of(client.get(f"/cases/?account={other.pk}"))
    assert case.number not in text_of(client.get(f"/cases/?account={AccountFactory(owner=world.rep).pk}"))
    assert client.get("/cases/?account=99999999999999999999").status_code == 200


def test_the_list_as_a_file(world: World, as_user: Any) -> None:
    case = registered(world)
    answer = as_user(world.rep).post("/cases/export/", {"format": "csv"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert text.splitlines()[0].startswith("Number,Title,Account,Type,Status")
    assert case.number in text
