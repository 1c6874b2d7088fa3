"""Accounts over HTTP: the same services as the pages, in the shapes of docs/api.md."""

from decimal import Decimal as D
from types import SimpleNamespace
from typing import Any

import pytest

from accounts.api.outputs import LOOK_UPS
from accounts.models import Account, Contact, FieldOverride, MasterConflict
from accounts.tests.factories import (
    AccountFactory,
    CategoryTma2Factory,
    ContactFactory,
    IndustryFactory,
    MasterRecordFactory,
    PaymentTermFactory,
    PaymentTermRuleFactory,
    SiteFactory,
    TerritoryFactory,
)
from core.api.values import instant
from core.models import Event
from core.tests.factories import JobRunFactory
from users.tests.factories import UserFactory
from users.tests.programs import Program

pytestmark = [pytest.mark.django_db, pytest.mark.once("postgresql")]


@pytest.fixture
def rep(people: SimpleNamespace) -> Program:
    return Program(people.owner)


@pytest.fixture
def path(people: SimpleNamespace) -> str:
    return f"accounts/{people.account.pk}/"


def found(program: Program, query: str) -> list[str]:
    return [row["name"] for row in program.get(f"accounts/?{query}").json()["results"]]


# --- Reading ----------------------------------------------------------------------------------------------------------
def test_the_list_is_searched_filtered_and_ordered(people: SimpleNamespace) -> None:
    steward = Program(people.steward)
    Account.objects.all().delete()
    dairy = CategoryTma2Factory(code="dairy")
    AccountFactory(name="Aalto Oy", parent_customer_id="00123", tma2=dairy, owner=people.owner)
    AccountFactory(name="Kuusi Oy", parent_customer_id="123", status="inactive", owner=people.owner)
    assert found(steward, "") == ["Aalto Oy", "Kuusi Oy"]
    assert found(steward, "ordering=-name") == found(steward, "ordering=-id") == ["Kuusi Oy", "Aalto Oy"]
    assert found(steward, "parent_customer_id=123") == ["Kuusi Oy"]
    assert found(steward, "parent_customer_id=00123") == ["Aalto Oy"]
    assert found(steward, "parent_customer_id=0012") == []
    assert found(steward, "q=aalto") == found(steward, "tma2=dairy") == ["Aalto Oy"]
    assert found(steward, "status=inactive") == ["Kuusi Oy"]
    assert found(steward, f"owner={people.owner.pk}&ordering=id") == ["Aalto Oy", "Kuusi Oy"]


@pytest.mark.parametrize(
    "query",
    ["tma2=none", "status=gone", "owner=x", "owner=987654", "ordering=city", "customer=1", "cursor=x", "parent_customer_id="],
)
def test_a_parameter_that_makes_no_sense_is_refused(rep: Program, query: str) -> None:
    answer = rep.get(f"accounts/?{query}")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [query.partition("=")[0]])


def test_an_account_tells_everything_with_the_source_of_each_field(rep: Program, people: SimpleNamespace, path: str) -> None:
    account = people.account
    account.industry, account.territory, account.default_discount = (
        IndustryFactory(code="bakery"),
        TerritoryFactory(code="fi"),
        D(5),
    )
    account.yearly_revenue = D("1234.5")
    account.save()
    run = JobRunFactory()
    MasterRecordFactory(account=account, values={"name": "Masterin Nimi", "industry": "bakery"}, run=run)
    FieldOverride.objects.create(account=account, field="name", by=people.owner, at=run.started_at, reason="New name")
    candidates = [{"value": "S1", "label": "Myyjä", "revenue": "5.00"}, {"value": "S2", "label": "Toinen"}]
    MasterConflict.objects.create(account=account, field="owner", kind="tie", candidates=candidates, run=run)
    answer = rep.get(path)
    body = answer.json()
    assert (answer.status_code, answer["ETag"], body["version"]) == (200, '"1"', 1)
    assert (body["name"], body["industry"], body["tma2"], body["territory"]) == (account.name, "bakery", None, "fi")
    assert (body["owner"], body["unit"]) == (people.owner.pk, people.owner.team.unit.code)
    assert (body["default_discount"], body["yearly_revenue"], body["currency"]) == ("5", "1234.50", "EUR")
    sources = body["sources"]
    assert list(sources) == list(Account.MASTER_FIELDS)
    assert (sources["name"]["source"], sources["name"]["master_value"]) == ("override", "Masterin Nimi")
    assert (sources["name"]["override"]["by"], sources["name"]["override"]["reason"]) == (people.owner.pk, "New name")
    assert (sources["industry"]["source"], sources["industry"]["override"]) == ("master", None)
    assert (sources["name"]["master_rule"], sources["city"]["master_rule"]) == ("greatest in text order", None)
    assert (sources["name"]["master_at"], sources["city"]["master_at"]) == (instant(run.started_at), None)
    assert (sources["city"]["source"], sources["city"]["master_value"], sources["city"]["candidates"]) == (None, None, [])
    assert sources["owner"]["candidates"] == [candidates[0], {**candidates[1], "revenue": None}]


