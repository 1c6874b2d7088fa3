"""Asking, deciding and taking back. The only writers of approvals; the lock order is subject → run → requests → link."""

from approvals.services.asking import run_start
from approvals.services.batch import Answered, Seen, requests_approve
from approvals.services.deciding import request_decide, run_recall, run_withdraw
from approvals.services.definitions import gates_make_missing, usual_rule_make
from approvals.services.digest import digests_send
from approvals.services.handing_over import request_hand_over
from approvals.services.informing import managers_inform
from approvals.services.remarks import remark_add, request_ask_back
from approvals.services.sweeping import requests_remind, sweep

__all__ = [
    "Answered",
    "Seen",
    "digests_send",
    "gates_make_missing",
    "managers_inform",
    "remark_add",
    "request_ask_back",
    "request_decide",
    "request_hand_over",
    "requests_approve",
    "requests_remind",
    "run_recall",
    "run_start",
    "run_withdraw",
    "sweep",
    "usual_rule_make",
]
