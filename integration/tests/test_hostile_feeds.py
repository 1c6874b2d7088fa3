"""Three hundred feeds that nobody would want: each is read twice, and neither the books nor an account may suffer."""

import csv
import functools
import gzip
import io
import json
import random
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from pytest_django import Settings

from accounts.models import Account, FieldOverride, MasterRecord, Site
from accounts.selectors import rules_in_force
from accounts.survivorship import FieldRule, decide
from core import clock, outbound
from core.models import JobRun
from integration import customer_diff, price_manager, price_manager_server, selectors
from integration.choices import Origin
from integration.customer_diff import SITE_COLUMNS
from integration.models import CUSTOMER_SYNC, SyncSettings
from integration.price_manager_server import FAULTS, Answer, Master, PriceManager, business_id
from integration.reading import Table
from integration.services import runs
from integration.tests.factories import file_of
from integration.tests.sources import IMPATIENT, serving
from users.models import User
from users.tests.factories import UserFactory

pytestmark = pytest.mark.once

ACCOUNTS, SITES = 60, 200
FEEDS = 100
SEED = 20_261_120
Row = dict[str, str]
Status = JobRun.Status
BOOKS = ("rows_applied", "rows_unchanged", "rows_ignored", "rows_quarantined")
NO_BOOKS = (Status.FAILED, Status.INCOMPLETE)


# --- What there is -----------------------------------------------------------------------------------------------------------
def master() -> list[Row]:
    """The rows of the base: ids of one length, so that none is a part of another one."""
    chance = random.Random(SEED)
    rows = []
    for at in range(SITES):
        parent = at * ACCOUNTS // SITES
        rows.append(
            {
                "child_id": f"C{at:05}", "child_name": f"Äyräs {at}",
                "parent_id": f"P{parent:05}", "parent_name": f"Öljy {parent} Oy",
                "salesperson_id": f"S{chance.randrange(10)}", "salesperson_name": "Myyjä", "tma1": "H", "tma1_name": "Horeca",
                "industry": f"I{chance.randrange(5)}", "business_id": business_id(1_000_000 + parent * 9),
                "street": f"Katu {at}", "postcode": chance.choice(["00100", "33100", "90100"]),
                "city": chance.choice(["Oulu", "Turku"]),
                "country": "FI", "region": chance.choice(["01", "06"]), "sap_code": f"{at:06}",
                "revenue": f"{chance.randrange(10**6) / 100:.2f}", "volume": f"{chance.randrange(10**5) / 10:.1f}",
                "cpq_flag": "Y",
            }
        )  # fmt: skip
    return rows


BASE = master()


@pytest.fixture
def base(django_user_model: type[User]) -> None:
    for number in range(8):
        UserFactory(roles=["sales_rep"], salesperson_id=f"S{number}")
    assert feed(file_of(BASE)).status == Status.APPLIED
    steward = UserFactory(roles=["data_steward"])
    by_hand = Account.objects.get(parent_customer_id="P00007")
    Account.objects.filter(pk=by_hand.pk).update(name="Käsin annettu nimi", city="Käsilä")
    for name in ("name", "city"):
        FieldOverride.objects.create(account=by_hand, field=name, by=steward, at=clock.now())


def feed(content: bytes) -> JobRun:
    run = runs.run_start(kind=CUSTOMER_SYNC, origin=Origin.UPLOAD, by=None, content=content, name="x.csv", is_complete=True)
    done = runs.run_work(run.pk)
    assert done is not None
    return done


