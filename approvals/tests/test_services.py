"""Asking, deciding, taking back."""

import datetime as dt
import hashlib

import pytest
import time_machine
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from approvals import registry, routing, selectors, services
from approvals.choices import RequestStatus, RunStatus, Verdict, Via
from approvals.models import Decision, Gate, Request, Rule, Run, RunGate
from approvals.registry import Case
from approvals.tests.conftest import World
from approvals.tests.factories import ask, change, make_probe
from core import links
from core.errors import DomainError, Invalid, NotAllowed, NotFound, WrongState
from core.models import Event, Link, OutboxMessage
from users.models import User
from users.roles import ROLES
from users.tests.factories import TeamFactory, UserFactory


def row_hash() -> str:
    """A hash over every row of the tables that an answer could change."""
    digest = hashlib.sha256()
    for model in (Run, Request, RunGate, Decision, Link, OutboxMessage, Event, apps.get_model("core", "JobRun")):
        digest.update(repr(list(model.objects.order_by("pk").values_list())).encode())
    return digest.hexdigest()


REFUSED = (NotAllowed, NotFound)
"""Who does not even see the request is told that there is none."""


def decide(request: Request, by: User, verdict: Verdict = Verdict.APPROVE, comment: str = "", **more: object) -> Decision:
    return services.request_decide(request_id=request.pk, verdict=verdict, comment=comment, by=by, via=Via.PAGE, **more)


def topics() -> list[tuple[str, int]]:
    return sorted((message.topic, message.payload["user_id"]) for message in OutboxMessage.objects.all())


# --- Asking ---
def test_a_run_asks_the_default_approver_and_keeps_a_copy_of_the_gate(world: World, clock: time_machine.Traveller) -> None:
    run = ask(world.probe, by=world.rep, reason="Kilpailija tarjosi vähemmän")
    request = run.requests.get()
    now = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)
    assert (request.approver, request.status, request.is_open) == (world.pricing, RequestStatus.PENDING, True)
    assert (request.asked_at, request.due_at) == (now, now + dt.timedelta(hours=48))
    assert run.gates.get().definition == {
        "code": "probe_first",
        "label": {"en": "Probe first", "fi": "Portti probe_first"},
        "permission": "approve.floor",
        "position": 10,
        "sla_hours": 48,
        "remind_hours": 24,
        "clock": "calendar",
        "escalate_to": None,
        "defined": True,
        "rule": Rule.objects.get(gate__code="probe_first").pk,
        "rule_name": "Usual",
        "limits": {},
        "step": 1,
        "who": "right",
        "role": "",
        "people": [],
        "quorum": "one",
        "needed": 1,
    }
    assert topics() == [("approval.requested", world.pricing.pk)]
    link = Link.objects.get()
    assert (link.purpose, link.subject_id, link.person) == (Link.Purpose.APPROVAL, request.pk, world.pricing)
    assert link.expires_at == now + dt.timedelta(days=14)
    assert links.token_of(link) not in str(OutboxMessage.objects.get().payload)


def test_a_later_edit_of_a_gate_changes_no_open_run(world: World) -> None:
    run = ask(world.probe, by=world.rep)
    Gate.objects.filter(code="probe_first").update(permission="admin", position=99)
    assert (run.gates.get().permission, run.gates.get().definition["position"]) == ("approve.floor", 10)
    decide(run.requests.get(), world.pricing)
    run.refresh_from_db()
    assert run.status == RunStatus.APPROVED


def test_gates_of_the_same_approver_are_one_request(world: World) -> None:
    both = UserFactory(roles=["pricing", "sales_manager"], team=world.rep.team)
    run = ask(world.probe, by=world.rep, gates={"probe_second": both.pk, "probe_first": both.pk})
    request = run.requests.get()
    assert [gate.gate for gate in request.gates.all()] == ["probe_first", "probe_second"]
    assert request.position == 10
    decide(request, both)
    world.probe.refresh_from_db()
    assert world.probe.phase == "approved"


