"""What implemented cases require of products, for quotes; see quotes.requirements."""

from django.db.models import Q
from django.urls import reverse

from core.prepared import Prepared
from csr.choices import CaseStatus
from csr.models import CaseProduct
from quotes.requirements import Requirement

_COLUMNS = (
    *("product__sku", "case__number", "case__title", "case_id", "case__is_printed", "case__printed_text", "is_excluded"),
    *("min_quantity", "max_quantity", "multiple_of"),
)
_in_force = Prepared(
    lambda account_id: (
        CaseProduct.objects.filter(
            Q(case__account=account_id) | Q(case__accounts__account=account_id), case__status=CaseStatus.IMPLEMENTED
        )
        .order_by("pk")
        .distinct()
        .values_list(*_COLUMNS)
    )
)


def of_account(account_id: int) -> list[Requirement]:
    """Of the cases of the account, and of those that apply to it as well: one query."""
    return [
        Requirement(sku, number, title, reverse("case_page", args=[case_id]), _printed(is_printed, text, title), *limits)
        for sku, number, title, case_id, is_printed, text, *limits in _in_force.rows(account_id)
    ]


def _printed(is_printed: bool, text: str, title: str) -> str:
    return (text or title) if is_printed else ""
