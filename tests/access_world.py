"""One world for all access tests: a person per role, and for each of them a record of every kind that is theirs, of their team,
of their unit and of another unit. Made by the services; where a person's rights have changed since, that is done afterwards.
"""

import base64
import datetime as dt
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from http.cookies import SimpleCookie
from io import BytesIO
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts import merging, prospects
from accounts.models import Account, AccountMerge, Contact, FieldOverride, LinkProposal, MasterConflict
from accounts.tests.factories import (
    AccountFactory,
    ContactFactory,
    MasterRecordFactory,
    PaymentTermFactory,
    PaymentTypeFactory,
    SiteFactory,
)
from approvals import link_views
from approvals.models import Request, RunGate
from catalog import merging as merging_products
from catalog.models import Product
from catalog.tests.factories import ProductFactory
from core import clock, links, outbox
from core.models import JobRun, Link, MailboxMessage, OutboxMessage
from core.tests.factories import MailboxMessageFactory
from csr import services as csr
from csr.choices import CaseStatus
from csr.models import (
    Case as CsrCase,
    CaseAccount,
    CaseMember,
    CaseTask as CsrTask,
    CloseReason,
    Department,
    RequirementType,
    TeamRole,
)
from integration.models import PRODUCT_IMPORT, QuarantinedRow
from integration.tests.factories import QuarantinedRowFactory, RunFactory, RunningFactory, guarded_run
from opportunities.models import Opportunity
from opportunities.tests.factories import OpportunityFactory
from quotes import services
from quotes.choices import Trigger
from quotes.models import DeclineReason, MarginTarget, Quote, QuoteAttachment, QuoteDocument, QuoteLine, QuoteTemplate
from quotes.services import LineDraft
from quotes.tests.factories import attached, template_of
from quotes.views import customer
from tests.access_policy import (
    ANONYMOUS,
    ASKED,
    CROSSED,
    CROSSED_MISSING,
    FOREIGN,
    HELD,
    MISSING,
    OWN,
    SHARED,
    TEAM,
    UNIT,
)  # fmt: skip
from tests.hidden_numbers import COST, FLOOR, LIST_PRICE, START_PRICE, TARGET_PERCENT, TARGET_PRICE
from tests.record_rows import Rows, rows
from tests.table_states import state
from users import services as users, tokens
from users.models import Absence, ApiToken, RoleAssignment, SavedView, User
from users.roles import ROLES, Perm
from users.tests.factories import BusinessUnitFactory, TeamFactory, UserFactory

NOBODYS = 987654
NO_TOKEN = "x" * 43
NO_UUID = UUID(int=1)


class Requirements(NamedTuple):
    """Cases of a customer: registered with everything, asked about, with a part to answer, with none, to implement, live."""

    registered: CsrCase
    asked: CsrCase
    assessed: CsrCase
    heard: CsrCase
    to_implement: CsrCase
    live: CsrCase


class Case(NamedTuple):
    """A customer of `owner` with a record of every kind that belongs to one."""

    owner: User
    account: Account
    contact: Contact
    conflict: MasterConflict
    opportunity: Opportunity
    draft: Quote
    line: QuoteLine
    removed: int
    """The key of a line that stood in the draft."""
    attachment: QuoteAttachment
    approved: Quote
    sent: Quote
    document: QuoteDocument
    sent_attachment: QuoteAttachment
    asked: Quote
    request: Request
    proposal: LinkProposal
    declined: LinkProposal
    merge: AccountMerge
    csr: Requirements


@dataclass
class Target:
    """What a request names: arguments of its address, cookies it brings, and the records themselves; None where missing."""

    arguments: dict[str, Any] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    case: Case | None = None
    request: Request | None = None


@dataclass
class World:
    people: dict[str, User]
    own: dict[str, Case]
    shared: dict[str, Case]
    asked: dict[str, Request]
    product: Product
    survivor: Product
    """What another product can become."""
    merged: Product
    run: JobRun
    running: JobRun
    stopped: JobRun
    row: QuarantinedRow
    mail: MailboxMessage
    successor: User
    """Who may decide anything, everywhere, and is asked nothing."""
    failed: OutboxMessage
    templates: dict[str, QuoteTemplate]
    """A template of each person, and what others have: one that is shared, one that is not."""
    clients: dict[str, Client]
    sessions: dict[str, str]
    tokens: dict[tuple[str, bool], str]
    state: dict[str, str] = field(default_factory=dict)
    """Digests of all tables as they were made."""

    @functools.cached_property
    def rows(self) -> Rows:
        """Every row of every table as they were made: to be asked for before anything changes."""
        return rows()

    def case(self, role: str, relation: str) -> Case:
        """The records that are `relation` to the person of this role; a stranger to the house has the owner's eyes."""
        return self.own[role if role in self.own else "sales_rep"] if relation == OWN else self.shared[relation]

    def client(self, role: str, cookies: Mapping[str, str] | None = None) -> Client:
        """The browser of this person as it was after logging in, with `cookies` besides."""
        client = self.clients[role]
        session = {settings.SESSION_COOKIE_NAME: self.sessions[role]} if role in self.sessions else {}
        client.cookies = SimpleCookie(session | dict(cookies or {}))
        return client

    def authorization(self, role: str, *, may_write: bool) -> dict[str, str]:
        """The header of a program that works for this person; empty for strangers."""
        return {"Authorization": f"Bearer {self.tokens[role, may_write]}"} if role in self.people else {}


