"""Reads of what was sent: who we are, documents and their files, mails and questions."""

import datetime as dt
from collections.abc import Sequence

from django.db.models import QuerySet

from accounts.models import Contact
from core import clock
from core.prepared import Prepared
from quotes.choices import QuoteStatus
from quotes.models import CompanyDetails, Quote, QuoteDocument, QuoteFile, QuoteMail, QuoteQuestion, QuoteSettings, QuoteSnapshot

_company = Prepared(CompanyDetails.objects.all)


def company() -> CompanyDetails:
    """Who we are; the defaults while nobody has said it. One query."""
    return _company.first() or CompanyDetails(pk=1)


def settings_in_force() -> QuoteSettings:
    """The settings; the defaults while nobody has changed them."""
    return QuoteSettings.objects.first() or QuoteSettings(pk=1)


_of_code = Prepared(lambda code: QuoteDocument.objects.filter(code_hash=code).select_related("link").order_by())


def document_of_code(code_hash: str) -> QuoteDocument | None:
    """The document on whose paper the code with this hash is printed, with its link."""
    document: QuoteDocument | None = _of_code.first(code_hash)
    return document


def sent_before(quote: Quote) -> QuoteSnapshot | None:
    """What the customer was sent last of the former revisions: one query, none for the first revision."""
    if quote.revision == 1:
        return None
    sent = QuoteDocument.objects.filter(quote__number=quote.number, quote__revision__lt=quote.revision, withdrawn_at=None)
    document = sent.select_related("snapshot").order_by("-quote__revision").first()
    return document.snapshot if document else None


def file_of(document: QuoteDocument, language: str) -> QuoteFile | None:
    """The stored PDF in this language; None until it is rendered."""
    return QuoteFile.objects.filter(document=document, language=language).first()


def mails_of(document: QuoteDocument) -> list[QuoteMail]:
    """The mails to the customer about this document, the first one first, with how they fared."""
    return list(QuoteMail.objects.filter(document=document).select_related("message").order_by("pk"))


def questions_of(document: QuoteDocument) -> QuerySet[QuoteQuestion]:
    return QuoteQuestion.objects.filter(document=document).order_by("pk")


def contacts_of(quote: Quote) -> Sequence[Contact]:
    """Whom the quote can be sent to: the people of its account, the default recipient first."""
    return list(Contact.objects.filter(account=quote.account_id).order_by("-is_default", "name", "pk"))


def quotes_to_remind(within: dt.timedelta) -> list[int]:
    """Ids of sent quotes whose last day comes within this time and of which nobody was reminded, oldest first.

    What was sent a day ago or less is left alone.
    """
    today = clock.today()
    sent = QuoteDocument.objects.filter(
        withdrawn_at=None, reminded_at=None, sent_at__lte=clock.now() - dt.timedelta(days=1), quote__status=QuoteStatus.SENT,
        quote__valid_until__gte=today, quote__valid_until__lte=today + within,
    )  # fmt: skip
    return list(sent.order_by("quote").values_list("quote", flat=True))
