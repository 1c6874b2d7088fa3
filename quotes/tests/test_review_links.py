"""The approver's link, when the quote goes its own way before the page is opened or between page and answer."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from approvals import link_views
from approvals.choices import Verdict
from approvals.models import Request
from core import links
from core.models import Link
from quotes import services
from quotes.models import QuoteAnswer, QuoteDocument
from quotes.tests.factories import World, sent
from quotes.tests.reviews import ACTIONS, Case, make_case
from quotes.tests.test_stale_approvals import digest
from quotes.views import customer

pytestmark = pytest.mark.once

WHEN = r"\d{1,2} \w{3} 2\d{3}, \d\d:\d\d"


def approve(world: World, case: Case) -> None:
    ACTIONS["approve"](case)


def recall(world: World, case: Case) -> None:
    ACTIONS["recall"](case)


def edit(world: World, case: Case) -> None:
    recall(world, case)
    ACTIONS["edit"](case)


def cancel(world: World, case: Case) -> None:
    recall(world, case)
    services.quote_cancel(quote_id=case.quote, by=world.rep)


def cancel_approved(world: World, case: Case) -> None:
    approve(world, case)
    services.quote_cancel(quote_id=case.quote, by=world.rep)


def revise(world: World, case: Case) -> None:
    approve(world, case)
    services.quote_revise(quote_id=case.quote, by=world.rep)


def supersede(world: World, case: Case) -> None:
    """The next revision is sent, at a price that needs nobody's yes."""
    approve(world, case)
    new = services.quote_revise(quote_id=case.quote, by=world.rep)
    line = new.lines.get()
    services.line_change(quote_id=new.pk, line_id=line.pk, by=world.rep, discount=services.Discount())
    services.quote_send(quote_id=new.pk, by=world.rep, to=["a@b.example"])


def send(world: World, case: Case) -> None:
    approve(world, case)
    services.quote_send(quote_id=case.quote, by=world.rep, to=["a@b.example"])


TAKEN_BACK, APPROVED = "Taken back by {}, {}.", "Already approved by {}, {}."
EVENTS: dict[Callable[[World, Case], None], str] = {
    recall: TAKEN_BACK,
    edit: TAKEN_BACK,
    cancel: TAKEN_BACK,
    cancel_approved: APPROVED,
    revise: APPROVED,
    supersede: APPROVED,
    send: APPROVED,
}


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.mark.req("S3.34")
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
@pytest.mark.parametrize("when", ["before the page was opened", "between page and answer"])
@pytest.mark.parametrize("verdict", Verdict)
def test_the_page_says_what_happened_and_nothing_changes(
    world: World, client: Client, event: Callable[[World, Case], None], when: str, verdict: str
) -> None:
    case = make_case(world)
    request = Request.objects.select_related("approver").get(pk=case.request)
    page = reverse("approval_link_review", args=[request.uuid])
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    client.cookies[link_views.COOKIE] = case.token
    if when.startswith("between"):
        assert b'name="verdict"' in client.get(page).content
    event(world, case)
    before = digest()
    shown = client.get(page)
    assert (shown.status_code, b'name="verdict"' in shown.content) == (200, False)
    body = {"verdict": verdict, "comment": "Näin on", "version": case.version, "content_hash": case.content_hash}
    refused = client.post(page, body)
    who = world.rep if EVENTS[event] == TAKEN_BACK else request.approver
    for response in (shown, refused):
        assert re.search(EVENTS[event].format(who.display_name, WHEN), text_of(response))
    assert (refused.status_code, digest()) == (409, before)


# --- Yesterday's links, restored ---
def restored(link: Link) -> str:
    """The token of a link that lives again, as a backup of yesterday has it."""
    Link.objects.filter(pk=link.pk).update(revoked_at=None)
    link.refresh_from_db()
    assert links.is_live(link)
    return links.token_of(link)


def answer_customer(document: QuoteDocument, token: str) -> int:
    client = Client()
    client.cookies[customer.COOKIE] = token
    given = {"document_hash": document.document_hash, "name": "Ä", "role": "Ö", "agree": "on"}
    body = {"answer": "accept", **{f"accept-{name}": value for name, value in given.items()}}
    return int(client.post(reverse("customer_quote", args=[document.uuid]), body).status_code)


@pytest.mark.parametrize("end", ["answered", "withdrawn", "cancelled"])
def test_a_customers_link_that_a_backup_brings_to_life_answers_nothing_twice(world: World, end: str) -> None:
    document = sent(world)
    if end == "answered":
        assert answer_customer(document, links.token_of(document.link)) == 302
    elif end == "withdrawn":
        services.quote_unsend(quote_id=document.quote_id, by=world.rep)
    else:
        services.quote_cancel(quote_id=document.quote_id, by=world.rep)
    before = digest()
    assert (answer_customer(document, restored(document.link)), digest()) == (409, before)
    assert QuoteAnswer.objects.count() == (end == "answered")
