"""A browser on a live server, with a world to work in; errors of the page fail the test."""

import threading
from collections.abc import Iterator
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from core import outbox
from quotes.tests.factories import World, make_world
from users.models import User

SCREENS: tuple[tuple[int, Literal["light", "dark"]], ...] = ((1280, "light"), (360, "dark"))
AXE = """
const passing = () => document.getAnimations().filter(({effect}) => effect.getComputedTiming().endTime < Infinity);
const frame = () => new Promise(requestAnimationFrame);
frame().then(frame).then(() => Promise.allSettled(passing().map((animation) => animation.finished)))
  .then(() => axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"], resultTypes: ["violations"]}))
  .then(({violations}) => violations.map(({id, nodes}) => `${id} ${nodes.slice(0, 4).map((node) => node.target.join(" "))}`))
  .then((found) => document.documentElement.scrollWidth > innerWidth ? [...found, "scrolls sideways"] : found)
"""
"""No more than what is wrong comes back: of a long page all that is right is megabytes."""
LEFT_BEHIND = ("htmx:afterRequest, ", "htmx:sendAbort, ", "htmx:sendError, ")


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


class Visitor:
    """A person at a browser. Counts presses, filled fields, key presses and full page loads; collects what went wrong."""

    def __init__(self, page: Page, base: str) -> None:
        self.page, self.base = page, base
        self.clicks = self.fields = self.loads = 0
        self.problems: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("load", self._loaded)

    def _said(self, message: ConsoleMessage) -> None:
        """What was still being asked for when somebody left the page is no problem; where a server does not answer, the browser
        says more than that."""
        if message.type in ("error", "warning") and not message.text.startswith(LEFT_BEHIND):
            self.problems.append(message.text)

    def _loaded(self, page: Page) -> None:
        self.loads += 1

    def go(self, path: str) -> None:
        self.page.goto(self.base + path)

    def click(self, selector: str) -> None:
        self.clicks += 1
        self.page.locator(selector).first.click()

    def fill(self, selector: str, text: str) -> None:
        """Type into a field that already has the focus, as a person goes on typing."""
        self.fields += 1
        self.page.locator(selector).and_(self.page.locator(":focus")).wait_for()
        self.page.keyboard.type(text)

    def settled(self) -> None:
        """Wait until what the page asks for by itself has come."""
        expect(self.page.locator(".htmx-request")).to_have_count(0)

    def faults(self) -> list[str]:
        """What of the page breaks a rule of WCAG 2.2, level A or AA, or scrolls sideways: on a wide light screen, then on a
        narrow dark one. The screen is as it was afterwards."""
        own, found = self.page.viewport_size, []
        self.page.evaluate(Axe().axe_script)
        for width, scheme in SCREENS:
            self.page.set_viewport_size({"width": width, "height": 900})
            self.page.emulate_media(color_scheme=scheme)
            found += [f"{self.page.url}, {width} px, {scheme}: {fault}" for fault in self.page.evaluate(AXE)]
        self.page.emulate_media(color_scheme="null")
        self.page.set_viewport_size(own or {"width": 1280, "height": 900})
        return found

    def start_counting(self) -> None:
        self.clicks = self.fields = self.loads = 0


LAST_REQUESTS_S = 20


def _let_requests_end() -> None:
    """What a browser had asked for when it was closed. On SQLite it has one connection with the test, and to use that from two
    threads at once can stop both for good."""
    for thread in threading.enumerate():
        if thread.name.endswith("(process_request_thread)"):
            thread.join(LAST_REQUESTS_S)
            assert not thread.is_alive(), "A request does not end."


@pytest.fixture
def visit(browser: Browser, transactional_db: None, live_server: Any) -> Iterator[Any]:
    """`visit(user, width=, dark=, scripts=)` opens a browser of that person (None: nobody signed in)."""
    opened: list[Visitor] = []
    contexts = []

    def start(
        user: User | None = None, *, width: int = 1280, dark: bool = False, language: str = "en", scripts: bool = True
    ) -> Visitor:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            locale=language,
            java_script_enabled=scripts,
            base_url=live_server.url,
        )
        contexts.append(context)
        if user is not None:
            client = Client()
            client.force_login(user)
            name = settings.SESSION_COOKIE_NAME
            context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
        visitor = Visitor(context.new_page(), live_server.url)
        opened.append(visitor)
        return visitor

    yield start
    for context in contexts:
        context.close()
    _let_requests_end()
    assert [problem for visitor in opened for problem in visitor.problems] == []


@pytest.fixture
def deliver(settings: Any, live_server: Any) -> Any:
    """Deliver the outbox at once, links leading to the live server; answers how many went out."""
    from core.models import OutboxMessage

    settings.SITE_URL = live_server.url

    def drain() -> int:
        OutboxMessage.objects.filter(delivered_at=None, dead_at=None).update(available_at="2020-01-01T00:00Z")
        return outbox.drain()

    return drain
