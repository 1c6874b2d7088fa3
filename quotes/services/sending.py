"""Submitting, approving, sending and ending quotes. Lock order: quote (revisions by pk) → request → link."""

import datetime as dt
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django_fsm import can_proceed

from approvals import routing, services as approvals
from approvals.registry import Fingerprint
from core import clock, events, jobs, links, outbox, versions
from core.errors import DomainError, Invalid, Text, WrongState, require
from core.models import Link
from opportunities import services as opportunities
from quotes import (
    approval_case,
    approval_facts,
    attachment_selectors,
    configuring,
    document_selectors,
    margins,
    policies,
    selectors,
    snapshots,
    triggers,
)
from quotes.choices import QuoteStatus
from quotes.models import Quote, QuoteDocument, QuoteSnapshot
from quotes.parties import parties_of
from quotes.services.mailing import Recipient, To, addresses, mails_withdraw, mails_write, recipients_of
from users.models import User

UNSEND_WITHIN = dt.timedelta(seconds=10)
LINK_OUTLIVES_VALIDITY = dt.timedelta(days=180)


@transaction.atomic
def quote_submit(
    *,
    quote_id: int,
    by: User,
    approvers: Mapping[str, int | None] | None = None,
    reason: str = "",
    version: int | None = None,
    send_to: To = (),
    language: str = "",
) -> Quote:
    """A frozen snapshot is taken; the quote is approved at once when nothing needs a yes, else in review.

    `approvers` maps a gate to the chosen person (None: the default). With `send_to` it goes out to these recipients by itself,
    in the name of `by`, once it is approved. Raises: NotFound, NotAllowed, WrongState, StaleVersion, Invalid naming what is
    incomplete, who may not approve or who cannot get it.
    """
    quote = selectors.quote_in_sight_for_update(by, quote_id)
    if send_to:
        language = language or quote.language
        quote.once_approved = {"by": by.pk, "to": recipients_of(send_to, language), "language": language}
    _submit(quote, by, approvers=approvers or {}, reason=reason, version=version)
    go_out(quote)
    return quote


def go_out(quote: Quote) -> None:
    """A quote that has just been approved is on its way, where that was asked for."""
    if quote.once_approved and quote.status == QuoteStatus.APPROVED:
        outbox.emit("quote.send_approved", quote_id=quote.pk)


def _submit(quote: Quote, by: User, *, approvers: Mapping[str, int | None], reason: str, version: int | None) -> QuoteSnapshot:
    """The locked quote submitted; the snapshot that was taken."""
    require(policies.may_edit(by, quote))
    if not can_proceed(quote.submit_for_approval):
        raise WrongState(_("Only a draft can be submitted."))
    versions.require(quote, version)
    quoted = selectors.quoted(quote)
    _require_complete(quote, len(quoted.priced.lines))
    _require_configured(quote, quoted)
    rules = routing.rules_in_use()
    found = selectors.breaches_of(quote, quoted.priced, rules)
    versions.bump(quote)
    files = attachment_selectors.attachments_of(quote)
    content = snapshots.content_of(quote, quoted, files)
    case = approval_case.case_of(quote, quoted.priced, found, {line: texts.sold.mark for line, texts in quoted.texts.items()})
    snapshot = _snapshot(quote, by, content)
    gates = triggers.gates(found)
    if gates:
        quote.submit_for_approval()
    else:
        quote.submit_without_approval()
    quote.work_days = quoted.work_days
    quote.save(update_fields=["status", "version", "work_days", "once_approved"])
    events.record(quote, "submitted", by=by, reason=reason, gates=[gate.value for gate in gates])
    if gates:
        approvals.run_start(
            subject_type="quote",
            subject=quote,
            gates=[gate.value for gate in gates],
            approvers=approvers,
            by=by,
            last_editor_id=quote.last_editor_id,
            fingerprint=Fingerprint(quote.version, snapshot.commercial_hash),
            facts=approval_facts.facts_of(
                quote,
                content,
                quoted.priced,
                found,
                quoted.work_days,
                files,
                beside=margins.context_of(quote),
                before=document_selectors.sent_before(quote),
            ),
            reason=reason,
            case=case,
            in_use=rules,
        )
    approvals.managers_inform(subject_type="quote", subject=quote, by=by, case=case, in_use=rules)
    return snapshot


@transaction.atomic
def quote_recall(*, quote_id: int, by: User) -> Quote:
    """Back to draft by the one who asked; the approval ends and its links are dead. Raises: NotAllowed, WrongState."""
    quote = selectors.quote_in_sight_for_update(by, quote_id)
    if not can_proceed(quote.recall):
        raise WrongState(_("This quote is not waiting for approval."))
    approvals.run_recall(subject_type="quote", subject_id=quote.pk, by=by)
    return selectors.quote_for_update(quote_id)


