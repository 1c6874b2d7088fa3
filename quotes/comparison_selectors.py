"""Reads for comparing revisions: what there is to compare, and what each of them says."""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import NamedTuple

from core.errors import NotFound
from core.forms import whole
from quotes import comparing, selectors, snapshots
from quotes.choices import QuoteStatus
from quotes.comparing import Comparison, Json, Pair
from quotes.models import Quote, QuoteDocument, QuoteLine, QuoteSnapshot
from users.models import User


class Version(NamedTuple):
    """A revision as it stands, or as it was submitted `at` a moment, at its version `snapshot`. `stands`: and so it stands."""

    quote: Quote
    snapshot: int | None = None
    at: dt.datetime | None = None
    stands: bool = False

    @property
    def key(self) -> str:
        """How an address names it: "12", or "12.3" as it was submitted at its version 3."""
        return f"{self.quote.pk}" if self.snapshot is None else f"{self.quote.pk}.{self.snapshot}"

    @property
    def age(self) -> tuple[int, int]:
        """The smaller, the earlier."""
        return self.quote.revision, 10**9 if self.snapshot is None else self.snapshot


def versions_of(user: User, quote: Quote) -> list[Version]:
    """All revisions of the number in sight, each as it stands and as it was submitted before, the latest first. Two queries."""
    revisions = (
        Quote.objects.visible_to(user).filter(number=quote.number).select_related("account", "payment_term", "payment_type")
    )
    snapshots_of: dict[int, list[QuoteSnapshot]] = {}
    for snapshot in QuoteSnapshot.objects.filter(quote__number=quote.number).defer("text").order_by("-version"):
        snapshots_of.setdefault(snapshot.quote_id, []).append(snapshot)
    found = []
    for revision in revisions.order_by("-revision"):
        earlier = snapshots_of.get(revision.pk, [])
        found.append(Version(revision, stands=True))
        for place, snapshot in enumerate(earlier):
            stands = place == 0 and revision.status != QuoteStatus.DRAFT
            found.append(Version(revision, snapshot.version, snapshot.at, stands))
    return found


def chosen(versions: Collection[Version], key: str) -> Version:
    """The one that an address names. Raises: NotFound."""
    quote_id, _point, snapshot = key.partition(".")
    named = (whole(quote_id), whole(snapshot) if snapshot else None)
    for version in versions:
        if (version.quote.pk, version.snapshot) == named:
            return version
    raise NotFound


def usual(versions: Collection[Version], version: Version) -> Version | None:
    """What a version is compared with where nobody says otherwise: what it was made of, else what stood before it."""
    earlier = [other for other in versions if other.age < version.age and not is_same(other, version)]
    made_of = [other for other in earlier if other.quote.pk == version.quote.previous_id and other.snapshot is None]
    return next(iter((*made_of, *earlier)), None)


def is_same(one: Version, other: Version) -> bool:
    """Whether nothing can differ between the two."""
    return one.quote.pk == other.quote.pk and (one.key == other.key or (one.stands and other.stands))


def content_of(version: Version) -> Json:
    """What it says: frozen once it was submitted, else of the lines as they are. One query."""
    quote = version.quote
    if version.snapshot is not None:
        return QuoteSnapshot.objects.get(quote=quote, version=version.snapshot).content
    snapshot = None if quote.status == QuoteStatus.DRAFT else selectors.latest_snapshot(quote)
    return snapshot.content if snapshot else snapshots.content_of(quote, selectors.quoted(quote))


class Found(NamedTuple):
    """The earlier and the later of two versions, and what differs between them."""

    before: Version
    after: Version
    comparison: Comparison


def compared(one: Version, other: Version) -> Found:
    """What differs between the two, with what only the house sees."""
    before, after = sorted((one, other), key=lambda version: version.age)
    comparison = comparing.compared(content_of(before), content_of(after), copied(before.quote, after.quote))
    if before.snapshot is None and after.snapshot is None:
        note = Pair("internal_note", before.quote.internal_note, after.quote.internal_note)
        comparison = comparison._replace(head=[*comparison.head, note])
    return Found(before, after, comparison)


def margins(found: Found) -> Pair | None:
    """The margins of both in percent; None where an earlier submission, which keeps none, is meant."""
    if found.before.snapshot is not None or found.after.snapshot is not None:
        return None
    return Pair("margin", found.before.quote.margin_percent, found.after.quote.margin_percent)


class SinceSent(NamedTuple):
    """`revision`: that which the customer had before."""

    revision: int
    comparison: Comparison


def since_sent(document: QuoteDocument) -> SinceSent | None:
    """What differs from the last revision that was sent before this document; None where it is the first. Both contents are what
    the customer was sent, without what a bundle is made of where that is not shown. No query for a first revision, else two."""
    if document.quote.revision == 1:
        return None
    earlier = (
        QuoteDocument.objects.filter(
            quote__number=document.quote.number, quote__revision__lt=document.quote.revision, withdrawn_at=None
        )
        .select_related("snapshot", "quote")
        .order_by("-quote__revision")
        .first()
    )
    if earlier is None:
        return None
    origins = copied(earlier.quote, document.quote)
    return SinceSent(earlier.quote.revision, comparing.compared(_shown(earlier), _shown(document), origins))


def _shown(document: QuoteDocument) -> Json:
    content = document.snapshot.content
    lines = [{name: value for name, value in line.items() if name != "composition"} for line in content["lines"]]
    return {**content, "lines": lines}


def copied(before: Quote, after: Quote) -> dict[int, int]:
    """Line of `after` → line of `before` that it was made of, over any number of revisions. One query."""
    if before.pk == after.pk:
        return {}
    rows = list(QuoteLine.objects.filter(quote__number=after.number).order_by().values_list("pk", "quote", "origin"))
    origins = {pk: origin for pk, _quote, origin in rows if origin is not None}
    return traced(origins, {pk for pk, quote_id, _origin in rows if quote_id == before.pk})


def traced(origins: Mapping[int, int], ends: Collection[int]) -> dict[int, int]:
    """For each that leads to one of `ends`, over any number of steps, which it is."""
    found = {}
    for start in origins:
        at: int | None = start
        seen: set[int] = set()
        while at is not None and at not in ends and at not in seen:
            seen.add(at)
            at = origins.get(at)
        if at is not None and at in ends and at != start:
            found[start] = at
    return found
