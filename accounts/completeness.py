"""What an account should have, and what is to be cleared up about one: the conditions behind filters and figures.

Fields that nothing is missing from without a value are left out: every account has a name, amounts are 0 where the master has
none, and a default discount or notes are nobody's duty.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, AccountStatus, LinkProposal, MasterConflict, Site
from accounts.prospect_selectors import OPEN

INVOICE_ADDRESS = "invoice_address"
FROM_MASTER = tuple(name for name in Account.MASTER_FIELDS if name not in ("name", "yearly_revenue", "yearly_volume"))
BY_HAND = ("territory", "payment_term", "payment_type", "language", "invoice_email", INVOICE_ADDRESS)
"""The manual fields that quotes, invoices and reports need."""
FIELDS = (*FROM_MASTER, *BY_HAND)
_PARTS = {INVOICE_ADDRESS: ("invoice_street", "invoice_postcode", "invoice_city")}
"""An address is one thing: who lacks a part of it lacks it."""


def lacking(field: str) -> Q:
    """The accounts that lack it."""
    found = Q()
    for name in _PARTS.get(field, (field,)):
        found |= Q(**{f"{name}__isnull": True}) if Account._meta.get_field(name).is_relation else Q(**{name: ""})
    return found


def label(field: str) -> str | Promise:
    """What it is called."""
    column: Any = None if field in _PARTS else Account._meta.get_field(field)
    return _("invoice address") if column is None else column.verbose_name


CONFLICT, DUPLICATE, STRANDED_SITES = "conflict", "duplicate", "stranded_sites"
MATTERS: dict[str, str | Promise] = {
    CONFLICT: _("open conflict"),
    DUPLICATE: _("possible duplicate"),
    STRANDED_SITES: _("active sites though not active itself"),
}
"""What somebody should clear up about an account."""


def with_matter(matter: str) -> Q:
    """The accounts that have it."""
    if matter == CONFLICT:
        return Q(Exists(MasterConflict.objects.filter(account=OuterRef("pk"), resolved_at=None)))
    if matter == DUPLICATE:
        return Q(Exists(LinkProposal.objects.filter(OPEN, prospect=OuterRef("pk"))))
    return ~Q(status=AccountStatus.ACTIVE) & Q(Exists(Site.objects.filter(account=OuterRef("pk"), is_active=True)))


def choices(names: Iterable[str]) -> list[tuple[str, str | Promise]]:
    return [(name, label(name)) for name in names]
