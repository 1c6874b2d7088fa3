"""Cases over HTTP: the same services as the pages, in the shapes of docs/api.md."""

import base64
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import AccountFactory, SiteFactory
from approvals.models import Request
from catalog.tests.factories import ProductFactory
from core.models import Event
from csr import services
from csr.choices import CaseStatus as S
from csr.models import Case, CaseFeedback, CaseFile, CaseMember, CaseProduct, CaseTask
from csr.tests.factories import World, answer_all, bring_to, decide, make_case_world, registered
from users.tests.factories import UserFactory
from users.tests.programs import Program

pytestmark = pytest.mark.once

PDF = b"%PDF-1.7\nspec"


@pytest.fixture
def world(db: None) -> World:
    return make_case_world()


@pytest.fixture
def rep(world: World) -> Program:
    return Program(world.rep)


@pytest.fixture
def assessor(world: World) -> Program:
    return Program(world.assessor)


def new_case(world: World, **more: Any) -> dict[str, Any]:
    return {
        "account": world.quotes.account.pk,
        "requirement_type": "packaging",
        "title": "Smaller boxes",
        "description": "Boxes of 6",
        **more,
    }


def encoded(content: bytes = PDF) -> str:
    return base64.b64encode(content).decode()


# --- Registering and reading ------------------------------------------------------------------------------------------
@pytest.mark.req("S3.4")
def test_a_case_is_registered_with_its_products_and_answers_everything_about_itself(rep: Program, world: World) -> None:
    other = ProductFactory(sku="VOI-1")
    answer = rep.post("csr/", new_case(world, skus=["MAITO-1"], products=[other.pk], priority=4, needed_by="2027-06-01"))
    case, body = Case.objects.get(), answer.json()
    assert (answer.status_code, answer["Location"], answer["ETag"]) == (201, f"http://testserver/api/v1/csr/{case.pk}/", '"1"')
    shown = (
        "number",
        "status",
        "phase",
        "version",
        "title",
        "requirement_type",
        "priority",
        "product_count",
        "needed_by",
        "owner",
    )
    assert {name: body[name] for name in shown} == {
        "number": case.number, "status": "registration", "phase": "registration", "version": 1, "title": "Smaller boxes",
        "requirement_type": "packaging", "priority": 4, "product_count": 2, "needed_by": "2027-06-01", "owner": world.rep.pk,
    }  # fmt: skip
    assert (body["record_type"], body["is_locked"], body["tasks"], body["files"]) == ("csr", False, [], [])
    assert {"title", "description", "site"} <= set(body["open_fields"])
    assert rep.get(f"csr/{case.pk}/").json() == body


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"account": None}, "account"),
        ({"account": 987654}, None),
        ({"status": "implemented"}, "status"),
        ({"number": "CSR-1"}, "number"),
        ({"title": ""}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"description": " "}, "description"),
        ({"requirement_type": "no such"}, "requirement_type"),
        ({"record_type": "no such"}, "record_type"),
        ({"priority": 5}, "priority"),
        ({"priority": True}, "priority"),
        ({"received_on": "2999-01-01"}, "received_on"),
        ({"received_on": None}, "received_on"),
        ({"needed_by": "2020-01-01"}, "needed_by"),
        ({"needed_by": "tomorrow"}, "needed_by"),
        ({"site": 987654}, "site"),
        ({"requested_by": 987654}, "requested_by"),
        ({"skus": ["MAITO-1", "NO-SUCH"]}, "skus.1"),
        ({"products": [987654]}, "products"),
        ({"products": "all"}, "products"),
        ({"is_printed": "maybe"}, "is_printed"),
    ],
)
def test_what_cannot_be_registered_names_the_field(rep: Program, world: World, body: dict[str, Any], field: str | None) -> None:
    answer = rep.post("csr/", new_case(world, **body))
    assert answer.status_code in ((404,) if field is None else (400, 422)), answer.content
    assert field is None or list(answer.json()["fields"]) == [field]
    assert (Case.objects.count(), CaseProduct.objects.count(), Event.objects.filter(verb="registered").count()) == (0, 0, 0)


