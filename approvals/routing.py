"""Who is asked about a case: rules of the admin become definitions that a run keeps, and definitions become people.

A definition is plain JSON, one for each step of a gate; later edits in the admin change no open run:

    code, label {en, fi}, position, permission, sla_hours, remind_hours, clock, escalate_to, defined,
    rule (key or null), rule_name, step, who, role, people [keys], quorum, needed,
    limits {"users": {key: EUR}, "roles": {code: EUR}}
"""

import datetime as dt
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Count

from approvals import policies, registry, rules
from approvals.choices import Clock, Operator, Outcome, Quorum, RequestStatus, RunStatus, Settled, Who
from approvals.models import AuthorityLimit, Decision, Gate, Request, Rule, Run, RunGate, Step
from approvals.registry import Case
from approvals.selectors import round_statuses
from core import clock
from core.prepared import Prepared
from core.set_up import kept
from users import absences
from users.absences import Away
from users.models import RoleAssignment, User
from users.roles import Perm
from users.selectors import away_on, role_codes_by_user, user_with_roles

Definition = dict[str, Any]
_UNDEFINED = registry.GateDefault("", Perm.STEWARD, 1000, {})


# --- The rules in use -------------------------------------------------------------------------------------------------
@kept("approvals_gate")
def _gates() -> dict[str, Gate]:
    """All of them by their codes. One query."""
    return {gate.code: gate for gate in Gate.objects.order_by()}


def gate_for(code: str) -> Gate | None:
    """The definition in use; None when there is none, and stewards answer."""
    gate = _gates().get(code)
    return gate if gate is not None and gate.is_active else None


Rules = Mapping[str, Sequence[rules.Rule]]
"""By gate, without their steps."""


@kept("approvals_gate", "approvals_rule", "approvals_condition")
def rules_in_use() -> Rules:
    """The active rules, the oldest first: one query. A condition on something that is not declared fits nothing."""
    rows: Any = Rule.objects.filter(is_active=True, gate__is_active=True).order_by("pk", "conditions__pk")
    compared_by = ("conditions__field", "conditions__operator", "conditions__value")
    found: dict[int, rules.Rule] = {}
    for pk, gate, name, unit, outcome, priority, field, *compared in rows.values_list(
        "pk", "gate__code", "name", "unit", "outcome", "priority", *compared_by
    ):
        rule = found.get(pk) or rules.Rule(pk, gate, name, unit, Outcome(outcome), priority, ())
        if field is not None:
            rule = rule._replace(conditions=(*rule.conditions, typed_condition(gate, field, *compared)))
        found[pk] = rule
    by_gate: dict[str, list[rules.Rule]] = {}
    for rule in found.values():
        by_gate.setdefault(rule.gate, []).append(rule)
    return by_gate


@kept("approvals_gate", "approvals_rule", "approvals_step", "approvals_step_people")
def steps_by_rule() -> Mapping[int, Mapping[int, rules.Step]]:
    """Of the active rules, by their keys and in order. One query."""
    rows: Any = Step.objects.filter(rule__is_active=True, rule__gate__is_active=True).order_by("rule", "position", "people")
    steps: dict[int, dict[int, rules.Step]] = {}
    for rule, position, who, role, quorum, needed, person in rows.values_list(
        "rule", "position", "who", "role", "quorum", "needed", "people"
    ):
        known: Sequence[int] = steps[rule][position].people if position in steps.setdefault(rule, {}) else ()
        people = (*known, person) if person is not None else tuple(known)
        steps[rule][position] = rules.Step(position, Who(who), role, people, Quorum(quorum), needed)
    return steps


def typed_condition(gate: str, field: str, operator: str, text: str) -> rules.Condition:
    kind = next((known.kind for known in registry.fields_of(gate) if known.code == field), None)
    nothing = rules.Condition(field, Operator.IN, frozenset())
    if kind is None:
        return nothing
    try:
        return rules.parsed(field, kind, Operator(operator), text)
    except ValueError:
        return nothing


