"""Reads of accounts."""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Exists, F, Field, FilteredRelation, Model, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from accounts import payment_terms
from accounts.models import (
    MASTER_LOOK_UPS,
    Account,
    AccountStatus,
    FieldOverride,
    MasterConflict,
    MasterRecord,
    PaymentTerm,
    PaymentTermRule,
    PaymentType,
    SurvivorshipRule,
)
from accounts.survivorship import DEFAULTS, FieldRule
from core import db
from core.errors import NotFound
from core.languages import CODES, active, by_language
from core.models import JobRun
from core.prepared import Prepared
from core.set_up import kept
from core.templatetags.ui import money, quantity
from users.models import User
from users.roles import Perm, Scope

CRITERIA = ("tma2", "classification", "industry", "business_size")


def account_list_for(user: User) -> QuerySet[Account]:
    """The accounts in sight of this person, with what a list shows of them."""
    return Account.objects.visible_to(user).select_related("owner", "tma2")


_RELATED = (
    "owner__team", "unit", "tma1", "tma2", "industry", "business_size", "classification", "channel", "region",
    "territory", "payment_term", "payment_type",
)  # fmt: skip


def account_for(user: User, account_id: int) -> Account:
    """An account in sight of this person, with what its page shows. Raises: NotFound."""
    account: Account | None = _account.first(user, account_id)
    if account is None:
        raise NotFound
    return account


_account = Prepared(lambda user, pk: Account.objects.visible_to(user).select_related(*_RELATED).filter(pk=pk).order_by())


def look_up(field: str) -> QuerySet[Any]:
    """The values in use of a field of the account whose values are looked up, in their order."""
    model: Any = Account._meta.get_field(field).related_model
    values: QuerySet[Any] = model._default_manager.filter(is_active=True)
    return values


def owners_in_sight(user: User) -> QuerySet[User]:
    """People who own an account in sight of this person, by name.

    Asked from the side of the people, each by an index: going through the accounts would read a million rows for a short list.
    """
    owned = Account.objects.filter(owner=OuterRef("pk"))
    seen = Q(Exists(owned))
    if not user.may(Perm.ACCOUNT_VIEW):
        return QuerySet(User).none()
    if user.scope != Scope.ALL:
        seen = Q(Exists(owned), pk=user.pk) | Q(Exists(owned.filter(team_members__user=user)))
        if user.scope == Scope.UNIT and user.unit_id is not None:
            seen |= Q(Exists(owned.filter(unit=user.unit_id)))
        elif user.team_id is not None:
            seen |= Q(Exists(owned), team=user.team_id)
    return QuerySet(User).filter(seen).order_by("display_name", "pk")


def account_search(user: User, text: str, limit: int = 20) -> list[Account]:
    """Active accounts for a type-ahead: those whose name starts with `text` first."""
    clean = text.replace("\x00", "").strip()
    found = Account.objects.visible_to(user).filter(status=AccountStatus.ACTIVE).matching(clean).select_related("owner")
    accounts = list(found.order_by("name", "pk")[: limit * 3])
    start = clean.casefold()
    accounts.sort(key=lambda account: (not account.name.casefold().startswith(start), account.name, account.pk))
    return accounts[:limit]


def account_for_update(account_id: int, user: User) -> Account:
    """The account, its row locked. Raises: NotFound when it is out of this person's sight."""
    visible = Account.objects.visible_to(user).select_related("owner")
    account = visible.select_for_update(**db.lock_options()).filter(pk=account_id).first()
    if account is None:
        raise NotFound
    return account


def accounts_to_quote(user: User, account_id: int) -> QuerySet[Account]:
    """The account that a quote is made for, if it is in this person's sight, with key and language of its default contact
    (`contact_pk`, `contact_language`)."""
    return (
        Account.objects.visible_to(user)
        .select_related("payment_term", "payment_type")
        .annotate(recipient=FilteredRelation("contacts", condition=Q(contacts__is_default=True)))
        .annotate(contact_pk=F("recipient__pk"), contact_language=F("recipient__language"))
        .filter(pk=account_id)
        .order_by()
    )


@dataclass(frozen=True)
class Advice:
    """A payment term, the rule that gave it, and the sentence that says so. No term: no rule fits."""

    payment_term: PaymentTerm | None
    rule: PaymentTermRule | None
    reason: str


def payment_term_advice(account: Account, amount: Decimal | None) -> Advice:
    """The payment term the rules recommend for a deal of `amount` (net, EUR; None: not yet known). One query.

    Source: docs/requirements.md S0.19, S0.20.
    """
    rules = _payment_term_rules()
    best = payment_terms.advise(rules, _facts(account, amount))
    if best is None:
        return Advice(None, None, _("No payment-term rule fits this customer."))
    rule = rules[best]
    return Advice(rule.payment_term, rule, _reason(rule))


@kept("accounts_paymentterm")
def payment_terms_in_use() -> tuple[PaymentTerm, ...]:
    return tuple(PaymentTerm.objects.filter(is_active=True))


