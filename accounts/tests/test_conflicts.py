"""Conflicts of the customer master: the queue, and what people do about one."""

from decimal import Decimal as D
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from accounts import conflict_services, conflicts, policies, services
from accounts.models import Account, AccountTeamMember, FieldOverride, MasterConflict
from accounts.tests.factories import AccountFactory, IndustryFactory, MasterRecordFactory, SiteFactory
from core import clock
from core.errors import DomainError, Invalid, NotAllowed, NotFound, WrongState
from core.models import Event
from core.tests.factories import JobRunFactory
from users.models import User
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("S2.24", "S2.27")]
HTMX = {"HX-Request": "true", "HX-Target": "rows"}
TIE = [{"value": "S1", "label": "Maija", "revenue": "100.00"}, {"value": "S2", "label": "Ville", "revenue": "100.00"}]


def as_user(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def conflict_of(account: Account, field: str = "owner", kind: str = "tie", candidates: Any = None, **more: Any) -> MasterConflict:
    run = more.pop("run", None) or JobRunFactory(kind="customer_sync")
    found = TIE if candidates is None else candidates
    return MasterConflict.objects.create(account=account, field=field, kind=kind, candidates=found, run=run, **more)


@pytest.fixture
def conflict(people: SimpleNamespace) -> MasterConflict:
    return conflict_of(people.account)


def stored(conflict: MasterConflict) -> MasterConflict:
    return MasterConflict.objects.select_related("account__owner", "resolved_by", "assigned_to").get(pk=conflict.pk)


# --- The queue --------------------------------------------------------------------------------------------------------
def listed(client: Client, **query: Any) -> list[int]:
    return [row.pk for row in client.get("/accounts/conflicts/", query).context["page"].rows]


def test_the_queue_shows_what_is_open_and_in_sight_the_newest_first(people: SimpleNamespace, conflict: MasterConflict) -> None:
    conflict_of(AccountFactory(owner=people.stranger))
    settled = conflict_of(people.account, field="tma1", kind="disagree", resolved_at=clock.now())
    newer = conflict_of(people.account, field="industry", kind="disagree", candidates=[{"value": "a", "label": "Aa"}])

    assert listed(as_user(people.owner)) == [newer.pk, conflict.pk]
    assert listed(as_user(people.owner), state="settled") == [settled.pk]
    assert len(listed(as_user(people.steward), state="all")) == 4
    assert listed(as_user(people.neighbour)) == []
    text = as_user(people.owner).get("/accounts/conflicts/").content.decode()
    assert "Maija S1: €100.00, Ville S2: €100.00" in text
    assert ("Tie of salespeople" in text, "The sites disagree" in text) == (True, True)


def test_the_queue_is_narrowed(people: SimpleNamespace, conflict: MasterConflict) -> None:
    other = AccountFactory(owner=people.owner, name="Zeta")
    second = conflict_of(other, field="industry", kind="disagree", assigned_to=people.owner)
    client = as_user(people.owner)

    assert listed(client, kind="tie") == [conflict.pk]
    assert listed(client, field="industry") == listed(client, q="zeta") == listed(client, account=other.pk) == [second.pk]
    assert listed(client, mine="true") == [second.pk]
    assert listed(client, kind="tie", field="industry") == []
    response = client.get("/accounts/conflicts/", {"q": "zeta"}, headers=HTMX)
    assert response.content.decode().lstrip().startswith('<div id="rows"')


@pytest.mark.parametrize("query", ["kind=x", "field=notes", "account=x", "state=gone", "cursor=%F6", "q=%00", "mine=7"])
def test_an_address_that_makes_no_sense_is_no_error(people: SimpleNamespace, query: str) -> None:
    assert as_user(people.owner).get(f"/accounts/conflicts/?{query}").status_code == 200


def test_the_queue_costs_the_same_with_2_and_20_rows(people: SimpleNamespace, django_assert_max_num_queries: Any) -> None:
    client = as_user(people.steward)

    def cost() -> int:
        with django_assert_max_num_queries(30) as captured:
            assert client.get("/accounts/conflicts/").status_code == 200
        return len(captured)

    for _number in range(2):
        conflict_of(AccountFactory(), assigned_to=UserFactory())
    few = cost()
    for _number in range(18):
        conflict_of(AccountFactory(), assigned_to=UserFactory())
    assert cost() == few


def test_the_queue_is_a_file_too(people: SimpleNamespace, conflict: MasterConflict) -> None:
    conflict_of(people.account, field="tma1", kind="disagree", resolved_at=clock.now())

    response = as_user(people.owner).post("/accounts/conflicts/export/", {"format": "csv"})

    rows = b"".join(response.streaming_content).decode("utf-8-sig").strip().splitlines()
    assert len(rows) == 2
    assert "Maija S1: €100.00" in rows[1]


def test_the_accounts_page_leads_to_the_conflict(people: SimpleNamespace, conflict: MasterConflict) -> None:
    assert (
        f'href="/accounts/conflicts/{conflict.pk}/"'
        in as_user(people.colleague).get(f"/accounts/{people.account.pk}/").content.decode()
    )
    assert 'href="/accounts/conflicts/"' in as_user(people.colleague).get("/accounts/").content.decode()


# --- One of them ------------------------------------------------------------------------------------------------------
def page(conflict: MasterConflict, user: User) -> Any:
    return as_user(user).get(f"/accounts/conflicts/{conflict.pk}/")


def send(conflict: MasterConflict, user: User, what: str, **given: Any) -> Any:
    return as_user(user).post(f"/accounts/conflicts/{conflict.pk}/{what}/", given)


@pytest.mark.parametrize(
    ("who", "status", "acts"),
    [("owner", 200, True), ("steward", 200, True), ("manager", 200, True), ("support", 200, True), ("colleague", 200, False),
     ("finance", 200, False), ("neighbour", 404, False), ("stranger", 404, False), ("nobody", 403, False)],
)  # fmt: skip
def test_who_sees_the_account_sees_it_and_who_manages_the_account_acts(
    people: SimpleNamespace, conflict: MasterConflict, who: str, status: int, acts: bool
) -> None:
    response = page(conflict, getattr(people, who))

    assert response.status_code == status
    if status == 200:
        assert (f"/accounts/conflicts/{conflict.pk}/leave/" in response.content.decode()) is acts
        assert (f'href="/sync/{conflict.run_id}/"' in response.content.decode()) is (who == "steward")


ACTIONS = {"assign": {"to": ""}, "choose": {"candidate": "S1", "reason": "r"}, "leave": {"reason": "r"}}


@pytest.mark.parametrize("what", ACTIONS)
@pytest.mark.parametrize(("who", "status"), [("colleague", 403), ("finance", 403), ("stranger", 404), ("nobody", 403)])
def test_others_change_nothing(people: SimpleNamespace, conflict: MasterConflict, what: str, who: str, status: int) -> None:
    assert send(conflict, getattr(people, who), what, **ACTIONS[what]).status_code == status

    assert stored(conflict).resolved_at is None
    assert (FieldOverride.objects.count(), Event.objects.count(), Account.objects.get(pk=people.account.pk).version) == (0, 0, 1)


@pytest.mark.parametrize("what", ACTIONS)
def test_what_is_settled_stays_so(people: SimpleNamespace, what: str) -> None:
    settled = conflict_of(people.account, resolved_at=clock.now())

    assert send(settled, people.owner, what, **ACTIONS[what]).status_code == 409
    assert (FieldOverride.objects.count(), Event.objects.count()) == (0, 0)
    text = page(settled, people.owner).content.decode()
    assert "by a later run" in text
    assert f"/accounts/conflicts/{settled.pk}/{what}/" not in text


# --- In whose hands ---------------------------------------------------------------------------------------------------
def test_it_is_taken_handed_over_and_put_back(people: SimpleNamespace, conflict: MasterConflict) -> None:
    assert send(conflict, people.owner, "assign", to=people.owner.pk).status_code == 302
    assert stored(conflict).assigned_to == people.owner
    send(conflict, people.owner, "assign", to=people.manager.pk)
    assert stored(conflict).assigned_to == people.manager
    send(conflict, people.manager, "assign", to=people.manager.pk)  # as it is
    send(conflict, people.manager, "assign", to="")
    assert stored(conflict).assigned_to is None

    told = [(event.verb, event.by, event.data["to"]) for event in Event.objects.order_by("pk")]
    assert told == [
        ("handed over conflict", people.owner, people.owner.display_name),
        ("handed over conflict", people.owner, people.manager.display_name),
        ("handed over conflict", people.manager, ""),
    ]


@pytest.mark.parametrize("who", ["colleague", "finance", "stranger", "nobody"])
def test_it_is_not_handed_to_somebody_who_could_do_nothing(people: SimpleNamespace, conflict: MasterConflict, who: str) -> None:
    person = getattr(people, who)

    assert send(conflict, people.owner, "assign", to=person.pk).status_code == 422
    with pytest.raises(Invalid):
        conflict_services.conflict_assign(conflict_id=conflict.pk, by=people.owner, to=person.pk)
    assert stored(conflict).assigned_to is None


@pytest.mark.parametrize("has_owner", [True, False])
def test_the_people_who_could_are_those_of_the_policy(people: SimpleNamespace, has_owner: bool) -> None:
    for member in (people.stranger, people.finance):
        AccountTeamMember.objects.create(account=people.account, user=member)
    UserFactory(roles=["sales_manager"], team=people.owner.team, is_active=False)
    if not has_owner:
        Account.objects.filter(pk=people.account.pk).update(owner=None)
    account = Account.objects.select_related("owner").get(pk=people.account.pk)

    able = {user.username for user in User.objects.filter(is_active=True) if policies.may_edit(user, account)}
    assert [user.username for user in conflicts.people_for(account)] == sorted(
        able, key=lambda name: (User.objects.get(username=name).display_name, User.objects.get(username=name).pk)
    )
    assert people.stranger.username in able


# --- Settling ---------------------------------------------------------------------------------------------------------
def salesperson(user: User, number: str) -> User:
    user.salesperson_id = number
    user.save()
    return user


STRANGER = [{"value": "S9", "label": "Entinen Myyjä"}]


def test_a_salesperson_who_is_no_user_is_not_offered_and_it_is_said_what_helps(people: SimpleNamespace) -> None:
    unknown = conflict_of(people.account, kind="unknown", candidates=STRANGER)
    choose, users = f"/accounts/conflicts/{unknown.pk}/choose/", "/admin/users/user/"

    text = page(unknown, people.owner).content.decode()
    assert "No active user has the salesperson ID S9 (Entinen Myyjä)." in text
    assert (choose in text, users in text) == (False, False)
    assert users in page(unknown, people.steward).content.decode()

    salesperson(people.colleague, "S9")
    text = page(unknown, people.owner).content.decode()
    assert ("No active user" in text, choose in text) == (False, True)


def test_a_settled_one_marks_the_candidate_in_force(people: SimpleNamespace, conflict: MasterConflict) -> None:
    salesperson(people.colleague, "S2")
    send(conflict, people.owner, "choose", candidate="S2", reason="r")

    text = " ".join(page(conflict, people.steward).content.decode().split())

    assert '<strong>Ville</strong> <span class="text-secondary">S2</span> <span class="badge bg-green-lt">in force</span>' in text
    assert text.count("in force</span>") == 1


def test_where_nobody_else_could_settle_it_no_handing_over_is_offered(people: SimpleNamespace) -> None:
    alone = conflict_of(AccountFactory(owner=None), kind="none", candidates=[])
    offer = '<button class="btn">Hand over</button>'

    text = page(alone, people.steward).content.decode()
    assert (offer in text, "Nobody else can settle conflicts of this account." in text) == (False, True)
    send(alone, people.steward, "assign", to=people.steward.pk)
    assert "Give it back" in page(alone, people.steward).content.decode()

    UserFactory(roles=["data_steward"])
    assert offer in page(alone, people.steward).content.decode()


@pytest.mark.req("S0.45")
def test_choosing_a_salesperson_makes_them_the_owner_by_an_override(people: SimpleNamespace, conflict: MasterConflict) -> None:
    salesperson(people.colleague, "S2")

    response = send(conflict, people.owner, "choose", candidate="S2", reason="Ville knows them")

    assert (response.status_code, response["Location"]) == (302, "/accounts/conflicts/")
    after, override = stored(conflict), FieldOverride.objects.get()
    assert after.account.owner == people.colleague
    assert (override.field, override.by, override.reason) == ("owner", people.owner, "Ville knows them")
    assert (after.resolved_by, after.resolution, after.resolved_at is not None) == (people.owner, "Ville knows them", True)
    assert Event.objects.get().verb == "overrode"


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [("industry", "fish", "fish"), ("city", "Oulu", "Oulu"), ("yearly_revenue", "12.50", D("12.50"))],
)
def test_any_field_takes_its_candidate(people: SimpleNamespace, field: str, value: str, expected: Any) -> None:
    IndustryFactory(code="fish")
    conflict = conflict_of(people.account, field=field, kind="disagree", candidates=[{"value": value, "label": ""}])

    conflict_services.conflict_choose(conflict_id=conflict.pk, by=people.steward, candidate=value, reason="r")

    now = getattr(Account.objects.get(pk=people.account.pk), field)
    assert getattr(now, "code", now) == expected
    assert stored(conflict).resolved_by == people.steward


