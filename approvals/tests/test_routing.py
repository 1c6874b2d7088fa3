"""Whom the rules of the admin ask, how many of them, and what nobody has to be asked about."""

from decimal import Decimal as D
from typing import Any

import pytest
import time_machine

from approvals import selectors, services
from approvals.choices import Quorum, RequestStatus, RunStatus, Settled, Verdict, Via
from approvals.models import AuthorityLimit, Decision, Gate, Request, Rule, Run, RunGate
from approvals.registry import Case
from approvals.tests.conftest import World
from approvals.tests.factories import ask, change, make_probe, make_rule
from approvals.tests.test_services import decide, row_hash, topics
from core.errors import Invalid, NotAllowed, NotFound
from core.models import Event, OutboxMessage
from users.models import User
from users.tests.factories import TeamFactory, UserFactory

pytestmark = pytest.mark.req("S0.24")


def case(world: World, amount: str = "100", **values: Any) -> Case:
    return Case(
        unit=world.probe.counts["unit"],
        amount=D(amount),
        values={"amount": D(amount), **values},
        measures={"probe_first": {"value": D(amount)}, "probe_second": {"value": D(amount)}},
    )


def phase(world: World) -> str:
    world.probe.refresh_from_db()
    return world.probe.phase


def approvers(run: Run) -> list[User | None]:
    return [request.approver for request in run.requests.order_by("position", "pk")]


# --- Who ---
def test_a_rule_names_a_role(world: World) -> None:
    finance = UserFactory(roles=["finance"], team=world.rep.team)
    make_rule("probe_first", ("amount", "ge", "1000"), steps=[{"who": "role", "role": "finance"}])
    assert approvers(ask(world.probe, by=world.rep, case=case(world, "999.99"))) == [world.pricing]
    run = ask(make_probe(world.rep.unit_id), by=world.rep, case=case(world, "1000"))
    assert approvers(run) == [finance]
    with pytest.raises((NotAllowed, NotFound)):
        decide(run.requests.get(), world.pricing)
    decide(run.requests.get(), finance)
    assert Run.objects.get(pk=run.pk).status == RunStatus.APPROVED


def test_a_role_that_was_taken_away_decides_nothing(world: World) -> None:
    finance = UserFactory(roles=["finance"], team=world.rep.team)
    make_rule("probe_first", ("is_new", "eq", "yes"), steps=[{"who": "role", "role": "finance"}])
    run = ask(world.probe, by=world.rep, case=case(world, is_new=True))
    finance.role_assignments.all().delete()
    with pytest.raises(NotAllowed):
        decide(run.requests.get(), finance)


def test_named_people_of_any_unit_may_decide(world: World) -> None:
    far = UserFactory(roles=["service_rep"], team=TeamFactory())
    make_rule("probe_first", ("kind", "in", "A, B"), steps=[{"who": "people", "people": [far]}])
    run = ask(world.probe, by=world.rep, case=case(world, kind="B"))
    assert approvers(run) == [far]
    decide(run.requests.get(), far)
    assert phase(world) == "approved"


@pytest.mark.parametrize(("who", "expected"), [("manager", ["manager"]), ("managers", ["manager", "head"])])
def test_the_manager_of_who_asks_or_all_above(world: World, who: str, expected: list[str]) -> None:
    head = UserFactory(username="head", roles=["finance"])
    upper = TeamFactory(manager=head)
    world.rep.team.manager = world.manager
    world.rep.team.save()
    User.objects.filter(pk=world.manager.pk).update(team=upper)
    world.rep.refresh_from_db()
    make_rule("probe_first", ("amount", "ge", "1"), steps=[{"who": who, "quorum": "all"}])
    run = ask(world.probe, by=world.rep, case=case(world))
    people = {"manager": world.manager, "head": head}
    assert set(approvers(run)) == {people[name] for name in expected}
    for request in run.requests.all():
        assert request.approver is not None
        decide(request, request.approver)
    assert phase(world) == "approved"


def test_a_rule_may_put_it_to_the_stewards(world: World) -> None:
    make_rule("probe_first", ("amount", "ge", "1"), steps=[{"who": "stewards"}])
    run = ask(world.probe, by=world.rep, case=case(world))
    assert approvers(run) == [None]
    decide(run.requests.get(), world.steward)
    assert phase(world) == "approved"


def test_without_a_rule_that_fits_the_stewards_are_asked(world: World) -> None:
    Rule.objects.filter(gate__code="probe_first").delete()
    make_rule("probe_first", ("amount", "ge", "1000"))
    assert approvers(ask(world.probe, by=world.rep, case=case(world, "5"))) == [None]


