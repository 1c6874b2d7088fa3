"""Who may do what at which address: the one table, written by hand, from which the access tests are made.

A row says who passes the door, which methods exist, what record the arguments name, and who of those who see that record may
use it. `tests.access_matrix` makes every cell of it: address × role × relation × method × face. An address without a row, a row
without an address and a method that works without being named fail.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from users.roles import ROLES

Roles = frozenset[str]

ANONYMOUS = "anonymous"
EVERYBODY = frozenset({ANONYMOUS, *ROLES})
SIGNED_IN = frozenset(ROLES)
SALES = frozenset({"sales_rep", "sales_support", "sales_manager"})
STEWARDS = frozenset({"data_steward"})
ACCOUNT_EDITORS = SALES | STEWARDS
QUOTE_READERS = SALES | STEWARDS | {
    "sales_leadership", "pricing", "customer_success", "finance", "presales", "corporate_sales",
}  # fmt: skip
OPPORTUNITY_READERS = SALES | STEWARDS | {"sales_leadership", "corporate_sales"}
CASE_REGISTRARS = SALES | STEWARDS | {"service_rep"}
OVERSEERS = STEWARDS | {"sales_manager", "sales_leadership"}
ADMINS = STEWARDS | {"pricing"}
SEES_MARGIN = frozenset({"sales_rep", "sales_manager", "sales_leadership", "pricing", "finance", "data_steward"})

# --- What a record is to a person -------------------------------------------------------------------------------------
OWN, TEAM, UNIT, FOREIGN = "own", "of the team", "of the unit", "of another unit"
ASKED = "asked in"
SHARED = "shared by a colleague"
HELD, UNHELD = "with its link", "without its link"
THERE = "there"
CROSSED = "the own one with a part of another's"
CROSSED_MISSING = "the own one with a missing part"
MISSING = "missing"

OF_AN_ACCOUNT = (OWN, TEAM, UNIT, FOREIGN)
RELATIONS: dict[str, tuple[str, ...]] = {
    "": (THERE,),
    "account": OF_AN_ACCOUNT,
    "contact": (*OF_AN_ACCOUNT, CROSSED),
    "conflict": OF_AN_ACCOUNT,
    "proposal": OF_AN_ACCOUNT,
    "declined proposal": OF_AN_ACCOUNT,
    "merge": (*OF_AN_ACCOUNT, CROSSED),
    "opportunity": OF_AN_ACCOUNT,
    "quote": OF_AN_ACCOUNT,
    "line": (*OF_AN_ACCOUNT, CROSSED),
    "removed line": (*OF_AN_ACCOUNT, CROSSED),
    "attachment": (*OF_AN_ACCOUNT, CROSSED),
    "approved quote": OF_AN_ACCOUNT,
    "sent quote": OF_AN_ACCOUNT,
    "asked quote": OF_AN_ACCOUNT,
    "case": OF_AN_ACCOUNT,
    "case product": (*OF_AN_ACCOUNT, CROSSED),
    "case account": (*OF_AN_ACCOUNT, CROSSED),
    "case member": (*OF_AN_ACCOUNT, CROSSED),
    "case file": (*OF_AN_ACCOUNT, CROSSED),
    "asked case": OF_AN_ACCOUNT,
    "assessed case": (*OF_AN_ACCOUNT, CROSSED),
    "heard case": OF_AN_ACCOUNT,
    "case to implement": OF_AN_ACCOUNT,
    "live case": OF_AN_ACCOUNT,
    "template": (OWN, SHARED, FOREIGN),
    "request": (*OF_AN_ACCOUNT, ASKED),
    "approval link": (HELD, UNHELD),
    "customer link": (HELD, UNHELD),
    "absence": (OWN, FOREIGN),
    "token": (OWN, FOREIGN),
    "saved view": (OWN, FOREIGN),
    "product": (THERE,),
    "merged product": (THERE,),
    "run": (THERE,),
    "running run": (THERE,),
    "stopped run": (THERE,),
    "quarantined row": (THERE,),
    "mail": (THERE,),
}
"""Kind of record → what one of them can be to a person; missing ones are tried of every kind but the first."""

_TEAM = frozenset({OWN, TEAM})
_UNIT = frozenset({OWN, TEAM, UNIT})
_ALL = frozenset({OWN, TEAM, UNIT, FOREIGN})
_BY_SCOPE = dict.fromkeys(ROLES, _ALL) | {"sales_rep": _TEAM, "sales_support": _TEAM, "sales_manager": _UNIT}
_CASES = _BY_SCOPE  # nobody of these takes part in another's case
_HOLDERS = dict.fromkeys(EVERYBODY, frozenset({HELD}))
_ALWAYS = dict.fromkeys(EVERYBODY, frozenset({THERE}))

SIGHT: dict[str, dict[str, frozenset[str]]] = {
    "": _ALWAYS,
    "account": _BY_SCOPE,
    "contact": _BY_SCOPE,
    "conflict": _BY_SCOPE,
    "proposal": _BY_SCOPE,
    "declined proposal": _BY_SCOPE,
    "merge": _BY_SCOPE,
    "opportunity": _BY_SCOPE,
    "quote": _BY_SCOPE,
    "line": _BY_SCOPE,
    "removed line": _BY_SCOPE,
    "attachment": _BY_SCOPE,
    "approved quote": _BY_SCOPE,
    "sent quote": _BY_SCOPE,
    "asked quote": _BY_SCOPE,
    "case": _CASES,
    "case product": _CASES,
    "case account": _CASES,
    "case member": _CASES,
    "case file": _CASES,
    "asked case": _CASES,
    "assessed case": _CASES,
    "heard case": _CASES,
    "case to implement": _CASES,
    "live case": _CASES,
    "template": dict.fromkeys(ROLES, frozenset({OWN, SHARED})),
    "request": dict.fromkeys(ROLES, frozenset({OWN, ASKED})) | {"data_steward": _ALL | {ASKED}},
    "approval link": _HOLDERS,
    "customer link": _HOLDERS,
    "absence": dict.fromkeys(ROLES, frozenset({OWN})) | {"data_steward": frozenset({OWN, FOREIGN})},  # and ends them
    "token": dict.fromkeys(ROLES, frozenset({OWN})) | {"data_steward": frozenset({OWN, FOREIGN})},  # and ends them
    "saved view": dict.fromkeys(ROLES, frozenset({OWN})),
    "product": _ALWAYS,
    "merged product": _ALWAYS,
    "run": _ALWAYS,
    "running run": _ALWAYS,
    "stopped run": _ALWAYS,
    "quarantined row": _ALWAYS,
    "mail": _ALWAYS,
}
"""Kind of record → role → which of them such a person sees. The others are as good as missing."""

APPROVERS = frozenset({"finance", "pricing", "sales_manager", "sales_leadership", "customer_success", "data_steward"})
_EDITS_ACCOUNT = {"sales_rep": frozenset({OWN}), "sales_support": _TEAM, "sales_manager": _UNIT, "data_steward": _ALL}

RIGHTS: dict[str, dict[str, frozenset[str]]] = {
    "edit the account": _EDITS_ACCOUNT,
    "edit the quote": {role: _EDITS_ACCOUNT[role] for role in SALES},
    "answer for the phase": dict.fromkeys(ROLES, frozenset({OWN})) | {"data_steward": _ALL},
    "work on the case": dict.fromkeys(ROLES, frozenset({OWN})) | {role: _EDITS_ACCOUNT[role] for role in _EDITS_ACCOUNT},
    "change the template": dict.fromkeys(ROLES, frozenset({OWN})),
    "undo what one did": dict.fromkeys(ROLES, frozenset({OWN})),
    "decide": dict.fromkeys(APPROVERS, frozenset({ASKED})),
    "hand over": dict.fromkeys(APPROVERS, frozenset({ASKED})) | {"data_steward": frozenset({TEAM, UNIT, FOREIGN, ASKED})},
}
"""A right → role → which of the records in sight such a person may use so; the others answer 403."""


# --- Rows -------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Use:
    """A way to use an address: on which kind of record, with which other arguments, and by which right.

    `body` names what a writing request carries, see `tests.access_world`. `refuses`: even where all is in order the answer is
    this status.
    """

    kind: str = ""
    body: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict, hash=False)
    read: str = ""
    write: str = ""
    methods: str = ""
    """The methods of the address that are used so; all where none is named."""
    changes: bool = True
    """Whether an allowed write is to be seen in the database."""
    refuses: int = 0


@dataclass(frozen=True)
class Address:
    """A row: who passes the door, by method where that differs; the methods there are; the ways to use it."""

    who: Roles
    methods: str = "GET HEAD"
    uses: tuple[Use, ...] = (Use(),)
    doors: Mapping[str, Roles] = field(default_factory=dict, hash=False)
    blind: str = ""
    """Methods that look at no record, so that missing ones answer alike."""
    is_api: bool = False

    def door(self, method: str) -> Roles:
        return self.doors.get(method, self.who)


GET, READ, FORM, POST, PATCH, DELETE = "GET", "GET HEAD", "GET HEAD POST", "POST", "PATCH", "DELETE"


def page(who: Roles, kind: str = "", methods: str = READ, **fixed: Any) -> Address:
    """Something to look at."""
    return Address(who, methods, (Use(kind, fixed=fixed),))


def export(who: Roles) -> Address:
    """A list as a file; taking it is an event."""
    return Address(who, FORM, (Use(body="format"),))


def api(doors: Mapping[str, Roles], *uses: Use) -> Address:
    """An endpoint: who may use each method. One that is not there is told to everybody who is signed in."""
    both = {**doors, **({"HEAD": doors["GET"]} if "GET" in doors else {})}
    return Address(SIGNED_IN, " ".join(both), uses or (Use(),), both, is_api=True)


def api_move(kind: str, body: str = "json nothing", right: str = "edit the quote") -> Address:
    """A move of a quote."""
    return api({POST: SALES}, Use(kind, body, write=right))


def _row(body: str) -> tuple[Use, ...]:
    """A quarantined row: to look at always, to be applied only while no run goes on, and here one does."""
    return Use("quarantined row", methods=READ), Use("quarantined row", body, refuses=409, methods=POST)


def quote_move(move: str, kind: str, right: str = "edit the quote") -> Use:
    return Use(kind, "version", {"move": move}, write=right)


def case_act(kind: str, body: str, right: str = "work on the case") -> Address:
    """An act with a form: whoever may send it may open it."""
    return Address(SIGNED_IN, FORM, (Use(kind, body, read=right, write=right),))


def case_press(kind: str, right: str = "work on the case", body: str = "case version") -> Address:
    """A button."""
    return Address(SIGNED_IN, POST, (Use(kind, body, write=right),))


POLICY: dict[str, Address] = {
    "absence_end": Address(SIGNED_IN, POST, (Use("absence"),)),
    "absence_new": Address(SIGNED_IN, POST, (Use(body="absence"),)),
    "account_edit": Address(
        ACCOUNT_EDITORS, FORM, (Use("account", "notes", {"group": "notes"}, "edit the account", "edit the account"),)
    ),
    "account_export": export(SIGNED_IN),
    "account_lift_override": Address(
        ACCOUNT_EDITORS, POST, (Use("account", "account version", {"field": "city"}, write="edit the account"),)
    ),
    "account_list": page(SIGNED_IN),
    "account_new": Address(ACCOUNT_EDITORS, FORM, (Use(body="prospect"),)),
    "account_override": Address(
        ACCOUNT_EDITORS, FORM, (Use("account", "override", {"field": "street"}, "edit the account", "edit the account"),)
    ),
    "account_page": page(SIGNED_IN, "account"),
    "account_why": page(SIGNED_IN, "account", field="city"),
    "api:absence-detail": api({GET: SIGNED_IN}, Use("absence")),
    "api:absence-end": api({POST: SIGNED_IN}, Use("absence", "json nothing")),
    "api:absence-list": api({GET: SIGNED_IN, POST: SIGNED_IN}, Use(methods=READ), Use(body="json absence", methods=POST)),
    "api:account-contact": api(
        {GET: SIGNED_IN, PATCH: ACCOUNT_EDITORS, DELETE: ACCOUNT_EDITORS},
        Use("contact", methods=READ),
        Use("contact", "json name", methods=PATCH, write="edit the account"),
        Use("contact", methods=DELETE, write="edit the account"),
    ),
    "api:account-contacts": api(
        {GET: SIGNED_IN, POST: ACCOUNT_EDITORS},
        Use("account", methods=READ),
        Use("account", "json contact", methods=POST, write="edit the account"),
    ),
    "api:account-detail": api(
        {GET: SIGNED_IN, PATCH: ACCOUNT_EDITORS},
        Use("account", methods=READ),
        Use("account", "json notes", methods=PATCH, write="edit the account"),
    ),
    "api:account-lift-override": api({POST: ACCOUNT_EDITORS}, Use("account", "json field", write="edit the account")),
    "api:account-list": api({GET: SIGNED_IN}),
    "api:account-override": api({POST: ACCOUNT_EDITORS}, Use("account", "json override", write="edit the account")),
    "api:account-payment-term-advice": api({GET: SIGNED_IN}, Use("account")),
    "api:account-sites": api({GET: SIGNED_IN}, Use("account")),
    "api:approval-approve": api({POST: SIGNED_IN}, Use("request", "json nothing", write="decide")),
    "api:approval-approve-together": api({POST: SIGNED_IN}, Use(body="json requests", changes=False)),  # each refused by itself
    "api:approval-ask-back": api({POST: SIGNED_IN}, Use("request", "json question", write="decide")),
    "api:approval-comment": api({POST: SIGNED_IN}, Use("request", "json comment")),
    "api:approval-detail": api({GET: SIGNED_IN}, Use("request")),
    "api:approval-hand-over": api({POST: SIGNED_IN}, Use("request", "json successor", write="hand over")),
    "api:approval-list": api({GET: SIGNED_IN}),
    "api:approval-recall": api({POST: SIGNED_IN}, Use("request", "json nothing", write="undo what one did")),
    "api:approval-reject": api({POST: SIGNED_IN}, Use("request", "json comment", write="decide")),
    "api:csr-account": api({DELETE: SIGNED_IN}, Use("case account", write="work on the case")),
    "api:csr-accounts": api(
        {GET: SIGNED_IN, POST: SIGNED_IN},
        Use("case", methods=READ),
        Use("case", "json csr account", methods=POST, write="work on the case", refuses=422),  # it is that of the case
    ),
    "api:csr-answer": api({POST: SIGNED_IN}, Use("assessed case", "json csr answer", write="answer for the phase")),
    "api:csr-approvers": api({GET: SIGNED_IN}, Use("case")),
    "api:csr-assess": api({POST: SIGNED_IN}, Use("heard case", "json csr conclusion", write="answer for the phase")),
    "api:csr-assign": api({POST: SIGNED_IN}, Use("heard case", "json csr person", write="answer for the phase")),
    "api:csr-clone": api({POST: CASE_REGISTRARS}, Use("case", "json nothing")),
    "api:csr-close": api({POST: SIGNED_IN}, Use("case", "json csr closing", write="work on the case")),
    "api:csr-comments": api(
        {GET: SIGNED_IN, POST: SIGNED_IN}, Use("case", methods=READ), Use("case", "json comment", methods=POST)
    ),
    "api:csr-conclusion": api({POST: SIGNED_IN}, Use("heard case", "json csr conclusion", write="answer for the phase")),
    "api:csr-detail": api(
        {GET: SIGNED_IN, PATCH: SIGNED_IN},
        Use("case", methods=READ),
        Use("case", "json csr title", methods=PATCH, write="work on the case"),
    ),
    "api:csr-file": api(
        {GET: SIGNED_IN, DELETE: SIGNED_IN},
        Use("case file", methods=READ),
        Use("case file", methods=DELETE, write="work on the case"),
    ),
    "api:csr-files": api(
        {GET: SIGNED_IN, POST: SIGNED_IN}, Use("case", methods=READ), Use("case", "json csr file", methods=POST)
    ),
    "api:csr-implement": api({POST: SIGNED_IN}, Use("case to implement", "json nothing", write="answer for the phase")),
    "api:csr-list": api({GET: SIGNED_IN, POST: CASE_REGISTRARS}, Use(methods=READ), Use("account", "json csr", methods=POST)),
    "api:csr-member": api({DELETE: SIGNED_IN}, Use("case member", write="work on the case")),
    "api:csr-product": api(
        {PATCH: SIGNED_IN, DELETE: SIGNED_IN},
        Use("case product", "json csr note", methods=PATCH, write="work on the case"),
        Use("case product", methods=DELETE, write="work on the case"),
    ),
    "api:csr-products": api(
        {GET: SIGNED_IN, POST: SIGNED_IN},
        Use("case", methods=READ),
        Use("case", "json csr products", methods=POST, write="work on the case"),
    ),
    "api:csr-recall": api({POST: SIGNED_IN}, Use("asked case", "json nothing", write="undo what one did")),
    "api:csr-satisfaction": api(
        {GET: SIGNED_IN, POST: SIGNED_IN},
        Use("live case", methods=READ),
        Use("live case", "json csr satisfaction", methods=POST, write="work on the case"),
    ),
    "api:csr-submit": api({POST: SIGNED_IN}, Use("case", "json nothing", write="work on the case")),
    "api:csr-task": api(
        {PATCH: SIGNED_IN, DELETE: SIGNED_IN},
        Use("assessed case", "json csr task change", methods=PATCH, write="answer for the phase"),
        Use("assessed case", methods=DELETE, write="answer for the phase"),
    ),
    "api:csr-tasks": api(
        {GET: SIGNED_IN, POST: SIGNED_IN},
        Use("heard case", methods=READ),
        Use("heard case", "json csr task", methods=POST, write="answer for the phase"),
    ),
    "api:csr-team": api(
        {GET: SIGNED_IN, POST: SIGNED_IN},
        Use("case", methods=READ),
        Use("case", "json csr member", methods=POST, write="work on the case"),
    ),
    "api:csr-watch": api({POST: SIGNED_IN}, Use("case", "json nothing")),
    "api:look-up": api({GET: SIGNED_IN}, Use(fixed={"field": "tma2"})),
    "api:opportunity-detail": api(
        {GET: OPPORTUNITY_READERS, PATCH: ACCOUNT_EDITORS},
        Use("opportunity", methods=READ),
        Use("opportunity", "json name", methods=PATCH, write="edit the account"),
    ),
    "api:opportunity-list": api(
        {GET: OPPORTUNITY_READERS, POST: ACCOUNT_EDITORS},
        Use(methods=READ),
        Use("account", "json opportunity", methods=POST, write="edit the account"),
    ),
    "api:payment-term-list": api({GET: SIGNED_IN}),
    "api:product-detail": api({GET: SIGNED_IN}, Use("product")),
    "api:product-list": api({GET: SIGNED_IN}),
    "api:quote-accept": api_move("sent quote", "json acceptance"),
    "api:quote-approvers": api({GET: SALES}, Use("quote", read="edit the quote")),
    "api:quote-attachment-change": api(
        {PATCH: SALES, DELETE: SALES},
        Use("attachment", "json for the customer", methods=PATCH, write="edit the quote"),
        Use("attachment", methods=DELETE, write="edit the quote"),
    ),
    "api:quote-attachment-file": api({GET: QUOTE_READERS}, Use("attachment")),
    "api:quote-attachments": api(
        {GET: QUOTE_READERS, POST: SALES},
        Use("quote", methods=READ),
        Use("quote", "json attachment", methods=POST, write="edit the quote"),
    ),
    "api:quote-cancel": api_move("quote"),
    "api:quote-copy": api_move("quote", right=""),
    "api:quote-decline": api_move("sent quote", "json refusal"),
    "api:quote-detail": api(
        {GET: QUOTE_READERS, PATCH: SALES},
        Use("quote", methods=READ),
        Use("quote", "json head", methods=PATCH, write="edit the quote"),
    ),
    "api:quote-document": api({GET: QUOTE_READERS}, Use("quote")),
    "api:quote-line-add": api_move("quote", "json new line"),
    "api:quote-line-change": api(
        {PATCH: SALES, DELETE: SALES},
        Use("line", "json line", methods=PATCH, write="edit the quote"),
        Use("line", methods=DELETE, write="edit the quote"),
    ),
    "api:quote-line-duplicate": api_move("line"),
    "api:quote-line-move": api_move("line", "json place"),
    "api:quote-line-restore": api_move("removed line"),
    "api:quote-list": api({GET: QUOTE_READERS, POST: SALES}, Use(methods=READ), Use("account", "json quote", methods=POST)),
    "api:quote-recall": api_move("asked quote", right="undo what one did"),
    "api:quote-reprice": api_move("quote"),
    "api:quote-resend": api_move("sent quote", "json recipients"),
    "api:quote-revise": api_move("sent quote"),
    "api:quote-send": api_move("approved quote", "json recipients"),
    "api:quote-statement-add": api({POST: frozenset({"presales"})}, Use("quote", "json statement")),
    "api:quote-statement-change": api({PATCH: frozenset({"presales"})}, Use("line", "json statement", refuses=422)),
    "api:quote-submit": api_move("quote"),
    "api:quote-template-detail": api({GET: SALES}, Use("template")),
    "api:quote-template-list": api({GET: SALES, POST: SALES}, Use(methods=READ), Use("quote", "json template", methods=POST)),
    "api:quote-template-quote-create": api({POST: SALES}, Use("template", "json account for the template")),
    "api:quote-text-add": api_move("quote", "json note"),
    "api:quote-text-change": api({PATCH: SALES}, Use("line", "json text", write="edit the quote", refuses=422)),
    "api:quote-unsend": api_move("sent quote", right="undo what one did"),
    "api_docs": page(SIGNED_IN, methods=GET),
    "api_schema": api({GET: SIGNED_IN}),
    "approval_detail": Address(SIGNED_IN, FORM, (Use("request", "verdict", write="decide"),)),
    "approval_link": Address(EVERYBODY, "GET HEAD OPTIONS", (Use("approval link"),), blind="HEAD OPTIONS"),
    "approval_link_review": Address(EVERYBODY, "GET HEAD OPTIONS POST", (Use("approval link", "verdict"),), blind="HEAD OPTIONS"),
    "approval_list": page(SIGNED_IN, methods=GET),
    "approval_load": page(OVERSEERS),
    "approval_recall": Address(SIGNED_IN, POST, (Use("request", write="undo what one did"),)),
    "approval_report": page(OVERSEERS),
    "approval_report_file": export(OVERSEERS),
    "approval_together": Address(SIGNED_IN, FORM, (Use("request", "requests", write="decide", methods=POST), Use(methods=READ))),
    "attachment_add": Address(SALES, POST, (Use("quote", "attachment", write="edit the quote"),)),
    "attachment_change": Address(SALES, POST, (Use("attachment", "for the customer", write="edit the quote"),)),
    "attachment_file": page(QUOTE_READERS, "attachment", GET),
    "attachment_remove": Address(SALES, POST, (Use("attachment", write="edit the quote"),)),
    "case_account_add": case_act("case", "account of a case"),
    "case_account_options": page(CASE_REGISTRARS, methods=GET),
    "case_account_remove": case_press("case account"),
    "case_assign": case_act("heard case", "person of a case", "answer for the phase"),
    "case_clone": Address(CASE_REGISTRARS, POST, (Use("case"),)),
    "case_close": case_act("case", "end of a case"),
    "case_comment": case_act("case", "comment on a case", ""),
    "case_conclusion": case_act("heard case", "conclusion", "answer for the phase"),
    "case_export": export(SIGNED_IN),
    "case_feedback": case_act("live case", "satisfaction"),
    "case_file": page(SIGNED_IN, "case file", GET),
    "case_file_add": case_act("case", "file of a case", ""),
    "case_file_remove": case_press("case file"),
    "case_history": page(SIGNED_IN, "case"),
    "case_implement": case_press("case to implement", "answer for the phase"),
    "case_list": page(SIGNED_IN),
    "case_member_add": case_act("case", "member of a case"),
    "case_member_remove": case_press("case member"),
    "case_new": Address(
        CASE_REGISTRARS,
        FORM,
        (Use(fixed={"code": "csr"}, methods=READ), Use(body="new case", fixed={"code": "csr"}, methods=POST)),
    ),
    "case_new_account": page(CASE_REGISTRARS, methods=GET),
    "case_new_product": page(CASE_REGISTRARS, methods=GET),
    "case_page": page(SIGNED_IN, "case"),
    "case_product": case_act("case product", "product of a case"),
    "case_product_options": page(CASE_REGISTRARS, methods=GET),
    "case_product_remove": case_press("case product"),
    "case_products_add": case_act("case", "products of a case"),
    "case_recall": case_press("asked case", "undo what one did"),
    "case_report": page(SIGNED_IN),
    "case_report_file": export(SIGNED_IN),
    "case_requirement": case_act("case", "requirement"),
    "case_similar": page(CASE_REGISTRARS, methods=GET),
    "case_submit": case_act("case", "case version"),
    "case_task": case_act("assessed case", "answer of a part", "answer for the phase"),
    "case_task_add": case_act("heard case", "part of a case", "answer for the phase"),
    "case_task_change": case_act("assessed case", "part handed over", "answer for the phase"),
    "case_task_remove": case_press("assessed case", "answer for the phase"),
    "case_types": page(CASE_REGISTRARS),
    "case_watch": case_press("case", "", "watching"),
    "conflict_assign": Address(ACCOUNT_EDITORS, POST, (Use("conflict", "hands", write="edit the account"),)),
    "conflict_choose": Address(ACCOUNT_EDITORS, POST, (Use("conflict", "choice", write="edit the account"),)),
    "conflict_export": export(SIGNED_IN),
    "conflict_leave": Address(ACCOUNT_EDITORS, POST, (Use("conflict", "reason", write="edit the account"),)),
    "conflict_list": page(SIGNED_IN),
    "conflict_page": page(SIGNED_IN, "conflict"),
    "contact_edit": Address(ACCOUNT_EDITORS, FORM, (Use("contact", "contact", {}, "edit the account", "edit the account"),)),
    "contact_new": Address(ACCOUNT_EDITORS, FORM, (Use("account", "contact", {}, "edit the account", "edit the account"),)),
    "contact_remove": Address(ACCOUNT_EDITORS, POST, (Use("contact", write="edit the account"),)),
    "customer_attachment": Address(EVERYBODY, GET, (Use("customer link"),)),
    "customer_document": Address(EVERYBODY, GET, (Use("customer link"),)),
    "customer_link": Address(EVERYBODY, READ, (Use("customer link"),)),
    "customer_opened": Address(EVERYBODY, POST, (Use("customer link"),)),
    "customer_quote": Address(
        EVERYBODY,
        FORM,
        (
            Use("customer link", "acceptance"),
            Use("customer link", "customer question", {"answer": "ask"}, methods=POST),
            Use("customer link", "refusal", {"answer": "decline"}, methods=POST),
        ),
    ),
    "demo_login": Address(EVERYBODY, POST, (Use(refuses=404),)),  # there in demo mode only
    "healthz": page(EVERYBODY),
    "home": page(SIGNED_IN),
    "mailbox": page(EVERYBODY),  # there in demo mode and in tests only
    "mailbox_body": page(EVERYBODY, "mail"),
    "mailbox_message": page(EVERYBODY, "mail"),
    "merge_undo": Address(ACCOUNT_EDITORS, POST, (Use("merge", write="edit the account"),)),
    "opportunity_export": export(OPPORTUNITY_READERS),
    "opportunity_list": page(OPPORTUNITY_READERS),
    "opportunity_page": page(OPPORTUNITY_READERS, "opportunity"),
    "outbox_list": page(STEWARDS),
    "outbox_retry": Address(STEWARDS, POST, (Use(body="failed mail"),)),
    "product_clean_up": Address(ADMINS, FORM, (Use(methods=READ), Use(body="products to retire", methods=POST))),
    "product_export": export(SIGNED_IN),
    "product_list": page(SIGNED_IN),
    "product_merge": Address(ADMINS, FORM, (Use("product", methods=READ), Use("product", "survivor", methods=POST))),
    "product_page": page(SIGNED_IN, "product"),
    "product_unmerge": Address(ADMINS, POST, (Use("merged product"),)),
    "profile": Address(SIGNED_IN, FORM, (Use(body="profile"),)),
    "proposal_decline": Address(ACCOUNT_EDITORS, POST, (Use("proposal", write="edit the account"),)),
    "proposal_list": page(SIGNED_IN),
    "proposal_merge": Address(ACCOUNT_EDITORS, FORM, (Use("proposal", "versions", {}, "edit the account", "edit the account"),)),
    "proposal_reopen": Address(ACCOUNT_EDITORS, POST, (Use("declined proposal", write="edit the account"),)),
    "quality": page(SIGNED_IN),
    "quality_figure": page(SIGNED_IN, figure="conflicts"),
    "quote_account_options": page(SALES, methods=GET),
    "quote_answer": Address(SALES, POST, (Use("sent quote", "evidence", write="edit the quote"),)),
    "quote_attachments": page(QUOTE_READERS, "quote"),
    "quote_change": Address(SALES, POST, (Use("quote", "head", write="edit the quote"),)),
    "quote_compare": page(QUOTE_READERS, "quote"),
    "quote_copy": Address(SALES, FORM, (Use("quote", "account for the template"),)),
    "quote_document": page(QUOTE_READERS, "quote", GET),
    "quote_export": export(QUOTE_READERS),
    "quote_how_far": Address(SALES, GET, (Use("quote", read="edit the quote"),)),
    "quote_insert": Address(SALES, FORM, (Use("quote", "template to insert", {}, "edit the quote", "edit the quote"),)),
    "quote_last_prices": Address(SALES, GET, (Use("quote"),)),
    "quote_line_add": Address(SALES, POST, (Use("quote", "new line", write="edit the quote"),)),
    "quote_line_change": Address(SALES, POST, (Use("line", "line", write="edit the quote"),)),
    "quote_line_details": Address(SALES, GET, (Use("line"),)),
    "quote_line_place": Address(
        SALES,
        POST,
        (
            Use("line", "version", {"move": "duplicate"}, write="edit the quote"),
            Use("line", "version", {"move": "move"}, write="edit the quote"),
        ),
    ),
    "quote_line_remove": Address(SALES, POST, (Use("line", "version", write="edit the quote"),)),
    "quote_list": page(QUOTE_READERS, methods=GET),
    "quote_matrix": page(QUOTE_READERS),
    "quote_move": Address(
        SALES,
        POST,
        (
            quote_move("cancel", "quote"),
            quote_move("copy", "quote", ""),
            Use("quote", "version", {"move": "keep_prices"}, write="edit the quote", changes=False),  # none differ
            quote_move("recall", "asked quote", "undo what one did"),
            quote_move("reprice", "quote"),
            quote_move("revise", "sent quote"),
            quote_move("unsend", "sent quote", "undo what one did"),
        ),
    ),
    "quote_new": Address(SALES, FORM, (Use(methods=READ), Use("account", "account to quote", methods=POST))),
    "quote_offer": Address(SALES, GET, (Use("quote", read="edit the quote"),)),
    "quote_page": page(QUOTE_READERS, "quote", GET),
    "quote_paste": Address(SALES, FORM, (Use("quote", "pasted rows", {}, "edit the quote", "edit the quote", changes=False),)),
    "quote_paste_add": Address(SALES, POST, (Use("quote", "pasted rows", write="edit the quote"),)),
    "quote_presence": Address(SALES, POST, (Use("quote", write="edit the quote"),)),
    "quote_preview": page(QUOTE_READERS, "quote", GET, page=1),
    "quote_product_options": page(SALES, methods=GET),
    "quote_resend": Address(SALES, POST, (Use("sent quote", "recipients", write="edit the quote"),)),
    "quote_review": Address(SALES, GET, (Use("quote", read="edit the quote"),)),
    "quote_selected": Address(
        QUOTE_READERS,
        FORM,
        (
            Use(methods=READ, refuses=404),  # of what is to be done nothing is said
            Use("quote", "quotes to cancel", write="edit the quote", methods=POST),
        ),
        {POST: SALES},
    ),
    "quote_send": Address(SALES, POST, (Use("approved quote", "recipients", write="edit the quote"),)),
    "quote_starter": Address(
        SALES,
        FORM,
        (
            Use("quote", read="edit the quote", methods=READ),
            Use("quote", "starter pack", write="edit the quote", refuses=409, methods=POST),  # no new customers
        ),
    ),
    "quote_statement": Address(frozenset({"presales"}), FORM, (Use("quote", "statement"),)),
    "quote_statement_ask": Address(SALES, FORM, (Use("quote", "wish", read="edit the quote", write="edit the quote"),)),
    "quote_submit": Address(SALES, POST, (Use("quote", "submission", write="edit the quote"),)),
    "readyz": page(EVERYBODY),
    "set_language": Address(EVERYBODY, POST, (Use(body="language", changes=False),)),
    "sync_cancel": Address(STEWARDS, POST, (Use("running run"),)),
    "sync_list": page(STEWARDS),
    "sync_log": page(STEWARDS, "run"),
    "sync_page": page(STEWARDS, "run"),
    "sync_pull": Address(STEWARDS, POST, (Use(body="kind of feed", refuses=422),)),  # no address of Price Manager is set
    "sync_quarantine": Address(STEWARDS, FORM, (Use("run", methods=READ), Use("run", "row to ignore", methods=POST))),
    "sync_quarantine_file": Address(STEWARDS, FORM, (Use("run", "format"),)),
    "sync_reject": Address(STEWARDS, POST, (Use("stopped run", "reason"),)),
    # what starts a run is refused: one is going on
    "sync_release": Address(STEWARDS, POST, (Use("stopped run", refuses=409),)),
    "sync_row_fix": Address(STEWARDS, FORM, _row("cells")),
    "sync_row_map": Address(STEWARDS, FORM, _row("parent")),
    "sync_upload": Address(STEWARDS, FORM, (Use(methods=READ), Use(body="file", refuses=409, methods=POST))),
    "template_list": page(SALES, methods=GET),
    "template_make": Address(SALES, FORM, (Use("quote", "new template"),)),
    "template_page": Address(SALES, FORM, (Use("template", "template", write="change the template"),)),
    "template_quote": Address(SALES, FORM, (Use("template", "account for the template"),)),
    "template_remove": Address(SALES, POST, (Use("template", write="change the template"),)),
    "theme": Address(SIGNED_IN, POST, (Use(body="theme"),)),
    "token_new": Address(SIGNED_IN, POST, (Use(body="token"),)),
    "token_revoke": Address(SIGNED_IN, POST, (Use("token"),)),
    "view_remove": Address(SIGNED_IN, POST, (Use("saved view"),)),
    "view_save": Address(SIGNED_IN, POST, (Use(body="saved view"),)),
}
"""Name of the address → its row."""

# --- The login library and the admin ----------------------------------------------------------------------------------
PUBLIC, PERSONAL, SET_UP, NOWHERE = "public", "personal", "for whoever has set it up", "nowhere"

LIBRARY: dict[str, str] = {
    "account_change_password": PERSONAL,
    "account_confirm_email": NOWHERE,
    "account_confirm_login_code": NOWHERE,
    "account_email": NOWHERE,
    "account_email_verification_sent": NOWHERE,
    "account_inactive": PUBLIC,
    "account_login": PUBLIC,
    "account_logout": PUBLIC,
    "account_reauthenticate": PERSONAL,
    "account_reset_password": PUBLIC,
    "account_reset_password_done": PUBLIC,
    "account_reset_password_from_key": PUBLIC,
    "account_reset_password_from_key_done": PUBLIC,
    "account_set_password": NOWHERE,
    "account_signup": NOWHERE,
    "mfa_activate_totp": PERSONAL,
    "mfa_authenticate": PUBLIC,
    "mfa_deactivate_totp": SET_UP,
    "mfa_generate_recovery_codes": PERSONAL,
    "mfa_index": PERSONAL,
    "mfa_reauthenticate": PERSONAL,
    "mfa_view_recovery_codes": SET_UP,
}
"""Addresses of the login library: open to everybody, to whoever is signed in, or there for their names only (always 404).

