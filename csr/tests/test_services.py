"""The life of a case, from registration to the day it no longer holds."""

from typing import Any

import pytest

from accounts.models import AccountStatus
from accounts.tests.factories import AccountFactory, SiteFactory
from approvals.choices import Verdict
from approvals.models import Request
from core.errors import DomainError, Invalid, NotAllowed, WrongState
from csr import services
from csr.choices import CaseStatus
from csr.models import Case, CaseAccount, RequirementType
from csr.tests.factories import World, bring_to, decide, make_case_world, reason, registered

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_case_world()


@pytest.mark.req("S3.6")
@pytest.mark.parametrize("status", CaseStatus)
def test_every_status_is_reached_by_the_people_who_do_it(world: World, status: CaseStatus) -> None:
    case = Case.objects.get(pk=bring_to(world, status).pk)
    assert case.status == status
    spell = case.spells.get(ended_at=None)
    assert (spell.status, spell.began_at, spell.owner_id) == (status, case.status_since, case.owner_id)


def test_nothing_is_submitted_without_a_product(world: World) -> None:
    case = registered(world, products=False)
    with pytest.raises(Invalid, match="at least one product"):
        services.case_submit(case_id=case.pk, by=world.rep)
    assert Case.objects.get(pk=case.pk).status == CaseStatus.REGISTRATION


def test_the_phases_go_to_those_whom_the_rule_names(world: World) -> None:
    case = bring_to(world, CaseStatus.UNDER_IMPLEMENTATION)
    assert (case.assessor, case.implementer) == (world.assessor, world.implementer)
    assert {(task.phase, task.department.code, task.owner) for task in case.tasks.all()} == {
        ("assessment", "quality", world.quality),
        ("implementation", "quality", world.quality),
    }


def test_without_a_rule_the_stewards_deal_with_it(world: World) -> None:
    world.rule.delete()
    case = bring_to(world, CaseStatus.PENDING_PRE_APPROVAL)
    case = decide(case)
    assert (case.status, case.assessor) == (CaseStatus.UNDER_ASSESSMENT, None)
    assert (
        services.conclusion_write(case_id=case.pk, by=world.steward, feasibility="feasible", conclusion="Yes").conclusion == "Yes"
    )


def test_a_rejected_pre_approval_goes_back_or_closes(world: World) -> None:
    case = decide(bring_to(world, CaseStatus.PENDING_PRE_APPROVAL), Verdict.REJECT, "Why?")
    assert case.status == CaseStatus.REGISTRATION
    world.rule.rejection_closes = True
    world.rule.save()
    case = decide(bring_to(world, CaseStatus.PENDING_PRE_APPROVAL), Verdict.REJECT, "No")
    assert (case.status, case.close_comment) == (CaseStatus.CLOSED_REJECTED, "No")


def test_closing_takes_an_open_question_back(world: World) -> None:
    case = bring_to(world, CaseStatus.APPROVAL_PENDING)
    services.case_close(case_id=case.pk, by=world.assessor, reason=reason(), comment="Gone")
    request = Request.objects.filter(run__subject_type="csr", run__subject_id=case.pk).latest("pk")
    assert (request.status, request.run.status) == ("cancelled", "recalled")


def test_a_recall_opens_the_case_again(world: World) -> None:
    case = bring_to(world, CaseStatus.PENDING_PRE_APPROVAL)
    with pytest.raises(NotAllowed):
        services.case_recall(case_id=case.pk, by=world.steward)
    assert services.case_recall(case_id=case.pk, by=world.rep).status == CaseStatus.REGISTRATION


def test_satisfaction_waits_for_the_implementation(world: World) -> None:
    case = bring_to(world, CaseStatus.UNDER_IMPLEMENTATION)
    with pytest.raises(WrongState):
        services.feedback_add(case_id=case.pk, by=world.rep, score=5, said_by="Ostaja")
    case = bring_to(world, CaseStatus.IMPLEMENTED)
    assert services.feedback_add(case_id=case.pk, by=world.rep, score=5, said_by="Ostaja").score == 5


