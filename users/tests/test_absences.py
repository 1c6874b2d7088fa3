"""Being away: who stands in, what can be set, and the pages, the endpoint and the administration that set it."""

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from hypothesis import given, strategies as st

from core import db
from core.errors import Invalid, NotAllowed
from core.models import Event
from core.tests.rivals import at_once
from users import selectors, services
from users.absences import Away, Stretch, closes_a_circle, stand_in
from users.models import Absence, User
from users.tests.factories import AbsenceFactory, TeamFactory, UserFactory
from users.tests.programs import Program

TODAY = dt.date(2026, 11, 20)


def day(number: int) -> dt.date:
    return TODAY + dt.timedelta(days=number)


# --- The chain --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("substitutes", "expected"),
    [
        ({}, None),  # is there
        ({1: 2}, 2),
        ({1: None}, None),
        ({1: 2, 2: 3}, 3),
        ({1: 2, 2: 3, 3: 4}, 4),
        ({1: 2, 2: None}, None),
        ({1: 2, 2: 1}, None),
        ({1: 2, 2: 3, 3: 2}, None),
        ({1: 1}, None),
        ({2: 1, 3: 2}, None),
    ],
)
def test_the_first_along_the_chain_who_is_there_stands_in(substitutes: dict[int, int | None], expected: int | None) -> None:
    assert stand_in(1, {person: Away(TODAY, substitute) for person, substitute in substitutes.items()}) == expected


PEOPLE = st.integers(1, 6)


@given(st.dictionaries(PEOPLE, st.none() | PEOPLE))
def test_whoever_stands_in_is_there_and_somebody_else(substitutes: dict[int, int | None]) -> None:
    absences = {person: Away(TODAY, substitute) for person, substitute in substitutes.items()}
    for person in range(1, 7):
        found = stand_in(person, absences)
        assert found is None or (found not in absences and found != person and person in absences)
        assert found == by_hand(person, substitutes)


def by_hand(person: int, substitutes: dict[int, int | None]) -> int | None:
    """As many steps as there are people lead to whoever is there, if any do."""
    link: int | None = person
    for _step in range(6):
        link = substitutes.get(link, link) if link is not None else None
    return link if link not in (None, person) and link not in substitutes else None


def overlap(one: Stretch, other: Stretch) -> bool:
    return one.person_id == other.person_id and one.starts_on <= other.ends_on and one.ends_on >= other.starts_on


FEW = st.integers(1, 3)
STRETCHES = st.builds(
    lambda person, first, length, substitute: Stretch(person, day(first), day(first + length), substitute),
    FEW,
    st.integers(0, 10),
    st.integers(0, 5),
    st.none() | FEW,
)


@given(st.lists(STRETCHES, max_size=12))
def test_absences_that_close_no_circle_have_none_on_any_day(wanted: list[Stretch]) -> None:
    kept: list[Stretch] = []
    for new in wanted:
        if new.substitute_id == new.person_id or any(overlap(new, other) for other in kept):
            continue
        if closes_a_circle(new, kept):
            assert any(has_circle([*kept, new], day(number)) for number in range(16))
        else:
            kept.append(new)
    assert not any(has_circle(kept, day(number)) for number in range(16))


def has_circle(stretches: list[Stretch], on: dt.date) -> bool:
    to = {each.person_id: each.substitute_id for each in stretches if each.starts_on <= on <= each.ends_on}
    for person in to:
        link: int | None = person
        for _step in range(len(to)):
            link = to.get(link) if link is not None else None
            if link == person:
                return True
    return False


# --- Services ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def anna(clock: Any, db: None) -> Any:
    return UserFactory(username="anna", display_name="Anna Aalto", roles=["sales_manager"])


@pytest.fixture
def bo(db: None) -> Any:
    return UserFactory(username="bo", display_name="Bo Berg", roles=["sales_rep"])


@pytest.fixture
def cia(db: None) -> Any:
    return UserFactory(username="cia", display_name="Cia Cederberg", roles=["data_steward"])


def away(user: User, first: int, last: int, substitute: User | None = None, by: User | None = None) -> Absence:
    return services.absence_add(user=user, starts_on=day(first), ends_on=day(last), substitute=substitute, by=by or user)


def refused(*arguments: Any) -> dict[str, str]:
    """The fields to blame. Nothing was written."""
    before = (Absence.objects.count(), Event.objects.count())
    with pytest.raises(Invalid) as refusal:
        away(*arguments)
    assert (Absence.objects.count(), Event.objects.count()) == before
    return {name: str(text) for name, text in refusal.value.fields.items()}


