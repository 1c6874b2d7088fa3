"""What implemented cases require of products, for quotes; see quotes.requirements."""

from typing import Any

from django.db.models import FilteredRelation, Q, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import ngettext

from core.prepared import Prepared
from csr.choices import CaseStatus
from csr.models import CaseProduct
from csr.models.cases import keys_about
from quotes.requirements import Requirement

_COLUMNS = (
    *("pk", "sku", "case__number", "case__title", "case_id", "case__is_printed", "case__printed_text", "is_excluded"),
    *("min_quantity", "max_quantity", "multiple_of"),
    *("case__account", "case__site__child_id", "also", "also__site__child_id"),
)


def _required(account_id: int) -> QuerySet[CaseProduct, tuple[Any, ...]]:
    also = FilteredRelation("case__accounts", condition=Q(case__accounts__account=account_id))
    return (
        CaseProduct.objects.annotate(also=also, sku=Coalesce("product__merged_into__sku", "product__sku"))
        .filter(case__in=keys_about(account_id), case__status=CaseStatus.IMPLEMENTED)
        .order_by("pk", "also")
        .values_list(*_COLUMNS)
    )


_in_force = Prepared(_required)


def of_account(account_id: int) -> list[Requirement]:
    """Of the cases of the account, and of those that apply to it as well, by the code that the product has now; the title of one
    that is about single sites names them. One query."""
    found: dict[int, Requirement] = {}
    sites: dict[int, set[str | None]] = {}
    for pk, sku, number, title, case_id, is_printed, text, *more in _in_force.rows(account_id):
        *limits, of, main_site, also, site = more
        path = reverse("case_page", args=[case_id])
        found[pk] = Requirement(sku, number, title, path, (text or title) if is_printed else "", *limits)
        about = sites.setdefault(pk, set())
        if of == account_id:
            about.add(main_site)
        if also is not None:
            about.add(site)
    return [_of_sites(requirement, sites[pk]) for pk, requirement in found.items()]


def _of_sites(requirement: Requirement, sites: set[str | None]) -> Requirement:
    """None among the sites: all of them."""
    if None in sites:
        return requirement
    named = sorted(filter(None, sites))
    about = ngettext("%(title)s (site %(sites)s)", "%(title)s (sites %(sites)s)", len(named))
    return requirement._replace(title=about % {"title": requirement.title, "sites": ", ".join(named)})
