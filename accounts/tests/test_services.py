"""What people do to accounts."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from accounts import services
from accounts.models import Account, Contact, FieldOverride, MasterConflict
from accounts.tests.factories import CategoryTma2Factory, ContactFactory, MasterRecordFactory, PaymentTermFactory
from core.errors import DomainError, Invalid, NotAllowed, NotFound, StaleVersion
from core.models import Event
from core.tests.factories import JobRunFactory
from users.tests.factories import TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


def update(people: SimpleNamespace, by: Any, version: int | None = 1, **changes: Any) -> Account:
    return services.account_update(account_id=people.account.pk, by=by, version=version, changes=changes)


def override(
    people: SimpleNamespace, field: str, value: Any, *, by: Any = None, version: int | None = 1, reason: str = "Moved"
) -> Account:
    return services.account_override(
        account_id=people.account.pk, by=by or people.owner, version=version, field=field, value=value, reason=reason
    )


def test_manual_fields_are_saved_with_version_history_and_event(people: SimpleNamespace) -> None:
    term = PaymentTermFactory()

    update(people, people.owner, payment_term=term, notes="Soita aamulla", default_discount=Decimal("12.5"))

    account = Account.objects.get(pk=people.account.pk)
    assert (account.payment_term, account.notes, account.default_discount) == (term, "Soita aamulla", Decimal("12.5"))
    assert account.version == 2
    assert account.history.count() == 2
    event = Event.objects.get()
    assert (event.verb, event.by, event.data) == (
        "edited",
        people.owner,
        {"fields": ["default_discount", "notes", "payment_term"]},
    )


def test_saving_the_same_again_writes_nothing(people: SimpleNamespace) -> None:
    update(people, people.owner, notes="")

    assert Account.objects.get(pk=people.account.pk).version == 1
    assert not Event.objects.exists()


def unchanged(people: SimpleNamespace, refusal: type[DomainError], **kwargs: Any) -> DomainError:
    with pytest.raises(refusal) as refused:
        update(people, **kwargs)
    account = Account.objects.get(pk=people.account.pk)
    assert (account.notes, account.version, Event.objects.count()) == ("", 1, 0)
    return refused.value


def test_a_stale_version_is_refused(people: SimpleNamespace) -> None:
    unchanged(people, StaleVersion, by=people.owner, version=7, notes="x")


@pytest.mark.parametrize(("who", "refusal"), [("colleague", NotAllowed), ("finance", NotAllowed), ("stranger", NotFound)])
def test_those_who_may_not_edit_change_nothing(people: SimpleNamespace, who: str, refusal: type[DomainError]) -> None:
    unchanged(people, refusal, by=getattr(people, who), notes="x")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("default_discount", Decimal("100.01")),
        ("default_discount", Decimal("-1")),
        ("default_discount", Decimal("NaN")),
        ("default_discount", Decimal("1.23456")),
        ("invoice_email", "no address"),
        ("invoice_country", "Suomi"),
        ("language", "sv"),
    ],
)
def test_values_that_do_not_fit_are_refused_by_name(people: SimpleNamespace, field: str, value: Any) -> None:
    refusal = unchanged(people, Invalid, by=people.owner, **{field: value})

    assert list(refusal.fields) == [field]


@pytest.mark.parametrize("field", ["name", "owner", "status", "is_prospect", "no_such_field"])
def test_fields_of_the_master_are_not_edited_by_hand(people: SimpleNamespace, field: str) -> None:
    refusal = unchanged(people, Invalid, by=people.owner, **{field: "x"})

    assert list(refusal.fields) == [field]


# --- Overrides --------------------------------------------------------------------------------------------------------
@pytest.mark.req("S0.40")
def test_an_override_holds_its_value_reason_and_maker(people: SimpleNamespace) -> None:
    override(people, "city", "Oulu")

    account = Account.objects.get(pk=people.account.pk)
    kept = FieldOverride.objects.get()
    assert (account.city, account.version) == ("Oulu", 2)
    assert (kept.field, kept.by, kept.reason) == ("city", people.owner, "Moved")
    assert Event.objects.get().data == {"field": "city"}


def test_lifting_an_override_brings_the_masters_value_back(people: SimpleNamespace) -> None:
    tma2 = CategoryTma2Factory(code="HORECA")
    MasterRecordFactory(account=people.account, values={"city": "Turku", "tma2": "HORECA", "yearly_revenue": "1234.50"})
    for version, (field, value) in enumerate([("city", "Oulu"), ("tma2", None), ("yearly_revenue", Decimal(1))], start=1):
        override(people, field, value, version=version)

    for version, field in enumerate(["city", "tma2", "yearly_revenue"], start=4):
        services.account_lift_override(account_id=people.account.pk, by=people.owner, version=version, field=field)

    account = Account.objects.get(pk=people.account.pk)
    assert (account.city, account.tma2, account.yearly_revenue) == ("Turku", tma2, Decimal("1234.50"))
    assert not FieldOverride.objects.exists()


def test_overriding_the_owner_moves_the_business_unit_and_settles_the_conflict(people: SimpleNamespace) -> None:
    MasterConflict.objects.create(account=people.account, field="owner", kind="tie", run=JobRunFactory())
    new_owner = UserFactory(roles=["sales_rep"], team=TeamFactory())

    override(people, "owner", new_owner)

    account = Account.objects.get(pk=people.account.pk)
    assert (account.owner, account.unit) == (new_owner, new_owner.team.unit)
    assert MasterConflict.objects.get().resolved_at is not None


def test_lifting_the_owner_finds_the_salesperson_again(people: SimpleNamespace) -> None:
    people.owner.salesperson_id = "S007"
    people.owner.save()
    MasterRecordFactory(account=people.account, values={"owner": "S007"})
    override(people, "owner", people.colleague)

    services.account_lift_override(account_id=people.account.pk, by=people.support, version=2, field="owner")

    assert Account.objects.get(pk=people.account.pk).owner == people.owner


def test_where_the_master_knows_no_owner_the_present_one_stays(people: SimpleNamespace) -> None:
    MasterRecordFactory(account=people.account, values={"owner": "S999"})
    override(people, "owner", people.colleague)

    services.account_lift_override(account_id=people.account.pk, by=people.support, version=2, field="owner")

    assert Account.objects.get(pk=people.account.pk).owner == people.colleague


@pytest.mark.parametrize(
    ("field", "value", "reason", "blamed"),
    [
        ("city", "Oulu", "  ", "reason"),
        ("name", " ", "r", "value"),
        ("business_id", "1234567-8", "r", "value"),
        ("yearly_revenue", Decimal("NaN"), "r", "yearly_revenue"),
        ("notes", "x", "r", "field"),
        ("parent_customer_id", "1", "r", "field"),
    ],
)
def test_an_override_that_makes_no_sense_changes_nothing(
    people: SimpleNamespace, field: str, value: Any, reason: str, blamed: str
) -> None:
    with pytest.raises(Invalid) as refused:
        override(people, field, value, reason=reason)

    assert list(refused.value.fields) == [blamed]
    assert not FieldOverride.objects.exists()
    assert Account.objects.get(pk=people.account.pk).version == 1


def test_a_business_id_is_checked_and_written_the_usual_way(people: SimpleNamespace) -> None:
    assert override(people, "business_id", "20774740").business_id == "2077474-0"


def test_a_foreign_business_id_is_taken_as_it_is(people: SimpleNamespace) -> None:
    Account.objects.update(country="SE")

    assert override(people, "business_id", "556016-0680").business_id == "556016-0680"


def test_a_vat_number_is_written_without_marks(people: SimpleNamespace) -> None:
    assert override(people, "vat_number", "se 556016-0680 01").vat_number == "SE556016068001"


@pytest.mark.parametrize(("who", "refusal"), [("colleague", NotAllowed), ("stranger", NotFound)])
def test_overrides_are_for_those_who_manage_the_account(people: SimpleNamespace, who: str, refusal: type[DomainError]) -> None:
    with pytest.raises(refusal):
        override(people, "city", "Oulu", by=getattr(people, who))
    with pytest.raises(refusal):
        services.account_lift_override(account_id=people.account.pk, by=getattr(people, who), version=1, field="city")

    assert not FieldOverride.objects.exists()


def test_nothing_to_lift_is_said(people: SimpleNamespace) -> None:
    with pytest.raises(NotFound):
        services.account_lift_override(account_id=people.account.pk, by=people.owner, version=1, field="city")


# --- Contacts ---------------------------------------------------------------------------------------------------------
VALUES = {"name": "Väinö Ääri", "title": "Ostaja", "email": "vaino@asiakas.example", "language": "fi", "is_default": True}


def test_the_last_default_recipient_is_the_only_one(people: SimpleNamespace) -> None:
    before = ContactFactory(account=people.account, is_default=True)

    contact = services.contact_save(account_id=people.account.pk, contact_id=None, by=people.owner, values=VALUES)

    assert list(Contact.objects.filter(is_default=True)) == [contact]
    assert Contact.objects.count() == 2
    assert Contact.objects.get(pk=before.pk).name == before.name


def test_a_contact_of_another_account_is_not_found(people: SimpleNamespace) -> None:
    foreign = ContactFactory()

    with pytest.raises(NotFound):
        services.contact_save(account_id=people.account.pk, contact_id=foreign.pk, by=people.owner, values=VALUES)
    with pytest.raises(NotFound):
        services.contact_delete(account_id=people.account.pk, contact_id=foreign.pk, by=people.owner)

    assert Contact.objects.get().name == foreign.name


def test_a_contact_needs_an_address(people: SimpleNamespace) -> None:
    with pytest.raises(Invalid) as refused:
        services.contact_save(account_id=people.account.pk, contact_id=None, by=people.owner, values={**VALUES, "email": "x"})

    assert list(refused.value.fields) == ["email"]
    assert not Contact.objects.exists()


def test_contacts_are_for_those_who_manage_the_account(people: SimpleNamespace) -> None:
    contact = ContactFactory(account=people.account)

    with pytest.raises(NotAllowed):
        services.contact_delete(account_id=people.account.pk, contact_id=contact.pk, by=people.colleague)
    services.contact_delete(account_id=people.account.pk, contact_id=contact.pk, by=people.owner)

    assert not Contact.objects.exists()
