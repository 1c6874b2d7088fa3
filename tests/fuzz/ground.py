"""Who asks, and what there is: the records of one team in every state, and those of a stranger, marked so that a leak shows."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from typing import Any

from django.db import connection
from django.test import Client

from accounts import services as accounts
from accounts.models import Account, Contact, Site
from accounts.tests.factories import AccountFactory, ContactFactory, SiteFactory
from approvals.models import Request
from core import db
from csr import services as csr
from csr.choices import CaseStatus
from csr.models import (
    Case,
    CaseAccount,
    CaseFile,
    CaseMember,
    CaseProduct,
    CaseTask,
    Department,
    RequirementType,
    TeamRole,
)
from opportunities.models import Opportunity
from opportunities.tests.factories import OpportunityFactory
from quotes import services
from quotes.choices import LineKind
from quotes.models import Quote, QuoteAttachment, QuoteLine, QuoteTemplate
from quotes.services import Discount, LineDraft, Statement
from quotes.tests.factories import World, attached, draft, make_world, template_of
from users import tokens
from users.models import Absence, User
from users.tests.factories import AbsenceFactory, TeamFactory, UserFactory

MARK = "Vierasvaarantunniste"
"""In every text of the stranger's records, and in no request."""
LOW = 1000
HIGH = 7_000_000
APART = 10_000
"""The ids of the stranger's records lie above HIGH, those of every model apart, so that one in an answer is no coincidence."""
MODELS: dict[str, type[Any]] = {
    "accounts": Account, "contacts": Contact, "sites": Site, "opportunities": Opportunity, "quotes": Quote, "lines": QuoteLine,
    "approvals": Request, "absences": Absence, "attachments": QuoteAttachment, "quote-templates": QuoteTemplate,
    "csr": Case, "csr products": CaseProduct, "csr accounts": CaseAccount, "csr team": CaseMember, "csr tasks": CaseTask,
    "csr files": CaseFile,
}  # fmt: skip
STATEMENT = Statement("Audit", Decimal(500), Decimal(1), Decimal(200), Decimal(2), "A. Udit", "Checked")
CONFINED = ("rep", "support")
"""Those who see their team only."""


@dataclass
class Ground:
    world: World
    clients: dict[str, Client]
    people: dict[str, User]
    own: dict[str, list[int]]
    foreign: dict[str, frozenset[int]]
    parents: dict[int, int]
    """What a part belongs to, by the id of the part: the quote of a line, the account of a contact, the case of a part."""

    @property
    def foreign_ids(self) -> frozenset[int]:
        return frozenset[int]().union(*self.foreign.values())

    def is_visible(self, who: str) -> bool:
        """Whether any record of the stranger has come into this person's sight, by somebody who may move it there."""
        person = User.objects.get(pk=self.people[who].pk)
        return any(
            model.objects.visible_to(person).filter(pk__in=self.foreign[name]).exists()
            for name, model in MODELS.items()
            if hasattr(model.objects.all(), "visible_to")
        )


def make_ground() -> Ground:
    _count_from(LOW)
    world = make_world()
    people = {
        "rep": world.rep,
        "support": UserFactory(username="support", roles=["sales_support"], team=world.team),
        "pricing": world.pricing,
        "presales": UserFactory(username="presales", roles=["presales"], sees_all_units=True),
        "steward": UserFactory(username="steward", roles=["data_steward"], sees_all_units=True),
    }
    _records(world.account, world.contact, world, people["presales"])
    _cases(world.account, world.rep, world, "Smaller boxes")
    own = {name: list(model.objects.order_by("pk").values_list("pk", flat=True)) for name, model in MODELS.items()}
    _count_from(HIGH)
    _strangers(world)
    foreign = {name: frozenset(model.objects.filter(pk__gt=HIGH).values_list("pk", flat=True)) for name, model in MODELS.items()}
    own["products"], foreign["products"] = [world.product.pk], frozenset()
    own["texts"] = list(QuoteLine.objects.filter(kind=LineKind.NOTE).order_by("pk").values_list("pk", flat=True))
    foreign["texts"] = foreign["lines"]
    of_cases = ((model, "case") for name, model in MODELS.items() if name.startswith("csr "))
    parts = ((QuoteLine, "quote"), (QuoteAttachment, "quote"), (Contact, "account"), *of_cases)
    parents = {key: whole for model, name in parts for key, whole in model.objects.values_list("pk", name)}
    return Ground(world, {name: _client(person) for name, person in people.items()}, people, own, foreign, parents)


def _client(person: User) -> Client:
    _token, text = tokens.token_create(by=person, name="fuzz", scope="write", days=1)
    return Client(headers={"Authorization": f"Bearer {text}", "Accept": "application/json"})