# --- Making it --------------------------------------------------------------------------------------------------------
def make_world() -> World:
    unit = BusinessUnitFactory()
    team, neighbours, strangers = TeamFactory(unit=unit), TeamFactory(unit=unit), TeamFactory()
    MarginTarget.objects.create(target_percent=TARGET_PERCENT)
    DeclineReason.objects.create(code="price", label_en="Too dear", label_fi="Liian kallis")
    maker = _Maker(
        ProductFactory(
            sku="MAITO-1", list_price=LIST_PRICE, cost=COST, floor_price=FLOOR, target_price=TARGET_PRICE, start_price=START_PRICE
        ),
        ProductFactory(sku="VOI-1", list_price=LIST_PRICE, cost=COST, floor_price="1100"),
        UserFactory(username="approver", roles=["pricing"], sees_all_units=True),
    )
    people = {role: UserFactory(username=role, display_name=role.title(), roles=["sales_rep"], team=team) for role in ROLES}
    own = {role: maker.case(person) for role, person in people.items()}
    for role, person in people.items():  # only now do they get the role they are named after
        RoleAssignment.objects.filter(user=person).update(role=role)
        people[role] = User.objects.get(pk=person.pk)
    shared = {
        relation: maker.case(UserFactory(username=name, roles=["sales_rep"], team=of))
        for relation, name, of in ((TEAM, "mate", team), (UNIT, "neighbour", neighbours), (FOREIGN, "stranger", strangers))
    }
    tokens.token_create(by=shared[TEAM].owner, name="of a colleague", scope=ApiToken.Scope.READ, days=1)
    for who in (*people.values(), shared[TEAM].owner):
        users.absence_add(user=who, starts_on=in_days(10), ends_on=in_days(12), substitute=shared[UNIT].owner, by=who)
        users.view_save(by=who, page="quote_list", name="Own", query="mine=true")
    asked = {role: maker.asked(shared[UNIT], person) for role, person in people.items()}
    row = QuarantinedRowFactory(run=RunFactory())
    running = RunningFactory(kind=PRODUCT_IMPORT, lease_until=clock.now() + dt.timedelta(days=1))
    merged = ProductFactory(sku="VANHA-1", list_price=LIST_PRICE)
    merging_products.product_merge(into=maker.plain.pk, product=merged.pk, by=people["data_steward"])
    feeds = (row.run, running, guarded_run(), row)
    templates = {role: template_of(person, maker.plain) for role, person in people.items()}
    templates[SHARED] = template_of(shared[TEAM].owner, maker.plain, shared_with="all")
    templates[FOREIGN] = template_of(shared[TEAM].owner, maker.plain)
    others = (MailboxMessageFactory(html="<p>Hei</p>"), _successor(), failed_mail(people["sales_rep"]), templates)
    world = World(people, own, shared, asked, maker.plain, maker.below_floor, merged, *feeds, *others, {}, {}, {})
    for role in (ANONYMOUS, *ROLES):
        log_in(world, role)
    world.state = state()
    return world


def in_days(days: int) -> dt.date:
    return clock.today() + dt.timedelta(days=days)


def _successor() -> User:
    roles = ["pricing", "sales_manager", "customer_success", "finance", "data_steward"]
    return UserFactory(username="successor", roles=roles, sees_all_units=True)


def failed_mail(person: User) -> OutboxMessage:
    """A message that was given up."""
    message = outbox.emit("users.account_changed", user_id=person.pk, change="password_set")
    message.dead_at, message.attempts, message.last_error = clock.now(), 12, "TimeoutError: timed out"
    message.save()
    return message


