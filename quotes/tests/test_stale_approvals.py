"""A yes is to the very content that was read, by whichever way it comes, and whatever has happened since."""

import hashlib
import os
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, event, given, settings as hypothesis, strategies as st

from approvals import link_views, services as approvals
from approvals.choices import RequestStatus, Verdict, Via
from approvals.models import Decision, Request, Run
from core import links
from core.errors import DomainError, WrongState
from core.models import Link
from quotes import documents, options, services
from quotes.models import Quote, QuoteDocument, QuoteLine, QuoteSnapshot
from quotes.services import Discount
from quotes.services.answering import Source
from quotes.tests.factories import World, attached, draft
from quotes.tests.reviews import Case, edit, make_case, require_approved_as_it_is, require_whole, submitted, user
from users.models import User
from users.tests.factories import UserFactory
from users.tests.programs import Program

Seen = dict[str, Any]


# --- Recalled, edited, asked anew; and then the old page is answered -------------------------------------------------------
def by_page(case: Case, request: int, seen: Seen) -> Any:
    client = Client()
    client.force_login(user(case.approver))
    return client.post(reverse("approval_detail", args=[request]), {"verdict": "approve", "comment": "", **seen})


def by_api(case: Case, request: int, seen: Seen) -> Any:
    return Program(user(case.approver)).post(f"approvals/{request}/approve/", seen)


def by_link(case: Case, request: int, seen: Seen) -> Any:
    """With the link that this request was mailed with."""
    client = Client()
    link = Link.objects.filter(purpose=Link.Purpose.APPROVAL, subject_id=request).latest("pk")
    client.cookies[link_views.COOKIE] = links.token_of(link)
    page = reverse("approval_link_review", args=[Request.objects.get(pk=request).uuid])
    return client.post(page, {"verdict": "approve", "comment": "", **seen})


WAYS = [by_page, by_api, by_link]


def digest() -> str:
    """Of every row of quotes, and of what was decided about them."""
    found = hashlib.sha256()
    for model in (Quote, QuoteLine, QuoteSnapshot, QuoteDocument, Request, Decision):
        found.update(repr(list(model.objects.order_by("pk").values_list())).encode())
    return found.hexdigest()


def asked_anew(world: World, case: Case, *, quantity: int | None) -> Request:
    """The rep has taken it back, perhaps changed it, and asked the same approver once more."""
    services.quote_recall(quote_id=case.quote, by=world.rep)
    if quantity is not None:
        services.line_change(quote_id=case.quote, line_id=case.line, by=world.rep, quantity=Decimal(quantity))
    submitted(world, Quote.objects.get(pk=case.quote), user(case.approver))
    return Request.objects.select_related("run").get(run__subject_id=case.quote, run__status="open")


@pytest.mark.req("S0.24")
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("quantity", [7, 5, None], ids=["changed", "changed and back", "only asked anew"])
@pytest.mark.parametrize("which", ["the old request", "the new one, as the old was read"])
def test_a_yes_to_what_was_there_before_is_refused(
    world: World, way: Callable[[Case, int, Seen], Any], quantity: int | None, which: str
) -> None:
    case = make_case(world)
    if quantity == 5:
        services.quote_recall(quote_id=case.quote, by=world.rep)
        edit(case)
        submitted(world, Quote.objects.get(pk=case.quote), user(case.approver))
    new = asked_anew(world, case, quantity=quantity)
    before = digest()
    stale = {"version": case.version, "content_hash": case.content_hash}
    answer = way(case, case.request if which == "the old request" else new.pk, stale)
    assert (answer.status_code, digest()) == (409, before)
    assert way(case, new.pk, {"version": new.run.subject_version, "content_hash": new.run.content_hash}).status_code in (200, 302)
    quote = Quote.objects.get(pk=case.quote)
    assert (quote.status, quote.lines.get().quantity) == ("approved", quantity or 5)
    require_whole(quote.pk)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("what", ["quantity", "discount_value", "list_price"])
def test_a_quote_that_was_changed_past_everything_is_not_approved(
    world: World, way: Callable[[Case, int, Seen], Any], what: str
) -> None:
    case = make_case(world)
    QuoteLine.objects.filter(pk=case.line).update(**{what: 9})
    before = digest()
    answer = way(case, case.request, {"version": case.version, "content_hash": case.content_hash})
    assert (answer.status_code, digest()) == (409, before)


