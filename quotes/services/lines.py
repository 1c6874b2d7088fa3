"""Lines of a draft: added, changed, moved, duplicated, removed and brought back. Each locks the quote, then writes what changed.

Every one of them raises NotFound, NotAllowed, WrongState, StaleVersion (`version` is the one that the person saw) and Invalid.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from catalog import bundles, measures, selectors as catalog
from catalog.measures import Factor
from catalog.models import UnitOfMeasure
from core.errors import Invalid, NotAllowed, NotFound
from quotes import policies, pricing, selectors
from quotes.choices import TEXT_KINDS, LineKind
from quotes.models import MOST_TEXT, Quote, QuoteLine
from quotes.services.pricing_lines import (
    AMOUNTS,
    COPIED,
    OF_OFFER,
    Discount,
    LineDraft,
    asked_of,
    check_surcharge,
    copy_prices,
    draft_for_update,
    insert,
    keyed,
    line_of,
    new_lines,
    offers_for,
    plain,
    price,
    require_quantity,
    require_room,
    saved,
    take_amounts,
)
from users.models import User


@transaction.atomic
def line_add(
    *,
    quote_id: int,
    draft: LineDraft,
    by: User,
    version: int | None = None,
    before: int | None = None,
    alternative_to: int | None = None,
) -> QuoteLine:
    """The line in the draft: before another one, or as the last; as an alternative to a line where one is named."""
    line = lines_add(quote_id=quote_id, drafts=[draft], by=by, version=version, before=before)[0]
    if alternative_to is None:
        return line
    return line_change(quote_id=quote_id, line_id=line.pk, by=by, alternative_to=alternative_to)


@transaction.atomic
def lines_add(
    *, quote_id: int, drafts: Sequence[LineDraft], by: User, version: int | None = None, before: int | None = None
) -> list[QuoteLine]:
    """The lines in the draft, all or none of them: before another line, or as the last ones."""
    quote = draft_for_update(quote_id, by, version)
    known = selectors.amount_lines(quote.pk)
    require_room(known, len(drafts))
    start = selectors.last_position(quote) + 1 if before is None else _opened(quote, before, len(drafts))
    made = new_lines(quote, by, drafts, start=start)
    _put(quote, made, known, by, before=before)
    return made


def _put(quote: Quote, made: Sequence[QuoteLine], known: Sequence[pricing.Line], by: User, *, before: int | None) -> None:
    """The new lines stored, and the quote with them in their place."""
    new = keyed(made, known)
    place = _place_of(quote, known, before)
    priced = price(quote, [*known[:place], *new, *known[place:]])
    saved(quote, by, insert(made, new, priced, by))


def _place_of(quote: Quote, known: Sequence[pricing.Line], before: int | None) -> int:
    """How many of the lines that have a price come before this one."""
    if before is None:
        return len(known)
    at = line_of(quote, before).position
    earlier = set(quote.lines.filter(position__lt=at).values_list("pk", flat=True))
    return sum(line.id in earlier for line in known)


def _opened(quote: Quote, before: int, count: int) -> int:
    """The first of `count` free places right before a line."""
    start = line_of(quote, before).position
    quote.lines.filter(position__gte=start).update(position=F("position") + count)
    return start


# --- Changing ---------------------------------------------------------------------------------------------------------
@transaction.atomic
def line_change(*, quote_id: int, line_id: int, by: User, version: int | None = None, **changes: Any) -> QuoteLine:
    """The line with `changes` (of `CHANGES`) made; the price follows the quantity's break. A quantity that comes with a unit is
    in that unit."""
    quote = draft_for_update(quote_id, by, version)
    line = line_of(quote, line_id)
    changed: set[str] = set()
    if {"unit", "quantity"} <= changes.keys():
        _require_fitting(line, "unit")
        changed |= _take_unit(line, changes.pop("unit"))
    for name, value in changes.items():
        _require_fitting(line, name)
        changed |= CHANGES[name](quote, line, value)
    if changed & {"discount_kind", "discount_value"}:
        check_surcharge(by, line, quote)
    if not line.is_priced:
        line.save(update_fields=changed)
        saved(quote, by, None)
        return line
    others = selectors.amount_lines(quote.pk)
    place = [other.id for other in others].index(line.pk)
    priced = price(quote, [*others[:place], plain(line, line.pk), *others[place + 1 :]])
    take_amounts([line], priced.lines[place : place + 1])
    line.save(update_fields=changed | {*AMOUNTS})
    saved(quote, by, priced)
    return line


def _require_fitting(line: QuoteLine, name: str) -> None:
    """Headings and notes have only a text, which nothing else has; a statement of work is written by pre-sales."""
    if (name == "text") != (line.kind in TEXT_KINDS) or (line.kind == LineKind.SOW and name not in OF_STATEMENTS):
        text = _("This cannot be changed.")
        raise Invalid(text, fields={name: text})


def _set_quantity(quote: Quote, line: QuoteLine, quantity: Decimal) -> set[str]:
    if line.product is not None:
        require_quantity(line.product, quantity)
    line.quantity = quantity
    return _follow_prices(quote, line) | {"quantity"}


def _set_unit(quote: Quote, line: QuoteLine, unit_id: int | None) -> set[str]:
    """The unit that the quantity is in; None: the one that the price is for. What is ordered stays as much as it was.

    Raises: Invalid where that takes more digits than a quantity has, or the product is not sold in the unit.
    """
    before = Factor(line.numerator, line.denominator)
    fields = _take_unit(line, unit_id)
    quantity = measures.converted(line.quantity, before, Factor(line.numerator, line.denominator))
    if quantity is None or quantity >= TOO_MUCH_OF_IT:
        text = _("This quantity cannot be said exactly in that unit. Change the quantity first.")
        raise Invalid(text, fields={"unit": text})
    return _set_quantity(quote, line, quantity) | fields


def _take_unit(line: QuoteLine, unit_id: int | None) -> set[str]:
    """The number of the quantity stays. Raises: Invalid where the product is not sold in the unit."""
    known = [] if line.product_id is None else catalog.units_of([line.product_id])[line.product_id]
    found = next((unit for unit in known if unit.unit_id == unit_id), None)
    if unit_id is not None and found is None:
        text = _("This product is not sold in that unit.")
        raise Invalid(text, fields={"unit": text})
    line.unit = None if found is None or found == known[0] else UnitOfMeasure.objects.get(pk=found.unit_id)
    line.numerator, line.denominator = measures.ONE if found is None else found.factor
    return {"unit", "numerator", "denominator"}


def _set_options(quote: Quote, line: QuoteLine, chosen: Sequence[int]) -> set[str]:
    """Which options of the bundle come with it."""
    if line.product is None or not line.product.is_bundle:
        text = _("This product has no options.")
        raise Invalid(text, fields={"options": text})
    bundles.require_options(line.product_id or 0, catalog.bundle_parts_of([line.product_id or 0]), chosen)
    line.parts = {**(line.parts or {}), "options": list(chosen)}
    return _follow_prices(quote, line)


def _follow_prices(quote: Quote, line: QuoteLine) -> set[str]:
    if line.product is not None:
        copy_prices(line, offers_for(quote, [asked_of(line)])[0])
    return {*(name.removesuffix("_id") for name in COPIED), *OF_OFFER}


def _set_discount(_quote: Quote, line: QuoteLine, discount: Discount) -> set[str]:
    line.discount_kind, line.discount_value = discount.kind, discount.value
    return {"discount_kind", "discount_value"}


def _set_optional(_quote: Quote, line: QuoteLine, optional: bool) -> set[str]:
    line.optional, line.selected = optional, False
    if not optional:
        line.alternative_to = None
    return {"optional", "selected", "alternative_to"}


def _set_alternative(quote: Quote, line: QuoteLine, other_id: int | None) -> set[str]:
    """An option that stands for another line: whoever chooses it does not get that one."""
    line.alternative_to = None
    if other_id is not None:
        other = line_of(quote, other_id)
        if other.pk == line.pk or not other.is_priced or other.alternative_to_id is not None:
            text = _("Choose a line that is not an alternative itself.")
            raise Invalid(text, fields={"alternative_to": text})
        line.alternative_to, line.optional = other, True
        quote.lines.filter(alternative_to=line).update(alternative_to=None)
    return {"optional", "alternative_to"}


def _set_yearly_volume(_quote: Quote, line: QuoteLine, volume: Decimal | None) -> set[str]:
    line.yearly_volume = volume
    return {"yearly_volume"}


def _set_text(_quote: Quote, line: QuoteLine, text: str) -> set[str]:
    line.text = text_of(text)
    return {"text"}


def _set_effort(_quote: Quote, line: QuoteLine, days: Decimal | None) -> set[str]:
    line.effort_days = days
    return {"effort_days"}


def _set_said(name: str, most: int) -> Callable[[Quote, QuoteLine, str], set[str]]:
    """What is said of a line beside its price. Raises: Invalid where that is too long."""

    def change(_quote: Quote, line: QuoteLine, text: str) -> set[str]:
        _require_short(name, text.strip(), most)
        setattr(line, name, text.strip())
        return {name}

    return change


TOO_MUCH_OF_IT = Decimal(10) ** 9
CHANGES: Mapping[str, Callable[[Quote, QuoteLine, Any], set[str]]] = {
    "quantity": _set_quantity,
    "unit": _set_unit,
    "options": _set_options,
    "discount": _set_discount,
    "optional": _set_optional,
    "alternative_to": _set_alternative,
    "yearly_volume": _set_yearly_volume,
    "text": _set_text,
    "effort_days": _set_effort,
    "specialist": _set_said("specialist", 150),
    "feasibility": _set_said("feasibility", 2_000),
}
"""What can change of a line, and how: each answers the fields it has set."""
OF_STATEMENTS = frozenset({"discount", "optional", "alternative_to"})


def text_of(text: str) -> str:
    """A heading or a note as it is kept. Raises: Invalid."""
    if not text.strip():
        nothing = _("Write something.")
        raise Invalid(nothing, fields={"text": nothing})
    _require_short("text", text, MOST_TEXT)
    return text.strip()


def _require_short(name: str, text: str, most: int) -> None:
    if len(text) > most:
        too_long = _("At most %(most)s characters fit here.") % {"most": most}
        raise Invalid(too_long, fields={name: too_long})


# --- Order ------------------------------------------------------------------------------------------------------------
@transaction.atomic
def line_move(*, quote_id: int, line_id: int, by: User, before: int | None, version: int | None = None) -> QuoteLine:
    """The line right before another one; None: as the last."""
    quote = draft_for_update(quote_id, by, version)
    line = line_of(quote, line_id)
    old = line.position
    new = selectors.last_position(quote) + 1 if before is None else line_of(quote, before).position
    if new > old:
        quote.lines.filter(position__gt=old, position__lt=new).update(position=F("position") - 1)
        new -= 1
    else:
        quote.lines.filter(position__gte=new, position__lt=old).update(position=F("position") + 1)
    line.position = new
    line.save(update_fields=["position"])
    saved(quote, by, None)
    return line


_COPIED = tuple(
    field.attname for field in QuoteLine._meta.concrete_fields if field.name not in ("id", "position", "selected", "origin")
)


@transaction.atomic
def line_duplicate(*, quote_id: int, line_id: int, by: User, version: int | None = None) -> QuoteLine:
    """A second line like this one, right after it; of a statement of work only for those who write them."""
    quote = draft_for_update(quote_id, by, version)
    line = line_of(quote, line_id)
    if line.kind == LineKind.SOW and not policies.may_write_statements(by):
        raise NotAllowed(_("Statements of work are written by pre-sales."))
    known = selectors.amount_lines(quote.pk)
    require_room(known)
    below = quote.lines.filter(position__gt=line.position).order_by("position", "id").first()
    twin = QuoteLine(**{name: getattr(line, name) for name in _COPIED})
    twin.quote, twin.product, twin.unit = quote, line.product, line.unit
    twin.position = line.position + 1
    if below is not None:
        _opened(quote, below.pk, 1)
    _put(quote, [twin], known, by, before=below.pk if below else None)
    return twin


# --- Removing ---------------------------------------------------------------------------------------------------------
@transaction.atomic
def line_remove(*, quote_id: int, line_id: int, by: User, version: int | None = None) -> Quote:
    """The draft without the line."""
    quote = draft_for_update(quote_id, by, version)
    line = line_of(quote, line_id)
    if line.is_priced:
        priced = price(quote, [other for other in selectors.amount_lines(quote.pk) if other.id != line.pk])
    else:
        priced = None
    line.delete()
    saved(quote, by, priced)
    return quote


@transaction.atomic
def line_restore(*, quote_id: int, line_id: int, by: User, version: int | None = None) -> QuoteLine:
    """A removed line as it was, in its place, with its alternatives."""
    quote = draft_for_update(quote_id, by, version)
    kept = QuoteLine.history.filter(id=line_id, quote=quote.pk).order_by("-history_id").first()
    if kept is None or kept.history_type != "-":
        raise NotFound(_("This line is no longer there."))
    line: QuoteLine = kept.instance
    line.quote = quote
    if line.alternative_to_id and not quote.lines.filter(pk=line.alternative_to_id).exists():
        line.alternative_to = None
    known = selectors.amount_lines(quote.pk)
    require_room(known)
    below = quote.lines.filter(position__gte=line.position).order_by("position", "id").first()
    if below is not None and below.position == line.position:
        _opened(quote, below.pk, 1)
    line.save(force_insert=True)
    _stand_again(quote, line)
    saved(quote, by, price(quote, selectors.amount_lines(quote.pk)))
    return line_of(quote, line.pk)


def _stand_again(quote: Quote, line: QuoteLine) -> None:
    """The options that stood for the line before it was removed do so again."""
    rows = QuoteLine.history.filter(quote=quote.pk).order_by("history_id")
    last = dict(rows.values_list("id", "alternative_to"))
    options = [key for key, other in last.items() if other == line.pk]
    quote.lines.filter(pk__in=options, alternative_to=None, optional=True).update(alternative_to=line)
