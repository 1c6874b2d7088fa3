"""Registry: every list that can be exported, with what must hold for each: no formula, no foreign row, no hidden column."""

import csv
import datetime as dt
import io
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from accounts.models import Account, MasterConflict
from accounts.tests.factories import AccountFactory
from catalog.models import Price
from catalog.tests.factories import ProductFactory
from core import clock
from core.exports import unescape
from core.models import Event
from core.tests.factories import JobRunFactory
from core.tests.test_exports import EVIL
from csr.models import Case, CaseType, RequirementType
from opportunities.tests.factories import OpportunityFactory
from quotes.models import Quote
from tests.access_matrix import own_addresses
from tests.access_policy import EVERYBODY, POLICY
from tests.test_list_pages import LIST_PAGES
from users.models import User
from users.tests.factories import TeamFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.once("postgresql")]

MARGIN_ROLES = {"sales_rep", "sales_manager", "sales_leadership", "pricing", "finance", "data_steward"}


def quote_of(account: Account) -> Quote:
    number, today = Quote.objects.count() + 1, clock.today()
    return Quote.objects.create(
        number=f"Q-2026-{number:05d}",
        account=account,
        owner=account.owner,
        last_editor=account.owner,
        valid_until=dt.date(2026, 12, 24),
        price_date=today,
        net_total="-1234.5",
        margin_percent="12.34",
    )


def make_account(text: str, owner: User) -> None:
    AccountFactory(name=text, city=text, owner=owner, yearly_revenue="-1234.5")


def make_case(text: str, owner: User) -> None:
    number, now = Case.objects.count() + 1, clock.now()
    Case.objects.create(
        number=f"CSR-2026-{number:05d}",
        account=AccountFactory(name=text, owner=owner),
        registered_by=owner,
        last_editor=owner,
        record_type=CaseType.objects.get(code="csr"),
        requirement_type=RequirementType.objects.get(code="packaging"),
        title=text,
        description="Pienempiä",
        received_on=clock.today(),
        created_at=now,
        status_since=now,
    )


def make_conflict(text: str, owner: User) -> None:
    candidates = [{"value": "S1", "label": "Maija", "revenue": "10.00"}]
    account, run = AccountFactory(name=text, owner=owner), JobRunFactory()
    MasterConflict.objects.create(account=account, field="owner", kind="tie", candidates=candidates, run=run)


def make_opportunity(text: str, owner: User) -> None:
    OpportunityFactory(name=text, account__name=text, account__owner=owner, value="1234.5", close_date=dt.date(2026, 12, 24))


def make_product(text: str, owner: User) -> None:
    ProductFactory(name_en=text, name_fi=text, list_price="1234.5", vat="13.5")


def make_quote(text: str, owner: User) -> None:
    quote_of(AccountFactory(name=text, owner=owner))


class Export(NamedTuple):
    page: str
    filed: str
    """What the list is called in the history."""
    make: Callable[[str, User], None]
    """Makes a row of this owner that says `text`."""
    texts: tuple[int, ...]
    """Columns in which it says so."""
    order: list[str]
    """In which "Ämpäri 2", "Öljy", "Ämpäri 1" and "Ämpäri 3", made one after the other, stand on the page without the second."""
    queries: int
    """Of an export, with the user, the roles, the count and the event; without the session."""
    hidden: tuple[str, ...] = ()
    """Headings that only those see who see margins."""


BY_NAME = ["Ämpäri 1", "Ämpäri 2", "Ämpäri 3"]
OLDEST_FIRST = ["Ämpäri 2", "Ämpäri 1", "Ämpäri 3"]
NEWEST_FIRST = ["Ämpäri 3", "Ämpäri 1", "Ämpäri 2"]
COSTS = ("Cost, EUR", "Floor price, EUR", "Target price, EUR")

EXPORTS: dict[str, Export] = {
    "account_export": Export("account_list", "accounts", make_account, (0, 4), BY_NAME, 5),
    "case_export": Export("case_list", "cases", make_case, (1, 2), NEWEST_FIRST, 5),
    "conflict_export": Export("conflict_list", "conflicts", make_conflict, (1,), NEWEST_FIRST, 5),
    "opportunity_export": Export("opportunity_list", "opportunities", make_opportunity, (0, 1), NEWEST_FIRST, 5),
    "product_export": Export("product_list", "products", make_product, (0,), OLDEST_FIRST, 6, COSTS),
    "quote_export": Export("quote_list", "quotes", make_quote, (1,), NEWEST_FIRST, 5, ("Margin, %",)),
}


def client_of(user: User, **extra: Any) -> Client:
    client = Client(**extra)
    client.force_login(user)
    return client


