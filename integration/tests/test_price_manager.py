"""Reading Price Manager over HTTP, against the one that is served on loopback, with everything that goes wrong."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.management import call_command
from pytest_django import Settings

from accounts.models import Account
from core.models import JobRun
from core.outbound import Limits, Refused
from integration import price_manager, services
from integration.errors import Incomplete
from integration.models import FeedPage
from integration.price_manager import CUSTOMER_MASTER, read_feed
from integration.price_manager_server import FAULTS, Answer, Master, PriceManager
from integration.spool import StoredHalf
from integration.tests.sources import client, serving, source

pytestmark = pytest.mark.once

ROWS, AT_ONCE = 60, 20
HEALED = ["429", "500", "html", "truncated-gzip", "early-close", "bad-json", "hang", "slow-drip", "changed-snapshot"]
"""Faults that are over when one asks again."""


@pytest.fixture(autouse=True)
def _demo(settings: Settings) -> None:
    settings.DEMO = True  # this machine may be asked


def read(url: str, **more: Any) -> Any:
    with client(url, **more) as asking:
        return read_feed(asking, CUSTOMER_MASTER, at_once=AT_ONCE)


@pytest.mark.req("S0.28")
def test_every_row_of_a_snapshot_comes_as_text() -> None:
    told: list[tuple[int, int]] = []
    with source(ROWS) as url, client(url) as asking:
        feed = read_feed(asking, CUSTOMER_MASTER, at_once=AT_ONCE, tell=lambda rows, total: told.append((rows, total)))
    assert (feed.snapshot, told) == ("1-60-10", [(20, 60), (40, 60), (60, 60)])
    expected = Master(ROWS, 10).row(33)
    row = dict(zip(feed.table.header, feed.table.rows.row(33), strict=True))
    assert row == {name: str(value) for name, value in expected.items()}
    assert len(feed.table) == ROWS


@pytest.mark.req("S0.33")
@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_what_is_not_whole_is_not_taken(fault: str) -> None:
    with source(ROWS, fault=fault) as url, pytest.raises((Incomplete, Refused)) as refusal:
        read(url)
    assert (refusal.type is Refused) is (fault == "redirect")
    assert len(str(refusal.value)) > 10


@pytest.mark.parametrize("fault", HEALED)
def test_what_goes_wrong_once_is_asked_for_again(fault: str) -> None:
    with source(ROWS, fault=fault, times=1) as url:
        assert len(read(url).table) == ROWS


def test_only_who_has_the_token_gets_anything() -> None:
    with source(ROWS, token="geheim") as url:
        with pytest.raises(Refused, match="token"):
            read(url)
        assert len(read(url, token="geheim").table) == ROWS


# --- What was read of a snapshot is kept for the next attempt ---
class Wanting(PriceManager):
    """Answers the pages in `gone` with a status, and notes what it is asked for."""

    def __init__(self, rows: int, *, gone: int = 0, status: int = 503) -> None:
        super().__init__(Master(rows, 10))
        self.gone, self.status, self.pages = gone, status, list[str]()

    def answer(self, path: str, authorization: str) -> Answer:
        cursor = parse_qs(urlsplit(path).query).get("cursor", ["0"])[0]
        self.pages.append(cursor)
        if self.gone and int(cursor) == self.gone:
            return Answer(self.status, b"{}")
        return super().answer(path, authorization)


def fetch(url: str, tell: Any = None) -> Any:
    with client(url) as asking:
        return read_feed(asking, CUSTOMER_MASTER, at_once=AT_ONCE, spool=StoredHalf(url), tell=tell)


def rows_of(feed: Any) -> list[Any]:
    return list(feed.table.rows.iter_rows())


def killed_behind(rows: int) -> Any:
    def tell(read: int, _total: int) -> None:
        if read >= rows:
            raise KeyboardInterrupt

    return tell


@pytest.mark.django_db
def test_after_a_silence_only_the_rest_is_asked_for() -> None:
    source = Wanting(ROWS, gone=40)
    with serving(source) as url:
        with pytest.raises(Incomplete):
            fetch(url)
        source.gone, source.pages = 0, []
        feed = fetch(url)
        whole = rows_of(read(url))
    assert (source.pages[0], rows_of(feed) == whole) == ("40", True)
    assert not FeedPage.objects.exists()


@pytest.mark.django_db
def test_what_a_worker_had_read_before_it_was_killed_is_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(price_manager, "KEPT_EVERY", 40)
    source = Wanting(100)
    with serving(source) as url:
        with pytest.raises(KeyboardInterrupt):
            fetch(url, tell=killed_behind(80))
        assert FeedPage.objects.count() == 1
        source.pages.clear()
        feed = fetch(url)
        assert source.pages == ["40", "60", "80"]
        assert rows_of(feed) == rows_of(read(url))


@pytest.mark.django_db
@pytest.mark.parametrize("other", [{"total": 61}, {"following": "20"}, {"following": "x"}])
def test_a_half_that_does_not_fit_any_more_is_dropped_and_all_is_read_anew(other: dict[str, Any]) -> None:
    source = Wanting(ROWS, gone=40)
    with serving(source) as url:
        with pytest.raises(Incomplete):
            fetch(url)
        FeedPage.objects.update(**other)
        source.gone = 0
        assert len(fetch(url).table) == ROWS


def test_an_empty_source_is_not_complete() -> None:
    with source(0) as url, pytest.raises(Incomplete, match="no rows"):
        read(url)


def test_a_server_that_is_not_there_is_asked_a_few_times() -> None:
    waits: list[float] = []
    with pytest.raises(Incomplete, match="connection failed"):
        read("http://127.0.0.1:1", limits=Limits(attempts=4), waits=waits)
    assert len(waits) == 3


# --- A sync ------------------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.req("S0.28")
def test_accounts_come_over_http(capsys: pytest.CaptureFixture[str]) -> None:
    with source(ROWS, parents=12) as url:
        call_command("sync_customers", "--url", url, "--json")
        first = json.loads(capsys.readouterr().out)
        call_command("sync_customers", "--url", url, "--json")
        second = json.loads(capsys.readouterr().out)
    assert (first["status"], first["rows_read"], first["accounts_created"], first["rows_quarantined"]) == ("applied", 60, 12, 0)
    assert (second["status"], second["accounts_unchanged"]) == ("unchanged", 12)
    account = Account.objects.get(parent_customer_id="P0000003")
    rows = [Master(ROWS, 12).row(number) for number in range(3, ROWS, 12)]
    assert float(account.yearly_revenue) == pytest.approx(sum(row["Revenue"] for row in rows))
    run = JobRun.objects.get(pk=first["run_id"])
    assert (run.source, run.counts["read_as"]["encoding"], run.counts["read_as"]["profile"]) == (url, "JSON", "price_manager")


@pytest.mark.django_db
@pytest.mark.req("S0.33")
@pytest.mark.parametrize("fault", ["partial-page", "cursor-loop", "shifting-pages", "repeated-page", "other-total"])
def test_an_incomplete_source_changes_nothing_and_says_so(capsys: pytest.CaptureFixture[str], fault: str) -> None:
    at_once = 5_000
    with source(2 * at_once, parents=3, fault=fault) as url, pytest.raises(SystemExit) as ended:
        call_command("sync_customers", "--url", url, "--json")
    report = json.loads(capsys.readouterr().out)
    assert (ended.value.code, report["status"], Account.objects.count()) == (4, "incomplete", 0)
    assert report["error"]


@pytest.mark.django_db
def test_an_origin_that_is_not_ours_is_refused(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.DEMO = False
    with pytest.raises(SystemExit) as ended:
        call_command("sync_customers", "--url", "http://192.0.2.1", "--json")
    report = json.loads(capsys.readouterr().out)
    assert (ended.value.code, report["status"]) == (1, "failed")
    assert "OUTBOUND_ORIGINS" in report["error"]


@pytest.mark.django_db
def test_a_dry_run_over_http_changes_nothing() -> None:
    with source(ROWS) as url:
        run = services.customer_sync(url=url, by=None, dry_run=True)
    assert (run.status, run.counts["accounts_created"], Account.objects.count()) == ("dry_run", 10, 0)
