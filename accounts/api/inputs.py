"""What programs send about accounts. The services decide who may change what."""

from collections.abc import Mapping
from typing import Any, cast

from django.db.models import Field, ForeignKey, Q
from rest_framework import serializers

from accounts.models import Account
from core.api.fields import Amount, Input, Key, Number, Percent, Text
from core.api.lookups import by_code, only
from users.models import Language, User


def _text(most: int) -> Text:
    return Text(required=False, allow_blank=True, max_length=most)


def _code() -> Text:
    return Text(required=False, allow_null=True, max_length=40, help_text="A code; null for none.")


class AccountChange(Input):
    """The fields that are filled by hand. What the master feeds changes by an override."""

    territory = _code()
    payment_term = _code()
    payment_type = _code()
    language = serializers.ChoiceField(Language.choices, required=False, allow_null=True)
    default_discount = Percent(required=False, allow_null=True, min_value=0)
    invoice_name = _text(200)
    invoice_email = serializers.EmailField(required=False, allow_blank=True, max_length=254)
    invoice_street = _text(200)
    invoice_postcode = _text(20)
    invoice_city = _text(100)
    invoice_country = _text(2)
    notes = _text(20_000)

    def validate_language(self, value: str | None) -> str:
        return value or ""


class _Values(Input):
    """A value for each field that the master feeds."""

    name = Text(required=False, max_length=200)
    business_id = _text(20)
    vat_number = _text(20)
    tma1 = _code()
    tma2 = _code()
    industry = _code()
    business_size = _code()
    classification = _code()
    channel = _code()
    region = _code()
    owner = Key(required=False, allow_null=True)
    sap_codes = _text(500)
    street = _text(200)
    postcode = _text(20)
    city = _text(100)
    country = _text(2)
    yearly_revenue = Number(16, 2, required=False, min_value=0)
    yearly_volume = Number(18, 3, required=False, min_value=0)


class Override(Input):
    """Another value for a field that the master feeds, and why the master is wrong."""

    field = serializers.ChoiceField(Account.MASTER_FIELDS)
    value = serializers.JSONField(allow_null=True, help_text="As the account shows the field: a text, a code, an id, a number.")
    reason = Text(max_length=300)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        field = attrs["field"]
        shaped = _Values(data={field: attrs["value"]})
        if not shaped.is_valid():
            raise serializers.ValidationError({"value": shaped.errors[field]})
        return {**attrs, "value": shaped.validated_data[field]}


class Lifting(Input):
    """The field on which the master shall rule again."""

    field = serializers.ChoiceField(Account.MASTER_FIELDS)


class ContactChange(Input):
    """What can change of a contact."""

    name = Text(required=False, max_length=150)
    title = _text(100)
    email = serializers.EmailField(required=False, max_length=254)
    language = serializers.ChoiceField(Language.choices, required=False)
    is_default = serializers.BooleanField(required=False)


class NewContact(ContactChange):
    """A person at the customer."""

    name = Text(max_length=150)
    email = serializers.EmailField(max_length=254)


class AdviceQuery(Input):
    amount = Amount(required=False, min_value=0, help_text="Net amount of the deal, EUR; left out while it is not known.")


def changes_of(account: Account, given: Mapping[str, Any]) -> dict[str, Any]:
    """The values to write: codes and ids become records. Raises: Invalid naming what there is not."""
    return {name: record_of(account, name, value, blame=name) for name, value in given.items()}


def record_of(account: Account, name: str, value: Any, *, blame: str) -> Any:
    """The value of a field as the account keeps it; one that is out of use only when the account has it already."""
    column = cast("Field[Any, Any]", Account._meta.get_field(name))
    if value is None or not isinstance(column, ForeignKey):
        return value
    present: int | None = getattr(account, column.attname)
    if column.related_model is User:
        people = User.objects.filter(Q(is_active=True, salesperson_id__isnull=False) | Q(pk=present), pk=value)
        return only(blame, people)
    return by_code(blame, cast(Any, column.related_model), value, present=present)