@pytest.fixture
def steward() -> User:
    return UserFactory.create(username="steward", display_name="Eeva Äyräs", roles=["data_steward"])


def export(client: Client, name: str, file_format: str = "csv", query: str = "", **headers: str) -> Any:
    return client.post(f"{reverse(name)}{query}", {"format": file_format}, headers=headers)


def csv_of(response: Any, delimiter: str = ",") -> list[list[str]]:
    assert response.status_code == 200
    return list(csv.reader(io.StringIO(response.getvalue().decode("utf-8-sig"), newline=""), delimiter=delimiter))


def sheet_of(response: Any) -> Any:
    assert response.status_code == 200
    return openpyxl.load_workbook(io.BytesIO(response.getvalue())).active


def headings_of(html: str) -> list[str]:
    return [re.sub(r"<.*?>", "", cell) for cell in re.findall(r"<th\b.*?</th>", html, re.DOTALL)]


def test_every_export_is_in_the_table() -> None:
    assert {name for name in own_addresses() if name.endswith("_export")} == set(EXPORTS)


# --- Formulas and types -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", EXPORTS)
def test_no_text_of_a_csv_file_can_run_and_none_is_changed(name: str, steward: User) -> None:
    for text in EVIL:
        EXPORTS[name].make(text, UserFactory(roles=["sales_rep"]))
    rows = csv_of(export(client_of(steward), name))[1:]
    for column in EXPORTS[name].texts:
        assert sorted(row[column] for row in rows) == sorted(f"'{text}" for text in EVIL)
        assert sorted(unescape(row[column]) for row in rows) == sorted(EVIL)


@pytest.mark.parametrize("name", EXPORTS)
def test_no_cell_of_a_workbook_is_a_formula_and_no_text_is_changed(name: str, steward: User) -> None:
    for text in EVIL:
        EXPORTS[name].make(text, UserFactory(roles=["sales_rep"]))
    sheet = sheet_of(export(client_of(steward), name, "xlsx"))
    assert "f" not in {cell.data_type for row in sheet.iter_rows() for cell in row}
    plain = [text.replace("\r\n", "\n").replace("\r", "\n") for text in EVIL]
    for column in EXPORTS[name].texts:
        assert sorted(row[column] for row in sheet.iter_rows(min_row=2, values_only=True)) == sorted(plain)


def test_accounts_as_files(steward: User, clock: Any) -> None:
    owner = UserFactory(roles=["sales_rep"], display_name="Öykkönen")
    AccountFactory(name="Ämpäri Oy", parent_customer_id="00123", owner=owner, city="Åbo", yearly_revenue="-1.5")
    client = client_of(steward)
    response = export(client, "account_export")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''accounts-2026-11-20-eeva-%C3%A4yr%C3%A4s.csv"
    assert response["Cache-Control"] == "private, no-store"
    assert csv_of(response) == [
        ["Name", "Customer number", "TMA2", "Owner", "City", "Yearly revenue, EUR", "Status", "Prospect"],
        ["Ämpäri Oy", "00123", "", "Öykkönen", "Åbo", "-1.50", "Active", "No"],
    ]
    [cells] = sheet_of(export(client, "account_export", "xlsx")).iter_rows(min_row=2)
    assert [(cell.value, cell.data_type) for cell in cells] == [
        ("Ämpäri Oy", "s"), ("00123", "s"), (None, "n"), ("Öykkönen", "s"), ("Åbo", "s"), (-1.5, "n"), ("Active", "s"),
        (False, "b"),
    ]  # fmt: skip


def test_opportunities_as_files(steward: User) -> None:
    make_opportunity("Kevät", UserFactory(roles=["sales_rep"], display_name="Öykkönen"))
    client = client_of(steward)
    assert csv_of(export(client, "opportunity_export")) == [
        ["Name", "Account", "Stage", "Value, EUR", "Expected close", "Owner"],
        ["Kevät", "Kevät", "New", "1234.50", "2026-12-24", "Öykkönen"],
    ]
    sheet = sheet_of(export(client, "opportunity_export", "xlsx"))
    assert [(cell.value, cell.data_type) for cell in sheet[2]][3:5] == [(1234.5, "n"), (dt.datetime(2026, 12, 24), "d")]


def test_products_as_files_in_finnish(steward: User) -> None:
    make_product("Äyriäinen", steward)
    ProductFactory(sku="Z", name_fi="Hinnaton", list_price=None)
    rows = csv_of(export(client_of(steward), "product_export", **{"Accept-Language": "fi"}), ";")
    assert rows[0][:10] == [
        "Nimi", "Koodi", "Tuoteryhmä", "Yksikkö", "Listahinta, EUR", "ALV, %", "Tila",
        "Hankintahinta, EUR", "Pohjahinta, EUR", "Tavoitehinta, EUR",
    ]  # fmt: skip
    assert [row[:1] + row[2:10] for row in rows[1:]] == [
        ["Äyriäinen", "", "kpl", "1234,50", "13,5", "Käytössä", "6,00", "8,00", ""],
        ["Hinnaton", "", "kpl", "", "25,5", "Käytössä", "", "", ""],
    ]


