"""Logging in and out, the switches, the profile."""

import re
from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client
from pytest_django import Settings

from users.models import User
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.once("postgresql")]


def log_in(client: Client, login: str, password: str = "demo") -> int:
    return client.post("/login/", {"login": login, "password": password}).status_code


@pytest.mark.parametrize("login", ["riikka", "riikka@tukku.example"])
def test_user_name_or_address_opens_the_door_in_the_persons_language(client: Client, login: str) -> None:
    UserFactory(username="riikka", language="fi")

    assert log_in(client, login) == 302

    page = client.get("/")
    assert (page.status_code, page["Content-Language"]) == (200, "fi")
    assert '<html lang="fi"' in page.content.decode()


def test_a_wrong_password_or_a_closed_account_opens_nothing(client: Client) -> None:
    UserFactory(username="riikka")
    UserFactory(username="poissa", is_active=False)

    assert log_in(client, "riikka", "wrong") == 200
    log_in(client, "poissa")

    assert client.get("/").status_code == 302


def test_pages_lead_to_the_log_in_page_and_back(client: Client) -> None:
    UserFactory(username="riikka")

    answer = client.get("/profile/?x=1")
    assert answer["Location"] == "/login/?next=/profile/%3Fx%3D1"

    answer = client.post(answer["Location"], {"login": "riikka", "password": "demo", "next": "/profile/?x=1"})
    assert answer["Location"] == "/profile/?x=1"


def test_logging_out_is_a_post(client: Client) -> None:
    client.force_login(UserFactory())

    assert "Log out of this browser?" in client.get("/logout/").content.decode()
    assert client.get("/profile/").status_code == 200
    client.post("/logout/")

    assert client.get("/profile/").status_code == 302