def test_a_rule_for_one_unit_does_not_touch_the_others(world: World) -> None:
    finance = UserFactory(roles=["finance"], sees_all_units=True)
    other = TeamFactory()
    make_rule("probe_first", unit=other.unit, steps=[{"who": "role", "role": "finance"}])
    assert approvers(ask(world.probe, by=world.rep, case=case(world))) == [world.pricing]
    there = make_probe(other.unit_id)
    assert approvers(ask(there, by=world.rep, case=Case(unit=other.unit_id))) == [finance]


# --- Authority ---
@pytest.mark.parametrize(
    ("limits", "amount", "may"),
    [
        ([("pricing", "100")], "100", True),
        ([("pricing", "100")], "100.01", False),
        ([("user", "50")], "60", False),
        ([("pricing", "10"), ("user", "500")], "400", True),
        ([("sales_manager", "10")], "400", True),
        ([("pricing", "10"), ("gate pricing", "1000")], "900", True),
    ],
)
def test_nobody_decides_beyond_their_authority(world: World, limits: list[tuple[str, str]], amount: str, may: bool) -> None:
    for who, up_to in limits:
        gate = Gate.objects.get(code="probe_first") if who.startswith("gate ") else None
        person = {"user": world.pricing} if who == "user" else {"role": who.removeprefix("gate ")}
        AuthorityLimit.objects.create(gate=gate, up_to=up_to, **person)
    run = ask(world.probe, by=world.rep, case=case(world, amount))
    assert approvers(run) == [world.pricing if may else None]
    if not may:
        with pytest.raises(Invalid):
            ask(make_probe(world.rep.unit_id), by=world.rep, case=case(world, amount), gates={"probe_first": world.pricing.pk})


def test_authority_is_asked_again_when_somebody_decides_as_the_run_keeps_it(world: World) -> None:
    run = ask(world.probe, by=world.rep, case=case(world, "100"))
    AuthorityLimit.objects.create(role="pricing", up_to=1)
    decide(run.requests.get(), world.pricing)
    assert phase(world) == "approved", "a later edit changes no open run"
    other = make_probe(world.rep.unit_id)
    later = ask(other, by=world.rep, case=case(world, "0.50"))
    RunGate.objects.filter(run=later).update(definition={**later.gates.get().definition, "limits": {"roles": {"pricing": "0.4"}}})
    with pytest.raises(NotAllowed):
        decide(later.requests.get(), world.pricing)


# --- How many ---
def three(world: World) -> list[User]:
    return [UserFactory(display_name=f"P{number}", roles=["finance"], team=world.rep.team) for number in range(3)]


def asked_of_three(world: World, quorum: str, needed: int = 1) -> tuple[Run, list[User]]:
    people = three(world)
    step = {"who": "role", "role": "finance", "quorum": quorum, "needed": needed}
    make_rule("probe_first", ("amount", "ge", "1"), steps=[step])
    return ask(world.probe, by=world.rep, case=case(world)), people


@pytest.mark.parametrize(("quorum", "needed", "yeses"), [("any", 1, 1), ("number", 2, 2), ("all", 1, 3)])
def test_so_many_must_say_yes_and_the_rest_is_let_go(world: World, quorum: str, needed: int, yeses: int) -> None:
    run, people = asked_of_three(world, quorum, needed)
    assert {request.is_open for request in run.requests.all()} == {True}
    OutboxMessage.objects.all().delete()
    for number, person in enumerate(people[:yeses], 1):
        assert phase(world) == "in_review"
        decide(run.requests.get(approver=person), person)
        assert Decision.objects.count() == number
    assert phase(world) == "approved"
    left = run.requests.filter(status=RequestStatus.CANCELLED)
    assert [request.approver for request in left] == people[yeses:]
    assert [row for row in topics() if row[0] == "approval.recalled"] == [("approval.recalled", p.pk) for p in people[yeses:]]


@pytest.mark.parametrize("quorum", [Quorum.ANY, Quorum.NUMBER, Quorum.ALL])
def test_the_first_no_ends_it_whatever_the_number(world: World, quorum: Quorum) -> None:
    run, people = asked_of_three(world, quorum, 2)
    decide(run.requests.get(approver=people[1]), people[1], Verdict.REJECT, "ei")
    assert phase(world) == "rejected"
    assert run.requests.filter(status=RequestStatus.CANCELLED).count() == 2


def test_where_fewer_can_be_asked_than_the_rule_wants_the_stewards_answer_too(world: World) -> None:
    UserFactory(roles=["finance"], team=world.rep.team)
    step = {"who": "role", "role": "finance", "quorum": "number", "needed": 3}
    make_rule("probe_first", ("amount", "ge", "1"), steps=[step])
    run = ask(world.probe, by=world.rep, case=case(world))
    finance, queue = run.requests.order_by("approver").exclude(approver=None).get(), run.requests.get(approver=None)
    decide(finance, finance.approver)  # type: ignore[arg-type]
    assert phase(world) == "in_review"
    decide(queue, world.steward)
    assert phase(world) == "approved"