# --- What a run keeps -------------------------------------------------------------------------------------------------
def definitions(
    code: str,
    gate: Gate | None,
    rule: rules.Rule | None,
    steps: Mapping[int, Mapping[int, rules.Step]],
    limits: Sequence[Any],
    requester: User,
) -> list[Definition]:
    """One for each step of the rule; where no rule fits, the stewards."""
    source: Any = gate or _UNDEFINED
    labels = {language: getattr(gate, f"label_{language}", None) or code for language, _name in settings.LANGUAGES}
    common = {
        "code": code,
        "label": labels,
        "permission": str(source.permission),
        "sla_hours": source.sla_hours,
        "remind_hours": gate.remind_hours if gate else 24,
        "clock": str(gate.clock) if gate else str(Clock.WORKING),
        "escalate_to": gate.escalate_to_id if gate else None,
        "defined": gate is not None,
        "rule": rule.pk if rule else None,
        "rule_name": rule.name if rule else "",
        "limits": _limits_of(code, limits),
    }
    own = [*steps.get(rule.pk, {}).values()] if rule else []
    return [
        {
            **common,
            "position": source.position + number,
            "step": number + 1,
            "who": str(step.who),
            "role": step.role,
            "people": list(step.people) if step.who == Who.PEOPLE else _above(step.who, requester),
            "quorum": str(step.quorum),
            "needed": step.needed,
        }
        for number, step in enumerate(own or (rules.Step(1, Who.STEWARDS, "", (), Quorum.ONE, 1),))
    ]


def _above(who: Who, requester: User) -> list[int]:
    """The keys of the managers that are meant, as they are now."""
    if who not in (Who.MANAGER, Who.MANAGERS):
        return []
    return [manager.pk for manager in managers_of(requester)[: 1 if who == Who.MANAGER else None]]


@kept("approvals_authoritylimit", "approvals_gate")
def limits_in_use() -> tuple[Any, ...]:
    return tuple(AuthorityLimit.objects.order_by("pk").values_list("gate__code", "role", "user", "up_to"))


def _limits_of(code: str, limits: Iterable[Any]) -> dict[str, dict[str, str]]:
    """Those for this gate; one for the gate goes before one for all."""
    found: dict[str, dict[str, str]] = {}
    for gate, role, user, up_to in sorted(limits, key=lambda row: row[0] is not None):
        if gate in (None, code):
            found.setdefault("roles" if role else "users", {})[role or str(user)] = str(up_to)
    return found


# --- People -----------------------------------------------------------------------------------------------------------
_people = {
    permission: Prepared(
        lambda permission=permission: User.objects.holding(permission).select_related("team__unit").order_by("display_name", "pk")
    )
    for permission in Perm
}


def managers_of(person: User) -> list[User]:
    """Whoever is above this person, the nearest first. One query for each."""
    above: list[User] = []
    seen, team = {person.pk}, person.team
    while team is not None and team.manager_id is not None and team.manager_id not in seen:
        manager = User.objects.select_related("team").get(pk=team.manager_id)
        seen.add(manager.pk)
        above.append(manager)
        team = manager.team
    return [manager for manager in above if manager.is_active]


Covers = Callable[[Sequence[User]], Sequence[User]]
"""Which of these are in charge of the unit in question."""


def covers_of(subject_type: str, subject: Any) -> Covers:
    return functools.partial(registry.subject_for(subject_type).eligible, subject)


def people_for(definition: Definition, covers: Covers, amount: Decimal | None) -> list[User]:
    """Those whom the definition means: active, of the subject's unit if it does not name them, with authority for so much."""
    who = definition.get("who", Who.RIGHT)
    if who in (Who.PEOPLE, Who.MANAGER, Who.MANAGERS):
        named = User.objects.filter(pk__in=definition["people"], is_active=True)
        people = list(named.select_related("team__unit").order_by("display_name", "pk"))
    elif who == Who.STEWARDS:
        people = []
    else:
        people = list(covers(_holders(definition)))
    return _within_limits(people, definition, amount)


