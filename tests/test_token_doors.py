"""Every kind of token at every door that takes one: a token opens its own door, and all others answer as to a made-up one."""

import re
from collections.abc import Callable
from itertools import count
from typing import Any, NamedTuple

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.apps import apps
from django.conf import settings
from django.test import Client
from django.urls import reverse

from approvals import link_views
from approvals.models import Decision, Request
from core import links
from core.models import Link
from quotes.models import QuoteAnswer, QuoteDocument
from quotes.tests.factories import make_world, sent
from quotes.tests.reviews import Case, make_case, user
from quotes.views import customer
from tests.access_matrix import addresses
from users import tokens
from users.models import ApiToken

pytestmark = [pytest.mark.django_db, pytest.mark.once]
MADE_UP = "k" * 43
_numbers = count(1)


class Ground(NamedTuple):
    """A request that waits, and a quote that has been sent."""

    case: Case
    document: QuoteDocument


@pytest.fixture
def ground(db: None) -> Ground:
    world = make_world()
    return Ground(make_case(world), sent(world))


def visitor() -> Client:
    """From a place of its own: misses are counted by place."""
    number = next(_numbers)
    return Client(REMOTE_ADDR=f"10.1.{number // 250}.{number % 250 + 1}")


# --- Tokens ---
def password_token(ground: Ground) -> str:
    person = user(ground.case.approver)
    return f"{user_pk_to_url_str(person)}-{default_token_generator.make_token(person)}"


def api_token(ground: Ground) -> str:
    return tokens.token_create(by=user(ground.case.approver), name="t", scope=ApiToken.Scope.READ, days=1)[1]


def session_key(ground: Ground) -> str:
    client = Client()
    client.force_login(user(ground.case.approver))
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def csrf_token(ground: Ground) -> str:
    client = Client()
    client.get(reverse("account_login"))
    return client.cookies[settings.CSRF_COOKIE_NAME].value


LINKS: dict[str, Callable[[Ground], str]] = {
    Link.Purpose.APPROVAL: lambda ground: ground.case.token,
    Link.Purpose.QUOTE: lambda ground: links.token_of(ground.document.link),
}
TOKENS: dict[str, Callable[[Ground], str]] = {
    **LINKS,
    "password": password_token,
    "API": api_token,
    "session": session_key,
    "CSRF": csrf_token,
    "address of a request": lambda ground: str(Request.objects.get(pk=ground.case.request).uuid),
    "address of a document": lambda ground: str(ground.document.uuid),
}


# --- Doors ---
class Door(NamedTuple):
    """What takes a token of `kind`; an answer for which `opens` holds has let somebody in."""

    kind: str
    knock: Callable[[Ground, str], Any]
    opens: Callable[[Any], bool]
    uniform: bool = True
    """Whether all that opens nothing gets the same bytes."""


def approval_page(ground: Ground) -> str:
    return reverse("approval_link_review", args=[Request.objects.get(pk=ground.case.request).uuid])


def with_cookie(name: str, token: str) -> Client:
    client = visitor()
    client.cookies[name] = token
    return client


def decide(ground: Ground, token: str) -> Any:
    seen = {"version": ground.case.version, "content_hash": ground.case.content_hash}
    return with_cookie(link_views.COOKIE, token).post(approval_page(ground), {"verdict": "approve", "comment": "", **seen})


def accept(ground: Ground, token: str) -> Any:
    given = {"answer": "accept", "accept-document_hash": ground.document.document_hash, "accept-name": "Ä", "accept-role": "Ö"}
    page = reverse("customer_quote", args=[ground.document.uuid])
    return with_cookie(customer.COOKIE, token).post(page, {**given, "accept-agree": "on"})


def is_redirect(answer: Any) -> bool:
    return bool(answer.status_code == 302)


def is_page(answer: Any) -> bool:
    return bool(answer.status_code == 200)


