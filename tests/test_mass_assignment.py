"""A request changes what is listed here and nothing else, whatever else it carries; in the admin no flow can be edited.

Every writing address gets, beside a body that is in order, a value for every field of every model under all names by which a
form or a program could mean it. Pages overlook them; the API refuses the whole request and names them.
"""

import functools
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

import pytest
from django.apps import apps
from django.contrib.admin import site
from django.db import connection, transaction
from django.db.models import Model
from django.db.models.fields.files import FieldFile
from django.forms import modelform_factory
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import reverse
from rest_framework.serializers import Serializer

from accounts.models import Account
from core.admin import ReadOnlyAdmin
from core.api.fields import Input
from quotes import services
from quotes.models import Quote, QuoteLine
from quotes.services.answering import Source
from quotes.services.drafting import CHANGEABLE
from tests import access_admin, access_matrix as matrix, access_world, record_rows
from tests.access_matrix import PAGE, TOKEN, Cell, Wrong
from tests.access_policy import (
    ADMIN,
    ANONYMOUS,
    ASKED,
    EVERYBODY,
    FOREIGN,
    MISSING,
    OWN,
    POLICY,
    RELATIONS,
    RIGHTS,
    SALES,
    SIGHT,
    TEAM,
    Address,
    Use,
)  # fmt: skip
from tests.access_world import World
from tests.record_rows import Rows, changes, own_models, sentinels, written
from tests.table_states import Watch
from users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.once("postgresql"), pytest.mark.usefixtures("undisturbed")]

Changes = frozenset[str]


def of(model: str, *columns: str) -> Changes:
    return frozenset(f"{model}.{column}" for column in columns)


def new(*models: str) -> Changes:
    return frozenset(f"+{model}" for model in models)


def gone(*models: str) -> Changes:
    return frozenset(f"-{model}" for model in models)


EVENT, NEWS, MAIL = new("core.Event"), new("core.OutboxMessage"), new("core.OutboxMessage", "core.Link")
_ACCOUNT = of("accounts.Account", "version") | new("accounts.HistoricalAccount") | EVENT
_CONTACT = new("accounts.HistoricalContact") | EVENT
_OVERRIDE = new("accounts.HistoricalFieldOverride") | _ACCOUNT
_SETTLED = of("accounts.MasterConflict", "resolved_at", "resolved_by_id", "resolution")
_OVERRIDDEN = _OVERRIDE | _SETTLED | of("accounts.Account", "street") | new("accounts.FieldOverride")
_PROPOSAL = of("accounts.LinkProposal", "status", "decided_at", "decided_by_id") | EVENT
_MERGED = _PROPOSAL | _ACCOUNT | of("accounts.Account", "status", "merged_into_id")
_QUOTE = of("quotes.Quote", "version") | new("quotes.HistoricalQuote")
_TOTALS = of("quotes.Quote", "list_total", "net_total", "gross_total")
_LINE = _QUOTE | _TOTALS | new("quotes.HistoricalQuoteLine")
_MOVE = _QUOTE | of("quotes.Quote", "status") | EVENT
_NEW_QUOTE = new("quotes.Quote", "quotes.HistoricalQuote") | EVENT | of("core.NumberSeries", "last")
_NEW_LINES = new("quotes.QuoteLine", "quotes.HistoricalQuoteLine")
_ROUND_ENDS = (
    of("approvals.Request", "status", "is_open") | of("approvals.Run", "status", "finished_at") | of("core.Link", "revoked_at")
)
_DECIDED = _MOVE | _ROUND_ENDS | NEWS | new("approvals.Decision")
_RECALLED = _MOVE | _ROUND_ENDS | NEWS
_ANSWERED = _MOVE | NEWS | new("quotes.QuoteAnswer")
_MAILED = new("core.OutboxMessage", "quotes.QuoteMail")
_SENT = _MOVE | MAIL | _MAILED | new("quotes.QuoteDocument") | of("quotes.Quote", "sent_at", "sent_by_id")
_RESENT = EVENT | _MAILED | of("quotes.QuoteDocument", "recipients")
_UNSENT = (
    _MOVE | of("quotes.Quote", "sent_at", "sent_by_id") | gone("core.OutboxMessage") | of("core.Link", "revoked_at")
    | of("quotes.QuoteDocument", "withdrawn_at") | of("quotes.QuoteMail", "message_id")
)  # fmt: skip

_CASE = of("csr.Case", "version") | new("csr.HistoricalCase") | EVENT
_NEW_CASE = (
    new("csr.Case", "csr.HistoricalCase", "csr.CaseProduct", "csr.HistoricalCaseProduct", "csr.CaseSpell")
    | EVENT
    | of("core.NumberSeries", "last")
)
_CASE_MOVES = _CASE | of("csr.Case", "status", "status_since") | new("csr.CaseSpell") | of("csr.CaseSpell", "ended_at")
_CASE_ASKED = _CASE_MOVES | new("approvals.Run", "approvals.RunGate", "approvals.Request", "core.OutboxMessage", "core.Link")
_CODES = of("catalog.Product", "is_active", "merged_into_id") | new("catalog.HistoricalProduct") | EVENT