# --- What is done to it ------------------------------------------------------------------------------------------------------
@dataclass
class Feed:
    """A feed in the making: its rows, how it is written, and what has been done to it."""

    chance: random.Random
    rows: list[Row]
    columns: list[str] = field(default_factory=lambda: list(BASE[0]))
    header: dict[str, str] = field(default_factory=dict)
    delimiter: str = ";"
    quoting: int = csv.QUOTE_MINIMAL
    ending: str = "\n"
    encoding: str = "utf-8"
    more_cells: dict[int, int] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    doubled: str = ""

    def some(self, most: int) -> list[Row]:
        return self.chance.sample(self.rows, min(len(self.rows), self.chance.randint(1, most)))

    def written(self) -> bytes:
        names = self.columns + ([self.doubled] if self.doubled else [])
        buffer = io.StringIO()
        writer = csv.writer(buffer, delimiter=self.delimiter, quoting=self.quoting, lineterminator=self.ending)
        writer.writerow([self.header.get(name, name) for name in names])
        for at, row in enumerate(self.rows):
            cells = [row.get(name, "") for name in names]
            more = self.more_cells.get(at, 0)
            writer.writerow([*cells, *["y"] * more] if more >= 0 else cells[:more])
        return buffer.getvalue().encode(self.encoding, "replace")


TEXTS = (
    "=1+1", "@SUM(A1)", "-2+3", "+cmd|' /C calc'!A0", "<script>alert(1)</script>", "'; DROP TABLE accounts_account; --",
    "{{ 7*7 }}",     "%s %(x)s %", "\\N", "\\", '"', "null", "NaN", '{"a":null}', "🍕 Pizzeria", "👩‍👩‍👧", "ﷺ",
    "Ä" * 200, "İstanbul", "\u00a0", "A\u0301yra\u0308s",
)  # fmt: skip
UNSEEN = ("\x00", "\u202e", "\u200b", "\ufeff", "\x1b[31m", "\u2028", "\x85", "\ufffe")
NUMBERS = (
    "abc",
    "NaN",
    "1e309",
    "--5",
    "1,2,3.4.5",
    "9" * 14,
    "∞",
    "0x10",
    "٣",
    "5 €",
    "-12,5",
    "1.234.567,89",
    "1.1234567",
    "+",
    ",",
)


def each(most: int, **cells: Callable[[random.Random, Row], str]) -> Callable[[Feed], None]:
    """Other cells in up to so many rows."""

    def change(feed: Feed) -> None:
        for row in feed.some(most):
            row.update({name: make(feed.chance, row) for name, make in cells.items()})

    return change


def lose(share: float) -> Callable[[Feed], None]:
    def change(feed: Feed) -> None:
        feed.rows = [row for row in feed.rows if feed.chance.random() > share]

    return change


def lose_account(feed: Feed) -> None:
    gone = f"P{feed.chance.randrange(ACCOUNTS):05}"
    feed.rows = [row for row in feed.rows if row["parent_id"] != gone]


def add(feed: Feed) -> None:
    for _time in range(feed.chance.randint(1, 10)):
        number = feed.chance.randrange(90_000, 99_999)
        feed.rows.append(
            feed.chance.choice(BASE) | {"child_id": f"C{number}", "parent_id": f"P{number}", "industry": f"I{number}"}
        )


def repeat(feed: Feed) -> None:
    feed.rows += [dict(row) for row in feed.some(5)]


def contradict(feed: Feed) -> None:
    name = feed.chance.choice(["city", "revenue", "parent_id"])
    feed.rows += [row | {name: "77"} for row in feed.some(5)]


def circle(length: int) -> Callable[[Feed], None]:
    """Parents that are children of one another; of one: its own, which is none."""

    def change(feed: Feed) -> None:
        ring = feed.chance.sample(feed.rows, min(length, len(feed.rows)))
        for row, following in zip(ring, [*ring[1:], *ring[:1]], strict=True):
            row["parent_id"] = following["child_id"].strip()

    return change


def climb(feed: Feed) -> None:
    """Sites of a parent that is itself a site, further down."""
    top = feed.rows[-1]["child_id"].strip() if feed.rows else ""
    for row in feed.some(3):
        row["parent_id"] = top


def move(share: float) -> Callable[[Feed], None]:
    def change(feed: Feed) -> None:
        for row in feed.rows:
            if feed.chance.random() < share:
                row["parent_id"] = f"P{feed.chance.randrange(ACCOUNTS):05}"

    return change


def spaced(feed: Feed) -> None:
    for row in feed.some(20):
        for name in ("child_id", "parent_id"):
            row[name] = f" {row[name]}{feed.chance.choice(['  ', chr(9) if feed.delimiter != chr(9) else ' ', chr(0xA0)])}"


