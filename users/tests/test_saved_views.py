"""Saved views: what is kept of a filter, under which names, how many, and for whom."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from core.errors import Invalid, NotFound
from core.tests.rivals import at_once
from users import saved_views, selectors, services
from users.models import SavedView, User
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

PAGE = "case_list"


@pytest.fixture
def anna() -> User:
    return UserFactory(roles=["sales_rep"])


@pytest.fixture
def bo() -> User:
    return UserFactory(roles=["data_steward"])


def save(by: User, name: str = "Omat", query: str = "quick=mine", page: str = PAGE) -> SavedView:
    return services.view_save(by=by, page=page, name=name, query=query)


def kept_by(user: User, page: str = PAGE) -> list[tuple[str, str]]:
    return [(name, query) for _pk, name, query in selectors.views_of(user, page)]


# --- What is kept -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ""),
        ("quick=mine", "quick=mine"),
        ("quick=mine&status=&q=", "quick=mine"),  # what is left blank narrows nothing
        ("quick=mine&cursor=WyIxIl0&csrfmiddlewaretoken=x&next=//evil.example", "quick=mine"),
        ("status=implemented&q=%C3%A4mp%C3%A4ri+10%25", "q=%C3%A4mp%C3%A4ri+10%25&status=implemented"),
        ("q=%C3%A4mp%C3%A4ri+10%25&status=implemented", "q=%C3%A4mp%C3%A4ri+10%25&status=implemented"),  # in whichever order
        ("quick=mine&quick=overdue", "quick=overdue"),  # the last one is what the filter takes
    ],
)
def test_of_an_address_only_what_the_filter_takes_is_kept(query: str, expected: str) -> None:
    found = saved_views.kept(PAGE, query)
    fields = [part.partition("=")[0] for part in found.split("&") if part]
    assert fields == [name for name in saved_views.pages()[PAGE] if name in fields]
    assert sorted(found.split("&")) == sorted(expected.split("&"))
    assert saved_views.kept(PAGE, found) == found


def test_a_view_is_kept_by_its_name_for_one_page_of_one_person(anna: User, bo: User) -> None:
    save(anna, "  Omat \n tapaukset ", "quick=mine&cursor=x")
    save(anna, "Myöhässä", "quick=overdue")
    save(anna, "Omat tapaukset", "mine=true", "quote_list")
    save(bo, "Omat tapaukset", "quick=review")
    assert kept_by(anna) == [("Myöhässä", "quick=overdue"), ("Omat tapaukset", "quick=mine")]
    assert kept_by(anna, "quote_list") == [("Omat tapaukset", "mine=true")]
    assert kept_by(bo) == [("Omat tapaukset", "quick=review")]


@pytest.mark.parametrize("again", ["Äitini", "ÄITINI", " äitini "])
def test_saving_under_a_name_that_is_there_replaces_it(anna: User, again: str) -> None:
    first = save(anna, "Äitini")
    second = save(anna, again, "quick=overdue")
    assert second.pk == first.pk
    assert kept_by(anna) == [(again.strip(), "quick=overdue")]


@pytest.mark.parametrize("name", ["", "  \t", "x" * 61, "ä" * 61])
def test_a_name_is_asked_for_and_is_short(anna: User, name: str) -> None:
    with pytest.raises(Invalid):
        save(anna, name)
    assert kept_by(anna) == []
    assert save(anna, "ä" * 60).name == "ä" * 60


def test_a_filter_that_is_too_long_is_refused(anna: User) -> None:
    with pytest.raises(Invalid):
        save(anna, query="q=" + "x" * 999)
    assert kept_by(anna) == []
    assert save(anna, query="q=" + "x" * 998).query == "q=" + "x" * 998


def test_20_views_of_a_page_are_the_most(anna: User, bo: User) -> None:
    for number in range(saved_views.MOST):
        save(anna, f"Näkymä {number}")
    with pytest.raises(Invalid, match="20"):
        save(anna, "Vielä yksi")
    assert len(kept_by(anna)) == 20
    save(anna, "Näkymä 7", "quick=overdue")  # in the place of one of them
    assert ("Näkymä 7", "quick=overdue") in kept_by(anna)
    save(anna, page="quote_list")
    save(bo)
    assert len(kept_by(anna)) == 20


@pytest.mark.parametrize("page", ["", "home", "profile", "account_logout", "case_page", "admin:index", "https://evil.example"])
def test_a_page_that_has_no_views_is_refused(anna: User, page: str) -> None:
    with pytest.raises(NotFound):
        save(anna, page=page)
    assert not SavedView.objects.exists()


# --- Removing ---------------------------------------------------------------------------------------------------------
def test_nobody_removes_the_view_of_somebody_else(anna: User, bo: User) -> None:
    view = save(anna)
    with pytest.raises(NotFound):
        services.view_remove(by=bo, view_id=view.pk)
    assert kept_by(anna) == [("Omat", "quick=mine")]
    services.view_remove(by=anna, view_id=view.pk)
    assert kept_by(anna) == []
    with pytest.raises(NotFound):
        services.view_remove(by=anna, view_id=view.pk)


def test_a_person_takes_their_views_along(anna: User) -> None:
    save(anna)
    anna.delete()
    assert not SavedView.objects.exists()


# --- The database -----------------------------------------------------------------------------------------------------
def test_the_database_keeps_one_of_a_name(anna: User) -> None:
    save(anna, "Omat")
    with pytest.raises(IntegrityError), transaction.atomic():
        SavedView.objects.create(owner=anna, page=PAGE, name="OMAT")
    assert kept_by(anna) == [("Omat", "quick=mine")]


def test_views_are_read_in_one_query(anna: User, django_assert_num_queries: Any) -> None:
    for number in range(5):
        save(anna, f"Näkymä {number}")
    selectors.views_of(anna, PAGE)  # roles and team are known from now on
    with django_assert_num_queries(1):
        assert len(selectors.views_of(anna, PAGE)) == 5


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_tabs_that_save_at_once_leave_one_view_and_no_more_than_20() -> None:
    anna = UserFactory(roles=["sales_rep"])
    for number in range(saved_views.MOST - 1):
        save(anna, f"Näkymä {number}")
    same = at_once(lambda: save(anna, "Omat", "quick=mine"), lambda: save(anna, "omat", "quick=overdue"))
    assert [type(answer).__name__ for answer in same] == ["SavedView", "SavedView"], same
    assert len(kept_by(anna)) == saved_views.MOST
    services.view_remove(by=anna, view_id=same[0].pk)
    more = at_once(lambda: save(anna, "Eka"), lambda: save(anna, "Toka"))
    assert sorted(type(answer).__name__ for answer in more) == ["Invalid", "SavedView"]
    assert len(kept_by(anna)) == saved_views.MOST
