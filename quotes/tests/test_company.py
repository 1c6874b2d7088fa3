"""Who we are on documents: kept in the admin, checked there, and frozen when a quote is sent."""

import io
from typing import Any

import pytest
from django.contrib.admin import site
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from quotes import document_selectors, documents, snapshots
from quotes.models import CompanyDetails, Quote, QuoteDocument
from quotes.tests.factories import World, draft, sent
from quotes.tests.pictures import JPEG, SVG, png
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.once]
LONGEST = 500_000


@pytest.fixture
def steward(client: Client) -> Client:
    client.force_login(UserFactory(username="steward", roles=["data_steward"], language="en"))
    return client


def save(client: Client, **changes: Any) -> Any:
    """The form of the details as it stands, with these changes."""
    form = site._registry[CompanyDetails].get_form(client.get("/").wsgi_request)()
    values = {name: "" if (value := form[name].value()) is None else value for name in form.fields if name != "logo"}
    return client.post(reverse("admin:quotes_companydetails_add"), {**values, **changes})


def refusals(response: Any) -> list[str]:
    return [error for errors in response.context["adminform"].form.errors.values() for error in errors]


def test_until_somebody_says_otherwise_the_details_are_the_defaults() -> None:
    company = document_selectors.company()
    assert (company.name, company.city, company.business_id, company.vat_number) == (
        "Tukku Oy", "Helsinki", "2345678-0", "FI23456780",
    )  # fmt: skip
    company.full_clean()


def test_a_steward_keeps_details_texts_and_logo(steward: Client) -> None:
    logo = SimpleUploadedFile("logo.png", png(), "image/png")
    answer = save(steward, name="Uusi Tukku Oy", terms_fi="Ehdot", terms_en="Terms", logo=logo)
    assert answer.status_code == 302
    company = CompanyDetails.objects.get()
    assert (company.name, company.terms_fi, company.terms_en) == ("Uusi Tukku Oy", "Ehdot", "Terms")
    assert company.logo.name.startswith("quotes/logos/")
    assert company.history.count() == 1
    assert save(steward, name="Zwei").status_code == 403  # there is one row


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (SVG, "Only PNG and JPEG pictures can be printed."),
        (b"%PDF-1.7 no picture", "Only PNG and JPEG pictures can be printed."),
        (b"\x89PNG\r\n\x1a\n", "Only PNG and JPEG pictures can be printed."),
        (png()[:-30], "The picture is damaged."),
        (b"\xff\xd8\xff" + b"x" * 200, "Only PNG and JPEG pictures can be printed."),
        (png(claims=(30_000, 30_000)), "The picture is larger than 4,000 × 4,000 pixels."),
        (png() + b"\0" * LONGEST, "The picture is larger than 500 kB."),
    ],
    ids=["svg", "pdf", "no head", "half", "no jpeg", "too wide", "too large"],
)
def test_what_no_document_can_print_is_refused_as_a_logo(steward: Client, content: bytes, sentence: str) -> None:
    answer = save(steward, logo=SimpleUploadedFile("logo.png", content, "image/png"))
    assert (refusals(answer), CompanyDetails.objects.count()) == ([sentence], 0)


@pytest.mark.parametrize("content", [png(), JPEG], ids=["png", "jpeg"])
def test_pictures_are_printed(world: World, content: bytes) -> None:
    company = CompanyDetails(pk=1)
    company.logo.save("logo.png", ContentFile(content))
    document = sent(world)
    pdf = documents.pdf_of_document(document)
    assert PdfReader(io.BytesIO(pdf)).pages[0].images
    assert document.parties["company"]["logo"]["file"] == company.logo.name


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("business_id", "2345678-6", "“2345678-6” is not a Finnish business ID."),
        ("vat_number", "FI23456786", "“FI23456786” is not a VAT number."),
        ("email", "nobody", "Enter a valid email address."),
        ("website", "javascript:alert(1)", "Enter a valid URL."),
    ],
)
def test_numbers_and_addresses_are_checked(steward: Client, field: str, value: str, sentence: str) -> None:
    answer = save(steward, **{field: value})
    assert (refusals(answer), CompanyDetails.objects.count()) == ([sentence], 0)


def test_what_was_sent_stays_as_it_was_sent_and_its_hash_covers_it(world: World) -> None:
    CompanyDetails.objects.create(pk=1, name="Vanha Oy", terms_fi="Vanhat ehdot")
    document = sent(world)
    before = documents.pdf_of_document(document)
    CompanyDetails.objects.update(name="Uusi Oy", terms_fi="Uudet ehdot")
    document = QuoteDocument.objects.get()
    assert (document.parties["company"]["name"], document.parties["terms"]["fi"]) == ("Vanha Oy", "Vanhat ehdot")
    assert documents.pdf_of_document(document) == before
    text, language, parties = document.snapshot.text, document.language, document.parties
    assert snapshots.document_hash(text, language, parties) == document.document_hash
    assert snapshots.document_hash(text, language, {**parties, "terms": {"fi": "Muut"}}) != document.document_hash
    assert documents.draft_of(draft(world))[1]["company"]["name"] == "Uusi Oy"


def test_a_logo_that_was_changed_behind_our_back_is_not_printed(world: World, caplog: Any) -> None:
    company = CompanyDetails(pk=1)
    company.logo.save("logo.png", ContentFile(png()))
    document = sent(world)
    with company.logo.storage.open(company.logo.name, "wb") as file:
        file.write(JPEG)
    assert not PdfReader(io.BytesIO(documents.pdf_of_document(document))).pages[0].images


@pytest.mark.parametrize("needed", [True, False])
def test_lines_for_signatures_are_printed_where_the_payment_type_needs_paper(world: World, needed: bool) -> None:
    kind = world.account.payment_type
    assert kind is not None
    kind.needs_signature = needed
    kind.save()
    content, parties = documents.draft_of(
        Quote.objects.select_related("account", "payment_type", "owner").get(pk=draft(world).pk)
    )
    assert parties["signature"] is needed
    text = PdfReader(io.BytesIO(documents.pdf_of(content, parties, "en"))).pages[-1].extract_text()
    assert ("Signature and name in print" in text) is needed


def test_a_document_of_former_times_is_printed_with_the_present_company(world: World) -> None:
    document = sent(world)
    old = {name: value for name, value in document.parties.items() if name in ("buyer", "invoice", "seller")}
    QuoteDocument.objects.filter(pk=document.pk).update(parties=old, code_hash=None)
    document = QuoteDocument.objects.select_related("snapshot", "quote", "link").get()
    text = PdfReader(io.BytesIO(documents.pdf_of_document(document))).pages[0].extract_text()
    assert ("Tukku Oy" in text, "/q/" in text) == (True, False)