def log_in(world: World, role: str) -> None:
    """A browser and two programs for this person; nobody is logged in at the browser of strangers."""
    client = world.clients[role] = Client()
    if role in world.people:
        client.force_login(world.people[role])
        world.sessions[role] = client.cookies[settings.SESSION_COOKIE_NAME].value
        for scope in ApiToken.Scope:
            _token, text = tokens.token_create(by=world.people[role], name="matrix", scope=scope, days=1)
            world.tokens[role, scope == ApiToken.Scope.WRITE] = text


class _Maker(NamedTuple):
    """Makes quotes of two products: one that needs nobody's yes, one below its floor, which `approver` decides."""

    plain: Product
    below_floor: Product
    approver: User

    def case(self, owner: User) -> Case:
        name = f"Asiakas {owner.username} Oy"
        terms = {"payment_term": PaymentTermFactory(), "payment_type": PaymentTypeFactory()}
        account = AccountFactory(owner=owner, name=name, city="Turku", **terms)
        contact = ContactFactory(account=account, is_default=True, language="fi")
        record = MasterRecordFactory(account=account, values={"city": "Oulu", "street": "Katu 1"})
        candidates = [{"value": "Katu 1", "label": ""}, {"value": "Tie 2", "label": ""}]
        conflict = MasterConflict.objects.create(
            account=account, field="street", kind="disagree", candidates=candidates, run=record.run
        )
        FieldOverride.objects.create(account=account, field="city", by=owner, at=clock.now(), reason="moved")
        opportunity = OpportunityFactory(account=account, owner=owner)
        draft, approved, sent = (self.quote(account, owner, self.plain) for _ in range(3))
        services.quote_submit(quote_id=approved.pk, by=owner)
        document = services.quote_send(quote_id=sent.pk, by=owner, to=[str(contact.email)])
        asked, request = self.submitted(account, owner)
        proposal, declined, accepted = (self.proposal(account, owner, number) for number in range(3))
        prospects.proposal_decline(proposal_id=declined.pk, by=owner)
        merge = merging.account_merge(survivor_id=account.pk, loser_id=accepted.prospect_id, by=owner)
        for quote in (draft, approved, sent, asked):
            quote.refresh_from_db()
        return Case(
            owner, account, contact, conflict, opportunity, draft, draft.lines.get(), removed(draft.lines.get()),
            attached(draft, owner), approved, sent, document, attached(sent, owner, for_customer=True), asked, request,
            proposal, declined, merge,
            self.requirements(account, owner),
        )  # fmt: skip

    def requirements(self, account: Account, owner: User) -> Requirements:
        assessed, implementing = CaseStatus.UNDER_ASSESSMENT, CaseStatus.UNDER_IMPLEMENTATION
        made = Requirements(
            self.requirement(account, owner),
            csr.case_submit(case_id=self.requirement(account, owner).pk, by=owner),
            self.requirement(account, owner, assessed),
            self.requirement(account, owner, assessed),
            self.requirement(account, owner, implementing),
            self.requirement(account, owner, CaseStatus.IMPLEMENTED),
        )
        first, quality = made.registered, Department.objects.get(code="quality")
        CaseAccount.objects.create(case=first, account=account, site=SiteFactory(account=account))
        CaseMember.objects.create(case=first, user=owner, role=TeamRole.objects.get(code="sales"))
        csr.file_add(case_id=first.pk, by=owner, file=BytesIO(b"Boxes of 6"), name="a.txt", size=10)
        csr.task_add(case_id=made.assessed.pk, department=quality, owner=owner, by=owner)
        return made

    def requirement(self, account: Account, owner: User, status: CaseStatus = CaseStatus.REGISTRATION) -> CsrCase:
        """One that the owner registered and has brought as far as that."""
        kind = RequirementType.objects.get(code="packaging")
        words = {"title": "Smaller boxes", "description": "Boxes of 6", "requirement_type": kind}
        case = csr.case_register(account_id=account.pk, by=owner, product_ids=[self.plain.pk], **words)
        way = [*CaseStatus]
        for step in way[1 : way.index(status) + 1]:
            case.status, case.assessor, case.implementer = step, owner, owner
            case.feasibility, case.conclusion = "feasible", "It can be done."
            case.save()
        return case

    def proposal(self, account: Account, owner: User, number: int) -> LinkProposal:
        """That a prospect of the owner is the account."""
        name = f"Ehdokas {number} {owner.username}"
        prospect = AccountFactory(owner=owner, name=name, is_prospect=True, parent_customer_id=None)
        return LinkProposal.objects.create(prospect=prospect, account=account, match="name", made_at=clock.now())

    def quote(self, account: Account, owner: User, product: Product) -> Quote:
        return services.quote_create(account_id=account.pk, by=owner, lines=[LineDraft(product, Decimal(5))])

    def submitted(self, account: Account, by: User) -> tuple[Quote, Request]:
        quote = self.quote(account, by, self.below_floor)
        services.quote_submit(quote_id=quote.pk, by=by, approvers={Trigger.FLOOR: self.approver.pk})
        return quote, Request.objects.select_related("run").get(run__subject_type="quote", run__subject_id=quote.pk)

    def asked(self, case: Case, person: User) -> Request:
        """A request of a colleague in which this person is asked: about the gate their role opens, stewards in their queue,
        and the others about a gate they cannot open, as if they had the role for it once."""
        _quote, request = self.submitted(case.account, case.owner)
        opens = sorted({Perm.APPROVE_FLOOR, Perm.APPROVE_MARGIN, Perm.APPROVE_CATALOGUE, Perm.APPROVE_TERMS} & person.permissions)
        is_queue = person.may(Perm.STEWARD)
        Request.objects.filter(pk=request.pk).update(approver=None if is_queue else person)
        right = Perm.STEWARD if is_queue else [*opens, Perm.APPROVE_FLOOR][0]
        RunGate.objects.filter(request=request).update(permission=right, definition={"permission": right, "sla_hours": 48})
        links.issue(Link.Purpose.APPROVAL, request.pk, expires_at=clock.now() + dt.timedelta(days=1), person_id=person.pk)
        return Request.objects.select_related("run").get(pk=request.pk)


