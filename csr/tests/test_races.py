"""Two people at the same case at the same instant: it ends as if one had come after the other; and people who leave."""

import datetime as dt
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from approvals import services as approvals
from approvals.choices import Verdict, Via
from approvals.models import Decision, Request
from core import clock
from core.errors import DomainError, StaleVersion, WrongState
from core.models import OutboxMessage
from core.tests.rivals import at_once
from csr import columns, services
from csr.choices import CaseStatus as S
from csr.models import Case, Department
from csr.tests.factories import FEASIBLE, bring_to, decide, make_case_world, reason, registered
from users import services as users
from users.models import RoleAssignment
from users.tests.factories import UserFactory

transactional = pytest.mark.django_db(transaction=True)


def asked(case: Case) -> Request:
    return Request.objects.get(run__subject_type="csr", run__subject_id=case.pk, status="pending")


def approve(request: Request) -> Callable[[], Any]:
    by = request.approver
    assert by is not None
    return lambda: approvals.request_decide(request_id=request.pk, verdict=Verdict.APPROVE, comment="", by=by, via=Via.PAGE)


def whole(case: Case) -> Case:
    """As it is now; what must hold whatever happened does."""
    now = Case.objects.get(pk=case.pk)
    spells = list(now.spells.order_by("pk"))
    assert [spell.status for spell in spells if spell.ended_at is None] == [now.status]
    assert all(before.ended_at == after.began_at for before, after in pairwise(spells))
    still_asked = Request.objects.filter(run__subject_type="csr", run__subject_id=case.pk, status="pending").exists()
    assert still_asked is now.is_locked
    return now


@pytest.mark.postgresql
@transactional
@pytest.mark.parametrize("status", [S.PENDING_PRE_APPROVAL, S.APPROVAL_PENDING])
def test_of_two_yeses_one_counts(status: S) -> None:
    case = bring_to(make_case_world(), status)
    request = asked(case)
    results = at_once(approve(request), approve(request))
    assert sorted(type(result).__name__ for result in results) == ["Decision", "WrongState"]
    assert whole(case).status == {S.PENDING_PRE_APPROVAL: S.UNDER_ASSESSMENT, S.APPROVAL_PENDING: S.UNDER_IMPLEMENTATION}[status]
    assert Decision.objects.filter(request=request).count() == 1


@pytest.mark.postgresql
@transactional
def test_a_yes_against_a_recall() -> None:
    world = make_case_world()
    case = bring_to(world, S.PENDING_PRE_APPROVAL)
    results = at_once(approve(asked(case)), lambda: services.case_recall(case_id=case.pk, by=world.rep))
    assert sum(isinstance(result, DomainError) for result in results) == 1
    assert whole(case).status == (S.UNDER_ASSESSMENT if isinstance(results[1], DomainError) else S.REGISTRATION)


@pytest.mark.postgresql
@transactional
def test_a_yes_against_close_case() -> None:
    world = make_case_world()
    case = bring_to(world, S.PENDING_PRE_APPROVAL)
    results = at_once(approve(asked(case)), lambda: services.case_close(case_id=case.pk, by=world.rep, reason=reason()))
    now = whole(case)
    assert now.status == S.CLOSED_REJECTED  # it can be closed before and after the yes
    assert not isinstance(results[1], Exception)
    assert isinstance(results[0], Decision | WrongState)


@pytest.mark.postgresql
@transactional
def test_of_two_who_save_the_same_version_one_is_told() -> None:
    world = make_case_world()
    case = registered(world)
    results = at_once(
        *(
            lambda title=title: services.case_change(case_id=case.pk, by=world.rep, version=1, changes={"title": title})  # type: ignore[misc]
            for title in ("One", "Two")
        )
    )
    assert sorted(type(result).__name__ for result in results) == ["Case", "StaleVersion"]


@pytest.mark.postgresql
@transactional
def test_products_added_at_once_are_all_there_and_none_twice() -> None:
    from catalog.tests.factories import ProductFactory

    world = make_case_world()
    case = registered(world, products=False)
    keys = [ProductFactory().pk for _number in range(5)]
    at_once(*(lambda: services.products_add(case_id=case.pk, product_ids=keys, by=world.rep),) * 2)
    assert sorted(case.products.values_list("product", flat=True)) == keys
    assert Case.objects.counted().get(pk=case.pk).product_count == 5


# --- People who leave ---------------------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize(("status", "name"), [(S.UNDER_ASSESSMENT, "assessor"), (S.UNDER_IMPLEMENTATION, "implementer")])
def test_a_case_whose_owner_has_left_goes_to_the_stewards(status: S, name: str) -> None:
    world = make_case_world()
    case = bring_to(world, status)
    users.user_deactivate(user=getattr(world, name), by=world.steward)
    OutboxMessage.objects.all().delete()
    assert services.sweep() >= 1
    now = Case.objects.get(pk=case.pk)
    assert (now.status, getattr(now, f"{name}_id"), now.owner) == (status, None, None)
    told = OutboxMessage.objects.filter(topic="csr.orphaned").values_list("payload", flat=True)
    assert {"case_id": case.pk, "user_id": world.steward.pk} in list(told)
    assert services.sweep() == 0
    assert services.case_assign(case_id=case.pk, by=world.steward, person=world.expert).owner == world.expert


