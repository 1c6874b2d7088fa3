"""A product becomes another one, and itself again. Locks: the catalogue (`services.LOCK`), then both products by their keys."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from catalog import bundles, configuration, explaining, policies, selectors
from catalog.models import BundlePart, ConfigurationRule, Product, ProductMerge, UsageStep
from catalog.services import LOCK, usage_note
from core import clock, db, events, histories
from core.errors import Invalid, NotFound, WrongState, require
from users.models import User

Moved = dict[str, dict[str, list[int]]]


class Follower(NamedTuple):
    """A model whose rows follow a product that is merged, and the foreign key by which they do."""

    model: Any
    field: str

    @property
    def label(self) -> str:
        return str(self.model._meta.label)


FOLLOWERS = (
    Follower(BundlePart, "part"),
    Follower(ConfigurationRule, "subject_product"),
    Follower(ConfigurationRule, "object_product"),
    Follower(UsageStep, "product"),
    Follower(Product, "merged_into"),
)
"""All others stay: prices and units are the old code's, and quotes keep it word for word."""


@transaction.atomic
def product_merge(*, into: int, product: int, by: User) -> ProductMerge:
    """The product is no longer in use and its code leads to `into`, which takes its place in bundles, rules and prices by use.

    What `into` has in the same way already stays with the old code. Lines of quotes stay as they are.
    Raises: NotAllowed, NotFound, WrongState (one of them was merged already), Invalid (not the same unit or VAT rate where that
    matters, a bundle would hold itself or the same part twice, rules or prices would contradict each other).
    """
    require(policies.may_keep(by))
    with db.advisory_lock(LOCK):
        loser, survivor = _locked(product, into)
        _require_mergeable(loser, survivor)
        moved = {follower: _keys(follower, loser, survivor) for follower in FOLLOWERS}
        for follower, keys in moved.items():
            _move(follower, keys, survivor, by)
        _require_consistent(survivor, moved)
        noted: Moved = {}
        for follower, keys in moved.items():
            if keys:
                noted.setdefault(follower.label, {})[follower.field] = keys
        if loser.is_active:
            noted.setdefault(str(Product._meta.label), {})["is_active"] = [loser.pk]
        loser.is_active, loser.merged_into = False, survivor
        loser.save(update_fields=["is_active", "merged_into"])
        _note_usage(loser, survivor)
        merge = ProductMerge.objects.create(product=loser, into=survivor, moved=noted, by=by, at=clock.now())
        events.record(loser, "code merged into", by=by, product=survivor.pk, sku=survivor.sku, merge=merge.pk)
        events.record(survivor, "code merged with", by=by, product=loser.pk, sku=loser.sku, merge=merge.pk)
        return merge


def _locked(*keys: int) -> list[Product]:
    """The products in the order of `keys`, locked in that of their keys. Raises: NotFound."""
    rows = Product.objects.select_for_update(**db.lock_options()).filter(pk__in=keys).order_by("pk")
    found = {product.pk: product for product in rows}
    if not found.keys() >= set(keys):
        raise NotFound
    return [found[key] for key in keys]


def _require_mergeable(loser: Product, survivor: Product) -> None:
    if loser.pk == survivor.pk:
        raise Invalid(_("A product cannot be merged into itself."))
    if loser.merged_into_id or survivor.merged_into_id:
        raise WrongState(_("One of the two has been merged already. Reload the page to see how they stand now."))
    words = {"product": loser.sku, "into": survivor.sku}
    if not survivor.is_active:
        raise Invalid(_("%(into)s is not in use: nothing can become part of it.") % words)
    if loser.unit_id != survivor.unit_id:
        raise Invalid(_("%(product)s and %(into)s are priced by different units.") % words)


def _keys(follower: Follower, loser: Product, survivor: Product) -> list[int]:
    """Of the rows that are to follow. Raises: Invalid where both have something that cannot be one."""
    rows = follower.model.objects.filter(**{follower.field: loser}).order_by("pk")
    if follower.model is BundlePart:
        _require_own_place(rows, survivor)
    if follower.model is ConfigurationRule:
        rows = rows.exclude(pk__in=_twins(rows, follower.field, survivor))
    if follower.model is UsageStep:
        rows = rows.exclude(pk__in=_same_steps(loser, survivor))
    return list(rows.values_list("pk", flat=True))


def _require_own_place(rows: Any, survivor: Product) -> None:
    for row in rows.select_related("bundle"):
        words = {"bundle": row.bundle.sku, "into": survivor.sku}
        if row.bundle_id == survivor.pk:
            raise bundles.Circular([bundles.Part(survivor.pk, survivor.pk, row.quantity, row.is_option, survivor.sku)])
        if row.bundle.vat_rate_id != survivor.vat_rate_id:
            raise Invalid(_("%(into)s has another VAT rate than %(bundle)s, of which it would be a part.") % words)
        if BundlePart.objects.filter(bundle=row.bundle_id, part=survivor).exists():
            raise Invalid(_("%(bundle)s holds both. Decide there how many of %(into)s it holds.") % words)


_ASIDE = frozenset({"id", "message", "message_en", "message_fi"})


