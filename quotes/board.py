"""The board of quotes: a column per state, of each as many cards as a page takes, with what each quote waits for.

Nothing is counted further than a column needs it, and a board costs the same whatever is on it.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, ngettext

from approvals import selectors as approvals
from approvals.selectors import Waiting
from core import clock, events
from core.models import Event
from core.paths import path_to
from core.rows import RowTemplate
from core.templatetags.ui import notation
from quotes import policies
from quotes.choices import QuoteStatus as S
from quotes.filters import GROUPS, SOON
from quotes.models import Quote, QuoteDocument
from users.models import User

SHOWN = 8
MOST_COUNTED = 100


class Stage(NamedTuple):
    """A column: its states, its filter on the list, and after how many days in it a quote is old. What is open stands with what
    has been so longest first, what is over with the latest."""

    status: str
    label: str | Promise
    states: tuple[S, ...]
    old_after: int | None = None

    @property
    def order(self) -> str:
        return "-pk" if self.old_after is None else "pk"


STAGES = (
    Stage(S.DRAFT, S.DRAFT.label, (S.DRAFT,), 14),
    Stage(S.IN_REVIEW, S.IN_REVIEW.label, (S.IN_REVIEW,), 2),
    Stage(S.APPROVED, S.APPROVED.label, (S.APPROVED,), 3),
    Stage(S.SENT, S.SENT.label, (S.SENT,), 14),
    *(Stage(code, label, states) for code, (label, states) in GROUPS.items()),
)


class Move(NamedTuple):
    """Something that may be done with a quote from its card: a page to go to, or what is posted."""

    label: str
    path: str
    posts: bool = False


@dataclass(slots=True)
class Face:
    """What a card says of its quote, as ready text. `since`: when it came to be in its state."""

    path: str
    number: str
    css: str
    days: str
    age: str
    since: str
    account: str
    net: str
    margin: str
    waits: str
    until_css: str
    until: str
    owner: str


FACE = RowTemplate("quotes/_board_card.html", Face)


class Card(NamedTuple):
    pk: int
    version: int
    face: Face
    moves: list[Move]

    @property
    def html(self) -> SafeString:
        return FACE.render([self.face])


class Column(NamedTuple):
    """`number`: how many there are, as far as it was counted; `more`: that there are more than are shown."""

    stage: Stage
    cards: list[Card]
    number: str
    more: bool


def columns_of(quotes: QuerySet[Quote], user: User, *, chosen: str = "", back: str) -> list[Column]:
    """The board of these quotes: all columns, or those of a `chosen` state. `back`: its path. Six queries at most."""
    stages = [stage for stage in STAGES if chosen in ("", stage.status) or chosen in stage.states]
    keys = _keys_by_stage(quotes, stages)
    told = _last_told(pk for of_stage in keys.values() for pk in of_stage)
    for stage, of_stage in keys.items():
        of_stage.sort(key=lambda pk: told[pk].at if pk in told else _LONG_AGO, reverse=stage.old_after is None)
    shown = [pk for of_stage in keys.values() for pk in of_stage[:SHOWN]]
    cards = _cards_of(shown, user, told, {state: stage for stage in stages for state in stage.states}, back)
    return [
        Column(
            stage=stage,
            cards=[cards[pk] for pk in of_stage[:SHOWN]],
            number=f"{MOST_COUNTED}+" if len(of_stage) > MOST_COUNTED else str(len(of_stage)),
            more=len(of_stage) > SHOWN,
        )
        for stage, of_stage in keys.items()
    ]


def _keys_by_stage(quotes: QuerySet[Quote], stages: Sequence[Stage]) -> dict[Stage, list[int]]:
    """The keys of each column, the oldest or the newest quotes, no more than are counted. One query."""
    found: dict[Stage, list[int]] = {stage: [] for stage in stages}
    if not stages:
        return found
    parts = [
        Quote.objects.filter(
            pk__in=quotes.filter(status__in=stage.states).order_by(stage.order).values("pk")[: MOST_COUNTED + 1]
        ).order_by()
        for stage in stages
    ]
    stage_of = {state.value: stage for stage in stages for state in stage.states}
    rows = [part.values_list("pk", "status") for part in parts]
    for pk, status in rows[0].union(*rows[1:], all=True) if len(rows) > 1 else rows[0]:
        found[stage_of[status]].append(pk)
    for keys in found.values():
        keys.sort()
    return found


_READ = (
    "number", "revision", "status", "net_total", "margin_percent", "valid_until", "sent_at", "created_at", "version",
    "owner__display_name", "account__name", "account__unit", "account__owner__team",
)  # fmt: skip


def _cards_of(
    keys: Sequence[int], user: User, told: Mapping[int, "Told"], stages: Mapping[S, Stage], back: str
) -> dict[int, Card]:
    quotes = list(_with_opening(Quote.objects.filter(pk__in=keys)).select_related("owner", "account__owner").only(*_READ))
    waiting = approvals.waiting_on("quote", [quote.pk for quote in quotes if quote.status == S.IN_REVIEW])
    editable = policies.editable(user, quotes)
    revised = _with_a_revision_under_way(quotes) if editable else set()
    faces = _faces(quotes, told, waiting, stages, margin=policies.may_see_margin(user))
    return {
        quote.pk: Card(
            quote.pk,
            quote.version,
            face,
            list(_moves(quote, user, waiting.get(quote.pk, []), back, revised)) if quote.pk in editable else [],
        )
        for quote, face in zip(quotes, faces, strict=True)
    }


def _with_opening(quotes: QuerySet[Quote]) -> QuerySet[Any]:
    """With the moment at which the customer had the page open first, as `opened_at`."""
    live = QuoteDocument.objects.filter(quote=OuterRef("pk"), withdrawn_at=None).order_by()
    return quotes.annotate(opened_at=Subquery(live.values("opened_at")[:1])).order_by()


def _faces(
    quotes: Sequence[Any],
    told: Mapping[int, "Told"],
    waiting: Mapping[int, Sequence[Waiting]],
    stages: Mapping[S, Stage],
    *,
    margin: bool,
) -> Iterator[Face]:
    """One for each, in the active language."""
    written, path, now, soon = notation(), path_to("quote_page"), clock.now(), clock.today() + SOON
    waits = {S.DRAFT: _("To be finished"), S.APPROVED: _("To be sent")}
    for quote in quotes:
        status, asked, last = S(quote.status), waiting.get(quote.pk, ()), told.get(quote.pk)
        since = last.at if last else quote.sent_at or quote.created_at
        days, old_after = (now - since).days, stages[status].old_after
        is_old = old_after is not None and (days >= old_after or any(one.due_at < now for one in asked))
        is_short = status in (S.APPROVED, S.SENT) and quote.valid_until <= soon
        yield Face(
            path=path(quote.pk),
            number=str(quote),
            css="is-old" if is_old else "",
            days=ngettext("%(days)s day", "%(days)s days", days) % {"days": days} if days else _("today"),
            age=_("long in this state") if is_old else _("in this state"),
            since=date_format(timezone.localtime(since), "SHORT_DATETIME_FORMAT"),
            account=quote.account.name,
            net=written.money(quote.net_total),
            margin=written.percent(quote.margin_percent, 1) if margin and quote.margin_percent is not None else "",
            waits=_waits_for(quote, asked, last) or waits.get(status, ""),
            until_css="is-short" if is_short else "",
            until=_("until %(day)s") % {"day": date_format(quote.valid_until, "SHORT_DATE_FORMAT")},
            owner=quote.owner.display_name,
        )


# --- Since when, and for whom -----------------------------------------------------------------------------------------
class Told(NamedTuple):
    verb: str
    at: dt.datetime
    by: str


_LONG_AGO = dt.datetime.min.replace(tzinfo=dt.UTC)
_VERBS = (
    "created", "submitted", "approved", "rejected", "recalled", "returned", "sent", "sending undone", "accepted", "declined",
    "expired", "ordered",
)  # fmt: skip
"""Those that bring a quote into another state."""


def _last_told(keys: Iterable[int]) -> dict[int, Told]:
    """How and when these quotes came to be in their state. One query."""
    rows = Event.objects.filter(subject_type=events.subject_type(Quote), subject_id__in=keys, verb__in=_VERBS).order_by("pk")
    return {pk: Told(verb, at, by) for pk, verb, at, by in rows.values_list("subject_id", "verb", "at", "by_name")}


def _waits_for(quote: Any, asked: Sequence[Waiting], last: Told | None) -> str:
    """Who is asked, whoever sent it back, or the customer and whether they have seen it."""
    status = S(quote.status)
    if status == S.SENT and quote.opened_at is not None:
        return _("Waits for the customer, opened %(day)s") % {
            "day": date_format(timezone.localtime(quote.opened_at), "SHORT_DATE_FORMAT")
        }
    if status == S.SENT:
        return _("Waits for the customer, not opened yet")
    if status == S.IN_REVIEW:
        names = ", ".join(one.approver or _("data stewards") for one in asked)
        return _("Approval: %(names)s") % {"names": names} if names else _("Approval")
    if status == S.DRAFT and last and last.verb == "rejected":
        return _("Rejected by %(name)s") % {"name": last.by}
    if status == S.DRAFT and last and last.verb == "returned":
        return _("%(name)s asks back") % {"name": last.by}
    return ""


# --- What may be done -------------------------------------------------------------------------------------------------
_REVISABLE = (S.APPROVED, S.SENT, S.DECLINED, S.EXPIRED)


def _with_a_revision_under_way(quotes: Iterable[Quote]) -> set[str]:
    """The numbers of which a newer revision is being made. One query."""
    numbers = {quote.number for quote in quotes if quote.status in _REVISABLE}
    being_made = Quote.objects.filter(number__in=numbers, status__in=[S.DRAFT, S.IN_REVIEW]).order_by()
    return set(being_made.values_list("number", flat=True)) if numbers else set()


def _moves(quote: Quote, user: User, asked: Sequence[Waiting], back: str, revised: set[str]) -> Iterable[Move]:
    """Those that the services make in this state, for somebody who may edit the quote."""

    def post(move: str) -> str:
        return reverse("quote_move", args=[quote.pk, move])

    status = S(quote.status)
    if status in (S.DRAFT, S.APPROVED):
        yield Move(_("Review & send"), reverse("quote_review", args=[quote.pk]))
    if status == S.IN_REVIEW and any(one.requested_by == user.pk for one in asked):
        yield Move(_("Recall"), post("recall"), posts=True)
    if status in _REVISABLE and quote.number not in revised:
        yield Move(_("New revision"), post("revise"), posts=True)
    if status in (S.DRAFT, S.APPROVED, S.SENT):
        query = urlencode({"do": "cancel", "q": quote.pk, "next": back})
        yield Move(_("Cancel this quote"), f"{reverse('quote_selected')}?{query}")
