"""What goes together on a quote, and which rules contradict each other: pure functions over plain values.

A rule counts while the quote has a line of its subject. Nothing depends on the order of lines or rules.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from catalog.choices import LIMITS, RuleKind


class Thing(NamedTuple):
    """A product, or every product of a group."""

    product: int | None = None
    group: int | None = None


class Line(NamedTuple):
    """A line that counts, or something in the bundle on it; `quantity` in pricing units."""

    id: int
    product: int
    group: int | None
    quantity: Decimal


class Inside(NamedTuple):
    """A product in a bundle, and how many of its pricing units one bundle holds."""

    product: int
    group: int | None
    quantity: Decimal


def lines_of(line: Line, inside: Sequence[Inside] = ()) -> Iterator[Line]:
    """The line and what the bundle on it holds, as `check` takes them. A bundle with parts of its own group is none of the group
    itself: its parts are what is counted."""
    groups = {part.group for part in inside}
    yield line._replace(group=None) if line.group in groups else line
    for part in inside:
        yield Line(line.id, part.product, part.group, part.quantity * line.quantity)


class Rule(NamedTuple):
    """A rule as plain values. Limits name a `quantity`, the other kinds an `object`; the texts are for people, each in every
    language, in the order of `core.languages.CODES`."""

    pk: int
    kind: RuleKind
    subject: Thing
    object: Thing | None = None
    quantity: Decimal | None = None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    message: tuple[str, ...] = ()
    subject_name: tuple[str, ...] = ()
    object_name: tuple[str, ...] = ()

    @property
    def blocks(self) -> bool:
        """Whether a quote that breaks it cannot be sent; else it suggests."""
        return self.kind != RuleKind.RECOMMENDS

    def is_valid_on(self, day: dt.date) -> bool:
        return (self.valid_from or day) <= day <= (self.valid_to or day)


class Finding(NamedTuple):
    """A rule that the lines break. `lines`: the ids of those it is about, ascending; `missing`: what is to be added; `found`: the
    quantity there is, of limits."""

    rule: Rule
    lines: tuple[int, ...]
    missing: Thing | None = None
    found: Decimal | None = None

    @property
    def blocks(self) -> bool:
        return self.rule.blocks


# --- A quote ----------------------------------------------------------------------------------------------------------
class _Kept:
    """The lines of one thing."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    @cached_property
    def ids(self) -> tuple[int, ...]:
        return tuple(sorted({line.id for line in self.lines}))

    @cached_property
    def quantity(self) -> Decimal:
        return sum((line.quantity for line in self.lines), Decimal(0))

    @cached_property
    def products(self) -> frozenset[int]:
        return frozenset(line.product for line in self.lines)


def check(lines: Iterable[Line], rules: Iterable[Rule], day: dt.date) -> list[Finding]:
    """What the lines break on that day: what blocks first, then what is suggested, each by the age of the rules."""
    valid = [rule for rule in rules if rule.is_valid_on(day)]
    products, groups = named(valid)
    kept: dict[Thing, _Kept] = {}
    for line in lines:
        if line.product in products:
            kept.setdefault(Thing(line.product), _Kept()).lines.append(line)
        if line.group in groups:
            kept.setdefault(Thing(group=line.group), _Kept()).lines.append(line)
    findings = []
    for rule in valid:
        subject = kept.get(rule.subject)
        if subject is not None:
            finding = _broken(rule, subject, kept)
            if finding is not None:
                findings.append(finding)
    return sorted(findings, key=lambda finding: (not finding.blocks, finding.rule.pk))


def named(rules: Iterable[Rule]) -> tuple[set[int], set[int]]:
    """`(products, groups)` that the rules speak of; what else a quote has, decides nothing."""
    things = [thing for rule in rules for thing in (rule.subject, rule.object) if thing]
    return {thing.product for thing in things if thing.product}, {thing.group for thing in things if thing.group}


def things_of(product: int, group: int | None) -> tuple[Thing, ...]:
    """What rules may call the product."""
    return (Thing(product),) if group is None else (Thing(product), Thing(group=group))


def _broken(rule: Rule, subject: _Kept, kept: Mapping[Thing, _Kept]) -> Finding | None:
    if rule.kind in LIMITS:
        is_kept = subject.quantity <= rule.quantity if rule.kind == RuleKind.AT_MOST else subject.quantity >= rule.quantity  # type: ignore[operator]
        return None if is_kept else Finding(rule, subject.ids, found=subject.quantity)
    other = kept.get(rule.object) if rule.object else None
    if rule.kind != RuleKind.EXCLUDES:
        return None if other else Finding(rule, subject.ids, missing=rule.object)
    if other is None or len(subject.products | other.products) == 1:  # a product of the group it excludes stands by itself
        return None
    return Finding(rule, tuple(sorted({*subject.ids, *other.ids})))


