"""Registry: every list costs the same number of queries with 2 and with 20 rows, and exactly what the table says."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import LinkProposal, MasterConflict
from accounts.tests.factories import AccountFactory, CategoryTma2Factory, PaymentTermFactory
from approvals.models import Request, Run
from approvals.tests.factories import FACTS
from catalog.tests.factories import ProductFactory, ProductGroupFactory
from core import clock, outbox
from core.models import OutboxMessage
from core.tests.factories import JobRunFactory, MailboxMessageFactory
from csr import services
from csr.models import RequirementType
from integration.models import CUSTOMER_SYNC
from opportunities.tests.factories import OpportunityFactory
from quotes.models import Quote
from quotes.tests.factories import template_of
from tests.access_matrix import own_addresses
from users.models import User
from users.tests.factories import AbsenceFactory, UserFactory
from users.tests.programs import Program

pytestmark = pytest.mark.once("postgresql")


class ListPage(NamedTuple):
    role: str
    make: Callable[[int, User], Any]
    """Makes one row, with its own related records, that the user sees; gets its number and the user."""
    queries: int
    """Including user and roles; the session is left out, it may be in the cache."""


def make_account(number: int, user: User) -> None:
    AccountFactory(tma2=CategoryTma2Factory())


def make_approval(number: int, user: User) -> None:
    now = clock.now()
    run = Run.objects.create(
        subject_type="quote",
        subject_id=number + 1,
        subject_version=1,
        content_hash="0" * 64,
        requested_by=UserFactory(),
        last_editor=UserFactory(),
        started_at=now,
    )
    Request.objects.create(run=run, approver=user, position=10, summary=FACTS, is_open=True, asked_at=now, due_at=now)


def make_case(number: int, user: User) -> None:
    registered = RequirementType.objects.get(code="packaging")
    services.case_register(
        account_id=AccountFactory().pk, by=user, requirement_type=registered, title=f"Laatikot {number}", description="Pienempiä",
        product_ids=[ProductFactory().pk],
    )  # fmt: skip


def make_conflict(number: int, user: User) -> None:
    account, person = AccountFactory(), UserFactory()
    candidates = [{"value": f"S{number}", "label": "Maija", "revenue": "10.00"}, {"value": "S", "label": "", "revenue": "10.00"}]
    MasterConflict.objects.create(
        account=account, field="owner", kind="tie", candidates=candidates, run=JobRunFactory(), assigned_to=person
    )


def make_mail(number: int, user: User) -> None:
    MailboxMessageFactory()


def make_failed_mail(number: int, user: User) -> None:
    if number % 2:
        outbox.emit("users.account_changed", user_id=UserFactory().pk, change="password_set")
    else:
        outbox.emit("approval.requested", request_id=number, user_id=UserFactory().pk, link_id=0)
    OutboxMessage.objects.update(last_error="TimeoutError: timed out", attempts=1)


def make_opportunity(number: int, user: User) -> None:
    OpportunityFactory()


def make_payment_term(number: int, user: User) -> None:
    PaymentTermFactory()


def make_product(number: int, user: User) -> None:
    ProductFactory(group=ProductGroupFactory())


def make_run(number: int, user: User) -> None:
    JobRunFactory(kind=CUSTOMER_SYNC, started_by=UserFactory())


def make_proposal(number: int, user: User) -> None:
    prospect = AccountFactory(is_prospect=True, parent_customer_id=None)
    LinkProposal.objects.create(prospect=prospect, account=AccountFactory(), match="name", made_at=clock.now())


def make_quote(number: int, user: User) -> None:
    account = AccountFactory()
    today = clock.today()
    Quote.objects.create(
        number=f"Q-2026-{number:05d}",
        account=account,
        owner=account.owner,
        last_editor=account.owner,
        opportunity=OpportunityFactory(account=account),
        valid_until=today + dt.timedelta(days=30),
        price_date=today,
    )


def make_template(number: int, user: User) -> None:
    template_of(UserFactory(), ProductFactory(), shared_with="all")


def make_absence(number: int, user: User) -> None:
    AbsenceFactory(substitute=user)


LIST_PAGES: dict[str, ListPage] = {
    "account_list": ListPage("data_steward", make_account, 6),
    "approval_list": ListPage("pricing", make_approval, 8),
    "case_list": ListPage("data_steward", make_case, 5),
    "conflict_list": ListPage("data_steward", make_conflict, 4),
    "mailbox": ListPage("sales_rep", make_mail, 2),
    "opportunity_list": ListPage("data_steward", make_opportunity, 4),
    "outbox_list": ListPage("data_steward", make_failed_mail, 6),
    "product_list": ListPage("sales_rep", make_product, 5),
    "proposal_list": ListPage("data_steward", make_proposal, 5),
    "quote_list": ListPage("data_steward", make_quote, 4),
    "sync_list": ListPage("data_steward", make_run, 3),
    "template_list": ListPage("sales_rep", make_template, 2),
}


BOARDS: dict[str, ListPage] = {
    "quote_list": ListPage("data_steward", make_quote, 6),
}
"""Lists that are shown as a board, too, with `?view=board`. A column shows no more than eight cards."""


API_LISTS: dict[str, ListPage] = {
    "api:absence-list": ListPage("data_steward", make_absence, 3),
    "api:account-list": ListPage("data_steward", make_account, 3),
    "api:approval-list": ListPage("pricing", make_approval, 4),
    "api:csr-list": ListPage("data_steward", make_case, 3),
    "api:opportunity-list": ListPage("data_steward", make_opportunity, 3),
    "api:payment-term-list": ListPage("sales_rep", make_payment_term, 3),
    "api:product-list": ListPage("sales_rep", make_product, 4),
    "api:quote-list": ListPage("data_steward", make_quote, 3),
    "api:quote-template-list": ListPage("sales_rep", make_template, 3),
}


def rows_in(html: str) -> int:
    """The rows in the bodies of tables."""
    return sum(body.count("<tr") for body in re.findall(r"<tbody.*?</tbody>", html, re.DOTALL))


def test_every_list_page_is_in_the_table() -> None:
    assert {name for name in own_addresses() if name.endswith("_list")} <= set(LIST_PAGES)
    assert list(LIST_PAGES) == sorted(LIST_PAGES)


@pytest.mark.django_db
@pytest.mark.parametrize("rows", [2, 20])
@pytest.mark.parametrize("name", LIST_PAGES)
def test_a_list_page_costs_the_same_for_few_and_for_many_rows(name: str, rows: int) -> None:
    page = LIST_PAGES[name]
    user = UserFactory(username="eeva", display_name="Eeva Äyräs", roles=[page.role])
    for number in range(rows):
        page.make(number, user)
    client = Client()
    client.force_login(user)
    client.get(reverse(name))  # what is read once per process is read now
    with CaptureQueriesContext(connection) as queries:
        response = client.get(reverse(name))
    assert rows_in(response.content.decode()) == rows
    counted = [query["sql"][:300] for query in queries.captured_queries if "django_session" not in query["sql"]]
    assert len(counted) == page.queries, "\n".join(counted)


@pytest.mark.django_db
@pytest.mark.parametrize("rows", [2, 20])
@pytest.mark.parametrize("name", BOARDS)
def test_a_board_costs_the_same_for_few_and_for_many_cards(name: str, rows: int) -> None:
    page = BOARDS[name]
    user = UserFactory(roles=[page.role])
    for number in range(rows):
        page.make(number, user)
    client = Client()
    client.force_login(user)
    client.get(reverse(name), {"view": "board"})
    with CaptureQueriesContext(connection) as queries:
        response = client.get(reverse(name), {"view": "board"})
    assert len(re.findall(r'<li class="card ', response.content.decode())) == min(rows, 8)
    counted = [query["sql"][:300] for query in queries.captured_queries if "django_session" not in query["sql"]]
    assert len(counted) == page.queries, "\n".join(counted)


FILTERED = ["account_list", "case_list", "conflict_list", "opportunity_list", "product_list", "quote_list"]


@pytest.mark.django_db
@pytest.mark.parametrize("name", FILTERED)
def test_the_filter_of_a_list_is_answered_with_the_rows_alone(name: str) -> None:
    page = LIST_PAGES[name]
    user = UserFactory(roles=[page.role])
    for number in range(2):
        page.make(number, user)
    client = Client()
    client.force_login(user)
    typed = {"HX-Request": "true", "HX-Target": "rows"}
    whole, part = client.get(reverse(name)), client.get(reverse(name), headers=typed)
    back = client.get(reverse(name), headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    html = part.content.decode()
    assert [rows_in(answer.content.decode()) for answer in (whole, part, back)] == [2, 2, 2]
    assert [b"<html" in answer.content for answer in (whole, part, back)] == [True, False, True]
    assert [b"hx-swap-oob" in answer.content for answer in (whole, part, back)] == [False, True, False]
    assert 'hx-swap-oob="innerHTML">2 rows<' in html
    assert f'action="{reverse(name.replace("_list", "_export"))}?"' in html
    assert "HX-Target" in part.headers["Vary"]
    none = client.get(reverse(name), {"q": "no such thing"}, headers=typed).content.decode()
    assert (rows_in(none), "<form" in none, "0 rows" in none) == (0, False, True)


def test_every_list_of_the_api_is_in_the_table() -> None:
    assert {name for name in own_addresses() if name.startswith("api:") and name.endswith("-list")} == set(API_LISTS)
    assert list(API_LISTS) == sorted(API_LISTS)


@pytest.mark.django_db
@pytest.mark.parametrize("rows", [2, 20])
@pytest.mark.parametrize("name", API_LISTS)
def test_a_list_of_the_api_costs_the_same_for_few_and_for_many_rows(name: str, rows: int) -> None:
    page = API_LISTS[name]
    user = UserFactory(roles=[page.role])
    for number in range(rows):
        page.make(number, user)
    program = Program(user)
    program.get(reverse(name))  # the use of the token is noted once a minute
    with CaptureQueriesContext(connection) as queries:
        response = program.get(reverse(name))
    assert len(response.json()["results"]) == rows
    assert len(queries) == page.queries, "\n".join(query["sql"][:300] for query in queries.captured_queries)