def test_sites_and_contacts_page_by_cursor(rep: Program, people: SimpleNamespace, path: str) -> None:
    for number in range(3):
        SiteFactory(account=people.account, child_id=f"C{number}", revenue=D("10"))
        ContactFactory(account=people.account, name=f"Person {number}")
    SiteFactory(child_id="other")
    for name, key, rows in (
        ("sites", "child_id", ["C0", "C1", "C2"]),
        ("contacts", "name", ["Person 0", "Person 1", "Person 2"]),
    ):
        first = rep.get(f"{path}{name}/?limit=2").json()
        second = rep.get(first["next"].removeprefix("http://testserver")).json()
        assert ([row[key] for row in first["results"] + second["results"]], second["next"]) == (rows, None)
        assert rep.get(f"{path}{name}/?ordering=id").status_code == 400


def test_the_advice_names_term_rule_and_reason(rep: Program, people: SimpleNamespace, path: str) -> None:
    assert rep.get(f"{path}payment-term-advice/").json() == {
        "payment_term": None, "rule": None, "reason": "No payment-term rule fits this customer."
    }  # fmt: skip
    PaymentTermRuleFactory(payment_term=PaymentTermFactory(code="net14", days=14))
    big = PaymentTermRuleFactory(payment_term=PaymentTermFactory(code="net30", days=30), min_amount=D("50000"))
    assert rep.get(f"{path}payment-term-advice/?amount=49999.99").json()["payment_term"] == "net14"
    advice = rep.get(f"{path}payment-term-advice/?amount=50000").json()
    assert (advice["payment_term"], advice["rule"]["id"], advice["rule"]["min_amount"]) == ("net30", big.pk, "50000.00")
    assert advice["reason"] == "30 days net, because the deal is at least €50,000.00."
    for wrong in ("amount=much", "amount=-1", "amount=1.001", "sum=1"):
        answer = rep.get(f"{path}payment-term-advice/?{wrong}")
        assert (answer.status_code, list(answer.json()["fields"])) == (400, [wrong.partition("=")[0]])


def test_payment_terms_are_those_in_use_in_their_order(rep: Program) -> None:
    PaymentTermFactory(code="net30", days=30, position=2)
    PaymentTermFactory(code="net14", days=14, position=1)
    PaymentTermFactory(code="old", is_active=False)
    body = rep.get("payment-terms/").json()
    assert body == {
        "next": None,
        "results": [
            {"code": "net14", "label": "14 days net", "position": 1, "days": 14},
            {"code": "net30", "label": "30 days net", "position": 2, "days": 30},
        ],
    }
    assert rep.get("payment-terms/", Accept_Language="fi").json()["results"][0]["label"] == "14 pv netto"


def test_what_can_be_chosen_is_told_by_field(rep: Program) -> None:
    for code, position, in_use in (("late", 2, True), ("early", 1, True), ("old", 0, False)):
        TerritoryFactory(code=code, position=position, is_active=in_use)
    rows = rep.get("look-ups/territory/", Accept_Language="fi").json()["results"]
    assert rows == [{"code": code, "label": f"Suomi {code}", "position": place} for code, place in (("early", 1), ("late", 2))]
    codes = {field: rep.get(f"look-ups/{field}/").status_code for field in (*LOOK_UPS, "owner", "none")}
    assert codes == {**dict.fromkeys(LOOK_UPS, 200), "owner": 404, "none": 404}


# --- Changing ---------------------------------------------------------------------------------------------------------
def test_fields_filled_by_hand_change_by_code(rep: Program, people: SimpleNamespace, path: str) -> None:
    PaymentTermFactory(code="net30", days=30)
    changes = {
        "payment_term": "net30",
        "default_discount": "7.5",
        "language": "fi",
        "invoice_email": "lasku@aalto.example",
        "notes": "N",
    }
    answer = rep.patch(path, changes, If_Match='"1"')
    body = answer.json()
    assert (answer.status_code, answer["ETag"]) == (200, '"2"')
    assert {name: body[name] for name in changes} == changes
    emptied = rep.patch(path, {"payment_term": None, "language": None, "notes": ""}).json()
    assert (emptied["payment_term"], emptied["language"], emptied["notes"]) == (None, None, "")