DOORS: dict[str, Door] = {
    "approval_link": Door(Link.Purpose.APPROVAL, lambda ground, token: visitor().get(f"/a/{token}/"), is_redirect),
    "customer_link": Door(Link.Purpose.QUOTE, lambda ground, token: visitor().get(f"/q/{token}/"), is_redirect),
    "cookie of the approver": Door(
        Link.Purpose.APPROVAL,
        lambda ground, token: with_cookie(link_views.COOKIE, token).get(approval_page(ground)),
        is_page,
    ),
    "answer of the approver": Door(Link.Purpose.APPROVAL, decide, is_redirect),
    "cookie of the customer": Door(
        Link.Purpose.QUOTE,
        lambda ground, token: with_cookie(customer.COOKIE, token).get(reverse("customer_quote", args=[ground.document.uuid])),
        is_page,
    ),
    "document of the customer": Door(
        Link.Purpose.QUOTE,
        lambda ground, token: with_cookie(customer.COOKIE, token).get(reverse("customer_document", args=[ground.document.uuid])),
        is_page,
    ),
    "answer of the customer": Door(Link.Purpose.QUOTE, accept, is_redirect),
    "account_reset_password_from_key": Door(
        "password", lambda ground, token: visitor().get(f"/password/reset/key/{token}/"), is_redirect, uniform=False
    ),
    "the API": Door(
        "API",
        lambda ground, token: Client(headers={"Authorization": f"Bearer {token}"}).get("/api/v1/approvals/"),
        is_page,
    ),
    "a session": Door(
        "session",
        lambda ground, token: with_cookie(settings.SESSION_COOKIE_NAME, token).get(reverse("profile")),
        is_page,
        uniform=False,  # names the way back
    ),
}
UNTAKEN = {"account_confirm_email": "stands for its name only and is a 404"}


def body_of(answer: Any) -> bytes:
    """The page without the nonce of its forms and the address to come back to."""
    page = b"".join(answer.streaming_content) if answer.streaming else answer.content
    page = re.sub(rb'(value=|"X-CSRFToken": )"[A-Za-z0-9]{64}"', b"", page)
    return re.sub(rb'name="next" value="[^"]*"', b"", page)


@pytest.mark.parametrize("door", DOORS)
def test_only_its_own_token_opens_a_door(ground: Ground, door: str) -> None:
    kind, knock, opens, uniform = DOORS[door]
    made_up = knock(ground, MADE_UP)
    assert not opens(made_up)
    for name, token in TOKENS.items():
        if name == kind:
            continue
        answer = knock(ground, token(ground))
        assert not opens(answer), name
        if uniform:
            assert (answer.status_code, body_of(answer)) == (made_up.status_code, body_of(made_up)), name
            assert dict(answer.headers).keys() == dict(made_up.headers).keys()
    assert (Decision.objects.count(), QuoteAnswer.objects.count()) == (0, 0)
    assert opens(knock(ground, TOKENS[kind](ground))), "the right one does"


@pytest.mark.parametrize("door", [door for door in DOORS if DOORS[door].kind in set(Link.Purpose)])
def test_a_link_page_answers_a_404_to_what_it_does_not_know(ground: Ground, door: str) -> None:
    assert DOORS[door].knock(ground, MADE_UP).status_code == 404


def test_every_purpose_of_a_link_is_tried_at_every_door() -> None:
    assert set(LINKS) == set(Link.Purpose)
    assert {door.kind for door in DOORS.values()} >= set(Link.Purpose)


def test_every_address_that_takes_a_token_is_a_door() -> None:
    taking = {
        name
        for name, address in addresses().items()
        if {"token", "key", "uidb36"} & {*address.pattern.converters, *address.pattern.regex.groupindex}
    }
    assert taking == {name for name in DOORS if name in addresses()} | set(UNTAKEN)


def test_every_column_that_keeps_a_token_is_one_of_these() -> None:
    """A new kind of token has a column for its hash, or for itself."""
    columns = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if re.search(r"token|secret|nonce", field.name)
    }
    assert columns == {"core.Link.nonce", "core.Link.token_hash", "users.ApiToken.token_hash"}