def test_steps_of_a_rule_are_asked_one_after_the_other_and_picked_by_their_keys(world: World) -> None:
    other = UserFactory(roles=["finance"], team=world.rep.team)
    UserFactory(roles=["finance"], team=world.rep.team)
    make_rule("probe_first", ("amount", "ge", "1"), steps=[{"who": "right"}, {"who": "role", "role": "finance"}])
    run = ask(world.probe, by=world.rep, case=case(world), gates={"probe_first": None, "probe_first:2": other.pk})
    first, second = run.requests.order_by("position")
    assert (first.approver, first.is_open, second.approver, second.is_open) == (world.pricing, True, other, False)
    decide(first, world.pricing)
    second.refresh_from_db()
    assert (second.is_open, phase(world)) == (True, "in_review")
    decide(second, other)
    assert phase(world) == "approved"
    with pytest.raises(Invalid) as refusal:
        ask(
            make_probe(world.rep.unit_id),
            by=world.rep,
            case=case(world),
            gates={"probe_first": None, "probe_first:2": world.rep.pk},
        )
    assert list(refusal.value.fields) == ["probe_first:2"]


# --- Nobody is asked ---
def automatic(*, allowed: bool = True) -> None:
    Gate.objects.filter(code="probe_first").update(may_be_automatic=allowed)
    make_rule("probe_first", ("amount", "lt", "1000"), outcome="approve", name="Small change")


def test_a_rule_approves_what_is_small_and_says_so(world: World) -> None:
    automatic()
    run = ask(world.probe, by=world.rep, case=case(world, "999"))
    run.refresh_from_db()
    assert (run.status, phase(world), Request.objects.count()) == (RunStatus.APPROVED, "approved", 0)
    gate = run.gates.get()
    assert (gate.settled, gate.definition["rule_name"]) == (Settled.AUTOMATIC, "Small change")
    event = Event.objects.get(verb="approved_unasked")
    assert (event.by, event.data["rules"]) == (None, ["Small change"])
    assert topics() == []


def test_no_rule_approves_where_the_gate_does_not_let_it(world: World) -> None:
    automatic(allowed=False)
    run = ask(world.probe, by=world.rep, case=case(world, "999"))
    assert (phase(world), run.requests.count()) == ("in_review", 1)


def test_what_a_rule_approves_is_no_answer_to_the_other_gates(world: World) -> None:
    automatic()
    run = ask(world.probe, by=world.rep, case=case(world, "9"), gates={"probe_first": None, "probe_second": None})
    assert approvers(run) == [world.manager]
    decide(run.requests.get(), world.manager)
    assert phase(world) == "approved"


# --- What was approved before ---
def approved_first(world: World, amount: str = "100") -> Decision:
    """The first gate said yes, the second no; the probe may be asked about again."""
    run = ask(world.probe, by=world.rep, case=case(world, amount), gates={"probe_first": None, "probe_second": None})
    yes = decide(run.requests.get(approver=world.pricing), world.pricing)
    decide(run.requests.get(approver=world.manager), world.manager, Verdict.REJECT, "ei")
    change(world.probe, f"again {amount}")
    return yes


def again(world: World, amount: str, **more: Any) -> Run:
    return ask(world.probe, by=world.rep, case=case(world, amount), gates={"probe_first": None, "probe_second": None}, **more)


@pytest.mark.parametrize("amount", ["100", "100.01"])
def test_what_did_not_get_worse_stays_approved_and_the_decision_is_named(world: World, amount: str) -> None:
    yes = approved_first(world)
    run = again(world, amount)
    assert approvers(run) == [world.manager]
    kept = run.gates.get(request=None)
    assert (kept.gate, kept.settled, kept.carried_from) == ("probe_first", Settled.CARRIED, yes)
    assert run.compared_with == yes.request.run
    assert Decision.objects.filter(pk=yes.pk).exists()


def test_what_got_worse_is_asked_again(world: World) -> None:
    approved_first(world)
    assert set(approvers(again(world, "99.99"))) == {world.pricing, world.manager}