def test_the_list_is_narrowed_and_ordered_with_a_constant_number_of_queries(rep: Program, world: World) -> None:
    first = registered(world, title="Pallets of wood")
    second = bring_to(world, S.CLOSED_REJECTED)
    ids = lambda query="": [row["id"] for row in rep.get(f"csr/{query}").json()["results"]]  # noqa: E731
    assert ids() == [second.pk, first.pk]
    assert ids("?ordering=id") == [first.pk, second.pk]
    assert ids("?status=closed_rejected") == [second.pk]
    assert ids(f"?account={world.quotes.account.pk}&requirement_type=packaging") == [second.pk, first.pk]
    assert ids("?requirement_type=logistics") == []
    assert ids("?q=wood") == [first.pk]
    assert ids(f"?product={world.quotes.product.pk}&mine=1") == [second.pk, first.pk]
    assert ids(f"?product={ProductFactory(sku='VOI-1').pk}") == []
    page = rep.get("csr/?limit=1").json()
    assert (page["results"][0]["product_count"], page["results"][0]["status"]) == (1, "closed_rejected")
    assert [row["id"] for row in rep.get(page["next"].removeprefix("http://testserver")).json()["results"]] == [first.pk]
    with CaptureQueriesContext(connection) as few:
        rep.get("csr/")
    for number in range(8):
        registered(world, title=f"Case {number}")
    with CaptureQueriesContext(connection) as many:
        rep.get("csr/")
    assert len(many) == len(few)


@pytest.mark.parametrize(
    "query", ["status=nothing", "account=x", "product=x", "colour=red", "ordering=title", "requirement_type="]
)
def test_a_filter_that_makes_no_sense_is_refused(rep: Program, query: str) -> None:
    answer = rep.get(f"csr/?{query}")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [query.partition("=")[0]])


# --- Changing ---------------------------------------------------------------------------------------------------------
def test_a_change_holds_what_was_sent_and_nothing_else(rep: Program, world: World) -> None:
    case = registered(world)
    site = SiteFactory(account=world.quotes.account)
    sent = {"title": "Boxes of 6", "site": site.pk, "requirement_type": "logistics", "is_printed": True}
    answer = rep.patch(f"csr/{case.pk}/", sent, If_Match=f'"{case.version}"')
    assert (answer.status_code, answer["ETag"]) == (200, f'"{case.version + 1}"')
    assert {name: answer.json()[name] for name in sent} == sent
    assert answer.json()["description"] == "Boxes of 6 instead of 12"


def test_each_phase_opens_its_own_fields(rep: Program, assessor: Program, world: World) -> None:
    case = bring_to(world, S.UNDER_ASSESSMENT)
    answer = assessor.patch(f"csr/{case.pk}/", {"title": "Other", "priority": 1})
    assert (answer.status_code, list(answer.json()["fields"])) == (422, ["title"])
    assert assessor.patch(f"csr/{case.pk}/", {"priority": 1}).json()["priority"] == 1
    assert rep.patch(f"csr/{case.pk}/", {"priority": 2}).status_code == 403
    assert Case.objects.get().title == "Smaller boxes"


def test_a_site_of_another_account_is_no_site_to_choose(rep: Program, world: World) -> None:
    case, foreign = registered(world), SiteFactory()
    answer = rep.patch(f"csr/{case.pk}/", {"site": foreign.pk})
    assert (answer.status_code, list(answer.json()["fields"])) == (422, ["site"])
    assert answer.json()["fields"] == rep.patch(f"csr/{case.pk}/", {"site": 987654}).json()["fields"]


