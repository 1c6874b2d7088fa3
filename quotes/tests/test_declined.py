"""What the customer said of a revision they declined, before whoever writes the next one."""

from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalog.tests.factories import ProductFactory
from core import outbox
from quotes import declined, services
from quotes.models import DeclineReason, Quote
from quotes.services import LineDraft
from quotes.services.answering import Source
from quotes.tests.factories import World, draft

pytestmark = pytest.mark.req("S4.10")


def line(key: int, sku: str = "A", position: int | None = None) -> dict[str, Any]:
    return {"id": key, "position": position or key, "sku": sku, "quantity": "1", "list_price": "2"}


def told(*given: tuple[int, str, str], after: list[dict[str, Any]], copied: dict[int, int] | None = None) -> list[Any]:
    before = [line(1), line(2), line(3, "B")]
    found = declined.mapped(given, before, after, copied or {}, {"price": "Too dear"})
    return [(said.line, said.position, said.sku, said.text) for said in found]


def test_what_was_said_of_a_line_is_said_of_the_one_that_stands_for_it() -> None:
    after = [line(11, position=1), line(12, position=2), line(13, "B", 3)]
    assert told((2, "price", "10 % less"), (3, "price", ""), after=after) == [
        (12, 2, "A", "Too dear: 10 % less"),
        (13, 3, "B", "Too dear"),
    ]
    assert told((2, "price", ""), after=after, copied={11: 2, 12: 1})[0][:2] == (11, 1)


def test_what_was_said_of_a_line_that_is_gone_is_still_told() -> None:
    assert told((3, "late", ""), (1, "", "Why?"), after=[line(11, position=1)]) == [(None, 3, "B", "late"), (11, 1, "A", "Why?")]


def test_what_was_said_of_no_line_of_the_quote_is_left_out() -> None:
    assert told((99, "price", "x"), after=[line(11)]) == []


@pytest.mark.parametrize("stored", [None, "x", [1], [{"line": "1"}], [{"reason": "price"}], {}])
def test_whatever_was_stored_makes_no_trouble(stored: Any) -> None:
    assert list(declined._given(stored)) == []


def note_of(html: str, line: int) -> str:
    """The note in the row of a line."""
    row = html.partition(f'<tr id="quote-line-{line}"')[2].partition("</tr>")[0]
    return row.partition('<div class="quote-said">')[2].partition("</div>")[0]


def revised(world: World, *, count: int = 2) -> Quote:
    """The revision after one of so many lines of which two were declined: one for its price, one for being late."""
    late = DeclineReason.objects.create(code="late", label_en="Too late", label_fi="Liian myöhään")
    butter = ProductFactory(sku="VOI-1", name_en="Butter")
    old = draft(world)
    drafts = [LineDraft(butter, old.lines.get().quantity)] * (count - 1)
    services.lines_add(quote_id=old.pk, drafts=drafts, by=world.rep)
    document = services.quote_send(quote_id=old.pk, by=world.rep, to=[world.contact.email])
    milk, butters = old.lines.order_by("position")[:2]
    services.quote_decline(
        document_id=document.pk,
        document_hash=document.document_hash,
        name="Olli Ostaja",
        reason=world.reason,
        comment="Kilpailija on halvempi",
        line_reasons={butters.pk: late, milk.pk: world.reason},
        source=Source(recorded_by=world.rep, evidence="Puhelu"),
    )
    return services.quote_revise(quote_id=old.pk, by=world.rep)


def test_the_mail_to_the_owner_tells_what_was_said_of_each_line(world: World) -> None:
    world.rep.language = "fi"
    world.rep.save()
    revised(world)
    outbox.drain()
    (letter,) = [sent for sent in mail.outbox if sent.subject.startswith("Asiakas hylännyt")]
    html = str(letter.alternatives[0].content)
    for place, (sku, why) in enumerate((("MAITO-1", "Liian kallis"), ("VOI-1", "Liian myöhään")), 1):
        assert f"Rivi {place} ({sku}): {why}" in letter.body
        assert f"Rivi {place} ({sku}): {why}" in html