What belongs to the second step is nothing (404) for people who have not set one up, as nobody here has.
"""

KEPT_BY_PRICING = frozenset(
    {
        "accounts.PriceListRule", "catalog.ConfigurationRule", "catalog.PriceList", "catalog.Product", "catalog.UsageMetric",
        "catalog.VatRate", "quotes.MarginTarget",
    }
)  # fmt: skip
"""What pricing keeps in the admin; stewards keep everything."""

ALL_VERBS = "add change delete"
ADMIN: dict[str, str] = {
    "accounts.Account": "change",  # the account team
    "accounts.BusinessSize": ALL_VERBS,
    "accounts.CategoryTma1": ALL_VERBS,
    "accounts.CategoryTma2": ALL_VERBS,
    "accounts.Channel": ALL_VERBS,
    "accounts.Classification": ALL_VERBS,
    "accounts.FieldOverride": "",
    "accounts.Industry": ALL_VERBS,
    "accounts.MasterConflict": "",
    "accounts.PaymentTerm": ALL_VERBS,
    "accounts.PaymentTermRule": ALL_VERBS,
    "accounts.PaymentType": ALL_VERBS,
    "accounts.PriceListRule": ALL_VERBS,
    "accounts.Region": ALL_VERBS,
    "accounts.SurvivorshipRule": ALL_VERBS,
    "accounts.Territory": ALL_VERBS,
    "approvals.ApprovalSettings": "change",
    "approvals.AuthorityLimit": ALL_VERBS,
    "approvals.Decision": "",
    "approvals.Gate": ALL_VERBS,
    "approvals.Remark": "",
    "approvals.Request": "",
    "approvals.Rule": ALL_VERBS,
    "approvals.Run": "",
    "catalog.ConfigurationRule": ALL_VERBS,
    "catalog.PriceList": ALL_VERBS,
    "catalog.Product": ALL_VERBS,
    "catalog.ProductGroup": ALL_VERBS,
    "catalog.UnitOfMeasure": ALL_VERBS,
    "catalog.UsageMetric": ALL_VERBS,
    "catalog.VatRate": ALL_VERBS,
    "core.Event": "",
    "core.JobRun": "",
    "core.OutboxMessage": "",
    "csr.Case": "",
    "csr.CaseType": ALL_VERBS,
    "csr.CloseReason": ALL_VERBS,
    "csr.CsrSettings": "change",
    "csr.Department": ALL_VERBS,
    "csr.HandlingRule": ALL_VERBS,
    "csr.RequirementType": ALL_VERBS,
    "csr.TeamRole": ALL_VERBS,
    "django_celery_beat.CrontabSchedule": "add change",
    "django_celery_beat.PeriodicTask": "change",
    "integration.RowDecision": "delete",
    "integration.SyncSettings": "change",
    "opportunities.Opportunity": "",
    "quotes.CompanyDetails": "change",
    "quotes.DeclineReason": ALL_VERBS,
    "quotes.MarginTarget": ALL_VERBS,
    "quotes.Quote": "",
    "quotes.QuoteAttachment": "",
    "quotes.QuoteSettings": "change",
    "quotes.QuoteTemplate": "change",
    "quotes.StarterPackSettings": "change",
    "users.Absence": "add",
    "users.ApiToken": "",
    "users.BusinessUnit": ALL_VERBS,
    "users.Team": ALL_VERBS,
    "users.User": ALL_VERBS,
}
"""Model of the admin → what those who keep it may do there; nothing: they look."""

FURTHER_ADMIN_PAGES = {
    "accounts.SurvivorshipRule": ("test",),
    "approvals.Rule": ("test",),
    "catalog.ConfigurationRule": ("test",),
    "csr.HandlingRule": ("test",),
}
"""Model of the admin → the verbs of pages that Django does not know. Those who keep the model use them, and change nothing."""
