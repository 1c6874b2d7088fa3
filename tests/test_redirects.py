"""Nothing that a request names leads a browser to another site: many spellings of one, at every view that leads on."""

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.test import Client
from pytest_django import Settings

from core import redirects
from tests.paths import named, path_to
from users.models import User
from users.tests.codes import code, set_up
from users.tests.factories import UserFactory

pytestmark = pytest.mark.once

HOST = "testserver"
EVIL = "evil.example"
FOREIGN = [
    f"https://{EVIL}", f"http://{EVIL}/", f"//{EVIL}", f"///{EVIL}", f"////{EVIL}", f"/////{EVIL}/x", f"\\\\{EVIL}",
    f"/\\{EVIL}", f"\\/{EVIL}", f"/\\/{EVIL}", f"//\\{EVIL}", f"/\\\\{EVIL}", f"\\\\/{EVIL}", f"http:{EVIL}",
    f"https:{EVIL}", f"http:/{EVIL}", f"https:/{EVIL}", f"http:///{EVIL}", f"https:///{EVIL}", f"http:\\\\{EVIL}",
    f"https:\\{EVIL}", f"HTTPS://{EVIL}", f"hTtP://{EVIL}", f"ftp://{EVIL}/", f"ws://{EVIL}/", f"blob:https://{EVIL}/",
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "java\nscript:alert(1)", "\tjavascript:alert(1)",
    "\x00javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:x", f"mailto:x@{EVIL}", "file:///etc/passwd",
    f" //{EVIL}", f"\t//{EVIL}", f"\n//{EVIL}", f"\r\n//{EVIL}", f"\x00//{EVIL}", f"\x0b//{EVIL}", f"\x1f//{EVIL}",
    f"/\t/{EVIL}", f"/\n/{EVIL}", f"/\r/{EVIL}", f"\t/\t/{EVIL}", f"/\t\\{EVIL}", f" /\\{EVIL}", f"\u00a0//{EVIL}",
    f"\u3000//{EVIL}", f"\u2028//{EVIL}", f"//{HOST}@{EVIL}/", f"https://{HOST}@{EVIL}/", f"https://{HOST}:x@{EVIL}/",
    f"https://{HOST}.{EVIL}/", f"https://{EVIL}#{HOST}", f"https://{EVIL}?{HOST}", f"https://{EVIL}/{HOST}", f"https://{EVIL}\\@{HOST}",
    f"//{EVIL}%2f{HOST}", f"//{EVIL}%00.{HOST}", f"//{EVIL}:80/", "//[::ffff:203.0.113.9]/", f"//[{EVIL}", "//203.0.113.9/",
    "//3405803785/", "https://0xCB007109/", f"/.//{EVIL}", f"/..//{EVIL}", f"//{EVIL}/..", f"https://{EVIL}\r\nX-Injected: 1",
    f"/ok\r\nLocation: https://{EVIL}", f"/%0d%0aLocation:%20https://{EVIL}", f"/%09/{EVIL}", f"/%5c{EVIL}", f"/%2f{EVIL}",
    f"%2f%2f{EVIL}", f"／／{EVIL}", f"/／{EVIL}", f"https://{EVIL}｡example", "//ⓔⓥⓘⓛ.example", "?next=//" + EVIL, "#//" + EVIL,
    EVIL, f"{EVIL}/path", f"@{EVIL}", f":{EVIL}", ".", "..", "", " ",
]  # fmt: skip


def where_a_browser_goes(location: str) -> str:
    """The host a browser would ask, by the rules of browsers rather than of servers. Source: WHATWG URL, basic parser."""
    text = re.sub(r"[\t\n\r]", "", location.strip("".join(map(chr, range(0x21))))).replace("\\", "/")
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", text, re.DOTALL)
    if scheme and scheme.group(1).lower() not in ("http", "https"):
        return f"{scheme.group(1)}:"
    if scheme:
        text = "//" + scheme.group(2).lstrip("/")
    if not text.startswith("//"):
        return HOST
    return re.split(r"[/?#]", text.lstrip("/"), maxsplit=1)[0].rpartition("@")[2].partition(":")[0]