def test_the_next_revision_opens_with_what_was_said(client: Client, world: World) -> None:
    new = revised(world)
    old = new.previous
    client.force_login(world.rep)
    html = client.get(reverse("quote_page", args=[old.pk])).content.decode()
    for place, (line, why) in enumerate(zip(old.lines.order_by("position"), ("Too dear", "Too late"), strict=True), 1):
        sku = line.product.sku if line.product else ""
        assert f'href="#quote-line-{line.pk}">Line {place} ({sku})</a>: {why}' in html
    html = client.get(reverse("quote_page", args=[new.pk])).content.decode()
    assert "Revision 1 was declined by Olli Ostaja" in html
    assert ["Kilpailija on halvempi" in html, "Reason: <strong>Too dear</strong>" in html] == [True, True]
    first, second = new.lines.order_by("position")
    said = declined.said_before(new)
    assert said is not None
    assert declined.said_by_line(said) == {first.pk: "Too dear", second.pk: "Too late"}
    notes = [note_of(html, row.pk) for row in (first, second)]
    assert notes == ["The customer declined: Too dear", "The customer declined: Too late"]
    assert f'href="#quote-line-{second.pk}">Line 2 (VOI-1)</a>: Too late' in html
    assert declined.said_before(old) is None
    assert "was declined by" not in client.get(reverse("quote_page", args=[old.pk])).content.decode()


def test_an_answer_that_came_by_mail_tells_as_much_as_one_on_the_page(client: Client, world: World) -> None:
    quote = draft(world, "0", "5")
    services.quote_send(quote_id=quote.pk, by=world.rep, to=[world.contact.email])
    second = quote.lines.get(position=2)
    client.force_login(world.rep)
    address = reverse("quote_answer", args=[quote.pk])
    given = {"answer": "declined", "name": "Olli", "reason": world.reason.pk, "comment": "Liikaa", "evidence": "Mail"}
    field = f"decline-line-{second.pk}"
    for wrong in ({field: "99999"}, {"decline-line-0": world.reason.pk}, {"decline-line-x": world.reason.pk}):
        answer = client.post(address, {**given, **wrong})
        assert (answer.status_code, hasattr(Quote.objects.get(pk=quote.pk), "answer")) == (422, False)
    answer = client.post(address, {**given, "evidence": "", field: world.reason.pk})
    assert f'<option value="{world.reason.pk}" selected>Too dear</option></select>' in answer.content.decode()
    assert client.post(address, {**given, field: world.reason.pk}).status_code == 302
    kept = Quote.objects.get(pk=quote.pk).answer
    assert (kept.comment, kept.line_reasons) == ("Liikaa", [{"line": second.pk, "reason": "price"}])
    new = services.quote_revise(quote_id=quote.pk, by=world.rep)
    said = declined.said_before(new)
    assert said is not None
    assert (said.comment, declined.said_by_line(said)) == ("Liikaa", {new.lines.get(position=2).pk: "Too dear"})
    html = client.get(reverse("quote_page", args=[new.pk])).content.decode()
    assert [note_of(html, line.pk) for line in new.lines.order_by("position")] == ["", "The customer declined: Too dear"]


def test_what_was_said_of_a_line_stays_in_its_row_while_it_is_changed(client: Client, world: World) -> None:
    new = revised(world)
    line = new.lines.get(position=1)
    client.force_login(world.rep)
    typed = {"field": "quantity", "value": "7", "version": new.version}
    html = client.post(reverse("quote_line_change", args=[new.pk, line.pk]), typed).content.decode()
    assert note_of(html, line.pk) == "The customer declined: Too dear"
    world.rep.language = "fi"
    html = client.get(reverse("quote_page", args=[new.pk]), headers={"Accept-Language": "fi"}).content.decode()
    assert note_of(html, line.pk) == "Asiakas hylkäsi: Liian kallis"


@pytest.mark.parametrize("count", [2, 20])
def test_what_was_said_costs_the_same_for_few_and_for_many_lines(world: World, count: int) -> None:
    new = revised(world, count=count)
    with CaptureQueriesContext(connection) as queries:
        said = declined.said_before(new)
    assert (len(queries), len(declined.said_by_line(said))) == (4, 2)


def test_only_the_answer_to_the_revision_before_is_told(world: World) -> None:
    quote = draft(world)
    with CaptureQueriesContext(connection) as queries:
        assert declined.said_before(quote) is None
    assert len(queries) == 0
    services.quote_send(quote_id=quote.pk, by=world.rep, to=[world.contact.email])
    assert declined.said_before(services.quote_revise(quote_id=quote.pk, by=world.rep)) is None