WRITES: dict[str, Changes] = {
    "absence_end POST": gone("users.Absence") | EVENT,
    "absence_new POST": new("users.Absence") | EVENT,
    "account_edit POST notes": _ACCOUNT | of("accounts.Account", "notes"),
    "account_export POST": EVENT,
    "account_lift_override POST city": _OVERRIDE | of("accounts.Account", "city") | gone("accounts.FieldOverride"),
    "account_new POST": EVENT | new("accounts.Account", "accounts.HistoricalAccount"),
    "account_override POST street": _OVERRIDDEN,
    "api:absence-end POST": gone("users.Absence") | EVENT,
    "api:absence-list POST": new("users.Absence") | EVENT,
    "api:account-contact DELETE": _CONTACT | gone("accounts.Contact") | of("quotes.Quote", "contact_id"),
    "api:account-contact PATCH": _CONTACT | of("accounts.Contact", "name"),
    "api:account-contacts POST": _CONTACT | new("accounts.Contact"),
    "api:account-detail PATCH": _ACCOUNT | of("accounts.Account", "notes"),
    "api:account-lift-override POST": _OVERRIDE | of("accounts.Account", "city") | gone("accounts.FieldOverride"),
    "api:account-override POST": _OVERRIDDEN,
    "api:approval-approve POST": _DECIDED,
    "api:approval-approve-together POST": frozenset(),  # of what is out of sight
    "api:approval-ask-back POST": _MOVE | _ROUND_ENDS | NEWS | new("approvals.Remark"),
    "api:approval-comment POST": NEWS | new("approvals.Remark"),
    "api:approval-hand-over POST": of("approvals.Request", "approver_id") | of("core.Link", "revoked_at") | EVENT | MAIL,
    "api:approval-recall POST": _RECALLED,
    "api:approval-reject POST": _DECIDED,
    "api:csr-account DELETE": _CASE | gone("csr.CaseAccount"),
    "api:csr-answer POST": (
        _CASE
        | of("csr.CaseTask", "feasibility", "comment", "answered_by_id", "answered_at", "version")
        | new("csr.HistoricalCaseTask")
    ),
    "api:csr-assess POST": _CASE | of("csr.Case", "feasibility", "conclusion"),
    "api:csr-assign POST": (
        _CASE | NEWS | of("csr.Case", "assessor_id") | new("csr.CaseSpell") | of("csr.CaseSpell", "ended_at")
    ),
    "api:csr-clone POST": _NEW_CASE | new("csr.CaseAccount"),
    "api:csr-close POST": _CASE_MOVES | of("csr.Case", "close_reason_id"),
    "api:csr-comments POST": EVENT,
    "api:csr-conclusion POST": _CASE | of("csr.Case", "feasibility", "conclusion"),
    "api:csr-detail PATCH": _CASE | of("csr.Case", "title"),
    "api:csr-file DELETE": EVENT | gone("csr.CaseFile"),
    "api:csr-files POST": EVENT | new("csr.CaseFile"),
    "api:csr-implement POST": _CASE_MOVES | of("csr.Case", "review_on"),
    "api:csr-list POST": _NEW_CASE,
    "api:csr-member DELETE": EVENT | gone("csr.CaseMember"),
    "api:csr-product DELETE": _CASE | gone("csr.CaseProduct") | new("csr.HistoricalCaseProduct"),
    "api:csr-product PATCH": _CASE | of("csr.CaseProduct", "note") | new("csr.HistoricalCaseProduct"),
    "api:csr-products POST": _CASE | new("csr.CaseProduct", "csr.HistoricalCaseProduct"),
    "api:csr-recall POST": _CASE_MOVES | NEWS | _ROUND_ENDS - of("core.Link", "revoked_at"),  # the stewards' queue has no link
    "api:csr-satisfaction POST": EVENT | new("csr.CaseFeedback"),
    "api:csr-submit POST": _CASE_ASKED,
    "api:csr-task DELETE": _CASE | gone("csr.CaseTask") | new("csr.HistoricalCaseTask"),
    "api:csr-task PATCH": _CASE | of("csr.CaseTask", "title", "version") | new("csr.HistoricalCaseTask"),
    "api:csr-tasks POST": _CASE | new("csr.CaseTask", "csr.HistoricalCaseTask") | NEWS,
    "api:csr-team POST": EVENT | NEWS | new("csr.CaseMember"),
    "api:csr-watch POST": new("csr.CaseMember"),
    "api:opportunity-detail PATCH": (
        of("opportunities.Opportunity", "name", "version") | new("opportunities.HistoricalOpportunity") | EVENT
    ),
    "api:opportunity-list POST": new("opportunities.Opportunity", "opportunities.HistoricalOpportunity") | EVENT,
    "api:quote-accept POST": _ANSWERED,
    "api:quote-attachment-change DELETE": _QUOTE | EVENT | gone("quotes.QuoteAttachment"),
    "api:quote-attachment-change PATCH": _QUOTE | EVENT | of("quotes.QuoteAttachment", "for_customer"),
    "api:quote-attachments POST": _QUOTE | EVENT | new("quotes.QuoteAttachment"),
    "api:quote-cancel POST": _MOVE,
    "api:quote-copy POST": _NEW_QUOTE | _NEW_LINES,
    "api:quote-decline POST": _ANSWERED,
    "api:quote-detail PATCH": _QUOTE | of("quotes.Quote", "customer_note"),
    "api:quote-line-add POST": _LINE | new("quotes.QuoteLine"),
    "api:quote-line-change DELETE": _LINE | gone("quotes.QuoteLine") | of("quotes.Quote", "margin_percent"),
    "api:quote-line-change PATCH": _LINE | of("quotes.QuoteLine", "quantity", "line_list", "line_net"),
    "api:quote-line-duplicate POST": _LINE | new("quotes.QuoteLine"),
    "api:quote-line-move POST": _QUOTE | new("quotes.HistoricalQuoteLine"),  # it is the only one
    "api:quote-line-restore POST": _LINE | new("quotes.QuoteLine"),
    "api:quote-list POST": _NEW_QUOTE | _NEW_LINES,
    "api:quote-recall POST": _RECALLED,
    "api:quote-reprice POST": _QUOTE | EVENT,
    "api:quote-resend POST": _RESENT,
    "api:quote-revise POST": new("quotes.Quote", "quotes.HistoricalQuote") | EVENT | _NEW_LINES | new("quotes.QuoteAttachment"),
    "api:quote-send POST": _SENT,
    "api:quote-statement-add POST": _LINE | new("quotes.QuoteLine") | EVENT | NEWS | of("quotes.Quote", "margin_percent"),
    "api:quote-submit POST": _MOVE | new("quotes.QuoteSnapshot"),
    "api:quote-template-list POST": new("quotes.QuoteTemplate", "quotes.HistoricalQuoteTemplate", "quotes.QuoteTemplateLine"),
    "api:quote-template-quote-create POST": _NEW_QUOTE | _NEW_LINES,
    "api:quote-text-add POST": _QUOTE | _NEW_LINES,
    "api:quote-unsend POST": _UNSENT,
    "approval_detail POST": _DECIDED,
    "approval_link_review POST": _DECIDED,
    "approval_recall POST": _RECALLED,
    "approval_report_file POST": EVENT,
    "approval_together POST": _DECIDED,
    "attachment_add POST": _QUOTE | EVENT | new("quotes.QuoteAttachment"),
    "attachment_change POST": _QUOTE | EVENT | of("quotes.QuoteAttachment", "for_customer"),
    "attachment_remove POST": _QUOTE | EVENT | gone("quotes.QuoteAttachment"),
    "case_account_add POST": _CASE | new("csr.CaseAccount"),
    "case_account_remove POST": _CASE | gone("csr.CaseAccount"),
    "case_assign POST": _CASE | NEWS | of("csr.Case", "assessor_id") | new("csr.CaseSpell") | of("csr.CaseSpell", "ended_at"),
    "case_clone POST": _NEW_CASE | new("csr.CaseAccount"),
    "case_close POST": _CASE_MOVES | of("csr.Case", "close_reason_id"),
    "case_comment POST": EVENT,  # who sends it is its whole team
    "case_conclusion POST": _CASE | of("csr.Case", "feasibility", "conclusion"),
    "case_export POST": EVENT,
    "case_feedback POST": EVENT | new("csr.CaseFeedback"),
    "case_file_add POST": EVENT | new("csr.CaseFile"),
    "case_file_remove POST": EVENT | gone("csr.CaseFile"),
    "case_implement POST": _CASE_MOVES | of("csr.Case", "review_on"),
    "case_member_add POST": EVENT | NEWS | new("csr.CaseMember"),
    "case_member_remove POST": EVENT | gone("csr.CaseMember"),
    "case_new POST csr": _NEW_CASE,
    "case_product POST": _CASE | of("csr.CaseProduct", "note", "is_excluded") | new("csr.HistoricalCaseProduct"),
    "case_product_remove POST": _CASE | gone("csr.CaseProduct") | new("csr.HistoricalCaseProduct"),
    "case_products_add POST": _CASE | new("csr.CaseProduct", "csr.HistoricalCaseProduct"),
    "case_recall POST": _CASE_MOVES | NEWS | _ROUND_ENDS - of("core.Link", "revoked_at"),
    "case_report_file POST": EVENT,
    "case_requirement POST": (
        _CASE | of("csr.Case", "title", "description", "priority", "received_on", "requirement_type_id", "is_printed")
    ),
    "case_submit POST": _CASE_ASKED,
    "case_task POST": (
        _CASE
        | of("csr.CaseTask", "feasibility", "comment", "answered_by_id", "answered_at", "version")
        | new("csr.HistoricalCaseTask")
    ),
    "case_task_add POST": _CASE | new("csr.CaseTask", "csr.HistoricalCaseTask") | NEWS,
    "case_task_change POST": _CASE | NEWS | of("csr.CaseTask", "owner_id", "version") | new("csr.HistoricalCaseTask"),
    "case_task_remove POST": _CASE | gone("csr.CaseTask") | new("csr.HistoricalCaseTask"),
    "case_watch POST": new("csr.CaseMember"),
    "conflict_assign POST": of("accounts.MasterConflict", "assigned_to_id") | EVENT,
    "conflict_choose POST": _OVERRIDDEN,
    "conflict_export POST": EVENT,
    "conflict_leave POST": _SETTLED | EVENT,
    "contact_edit POST": _CONTACT | of("accounts.Contact", "name", "title", "email", "language"),
    "contact_new POST": _CONTACT | new("accounts.Contact") | of("accounts.Contact", "is_default"),  # of the one before
    "contact_remove POST": _CONTACT | gone("accounts.Contact") | of("quotes.Quote", "contact_id"),
    "customer_opened POST": of("quotes.QuoteDocument", "opened_at") | EVENT | NEWS,
    "customer_quote POST": _ANSWERED,
    "customer_quote POST ask": new("quotes.QuoteQuestion") | EVENT | NEWS,
    "customer_quote POST decline": _ANSWERED,
    "merge_undo POST": _MERGED | of("accounts.AccountMerge", "undone_at", "undone_by_id"),
    "opportunity_export POST": EVENT,
    "outbox_retry POST": EVENT | of("core.OutboxMessage", "dead_at", "available_at", "retried_at"),
    "product_clean_up POST": of("catalog.Product", "is_active") | new("catalog.HistoricalProduct") | EVENT,
    "product_export POST": EVENT,
    "product_merge POST": _CODES | new("catalog.ProductMerge"),
    "product_unmerge POST": _CODES | of("catalog.ProductMerge", "undone_at", "undone_by_id"),
    "profile POST": of("users.User", "display_name", "language", "theme", "approval_mail"),
    "proposal_decline POST": _PROPOSAL,
    "proposal_merge POST": _MERGED | new("accounts.AccountMerge"),
    "proposal_reopen POST": _PROPOSAL,
    "quote_answer POST": _ANSWERED,
    "quote_change POST": _QUOTE | of("quotes.Quote", "customer_note"),
    "quote_copy POST": _NEW_QUOTE | _NEW_LINES,
    "quote_export POST": EVENT,
    "quote_insert POST": _LINE | EVENT | new("quotes.QuoteLine"),
    "quote_line_add POST": _LINE | new("quotes.QuoteLine"),
    "quote_line_change POST": _LINE | of("quotes.QuoteLine", "quantity", "line_list", "line_net"),
    "quote_line_place POST duplicate": _LINE | new("quotes.QuoteLine"),
    "quote_line_place POST move": _QUOTE | new("quotes.HistoricalQuoteLine"),  # it is the only one
    "quote_line_remove POST": _LINE | gone("quotes.QuoteLine") | of("quotes.Quote", "margin_percent"),
    "quote_move POST cancel": _MOVE,
    "quote_move POST copy": _NEW_QUOTE | _NEW_LINES,
    "quote_move POST keep_prices": frozenset(),  # none differ
    "quote_move POST recall": _RECALLED,
    "quote_move POST reprice": _QUOTE | EVENT,
    "quote_move POST revise": new("quotes.Quote", "quotes.HistoricalQuote") | EVENT | _NEW_LINES | new("quotes.QuoteAttachment"),
    "quote_move POST unsend": _UNSENT,
    "quote_new POST": _NEW_QUOTE,
    "quote_paste POST": frozenset(),  # shows what it would be
    "quote_paste_add POST": _LINE | new("quotes.QuoteLine"),
    "quote_presence POST": new("quotes.QuotePresence"),
    "quote_resend POST": _RESENT,
    "quote_selected POST": _MOVE,
    "quote_send POST": _SENT,
    "quote_statement POST": _LINE | new("quotes.QuoteLine") | EVENT | NEWS | of("quotes.Quote", "margin_percent"),
    "quote_statement_ask POST": EVENT | NEWS,
    "quote_submit POST": _MOVE | new("quotes.QuoteSnapshot"),
    "set_language POST": of("users.User", "language"),
    "sync_cancel POST": EVENT | of("core.JobRun", "cancel_asked_at"),
    "sync_quarantine POST": (
        EVENT | new("integration.RowDecision") | of("integration.QuarantinedRow", "handling", "handled_by_id", "handled_at")
    ),
    "sync_quarantine_file POST": EVENT,
    "sync_reject POST": EVENT | of("core.JobRun", "status") | of("integration.Intake", "content"),
    "template_make POST": new("quotes.QuoteTemplate", "quotes.HistoricalQuoteTemplate", "quotes.QuoteTemplateLine"),
    "template_page POST": (of("quotes.QuoteTemplate", "name", "shared_with", "version") | new("quotes.HistoricalQuoteTemplate")),
    "template_quote POST": _NEW_QUOTE | _NEW_LINES,
    "template_remove POST": of("quotes.QuoteTemplate", "is_active", "version") | new("quotes.HistoricalQuoteTemplate"),
    "theme POST": of("users.User", "theme"),
    "token_new POST": new("users.ApiToken"),
    "token_revoke POST": of("users.ApiToken", "revoked_at") | EVENT,
    "view_remove POST": gone("users.SavedView"),
    "view_save POST": new("users.SavedView"),
}
"""Address, method and what is fixed → everything that a request in order changes, for whoever may send it."""