def test_a_value_out_of_use_stays_where_it_is_and_goes_nowhere_new(rep: Program, people: SimpleNamespace, path: str) -> None:
    old, other = TerritoryFactory(code="old", is_active=False), TerritoryFactory(code="other", is_active=False)
    people.account.territory = old
    people.account.save()
    assert rep.patch(path, {"territory": old.code}).status_code == 200
    answer = rep.patch(path, {"territory": other.code})
    assert (answer.status_code, list(answer.json()["fields"])) == (422, ["territory"])


def test_a_stale_version_changes_nothing(rep: Program, people: SimpleNamespace, path: str) -> None:
    rep.patch(path, {"notes": "first"})
    for method, to, body in (
        ("PATCH", path, {"notes": "second"}),
        ("POST", f"{path}override/", {"field": "city", "value": "Espoo", "reason": "Moved"}),
        ("POST", f"{path}lift-override/", {"field": "city"}),
    ):
        answer = rep.call(method, to, body, If_Match='"1"')
        assert (answer.status_code, answer.json()["code"]) == (409, "stale_version")
    people.account.refresh_from_db()
    assert (people.account.notes, people.account.city, people.account.version) == ("first", "", 2)


@pytest.mark.parametrize(
    ("body", "field", "status"),
    [
        ({"name": "Mine"}, "name", 400),
        ({"status": "inactive"}, "status", 400),
        ({"version": 3}, "version", 400),
        ({"default_discount": "101"}, "default_discount", 400),
        ({"default_discount": "-1"}, "default_discount", 400),
        ({"invoice_email": "nobody"}, "invoice_email", 400),
        ({"language": "sv"}, "language", 400),
        ({"payment_term": "none"}, "payment_term", 422),
    ],
)
def test_what_does_not_fit_is_refused_by_field(
    rep: Program, people: SimpleNamespace, path: str, body: Any, field: str, status: int
) -> None:
    answer = rep.patch(path, body)
    assert (answer.status_code, list(answer.json()["fields"]), Event.objects.count()) == (status, [field], 0)
    people.account.refresh_from_db()
    assert people.account.version == 1


def test_an_override_holds_and_is_lifted(rep: Program, people: SimpleNamespace, path: str) -> None:
    IndustryFactory(code="bakery")
    MasterRecordFactory(account=people.account, values={"city": "Turku"})
    body = rep.post(f"{path}override/", {"field": "city", "value": "Espoo", "reason": "Moved"}, If_Match='"1"').json()
    assert (body["city"], body["version"], body["sources"]["city"]["source"]) == ("Espoo", 2, "override")
    assert rep.post(f"{path}override/", {"field": "industry", "value": "bakery", "reason": "x"}).json()["industry"] == "bakery"
    body = rep.post(f"{path}override/", {"field": "yearly_revenue", "value": "12.34", "reason": "x"}).json()
    assert body["yearly_revenue"] == "12.34"
    body = rep.post(f"{path}lift-override/", {"field": "city"}).json()
    assert (body["city"], body["sources"]["city"]["source"], body["version"]) == ("Turku", "master", 5)
    again = rep.post(f"{path}lift-override/", {"field": "city"})
    assert (again.status_code, again.json()["detail"]) == (404, "This field is not overridden.")


def test_whoever_gives_an_account_away_sees_it_once_more(rep: Program, people: SimpleNamespace, path: str) -> None:
    people.stranger.salesperson_id = "S9"
    people.stranger.save()
    answer = rep.post(f"{path}override/", {"field": "owner", "value": people.stranger.pk, "reason": "Moved"})
    assert (answer.status_code, answer.json()["owner"]) == (200, people.stranger.pk)
    assert rep.get(path).status_code == 404


@pytest.mark.parametrize(
    ("field", "value", "blamed", "status"),
    [
        ("notes", "x", "field", 400),
        ("name", "", "value", 400),
        ("name", None, "value", 400),
        ("name", {"en": "x"}, "value", 400),
        ("yearly_revenue", "much", "value", 400),
        ("yearly_revenue", "-1", "value", 400),
        ("country", "Finland", "value", 400),
        ("owner", "Riikka", "value", 400),
        ("business_id", "1234567-8", "value", 422),
        ("industry", "none", "value", 422),
        ("owner", 987654, "value", 422),
    ],
)
def test_an_override_that_does_not_fit_is_refused(
    rep: Program, path: str, field: str, value: Any, blamed: str, status: int
) -> None:
    answer = rep.post(f"{path}override/", {"field": field, "value": value, "reason": "Because"})
    assert (answer.status_code, list(answer.json()["fields"])) == (status, [blamed])
    assert (FieldOverride.objects.count(), Event.objects.count()) == (0, 0)


