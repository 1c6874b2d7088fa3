"""Every page of the product in a browser, in one language or the other: nothing that the policy forbids, no error of the page.

The addresses come from the resolver. One with arguments needs a record to show: `RECORDS` names it, and the test fails when
that is forgotten. What answers no page (a file, a fragment, a redirect, a refusal) is asked for, not shown.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin import site
from django.core import mail
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, reverse

from accounts import merging, services as accounts
from accounts.models import Account, LinkProposal, MasterConflict, PriceListRule, SurvivorshipRule
from accounts.tests.factories import AccountFactory
from approvals import services as approvals
from approvals.choices import Verdict, Via
from approvals.models import ApprovalSettings, AuthorityLimit, Request
from catalog.models import ConfigurationRule, PriceList, Product, UsageMetric
from core import clock, links
from core.models import JobRun, Link
from core.tests.factories import MailboxMessageFactory
from crm import demo
from csr.models import Case, CaseType, RequirementType
from csr.services import case_register
from integration.models import CUSTOMER_SYNC, RowDecision, SyncSettings
from integration.tests.factories import QuarantinedRowFactory
from opportunities.services import opportunity_create
from quotes import services as quotes
from quotes.models import Quote, QuoteDocument, QuoteSettings, StarterPackSettings
from quotes.tests.factories import World, attached, draft, sent, template_of
from tests.access_matrix import addresses
from tests.access_policy import LIBRARY
from tests.access_world import failed_mail
from users import tokens
from users.models import User
from users.tests.codes import give_password, set_up
from users.tests.factories import AbsenceFactory, UserFactory

pytestmark = [pytest.mark.e2e, pytest.mark.once, pytest.mark.django_db(transaction=True)]

LISTEN = "addEventListener('securitypolicyviolation', (event) => report(`${event.effectiveDirective} ${event.blockedURI}`));"
LANGUAGES = ["en", "fi"]


class Records:
    """A record for every address that asks for one, in the world and the demo's data."""

    def __init__(self, world: World) -> None:
        self.world = world
        demo.load()
        self.deal = opportunity_create(account_id=world.account.pk, name="Vuosisopimus", by=world.rep)
        self.document = sent(world)
        asked = draft(world, "45")
        quotes.quote_submit(quote_id=asked.pk, by=world.rep)
        self.draft, self.request = draft(world, "21"), Request.objects.filter(run__subject_id=asked.pk).earliest("pk")
        self.attachment = attached(self.draft, world.rep)
        self.template = template_of(world.rep, world.product, shared_with="all")
        self.run = JobRun.objects.filter(kind=CUSTOMER_SYNC).latest("pk")
        self.conflict = MasterConflict.objects.create(
            account=world.account, field="owner", kind="tie", candidates=[{"value": "S1", "label": "Maija"}], run=self.run
        )
        self.proposal, merged = (self._proposal(name) for name in ("Ehdokas Oy", "Toinen Oy"))
        self.merge = merging.account_merge(survivor_id=world.account.pk, loser_id=merged.prospect_id, by=world.rep)
        self.row = QuarantinedRowFactory(run=self.run)
        self.case = self._case()
        failed_mail(world.rep)
        self.mail = MailboxMessageFactory(html="<p style='color: red'>Hei</p>")

    def _proposal(self, name: str) -> LinkProposal:
        prospect = AccountFactory(owner=self.world.rep, name=name, is_prospect=True, parent_customer_id=None, city="Oulu")
        return LinkProposal.objects.create(prospect=prospect, account=self.world.account, match="name", made_at=clock.now())

    def _case(self) -> Case:
        """A registered case with a row of everything that has an address."""
        kind = RequirementType.objects.get_or_create(code="packaging", defaults={"label_en": "Packaging", "label_fi": "Pakkaus"})[
            0
        ]
        CaseType.objects.get_or_create(code="csr", defaults={"label_en": "Requirement", "label_fi": "Vaatimus"})
        given = {"requirement_type": kind, "title": "Laatikot", "description": "Pienempiä"}
        return case_register(account_id=self.world.account.pk, by=self.world.rep, product_ids=[self.world.product.pk], **given)

    def of(self, name: str) -> dict[str, Any]:
        """The arguments of the address. Raises: KeyError for one that nobody has thought of."""
        account, contact = self.world.account, self.world.contact
        records: dict[str, dict[str, Any]] = {
            "absence_": {"pk": 1},
            "merge_": {"pk": account.pk, "merge_pk": self.merge.pk},
            "proposal_": {"pk": self.proposal.pk},
            "account_": {"pk": account.pk, "contact_pk": contact.pk, "field": "name", "group": "classification"},
            "attachment_": {"pk": self.draft.pk, "attachment_pk": self.attachment.pk},
            "case_": {"pk": self.case.pk, "row": self.case.products.get().pk, "code": "csr"},
            "conflict_": {"pk": self.conflict.pk},
            "contact_": {"pk": account.pk, "contact_pk": contact.pk},
            "approval_": {"pk": self.request.pk, "uuid": self.request.uuid, "token": "x" * 43},
            "customer_": {"uuid": self.document.uuid, "token": "x" * 43, "attachment_pk": 1},
            "mailbox_": {"pk": self.mail.pk},
            "opportunity_": {"pk": self.deal.pk},
            "product_": {"pk": self.world.product.pk},
            "quality_": {"figure": "lacks_business_id"},
            "quote_": {"pk": self.draft.pk, "line_pk": self.draft.lines.earliest("pk").pk, "page": 1, "move": "cancel"},
            "sync_row_": {"pk": self.row.pk},
            "sync_": {"pk": self.run.pk},
            "template_make": {"pk": self.draft.pk},
            "template_": {"pk": self.template.pk},
            "token_": {"pk": 1},
            "view_": {"pk": 1},
        }
        return next(arguments for prefix, arguments in records.items() if name.startswith(prefix))