def test_an_approved_quote_that_was_changed_past_everything_is_not_sent(world: World) -> None:
    case = make_case(world)
    approvals.request_decide(request_id=case.request, verdict=Verdict.APPROVE, comment="", by=user(case.approver), via=Via.PAGE)
    QuoteLine.objects.filter(pk=case.line).update(discount_value=50)
    before = digest()
    with pytest.raises(WrongState, match="not what was approved"):
        services.quote_send(quote_id=case.quote, by=world.rep, to=["a@b.example"])
    assert digest() == before


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("for_customer", [True, False], ids=["for the customer", "kept in the house"])
def test_a_file_for_the_customer_that_came_past_everything_is_not_approved(
    world: World, way: Callable[[Case, int, Seen], Any], for_customer: bool
) -> None:
    case = make_case(world)
    attached(Quote.objects.get(pk=case.quote), world.rep, for_customer=for_customer)
    answer = way(case, case.request, {"version": case.version, "content_hash": case.content_hash})
    assert (answer.status_code == 409, Decision.objects.count()) == (for_customer, 0 if for_customer else 1)


# --- Anything in any order ------------------------------------------------------------------------------------------------
class Story:
    """A quote whose line and options anybody changes, submits and decides, with what the approvers have read lying about; and a
    customer who takes any of the options."""

    def __init__(self, world: World) -> None:
        both = UserFactory(roles=["sales_rep", "pricing"], team=world.team)
        head = UserFactory(roles=["sales_leadership", "pricing"], sees_all_units=True)
        self.world, self.people = world, [world.rep, world.colleague, both, world.pricing, world.manager, head]
        self.quote = draft(world, "21")
        self.line = self.quote.lines.get()
        for alternative_to, quantity in ((None, 5), (self.line.pk, 2)):
            option = services.LineDraft(world.product, Decimal(quantity), optional=True)
            added = services.line_add(quote_id=self.quote.pk, draft=option, by=world.rep)
            if alternative_to:
                services.line_change(quote_id=self.quote.pk, line_id=added.pk, by=world.rep, alternative_to=alternative_to)
        self.read: list[tuple[int, Seen]] = []
        self.done: list[str] = []

    def tell(self, step: str, who: int, number: int) -> None:
        """A step that is refused changes nothing."""
        before = digest()
        try:
            with transaction.atomic():
                getattr(self, step)(self.people[who], number)
            self.done.append(step)
        except DomainError:
            assert digest() == before
        self._look()

    def submit(self, by: User, number: int) -> None:
        services.quote_submit(quote_id=self.quote.pk, by=by)
        for request in Request.objects.select_related("run").filter(run__subject_id=self.quote.pk, run__status="open"):
            self.read.append((request.pk, {"version": request.run.subject_version, "content_hash": request.run.content_hash}))

    def recall(self, by: User, number: int) -> None:
        services.quote_recall(quote_id=self.quote.pk, by=by if number == 4 else self._requester())

    def edit(self, by: User, number: int) -> None:
        percent = Discount("percent", Decimal([0, 15, 21, 25, 30][number]))
        services.line_change(quote_id=self.quote.pk, line_id=self.line.pk, by=by, discount=percent)

    def edit_option(self, by: User, number: int) -> None:
        option = self.quote.lines.filter(optional=True).order_by("pk")[number % 2]
        percent = Discount("percent", Decimal([0, 15, 21, 25, 30][number]))
        services.line_change(quote_id=self.quote.pk, line_id=option.pk, by=by, discount=percent)

    def discount(self, by: User, number: int) -> None:
        services.quote_change(quote_id=self.quote.pk, by=by, header_discount=Discount("amount", Decimal(number * 3)))

    def accept(self, by: User, number: int) -> None:
        """By the customer, with none of the options, one, or both."""
        document = QuoteDocument.objects.filter(quote=self.quote.pk, withdrawn_at=None).first()
        if document is None:
            raise WrongState
        keys = list(self.quote.lines.filter(optional=True).order_by("pk").values_list("pk", flat=True))
        chosen = [key for place, key in enumerate(keys) if number % 4 >> place & 1]
        shown = options.choose(documents.content_of(document), chosen).gross_total
        source = Source(link=document.link)
        told = {"document_id": document.pk, "document_hash": document.document_hash, "name": "Olli", "role": "Ostaja"}
        services.quote_accept(**told, source=source, chosen=chosen, shown=shown)

    def revise(self, by: User, number: int) -> None:
        new = services.quote_revise(quote_id=self.quote.pk, by=by)
        self.quote, self.line = new, new.lines.get(optional=False)

    def send(self, by: User, number: int) -> None:
        services.quote_send(quote_id=self.quote.pk, by=by, to=["a@b.example"])

    def unsend(self, by: User, number: int) -> None:
        services.quote_unsend(quote_id=self.quote.pk, by=by)

    def approve(self, by: User, number: int) -> None:
        """Mostly by whoever is asked."""
        for request in self._asked():
            self._decide(request.pk, Verdict.APPROVE, by if number == 4 else request.approver or by, {})

    def reject(self, by: User, number: int) -> None:
        for request in self._asked():
            self._decide(request.pk, Verdict.REJECT, by if number == 4 else request.approver or by, {})

    def ask_back(self, by: User, number: int) -> None:
        for request in self._asked():
            person = by if number == 4 else request.approver or by
            approvals.request_ask_back(request_id=request.pk, question="miksi?", by=person, via=Via.PAGE)

    def approve_stale(self, by: User, number: int) -> None:
        """Any request that was ever read, with anything that was ever read."""
        if not self.read:
            raise WrongState
        request = Request.objects.get(pk=self.read[number % len(self.read)][0])
        seen = self.read[-1 - number % len(self.read)][1]
        self._decide(request.pk, Verdict.APPROVE, request.approver or by, seen)

    def hand_over(self, by: User, number: int) -> None:
        for request in self._asked():
            approvals.request_hand_over(request_id=request.pk, to_id=self.people[number].pk, by=request.approver or by)

    def _requester(self) -> User:
        run = Run.objects.filter(subject_id=self.quote.pk).order_by("-pk").first()
        return run.requested_by if run else self.world.rep

    def _asked(self) -> list[Request]:
        """The first that waits. Raises: WrongState when none does."""
        asked = Request.objects.filter(run__subject_id=self.quote.pk, status=RequestStatus.PENDING, is_open=True)[:1]
        if not asked:
            raise WrongState
        return list(asked)

    def _decide(self, request: int, verdict: Verdict, by: User, seen: Seen) -> None:
        approvals.request_decide(request_id=request, verdict=verdict, comment="näin", by=by, via=Via.PAGE, **seen)

    def _look(self) -> None:
        for quote in Quote.objects.filter(number=self.quote.number):
            require_whole(quote.pk)
        for document in QuoteDocument.objects.filter(withdrawn_at=None):
            require_approved_as_it_is(document.quote)
        for decision in Decision.objects.select_related("request__run"):
            assert decision.decided_by_id not in (decision.requested_by_id, decision.last_editor_id)