CHANGES: dict[str, Any] = {
    "head": lambda case, by: services.case_change(case_id=case.pk, by=by, changes={"title": "Other"}),
    "product": lambda case, by: services.products_add(case_id=case.pk, product_ids=[case.products.get().product_id], by=by),
    "product gone": lambda case, by: services.product_remove(case_id=case.pk, row_id=case.products.get().pk, by=by),
    "close date": lambda case, by: services.case_change(case_id=case.pk, by=by, changes={"review_on": None}),
    "submit": lambda case, by: services.case_submit(case_id=case.pk, by=by),
    "conclusion": lambda case, by: services.conclusion_write(case_id=case.pk, by=by, feasibility="feasible", conclusion="x"),
    "implement": lambda case, by: services.case_implement(case_id=case.pk, by=by),
    "assign": lambda case, by: services.case_assign(case_id=case.pk, by=by, person=by),
}


@pytest.mark.parametrize("status", [CaseStatus.PENDING_PRE_APPROVAL, CaseStatus.APPROVAL_PENDING])
@pytest.mark.parametrize("what", CHANGES)
def test_while_somebody_decides_nothing_changes_for_anybody(world: World, status: CaseStatus, what: str) -> None:
    case = bring_to(world, status)
    for person in (world.rep, world.steward, world.assessor, world.quotes.manager):
        with pytest.raises(DomainError):
            CHANGES[what](case, person)
    assert Case.objects.get(pk=case.pk).version == case.version
    services.comment_add(case_id=case.pk, text="Still possible", by=world.rep)


@pytest.mark.req("S3.39")
def test_the_conclusion_waits_for_all_parts_and_has_no_other_door(world: World) -> None:
    case = bring_to(world, CaseStatus.UNDER_ASSESSMENT)
    with pytest.raises(WrongState, match="1 part is not answered yet"):
        services.conclusion_write(case_id=case.pk, by=world.assessor, feasibility="feasible", conclusion="Yes")
    for name in ("conclusion", "feasibility"):
        with pytest.raises(Invalid):
            services.case_change(case_id=case.pk, by=world.assessor, changes={name: "feasible"})
    assert Case.objects.get(pk=case.pk).conclusion == ""


def test_a_clone_leaves_out_what_is_out_of_sight_or_no_longer_in_use(world: World) -> None:
    old = registered(world)
    seen, ended, strange = (AccountFactory(owner=owner) for owner in (world.rep, world.rep, world.quotes.stranger))
    gone = SiteFactory(account=seen)
    for account, site in ((seen, None), (seen, gone), (ended, None), (strange, None)):
        CaseAccount.objects.create(case=old, account=account, site=site)
    ended.status = AccountStatus.INACTIVE
    ended.save()
    gone.is_active = False
    gone.save()
    new = services.case_clone(case_id=old.pk, by=world.rep)
    assert [(row.account, row.site) for row in new.accounts.all()] == [(seen, None)]


def test_a_case_applies_only_to_accounts_in_use(world: World) -> None:
    other = AccountFactory(owner=world.rep, status=AccountStatus.INACTIVE)
    with pytest.raises(Invalid) as refusal:
        services.account_add(case_id=registered(world).pk, account_id=other.pk, by=world.rep)
    assert refusal.value.fields == {"account": "This account is inactive."}


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("small", True), ("BOXES small", True), ("CSR-", True), ("öykkölä", True), ("boxes öykkölä", True), ("P-777", True),
        ("bo", True), ("boxes lahti", False), ("xyz", False), ("100%", False), ("", True),
    ],
)  # fmt: skip
def test_cases_are_found_by_words_of_number_title_and_account(world: World, text: str, is_found: bool) -> None:
    registered(world, title="Other", description="boxes")
    account = AccountFactory(owner=world.rep, name="Öykkölä Oy", parent_customer_id="P-777")
    case = services.case_register(
        account_id=account.pk, by=world.rep, title="Smaller boxes", description="d",
        requirement_type=RequirementType.objects.get(code="packaging"),
    )  # fmt: skip
    assert (case in Case.objects.matching(text)) is is_found
    assert Case.objects.visible_to(world.rep).matching("smaller öykkölä").count() == 1


def test_a_changed_title_is_found_by_its_new_words(world: World) -> None:
    case = registered(world)
    services.case_change(case_id=case.pk, by=world.rep, changes={"title": "Lavatarrat"})
    assert [list(Case.objects.matching(text)) for text in ("tarra", "smaller")] == [[case], []]