API_FIELDS: dict[str, str] = {
    "api:absence-end POST": "",
    "api:absence-list POST": "user starts_on ends_on substitute",
    "api:account-contact DELETE": "",
    "api:account-contact PATCH": "name title email language is_default",
    "api:account-contacts POST": "name title email language is_default",
    "api:account-detail PATCH": (
        "territory payment_term payment_type language default_discount invoice_name invoice_email invoice_street "
        "invoice_postcode invoice_city invoice_country notes"
    ),
    "api:account-lift-override POST": "field",
    "api:account-override POST": "field value reason",
    "api:approval-approve POST": "comment version content_hash",
    "api:approval-approve-together POST": "requests comment",
    "api:approval-ask-back POST": "question lines version content_hash",
    "api:approval-comment POST": "comment",
    "api:approval-hand-over POST": "to comment",
    "api:approval-recall POST": "",
    "api:approval-reject POST": "comment version content_hash",
    "api:csr-account DELETE": "",
    "api:csr-answer POST": "feasibility cost lead_time_days comment",
    "api:csr-assess POST": "feasibility conclusion submit approvers reason",
    "api:csr-assign POST": "person",
    "api:csr-clone POST": "",
    "api:csr-close POST": "reason comment",
    "api:csr-comments POST": "comment",
    "api:csr-conclusion POST": "feasibility conclusion",
    "api:csr-detail PATCH": (
        "site requirement_type title description requested_by priority received_on needed_by is_printed printed_text due_on "
        "feasibility conclusion review_on"
    ),
    "api:csr-file DELETE": "",
    "api:csr-files POST": "name file",
    "api:csr-implement POST": "review_on",
    "api:csr-list POST": (
        "account record_type site requirement_type title description requested_by priority received_on needed_by is_printed "
        "printed_text products skus"
    ),
    "api:csr-member DELETE": "",
    "api:csr-product DELETE": "",
    "api:csr-product PATCH": "note is_excluded min_quantity max_quantity multiple_of",
    "api:csr-products POST": "products skus",
    "api:csr-recall POST": "",
    "api:csr-satisfaction POST": "score said_by comment",
    "api:csr-submit POST": "approvers reason",
    "api:csr-task DELETE": "",
    "api:csr-task PATCH": "title owner due_on",
    "api:csr-tasks POST": "department title owner due_on",
    "api:csr-team POST": "user role",
    "api:csr-watch POST": "on",
    "api:opportunity-detail PATCH": "name value close_date",
    "api:opportunity-list POST": "account name value close_date",
    "api:quote-accept POST": "name role purchase_order options evidence",
    "api:quote-attachment-change DELETE": "",
    "api:quote-attachment-change PATCH": "for_customer",
    "api:quote-attachments POST": "name file for_customer",
    "api:quote-cancel POST": "reason",
    "api:quote-copy POST": "account",
    "api:quote-decline POST": "name reason comment line_reasons evidence",
    "api:quote-detail PATCH": (
        "opportunity contact language valid_until payment_term payment_term_reason payment_type customer_note internal_note "
        "header_discount_percent header_discount_amount"
    ),
    "api:quote-line-add POST": (
        "sku quantity unit options discount_percent discount_amount net_price optional yearly_volume alternative_to before"
    ),
    "api:quote-line-change DELETE": "",
    "api:quote-line-change PATCH": (
        "quantity unit options discount_percent discount_amount net_price optional yearly_volume alternative_to"
    ),
    "api:quote-line-duplicate POST": "",
    "api:quote-line-move POST": "before",
    "api:quote-line-restore POST": "",
    "api:quote-list POST": "account opportunity language lines header_discount_percent header_discount_amount",
    "api:quote-recall POST": "",
    "api:quote-reprice POST": "",
    "api:quote-resend POST": "to",
    "api:quote-revise POST": "",
    "api:quote-send POST": "to language",
    "api:quote-statement-add POST": "text quantity list_price cost effort_days specialist feasibility",
    "api:quote-submit POST": "approvers reason send_to",
    "api:quote-template-list POST": "quote name shared_with section",
    "api:quote-template-quote-create POST": "account opportunity leave_out",
    "api:quote-text-add POST": "kind text before",
    "api:quote-unsend POST": "",
}
"""Endpoint and method → the fields that a program may send."""


