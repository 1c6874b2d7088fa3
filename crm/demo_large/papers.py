"""What was sent and answered: a document with its link, and what the customer said to it."""

import secrets
import uuid
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from core import clock, links
from core.db import bulk
from core.models import Link
from crm.demo_large.orders import Made
from quotes import document_selectors, snapshots
from quotes.choices import Answer, QuoteStatus as S
from quotes.models import CompanyDetails, DeclineReason, QuoteAnswer, QuoteDocument
from quotes.parties import parties_of
from quotes.services.sending import LINK_OUTLIVES_VALIDITY


def send(quotes: Sequence[Made]) -> None:
    """The documents of these quotes with their links, and the answers to those that were answered.

    Nobody was sent one of these links, so nobody holds its token.
    """
    link_keys, keys = bulk.new_keys(Link, len(quotes)), bulk.new_keys(QuoteDocument, len(quotes))
    company = document_selectors.company()
    sent = [(one, link, key, _document(one, company)) for one, link, key in zip(quotes, link_keys, keys, strict=True)]
    bulk.copy_rows(
        Link,
        ("id", "uuid", "purpose", "subject_id", "nonce", "token_hash", "expires_at", "created_at"),
        (
            (
                link, uuid.uuid4(), Link.Purpose.QUOTE.value, one.quote.pk, secrets.token_hex(16),
                links.digest(secrets.token_hex(16)),
                clock.end_of_day(one.quote.valid_until) + LINK_OUTLIVES_VALIDITY, one.order.at(S.SENT),
            )
            for one, link, _key, _row in sent
        ),
    )  # fmt: skip
    fields = ("quote_id", "snapshot_id", "language", "parties", "recipients", "document_hash", "sent_by_id", "sent_at")
    bulk.copy_rows(QuoteDocument, ("id", "link_id", *fields), ((key, link, *row) for _one, link, key, row in sent))
    _answer(
        [(one, key, row[fields.index("document_hash")]) for one, _link, key, row in sent if one.reached(S.ACCEPTED, S.DECLINED)]
    )


def _document(one: Made, company: CompanyDetails) -> tuple[Any, ...]:
    quote = one.quote
    parties = parties_of(quote, quote.contact, on=timezone.localdate(one.order.at(S.SENT)), company=company)
    signed = snapshots.document_hash(snapshots.canonical(one.content), quote.language, parties)
    contact = quote.contact
    to = [{"address": contact.email, "language": contact.language, "name": contact.name}] if contact else []
    return (quote.pk, one.snapshot_id, quote.language, parties, to, signed, one.by.pk, one.order.at(S.SENT))


def _answer(answered: Sequence[tuple[Made, int, str]]) -> None:
    reasons = list(DeclineReason.objects.order_by("pk").values_list("pk", flat=True))

    def row(one: Made, document: int, signed: str) -> tuple[Any, ...]:
        step = S.ACCEPTED if one.reached(S.ACCEPTED) else S.DECLINED
        name = one.quote.contact.name if one.quote.contact else "demo"
        reason = reasons[one.quote.pk % len(reasons)] if step == S.DECLINED else None
        is_yes = step == S.ACCEPTED
        order = f"PO-{one.quote.pk}" if is_yes else ""
        answer = Answer.ACCEPTED if is_yes else Answer.DECLINED
        totals = (one.quote.net_total, one.quote.gross_total) if is_yes else (None, None)
        return (
            one.quote.pk, document, signed, answer.value, name, "Ostaja", order, one.quote.language, *totals, reason, "127.0.0.1",
            one.order.at(step),
        )  # fmt: skip

    bulk.copy_rows(
        QuoteAnswer,
        (
            "quote_id", "document_id", "document_hash", "answer", "name", "role", "purchase_order", "language", "net_total",
            "gross_total", "reason_id", "ip", "at",
        ),
        (row(*each) for each in answered),
    )  # fmt: skip