def told() -> list[tuple[Any, ...]]:
    return list(Event.objects.order_by("pk").values_list("subject_type", "subject_id", "verb", "by__username", "data"))


def test_somebody_is_away_from_the_first_to_the_last_day(anna: User, bo: User) -> None:
    away(anna, 0, 2, bo)
    absence = Absence.objects.get()
    assert (absence.user, absence.substitute, absence.created_by) == (anna, bo, anna)
    found = [selectors.away_on(day(number)) for number in (-1, 0, 2, 3)]
    assert found == [{}, {anna.pk: Away(day(2), bo.pk)}, {anna.pk: Away(day(2), bo.pk)}, {}]
    days = {"starts_on": "2026-11-20", "ends_on": "2026-11-22", "substitute": bo.pk}
    assert told() == [("user", anna.pk, "absence added", "anna", days)]


def test_days_are_those_of_helsinki(anna: User, clock: Any) -> None:
    clock.move_to(dt.datetime(2026, 11, 20, 22, 30, tzinfo=dt.UTC))  # half past midnight there
    assert list(refused(anna, 0, 2)) == ["starts_on"]
    assert away(anna, 1, 2).has_begun


def test_who_is_away_is_read_in_one_query(anna: User, bo: User, django_assert_num_queries: Any) -> None:
    for _number in range(5):
        AbsenceFactory(substitute=bo)
    with django_assert_num_queries(1):
        assert len(selectors.away_on(TODAY)) == 5


def test_a_substitute_who_has_left_is_none(anna: User, bo: User) -> None:
    away(anna, 0, 2, bo)
    services.user_deactivate(user=bo, by=None)
    assert selectors.away_on(TODAY) == {anna.pk: Away(day(2), None)}
    assert selectors.standing_in(anna.pk, TODAY) is None


def test_the_chain_leads_to_whoever_is_there(anna: User, bo: User, cia: User) -> None:
    away(anna, 0, 5, bo)
    assert selectors.standing_in(anna.pk, TODAY) == bo
    away(bo, 0, 0, cia)
    assert [selectors.standing_in(anna.pk, day(number)) for number in (0, 1, 6)] == [cia, bo, None]


@pytest.mark.parametrize(
    ("first", "last", "blamed"),
    [(-1, 3, ["starts_on"]), (-3, -1, ["starts_on"]), (2, 1, ["ends_on"]), (-2, -3, ["starts_on", "ends_on"])],
)
def test_days_that_are_over_or_the_wrong_way_round_are_refused(anna: User, first: int, last: int, blamed: list[str]) -> None:
    assert list(refused(anna, first, last)) == blamed


@pytest.mark.parametrize(("first", "last"), [(5, 7), (4, 5), (7, 9), (6, 6), (3, 12)])
def test_two_absences_of_one_person_do_not_overlap(anna: User, bo: User, first: int, last: int) -> None:
    away(anna, 5, 7)
    assert refused(anna, first, last) == {"starts_on": "Already away then: 25 Nov 2026 – 27 Nov 2026."}
    for person, free in ((anna, 4), (anna, 8), (bo, 6)):
        away(person, free, free)


def test_a_substitute_is_somebody_else_who_is_here(anna: User, bo: User) -> None:
    assert refused(anna, 0, 1, anna) == {"substitute": "Somebody else has to stand in."}
    services.user_deactivate(user=bo, by=None)
    assert refused(anna, 0, 1, bo) == {"substitute": "Bo Berg has left."}
    assert refused(anna, -1, 1, anna).keys() == {"starts_on", "substitute"}


def test_a_circle_of_substitutes_is_refused(anna: User, bo: User, cia: User) -> None:
    away(anna, 0, 5, bo)
    away(bo, 5, 9, cia)
    circle = {"substitute": "Anna Aalto is away then too, and this person would have to stand in."}
    assert refused(cia, 5, 5, anna) == circle
    assert refused(cia, 2, 20, anna) == circle
    away(cia, 30, 39, anna)
    away(anna, 33, 39, bo)
    assert refused(bo, 35, 36, cia).keys() == {"substitute"}  # begins when both others have begun
    away(cia, 0, 4, anna)  # bo is there
    away(cia, 6, 7, anna)  # anna is there
    assert [selectors.standing_in(cia.pk, day(number)) for number in (4, 6)] == [bo, anna]