# --- Every writing address --------------------------------------------------------------------------------------------
class Write(NamedTuple):
    name: str
    row: Address
    use: Use
    method: str

    @property
    def key(self) -> str:
        return " ".join([self.name, self.method, *map(str, self.use.fixed.values())])

    def relation_for(self, role: str) -> str | None:
        """What the record is to somebody of this role who may write it; None for a role that may not."""
        if role not in self.row.door(self.method) or (role == ANONYMOUS and self.use.kind == ""):
            return None
        seen = [relation for relation in RELATIONS[self.use.kind] if relation in SIGHT[self.use.kind].get(role, ())]
        may = RIGHTS[self.use.write].get(role, ()) if self.use.write else seen
        return next((relation for relation in (OWN, ASKED, *seen) if relation in may and relation in seen), None)


def writes() -> dict[str, Write]:
    found = [
        Write(name, row, use, method)
        for name, row in POLICY.items()
        for method in row.methods.split()
        for use in row.uses
        if method not in matrix.SAFE and (not use.methods or method in use.methods.split()) and not use.refuses
    ]
    return {write.key: write for write in found}


def test_every_writing_address_is_in_the_table() -> None:
    assert set(writes()) == set(WRITES)
    assert {key for key in WRITES if writes()[key].row.is_api} == set(API_FIELDS)
    assert [list(WRITES), list(API_FIELDS)] == [sorted(WRITES), sorted(API_FIELDS)]