# --- What a request names ---------------------------------------------------------------------------------------------
def target(world: World, kind: str, role: str, relation: str) -> Target:
    """The record of this kind that is `relation` to the person of this role."""
    return _KINDS[kind](world, role, relation)


def _nothing(world: World, role: str, relation: str) -> Target:
    return Target()


def removed(line: QuoteLine) -> int:
    """The key of another line like this one, which history knows as removed; the quote is as it was."""
    kept = line.history.latest()
    kept.pk, kept.id, kept.position, kept.history_type = None, line.pk + 10**6, line.position + 1, "-"
    kept.save(force_insert=True)
    return int(kept.id)


def _of_case(pick: Callable[[Case], dict[str, Any]], *parts: str) -> Callable[[World, str, str], Target]:
    """Arguments of a record of an account; `parts` are those that name something within the record."""

    def make(world: World, role: str, relation: str) -> Target:
        elsewhere = pick(world.shared[FOREIGN])
        if relation == MISSING:
            return Target(dict.fromkeys(elsewhere, NOBODYS))
        case = world.case(role, OWN if relation in (CROSSED, CROSSED_MISSING) else relation)
        arguments = pick(case)
        if relation == CROSSED:  # the part of somebody else's record, under the own one
            arguments |= {part: elsewhere[part] for part in parts}
        elif relation == CROSSED_MISSING:
            arguments |= dict.fromkeys(parts, NOBODYS)
        return Target(arguments, case=case)

    return make


def _request(world: World, role: str, relation: str) -> Target:
    if relation == MISSING:
        return Target({"pk": NOBODYS})
    request = world.asked[role if role in world.asked else "pricing"] if relation == ASKED else world.case(role, relation).request
    return Target({"pk": request.pk}, request=request)


def _absence(world: World, role: str, relation: str) -> Target:
    """The next absence of the person; what is foreign is one of a colleague in the same team."""
    whose = world.people[role if role in world.people else "sales_rep"] if relation == OWN else world.shared[TEAM].owner
    return Target({"pk": NOBODYS if relation == MISSING else Absence.objects.get(user=whose).pk})


def _token(world: World, role: str, relation: str) -> Target:
    """A key of one of the person's programs; what is foreign is one of a colleague in the same team."""
    whose = world.people[role if role in world.people else "sales_rep"] if relation == OWN else world.shared[TEAM].owner
    return Target({"pk": NOBODYS if relation == MISSING else ApiToken.objects.filter(user=whose).order_by("pk")[0].pk})


def _saved_view(world: World, role: str, relation: str) -> Target:
    """The person's view of quotes; what is foreign is that of a colleague in the same team."""
    whose = world.people[role if role in world.people else "sales_rep"] if relation == OWN else world.shared[TEAM].owner
    return Target({"pk": NOBODYS if relation == MISSING else SavedView.objects.get(owner=whose).pk})


def _approval_link(world: World, role: str, relation: str) -> Target:
    """The link of whoever prices; without it there is that of a customer."""
    request = world.asked["pricing"]
    link = Link.objects.get(purpose=Link.Purpose.APPROVAL, subject_id=request.pk, person=world.people["pricing"])
    other = links.token_of(world.shared[TEAM].document.link)
    return _linked(relation, links.token_of(link), other, request.uuid, link_views.COOKIE, request=request)


