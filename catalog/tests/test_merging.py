"""A product becomes another one, and itself again."""

import contextlib
import threading
from decimal import Decimal as D
from typing import Any

import pytest
from django.db import IntegrityError

from catalog import merging, selectors
from catalog.choices import RuleKind as K
from catalog.models import BundlePart, ConfigurationRule, Product, ProductMerge, UsageStep
from catalog.tests.factories import (
    BundleFactory,
    ConfigurationRuleFactory,
    PriceListFactory,
    ProductFactory,
    UnitOfMeasureFactory,
    UsageStepFactory,
)
from core import events
from core.errors import DomainError, Invalid, NotAllowed, NotFound, WrongState
from core.models import Event
from core.tests.rivals import at_once
from users.models import User
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("S1.19")]


@pytest.fixture
def steward() -> User:
    return UserFactory(roles=["data_steward"])


@pytest.fixture
def old() -> Product:
    return ProductFactory(sku="OLD")


@pytest.fixture
def new() -> Product:
    return ProductFactory(sku="NEW")


def merge(old: Product, new: Product, by: User) -> ProductMerge:
    return merging.product_merge(into=new.pk, product=old.pk, by=by)


def rule(kind: K, subject: Product, other: Product | None = None, **more: Any) -> ConfigurationRule:
    return ConfigurationRuleFactory(kind=kind, subject_product=subject, object_product=other, **more)


def everything() -> list[Any]:
    models = (Product, BundlePart, ConfigurationRule, UsageStep, ProductMerge, Event, Product.history.model)
    return [list(model.objects.order_by("pk").values_list()) for model in models]


def refused(error: type[DomainError], sentence: str, old: Product, new: Product, by: User) -> None:
    before = everything()
    with pytest.raises(error, match=sentence):
        merge(old, new, by)
    assert everything() == before


def test_the_survivor_takes_the_place_of_the_old_code_and_both_tell_it(steward: User, old: Product, new: Product) -> None:
    other, bundle = ProductFactory(), BundleFactory(parts=[(old, "2")])
    requires, needed = rule(K.REQUIRES, old, other), rule(K.RECOMMENDS, other, old)
    step = UsageStepFactory(product=old)

    made = merge(old, new, steward)

    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.is_active, old.merged_into, old.has_usage, new.has_usage) == (False, new, False, True)
    part = bundle.parts.get()
    assert (part.part, part.quantity) == (new, D(2))
    assert [(row.subject_product, row.object_product) for row in ConfigurationRule.objects.order_by("pk")] == [
        (new, other), (other, new),
    ]  # fmt: skip
    assert UsageStep.objects.get().product == new
    assert made.moved == {
        "catalog.BundlePart": {"part": [part.pk]},
        "catalog.ConfigurationRule": {"subject_product": [requires.pk], "object_product": [needed.pk]},
        "catalog.UsageStep": {"product": [step.pk]},
        "catalog.Product": {"is_active": [old.pk]},
    }
    assert [(event.verb, event.by, event.data["sku"]) for one in (old, new) for event in events.timeline(one)] == [
        ("code merged into", steward, "NEW"), ("code merged with", steward, "OLD"),
    ]  # fmt: skip
    assert [model.history.filter(history_type="~").count() for model in (BundlePart, ConfigurationRule, UsageStep, Product)] == [
        1, 2, 1, 1,
    ]  # fmt: skip
    assert old.prices.count() == 1


def test_undoing_puts_all_back(steward: User, old: Product, new: Product) -> None:
    other, bundle = ProductFactory(), BundleFactory(parts=[old])
    rule(K.REQUIRES, old, other)
    UsageStepFactory(product=old)
    merge(old, new, steward)
    moved_on = bundle.parts.get()
    later = BundleFactory(parts=[new])

    merging.product_unmerge(product=old.pk, by=steward)

    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.is_active, old.merged_into, old.has_usage, new.has_usage) == (True, None, True, False)
    moved_on.refresh_from_db()
    assert (moved_on.part, later.parts.get().part, ConfigurationRule.objects.get().subject_product) == (old, new, old)
    made = ProductMerge.objects.get()
    assert (made.undone_by, made.undone_at is not None) == (steward, True)
    assert [event.verb for event in events.timeline(old)] == ["code merge undone", "code merged into"]
    merge(old, new, steward)


def test_a_product_that_was_out_of_use_stays_so_when_the_merge_is_undone(steward: User, new: Product) -> None:
    old = ProductFactory(is_active=False)
    merge(old, new, steward)
    merging.product_unmerge(product=old.pk, by=steward)
    old.refresh_from_db()
    assert (old.is_active, old.merged_into) == (False, None)


def test_older_codes_lead_straight_to_the_last_one(steward: User, old: Product, new: Product) -> None:
    oldest = ProductFactory(sku="OLDEST")
    merge(oldest, old, steward)
    merge(old, new, steward)
    assert selectors.product_by_sku(steward, "OLDEST") == new
    with pytest.raises(WrongState, match="OLD has been merged into another product since"):
        merging.product_unmerge(product=oldest.pk, by=steward)
    merging.product_unmerge(product=old.pk, by=steward)
    assert selectors.product_by_sku(steward, "OLDEST") == old
    merging.product_unmerge(product=oldest.pk, by=steward)
    assert selectors.product_by_sku(steward, "OLDEST") == oldest


@pytest.mark.parametrize("role", ["sales_rep", "finance", "sales_manager"])
def test_only_those_who_keep_the_catalogue_merge(role: str, steward: User, old: Product, new: Product) -> None:
    refused(NotAllowed, "may not", old, new, UserFactory(roles=[role]))
    merge(old, new, steward)
    with pytest.raises(NotAllowed):
        merging.product_unmerge(product=old.pk, by=UserFactory(roles=[role]))
    assert merge(ProductFactory(), new, UserFactory(roles=["pricing"])).into == new


