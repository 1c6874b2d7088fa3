"""Mail scanners, prefetching browsers and robots at the links of mails: not one row changes, and the human still answers.

`SCANNED_LINKS=10000` makes it a long test.
"""

import hashlib
import os
from collections import Counter
from itertools import cycle, islice, product
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from approvals import link_views
from approvals.models import Decision, Request
from core import links
from quotes.models import QuoteAnswer
from quotes.tests.factories import make_world, sent
from quotes.tests.reviews import make_case
from quotes.views import customer

SCANNED = int(os.environ.get("SCANNED_LINKS", "300"))
METHODS = ("GET", "HEAD", "OPTIONS")
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36",
    "Mozilla/5.0 (compatible; SafeLinks)",
    "BarracudaCentral",
    "Proofpoint-URL-Defense/1.0",
    "Mimecast-URL-Protect",
    "curl/8.5",
    "',\"<script>&\\ ä",
    "",
)
AHEAD: tuple[dict[str, str], ...] = (
    {},
    {"Sec-Purpose": "prefetch"},
    {"Sec-Purpose": "prefetch;prerender"},
    {"Purpose": "prefetch"},
    {"Purpose": "preview"},
    {"X-Moz": "prefetch"},
    {"HX-Request": "true"},
)


def digest() -> str:
    """Over every row of every table."""
    found = hashlib.sha256()
    for model in apps.get_models():
        if model._meta.managed and not model._meta.proxy:
            found.update(repr(list(model._base_manager.order_by("pk").values_list())).encode())
    return found.hexdigest()


@pytest.mark.django_db
@pytest.mark.once
@pytest.mark.req("S3.34")
def test_looking_changes_nothing_however_often_and_the_human_still_answers() -> None:
    world = make_world()
    case, document = make_case(world), sent(world)
    review = reverse("approval_link_review", args=[Request.objects.get(pk=case.request).uuid])
    offer, pdf = (reverse(name, args=[document.uuid]) for name in ("customer_quote", "customer_document"))
    theirs = links.token_of(document.link)
    holder = {link_views.COOKIE: case.token, customer.COOKIE: theirs}
    places = [
        (f"/a/{case.token}/", {}),
        (review, {}),
        (review, holder),
        (f"/q/{theirs}/", {}),
        (offer, {}),
        (offer, holder),
        (pdf, {}),
    ]
    before = digest()
    seen: Counter[tuple[str, int]] = Counter()
    everything = product(AGENTS, AHEAD, METHODS, places)
    for number, (agent, ahead, method, (path, cookies)) in enumerate(islice(cycle(everything), SCANNED)):
        client = Client(headers={"User-Agent": agent, **ahead}, REMOTE_ADDR=f"198.51.100.{number % 250}")
        for name, value in cookies.items():
            client.cookies[name] = value
        seen[method, client.generic(method, path).status_code] += 1
    assert digest() == before
    assert {status for _method, status in seen} <= {200, 302, 404, 405, 503}
    assert {("GET", 200), ("GET", 302), ("GET", 404), ("GET", 503), ("HEAD", 200), ("OPTIONS", 200)} <= set(seen)
    assert sum(seen.values()) == SCANNED
    assert _answer(review, holder, {"verdict": "approve", "version": case.version, "content_hash": case.content_hash}) == 302
    given = {"document_hash": document.document_hash, "name": "Öykkönen", "role": "Ostaja", "agree": "on"}
    assert _answer(offer, holder, {"answer": "accept", **{f"accept-{name}": value for name, value in given.items()}}) == 302
    assert (Decision.objects.count(), QuoteAnswer.objects.count()) == (1, 1)
    assert digest() != before


def _answer(path: str, cookies: dict[str, str], body: dict[str, Any]) -> int:
    client = Client()
    for name, value in cookies.items():
        client.cookies[name] = value
    return int(client.post(path, {"comment": "", **body}).status_code)