def test_the_judge_knows_a_foreign_host() -> None:
    at = {target: where_a_browser_goes(target) for target in FOREIGN}
    assert (at[f"/\\{EVIL}"], at[f"/\t/{EVIL}"], at[f"https:{EVIL}"], at[f"//{HOST}@{EVIL}/"]) == (EVIL,) * 4
    assert (at["java\tscript:alert(1)"], at[EVIL], at[f"/.//{EVIL}"]) == ("javascript:", HOST, HOST)
    assert len(FOREIGN) == len(set(FOREIGN)) >= 60
    assert sum(host != HOST for host in at.values()) >= 60


@pytest.mark.parametrize("target", FOREIGN)
def test_the_one_helper_answers_a_path_of_ours(target: str) -> None:
    assert where_a_browser_goes(redirects.own(target)) == HOST
    assert redirects.own(target).startswith("/")
    assert redirects.own(target).isprintable()
    assert where_a_browser_goes(redirects.whole_page(target).headers["HX-Redirect"]) == HOST


@pytest.mark.parametrize("path", ["/", "/quotes/", "/quotes/?q=a%20b&page=2", "/accounts/7/#top", "/q?next=https://evil.example"])
def test_paths_of_ours_stay_as_they_are(path: str) -> None:
    assert redirects.own(path) == path


# --- Every view that leads on ---------------------------------------------------------------------------------------------------
@pytest.fixture
def user(db: None) -> Any:
    return UserFactory(username="rep", roles=["data_steward"])