class Effect(NamedTuple):
    response: HttpResponse
    changes: set[str]
    values: list[tuple[str, Any]]


NOTED = {"users.ApiToken.last_used_at"}
PASSING = (
    "at", "date", "uuid", "nonce", "token_hash", "hint", "payload", "data", "agent", "history_id", "document_hash", "code_hash",
    "subject_id", "Attachment.file", "CaseFile.file", "status_since",
)  # fmt: skip
"""Columns, by the end of their names, that differ between any two requests."""


def effect_of(send: Callable[[], HttpResponse], before: Rows) -> Effect:
    """What a request does; undone."""
    watch, savepoint = Watch(), transaction.savepoint()
    with connection.execute_wrapper(watch):
        response = send()
        if response.streaming:
            response = HttpResponse(b"".join(response), status=response.status_code)
    after = before | record_rows.rows(watch.tables())
    transaction.savepoint_rollback(savepoint)
    return Effect(response, changes(before, after) - NOTED, sorted(_lasting(before, after), key=repr))


def _lasting(before: Rows, after: Rows) -> Iterator[tuple[str, Any]]:
    """The values written; keys of new rows, which are given out once, are called so."""
    fresh = {label: found.keys() - before[label].keys() for label, found in after.items()}
    for column, value in written(before, after):
        if not column.endswith(PASSING) and column not in NOTED:
            yield column, "new" if value in fresh.get(record_rows.pointed_at(column), ()) else value


def effect(world: World, before: Rows, write: Write, role: str, extra: dict[str, Any]) -> Effect:
    """What a request in order does, with `extra` beside its body."""
    relation = write.relation_for(role) or MISSING
    target = access_world.target(world, write.use.kind, role, relation)
    path = matrix.path_to(write.name, {**target.arguments, **write.use.fixed})
    body = extra | access_world.body(world, write.use.body, target)
    cell = Cell(write.name, write.use, role, relation, write.method, TOKEN if write.row.is_api else PAGE)
    return effect_of(lambda: matrix.send(world, cell, path, body, target.cookies), before)