@pytest.mark.parametrize(
    ("candidate", "reason", "blamed"),
    [("S9", "r", "candidate"), ("", "r", "candidate"), ("S1", " ", "reason"), ("S1", "r", "candidate")],
)
def test_a_choice_that_cannot_be_made_changes_nothing(
    people: SimpleNamespace, conflict: MasterConflict, candidate: str, reason: str, blamed: str
) -> None:
    response = send(conflict, people.owner, "choose", candidate=candidate, reason=reason)

    assert (response.status_code, list(response.context["forms"]["choose"].errors)) == (422, [blamed])
    assert (stored(conflict).resolved_at, FieldOverride.objects.count(), Event.objects.count()) == (None, 0, 0)


def test_a_candidate_that_is_no_value_of_ours_is_said(people: SimpleNamespace) -> None:
    industry = conflict_of(people.account, field="industry", kind="disagree", candidates=[{"value": "gone", "label": ""}])
    number = conflict_of(people.account, field="business_id", kind="disagree", candidates=[{"value": "1234567-8", "label": ""}])

    first = send(industry, people.owner, "choose", candidate="gone", reason="r")
    second = send(number, people.owner, "choose", candidate="1234567-8", reason="r")

    assert (first.status_code, "There is no value with the code gone." in first.content.decode()) == (422, True)
    assert (second.status_code, "is not a Finnish business ID." in second.content.decode()) == (422, True)
    assert not FieldOverride.objects.exists()


