"""What was sent is stored once in each language and never made anew."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from core import links
from quotes import documents, tasks
from quotes.models import QuoteDocument, QuoteFile
from quotes.tests.factories import World, sent

pytestmark = pytest.mark.once


@pytest.fixture
def document(world: World) -> QuoteDocument:
    made = sent(world)
    tasks.render_pdf(document_id=made.pk)
    return QuoteDocument.objects.select_related("snapshot", "quote", "link").get(pk=made.pk)


def kept(file: QuoteFile) -> Path:
    return Path(file.pdf.path)


def test_both_languages_are_stored_with_their_hashes_once(document: QuoteDocument) -> None:
    files = list(QuoteFile.objects.order_by("language"))
    assert [file.language for file in files] == ["en", "fi"]
    assert [hashlib.sha256(kept(file).read_bytes()).hexdigest() for file in files] == [file.pdf_hash for file in files]
    tasks.render_pdf(document_id=document.pk)
    assert list(QuoteFile.objects.order_by("language")) == files
    assert len(list(kept(files[0]).parent.glob(f"{document.uuid}*"))) == 2


def test_what_is_served_is_what_was_stored_whatever_the_template_has_become(
    document: QuoteDocument, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = {file.language: kept(file).read_bytes() for file in QuoteFile.objects.all()}
    monkeypatch.setattr(documents, "_render", lambda *_given: b"%PDF of today")
    client.get(reverse("customer_link", args=[links.token_of(document.link)]))
    address = reverse("customer_document", args=[document.uuid])
    assert {language: client.get(f"{address}?language={language}").content for language in ("en", "fi")} == stored
    assert client.get(address).content == stored["fi"]
    assert client.get(f"{address}?language=sv").content == stored["fi"]


@pytest.mark.parametrize("damage", ["gone", "half"])
def test_a_damaged_file_is_made_again_byte_for_byte(document: QuoteDocument, damage: str) -> None:
    file = QuoteFile.objects.get(language="fi")
    good = kept(file).read_bytes()
    kept(file).unlink() if damage == "gone" else kept(file).write_bytes(b"%PDF-half")
    assert documents.pdf_of_document(document, "fi") == good


def test_what_can_no_longer_be_made_the_same_is_not_replaced_by_something_else(
    document: QuoteDocument, client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(QuoteFile.objects.get(language="fi")).unlink()
    monkeypatch.setattr(documents, "_render", lambda *_given: b"%PDF of today")
    with pytest.raises(documents.FileLost):
        documents.pdf_of_document(document, "fi")
    client.force_login(world.rep)
    assert client.get(reverse("quote_document", args=[document.quote_id])).status_code == 503


@pytest.mark.parametrize("change", [lambda rows: rows.update(pdf_hash="0" * 64), lambda rows: rows.delete()])
def test_the_database_keeps_stored_files(document: QuoteDocument, change: Any) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        change(QuoteFile.objects.all())
    assert QuoteFile.objects.count() == 2


def test_until_it_is_stored_it_is_made_of_what_was_frozen_and_nothing_is_saved(world: World, client: Client) -> None:
    document = sent(world)
    client.get(reverse("customer_link", args=[links.token_of(document.link)]))
    assert client.get(reverse("customer_document", args=[document.uuid])).content.startswith(b"%PDF")
    assert QuoteFile.objects.count() == 0


def test_the_code_on_paper_opens_the_page_and_no_row_holds_it(document: QuoteDocument, client: Client) -> None:
    address = documents._printed_address(document)
    code = address.removesuffix("/").rpartition("/")[2]
    assert (len(code), links.digest(code)) == (16, document.code_hash)
    for typed in (code, code.upper()):
        answer = client.get(f"/q/{typed}/", follow=True)
        assert answer.redirect_chain == [(reverse("customer_quote", args=[document.uuid]), 302)]
        assert "Q-2026-00001" in answer.content.decode()
    assert code not in str(list(QuoteDocument.objects.values()))
    assert client.get(f"/q/{'0' * 16}/").status_code == 404