def roles_of(write: Write) -> dict[str, bool]:
    """The roles that may, of which two stand for all where everybody may. The last one also sends more than there is a field for:
    what a form or an endpoint reads is the same for all."""
    roles = [role for role in sorted(EVERYBODY) if write.relation_for(role)]
    tried = roles if len(roles) < 8 else [roles[0], "sales_support"]
    return {role: role == tried[-1] for role in tried}


PREFIXES = ("", "lines-0-", "form-0-", "accept-", "decline-", "quote.", "account.", "lines[0].", "instance__")


@functools.cache
def loads(*prefixes: str) -> list[dict[str, Any]]:
    """Values for every field of every model under every name; twice, as models share names.

    What points to a record points to one that is not at hand. The records are those of the one world of this module.
    """
    last = {model._meta.label: model._default_manager.order_by("-pk").first() for model in own_models()}
    others = {label: record.pk for label, record in last.items() if record is not None}
    both = [sentinels(order, others) for order in (own_models(), own_models()[::-1])]
    return [{f"{prefix}{name}": value for name, value in load.items() for prefix in prefixes} for load in both]


def wrong_form(world: World, key: str) -> Wrong:
    """What a form changes that is not listed, for anybody who may send it and whatever else it carries."""
    write, before, wrong = writes()[key], world.rows, []
    for role, is_loaded in roles_of(write).items():
        usual = effect(world, before, write, role, {})
        wrong += [f"{key} by {role}: {what}" for what in sorted(usual.changes ^ WRITES[key])]
        for load in loads(*PREFIXES) if is_loaded else ():
            with override_settings(DATA_UPLOAD_MAX_NUMBER_FIELDS=2 * len(load)):  # they are more than a form may have
                loaded = effect(world, before, write, role, load)
            wrong += [f"{key} by {role}, loaded: {what}" for what in sorted(loaded.changes ^ usual.changes)]
            wrong += [f"{key} by {role}, loaded: {what}" for what in loaded.values if what not in usual.values]
            if loaded.response.status_code != usual.response.status_code:
                wrong.append(f"{key} by {role}, loaded: is {loaded.response.status_code}")
    return wrong


@pytest.mark.parametrize("key", [key for key, write in writes().items() if not write.row.is_api])
def test_a_form_changes_what_is_listed_whatever_else_it_carries(key: str, world: World) -> None:
    assert wrong_form(world, key) == []


def wrong_program(world: World, key: str) -> Wrong:
    """What an endpoint changes that is not listed, and what it takes that it does not know."""
    write, before, wrong = writes()[key], world.rows, []
    unknown = {name: value for name, value in loads("", "lines-0-")[0].items() if name not in API_FIELDS[key].split()}
    for role, is_loaded in roles_of(write).items():
        usual = effect(world, before, write, role, {})
        wrong += [f"{key} by {role}: {what}" for what in sorted(usual.changes ^ WRITES[key])]
        if write.method == "DELETE" or not is_loaded:
            continue
        refused = effect(world, before, write, role, unknown)
        wrong += [f"{key} by {role}, loaded: {what}" for what in sorted(refused.changes)]
        if refused.response.status_code != 400:
            wrong.append(f"{key} by {role}, loaded: is {refused.response.status_code}")
        else:
            taken = unknown.keys() - refused.response.json()["fields"].keys()
            wrong += [f"{key} by {role}, loaded: takes {name}" for name in sorted(taken)]
    return wrong


@pytest.mark.parametrize("key", API_FIELDS)
def test_a_program_changes_what_is_listed_and_an_unknown_field_is_refused(key: str, world: World) -> None:
    assert wrong_program(world, key) == []


def test_unknown_fields_of_a_line_within_a_quote_are_refused_by_name(world: World) -> None:
    known = API_FIELDS["api:quote-line-add POST"].split()
    unknown = {name: value for name, value in loads("")[0].items() if name not in (*known, "body")}  # is the whole line
    line = {"sku": world.product.sku, "quantity": "1", **unknown}
    body = {"account": world.own["sales_rep"].account.pk, "lines": [line]}
    refused = effect_of(program(world, "POST", "api:quote-list", [], body), record_rows.rows())
    assert (refused.response.status_code, refused.changes) == (400, set())
    assert set(refused.response.json()["fields"]) == {f"lines.0.{name}" for name in unknown}


Send = Callable[[], Any]


def form(world: World, name: str, arguments: list[Any], data: dict[str, Any], role: str = "sales_rep") -> Send:
    """A form as a person sends it."""
    return partial(world.client(role).post, reverse(name, args=arguments), data)


def program(world: World, method: str, name: str, arguments: list[Any], data: dict[str, Any], role: str = "sales_rep") -> Send:
    """A request of a person's program."""
    headers = world.authorization(role, may_write=True)
    return partial(Client().generic, method, reverse(name, args=arguments), json.dumps(data), "application/json", headers=headers)


# --- Addresses that name the field ------------------------------------------------------------------------------------
def names_of(*models: type[Model]) -> set[str]:
    return {name for field in chain(*(model._meta.get_fields() for model in models)) for name in (field.name, f"{field.name}_id")}


def test_no_other_field_of_a_draft_can_be_named(world: World) -> None:
    case, before, answers = world.own["sales_rep"], world.rows, {}
    for name in sorted(names_of(Quote, QuoteLine, Account, User) - CHANGEABLE):
        data = {"field": name, "value": "1", "version": case.draft.version}
        found = effect_of(form(world, "quote_change", [case.draft.pk], data), before)
        answers[name] = (found.response.status_code, found.changes)
    assert answers == {name: (422, set()) for name in answers}


