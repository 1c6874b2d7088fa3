"""Who has the editor of a draft open."""

import datetime as dt

from django.db import IntegrityError

from core import clock
from core.errors import require
from quotes import policies, selectors
from quotes.models import QuotePresence
from users.models import User

GONE_AFTER = dt.timedelta(seconds=60)


def presence_note(*, quote_id: int, by: User) -> list[QuotePresence]:
    """That this person is still there; answers the others who are. Each statement stands by itself: none needs another one.

    Raises: NotFound, NotAllowed.
    """
    quote = selectors.quote_for(by, quote_id, related=("account",))
    require(policies.may_edit(by, quote))
    now = clock.now()
    there = QuotePresence.objects.filter(quote=quote, seen_at__gt=now - GONE_AFTER)
    if not there.filter(user=by).update(seen_at=now):
        QuotePresence.objects.filter(quote=quote, seen_at__lte=now - GONE_AFTER).delete()
        try:
            QuotePresence(quote=quote, user=by, seen_at=now, opened_at=now).save(force_insert=True)
        except IntegrityError:  # another window of the same person was faster
            there.filter(user=by).update(seen_at=now)
    return list(there.exclude(user=by).select_related("user").order_by("opened_at"))
