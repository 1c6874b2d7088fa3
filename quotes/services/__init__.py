"""Use cases of quotes, by noun: drafting, lines, templates, attachments, approving and sending, mails, what customers answer."""

from quotes.services.answering import quote_accept, quote_decline
from quotes.services.asking import quote_ask, quote_opened
from quotes.services.attachments import attachment_add, attachment_change, attachment_remove
from quotes.services.bulk import Outcome, Seen, quotes_cancel, quotes_change_owner, quotes_set_valid_until
from quotes.services.copying import lines_copy, quote_copy
from quotes.services.drafting import (
    quote_change,
    quote_create,
    quote_keep_prices,
    quote_reprice,
    quote_revise,
)
from quotes.services.lines import (
    line_add,
    line_change,
    line_duplicate,
    line_move,
    line_remove,
    line_restore,
    lines_add,
)
from quotes.services.mailing import Recipient, mail_refused, quote_remind, quote_resend
from quotes.services.owning import quote_change_owner
from quotes.services.presence import presence_note
from quotes.services.pricing_lines import Discount, LineDraft, Measure, problems_of
from quotes.services.sending import (
    quote_cancel,
    quote_expire,
    quote_recall,
    quote_send,
    quote_send_approved,
    quote_submit,
    quote_unsend,
)
from quotes.services.starter_packs import starter_pack_decline, starter_pack_take
from quotes.services.statements import Statement, statement_ask, statement_change, statement_write
from quotes.services.templates import (
    quote_create_from_template,
    template_change,
    template_insert,
    template_make_from_quote,
    template_remove,
)

__all__ = [
    "Discount",
    "LineDraft",
    "Measure",
    "Outcome",
    "Recipient",
    "Seen",
    "Statement",
    "attachment_add",
    "attachment_change",
    "attachment_remove",
    "line_add",
    "line_change",
    "line_duplicate",
    "line_move",
    "line_remove",
    "line_restore",
    "lines_add",
    "lines_copy",
    "mail_refused",
    "presence_note",
    "problems_of",
    "quote_accept",
    "quote_ask",
    "quote_cancel",
    "quote_change",
    "quote_change_owner",
    "quote_copy",
    "quote_create",
    "quote_create_from_template",
    "quote_decline",
    "quote_expire",
    "quote_keep_prices",
    "quote_opened",
    "quote_recall",
    "quote_remind",
    "quote_reprice",
    "quote_resend",
    "quote_revise",
    "quote_send",
    "quote_send_approved",
    "quote_submit",
    "quote_unsend",
    "quotes_cancel",
    "quotes_change_owner",
    "quotes_set_valid_until",
    "starter_pack_decline",
    "starter_pack_take",
    "statement_ask",
    "statement_change",
    "statement_write",
    "template_change",
    "template_insert",
    "template_make_from_quote",
    "template_remove",
]