def test_an_inactive_salesperson_is_not_chosen(people: SimpleNamespace, conflict: MasterConflict) -> None:
    salesperson(people.colleague, "S2")
    User.objects.filter(pk=people.colleague.pk).update(is_active=False)

    response = send(conflict, people.owner, "choose", candidate="S2", reason="r")

    assert (response.status_code, "No active user has the salesperson ID S2." in response.content.decode()) == (422, True)


def test_leaving_it_as_it_is_needs_a_reason_and_changes_no_account(people: SimpleNamespace, conflict: MasterConflict) -> None:
    assert send(conflict, people.owner, "leave", reason="").status_code == 422
    with pytest.raises(Invalid):
        conflict_services.conflict_leave(conflict_id=conflict.pk, by=people.owner, reason="  ")
    assert stored(conflict).resolved_at is None

    assert send(conflict, people.owner, "leave", reason="Shared").status_code == 302

    after = stored(conflict)
    assert (after.resolved_by, after.resolution, after.account.owner, after.account.version) == (
        people.owner,
        "Shared",
        people.owner,
        1,
    )
    assert (Event.objects.get().verb, Event.objects.get().reason) == ("left conflict", "Shared")
    assert not FieldOverride.objects.exists()


@pytest.mark.parametrize(("who", "refusal"), [("colleague", NotAllowed), ("stranger", NotFound)])
def test_services_ask_the_policy_themselves(
    people: SimpleNamespace, conflict: MasterConflict, who: str, refusal: type[DomainError]
) -> None:
    by = getattr(people, who)
    for move in (
        lambda: conflict_services.conflict_assign(conflict_id=conflict.pk, by=by, to=by.pk),
        lambda: conflict_services.conflict_choose(conflict_id=conflict.pk, by=by, candidate="S1", reason="r"),
        lambda: conflict_services.conflict_leave(conflict_id=conflict.pk, by=by, reason="r"),
    ):
        with pytest.raises(refusal):
            move()
    assert stored(conflict).resolved_at is None


