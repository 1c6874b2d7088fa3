"""Survivorship rules in the administration, and the page that tries them."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from accounts.models import Account, SurvivorshipRule
from accounts.selectors import rules_in_force
from accounts.survivorship import DEFAULTS, FieldRule, Rule

pytestmark = [pytest.mark.django_db, pytest.mark.req("S0.29"), pytest.mark.once("postgresql")]
LIST = "/admin/accounts/survivorshiprule/"


@pytest.fixture
def steward(people: SimpleNamespace) -> Client:
    client = Client()
    client.force_login(people.steward)
    return client


def change(client: Client, path: str = f"{LIST}add/", **given: str) -> Any:
    return client.post(path, {"field": "industry", "rule": "first", "column": "industry", **given})


def rule_of(field: str) -> FieldRule:
    return rules_in_force()[field]


def test_every_field_is_listed_with_the_rule_in_force(steward: Client) -> None:
    SurvivorshipRule.objects.create(field="industry", rule=Rule.LATEST, column="industry", must_agree=True)

    response = steward.get(LIST)

    assert [row["field"] for row in response.context["in_force"]][:2] == ["name", "business ID"]
    assert len(response.context["in_force"]) == len(DEFAULTS)
    text = response.content.decode()
    assert "changed last, of “industry”; the sites must agree" in text
    assert "highest revenue, of “salesperson”" in text
    assert "add/?field=city&amp;rule=by_volume&amp;column=city" in text
    assert text.count("Back to the usual rule") == 1


def test_a_rule_is_changed_and_deleting_it_brings_the_usual_one_back(steward: Client) -> None:
    assert change(steward, must_agree="on").status_code == 302
    assert rule_of("industry") == FieldRule("industry", Rule.FIRST, "industry", must_agree=True)

    row = SurvivorshipRule.objects.get()
    assert change(steward, f"{LIST}{row.pk}/change/", field="city", rule="latest").status_code == 302
    assert rule_of("industry") == FieldRule("industry", Rule.LATEST, "industry")

    steward.post(f"{LIST}{row.pk}/delete/", {"post": "yes"})
    assert rules_in_force() == DEFAULTS
    assert LogEntry.objects.count() == 3


def test_a_rule_is_named_in_words_and_leads_back_to_the_usual_one(steward: Client) -> None:
    row = SurvivorshipRule.objects.create(field="owner", rule=Rule.FIRST, column="salesperson_id")

    add, changed = (steward.get(f"{LIST}{path}").content.decode() for path in ("add/?field=city", f"{row.pk}/change/"))
    sure = steward.get(f"{LIST}{row.pk}/delete/").content.decode()

    assert str(row) == "Owner: first site that has one, of “salesperson”"
    assert "Rule of: city" in add
    assert "Rule of: owner" in changed
    assert 'class="deletelink"' not in changed
    assert "Back to the usual rule</a>: highest revenue, of “salesperson”" in changed
    assert "<strong>highest revenue, of “salesperson”</strong>" in sure
    assert "Delete" not in sure.split('id="content"')[1]


def test_a_field_has_one_rule(steward: Client) -> None:
    change(steward)

    response = change(steward, rule="latest")

    assert (response.status_code, SurvivorshipRule.objects.count()) == (200, 1)
    assert "already exists" in response.content.decode()


@pytest.mark.parametrize(
    ("field", "rule", "column", "sentence"),
    [
        ("yearly_revenue", "sum", "city", "is an amount: it is the sum or the greatest of revenue or of volume."),
        ("yearly_revenue", "first", "revenue", "is an amount: it is the sum or the greatest of revenue or of volume."),
        ("city", "greatest", "volume", "“city” is text: it cannot come from “volume”, which is an amount."),
        ("city", "sum", "city", "“city” is text: texts cannot be added up."),
        ("owner", "first", "city", "The owner comes from the salesperson of the sites, from no other column."),
        ("name", "first", "salesperson_id", "“name” cannot come from the salesperson; only the owner does."),
    ],
)
def test_what_does_not_fit_is_refused_with_a_reason(steward: Client, field: str, rule: str, column: str, sentence: str) -> None:
    response = change(steward, field=field, rule=rule, column=column)

    assert response.status_code == 200
    assert sentence in response.content.decode()
    assert not SurvivorshipRule.objects.exists()


@pytest.mark.parametrize(
    ("field", "rule", "column"), [("city", "no", "city"), ("city", "first", "no"), ("notes", "first", "city")]
)
def test_what_there_is_not_is_refused(steward: Client, field: str, rule: str, column: str) -> None:
    assert change(steward, field=field, rule=rule, column=column).status_code == 200
    assert not SurvivorshipRule.objects.exists()


# --- Trying the rules -------------------------------------------------------------------------------------------------
TRY = f"{LIST}test/"
ROWS = """child_id;parent_name;salesperson_id;salesperson_name;postcode;street;revenue;volume;industry
C1;Aalto Oy;S1;Maija;00100;Katu 1;100;10;bakery
C2;Aalto Oy;S2;Ville;20100;Tie 2;100;25,5;dairy
"""


def test_the_customer_that_comes_out_is_shown_with_rules_candidates_and_weights(steward: Client) -> None:
    SurvivorshipRule.objects.create(field="industry", rule=Rule.FIRST, column="industry", must_agree=True)
    assert "Try the rules" in steward.get(TRY).content.decode()

    response = steward.post(TRY, {"text": ROWS})

    facts = {fact.label: fact for fact in response.context["facts"]}
    assert len(facts) == len(DEFAULTS)
    assert (facts["street"].value, facts["street"].place) == ("Tie 2", "20100")
    assert (facts["owner"].value, facts["owner"].conflict) == ("", "Tie of salespeople")
    assert [(c.value, c.weight, c.sites, c.why) for c in facts["owner"].candidates] == [
        ("Maija (S1)", "€100.00", "C1", "as much as another"),
        ("Ville (S2)", "€100.00", "C2", "as much as another"),
    ]
    assert (facts["industry"].value, facts["industry"].conflict) == ("bakery", "The sites disagree")
    assert (facts["yearly revenue, EUR"].value, facts["yearly volume"].value) == ("€200.00", "35.5")
    assert "smallest site number" in response.content.decode()
    assert not Account.objects.filter(name="Aalto Oy").exists()


def test_rows_with_the_headings_of_the_customer_master_are_taken(steward: Client) -> None:
    rows = "Customer_ID;ASO_Name_2;SalesPersonID;Revenue;Payment_Term;Loyalty_Note\nC1;Aalto Oy;S1;10;net14;x\n"

    facts = {fact.label: fact for fact in steward.post(TRY, {"text": rows}).context["facts"]}

    assert [facts[label].value for label in ("name", "owner", "yearly revenue, EUR")] == ["Aalto Oy", "S1", "€10.00"]


def test_a_blank_value_is_no_winner(steward: Client) -> None:
    blank = steward.post(TRY, {"text": "child_id;street;postcode\nC1;Katu 1;00100\n"}).context["facts"]
    other = steward.post(TRY, {"text": "child_id;street;postcode;city\nC1;Katu 1;00100;\nC2;;00100;Turku\n"}).context["facts"]

    def cities(facts: Any) -> list[tuple[str, bool]]:
        [city] = [fact for fact in facts if fact.label == "city"]
        return [(candidate.value, candidate.won) for candidate in city.candidates]

    assert (cities(blank), cities(other)) == ([], [("–", False), ("Turku", False)])


def test_the_administration_greets_people_by_their_names(steward: Client, people: SimpleNamespace) -> None:
    assert f"<strong>{people.steward.display_name}</strong>" in steward.get(LIST).content.decode()


def test_rows_that_cannot_be_read_are_told_and_nothing_is_tried(steward: Client) -> None:
    response = steward.post(TRY, {"text": "child_id;revenue\nC1;<b>much</b>\n"})

    assert (response.status_code, response.context["facts"]) == (200, [])
    assert "Row 2, column revenue: “&lt;b&gt;much&lt;/b&gt;” is not a number." in response.content.decode()


@pytest.mark.parametrize(("role", "status"), [("owner", 403), ("manager", 403), ("finance", 403), ("steward", 200)])
def test_only_stewards_try_rules(people: SimpleNamespace, role: str, status: int) -> None:
    client = Client()
    client.force_login(getattr(people, role))

    assert client.get(TRY).status_code == status
    assert client.post(TRY, {"text": ROWS}).status_code == status


def test_pricing_keeps_other_parts_of_the_administration() -> None:
    from users.tests.factories import UserFactory

    client = Client()
    client.force_login(UserFactory(roles=["pricing"]))

    assert (client.get(TRY).status_code, client.get(LIST).status_code) == (403, 403)