def test_steps_are_asked_one_after_the_other_and_the_last_yes_approves(world: World) -> None:
    run = ask(world.probe, by=world.rep, gates={"probe_first": None, "probe_second": None, "probe_beside": None})
    first, *later = selectors.steps(run)
    assert [request.is_open for request in later] == [False, False]
    assert topics() == [("approval.requested", world.pricing.pk)]
    with pytest.raises(WrongState, match="earlier step"):
        decide(later[0], later[0].approver)
    decide(first, world.pricing)
    assert {request.approver for request in Request.objects.filter(is_open=True)} == {world.manager, world.success}
    decide(later[0], later[0].approver)
    world.probe.refresh_from_db()
    assert world.probe.phase == "in_review"
    decide(later[1], later[1].approver)
    world.probe.refresh_from_db()
    run.refresh_from_db()
    assert (world.probe.phase, run.status) == ("approved", RunStatus.APPROVED)
    assert Event.objects.filter(subject_type="jobrun", verb="approved").count() == 1


@pytest.mark.parametrize("why", ["stranger", "no permission", "inactive", "other unit", "requester", "last editor"])
def test_a_chosen_approver_who_is_not_eligible_is_refused_by_the_name_of_the_gate(world: World, why: str) -> None:
    requester = UserFactory(roles=["pricing"], team=world.rep.team)
    editor = UserFactory.create(roles=["pricing"], team=world.rep.team)
    chosen = {
        "stranger": 999999,
        "no permission": world.success.pk,
        "inactive": UserFactory(roles=["pricing"], team=world.rep.team, is_active=False).pk,
        "other unit": UserFactory(roles=["pricing"], team=TeamFactory()).pk,
        "requester": requester.pk,
        "last editor": editor.pk,
    }[why]
    with pytest.raises(Invalid) as refusal:
        ask(world.probe, by=requester, last_editor=editor, gates={"probe_first": chosen})
    assert list(refusal.value.fields) == ["probe_first"]
    assert "Probe first" in str(refusal.value)
    assert (Run.objects.count(), Request.objects.count(), OutboxMessage.objects.count()) == (0, 0, 0)


def test_an_approver_of_all_units_is_eligible(world: World) -> None:
    head = UserFactory.create(roles=["sales_leadership"], sees_all_units=True)
    run = ask(world.probe, by=world.rep, gates={"probe_second": head.pk})
    assert run.requests.get().approver == head


@pytest.mark.parametrize("gate", ["not_defined", "probe_first", "probe_second"])
def test_a_gate_that_matches_nobody_goes_to_the_stewards_and_is_never_approved_by_itself(world: World, gate: str) -> None:
    Gate.objects.filter(code="probe_second").update(is_active=False)
    User.objects.filter(pk=world.pricing.pk).update(is_active=False)
    second = UserFactory(roles=["data_steward"])
    run = ask(world.probe, by=world.rep, gates={gate: None})
    request = run.requests.get()
    assert (request.approver, request.is_open) == (None, True)
    assert topics() == sorted([("approval.requested", world.steward.pk), ("approval.requested", second.pk)])
    world.probe.refresh_from_db()
    assert world.probe.phase == "in_review"
    with pytest.raises(REFUSED):
        decide(request, world.manager)
    decide(request, second)
    world.probe.refresh_from_db()
    assert world.probe.phase == "approved"


def test_the_queue_waits_when_there_is_no_steward_at_all(world: World) -> None:
    User.objects.filter(pk__in=[world.pricing.pk, world.steward.pk]).update(is_active=False)
    run = ask(world.probe, by=world.rep)
    assert run.requests.get().status == RequestStatus.PENDING
    late = UserFactory(roles=["data_steward"])
    assert [request.pk for request in selectors.waiting_for(late)] == [run.requests.get().pk]


def test_two_gates_without_approver_are_one_request_of_the_queue(world: World) -> None:
    run = ask(world.probe, by=world.rep, gates={"nobody_a": None, "nobody_b": None})
    assert run.requests.get().gates.count() == 2


def test_only_one_run_at_a_time(world: World) -> None:
    ask(world.probe, by=world.rep)
    before = row_hash()
    with pytest.raises(WrongState, match="under way already"):
        ask(world.probe, by=world.rep)
    assert row_hash() == before
    with pytest.raises(IntegrityError), transaction.atomic():
        Run.objects.create(
            subject_type="probe",
            subject_id=world.probe.pk,
            subject_version=1,
            content_hash="x",
            requested_by=world.rep,
            last_editor=world.rep,
            started_at=dt.datetime.now(tz=dt.UTC),
        )