def reorder(feed: Feed) -> None:
    feed.chance.shuffle(feed.columns)


def drift(feed: Feed) -> None:
    feed.columns.insert(
        feed.chance.randrange(len(feed.columns) + 1), feed.chance.choice(["New_Column", "x\x00y", "=1+1", "", "ä" * 300])
    )


def lack(feed: Feed) -> None:
    for name in feed.chance.sample([name for name in feed.columns if name not in REQUIRED], feed.chance.randint(1, 8)):
        feed.columns.remove(name)


def lack_required(feed: Feed) -> None:
    feed.columns.remove(feed.chance.choice(REQUIRED))


def rename(feed: Feed) -> None:
    name = feed.chance.choice(feed.columns)
    feed.header[name] = feed.chance.choice([f" {name.upper()} ", f"{name}_2", "<b>"])


def double(feed: Feed) -> None:
    feed.doubled = feed.chance.choice(feed.columns)


def ragged(feed: Feed) -> None:
    for at in feed.chance.sample(range(len(feed.rows)), min(5, len(feed.rows))):
        feed.more_cells[at] = feed.chance.choice([-3, -1, 1, 2, 300])


def disguise(feed: Feed) -> None:
    """The numbers of an account's sites, and of some others, hold what cannot be seen."""
    parent = f"P{feed.chance.randrange(ACCOUNTS):05}"
    for row in [*feed.some(3), *(row for row in feed.rows if row["parent_id"] == parent)]:
        row["child_id"] = f"{row['child_id'][:3]}{feed.chance.choice(UNSEEN)}{row['child_id'][3:]}"


def switch_off(feed: Feed) -> None:
    for row in feed.rows:
        if row["parent_id"] in ("P00003", "P00004"):
            row["cpq_flag"] = "N"


REQUIRED = ["child_id", "parent_id", "parent_name"]
ROWS: dict[str, Callable[[Feed], None]] = {
    "some vanished": lose(0.05), "many vanished": lose(0.3), "90 % vanished": lose(0.9), "all vanished": lose(1.1),
    "account vanished": lose_account, "new": add,
    "moved": move(0.03), "half moved": move(0.5), "spaces": spaced,
    "off": each(10, cpq_flag=lambda chance, _row: chance.choice(["N", "ei", "0", ""])),
    "odd flag": each(10, cpq_flag=lambda chance, _row: chance.choice(["Q", "2", "ehkä"])),
    "accounts off": switch_off,
    "numbers": each(20, revenue=lambda chance, _row: chance.choice(NUMBERS), volume=lambda chance, _row: chance.choice(NUMBERS)),
    "huge amounts": each(5, revenue=lambda _chance, _row: "9" * 12, volume=lambda _chance, _row: "-" + "9" * 12),
    "countries": each(10, country=lambda chance, _row: chance.choice(["ZZZ", "F", "🇫🇮", "suomi", "sweden", "1"])),
    "tax ids": each(10, business_id=lambda chance, _row: chance.choice(["123", "1234567-0", "FI12345678", "x" * 30, ""])),
    "texts": each(30, parent_name=lambda chance, _row: chance.choice(TEXTS), city=lambda chance, _row: chance.choice(TEXTS)),
    "unseen": each(5, child_name=lambda chance, row: row["child_name"] + chance.choice(UNSEEN)),
    "unseen in numbers": disguise,
    "no number": each(3, child_id=lambda _chance, _row: ""),
    "no parent": each(3, parent_id=lambda _chance, _row: ""),
    "no names": each(20, parent_name=lambda _chance, _row: "", child_name=lambda chance, _row: chance.choice(["", "Nimi"])),
    "reused": each(5, business_id=lambda chance, _row: business_id(chance.randrange(5_000_000, 6_000_000)),
                   child_name=lambda chance, _row: f"Toinen {chance.random()}"),
    "strangers": each(20, salesperson_id=lambda chance, _row: chance.choice(["", "S99", "S1", "S8"])),
    "codes": each(20, industry=lambda chance, _row: chance.choice(["UUSI", "", "I1"]),
                  tma1=lambda chance, _row: chance.choice(["", "X"])),
    "long": each(3, street=lambda _chance, _row: "Pitkä katu " * 30), "huge": each(1, street=lambda _chance, _row: "x" * 120_000),
    "lines": each(3, street=lambda _chance, _row: "yksi\nkaksi"), "repeated": repeat, "contradicted": contradict,
    "own parent": circle(1), "pair": circle(2), "circle": circle(50), "parent below": climb,
    "shuffled": lambda feed: feed.chance.shuffle(feed.rows), "ragged": ragged,
}  # fmt: skip
HEADER = {"reordered": reorder, "drift": drift, "fewer columns": lack, "none that is required": lack_required, "renamed": rename,
          "doubled": double}  # fmt: skip


