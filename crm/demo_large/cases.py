"""Customer-specific requirements: as many as a house has after years, in the states in which nobody decides, and one with very
many products. What waits for an approval is in the small demo."""

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from accounts.models import Account
from catalog.models import Product
from core import clock, db, events
from core.db import bulk
from core.models import Event
from crm.demo_large.deals import Numbers, sold_to
from crm.demo_large.products import PREFIX
from crm.demo_large.rows import store
from csr.choices import CaseStatus as S, Feasibility
from csr.models import Case, CaseFeedback, CaseProduct, CaseSpell, CaseType, CloseReason, RequirementType
from csr.services.registering import SERIES
from users.models import User

MOST_PRODUCTS = 500
"""Of the first case."""
AT_ONCE = 10_000
WAY = (S.REGISTRATION, S.PENDING_PRE_APPROVAL, S.UNDER_ASSESSMENT, S.APPROVAL_PENDING, S.UNDER_IMPLEMENTATION, S.IMPLEMENTED)
# How many of a hundred cases end up here, and after which step of the way
ENDS: tuple[tuple[S, int, int], ...] = (
    (S.REGISTRATION, 10, 0),
    (S.UNDER_ASSESSMENT, 14, 2),
    (S.UNDER_IMPLEMENTATION, 10, 4),
    (S.IMPLEMENTED, 40, 5),
    (S.INACTIVE, 10, 5),
    (S.CLOSED_REJECTED, 16, 2),
)
VERBS = {
    S.REGISTRATION: "registered", S.PENDING_PRE_APPROVAL: "submitted for pre-approval", S.UNDER_ASSESSMENT: "pre-approved",
    S.APPROVAL_PENDING: "submitted for final approval", S.UNDER_IMPLEMENTATION: "approved", S.IMPLEMENTED: "implemented",
    S.INACTIVE: "closed", S.CLOSED_REJECTED: "closed",
}  # fmt: skip
TITLES = ("Smaller boxes", "Labels in Swedish", "Pallets of wood", "Delivery before 6", "Certificate of origin", "No nuts")
_CASE = (
    "id", "number", "record_type_id", "account_id", "requirement_type_id", "title", "description", "priority", "received_on",
    "registered_by_id", "last_editor_id", "created_at", "status_since", "status", "version",
)  # fmt: skip
_SPELL = ("case_id", "status", "owner_id", "began_by_id", "began_at", "ended_at")


def load(count: int) -> None:
    """`count` cases. Nothing when cases of the large demo are there."""
    accounts = sold_to()
    products = list(
        Product.objects.filter(sku__startswith=PREFIX, is_active=True).order_by("pk").values_list("pk", flat=True)[:5_000]
    )
    if not count or not accounts or not products or Case.objects.filter(account__in=accounts[:500]).exists():
        return
    maker = _Maker(random.Random(count), accounts, products, count)
    for start in range(0, count, AT_ONCE):
        maker.write(min(AT_ONCE, count - start), is_first=start == 0)
    maker.numbers.keep()


