"""The approver's page in a real browser, on a phone."""

from typing import Any

import pytest

from approvals.choices import RequestStatus
from approvals.models import Decision, Request
from approvals.tests.conftest import World, build_world
from approvals.tests.factories import ask, token_for
from approvals.tests.test_services import row_hash

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> World:
    return build_world(monkeypatch)


@pytest.fixture
def phone(page: Any) -> Any:
    """A narrow page that notes everything it complains about."""
    page.set_viewport_size({"width": 360, "height": 640})
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    return page


def url_of(live_server: Any, request: Request, world: World) -> str:
    return f"{live_server.url}/a/{token_for(request.pk, world.pricing)}/"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_approver_approves_on_a_phone_in_one_click(world: World, live_server: Any, phone: Any, scheme: str) -> None:
    request = ask(world.probe, by=world.rep, reason="Kilpailija tarjosi vähemmän " * 8).requests.get()
    phone.emulate_media(color_scheme=scheme)
    phone.goto(url_of(live_server, request, world))
    assert phone.url == f"{live_server.url}/a/r/{request.uuid}/", "the token is gone from the address"
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
    for name in ("Approve", "Reject"):
        button = phone.get_by_role("button", name=name, exact=True)
        assert button.is_visible()
        box = button.bounding_box()
        assert (box["height"] >= 44, box["y"] + box["height"] <= 640) == (True, True), "in reach without scrolling"
    phone.get_by_role("button", name="Approve", exact=True).click()
    phone.get_by_text("Already approved by Pirkko Pöyry").wait_for()
    assert phone.get_by_role("button", name="Approve", exact=True).count() == 0
    assert Decision.objects.get().verdict == "approve"
    assert phone.complaints == []


def test_a_rejection_without_a_reason_stays_on_the_page_and_then_goes_through(world: World, live_server: Any, phone: Any) -> None:
    request = ask(world.probe, by=world.rep).requests.get()
    phone.goto(url_of(live_server, request, world))
    phone.get_by_role("button", name="Reject", exact=True).click()
    phone.get_by_text("Say why you reject this.").wait_for()
    phone.get_by_label("Comment").fill("Liian halpa")
    phone.get_by_role("button", name="Reject", exact=True).click()
    phone.get_by_text("Already rejected by Pirkko Pöyry").wait_for()
    assert Decision.objects.get().comment == "Liian halpa"


def test_a_robot_that_runs_scripts_follows_every_link_and_waits_decides_nothing(
    world: World, live_server: Any, phone: Any
) -> None:
    request = ask(world.probe, by=world.rep).requests.get()
    before = row_hash()
    phone.clock.install()
    phone.goto(url_of(live_server, request, world))
    review = phone.url
    links = phone.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
    assert links
    for link in {link for link in links if link.startswith(live_server.url)}:
        phone.goto(link)
        phone.clock.fast_forward(60_000)
        phone.goto(review)
    phone.clock.fast_forward(60_000)
    phone.keyboard.press("Enter")
    assert phone.get_by_role("button", name="Approve", exact=True).is_visible()
    assert row_hash() == before
    request.refresh_from_db()
    assert request.status == RequestStatus.PENDING