@pytest.mark.django_db
def test_an_owner_who_may_not_see_cases_any_more_has_left_too() -> None:
    world = make_case_world()
    case = bring_to(world, S.UNDER_ASSESSMENT)
    RoleAssignment.objects.filter(user=world.assessor).delete()
    assert services.sweep() == 1
    assert Case.objects.get(pk=case.pk).assessor is None


@pytest.mark.django_db
@pytest.mark.parametrize("owner_stays", [True, False])
def test_what_somebody_who_left_was_registering_goes_to_whoever_has_the_account_else_to_a_steward(owner_stays: bool) -> None:
    world = make_case_world()
    case = registered(world)
    heir = world.quotes.colleague if owner_stays else world.steward
    account = world.quotes.account
    account.owner = world.quotes.colleague if owner_stays else None
    account.save()
    users.user_deactivate(user=world.rep, by=world.steward)
    OutboxMessage.objects.all().delete()
    assert (services.sweep(), services.sweep()) == (1, 0)
    now = Case.objects.get(pk=case.pk)
    assert (now.registered_by, now.spells.get(ended_at=None).owner) == (heir, heir)
    told = OutboxMessage.objects.filter(topic="csr.register").values_list("payload", flat=True)
    assert list(told) == [{"case_id": case.pk, "user_id": heir.pk}]
    services.case_submit(case_id=case.pk, by=heir)


@pytest.mark.django_db
def test_two_departments_answer_at_the_same_time_one_of_them_only_once() -> None:
    world = make_case_world()
    case = bring_to(world, S.UNDER_ASSESSMENT)
    first = case.tasks.get()
    second = services.task_add(
        case_id=case.pk, by=world.assessor, department=Department.objects.get(code="analytical"), owner=world.expert
    )
    for task, owner in ((first, world.quality), (second, world.expert)):
        services.task_answer(case_id=case.pk, task_id=task.pk, by=owner, answer=FEASIBLE, version=task.version)
    with pytest.raises(StaleVersion):
        services.task_answer(case_id=case.pk, task_id=first.pk, by=world.quality, answer=FEASIBLE, version=first.version)


@pytest.mark.django_db
def test_a_part_whose_owner_has_left_goes_to_a_colleague_of_the_department() -> None:
    world = make_case_world()
    case = bring_to(world, S.UNDER_ASSESSMENT)
    heir = UserFactory(username="heir", roles=["supply_chain_quality"], sees_all_units=True)
    users.user_deactivate(user=world.quality, by=world.steward)
    services.sweep()
    assert set(case.tasks.values_list("owner", flat=True)) == {heir.pk}
    assert OutboxMessage.objects.filter(topic="csr.task", payload__user_id=heir.pk).count() == 1


@pytest.mark.django_db
def test_late_answers_are_asked_for_once_a_week(clock: Any) -> None:
    world = make_case_world()
    bring_to(world, S.UNDER_ASSESSMENT)
    clock.move_to("2026-12-05T09:00:00Z")
    OutboxMessage.objects.all().delete()
    assert services.sweep() == 2
    assert services.sweep() == 0
    clock.move_to("2026-12-12T09:00:00Z")
    assert services.sweep() == 2
    told = (
        OutboxMessage.objects.filter(topic__in=("csr.task", "csr.late")).order_by("pk").values_list("topic", "payload__user_id")
    )
    assert list(told) == [("csr.late", world.assessor.pk), ("csr.task", world.quality.pk)] * 2


@pytest.mark.django_db
def test_nobody_is_reminded_while_approvers_decide(clock: Any) -> None:
    world = make_case_world()
    case = bring_to(world, S.APPROVAL_PENDING)
    clock.move_to("2026-12-31T09:00:00Z")
    assert services.sweep() == 0
    assert not columns.is_late(case, dt.date(2026, 12, 31))
    case = decide(case)
    assert (case.due_on, case.reminded_on) == (dt.date(2027, 1, 30), None)


@pytest.mark.django_db
def test_a_review_is_told_of_once_until_a_new_day_is_set() -> None:
    world = make_case_world()
    case = bring_to(world, S.IMPLEMENTED)
    assert services.sweep() == 0
    for _round in range(2):
        services.case_change(case_id=case.pk, by=world.rep, changes={"review_on": None})
        services.case_change(case_id=case.pk, by=world.rep, changes={"review_on": clock.today()})
        assert (services.sweep(), services.sweep()) == (1, 0)
    assert OutboxMessage.objects.filter(topic="csr.review", payload__user_id=world.rep.pk).count() == 2


@pytest.mark.django_db
def test_a_yes_to_an_edited_case_is_refused() -> None:
    case = bring_to(make_case_world(), S.PENDING_PRE_APPROVAL)
    Case.objects.filter(pk=case.pk).update(title="Past the services")
    with pytest.raises(WrongState):
        decide(case)