def _holders(definition: Definition) -> list[User]:
    if definition.get("who") == Who.ROLE:
        held = RoleAssignment.objects.filter(role=definition["role"]).values("user")
        return list(User.objects.filter(is_active=True, pk__in=held).select_related("team__unit").order_by("display_name", "pk"))
    return list(_people[Perm(definition["permission"])].rows())


def _within_limits(people: list[User], definition: Definition, amount: Decimal | None) -> list[User]:
    if not definition.get("limits") or amount is None:
        return people
    held = role_codes_by_user(people)
    return [person for person in people if policies.is_within(definition, person.pk, held.get(person.pk, set()), amount)]


def people_of_rule(rule: rules.Rule, subject_type: str, subject: Any, requester: User) -> list[User]:
    """Everybody whom the steps of the rule mean, but who asks."""
    steps = steps_by_rule()
    found = {
        person.pk: person
        for definition in definitions(rule.gate, gate_for(rule.gate), rule, steps, (), requester)
        for person in people_for(definition, covers_of(subject_type, subject), None)
    }
    found.pop(requester.pk, None)
    return list(found.values())


# --- Before asking ----------------------------------------------------------------------------------------------------
class Option(NamedTuple):
    """Somebody who may be asked."""

    person: User
    away_until: dt.date | None
    stand_in: User | None


class StepChoice(NamedTuple):
    """A step with the people who may be asked; nobody: the stewards are."""

    definition: Definition
    eligible: list[User]
    away: Mapping[int, Away] = {}

    @property
    def key(self) -> str:
        """By what the requester names whom they pick: the gate, and the number of every step but the first."""
        code, step = self.definition["code"], self.definition["step"]
        return str(code) if step == 1 else f"{code}:{step}"

    @property
    def is_picked(self) -> bool:
        return bool(self.definition["quorum"] == Quorum.ONE)

    @property
    def needed(self) -> int:
        """How many yeses it takes. Where fewer may be asked than the rule wants, the stewards answer for the rest."""
        wanted: dict[str, int] = {Quorum.ALL: len(self.asked()), Quorum.NUMBER: self.definition["needed"]}
        return max(wanted.get(self.definition["quorum"], 1), 1)

    def asked(self) -> dict[int, tuple[User, User | None]]:
        """All who are asked where nobody is picked, by key: each with whom they stand in for."""
        pairs = [self.present(person) for person in self.eligible]
        return {person.pk: (person, instead_of) for person, instead_of in pairs}

    def present(self, person: User) -> tuple[User, User | None]:
        """Who is asked when this one is meant: whoever stands in and may decide it, with whom that is for; else the person."""
        stand_in = self.stand_in(person)
        return (stand_in, person) if stand_in else (person, None)

    def stand_in(self, person: User) -> User | None:
        """Who stands in for somebody who is away, if that one may decide this step."""
        key = absences.stand_in(person.pk, self.away)
        return next((user for user in self.eligible if user.pk == key), None)

    def options(self) -> list[Option]:
        """The people, each with how long they are away and who stands in."""
        return [
            Option(person, away.until if (away := self.away.get(person.pk)) else None, self.stand_in(person))
            for person in self.eligible
        ]


class Choice(NamedTuple):
    """A gate of a case: who may be asked in each of its steps, or why nobody has to be.

    `approvals`: earlier decisions that still count, as nothing has got worse. `is_automatic`: a rule approves it.
    """

    code: str
    label: str
    steps: list[StepChoice]
    is_automatic: bool = False
    rule_name: str = ""
    approvals: tuple[Decision, ...] = ()

    @property
    def eligible(self) -> list[User]:
        """Whom the first step may ask."""
        return self.steps[0].eligible

    @property
    def is_asked(self) -> bool:
        return not self.is_automatic and not self.approvals