# --- Parts ------------------------------------------------------------------------------------------------------------
def test_products_are_added_by_code_and_id_changed_and_removed(rep: Program, world: World) -> None:
    case = registered(world, products=False)
    keys = [ProductFactory(sku=f"P-{number}").pk for number in range(3)]
    answer = rep.post(f"csr/{case.pk}/products/", {"skus": ["P-0", "MAITO-1"], "products": [keys[0], keys[1], keys[2]]})
    assert (answer.status_code, answer.json()["product_count"], answer["ETag"]) == (200, 4, '"2"')
    rows = rep.get(f"csr/{case.pk}/products/").json()["results"]
    assert [row["sku"] for row in rows] == ["P-0", "P-1", "P-2", "MAITO-1"]
    first = f"csr/{case.pk}/products/{rows[0]['id']}/"
    changed = rep.patch(first, {"note": "Only blue", "min_quantity": "6", "multiple_of": "1.5"})
    assert (changed.json()["note"], changed.json()["min_quantity"], changed["ETag"]) == ("Only blue", "6", '"3"')
    assert rep.patch(first, {"min_quantity": None}).json()["min_quantity"] is None
    assert rep.delete(first).json()["product_count"] == 3
    assert rep.delete(first).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"min_quantity": "0"}, "min_quantity"),
        ({"min_quantity": "1.0001"}, "min_quantity"),
        ({"min_quantity": "5", "max_quantity": "4"}, "max_quantity"),
        ({"note": "x" * 301}, "note"),
        ({"product": 1}, "product"),
    ],
)
def test_what_cannot_be_said_of_a_product_names_the_field(rep: Program, world: World, body: dict[str, Any], field: str) -> None:
    case = registered(world)
    answer = rep.patch(f"csr/{case.pk}/products/{case.products.get().pk}/", body)
    assert answer.status_code in (400, 422)
    assert list(answer.json()["fields"]) == [field]
    assert (Case.objects.get().version, CaseProduct.objects.get().note) == (case.version, "")


def test_one_unknown_product_adds_none(rep: Program, world: World) -> None:
    case = registered(world, products=False)
    answer = rep.post(f"csr/{case.pk}/products/", {"skus": ["MAITO-1", "NO-SUCH"]})
    assert (answer.status_code, list(answer.json()["fields"]), CaseProduct.objects.count()) == (422, ["skus.1"], 0)


def test_accounts_and_team_come_and_go(rep: Program, world: World) -> None:
    case = registered(world)
    other = AccountFactory(owner=world.rep)
    added = rep.post(f"csr/{case.pk}/accounts/", {"account": other.pk})
    assert (added.status_code, added.json()["account"], added["ETag"]) == (201, other.pk, '"2"')
    assert [row["id"] for row in rep.get(f"csr/{case.pk}/accounts/").json()["results"]] == [added.json()["id"]]
    assert rep.delete(f"csr/{case.pk}/accounts/{added.json()['id']}/").json()["accounts"] == []
    again = rep.post(f"csr/{case.pk}/accounts/", {"account": case.account_id})
    assert (again.status_code, list(again.json()["fields"])) == (422, ["account"])
    member = rep.post(f"csr/{case.pk}/team/", {"user": world.expert.pk, "role": "expert"})
    assert (member.status_code, member.json()["user"], member.json()["role"]) == (201, world.expert.pk, "expert")
    for body, field in (({"user": 987654, "role": "expert"}, "user"), ({"user": world.expert.pk, "role": "x"}, "role")):
        assert list(rep.post(f"csr/{case.pk}/team/", body).json()["fields"]) == [field]
    assert [row["user"] for row in rep.get(f"csr/{case.pk}/team/").json()["results"]] == [world.expert.pk]
    assert rep.delete(f"csr/{case.pk}/team/{member.json()['id']}/").json()["team"] == []


def test_whoever_sees_a_case_may_watch_it(world: World) -> None:
    case, expert = registered(world), Program(world.expert)
    assert [row["role"] for row in expert.post(f"csr/{case.pk}/watch/", {}).json()["team"]] == ["watcher"]
    assert expert.post(f"csr/{case.pk}/watch/", {"on": False}).json()["team"] == []