def _customer_link(world: World, role: str, relation: str) -> Target:
    """The link in a quote's mail; without it there is that of an approver."""
    case = world.shared[TEAM]
    other = links.token_of(Link.objects.filter(purpose=Link.Purpose.APPROVAL).order_by("pk")[0])
    token = links.token_of(case.document.link)
    target = _linked(relation, token, other, case.document.uuid, customer.COOKIE, case=case)
    target.arguments["attachment_pk"] = NOBODYS if relation == MISSING else case.sent_attachment.pk
    return target


def _template(world: World, role: str, relation: str) -> Target:
    if relation == MISSING:
        return Target({"pk": NOBODYS})
    return Target({"pk": world.templates[relation if relation != OWN else role if role in world.people else "sales_rep"].pk})


def _linked(relation: str, token: str, other: str, uuid: UUID, cookie: str, **records: Any) -> Target:
    if relation == MISSING:
        return Target({"token": NO_TOKEN, "uuid": NO_UUID}, {cookie: NO_TOKEN})
    given = token if relation == HELD else other
    return Target({"token": given, "uuid": uuid}, {cookie: given}, **records)


def _single(name: str) -> Callable[[World, str, str], Target]:
    def make(world: World, role: str, relation: str) -> Target:
        return Target({"pk": NOBODYS if relation == MISSING else getattr(world, name).pk})

    return make


def _contact(case: Case) -> dict[str, Any]:
    return {"pk": case.account.pk, "contact_pk": case.contact.pk, "contact_id": case.contact.pk}


def _merge(case: Case) -> dict[str, Any]:
    return {"pk": case.account.pk, "merge_pk": case.merge.pk}


_CSR_ROWS = ("row", "row_id", "member_id", "file_id", "task_id")
"""What addresses call it."""


def _of_csr(name: str, rows: str = "") -> Callable[[Case], dict[str, Any]]:
    """Arguments of one of the cases, and of its first row of a kind."""

    def arguments(case: Case) -> dict[str, Any]:
        found = getattr(case.csr, name)
        return {"pk": found.pk} | (dict.fromkeys(_CSR_ROWS, getattr(found, rows).earliest("pk").pk) if rows else {})

    return arguments


def _line(case: Case) -> dict[str, Any]:
    return {"pk": case.draft.pk, "line_pk": case.line.pk, "line_id": case.line.pk}


def _attachment(case: Case) -> dict[str, Any]:
    return {"pk": case.draft.pk, "attachment_pk": case.attachment.pk, "attachment_id": case.attachment.pk}


_KINDS: dict[str, Callable[[World, str, str], Target]] = {
    "": _nothing,
    "account": _of_case(lambda case: {"pk": case.account.pk}),
    "conflict": _of_case(lambda case: {"pk": case.conflict.pk}),
    "contact": _of_case(_contact, "contact_pk", "contact_id"),
    "proposal": _of_case(lambda case: {"pk": case.proposal.pk}),
    "declined proposal": _of_case(lambda case: {"pk": case.declined.pk}),
    "merge": _of_case(_merge, "merge_pk"),
    "opportunity": _of_case(lambda case: {"pk": case.opportunity.pk}),
    "quote": _of_case(lambda case: {"pk": case.draft.pk}),
    "line": _of_case(_line, "line_pk", "line_id"),
    "removed line": _of_case(lambda case: _line(case) | {"line_id": case.removed}, "line_pk", "line_id"),
    "attachment": _of_case(_attachment, "attachment_pk", "attachment_id"),
    "approved quote": _of_case(lambda case: {"pk": case.approved.pk}),
    "sent quote": _of_case(lambda case: {"pk": case.sent.pk}),
    "asked quote": _of_case(lambda case: {"pk": case.asked.pk}),
    "case": _of_case(_of_csr("registered")),
    "case product": _of_case(_of_csr("registered", "products"), *_CSR_ROWS),
    "case account": _of_case(_of_csr("registered", "accounts"), *_CSR_ROWS),
    "case member": _of_case(_of_csr("registered", "team"), *_CSR_ROWS),
    "case file": _of_case(_of_csr("registered", "files"), *_CSR_ROWS),
    "asked case": _of_case(_of_csr("asked")),
    "assessed case": _of_case(_of_csr("assessed", "tasks"), *_CSR_ROWS),
    "heard case": _of_case(_of_csr("heard")),
    "case to implement": _of_case(_of_csr("to_implement")),
    "live case": _of_case(_of_csr("live")),
    "template": _template,
    "request": _request,
    "approval link": _approval_link,
    "customer link": _customer_link,
    "absence": _absence,
    "token": _token,
    "saved view": _saved_view,
    "merged product": _single("merged"),
    "product": _single("product"),
    "run": _single("run"),
    "running run": _single("running"),
    "stopped run": _single("stopped"),
    "quarantined row": _single("row"),
    "mail": _single("mail"),
}


