"""Accounts with sites and contacts, as a first sync of the customer master leaves them."""

import datetime as dt
import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from accounts.matching import name_key
from accounts.models import MASTER_LOOK_UPS, Account, Contact, MasterRecord, Site
from core import clock
from core.db import bulk
from core.models import Event, JobRun
from crm.demo_large import people
from crm.demo_large.rows import by_nobody, store
from crm.demo_large.words import CITIES, FIRMS, FIRST_NAMES, FORMS, LAST_NAMES, STREETS, SYLLABLES, TRADES
from integration.price_manager_server import business_id
from users.models import User

KIND = "demo"
"""The kind of the run that brought them."""
_ACCOUNT = (
    "id", "parent_customer_id", "name", "business_id", "vat_number", "tma1_id", "tma2_id", "industry_id", "business_size_id",
    "classification_id", "channel_id", "region_id", "owner_id", "unit_id", "sap_codes", "street", "postcode", "city", "country",
    "yearly_revenue", "yearly_volume", "default_discount", "status", "created_at", "match_key",
)  # fmt: skip
_SITE = (
    "child_id", "account_id", "name", "sap_code", "street", "postcode", "city", "country", "revenue", "volume", "row",
)  # fmt: skip
_FURTHER = {
    "name": "parent_name", "owner": "salesperson_id", "owner_name": "salesperson_name",
    **{name: name for name in ("business_id", "vat_number", *MASTER_LOOK_UPS)},
}  # fmt: skip
"""Which cell of a site's row, beyond its own columns, says what the account has."""
_CONTACT = ("id", "account_id", "name", "title", "email", "language", "is_default")
AT_ONCE = 20_000
"""Accounts in memory at a time."""


class _Place(NamedTuple):
    street: str
    postcode: str
    city: str


class _New(NamedTuple):
    """An account in the making: its columns by name, its owner, and one share of the revenue per site."""

    pk: int
    columns: dict[str, Any]
    owner: User | None
    places: list[_Place]


def present() -> bool:
    """Whether the large demo's accounts are there."""
    return JobRun.objects.filter(kind=KIND).exists()


def load(count: int) -> None:
    """`count` accounts, owned by everybody who sells; 1.5 sites and 1.3 contacts each. Nothing when they are there."""
    if present() or not count:
        return
    now = clock.now()
    run = JobRun.objects.create(kind=KIND, status=JobRun.Status.APPLIED, source="demo", started_at=now, finished_at=now)
    with bulk.indexes_rebuilt(Account, Contact, Site):
        rng, keys = random.Random(count), bulk.new_keys(Account, count)
        for start in range(0, count, AT_ONCE):
            _write(list(_accounts(rng, keys[start : start + AT_ONCE])), run, now)


def _accounts(rng: random.Random, keys: list[int]) -> Iterator[_New]:
    sellers = people.sellers()
    look_ups = {name: list(model.objects.values_list("pk", flat=True)) for name, model in MASTER_LOOK_UPS.items()}
    for pk in keys:
        owner = rng.choice(sellers) if rng.random() < 0.98 else None
        places = [_place(rng) for _site in range(rng.choice((1, 1, 1, 1, 2, 2, 3)))]
        business = business_id(pk)
        columns = {
            "id": pk,
            "parent_customer_id": f"7{pk:08d}",
            "name": f"{rng.choice(FIRMS)} {rng.choice(TRADES)} {_brand(rng)} {rng.choice(FORMS)}",
            "business_id": business,
            "vat_number": f"FI{business.replace('-', '')}",
            **{f"{name}_id": rng.choice(values) if values else None for name, values in look_ups.items()},
            "owner_id": owner.pk if owner else None,
            "unit_id": owner.unit_id if owner else None,
            "sap_codes": f"0{pk:08d}",
            **places[0]._asdict(),
            "country": "FI",
            "yearly_revenue": Decimal(int(rng.paretovariate(1.1) * 300_000) % 10**10).scaleb(-2),
            "yearly_volume": Decimal(rng.randrange(10**8)).scaleb(-3),
            "default_discount": Decimal(rng.choice((2, 3, 5))) if rng.random() < 0.1 else None,
            "status": "inactive" if rng.random() < 0.03 else "active",
            "created_at": clock.now() - dt.timedelta(days=rng.randrange(400, 1500)),
        }
        columns["match_key"] = name_key(columns["name"])
        yield _New(pk, columns, owner, places)