def test_no_other_field_of_a_line_can_be_named(world: World) -> None:
    case, before, answers = world.own["sales_rep"], world.rows, {}
    known = {"quantity", "net_price", "optional", "yearly_volume", "alternative_to", "unit"}
    known |= {"effort_days", "specialist", "feasibility"}
    for name in sorted(names_of(Quote, QuoteLine) - known):
        data = {"field": name, "value": "1", "version": case.draft.version}
        found = effect_of(form(world, "quote_line_change", [case.draft.pk, case.line.pk], data), before)
        answers[name] = (found.response.status_code, found.changes)
    assert answers == {name: (422, set()) for name in answers}


def test_only_fields_of_the_master_can_be_overridden(world: World) -> None:
    account, before, answers = world.own["sales_rep"].account, world.rows, {}
    for name in sorted(names_of(Account) - set(Account.MASTER_FIELDS)):
        typed = {"value": "1", "reason": "because", "version": account.version}
        sent = {"field": name, "value": "1", "reason": "because"}
        found = [
            effect_of(form(world, "account_override", [account.pk, name], typed), before),
            effect_of(program(world, "POST", "api:account-override", [account.pk], sent), before),
        ]
        answers[name] = [(each.response.status_code, each.changes) for each in found]
    assert answers == {name: [(404, set()), (400, set())] for name in answers}


# --- A quote that is no draft -----------------------------------------------------------------------------------------
FROZEN = ("asked", "approved", "sent", "accepted", "cancelled")


def frozen(world: World, state: str) -> Quote:
    """A quote of the rep in this state."""
    case = world.own["sales_rep"]
    by, document = world.people["sales_rep"], case.document
    if state == "cancelled":
        return services.quote_cancel(quote_id=case.draft.pk, by=by)
    if state == "accepted":
        source = Source(recorded_by=by, evidence="Mail of today")
        services.quote_accept(
            document_id=document.pk, document_hash=document.document_hash, name="Olli", role="CEO", source=source
        )
        return Quote.objects.get(pk=case.sent.pk)
    return Quote.objects.get(pk=getattr(case, state).pk)


@pytest.mark.parametrize("state", FROZEN)
def test_nothing_of_a_quote_can_be_written_once_it_is_no_draft(state: str, world: World) -> None:
    quote = frozen(world, state)
    line, before, product, seen = quote.lines.get(), record_rows.rows(), world.product, {"version": quote.version}
    requests = {
        "head": form(world, "quote_change", [quote.pk], {"field": "customer_note", "value": "x", **seen}),
        "new line": form(world, "quote_line_add", [quote.pk], {"product": product.pk, "quantity": "1", **seen}),
        "line": form(world, "quote_line_change", [quote.pk, line.pk], {"field": "quantity", "value": "9", **seen}),
        "no line": form(world, "quote_line_remove", [quote.pk, line.pk], seen),
        "prices": form(world, "quote_move", [quote.pk, "reprice"], seen),
        "kept prices": form(world, "quote_move", [quote.pk, "keep_prices"], seen),
        "api head": program(world, "PATCH", "api:quote-detail", [quote.pk], {"customer_note": "x"}),
        "api new line": program(world, "POST", "api:quote-line-add", [quote.pk], {"sku": product.sku, "quantity": "1"}),
        "api line": program(world, "PATCH", "api:quote-line-change", [quote.pk, line.pk], {"quantity": "9"}),
        "api no line": program(world, "DELETE", "api:quote-line-change", [quote.pk, line.pk], {}),
        "api prices": program(world, "POST", "api:quote-reprice", [quote.pk], {}),
    }
    found = {name: effect_of(send, before) for name, send in requests.items()}
    told = {name: (each.response.status_code, each.changes) for name, each in found.items()}
    assert told == {name: (409, set()) for name in requests}


# --- Records that a body names ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("field", ["opportunity", "contact"])
def test_a_record_of_another_account_in_a_body_is_as_good_as_missing(field: str, world: World) -> None:
    role, before, answers = "sales_manager", record_rows.rows(), []
    draft = world.own[role].draft
    for pk in (getattr(world.shared[FOREIGN], field).pk, getattr(world.shared[TEAM], field).pk, access_world.NOBODYS):
        data = {"field": field, "value": str(pk), "version": draft.version}
        typed = effect_of(form(world, "quote_change", [draft.pk], data, role), before)
        sent = effect_of(program(world, "PATCH", "api:quote-detail", [draft.pk], {field: pk}, role), before)
        assert (typed.response.status_code, typed.changes, sent.changes) == (422, set(), set())
        answers.append((matrix.neutral(typed.response), sent.response.status_code, sent.response.json()))
    assert answers == [answers[0]] * 3
    assert answers[0][1] in (400, 422)


def test_a_price_above_the_list_is_for_those_who_may(world: World) -> None:
    before, changed = record_rows.rows(), {}
    for role in sorted(SALES):
        case = world.own[role]
        data = {"field": "net_price", "value": "1500", "version": case.draft.version}
        changed[role] = bool(
            effect_of(form(world, "quote_line_change", [case.draft.pk, case.line.pk], data, role), before).changes
        )
    assert changed == {"sales_rep": False, "sales_support": False, "sales_manager": True}


# --- The admin --------------------------------------------------------------------------------------------------------
ADMIN_ACTIONS: dict[str, Changes] = {"users.ApiToken revoke": of("users.ApiToken", "revoked_at") | EVENT}
"""Model and action of a flow → what the action changes."""


def admin_path(label: str, verb: str, *arguments: int) -> str:
    options = apps.get_model(label)._meta
    return reverse(f"admin:{options.app_label}_{options.model_name}_{verb}", args=arguments)