def test_products_as_files_tell_guidance_measures_and_what_became_of_them(steward: User) -> None:
    measures = {"use_within_months": 12, "fixed_quantity": "3", "cs_days": "0.25", "bundle_pricing": "fixed"}
    new = ProductFactory(sku="A", start_price="9.5", **measures)
    ProductFactory(sku="B", list_price=None, is_active=False, merged_into=new)
    heading, *rows = csv_of(export(client_of(steward), "product_export"))
    assert heading[10:] == [
        "Start price, EUR", "Use within, months", "Fixed quantity", "Effort of customer success, days", "Bundle, priced by",
        "Merged into",
    ]  # fmt: skip
    assert [row[10:] for row in rows] == [["9.50", "12", "3", "0.25", "a price of its own", ""], ["", "", "", "", "", "A"]]


def test_quotes_as_files_in_finnish(steward: User) -> None:
    make_quote("Ämpäri Oy", UserFactory(roles=["sales_rep"], display_name="Öykkönen"))
    client = client_of(steward)
    assert csv_of(export(client, "quote_export", **{"Accept-Language": "fi"}), ";") == [
        ["Numero", "Asiakas", "Tila", "Yhteensä veroton, EUR", "Kate, %", "Voimassa asti", "Vastuuhenkilö"],
        ["Q-2026-00001/1", "Ämpäri Oy", "Luonnos", "-1234,50", "12,34", "2026-12-24", "Öykkönen"],
    ]
    sheet = sheet_of(export(client, "quote_export", "xlsx", **{"Accept-Language": "fi"}))
    assert [(cell.value, cell.number_format) for cell in sheet[2]][3:6] == [
        (-1234.5, "#,##0.00"), (0.1234, "0.0#%"), (dt.datetime(2026, 12, 24), "d.m.yyyy"),
    ]  # fmt: skip


def test_a_product_shows_the_price_of_its_page(steward: User) -> None:
    product = ProductFactory(list_price="10", cost="6")
    Price.objects.create(price_list=product.prices.get().price_list, product=product, min_quantity=100, list_price=9, cost=5)
    [row] = csv_of(export(client_of(steward), "product_export"))[1:]
    assert (row[4], row[7]) == ("10.00", "6.00")
    assert "€10.00" in client_of(steward).get(reverse("product_list")).content.decode()


# --- Who sees what ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("name", "role"), [(name, role) for name in EXPORTS for role in sorted(POLICY[name].who - {"anonymous"})]
)
def test_a_file_has_the_columns_of_the_page_and_no_hidden_one(name: str, role: str, file_format: str) -> None:
    user = UserFactory(roles=[role])
    EXPORTS[name].make("Ämpäri", user)
    client = client_of(user)
    response = export(client, name, file_format)
    header = csv_of(response)[0] if file_format == "csv" else [cell.value for cell in sheet_of(response)[1]]
    page = headings_of(client.get(reverse(EXPORTS[name].page)).content.decode())
    assert [re.sub(", (EUR|%)$", "", heading) for heading in header][: len(page)] == page
    sees = role in MARGIN_ROLES
    assert [heading for heading in header if heading in EXPORTS[name].hidden] == (list(EXPORTS[name].hidden) if sees else [])


@pytest.mark.parametrize("name", ["account_export", "opportunity_export", "quote_export"])
def test_a_file_has_the_rows_in_sight_and_no_others(name: str) -> None:
    team = TeamFactory()
    rep, colleague = (UserFactory(roles=["sales_rep"], team=team) for _ in range(2))
    stranger = UserFactory(roles=["sales_rep"], team=TeamFactory())
    for text, owner in (("Oma", rep), ("Kollegan", colleague), ("Vieras", stranger)):
        EXPORTS[name].make(text, owner)
    found = {
        person: {row[EXPORTS[name].texts[0]] for row in csv_of(export(client_of(person), name))[1:]} for person in (rep, stranger)
    }
    assert found == {rep: {"Oma", "Kollegan"}, stranger: {"Vieras"}}
    assert Event.objects.get(by=stranger).data["rows"] == 1


