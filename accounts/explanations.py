"""Why a master-fed field has its value, ready to read: decisions (`accounts.survivorship`) in words, and former values."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.db.models import ForeignKey
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from accounts import selectors, survivorship
from accounts.models import MASTER_LOOK_UPS, Account
from accounts.selectors import Fact, column_label
from accounts.survivorship import AMOUNTS, DEFAULTS, Candidate, ConflictKind, Decision, FieldRule, Row, Rule, Value, Why
from core.models import JobRun
from core.templatetags.ui import money, quantity
from users.models import User

SHOWN = 50
"""The most sites, and candidates, that a page lists."""
_FORMER_SHOWN, _LOOKED_BACK = 20, 500
_SITE = ("child_id", "name", "sap_code", "street", "postcode", "city", "country", "revenue", "volume", "row", "is_active")
_CALLED = {
    "parent_name": gettext_lazy("customer name"),
    "child_name": gettext_lazy("site name"),
    "salesperson_id": gettext_lazy("salesperson"),
    "sap_code": gettext_lazy("SAP code"),
    "revenue": gettext_lazy("revenue"),
    "volume": gettext_lazy("volume"),
}
"""Columns of a child row that no field of the account is named after."""


# --- Decisions in words -----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class ShownCandidate:
    """`won`: one with a value. That of a site without any leaves the field blank, as `why` says."""

    value: str
    weight: str
    sites: str
    won: bool
    why: str


@dataclass(frozen=True)
class ShownDecision:
    """A decision ready to read. `more` candidates than `candidates` are not listed."""

    label: str
    rule: str
    value: str
    conflict: str
    weighed: str
    candidates: list[ShownCandidate]
    more: int
    place: str


def column_words(column: str) -> str:
    """What a column of the child rows is called."""
    return str(_CALLED[column]) if column in _CALLED else column_label(Account, column)


def rule_words(rule: FieldRule) -> str:
    words = {"rule": rule.rule.label, "column": column_words(rule.column)}
    text = _("%(rule)s, of “%(column)s”") % words
    return _("%(rule)s; the sites must agree") % {"rule": text} if rule.must_agree else text


def shown(decision: Decision, rule: FieldRule, names: Mapping[str, str] | None = None) -> ShownDecision:
    """`names`: what people call a value, where the rows do not say it."""
    called = names or {}
    candidates = decision.candidates if any(candidate.value != "" for candidate in decision.candidates) else ()
    kept = candidates[:SHOWN]
    place = next((str(place.value) for place in decision.places if place.won), "")
    return ShownDecision(
        label=column_label(Account, rule.field),
        rule=rule_words(rule),
        value=value_words(decision.value, rule.column, called.get(str(decision.value)) or decision.label),
        conflict=str(ConflictKind(decision.conflict).label) if decision.conflict else "",
        weighed=_weighed(decision.weighed),
        candidates=[_candidate(candidate, decision.weighed, rule.column, called) for candidate in kept],
        more=len(candidates) - len(kept),
        place=place if rule.column != "postcode" else "",
    )


def value_words(value: Value, column: str, label: str = "") -> str:
    """A value of a column of the child rows: its label with a number beside it, amounts in the notation of the language."""
    if column in AMOUNTS:
        return amount_words(int(value), column)
    return f"{label} ({value})" if label and label != value else str(value)


def amount_words(amount: int, column: str) -> str:
    """Cents or thousandths, as people write them."""
    return money(Decimal(amount).scaleb(-2)) if column == "revenue" else quantity(Decimal(amount).scaleb(-3))


def _weighed(weighed: str) -> str:
    return column_words(weighed) if weighed else ""


def _candidate(candidate: Candidate, weighed: str, column: str, names: Mapping[str, str]) -> ShownCandidate:
    few = ", ".join(candidate.children[:3])
    more = len(candidate.children) - 3
    return ShownCandidate(
        value=value_words(candidate.value, column, names.get(str(candidate.value)) or candidate.label) or "–",
        weight="" if candidate.weight is None else amount_words(candidate.weight, weighed),
        sites=few
        if more < 1
        else ngettext("%(few)s and %(more)s more", "%(few)s and %(more)s more", more) % {"few": few, "more": more},
        won=candidate.won and candidate.value != "",
        why=str(Why(candidate.why).label) if candidate.why else "",
    )


# --- An account -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class ShownSite:
    """A site that has a say: the value it has, and what it weighs."""

    number: str
    name: str
    value: str
    weight: str
    won: bool


@dataclass(frozen=True)
class Former:
    """A change of the value: what it was before and after, as people read it."""

    at: dt.datetime
    by: str
    before: str
    after: str


@dataclass(frozen=True)
class Explanation:
    """Why a field of an account has its value.

    `more_sites`: those with a say that are not listed. `silent`: those without one. `is_past`: no site is active, so those that
    were are shown. `differs`: by the rule in force the sites now give another value than the one the master's last run left.
    """

    fact: Fact
    run: JobRun | None
    is_usual: bool
    decision: ShownDecision
    sites: list[ShownSite]
    more_sites: int
    silent: int
    is_past: bool
    differs: bool
    former: list[Former]


def explain(account: Account, field: str) -> Explanation:
    """The queries of `selectors.master_sources`, and at most five."""
    source = selectors.master_sources(account)[field]
    rule = selectors.rules_in_force()[field]
    sites = list(account.sites.order_by().values(*_SITE))
    active = [site for site in sites if site["is_active"]]
    rows = {site["child_id"]: row_of(site) for site in active or sites}
    decision = survivorship.decide(rows.values(), rule, parent_id=account.parent_customer_id or "")
    names = _names(rule, decision)
    listed = _sites(rows, decision, rule, names)
    return Explanation(
        fact=selectors.fact_of(account, field, source),
        run=source.run,
        is_usual=rule == DEFAULTS[field],
        decision=shown(decision, rule, names),
        sites=listed[:SHOWN],
        more_sites=max(len(listed) - SHOWN, 0),
        silent=len(rows) - len(listed),
        is_past=bool(sites) and not active,
        differs=bool(active) and source.run is not None and not _is_stored(source.value or "", decision, rule),
        former=former_values(account, field),
    )


def conflict_of(account: Account, field: str) -> str:
    """What the master cannot decide about the field, by its active sites and the rule in force: "" or a kind. Two queries."""
    sites = account.sites.filter(is_active=True).order_by().values(*_SITE)
    return survivorship.decide(map(row_of, sites), selectors.rules_in_force()[field]).conflict


def row_of(site: Mapping[str, Any]) -> Row:
    """A site as the child row that it came from."""
    own = {name: site[name] for name in ("child_id", "sap_code", "street", "postcode", "city", "country")}
    amounts = {"revenue": int(site["revenue"].scaleb(2)), "volume": int(site["volume"].scaleb(3))}
    return {**site["row"], **own, "child_name": site["name"], **amounts}


def _names(rule: FieldRule, decision: Decision) -> dict[str, str]:
    """What people call the candidates: labels of codes, names of our users. One query where the field has such."""
    values = [str(candidate.value) for candidate in decision.candidates[:SHOWN]]
    if rule.field == "owner":
        people = User.objects.filter(salesperson_id__in=values).values_list("salesperson_id", "display_name")
        return {str(number): name for number, name in people}
    if rule.field in MASTER_LOOK_UPS:
        return {row.code: str(row) for row in selectors.look_up_rows(rule.field).filter(code__in=values).order_by()}
    return {}


def _sites(rows: Mapping[str, Row], decision: Decision, rule: FieldRule, names: Mapping[str, str]) -> list[ShownSite]:
    """The sites behind the candidates, the best first, and of one candidate the heaviest."""
    weighed = decision.weighed or (rule.column if rule.column in AMOUNTS else "")
    return [
        ShownSite(
            number=child,
            name=str(rows[child]["child_name"]),
            value=value_words(candidate.value, rule.column, names.get(str(candidate.value)) or candidate.label) or "–",
            weight=amount_words(rows[child][decision.weighed], decision.weighed) if decision.weighed else "",
            won=candidate.won,
        )
        for candidate in decision.candidates
        for child in sorted(candidate.children, key=lambda child: (-rows[child][weighed] if weighed else 0, child))
    ]


def _is_stored(stored: str, decision: Decision, rule: FieldRule) -> bool:
    """Whether the master's value is what the sites give. A long list of texts is stored cut, with a mark at its end."""
    if rule.column in AMOUNTS:
        return Decimal(stored or 0) == Decimal(decision.value).scaleb(-2 if rule.column == "revenue" else -3)
    value = str(decision.value)
    return value == stored or (rule.rule == Rule.ALL and stored.endswith("…") and value.startswith(stored.rstrip("…, ")))


