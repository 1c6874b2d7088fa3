"""Which of the children's values an account gets: the rules, what each field's rule is unless somebody changes it, and the words.

What each rule means (blank values never count; "smallest" and "greatest" are plain text order, so no result depends on the order
of the rows):

- GREATEST: the greatest text, or amount. A name that all rows leave blank is the greatest child name, else the customer number.
- BY_REVENUE: the text whose rows have the highest summed revenue, of equals the smallest. Of an owner equals are a conflict.
- BY_VOLUME: the place is the postcode with the largest summed volume, of equals the smallest; rows without any postcode are one
  place. Street, city and country are those of the largest row there: one with a street first, then by volume, then the smallest
  child id. Any other column: the text with the largest summed volume at the place, of equals the smallest.
- SUM: of amounts. SMALLEST: the smallest text. ALL: every different text in order, with commas between.
- LATEST: the value of the row with the greatest `updated_at`, of equals that with the greatest child id.
- FIRST: the value of the row with the smallest child id.

A field that *must agree* is a conflict as soon as the rows have two different values; its rule decides all the same.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Rule(models.TextChoices):
    """How one value comes from many."""

    BY_REVENUE = "by_revenue", _("highest revenue")
    BY_VOLUME = "by_volume", _("largest volume by postcode")
    GREATEST = "greatest", _("greatest in text order")
    SMALLEST = "smallest", _("smallest in text order")
    LATEST = "latest", _("changed last")
    FIRST = "first", _("first site that has one")
    ALL = "all", _("all of the sites")
    SUM = "sum", _("sum of the sites")


class ConflictKind(models.TextChoices):
    """Why the master could not decide."""

    TIE = "tie", _("Tie of salespeople")
    NONE = "none", _("No salesperson")
    UNKNOWN = "unknown", _("Unknown salesperson")
    DISAGREE = "disagree", _("The sites disagree")


@dataclass(frozen=True)
class FieldRule:
    """The rule of one field of the account, and the column of the child rows that it looks at."""

    field: str
    rule: Rule
    column: str
    must_agree: bool = False


AMOUNTS = ("revenue", "volume")
"""The columns that are added up; all others are text."""
COLUMNS = (
    "parent_name", "child_name", "salesperson_id", "tma1", "tma2", "industry", "business_size", "classification", "channel",
    "sap_code", "business_id", "vat_number", "street", "postcode", "city", "country", "region", *AMOUNTS,
)  # fmt: skip
"""The columns of a child row that can feed an account."""
NAMES = {"salesperson_id": "salesperson_name", "tma1": "tma1_name", "tma2": "tma2_name"}
"""Which column names what stands in the other."""
ADDRESS = ("street", "city", "country")
AMOUNT_RULES = (Rule.SUM, Rule.GREATEST)
TEXT_RULES = tuple(rule for rule in Rule if rule != Rule.SUM)
DEFAULTS = {
    rule.field: rule
    for rule in (
        FieldRule("name", Rule.GREATEST, "parent_name"),
        *(
            FieldRule(name, Rule.BY_REVENUE, name)
            for name in (
                "business_id", "vat_number", "tma1", "tma2", "industry", "business_size", "classification", "channel",
            )
        ),
        FieldRule("owner", Rule.BY_REVENUE, "salesperson_id"),
        *(FieldRule(name, Rule.BY_VOLUME, name) for name in ("region", "street", "postcode", "city", "country")),
        FieldRule("sap_codes", Rule.ALL, "sap_code"),
        FieldRule("yearly_revenue", Rule.SUM, "revenue"),
        FieldRule("yearly_volume", Rule.SUM, "volume"),
    )
}  # fmt: skip
"""The rule of every master-fed field that no row of the table says otherwise about."""


def fits(rule: FieldRule) -> bool:
    """Whether the field can be filled that way: amounts from amounts, texts from texts, the owner from salespeople alone."""
    amount = DEFAULTS[rule.field].column in AMOUNTS
    if amount or rule.column in AMOUNTS:
        return amount and rule.column in AMOUNTS and rule.rule in AMOUNT_RULES
    owner = (rule.field == "owner") == (rule.column == "salesperson_id")
    return owner and rule.column in COLUMNS and rule.rule in TEXT_RULES


# --- One field of one account, decided and explained ------------------------------------------------------------------
Row = Mapping[str, Any]
"""A child row by our names: texts (blank or left out = ""), revenue in cents and volume in thousandths (left out = 0)."""
Value = str | int


class Why(models.TextChoices):
    """Why a candidate won, or why nobody did."""

    ONLY = "only", _("the only value")
    REVENUE = "revenue", _("highest revenue")
    VOLUME = "volume", _("largest volume")
    GREATEST = "greatest", _("greatest in order")
    SMALLEST = "smallest", _("smallest in order")
    SMALLEST_OF_EQUALS = "smallest_of_equals", _("smallest of equals")
    LATEST = "latest", _("changed last")
    GREATEST_SITE = "greatest_site", _("changed last, of equals the greatest site number")
    FIRST = "first", _("smallest site number")
    LARGEST_SITE = "largest_site", _("largest site there, one with a street first")
    PART = "part", _("counts in")
    TIED = "tied", _("as much as another")
    SITE_NAME = "site_name", _("no site names the customer: the greatest name of a site")
    NUMBER = "number", _("no site has a name: the customer number")


@dataclass(frozen=True)
class Candidate:
    """A value that the field could have had. `children`: the ids of the rows that carry it, in text order.

    `label`: the greatest name that the rows give the value; "" where they give none. `weight`: cents or thousandths, None where
    the rule weighs nothing; of a part of an address it is that of its largest row.
    """

    value: Value
    label: str
    weight: int | None
    children: tuple[str, ...]
    won: bool = False
    why: str = ""


@dataclass(frozen=True)
class Decision:
    """What a field becomes. Texts are "" and amounts 0 where nothing decides; an owner on whom people tie is "".

    `conflict`: "" or a `ConflictKind` but UNKNOWN, which only those who know our people can tell. `weighed`: what the weights
    are, "revenue", "volume" or "". `candidates`: the best first. `places`: by volume, the postcodes that came into question.
    """

    value: Value
    label: str
    conflict: str
    weighed: str
    candidates: tuple[Candidate, ...]
    places: tuple[Candidate, ...] = ()


def decide(rows: Iterable[Row], rule: FieldRule, *, parent_id: str = "") -> Decision:
    """What the rule makes of the rows of one parent, and why. The reference for `integration.aggregation`, which does the same
    for a million rows at once.
    """
    in_order = sorted(rows, key=_child)
    weighed = _WEIGHED.get(rule.rule, "")
    places: list[Candidate] = []
    if rule.column in AMOUNTS:
        weighed, candidates = "", _amounts(in_order, rule)
    elif rule.rule == Rule.BY_VOLUME:
        places, candidates = _by_volume(in_order, rule.column)
    else:
        candidates = _TEXTS[rule.rule](in_order, rule.column)
    if rule.field == "owner" and rule.rule == Rule.BY_REVENUE:
        candidates = _undecided(candidates)
    if rule.field == "name" and not candidates:
        weighed, candidates = "", _nameless(in_order, parent_id)
    won = [candidate for candidate in candidates if candidate.won]
    return Decision(
        value=_value(won, rule),
        label=won[0].label if len(won) == 1 else "",
        conflict=_conflict(in_order, rule, candidates),
        weighed=weighed,
        candidates=tuple(candidates),
        places=tuple(places),
    )


_WEIGHED = {Rule.BY_REVENUE: "revenue", Rule.BY_VOLUME: "volume"}


def _value(won: Sequence[Candidate], rule: FieldRule) -> Value:
    if rule.rule == Rule.SUM:
        return sum(int(candidate.value) for candidate in won)
    if rule.rule == Rule.ALL:
        return ", ".join(str(candidate.value) for candidate in won)
    return won[0].value if won else 0 if rule.column in AMOUNTS else ""


def _conflict(rows: Sequence[Row], rule: FieldRule, candidates: Sequence[Candidate]) -> str:
    if rule.field == "owner" and not candidates:
        return ConflictKind.NONE
    if rule.field == "owner" and not any(candidate.won for candidate in candidates):
        return ConflictKind.TIE
    present = {_amount(row, rule.column) for row in rows} if rule.column in AMOUNTS else _by_text(rows, rule.column).keys()
    return ConflictKind.DISAGREE if rule.must_agree and len(present) > 1 else ""


# --- Reading rows -----------------------------------------------------------------------------------------------------
def _child(row: Row) -> str:
    return _text(row, "child_id")


def _text(row: Row, column: str) -> str:
    return str(row.get(column) or "")


def _amount(row: Row, column: str) -> int:
    return int(row.get(column) or 0)


def _by_text(rows: Iterable[Row], column: str) -> dict[str, list[Row]]:
    """The rows of each text of the column; blank ones are left out."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if _text(row, column):
            found.setdefault(_text(row, column), []).append(row)
    return found