def _records(account: Account, contact: Contact, world: World, writer: User) -> None:
    """Quotes in the states that have moves of their own, and what belongs to them."""
    accounts.account_override(account_id=account.pk, field="sap_codes", value="00100001", reason="Moved", version=1, by=world.rep)
    AbsenceFactory(user=world.rep, substitute=world.manager)
    SiteFactory(account=account)
    ContactFactory(account=account)
    OpportunityFactory(account=account, owner=world.rep)
    for discounts in ((), ("10",), ("0", "10"), ("0", "10", "30")):
        quote = draft(world, *discounts)
        attached(quote, world.rep, for_customer=bool(discounts))
        services.line_add(quote_id=quote.pk, draft=LineDraft(None, kind=LineKind.NOTE, text="By seven."), by=world.rep)
        services.statement_write(quote_id=quote.pk, by=writer, statement=STATEMENT)
    template_of(world.rep, world.product)
    for _number in range(3):
        services.quote_submit(quote_id=draft(world, "30").pk, by=world.rep, approvers={}, reason="Big customer")
    services.quote_submit(quote_id=draft(world, "5").pk, by=world.rep)
    for _number in range(3):
        services.quote_send(quote_id=draft(world).pk, by=world.rep, to=[contact.email])


def _cases(account: Account, by: User, world: World, title: str) -> None:
    """Customer-specific requirements where each of their moves begins, with everything that belongs to them."""
    further = AccountFactory(owner=by, name=title)
    words = {"title": title, "description": title, "requirement_type": RequirementType.objects.get(code="packaging")}
    for last, is_plain in ((0, False), (0, True), (2, False), (2, True), (2, True), (4, False), (4, True), (4, True), (5, False)):
        case = csr.case_register(account_id=account.pk, by=by, product_ids=[world.product.pk], **words)
        if is_plain:  # nothing of it is open
            _bring(case, by, last, title)
            continue
        CaseAccount.objects.create(case=case, account=further)
        CaseMember.objects.create(case=case, user=by, role=TeamRole.objects.get(code="sales"))
        csr.file_add(case_id=case.pk, by=by, file=BytesIO(title.encode()), name=f"{title}.txt", size=len(title))
        _bring(case, by, last, title)
        if case.phase.value in ("assessment", "implementation"):
            quality = Department.objects.get(code="quality")
            CaseTask.objects.create(case=case, phase=case.phase.value, department=quality, owner=by)

    for _number in range(2):
        asked = csr.case_register(account_id=account.pk, by=by, product_ids=[world.product.pk], **words)
        csr.case_submit(case_id=asked.pk, by=by)


def _bring(case: Case, by: User, last: int, title: str) -> None:
    """To this status, whoever answers for it being the one person."""
    for status in [*CaseStatus][1 : last + 1]:
        case.status, case.assessor, case.implementer = status, by, by
        case.feasibility, case.conclusion = "feasible", title
        case.save()


def _strangers(world: World) -> None:
    manager = UserFactory(username="outi", roles=["sales_manager"])
    team = TeamFactory(name="Elsewhere", manager=manager)
    User.objects.filter(pk=manager.pk).update(team=team)
    stranger = UserFactory(username="jukka", roles=["sales_rep"], team=team)
    AbsenceFactory(user=stranger, substitute=manager)
    terms = {"payment_term": world.account.payment_term, "payment_type": world.account.payment_type}
    account = AccountFactory(owner=stranger, name=f"{MARK} Oy", notes=MARK, **terms)
    contact = ContactFactory(account=account, name=MARK, email=f"{MARK.lower()}@asiakas.example", is_default=True)
    SiteFactory(account=account, name=MARK)
    OpportunityFactory(account=account, owner=stranger, name=MARK)
    for discount in ("0", "0", "30"):
        line = LineDraft(world.product, Decimal(5), Discount("percent", Decimal(discount)))
        quote = services.quote_create(account_id=account.pk, by=stranger, lines=[line])
        services.quote_change(quote_id=quote.pk, by=stranger, customer_note=MARK, internal_note=MARK)
        attached(quote, stranger, name=f"{MARK}.txt", for_customer=True)
    _cases(account, stranger, world, MARK)
    template_of(stranger, world.product, name=MARK)
    services.quote_submit(quote_id=quote.pk, by=stranger, approvers={}, reason=MARK)
    services.quote_send(quote_id=quote.pk - 1, by=stranger, to=[str(contact.email)])


def _count_from(number: int) -> None:
    """Records made from now on have ids above `number`, none of them that of a record of another model."""
    with connection.cursor() as cursor:
        for place, model in enumerate(MODELS.values()):
            for statement, values in _sequence(model._meta.db_table, number + place * APART):
                cursor.execute(statement, values)


def _sequence(table: str, number: int) -> Iterator[tuple[str, list[Any]]]:
    if db.is_postgresql():
        yield "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, number]
    else:
        yield "DELETE FROM sqlite_sequence WHERE name = %s", [table]
        yield "INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, number]