@pytest.fixture
def records(world: World, settings: Any) -> Records:
    settings.DEMO = True
    return Records(world)


def own_paths(records: Records) -> list[str]:
    """A path to each address of people outside the administration."""
    paths, forgotten = [], []
    for name, pattern in addresses().items():
        arguments = list(pattern.pattern.converters) or list(pattern.pattern.regex.groupindex)
        if name.startswith(("admin:", "api:")) or not pattern.name:
            continue
        if not arguments:
            paths.append(reverse(name))
            continue
        try:
            record = records.of(name)
            paths.append(reverse(name, kwargs={key: record[key] for key in arguments}))
        except (StopIteration, KeyError, NoReverseMatch):
            forgotten.append(name)
    assert [name for name in forgotten if name not in LIBRARY] == []
    return paths


def admin_paths(user: User) -> list[str]:
    """What this person may open: list and change of every model; of one of each app those that are all alike: index, new,
    history, removal."""
    paths, empty = [reverse("admin:index"), reverse("admin:accounts_survivorshiprule_test")], []
    request = RequestFactory().get("/")
    request.user = user
    seen: set[str] = set()
    for model, admin in site._registry.items():
        opts = model._meta
        name = f"admin:{opts.app_label}_{opts.model_name}"
        paths.append(reverse(f"{name}_changelist"))
        record = model._default_manager.order_by("pk").first()
        if record is None:
            empty.append(opts.label)
            continue
        paths.append(reverse(f"{name}_change", args=[record.pk]))
        if opts.app_label in seen:
            continue
        seen.add(opts.app_label)
        paths += [reverse("admin:app_list", args=[opts.app_label]), reverse(f"{name}_history", args=[record.pk])]
        if admin.has_add_permission(request):
            paths.append(reverse(f"{name}_add"))
        if admin.has_delete_permission(request, record):
            paths.append(reverse(f"{name}_delete", args=[record.pk]))
        if hasattr(admin, "history_form_view"):
            version = record.history.latest()
            paths.append(reverse(f"{name}_simple_history", args=[record.pk, version.pk]))
    assert empty == []
    return [*dict.fromkeys(paths), reverse("admin:auth_user_password_change", args=[User.objects.earliest("pk").pk])]


