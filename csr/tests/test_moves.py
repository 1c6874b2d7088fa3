"""Every move of a case × every status × everybody who takes part: the table, and the product against it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django_fsm import can_proceed

from core.errors import DomainError
from csr import services
from csr.choices import OPEN, PENDING, CaseStatus as S
from csr.models import Case, CaseTask
from csr.tests.factories import FEASIBLE, World, bring_to, make_case_world, reason
from users.models import User

TRANSITIONS = {
    "submit": {S.REGISTRATION},
    "pre_approve": {S.PENDING_PRE_APPROVAL},
    "back_to_registration": {S.PENDING_PRE_APPROVAL},
    "submit_for_approval": {S.UNDER_ASSESSMENT},
    "approve": {S.APPROVAL_PENDING},
    "back_to_assessment": {S.APPROVAL_PENDING},
    "implement": {S.UNDER_IMPLEMENTATION},
    "close_rejected": set(OPEN),
    "deactivate": {S.IMPLEMENTED},
}


@pytest.mark.once
@pytest.mark.req("S3.2")
@pytest.mark.parametrize("move", TRANSITIONS)
@pytest.mark.parametrize("status", S)
def test_a_move_is_open_only_from_its_sources(status: S, move: str) -> None:
    assert can_proceed(getattr(Case(status=status), move)) is (status in TRANSITIONS[move])


@pytest.mark.once
def test_the_table_names_every_move() -> None:
    case = Case()
    assert {transition.name for transition in case.get_all_status_transitions()} == set(TRANSITIONS)  # type: ignore[attr-defined]


# --- Who may, when ------------------------------------------------------------------------------------------------------
REP, MANAGER, STEWARD, ASSESSOR, IMPLEMENTER = "rep", "manager", "steward", "assessor", "implementer"
SALES = {REP, MANAGER, STEWARD}
ALLOWED: dict[str, dict[S, set[str]]] = {
    "change": {
        S.REGISTRATION: SALES,
        S.UNDER_ASSESSMENT: {ASSESSOR, STEWARD},
        S.UNDER_IMPLEMENTATION: {IMPLEMENTER, STEWARD},
        S.IMPLEMENTED: {REP, STEWARD},
    },
    "add products": {S.REGISTRATION: SALES},
    "add an account": {S.REGISTRATION: SALES},
    "submit": {S.REGISTRATION: SALES, S.UNDER_ASSESSMENT: {ASSESSOR, STEWARD}},
    "recall": {S.PENDING_PRE_APPROVAL: {REP}, S.APPROVAL_PENDING: {ASSESSOR}},
    "answer": {
        S.UNDER_ASSESSMENT: {ASSESSOR, STEWARD, "quality"},
        S.UNDER_IMPLEMENTATION: {IMPLEMENTER, STEWARD, "quality"},
    },
    "conclude": {S.UNDER_ASSESSMENT: {ASSESSOR, STEWARD}},
    "assign": {
        S.REGISTRATION: SALES,
        S.UNDER_ASSESSMENT: {ASSESSOR, STEWARD},
        S.UNDER_IMPLEMENTATION: {IMPLEMENTER, STEWARD},
    },
    "implement": {S.UNDER_IMPLEMENTATION: {IMPLEMENTER, STEWARD}},
    "say satisfaction": {S.IMPLEMENTED: SALES},
    "close": {
        S.REGISTRATION: SALES,
        S.PENDING_PRE_APPROVAL: SALES,
        S.UNDER_ASSESSMENT: SALES | {ASSESSOR},
        S.APPROVAL_PENDING: SALES | {ASSESSOR},
        S.UNDER_IMPLEMENTATION: SALES | {IMPLEMENTER},
        S.IMPLEMENTED: SALES,
    },
    "join the team": {
        S.REGISTRATION: SALES,
        S.UNDER_ASSESSMENT: {REP, ASSESSOR, STEWARD},
        S.UNDER_IMPLEMENTATION: {REP, IMPLEMENTER, STEWARD},
        S.IMPLEMENTED: {REP, STEWARD},
    },
    "comment": {status: {*SALES, ASSESSOR, IMPLEMENTER, "colleague", "quality", "expert", "director"} for status in S},
    "clone": {status: {*SALES, IMPLEMENTER, "colleague"} for status in S},
}


def _change(case: Case, by: User, world: World) -> Any:
    return services.case_change(case_id=case.pk, by=by, changes={_FREE[case.status]: _VALUES[_FREE[case.status]]})


_FREE = {
    **dict.fromkeys(S, "title"),
    S.UNDER_ASSESSMENT: "priority",
    S.UNDER_IMPLEMENTATION: "priority",
    S.IMPLEMENTED: "is_printed",
}
_VALUES = {"title": "Other", "priority": 4, "is_printed": True}


def _add_account(case: Case, by: User, world: World) -> Any:
    from accounts.tests.factories import AccountFactory

    other = AccountFactory(owner=world.rep)
    return services.account_add(case_id=case.pk, account_id=other.pk, by=by)


def _answer(case: Case, by: User, world: World) -> Any:
    task = CaseTask.objects.filter(case=case, phase=case.phase.value).first() or CaseTask(pk=0)
    return services.task_answer(case_id=case.pk, task_id=task.pk, by=by, answer=FEASIBLE)


def _join(case: Case, by: User, world: World) -> Any:
    from csr.models import TeamRole

    role = TeamRole.objects.get(code="expert")
    return services.member_add(case_id=case.pk, user_id=world.expert.pk, role_id=role.pk, by=by)


Move = Callable[[Case, User, World], Any]
MOVES: dict[str, Move] = {
    "change": _change,
    "add products": lambda case, by, world: services.products_add(case_id=case.pk, product_ids=[world.quotes.product.pk], by=by),
    "add an account": _add_account,
    "submit": lambda case, by, world: services.case_submit(case_id=case.pk, by=by),
    "recall": lambda case, by, world: services.case_recall(case_id=case.pk, by=by),
    "answer": _answer,
    "conclude": lambda case, by, world: services.conclusion_write(
        case_id=case.pk, by=by, feasibility="feasible", conclusion="Yes"
    ),
    "assign": lambda case, by, world: services.case_assign(case_id=case.pk, by=by, person=world.expert),
    "implement": lambda case, by, world: services.case_implement(case_id=case.pk, by=by),
    "say satisfaction": lambda case, by, world: services.feedback_add(case_id=case.pk, by=by, score=4, said_by="Ostaja"),
    "close": lambda case, by, world: services.case_close(case_id=case.pk, by=by, reason=reason()),
    "join the team": _join,
    "comment": lambda case, by, world: services.comment_add(case_id=case.pk, text="Hei", by=by),
    "clone": lambda case, by, world: services.case_clone(case_id=case.pk, by=by),
}
READY = {"submit", "conclude", "implement"}
"""Moves before which all parts have to be in."""


@pytest.mark.req("S3.5")
@pytest.mark.req("S3.31")
@pytest.mark.req("S3.32")
@pytest.mark.req("S3.37")
@pytest.mark.once
@pytest.mark.django_db
@pytest.mark.parametrize("status", S)
def test_everybody_may_what_the_table_says_and_a_refusal_changes_nothing(status: S) -> None:
    world = make_case_world()
    case = Case.objects.get(pk=bring_to(world, status).pk)
    people = {
        REP: world.rep, MANAGER: world.quotes.manager, STEWARD: world.steward, ASSESSOR: world.assessor,
        IMPLEMENTER: world.implementer, "colleague": world.quotes.colleague, "stranger": world.quotes.stranger,
        "quality": world.quality, "expert": world.expert, "director": world.director,
    }  # fmt: skip
    assert set(MOVES) == set(ALLOWED)
    found = {
        name: {who for who, person in people.items() if is_done(move, case, person, world, name)} for name, move in MOVES.items()
    }
    assert found == {name: allowed.get(status, set()) for name, allowed in ALLOWED.items()}


def is_done(move: Move, case: Case, by: User, world: World, name: str) -> bool:
    """Whether the move goes through; whatever it did is undone, and a refusal must not have done anything."""
    done = False
    with transaction.atomic():
        if name in READY:
            get_ready(case, world)
        before = rows(case)
        try:
            with transaction.atomic():
                move(case, by, world)
            done = True
        except DomainError:
            assert rows(case) == before
        transaction.set_rollback(True)
    return done


def get_ready(case: Case, world: World) -> None:
    for task in CaseTask.objects.filter(case=case, phase=case.phase.value, answered_at=None):
        if not case.is_locked:
            services.task_answer(case_id=case.pk, task_id=task.pk, by=world.steward, answer=FEASIBLE)
    if case.status == S.UNDER_ASSESSMENT:
        services.conclusion_write(case_id=case.pk, by=world.steward, feasibility="feasible", conclusion="Yes")


def rows(case: Case) -> list[Any]:
    now = Case.objects.get(pk=case.pk)
    return [
        {name: value for name, value in now.__dict__.items() if not name.startswith("_")},
        list(now.products.values()), list(now.accounts.values()), list(now.team.values()), list(now.tasks.values()),
        list(now.spells.values()), Case.objects.count(),
    ]  # fmt: skip


# --- Nothing past the services ------------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize("status", sorted(PENDING))
def test_not_even_an_update_skips_a_decision(status: str) -> None:
    from django.db import DatabaseError

    case = bring_to(make_case_world(), S(status))
    with pytest.raises(DatabaseError), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(status=S.IMPLEMENTED)