def test_one_sets_ones_own_and_a_steward_anybodys(anna: User, bo: User, cia: User) -> None:
    with pytest.raises(NotAllowed):
        away(anna, 0, 1, None, bo)
    absence = away(anna, 0, 1, bo, cia)
    assert absence.created_by == cia
    with pytest.raises(NotAllowed):
        services.absence_end(absence=absence, by=bo)
    assert [count(person) for person in (anna, bo, cia)] == [1, 0, 1]
    assert [verb for _type, _pk, verb, *_rest in told()] == ["absence added"]


def count(person: User) -> int:
    return Absence.objects.visible_to(person).count()


def test_nobody_who_has_left_is_away(anna: User, cia: User) -> None:
    services.user_deactivate(user=anna, by=None)
    assert refused(anna, 0, 1, None, cia) == {"user": "Anna Aalto has left."}


@pytest.mark.parametrize(
    ("first", "last", "kept", "verb"),
    [
        (-2, 2, (-2, -1), "absence ended"),
        (0, 2, None, "absence removed"),
        (1, 2, None, "absence removed"),
        (-5, -1, (-5, -1), ""),
    ],
)
def test_whoever_ends_an_absence_is_there_today(
    anna: User, first: int, last: int, kept: tuple[int, int] | None, verb: str
) -> None:
    absence = AbsenceFactory(user=anna, starts_on=day(first), ends_on=day(last))
    for _time in range(2):
        services.absence_end(absence=absence, by=anna)
    assert selectors.away_on(TODAY) == {}
    left = list(Absence.objects.values_list("starts_on", "ends_on"))
    assert left == ([(day(kept[0]), day(kept[1]))] if kept else [])
    assert [event[2] for event in told()] == ([verb] if verb else [])


# --- The database -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "wrong",
    [
        {"ends_on": day(-1)},
        {"substitute": True},
        {"starts_on": day(3), "ends_on": day(5)},
        {"starts_on": day(7), "ends_on": day(20)},
        {"starts_on": day(1), "ends_on": day(20)},
    ],
)
def test_the_database_refuses_what_the_services_would(anna: User, wrong: dict[str, Any]) -> None:
    AbsenceFactory(user=anna, starts_on=day(5), ends_on=day(7))
    values = {**wrong, **({"substitute": anna} if "substitute" in wrong else {})}
    with pytest.raises(IntegrityError), transaction.atomic():
        AbsenceFactory(user=anna, **values)
    free = AbsenceFactory(user=anna, starts_on=day(8), ends_on=day(9))
    AbsenceFactory(starts_on=day(5), ends_on=day(7))
    with pytest.raises(IntegrityError), transaction.atomic():
        Absence.objects.filter(pk=free.pk).update(starts_on=day(7))
    Absence.objects.filter(pk=free.pk).update(ends_on=day(30))


