"""Files of quotes: what is taken, who gets them, and that what was submitted keeps the files that it has."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from approvals.models import Request
from core import links
from core.errors import DomainError, Invalid, NotAllowed, NotFound, WrongState
from core.models import Event
from quotes import attachment_selectors, services
from quotes.models import Quote, QuoteAttachment
from quotes.tests.factories import World, attached, draft, sent
from quotes.views import customer
from users.models import User
from users.tests.factories import UserFactory

pytestmark = pytest.mark.once("postgresql")

PDF = b"%PDF-1.7 drawing"
PART = {"HX-Request": "true", "HX-Target": "quote-attachments"}


def add(quote: Quote, by: User, content: bytes = PDF, name: str = "Piirros.pdf", **more: Any) -> QuoteAttachment:
    file = SimpleUploadedFile(name, content)
    return services.attachment_add(quote_id=quote.pk, by=by, file=file, name=name, size=len(content), **more)


@pytest.fixture(autouse=True)
def _a_folder_of_its_own(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "attachments"  # said in the way that the storage hears


def stored() -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


@pytest.fixture
def quote(world: World) -> Quote:
    return draft(world)


@pytest.fixture
def rep(client: Client, world: World) -> Client:
    client.force_login(world.rep)
    return client


def test_a_file_is_kept_with_its_hash_under_a_name_that_says_nothing(world: World, quote: Quote) -> None:
    attachment = add(quote, world.rep, name="../Piirros <1>.pdf", for_customer=True)
    quote.refresh_from_db()
    assert (attachment.name, attachment.content_type, attachment.size) == ("Piirros _1_.pdf", "application/pdf", len(PDF))
    assert attachment.content_hash == hashlib.sha256(PDF).hexdigest()
    assert [path.read_bytes() for path in stored()] == [PDF]
    assert "iirros" not in attachment.file.name
    assert (quote.version, quote.last_editor) == (2, world.rep)
    event = Event.objects.get(verb="file added")
    assert (event.reason, event.data["hash"]) == ("Piirros _1_.pdf", attachment.content_hash)


@pytest.mark.parametrize(
    ("name", "content"), [("a.html", b"<script>"), ("a.pdf", b"<html>"), ("a.pdf", b""), ("a.svg", b"<svg/>"), ("a", PDF)]
)
def test_what_is_not_taken_leaves_nothing_behind(rep: Client, quote: Quote, name: str, content: bytes) -> None:
    answer = rep.post(reverse("attachment_add", args=[quote.pk]), {"file": SimpleUploadedFile(name, content)}, headers=PART)
    quote.refresh_from_db()
    assert (answer.status_code, b'id="attachment-error"' in answer.content) == (422, True)
    assert (QuoteAttachment.objects.count(), stored(), quote.version) == (0, [], 1)


def test_ten_files_fit_and_none_twice(world: World, quote: Quote) -> None:
    for number in range(10):
        add(quote, world.rep, PDF + bytes([number + 65]))
    with pytest.raises(Invalid, match="at most 10 files"):
        add(quote, world.rep)
    other = draft(world)
    add(other, world.rep)
    with pytest.raises(Invalid, match="there already"):
        add(other, world.rep, name="again.pdf")
    assert (quote.attachments.count(), other.attachments.count(), len(stored())) == (10, 1, 11)


def test_files_change_only_in_a_draft_and_by_whoever_may_edit_it(world: World, quote: Quote) -> None:
    done = sent(world).quote
    kept = attached(done, world.rep)
    own = attached(quote, world.rep)
    cases: list[tuple[type[DomainError], QuoteAttachment, User]] = [
        (WrongState, kept, world.rep), (NotAllowed, own, world.colleague), (NotFound, own, world.stranger),
    ]  # fmt: skip
    for error, attachment, by in cases:
        common = {"quote_id": attachment.quote_id, "by": by}
        with pytest.raises(error):
            services.attachment_remove(attachment_id=attachment.pk, **common)
        with pytest.raises(error):
            services.attachment_change(attachment_id=attachment.pk, for_customer=True, **common)
        with pytest.raises(error):
            add(attachment.quote, by)
    with pytest.raises(NotFound):
        services.attachment_remove(quote_id=quote.pk, attachment_id=kept.pk, by=world.rep)
    assert list(QuoteAttachment.objects.order_by("pk").values_list("pk", "for_customer")) == [(kept.pk, False), (own.pk, False)]


def test_a_removed_file_is_deleted_unless_another_revision_has_it(world: World, django_capture_on_commit_callbacks: Any) -> None:
    old = draft(world)
    add(old, world.rep, for_customer=True)
    services.quote_submit(quote_id=old.pk, by=world.rep)
    new = services.quote_revise(quote_id=old.pk, by=world.rep)
    copy = new.attachments.get()
    assert (copy.name, copy.for_customer, copy.content_hash) == ("Piirros.pdf", True, old.attachments.get().content_hash)
    with django_capture_on_commit_callbacks(execute=True):
        services.attachment_remove(quote_id=new.pk, attachment_id=copy.pk, by=world.rep)
    assert (attachment_selectors.content_of(old.attachments.get()), new.attachments.count()) == (PDF, 0)
    alone = add(new, world.rep, b"%PDF-1.7 other")
    with django_capture_on_commit_callbacks(execute=True):
        services.attachment_remove(quote_id=new.pk, attachment_id=alone.pk, by=world.rep)
    assert [path.read_bytes() for path in stored()] == [PDF]


def test_a_copy_of_a_quote_has_no_files(world: World, quote: Quote) -> None:
    add(quote, world.rep)
    assert services.quote_copy(quote_id=quote.pk, by=world.rep).attachments.count() == 0


def test_what_is_committed_are_the_files_for_the_customer(world: World, quote: Quote) -> None:
    add(quote, world.rep)
    add(quote, world.rep, b"%PDF-1.7 b", name="b.pdf", for_customer=True)
    expected = {"name": "b.pdf", "size": 10, "hash": hashlib.sha256(b"%PDF-1.7 b").hexdigest()}
    assert attachment_selectors.committed_attachments(quote) == [expected]


# --- Pages ------------------------------------------------------------------------------------------------------------
def test_the_part_of_the_editor_follows_each_change_with_the_new_version(rep: Client, world: World, quote: Quote) -> None:
    address = reverse("attachment_add", args=[quote.pk])
    html = rep.post(address, {"file": SimpleUploadedFile("a.pdf", PDF)}, headers=PART).content.decode()
    attachment = QuoteAttachment.objects.get()
    assert 'form="quote-moves" value="2" hx-swap-oob="true"' in html
    assert ("a.pdf" in html, "for the customer</span>" in html, "<html" in html) == (True, False, False)
    arguments = [quote.pk, attachment.pk]
    html = rep.post(reverse("attachment_change", args=arguments), {"for_customer": "1"}, headers=PART).content.decode()
    assert ('value="3" hx-swap-oob' in html, "for the customer</span>" in html) == (True, True)
    html = rep.post(reverse("attachment_remove", args=arguments), headers=PART).content.decode()
    assert ('value="4" hx-swap-oob' in html, "a.pdf" in html) == (True, False)


def test_without_script_a_file_is_added_on_its_page(rep: Client, quote: Quote) -> None:
    page = reverse("quote_attachments", args=[quote.pk])
    answer = rep.post(reverse("attachment_add", args=[quote.pk]), {"file": SimpleUploadedFile("a.pdf", PDF), "for_customer": "1"})
    assert (answer.status_code, answer["Location"]) == (302, page)
    assert b"a.pdf" in rep.get(page).content
    nothing = rep.post(reverse("attachment_add", args=[quote.pk]))
    assert (nothing.status_code, b"Choose a file." in nothing.content, quote.attachments.count()) == (422, True, 1)


def test_whoever_sees_the_quote_gets_the_file_to_save(client: Client, world: World) -> None:
    quote = sent(world).quote
    attachment = attached(quote, world.rep, name="Määrä.txt")
    address = reverse("attachment_file", args=[quote.pk, attachment.pk])
    for user in (world.rep, world.colleague, world.pricing):
        client.force_login(user)
        answer = client.get(address)
        assert (answer.status_code, answer.content) == (200, "Hei Määrä.txt".encode())
        assert answer["Content-Disposition"] == "attachment; filename*=utf-8''M%C3%A4%C3%A4r%C3%A4.txt"
        assert (answer["X-Content-Type-Options"], answer["Content-Type"]) == ("nosniff", "text/plain")
        assert "Määrä.txt" in client.get(reverse("quote_page", args=[quote.pk])).content.decode()
    outsiders: list[Any] = [world.stranger, UserFactory(roles=["service_rep"])]
    for user in outsiders:
        client.force_login(user)
        assert client.get(address).status_code in (403, 404)


def test_a_file_that_is_not_what_was_added_is_not_handed_out(rep: Client, world: World, quote: Quote) -> None:
    attachment = add(quote, world.rep)
    address = reverse("attachment_file", args=[quote.pk, attachment.pk])
    for content in (b"%PDF-1.7 forged", None):
        stored()[0].write_bytes(content) if content else stored()[0].unlink()
        answer = rep.get(address)
        assert (answer.status_code, b"This file is damaged." in answer.content) == (404, True)


def test_the_customer_gets_what_is_for_the_customer_with_the_link_alone(client: Client, world: World) -> None:
    document = sent(world)
    theirs, ours = (attached(document.quote, world.rep, name=f"{flag}.txt", for_customer=flag) for flag in (True, False))
    foreign = attached(sent(world).quote, world.rep, for_customer=True)
    path = reverse("customer_attachment", args=[document.uuid, theirs.pk])
    assert client.get(path).status_code == 404
    client.cookies[customer.COOKIE] = links.token_of(document.link)
    answer = client.get(path)
    assert (answer.status_code, answer.content, answer["Content-Disposition"]) == (
        200, b"Hei True.txt", 'attachment; filename="True.txt"',
    )  # fmt: skip
    assert (answer["Referrer-Policy"], answer["Cache-Control"]) == ("no-referrer", "no-store")
    page = client.get(reverse("customer_quote", args=[document.uuid])).content.decode()
    assert [name in page for name in (path, "True.txt", "False.txt")] == [True, True, False]
    for other in (ours, foreign):
        assert client.get(reverse("customer_attachment", args=[document.uuid, other.pk])).status_code == 404
    services.quote_unsend(quote_id=document.quote_id, by=world.rep)
    assert client.get(path).status_code == 404


def test_approvers_read_which_files_there_are(world: World) -> None:
    quote = draft(world, "21")
    add(quote, world.rep)
    services.quote_submit(quote_id=quote.pk, by=world.rep, approvers={"quote_floor": world.pricing.pk})
    facts = {fact["label"]["en"]: fact["value"]["fi"] for fact in Request.objects.get().summary["facts"]}
    assert facts["Attachments"] == "Piirros.pdf"
