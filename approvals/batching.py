"""Which requests are approved in one go: those of one kind, each below the limit, that are this person's to decide."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from approvals import inbox, selectors, standing
from approvals.inbox import Row
from approvals.models import ApprovalSettings, Request
from core.templatetags.ui import money
from users.models import User

MOST = 100
"""In one go."""


class Left(NamedTuple):
    """A request that is not approved along with the others, and why."""

    row: Row
    why: str


class Proposal(NamedTuple):
    rows: list[Row]
    left: list[Left]


def proposal(user: User, keys: Collection[int], *, now: dt.datetime) -> Proposal:
    """Of the requests with these keys those that can be approved together, and the others with the reason; the earliest due
    first. What is out of sight is left out without a word."""
    requests = list(inbox.with_briefs(in_sight(user, keys)).order_by("due_at", "pk"))
    undecidable = {request.pk: _undecidable(request, user) for request in requests}
    unfit = unfitness([request for request in requests if not undecidable[request.pk]], selectors.settings_in_force())
    whys = {pk: why or unfit.get(pk, "") for pk, why in undecidable.items()}
    rows = inbox.rows_of(requests, user, now=now)
    return Proposal(
        rows=[row for row in rows if not whys[row.request.pk]],
        left=[Left(row, whys[row.request.pk]) for row in rows if whys[row.request.pk]],
    )


def in_sight(user: User, keys: Collection[int]) -> Any:
    """The requests with these keys that this person sees."""
    return Request.objects.visible_to(user).filter(pk__in=keys)


def _undecidable(request: Request, user: User) -> str:
    stands = standing.standing_of(request, user)
    return "" if stands.can_decide else stands.sentence


def unfitness(requests: Sequence[Request], settings: ApprovalSettings) -> dict[int, str]:
    """Why some of these do not go with the others, by key: too large, or of another kind than most.

    What has no value counts as nothing.
    """
    kinds = {request.pk: kind_of(request) for request in requests}
    found = {request.pk: _too_large(settings) for request in requests if (request.run.amount or 0) > settings.batch_limit}
    common = Counter(kind for pk, kind in kinds.items() if pk not in found).most_common(1)
    other = _("It is of another kind than the others. Decide it on its own page, or together with its like.")
    return found | {pk: other for pk, kind in kinds.items() if pk not in found and kind != common[0][0]}


def kind_of(request: Request) -> tuple[str, frozenset[str]]:
    """What is asked about what: requests of one kind are approved together."""
    return request.run.subject_type, frozenset(gate.gate for gate in request.gates.all())


def _too_large(settings: ApprovalSettings) -> str:
    return _("Its value is above %(limit)s. Decide it on its own page.") % {"limit": money(settings.batch_limit)}
