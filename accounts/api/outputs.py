"""What programs get to see of accounts: plain dicts made in one pass, and their shapes for the description.

Values of look-ups are codes. Every field that the master feeds has its source beside it.
"""

from typing import Any

from rest_framework import serializers

from accounts import selectors
from accounts.models import MASTER_LOOK_UPS, Account, AccountStatus, Contact, PaymentTerm, PaymentTermRule, Site
from accounts.selectors import Advice, Source
from core.api.fields import Exact, Output
from core.api.values import Json, instant, number, short
from core.models import LookUp
from users.models import Language

LOOK_UPS = (*MASTER_LOOK_UPS, "territory", "payment_term", "payment_type")
"""The fields of an account whose values are codes."""


# --- Shapes -----------------------------------------------------------------------------------------------------------
def _code() -> serializers.CharField:
    return serializers.CharField(allow_null=True, help_text="A code.")


class AccountRowOut(Output):
    """An account as lists show it."""

    id = serializers.IntegerField()
    parent_customer_id = serializers.CharField(allow_null=True)
    name = serializers.CharField()
    business_id = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(AccountStatus.choices)
    version = serializers.IntegerField()
    owner = serializers.IntegerField(allow_null=True)
    owner_name = serializers.CharField(allow_null=True)
    unit = _code()
    tma2 = _code()
    city = serializers.CharField(allow_blank=True)
    country = serializers.CharField(allow_blank=True)


class CandidateOut(Output):
    value = serializers.CharField()
    label = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    revenue = Exact(allow_null=True)


class OverrideOut(Output):
    by = serializers.IntegerField()
    at = serializers.DateTimeField()
    reason = serializers.CharField(allow_blank=True)


class SourceOut(Output):
    """Where a value comes from. The master's own value stands beside an override; `candidates` are those of an open conflict."""

    source = serializers.ChoiceField(["master", "override"], allow_null=True)  # type: ignore[assignment]
    master_value = serializers.CharField(allow_null=True, allow_blank=True)
    master_rule = serializers.CharField(allow_null=True, allow_blank=True)
    master_at = serializers.DateTimeField(allow_null=True)
    override = OverrideOut(allow_null=True)
    candidates = CandidateOut(many=True)


_SOURCES: dict[str, Any] = {name: SourceOut() for name in Account.MASTER_FIELDS}
SourcesOut = type("SourcesOut", (Output,), {**_SOURCES, "__doc__": "The source of every field that the master feeds."})


class AccountOut(Output):
    """An account with everything that is known of it."""

    id = serializers.IntegerField()
    parent_customer_id = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(AccountStatus.choices)
    version = serializers.IntegerField()
    is_prospect = serializers.BooleanField()
    currency = serializers.CharField()
    created_at = serializers.DateTimeField()
    unit = _code()
    name = serializers.CharField()
    business_id = serializers.CharField(allow_blank=True)
    vat_number = serializers.CharField(allow_blank=True)
    tma1 = _code()
    tma2 = _code()
    industry = _code()
    business_size = _code()
    classification = _code()
    channel = _code()
    region = _code()
    owner = serializers.IntegerField(allow_null=True)
    owner_name = serializers.CharField(allow_null=True)
    sap_codes = serializers.CharField(allow_blank=True)
    street = serializers.CharField(allow_blank=True)
    postcode = serializers.CharField(allow_blank=True)
    city = serializers.CharField(allow_blank=True)
    country = serializers.CharField(allow_blank=True)
    yearly_revenue = Exact()
    yearly_volume = Exact()
    sources = SourcesOut()
    territory = _code()
    payment_term = _code()
    payment_type = _code()
    language = serializers.ChoiceField(Language.choices, allow_null=True)
    default_discount = Exact(allow_null=True)
    invoice_name = serializers.CharField(allow_blank=True)
    invoice_email = serializers.CharField(allow_blank=True)
    invoice_street = serializers.CharField(allow_blank=True)
    invoice_postcode = serializers.CharField(allow_blank=True)
    invoice_city = serializers.CharField(allow_blank=True)
    invoice_country = serializers.CharField(allow_blank=True)
    notes = serializers.CharField(allow_blank=True)


class SiteOut(Output):
    """A child customer of the master."""

    id = serializers.IntegerField()
    child_id = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    sap_code = serializers.CharField(allow_blank=True)
    street = serializers.CharField(allow_blank=True)
    postcode = serializers.CharField(allow_blank=True)
    city = serializers.CharField(allow_blank=True)
    country = serializers.CharField(allow_blank=True)
    revenue = Exact()
    volume = Exact()
    is_active = serializers.BooleanField()