def test_tasks_are_asked_for_changed_answered_and_taken_back(assessor: Program, world: World) -> None:
    case = bring_to(world, S.UNDER_ASSESSMENT)
    path = f"csr/{case.pk}/tasks/"
    body = {"department": "regulatory", "title": "Label", "owner": world.expert.pk, "due_on": "2027-01-31"}
    made = assessor.post(path, body)
    assert made.status_code == 201
    assert {name: made.json()[name] for name in body} == body
    task = f"{path}{made.json()['id']}/"
    assert assessor.patch(task, {"owner": world.quality.pk}).json()["owner"] == world.quality.pk
    answer = Program(world.quality).post(
        f"{task}answer/", {"feasibility": "conditions", "cost": "12.5", "lead_time_days": 30, "comment": "New label"}
    )
    assert (answer.status_code, answer.json()["is_done"], answer.json()["cost"]) == (200, True, "12.50")
    assert assessor.delete(task).status_code == 409
    second = assessor.post(path, {"department": "regulatory", "title": "Permit"}).json()
    assert len(assessor.delete(f"{path}{second['id']}/").json()["tasks"]) == 2
    assert [row["title"] for row in assessor.get(path).json()["results"]] == ["", "Label"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "feasibility"),
        ({"feasibility": "perhaps"}, "feasibility"),
        ({"feasibility": "feasible", "cost": "-1"}, "cost"),
        ({"feasibility": "feasible", "cost": "1.005"}, "cost"),
        ({"feasibility": "feasible", "lead_time_days": -1}, "lead_time_days"),
        ({"feasibility": "not_feasible"}, "comment"),
        ({"feasibility": "feasible", "answered_by": 1}, "answered_by"),
    ],
)
def test_an_answer_that_cannot_be_used_names_the_field(assessor: Program, world: World, body: dict[str, Any], field: str) -> None:
    case = bring_to(world, S.UNDER_ASSESSMENT)
    task = CaseTask.objects.get()
    answer = assessor.post(f"csr/{case.pk}/tasks/{task.pk}/answer/", body)
    assert answer.status_code in (400, 422)
    assert list(answer.json()["fields"]) == [field]
    assert not CaseTask.objects.get().is_done


def test_files_are_added_read_and_removed(rep: Program, world: World) -> None:
    case = registered(world)
    added = rep.post(f"csr/{case.pk}/files/", {"name": "spec.pdf", "file": encoded()})
    assert (added.status_code, added.json()["name"], added.json()["size"]) == (201, "spec.pdf", len(PDF))
    path = f"csr/{case.pk}/files/{added.json()['id']}/"
    content = rep.client.get(f"/api/v1/{path}", headers={"Accept": "application/pdf"})
    assert (content.content, content["Content-Type"]) == (PDF, "application/pdf")
    assert content["Content-Disposition"].startswith("attachment")
    assert len(rep.get(f"csr/{case.pk}/files/").json()["results"]) == 1
    assert rep.delete(path).json()["files"] == []
    assert rep.get(path).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "spec.pdf", "file": "%%%"}, "file"),
        ({"name": "spec.exe", "file": encoded(b"MZ")}, "file"),
        ({"name": "spec.pdf", "file": encoded(b"no pdf")}, "file"),
        ({"file": encoded()}, "name"),
    ],
)
def test_a_file_that_is_not_taken_names_the_field(rep: Program, world: World, body: dict[str, Any], field: str) -> None:
    case = registered(world)
    answer = rep.post(f"csr/{case.pk}/files/", body)
    assert answer.status_code in (400, 422)
    assert list(answer.json()["fields"]) == [field]
    assert not CaseFile.objects.exists()