def _twins(rows: Any, field: str, survivor: Product) -> list[int]:
    """Keys of the rules that would say what another one says already."""
    names = [column.attname for column in ConfigurationRule._meta.concrete_fields if column.attname not in _ASIDE]
    twins = []
    for rule in rows:
        said = {name: getattr(rule, name) for name in names} | {f"{field}_id": survivor.pk}
        if said["subject_product_id"] is not None and said["subject_product_id"] == said["object_product_id"]:
            raise Invalid(_("A rule would name %(into)s twice: %(rule)s.") % {"into": survivor.sku, "rule": rule})
        if ConfigurationRule.objects.filter(**said).exists():
            twins.append(rule.pk)
    return twins


def _same_steps(loser: Product, survivor: Product) -> list[int]:
    """Keys of the steps that the survivor has just as well."""
    same: list[int] = []
    columns = ("from_quantity", "price", "cost", "valid_from", "valid_to")
    for metric, price_list in set(loser.usage_steps.order_by().values_list("metric", "price_list")):
        ours, theirs = (
            list(product.usage_steps.filter(metric=metric, price_list=price_list).values_list(*columns, "pk"))
            for product in (survivor, loser)
        )
        if ours and {row[:-1] for row in ours} != {row[:-1] for row in theirs}:
            words = {"product": loser.sku, "into": survivor.sku}
            raise Invalid(_("%(product)s and %(into)s have different prices by use. Make them the same first.") % words)
        if ours:
            same += [row[-1] for row in theirs]
    return same


def _move(follower: Follower, keys: Sequence[int], product: Product, by: User) -> None:
    """The rows name the product, with history."""
    if keys:
        follower.model.objects.filter(pk__in=keys).update(**{follower.field: product})
        histories.record_changed(follower.model, keys, by=by)


def _require_consistent(product: Product, moved: dict[Follower, list[int]]) -> None:
    """Raises: Invalid where bundles with the product hold themselves, or rules that were moved contradict others."""
    holding = set(BundlePart.objects.filter(part=product).values_list("bundle", flat=True))
    bundles.require_no_circle(selectors.bundle_parts_of({product.pk, *holding}))
    rules = selectors.rules_in_use()
    changed = {key for follower, keys in moved.items() if follower.model is ConfigurationRule for key in keys}
    found = next(configuration.contradictions(rules, selectors.groups_of(rules), changed), None)
    if found is not None:
        raise Invalid(explaining.contradiction_words(found))


def _note_usage(*products: Product) -> None:
    for product in products:
        usage_note(product)


# --- Undoing ----------------------------------------------------------------------------------------------------------
@transaction.atomic
def product_unmerge(*, product: int, by: User) -> ProductMerge:
    """The product has its code for itself again, with what followed and still names the other one; it is in use if it was.

    Raises: NotAllowed, NotFound, WrongState (it is not merged, the other one was merged on, or what has been changed since would
    contradict it).
    """
    require(policies.may_keep(by))
    with db.advisory_lock(LOCK):
        merge = ProductMerge.objects.filter(product=product, undone_at=None).select_related("into").first()
        if merge is None:
            raise WrongState(_("This merge has been undone already."))
        loser, survivor = _locked(product, merge.into_id)
        if survivor.merged_into_id or loser.merged_into_id != survivor.pk:
            words = {"into": survivor.sku}
            raise WrongState(_("%(into)s has been merged into another product since. Undo that first.") % words)
        loser.merged_into = None
        loser.is_active = loser.pk in merge.moved.get(str(Product._meta.label), {}).get("is_active", [])
        loser.save(update_fields=["is_active", "merged_into"])
        moved = {follower: _still_there(follower, merge.moved, survivor) for follower in FOLLOWERS}
        _require_room(loser, moved)
        for follower, keys in moved.items():
            _move(follower, keys, loser, by)
        try:
            _require_consistent(loser, moved)
        except Invalid as refusal:
            raise WrongState(str(refusal)) from refusal
        _note_usage(loser, survivor)
        merge.undone_at, merge.undone_by = clock.now(), by
        merge.save(update_fields=["undone_at", "undone_by"])
        for one, other in ((loser, survivor), (survivor, loser)):
            events.record(one, "code merge undone", by=by, product=other.pk, sku=other.sku, merge=merge.pk)
        return merge


def _still_there(follower: Follower, moved: Moved, survivor: Product) -> list[int]:
    keys = moved.get(follower.label, {}).get(follower.field, [])
    rows = follower.model.objects.filter(Q(pk__in=keys), **{follower.field: survivor}).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def _require_room(loser: Product, moved: dict[Follower, list[int]]) -> None:
    """Somebody may have put the old code into a bundle again."""
    back = BundlePart.objects.filter(pk__in=moved[FOLLOWERS[0]]).values("bundle")
    row = BundlePart.objects.filter(part=loser, bundle__in=back).select_related("bundle").first()
    if row is not None:
        words = {"bundle": row.bundle.sku, "product": loser.sku}
        raise WrongState(_("%(bundle)s holds %(product)s again by now. Remove it there first.") % words)


def preview(product: Product) -> list[tuple[str, int]]:
    """What names the product and would follow it: labels with how many."""
    counted: dict[Any, set[int]] = {}
    for follower in FOLLOWERS[:-1]:
        keys = follower.model.objects.filter(**{follower.field: product}).values_list("pk", flat=True)
        counted.setdefault(follower.model, set()).update(keys)
    return [(str(model._meta.verbose_name_plural), len(keys)) for model, keys in counted.items() if keys]