# --- Whom to ask ---
def default_for(world: World, gate: str = "probe_first") -> User | None:
    choice = routing.choices_for([gate], "probe", world.probe, world.rep, world.rep.pk, Case())[0]
    return routing.preselected(choice.steps[0], world.rep)


def test_the_default_is_the_last_used_then_the_manager_then_the_least_asked_then_the_lowest_key(world: World) -> None:
    other = UserFactory.create(roles=["pricing"], team=world.rep.team)
    assert default_for(world) == world.pricing
    Request.objects.create(run=ask(make_probe(world.probe.counts["unit"]), by=world.steward), approver=None, position=1)
    assert default_for(world) == other, "pricing has one open request"
    world.rep.team.manager = world.pricing
    assert default_for(world) == world.pricing
    ask(make_probe(world.probe.counts["unit"]), by=world.rep, gates={"probe_first": other.pk})
    assert default_for(world) == other


def test_nobody_eligible_has_no_default(world: World) -> None:
    assert default_for(world, "not_defined") is None


# --- Deciding ---
def test_a_yes_is_written_with_copies_and_told_to_requester_and_decider(world: World, clock: time_machine.Traveller) -> None:
    editor = UserFactory.create(roles=["sales_support"], team=world.rep.team)
    run = ask(world.probe, by=world.rep, last_editor=editor)
    OutboxMessage.objects.all().delete()
    decision = decide(run.requests.get(), world.pricing, comment="  Kelpaa  ", ip="192.0.2.7")
    assert (decision.requested_by, decision.last_editor, decision.decided_by) == (world.rep, editor, world.pricing)
    assert (decision.subject_version, decision.content_hash) == (1, world.probe.source_hash)
    assert (decision.comment, decision.via, decision.ip) == ("Kelpaa", Via.PAGE, "192.0.2.7")
    assert topics() == sorted([("approval.decided", world.rep.pk), ("approval.decided", world.pricing.pk)])
    assert Link.objects.filter(revoked_at=None).count() == 0


def test_the_first_no_ends_the_run_cancels_the_rest_and_kills_their_links(world: World) -> None:
    run = ask(world.probe, by=world.rep, gates={"probe_second": None, "probe_beside": None, "probe_first": None})
    decide(run.requests.get(approver=world.pricing), world.pricing)
    OutboxMessage.objects.all().delete()
    decide(run.requests.get(approver=world.manager), world.manager, Verdict.REJECT, "Liian halpa")
    run.refresh_from_db()
    world.probe.refresh_from_db()
    assert (run.status, world.probe.phase) == (RunStatus.REJECTED, "rejected")
    assert run.requests.get(approver=world.success).status == RequestStatus.CANCELLED
    assert Link.objects.filter(revoked_at=None).count() == 0
    assert topics() == sorted(
        [("approval.decided", world.rep.pk), ("approval.decided", world.manager.pk), ("approval.recalled", world.success.pk)]
    )
    with pytest.raises(WrongState):
        decide(run.requests.get(approver=world.success), world.success)


@pytest.mark.parametrize("comment", ["", "   \n"])
def test_a_no_without_a_reason_is_refused(world: World, comment: str) -> None:
    run = ask(world.probe, by=world.rep)
    before = row_hash()
    with pytest.raises(Invalid) as refusal:
        decide(run.requests.get(), world.pricing, Verdict.REJECT, comment)
    assert list(refusal.value.fields) == ["comment"]
    assert row_hash() == before


@pytest.mark.parametrize("first", Verdict)
@pytest.mark.parametrize("second", Verdict)
def test_a_second_answer_says_who_decided_and_when(
    world: World, clock: time_machine.Traveller, first: Verdict, second: Verdict
) -> None:
    run = ask(world.probe, by=world.rep)
    decide(run.requests.get(), world.pricing, first, "näin")
    before = row_hash()
    word = "approved" if first == Verdict.APPROVE else "rejected"
    with pytest.raises(WrongState, match=f"Already {word} by Pirkko Pöyry, .*11"):
        decide(run.requests.get(), world.pricing, second, "toisin")
    assert row_hash() == before