@kept("accounts_paymenttype")
def payment_types_in_use() -> tuple[PaymentType, ...]:
    """The usual one first."""
    return tuple(PaymentType.objects.filter(is_active=True))


def advised_payment_term(account: Account, amount: Decimal | None) -> int | None:
    """The key of the term that `payment_term_advice` recommends, without the reason. One query."""
    return advice_by_amount(account).at(amount)


class AdviceByAmount(NamedTuple):
    """`at(amount)`: the key of the term that is recommended for it. `turns`: the amounts from which on that may be another."""

    at: Callable[[Decimal | None], int | None]
    turns: set[Decimal]


def advice_by_amount(account: Account) -> AdviceByAmount:
    """The same for any amount: one query for all of them."""
    rules = _payment_term_rules()

    def at(amount: Decimal | None) -> int | None:
        best = payment_terms.advise(rules, _facts(account, amount))
        return best.payment_term if best else None

    return AdviceByAmount(at, {limit for rule in rules for limit in (rule.min_amount, rule.max_amount) if limit is not None})


_RULE = ("priority", "min_amount", "max_amount", "payment_term", *CRITERIA)
_WORDS = ("code", *(f"label_{code}" for code in CODES))
"""The columns of a look-up that name it."""
_RELATED_TO_RULE = ("payment_term", *CRITERIA)


@kept(
    *("accounts_paymenttermrule", "accounts_paymentterm"),
    *("accounts_categorytma2", "accounts_classification", "accounts_industry", "accounts_businesssize"),
)
def _payment_term_rules() -> dict[payment_terms.Rule, PaymentTermRule]:
    """The rules in use, with what names their terms and criteria. One query."""
    rules = PaymentTermRule.objects.filter(is_active=True, payment_term__is_active=True).order_by()
    words = (f"{name}__{column}" for name in _RELATED_TO_RULE for column in _WORDS)
    return {_plain_rule(rule): rule for rule in rules.select_related(*_RELATED_TO_RULE).only(*_RULE, *words)}


def _facts(account: Account, amount: Decimal | None) -> payment_terms.Facts:
    return payment_terms.Facts(
        tma2=account.tma2_id,
        classification=account.classification_id,
        industry=account.industry_id,
        business_size=account.business_size_id,
        amount=amount,
    )


def _plain_rule(rule: PaymentTermRule) -> payment_terms.Rule:
    return payment_terms.Rule(
        id=rule.pk,
        payment_term=rule.payment_term_id,
        priority=rule.priority,
        tma2=rule.tma2_id,
        classification=rule.classification_id,
        industry=rule.industry_id,
        business_size=rule.business_size_id,
        min_amount=rule.min_amount,
        max_amount=rule.max_amount,
    )


def _reason(rule: PaymentTermRule) -> str:
    criteria = list(_criteria(rule))
    if not criteria:
        return _("%(term)s: the general rule, which fits every customer.") % {"term": rule.payment_term}
    return _("%(term)s, because %(criteria)s.") % {"term": rule.payment_term, "criteria": ", ".join(criteria)}


def _criteria(rule: PaymentTermRule) -> Iterable[str]:
    """The named criteria of a rule in words."""
    for name in CRITERIA:
        value = getattr(rule, name)
        if value is not None:
            yield _("%(criterion)s is %(value)s") % {"criterion": column_label(PaymentTermRule, name), "value": value}
    if rule.min_amount is not None:
        yield _("the deal is at least %(amount)s") % {"amount": money(rule.min_amount)}
    if rule.max_amount is not None:
        yield _("the deal is below %(amount)s") % {"amount": money(rule.max_amount)}


@dataclass(frozen=True)
class Fact:
    """One master-fed field as the account page shows it, ready to read. `rule` and `at`: where the master's value came from."""

    field: str
    label: str
    value: str
    master_label: str
    rule: str
    at: dt.datetime | None
    override: FieldOverride | None
    conflict: MasterConflict | None

    @property
    def is_from_master(self) -> bool:
        return self.at is not None and self.override is None

    @property
    def candidates(self) -> str:
        """Between whom the master could not decide."""
        return ", ".join(map(candidate_text, self.conflict.candidates)) if self.conflict else ""


@dataclass(frozen=True)
class Source:
    """Where the value of a master-fed field comes from: what the master says of it, and what overrides or disputes that."""

    value: str | None
    """As in `MasterRecord.values`; None when no sync has brought the field."""
    label: str
    """What people call the value: the label of a code, the name of a salesperson."""
    rule: FieldRule
    """The one in force now."""
    run: JobRun | None
    """The one that brought the value."""
    override: FieldOverride | None
    conflict: MasterConflict | None

    @property
    def at(self) -> dt.datetime | None:
        """When the master's value came."""
        return (self.run.finished_at or self.run.started_at) if self.run else None