def test_what_cannot_be_one_product_is_refused(steward: User, old: Product, new: Product) -> None:
    kilos = ProductFactory(sku="KG", unit=UnitOfMeasureFactory(code="kg"))
    gone = ProductFactory(sku="GONE", is_active=False)
    refused(Invalid, "A product cannot be merged into itself.", old, old, steward)
    refused(Invalid, "OLD and KG are priced by different units.", old, kilos, steward)
    refused(Invalid, "GONE is not in use: nothing can become part of it.", old, gone, steward)
    before = everything()
    with pytest.raises(NotFound):
        merging.product_merge(into=0, product=old.pk, by=steward)
    assert everything() == before


def test_a_merge_happens_once(steward: User, old: Product, new: Product) -> None:
    merge(old, new, steward)
    refused(WrongState, "One of the two has been merged already", old, ProductFactory(), steward)
    refused(WrongState, "One of the two has been merged already", ProductFactory(), old, steward)
    merging.product_unmerge(product=old.pk, by=steward)
    before = everything()
    with pytest.raises(WrongState, match="undone already"):
        merging.product_unmerge(product=old.pk, by=steward)
    assert everything() == before


def test_bundles_stay_ones_that_can_be_sold(steward: User, old: Product, new: Product) -> None:
    holds_both = BundleFactory(sku="BOTH", parts=[old, new])
    refused(Invalid, "BOTH holds both. Decide there how many of NEW it holds.", old, new, steward)
    holds_both.parts.all().delete()
    BundleFactory(sku="BOX", parts=[old])
    food = ProductFactory(sku="FOOD", vat="13.5")
    refused(Invalid, "FOOD has another VAT rate than BOX, of which it would be a part.", old, food, steward)
    itself = BundleFactory(sku="SELF", parts=[old])
    refused(Invalid, "A bundle cannot hold itself: SELF → SELF.", old, itself, steward)
    outer = BundleFactory(sku="OUTER", parts=[BundleFactory(sku="INNER", parts=[old])])
    refused(Invalid, "A bundle cannot hold itself: (OUTER → INNER|INNER → OUTER)", old, outer, steward)


def test_rules_stay_ones_that_can_be_kept(steward: User, old: Product, new: Product) -> None:
    other = ProductFactory(sku="X")
    twice = rule(K.REQUIRES, old, new)
    refused(Invalid, "A rule would name NEW twice: “OLD Product OLD” requires “NEW Product NEW”.", old, new, steward)
    twice.delete()
    excludes = rule(K.EXCLUDES, new, other)
    rule(K.REQUIRES, old, other)
    refused(Invalid, "These rules cannot all be kept: “NEW Product NEW” requires “X Product X”;", old, new, steward)
    excludes.delete()
    rule(K.AT_LEAST, old, quantity=D(6))
    rule(K.AT_MOST, new, quantity=D(5))
    refused(Invalid, "at least 6 of “NEW Product NEW”; at most 5", old, new, steward)


def test_what_the_survivor_has_in_the_same_way_stays_with_the_old_code(steward: User, old: Product, new: Product) -> None:
    other = ProductFactory()
    for product in (old, new):
        rule(K.REQUIRES, product, other)
        UsageStepFactory(product=product, from_quantity=D(10))
    made = merge(old, new, steward)
    assert made.moved == {"catalog.Product": {"is_active": [old.pk]}}
    assert [product.usage_steps.count() for product in (old, new)] == [1, 1]


def test_prices_by_use_that_differ_are_not_mixed(steward: User, old: Product, new: Product) -> None:
    UsageStepFactory(product=old, from_quantity=D(10))
    UsageStepFactory(product=new, from_quantity=D(20))
    refused(Invalid, "OLD and NEW have different prices by use. Make them the same first.", old, new, steward)
    UsageStep.objects.filter(product=new).update(price_list=PriceListFactory(code="A"))
    merge(old, new, steward)
    assert new.usage_steps.count() == 2


def test_undoing_is_refused_where_it_would_contradict_what_came_since(steward: User, old: Product, new: Product) -> None:
    bundle = BundleFactory(sku="BOX", parts=[old])
    merge(old, new, steward)
    BundlePart.objects.create(bundle=bundle, part=old)
    before = everything()
    with pytest.raises(WrongState, match="BOX holds OLD again by now"):
        merging.product_unmerge(product=old.pk, by=steward)
    assert everything() == before


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_locked", [True, False])
def test_of_two_who_merge_a_product_at_once_the_second_is_told(is_locked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the locks both look, find that they may, and one meets the database."""
    steward, old = UserFactory(roles=["data_steward"]), ProductFactory(sku="OLD")
    survivors = [ProductFactory(), ProductFactory()]
    met, look = threading.Barrier(2, timeout=1), merging._require_mergeable

    def looking(*products: Product) -> None:
        look(*products)
        with contextlib.suppress(threading.BrokenBarrierError):
            met.wait()  # whoever holds the lock waits in vain

    monkeypatch.setattr(merging, "_require_mergeable", looking)
    if not is_locked:
        monkeypatch.setattr(merging.db, "advisory_lock", lambda key: contextlib.nullcontext())
        monkeypatch.setattr(merging, "_locked", lambda *keys: [Product.objects.get(pk=key) for key in keys])
    answers = at_once(*(lambda into=into: merge(old, into, steward) for into in survivors))
    refusals = [answer for answer in answers if isinstance(answer, Exception)]
    assert (ProductMerge.objects.count(), [type(refusal) for refusal in refusals]) == (
        (1, [WrongState]) if is_locked else (1, [IntegrityError])
    )
