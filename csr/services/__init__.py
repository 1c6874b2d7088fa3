"""The only writers of cases; the lock order is case → run → requests → link."""

from csr.services.keeping import WORKED_ON
from csr.services.moving import (
    case_assess,
    case_assign,
    case_close,
    case_implement,
    case_recall,
    case_submit,
    conclusion_write,
    feedback_add,
    missing_to_submit,
)
from csr.services.products import account_add, account_remove, product_change, product_remove, products_add
from csr.services.registering import FIELDS_OPEN, REGISTERED_FIELDS, case_change, case_clone, case_register
from csr.services.remarks import comment_add, file_add, file_remove
from csr.services.sweeping import sweep
from csr.services.tasks import task_add, task_answer, task_change, task_remove
from csr.services.team import case_watch, member_add, member_remove

__all__ = [
    "FIELDS_OPEN",
    "REGISTERED_FIELDS",
    "WORKED_ON",
    "account_add",
    "account_remove",
    "case_assess",
    "case_assign",
    "case_change",
    "case_clone",
    "case_close",
    "case_implement",
    "case_recall",
    "case_register",
    "case_submit",
    "case_watch",
    "comment_add",
    "conclusion_write",
    "feedback_add",
    "file_add",
    "file_remove",
    "member_add",
    "member_remove",
    "missing_to_submit",
    "product_change",
    "product_remove",
    "products_add",
    "sweep",
    "task_add",
    "task_answer",
    "task_change",
    "task_remove",
]