@pytest.mark.parametrize(
    "seen",
    [{"version": 2}, {"content_hash": "0" * 64}, {"version": 2, "content_hash": "0" * 64}],
    ids=["version", "hash", "both"],
)
def test_a_decision_on_something_else_than_what_was_asked_is_refused(world: World, seen: dict[str, object]) -> None:
    run = ask(world.probe, by=world.rep)
    before = row_hash()
    with pytest.raises(WrongState, match="has changed since you were asked"):
        decide(run.requests.get(), world.pricing, **seen)
    assert row_hash() == before


@pytest.mark.parametrize("content", ["5 %", "40 %"])
def test_a_subject_that_changed_under_the_request_is_not_approved(world: World, content: str) -> None:
    run = ask(world.probe, by=world.rep)
    change(world.probe, content)
    before = row_hash()
    with pytest.raises(WrongState, match="has changed since you were asked"):
        decide(run.requests.get(), world.pricing)
    assert row_hash() == before


@pytest.mark.req("S0.24")
def test_recall_edit_and_resubmit_leave_the_old_request_dead(world: World) -> None:
    old = ask(world.probe, by=world.rep).requests.get()
    old_link = Link.objects.get()
    services.run_recall(subject_type="probe", subject_id=world.probe.pk, by=world.rep)
    change(world.probe, "5 %")
    new = ask(world.probe, by=world.rep).requests.get()
    before = row_hash()
    with pytest.raises(WrongState, match="taken back"):
        decide(old, world.pricing)
    with pytest.raises(WrongState, match="has changed"):
        decide(new, world.pricing, version=1)
    with pytest.raises(NotAllowed):
        services.request_decide(
            request_id=new.pk, verdict=Verdict.APPROVE, comment="", by=world.pricing, via=Via.LINK, link=old_link
        )
    assert row_hash() == before
    decide(new, world.pricing, version=2)
    world.probe.refresh_from_db()
    assert (world.probe.phase, world.probe.source_hash) == ("approved", new.run.content_hash)


# --- Nobody decides on their own work ---
ROUTES = ["requester", "last editor", "became approver later", "second role", "superuser", "queue"]


@pytest.mark.parametrize("role", sorted(ROLES))
@pytest.mark.parametrize("route", ROUTES)
def test_nobody_decides_on_their_own_work(world: World, route: str, role: str) -> None:
    person = UserFactory(roles=sorted({role, "pricing"} if route == "second role" else {role}), team=world.rep.team)
    if route == "superuser":
        User.objects.filter(pk=person.pk).update(is_superuser=True, is_staff=True)
    gates = {"nobody_at_all": None} if route == "queue" else {"probe_first": None}
    by, editor = (world.rep, person) if route == "last editor" else (person, world.rep)
    request = ask(world.probe, by=by, last_editor=editor, gates=gates).requests.get()
    if route == "became approver later":
        Request.objects.filter(pk=request.pk).update(approver=person)
        person.role_assignments.get_or_create(role="pricing")
    before = row_hash()
    with pytest.raises(REFUSED):
        decide(request, User.objects.get(pk=person.pk))
    assert row_hash() == before


@pytest.mark.parametrize("involved", ["requested_by", "last_editor"])
def test_the_database_refuses_self_approval_whoever_writes(world: World, involved: str) -> None:
    request = ask(world.probe, by=world.rep).requests.get()
    people = {"requested_by": world.rep, "last_editor": world.rep, involved: world.pricing}
    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.create(
            request=request,
            verdict=Verdict.APPROVE,
            decided_by=world.pricing,
            subject_version=1,
            content_hash="x",
            via=Via.PAGE,
            at=dt.datetime.now(tz=dt.UTC),
            **people,
        )


@pytest.mark.parametrize("change_of", ["deactivated", "role lost", "moved to another unit", "reassigned"])
def test_an_approver_who_may_no_longer_is_refused(world: World, change_of: str) -> None:
    request = ask(world.probe, by=world.rep).requests.get()
    person = User.objects.get(pk=world.pricing.pk)
    if change_of == "deactivated":
        User.objects.filter(pk=person.pk).update(is_active=False)
    elif change_of == "role lost":
        person.role_assignments.all().delete()
    elif change_of == "moved to another unit":
        User.objects.filter(pk=person.pk).update(team=TeamFactory())
    else:
        Request.objects.filter(pk=request.pk).update(approver=UserFactory(roles=["pricing"], team=world.rep.team))
    before = row_hash()
    with pytest.raises(REFUSED):
        decide(request, person)
    assert row_hash() == before