def fill_the_empty(records: Records) -> None:
    """Rows of what the demo leaves empty, so that each model has a page to show."""
    account, steward = Account.objects.get(pk=records.world.account.pk), User.objects.get(username="steward")
    override = {"field": "name", "value": "Toinen nimi", "reason": "näin"}
    accounts.account_override(account_id=account.pk, **override, by=steward, version=account.version)
    SyncSettings.objects.create(pk=1)
    ApprovalSettings.objects.create(pk=1)
    QuoteSettings.objects.create(pk=1)
    StarterPackSettings.objects.create(pk=1)
    first, second = Product.objects.order_by("pk")[:2]
    ConfigurationRule.objects.create(kind="recommends", subject_product=first, object_product=second)
    UsageMetric.objects.create(code="views", label_en="page view", label_fi="sivunäyttö")
    PriceListRule.objects.create(price_list=PriceList.objects.earliest("pk"))
    AuthorityLimit.objects.create(role="pricing", up_to=1_000_000)
    approvals.remark_add(request_id=records.request.pk, text="Kiitos", by=records.request.approver, via=Via.PAGE)
    RowDecision.objects.create(child_id="C1", by=steward, at=clock.now())
    AbsenceFactory(user=steward, substitute=User.objects.get(username="manager"))
    SurvivorshipRule.objects.create(field="industry", rule="first", column="industry")
    tokens.token_create(by=steward, name="Kassa", scope="read", days=30)
    approvals.request_decide(
        request_id=records.request.pk, verdict=Verdict.APPROVE, comment="", by=records.request.approver, via=Via.PAGE
    )


def pages_among(paths: list[str], user: User | None) -> list[str]:
    """Those that answer a page to this person; every other one answers in order."""
    client, pages = Client(), []
    if user is not None:
        client.force_login(user)
    for path in paths:
        response = client.get(path)
        assert response.status_code in {200, 302, 401, 403, 404, 405, 422}, f"{path}: {response.status_code}"
        if response.status_code == 200 and response["Content-Type"].startswith("text/html") and b"<html" in response.content:
            pages.append(path)
    return pages


@pytest.fixture
def walk(visit: Any) -> Callable[..., list[str]]:
    """`walk(paths, user, language)` shows the pages one after the other; what was wrong with which."""

    def go(paths: list[str], user: User | None, language: str) -> list[str]:
        me = visit(user, language=language)
        found: list[str] = []
        me.page.expose_function("report", lambda text: found.append(text))
        me.page.add_init_script(LISTEN)
        me.page.on("response", lambda response: found.append(response.url) if response.status >= 400 else None)
        wrong = []
        for path in paths:
            me.go(path)
            wrong += [f"{language} {path}: {problem}" for problem in (*found, *me.problems)]
            found.clear()
            me.problems.clear()
        return wrong

    return go


@pytest.mark.parametrize(("username", "language"), [("rep", "fi"), ("steward", "en")])
def test_no_page_breaks_the_policy_or_has_an_error(
    records: Records, walk: Callable[..., list[str]], username: str, language: str
) -> None:
    user = User.objects.get(username=username)
    pages = pages_among(own_paths(records), user)
    assert len(pages) >= 25
    assert walk(pages, user, language) == []


def test_no_page_of_the_administration_does(records: Records, walk: Callable[..., list[str]]) -> None:
    fill_the_empty(records)
    user = User.objects.get(username="steward")
    pages = admin_paths(user)
    assert len(pages) >= 2 * len(site._registry)
    assert walk(pages, user, "fi") == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_that_strangers_open_does(records: Records, walk: Callable[..., list[str]], deliver: Any, language: str) -> None:
    deliver()
    asked = records.request
    tokens = [f"/q/{links.token_of(records.document.link)}/", f"/a/{links.token_of(_link_of(asked))}/"]
    assert {message.to[0] for message in mail.outbox} >= {records.world.contact.email, asked.approver.email}
    pages = pages_among(own_paths(records), None)
    assert {"/login/", "/password/reset/", "/mailbox/"} <= set(pages)
    assert walk([*tokens, *pages], None, language) == []
    assert (QuoteDocument.objects.count(), Quote.objects.get(pk=records.document.quote_id).status) == (
        QuoteDocument.objects.count(), "sent",
    )  # fmt: skip


def _link_of(asked: Request) -> Any:
    return Link.objects.filter(purpose=Link.Purpose.APPROVAL, subject_id=asked.pk).earliest("pk")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_of_the_second_step_does(records: Records, walk: Callable[..., list[str]], language: str) -> None:
    user = UserFactory()
    wrong = walk(["/profile/second-step/on/", "/login/reauthenticate/"], user, language)
    set_up(user)
    pages = ["off/", "codes/", "codes/new/"]
    wrong += walk([f"/profile/second-step/{page}" for page in pages] + ["/login/reauthenticate/code/"], user, language)
    assert give_password(Client(), user) == "/login/code/"
    assert wrong == []
