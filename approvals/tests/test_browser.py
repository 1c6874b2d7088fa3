"""The approver's page in a real browser, on a phone."""

import datetime as dt
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from approvals.choices import RequestStatus
from approvals.models import Decision, Request
from approvals.tests.conftest import World, build_world
from approvals.tests.factories import FACTS, ask, make_probe, token_for
from approvals.tests.test_services import row_hash
from core import clock

pytestmark = [pytest.mark.e2e, pytest.mark.once("postgresql"), pytest.mark.django_db(transaction=True)]


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
    for folded in ("1 line", "What it is"):
        phone.get_by_text(folded, exact=True).click()
    phone.get_by_text("Contains:").wait_for()
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


# --- The inbox --------------------------------------------------------------------------------------------------------
@pytest.fixture
def inbox(world: World, live_server: Any, page: Any) -> Any:
    """The inbox of pricing with three requests, open in a browser."""
    for number in range(1, 4):
        request = ask(make_probe(world.rep.unit_id), by=world.rep, amount="1234.50").requests.get()
        title = {"en": f"Number {number}", "fi": f"Numero {number}"}
        due = clock.now() + dt.timedelta(hours=number - 2)
        Request.objects.filter(pk=request.pk).update(summary={**FACTS, "title": title}, due_at=due)
    client = Client()
    client.force_login(world.pricing)
    name = settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(f"{live_server.url}/approvals/")
    return page


def test_the_inbox_is_worked_through_by_keys_alone(world: World, inbox: Any) -> None:
    focused = "document.activeElement.textContent"
    for key, expected in (("j", "Number 1"), ("j", "Number 2"), ("k", "Number 1"), ("k", "Number 1")):
        inbox.keyboard.press(key)
        assert inbox.evaluate(focused) == expected
    button = inbox.get_by_role("button", name="Approve selected")
    inbox.keyboard.press("x")
    inbox.keyboard.press("j")
    inbox.keyboard.press("j")
    inbox.keyboard.press("x")
    assert button.text_content().strip() == "Approve selected\xa0(2)"
    inbox.keyboard.press("Control+Enter")
    inbox.get_by_role("heading", name="2 requests will be approved").wait_for()
    inbox.get_by_label("Comment").fill("Kelpaa jx")
    inbox.keyboard.press("Control+Enter")
    inbox.get_by_text("2 requests approved.").wait_for()
    assert [one.comment for one in Decision.objects.all()] == ["Kelpaa jx"] * 2
    inbox.keyboard.press("j")
    inbox.keyboard.press("Enter")
    inbox.get_by_role("heading", name="Number 2").wait_for()
    assert inbox.complaints == []


def test_keys_do_nothing_where_somebody_types(inbox: Any) -> None:
    field = inbox.locator("#id_q")
    field.press_sequentially("jxk")
    inbox.get_by_text("No request fits").wait_for()
    assert field.input_value() == "jxk"
    field.fill("number 2")
    inbox.locator("#rows tbody tr").wait_for()
    inbox.wait_for_url("**q=number%202**")
    assert inbox.locator("#live").text_content() == "1 row"
    inbox.locator("[name=pick]").check()
    inbox.wait_for_load_state("networkidle")  # leaving the field asks for no rows, which would come without the selection
    assert inbox.get_by_role("button", name="Approve selected").text_content().strip() == "Approve selected\xa0(1)"
    field.fill("number")
    inbox.locator("#rows tbody tr").nth(2).wait_for()
    assert inbox.get_by_role("button", name="Approve selected").text_content().strip() == "Approve selected"
    assert inbox.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_inbox_is_cards_on_a_phone(inbox: Any, scheme: str) -> None:
    inbox.set_viewport_size({"width": 360, "height": 640})
    inbox.emulate_media(color_scheme=scheme)
    assert inbox.evaluate("document.documentElement.scrollWidth") <= 360
    for box in inbox.locator(".row-pick").all():
        size = box.bounding_box()
        assert (size["width"] >= 44, size["height"] >= 44) == (True, True)
    assert inbox.get_by_role("button", name="Approve selected").bounding_box()["height"] >= 44
    inbox.locator(".row-pick").first.click()
    inbox.get_by_role("button", name="Approve selected (1)").click()
    inbox.get_by_role("heading", name="1 request will be approved").wait_for()
    assert inbox.evaluate("document.documentElement.scrollWidth") <= 360
    inbox.get_by_role("button", name="Approve 1 request").click()
    inbox.get_by_text("1 request approved.").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_of_the_inbox_stand_out_from_what_is_behind_them(inbox: Any, scheme: str) -> None:
    inbox.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # colours do not fade into each other
    inbox.locator("[name=pick]").first.check()
    assert inbox.evaluate(TOO_FAINT) == []


TOO_FAINT = """() => {
  const canvas = Object.assign(document.createElement("canvas"), {width: 1, height: 1});
  const drawing = canvas.getContext("2d", {willReadFrequently: true});
  const over = (colour, below) => {
    for (const each of [`rgb(${below.join(" ")})`, colour]) { drawing.fillStyle = each; drawing.fillRect(0, 0, 1, 1); }
    return [...drawing.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const background = (element) => getComputedStyle(element).backgroundColor;
  const behind = (element) => element ? over(background(element), behind(element.parentElement)) : [255, 255, 255];
  const linear = (part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const light = ([red, green, blue]) =>
    0.2126 * linear(red / 255) + 0.7152 * linear(green / 255) + 0.0722 * linear(blue / 255);
  const faint = [];
  for (const element of document.querySelectorAll("#main *")) {
    const says = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!says || !element.getClientRects().length || element.closest(".visually-hidden")) continue;
    const back = behind(element), front = over(getComputedStyle(element).color, back);
    const [less, more] = [light(back), light(front)].sort((one, other) => one - other);
    const ratio = (more + 0.05) / (less + 0.05);
    if (ratio < 4.5) faint.push(`${element.textContent.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
  }
  return faint;
}"""
"""What of the page has less contrast than WCAG 2.2 AA asks of small text."""