def test_overriding_by_hand_settles_it_with_who_and_why(people: SimpleNamespace, conflict: MasterConflict) -> None:
    services.account_override(
        account_id=people.account.pk, by=people.support, version=None, field="owner", value=people.colleague, reason="Sovittu"
    )

    assert (stored(conflict).resolved_by, stored(conflict).resolution) == (people.support, "Sovittu")
    with pytest.raises(WrongState):
        conflict_services.conflict_leave(conflict_id=conflict.pk, by=people.support, reason="r")


# --- Lifting an override ----------------------------------------------------------------------------------------------
def lift(people: SimpleNamespace) -> None:
    services.account_lift_override(account_id=people.account.pk, by=people.support, version=None, field="owner")


def tied_sites(account: Account, *numbers: str) -> None:
    for number in numbers:
        SiteFactory(account=account, revenue=100, row={"salesperson_id": number})


def test_lifting_the_override_that_settled_it_opens_it_again(people: SimpleNamespace, conflict: MasterConflict) -> None:
    tied_sites(people.account, "S1", "S2")
    salesperson(people.colleague, "S2")
    conflict_services.conflict_choose(conflict_id=conflict.pk, by=people.owner, candidate="S2", reason="r")

    lift(people)

    assert (stored(conflict).resolved_at, stored(conflict).resolved_by, stored(conflict).resolution) == (None, None, "")


