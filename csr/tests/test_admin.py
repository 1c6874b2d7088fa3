"""Handling rules and look-ups of cases as stewards keep them in the admin."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from approvals.tests.test_links import text_of
from catalog.models import ProductGroup
from csr import handling
from csr.models import Department, HandlingRule, RequirementType
from csr.tests.factories import World, make_case_world, registered
from users.models import BusinessUnit

pytestmark = pytest.mark.once("postgresql")

ADD, LIST, TEST = "admin:csr_handlingrule_add", "admin:csr_handlingrule_changelist", "admin:csr_handlingrule_test"


@pytest.fixture
def world(db: None) -> World:
    return make_case_world()


@pytest.fixture
def steward(world: World, client: Client) -> Client:
    client.force_login(world.steward)
    return client


def body(**more: Any) -> dict[str, Any]:
    return {
        "name": "Packaging", "priority": 100, "is_active": "on", "assessment_days": 14, "implementation_days": 30, **more,
    }  # fmt: skip


def packaging() -> RequirementType:
    return RequirementType.objects.get(code="packaging")


def test_a_rule_is_made_with_its_departments(world: World, steward: Client) -> None:
    quality = Department.objects.get(code="quality")
    response = steward.post(
        reverse(ADD), body(requirement_type=packaging().pk, parts=[quality.pk], assessor_role="technical_team")
    )
    assert response.status_code == 302
    rule = HandlingRule.objects.get(name="Packaging")
    assert (list(rule.parts.all()), rule.assessor_role, rule.requirement_type) == ([quality], "technical_team", packaging())
    assert "Technical team" in text_of(steward.get(reverse(LIST)))


def test_rules_between_which_only_their_age_decides_are_told(world: World, steward: Client) -> None:
    response = steward.post(reverse(ADD), body(name="All the same"), follow=True)
    told = "“All” and “All the same” both fit, and only their age decides: always. Set a priority."
    assert text_of(response).count(told) == 2  # on saving, and above the list


def test_a_case_that_no_rule_fits_is_told(world: World, steward: Client) -> None:
    assert "No rule fits this case" not in text_of(steward.get(reverse(LIST)))
    HandlingRule.objects.update(requirement_type=packaging())
    unit = BusinessUnit.objects.first()
    assert f"No rule fits this case, so the data stewards deal with it: {unit}, Specification." in text_of(
        steward.get(reverse(LIST))
    )


@pytest.mark.parametrize(
    ("rules", "units", "gap"),
    [
        ([], [1], (1, 7)),
        ([(None, None, None)], [1, None], None),
        ([(1, None, None)], [1, None], (None, 7)),
        ([(1, 7, None), (1, None, None), (None, 7, None)], [1, None], (None, 8)),
        ([(None, 7, None), (None, 8, None)], [1, None], None),
        ([(None, None, 3)], [1], (1, 7)),
    ],
)
@pytest.mark.once
def test_a_gap_is_a_case_that_no_rule_fits(rules: list[Any], units: list[int | None], gap: tuple[Any, Any] | None) -> None:
    made = [handling.Rule(number, unit, kind, group, 100) for number, (unit, kind, group) in enumerate(rules)]
    found = handling.gap(made, units, [7, 8])
    assert (found and (found.unit, found.requirement_type)) == gap


def trial(world: World, steward: Client, **given: Any) -> str:
    data = {"requirement_type": packaging().pk, "priority": 2, "try": "Test", **given}
    return text_of(steward.get(reverse(TEST), data)).replace(" : ", ": ")


def test_a_case_that_is_tried_says_which_rule_fits_and_who_deals_with_it(world: World, steward: Client) -> None:
    said = trial(world, steward)
    assert "All: It is the only one that fits." in said
    assert f"Assessment: {world.assessor}" in said
    assert f"Implementation: {world.implementer}" in said


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"named": True}, "Special: Of those that fit it names the most."),
        ({"priority": 50}, "Special: Others that fit name as much; it has the smallest priority."),
        ({"priority": 100}, "All: Others that fit name as much and have the same priority; it is the oldest."),
        ({"is_active": False, "priority": 1}, "All: It is the only one that fits."),
    ],
)
def test_the_reason_why_a_rule_decides(world: World, steward: Client, other: dict[str, Any], why: str) -> None:
    named = {"requirement_type": packaging()} if other.pop("named", False) else {}
    HandlingRule.objects.create(name="Special", **named, **other)
    assert why in trial(world, steward)


def test_products_of_any_group_make_a_rule_fit(world: World, steward: Client) -> None:
    groups = [ProductGroup.objects.create(code=code, label_en=code, label_fi=code) for code in ("cans", "boxes")]
    HandlingRule.objects.create(name="Boxes", product_group=groups[1])
    assert "Boxes: Of those that fit it names the most." in trial(world, steward, product_groups=[group.pk for group in groups])
    assert "All: It is the only one that fits." in trial(world, steward, product_groups=[groups[0].pk])


def test_without_a_rule_the_stewards_deal_with_it(world: World, steward: Client) -> None:
    HandlingRule.objects.update(is_active=False)
    said = trial(world, steward)
    assert "No rule fits: the data stewards deal with it." in said
    assert "Assessment: Data stewards" in said


def test_a_case_that_is_tried_says_whom_both_gates_ask(world: World, steward: Client) -> None:
    said = trial(world, steward)
    assert "Pre-approval of a CSR" in said
    assert "Final approval of a CSR" in said
    assert str(world.quality) in said
    assert str(world.director) in said


def test_whoever_cannot_be_asked_any_more_is_not_shown(world: World, steward: Client) -> None:
    world.assessor.is_active = False
    world.assessor.save()
    assert f"Assessment: {world.assessor}" not in trial(world, steward)


def test_a_case_is_there_to_be_looked_at(world: World, steward: Client) -> None:
    case = registered(world)
    page = steward.get(reverse("admin:csr_case_change", args=[case.pk]))
    assert page.status_code == 200
    assert world.quotes.product.sku in text_of(page) or str(world.quotes.product.pk) in text_of(page)
    assert 'name="_save"' not in page.content.decode()
    assert steward.post(reverse("admin:csr_case_change", args=[case.pk]), {"title": "x"}).status_code == 403
