"""The headers of every answer: every address, every kind of answer, in production's settings."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, reverse
from pytest_django import Settings

from core.tests.factories import MailboxMessageFactory
from tests.access_matrix import addresses
from tests.paths import named, path_to
from users.tests.factories import UserFactory

POLICY = {
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'",
    "connect-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'",
}  # fmt: skip
ALWAYS = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
BY_LINK = {
    "approval_link", "approval_link_review", "customer_attachment", "customer_document", "customer_link", "customer_opened",
    "customer_quote",
}  # fmt: skip
KINDS = {200, 302, 401, 403, 404, 405, 415, 422, 429, 500}


def policy_of(response: HttpResponse) -> set[str]:
    return set(response.headers.get("Content-Security-Policy", "").split("; "))


def faults(name: str, response: HttpResponse) -> Iterator[str]:
    """What an answer lacks."""
    wanted = {**ALWAYS, "Referrer-Policy": "no-referrer" if name in BY_LINK else "same-origin"}
    for header, value in wanted.items():
        if response.headers.get(header) != value:
            yield f"{name} {response.status_code} {header}: {response.headers.get(header)}"
    if "no-store" not in response.headers.get("Cache-Control", ""):
        yield f"{name} {response.status_code} may be kept: {response.headers.get('Cache-Control')}"
    if policy_of(response) != POLICY:
        yield f"{name} {response.status_code}: {response.headers.get('Content-Security-Policy')}"
    if name in BY_LINK and response.headers.get("X-Robots-Tag") != "noindex, nofollow":
        yield f"{name} {response.status_code} may be found"


@pytest.fixture
def _production(settings: Settings) -> None:
    settings.SECURE_HSTS_SECONDS = 31536000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = settings.SECURE_SSL_REDIRECT = True


def person(role: str | None, **how: Any) -> Client:
    client = Client(raise_request_exception=False, **how)
    if role:
        client.force_login(UserFactory(roles=[role]))
    return client


def secure(client: Client, method: str, path: str, **headers: str) -> HttpResponse:
    return getattr(client, method)(path, secure=True, headers=headers)


def failing(view: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(view)
    def fail(*args: Any, **kwargs: Any) -> HttpResponse:
        raise ZeroDivisionError

    return fail


class People:
    """A stranger, and people with and without the right, who come in again before each address; one of them takes the lead."""

    def __init__(self) -> None:
        self.stranger = person(None, enforce_csrf_checks=True)
        self.rep, self.steward, self.turn = person(None), person(None), False
        self.users = {self.rep: UserFactory(roles=["sales_rep"]), self.steward: UserFactory(roles=["data_steward"])}

    def come_in(self) -> None:
        for client, user in self.users.items():
            client.force_login(user)

    def answers(self, pattern: URLPattern, path: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpResponse]:
        """All that an address answers: to everybody, to wrong methods, in each shape, and when it fails."""
        self.come_in()
        self.turn = not self.turn
        someone = self.rep if self.turn else self.steward
        shape = {"Accept": "application/json"} if self.turn else {}
        for client in (self.stranger, someone):
            yield secure(client, "get", path)
        yield secure(self.stranger, "get", path, **({"HX-Request": "true"} if self.turn else {"Accept": "application/json"}))
        yield secure(self.steward, "delete", path)
        with monkeypatch.context() as patch:
            patch.setattr(pattern, "callback", failing(pattern.callback))
            yield secure(someone, "get", path, **shape)
        for client in (self.stranger, someone):
            yield secure(client, "post", path)


@pytest.mark.once
@pytest.mark.django_db
@pytest.mark.usefixtures("_production")
def test_every_answer_of_every_address_has_them(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.DEMO = True
    people, kinds = People(), set()
    found: list[str] = []
    for name in named():
        if name != "mailbox_body":
            for response in people.answers(addresses()[name], path_to(name), monkeypatch):
                kinds.add(response.status_code)
                found += faults(name, response)
    assert found == []
    assert kinds >= KINDS - {429, 422}
    assert kinds <= KINDS | {400}


@pytest.mark.django_db
@pytest.mark.usefixtures("_production")
@pytest.mark.parametrize("path", ["/ei/ole/", "/login", "//evil.example/x", "/admin/ei/ole/", "/admin"])
def test_what_is_nowhere_has_them_too(path: str) -> None:
    for client in (person(None), person("data_steward")):
        assert list(faults(path, secure(client, "get", path))) == []


@pytest.mark.django_db
@pytest.mark.usefixtures("_production")
def test_plain_http_and_a_foreign_host_get_no_further() -> None:
    plain, foreign = Client().get("/login/"), Client().get("/login/", secure=True, headers={"Host": "evil.example"})
    assert (plain.status_code, plain["Location"]) == (301, "https://testserver/login/")
    assert foreign.status_code == 400
    assert list(faults("foreign", foreign)) == []


@pytest.mark.django_db
def test_no_address_lets_anything_unsafe_run_but_the_body_of_a_demo_mail() -> None:
    body = Client().get(reverse("mailbox_body", args=[MailboxMessageFactory(html="<p style='color: red'>").pk]))
    assert "unsafe" not in " ".join(POLICY)
    assert policy_of(body) == {
        "default-src 'none'", "style-src 'unsafe-inline'", "img-src data:", "frame-ancestors 'none'", "base-uri 'none'",
        "form-action 'none'", "sandbox allow-top-navigation-by-user-activation allow-popups",
    }  # fmt: skip


@pytest.mark.django_db
def test_the_shell_of_pages_asks_for_no_more_than_the_policy_allows(client: Client) -> None:
    client.force_login(UserFactory(roles=["data_steward"]))
    for path in ("/", "/admin/", "/profile/"):
        text = client.get(path).content.decode()
        assert "http://" not in text.replace("http://www.w3.org/", "").replace("http://testserver", "")
        assert "<style" not in text