def test_a_file_of_the_largest_size_comes_with_a_key_too(rep: Program, world: World) -> None:
    case = registered(world)
    content = b"%PDF-1.7\n" + b"x" * (10 * 1024 * 1024 - 9)
    answer = rep.post(f"csr/{case.pk}/files/", {"name": "spec.pdf", "file": encoded(content)}, Idempotency_Key="big")
    assert (answer.status_code, CaseFile.objects.get().size) == (201, len(content))
    answer = rep.post(f"csr/{case.pk}/files/", {"name": "more.pdf", "file": encoded(content + b"x")})
    assert (answer.status_code, CaseFile.objects.count()) == (422, 1)


def test_who_would_be_asked_is_told_to_whoever_may_submit(rep: Program, world: World) -> None:
    case = registered(world)
    (step,) = rep.get(f"csr/{case.pk}/approvers/").json()
    assert (step["gate"], step["outcome"], step["needed"], step["step"]) == ("csr_pre", "asked", 1, 1)
    assert {person["id"] for person in step["eligible"]} == {world.quality.pk}
    assert Program(world.director).get(f"csr/{case.pk}/approvers/").json() == []
    answer = rep.post(f"csr/{case.pk}/submit/", {"approvers": {step["key"]: world.quality.pk}})
    assert answer.json()["status"] == "pending_pre_approval"
    assert rep.get(f"csr/{case.pk}/approvers/").json() == []


# --- The life cycle ---------------------------------------------------------------------------------------------------
@pytest.mark.req("S3.1")
def test_a_case_from_registration_to_its_end(rep: Program, assessor: Program, world: World) -> None:
    case = rep.post("csr/", new_case(world, skus=["MAITO-1"])).json()
    path = f"csr/{case['id']}/"
    assert rep.post(f"{path}submit/", {"reason": "Large customer"}).json()["status"] == "pending_pre_approval"
    asked = Program(world.quality).get(f"approvals/?subject=csr:{case['id']}").json()["results"]
    assert [(row["subject"], row["status"]) for row in asked] == [(f"csr:{case['id']}", "pending")]
    assert Program(world.quality).post(f"approvals/{asked[0]['id']}/approve/", {}).status_code == 200
    task = rep.get(path).json()["tasks"][0]
    answer = Program(world.quality).post(f"{path}tasks/{task['id']}/answer/", {"feasibility": "feasible", "comment": "Fine"})
    assert answer.json()["is_done"]
    concluded = assessor.post(f"{path}assess/", {"feasibility": "feasible", "conclusion": "It can be done.", "submit": True})
    assert (concluded.status_code, concluded.json()["status"]) == (200, "approval_pending")
    decide(Case.objects.get())
    answer_all(Case.objects.get())
    implementer = Program(world.implementer)
    live = implementer.post(f"{path}implement/", {"review_on": "2028-01-31"}).json()
    assert (live["status"], live["review_on"]) == ("implemented", "2028-01-31")
    said = rep.post(f"{path}satisfaction/", {"score": 5, "said_by": "Olli Ostaja"})
    assert (said.status_code, said.json()["score"]) == (201, 5)
    assert [row["score"] for row in rep.get(f"{path}satisfaction/").json()["results"]] == [5]
    ended = rep.post(f"{path}close/", {"reason": "no_longer_valid", "comment": "New product"}).json()
    assert (ended["status"], ended["close_reason"], ended["close_comment"]) == ("inactive", "no_longer_valid", "New product")
    assert rep.get(path).json() == ended


def test_assessing_without_submitting_leaves_it_under_assessment(assessor: Program, world: World) -> None:
    case = bring_to(world, S.UNDER_ASSESSMENT)
    body = {"feasibility": "feasible", "conclusion": "It can be done."}
    assert assessor.post(f"csr/{case.pk}/assess/", {**body, "submit": True}).status_code == 409  # a part is open
    answer_all(case)
    assert assessor.post(f"csr/{case.pk}/assess/", body).json()["status"] == "under_assessment"
    assert assessor.post(f"csr/{case.pk}/conclusion/", body | {"feasibility": "conditions"}).json()["feasibility"] == "conditions"
    for wrong, field in (({"feasibility": "x"}, "feasibility"), ({"conclusion": " "}, "conclusion")):
        answer = assessor.post(f"csr/{case.pk}/assess/", body | wrong)
        assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])