TOLD = int(os.environ.get("TOLD_STORIES", "15"))
STEPS = ["submit", "recall", "edit", "revise", "send", "unsend", "approve", "reject", "approve_stale", "hand_over", "ask_back"]
STEPS += [
    "edit_option",
    "discount",
    "accept",
    "submit",
    "approve",
    "approve",
    "send",
    "accept",
    "approve_stale",
]  # what a story needs to get anywhere
WHO = [0, 0, 0, 0, 4, 4, 1, 2, 3, 5]
"""Mostly the rep, or the manager, who may edit the quote as well."""
STORIES = st.lists(st.tuples(st.sampled_from(STEPS), st.sampled_from(WHO), st.integers(0, 4)), min_size=4, max_size=14)


@pytest.mark.req("S0.24")
@given(story=STORIES)
@hypothesis(max_examples=TOLD, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_what_is_approved_or_sent_has_a_yes_to_just_that(
    world: World, story: list[tuple[str, int, int]]
) -> None:
    with transaction.atomic():
        told = Story(world)
        for step in [("submit", 0, 0), *story]:
            told.tell(*step)
        for name in told.done:
            event(name)
        transaction.set_rollback(True)


def test_a_story_that_goes_well_reaches_its_end(world: World) -> None:
    """The control: the steps above do get through, the stale one does not."""
    story = Story(world)
    steps = ["submit", "hand_over", "recall", "edit", "submit"]
    for name, number in zip(steps, [0, 2, 0, 3, 0], strict=True):
        story.tell(name, 0, number)
    assert story.done == steps
    story.tell("approve_stale", 0, 0)
    assert (story.done, Decision.objects.count()) == (steps, 0)
    for last in ("approve", "approve", "send"):
        story.tell(last, 0, 0)
    assert (story.done[-1], story.quote.documents.count()) == ("send", 1)
    story.tell("accept", 0, 3)
    assert story.done[-1] == "accept"
    assert list(story.quote.lines.order_by("pk").values_list("selected", flat=True)) == [False, True, True]


@pytest.mark.req("S0.24")
def test_a_customer_who_takes_less_than_was_offered_takes_nothing_that_nobody_said_yes_to(world: World) -> None:
    """9 off 50 leaves 41, where the floor is 40; off the alternative at 20 it leaves 11, where it is 16."""
    story = Story(world)
    steps = [("edit", 0), ("discount", 3), ("submit", 0), ("approve", 0), ("approve", 0), ("send", 0), ("accept", 2)]
    for name, number in steps:
        story.tell(name, 0, number)
    assert story.done == [name for name, _number in steps]
    assert Decision.objects.count() == 2  # of price and of margin
    assert Quote.objects.get(pk=story.quote.pk).net_total == Decimal(11)
