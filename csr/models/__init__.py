"""Customer-specific requirements: cases and what belongs to them, and what stewards keep in the administration."""

from csr.models.cases import Case, CaseFeedback, CaseQuerySet, CaseSpell
from csr.models.handling import CsrSettings, HandlingRule
from csr.models.look_ups import LOOK_UPS, CaseType, CloseReason, Department, RequirementType, TeamRole
from csr.models.parts import CaseAccount, CaseFile, CaseMember, CaseProduct, CaseTask

__all__ = [
    "LOOK_UPS",
    "Case",
    "CaseAccount",
    "CaseFeedback",
    "CaseFile",
    "CaseMember",
    "CaseProduct",
    "CaseQuerySet",
    "CaseSpell",
    "CaseTask",
    "CaseType",
    "CloseReason",
    "CsrSettings",
    "Department",
    "HandlingRule",
    "RequirementType",
    "TeamRole",
]
