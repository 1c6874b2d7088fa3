"""The mails: asked, decided, taken back."""

import re
from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client

from approvals import services
from approvals.choices import Verdict, Via
from approvals.models import Request
from approvals.tests.conftest import World
from approvals.tests.factories import ask, make_probe, token_for
from core import outbox
from core.models import MailboxMessage, OutboxMessage
from users.models import User

pytestmark = pytest.mark.once


def mail_to(person: User) -> MailboxMessage:
    return MailboxMessage.objects.filter(recipients=person.email).latest("id")


@pytest.fixture(autouse=True)
def _mailbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "EMAIL_BACKEND", "core.mailbox.MailboxBackend")


@pytest.fixture
def asked(world: World) -> Request:
    return ask(world.probe, by=world.rep, reason="Kilpailija <b>tarjosi</b> vähemmän").requests.get()


def test_the_approver_is_asked_with_facts_reason_and_one_link(
    world: World, asked: Request, outbox_drain: Callable[[], int], client: Client
) -> None:
    assert outbox_drain() == 1
    mail = mail_to(world.pricing)
    url = f"{settings.SITE_URL}/a/{token_for(asked.pk, world.pricing)}/"
    assert mail.subject == f"Approval: P-{world.probe.pk}, Äyräs & Pojat Oy"
    assert mail.headers["Message-ID"] == f"<{OutboxMessage.objects.get().uuid}@127.0.0.1>"
    assert mail.headers["References"] == mail.headers["In-Reply-To"] == f"<probe-{world.probe.pk}@127.0.0.1>"
    assert mail.headers["Auto-Submitted"] == "auto-generated"
    assert mail.headers["Reply-To"] == f'"Riikka Räsänen" <{world.rep.email}>'
    for part in (mail.text, mail.html):
        assert part.count(url) == (1 if part == mail.text else 2)
        for fact in ("Line 4 is below its floor.", "€1,234.50", "€9.50", "€10.00", "Probe P-1"):
            assert fact in part
    assert "Kilpailija <b>tarjosi</b> vähemmän" in mail.text
    assert "Äyräs & Pojat Oy" in mail.text
    assert "Kilpailija &lt;b&gt;tarjosi&lt;/b&gt; vähemmän" in mail.html
    assert client.get(url.removeprefix(settings.SITE_URL)).status_code == 302


def test_the_mail_is_one_table_with_inline_styles_and_nothing_from_elsewhere(
    world: World, asked: Request, outbox_drain: Callable[[], int]
) -> None:
    outbox_drain()
    html = mail_to(world.pricing).html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert 'width="600"' in html
    assert re.search(r'<td bgcolor="#1d4ed8" style="background-color:#1d4ed8;border:2px solid #1d4ed8;', html)
    assert not re.search(r"<(style|script|img|link|form)\b", html)
    addresses = set(re.findall(r'(?:href|src)="([^"]*)"', html))
    assert addresses == {settings.SITE_URL, f"{settings.SITE_URL}/a/{token_for(asked.pk, world.pricing)}/"}


def test_mails_are_in_the_language_of_the_reader(world: World, outbox_drain: Callable[[], int]) -> None:
    User.objects.filter(pk=world.pricing.pk).update(language="fi")
    ask(world.probe, by=world.rep)
    outbox_drain()
    mail = mail_to(world.pricing)
    assert "Rivi 4 alittaa pohjahinnan." in mail.text
    assert '<html lang="fi">' in mail.html
    assert mail.headers["Content-Language"] == "fi"


def test_no_margin_goes_to_those_who_may_not_see_any(world: World, outbox_drain: Callable[[], int]) -> None:
    ask(world.probe, by=world.rep, gates={"probe_second": None, "probe_beside": None})
    assert outbox_drain() == 2
    seen = {}
    for person in (world.success, world.manager):
        mail = mail_to(person)
        seen[person.username] = [("12.3%" in part, "17.7%" in part) for part in (mail.text, mail.html)]
    assert seen == {"success1": [(False, False)] * 2, "manager1": [(True, True)] * 2}