def test_a_conclusion_that_cannot_be_submitted_is_not_written_either(assessor: Program, world: World) -> None:
    case = bring_to(world, S.UNDER_ASSESSMENT)
    answer_all(case)
    body = {"feasibility": "feasible", "conclusion": "Yes", "submit": True, "approvers": {"csr_final": 987654}}
    answer = assessor.post(f"csr/{case.pk}/assess/", body)
    assert (answer.status_code, Case.objects.get().conclusion) == (422, "")


def test_a_request_is_taken_back_by_whoever_asked(rep: Program, assessor: Program, world: World) -> None:
    case = bring_to(world, S.PENDING_PRE_APPROVAL)
    assert assessor.post(f"csr/{case.pk}/recall/").status_code == 403
    assert rep.post(f"csr/{case.pk}/recall/").json()["status"] == "registration"


def test_whoever_assesses_hands_it_over(assessor: Program, world: World) -> None:
    case = bring_to(world, S.UNDER_ASSESSMENT)
    assert assessor.post(f"csr/{case.pk}/assign/", {"person": world.expert.pk}).json()["assessor"] == world.expert.pk
    assert assessor.post(f"csr/{case.pk}/assign/", {"person": world.assessor.pk}).status_code == 403


def test_a_clone_is_a_new_case_in_registration(rep: Program, world: World) -> None:
    case = bring_to(world, S.INACTIVE)
    answer = rep.post(f"csr/{case.pk}/clone/")
    body = answer.json()
    assert (answer.status_code, body["status"], body["cloned_from"], body["product_count"]) == (201, "registration", case.pk, 1)
    assert answer["Location"].endswith(f"/csr/{body['id']}/")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("close/", {"reason": "x"}, "reason"),
        ("close/", {}, "reason"),
        ("comments/", {"comment": ""}, "comment"),
        ("submit/", {"approvers": {"csr_pre": "x"}}, "approvers.csr_pre"),
        ("assign/", {"person": 987654}, "person"),
        ("tasks/", {"department": "x"}, "department"),
        ("watch/", {"on": "perhaps"}, "on"),
        ("recall/", {"reason": "x"}, "reason"),
        ("implement/", {"review_on": "x"}, "review_on"),
    ],
)
def test_a_move_with_a_bad_body_names_the_field(rep: Program, world: World, path: str, body: Any, field: str) -> None:
    case = registered(world)
    answer = rep.post(f"csr/{case.pk}/{path}", body)
    assert answer.status_code in (400, 422)
    assert list(answer.json()["fields"]) == [field]
    assert Case.objects.get().version == case.version


@pytest.mark.parametrize(
    ("body", "field"),
    [({"score": 6, "said_by": "O"}, "score"), ({"score": 3}, "said_by"), ({"score": 3, "said_by": ""}, "said_by")],
)
def test_satisfaction_that_makes_no_sense_names_the_field(rep: Program, world: World, body: Any, field: str) -> None:
    case = bring_to(world, S.IMPLEMENTED)
    answer = rep.post(f"csr/{case.pk}/satisfaction/", body)
    assert (answer.status_code, list(answer.json()["fields"]), CaseFeedback.objects.count()) == (400, [field], 0)


