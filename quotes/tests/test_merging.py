"""A prospect becomes part of a customer, with quotes, opportunities, contacts and team; and is taken out again."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import merge_selectors, merging
from accounts.models import Account, AccountMerge, AccountTeamMember, Contact, LinkProposal
from accounts.tests.factories import AccountFactory, ContactFactory, PaymentTermFactory, PaymentTypeFactory
from approvals import services as approvals
from approvals.choices import Verdict, Via
from approvals.models import Request
from core import clock
from core.errors import DomainError, Invalid, NotAllowed, NotFound, StaleVersion, WrongState
from core.models import Event
from opportunities.models import Opportunity
from opportunities.tests.factories import OpportunityFactory
from quotes import services
from quotes.choices import Trigger
from quotes.models import Quote, QuoteSnapshot
from quotes.services import Discount, LineDraft
from quotes.services.answering import Source
from quotes.tests.factories import make_world
from users.tests.factories import TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> SimpleNamespace:
    """A prospect of the rep with a bit of everything, and the account of the master that it is."""
    world = make_world()
    terms = {"payment_term": PaymentTermFactory(), "payment_type": PaymentTypeFactory()}
    loser = AccountFactory(owner=world.rep, name="Äyräs", is_prospect=True, parent_customer_id=None, city="Oulu", **terms)
    contact = ContactFactory(account=loser, is_default=True, language="fi")
    opportunity = OpportunityFactory(account=loser, owner=world.rep)

    def quote(percent: str = "0", **values: Any) -> Quote:
        lines = [LineDraft(world.product, Decimal(5), Discount("percent", Decimal(percent)))]
        return services.quote_create(account_id=loser.pk, by=world.rep, lines=lines, **values)

    return SimpleNamespace(
        world=world, rep=world.rep, loser=loser, survivor=world.account, contact=contact, opportunity=opportunity, quote=quote
    )


def merge(scene: SimpleNamespace, by: Any = None, **more: Any) -> AccountMerge:
    return merging.account_merge(survivor_id=scene.survivor.pk, loser_id=scene.loser.pk, by=by or scene.rep, **more)


def undo(merged: AccountMerge, by: Any) -> AccountMerge:
    return merging.account_merge_undo(merge_id=merged.pk, by=by)


def fresh(account: Account) -> Account:
    return Account.objects.get(pk=account.pk)


def test_the_preview_speaks_of_sent_quotes_where_there_are_any(scene: SimpleNamespace) -> None:
    proposal = LinkProposal.objects.create(prospect=scene.loser, account=scene.survivor, match="name", made_at=clock.now())
    client = Client()
    client.force_login(scene.rep)
    quote = scene.quote()

    def says_so() -> bool:
        return "Quotes that were sent stay word for word" in client.get(f"/accounts/proposals/{proposal.pk}/").content.decode()

    assert not says_so()
    services.quote_send(quote_id=quote.pk, by=scene.rep, to=["a@b.example"])
    assert says_so()


def state() -> list[list[Any]]:
    """Everything that a merge may touch, without versions."""
    models = {Account: "pk", Contact: "pk", Opportunity: "pk", Quote: "pk", AccountTeamMember: "user"}
    skipped = {"version", "id"}
    return [
        [
            {name: value for name, value in row.items() if name not in skipped}
            for row in model._default_manager.order_by(order).values()
        ]
        for model, order in models.items()
    ]


# --- Merging ----------------------------------------------------------------------------------------------------------
@pytest.mark.req("S2.33")
@pytest.mark.req("S0.28")
def test_all_that_refers_to_the_prospect_follows_with_history_and_a_version_more(scene: SimpleNamespace) -> None:
    quote, member = (
        scene.quote(opportunity_id=scene.opportunity.pk),
        AccountTeamMember.objects.create(account=scene.loser, user=scene.world.colleague),
    )
    before = Quote.objects.get(pk=quote.pk).version, Opportunity.objects.get(pk=scene.opportunity.pk).version

    merged = merge(scene)

    for record in (quote, scene.opportunity, scene.contact, member):
        record.refresh_from_db()
        assert record.account_id == scene.survivor.pk
        newest = record.history.latest("history_id")
        assert (newest.history_type, newest.account_id, newest.history_user) == ("~", scene.survivor.pk, scene.rep)
    assert (quote.version, scene.opportunity.version) == (before[0] + 1, before[1] + 1)
    assert merged.moved == {
        "quotes.Quote": {"account": [quote.pk]},
        "opportunities.Opportunity": {"account": [scene.opportunity.pk]},
        "accounts.Contact": {"is_default": [scene.contact.pk], "account": [scene.contact.pk]},
        "accounts.AccountTeamMember": {"account": [member.pk]},
    }
    assert (fresh(scene.loser).status, fresh(scene.loser).merged_into_id) == ("merged", scene.survivor.pk)
    events = Event.objects.filter(verb__startswith="merged").values_list("subject_id", "verb", "by")
    assert sorted(events) == sorted(
        [(scene.loser.pk, "merged into", scene.rep.pk), (scene.survivor.pk, "merged with", scene.rep.pk)]
    )


def test_of_two_default_contacts_the_survivors_stays(scene: SimpleNamespace) -> None:
    merge(scene)
    assert list(Contact.objects.filter(is_default=True)) == [scene.world.contact]


def test_a_default_contact_is_kept_where_the_survivor_has_none(scene: SimpleNamespace) -> None:
    scene.world.contact.delete()
    merge(scene)
    assert list(scene.survivor.contacts.filter(is_default=True)) == [scene.contact]


def test_the_survivor_keeps_its_values_and_gets_what_it_has_blank(scene: SimpleNamespace) -> None:
    Account.objects.filter(pk=scene.loser.pk).update(notes="Soita aamulla", invoice_city="Oulu", default_discount=Decimal(5))
    Account.objects.filter(pk=scene.survivor.pk).update(city="Turku", default_discount=Decimal(0))

    merged = merge(scene)

    survivor = fresh(scene.survivor)
    assert (survivor.notes, survivor.invoice_city, survivor.city) == ("Soita aamulla", "Oulu", "Turku")
    assert (survivor.default_discount, survivor.payment_term, survivor.version) == (Decimal(0), scene.survivor.payment_term, 2)
    assert merged.moved["accounts.Account"] == {"notes": [survivor.pk], "invoice_city": [survivor.pk]}
    assert survivor.history.latest("history_id").notes == "Soita aamulla"


def test_somebody_on_both_teams_is_on_the_survivors_once(scene: SimpleNamespace) -> None:
    for account in (scene.loser, scene.survivor):
        AccountTeamMember.objects.create(account=account, user=scene.world.colleague)

    assert "accounts.AccountTeamMember" not in merge(scene).moved
    assert AccountTeamMember.objects.filter(account=scene.survivor).count() == 1


def test_an_owner_who_would_lose_sight_joins_the_account_team(scene: SimpleNamespace) -> None:
    steward = UserFactory(roles=["data_steward"])
    scene.survivor.owner = UserFactory(roles=["sales_rep"], team=TeamFactory())
    scene.survivor.save()
    quote = scene.quote()

    merged = merge(scene, by=steward)

    member = AccountTeamMember.objects.get(account=scene.survivor)
    assert (member.user, merged.moved["accounts.AccountTeamMember"]) == (scene.rep, {"id": [member.pk]})
    assert Quote.objects.visible_to(scene.rep).get() == quote
    undo(merged, steward)
    assert not AccountTeamMember.objects.exists()


def test_every_model_that_refers_to_an_account_follows_or_is_said_to_stay() -> None:
    following = {follower.label for follower in merge_selectors.followers()}
    assert following == {
        *("accounts.AccountTeamMember", "accounts.Contact", "csr.Case", "csr.CaseAccount"),
        *("opportunities.Opportunity", "quotes.Quote"),
    }


# --- What is frozen or waits ------------------------------------------------------------------------------------------
@pytest.mark.req("S2.33")
def test_a_sent_quote_stays_word_for_word_and_can_be_accepted(scene: SimpleNamespace) -> None:
    quote = scene.quote()
    document = services.quote_send(quote_id=quote.pk, by=scene.rep, to=["a@b.example"])
    before = list(QuoteSnapshot.objects.values())

    merge(scene)

    assert list(QuoteSnapshot.objects.values()) == before
    services.quote_accept(
        document_id=document.pk, document_hash=document.document_hash, name="Olli", role="CEO", source=Source(link=document.link)
    )
    assert Quote.objects.get(pk=quote.pk).status == "accepted"


def test_what_waits_for_approval_keeps_its_version_and_can_be_decided(scene: SimpleNamespace) -> None:
    quote = scene.quote("30")
    services.quote_submit(quote_id=quote.pk, by=scene.rep, approvers={Trigger.FLOOR: scene.world.pricing.pk})
    version = Quote.objects.get(pk=quote.pk).version

    merge(scene)

    quote.refresh_from_db()
    assert (quote.status, quote.account_id, quote.version) == ("in_review", scene.survivor.pk, version)
    for request in Request.objects.order_by("position"):
        if request.approver is not None:
            approvals.request_decide(
                request_id=request.pk, verdict=Verdict.APPROVE, comment="", by=request.approver, via=Via.PAGE
            )
    quote.refresh_from_db()
    assert quote.status == "approved"
    assert services.quote_send(quote_id=quote.pk, by=scene.rep, to=["a@b.example"]).quote_id == quote.pk


def test_an_approved_quote_of_another_customer_is_still_refused(scene: SimpleNamespace) -> None:
    quote = scene.quote()
    services.quote_submit(quote_id=quote.pk, by=scene.rep)
    Quote.objects.filter(pk=quote.pk).update(account=scene.survivor)  # past every service, and no merge

    with pytest.raises(WrongState):
        services.quote_send(quote_id=quote.pk, by=scene.rep, to=["a@b.example"])


# --- Refusals ---------------------------------------------------------------------------------------------------------
def refused(scene: SimpleNamespace, kind: type[DomainError], **arguments: Any) -> None:
    before = state()
    with pytest.raises(kind):
        merging.account_merge(**{"survivor_id": scene.survivor.pk, "loser_id": scene.loser.pk, "by": scene.rep, **arguments})
    assert state() == before
    assert not AccountMerge.objects.exists()


def test_only_prospects_are_merged_and_not_into_themselves(scene: SimpleNamespace) -> None:
    refused(scene, Invalid, survivor_id=scene.loser.pk, loser_id=scene.survivor.pk)
    refused(scene, Invalid, survivor_id=scene.loser.pk)
    refused(scene, StaleVersion, loser_version=7)
    refused(scene, StaleVersion, survivor_version=7)


@pytest.mark.parametrize(("who", "kind"), [("colleague", NotAllowed), ("stranger", NotFound), ("pricing", NotAllowed)])
def test_merging_is_for_those_who_manage_both(scene: SimpleNamespace, who: str, kind: type[DomainError]) -> None:
    refused(scene, kind, by=getattr(scene.world, who))


def test_a_colleagues_account_is_merged_with_on_a_proposal_only(scene: SimpleNamespace) -> None:
    Account.objects.filter(pk=scene.survivor.pk).update(owner=scene.world.colleague)
    refused(scene, NotAllowed)
    LinkProposal.objects.create(prospect=scene.loser, account=scene.survivor, match="name", made_at=clock.now())

    merge(scene)

    assert LinkProposal.objects.get().status == "accepted"
    assert not AccountTeamMember.objects.exists()


def test_an_account_out_of_sight_is_not_found_even_on_a_proposal(scene: SimpleNamespace) -> None:
    Account.objects.filter(pk=scene.survivor.pk).update(owner=scene.world.stranger, unit=None)
    LinkProposal.objects.create(prospect=scene.loser, account=scene.survivor, match="name", made_at=clock.now())
    refused(scene, NotFound)


def test_what_is_merged_is_not_merged_again(scene: SimpleNamespace) -> None:
    merge(scene)
    with pytest.raises(WrongState):
        merge(scene)
    assert AccountMerge.objects.count() == 1


# --- Undoing ----------------------------------------------------------------------------------------------------------
@pytest.mark.req("S2.33")
@pytest.mark.parametrize("status", ["active", "inactive"])
def test_undoing_puts_everything_back(scene: SimpleNamespace, status: str) -> None:
    scene.quote(opportunity_id=scene.opportunity.pk)
    Account.objects.filter(pk=scene.loser.pk).update(notes="Soita", status=status)
    for user in (scene.world.colleague, scene.world.manager):
        AccountTeamMember.objects.create(account=scene.loser, user=user)
    AccountTeamMember.objects.create(account=scene.survivor, user=scene.world.manager)
    LinkProposal.objects.create(prospect=scene.loser, account=scene.survivor, match="name", made_at=clock.now())
    before = state()

    merged = merge(scene)
    assert state() != before
    undone = undo(merged, scene.rep)

    assert state() == before
    assert (undone.undone_by, LinkProposal.objects.get().status) == (scene.rep, "open")
    assert Event.objects.filter(verb="merge undone").count() == 2
    with pytest.raises(WrongState):
        undo(merged, scene.rep)
    merge(scene)  # and it can be merged again
    assert fresh(scene.loser).status == "merged"


def test_what_was_changed_since_stays_changed(scene: SimpleNamespace) -> None:
    Account.objects.filter(pk=scene.loser.pk).update(notes="Soita", invoice_city="Oulu")
    merged = merge(scene)
    Account.objects.filter(pk=scene.survivor.pk).update(notes="Älä soita")
    Contact.objects.filter(pk=scene.contact.pk).delete()
    elsewhere = AccountFactory()
    Opportunity.objects.filter(pk=scene.opportunity.pk).update(account=elsewhere)

    undo(merged, scene.rep)

    assert (fresh(scene.survivor).notes, fresh(scene.survivor).invoice_city) == ("Älä soita", "")
    assert Opportunity.objects.get().account_id == elsewhere.pk
    assert not Contact.objects.filter(account=scene.loser).exists()


def test_what_was_made_since_of_what_followed_keeps_it_together(scene: SimpleNamespace) -> None:
    merged = merge(scene)
    services.quote_create(account_id=scene.survivor.pk, by=scene.rep, opportunity_id=scene.opportunity.pk)
    before = state()

    with pytest.raises(WrongState, match="since would be torn apart"):
        undo(merged, scene.rep)

    assert state() == before


def test_what_followed_and_refers_to_the_survivors_own_since_keeps_it_together(scene: SimpleNamespace) -> None:
    quote = scene.quote()
    merged = merge(scene)
    services.quote_change(quote_id=quote.pk, by=scene.rep, contact=scene.world.contact)

    with pytest.raises(WrongState, match="torn apart"):
        undo(merged, scene.rep)


def test_a_merge_beneath_another_one_is_undone_after_it(scene: SimpleNamespace) -> None:
    second = AccountFactory(owner=scene.rep, name="Toinen", is_prospect=True, parent_customer_id=None)
    first = merging.account_merge(survivor_id=scene.loser.pk, loser_id=second.pk, by=scene.rep)
    last = merge(scene)

    with pytest.raises(WrongState, match="Undo that first"):
        undo(first, scene.rep)
    assert merge_selectors.survivor_of(scene.rep, second.pk) == scene.survivor
    undo(last, scene.rep)
    undo(first, scene.rep)
    assert {fresh(account).status for account in (second, scene.loser)} == {"active"}


@pytest.mark.parametrize(("who", "kind"), [("colleague", NotAllowed), ("stranger", NotFound)])
def test_undoing_is_for_those_who_merge(scene: SimpleNamespace, who: str, kind: type[DomainError]) -> None:
    merged = merge(scene)
    before = state()
    with pytest.raises(kind):
        undo(merged, getattr(scene.world, who))
    assert state() == before


# --- Queries ----------------------------------------------------------------------------------------------------------
def queries_of_a_merge(scene: SimpleNamespace, quotes: int) -> int:
    scene.loser = AccountFactory(
        owner=scene.rep, is_prospect=True, parent_customer_id=None, payment_term=scene.loser.payment_term
    )
    for _number in range(quotes):
        services.quote_create(account_id=scene.loser.pk, by=scene.rep)
        ContactFactory(account=scene.loser)
    with CaptureQueriesContext(connection) as queries:
        merge(scene)
    return len(queries)


def test_a_merge_costs_the_same_for_few_and_for_many_records(scene: SimpleNamespace) -> None:
    assert queries_of_a_merge(scene, 2) == queries_of_a_merge(scene, 20)
