"""What must not be possible: to approve one's own work, to see what one only watched, to break a page by what one sends."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import AccountFactory
from approvals.models import Request
from core.errors import Invalid
from csr import approval_case, services
from csr.choices import CaseStatus as S
from csr.models import Case, Department
from csr.tests.factories import World, answer_all, bring_to, decide, make_case_world, reason
from users.models import User
from users.tests.factories import TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_case_world()


def may_approve(case: Case, requester: User) -> set[User]:
    case = Case.objects.get(pk=case.pk)
    choices = approval_case.choices_for(case, requester)
    return {person for choice in choices for step in choice.steps for person in step.eligible}


def test_neither_the_assessor_nor_the_last_editor_nor_the_registrant_approves(world: World) -> None:
    both = UserFactory(username="both", roles=["technical_team", "strategic_marketing"], sees_all_units=True)
    editor = UserFactory(username="editor", roles=["data_steward", "strategic_marketing"], sees_all_units=True)
    world.rule.assessor_id = both.pk
    world.rule.save()
    case = bring_to(world, S.UNDER_ASSESSMENT)
    assert may_approve(case, world.steward) >= {world.director, editor}
    assert both not in may_approve(case, world.steward)
    services.case_change(case_id=case.pk, by=editor, changes={"priority": 4})
    assert editor not in may_approve(case, world.steward)
    Case.objects.filter(pk=case.pk).update(registered_by=world.director)
    assert world.director not in may_approve(case, world.steward)


def test_who_submits_does_not_become_the_last_editor(world: World) -> None:
    case = bring_to(world, S.UNDER_ASSESSMENT)
    answer_all(case)
    services.conclusion_write(case_id=case.pk, by=world.assessor, feasibility="feasible", conclusion="Yes")
    services.case_submit(case_id=case.pk, by=world.steward)
    run = Request.objects.get(run__subject_type="csr", run__subject_id=case.pk, status="pending").run
    assert (run.requested_by, run.last_editor_id) == (world.steward, world.assessor.pk)


def test_watching_gives_no_sight(world: World) -> None:
    case = bring_to(world, S.REGISTRATION)
    colleague = world.quotes.colleague
    services.case_watch(case_id=case.pk, by=colleague, on=True)
    assert Case.objects.visible_to(colleague).filter(pk=case.pk).exists()
    User.objects.filter(pk=colleague.pk).update(team=TeamFactory().pk)
    assert not Case.objects.visible_to(User.objects.get(pk=colleague.pk)).filter(pk=case.pk).exists()


def test_a_merge_of_its_account_voids_no_question(world: World) -> None:
    case = bring_to(world, S.PENDING_PRE_APPROVAL)
    Case.objects.filter(pk=case.pk).update(account=AccountFactory(owner=world.rep))
    assert decide(case).status == S.UNDER_ASSESSMENT


def test_no_part_is_asked_twice_by_another_name(world: World) -> None:
    case = bring_to(world, S.UNDER_ASSESSMENT)
    quality = Department.objects.get(code="quality")
    task = services.task_add(case_id=case.pk, department=quality, title="Label", by=world.assessor)
    with pytest.raises(Invalid) as refused:
        services.task_change(case_id=case.pk, task_id=task.pk, by=world.assessor, changes={"title": ""})
    assert list(refused.value.fields) == ["title"]


@pytest.mark.parametrize("status", [S.PENDING_PRE_APPROVAL, S.CLOSED_REJECTED, S.INACTIVE])
def test_a_sheet_that_is_saved_too_late_is_refused(world: World, client: Client, status: S) -> None:
    case = bring_to(world, status)
    client.force_login(world.rep)
    answer = client.post(reverse("case_requirement", args=[case.pk]), {"version": case.version, "title": "Late"})
    assert answer.status_code in (403, 409)
    assert Case.objects.get(pk=case.pk).title == "Smaller boxes"


@pytest.mark.parametrize(
    "query", ["until=9999-12-31", "since=0001-01-01", "unit=1e40", "product=99999999999999999999", "reason=-1", "since=x"]
)
def test_odd_numbers_and_days_in_the_address_break_nothing(world: World, client: Client, query: str) -> None:
    client.force_login(world.rep)
    for name in ("case_list", "case_export"):
        assert client.get(f"{reverse(name)}?{query}").status_code in (200, 302, 422)


def test_a_review_of_somebody_who_has_left_goes_to_the_stewards(world: World) -> None:
    from core import clock
    from core.models import OutboxMessage
    from users import services as users

    case = bring_to(world, S.IMPLEMENTED)
    services.case_change(case_id=case.pk, by=world.rep, changes={"review_on": clock.today()})
    users.user_deactivate(user=world.rep, by=world.steward)
    services.sweep()
    told = OutboxMessage.objects.filter(topic="csr.review").values_list("payload__user_id", flat=True)
    assert list(told) == [world.steward.pk]
    assert services.case_close(case_id=case.pk, by=world.steward, reason=reason("no_longer_valid")).status == S.INACTIVE
