"""The door: how often one may try, and that it tells nobody who has an account."""

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from core import rate_limits
from core.models import OutboxMessage, RateBucket
from core.tests.rivals import at_once
from users import limits, tokens
from users.models import User
from users.tests.factories import UserFactory

GOOD, BAD = "demo", "wrong password"


def log_in(login: str, password: str = BAD, *, ip: str = "192.0.2.1", client: Client | None = None, **headers: str) -> Any:
    client = client or Client()
    return client.post("/login/", {"login": login, "password": password}, REMOTE_ADDR=ip, headers=headers)


def statuses(login: str, times: int, **how: Any) -> list[int]:
    return [log_in(login, **how).status_code for _time in range(times)]


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of those whose password was looked at."""
    names: list[str] = []
    check = User.check_password

    def noted(self: User, password: str) -> bool:
        names.append(self.username)
        return check(self, password)

    monkeypatch.setattr(User, "check_password", noted)
    return names


# --- How often ------------------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_the_11th_attempt_from_one_place_is_not_looked_at(clock: time_machine.Traveller, checked: list[str]) -> None:
    UserFactory(username="riikka")
    assert statuses("riikka", 12) == [200] * 10 + [429] * 2
    assert checked == ["riikka"] * 10
    refusal = log_in("riikka", GOOD)
    assert (refusal.status_code, refusal["Retry-After"], refusal["Cache-Control"]) == (429, "90", "private, no-store")
    assert "Too many requests" in refusal.content.decode()


@pytest.mark.django_db
def test_a_minute_and_a_half_later_the_right_password_opens(clock: time_machine.Traveller) -> None:
    UserFactory(username="riikka")
    statuses("riikka", 12)
    clock.shift(90)
    assert log_in("riikka", GOOD).status_code == 302


@pytest.mark.django_db
def test_name_and_address_of_a_person_are_one_account(clock: time_machine.Traveller) -> None:
    UserFactory(username="riikka", email="riikka@tukku.example")
    assert statuses("riikka", 5) + statuses("RIIKKA@tukku.example", 5) == [200] * 10
    assert statuses("Riikka", 1) == [429]


@pytest.mark.django_db
def test_a_stranger_elsewhere_does_not_stop_the_person(clock: time_machine.Traveller) -> None:
    UserFactory(username="riikka")
    statuses("riikka", 30, ip="203.0.113.9")
    assert log_in("riikka", GOOD).status_code == 302


@pytest.mark.django_db
def test_guessing_from_many_places_stops_but_not_for_a_browser_that_is_known(clock: time_machine.Traveller) -> None:
    user, mine = UserFactory(username="riikka"), Client()
    log_in("riikka", GOOD, client=mine)
    mine.post("/logout/")
    for number in range(100):
        assert rate_limits.take(limits.PASSWORD_EVERYWHERE, str(user.pk)), number
    assert log_in("riikka", GOOD, ip="203.0.113.9").status_code == 429
    assert log_in("riikka", GOOD, client=mine).status_code == 302


@pytest.mark.django_db
def test_a_known_browser_is_known_to_its_own_account_only_and_counted_too(clock: time_machine.Traveller) -> None:
    UserFactory(username="riikka")
    UserFactory(username="olli")
    browser = Client()
    log_in("olli", GOOD, client=browser)
    browser.post("/logout/")
    cookie = browser.cookies["device"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 180 * 86400)
    assert statuses("olli", 12, client=browser) == [200] * 10 + [429] * 2
    statuses("riikka", 10)
    assert log_in("riikka", GOOD, client=browser).status_code == 429
    browser.cookies["device"] = "forged:1aBcDe:signature"
    assert log_in("riikka", client=browser).status_code == 429


@pytest.mark.django_db
def test_one_place_is_slowed_over_all_accounts(clock: time_machine.Traveller) -> None:
    names = [f"nobody{number}" for number in range(70)]
    assert [log_in(name).status_code for name in names] == [200] * 60 + [429] * 10
    UserFactory(username="riikka")
    assert (log_in("riikka", GOOD).status_code, log_in("riikka", GOOD, ip="203.0.113.9").status_code) == (429, 302)


@pytest.mark.django_db
def test_people_who_log_in_often_are_not_slowed(clock: time_machine.Traveller) -> None:
    UserFactory(username="riikka")
    assert statuses("riikka", 40, password=GOOD) == [302] * 40


@pytest.mark.django_db
def test_a_guesser_who_logs_in_between_gains_no_attempts(clock: time_machine.Traveller) -> None:
    UserFactory(username="riikka")
    UserFactory(username="olli")
    answers = []
    for _round in range(12):
        log_in("olli", GOOD)
        answers.append(log_in("riikka").status_code)
    assert answers == [200] * 10 + [429] * 2


@pytest.mark.django_db
@pytest.mark.parametrize("trusted", [0, 1])
def test_a_forwarded_address_that_anybody_can_write_changes_nothing(
    clock: time_machine.Traveller, settings: Settings, trusted: int
) -> None:
    settings.TRUSTED_PROXIES = trusted
    UserFactory(username="riikka")
    proxy = ", 203.0.113.9" if trusted else ""
    answers = [log_in("riikka", **{"X-Forwarded-For": f"198.51.100.{number}{proxy}"}).status_code for number in range(12)]
    assert answers == [200] * 10 + [429] * 2


@pytest.mark.django_db
def test_rows_and_cookies_name_nobody(clock: time_machine.Traveller) -> None:
    statuses("riikka@tukku.example", 1)
    assert all(re.fullmatch(r"[0-9a-f]{64}", key) for key in RateBucket.objects.values_list("key", flat=True))


@pytest.mark.django_db
def test_asking_for_the_password_again_counts_the_same(clock: time_machine.Traveller, checked: list[str]) -> None:
    client = Client()
    client.force_login(UserFactory(username="riikka"))
    again = [client.post("/login/reauthenticate/", {"password": BAD}, REMOTE_ADDR="192.0.2.1").status_code for _ in range(6)]
    change = {"oldpassword": BAD, "password1": "purjevene-ja-masto", "password2": "purjevene-ja-masto"}
    changes = [client.post("/password/change/", change, REMOTE_ADDR="192.0.2.1").status_code for _ in range(6)]
    assert again + changes == [200] * 10 + [429] * 2
    assert checked == ["riikka"] * 10


@pytest.mark.django_db
def test_forms_without_a_session_are_counted_whatever_they_are(clock: time_machine.Traveller) -> None:
    client = Client()
    answers = [client.post("/language/", {"language": "fi"}).status_code for _time in range(122)]
    assert answers == [302] * 120 + [429] * 2
    assert client.get("/login/").status_code == 200
    client.force_login(UserFactory())
    assert client.post("/language/", {"language": "fi"}).status_code == 302


@pytest.mark.django_db
def test_one_click_log_ins_of_the_demo_are_counted(
    clock: time_machine.Traveller, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEMO = True
    monkeypatch.setattr(limits, "DEMO_PLACE", rate_limits.Limit("demo", times=3, seconds=60))
    UserFactory(username="rep")
    assert [Client().post("/demo-login/", {"username": "rep"}).status_code for _time in range(5)] == [302] * 3 + [429] * 2


@pytest.mark.django_db
def test_wrong_tokens_of_programs_are_counted_and_a_right_one_gets_in_all_the_same(clock: time_machine.Traveller) -> None:
    def call(token: str) -> Any:
        return Client().get("/api/v1/products/", headers={"Authorization": f"Bearer {token}"}, REMOTE_ADDR="192.0.2.1")

    _token, text = tokens.token_create(by=UserFactory(roles=["sales_rep"]), name="Kassa", scope="read", days=30)
    answers = [call(f"crm_{number}") for number in range(22)]
    assert [answer.status_code for answer in answers] == [401] * 20 + [429] * 2
    assert (answers[-1]["Retry-After"], answers[-1].json()["code"]) == ("30", "too_many_requests")
    assert call(text).status_code == 200


# --- At one instant -------------------------------------------------------------------------------------------------------------
@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_of_50_attempts_at_once_just_10_reach_the_password(checked: list[str]) -> None:
    UserFactory(username="riikka")
    answers = at_once(*[lambda: log_in("riikka").status_code] * 50)
    assert sorted(answers) == [200] * 10 + [429] * 40
    assert checked == ["riikka"] * 10


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_with_a_count_that_is_read_first_and_written_then_all_50_do(checked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    UserFactory(username="riikka")
    barrier = threading.Barrier(50)

    def naive(attempts: Any) -> None:
        has_room = all(rate_limits.wait(*attempt) == 0 for attempt in attempts)
        barrier.wait(timeout=20)
        assert has_room
        for attempt in attempts:
            rate_limits.take(*attempt)

    monkeypatch.setattr(rate_limits, "require_all", naive)
    assert at_once(*[lambda: log_in("riikka").status_code] * 50) == [200] * 50
    assert len(checked) == 50


# --- Who has an account ---------------------------------------------------------------------------------------------------------
CASES = [
    ("nobody", GOOD), ("nobody@tukku.example", GOOD), ("riikka", BAD), ("riikka@tukku.example", BAD),
    ("poissa", GOOD), ("poissa", BAD), ("poissa@tukku.example", GOOD),
]  # fmt: skip


def without_what_differs(login: str, page: bytes) -> str:
    text = page.decode().replace(login, "LOGIN")
    return re.sub(r'(value="|"X-CSRFToken": ")[A-Za-z0-9]{64}"', "", text)


@pytest.fixture
def people(db: None) -> None:
    UserFactory(username="riikka", email="riikka@tukku.example")
    UserFactory(username="poissa", email="poissa@tukku.example", is_active=False)


@pytest.mark.usefixtures("people")
def test_unknown_wrong_and_closed_are_one_answer(clock: time_machine.Traveller) -> None:
    answers = [(login, log_in(login, password)) for login, password in CASES]
    assert {answer.status_code for _login, answer in answers} == {200}
    assert len({without_what_differs(login, answer.content) for login, answer in answers}) == 1
    assert len({tuple(sorted(answer.headers)) for _login, answer in answers}) == 1
    assert len({tuple(sorted(answer.cookies)) for _login, answer in answers}) == 1
    assert "The user name or the password is not right." in answers[0][1].content.decode()


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(("login", "password"), CASES)
def test_unknown_wrong_and_closed_are_the_same_work(
    clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch, login: str, password: str
) -> None:
    hashes: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, *args: Any, **kwargs: Any) -> str:
        hashes.append("")
        return encode(self, *args, **kwargs)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    with CaptureQueriesContext(connection) as queries:
        log_in(login, password)
    assert (len(hashes), len(queries)) == (1, 6)


@pytest.mark.usefixtures("people")
def test_asking_for_a_new_password_says_and_does_the_same_for_everybody(
    clock: time_machine.Traveller, outbox_drain: Callable[[], int]
) -> None:
    answers, work = [], []
    for email in ("riikka@tukku.example", "RIIKKA@TUKKU.example", "nobody@tukku.example", "poissa@tukku.example"):
        with CaptureQueriesContext(connection) as queries:
            answers.append(Client().post("/password/reset/", {"email": email}))
        work.append(len(queries))
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(302, "/password/reset/done/")}
    assert len({tuple(answer.cookies) for answer in answers}) == 1
    assert len(set(work)) == 1
    assert OutboxMessage.objects.filter(topic="users.password_reset").count() == 4
    assert (outbox_drain(), [message.to for message in mail.outbox]) == (4, [["riikka@tukku.example"]] * 2)


@pytest.mark.django_db
def test_mails_for_a_new_password_are_few(clock: time_machine.Traveller) -> None:
    def ask(email: str, ip: str = "192.0.2.1") -> int:
        return Client().post("/password/reset/", {"email": email}, REMOTE_ADDR=ip).status_code

    assert [ask("riikka@tukku.example") for _time in range(4)] == [302] * 3 + [429]
    assert ask("RIIKKA@tukku.example", "203.0.113.9") == 429
    assert [ask(f"somebody{number}@tukku.example") for number in range(18)] == [302] * 17 + [429]
    assert OutboxMessage.objects.count() == 20


@pytest.mark.django_db
def test_the_mail_for_a_new_password_is_in_the_persons_language_and_its_link_opens_once(
    client: Client, outbox_drain: Callable[[], int], settings: Settings
) -> None:
    settings.SITE_URL = "https://crm.example"
    user = UserFactory(username="riikka", language="fi")
    client.post("/password/reset/", {"email": user.email})
    outbox_drain()
    message = mail.outbox[0]
    assert message.extra_headers["Content-Language"] == "fi"
    path = re.search(r"https://crm\.example(/password/reset/key/\S+)", message.body).group(1)
    assert path in message.alternatives[0].content
    assert path not in repr(list(OutboxMessage.objects.values()))
    form = client.get(path, follow=True).request["PATH_INFO"]
    done = client.post(form, {"password1": "purjevene-ja-masto", "password2": "purjevene-ja-masto"})
    assert (done.status_code, "device" in done.cookies) == (302, True)
    assert "This link is used or too old." in Client().get(path, follow=True).content.decode()


@pytest.mark.django_db
def test_nobody_who_has_left_gets_the_mail(client: Client, outbox_drain: Callable[[], int]) -> None:
    user = UserFactory()
    client.post("/password/reset/", {"email": user.email})
    User.objects.update(is_active=False)
    assert (outbox_drain(), mail.outbox) == (1, [])


@pytest.mark.django_db
def test_a_name_that_is_anothers_address_opens_the_account_of_the_address(client: Client) -> None:
    UserFactory(username="riikka@tukku.example", email="x@tukku.example")
    UserFactory(username="riikka", email="riikka@tukku.example")
    log_in("riikka@tukku.example", GOOD, client=client)
    assert client.get("/profile/").context["user"].username == "riikka"