def _brand(rng: random.Random) -> str:
    """A made-up word that only some dozens of customers share."""
    return "".join(rng.choice(SYLLABLES) for _number in range(3)).capitalize()


def _place(rng: random.Random) -> _Place:
    city, postcode = rng.choice(CITIES)
    return _Place(f"{rng.choice(STREETS)} {rng.randrange(1, 90)}", postcode, city)


def _write(accounts: list[_New], run: JobRun, now: dt.datetime) -> None:
    store(Account, _ACCOUNT, ([new.columns[name] for name in _ACCOUNT] for new in accounts), by_nobody(now))
    told = list(zip(accounts, _said(accounts), strict=True))
    records = ((new.pk, said, run.pk, run.pk) for new, said in told)
    store(MasterRecord, ("account_id", "values", "first_run_id", "run_id"), records, by_nobody(now))
    store(Site, _SITE, (row for new, said in told for row in _sites(new, said)), by_nobody(now))
    rows = [row for new in accounts for row in _contacts(new)]
    store(
        Contact, _CONTACT, ((key, *row) for key, row in zip(bulk.new_keys(Contact, len(rows)), rows, strict=True)), by_nobody(now)
    )
    bulk.copy_rows(
        Event,
        ("subject_type", "subject_id", "verb", "by_name", "data", "at"),
        (("account", new.pk, "master_created", "demo", {"run": run.pk, "changes": {}}, now) for new in accounts),
    )


def _said(accounts: list[_New]) -> Iterator[dict[str, str]]:
    """What the master says of each account: the same as the account has."""
    codes = {name: dict(model.objects.values_list("pk", "code")) for name, model in MASTER_LOOK_UPS.items()}
    for new in accounts:
        yield {
            name: codes[name].get(new.columns[f"{name}_id"], "") if name in codes else str(new.columns[name])
            for name in Account.MASTER_FIELDS
            if name != "owner"
        } | ({"owner": new.owner.salesperson_id or "", "owner_name": new.owner.display_name} if new.owner else {})


def _sites(new: _New, said: dict[str, str]) -> Iterator[tuple[Any, ...]]:
    """Its addresses: equal parts of the revenue; more than half of the volume at the first one, whose place is the customer's."""
    count = len(new.places)
    revenue = (new.columns["yearly_revenue"] / count).quantize(Decimal("0.01"), "ROUND_FLOOR")
    volume = (new.columns["yearly_volume"] / (2 * count)).quantize(Decimal("0.001"), "ROUND_FLOOR")
    row = {column: said[field] for field, column in _FURTHER.items() if said.get(field)}
    for number, place in enumerate(new.places):
        child = f"{new.columns['parent_customer_id']}-{number + 1}"
        name = f"{new.columns['name']} {place.city}"
        own = (new.columns["yearly_revenue"] - revenue * (count - 1), new.columns["yearly_volume"] - volume * (count - 1))
        yield (child, new.pk, name, f"0{new.pk:08d}", *place, "FI", *((revenue, volume) if number else own), row)


def _contacts(new: _New) -> Iterator[tuple[Any, ...]]:
    for number in range(2 if new.pk % 10 < 3 else 1):
        index = new.pk * 3 + number
        name = f"{FIRST_NAMES[index % len(FIRST_NAMES)]} {LAST_NAMES[index // 7 % len(LAST_NAMES)]}"
        yield (new.pk, name, "Ostaja", f"ostot{new.pk}.{number}@asiakas.example", "fi" if index % 5 else "en", number == 0)
