"""Which starter pack a quote may get."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from accounts.models import Account
from accounts.selectors import accounts_to_quote
from core.prepared import Prepared
from quotes.choices import QuoteStatus, StarterPackMode
from quotes.models import Quote, QuoteTemplate, StarterPackAnswer, StarterPackSettings
from users.models import User


class ToQuote(NamedTuple):
    """An account with what a new quote takes over from its default contact. `has_packs`: whether there are starter packs."""

    account: Account
    contact_id: int | None
    contact_language: str
    has_packs: bool


_to_quote = Prepared(
    lambda user, pk: accounts_to_quote(user, pk).annotate(
        has_packs=Exists(QuoteTemplate.objects.filter(is_active=True, is_starter_pack=True))
    )
)


def account_to_quote(user: User, account_id: int) -> ToQuote | None:
    """The account that a quote is made for; None when it is out of this person's sight. One query."""
    account: Any = _to_quote.first(user, account_id)
    if account is None:
        return None
    return ToQuote(account, account.contact_pk, account.contact_language or "", account.has_packs)


class Pack(NamedTuple):
    """A starter pack, whose customers it fits (None: all), and what is done with starter packs."""

    template: int
    tma2: int | None
    channel: int | None
    mode: str | None

    @property
    def is_by_itself(self) -> bool:
        return self.mode == StarterPackMode.ITSELF


def best(packs: Sequence[Pack], *, tma2: int | None, channel: int | None) -> Pack | None:
    """The one for this customer: most named criteria, then the oldest."""
    fitting = [pack for pack in packs if pack.tma2 in (None, tma2) and pack.channel in (None, channel)]
    return min(fitting, key=lambda pack: (-(pack.tma2 is not None) - (pack.channel is not None), pack.template), default=None)


_packs = Prepared(
    lambda: (
        QuoteTemplate.objects.filter(is_active=True, is_starter_pack=True)
        .order_by("pk")
        .values_list("pk", "tma2", "channel", Subquery(StarterPackSettings.objects.order_by().values("mode")[:1]))
    )
)


def starter_pack_for(quote: Quote) -> Pack | None:
    """What this draft may still get: the first quote of a new customer does, once, until somebody has said no.

    New is a customer to whom nothing was ever sent, and none of whose quotes has had a starter pack, cancelled ones aside. One
    query while there are no starter packs, else two.
    """
    if quote.status != QuoteStatus.DRAFT or quote.previous_id is not None:
        return None
    packs = list(map(Pack._make, _packs.rows()))
    pack = best(packs, tma2=quote.account.tma2_id, channel=quote.account.channel_id)
    return None if pack is None or not _is_first(quote) else pack


def _is_first(quote: Quote) -> bool:
    return not _earlier.rows(quote.account_id, quote.pk)


def _known_or_answered(account_id: int, quote_id: int) -> QuerySet[Quote, int]:
    """The key of one of the account's quotes that makes it no new customer, or of this one where somebody has answered."""
    taken = StarterPackAnswer.objects.filter(quote=OuterRef("pk"), is_taken=True)
    known = Q(sent_at__isnull=False) | Q(Exists(taken)) & ~Q(status=QuoteStatus.CANCELLED)
    answered = Q(pk=quote_id) & Q(starter_pack__isnull=False)
    return Quote.objects.filter(known | answered, account=account_id).order_by().values_list("pk", flat=True)[:1]


_earlier = Prepared(_known_or_answered)