# --- Rules that contradict each other ---------------------------------------------------------------------------------
class Contradiction(NamedTuple):
    """Rules that cannot all be kept. `circle`: they require each other in a circle; `limits`: the least is above the most; else
    what the last one excludes is required by the others, or is its own subject."""

    rules: tuple[Rule, ...]
    is_circle: bool = False

    @property
    def is_of_limits(self) -> bool:
        return self.rules[-1].kind in LIMITS


Groups = Mapping[int, int | None]
"""The group of each product that a rule names."""


def contradictions(rules: Collection[Rule], groups: Groups, of: Collection[int]) -> Iterator[Contradiction]:
    """Those that the rules with keys `of` are part of, on any day on which they are valid."""
    starts = {rule.valid_from or dt.date.min for rule in rules}
    for day in sorted(starts):  # rules that are ever valid together are so on the first day of one of them
        valid = [rule for rule in rules if rule.is_valid_on(day)]
        if any(rule.pk in of for rule in valid):
            for found in _on_one_day(valid, groups):
                if any(rule.pk in of for rule in found.rules):
                    yield found


def _on_one_day(rules: Collection[Rule], groups: Groups) -> Iterator[Contradiction]:
    by_subject: dict[Thing, list[Rule]] = {}
    for rule in sorted(rules):
        by_subject.setdefault(rule.subject, []).append(rule)
    yield from _circles(by_subject)
    yield from _limits(by_subject, groups)
    named = {thing for rule in rules for thing in (rule.subject, rule.object) if thing}
    for start in sorted(named, key=_order):
        yield from _exclusions(start, by_subject, groups)


def _order(thing: Thing) -> tuple[int, int]:
    return thing.product or 0, thing.group or 0


def _of(rules: Iterable[Rule], kind: RuleKind) -> list[Rule]:
    return [rule for rule in rules if rule.kind == kind]


def _circles(by_subject: Mapping[Thing, list[Rule]]) -> Iterator[Contradiction]:
    harmless: set[Thing] = set()
    way: list[Rule] = []

    def look(thing: Thing) -> Iterator[Contradiction]:
        for rule in _of(by_subject.get(thing, ()), RuleKind.REQUIRES):
            above = [step.subject for step in way] + [thing]
            if rule.object in above:
                yield Contradiction((*way, rule)[above.index(rule.object) :], is_circle=True)
            elif rule.object is not None and rule.object not in harmless:
                way.append(rule)
                yield from look(rule.object)
                way.pop()
        harmless.add(thing)

    for thing in sorted(by_subject, key=_order):
        if thing not in harmless:
            yield from look(thing)


def _limits(by_subject: Mapping[Thing, list[Rule]], groups: Groups) -> Iterator[Contradiction]:
    """Of the thing itself, and of a product and its group."""
    for thing, rules in by_subject.items():
        group = Thing(group=groups.get(thing.product)) if thing.product and groups.get(thing.product) else None
        above = [*rules, *(by_subject.get(group, ()) if group else ())]
        for least in _of(rules, RuleKind.AT_LEAST):
            for most in _of(above, RuleKind.AT_MOST):
                if least.quantity > most.quantity:  # type: ignore[operator]
                    yield Contradiction((least, most))


class _Item(NamedTuple):
    """Something that a quote must have, and the rules why."""

    things: frozenset[Thing]
    why: tuple[Rule, ...]


def _exclusions(start: Thing, by_subject: Mapping[Thing, list[Rule]], groups: Groups) -> Iterator[Contradiction]:
    """Pairs of what a quote with `start` must have, one of which excludes the other."""
    items = _required(start, by_subject, groups)
    for item in items:
        for thing in item.things:
            for rule in _of(by_subject.get(thing, ()), RuleKind.EXCLUDES):
                for other in items:
                    if other is not item and rule.object in other.things:
                        yield Contradiction((*dict.fromkeys((*item.why, *other.why)), rule))


def _required(start: Thing, by_subject: Mapping[Thing, list[Rule]], groups: Groups) -> list[_Item]:
    """`start` and all that it requires. That a group is required is met by a product of it that is required anyway; `start` is
    there in any case, a group as one of its products that no rule names."""
    items = [_Item(_called(start, groups), ())]
    for item in items:  # grows on the way
        for thing in sorted(item.things, key=_order):
            for rule in _of(by_subject.get(thing, ()), RuleKind.REQUIRES):
                if rule.object and not any(rule.object in other.things for other in items):
                    items.append(_Item(_called(rule.object, groups), (*item.why, rule)))
    first, *further = items
    return [first, *(item for item in further if not any(item.things < other.things for other in items))]


def _called(thing: Thing, groups: Groups) -> frozenset[Thing]:
    return frozenset({thing} if thing.product is None else things_of(thing.product, groups.get(thing.product)))