# --- Locks ------------------------------------------------------------------------------------------------------------
Body = dict[str, Any]
CHANGES: dict[str, tuple[str, str, Callable[[World], Body | None]]] = {
    "change": ("PATCH", "", lambda world: {"title": "Other"}),
    "products": ("POST", "products/", lambda world: {"skus": ["VOI-1"]}),
    "product": ("PATCH", "products/{product}/", lambda world: {"note": "x"}),
    "no product": ("DELETE", "products/{product}/", lambda world: None),
    "account": ("POST", "accounts/", lambda world: {"account": world.quotes.account.pk}),
    "no account": ("DELETE", "accounts/1/", lambda world: None),
    "member": ("POST", "team/", lambda world: {"user": world.expert.pk, "role": "expert"}),
    "no member": ("DELETE", "team/{member}/", lambda world: None),
    "task": ("POST", "tasks/", lambda world: {"department": "regulatory"}),
    "other task": ("PATCH", "tasks/{task}/", lambda world: {"title": "x"}),
    "no task": ("DELETE", "tasks/{task}/", lambda world: None),
    "answer": ("POST", "tasks/{task}/answer/", lambda world: {"feasibility": "not_feasible", "comment": "No"}),
    "no file": ("DELETE", "files/{file}/", lambda world: None),
    "conclusion": ("POST", "conclusion/", lambda world: {"feasibility": "feasible", "conclusion": "Other"}),
    "assess": ("POST", "assess/", lambda world: {"feasibility": "feasible", "conclusion": "Other", "submit": True}),
    "submit": ("POST", "submit/", lambda world: {}),
    "implement": ("POST", "implement/", lambda world: {}),
    "assign": ("POST", "assign/", lambda world: {"person": world.expert.pk}),
    "satisfaction": ("POST", "satisfaction/", lambda world: {"score": 1, "said_by": "Olli"}),
}  # fmt: skip


def rows_of(case: Case) -> list[Any]:
    parts = (case.products, case.accounts, case.team, case.tasks, case.files, case.feedback)
    return [Case.objects.filter(pk=case.pk).values().get(), *(list(part.order_by("pk").values()) for part in parts)]


@pytest.mark.req("S3.1")
@pytest.mark.parametrize("who", ["rep", "assessor", "steward"])
@pytest.mark.parametrize("status", [S.PENDING_PRE_APPROVAL, S.APPROVAL_PENDING, S.INACTIVE])
def test_nothing_of_a_case_changes_while_somebody_decides_or_once_it_has_ended(world: World, status: S, who: str) -> None:
    ProductFactory(sku="VOI-1")
    case = bring_to(world, status)
    member = CaseMember.objects.create(case=case, user=world.quality, role_id=1)
    file = CaseFile.objects.create(
        case=case,
        file="x",
        name="x.pdf",
        content_type="application/pdf",
        size=1,
        content_hash="x",
        by=world.rep,
        at=case.created_at,
    )
    task = CaseTask.objects.filter(case=case).first()
    places = {"product": case.products.get().pk, "member": member.pk, "file": file.pk, "task": task.pk if task else 1}
    before, program = rows_of(case), Program(getattr(world, who))
    for name, (method, path, body) in CHANGES.items():
        answer = program.call(method, f"csr/{case.pk}/{path.format(**places)}", body(world))
        if name == "no file" and status == S.INACTIVE and who != "assessor" and answer.status_code == 200:
            before = rows_of(case)  # whoever added it may remove it
            continue
        assert answer.status_code in (403, 409), (name, answer.content)
        assert (name, rows_of(case)) == (name, before)


@pytest.mark.parametrize("status", [S.PENDING_PRE_APPROVAL, S.APPROVAL_PENDING])
def test_comments_files_and_watching_stay_possible_while_somebody_decides(world: World, rep: Program, status: S) -> None:
    case = bring_to(world, status)
    assert rep.post(f"csr/{case.pk}/comments/", {"comment": "Please hurry"}).status_code == 201
    assert rep.post(f"csr/{case.pk}/files/", {"name": "spec.pdf", "file": encoded()}).status_code == 201
    assert rep.post(f"csr/{case.pk}/watch/", {}).status_code == 200
    assert [row["comment"] for row in rep.get(f"csr/{case.pk}/comments/").json()["results"]] == ["Please hurry"]
    assert (Case.objects.get().version, Case.objects.get().status) == (case.version, status)