def cut(chance: random.Random, content: bytes) -> bytes:
    """Anywhere, or so near the end that no limit is broken."""
    return content[: chance.randrange(chance.choice([0, len(content) * 19 // 20]), len(content))]


def mixed(chance: random.Random, content: bytes) -> bytes:
    text = content.decode("utf-8", "replace")
    at = chance.randrange(len(text))
    return text[:at].encode() + text[at:].encode("cp1252", "replace")


def struck(chance: random.Random, content: bytes) -> bytes:
    """Some bytes are other ones, or stand there besides."""
    for _time in range(chance.randint(1, 5)):
        at = chance.randrange(len(content) + 1)
        content = (
            content[:at]
            + chance.choice([b'"', b"\x00", b"\xff", b"\n", b";", b"\r", b"\xc3"])
            + content[at + chance.randint(0, 1) :]
        )
    return content


BYTES: dict[str, Callable[[random.Random, bytes], bytes]] = {
    "cut": cut, "mixed": mixed, "struck": struck,
    "packed": lambda _chance, content: gzip.compress(content),
    "packed and cut": lambda chance, content: cut(chance, gzip.compress(content)),
    "page": lambda _chance, _content: b"<!DOCTYPE html><html><body>503</body></html>",
    "nothing": lambda chance, _content: chance.choice([b"", b"\n\n", b"\xef\xbb\xbf", b" "]),
    "header": lambda _chance, content: content.partition(b"\n")[0] + b"\n",
    "twice": lambda _chance, content: content + content,
}  # fmt: skip


def hostile(number: int) -> tuple[Feed, bytes]:
    """The feed of this number, the same every time: each kind of harm comes in turn, with others beside it."""
    chance = random.Random(SEED + number)
    feed = Feed(chance, [dict(row) for row in BASE])
    kinds = [*ROWS, *HEADER, *BYTES]
    chosen = {kinds[number % len(kinds)], *chance.sample([*ROWS], chance.randint(0, 2))}
    chosen |= set(chance.sample([*HEADER], chance.choice([0, 0, 0, 1]))) | set(
        chance.sample([*BYTES], chance.choice([0, 0, 0, 0, 1]))
    )
    feed.delimiter, feed.ending = chance.choice([";", ";", ",", "\t", "|"]), chance.choice(["\n", "\r\n"])
    feed.quoting = chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    feed.encoding = chance.choice(["utf-8"] * 6 + ["utf-8-sig", "utf-16", "cp1252"])
    for name, harm in (ROWS | HEADER).items():
        if name in chosen:
            harm(feed)
    content = feed.written()
    for name, strike in BYTES.items():
        if name in chosen:
            content = strike(chance, content)
    feed.done = sorted(chosen)
    return feed, content


# --- What must hold: small, and without a line of what it checks ---------------------------------------------------------------
def text_of(content: bytes) -> str:
    """As much of the text as there is."""
    if content[:2] == b"\x1f\x8b":
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            try:
                content = file.read()
            except (EOFError, OSError, zlib.error):
                return ""
    return content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", "replace")


def plain(text: str) -> str:
    """Without what cannot be seen."""
    for mark in UNSEEN:
        text = text.replace(mark, "")
    return text


def may_rest(feed: Feed, content: bytes, owners: Mapping[str, str], time: int) -> set[str]:
    """The accounts that may be inactive after the feed came `time` times: of which every site is off, is somebody else's now, or
    is nowhere in the text, and that for the second time. `owners`: active site → parent before."""
    text = plain(text_of(content))
    lines = [line for line in text.splitlines() if line.strip()]
    breaks_off = "cut" in feed.done and lines[-1:] and lines[-1].count(feed.delimiter) < lines[0].count(feed.delimiter)
    gone_may_count = time > 1 and not breaks_off
    no = {"N", "ei", "0", ""}
    free: dict[str, bool] = {}
    for site, parent in owners.items():
        rows = [row for row in feed.rows if plain(row["child_id"]).strip() == site]
        is_off = any(row["cpq_flag"] in no for row in rows) and "cpq_flag" in feed.columns
        has_moved = any(row["parent_id"].strip() != parent for row in rows)
        is_gone = site not in text and gone_may_count
        free[parent] = free.get(parent, True) and (is_off or has_moved or is_gone)
    return {parent for parent, may in free.items() if may}


LOOK_UPS = ("tma1", "tma2", "industry", "business_size", "classification", "channel", "region")
PLACES = {"yearly_revenue": 2, "yearly_volume": 3}


@functools.cache
def decided(rows: tuple[tuple[tuple[str, Any], ...], ...], rule: FieldRule, parent_id: str) -> Any:
    """What the plain rules make of these rows."""
    value = decide(map(dict, rows), rule, parent_id=parent_id).value
    return Decimal(value).scaleb(-PLACES[rule.field]) if rule.field in PLACES else value


def living_rows() -> dict[int, list[tuple[tuple[str, Any], ...]]]:
    found: dict[int, list[tuple[tuple[str, Any], ...]]] = {}
    names = ("account_id", "child_id", *SITE_COLUMNS, "revenue", "volume", "row")
    for account, child_id, *cells, revenue, volume, further in Site.objects.filter(is_active=True).values_list(*names):
        row = {"child_id": child_id, **further, **dict(zip(SITE_COLUMNS.values(), cells, strict=True))}
        found.setdefault(account, []).append(tuple((row | {"revenue": int(revenue * 100), "volume": int(volume * 1000)}).items()))
    return found


def require_unharmed(fields: list[FieldRule]) -> None:
    """Every account that has sites is what they make of it, but for what somebody has overridden; whoever has none rests."""
    people = dict(User.objects.exclude(salesperson_id=None).values_list("salesperson_id", "pk"))
    overridden = set(FieldOverride.objects.values_list("account_id", "field"))
    living = living_rows()
    off = set(MasterRecord.objects.filter(switched_off=True).values_list("pk", flat=True))
    columns = {rule.field: f"{rule.field}__code" if rule.field in LOOK_UPS else rule.field for rule in fields}
    for account in Account.objects.values("pk", "parent_customer_id", "status", *columns.values()):
        pk, number = account["pk"], account["parent_customer_id"]
        rows = tuple(living.get(pk, ()))
        assert (account["status"] == "active", pk not in off) == (bool(rows), bool(rows)), number
        for rule in fields if rows else []:
            value, now = decided(rows, rule, number), account[columns[rule.field]]
            if rule.field == "owner":
                value = people.get(value, now)
            assert (pk, rule.field) in overridden or (now or "") == (value or ""), (number, rule.field)


def stamps() -> list[Any]:
    """Other ones as soon as an account or a site is touched."""
    sites = Site.objects.order_by("pk").values_list("pk", "account", "is_active", "missed", "row_hash")
    return [list(Account.objects.order_by("pk").values_list("pk", "version", "status")), list(sites)]


def require_balanced(run: JobRun) -> None:
    if run.status not in NO_BOOKS:
        assert run.counts["rows_read"] == sum(run.counts[name] for name in BOOKS)
        assert run.quarantine.count() == run.counts["rows_quarantined"]


def inactive() -> set[str]:
    return set(Account.objects.filter(status="inactive").values_list("parent_customer_id", flat=True))


@contextmanager
def undone() -> Iterator[None]:
    """What is written within is taken back."""
    point = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(point)
        runs._told.clear()


@dataclass
class Seen:
    """What feeds have done so far."""

    harms: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    rested: int = 0


def read(number: int, rules: list[FieldRule], seen: Seen) -> None:
    """The feed of this number is read, and once more if anything was missing. Raises: AssertionError for any harm."""
    made, content = hostile(number)
    seen.harms.update(made.done)
    columns = {made.header.get(name, name).strip().casefold() for name in made.columns}
    for time in (1, 2):
        told = f"feed {number}, time {time}: {made.done}"
        stood, before = stamps(), inactive()
        owners = dict(Site.objects.filter(is_active=True).values_list("child_id", "account__parent_customer_id"))
        try:
            run = feed(content)
            assert (run.status == Status.RUNNING, bool(run.error)) == (False, run.status in NO_BOOKS)
            require_balanced(run)
            rest = inactive() - before
            assert rest <= may_rest(made, content, owners, time)
            assert len(rest) <= 20
            if run.status == Status.APPLIED:
                require_unharmed([rule for rule in rules if rule.column in columns])
            else:
                assert stamps() == stood
        except Exception as error:
            raise AssertionError(f"{told}: {error}") from error
        seen.ends[run.status] += 1
        seen.rested += len(rest)
        if number % 8 and not run.counts.get("sites_missing"):
            break
    if number % 10 == 0 and run.status == Status.APPLIED:
        require_healed(made)


def read_all(numbers: Iterable[int], rules: list[FieldRule], seen: Seen) -> None:
    for number in numbers:
        with undone():
            read(number, rules, seen)


@pytest.mark.req("S0.33")
@pytest.mark.req("S0.34")
@pytest.mark.django_db
def test_no_feed_does_harm(base: None) -> None:
    seen, rules = Seen(), list(rules_in_force().values())
    read_all(range(FEEDS), rules, seen)
    assert set(seen.harms) == {*ROWS, *HEADER, *BYTES}
    ended = [seen.ends[status] for status in (Status.APPLIED, Status.UNCHANGED, Status.QUARANTINED, Status.FAILED)]
    assert min(ended) > FEEDS // 30
    assert seen.rested > FEEDS // 30, "the control: what may rest does"


def nothing_breaks_off(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Table, "breaks_off", False)


def every_row_can_be_read(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(customer_diff, "_is_one_unread", lambda _faults, _known: False)


def gone_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(selectors, "settings_in_force", lambda: SyncSettings(runs_until_gone=1))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("harm", "unguarded"),
    [("cut", nothing_breaks_off), ("unseen in numbers", every_row_can_be_read), ("account vanished", gone_at_once)],
)
def test_without_a_guard_some_feed_does_harm(
    base: None, harm: str, unguarded: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    rules = list(rules_in_force().values())
    unguarded(monkeypatch)
    chosen = [number for number in range(600) if harm in hostile(number)[0].done]
    with pytest.raises(AssertionError, match=harm):
        read_all(chosen, rules, Seen())


def require_healed(made: Feed) -> None:
    """The good file makes it good again."""
    keys = {account.parent_customer_id: account.pk for account in Account.objects.all()}
    run = feed(file_of(BASE))
    if run.status == Status.QUARANTINED:
        return
    require_balanced(run)
    require_unharmed(list(rules_in_force().values()))
    base = {row["parent_id"] for row in BASE}
    assert not base & inactive()
    assert {number: key for number, key in keys.items() if number in base}.items() <= {
        account.parent_customer_id: account.pk for account in Account.objects.all()
    }.items()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "harm", [{"city": "Väärä"}, {"status": "inactive"}, {"yearly_revenue": Decimal("0.01")}, {"owner": None}]
)
def test_an_account_that_is_harmed_is_found_out(base: None, harm: dict[str, Any]) -> None:
    """The control."""
    rules = list(rules_in_force().values())
    require_unharmed(rules)
    Account.objects.filter(parent_customer_id="P00001").update(**harm)
    with pytest.raises(AssertionError, match="P00001"):
        require_unharmed(rules)


# --- Over HTTP: every fault at some page -------------------------------------------------------------------------------------
PAGE, PAGES = 20, 10


class Faulty(PriceManager):
    """The fault strikes at one page, each time it is asked for."""

    page = 0

    def _strikes(self, cursor: int) -> bool:
        return bool(self.fault) and cursor == self.page * PAGE


def odd(**cells: Any) -> Callable[..., Answer]:
    """A page whose first row has other cells."""
    return lambda _source, page, _plain: Answer(
        200, json.dumps(page | {"rows": [page["rows"][0] | cells, *page["rows"][1:]]}).encode()
    )


def told(**parts: Any) -> Callable[..., Answer]:
    return lambda _source, page, _plain: Answer(200, json.dumps(page | parts).encode())


BAD = {
    "odd snapshot": told(snapshot="x\x00y"), "long cursor": told(next_cursor="9" * 5000),
    "half a cursor": told(next_cursor="\ud800"),
    "no rows": told(rows=[]), "rows that are none": told(rows=[1, None]), "a list": lambda *_facts: Answer(200, b"[]"),
    "negative": told(total=-1), "many": told(total=10**12), "deep": lambda *_facts: Answer(200, b"[" * 100_000),
}  # fmt: skip
ODD = {
    "half a character": odd(Customer_Name="\ud83c"), "nothing to see": odd(Customer_Name="a\x00b"),
    "lists": odd(City=["x", {"y": 1}]),
    "a new column": odd(**{"\ud800\x00": "x"}), "a long text": odd(Street="x" * 200_000), "no number": odd(Customer_ID=None),
    "endless": lambda _source, page, _plain: Answer(
        200, re.sub(rb'"Volume": [0-9.]+', b'"Volume": 1e999999999', json.dumps(page).encode(), count=1)
    ),
}  # fmt: skip


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.DEMO = True  # this machine may be asked
    client = functools.partial(outbound.Client, limits=IMPATIENT, sleep=lambda _seconds: None)
    monkeypatch.setattr(outbound, "Client", client)
    monkeypatch.setattr(price_manager, "read_feed", functools.partial(price_manager.read_feed, at_once=PAGE))


def pull(url: str) -> JobRun:
    run = runs.run_start(kind=CUSTOMER_SYNC, origin=Origin.HTTP, by=None, address=url)
    done = runs.run_work(run.pk)
    assert done is not None
    return done


@pytest.mark.req("S0.33")
@pytest.mark.django_db
@pytest.mark.parametrize("fault", [*sorted(FAULTS), *BAD])
def test_no_fault_at_any_page_changes_anything(fault: str, small_pages: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(price_manager_server, "FAULTS", FAULTS | BAD)
    source = Faulty(Master(PAGE * PAGES, 40))
    chance = random.Random(f"{SEED} {fault}")
    with serving(source) as url:
        assert pull(url).status == Status.APPLIED
        source.master = Master(PAGE * PAGES, 40, seed=2)
        before = stamps()
        source.fault = fault
        for source.page in sorted({chance.randrange(1, PAGES), PAGES - 1}):
            assert (pull(url).status in NO_BOOKS, stamps() == before) == (True, True), source.page
        source.fault = ""
        assert (pull(url).status, stamps() == before) == (Status.APPLIED, False), "the control: without a fault it is taken"
    require_unharmed(list(rules_in_force().values()))


@pytest.mark.django_db
@pytest.mark.parametrize("oddity", ODD)
def test_an_odd_row_is_one_row(oddity: str, small_pages: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(price_manager_server, "FAULTS", FAULTS | ODD)
    source = Faulty(Master(PAGE * PAGES, 40), fault=oddity)
    source.page = random.Random(f"{SEED} {oddity}").randrange(PAGES)
    with serving(source) as url:
        run = pull(url)
    assert (run.status, run.counts["rows_read"]) == (Status.APPLIED, PAGE * PAGES)
    assert run.counts["rows_quarantined"] <= 1
    require_balanced(run)
    require_unharmed(list(rules_in_force().values()))