@pytest.mark.parametrize("stranger", ["manager", "success", "steward"])
def test_somebody_else_than_the_approver_is_refused(world: World, stranger: str) -> None:
    request = ask(world.probe, by=world.rep).requests.get()
    before = row_hash()
    with pytest.raises(REFUSED):
        decide(request, getattr(world, stranger))
    assert row_hash() == before


# --- Taking back ---
def test_a_recall_cancels_everything_and_tells_those_who_were_asked(world: World) -> None:
    run = ask(world.probe, by=world.rep, gates={"probe_first": None, "probe_second": None})
    OutboxMessage.objects.all().delete()
    services.run_recall(subject_type="probe", subject_id=world.probe.pk, by=world.rep)
    run.refresh_from_db()
    world.probe.refresh_from_db()
    assert (run.status, world.probe.phase) == (RunStatus.RECALLED, "recalled")
    assert set(run.requests.values_list("status", "is_open")) == {(RequestStatus.CANCELLED, False)}
    assert Link.objects.filter(revoked_at=None).count() == 0
    assert topics() == [("approval.recalled", world.pricing.pk)], "the second step was never asked"


@pytest.mark.parametrize("person", ["pricing", "manager", "steward"])
def test_only_the_requester_takes_back(world: World, person: str) -> None:
    ask(world.probe, by=world.rep)
    before = row_hash()
    with pytest.raises(NotAllowed):
        services.run_recall(subject_type="probe", subject_id=world.probe.pk, by=getattr(world, person))
    assert row_hash() == before


@pytest.mark.parametrize("end", ["decided", "recalled", "another run"])
def test_what_has_ended_is_not_taken_back(world: World, end: str) -> None:
    run = ask(world.probe, by=world.rep)
    if end == "decided":
        decide(run.requests.get(), world.pricing)
    else:
        services.run_recall(subject_type="probe", subject_id=world.probe.pk, by=world.rep)
    if end == "another run":
        ask(world.probe, by=world.rep)
    before = row_hash()
    with pytest.raises(WrongState):
        services.run_recall(subject_type="probe", subject_id=world.probe.pk, by=world.rep, run_id=run.pk)
    assert row_hash() == before


# --- The rest ---
def test_missing_gates_are_made_once_and_edited_ones_are_kept(world: World) -> None:
    Gate.objects.filter(code="probe_first").delete()
    assert services.gates_make_missing() == 1
    gate = Gate.objects.get(code="probe_first")
    assert (gate.permission, gate.position, gate.label_en, gate.label_fi) == ("approve.floor", 10, "First", "Ensimmäinen")
    Gate.objects.filter(code="probe_first").update(sla_hours=4)
    assert services.gates_make_missing() == 0
    assert Gate.objects.get(code="probe_first").sla_hours == 4


def test_every_declared_gate_is_in_a_fresh_database(db: None) -> None:
    declared = {gate.code for gate in registry.gate_defaults()}
    assert declared <= set(Gate.objects.values_list("code", flat=True))


def test_history_reads_all_rounds_in_a_fixed_number_of_queries(world: World, django_assert_num_queries: object) -> None:
    for _round in range(3):
        ask(world.probe, by=world.rep, gates={"probe_first": None, "probe_second": None})
        services.run_recall(subject_type="probe", subject_id=world.probe.pk, by=world.rep)
    with django_assert_num_queries(3):
        runs = selectors.history("probe", world.probe.pk)
        assert [len(run.requests.all()) for run in runs] == [2, 2, 2]
        assert {request.approver.display_name for run in runs for request in run.requests.all()} == {
            "Pirkko Pöyry",
            "Mauri Mäkelä",
        }


def test_a_decision_cannot_be_changed_or_removed(world: World) -> None:
    decision = decide(ask(world.probe, by=world.rep).requests.get(), world.pricing)
    for sql in ("UPDATE approvals_decision SET verdict = 'reject'", "DELETE FROM approvals_decision"):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    assert Decision.objects.get().pk == decision.pk


def test_every_refusal_is_a_domain_error() -> None:
    assert all(issubclass(error, DomainError) for error in (Invalid, NotAllowed, WrongState))