class _Maker:
    def __init__(self, rng: random.Random, accounts: list[Account], products: list[int], count: int) -> None:
        self.rng, self.accounts, self.products, self.count = rng, accounts, products, count
        self.numbers = Numbers(SERIES)
        self.types = list(RequirementType.objects.order_by("pk").values_list("pk", flat=True))
        self.record_type = CaseType.objects.order_by("pk").values_list("pk", flat=True)[0]
        self.reasons = list(CloseReason.objects.order_by("pk"))
        roles = ("technical_team", "service_rep")
        people = User.objects.filter(role_assignments__role__in=roles, is_active=True).order_by("pk")
        self.workers = list(people.values_list("pk", flat=True)) or [accounts[0].owner_id or 0]
        self.now = clock.now()

    def write(self, count: int, *, is_first: bool) -> None:
        keys = bulk.new_keys(Case, count)
        rows, products, told, ends = [], [], [], defaultdict(list)
        spells: list[tuple[Any, ...]] = []
        subject = events.subject_type(Case)
        for place, key in enumerate(keys):
            status, _share, steps = self.rng.choices(ENDS, [share for _status, share, _steps in ENDS])[0]
            account = self.rng.choice(self.accounts)
            owner: Any = account.owner
            instants = self._instants(steps + (status in (S.INACTIVE, S.CLOSED_REJECTED)))
            rows.append(self._row(key, account, instants))
            worker = self.rng.choice(self.workers)
            ends[status, worker].append((key, instants[-1]))
            way = [*WAY[: steps + 1], *([status] if status not in WAY else [])]
            spells += self._spells(key, way, owner.pk, worker, instants)
            told += [
                (subject, key, VERBS[step], owner.pk, owner.display_name, at) for step, at in zip(way, instants, strict=True)
            ]
            number = min(MOST_PRODUCTS, len(self.products)) if is_first and not place else self.rng.randint(1, 4)
            products += [(key, product) for product in self.rng.sample(self.products, number)]
        stamps = [(row[11], row[9]) for row in rows]
        store(Case, _CASE, rows, stamps)
        made = dict(zip(keys, stamps, strict=True))
        related = [(key, *row) for key, row in zip(bulk.new_keys(CaseProduct, len(products)), products, strict=True)]
        store(CaseProduct, ("id", "case_id", "product_id"), related, [made[case] for case, _product in products])
        bulk.copy_rows(CaseSpell, _SPELL, spells)
        bulk.copy_rows(Event, ("subject_type", "subject_id", "verb", "by_id", "by_name", "at"), told)
        for (status, worker), found in ends.items():
            self._bring(status, worker, found)

    def _instants(self, steps: int) -> list[dt.datetime]:
        """When it was registered, and when each step was made."""
        instants = [self.now - dt.timedelta(days=self.rng.randint(1, 700), minutes=self.rng.randint(0, 1_400))]
        for _step in range(steps):
            left = (self.now - instants[-1]).total_seconds()
            instants.append(instants[-1] + dt.timedelta(seconds=self.rng.uniform(0.05, 0.4) * left))
        return instants

    def _row(self, key: int, account: Account, instants: list[dt.datetime]) -> tuple[Any, ...]:
        at, since = instants[0], instants[-1]
        title = self.rng.choice(TITLES)
        number, day = self.numbers.next(at.year), at.date()
        owner = account.owner_id
        return (
            key, number, self.record_type, account.pk, self.rng.choice(self.types), title, f"{title}, as agreed.",
            self.rng.choice((1, 2, 2, 2, 3, 4)), day, owner, owner, at, since, S.REGISTRATION.value, 1,
        )  # fmt: skip

    def _spells(self, key: int, way: list[S], owner: int, worker: int, instants: list[dt.datetime]) -> Iterator[tuple[Any, ...]]:
        for place, (passed, began) in enumerate(zip(way, instants, strict=True)):
            whose = worker if passed in WAY[2:5] else owner
            yield key, passed.value, whose, owner, began, instants[place + 1] if place + 1 < len(instants) else None

    def _bring(self, status: S, worker: int, found: list[tuple[int, dt.datetime]]) -> None:
        """Along the legal moves to this status: the database lets nobody skip one."""
        last = WAY.index(status) if status in WAY else 5 if status == S.INACTIVE else 2
        for batch in db.batches(found, db.keys_at_once()):
            cases = Case.objects.filter(pk__in=[key for key, _at in batch])
            for step in WAY[1 : last + 1]:
                values: dict[str, Any] = {"status": step}
                if step == S.UNDER_ASSESSMENT:
                    values["assessor"] = worker
                if step == S.APPROVAL_PENDING:
                    values |= {"feasibility": Feasibility.FEASIBLE, "conclusion": "It can be done."}
                if step == S.UNDER_IMPLEMENTATION:
                    values["implementer"] = worker
                cases.update(**values)
            if status not in WAY:
                cases.update(status=status, close_reason=self.rng.choice(self.reasons))
        if status in (S.IMPLEMENTED, S.INACTIVE):
            said = [(key, self.rng.choice((3, 4, 4, 5, 5)), "Ostaja", worker, at) for key, at in found if self.rng.random() < 0.5]
            bulk.copy_rows(CaseFeedback, ("case_id", "score", "said_by", "by_id", "at"), said)