# --- What a writing request carries -----------------------------------------------------------------------------------
def body(world: World, name: str, target: Target) -> dict[str, Any]:
    """A body that is in order, for a missing record as if it were there."""
    return _BODIES[name](world, target) if name else {}


def _case_of(world: World, target: Target) -> Case:
    return target.case or world.shared[TEAM]


def _verdict(world: World, target: Target) -> dict[str, Any]:
    run = (target.request or world.shared[TEAM].request).run
    return {"verdict": "approve", "comment": "", "version": run.subject_version, "content_hash": run.content_hash}


def _requests(world: World, target: Target) -> dict[str, Any]:
    run = (target.request or world.shared[TEAM].request).run
    return {"request": f"{target.arguments['pk']}:{run.subject_version}:{run.content_hash}", "comment": ""}


def _of_version(**fields: Any) -> Callable[[World, Target], dict[str, Any]]:
    """These fields and the version of the case as it stands."""

    def make(world: World, target: Target) -> dict[str, Any]:
        case = CsrCase.objects.filter(pk=target.arguments.get("pk")).first()
        given = {name: value() if callable(value) else value for name, value in fields.items()}
        return {**given, "version": case.version if case else 1}

    return make


def _of_part(**fields: Any) -> Callable[[World, Target], dict[str, Any]]:
    """These fields and the version of the part as it stands."""

    def make(world: World, target: Target) -> dict[str, Any]:
        part = CsrTask.objects.filter(pk=target.arguments.get("row")).first()
        return {**_of_version(**fields)(world, target), "version": part.version if part else 1}

    return make


_REQUIREMENT = {
    "requirement_type": lambda: RequirementType.objects.latest("pk").pk,
    "title": "Toiset laatikot",
    "description": "Pienempiä",
    "priority": "3",
    "received_on": "2026-01-15",
    "is_printed": "on",
    **dict.fromkeys(("site", "requested_by", "needed_by", "printed_text"), ""),
}

