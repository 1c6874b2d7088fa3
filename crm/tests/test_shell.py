"""The menu, the frame and the demo mailbox."""

import re

import pytest
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.utils.html import escape
from pytest_django import Settings

from core.models import MailboxMessage
from core.tests.factories import MailboxMessageFactory
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.once("postgresql")]

SALES = ["/", "/accounts/", "/opportunities/", "/quotes/"]


def menu(role: str) -> list[str]:
    client = Client()
    client.force_login(UserFactory(roles=[role]))
    return re.findall(r'<a class="nav-link" href="([^"]+)"', client.get("/").content.decode())


@pytest.mark.req("S0.14")
@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("sales_rep", SALES),
        ("sales_support", SALES),
        ("sales_manager", [*SALES, "/approvals/"]),
        ("sales_leadership", [*SALES, "/cases/", "/approvals/", "/products/"]),
        ("pricing", ["/", "/accounts/", "/quotes/", "/cases/", "/approvals/", "/products/", "/admin/"]),
        ("finance", ["/", "/accounts/", "/quotes/", "/cases/", "/approvals/", "/products/"]),
        ("technical_team", ["/", "/accounts/", "/cases/", "/products/"]),
        ("data_steward", [*SALES, "/cases/", "/approvals/", "/products/", "/sync/", "/sync/quality/", "/mails/", "/admin/"]),
    ],
)
def test_the_menu_shows_what_exists_and_may_be_opened(role: str, expected: list[str]) -> None:
    assert menu(role) == expected


@pytest.mark.parametrize("role", ["sales_rep", "sales_manager", "pricing", "finance", "technical_team", "data_steward"])
def test_every_entry_of_the_menu_opens(role: str) -> None:
    client = Client()
    client.force_login(UserFactory(roles=[role]))

    assert {path: client.get(path).status_code for path in menu(role)} == dict.fromkeys(menu(role), 200)


def test_reps_reach_their_own_approval_requests_by_link(client: Client) -> None:
    client.force_login(UserFactory(roles=["sales_rep"]))

    text = client.get("/").content.decode()

    assert '<a class="dropdown-item" href="/approvals/"' in text
    assert 'href="/quotes/new/"' in text


@pytest.mark.req("S3.15")
def test_reps_reach_cases_and_a_new_one_by_link(client: Client) -> None:
    client.force_login(UserFactory(roles=["sales_rep"]))

    text = client.get("/").content.decode()

    assert '<a class="dropdown-item" href="/cases/" data-go="s"' in text
    assert '<a class="dropdown-item" href="/cases/new/csr/" data-key="c"' in text


def test_those_who_may_not_quote_are_not_offered_a_new_one(client: Client) -> None:
    client.force_login(UserFactory(roles=["finance"]))

    assert "/quotes/new/" not in client.get("/").content.decode()


@pytest.mark.parametrize("path", ["/", "/login/", "/accounts/", "/profile/", "/mailbox/"])
def test_no_page_has_anything_inline(client: Client, path: str) -> None:
    if path != "/login/":
        client.force_login(UserFactory(roles=["sales_rep"]))

    answer = client.get(path)
    text = answer.content.decode()

    assert not re.findall(r"<style|\sstyle=|\son[a-z]+=|javascript:|hx-on|<script(?![^>]*\ssrc=)", text)
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert '<meta name="robots" content="noindex, nofollow">' in text
    assert text.count("<h1") == 1


# --- Mailbox ------------------------------------------------------------------------------------------------------------------
def test_mails_of_the_demo_are_read_without_a_session(client: Client) -> None:
    mail = EmailMultiAlternatives("Päätös: <b>Q-1</b>", "Avaa http://127.0.0.1:8000/a/abc/ ja päätä.", to=["anna@tukku.example"])
    MailboxMessageFactory(subject="Vanhempi")
    message = MailboxMessageFactory(subject=mail.subject, text=mail.body, html="<p style='color:red'>Hei</p>")

    listed = client.get("/mailbox/").content.decode()
    page = client.get(f"/mailbox/{message.pk}/").content.decode()

    assert listed.index(escape(mail.subject)) < listed.index("Vanhempi")
    assert '<a href="http://127.0.0.1:8000/a/abc/" rel="nofollow">' in page
    assert f"/mailbox/{message.pk}/body/" in page


def test_the_body_of_a_mail_lives_in_its_own_sandbox(client: Client) -> None:
    message = MailboxMessageFactory(html="<p style='color:red'>Hei</p><script>alert(1)</script>")

    answer = client.get(f"/mailbox/{message.pk}/body/")

    directives = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";"))
    assert answer.content.decode() == message.html
    assert directives["sandbox"] == "allow-top-navigation-by-user-activation allow-popups"
    assert directives["default-src"] == "'none'"
    assert directives["style-src"] == "'unsafe-inline'"
    assert directives["img-src"] == "data:"
    assert "script-src" not in directives


@pytest.mark.parametrize("path", ["/mailbox/", "/mailbox/{pk}/", "/mailbox/{pk}/body/"])
def test_outside_demo_mode_there_is_no_mailbox(client: Client, settings: Settings, path: str) -> None:
    settings.MAILBOX = False
    message = MailboxMessageFactory()
    client.force_login(UserFactory(roles=["data_steward"]))

    assert client.get(path.format(pk=message.pk)).status_code == 404


def test_the_mailbox_only_shows(client: Client) -> None:
    message = MailboxMessageFactory()

    assert client.post(f"/mailbox/{message.pk}/").status_code == 405
    assert client.get("/mailbox/999999/").status_code == 404
    assert MailboxMessage.objects.count() == 1
