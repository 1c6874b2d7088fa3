"""Which products pasted texts mean."""

from collections.abc import Collection
from typing import NamedTuple

from django.db.models import Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from core.errors import Invalid
from core.languages import CODES
from users.models import User


class Meant(NamedTuple):
    """A product, and whether it was its name that named it."""

    product: Product
    by_name: bool = False


class Catalogue(NamedTuple):
    """Some products by their keys, and by their codes and names in capitals; merged ones stand for what they became."""

    by_key: dict[int, Product]
    by_code: dict[str, list[Product]]
    by_name: dict[str, list[Product]]

    def meant(self, *texts: str) -> Meant:
        """The product that one of the texts names: by its code in any case, else by its whole name. Raises: Invalid when there is
        none, or several."""
        for known, by_name in ((self.by_code, False), (self.by_name, True)):
            for text in filter(None, texts):
                if found := known.get(text.upper()):
                    return Meant(_one_of(found, text), by_name)
        text = next(filter(None, texts), "")
        problem = _("There is no product “%(text)s” in the catalogue.") % {"text": text[:40]} if text else _("Choose a product.")
        raise Invalid(problem, fields={"product": problem})


def _one_of(products: list[Product], text: str) -> Product:
    """The one that is written just so, else the only one that is sold, else the only one."""
    written = [product for product in products if product.sku == text]
    sold = [product for product in products if product.is_active or product.merged_into_id]
    for some in (written, sold, products):
        became = {product.pk: product for product in map(_became, some)}
        if len(became) == 1:
            return became.popitem()[1]
    problem = _("Several products are called “%(text)s”. Choose one of them.") % {"text": text[:40]}
    raise Invalid(problem, fields={"product": problem})


def _became(product: Product) -> Product:
    return product.merged_into or product


_WITH = ("vat_rate", "unit", "merged_into__vat_rate", "merged_into__unit")


def products_called(user: User, texts: Collection[str], keys: Collection[int] = ()) -> Catalogue:
    """The products that have one of the texts as code or name, in any case, or one of the keys: one query."""
    wanted = {text.upper() for text in texts if text}
    names = {f"upper_{code}": Upper(f"name_{code}") for code in CODES}
    called = Q(pk__in=keys) | Q(upper_sku__in=wanted)
    for name in names:
        called |= Q(**{f"{name}__in": wanted})
    found = Product.objects.visible_to(user).alias(upper_sku=Upper("sku"), **names).filter(called)
    catalogue = Catalogue({}, {}, {})
    for product in found.select_related(*_WITH).order_by("sku"):
        catalogue.by_key[product.pk] = _became(product)
        catalogue.by_code.setdefault(product.sku.upper(), []).append(product)
        for name in {(getattr(product, f"name_{code}") or "").upper() for code in CODES} - {""}:
            catalogue.by_name.setdefault(name, []).append(product)
    return catalogue