def test_it_stays_settled_where_the_sites_have_agreed_since(people: SimpleNamespace, conflict: MasterConflict) -> None:
    tied_sites(people.account, "S2")
    salesperson(people.colleague, "S2")
    conflict_services.conflict_choose(conflict_id=conflict.pk, by=people.owner, candidate="S2", reason="r")

    lift(people)

    assert stored(conflict).resolved_at is not None


@pytest.mark.parametrize("by_run", [True, False])
def test_what_was_left_as_it_is_or_settled_by_a_run_stays_so(
    people: SimpleNamespace, conflict: MasterConflict, by_run: bool
) -> None:
    tied_sites(people.account, "S1", "S2")
    if by_run:
        MasterConflict.objects.filter(pk=conflict.pk).update(resolved_at=clock.now())
    else:
        conflict_services.conflict_leave(conflict_id=conflict.pk, by=people.owner, reason="r")
    FieldOverride.objects.create(account=people.account, field="owner", by=people.owner, at=clock.now())

    lift(people)

    assert stored(conflict).resolved_at is not None


@pytest.mark.parametrize("is_known", [True, False])
def test_an_unknown_salesperson_is_one_as_long_as_nobody_has_the_number(people: SimpleNamespace, is_known: bool) -> None:
    conflict = conflict_of(people.account, kind="unknown", candidates=[{"value": "S9", "label": "Uusi"}])
    MasterRecordFactory(account=people.account, values={"owner": "S9"})
    services.account_override(
        account_id=people.account.pk, by=people.support, version=None, field="owner", value=people.colleague, reason="r"
    )
    if is_known:
        salesperson(people.owner, "S9")

    lift(people)

    assert (stored(conflict).resolved_at is None) is not is_known


def test_a_salesperson_who_has_left_is_unknown_once_the_override_is_lifted(people: SimpleNamespace) -> None:
    salesperson(people.stranger, "S9")
    MasterRecordFactory(account=people.account, values={"owner": "S9", "owner_name": "Lähtenyt"})
    before = conflict_of(people.account, kind="unknown", candidates=[{"value": "S9", "label": "Lähtenyt"}])
    services.account_override(
        account_id=people.account.pk, by=people.support, version=None, field="owner", value=people.colleague, reason="r"
    )
    User.objects.filter(pk=people.stranger.pk).update(is_active=False)

    lift(people)

    assert stored(before).resolved_at is None
    assert MasterConflict.objects.count() == 1


@pytest.mark.parametrize("is_left", [True, False])
def test_an_owner_who_has_left_is_a_conflict_though_there_was_none_unless_that_was_left_as_it_is(
    people: SimpleNamespace, is_left: bool
) -> None:
    salesperson(people.stranger, "S9")
    MasterRecordFactory(account=people.account, values={"owner": "S9", "owner_name": "Lähtenyt"})
    if is_left:
        before = conflict_of(people.account, kind="unknown", candidates=[{"value": "S9", "label": "Lähtenyt"}])
        conflict_services.conflict_leave(conflict_id=before.pk, by=people.owner, reason="r")
    services.account_override(
        account_id=people.account.pk, by=people.support, version=None, field="owner", value=people.colleague, reason="r"
    )
    User.objects.filter(pk=people.stranger.pk).update(is_active=False)

    lift(people)

    found = MasterConflict.objects.filter(account=people.account, resolved_at=None).values_list("kind", "candidates")
    assert list(found) == ([] if is_left else [("unknown", [{"value": "S9", "label": "Lähtenyt"}])])