@pytest.mark.parametrize("why", ["rule", "limit", "role", "involved", "no measures", "rejected since"])
def test_an_earlier_yes_does_not_count_any_more(world: World, why: str) -> None:
    approved_first(world)
    editor = world.pricing if why == "involved" else None
    if why == "rule":
        make_rule("probe_first", ("amount", "ge", "1"))
    if why == "limit":
        AuthorityLimit.objects.create(role="pricing", up_to=50)
    if why == "role":
        world.pricing.role_assignments.all().delete()
    if why == "no measures":
        Run.objects.update(case={})
    if why == "rejected since":
        run = again(world, "99")
        decide(run.requests.get(approver=world.pricing), world.pricing, Verdict.REJECT, "ei enää")
        change(world.probe, "once more")
    assert not again(world, "100", last_editor=editor).gates.filter(settled=Settled.CARRIED).exists()


def test_a_run_in_which_everything_still_counts_is_approved_at_once(world: World) -> None:
    run = ask(world.probe, by=world.rep, case=case(world))
    decide(run.requests.get(), world.pricing)
    change(world.probe, "next revision")
    second = ask(world.probe, by=world.rep, case=case(world))
    second.refresh_from_db()
    assert (second.status, second.requests.count()) == (RunStatus.APPROVED, 0)
    third = ask(make_probe(world.rep.unit_id), by=world.rep, case=case(world)._replace(earlier=[world.probe.pk]))
    third.refresh_from_db()
    assert (third.status, third.gates.get().carried_from) == (RunStatus.APPROVED, run.requests.get().decision)


# --- Telling managers ---
def tell(world: World, amount: str) -> list[User]:
    return services.managers_inform(subject_type="probe", subject=world.probe, by=world.rep, case=case(world, amount))


@pytest.mark.req("S1.15")
def test_managers_are_told_up_the_hierarchy_once_and_decide_nothing(world: World) -> None:
    world.rep.team.manager = world.manager
    world.rep.team.save()
    world.rep.refresh_from_db()
    make_rule("probe_first", ("amount", "ge", "500"), outcome="inform", name="Deep", steps=[{"who": "managers"}])
    assert tell(world, "499") == []
    assert tell(world, "500") == [world.manager]
    assert tell(world, "500") == [], "the same is told once"
    assert tell(world, "600") == [world.manager]
    assert topics() == [("approval.alert", world.manager.pk)] * 2
    assert (Request.objects.count(), selectors.waiting_count(world.manager)) == (0, 0)


# --- Who cannot answer any more ---
@pytest.mark.parametrize("why", ["left", "role lost"])
def test_what_waits_for_somebody_who_cannot_answer_goes_on_at_once_to_the_stewards_if_need_be(
    world: World, why: str, clock: time_machine.Traveller
) -> None:
    run = ask(world.probe, by=world.rep)
    if why == "left":
        User.objects.filter(pk=world.pricing.pk).update(is_active=False)
    else:
        world.pricing.role_assignments.all().delete()
    assert (services.sweep().passed_on, services.sweep().passed_on) == (1, 0)
    request = run.requests.get()
    assert (request.approver, request.status) == (None, RequestStatus.PENDING)
    assert ("approval.requested", world.steward.pk) in topics()
    decide(request, world.steward)
    assert phase(world) == "approved"


def test_what_a_stand_in_does_not_answer_either_is_told_to_the_stewards_once(world: World, clock: time_machine.Traveller) -> None:
    stand_in = UserFactory(roles=["pricing"], team=world.rep.team)
    Gate.objects.filter(code="probe_first").update(escalate_to=stand_in)
    run = ask(world.probe, by=world.rep, gates={"probe_first": world.pricing.pk})
    passed = []
    for _day in range(7):
        clock.shift(24 * 3600 + 60)
        passed.append(services.sweep().passed_on)
    assert passed == [0, 1, 0, 1, 0, 0, 0]
    assert approvers(run) == [stand_in]
    assert topics().count(("approval.passed_on", world.steward.pk)) == 1


def test_refusals_write_nothing(world: World) -> None:
    make_rule("probe_first", ("amount", "ge", "1"), steps=[{"who": "right"}, {"who": "role", "role": "finance"}])
    UserFactory(roles=["finance"], team=world.rep.team)
    before = row_hash()
    with pytest.raises(Invalid):
        ask(world.probe, by=world.rep, case=case(world), gates={"probe_first": None, "probe_first:2": 999_999})
    assert row_hash() == before


def test_who_answers_by_which_rule_is_kept_with_the_run(world: World) -> None:
    rule = make_rule("probe_first", ("amount", "ge", "1"), name="All of it")
    run = ask(world.probe, by=world.rep, case=case(world))
    rule.delete()
    assert run.gates.get().definition["rule_name"] == "All of it"
    services.request_decide(request_id=run.requests.get().pk, verdict=Verdict.APPROVE, comment="", by=world.pricing, via=Via.PAGE)
    assert phase(world) == "approved"
