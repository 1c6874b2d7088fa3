"""Starter packs of new customers: taken into their first quote, declined, or added by themselves."""

import structlog
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.selectors import account_for_update
from core import clock, events
from core.errors import Invalid, WrongState
from quotes import starter_selectors, template_selectors
from quotes.models import Quote, QuoteLine, QuoteTemplate, StarterPackAnswer
from quotes.services.pricing_lines import draft_for_update
from quotes.services.taking import take
from users.models import User

log = structlog.get_logger(__name__)


@transaction.atomic
def starter_pack_take(*, quote_id: int, by: User, version: int | None = None) -> list[QuoteLine]:
    """The lines of the starter pack as the last ones of the draft, without those that are no longer sold.

    Locks the quote, then its account, so that of two first quotes one gets it. Raises: as `lines_add`; WrongState when there is
    none, or when this customer has had one.
    """
    quote = draft_for_update(quote_id, by, version)
    template = _offered(quote, by)
    made, left_out = take(
        quote_id, template_selectors.lines_of_template(template), by, version=version, before=None, leave_out=True
    )
    _answer(quote, template, by, is_taken=True)
    events.record(quote, "starter pack added", by=by, reason=template.name, left_out=left_out)
    return made


@transaction.atomic
def starter_pack_decline(*, quote_id: int, by: User) -> Quote:
    """The draft as it is; its starter pack is not offered again. Raises: as `starter_pack_take`."""
    quote = draft_for_update(quote_id, by, None)
    template = _offered(quote, by)
    _answer(quote, template, by, is_taken=False)
    events.record(quote, "starter pack declined", by=by, reason=template.name)
    return quote


def _offered(quote: Quote, by: User) -> QuoteTemplate:
    account_for_update(quote.account_id, by)
    pack = starter_selectors.starter_pack_for(quote)
    if pack is None:
        raise WrongState(_("There is no starter pack for this quote any more."))
    return QuoteTemplate.objects.get(pk=pack.template)


def _answer(quote: Quote, template: QuoteTemplate, by: User, *, is_taken: bool) -> None:
    StarterPackAnswer.objects.create(quote=quote, template=template, is_taken=is_taken, by=by, at=clock.now())


def with_starter_pack(quote: Quote, by: User) -> Quote:
    """A quote that was just made, with its starter pack where that is added by itself. Nothing about it can hinder the quote."""
    pack = starter_selectors.starter_pack_for(quote)
    if pack is None or not pack.is_by_itself:
        return quote
    try:
        with transaction.atomic():
            return starter_pack_take(quote_id=quote.pk, by=by)[0].quote
    except (Invalid, WrongState) as problem:
        log.warning("starter pack was not added", quote=quote.pk, problem=str(problem))
        return quote
