"""What bundles consist of and what they cost: pure functions over parts as plain values."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple, Protocol

from django.utils.translation import gettext as _

from core import money
from core.errors import Invalid


class Part(NamedTuple):
    """So many pricing units of the product `part` in one `bundle`."""

    bundle: int
    part: int
    quantity: Decimal
    is_option: bool = False
    sku: str = ""


Parts = Mapping[int, Sequence[Part]]
"""The parts of each bundle, in order. What is no key is no bundle."""


class Leaf(NamedTuple):
    """So many pricing units of a product in one bundle, all its places together. `is_option`: it came with a chosen option."""

    product: int
    quantity: Decimal
    is_option: bool


def leaves(bundle: int, parts: Parts, chosen: Collection[int] = (), *, whole: Collection[int] = ()) -> list[Leaf]:
    """What one bundle holds, nested bundles opened but for those in `whole`, in the order of the parts; of the options only those
    whose products are `chosen`. Raises: Circular."""
    require_no_circle(parts, [bundle])
    known: dict[int, list[Leaf]] = {}

    def opened(inside: int) -> list[Leaf]:
        if inside not in known:
            found: dict[tuple[int, bool], Decimal] = {}
            for part in parts[inside]:
                if part.is_option and part.part not in chosen:
                    continue
                is_open = part.part in parts and part.part not in whole
                for leaf in opened(part.part) if is_open else [Leaf(part.part, Decimal(1), False)]:
                    key = (leaf.product, leaf.is_option or part.is_option)
                    found[key] = found.get(key, money.ZERO) + leaf.quantity * part.quantity
            known[inside] = [Leaf(product, quantity, is_option) for (product, is_option), quantity in found.items()]
        return known[inside]

    return opened(bundle) if bundle in parts else []


def options(bundle: int, parts: Parts) -> list[Part]:
    """What somebody can choose in the bundle and in the bundles within it, each product once."""
    found: dict[int, Part] = {}
    seen, waiting = {bundle}, [bundle]
    while waiting:
        for part in parts.get(waiting.pop(0), ()):
            if part.is_option:
                found.setdefault(part.part, part)
            if part.part not in seen:
                seen.add(part.part)
                waiting.append(part.part)
    return list(found.values())


def require_options(bundle: int, parts: Parts, chosen: Collection[int]) -> None:
    """Raises: Invalid where something is chosen that is no option of the bundle."""
    unknown = sorted(set(chosen) - {part.part for part in options(bundle, parts)})
    if unknown:
        raise Invalid(fields={"options": _("This is no option of the bundle: %(option)s.") % {"option": unknown[0]}})


# --- Circles ----------------------------------------------------------------------------------------------------------
class Circular(Invalid):
    """A bundle holds itself; `circle`: the codes of the products on the way, the first one again at the end."""

    code = "circular_bundle"

    def __init__(self, way: Sequence[Part]) -> None:
        self.circle = [way[-1].sku, *(part.sku for part in way)]
        super().__init__(_("A bundle cannot hold itself: %(way)s.") % {"way": " → ".join(self.circle)})


def require_no_circle(parts: Parts, starts: Iterable[int] | None = None) -> None:
    """Raises: Circular for a bundle, of those in or under `starts`, that holds itself."""
    way: list[Part] = []
    harmless: set[int] = set()

    def look(bundle: int) -> None:
        for part in parts.get(bundle, ()):
            above = [step.bundle for step in way] + [bundle]
            if part.part in above:
                raise Circular([*way, part][above.index(part.part) :])
            if part.part not in harmless:
                way.append(part)
                look(part.part)
                way.pop()
        harmless.add(bundle)

    for bundle in parts if starts is None else starts:
        if bundle not in harmless:
            look(bundle)


# --- Prices -----------------------------------------------------------------------------------------------------------
class Amounts(NamedTuple):
    """EUR per unit, 4 places; None: unknown, of a floor: there is none."""

    list_price: Decimal
    cost: Decimal | None
    start_price: Decimal | None
    target_price: Decimal | None
    floor_price: Decimal | None


class Priced(Protocol):
    """Whatever has these amounts."""

    @property
    def list_price(self) -> Decimal: ...
    @property
    def cost(self) -> Decimal | None: ...
    @property
    def start_price(self) -> Decimal | None: ...
    @property
    def target_price(self) -> Decimal | None: ...
    @property
    def floor_price(self) -> Decimal | None: ...


def together(priced: Iterable[tuple[Decimal, Priced]]) -> Amounts:
    """What one bundle costs whose parts, so many of each, cost that much; rounded once.

    What is unknown of one part is unknown of the bundle. Only the floor is the sum of the floors there are: a part that may be
    given away takes no protection from the others.
    """
    rows = list(priced)
    floors = [(quantity, row.floor_price) for quantity, row in rows if row.floor_price is not None]
    return Amounts(
        list_price=money.unit_price(sum((quantity * row.list_price for quantity, row in rows), money.ZERO)),
        cost=_sum((quantity, row.cost) for quantity, row in rows),
        start_price=_sum((quantity, row.start_price) for quantity, row in rows),
        target_price=_sum((quantity, row.target_price) for quantity, row in rows),
        floor_price=_sum(floors) if floors else None,
    )


def _sum(amounts: Iterable[tuple[Decimal, Decimal | None]]) -> Decimal | None:
    total = money.ZERO
    for quantity, amount in amounts:
        if amount is None:
            return None
        total += quantity * amount
    return money.unit_price(total)
