"""What implemented cases do to quotes: shown with lines, held against quantities, printed."""

import io
import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pypdf import PdfReader

from catalog.tests.factories import ProductFactory
from csr import required, services
from csr.choices import CaseStatus
from csr.models import Case, CaseProduct
from csr.tests.factories import World, bring_to, make_case_world
from quotes import documents, requirements, services as quotes
from quotes.requirements import Requirement, contradiction
from quotes.services import LineDraft
from quotes.tests.factories import draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_case_world()


def live(world: World, **limits: Any) -> Case:
    """An implemented case about the product, with these limits."""
    case = bring_to(world, CaseStatus.IMPLEMENTED)
    CaseProduct.objects.filter(case=case).update(**limits)
    return case


NUMBERS = Requirement("A", "CSR-1", "Boxes", "/", min_quantity=Decimal(6), max_quantity=Decimal(24), multiple_of=Decimal("1.5"))


@pytest.mark.parametrize(
    ("quantity", "said"),
    [
        ("5", "At least 6 are required."),
        ("6", ""),
        ("24", ""),
        ("24.001", "At most 24 are allowed."),
        ("7", "Only in multiples of 1.5."),
    ],
)
def test_a_quantity_is_held_against_what_is_required(quantity: str, said: str) -> None:
    assert contradiction(NUMBERS, Decimal(quantity)) == said
    assert contradiction(NUMBERS._replace(is_excluded=True), Decimal(quantity)) == "This customer does not get this product."


def test_a_line_shows_what_is_required_and_warns(world: World, client: Client, django_assert_num_queries: Any) -> None:
    case = live(world, multiple_of=Decimal(6))
    quote = draft(world.quotes)
    line = quote.lines.get()
    client.force_login(world.rep)
    html = client.get(reverse("quote_page", args=[quote.pk])).content.decode()
    assert f'<div class="quote-required">{case.number} Smaller boxes. Only in multiples of 6.</div>' in html
    assert "This is not what the customer requires" in html
    assert f'href="/cases/{case.pk}/"' in html
    changed = client.post(
        reverse("quote_line_change", args=[quote.pk, line.pk]),
        {"field": "quantity", "value": "12", "version": quote.version},
        headers={"HX-Request": "true"},
    ).content.decode()
    assert f'<div class="quote-required">{case.number} Smaller boxes.</div>' in changed
    assert "This is not what the customer requires" not in changed
    with django_assert_num_queries(1):
        requirements.of_account(world.quotes.account.pk)


@pytest.mark.parametrize("status", [status for status in CaseStatus if status != CaseStatus.IMPLEMENTED])
def test_only_an_implemented_case_counts(world: World, status: CaseStatus) -> None:
    bring_to(world, status)
    assert requirements.of_account(world.quotes.account.pk) == {}


def test_it_counts_for_every_account_that_it_applies_to_once(world: World) -> None:
    from accounts.tests.factories import AccountFactory
    from csr.models import CaseAccount

    other, stranger = AccountFactory(owner=world.rep), AccountFactory(owner=world.rep)
    case = live(world)
    CaseAccount.objects.create(case=case, account=other)
    CaseAccount.objects.create(case=case, account=world.quotes.account, site=None)
    for account, times in ((world.quotes.account, 1), (other, 1), (stranger, 0)):
        assert len(requirements.of_account(account.pk).get("MAITO-1", [])) == times


def test_what_is_about_single_sites_names_them(world: World) -> None:
    from accounts.tests.factories import SiteFactory
    from csr.models import CaseAccount

    account = world.quotes.account
    main, further = (SiteFactory(account=account, child_id=code) for code in ("S-1", "S-2"))
    case = live(world)
    Case.objects.filter(pk=case.pk).update(site=main)

    def title() -> str:
        (requirement,) = requirements.of_account(account.pk)["MAITO-1"]
        return requirement.title

    assert title() == "Smaller boxes (site S-1)"
    CaseAccount.objects.create(case=case, account=account, site=further)
    assert title() == "Smaller boxes (sites S-1, S-2)"
    CaseAccount.objects.create(case=case, account=account, site=None)
    assert title() == "Smaller boxes"


def test_a_product_that_was_merged_is_known_by_the_one_it_became(world: World) -> None:
    live(world)
    product = world.quotes.product
    heir: Any = ProductFactory(sku="MAITO-2")
    product.merged_into, product.is_active = heir, False
    product.save()
    assert list(requirements.of_account(world.quotes.account.pk)) == ["MAITO-2"]


@pytest.mark.parametrize("is_printed", [True, False])
def test_it_is_printed_when_it_is_marked_so_and_stays_as_it_was_sent(world: World, is_printed: bool) -> None:
    case = live(world)
    services.case_change(case_id=case.pk, by=world.rep, changes={"is_printed": is_printed, "printed_text": "Kuuden laatikoissa"})
    quote = quotes.quote_create(account_id=case.account_id, by=world.rep, lines=[LineDraft(world.quotes.product, Decimal(6))])
    document = quotes.quote_send(quote_id=quote.pk, by=world.rep, to=[world.quotes.contact.email])
    services.case_change(case_id=case.pk, by=world.rep, changes={"is_printed": False})
    reader = PdfReader(io.BytesIO(documents.pdf_of_document(document)))
    text = re.sub(r"\s+", " ", " ".join(page.extract_text() for page in reader.pages))
    assert (f"Kuuden laatikoissa ({case.number})" in text) is is_printed


@pytest.mark.sqlite
def test_the_cases_of_one_account_are_looked_up_and_no_others_are_read(world: World) -> None:
    with CaptureQueriesContext(connection) as asked:
        required.of_account(live(world).account_id)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {asked[-1]['sql']}")
        steps = [step for *_numbers, step in cursor.fetchall()]
    assert [step for step in steps if "cases_of_account" in step]
    assert not [step for step in steps if step.startswith("SCAN csr_") or step.endswith("(status=?)")]