@transaction.atomic
def quote_send(*, quote_id: int, by: User, to: To, language: str = "", version: int | None = None) -> QuoteDocument:
    """The document is frozen, its link made and its mails on the way in ten seconds; former revisions are superseded.

    `language`: that of the document, and of recipients who have none of their own. A draft that needs nobody's yes is submitted
    in the same step. Raises: NotFound, NotAllowed, WrongState (also for a draft that does need a yes), StaleVersion, Invalid for
    what is incomplete, bad recipients or a date that has passed.
    """
    quote, revisions = selectors.revisions_for_update(by, quote_id)
    if quote.status == QuoteStatus.DRAFT:
        snapshot = _submit(quote, by, approvers={}, reason="", version=version)
        if quote.status != QuoteStatus.APPROVED:
            raise WrongState(_("This quote needs approval before it can be sent."))
        _require_sendable(quote, revisions)
        return _send(quote, revisions, snapshot, by, recipients_of(to, language or quote.language), language)
    require(policies.may_edit(by, quote))
    _require_sendable(quote, revisions)
    versions.require(quote, version)
    recipients = recipients_of(to, language or quote.language)
    return _send(quote, revisions, _approved_snapshot(quote), by, recipients, language)


def _require_sendable(quote: Quote, revisions: Sequence[Quote]) -> None:
    if not can_proceed(quote.send):
        raise WrongState(_("Only an approved quote can be sent."))
    if quote.valid_until < clock.today():
        text = _("The last valid day of this quote has passed.")
        raise Invalid(text, fields={"valid_until": text})
    if any(other.status in (QuoteStatus.ACCEPTED, QuoteStatus.ORDERED) for other in revisions):
        raise WrongState(_("The customer has already accepted a revision of this quote."))


def _send(
    quote: Quote, revisions: Sequence[Quote], snapshot: QuoteSnapshot, by: User, recipients: list[dict[str, str]], language: str
) -> QuoteDocument:
    """The locked quote sent as the snapshot has it."""
    for other in revisions:
        if other.pk != quote.pk and other.revision < quote.revision and can_proceed(other.supersede):
            was = other.status
            other.supersede()
            versions.bump(other)
            other.save(update_fields=["status", "version"])
            events.record(other, "superseded", by=by, by_revision=quote.revision, was=str(was))
    now = clock.now()
    quote.send()
    versions.bump(quote)
    quote.sent_at, quote.sent_by, quote.language, quote.once_approved = now, by, language or quote.language, None
    quote.save(update_fields=["status", "version", "sent_at", "sent_by", "language", "once_approved"])
    document = _document(quote, snapshot, by, recipients)
    document.save(force_insert=True)
    mails_write(document, recipients, delay=UNSEND_WITHIN)
    jobs.enqueue("quotes.render_pdf", document_id=document.pk)
    events.record(quote, "sent", by=by, to=addresses(recipients))
    if quote.opportunity_id:
        opportunities.opportunity_follow_quote(opportunity_id=quote.opportunity_id, stage="negotiation", by=by)
    return document


def quote_send_approved(*, quote_id: int) -> QuoteDocument | None:
    """A quote that was to go out once approved is sent, in the name of who asked for it; None when there is nothing to send.

    When it cannot be sent it stays approved, and whoever asked is told why.
    """
    quote = Quote.objects.get(pk=quote_id)
    plan = quote.once_approved
    if not plan or quote.status != QuoteStatus.APPROVED:
        return None
    by = User.objects.get(pk=plan["by"])
    with translation.override(by.language):
        try:
            to = [Recipient(**one) for one in plan["to"]]
            return quote_send(quote_id=quote_id, by=by, to=to, language=plan["language"], version=quote.version)
        except DomainError as error:
            _stay(quote_id, by, str(error))
            return None


@transaction.atomic
def _stay(quote_id: int, by: User, reason: str) -> None:
    """The quote no longer waits to go out; whoever asked for it is told."""
    quote = selectors.quote_for_update(quote_id)
    if not quote.once_approved or quote.status != QuoteStatus.APPROVED:
        return
    quote.once_approved = None
    versions.bump(quote)
    quote.save(update_fields=["once_approved", "version"])
    event = events.record(quote, "not sent", reason=reason)
    outbox.emit("quote.not_sent", quote_id=quote.pk, event_id=event.pk, user_id=by.pk)


@transaction.atomic
def quote_unsend(*, quote_id: int, by: User) -> Quote:
    """Back to approved, by the sender, while the mail has not been taken up; revisions that it replaced are what they were.

    Raises: NotFound, NotAllowed, WrongState.
    """
    quote, revisions = selectors.revisions_for_update(by, quote_id)
    document = selectors.live_document(quote)
    require(document is not None and document.sent_by_id == by.pk)
    if not can_proceed(quote.unsend) or document is None or not mails_withdraw(document):
        raise WrongState(_("The quote has already left; it can no longer be called back."))
    document.withdrawn_at = clock.now()
    document.save(update_fields=["withdrawn_at"])
    document.link.revoked_at = clock.now()
    document.link.save(update_fields=["revoked_at"])
    quote.unsend()
    versions.bump(quote)
    quote.sent_at = quote.sent_by = None
    quote.save(update_fields=["status", "version", "sent_at", "sent_by"])
    events.record(quote, "sending undone", by=by)
    for other in revisions:
        if other.status == QuoteStatus.SUPERSEDED:
            _bring_back(other, quote, by)
    return quote