def choices_for(
    codes: Iterable[str],
    subject_type: str,
    subject: Any,
    requester: User,
    last_editor_id: int,
    case: Case,
    *,
    in_use: Rules | None = None,
    earlier: Sequence[RunGate] | None = None,
) -> list[Choice]:
    """Whom the requester may ask, gate by gate. `in_use`, `earlier`: the rules and the rounds before, where they are known."""
    by_gate = rules_in_use() if in_use is None else in_use
    earlier = earlier_rounds(subject_type, (subject.pk, *case.earlier)) if earlier is None else earlier
    plans, limits = steps_by_rule(), limits_in_use()
    involved, covers = {requester.pk, last_editor_id}, covers_of(subject_type, subject)
    away, choices = away_on(clock.today()), []
    for code in codes:
        known, gate = _gates().get(code), gate_for(code)
        rule = rules.best(by_gate.get(code, ()), case.values, case.unit) if gate else None
        steps = [
            StepChoice(
                definition,
                [person for person in people_for(definition, covers, case.amount) if person.pk not in involved],
                away,
            )
            for definition in definitions(code, gate, rule, plans, limits, requester)
        ]
        is_automatic = bool(gate and gate.may_be_automatic and rule and rule.outcome == Outcome.APPROVE)
        approvals = () if is_automatic else still_approved(earlier, code, case, [step.definition for step in steps], involved)
        label = known.label if known else code
        choices.append(Choice(code, label, steps, is_automatic, rule.name if rule else "", approvals))
    return choices


_asked_before = Prepared(
    lambda gate, requester_id: (
        Request.objects.filter(gates__gate=gate, run__requested_by=requester_id, approver__isnull=False)
        .order_by("-run_id")
        .values_list("approver", flat=True)[:20]
    )
)


def preselected(step: StepChoice, requester: User) -> User | None:
    """Of the eligible: last asked for this gate by this person, else their manager, else fewest open requests, lowest key. Those
    who are away and have nobody who stands in come last."""
    there = [user for user in step.eligible if user.pk not in step.away or step.stand_in(user)]
    by_pk = {user.pk: user for user in there or step.eligible}
    if not by_pk:
        return None
    last = next((pk for pk in _asked_before.rows(step.definition["code"], requester.pk) if pk in by_pk), None)
    manager = requester.team.manager_id if requester.team else None
    for pk in (last, manager):
        if pk in by_pk:
            return by_pk[pk]
    pending = Request.objects.filter(approver__in=by_pk, status=RequestStatus.PENDING)
    load = dict(pending.order_by().values_list("approver").annotate(Count("pk")))
    return by_pk[min(by_pk, key=lambda pk: (load.get(pk, 0), pk))]


def open_counts(people: Iterable[User]) -> dict[int, int]:
    """How many requests wait for each of these, by key. One query."""
    waiting = Request.objects.filter(approver__in={person.pk for person in people}, status=RequestStatus.PENDING, is_open=True)
    return dict(waiting.order_by().values_list("approver").annotate(Count("pk")))


def successors(request: Request, requests: Iterable[Request], subject: Any) -> list[User]:
    """Who may be asked in the place of whoever is asked now: those who may decide all its gates, and are not asked in this run
    already."""
    run = request.run
    asked = {other.approver_id for other in requests if other.approver_id is not None}
    left_out = {run.requested_by_id, run.last_editor_id} | asked
    covers = covers_of(run.subject_type, subject)
    people: list[User] | None = None
    for gate in request.gates.all():
        definition = {"permission": gate.permission, **gate.definition}
        meant = people_for(definition, covers, run.amount)
        if definition.get("who") in (Who.MANAGER, Who.MANAGERS, Who.STEWARDS):  # whoever holds the right may stand in
            meant += people_for({**definition, "who": Who.RIGHT}, covers, run.amount)
        people = meant if people is None else [person for person in people if person in meant]
    return [person for person in people or () if person.pk not in left_out]