def inside(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def login(user: User, target: str) -> Any:
    return Client().post("/login/", {"login": "rep", "password": "demo", "next": target})


def login_by_address(user: User, target: str) -> Any:
    return Client().post(f"/login/?{urlencode({'next': target})}", {"login": "rep", "password": "demo"})


def login_when_inside(user: User, target: str) -> Any:
    return inside(user).get("/login/", {"next": target})


def second_step(user: User, target: str) -> Any:
    secret, client = set_up(user), Client()
    client.post("/login/", {"login": "rep", "password": "demo", "next": target})
    return client.post("/login/code/", {"code": code(secret), "next": target})


def password_again(user: User, target: str) -> Any:
    return inside(user).post("/login/reauthenticate/", {"password": "demo", "next": target})


def code_again(user: User, target: str) -> Any:
    return inside(user).post("/login/reauthenticate/code/", {"code": code(set_up(user)), "next": target})


def log_out(user: User, target: str) -> Any:
    return inside(user).post("/logout/", {"next": target})


def log_out_of_the_administration(user: User, target: str) -> Any:
    return inside(user).post(f"/admin/logout/?{urlencode({'next': target})}", {"next": target})


def log_in_to_the_administration(user: User, target: str) -> Any:
    return Client().get("/admin/login/", {"next": target})


def change_password(user: User, target: str) -> Any:
    new = {"oldpassword": "demo", "password1": "purjevene-ja-masto", "password2": "purjevene-ja-masto"}
    return inside(user).post("/password/change/", {**new, "next": target})


def ask_for_a_password(user: User, target: str) -> Any:
    return Client().post("/password/reset/", {"email": user.email, "next": target})


def language(user: User, target: str) -> Any:
    return Client().post("/language/", {"language": "fi", "next": target}, headers={"Referer": f"https://{EVIL}/"})


def theme(user: User, target: str) -> Any:
    return inside(user).post("/theme/", {"theme": "dark", "next": target}, headers={"Referer": f"https://{EVIL}/"})


def save_a_view(user: User, target: str) -> Any:
    return inside(user).post("/views/save/", {"page": "quote_list", "name": "x", "next": target})


def demo_login(user: User, target: str) -> Any:
    return Client().post("/demo-login/", {"username": "rep", "next": target})


def fragment_without_a_session(user: User, target: str) -> Any:
    headers = {"HX-Request": "true", "HX-Current-URL": quote(target, safe=":/?#[]@\\%=&")}
    return Client().get("/quotes/", headers=headers)


VIEWS: list[Callable[[User, str], Any]] = [
    login, login_by_address, login_when_inside, second_step, password_again, code_again, log_out, log_out_of_the_administration,
    log_in_to_the_administration, change_password, ask_for_a_password, language, theme, save_a_view, demo_login,
    fragment_without_a_session,
]  # fmt: skip


PARTS = 3
"""A view is sent one of so many spellings; the helper that they all ask, every one."""


def targets_of(response: Any) -> Iterator[str]:
    for name in ("Location", "HX-Redirect", "HX-Location", "HX-Push-Url", "HX-Replace-Url", "Refresh"):
        if name in response.headers:
            yield response.headers[name]


@pytest.mark.usefixtures("clock")  # a code is of half a minute
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
def test_whatever_is_named_as_the_next_page_the_browser_stays_here(
    user: User, settings: Settings, monkeypatch: pytest.MonkeyPatch, view: Callable[[User, str], Any]
) -> None:
    from allauth.mfa.models import Authenticator

    from core import rate_limits

    monkeypatch.setattr(rate_limits, "require_all", lambda attempts: None)
    settings.DEMO = True
    settings.ALLOWED_HOSTS = ["*"]
    settings.CSRF_TRUSTED_ORIGINS = [f"https://{EVIL}"]
    password, led = user.password, []
    for target in FOREIGN[VIEWS.index(view) % PARTS :: PARTS]:
        response = view(user, target)
        led += [(target, found) for found in targets_of(response) if where_a_browser_goes(found) != HOST]
        assert response.status_code in (200, 302, 401), target
        assert list(targets_of(response)), target
        assert "X-Injected" not in response.headers
        Authenticator.objects.all().delete()
        User.objects.update(password=password)
    assert led == []


@pytest.mark.parametrize("view", [view for view in VIEWS if view not in (fragment_without_a_session, ask_for_a_password)],
                         ids=lambda view: view.__name__)  # fmt: skip
def test_a_page_of_ours_is_led_to(user: User, settings: Settings, view: Callable[[User, str], Any]) -> None:
    settings.DEMO = True
    expected = {log_in_to_the_administration: "/login/?next=/quotes/"}.get(view, "/quotes/")
    assert list(targets_of(view(user, "/quotes/"))) == [expected]


@pytest.mark.once
def test_no_address_leads_away_whatever_is_sent_to_it(user: User, settings: Settings) -> None:
    """Those that lead on without being in the list above are found here, whichever way of writing it they get."""
    settings.DEMO = True
    targets = itertools.cycle([f"//{EVIL}", f"https://{EVIL}/", f"/\\{EVIL}"])
    led, asked = [], 0
    for name, target in zip(named(), targets, strict=False):
        path = path_to(name)
        names = {"next": target, "url": target, "redirect": target, "return": target, "to": target}
        insider = inside(user)
        for response in (Client().get(path, names), insider.get(path, names), insider.post(path, names)):
            asked += 1
            led += [(name, found) for found in targets_of(response) if where_a_browser_goes(found) != HOST]
    assert (led, asked) == ([], 3 * len(named()))


@pytest.mark.parametrize("path", [f"//{EVIL}", f"//{EVIL}/quotes", f"/\\{EVIL}/quotes", f"///{EVIL}/admin/", f"//{EVIL}/admin"])
def test_an_odd_path_leads_nowhere_else(db: None, path: str) -> None:
    from django.test import RequestFactory
    from django.test.client import ClientHandler

    request = RequestFactory().get("/")
    response = ClientHandler()({**request.environ, "PATH_INFO": path})
    assert [where_a_browser_goes(target) for target in targets_of(response)] in ([], [HOST])