@pytest.mark.parametrize(
    "path",
    ["/login/signup/", "/login/email/", "/login/email/sent/", "/login/code/confirm/", "/password/set/"],
)
def test_what_the_product_does_without_is_not_there(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404
    assert client.post(path).status_code == 404


def test_a_new_password_comes_by_mail(client: Client, outbox_drain: Callable[[], int]) -> None:
    user = UserFactory(username="riikka", email="riikka@tukku.example")

    assert client.get("/password/reset/").status_code == 200
    assert client.post("/password/reset/", {"email": user.email}, follow=True).status_code == 200
    assert (len(mail.outbox), outbox_drain()) == (0, 1)
    path = re.search(r"/password/reset/key/\S+", mail.outbox[0].body).group()
    form = client.get(path, follow=True)
    assert "New password" in form.content.decode()
    done = client.post(
        form.request["PATH_INFO"], {"password1": "purjevene-ja-masto", "password2": "purjevene-ja-masto"}, follow=True
    )

    assert "The password is changed" in done.content.decode()
    assert User.objects.get().check_password("purjevene-ja-masto")


def test_a_used_link_for_a_password_says_so(client: Client) -> None:
    assert "This link is used or too old." in client.get("/password/reset/key/1-abc/").content.decode()


def test_the_password_is_changed_in_our_look(client: Client) -> None:
    client.force_login(UserFactory())

    page = client.get("/password/change/")
    assert "<h1" in page.content.decode()
    client.post(
        "/password/change/", {"oldpassword": "demo", "password1": "purjevene-ja-masto", "password2": "purjevene-ja-masto"}
    )

    assert User.objects.get().check_password("purjevene-ja-masto")


# --- Demo ---------------------------------------------------------------------------------------------------------------------
def test_demo_users_log_in_with_one_click(client: Client, settings: Settings) -> None:
    settings.DEMO = True
    UserFactory(username="rep", display_name="Riikka Repo", roles=["sales_rep"], language="fi")

    assert "Riikka Repo" in client.get("/login/").content.decode()
    answer = client.post("/demo-login/", {"username": "rep", "next": "/profile/"})

    assert answer["Location"] == "/profile/"
    assert client.get("/profile/")["Content-Language"] == "fi"


def test_outside_demo_mode_there_is_no_such_door(client: Client, settings: Settings) -> None:
    settings.DEMO = False
    UserFactory(username="rep", display_name="Riikka Repo")

    assert "Riikka Repo" not in client.get("/login/").content.decode()
    assert client.post("/demo-login/", {"username": "rep"}).status_code == 404
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("username", ["boss", "", "REP", "rep "])
def test_only_the_demos_people_log_in_so(client: Client, settings: Settings, username: str) -> None:
    settings.DEMO = True
    UserFactory(username="boss", roles=["data_steward"])
    UserFactory(username="rep", is_active=False)

    assert client.post("/demo-login/", {"username": username}).status_code == 404
    assert client.get("/").status_code == 302


# --- Switches and profile -----------------------------------------------------------------------------------------------------
@pytest.mark.req("S0.44")
def test_the_language_switch_is_kept_for_the_person(client: Client) -> None:
    client.force_login(UserFactory())

    answer = client.post("/language/", {"language": "fi", "next": "/profile/"})

    assert answer["Location"] == "/profile/"
    assert client.get("/profile/")["Content-Language"] == "fi"
    assert User.objects.get().language == "fi"


def test_the_language_switch_works_without_a_session(client: Client) -> None:
    client.post("/language/", {"language": "fi", "next": "/login/"})

    assert client.get("/login/")["Content-Language"] == "fi"


def test_the_theme_is_in_the_page_before_it_is_drawn(client: Client) -> None:
    client.force_login(UserFactory())
    assert 'data-bs-theme="light" data-theme-auto' in client.get("/profile/").content.decode()

    client.post("/theme/", {"theme": "dark", "next": "/profile/"})

    text = client.get("/profile/").content.decode()
    assert 'data-bs-theme="dark">' in text
    assert User.objects.get().theme == "dark"


@pytest.mark.parametrize(("path", "field"), [("/language/", "language"), ("/theme/", "theme")])
def test_a_switch_refuses_what_it_does_not_know(client: Client, path: str, field: str) -> None:
    client.force_login(UserFactory())

    assert client.post(path, {field: "x"}).status_code == 422
    assert client.get(path).status_code == 405
    assert (User.objects.get().language, User.objects.get().theme) == ("en", "auto")


@pytest.mark.parametrize("path", ["/language/", "/theme/"])
@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_a_switch_never_leads_to_another_site(client: Client, path: str, target: str) -> None:
    client.force_login(UserFactory())

    answer = client.post(path, {"language": "fi", "theme": "dark", "next": target})

    assert answer["Location"] == "/"


def test_the_profile_is_the_persons_own(client: Client) -> None:
    user = UserFactory(roles=["sales_rep"])
    client.force_login(user)

    client.post(
        "/profile/",
        {
            "display_name": "Äijä Öykkönen",
            "language": "fi",
            "theme": "dark",
            "approval_mail": "daily",
            "is_active": "",
            "username": "x",
        },
    )

    saved = User.objects.get()
    assert (saved.display_name, saved.language, saved.theme, saved.approval_mail) == ("Äijä Öykkönen", "fi", "dark", "daily")
    assert (saved.username, saved.is_active) == (user.username, True)


def test_a_profile_without_a_name_is_refused(client: Client) -> None:
    client.force_login(UserFactory(display_name="Riikka"))

    answer = client.post("/profile/", {"display_name": "", "language": "sv", "theme": "dark", "approval_mail": "each"})

    assert (answer.status_code, sorted(answer.context["form"].errors)) == (422, ["display_name", "language"])
    assert User.objects.get().display_name == "Riikka"


# --- Administration -----------------------------------------------------------------------------------------------------------
def test_stewards_make_users_and_give_them_roles(client: Client) -> None:
    client.force_login(UserFactory(roles=["data_steward"]))

    client.post(
        "/admin/users/user/add/",
        {"username": "uusi", "email": "uusi@tukku.example", "display_name": "Uusi Öljy", "usable_password": "true",
         "password1": "purjevene-ja-masto", "password2": "purjevene-ja-masto", "role_assignments-TOTAL_FORMS": "1",
         "role_assignments-INITIAL_FORMS": "0", "role_assignments-0-role": "sales_rep"},
    )  # fmt: skip

    assert User.objects.get(username="uusi").role_codes == {"sales_rep"}


@pytest.mark.parametrize(("role", "status"), [("data_steward", 200), ("pricing", 403), ("sales_manager", 403)])
def test_users_are_kept_by_stewards(client: Client, role: str, status: int) -> None:
    user = UserFactory(roles=[role])
    client.force_login(user)

    assert client.get("/admin/users/user/").status_code == status
    assert client.get(f"/admin/users/user/{user.pk}/change/").status_code == status