class ContactOut(Output):
    """A person at the customer."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    title = serializers.CharField(allow_blank=True)
    email = serializers.CharField()
    language = serializers.ChoiceField(Language.choices)
    is_default = serializers.BooleanField()


class LookUpOut(Output):
    """A value to choose, labelled in the language that was asked for."""

    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    position = serializers.IntegerField()


class PaymentTermOut(LookUpOut):
    """A payment term."""

    days = serializers.IntegerField()


class RuleOut(Output):
    """The rule that was followed; what is null fits everything."""

    id = serializers.IntegerField()
    payment_term = serializers.CharField()
    tma2 = _code()
    classification = _code()
    industry = _code()
    business_size = _code()
    min_amount = Exact(allow_null=True)
    max_amount = Exact(allow_null=True)
    priority = serializers.IntegerField()


class AdviceOut(Output):
    """The payment term that the rules recommend, and why."""

    payment_term = _code()
    rule = RuleOut(allow_null=True)
    reason = serializers.CharField()


# --- Values -----------------------------------------------------------------------------------------------------------
def row_out(account: Account) -> Json:
    return {
        "id": account.pk,
        "parent_customer_id": account.parent_customer_id,
        "name": account.name,
        "business_id": account.business_id,
        "status": account.status,
        "version": account.version,
        "owner": account.owner_id,
        "owner_name": account.owner.display_name if account.owner else None,
        "unit": code_of(account.unit),
        "tma2": code_of(account.tma2),
        "city": account.city,
        "country": account.country,
    }


def account_out(account: Account) -> Json:
    """The whole account. Up to six queries for the sources; what it names must be read along with it."""
    return {
        "id": account.pk,
        "parent_customer_id": account.parent_customer_id,
        "status": account.status,
        "version": account.version,
        "is_prospect": account.is_prospect,
        "currency": account.currency,
        "created_at": instant(account.created_at),
        "unit": code_of(account.unit),
        **_master_values(account),
        "sources": {field: _source_out(source) for field, source in selectors.master_sources(account).items()},
        **_manual_values(account),
    }


def _master_values(account: Account) -> Json:
    return {
        "name": account.name,
        "business_id": account.business_id,
        "vat_number": account.vat_number,
        **{name: code_of(getattr(account, name)) for name in MASTER_LOOK_UPS},
        "owner": account.owner_id,
        "owner_name": account.owner.display_name if account.owner else None,
        "sap_codes": account.sap_codes,
        "street": account.street,
        "postcode": account.postcode,
        "city": account.city,
        "country": account.country,
        "yearly_revenue": number(account.yearly_revenue),
        "yearly_volume": number(account.yearly_volume),
    }


def _manual_values(account: Account) -> Json:
    return {
        "territory": code_of(account.territory),
        "payment_term": code_of(account.payment_term),
        "payment_type": code_of(account.payment_type),
        "language": account.language or None,
        "default_discount": short(account.default_discount),
        "invoice_name": account.invoice_name,
        "invoice_email": account.invoice_email,
        "invoice_street": account.invoice_street,
        "invoice_postcode": account.invoice_postcode,
        "invoice_city": account.invoice_city,
        "invoice_country": account.invoice_country,
        "notes": account.notes,
    }


def _source_out(source: Source) -> Json:
    override = source.override
    return {
        "source": "override" if override else "master" if source.at else None,
        "master_value": source.value,
        "master_rule": str(source.rule.rule.label) if source.run else None,
        "master_at": instant(source.at),
        "override": {"by": override.by_id, "at": instant(override.at), "reason": override.reason} if override else None,
        "candidates": [_candidate_out(candidate) for candidate in source.conflict.candidates] if source.conflict else [],
    }


def _candidate_out(candidate: dict[str, str]) -> Json:
    return {"value": candidate.get("value", ""), "label": candidate.get("label", ""), "revenue": candidate.get("revenue")}


def site_out(site: Site) -> Json:
    return {
        "id": site.pk,
        "child_id": site.child_id,
        "name": site.name,
        "sap_code": site.sap_code,
        "street": site.street,
        "postcode": site.postcode,
        "city": site.city,
        "country": site.country,
        "revenue": number(site.revenue),
        "volume": number(site.volume),
        "is_active": site.is_active,
    }


def contact_out(contact: Contact) -> Json:
    return {
        "id": contact.pk,
        "name": contact.name,
        "title": contact.title,
        "email": contact.email,
        "language": contact.language,
        "is_default": contact.is_default,
    }


def look_up_out(value: LookUp) -> Json:
    return {"code": value.code, "label": str(value), "position": value.position}


def payment_term_out(term: PaymentTerm) -> Json:
    return {**look_up_out(term), "days": term.days}


def advice_out(advice: Advice) -> Json:
    return {
        "payment_term": code_of(advice.payment_term),
        "rule": _rule_out(advice.rule) if advice.rule else None,
        "reason": advice.reason,
    }


def _rule_out(rule: PaymentTermRule) -> Json:
    return {
        "id": rule.pk,
        "payment_term": rule.payment_term.code,
        **{name: code_of(getattr(rule, name)) for name in selectors.CRITERIA},
        "min_amount": number(rule.min_amount),
        "max_amount": number(rule.max_amount),
        "priority": rule.priority,
    }


def code_of(value: Any) -> str | None:
    """The code of a look-up value; None for none."""
    return None if value is None else str(value.code)