@pytest.fixture
def parked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both sides meet when all is found in order and before anything is written, if the lock lets them."""
    barrier, check = threading.Barrier(2), services.absence_require

    def parking(**values: Any) -> None:
        check(**values)
        try:
            barrier.wait(timeout=0.3)
        except threading.BrokenBarrierError:
            return

    monkeypatch.setattr(services, "absence_require", parking)


def race() -> tuple[list[str], int]:
    one, other = UserFactory(), UserFactory()
    sides = [
        lambda user=user, substitute=substitute: services.absence_add(
            user=user, starts_on=day(9_000), ends_on=day(9_001), substitute=substitute, by=user
        )
        for user, substitute in ((one, other), (other, one))
    ]
    results = sorted(type(result).__name__ for result in at_once(*sides))
    return results, Absence.objects.count()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("parked")
def test_of_two_who_close_a_circle_at_once_one_is_refused() -> None:
    assert race() == (["Absence", "Invalid"], 1)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("parked")
def test_without_the_lock_the_circle_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "advisory_lock", lambda key: transaction.atomic())
    assert race() == (["Absence", "Absence"], 2)


# --- Pages ------------------------------------------------------------------------------------------------------------
def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def typed(first: int, last: int, substitute: User | None = None) -> dict[str, str]:
    return {"starts_on": str(day(first)), "ends_on": str(day(last)), "substitute": str(substitute.pk) if substitute else ""}


def test_an_absence_is_set_on_the_profile_page_and_shows_there(anna: User, bo: User) -> None:
    browser = browser_of(anna)
    assert browser.post("/profile/absences/new/", typed(0, 3, bo))["Location"] == "/profile/#away"
    browser.post("/profile/absences/new/", typed(10, 10))
    AbsenceFactory(user=anna, starts_on=day(-9))
    html = browser.get("/profile/").content.decode()
    section = html[html.index('id="away"') : html.index('id="tokens"')]
    assert section.count("/end/") == 2
    assert [text in section for text in ("20 Nov 2026 – 23 Nov 2026", "Bo Berg</td>", "30 Nov 2026<", "11 Nov 2026")] == [
        True, True, True, False,
    ]  # fmt: skip
    assert [section.count(text) for text in ("Away now", "Ahead", "I am back", "Remove<")] == [1, 1, 1, 1]


def test_the_list_of_substitutes_has_active_colleagues_with_their_teams(anna: User, bo: User) -> None:
    UserFactory(display_name="Dan Dahl", team=TeamFactory(name="Etelä"))
    UserFactory(display_name="Eva Ek", is_active=False)
    form = browser_of(anna).get("/profile/").context["absence_form"]
    assert [label for _key, label in form.fields["substitute"].choices] == ["Nobody", "Bo Berg", "Dan Dahl (Etelä)"]


@pytest.mark.parametrize(
    ("wrong", "blamed"),
    [
        ({"starts_on": ""}, ["starts_on"]),
        ({"starts_on": "2026-11-19"}, ["starts_on"]),
        ({"ends_on": "tomorrow"}, ["ends_on"]),
        ({"ends_on": "2026-11-01"}, ["ends_on"]),
        ({"substitute": "me"}, ["substitute"]),
        ({"substitute": "987654"}, ["substitute"]),
    ],
)
def test_what_makes_no_sense_is_refused_on_the_page_and_stays_there(
    anna: User, bo: User, wrong: dict[str, str], blamed: list[str]
) -> None:
    values = {**typed(0, 3, bo), **wrong}
    if values["substitute"] == "me":
        values["substitute"] = str(anna.pk)
    answer = browser_of(anna).post("/profile/absences/new/", values)
    assert (answer.status_code, list(answer.context["absence_form"].errors)) == (422, blamed)
    assert f'value="{values["starts_on"]}"' in answer.content.decode() or not values["starts_on"]
    assert Absence.objects.count() == 0


def test_finnish_notation_is_read_too(anna: User) -> None:
    anna.language = "fi"
    anna.save()
    browser_of(anna).post(
        "/profile/absences/new/", {"starts_on": "24.12.2026", "ends_on": "2.1.2027"}, headers={"accept-language": "fi"}
    )
    assert Absence.objects.get().ends_on == dt.date(2027, 1, 2)


def test_while_away_the_home_page_says_so_and_ends_it(anna: User, bo: User, cia: User) -> None:
    browser = browser_of(anna)
    assert "You are away" not in browser.get("/").content.decode()
    away(anna, 0, 3, bo)
    assert "You are away until 23 Nov 2026. Bo Berg stands in." in browser.get("/").content.decode()
    away(bo, 0, 0, cia)
    assert "Cia Cederberg stands in." in browser.get("/").content.decode()
    services.user_deactivate(user=bo, by=None)
    assert "Nobody stands in." in browser.get("/").content.decode()
    answer = browser.post(f"/profile/absences/{Absence.objects.get(user=anna).pk}/end/", {"next": "/"}, follow=True)
    assert answer.redirect_chain == [("/", 302)]
    assert "You are away" not in answer.content.decode()


def test_an_absence_of_somebody_else_is_not_there_but_for_stewards(anna: User, bo: User, cia: User) -> None:
    path = f"/profile/absences/{away(anna, 0, 3).pk}/end/"
    assert [browser_of(anna).get(path).status_code, browser_of(bo).post(path).status_code] == [405, 404]
    assert Absence.objects.count() == 1
    assert browser_of(cia).post(path)["Location"] == "/profile/"
    assert (Absence.objects.count(), told()[-1][2:4]) == (0, ("absence removed", "cia"))


# --- The API ----------------------------------------------------------------------------------------------------------
def sent(first: int, last: int, **more: Any) -> dict[str, Any]:
    return {"starts_on": str(day(first)), "ends_on": str(day(last)), **more}


def test_a_program_sets_reads_and_ends_an_absence(anna: User, bo: User) -> None:
    program = Program(anna)
    answer = program.post("absences/", sent(0, 3, substitute=bo.pk))
    made = Absence.objects.get()
    whole = {
        "id": made.pk, "user": anna.pk, "user_name": "Anna Aalto", "starts_on": "2026-11-20", "ends_on": "2026-11-23",
        "substitute": bo.pk, "substitute_name": "Bo Berg", "created_at": "2026-11-20T09:00:00Z",
    }  # fmt: skip
    assert (answer.status_code, answer.json()) == (201, whole)
    assert program.get(answer["Location"].removeprefix("http://testserver/api/v1/")).json() == whole
    assert program.get("absences/").json() == {"next": None, "results": [whole]}
    assert program.post(f"absences/{made.pk}/end/", {}).status_code == 204
    assert program.get("absences/").json()["results"] == []


def test_a_program_of_a_steward_sees_and_sets_everybodys(anna: User, bo: User, cia: User) -> None:
    rep, steward = Program(bo), Program(cia)
    assert rep.post("absences/", sent(0, 3, user=anna.pk)).status_code == 403
    made = steward.post("absences/", sent(0, 3, user=anna.pk)).json()
    away(bo, 5, 6)
    listed = {
        name: [row["user"] for row in program.get(f"absences/?ordering=starts_on{query}").json()["results"]]
        for name, program, query in (
            ("rep", rep, ""), ("steward", steward, ""), ("one", steward, f"&user={bo.pk}"), ("day", steward, "&on=2026-11-23"),
        )
    }  # fmt: skip
    assert listed == {"rep": [bo.pk], "steward": [anna.pk, bo.pk], "one": [bo.pk], "day": [anna.pk]}
    path = f"absences/{made['id']}/"
    assert [rep.get(path).status_code, rep.post(f"{path}end/", {}).status_code, steward.get(path).status_code] == [404, 404, 200]


@pytest.mark.parametrize(
    ("body", "status", "blamed"),
    [
        ({"ends_on": "2026-11-23"}, 400, {"starts_on"}),
        ({**sent(0, 3), "substitute": 987654}, 422, {"substitute"}),
        ({**sent(0, 3), "user": 987654}, 422, {"user"}),
        ({**sent(0, 3), "by": 1}, 400, {"by"}),
        ({**sent(-2, -1), "substitute": None}, 422, {"starts_on"}),
        ({**sent(0, -1)}, 422, {"ends_on"}),
        ({"starts_on": "20.11.2026", "ends_on": "2026-11-23"}, 400, {"starts_on"}),
    ],
)
def test_a_program_is_told_what_is_to_blame(anna: User, body: dict[str, Any], status: int, blamed: set[str]) -> None:
    answer = Program(anna).post("absences/", body)
    assert (answer.status_code, set(answer.json()["fields"]), Absence.objects.count()) == (status, blamed, 0)


# --- The administration -----------------------------------------------------------------------------------------------
def in_form(user: User, first: int, last: int, substitute: User | None = None) -> dict[str, Any]:
    return {"user": user.pk, **typed(first, last, substitute)}


def test_a_steward_sets_and_ends_it_for_somebody_in_the_administration(anna: User, bo: User, cia: User) -> None:
    browser = browser_of(cia)
    assert browser.get("/admin/users/absence/add/").status_code == 200
    assert browser.post("/admin/users/absence/add/", in_form(anna, 0, 3, bo)).status_code == 302
    absence = Absence.objects.get()
    assert (absence.user, absence.substitute, absence.created_by) == (anna, bo, cia)
    assert "Anna Aalto" in browser.get("/admin/users/absence/").content.decode()
    page = f"/admin/users/absence/{absence.pk}/change/"
    assert 'name="_save"' not in browser.get(page).content.decode()
    assert browser.post(page, in_form(anna, 0, 9)).status_code == 403
    browser.post("/admin/users/absence/", {"action": "end", "_selected_action": [absence.pk]})
    assert [event[2:4] for event in told()] == [("absence added", "cia"), ("absence removed", "cia")]


def test_the_administration_refuses_as_the_services_do(anna: User, bo: User, cia: User) -> None:
    away(anna, 0, 3, bo)
    answer = browser_of(cia).post("/admin/users/absence/add/", in_form(bo, 1, 9, anna))
    assert answer.status_code == 200
    assert "Anna Aalto is away then too, and this person would have to stand in." in answer.content.decode()
    refused = browser_of(cia).post("/admin/users/absence/add/", in_form(anna, 5, 4, anna)).content.decode()
    assert [text in refused for text in ("The last day comes before the first.", "Somebody else has to stand in.")] == [
        True,
        True,
    ]
    assert Absence.objects.count() == 1
