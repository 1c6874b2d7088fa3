"""Deciding by the link in a mail."""

import datetime as dt
import re
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.urls import reverse

from approvals import services
from approvals.choices import RequestStatus, Verdict, Via
from approvals.models import ApprovalSettings, Decision, Request
from approvals.tests.conftest import World
from approvals.tests.factories import ask, change, make_probe, token_for
from approvals.tests.test_services import row_hash
from core import clock, links
from core.models import Link, OutboxMessage
from users.models import Team, User
from users.tests.factories import TeamFactory, UserFactory

pytestmark = pytest.mark.once

SCANNERS = ["Mozilla/5.0 (compatible; SafeLinks)", "BarracudaCentral", "Proofpoint-URL-Defense/1.0", "curl/8.5", ""]


def opened(client: Client, token: str) -> str:
    """Follow the link as a browser does; the path of the review page."""
    response = client.get(f"/a/{token}/")
    assert response.status_code == 302
    return response.headers["Location"]


def answer(client: Client, page: str, verdict: str, comment: str = "", **more: object) -> object:
    request = Request.objects.select_related("run").get(uuid=page.split("/")[-2])
    hidden = {"version": request.run.subject_version, "content_hash": request.run.content_hash}
    return client.post(page, {"verdict": verdict, "comment": comment, **hidden, **more})


def text_of(response: object) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def body_of(response: object) -> bytes:
    """The page without what differs from visit to visit: the form's nonce, and the address to come back to."""
    page = re.sub(rb'(value=|"X-CSRFToken": )"[A-Za-z0-9]{64}"', b"", response.content)
    return re.sub(rb'name="next" value="[^"]*"', b"", page)


@pytest.fixture
def asked(world: World) -> Request:
    return ask(world.probe, by=world.rep, reason="Kilpailija <b>tarjosi</b> vähemmän").requests.get()