# --- Former values ----------------------------------------------------------------------------------------------------
def former_values(account: Account, field: str) -> list[Former]:
    """The changes of the field, the latest first. Two queries."""
    column: Any = Account._meta.get_field(field)
    history: Any = account.history  # type: ignore[attr-defined]
    read = ("history_date", "history_user__display_name", column.attname)
    rows = list(history.order_by("-history_date", "-history_id").values_list(*read)[:_LOOKED_BACK])
    changes = [(newer, older) for newer, older in pairwise(rows) if newer[2] != older[2]][:_FORMER_SHOWN]
    words = _stored_words(column, {key for pair in changes for _at, _by, key in pair})
    return [
        Former(at, by or _("customer master"), _stored(field, before, words), _stored(field, after, words))
        for (at, by, after), (_at, _by, before) in changes
    ]


def _stored_words(column: Any, keys: Iterable[Any]) -> dict[Any, str]:
    if not isinstance(column, ForeignKey):
        return {}
    model: Any = column.related_model
    return {row.pk: str(row) for row in model._default_manager.filter(pk__in=[key for key in keys if key]).order_by()}


def _stored(field: str, value: Any, words: Mapping[Any, str]) -> str:
    return words.get(value) or selectors.shown(field, value) or "–"


def decisions_of(rows: Sequence[Row], rules: Mapping[str, FieldRule]) -> list[ShownDecision]:
    """The parent that comes out of these rows, field by field."""
    return [shown(survivorship.decide(rows, rule), rule) for rule in rules.values()]
