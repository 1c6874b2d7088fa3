"""Cases for tests, made by the services themselves."""

from dataclasses import dataclass
from typing import Any

from approvals import services as approvals
from approvals.choices import Verdict, Via
from approvals.models import Request
from csr import services
from csr.choices import CaseStatus, Feasibility
from csr.models import Case, CaseTask, CloseReason, Department, HandlingRule, RequirementType
from quotes.tests.factories import World as QuoteWorld, make_world
from users.models import User
from users.tests.factories import UserFactory


@dataclass
class World:
    """Who takes part in a case, around the people and things that quotes are made of.

    A rule gives every case to `assessor` and `implementer`, with one part and one task for quality.
    """

    quotes: QuoteWorld
    quality: User
    assessor: User
    implementer: User
    expert: User
    director: User
    steward: User
    rule: HandlingRule

    @property
    def rep(self) -> User:
        return self.quotes.rep


def make_case_world() -> World:
    quotes = make_world()
    world = World(
        quotes=quotes,
        quality=UserFactory(username="quality", roles=["supply_chain_quality"], sees_all_units=True),
        assessor=UserFactory(username="assessor", roles=["technical_team"], sees_all_units=True),
        implementer=UserFactory(username="implementer", roles=["service_rep"], sees_all_units=True),
        expert=UserFactory(username="expert", roles=["technical_team"], sees_all_units=True),
        director=UserFactory(username="director", roles=["sales_leadership"], sees_all_units=True),
        steward=UserFactory(username="steward", roles=["data_steward"], sees_all_units=True),
        rule=HandlingRule.objects.create(name="All"),
    )
    world.rule.assessor, world.rule.implementer = world.assessor, world.implementer
    world.rule.save()
    department = Department.objects.get(code="quality")
    world.rule.parts.add(department)
    world.rule.tasks.add(department)
    return world


def registered(world: World, *, products: bool = True, **fields: Any) -> Case:
    """A case in Registration, with one product."""
    given = {
        "requirement_type": RequirementType.objects.get(code="packaging"),
        "title": "Smaller boxes",
        "description": "Boxes of 6 instead of 12",
        **fields,
    }
    keys = [world.quotes.product.pk] if products else []
    return services.case_register(account_id=world.quotes.account.pk, by=world.rep, product_ids=keys, **given)


def reason(code: str = "not_feasible") -> CloseReason:
    return CloseReason.objects.get(code=code)


FEASIBLE = {"feasibility": Feasibility.FEASIBLE.value, "comment": "Fine"}


def decide(case: Case, verdict: Verdict = Verdict.APPROVE, comment: str = "") -> Case:
    """Whoever is asked answers."""
    request = Request.objects.get(run__subject_type="csr", run__subject_id=case.pk, status="pending")
    assert request.approver is not None
    approvals.request_decide(request_id=request.pk, verdict=verdict, comment=comment, by=request.approver, via=Via.PAGE)
    return Case.objects.get(pk=case.pk)


def answer_all(case: Case) -> None:
    for task in CaseTask.objects.filter(case=case, phase=case.phase.value):
        services.task_answer(case_id=case.pk, task_id=task.pk, by=task.owner or case.owner, answer=FEASIBLE)


def bring_to(world: World, status: CaseStatus) -> Case:
    """A case in this status, by the services and the people who do it."""
    case = registered(world)
    if status == CaseStatus.REGISTRATION:
        return case
    if status == CaseStatus.CLOSED_REJECTED:
        return services.case_close(case_id=case.pk, by=world.rep, reason=reason())
    services.case_submit(case_id=case.pk, by=world.rep)
    if status == CaseStatus.PENDING_PRE_APPROVAL:
        return Case.objects.get(pk=case.pk)
    case = decide(case)
    if status == CaseStatus.UNDER_ASSESSMENT:
        return case
    answer_all(case)
    services.conclusion_write(case_id=case.pk, by=world.assessor, feasibility="feasible", conclusion="It can be done.")
    services.case_submit(case_id=case.pk, by=world.assessor)
    if status == CaseStatus.APPROVAL_PENDING:
        return Case.objects.get(pk=case.pk)
    case = decide(case)
    if status == CaseStatus.UNDER_IMPLEMENTATION:
        return case
    answer_all(case)
    case = services.case_implement(case_id=case.pk, by=world.implementer)
    if status == CaseStatus.IMPLEMENTED:
        return case
    return services.case_close(case_id=case.pk, by=world.rep, reason=reason("no_longer_valid"))
