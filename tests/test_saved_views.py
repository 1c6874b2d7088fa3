"""Saved views on the pages that have them: each list and report with a filter."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import AccountFactory
from users import saved_views, services
from users.models import SavedView, User
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.once("postgresql")]

FILTERS: dict[str, str] = {
    "account_list": "q=kala&status=active",
    "approval_list": "tab=done&late=true",
    "approval_report": "since=2026-01-01&until=2026-06-30",
    "case_list": "status=implemented&quick=mine",
    "case_report": "since=2026-01-01&until=2026-06-30",
    "conflict_list": "state=settled&mine=true",
    "opportunity_list": "q=kala&status=new",
    "product_list": "q=maito&is_active=true",
    "quote_list": "view=board&status=won&mine=true",
}
"""A page, and a filter of it."""


@pytest.fixture
def user() -> User:
    return UserFactory(username="eeva", roles=["data_steward"])


@pytest.fixture
def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def save(client: Client, page: str, query: str, name: str = "Omat", **extra: Any) -> Any:
    back = f"{reverse(page)}?{query}"
    return client.post(reverse("view_save"), {"page": page, "name": name, "next": back}, **extra)


def views_on(html: str) -> dict[str, tuple[str, bool]]:
    """The links to views: name → where it leads, and whether it is marked."""
    links = re.findall(r'<a class="btn btn-sm[^"]*" href="\?([^"]*)"( aria-current="page")?>([^<]*)</a>', html)
    return {unescape(name): (unescape(query), bool(mark)) for query, mark, name in links}


def fields_of_filter(html: str) -> set[str]:
    """The names in the form of the page's filter; the first search is that of the frame."""
    forms = re.findall(r'<form method="get"[^>]*role="search".*?</form>', html, re.DOTALL)
    return {name for form in forms for name in re.findall(r'<(?:input|select)[^>]* name="([^"]+)"', form)}


def test_every_page_with_views_is_in_the_table() -> None:
    assert set(FILTERS) == set(saved_views.pages())


@pytest.mark.parametrize("page", FILTERS)
def test_a_view_keeps_all_that_the_filter_of_its_page_has(browser: Client, page: str) -> None:
    fields = fields_of_filter(browser.get(f"{reverse(page)}?{FILTERS[page]}").content.decode())
    assert fields
    assert fields <= set(saved_views.pages()[page])


@pytest.mark.parametrize("language", ["en", "fi"])
@pytest.mark.parametrize("page", FILTERS)
def test_a_filter_is_saved_followed_and_removed(browser: Client, user: User, page: str, language: str) -> None:
    User.objects.update(language=language)
    spoken = {"headers": {"Accept-Language": language}}
    path, query = reverse(page), FILTERS[page]
    answer = save(browser, page, f"{query}&cursor=x", follow=True, **spoken)
    assert answer.redirect_chain == [(f"{path}?{query}&cursor=x", 302)]
    html = answer.content.decode()
    assert {"en": "The view “Omat” is saved.", "fi": "Näkymä ”Omat” on tallennettu."}[language] in html
    kept, is_marked = views_on(html)["Omat"]
    assert is_marked
    assert kept == saved_views.kept(page, query)
    elsewhere = browser.get(path).content.decode()
    assert views_on(elsewhere) == {"Omat": (kept, False)}
    assert "/remove/" not in elsewhere
    followed = browser.get(f"{path}?{kept}").content.decode()
    assert views_on(followed) == {"Omat": (kept, True)}

    remove = reverse("view_remove", args=[SavedView.objects.get().pk])
    assert f'action="{remove}"' in followed
    assert {"en": "Remove the view “Omat”", "fi": "Poista näkymä ”Omat”"}[language] in browser.get(
        f"{path}?{kept}", **spoken
    ).content.decode()
    gone = browser.post(remove, {"next": f"{path}?{kept}"}, follow=True)
    assert gone.redirect_chain == [(f"{path}?{kept}", 302)]
    assert views_on(gone.content.decode()) == {}
    assert not SavedView.objects.exists()


LIVE = sorted(set(FILTERS) - {"approval_report", "case_report"})


@pytest.mark.parametrize("page", LIVE)
def test_the_mark_follows_what_is_typed(browser: Client, user: User, page: str) -> None:
    kept = services.view_save(by=user, page=page, name="Omat", query=FILTERS[page]).query
    typed = {"HX-Request": "true", "HX-Target": "rows"}
    for query, marked in ((kept, True), (f"{kept}&q=muu", False), ("", False)):
        html = browser.get(f"{reverse(page)}?{query}", headers=typed).content.decode()
        assert '<div id="saved-views" hx-swap-oob="true">' in html
        assert views_on(html)["Omat"] == (kept, marked)


def test_a_view_shows_the_same_rows_again(browser: Client) -> None:
    for name in ("Kuusamon Kala Oy", "Oulun Leipä Oy"):
        AccountFactory(name=name)
    html = save(browser, "account_list", "q=kuusamo&status=&owner=", follow=True).content.decode()
    query, _marked = views_on(html)["Omat"]
    assert [row.name for row in browser.get(f"/accounts/?{query}").context["page"].rows] == ["Kuusamon Kala Oy"]


def test_whoever_looks_at_a_list_sees_no_views_of_others(browser: Client, user: User) -> None:
    services.view_save(by=UserFactory(roles=["sales_rep"]), page="case_list", name="Salainen", query="quick=mine")
    services.view_save(by=user, page="quote_list", name="Tarjoukset", query="mine=true")
    assert views_on(browser.get("/cases/").content.decode()) == {}
    assert "Salainen" not in browser.get("/cases/?quick=mine").content.decode()


def test_a_view_of_a_colleague_is_not_there_to_be_removed(browser: Client) -> None:
    view = services.view_save(by=UserFactory(roles=["sales_rep"]), page="case_list", name="Omat", query="quick=mine")
    assert browser.post(reverse("view_remove", args=[view.pk]), {"next": "/cases/"}).status_code == 404
    assert SavedView.objects.get() == view


@pytest.mark.parametrize("page", ["home", "profile", "view_save", "", "//evil.example"])
def test_a_page_without_views_is_not_there(browser: Client, page: str) -> None:
    answer = browser.post(reverse("view_save"), {"page": page, "name": "Omat", "next": "/cases/?quick=mine"})
    assert (answer.status_code, SavedView.objects.count()) == (404, 0)


@pytest.mark.parametrize("back", ["//evil.example/?quick=mine", "https://evil.example/?quick=mine", ""])
def test_nothing_of_another_site_is_saved_or_led_to(browser: Client, back: str) -> None:
    answer = browser.post(reverse("view_save"), {"page": "case_list", "name": "Omat", "next": back})
    assert (answer.status_code, answer["Location"], SavedView.objects.get().query) == (302, "/cases/", "")


def test_a_refusal_is_a_sentence_on_the_page(browser: Client) -> None:
    answer = save(browser, "case_list", "quick=mine", name=" \x00", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Retarget"], SavedView.objects.count()) == (422, "#problem", 0)
    assert "Give the view a name." in answer.content.decode()
    assert save(browser, "case_list", "quick=mine", name="x" * 61).status_code == 422


def test_what_somebody_calls_a_view_is_text(browser: Client) -> None:
    html = save(browser, "case_list", "q=%22%3E%3Cscript%3E", name='<b>"x"</b>', follow=True).content.decode()
    assert "<b>" not in html
    assert "<script>" not in html
    assert views_on(html) == {'<b>"x"</b>': ("q=%22%3E%3Cscript%3E", True)}