def test_an_override_says_why(rep: Program, path: str) -> None:
    answer = rep.post(f"{path}override/", {"field": "city", "value": "Espoo", "reason": " "})
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["reason"])


def test_a_contact_is_added_changed_and_removed(rep: Program, people: SimpleNamespace, path: str) -> None:
    first = ContactFactory(account=people.account, is_default=True)
    added = rep.post(f"{path}contacts/", {"name": "Maija", "email": "maija@aalto.example", "is_default": True})
    body = added.json()
    assert (added.status_code, body["language"], body["is_default"]) == (201, "fi", True)
    first.refresh_from_db()
    assert first.is_default is False
    one = added["Location"].removeprefix("http://testserver")
    assert rep.get(one).json() == body
    assert rep.patch(one, {"title": "Buyer", "language": "en"}).json() == {**body, "title": "Buyer", "language": "en"}
    assert (rep.delete(one).status_code, rep.get(one).status_code, Contact.objects.count()) == (204, 404, 1)
    for wrong in (
        {"name": "M"},
        {"email": "m@a.example"},
        {"name": "M", "email": "m"},
        {"name": "M", "email": "m@a.example", "phone": "1"},
    ):
        assert rep.post(f"{path}contacts/", wrong).status_code == 400
    assert Contact.objects.count() == 1


def test_the_contact_of_another_account_is_not_there(rep: Program, people: SimpleNamespace, path: str) -> None:
    other = ContactFactory(account=AccountFactory(owner=people.owner))
    for method in ("GET", "PATCH", "DELETE"):
        assert rep.call(method, f"{path}contacts/{other.pk}/", {}).status_code == 404
    assert Contact.objects.count() == 1


# --- Who may ----------------------------------------------------------------------------------------------------------
WRITES = (
    ("PATCH", "", {"notes": "x"}),
    ("POST", "override/", {"field": "city", "value": "Espoo", "reason": "x"}),
    ("POST", "lift-override/", {"field": "city"}),
    ("POST", "contacts/", {"name": "M", "email": "m@a.example"}),
    ("PATCH", "contacts/{contact}/", {"name": "M"}),
    ("DELETE", "contacts/{contact}/", None),
)
READS = ("", "sites/", "contacts/", "contacts/{contact}/", "payment-term-advice/")


@pytest.mark.parametrize(("method", "to", "body"), WRITES)
def test_only_those_who_manage_the_account_write(people: SimpleNamespace, path: str, method: str, to: str, body: Any) -> None:
    contact = ContactFactory(account=people.account)
    to = f"{path}{to.format(contact=contact.pk)}"
    answers = {name: Program(getattr(people, name)).call(method, to, body) for name in ("colleague", "stranger", "finance")}
    assert {name: answer.status_code for name, answer in answers.items()} == {"colleague": 403, "stranger": 404, "finance": 403}
    assert (Event.objects.count(), Contact.objects.count(), FieldOverride.objects.count()) == (0, 1, 0)


@pytest.mark.parametrize("to", READS)
def test_reading_ends_where_sight_ends(people: SimpleNamespace, path: str, to: str) -> None:
    to = f"{path}{to.format(contact=ContactFactory(account=people.account).pk)}"
    codes = {name: Program(getattr(people, name)).get(to).status_code for name in ("owner", "colleague", "finance", "stranger")}
    assert codes == {"owner": 200, "colleague": 200, "finance": 200, "stranger": 404}


@pytest.mark.parametrize(("to", "queries"), [("{account}", 6), ("{account}sites/", 4), ("{account}contacts/", 4)])
@pytest.mark.parametrize("rows", [2, 20])
def test_reading_costs_the_same_for_few_and_for_many_rows(
    django_assert_num_queries: Any, rows: int, to: str, queries: int
) -> None:
    steward = Program(UserFactory(roles=["data_steward"]))
    account = AccountFactory()
    for _number in range(rows):
        AccountFactory(tma2=CategoryTma2Factory())
        SiteFactory(account=account)
        ContactFactory(account=account)
    path = to.format(account=f"accounts/{account.pk}/")
    steward.get(path)
    with django_assert_num_queries(queries):
        steward.get(path)