def _candidate(value: Value, rows: Sequence[Row], column: str, weight: int | None = None) -> Candidate:
    label = max((_text(row, NAMES[column]) for row in rows), default="") if column in NAMES else ""
    return Candidate(value, label, weight, tuple(_child(row) for row in rows))


# --- The rules --------------------------------------------------------------------------------------------------------
def _amounts(rows: Sequence[Row], rule: FieldRule) -> list[Candidate]:
    """SUM: every row counts in. GREATEST: the greatest of the amounts."""
    if rule.rule == Rule.SUM:
        parts = sorted(rows, key=lambda row: -_amount(row, rule.column))
        return [replace(_candidate(_amount(row, rule.column), [row], rule.column), won=True, why=Why.PART) for row in parts]
    amounts = sorted({_amount(row, rule.column) for row in rows}, reverse=True)
    carried = {amount: [row for row in rows if _amount(row, rule.column) == amount] for amount in amounts}
    return _crowned([_candidate(amount, carried[amount], rule.column) for amount in amounts], Why.GREATEST)


def _heaviest(rows: Sequence[Row], column: str, amount: str, why: Why) -> list[Candidate]:
    """The texts by their summed amount, of equals the smallest first."""
    texts = _by_text(rows, column).items()
    found = [_candidate(text, group, column, sum(_amount(row, amount) for row in group)) for text, group in texts]
    found.sort(key=lambda candidate: (-(candidate.weight or 0), candidate.value))
    is_equal = len(found) > 1 and found[0].weight == found[1].weight
    return _crowned(found, Why.SMALLEST_OF_EQUALS if is_equal else why)