def wrong_flow(world: World, label: str) -> Wrong:
    """What a steward can change in the admin of a model that is there to be read."""
    record = access_admin.record_of(world, apps.get_model(label))
    before, client, load = record_rows.rows(), world.client("data_steward"), loads("", "form-0-")[0]
    chosen = {"_selected_action": [record.pk], "post": "yes", "index": "0", "select_across": "0"}
    formset = {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-id": record.pk, "_save": "Save"}
    actions = {*site._registry[apps.get_model(label)].get_actions(request_of(world, "data_steward")), "delete_selected"}
    attempts = {
        "add": (admin_path(label, "add"), load),
        "change": (admin_path(label, "change", record.pk), load),
        "delete": (admin_path(label, "delete", record.pk), {"post": "yes"}),
        "list": (admin_path(label, "changelist"), load | formset),
        **{name: (admin_path(label, "changelist"), {**chosen, "action": name}) for name in sorted(actions)},
    }
    wrong = []
    for name, (path, data) in attempts.items():
        found = effect_of(partial(client.post, path, data), before)
        wrong += [f"{label} {name}: {what}" for what in sorted(found.changes ^ ADMIN_ACTIONS.get(f"{label} {name}", frozenset()))]
    return wrong


def request_of(world: World, role: str) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = world.people[role]
    return request


@pytest.mark.parametrize("label", [label for label, verbs in ADMIN.items() if not verbs])
def test_a_flow_cannot_be_changed_in_the_admin(label: str, world: World) -> None:
    assert wrong_flow(world, label) == []


def filled(form: Any) -> dict[str, Any]:
    """What a browser sends of a form that nobody has touched; None under the names that it leaves out."""
    values = {bound.html_name: bound.value() for bound in form}
    shown = {
        name: "on" if value is True else None if value is False or isinstance(value, FieldFile) else value
        for name, value in values.items()
    }
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in shown.items()}


def filled_page(response: HttpResponse) -> dict[str, Any]:
    """The form of a page of the admin with all its rows."""
    context = response.context
    data = filled(context["adminform"].form)
    for inline in context["inline_admin_formsets"]:
        data |= filled(inline.formset.management_form)
        for row in inline.formset.initial_forms:
            data |= filled(row)
    return data


def beside(load: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """What is sent, and of the load what the form has no name for."""
    return {name: value for name, value in (load | sent).items() if value is not None}


TOLD_TO_BEAT = ("django_celery_beat.PeriodicTask.date_changed", "django_celery_beat.PeriodicTasks.last_update")
"""By which beat sees that the timetable is another one."""


def is_a_trace(change: str) -> bool:
    """The log of the admin, and the history of a model that is saved as it was."""
    return change in ("+admin.LogEntry", *TOLD_TO_BEAT) or (change.startswith("+") and ".Historical" in change)


def wrong_look_up(world: World, label: str) -> Wrong:
    """What changes by saving a page or a list of the admin as it stands, with values for all that its form lacks."""
    record = access_admin.record_of(world, apps.get_model(label))
    before, client, load = record_rows.rows(), world.client("data_steward"), loads("", "form-0-")[0]
    path, listing = admin_path(label, "change", record.pk), admin_path(label, "changelist")
    saved = filled_page(client.get(path))
    found = {"page": effect_of(partial(client.post, path, beside(load, saved)), before)}
    fields = {f"{label}.{name}" for name in saved}
    listed = client.get(listing).context  # of a model of one row there is no list
    formset = listed["cl"].formset if listed else None
    if formset is not None:
        rows = [filled(formset.management_form), *map(filled, formset.initial_forms)]
        data = {name: value for row in rows for name, value in row.items()}
        data["_save"] = "Save"
        found["list"] = effect_of(partial(client.post, listing, beside(load, data)), before)
    wrong = []
    for name, each in found.items():
        if each.response.status_code != 302:
            wrong.append(f"{label} {name}: is {each.response.status_code}")
        wrong += [f"{label} {name}: {what}" for what in sorted(each.changes) if what not in fields and not is_a_trace(what)]
    return wrong


@pytest.mark.parametrize("label", [label for label, verbs in ADMIN.items() if "change" in verbs])
def test_in_the_admin_only_the_fields_of_the_form_change(label: str, world: World) -> None:
    assert wrong_look_up(world, label) == []


# --- Holes opened on purpose ------------------------------------------------------------------------------------------
def test_it_sees_a_form_with_a_field_too_many(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    greedy = modelform_factory(User, fields=["display_name", "language", "theme", "is_superuser"])
    monkeypatch.setattr("users.views.ProfileForm", greedy)
    assert "profile POST by sales_support, loaded: users.User.is_superuser" in wrong_form(world, "profile POST")


def test_it_sees_an_endpoint_that_takes_what_it_does_not_know(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Input, "to_internal_value", Serializer.to_internal_value)
    assert "api:quote-cancel POST by sales_support, loaded: is 200" in wrong_program(world, "api:quote-cancel POST")


def test_it_sees_a_service_that_writes_more_than_is_listed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def generous(*, quote_id: int, **given: Any) -> Quote:
        Quote.objects.filter(pk=quote_id).update(internal_note="seen")
        return quote_change(quote_id=quote_id, **given)

    quote_change = services.quote_change
    monkeypatch.setattr(services, "quote_change", generous)
    assert "quote_change POST by sales_rep: quotes.Quote.internal_note" in wrong_form(world, "quote_change POST")


def test_it_sees_a_flow_that_the_admin_can_change(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReadOnlyAdmin, "has_delete_permission", lambda self, request, obj=None: True)
    assert "core.OutboxMessage delete: -core.OutboxMessage" in wrong_flow(world, "core.OutboxMessage")
