"""Who is told what, and when: nobody waits unnoticed."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from core.models import OutboxMessage
from csr import services
from csr.choices import CaseStatus as S
from csr.models import Case, TeamRole
from csr.tests.factories import World, answer_all, bring_to, decide, make_case_world, reason
from users.roles import ROLES
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.once]
Drain = Callable[[], int]


@pytest.fixture
def world() -> World:
    return make_case_world()


def told(drain: Drain) -> set[tuple[str, str]]:
    """Who got a mail since the last time, and what its subject begins with."""
    mail.outbox.clear()
    OutboxMessage.objects.filter(delivered_at=None).update(available_at="2020-01-01T00:00Z")
    drain()
    return {(letter.to[0].partition("@")[0], letter.subject.partition(":")[0]) for letter in mail.outbox}


@pytest.mark.req("S3.10")
@pytest.mark.req("S3.11")
@pytest.mark.req("S3.12")
@pytest.mark.req("S3.13")
@pytest.mark.req("S3.33")
@pytest.mark.req("S3.35")
@pytest.mark.req("S3.36")
@pytest.mark.req("S3.40")
@pytest.mark.req("S3.41")
@pytest.mark.req("S3.42")
@pytest.mark.req("S3.43")
def test_each_step_tells_whoever_has_to_act_next(world: World, outbox_drain: Drain) -> None:
    case = bring_to(world, S.PENDING_PRE_APPROVAL)
    assert told(outbox_drain) == {("quality", "Approval")}
    case = decide(case)
    assert (case.status, case.owner) == (S.UNDER_ASSESSMENT, world.assessor)
    assert told(outbox_drain) >= {("assessor", "To assess"), ("quality", "Your part"), ("rep", "Pre-approved")}
    answer_all(case)
    assert told(outbox_drain) == {("assessor", "All parts are in")}
    services.conclusion_write(case_id=case.pk, by=world.assessor, feasibility="feasible", conclusion="Yes")
    case = services.case_submit(case_id=case.pk, by=world.assessor)
    assert case.status == S.APPROVAL_PENDING
    assert {subject for _who, subject in told(outbox_drain)} == {"Approval", "Submitted for final approval"}
    case = decide(case)
    assert (case.status, case.owner) == (S.UNDER_IMPLEMENTATION, world.implementer)
    assert told(outbox_drain) >= {("implementer", "To implement"), ("quality", "Your part"), ("rep", "Approved")}
    answer_all(case)
    services.case_implement(case_id=case.pk, by=world.implementer)
    assert told(outbox_drain) >= {("rep", "Live")}


def test_whoever_is_handed_a_case_is_told_once_and_only_while_it_is_so(world: World, outbox_drain: Drain) -> None:
    bring_to(world, S.UNDER_ASSESSMENT)
    told(outbox_drain)
    assert [letter.subject.partition(":")[0] for letter in mail.outbox if letter.to == [world.assessor.email]] == ["To assess"]
    case = bring_to(world, S.UNDER_ASSESSMENT)
    services.case_assign(case_id=case.pk, by=world.assessor, person=world.expert)
    assert ("expert", "To assess") in (those := told(outbox_drain))
    assert ("assessor", "To assess") not in those


def test_a_late_phase_that_has_gone_on_is_not_told_of(world: World, outbox_drain: Drain, clock: Any) -> None:
    case = bring_to(world, S.UNDER_ASSESSMENT)
    told(outbox_drain)
    clock.move_to("2026-12-31T09:00:00Z")
    services.sweep()
    assert ("assessor", "Late") in told(outbox_drain)
    clock.move_to("2027-01-31T09:00:00Z")
    services.sweep()
    services.case_close(case_id=case.pk, by=world.steward, reason=reason())
    assert ("assessor", "Late") not in told(outbox_drain)


@pytest.mark.req("S3.27")
def test_the_team_and_those_who_watch_are_told_of_moves_and_comments(world: World, outbox_drain: Drain) -> None:
    case = bring_to(world, S.REGISTRATION)
    role = TeamRole.objects.get(code="expert")
    services.member_add(case_id=case.pk, user_id=world.expert.pk, role_id=role.pk, by=world.rep)
    services.case_watch(case_id=case.pk, by=world.director, on=True)
    assert told(outbox_drain) == {("expert", "Case team")}
    services.comment_add(case_id=case.pk, text="Terve", by=world.rep)
    assert told(outbox_drain) == {("expert", "Comment"), ("director", "Comment")}
    services.case_watch(case_id=case.pk, by=world.director, on=False)
    services.case_close(case_id=case.pk, by=world.rep, reason=reason())
    assert told(outbox_drain) == {("expert", "Closed")}


def test_who_was_asked_learns_who_has_closed_the_case(world: World, outbox_drain: Drain) -> None:
    case = bring_to(world, S.PENDING_PRE_APPROVAL)
    told(outbox_drain)
    services.case_close(case_id=case.pk, by=world.steward, reason=reason())
    told(outbox_drain)
    (letter,) = (letter for letter in mail.outbox if letter.subject.startswith("No longer needed"))
    assert f"{world.steward.display_name} closed Customer-specific requirement {case.number}" in " ".join(letter.body.split())
    assert world.rep.display_name not in letter.body.partition(case.number)[0]


def test_a_mail_speaks_the_readers_language_and_leads_to_the_case(world: World, outbox_drain: Drain) -> None:
    world.assessor.language = "fi"
    world.assessor.save()
    case = decide(bring_to(world, S.PENDING_PRE_APPROVAL))
    told(outbox_drain)
    letter = next(letter for letter in mail.outbox if letter.to == [world.assessor.email] and case.number in letter.body)
    assert letter.subject.startswith("Arvioitavana: ") or "arvioi" in letter.subject.lower()
    assert f"/cases/{case.pk}/#assessment" in letter.body


def test_a_part_that_is_answered_meanwhile_is_not_asked_for(world: World, outbox_drain: Drain) -> None:
    case = decide(bring_to(world, S.PENDING_PRE_APPROVAL))
    answer_all(case)
    assert ("quality", "Your part") not in told(outbox_drain)


@pytest.mark.req("S2.34")
@pytest.mark.req("S3.3")
@pytest.mark.parametrize("role", ROLES)
def test_every_department_reads_the_cases_of_the_customers_in_its_sight(world: World, client: Client, role: str) -> None:
    case = bring_to(world, S.IMPLEMENTED)
    client.force_login(UserFactory(username="reader", roles=[role], team=world.quotes.team))
    assert client.get(reverse("case_page", args=[case.pk])).status_code == 200


@pytest.mark.req("S2.36")
def test_a_service_rep_sees_the_cases_on_the_page_of_the_customer(world: World, client: Client) -> None:
    case = bring_to(world, S.UNDER_ASSESSMENT)
    client.force_login(world.implementer)
    html = client.get(reverse("account_page", args=[world.quotes.account.pk])).content.decode()
    assert reverse("case_page", args=[case.pk]) in html


@pytest.mark.req("S3.48")
def test_closing_what_was_implemented_makes_it_inactive(world: World) -> None:
    case = bring_to(world, S.IMPLEMENTED)
    services.case_close(case_id=case.pk, by=world.rep, reason=reason("no_longer_valid"), comment="New boxes")
    now = Case.objects.get(pk=case.pk)
    assert (now.status, now.close_comment, now.close_reason) == (S.INACTIVE, "New boxes", reason("no_longer_valid"))
