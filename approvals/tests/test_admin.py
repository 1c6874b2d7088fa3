"""Rules of approval as stewards keep them in the admin."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from approvals.models import AuthorityLimit, Condition, Gate, Rule, Step
from approvals.tests.conftest import World
from approvals.tests.factories import make_rule
from approvals.tests.test_links import text_of

pytestmark = pytest.mark.once("postgresql")

ADD, LIST, TEST = "admin:approvals_rule_add", "admin:approvals_rule_changelist", "admin:approvals_rule_test"


@pytest.fixture
def steward(world: World, client: Client) -> Client:
    client.force_login(world.steward)
    return client


def body(*conditions: tuple[str, str, str], steps: tuple[dict[str, Any], ...] = ({},), **more: Any) -> dict[str, Any]:
    gate = Gate.objects.get(code="probe_first")
    data: dict[str, Any] = {"gate": gate.pk, "name": "Big", "outcome": "ask", "priority": 100, "is_active": "on", **more}
    for kind, rows in (("conditions", len(conditions)), ("steps", len(steps))):
        data |= {
            f"{kind}-TOTAL_FORMS": rows,
            f"{kind}-INITIAL_FORMS": 0,
            f"{kind}-MIN_NUM_FORMS": 0,
            f"{kind}-MAX_NUM_FORMS": 1000,
        }
    for number, row in enumerate(conditions):
        data |= {f"conditions-{number}-{name}": value for name, value in zip(("field", "operator", "value"), row, strict=True)}
    for number, step in enumerate(steps):
        own = {"position": number + 1, "who": "right", "role": "", "quorum": "one", "needed": 1, **step}
        data |= {f"steps-{number}-{name}": value for name, value in own.items()}
    return data


def test_a_rule_is_made_with_its_conditions_and_steps(world: World, steward: Client) -> None:
    made = body(("amount", "ge", "1 000,50"), steps=({"who": "role", "role": "finance", "quorum": "number", "needed": 2},))
    assert steward.post(reverse(ADD), made).status_code == 302
    rule = Rule.objects.get(name="Big")
    assert list(Condition.objects.filter(rule=rule).values_list("field", "operator", "value")) == [("amount", "ge", "1 000,50")]
    assert list(Step.objects.filter(rule=rule).values_list("who", "role", "quorum", "needed")) == [
        ("role", "finance", "number", 2)
    ]
    assert "Amount at least €1,000.50" in text_of(steward.get(reverse(LIST)))


@pytest.mark.parametrize(
    ("conditions", "more", "said"),
    [
        ((("amount", "ge", "much"),), {}, "Enter an amount."),
        ((("amount", "in", "1"),), {}, "This cannot be compared like that."),
        ((("is_new", "eq", "perhaps"),), {}, "Enter yes or no."),
        ((("margin_percent", "ge", "1"),), {}, "This gate has nothing of the kind."),
        ((("nothing", "ge", "1"),), {}, "Select a valid choice."),
        ((), {"steps": ()}, "a rule needs at least one step"),
        ((), {"steps": ({"who": "role"},)}, "Choose the role."),
        ((), {"steps": ({"who": "people"},)}, "Choose who."),
        ((), {"steps": ({"needed": 0},)}, "greater than or equal to 1"),
        ((), {"steps": ({}, {"position": 1})}, "duplicate"),
        ((), {"outcome": "approve"}, "This gate does not let rules approve."),
        ((), {"outcome": "inform", "steps": ({"who": "stewards"},)}, "Only people can be told."),
        ((), {"name": ""}, "This field is required."),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_a_sentence(
    world: World, steward: Client, conditions: tuple[Any, ...], more: dict[str, Any], said: str
) -> None:
    before = Rule.objects.count()
    response = steward.post(reverse(ADD), body(*conditions, **more))
    assert response.status_code == 200
    assert any(part in text_of(response) for part in said.split("|")), text_of(response)
    assert (Rule.objects.count(), Condition.objects.count()) == (before, 0)


def test_gaps_and_clashes_are_told_on_saving_and_above_the_list(world: World, steward: Client) -> None:
    Rule.objects.filter(gate__code="probe_first").delete()
    saved = steward.post(reverse(ADD), body(("amount", "lt", "1000")), follow=True)
    said = "No rule fits this case, so the data stewards are asked: Amount €1,000.00."
    assert said in text_of(saved)
    assert said in text_of(steward.get(reverse(LIST)))
    make_rule("probe_first", ("amount", "ge", "500"), name="Half")
    shown = text_of(steward.get(reverse(LIST)))
    assert said not in shown
    assert "“Big” and “Half” both fit, and only their age decides: Amount €" in shown.replace("&quot;", '"')


def test_a_case_is_tried_and_nothing_is_written(world: World, steward: Client) -> None:
    make_rule("probe_first", ("amount", "ge", "1000"), name="Big", steps=[{"who": "role", "role": "finance"}])
    AuthorityLimit.objects.create(role="pricing", up_to=500)
    path = reverse(TEST)
    unit, before = world.probe.counts["unit"], Rule.objects.count()

    def tried(amount: str, **more: Any) -> str:
        query = {"gate": "probe_first", "try": "1", "unit": unit, "f_amount": amount, **more}
        shown = text_of(steward.get(path, query))
        return shown.partition("What comes of it")[2].partition("Approval gate")[0] or shown

    assert "Big (decides)" in tried("1000")
    assert "Finance: One, whom the requester picks : Data stewards" in tried("1000")
    assert "Usual (decides)" in tried("400")
    assert "Pirkko Pöyry" in tried("400")
    assert "Pirkko Pöyry" not in tried("600"), "beyond the authority of pricing"
    assert "Enter an amount." in tried("much")
    assert Rule.objects.count() == before


def test_the_test_page_opens_for_every_gate(world: World, steward: Client) -> None:
    for gate in Gate.objects.all():
        assert steward.get(reverse(TEST), {"gate": gate.code, "try": "1"}).status_code == 200


def test_a_gate_that_asks_only_by_rule_has_no_gap(world: World, steward: Client) -> None:
    assert "quote_discount" not in text_of(steward.get(reverse(LIST)))
    shown = text_of(steward.get(reverse(TEST), {"gate": "quote_discount", "try": "1"}))
    assert "Nobody is asked: no rule wants it." in shown
