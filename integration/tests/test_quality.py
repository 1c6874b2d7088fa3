"""How good the data are: who sees which figures, that they are right, and that a day is noted once."""

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given, strategies as st

from accounts import completeness
from accounts.models import Account, AccountStatus, AccountTeamMember, LinkProposal, MasterConflict
from accounts.survivorship import ConflictKind
from accounts.tests.factories import AccountFactory, SiteFactory
from core import clock
from core.models import JobRun
from core.tests.factories import JobRunFactory
from integration import charts, quality, tasks
from integration.choices import Handling
from integration.models import PRODUCT_IMPORT, QualityFigure
from integration.services import quality as quality_service
from integration.tests.factories import QuarantinedRowFactory, RunFactory
from users.models import User
from users.roles import Perm
from users.tests.factories import TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


def as_user(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def full(owner: User | None, **changes: Any) -> Account:
    """An account that lacks nothing that is text."""
    texts = dict.fromkeys(
        (
            "business_id",
            "vat_number",
            "sap_codes",
            "street",
            "postcode",
            "city",
            "invoice_street",
            "invoice_postcode",
            "invoice_city",
        ),
        "x",
    )
    return AccountFactory(owner=owner, **texts | {"country": "FI", "language": "fi", "invoice_email": "a@b.example"} | changes)


def conflict(account: Account, **changes: Any) -> MasterConflict:
    return MasterConflict.objects.create(account=account, field="owner", kind=ConflictKind.TIE, run=JobRunFactory(), **changes)


def proposal(account: Account, **changes: Any) -> LinkProposal:
    prospect = AccountFactory(owner=account.owner, parent_customer_id=None, is_prospect=True, status=AccountStatus.INACTIVE)
    match = LinkProposal.Match.NAME
    return LinkProposal.objects.create(prospect=prospect, account=account, match=match, made_at=clock.now(), **changes)


@pytest.fixture
def people() -> SimpleNamespace:
    """The owner of accounts, a colleague of the team, a manager of the unit, a stranger, and a steward."""
    team, neighbours = TeamFactory(), TeamFactory()
    return SimpleNamespace(
        owner=UserFactory(username="owner", roles=["sales_rep"], team=team),
        colleague=UserFactory(username="colleague", roles=["sales_rep"], team=team),
        manager=UserFactory(username="manager", roles=["sales_manager"], team=TeamFactory(unit=team.unit)),
        stranger=UserFactory(username="stranger", roles=["sales_rep"], team=neighbours),
        steward=UserFactory(username="steward", roles=["data_steward"]),
    )


def numbers(user: User) -> dict[str, int]:
    """What the page shows, by figure."""
    context = as_user(user).get(reverse("quality")).context
    return {row["figure"].code: row["number"] for row in (*context["matters"], *context["fields"])}


# --- The figures ------------------------------------------------------------------------------------------------------
def columns_of(field: str) -> tuple[str, ...]:
    return ("invoice_street", "invoice_postcode", "invoice_city") if field == completeness.INVOICE_ADDRESS else (field,)


def some(people: SimpleNamespace, column: str) -> Any:
    """A value of a column of an account."""
    related: Any = Account._meta.get_field(column).related_model
    if related is None:
        return "fi"
    days = {"days": 14} if column == "payment_term" else {}
    return people.owner if column == "owner" else related.objects.create(code="x", label_en="X", **days)


@pytest.mark.req("S2.24")
@pytest.mark.parametrize("field", completeness.FIELDS)
def test_each_figure_of_a_field_opens_the_list_of_those_that_lack_it(people: SimpleNamespace, field: str) -> None:
    columns = columns_of(field)
    AccountFactory(name="Täysi", **{column: some(people, column) for column in columns})
    nothing = None if Account._meta.get_field(columns[0]).is_relation else ""
    for name, status in (("Vajaa", AccountStatus.ACTIVE), ("Passiivinen", AccountStatus.INACTIVE)):
        AccountFactory(name=name, status=status, **{columns[-1]: nothing})  # who lacks a part of an address lacks it
    client = as_user(people.steward)
    [row] = [row for row in client.get(reverse("quality")).context["fields"] if row["figure"].field == field]
    listed = client.get(row["path"]).context["page"].rows
    assert (row["number"], row["have"], [account.name for account in listed]) == (1, 1, ["Vajaa"])


@pytest.mark.req("S2.24", "S2.27")
def test_matters_open_lists_of_the_accounts_that_have_them(people: SimpleNamespace) -> None:
    disputed, doubled = full(people.owner, name="Riita"), full(people.owner, name="Kaksi")
    asleep = full(people.owner, name="Uni", status=AccountStatus.INACTIVE)
    conflict(disputed)
    conflict(doubled, resolved_at=clock.now())
    prospect = proposal(doubled).prospect
    proposal(disputed, status=LinkProposal.Status.DECLINED)
    for account in (asleep, asleep, disputed):
        SiteFactory(account=account, row_hash=0)
    SiteFactory(account=asleep, row_hash=0, is_active=False)
    client = as_user(people.owner)
    rows = {row["figure"].code: row for row in client.get(reverse("quality")).context["matters"]}
    found = {code: rows[code]["number"] for code in (quality.CONFLICTS, quality.DUPLICATES, quality.STRANDED_SITES)}
    assert found == {"conflicts": 1, "duplicates": 1, "stranded_sites": 2}
    lists = {"conflict": [disputed], "duplicate": [prospect], "stranded_sites": [asleep]}
    for matter, accounts in lists.items():
        listed = client.get(reverse("account_list"), {"has": matter}).context["page"].rows
        assert [row.name for row in listed] == [account.name for account in accounts]


@pytest.mark.req("S2.24")
def test_everybody_gets_the_figures_of_the_accounts_in_their_sight(people: SimpleNamespace) -> None:
    mine, foreign = full(people.owner, business_id=""), full(people.stranger, business_id="")
    full(None, business_id="")
    for account in (mine, foreign):
        conflict(account)
    seen = {name: numbers(person) for name, person in vars(people).items()}
    assert {name: found["lacks_business_id"] for name, found in seen.items()} == {
        "owner": 1, "colleague": 1, "manager": 1, "stranger": 1, "steward": 3,
    }  # fmt: skip
    assert [seen[name]["conflicts"] for name in ("owner", "manager", "steward")] == [1, 1, 2]
    AccountTeamMember.objects.create(account=foreign, user=people.owner)
    assert numbers(people.owner)["lacks_business_id"] == 2


def test_strangers_are_sent_to_the_login_and_nothing_unknown_is_there(people: SimpleNamespace) -> None:
    addresses = [reverse("quality"), reverse("quality_figure", args=["conflicts"])]
    assert [Client().get(address).status_code for address in addresses] == [302, 302]
    assert as_user(people.steward).get(reverse("quality_figure", args=["accounts"])).status_code == 404


def test_what_is_lacking_is_shown_by_owner_and_opens_the_list_of_that_owner(people: SimpleNamespace) -> None:
    for _number in range(2):
        full(people.owner, business_id="")
    full(people.stranger, business_id="")
    full(people.stranger)
    full(people.colleague)
    full(None, business_id="", name="Orpo")
    client = as_user(people.steward)
    context = client.get(reverse("quality_figure", args=["lacks_business_id"])).context
    shares = [(row["share"].owner_id, row["share"].number, row["share"].of) for row in context["owners"]]
    assert shares == [(people.owner.pk, 2, 2), (None, 1, 1), (people.stranger.pk, 1, 2)]
    assert [row["percent"] for row in context["owners"]] == [Decimal(100), Decimal(100), Decimal(50)]
    listed = [[row.name for row in client.get(row["path"]).context["page"].rows] for row in context["owners"]]
    assert ([len(names) for names in listed], listed[1]) == ([2, 1, 1], ["Orpo"])


@pytest.mark.parametrize("code", ["conflicts", "duplicates", "stranded_sites"])
def test_a_matter_is_shown_by_owner(people: SimpleNamespace, code: str) -> None:
    asleep = full(people.owner, status=AccountStatus.INACTIVE)
    conflict(asleep)
    proposal(asleep)
    SiteFactory(account=asleep, row_hash=0)
    response = as_user(people.manager).get(reverse("quality_figure", args=[code]))
    [row] = response.context["owners"]
    assert (row["share"].owner_id, row["share"].number, row["share"].of) == (people.owner.pk, 1, None)
    assert len(as_user(people.manager).get(row["path"]).context["page"].rows) == 1


# --- Rows that were left out ------------------------------------------------------------------------------------------
def test_rows_left_out_are_those_of_the_last_run_that_read_rows_and_still_open(people: SimpleNamespace) -> None:
    QuarantinedRowFactory.create_batch(3, run=RunFactory())
    last = RunFactory(status=JobRun.Status.UNCHANGED)
    QuarantinedRowFactory.create_batch(2, run=last)
    QuarantinedRowFactory(run=last, handling=Handling.IGNORED)
    QuarantinedRowFactory(run=RunFactory(status=JobRun.Status.DRY_RUN))
    RunFactory(status=JobRun.Status.UNCHANGED)  # the file had not changed, so nobody read it
    product_run = RunFactory(kind=PRODUCT_IMPORT)
    QuarantinedRowFactory(run=product_run)
    client = as_user(people.steward)
    rows = {row["figure"].code: row for row in client.get(reverse("quality")).context["matters"]}
    assert [(rows[code]["number"], rows[code]["path"]) for code in quality.LEFT_OUT] == [
        (2, reverse("sync_quarantine", args=[last.pk])),
        (1, reverse("sync_quarantine", args=[product_run.pk])),
    ]
    page = client.get(reverse("quality_figure", args=["quarantined_customers"]))
    assert (page.context["number"], page.context["owners"]) == (2, [])


def test_one_row_put_right_leaves_the_others_in_the_figure(people: SimpleNamespace) -> None:
    run = RunFactory()
    QuarantinedRowFactory.create_batch(2, run=run)
    RunFactory(counts={"of": run.pk})
    assert quality.left_out()["quarantined_customers"] == (2, run.pk)


@pytest.mark.parametrize("role", ["sales_rep", "sales_manager", "sales_leadership", "finance"])
def test_only_stewards_see_rows_that_were_left_out(people: SimpleNamespace, role: str) -> None:
    QuarantinedRowFactory()
    quality_service.quality_note()
    user = UserFactory(roles=[role])
    assert not set(quality.LEFT_OUT) & set(numbers(user))
    assert not set(quality.LEFT_OUT) & set(quality.noted_in_sight(user).values_list("figure", flat=True))
    assert as_user(user).get(reverse("quality_figure", args=["quarantined_customers"])).status_code == 404
    assert set(quality.LEFT_OUT) & set(quality.noted_in_sight(people.steward).values_list("figure", flat=True))


# --- Over time --------------------------------------------------------------------------------------------------------
def test_a_day_is_noted_once_however_often_it_is_noted(people: SimpleNamespace, clock: Any) -> None:
    account = full(people.owner, business_id="")
    full(None)
    conflict(account)
    made = tasks.quality_note()
    before = sorted(QualityFigure.objects.values_list("day", "figure", "owner", "number"), key=str)
    assert (tasks.quality_note(), sorted(QualityFigure.objects.values_list("day", "figure", "owner", "number"), key=str)) == (
        made,
        before,
    )
    day = dt.date(2026, 11, 20)
    assert {(day, "accounts", people.owner.pk, 1), (day, "lacks_business_id", people.owner.pk, 1)} <= set(before)
    assert {(day, "lacks_owner", None, 1), (day, "conflicts", people.owner.pk, 1)} <= set(before)
    Account.objects.update(business_id="1")
    clock.move_to(dt.datetime(2026, 11, 20, 22, 30, tzinfo=dt.UTC))  # past midnight in Helsinki
    tasks.quality_note()
    days = QualityFigure.objects.filter(figure="lacks_business_id").values_list("day", flat=True)
    assert (list(days), QualityFigure.objects.filter(day=day).count()) == ([day], made)


def test_what_was_noted_today_is_put_right(people: SimpleNamespace) -> None:
    full(people.owner, business_id="")
    tasks.quality_note()
    Account.objects.update(business_id="1")
    tasks.quality_note()
    assert not QualityFigure.objects.filter(figure="lacks_business_id").exists()


def test_the_task_runs_every_night() -> None:
    assert settings.CELERY_BEAT_SCHEDULE["quality-note"]["task"] == tasks.quality_note.name


def note(day: dt.date, figure: str, number: int, owner: User | None = None) -> None:
    QualityFigure.objects.create(day=day, figure=figure, number=number, owner=owner)


def test_the_change_is_that_since_the_last_noted_night_of_owners_in_sight(people: SimpleNamespace, clock: Any) -> None:
    for days_ago, mine, foreign in ((20, 99, 99), (1, 0, 4)):
        day = dt.date(2026, 11, 20) - dt.timedelta(days=days_ago)
        note(day, "conflicts", mine, people.owner)
        note(day, "conflicts", foreign, people.stranger)
    conflict(full(people.owner))
    shared = full(people.stranger)
    conflict(shared)
    AccountTeamMember.objects.create(account=shared, user=people.owner)

    def change(person: User) -> int:
        numbers = quality.completeness_for(person) | quality.matters_for(person)
        return quality.changes(person, numbers).by_figure["conflicts"]

    found = {name: change(person) for name, person in vars(people).items()}
    assert found == {"owner": 1, "colleague": 1, "manager": 1, "stranger": -3, "steward": -2}
    html = as_user(people.owner).get(reverse("quality")).content.decode()
    assert ("The changes are those since 19 Nov 2026." in html, ">+1<" in html) == (True, True)


def test_the_chart_and_its_table_hold_the_same_numbers(people: SimpleNamespace, clock: Any) -> None:
    for days_ago, number in ((0, 4), (10, 2), (80, 7), (200, 9)):
        day = dt.date(2026, 11, 20) - dt.timedelta(days=days_ago)
        note(day, "accounts", 10, people.owner)
        note(day, "lacks_business_id", number, people.owner)
        note(day, "accounts", 10, people.stranger)
    address = reverse("quality_figure", args=["lacks_business_id"])
    response = as_user(people.colleague).get(address)
    context = response.context
    assert [(row.number, row.of, share) for row, share in context["noted"]] == [
        (4, 10, Decimal(40)), (2, 10, Decimal(20)), (7, 10, Decimal(70)),
    ]  # fmt: skip
    assert [dot.value for dot in context["chart"].dots] == [7, 2, 4]
    assert [dot.x for dot in context["chart"].dots] == ["0.0", "875.0", "1000.0"]
    html = response.content.decode()
    assert ("<svg" in html, "style=" in html, 'role="region"' in html) == (True, False, True)
    month = as_user(people.steward).get(address, {"days": 30}).context
    assert [(row.number, row.of) for row, _share in month["noted"]] == [(4, 20), (2, 20)]
    year = as_user(people.steward).get(address, {"days": 365}).context
    assert [row.day.isoformat() for row, _share in year["noted"]] == ["2026-11-20"]
    assert as_user(people.steward).get(address, {"days": "9" * 40}).context["days"] == 90


def test_of_a_year_one_day_a_week_is_shown(people: SimpleNamespace, clock: Any) -> None:
    for days_ago in range(30):
        note(dt.date(2026, 11, 20) - dt.timedelta(days=days_ago), "conflicts", 1)
    days = [row.day for row in quality.noted(quality.FIGURES["conflicts"], people.steward, 365)]
    assert [(days[-1] - day).days for day in days] == [28, 21, 14, 7, 0]


def test_before_the_first_night_the_page_says_so(people: SimpleNamespace) -> None:
    html = as_user(people.steward).get(reverse("quality_figure", args=["conflicts"])).content.decode()
    assert ("Nothing noted yet" in html, "<polyline" in html) == (True, False)


# --- What it costs ----------------------------------------------------------------------------------------------------
def queries_of(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len([query for query in queries if "django_session" not in query["sql"]])


@pytest.mark.parametrize(
    ("address", "own"),
    [
        (reverse("quality"), 7),  # completeness, three matters, rows left out, two for the changes
        (reverse("quality_figure", args=["lacks_business_id"]), 2),
        (reverse("quality_figure", args=["conflicts"]), 2),
    ],
)
def test_the_pages_cost_the_same_for_few_and_for_many(people: SimpleNamespace, clock: Any, address: str, own: int) -> None:
    client = as_user(people.steward)
    counts = []
    for number in range(1, 21):
        account = full(UserFactory(team=TeamFactory()), business_id="")
        conflict(account)
        note(dt.date(2026, 11, 20) - dt.timedelta(days=number), "conflicts", number, account.owner)
        if number in (2, 20):
            counts.append(queries_of(client, address))
    assert counts == [own + 2] * 2, counts  # besides the user with the roles and what waits for them


def test_completeness_is_one_query(people: SimpleNamespace, django_assert_num_queries: Any) -> None:
    full(people.owner)
    assert people.steward.may(Perm.STEWARD)  # the roles are read now
    with django_assert_num_queries(1):
        quality.completeness_for(people.steward)


# --- The chart --------------------------------------------------------------------------------------------------------
@given(st.integers(0, 10**9))
def test_the_scale_holds_every_value_and_has_a_whole_middle(value: int) -> None:
    top = charts.round_up(value)
    assert value <= top <= max(2, 10 * value)
    assert top % 2 == 0


def test_days_are_where_they_are_in_time() -> None:
    days = [(dt.date(2026, 11, day), value) for day, value in ((1, 0), (2, 50), (11, 100))]
    chart = charts.line_chart(days)
    assert (chart.line, chart.top) == ("0.0,200.0 100.0,100.0 1000.0,0.0", 100)
    assert charts.line_chart(days[:1]).line == "500.0,200.0"


def test_the_menu_marks_the_page_and_not_the_one_above_it(people: SimpleNamespace) -> None:
    shell = as_user(people.steward).get(reverse("quality")).context["shell"]
    assert [entry.path for entry in shell.navigation if entry.is_current] == ["/sync/quality/"]
    rep = as_user(people.owner).get(reverse("quality")).context["shell"]
    assert not any(entry.path.startswith("/sync/") for entry in rep.navigation)
    assert reverse("quality") in as_user(people.owner).get(reverse("account_list")).content.decode()
    above = as_user(people.steward).get(reverse("sync_list")).context["shell"]
    assert [entry.path for entry in above.navigation if entry.is_current] == ["/sync/"]


def test_a_pair_of_which_one_was_merged_is_no_possible_duplicate_any_more(people: SimpleNamespace) -> None:
    account = AccountFactory(owner=people.owner)
    found = proposal(account)
    assert numbers(people.owner)["duplicates"] == 1
    assert Account.objects.filter(completeness.with_matter(completeness.DUPLICATE)).get() == found.prospect
    Account.objects.filter(pk=account.pk).update(status=AccountStatus.MERGED, merged_into=AccountFactory(owner=people.owner))
    assert numbers(people.owner)["duplicates"] == 0
    assert not Account.objects.filter(completeness.with_matter(completeness.DUPLICATE)).exists()
