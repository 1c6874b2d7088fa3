"""What needs this person, with the next step."""

import datetime as dt
from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import MasterConflict
from accounts.tests.factories import AccountFactory
from approvals import services as approvals
from approvals.choices import Via
from approvals.models import Request
from core import clock, outbox
from core.models import JobRun, OutboxMessage
from crm import home
from integration.tests.factories import QuarantinedRowFactory, RunFactory
from opportunities.tests.factories import OpportunityFactory
from quotes import services as quotes
from quotes.models import Quote
from quotes.services.answering import Source
from quotes.tests.factories import World, draft, make_world, sent
from users.models import User
from users.roles import Perm
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.once("postgresql")]


@pytest.fixture
def world() -> World:
    return make_world()


def shown(user: User) -> list[tuple[str, str, str]]:
    return [(str(task.why), task.title, str(task.action)) for task in home.tasks_for(user)]


def as_user(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_my_drafts_wait_to_be_continued(world: World) -> None:
    quote = draft(world)

    text = as_user(world.rep).get("/").content.decode()

    assert shown(world.rep) == [("Draft", str(quote), "Continue")]
    assert shown(world.colleague) == []
    assert f'href="/quotes/{quote.pk}/"' in text
    assert "€50.00" in text


def test_an_approved_quote_waits_to_be_sent(world: World) -> None:
    quote = draft(world)
    quotes.quote_submit(quote_id=quote.pk, by=world.rep)

    assert shown(world.rep) == [("Approved, not sent", str(quote), "Send")]


@pytest.mark.parametrize(("days", "due"), [(7, True), (8, False)])
def test_a_sent_quote_comes_up_a_week_before_it_expires(world: World, days: int, due: bool) -> None:
    quote = sent(world).quote
    Quote.objects.filter(pk=quote.pk).update(valid_until=clock.today() + dt.timedelta(days=days))

    assert shown(world.rep) == ([("Expires soon", str(quote), "Follow up")] if due else [])


def test_an_accepted_quote_comes_first(world: World) -> None:
    draft(world)
    document = sent(world)
    by_rep = Source(recorded_by=world.rep, evidence="Mail of the buyer")
    quotes.quote_accept(document_id=document.pk, document_hash=document.document_hash, name="Väinö", role="Ostaja", source=by_rep)

    assert [why for why, _title, _action in shown(world.rep)] == ["Accepted", "Draft"]


def test_an_approval_waits_for_its_approver_and_for_nobody_else(world: World) -> None:
    quote = draft(world, "50")
    quotes.quote_submit(quote_id=quote.pk, by=world.rep)

    pricing, rep = home.tasks_for(world.pricing), home.tasks_for(world.rep)

    assert [(str(task.why), str(task.action), task.account) for task in pricing] == [
        ("Waits for your decision", "Review and decide", world.account.name)
    ]
    assert rep == []
    answer = as_user(world.pricing)
    assert answer.get(pricing[0].path).status_code == 200
    assert '<span class="badge bg-red-lt">1' in answer.get("/").content.decode()


def test_the_pipeline_adds_up_exactly(world: World) -> None:
    account = AccountFactory(owner=world.rep)
    OpportunityFactory(account=account, value=Decimal("0.10"))
    OpportunityFactory(account=account, value=Decimal("0.20"))
    OpportunityFactory(account=account, owner=UserFactory(), value=Decimal(5))

    stages = home.pipeline_for(world.rep)

    assert [(str(stage.label), stage.count, stage.value) for stage in stages] == [("New", 2, Decimal("0.30"))]


def test_home_costs_the_same_with_2_and_20_of_everything(world: World, django_assert_max_num_queries) -> None:
    client = as_user(world.rep)

    def queries() -> int:
        with django_assert_max_num_queries(50) as captured:
            assert client.get("/").status_code == 200
        return len(captured)

    def more(number: int) -> None:
        for _ in range(number):
            draft(world)
            OpportunityFactory(account__owner=world.rep)

    more(2)
    few = queries()
    more(18)

    assert queries() == few


def test_a_steward_sees_what_waits_in_runs_quarantine_conflicts_and_mails(django_assert_num_queries) -> None:
    steward, rep = UserFactory(roles=["data_steward"]), UserFactory(roles=["sales_rep"])
    stopped = RunFactory(status=JobRun.Status.QUARANTINED)
    RunFactory(status=JobRun.Status.DRY_RUN, counts={"asks": ["many"]})
    RunFactory(status=JobRun.Status.DRY_RUN, counts={"asks": ["older"]})
    RunFactory(status=JobRun.Status.DRY_RUN)
    QuarantinedRowFactory.create_batch(2, run=stopped)
    MasterConflict.objects.create(account=AccountFactory(owner=rep), field="owner", kind="tie", run=stopped)

    outbox.emit("users.account_changed", user_id=rep.pk, change="password_set")
    OutboxMessage.objects.update(dead_at=clock.now(), last_error="TimeoutError: timed out")

    assert steward.may(Perm.STEWARD)  # reads the roles
    with django_assert_num_queries(4):
        found = home.waiting_for_stewards(steward)

    assert [(str(row.label), row.number, row.path) for row in found] == [
        ("Stopped runs", 1, f"/sync/{stopped.pk}/"),
        ("Runs that ask first", 2, "/sync/?status=dry_run"),
        ("Rows of customers left out", 2, f"/sync/{stopped.pk}/quarantine/"),
        ("Open conflicts", 1, "/accounts/conflicts/"),
        ("Mails that were given up", 1, "/mails/"),
    ]
    assert home.waiting_for_stewards(rep) == []
    text = as_user(steward).get("/").content.decode()
    assert "Nothing waits for you" not in text
    assert f'href="/sync/{stopped.pk}/quarantine/"' in text


@pytest.mark.parametrize("roles", [["finance"], ["technical_team"], ["data_steward"], ["pricing"], []])
def test_everyone_has_a_home(roles: list[str]) -> None:
    assert "Nothing waits for you" in as_user(UserFactory(roles=roles)).get("/").content.decode()


def test_a_quote_that_was_asked_back_needs_its_owner_until_it_is_asked_again(world: World) -> None:
    quote = draft(world, "25")
    quotes.quote_submit(quote_id=quote.pk, by=world.rep)
    request = Request.objects.get(run__subject_id=quote.pk)
    approvals.request_ask_back(request_id=request.pk, question="Miksi?", by=world.pricing, via=Via.PAGE)
    assert shown(world.rep) == [("Asked back or rejected", str(quote), "Look at it")]
    quotes.quote_submit(quote_id=quote.pk, by=world.rep)
    assert shown(world.rep) == []