_BODIES: dict[str, Callable[[World, Target], dict[str, Any]]] = {
    "account of a case": lambda world, target: (
        _of_version()(world, target)
        | {"account": world.shared[TEAM].declined.prospect_id, "site": ""}  # of everybody here in sight
    ),
    "answer of a part": _of_part(feasibility="feasible", cost="", lead_time_days="", comment="Käy"),
    "case version": _of_version(reason=""),
    "comment on a case": _of_version(comment="Hei"),
    "conclusion": _of_version(feasibility="conditions", conclusion="Ehdoin"),
    "end of a case": _of_version(reason=lambda: CloseReason.objects.earliest("pk").pk, comment=""),
    "file of a case": _of_version(file=lambda: SimpleUploadedFile("piirros.pdf", b"%PDF-1.7")),
    "member of a case": _of_version(
        user=lambda: User.objects.get(username="successor").pk, role=lambda: TeamRole.objects.get(code="expert").pk
    ),
    "new case": lambda world, target: (
        _of_version(**_REQUIREMENT)(world, target) | {"account": world.shared[TEAM].account.pk, "product": world.product.pk}
    ),
    "part handed over": _of_part(owner=lambda: User.objects.get(username="successor").pk, title="", due_on=""),
    "part of a case": _of_version(
        department=lambda: Department.objects.get(code="regulatory").pk,
        title="",
        due_on="",
        owner=lambda: User.objects.get(username="successor").pk,
    ),
    "person of a case": _of_version(person=lambda: User.objects.get(username="successor").pk),
    "product of a case": _of_version(note="Vain pieniä", is_excluded="on", min_quantity="", max_quantity="", multiple_of=""),
    "products of a case": lambda world, target: _of_version()(world, target) | {"product": world.survivor.pk},
    "requirement": _of_version(**_REQUIREMENT),
    "satisfaction": _of_version(score="5", said_by="Olli Ostaja", comment=""),
    "watching": _of_version(on="1"),
    "absence": lambda world, target: {"starts_on": in_days(20), "ends_on": in_days(25), "substitute": world.successor.pk},
    "acceptance": lambda world, target: {
        "answer": "accept",
        "accept-document_hash": world.shared[TEAM].document.document_hash,
        "accept-name": "Olli Ostaja",
        "accept-role": "CEO",
        "accept-total": world.shared[TEAM].sent.gross_total,
        "accept-purchase_order": "PO-1",
        "accept-agree": "on",
    },
    "account for the template": lambda world, target: {"account": world.shared[TEAM].account.pk, "leave_out": "1"},
    "account to quote": lambda world, target: {"account": target.arguments["pk"], "opportunity": ""},
    "account version": lambda world, target: {"version": _case_of(world, target).account.version},
    "attachment": lambda world, target: {"file": SimpleUploadedFile("tarjous.pdf", b"%PDF-1.7"), "for_customer": "1"},
    "cells": lambda world, target: {"cell_0": "1"},
    "choice": lambda world, target: {"candidate": "Tie 2", "reason": "Seen there"},
    "contact": lambda world, target: {
        "name": "Uusi Yhteys",
        "title": "CEO",
        "email": "uusi@asiakas.example",
        "language": "en",
        "is_default": "on",
    },
    "customer question": lambda world, target: {"answer": "ask", "ask-name": "Olli Ostaja", "ask-text": "When?"},
    "evidence": lambda world, target: {
        "answer": "accepted",
        "name": "Olli Ostaja",
        "role": "CEO",
        "reason": "",
        "purchase_order": "PO-1",
        "evidence": "Mail of today",
    },
    "failed mail": lambda world, target: {"action": f"retry:{world.failed.pk}"},
    "file": lambda world, target: {"kind": PRODUCT_IMPORT, "file": SimpleUploadedFile("tuotteet.csv", b"sku;name_en\n1;x\n")},
    "for the customer": lambda world, target: {"for_customer": "1"},
    "format": lambda world, target: {"format": "csv"},
    "hands": lambda world, target: {"to": world.people["data_steward"].pk},
    "head": lambda world, target: {"field": "customer_note", "value": "Kiitos!", "version": 1},
    "json absence": lambda world, target: {
        "starts_on": in_days(20).isoformat(),
        "ends_on": in_days(25).isoformat(),
        "substitute": world.successor.pk,
    },
    "json acceptance": lambda world, target: {"name": "Olli Ostaja", "role": "CEO", "evidence": "Mail of today"},
    "json account for the template": lambda world, target: {"account": world.shared[TEAM].account.pk, "leave_out": True},
    "json attachment": lambda world, target: {"name": "tarjous.pdf", "file": "JVBERi0xLjc=", "for_customer": True},
    "json for the customer": lambda world, target: {"for_customer": True},
    "json note": lambda world, target: {"kind": "note", "text": "Toimitus viikolla 50."},
    "json statement": lambda world, target: {
        "text": "Audit on site",
        "quantity": "1",
        "list_price": "500",
        "cost": "100",
        "effort_days": "2",
        "specialist": "S. Pecialist",
        "feasibility": "Yes",
    },
    "json template": lambda world, target: {"quote": target.arguments["pk"], "name": "Kesän tarjous", "shared_with": "unit"},
    "json text": lambda world, target: {"text": "Toimitus viikolla 50."},
    "json comment": lambda world, target: {"comment": "Too cheap"},
    "json contact": lambda world, target: {"name": "Uusi Yhteys", "email": "uusi@asiakas.example", "language": "en"},
    "json csr": lambda world, target: {
        "account": target.arguments["pk"],
        "requirement_type": "packaging",
        "title": "Smaller boxes",
        "description": "Boxes of 6",
        "skus": [world.product.sku],
    },
    "json csr account": lambda world, target: {"account": _case_of(world, target).account.pk, "site": None},
    "json csr answer": lambda world, target: {"feasibility": "conditions", "comment": "With other boxes."},
    "json csr closing": lambda world, target: {"reason": "withdrawn"},
    "json csr conclusion": lambda world, target: {"feasibility": "conditions", "conclusion": "With other boxes."},
    "json csr file": lambda world, target: {"name": "b.txt", "file": base64.b64encode(b"Boxes of 4").decode()},
    "json csr member": lambda world, target: {"user": world.successor.pk, "role": "expert"},
    "json csr note": lambda world, target: {"note": "Only blue"},
    "json csr person": lambda world, target: {"person": world.successor.pk},
    "json csr products": lambda world, target: {"skus": [world.survivor.sku]},
    "json csr satisfaction": lambda world, target: {"score": 5, "said_by": "Olli Ostaja"},
    "json csr task": lambda world, target: {"department": "regulatory", "title": "Label"},
    "json csr task change": lambda world, target: {"title": "Label"},
    "json csr title": lambda world, target: {"title": "Uusi nimi"},
    "json field": lambda world, target: {"field": "city"},
    "json head": lambda world, target: {"customer_note": "Kiitos!"},
    "json line": lambda world, target: {"quantity": "7"},
    "json place": lambda world, target: {"before": None},
    "json name": lambda world, target: {"name": "Uusi nimi"},
    "json new line": lambda world, target: {"sku": world.product.sku, "quantity": "2"},
    "json notes": lambda world, target: {"notes": "Soita ensin."},
    "json nothing": lambda world, target: {},
    "json opportunity": lambda world, target: {"account": target.arguments["pk"], "name": "Kesäkampanja"},
    "json override": lambda world, target: {"field": "street", "value": "Uusi katu 2", "reason": "moved"},
    "json quote": lambda world, target: {
        "account": target.arguments["pk"],
        "lines": [{"sku": world.product.sku, "quantity": "1"}],
    },
    "json recipients": lambda world, target: {"to": ["ostaja@asiakas.example"]},
    "json refusal": lambda world, target: {"name": "Olli Ostaja", "reason": "price", "evidence": "Mail of today"},
    "json requests": lambda world, target: {
        "requests": [{"id": NOBODYS, "version": 1, "content_hash": "0" * 64}],
        "comment": "",
    },
    "json question": lambda world, target: {"question": "Why?"},
    "json successor": lambda world, target: {"to": world.successor.pk},
    "kind of feed": lambda world, target: {"kind": PRODUCT_IMPORT},
    "language": lambda world, target: {"language": "fi"},
    "line": lambda world, target: {"field": "quantity", "value": "7", "version": 1},
    "survivor": lambda world, target: {"into": world.survivor.pk},
    "statement": lambda world, target: {
        "text": "Audit on site",
        "quantity": "1",
        "list_price": "500",
        "cost": "100",
        "effort_days": "2",
        "specialist": "S. Pecialist",
        "feasibility": "Yes",
        "version": 1,
    },
    "wish": lambda world, target: {"wish": "An audit on site"},
    "new line": lambda world, target: {"product": world.product.pk, "quantity": "2", "version": 1},
    "new template": lambda world, target: {"name": "Kesän tarjous", "shared_with": "unit", "section": ""},
    "notes": lambda world, target: {"notes": "Soita ensin.", "version": 1},
    "override": lambda world, target: {"value": "Uusi katu 2", "reason": "moved", "version": 1},
    "parent": lambda world, target: {"parent": world.shared[TEAM].account.parent_customer_id},
    "pasted rows": lambda world, target: {"text": f"{world.product.sku}\t2", "before": "", "version": 1},
    "products to retire": lambda world, target: {"product": [world.product.pk, world.survivor.pk]},
    "profile": lambda world, target: {
        "display_name": "Uusi Nimi",
        "language": "fi",
        "theme": "dark",
        "approval_mail": "daily",
    },
    "reason": lambda world, target: {"reason": "Good enough"},
    "prospect": lambda world, target: (
        dict.fromkeys(("business_id", "vat_number", "street", "postcode", "city"), "")
        | {"name": "Uusi Ehdokas Oy", "country": "FI", "language": "fi"}
    ),
    "quotes to cancel": lambda world, target: {"do": "cancel", "quote": f"{target.arguments['pk']}:1", "reason": "Too late"},
    "recipients": lambda world, target: {
        "to": "ostaja@asiakas.example",
        "language": "fi",
        "version": _case_of(world, target).approved.version,
    },
    "refusal": lambda world, target: {
        "answer": "decline",
        "decline-document_hash": world.shared[TEAM].document.document_hash,
        "decline-name": "Olli Ostaja",
        "decline-reason": DeclineReason.objects.get().pk,
        "decline-comment": "Too dear",
    },
    "requests": _requests,
    "row to ignore": lambda world, target: {"action": f"ignore:{world.row.pk}", "reason": "closed"},
    "saved view": lambda world, target: {"page": "quote_list", "name": "Won", "next": "/quotes/?status=won"},
    "starter pack": lambda world, target: {"answer": "take", "version": 1},
    "submission": lambda world, target: {"version": 1, "reason": "Big customer"},
    "template": lambda world, target: {"name": "Uusi nimi", "shared_with": "all", "version": 1},
    "template to insert": lambda world, target: {"template": world.templates[SHARED].pk, "before": "", "version": 1},
    "theme": lambda world, target: {"theme": "dark"},
    "token": lambda world, target: {"name": "reports", "scope": "read", "days": 30},
    "verdict": _verdict,
    "version": lambda world, target: {"version": 1},
    "versions": lambda world, target: {
        "survivor_version": _case_of(world, target).account.version,
        "loser_version": _case_of(world, target).proposal.prospect.version,
    },
}