@pytest.mark.parametrize("name", EXPORTS)
def test_who_may_not_open_the_page_gets_no_file_and_nothing_is_filed(name: str) -> None:
    may_not = sorted(EVERYBODY - POLICY[name].who)
    assert EVERYBODY - POLICY[name].who == EVERYBODY - POLICY[EXPORTS[name].page].who
    clients = [Client() if role == "anonymous" else client_of(UserFactory(roles=[role])) for role in may_not]
    statuses = {role: export(client, name).status_code for role, client in zip(may_not, clients, strict=True)}
    assert statuses == {role: 302 if role == "anonymous" else 403 for role in may_not}
    assert Event.objects.count() == 0


# --- Filters, limits, the history -------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", EXPORTS)
def test_a_file_has_the_filter_and_the_order_of_the_page(name: str, steward: User) -> None:
    owner = UserFactory(roles=["sales_rep"])
    for text in ("Ämpäri 2", "Öljy", "Ämpäri 1", "Ämpäri 3"):
        EXPORTS[name].make(text, owner)
    client = client_of(steward)
    html = client.get(f"{reverse(EXPORTS[name].page)}?q=ämpäri").content.decode()
    assert f'action="{reverse(name)}?q=%C3%A4mp%C3%A4ri"' in html
    rows = csv_of(export(client, name, query="?q=%C3%A4mp%C3%A4ri"))[1:]
    assert [row[EXPORTS[name].texts[0]] for row in rows] == EXPORTS[name].order
    places = [html.index(f">{text}<") for text in EXPORTS[name].order]
    assert places == sorted(places)
    event = Event.objects.get()
    assert (event.by, event.verb) == (steward, "export started")
    assert {key: event.data[key] for key in ("list", "format", "filter", "rows")} == {
        "list": EXPORTS[name].filed,
        "format": "csv",
        "filter": {"q": "ämpäri"},
        "rows": 3,
    }


def test_the_filter_is_filed_as_it_was_understood(steward: User) -> None:
    account = AccountFactory()
    client = client_of(steward)
    for query in (f"?owner={account.owner.pk}&status=active&q=&x=1", "?q=%00&status=nonsense&owner=x", "?cursor=abc"):
        assert export(client, "account_export", query=query).status_code == 200
    filed = [event.data["filter"] for event in Event.objects.order_by("pk")]
    assert filed == [{"owner": str(account.owner.pk), "status": "active"}, {}, {}]


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
@pytest.mark.parametrize("name", EXPORTS)
def test_a_list_that_is_too_long_is_refused_with_a_sentence_before_anything_is_filed(
    name: str, file_format: str, steward: User, settings: Any
) -> None:
    settings.EXPORT_MAX_ROWS = 2
    for text in ("a", "b", "c"):
        EXPORTS[name].make(text, UserFactory(roles=["sales_rep"]))
    client = client_of(steward)
    response = export(client, name, file_format)
    assert response.status_code == 422
    assert "This list has more than 2 rows. Narrow it with the filters, then export again." in response.content.decode()
    assert Event.objects.count() == 0
    settings.EXPORT_MAX_ROWS = 3
    response = export(client, name, file_format)
    assert (response.status_code, len(response.getvalue()) > 0, Event.objects.get().data["rows"]) == (200, True, 3)


@pytest.mark.parametrize("name", EXPORTS)
def test_a_get_writes_nothing_and_leads_to_the_page(name: str, steward: User) -> None:
    response = client_of(steward).get(f"{reverse(name)}?q=a&format=csv")
    assert (response.status_code, response["Location"]) == (302, f"{reverse(EXPORTS[name].page)}?q=a&format=csv")
    assert Event.objects.count() == 0


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_from_another_site_is_refused(name: str, steward: User) -> None:
    client = client_of(steward, enforce_csrf_checks=True)
    assert (export(client, name).status_code, Event.objects.count()) == (403, 0)


@pytest.mark.parametrize("name", EXPORTS)
def test_an_unknown_format_is_refused_and_nothing_is_filed(name: str, steward: User) -> None:
    response = export(client_of(steward), name, "pdf")
    assert (response.status_code, Event.objects.count()) == (422, 0)
    assert "Choose CSV or Excel." in response.content.decode()


@pytest.mark.parametrize("rows", [2, 20])
@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_costs_the_same_for_few_and_for_many_rows(name: str, file_format: str, rows: int, steward: User) -> None:
    for number in range(rows):
        LIST_PAGES[EXPORTS[name].page].make(number, steward)
    client = client_of(steward)
    with translation.override("fi"), CaptureQueriesContext(connection) as queries:
        response = export(client, name, file_format)
        found = len(csv_of(response)) if file_format == "csv" else sheet_of(response).max_row
    assert found == rows + 1
    counted = [query["sql"][:300] for query in queries.captured_queries if "django_session" not in query["sql"]]
    assert len(counted) == EXPORTS[name].queries, "\n".join(counted)