def _by_revenue(rows: Sequence[Row], column: str) -> list[Candidate]:
    return _heaviest(rows, column, "revenue", Why.REVENUE)


def _by_volume(rows: Sequence[Row], column: str) -> tuple[list[Candidate], list[Candidate]]:
    """The places, and the candidates at the one that won; all rows are one place where none has a postcode."""
    places = _heaviest(rows, "postcode", "volume", Why.VOLUME)
    if column == "postcode":
        return places, places
    there = [row for row in rows if not places or _text(row, "postcode") == places[0].value]
    if column not in ADDRESS:
        return places, _heaviest(there, column, "volume", Why.VOLUME)
    largest = sorted(there, key=lambda row: (not _text(row, "street"), -_amount(row, "volume"), _child(row)))
    found: dict[str, list[Row]] = {}
    for row in largest:
        found.setdefault(_text(row, column), []).append(row)
    ranked = [_candidate(text, sorted(group, key=_child), column, _amount(group[0], "volume")) for text, group in found.items()]
    return places, _crowned(ranked, Why.LARGEST_SITE)


def _greatest(rows: Sequence[Row], column: str) -> list[Candidate]:
    return _crowned(_smallest(rows, column)[::-1], Why.GREATEST)


def _smallest(rows: Sequence[Row], column: str) -> list[Candidate]:
    texts = sorted(_by_text(rows, column).items())
    return _crowned([_candidate(text, group, column) for text, group in texts], Why.SMALLEST)


def _all(rows: Sequence[Row], column: str) -> list[Candidate]:
    return [replace(candidate, won=True, why=Why.PART) for candidate in _smallest(rows, column)]


def _latest(rows: Sequence[Row], column: str) -> list[Candidate]:
    """The texts by the row that has them and was changed last, of equals the greatest child id."""
    by_age = sorted(rows, key=lambda row: (_text(row, "updated_at"), _child(row)), reverse=True)
    texts = _by_text(by_age, column)
    newest = [_text(group[0], "updated_at") for group in texts.values()]
    is_equal = len(newest) > 1 and newest[0] == newest[1]
    found = [_candidate(text, sorted(group, key=_child), column) for text, group in texts.items()]
    return _crowned(found, Why.GREATEST_SITE if is_equal else Why.LATEST)


def _first(rows: Sequence[Row], column: str) -> list[Candidate]:
    """The texts in the order of the smallest child id that has them: that of `rows`."""
    return _crowned([_candidate(text, group, column) for text, group in _by_text(rows, column).items()], Why.FIRST)


_TEXTS: dict[Rule, Callable[[Sequence[Row], str], list[Candidate]]] = {
    Rule.BY_REVENUE: _by_revenue,
    Rule.GREATEST: _greatest,
    Rule.SMALLEST: _smallest,
    Rule.LATEST: _latest,
    Rule.FIRST: _first,
    Rule.ALL: _all,
}


# --- Who won ----------------------------------------------------------------------------------------------------------
def _crowned(ranked: Sequence[Candidate], why: Why) -> list[Candidate]:
    """The first one has won, for that reason; the only one because there is no other."""
    first = [replace(candidate, won=True, why=why if len(ranked) > 1 else Why.ONLY) for candidate in ranked[:1]]
    return [*first, *(replace(candidate, won=False, why="") for candidate in ranked[1:])]


def _undecided(candidates: list[Candidate]) -> list[Candidate]:
    """Nobody has won where several weigh as much as the first."""
    leading = [candidate for candidate in candidates if candidate.weight == candidates[0].weight]
    if len(leading) < 2:
        return candidates
    return [*(replace(candidate, won=False, why=Why.TIED) for candidate in leading), *candidates[len(leading) :]]


def _nameless(rows: Sequence[Row], parent_id: str) -> list[Candidate]:
    """An account always has a name."""
    named = [replace(candidate, why=Why.SITE_NAME if candidate.won else "") for candidate in _greatest(rows, "child_name")]
    number = parent_id or next((_text(row, "parent_id") for row in rows if _text(row, "parent_id")), "")
    return named or [Candidate(number, "", None, (), won=True, why=Why.NUMBER)] * bool(number)
