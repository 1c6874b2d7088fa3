"""What programs send about cases. The services decide who may change what, and in which phase."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.models import Contact, Site
from catalog.selectors import products_by_sku
from core.api.fields import Amount, Bytes, Input, Key, Quantity, Text
from core.api.lookups import by_code, only
from core.errors import Invalid
from core.uploads import MEGABYTE, MOST_BYTES
from csr.choices import Feasibility, Priority, Score
from csr.models import Case, CaseType, CloseReason, Department, RequirementType, TeamRole
from csr.services.products import MOST_PRODUCTS
from users.models import User


def _text(most: int) -> Text:
    return Text(required=False, allow_blank=True, max_length=most)


class _Requirement(Input):
    site = Key(required=False, allow_null=True, help_text="The main shipping site, of the account.")
    requirement_type = Text(required=False, max_length=40)
    title = Text(required=False)
    description = Text(required=False, max_length=10_000)
    requested_by = Key(required=False, allow_null=True, help_text="A contact of the account.")
    priority = serializers.ChoiceField(Priority.choices, required=False)
    received_on = serializers.DateField(required=False)
    needed_by = serializers.DateField(required=False, allow_null=True)
    is_printed = serializers.BooleanField(required=False)
    printed_text = _text(500)


class _Products(Input):
    products = serializers.ListField(child=Key(), required=False, max_length=MOST_PRODUCTS, help_text="Ids of products.")
    skus = serializers.ListField(child=Text(max_length=40), required=False, max_length=MOST_PRODUCTS)


class NewCase(_Requirement, _Products):
    """A requirement of an account, with its products at once."""

    account = Key()
    record_type = Text(required=False, max_length=40)
    requirement_type = Text(max_length=40)
    title = Text()
    description = Text(max_length=10_000)


class CaseChange(_Requirement):
    """What can change of a case; each phase opens some of it."""

    due_on = serializers.DateField(required=False, allow_null=True, help_text="Last day of the phase.")
    review_on = serializers.DateField(required=False, allow_null=True)


class NewProducts(_Products):
    """Products to relate to the case, by id, by code or both."""


class ProductChange(Input):
    """What the requirement says of a product; null takes a number away."""

    note = _text(300)
    is_excluded = serializers.BooleanField(required=False)
    min_quantity = Quantity(required=False, allow_null=True)
    max_quantity = Quantity(required=False, allow_null=True)
    multiple_of = Quantity(required=False, allow_null=True)


class NewCaseAccount(Input):
    """A further account that the requirement applies to, or one site of it."""

    account = Key()
    site = Key(required=False, allow_null=True)


class NewMember(Input):
    user = Key()
    role = Text(max_length=40)


class TaskChange(Input):
    """Who answers a part, what it is, and until when."""

    title = _text(200)
    owner = Key(required=False, allow_null=True)
    due_on = serializers.DateField(required=False, allow_null=True)


class NewTask(TaskChange):
    """A further part of the assessment, or of the implementation. Without an owner, the least busy one of the department."""

    department = Text(max_length=40)


class TaskAnswer(Input):
    """The answer to a part; of an assessment it says how feasible it is."""

    feasibility = serializers.ChoiceField(Feasibility.choices, required=False)
    cost = Amount(required=False, allow_null=True)
    lead_time_days = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=32_767)
    comment = _text(5_000)


class CaseComment(Input):
    comment = Text(max_length=2_000)


class NewCaseFile(Input):
    """A file."""

    name = Text(max_length=255, help_text="With the ending that says what it is.")
    file = Bytes(help_text=f"Its content in base64, at most {MOST_BYTES // MEGABYTE} MB of it.")


class Conclusion(Input):
    """The global feasibility conclusion."""

    feasibility = serializers.ChoiceField(Feasibility.choices)
    conclusion = Text(max_length=10_000)


class CaseSubmission(Input):
    """Who is asked per step; without, those whom the rules name."""

    approvers = serializers.DictField(child=Key(allow_null=True), required=False)
    reason = _text(2_000)


class Assessment(Conclusion, CaseSubmission):
    """The conclusion, and with `submit` the request for the final approval in one."""

    submit = serializers.BooleanField(required=False)


class Implementation(Input):
    """It is live; `review_on`: when to look at it again, without it after the months of the settings."""

    review_on = serializers.DateField(required=False, allow_null=True)


class Satisfaction(Input):
    """How satisfied the customer is, and who of the customer said so."""

    score = serializers.ChoiceField(Score.choices)
    said_by = Text(max_length=150)
    comment = _text(2_000)


class CaseClosing(Input):
    reason = Text(max_length=40)
    comment = _text(2_000)


class Assignment(Input):
    """Who answers for the present phase from now on."""

    person = Key()


class Watching(Input):
    on = serializers.BooleanField(required=False, help_text="`false`: no longer.")


# --- Records that bodies name -----------------------------------------------------------------------------------------
def products_of(user: User, given: Mapping[str, Any]) -> list[int]:
    """Keys of the products that were named, by id and by code. One query. Raises: Invalid naming every unknown code."""
    skus: Sequence[str] = given.get("skus", ())
    found = products_by_sku(user, skus)
    unknown = {
        f"skus.{index}": _("There is no product “%(text)s” in the catalogue.") % {"text": sku}
        for index, sku in enumerate(skus)
        if sku not in found
    }
    if unknown:
        raise Invalid(fields=unknown)
    return [*given.get("products", ()), *(found[sku].pk for sku in skus)]


def fields_of(given: Mapping[str, Any], account_id: int, present: Case | None = None) -> dict[str, Any]:
    """What the services take: ids and codes become records. Raises: Invalid naming what there is not."""
    names = CaseChange().fields.keys()
    fields = {name: value for name, value in given.items() if name in names}
    for name, records in (("site", Site.objects), ("requested_by", Contact.objects)):
        if fields.get(name) is not None:
            fields[name] = only(name, records.filter(account=account_id, pk=fields[name]))
    if "requirement_type" in fields:
        kept = present.requirement_type_id if present else None
        fields["requirement_type"] = by_code("requirement_type", RequirementType, fields["requirement_type"], present=kept)
    return fields


def record_type_of(given: Mapping[str, Any]) -> CaseType | None:
    found: CaseType | None = by_code("record_type", CaseType, given["record_type"]) if "record_type" in given else None
    return found


def role_of(code: str) -> int:
    return int(by_code("role", TeamRole, code).pk)


def department_of(code: str) -> Department:
    department: Department = by_code("department", Department, code)
    return department


def close_reason_of(code: str) -> CloseReason:
    reason: CloseReason = by_code("reason", CloseReason, code)
    return reason


def person_of(field: str, pk: int | None) -> User | None:
    """Whether he or she can be asked is for the services to say. Raises: Invalid."""
    found: User | None = only(field, User.objects.filter(pk=pk)) if pk is not None else None
    return found


def task_changes_of(given: Mapping[str, Any]) -> dict[str, Any]:
    return {**given, "owner": person_of("owner", given["owner"])} if "owner" in given else dict(given)
