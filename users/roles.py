"""Who may: roles are plain classes in code. A user's rights are the union of the rights of their roles."""

from enum import IntEnum, StrEnum
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Perm(StrEnum):
    """Everything somebody can be allowed to do."""

    ACCOUNT_VIEW = "account.view"
    ACCOUNT_EDIT = "account.edit"
    ACTIVITY_VIEW = "activity.view"
    OPPORTUNITY_VIEW = "opportunity.view"
    PRODUCT_VIEW = "product.view"
    QUOTE_VIEW = "quote.view"
    QUOTE_EDIT = "quote.edit"
    QUOTE_SURCHARGE = "quote.surcharge"
    SOW_WRITE = "sow.write"
    """Writes statements of work on quotes, and nothing else of them."""
    MARGIN_VIEW = "margin.view"
    AGREEMENT_VIEW = "agreement.view"
    APPROVE_FLOOR = "approve.floor"
    APPROVE_MARGIN = "approve.margin"
    APPROVE_CATALOGUE = "approve.catalogue"
    APPROVE_TERMS = "approve.terms"
    CSR_VIEW = "csr.view"
    CSR_REGISTER = "csr.register"
    APPROVE_CSR_PRE = "approve.csr_pre"
    APPROVE_CSR_FINAL = "approve.csr_final"
    STEWARD = "steward"
    """Watches syncs, keeps look-ups and users, and answers for whatever has no other owner."""
    ADMIN = "admin"


class Scope(IntEnum):
    """How far a role sees, from the narrowest to the widest."""

    TEAM = 1
    UNIT = 2
    ALL = 3


class Role:
    """A role: its code (stored), its label, its rights, how far it sees, and the models it keeps in the admin."""

    code: ClassVar[str]
    label: ClassVar[str | Promise]
    permissions: ClassVar[frozenset[Perm]] = frozenset()
    scope: ClassVar[Scope] = Scope.TEAM
    admin_models: ClassVar[frozenset[str]] = frozenset()


_SALES = frozenset(
    {
        Perm.ACCOUNT_VIEW,
        Perm.ACCOUNT_EDIT,
        Perm.ACTIVITY_VIEW,
        Perm.OPPORTUNITY_VIEW,
        Perm.PRODUCT_VIEW,
        Perm.QUOTE_VIEW,
        Perm.QUOTE_EDIT,
        Perm.AGREEMENT_VIEW,
        Perm.CSR_VIEW,
        Perm.CSR_REGISTER,
    }
)
_HOUSE = frozenset({Perm.ACCOUNT_VIEW, Perm.PRODUCT_VIEW, Perm.CSR_VIEW})
_READER = _HOUSE | {Perm.QUOTE_VIEW}


class SalesRep(Role):
    code, label = "sales_rep", _("Sales rep")
    permissions = _SALES | {Perm.MARGIN_VIEW}


class SalesSupport(Role):
    code, label = "sales_support", _("Sales support")
    permissions = _SALES


class SalesManager(Role):
    code, label = "sales_manager", _("Sales manager")
    permissions = _SALES | {Perm.MARGIN_VIEW, Perm.APPROVE_MARGIN, Perm.QUOTE_SURCHARGE, Perm.APPROVE_CSR_FINAL}
    scope = Scope.UNIT


class SalesLeadership(Role):
    code, label = "sales_leadership", _("Sales leadership")
    permissions = _READER | {Perm.MARGIN_VIEW, Perm.APPROVE_MARGIN, Perm.OPPORTUNITY_VIEW, Perm.APPROVE_CSR_FINAL}
    scope = Scope.ALL


class Pricing(Role):
    code, label = "pricing", _("Pricing")
    permissions = _READER | {Perm.MARGIN_VIEW, Perm.APPROVE_FLOOR, Perm.QUOTE_SURCHARGE, Perm.ADMIN}
    scope = Scope.ALL
    admin_models = frozenset(
        {
            "accounts.pricelistrule", "catalog.bundlepart", "catalog.configurationrule", "catalog.price", "catalog.pricelist",
            "catalog.product", "catalog.productunit", "catalog.usagemetric", "catalog.usagestep", "catalog.vatrate",
            "quotes.margintarget",
        }
    )  # fmt: skip


class CustomerSuccess(Role):
    code, label = "customer_success", _("Customer success")
    permissions = _READER | {Perm.APPROVE_CATALOGUE}
    scope = Scope.ALL


class Finance(Role):
    code, label = "finance", _("Finance")
    permissions = _READER | {Perm.MARGIN_VIEW, Perm.APPROVE_TERMS}
    scope = Scope.ALL


class PreSales(Role):
    code, label = "presales", _("Pre-sales")
    permissions = _READER | {Perm.SOW_WRITE}
    scope = Scope.ALL


class SupplyChainQuality(Role):
    code, label = "supply_chain_quality", _("Supply chain and quality")
    permissions = _HOUSE | {Perm.APPROVE_CSR_PRE}
    scope = Scope.ALL


class TechnicalTeam(Role):
    code, label = "technical_team", _("Technical team")
    permissions = _HOUSE
    scope = Scope.ALL


class ServiceRep(Role):
    code, label = "service_rep", _("Service rep")
    permissions = _HOUSE | {Perm.CSR_REGISTER}
    scope = Scope.ALL


class StrategicMarketing(Role):
    code, label = "strategic_marketing", _("Strategic marketing")
    permissions = _HOUSE | {Perm.APPROVE_CSR_FINAL}
    scope = Scope.ALL


class CorporateSales(Role):
    code, label = "corporate_sales", _("Corporate sales and marketing")
    permissions = _READER | {Perm.OPPORTUNITY_VIEW}
    scope = Scope.ALL


class DataSteward(Role):
    code, label = "data_steward", _("Data steward")
    permissions = _READER | {
        Perm.ACCOUNT_EDIT,
        Perm.OPPORTUNITY_VIEW,
        Perm.MARGIN_VIEW,
        Perm.CSR_REGISTER,
        Perm.STEWARD,
        Perm.ADMIN,
    }
    scope = Scope.ALL
    admin_models = frozenset({"*"})


ROLES: dict[str, type[Role]] = {
    role.code: role
    for role in (
        SalesRep,
        SalesSupport,
        SalesManager,
        SalesLeadership,
        Pricing,
        CustomerSuccess,
        Finance,
        PreSales,
        SupplyChainQuality,
        TechnicalTeam,
        ServiceRep,
        StrategicMarketing,
        CorporateSales,
        DataSteward,
    )
}


def role_choices() -> list[tuple[str, str | Promise]]:
    """Codes and labels for forms and models."""
    return [(role.code, role.label) for role in ROLES.values()]


def codes_with(permission: Perm) -> list[str]:
    """The codes of the roles that grant `permission`."""
    return [role.code for role in ROLES.values() if permission in role.permissions]