# --- What was approved before -----------------------------------------------------------------------------------------
def earlier_rounds(subject_type: str, subject_ids: Sequence[int]) -> list[RunGate]:
    """The gates of all rounds of these subjects, the latest round first, with the decisions."""
    if len(subject_ids) == 1 and not round_statuses(subject_type, subject_ids[0]):
        return []  # as nearly always, and told by a smaller query
    rows = RunGate.objects.filter(run__subject_type=subject_type, run__subject_id__in=subject_ids)
    return list(rows.select_related("run", "request__decision__decided_by", "carried_from__decided_by").order_by("-run_id", "pk"))


def still_approved(
    earlier: Sequence[RunGate], code: str, case: Case, definitions: Sequence[Definition], involved: set[int]
) -> tuple[Decision, ...]:
    """The decisions that cover this gate: those of the last round that settled it with a yes, if nothing has got worse since, the
    same rule decides, and whoever said yes may still say it to this. Otherwise none."""
    rows = _last_settled(earlier, code)
    decisions = tuple(row.carried_from or _answer(row) for row in rows)
    if not rows or not all(decisions) or case.measures.get(code) is None:
        return ()
    before = {name: Decimal(value) for name, value in rows[0].run.case.get("measures", {}).get(code, {}).items()}
    same_rule = all(row.definition.get("rule") == definitions[0]["rule"] for row in rows)
    if not before or not same_rule or rules.is_worse(before, case.measures[code]):
        return ()
    for decision in decisions:
        decider = user_with_roles(decision.decided_by_id)
        able = decider is not None and any(policies.answers_to(decider, definition, case.amount) for definition in definitions)
        if not able or decision.decided_by_id in involved:
            return ()
    return decisions


def _last_settled(earlier: Sequence[RunGate], code: str) -> list[RunGate]:
    """The rows of this gate in the latest round that answered all of it; none where that answer was a no, or a rule's."""
    own = [row for row in earlier if row.gate == code]
    for run_id in dict.fromkeys(row.run_id for row in own):
        rows = [row for row in own if row.run_id == run_id]
        if any(row.settled == Settled.AUTOMATIC or _status(row) == RequestStatus.REJECTED for row in rows):
            return []
        said_yes = [row for row in rows if row.settled == Settled.CARRIED or _status(row) == RequestStatus.APPROVED]
        if said_yes and is_satisfied(rows):
            return said_yes
    return []


def is_satisfied(rows: Iterable[RunGate]) -> bool:
    """Whether every step among these rows of one gate has the yeses it takes."""
    steps: dict[int, list[RunGate]] = {}
    for row in rows:
        steps.setdefault(row.step, []).append(row)
    return all(
        any(row.settled != Settled.ASKED for row in step)
        or sum(_status(row) == RequestStatus.APPROVED for row in step) >= step[0].definition.get("needed", 1)
        for step in steps.values()
    )


def last_looked_at(earlier: Sequence[RunGate]) -> Run | None:
    """The latest round that somebody answered or asked back, for comparison."""
    for row in earlier:
        if row.run.status == RunStatus.RETURNED or _answer(row) is not None:
            return row.run
    return None


def _status(row: RunGate) -> str:
    return row.request.status if row.request else ""


def _answer(row: RunGate) -> Any:
    return row.request.decision_or_none if row.request else None


def measures_of(case: Case) -> dict[str, dict[str, str]]:
    return {gate: {name: str(value) for name, value in named.items()} for gate, named in case.measures.items()}


def values_of(case: Case) -> dict[str, Any]:
    return {name: _plain(value) for name, value in case.values.items()}


def _plain(value: rules.Value) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    return str(value) if isinstance(value, Decimal) else value