def _bring_back(other: Quote, quote: Quote, by: User) -> None:
    """The superseded revision is what it was, if it was this quote that replaced it."""
    replaced = events.timeline(other).filter(verb="superseded").first()
    if replaced is None or replaced.data.get("by_revision") != quote.revision or "was" not in replaced.data:
        return
    getattr(other, f"back_to_{replaced.data['was']}")()
    versions.bump(other)
    other.save(update_fields=["status", "version"])
    events.record(other, "brought back", by=by)


@transaction.atomic
def quote_cancel(*, quote_id: int, by: User, reason: str = "", version: int | None = None) -> Quote:
    """The quote is cancelled and the customer's link leads to a page that says so. Raises: NotAllowed, WrongState."""
    quote = selectors.quote_in_sight_for_update(by, quote_id)
    require(policies.may_edit(by, quote))
    if not can_proceed(quote.cancel):
        raise WrongState(_("A quote in this state cannot be cancelled."))
    versions.require(quote, version)
    document = selectors.live_document(quote)
    if document is not None:
        mails_withdraw(document)
    quote.cancel()
    versions.bump(quote)
    quote.save(update_fields=["status", "version"])
    events.record(quote, "cancelled", by=by, reason=reason)
    return quote


@transaction.atomic
def quote_expire(*, quote_id: int) -> bool:
    """Expired, if its last valid day is over and it is still approved or sent; False when there was nothing to do."""
    quote = selectors.quote_for_update(quote_id)
    if not can_proceed(quote.expire) or clock.today() <= quote.valid_until:
        return False
    quote.expire()
    versions.bump(quote)
    quote.save(update_fields=["status", "version"])
    events.record(quote, "expired")
    return True


def _require_complete(quote: Quote, lines: int) -> None:
    """Raises Invalid naming every field that still lacks something."""
    missing: dict[str, Text] = {}
    if not lines:
        missing["product"] = _("Add at least one product.")
    if quote.valid_until < clock.today():
        missing["valid_until"] = _("The last valid day of this quote has passed.")
    if quote.payment_term is None:
        missing["payment_term"] = _("Choose a payment term.")
    elif not quote.payment_term_reason and approval_case.overrides_payment_term(quote, quote.net_total):
        missing["payment_term_reason"] = _("Say why the payment term differs from the recommended one.")
    if missing:
        raise Invalid(" ".join(str(text) for text in missing.values()), fields=missing)


def _require_configured(quote: Quote, quoted: selectors.Quoted) -> None:
    """Raises Invalid saying which rules of the catalogue the lines break."""
    broken = [advice.text for advice in configuring.advice_of(quote, quoted.priced, quoted.products) if advice.blocks]
    if broken:
        text = " ".join(broken)
        raise Invalid(text, fields={"lines": text})


def _snapshot(quote: Quote, by: User, content: snapshots.Json) -> QuoteSnapshot:
    return QuoteSnapshot.objects.create(
        quote=quote,
        version=quote.version,
        text=snapshots.canonical(content),
        commercial_hash=snapshots.commercial_hash(content),
        stored_digest=snapshots.stored_digest(quote, content["attachments"]),
        by=by,
        at=clock.now(),
    )


def _approved_snapshot(quote: Quote) -> QuoteSnapshot:
    """The snapshot that was approved, checked against the quote as it is now. Raises: WrongState."""
    snapshot = selectors.latest_snapshot(quote)
    if snapshot is None or snapshots.hash_now(quote, snapshot) != snapshot.commercial_hash:
        raise WrongState(_("The quote is not what was approved. Revise it and submit it again."))
    return snapshot


def _document(quote: Quote, snapshot: QuoteSnapshot, by: User, recipients: list[dict[str, str]]) -> QuoteDocument:
    """The document with its link, not saved yet."""
    parties = parties_of(quote, quote.contact, on=clock.today(), content=snapshot.content)
    document = QuoteDocument(
        quote=quote,
        snapshot=snapshot,
        language=quote.language,
        parties=parties,
        recipients=recipients,
        document_hash=snapshots.document_hash(snapshot.text, quote.language, parties),
        sent_by=by,
        sent_at=quote.sent_at or clock.now(),
    )
    expires_at = clock.end_of_day(quote.valid_until) + LINK_OUTLIVES_VALIDITY
    document.link = links.issue(Link.Purpose.QUOTE, quote.pk, expires_at=expires_at)
    document.code_hash = links.digest(links.new_code(document.link))
    return document
