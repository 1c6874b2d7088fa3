"""What differs between two revisions of a quote: pure functions over their frozen contents (quotes.snapshots).

Whatever a content holds is compared, so that what is added to it later is, too; numbers as numbers, "5" being "5.000".
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, NamedTuple

Json = dict[str, Any]


class Kind(StrEnum):
    SAME = "same"
    CHANGED = "changed"
    MOVED = "moved"
    ADDED = "added"
    REMOVED = "removed"


class Pair(NamedTuple):
    """Something of the whole quote before and after; None where it was not, or is no longer there."""

    name: str
    before: Any
    after: Any

    @property
    def differs(self) -> bool:
        return not _equal(self.name, self.before, self.after)


class LineChange(NamedTuple):
    """A line before and after, as the contents have it; `fields` names what of it differs. `moved`: it stands elsewhere among
    the others."""

    before: Json | None
    after: Json | None
    fields: tuple[str, ...] = ()
    moved: bool = False

    @property
    def kind(self) -> Kind:
        if self.before is None or self.after is None:
            return Kind.ADDED if self.before is None else Kind.REMOVED
        if self.fields:
            return Kind.CHANGED
        return Kind.MOVED if self.moved else Kind.SAME

    @property
    def line(self) -> Json:
        """The line as it is, or as it was where it is gone."""
        return self.after or self.before or {}


class Comparison(NamedTuple):
    """`lines` in the order of now, those that are gone where they stood. `head`: terms, validity, notes. `vat`: by rate, the
    amounts. All pairs, whether they differ or not."""

    lines: list[LineChange]
    head: list[Pair]
    totals: list[Pair]
    vat: list[Pair]

    @property
    def differs(self) -> bool:
        pairs = (*self.head, *self.totals, *self.vat)
        return any(line.kind != Kind.SAME for line in self.lines) or any(pair.differs for pair in pairs)

    def number(self, kind: Kind) -> int:
        return sum(line.kind == kind for line in self.lines)


_NOT_OF_THE_LINE = {"id", "position", "share", "line_list", "included", "mark", "steps"}
"""Keys, places, and what follows from the rest of the line or from other lines."""
_NOT_OF_THE_HEAD = {"number", "revision", "currency", "account", "lines", "totals", "header"}
_UNSAID = {"kind": "product"}
"""What contents mean that were frozen before they said so."""
_TEXTS = {"sku", "customer_note", "price_date", "valid_until"}
TOTALS = ("list_total", "line_total", "header_discount", "discount_total", "net_total", "vat_total", "gross_total")


def compared(before: Json, after: Json, copied: Mapping[int, int] | None = None) -> Comparison:
    """The content `after` held against `before`. `copied`: line of `after` → line of `before` that it was made of."""
    before, after = ({**content, "texts": _texts(content)} for content in (before, after))
    names = (name for name in {**after, **before} if name not in _NOT_OF_THE_HEAD)
    return Comparison(
        lines=_lines(before["lines"], after["lines"], copied or {}),
        head=[Pair(name, before.get(name), after.get(name)) for name in names],
        totals=[Pair(name, before["totals"].get(name), after["totals"].get(name)) for name in TOTALS],
        vat=_vat(before["totals"]["vat"], after["totals"]["vat"]),
    )


def _texts(content: Json) -> list[str]:
    """The headings and notes between the lines, in their order; where they stand and what is under them the lines tell."""
    return [row["text"] for row in content.get("texts", [])]


def partners(before: Sequence[Json], after: Sequence[Json], copied: Mapping[int, int]) -> dict[int, Json]:
    """By the keys of lines of `after` the lines of `before` they stand for: the same one, or that of which they were made, else
    one of the same code, the likest first: equal in quantity and price, then in the same place. None stands for two."""
    known = {line["id"]: line for line in before}
    found: dict[int, Json] = {}
    for line in after:
        origin = line["id"] if line["id"] in known else copied.get(line["id"])
        if origin in known:
            found[line["id"]] = known.pop(origin)
    for key in (_sold_in_place, _sold, _code_in_place, _code):
        rest: dict[Any, deque[Json]] = {}
        for was in known.values():
            rest.setdefault(key(was), deque()).append(was)
        for line in after:
            if line["id"] not in found and (alike := rest.get(key(line))):
                found[line["id"]] = known.pop(alike.popleft()["id"])
    return found


def _sold_in_place(line: Json) -> Any:
    return _sold(line), line["position"]


def _sold(line: Json) -> Any:
    return _code(line), *(Decimal(line.get(name) or 0) for name in ("quantity", "list_price", "net_price"))


def _code_in_place(line: Json) -> Any:
    return _code(line), line["position"]


def _code(line: Json) -> Any:
    """What makes two lines of other origin the same: the product, or the words where there is none."""
    return line.get("sku") or str(line.get("name"))


def _lines(before: Sequence[Json], after: Sequence[Json], copied: Mapping[int, int]) -> list[LineChange]:
    found = partners(before, after, copied)
    places = {line["id"]: place for place, line in enumerate(before)}
    stay = _in_order([places[found[line["id"]]["id"]] for line in after if line["id"] in found])
    changes = []
    for line in after:
        was = found.get(line["id"])
        if was is None:
            changes.append(LineChange(None, line))
        else:
            fields = tuple(_differing(was, _seen_from(line, found)))
            changes.append(LineChange(was, line, fields, places[was["id"]] not in stay))
    return list(_with_gone(before, changes))


def _seen_from(line: Json, found: Mapping[int, Json]) -> Json:
    """The line as it reads among those before: the line that it stands for is the one that stood there."""
    stands_for = found.get(line.get("alternative_to") or 0)
    return {**line, "alternative_to": stands_for["id"]} if stands_for else line


def _differing(before: Json, after: Json) -> Iterator[str]:
    for name in {**_UNSAID, **after, **before}:
        unsaid = _UNSAID.get(name)
        if name not in _NOT_OF_THE_LINE and not _equal(name, before.get(name, unsaid), after.get(name, unsaid)):
            yield name


def _equal(name: str, one: Any, other: Any) -> bool:
    """Nothing is nothing, however it is written; so are numbers."""
    if one == other or (not one and not other):
        return True
    if name in _TEXTS or not (isinstance(one, str) and isinstance(other, str)):
        return False
    try:
        return Decimal(one) == Decimal(other)
    except InvalidOperation:
        return False


def _in_order(places: Sequence[int]) -> set[int]:
    """Of these places, all different, the most that rise: what is not among them has moved."""
    ends: list[int] = []  # by length, the place in which the rising row of this length ends that ends lowest
    at: list[int] = []
    former: list[int] = []
    for index, place in enumerate(places):
        length = bisect_left(ends, place)
        former.append(at[length - 1] if length else -1)
        ends[length : length + 1] = [place]
        at[length : length + 1] = [index]
    kept = set()
    index = at[-1] if at else -1
    while index >= 0:
        kept.add(places[index])
        index = former[index]
    return kept


def _with_gone(before: Sequence[Json], changes: Sequence[LineChange]) -> Iterator[LineChange]:
    """The changes, each line that is gone behind the one that it followed."""
    there = {change.before["id"] for change in changes if change.before}
    gone: dict[int, list[LineChange]] = {}
    anchor = 0
    for line in before:
        if line["id"] in there:
            anchor = line["id"]
        else:
            gone.setdefault(anchor, []).append(LineChange(line, None))
    yield from gone.get(0, ())
    for change in changes:
        yield change
        if change.before:
            yield from gone.get(change.before["id"], ())


def _vat(before: Sequence[Json], after: Sequence[Json]) -> list[Pair]:
    """By rate, the highest first."""
    was, now = ({Decimal(row["rate"]): row["amount"] for row in rows} for rows in (before, after))
    return [Pair(f"{rate:f}", was.get(rate), now.get(rate)) for rate in sorted({**was, **now}, reverse=True)]