STATES = {
    **dict.fromkeys(("change", "products", "product", "account", "submit", "close"), S.REGISTRATION),
    **dict.fromkeys(("task", "answer", "conclusion", "assess", "assign"), S.UNDER_ASSESSMENT),
    "implement": S.UNDER_IMPLEMENTATION,
}


@pytest.mark.parametrize("name", STATES)
def test_a_stale_version_is_refused_and_the_present_one_is_not(world: World, name: str) -> None:
    ProductFactory(sku="VOI-1")
    case = bring_to(world, STATES[name])
    if name not in ("task", "answer"):
        answer_all(case)
        case.refresh_from_db()
    method, path, body = CHANGES.get(name, ("POST", "close/", lambda world: {"reason": "withdrawn"}))
    sent = {"account": AccountFactory(owner=world.rep).pk} if name == "account" else body(world)
    task = CaseTask.objects.filter(case=case).order_by("-pk").first()
    address = f"csr/{case.pk}/" + path.format(product=case.products.get().pk, task=task.pk if task else 1)
    program = Program(case.owner or world.steward)
    before = rows_of(case)
    version = task.version if name == "answer" and task else case.version
    stale = program.call(method, address, sent, If_Match=f'"{version + 1}"')
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_version")
    assert rows_of(case) == before
    assert program.call(method, address, sent, If_Match=f'"{version}"').status_code in (200, 201)


# --- Who sees it ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", CHANGES)
def test_a_case_out_of_sight_is_not_there(world: World, name: str) -> None:
    case = registered(world)
    stranger = Program(UserFactory(roles=["sales_rep"]))
    method, path, body = CHANGES[name]
    address = path.format(product=1, member=1, task=1, file=1)
    for sent in (body(world), {"nonsense": 1} if body(world) is not None else None):
        hidden = stranger.call(method, f"csr/{case.pk}/{address}", sent)
        missing = stranger.call(method, f"csr/987654/{address}", sent)
        assert (hidden.status_code, hidden.json()["detail"]) == (404, missing.json()["detail"])
    assert stranger.get("csr/").json()["results"] == []
    for part in ("", "products/", "accounts/", "team/", "tasks/", "comments/", "files/", "satisfaction/", "approvers/"):
        assert stranger.get(f"csr/{case.pk}/{part}").status_code == 404


def test_parts_of_another_case_are_not_there(rep: Program, world: World) -> None:
    case, other = registered(world), registered(world, title="Other")
    assert rep.patch(f"csr/{case.pk}/products/{other.products.get().pk}/", {"note": "x"}).status_code == 404
    kept = services.file_add(case_id=other.pk, by=world.rep, file=io.BytesIO(PDF), name="a.pdf", size=len(PDF))
    assert rep.get(f"csr/{case.pk}/files/{kept.pk}/").status_code == 404
    assert rep.delete(f"csr/{case.pk}/files/{kept.pk}/").status_code == 404


def test_whoever_may_not_register_gets_no_case(world: World) -> None:
    answer = Program(world.quality).post("csr/", new_case(world))
    assert (answer.status_code, Case.objects.count()) == (403, 0)


def test_the_same_request_twice_registers_one_case(rep: Program, world: World) -> None:
    answers = [rep.post("csr/", new_case(world, skus=["MAITO-1"]), Idempotency_Key="once") for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert (answers[1]["Idempotent-Replayed"], answers[1]["ETag"], Case.objects.count()) == ("true", '"1"', 1)


def test_the_same_submit_twice_asks_once(rep: Program, world: World) -> None:
    case = registered(world)
    for _ in range(2):
        assert rep.post(f"csr/{case.pk}/submit/", {}, Idempotency_Key="submit").status_code == 200
    assert Request.objects.filter(run__subject_type="csr", run__subject_id=case.pk).count() == 1