@pytest.mark.req("S3.34")
def test_an_approver_decides_from_the_mail_without_a_session(world: World, asked: Request, client: Client) -> None:
    token = token_for(asked.pk, world.pricing)
    first = client.get(f"/a/{token}/")
    cookie = first.cookies[f"{settings.LINK_COOKIE_PREFIX}approval"]
    page = reverse("approval_link_review", args=[asked.uuid])
    assert first.headers["Location"] == page
    assert (cookie["path"], cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (page, True, "Lax", 7200)
    review = client.get(page)
    text = text_of(review)
    assert "Probe P-1" in text
    assert "Line 4 is below its floor." in text
    assert "Riikka Räsänen asked on" in text
    assert "Kilpailija &lt;b&gt;tarjosi&lt;/b&gt; vähemmän" in review.content.decode()
    assert "€47.50" in text
    done = answer(client, page, "approve")
    assert (done.status_code, done.headers["Location"]) == (302, page)
    decision = Decision.objects.get()
    assert (decision.via, decision.decided_by, decision.ip) == (Via.LINK, world.pricing, "127.0.0.1")
    after = client.get(page)
    assert after.status_code == 200
    assert "Already approved by Pirkko Pöyry" in text_of(after)
    assert b"<button" not in after.content.split(b"<main")[1].split(b"</main>")[0]
    assert settings.SESSION_COOKIE_NAME not in client.cookies


@pytest.mark.parametrize("page", ["link", "review", "unknown"])
def test_link_pages_stay_out_of_caches_referrers_and_search_engines(
    world: World, asked: Request, client: Client, page: str
) -> None:
    token = token_for(asked.pk, world.pricing)
    path = {"link": f"/a/{token}/", "review": opened(client, token), "unknown": "/a/nothing/"}[page]
    response = client.get(path)
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert response.headers["Referrer-Policy"] == ("same-origin" if page == "review" else "no-referrer")
    assert token not in response.content.decode()


def test_the_form_is_guarded_against_other_sites(world: World, asked: Request) -> None:
    client = Client(enforce_csrf_checks=True)
    page = opened(client, token_for(asked.pk, world.pricing))
    before = row_hash()
    assert answer(client, page, "approve").status_code == 403
    assert row_hash() == before
    html = client.get(page).content.decode()
    token = re.search(
        r'id="approval-form">\s*<input type="hidden" name="csrfmiddlewaretoken" value="(\w+)"',
        html,
    )
    assert answer(client, page, "approve", csrfmiddlewaretoken=token.group(1)).status_code == 302


@pytest.mark.parametrize("agent", SCANNERS)
def test_scanners_change_nothing_and_the_human_still_decides(world: World, asked: Request, agent: str) -> None:
    token = token_for(asked.pk, world.pricing)
    before = row_hash()
    for number in range(200 // 8):
        client = Client(headers={"User-Agent": agent}, REMOTE_ADDR=f"198.51.100.{number}")
        page = opened(client, token)
        client.get(page)
        for path in (f"/a/{token}/", page):
            assert client.head(path).status_code == 200
            assert client.options(path).status_code == 200
            assert client.get(path, headers={"Sec-Purpose": "prefetch;prerender"}).status_code == 503
    assert row_hash() == before
    assert answer(client, page, "approve").status_code == 302


def test_following_every_link_of_the_page_decides_nothing(world: World, asked: Request, client: Client) -> None:
    page = opened(client, token_for(asked.pk, world.pricing))
    before = row_hash()
    for path in set(re.findall(r'href="(/[^"]*)"', client.get(page).content.decode())):
        client.get(path)
    assert row_hash() == before
    asked.refresh_from_db()
    assert asked.status == RequestStatus.PENDING


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_refused(world: World, asked: Request, client: Client, method: str) -> None:
    token = token_for(asked.pk, world.pricing)
    for path in (f"/a/{token}/", opened(client, token)):
        assert getattr(client, method)(path).status_code == 405
    assert client.post(f"/a/{token}/", {"verdict": "approve"}).status_code == 405
    assert Decision.objects.count() == 0


@pytest.mark.parametrize("token", ["x", "x" * 43, "x" * 500, "ä" * 43, "%00", "' OR 1=1 --", "A" * 42 + "="])
def test_unknown_and_malformed_tokens_get_the_same_answer(world: World, asked: Request, client: Client, token: str) -> None:
    known = client.get("/a/" + "k" * 43 + "/")
    response = client.get(f"/a/{token}/")
    assert (response.status_code, known.status_code) == (404, 404)
    assert body_of(response) == body_of(known)
    assert not {name for name in response.cookies if name.endswith("approval")}


def test_the_review_page_without_its_cookie_is_the_same_answer(world: World, asked: Request, client: Client) -> None:
    page = reverse("approval_link_review", args=[asked.uuid])
    unknown = client.get("/a/" + "k" * 43 + "/")
    for method in (client.get, client.post):
        response = method(page)
        assert (response.status_code, body_of(response)) == (404, body_of(unknown))
    assert Decision.objects.count() == 0


# --- Every token at every door ---
def test_a_link_opens_its_own_request_only(world: World, asked: Request, client: Client) -> None:
    other = ask(make_probe(world.probe.counts["unit"]), by=world.rep).requests.get()
    approval = token_for(asked.pk, world.pricing)
    name = f"{settings.LINK_COOKIE_PREFIX}approval"
    until = clock.now() + dt.timedelta(days=1)
    quote = links.token_of(links.issue(Link.Purpose.QUOTE, asked.pk, expires_at=until, person_id=world.pricing.pk))
    nobody = links.token_of(links.issue(Link.Purpose.APPROVAL, asked.pk, expires_at=until))
    gone = links.token_of(links.issue(Link.Purpose.APPROVAL, 987654, expires_at=until, person_id=world.pricing.pk))
    for token, request, status in (
        (approval, asked, 200),
        (approval, other, 404),
        (quote, asked, 404),
        (quote, other, 404),
        (nobody, asked, 404),
        (gone, asked, 404),
    ):
        visitor = Client()
        visitor.cookies[name] = token
        page = reverse("approval_link_review", args=[request.uuid])
        assert visitor.get(page).status_code == status
        assert answer(visitor, page, "approve").status_code == (302 if status == 200 else 404)
    assert client.get(f"/a/{quote}/").status_code == 404
    assert list(Decision.objects.values_list("request", flat=True)) == [asked.pk]


def test_the_link_of_another_approver_does_not_decide(world: World, asked: Request, client: Client) -> None:
    stranger = links.issue(
        Link.Purpose.APPROVAL, asked.pk, expires_at=clock.now() + dt.timedelta(days=1), person_id=world.manager.pk
    )
    page = opened(client, links.token_of(stranger))
    assert "Waits for an answer from Pirkko Pöyry." in text_of(client.get(page))
    before = row_hash()
    assert answer(client, page, "approve").status_code == 403
    assert row_hash() == before


# --- Every event, before and after the page was opened ---
def recall(world: World, asked: Request) -> None:
    services.run_recall(subject_type="probe", subject_id=world.probe.pk, by=world.rep)


def decide_by_page(world: World, asked: Request) -> None:
    services.request_decide(request_id=asked.pk, verdict=Verdict.APPROVE, comment="", by=world.pricing, via=Via.PAGE)


def reject_beside(world: World, asked: Request) -> None:
    beside = asked.run.requests.get(approver=world.success)
    services.request_decide(request_id=beside.pk, verdict=Verdict.REJECT, comment="Ei käy", by=world.success, via=Via.PAGE)


def expire(world: World, asked: Request) -> None:
    Link.objects.update(expires_at=clock.now() - dt.timedelta(seconds=1))


def revoke(world: World, asked: Request) -> None:
    links.revoke(Link.Purpose.APPROVAL, [asked.pk])


def deactivate(world: World, asked: Request) -> None:
    User.objects.filter(pk=asked.approver_id).update(is_active=False)


def take_role(world: World, asked: Request) -> None:
    asked.approver.role_assignments.all().delete()


def lose_unit(world: World, asked: Request) -> None:
    User.objects.filter(pk=asked.approver_id).update(team=TeamFactory())


def hand_over(world: World, asked: Request) -> None:
    new = UserFactory(roles=["pricing"], team=world.rep.team, display_name="Uusi Utu")
    services.request_hand_over(request_id=asked.pk, to_id=new.pk, by=world.steward)


def escalate(world: World, asked: Request) -> None:
    """Nobody has answered in time, and the team's manager may."""
    new = UserFactory(roles=["pricing"], team=world.rep.team, display_name="Uusi Utu")
    Team.objects.filter(pk=world.rep.team_id).update(manager=new)
    Request.objects.filter(pk=asked.pk).update(due_at=clock.now() - dt.timedelta(seconds=1))
    assert services.sweep().passed_on == 1


def change_subject(world: World, asked: Request) -> None:
    change(world.probe, "5 %")


def supersede(world: World, asked: Request) -> None:
    recall(world, asked)
    change(world.probe, "5 %")
    ask(world.probe, by=world.rep)


WHEN = r"\d{1,2} \w{3} 2\d{3}, \d\d:\d\d"
EVENTS = {
    recall: (f"Taken back by Riikka Räsänen, {WHEN}.", 409),
    decide_by_page: (f"Already approved by Pirkko Pöyry, {WHEN}.", 409),
    expire: ("This link has expired. Sign in to decide.", 409),
    revoke: ("This link has expired. Sign in to decide.", 409),
    deactivate: ("You may not decide this request.", 403),
    take_role: ("You may not decide this request.", 403),
    lose_unit: ("", 403),
    hand_over: (f"Taavi Tähtinen handed this over to Uusi Utu, {WHEN}.", 409),
    escalate: (f"Not answered in time, so it went on to Uusi Utu, {WHEN}.", 409),
    change_subject: ("", 409),
    supersede: (f"Taken back by Riikka Räsänen, {WHEN}.", 409),
}
"""What the page says from then on, and the status of an answer."""
UNSEEN = {lose_unit: "You may not decide this request.", change_subject: "The content has changed since you were asked."}
"""Found when the answer comes: the subject is read and locked only then."""


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
@pytest.mark.parametrize("when", ["before the page was opened", "between page and answer"])
@pytest.mark.parametrize("verdict", Verdict)
def test_an_event_ends_the_power_of_a_link(
    world: World, asked: Request, client: Client, event: Any, when: str, verdict: str
) -> None:
    sentence, status = EVENTS[event]
    token = token_for(asked.pk, world.pricing)
    if when.startswith("before"):
        event(world, asked)
        page = opened(client, token)
    else:
        page = opened(client, token)
        assert client.get(page).status_code == 200
        event(world, asked)
    before = row_hash()
    shown = client.get(page)
    assert (shown.status_code, bool(re.search(sentence, text_of(shown)))) == (200, True)
    assert (b'name="verdict"' in shown.content) is (event in UNSEEN)
    refused = answer(client, page, verdict, "Näin on")
    assert refused.status_code == status
    assert re.search(UNSEEN.get(event, sentence), text_of(refused))
    assert row_hash() == before


@pytest.mark.parametrize("when", ["before the page was opened", "between page and answer"])
def test_a_key_that_is_rotated_out_ends_no_link(
    world: World, asked: Request, client: Client, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Links open by the hash in their row; those that must end are revoked there."""
    token = token_for(asked.pk, world.pricing)
    if when.startswith("between"):
        opened(client, token)
    monkeypatch.setattr(settings, "LINK_KEYS", ["another key"])
    page = opened(client, token)
    links.revoke(Link.Purpose.APPROVAL, [asked.pk])
    before = row_hash()
    assert (answer(client, page, "approve").status_code, row_hash()) == (409, before)
    Link.objects.update(revoked_at=None)
    assert answer(client, page, "approve").status_code == 302


# --- Yesterday's links, restored ---
def handed_back_and_forth(world: World, asked: Request) -> None:
    hand_over(world, asked)
    new = User.objects.get(display_name="Uusi Utu")
    services.request_decide(request_id=asked.pk, verdict=Verdict.REJECT, comment="Ei", by=new, via=Via.PAGE)


@pytest.mark.req("S0.24")
@pytest.mark.parametrize("event", [decide_by_page, recall, supersede, hand_over, escalate, handed_back_and_forth])
@pytest.mark.parametrize("verdict", Verdict)
def test_links_that_a_backup_brings_to_life_decide_nothing_twice(
    world: World, asked: Request, client: Client, event: object, verdict: str
) -> None:
    token = token_for(asked.pk, world.pricing)
    yesterday = list(Link.objects.values())
    event(world, asked)
    Link.objects.all().delete()
    Link.objects.bulk_create(Link(**row) for row in yesterday)
    assert links.is_live(Link.objects.get())
    page = opened(client, token)
    before = row_hash()
    assert b'name="verdict"' not in client.get(page).content
    assert answer(client, page, verdict, "Uudestaan").status_code in (403, 409)
    assert row_hash() == before


def test_a_rejection_by_somebody_else_says_so(world: World, client: Client) -> None:
    run = ask(world.probe, by=world.rep, gates={"probe_second": None, "probe_beside": None})
    mine = run.requests.get(approver=world.manager)
    page = opened(client, token_for(mine.pk, world.manager))
    reject_beside(world, mine)
    assert "Rejected by Sanna Sjöblom" in text_of(client.get(page))
    assert answer(client, page, "approve").status_code == 409


def test_a_replayed_answer_is_refused_and_mails_nobody(world: World, asked: Request, client: Client) -> None:
    page = opened(client, token_for(asked.pk, world.pricing))
    assert answer(client, page, "approve").status_code == 302
    before = row_hash()
    for verdict in ("approve", "reject", "approve"):
        replay = answer(client, page, verdict, "Uudestaan")
        assert replay.status_code == 409
        assert "Already approved by Pirkko Pöyry" in text_of(replay)
    assert row_hash() == before
    assert OutboxMessage.objects.filter(topic="approval.decided").count() == 2


@pytest.mark.parametrize(
    ("posted", "sentence"),
    [
        ({"verdict": "reject", "comment": ""}, "Say why you reject this."),
        ({"verdict": "reject", "comment": "  "}, "Say why you reject this."),
        ({"comment": "ok"}, "Press Approve or Reject."),
        ({"verdict": "maybe"}, "Select a valid choice."),
        ({"verdict": "reject", "comment": "x" * 2001}, "at most 2000 characters"),
        ({"verdict": "approve", "version": "NaN"}, "nothing"),
        ({"verdict": "approve", "comment": "a\x00b"}, "Null characters are not allowed."),
    ],
)
def test_an_incomplete_answer_is_refused_by_the_field(
    world: World, asked: Request, client: Client, posted: dict[str, str], sentence: str
) -> None:
    page = opened(client, token_for(asked.pk, world.pricing))
    before = row_hash()
    hidden = {"version": 1, "content_hash": asked.run.content_hash}
    response = client.post(page, {**hidden, **posted})
    assert response.status_code == 422
    assert sentence == "nothing" or sentence in text_of(response)
    assert row_hash() == before


def test_what_was_typed_survives_a_refusal(world: World, asked: Request, client: Client) -> None:
    page = opened(client, token_for(asked.pk, world.pricing))
    response = answer(client, page, "", "Tämä <script> jää")
    assert response.status_code == 422
    assert "Tämä &lt;script&gt; jää" in response.content.decode()


def test_the_page_speaks_the_approvers_language_until_another_is_chosen(world: World, asked: Request, client: Client) -> None:
    User.objects.filter(pk=world.pricing.pk).update(language="fi")
    page = opened(client, token_for(asked.pk, world.pricing))
    finnish = client.get(page)
    assert ("Koe P-1" in text_of(finnish), '<html lang="fi"' in finnish.content.decode()) == (True, True)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    assert "Probe P-1" in text_of(client.get(page))


def test_margins_are_shown_only_to_those_who_may_see_them(world: World, client: Client) -> None:
    run = ask(world.probe, by=world.rep, gates={"probe_beside": None, "probe_second": None})
    seen = {}
    for person in (world.success, world.manager):
        visitor = Client()
        text = text_of(visitor.get(opened(visitor, token_for(run.requests.get(approver=person).pk, person))))
        seen[person.username] = ("12.3%" in text, "17.7%" in text, "€9.50" in text)
    assert seen == {"success1": (False, False, True), "manager1": (True, True, True)}


def test_any_steward_decides_a_request_of_the_queue_by_their_own_link(world: World, client: Client) -> None:
    second = UserFactory(roles=["data_steward"], display_name="Toinen Taina")
    request = ask(world.probe, by=world.rep, gates={"not_defined": None}).requests.get()
    page = opened(client, token_for(request.pk, second))
    assert answer(client, page, "approve").status_code == 302
    other = Client()
    assert "Already approved by Toinen Taina" in text_of(other.get(opened(other, token_for(request.pk, world.steward))))


def test_a_link_lives_for_two_weeks(world: World, clock: time_machine.Traveller) -> None:
    asked = ask(world.probe, by=world.rep).requests.get()
    token = token_for(asked.pk, world.pricing)
    clock.shift(dt.timedelta(days=14))
    client = Client()
    page = opened(client, token)
    assert b'name="verdict"' in client.get(page).content
    clock.shift(dt.timedelta(seconds=1))
    client = Client()
    assert b'name="verdict"' not in client.get(opened(client, token)).content


def test_opening_and_deciding_cost_a_fixed_number_of_queries(
    world: World, asked: Request, client: Client, django_assert_num_queries: object
) -> None:
    page = opened(client, token_for(asked.pk, world.pricing))
    with django_assert_num_queries(12):
        client.get(page)


# --- How much a link may ---
@pytest.mark.parametrize(
    ("power", "amount", "decides"),
    [
        ("always", "9999999.00", True),
        ("limit", "500.00", True),
        ("limit", None, True),
        ("limit", "500.01", False),
        ("off", "0.01", False),
    ],
)
@pytest.mark.req("S3.34")
def test_a_link_decides_only_as_far_as_the_settings_let_it(
    world: World, client: Client, power: str, amount: str | None, decides: bool
) -> None:
    ApprovalSettings.objects.create(pk=1, link_power=power, link_limit=500)
    asked = ask(world.probe, by=world.rep, amount=amount).requests.get()
    page = opened(client, token_for(asked.pk, world.pricing))
    review = client.get(page)
    assert ("Sign in to decide." in text_of(review)) is not decides
    assert (b'name="verdict"' in review.content) is decides
    assert (reverse("approval_detail", args=[asked.pk]).encode() in review.content) is not decides
    before = row_hash()
    done = answer(client, page, "approve")
    assert done.status_code == (302 if decides else 403)
    assert (row_hash() != before) is decides
    if not decides:
        client.force_login(world.pricing)
        assert client.post(reverse("approval_detail", args=[asked.pk]), body_for(asked)).status_code == 302
    assert Decision.objects.get().via == (Via.LINK if decides else Via.PAGE)


def body_for(asked: Request) -> dict[str, object]:
    return {"verdict": "approve", "version": asked.run.subject_version, "content_hash": asked.run.content_hash}


def test_what_a_link_may_is_asked_when_it_decides_too(world: World, client: Client, asked: Request) -> None:
    page = opened(client, token_for(asked.pk, world.pricing))
    ApprovalSettings.objects.create(pk=1, link_power="off")
    assert answer(client, page, "approve").status_code == 403
    assert Decision.objects.count() == 0