def rules_in_force() -> dict[str, FieldRule]:
    """How each master-fed field comes from the sites, in the order of the fields. One small query."""
    return DEFAULTS | {row.field: row.plain for row in _changed_rules.rows()}


_changed_rules = Prepared(SurvivorshipRule.objects.all)


def master_sources(account: Account) -> dict[str, Source]:
    """The source of every master-fed field.

    Two queries, two more where a sync has brought the account, and up to two for values that the account has otherwise.
    """
    record = MasterRecord.objects.filter(account=account).first()
    overrides = {row.field: row for row in account.overrides.select_related("by")}
    conflicts = {row.field: row for row in open_conflicts(account)}
    rules = rules_in_force() if record else DEFAULTS
    labels = _labels(account, record.values) if record else {}
    runs = _runs(record) if record else {}
    values = record.values if record else {}
    return {
        field: Source(
            values.get(field), labels.get(field, ""), rules[field], runs.get(field), overrides.get(field), conflicts.get(field)
        )
        for field in Account.MASTER_FIELDS
    }


def _runs(record: MasterRecord) -> dict[str, JobRun]:
    """The run that brought each field. One query."""
    keys = {field: record.run_of(field) for field in Account.MASTER_FIELDS if field in record.values}
    runs = JobRun.objects.in_bulk({key for key in keys.values() if key is not None})
    return {field: runs[key] for field, key in keys.items() if key in runs}


def _labels(account: Account, values: Mapping[str, str]) -> dict[str, str]:
    """What people call the master's values. One query for codes that the account does not have, one for another owner."""
    present = {field: getattr(account, field) for field in MASTER_LOOK_UPS}
    labels = {field: str(row) for field, row in present.items() if row and row.code == values.get(field)}
    missing = labels_of_codes({field: [values[field]] for field in MASTER_LOOK_UPS if values.get(field) and field not in labels})
    labels |= {field: label for (field, _code), label in missing.items()}
    return {**values, **labels, "owner": _salesperson(account, values)}


def labels_of_codes(codes: Mapping[str, Collection[str]]) -> dict[tuple[str, str], str]:
    """By field and code the labels of some codes of look-up fields, of those that somebody has added. One query, or none."""
    rows = [
        look_up_rows(field).filter(code__in=some).annotate(field=Value(field)).order_by().values_list("field", *_WORDS)
        for field, some in codes.items()
    ]
    found = rows[0].union(*rows[1:], all=True) if len(rows) > 1 else (rows or [()])[0]
    return {(row[0], row[1]): label_of(row[1:]) for row in found}


def look_up_rows(field: str) -> QuerySet[Any]:
    """All values of a field of the account whose values are looked up."""
    model: Any = Account._meta.get_field(field).related_model
    rows: QuerySet[Any] = model._default_manager.all()
    return rows


def label_of(words: Sequence[str | None]) -> str:
    """The label in the active language, of a code and its labels (`_WORDS`)."""
    return by_language(words[1:])[active()] or str(words[0])


def _salesperson(account: Account, values: Mapping[str, str]) -> str:
    """The name of whom the master calls the owner: that of the user with this number, else the master's own."""
    number = values.get("owner")
    if not number:
        return ""
    if account.owner and account.owner.salesperson_id == number:
        return account.owner.display_name
    person = User.objects.filter(salesperson_id=number).first()
    return person.display_name if person else values.get("owner_name") or number


def master_facts(account: Account) -> list[Fact]:
    """Every master-fed field with its source, ready to read. The queries of `master_sources`."""
    return [fact_of(account, field, source) for field, source in master_sources(account).items()]


def astray() -> QuerySet[Account]:
    """The accounts that are not in the business unit of their owner."""
    home = Coalesce("owner__team__unit", 0)
    return Account.objects.filter(owner__isnull=False).annotate(home=home).exclude(home=Coalesce("unit", 0))


def open_conflicts(account: Account) -> QuerySet[MasterConflict]:
    return account.conflicts.filter(resolved_at=None).order_by("field")


def fact_of(account: Account, field: str, source: Source) -> Fact:
    return Fact(
        field=field,
        label=column_label(Account, field),
        value=shown(field, getattr(account, field)),
        master_label=shown(field, source.label),
        rule=str(source.rule.rule.label) if source.run else "",
        at=source.at,
        override=source.override,
        conflict=source.conflict,
    )


def candidate_text(stored: dict[str, str]) -> str:
    name = " ".join(filter(None, (stored.get("label"), stored.get("value"))))
    return f"{name}: {money(stored['revenue'])}" if stored.get("revenue") else name


def column_label(model: type[Model], field: str) -> str:
    """What a field of a model is called, in the active language."""
    column = model._meta.get_field(field)
    return str(column.verbose_name) if isinstance(column, Field) else field


def shown(field: str, value: Any) -> str:
    """Amounts and quantities in the notation of the language, the rest as it is."""
    if value is None or value == "":
        return ""
    if field == "yearly_revenue":
        return money(value)
    return quantity(value) if field == "yearly_volume" else str(value)