@pytest.mark.parametrize(("verdict", "word"), [(Verdict.APPROVE, "Approved"), (Verdict.REJECT, "Rejected")])
def test_requester_and_decider_are_told(
    world: World, asked: Request, outbox_drain: Callable[[], int], verdict: Verdict, word: str
) -> None:
    services.request_decide(request_id=asked.pk, verdict=verdict, comment="Näin <i>on</i>", by=world.pricing, via=Via.PAGE)
    assert outbox_drain() == 3, "the first mail is no longer needed but counts as done"
    assert not MailboxMessage.objects.filter(subject__startswith="Approval:").exists()
    mine, theirs = mail_to(world.rep), mail_to(world.pricing)
    assert mine.subject == theirs.subject == f"{word}: P-{world.probe.pk}, Äyräs & Pojat Oy"
    assert f"Pirkko Pöyry {word.lower()} Probe P-1" in mine.text
    assert f"You {word.lower()} Probe P-1" in theirs.text
    assert "Näin &lt;i&gt;on&lt;/i&gt;" in mine.html
    assert f"{settings.SITE_URL}/probe/{world.probe.pk}/" in mine.text
    assert f"{settings.SITE_URL}/approvals/{asked.pk}/" in theirs.text


def test_the_requester_hears_that_others_have_not_answered_yet(world: World, outbox_drain: Callable[[], int]) -> None:
    run = ask(world.probe, by=world.rep, gates={"probe_first": None, "probe_second": None})
    first = run.requests.get(approver=world.pricing)
    services.request_decide(request_id=first.pk, verdict=Verdict.APPROVE, comment="", by=world.pricing, via=Via.PAGE)
    outbox_drain()
    assert "Others have not answered yet." in mail_to(world.rep).text


def test_those_who_were_asked_hear_that_it_was_taken_back(world: World, asked: Request, outbox_drain: Callable[[], int]) -> None:
    outbox_drain()
    services.run_recall(subject_type="probe", subject_id=world.probe.pk, by=world.rep)
    assert outbox_drain() == 1
    mail = mail_to(world.pricing)
    assert mail.subject == f"No longer needed: approval of P-{world.probe.pk}, Äyräs & Pojat Oy"
    assert "Riikka Räsänen took back the request" in mail.text
    assert "/a/" not in mail.text


def test_those_who_were_asked_hear_that_somebody_else_rejected(world: World, outbox_drain: Callable[[], int]) -> None:
    run = ask(world.probe, by=world.rep, gates={"probe_second": None, "probe_beside": None})
    outbox_drain()
    request = run.requests.get(approver=world.manager)
    services.request_decide(request_id=request.pk, verdict=Verdict.REJECT, comment="Ei", by=world.manager, via=Via.PAGE)
    outbox_drain()
    assert "Somebody else rejected Probe P-1" in mail_to(world.success).text


def test_a_mail_to_somebody_who_left_is_given_up(world: World, asked: Request) -> None:
    User.objects.filter(pk=world.pricing.pk).update(is_active=False)
    assert outbox.drain() == 0
    message = OutboxMessage.objects.get()
    assert (message.dead_at is not None, message.last_error) == (True, "Undeliverable: the person has left")


def test_a_line_break_in_a_name_makes_no_header(world: World, outbox_drain: Callable[[], int]) -> None:
    User.objects.filter(pk=world.rep.pk).update(display_name='Rep"\r\nBcc: spy@example.org')
    ask(make_probe(world.probe.counts["unit"]), by=User.objects.get(pk=world.rep.pk))
    assert outbox_drain() == 1
    assert "\n" not in mail_to(world.pricing).headers["Reply-To"]


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("late", "was not answered. Pirkko Pöyry is asked from now on"),
        ("left", "can no longer answer. Pirkko Pöyry is asked from now on"),
        ("away", "Sanna Sjöblom is away. Pirkko Pöyry stands in"),
        ("nobody", "nobody else who may decide it is named"),
        ("queue", "The data stewards are asked from now on"),
    ],
)
def test_who_asked_reads_why_somebody_else_is_asked(
    world: World, asked: Request, outbox_drain: Callable[[], int], why: str, said: str
) -> None:
    OutboxMessage.objects.all().delete()
    Request.objects.filter(pk=asked.pk).update(instead_of=world.success, approver=None if why == "queue" else world.pricing)
    outbox.emit("approval.passed_on", request_id=asked.pk, user_id=world.rep.pk, why="left" if why == "queue" else why)
    assert outbox_drain() == 1
    mail = mail_to(world.rep)
    assert said in " ".join(mail.text.split())
    assert mail.subject.startswith("Not answered in time" if why in ("late", "nobody") else "Passed on")
