"""Quotes over HTTP: the same services as the pages, in the shapes of docs/api.md."""

import base64
import hashlib
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.models import Request
from approvals.services import request_decide
from catalog.tests.factories import ProductFactory
from core.models import IdempotencyKey, OutboxMessage
from core.tasks import forget
from core.uploads import MEGABYTE
from quotes import services
from quotes.models import Quote, QuoteLine, StarterPackSettings
from quotes.tests.factories import World, attached, draft, sent, template_of
from users.tests.factories import UserFactory
from users.tests.programs import Program

pytestmark = pytest.mark.once("postgresql")

PLUMBING = ("BEGIN", "SAVEPOINT", "RELEASE")


@pytest.fixture
def rep(world: World) -> Program:
    return Program(world.rep)


def new_quote(world: World, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"account": world.account.pk, "lines": list(lines) or [{"sku": "MAITO-1", "quantity": "5"}], **more}


def test_a_quote_is_made_with_its_lines_and_answers_everything_about_itself(rep: Program, world: World) -> None:
    lines = [{"sku": "MAITO-1", "quantity": "5", "discount_percent": "10"}, {"sku": "MAITO-1", "quantity": 2, "net_price": "9.5"}]
    answer = rep.post("quotes/", new_quote(world, *lines, language="en", header_discount_percent="10"))
    quote = Quote.objects.get()
    body = answer.json()
    assert (answer.status_code, answer["Location"], answer["ETag"]) == (
        201,
        f"http://testserver/api/v1/quotes/{quote.pk}/",
        '"1"',
    )
    assert (body["id"], body["number"], body["revision"], body["status"], body["version"]) == (
        quote.pk,
        quote.number,
        1,
        "draft",
        1,
    )
    assert (body["language"], body["currency"], body["header_discount_percent"]) == ("en", "EUR", "10")
    first = body["lines"][0]
    assert {name: first[name] for name in ("sku", "name", "quantity", "list_price", "discount_percent", "discount_amount")} == {
        "sku": "MAITO-1", "name": "Milk", "quantity": "5", "list_price": "10.0000", "discount_percent": "10",
        "discount_amount": "1.0000",
    }  # fmt: skip
    assert (first["net_price"], first["line_net"], first["margin_percent"], first["included"]) == (
        "9.0000",
        "45.00",
        "25.93",
        False,
    )
    assert first["waterfall"] == [
        {"step": "list_price", "unit_price": "10.0000", "amount": "50.00"},
        {"step": "line_discount", "unit_price": "9.0000", "amount": "-5.00"},
        {"step": "header_discount", "unit_price": None, "amount": "-4.50"},
        {"step": "net", "unit_price": None, "amount": "40.50"},
    ]
    totals = body["totals"]
    assert (totals["list_total"], totals["discount_total"], totals["net_total"]) == ("70.00", "12.40", "57.60")
    assert (totals["cost_total"], totals["margin_amount"], totals["margin_percent"]) == ("42.00", "15.60", "27.08")
    assert body["approval_triggers"] == []


def test_the_steps_of_a_waterfall_add_up_with_an_account_discount(rep: Program, world: World) -> None:
    world.account.default_discount = D("3.3333")
    world.account.save()
    line = rep.post("quotes/", new_quote(world, {"sku": "MAITO-1", "quantity": "7", "discount_percent": "1.5"})).json()["lines"][
        0
    ]
    steps = {step["step"]: D(step["amount"]) for step in line["waterfall"]}
    assert list(steps) == ["list_price", "account_discount", "line_discount", "net"]
    assert steps["list_price"] + steps["account_discount"] + steps["line_discount"] == steps["net"] == D(line["line_net"])


def test_what_needs_a_yes_is_told_with_limit_and_actual(rep: Program, world: World) -> None:
    body = rep.post("quotes/", new_quote(world, {"sku": "MAITO-1", "quantity": "5", "discount_percent": "30"})).json()
    assert [(row["trigger"], row["reason"], row["limit"], row["actual"]) for row in body["approval_triggers"]] == [
        ("quote_floor", "below_floor", "40.00", "35.00"),
        ("quote_margin", "margin_below_target", "20.0000", "14.29"),
    ]
    assert body["approval_triggers"][0]["line"] == body["lines"][0]["id"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"lines": []}, "account"),
        ({"account": 1, "status": "sent"}, "status"),
        ({"account": 1, "lines": [{"sku": "MAITO-1", "quantity": "1", "list_price": "1"}]}, "lines.0.list_price"),
        ({"account": 1, "lines": [{"sku": "MAITO-1", "quantity": "0"}]}, "lines.0.quantity"),
        ({"account": 1, "lines": [{"sku": "MAITO-1", "quantity": "1,5"}]}, "lines.0.quantity"),
        ({"account": 1, "lines": [{"sku": "MAITO-1", "quantity": "1.0001"}]}, "lines.0.quantity"),
        ({"account": 1, "lines": [{"sku": "MAITO-1", "quantity": "NaN"}]}, "lines.0.quantity"),
        ({"account": 1, "lines": [{"sku": "MAITO-1", "quantity": "1_000"}]}, "lines.0.quantity"),
        ({"account": 1, "lines": [{"sku": "MAITO-1", "quantity": "1e3"}]}, "lines.0.quantity"),
        ({"account": 1, "lines": [{"sku": "MAITO-1", "quantity": "٣"}]}, "lines.0.quantity"),
        ({"account": 1, "lines": [{"sku": "MAITO-1", "quantity": "1", "discount_percent": "110"}]}, "lines.0.discount_percent"),
        (
            {"account": 1, "lines": [{"sku": "MAITO-1", "quantity": "1", "discount_percent": "1", "net_price": "1"}]},
            "lines.0.net_price",
        ),
        ({"account": 1, "header_discount_percent": "1", "header_discount_amount": "1"}, "header_discount_amount"),
        ({"account": 1, "header_discount_percent": ""}, "header_discount_percent"),
        ({"account": 1, "header_discount_amount": " "}, "header_discount_amount"),
        ({"account": 1, "lines": [{"sku": 5, "quantity": "1"}]}, "lines.0.sku"),
        ({"account": "one"}, "account"),
        ({"account": 1, "lines": {}}, "lines"),
        ([], "body"),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused_by_field(rep: Program, body: Any, field: str) -> None:
    answer = rep.post("quotes/", body)
    problem = answer.json()
    assert (answer.status_code, answer["Content-Type"], problem["code"]) == (400, "application/problem+json", "invalid")
    assert field in problem["fields"]
    assert Quote.objects.count() == 0


@pytest.mark.parametrize("text", ["\ud800", "\u0000"])
def test_what_no_answer_and_no_database_can_hold_is_repeated_in_a_readable_way(rep: Program, text: str) -> None:
    for body in ({text: 1}, {"account": 1, "language": text}):
        first, again = (rep.post("quotes/", body, Idempotency_Key=f"k{len(body)}") for _turn in range(2))
        assert (first.status_code, first.json()["code"], again.json()) == (400, "invalid", first.json())
        assert "\ufffd" in str(first.json()["fields"])


def test_an_unknown_product_is_named_by_its_row(rep: Program, world: World) -> None:
    answer = rep.post("quotes/", new_quote(world, {"sku": "MAITO-1", "quantity": "1"}, {"sku": "NONE", "quantity": "1"}))
    assert (answer.status_code, list(answer.json()["fields"]), Quote.objects.count()) == (422, ["lines.1.sku"], 0)


def test_a_line_is_added_changed_and_removed_and_each_answers_the_totals(rep: Program, world: World) -> None:
    quote = draft(world)
    ProductFactory(sku="LEIPA-1")
    added = rep.post(f"quotes/{quote.pk}/lines/", {"sku": "LEIPA-1", "quantity": "1"})
    assert (added.status_code, added["ETag"], added.json()["line"]["position"]) == (201, '"2"', 2)
    line = quote.lines.first()
    changed = rep.patch(f"quotes/{quote.pk}/lines/{line.pk}/", {"quantity": "3", "discount_amount": "1.50"}, If_Match='"2"')
    body = changed.json()
    assert (changed.status_code, body["version"], body["line"]["line_net"]) == (200, 3, "25.50")
    removed = rep.delete(f"quotes/{quote.pk}/lines/{line.pk}/", If_Match='"3"')
    assert (removed.status_code, removed.json()["line"], QuoteLine.objects.count()) == (200, None, 1)


def test_a_discount_is_taken_away_by_null(rep: Program, world: World) -> None:
    quote = draft(world, "10")
    body = rep.patch(f"quotes/{quote.pk}/lines/{quote.lines.get().pk}/", {"discount_percent": None}).json()
    assert (body["line"]["discount_percent"], body["totals"]["net_total"]) == ("0.00", "50.00")


def test_a_stale_version_is_refused_and_nothing_changes(rep: Program, world: World) -> None:
    quote = draft(world)
    rep.patch(f"quotes/{quote.pk}/", {"customer_note": "first"})
    answer = rep.patch(f"quotes/{quote.pk}/", {"customer_note": "second"}, If_Match='"1"')
    quote.refresh_from_db()
    assert (answer.status_code, answer.json()["code"], quote.customer_note, quote.version) == (409, "stale_version", "first", 2)
    assert rep.patch(f"quotes/{quote.pk}/", {"customer_note": "x"}, If_Match="two").status_code == 400


def test_the_main_job_needs_no_page(world: World) -> None:
    rep, pricing = Program(world.rep), Program(world.pricing)
    quote = rep.post("quotes/", new_quote(world, {"sku": "MAITO-1", "quantity": "5", "discount_percent": "21"})).json()
    path = f"quotes/{quote['id']}/"
    gates = rep.get(f"{path}approvers/").json()
    assert [(gate["trigger"], gate["default"]) for gate in gates] == [("quote_floor", world.pricing.pk)]
    submitted = rep.post(f"{path}submit/", {"approvers": {"quote_floor": world.pricing.pk}, "reason": "Big customer"}).json()
    assert (submitted["status"], submitted["approval_triggers"]) == ("in_review", [])
    request_decide(request_id=Request.objects.get().pk, verdict="approve", comment="", by=world.pricing, via="api")
    assert rep.post(f"{path}send/", {"to": [world.contact.email]}).json()["status"] == "sent"
    accepted = rep.post(f"{path}accept/", {"name": "Maija", "role": "Buyer", "evidence": "Mail of 20 November"}).json()
    assert accepted["status"] == "accepted"
    pdf = rep.get(f"{path}document.pdf", Accept="application/pdf")
    assert (pdf.status_code, pdf["Content-Type"], pdf.content[:5]) == (200, "application/pdf", b"%PDF-")
    assert pricing.get(path).json()["status"] == "accepted"


def test_the_other_moves(world: World) -> None:
    rep = Program(world.rep)
    path = f"quotes/{draft(world).pk}/"
    assert rep.post(f"{path}send/", {"to": ["a@b.example"]}).json()["status"] == "sent"
    assert rep.post(f"{path}unsend/").json()["status"] == "approved"
    revised = rep.post(f"{path}revise/")
    assert (revised.status_code, revised.json()["revision"]) == (201, 2)
    assert rep.post(f"quotes/{revised.json()['id']}/reprice/").json()["version"] == 2
    copied = rep.post(f"{path}copy/", {"account": world.account.pk})
    assert (copied.status_code, copied.json()["number"] == revised.json()["number"]) == (201, False)
    assert rep.post(f"{path}cancel/", {"reason": "A mistake"}).json()["status"] == "cancelled"
    document = sent(world)
    declined = rep.post(f"quotes/{document.quote_id}/decline/", {"name": "Maija", "reason": "price", "evidence": "Phone"})
    assert declined.json()["status"] == "declined"


def test_a_no_has_reasons_for_single_lines(rep: Program, world: World) -> None:
    quote = sent(world).quote
    line, path = quote.lines.get(), f"quotes/{quote.pk}/decline/"
    given = {"name": "Maija", "reason": "price", "comment": "Too much", "evidence": "Phone"}
    for wrong, field in (
        ([{"line": line.pk, "reason": "none"}], "line_reasons.0.reason"),
        ([{"line": line.pk, "reason": "price"}, {"line": line.pk, "reason": "price"}], "line_reasons.1.line"),
        ([{"line": 0, "reason": "price"}], "line_reasons"),
        ([{"line": line.pk}], "line_reasons"),
    ):
        answer = rep.post(path, {**given, "line_reasons": wrong})
        assert (answer.status_code, Quote.objects.get().status) in ((422, "sent"), (400, "sent")), answer.json()
        assert any(name.startswith(field) for name in answer.json()["fields"])
    answer = rep.post(path, {**given, "line_reasons": [{"line": line.pk, "reason": "price"}]})
    assert (answer.status_code, Quote.objects.get().answer.line_reasons) == (200, [{"line": line.pk, "reason": "price"}])


def test_a_move_that_is_not_open_is_a_409(rep: Program, world: World) -> None:
    path = f"quotes/{draft(world).pk}/"
    for move, body in (("recall", {}), ("unsend", {}), ("revise", {}), ("accept", {"name": "M", "role": "B", "evidence": "x"})):
        assert (rep.post(f"{path}{move}/", body).status_code, move) == (409 if move != "unsend" else 403, move)


def test_a_list_pages_by_cursor_and_refuses_what_it_does_not_know(rep: Program, world: World) -> None:
    made = [draft(world).pk for _number in range(5)]
    first = rep.get("quotes/?limit=2&ordering=id").json()
    second = rep.get(first["next"].removeprefix("http://testserver")).json()
    third = rep.get(second["next"].removeprefix("http://testserver")).json()
    assert [row["id"] for page in (first, second, third) for row in page["results"]] == made
    assert third["next"] is None
    for query, field in (
        ("ordering=margin", "ordering"),
        ("limit=0", "limit"),
        ("cursor=x", "cursor"),
        ("state=draft", "state"),
        ("mine=yes", "mine"),
    ):
        answer = rep.get(f"quotes/?{query}")
        assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])


def test_the_list_is_narrowed_to_ones_own(rep: Program, world: World) -> None:
    mine = draft(world)
    services.quote_copy(quote_id=mine.pk, by=world.colleague)
    assert [row["id"] for row in rep.get("quotes/?mine=1").json()["results"]] == [mine.pk]
    assert len(rep.get("quotes/?mine=0").json()["results"]) == 2


def test_a_document_is_in_one_of_our_languages(rep: Program, world: World) -> None:
    answer = rep.get(f"quotes/{draft(world).pk}/document.pdf?language=sv", Accept="application/pdf")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_margins_are_absent_for_those_who_may_not_see_them(world: World) -> None:
    support = Program(UserFactory(roles=["sales_support"], team=world.team))
    body = support.get(f"quotes/{draft(world, '30').pk}/").json()
    assert not {"cost_total", "margin_amount", "margin_percent"} & body["totals"].keys()
    assert "margin_percent" not in body["lines"][0]
    assert [(row["limit"], row["actual"]) for row in body["approval_triggers"]] == [("40.00", "35.00"), (None, None)]
    assert "margin_percent" not in support.get("quotes/").json()["results"][0]


def test_a_quote_out_of_sight_is_not_there(world: World) -> None:
    stranger = Program(world.stranger)
    path = f"quotes/{draft(world).pk}/"
    for method, to in (
        ("GET", path),
        ("PATCH", path),
        ("POST", f"{path}submit/"),
        ("POST", f"{path}lines/"),
        ("GET", f"{path}document.pdf"),
    ):
        answer = stranger.call(method, to, {})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


# --- The same request twice -------------------------------------------------------------------------------------------
def test_a_key_makes_one_quote_of_two_requests(rep: Program, world: World) -> None:
    first = rep.post("quotes/", new_quote(world), Idempotency_Key="k1")
    second = rep.post("quotes/", new_quote(world), Idempotency_Key="k1")
    assert (first.status_code, second.status_code, Quote.objects.count()) == (201, 201, 1)
    assert (first.json(), second["Location"], second["ETag"]) == (second.json(), first["Location"], first["ETag"])
    assert ("Idempotent-Replayed" in first, second["Idempotent-Replayed"]) == (False, "true")


def test_a_key_with_another_body_or_path_is_refused(rep: Program, world: World) -> None:
    rep.post("quotes/", new_quote(world), Idempotency_Key="k1")
    other = rep.post("quotes/", new_quote(world, language="fi"), Idempotency_Key="k1")
    assert (other.status_code, other.json()["code"], Quote.objects.count()) == (422, "idempotency_key_reused", 1)
    path = f"quotes/{Quote.objects.get().pk}/copy/"
    assert rep.post(path, {}, Idempotency_Key="k1").status_code == 422


def test_a_key_is_of_one_person(rep: Program, world: World) -> None:
    rep.post("quotes/", new_quote(world), Idempotency_Key="k1")
    assert Program(world.colleague).post("quotes/", new_quote(world), Idempotency_Key="k1").status_code == 201
    assert Quote.objects.count() == 2


def test_a_refusal_is_replayed_too(rep: Program, world: World) -> None:
    body = new_quote(world, {"sku": "NONE", "quantity": "1"})
    first, second = (rep.post("quotes/", body, Idempotency_Key="k1") for _turn in range(2))
    assert (first.status_code, second.status_code, second["Content-Type"]) == (422, 422, "application/problem+json")
    assert first.json() == second.json()


def test_a_key_in_flight_is_a_409_until_its_lease_is_over(rep: Program, world: World, clock: Any) -> None:
    rep.post("quotes/", new_quote(world), Idempotency_Key="k1")
    IdempotencyKey.objects.update(status=None, body=None)
    assert rep.post("quotes/", new_quote(world), Idempotency_Key="k1").json()["code"] == "in_flight"
    clock.shift(121)
    assert rep.post("quotes/", new_quote(world), Idempotency_Key="k1").status_code == 201


def test_a_key_is_forgotten_after_a_day(rep: Program, world: World, clock: Any) -> None:
    rep.post("quotes/", new_quote(world), Idempotency_Key="k1")
    clock.shift(86400)
    assert (forget(), IdempotencyKey.objects.count()) == (0, 1)
    clock.shift(1)
    assert (forget(), IdempotencyKey.objects.count()) == (1, 0)


def test_a_fault_of_ours_leaves_nothing_behind_and_frees_the_key(rep: Program, world: World, monkeypatch: Any) -> None:
    def burst(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("after the work")

    with monkeypatch.context() as patch:
        patch.setattr("core.api.idempotency.complete", burst)
        with pytest.raises(RuntimeError):
            rep.post("quotes/", new_quote(world), Idempotency_Key="k1")
    assert (Quote.objects.count(), OutboxMessage.objects.count(), IdempotencyKey.objects.count()) == (0, 0, 0)
    assert rep.post("quotes/", new_quote(world), Idempotency_Key="k1").status_code == 201


def test_a_copy_keeps_products_quantities_and_discounts_and_takes_todays_prices(world: World) -> None:
    old = draft(world, "10", "0")
    world.product.prices.update(list_price=D("11"))
    new = services.quote_copy(quote_id=old.pk, by=world.rep)
    kept = [(line.product_id, line.quantity, line.discount_kind, line.discount_value) for line in old.lines.all()]
    assert kept == [(line.product_id, line.quantity, line.discount_kind, line.discount_value) for line in new.lines.all()]
    assert {line.list_price for line in new.lines.all()} == {D("11")}
    assert (new.number != old.number, new.status, new.version) == (True, "draft", 1)


def test_what_a_change_answers_is_what_is_read_afterwards(rep: Program, world: World) -> None:
    world.account.default_discount = D("2.5")
    world.account.save()
    lines = [
        {"sku": "MAITO-1", "quantity": "5.5", "discount_percent": "30"},
        {"sku": "MAITO-1", "quantity": "2", "optional": True},
    ]
    answers = [rep.post("quotes/", new_quote(world, *lines, header_discount_amount="3.5"))]
    path = f"quotes/{answers[0].json()['id']}/"
    assert rep.get(path).json() == answers[0].json()
    heads: list[dict[str, Any]] = [{"language": "en"}, {"header_discount_percent": "4"}, {"customer_note": "Hei"}]
    for change in heads:
        assert rep.patch(path, change).json() == rep.get(path).json()
    line = f"{path}lines/{rep.get(path).json()['lines'][0]['id']}/"
    prices: list[dict[str, Any]] = [{"quantity": "7"}, {"net_price": "9"}, {"net_price": None}, {"optional": True}]
    for change in prices:
        changed, read = rep.patch(line, change).json(), rep.get(path).json()
        assert (changed["line"], changed["totals"], changed["version"]) == (read["lines"][0], read["totals"], read["version"])
    removed, read = rep.delete(line).json(), rep.get(path).json()
    assert (removed["totals"], removed["version"], len(read["lines"])) == (read["totals"], read["version"], 1)
    rep.post(f"{path}lines/", {"sku": "MAITO-1", "quantity": "1"})
    for move, body in (("submit", {}), ("send", {"to": ["a@b.example"]}), ("unsend", {}), ("cancel", {})):
        assert (move, rep.post(f"{path}{move}/", body).json()) == (move, rep.get(path).json())


@pytest.mark.parametrize("lines", [1, 40])
def test_queries_do_not_grow_with_the_lines(rep: Program, world: World, lines: int, django_assert_max_num_queries: Any) -> None:
    body = new_quote(world, *[{"sku": "MAITO-1", "quantity": str(number + 1)} for number in range(lines)])
    with django_assert_max_num_queries(20):
        made = rep.post("quotes/", body).json()
    path = f"quotes/{made['id']}/"
    counted = {}
    for name, call in (
        ("read", lambda: rep.get(path)),
        ("change a line", lambda: rep.patch(f"{path}lines/{made['lines'][0]['id']}/", {"quantity": "3"})),
    ):
        with CaptureQueriesContext(connection) as queries:
            assert call().status_code == 200
        counted[name] = len([query for query in queries.captured_queries if not query["sql"].startswith(PLUMBING)])
    assert counted == {"read": 5, "change a line": 11}


# --- Headings, notes and statements of work ---------------------------------------------------------------------------
@pytest.fixture
def presales(world: World) -> Program:
    return Program(UserFactory(username="presales", roles=["presales"], sees_all_units=True))


STATEMENT = {"text": "Audit", "list_price": "500", "cost": "200", "specialist": "A. Udit", "feasibility": "Checked"}


def test_headings_and_notes_are_added_changed_and_removed_and_stand_where_they_were_put(rep: Program, world: World) -> None:
    quote = draft(world, "0", "0")
    first, second = quote.lines.order_by("position")
    note = rep.post(f"quotes/{quote.pk}/texts/", {"kind": "note", "text": " By seven. "}, If_Match='"1"')
    assert (note.status_code, note["ETag"]) == (201, '"2"')
    assert note.json() == {
        "version": 2, "text": {"id": quote.lines.get(kind="note").pk, "kind": "note", "text": "By seven.", "before": 3},
    }  # fmt: skip
    heading = rep.post(f"quotes/{quote.pk}/texts/", {"kind": "section", "text": "Breakfast", "before": second.pk}).json()["text"]
    assert heading["before"] == 2
    changed = rep.patch(f"quotes/{quote.pk}/texts/{heading['id']}/", {"text": "Lunch"})
    assert changed.json()["text"] == heading | {"text": "Lunch"}
    whole = rep.get(f"quotes/{quote.pk}/").json()
    assert [line["id"] for line in whole["lines"]] == [first.pk, second.pk]
    assert whole["texts"] == [heading | {"text": "Lunch"}, note.json()["text"]]
    removed = rep.delete(f"quotes/{quote.pk}/lines/{heading['id']}/")
    assert (removed.json()["line"], removed.json()["totals"]["net_total"]) == (None, "100.00")
    assert rep.get(f"quotes/{quote.pk}/").json()["texts"] == [note.json()["text"]]


def test_what_is_no_heading_is_not_changed_as_one_and_a_stale_version_is_refused(rep: Program, world: World) -> None:
    quote = draft(world)
    line = quote.lines.get()
    assert rep.patch(f"quotes/{quote.pk}/texts/{line.pk}/", {"text": "x"}).status_code == 422
    assert rep.post(f"quotes/{quote.pk}/texts/", {"kind": "note", "text": "x"}, If_Match='"7"').json()["code"] == "stale_version"
    refused = rep.post(f"quotes/{quote.pk}/texts/", {"kind": "sow", "text": " "}).json()
    assert (refused["code"], set(refused["fields"])) == ("invalid", {"kind", "text"})
    answers = [rep.post(f"quotes/{quote.pk}/texts/", {"kind": "note", "text": "x"}, Idempotency_Key="k1") for _turn in range(2)]
    assert answers[0].json() == answers[1].json()
    text = quote.lines.get(kind="note")
    assert rep.patch(f"quotes/{quote.pk}/lines/{text.pk}/", {}).json()["line"] is None
    assert (quote.lines.count(), text.text) == (2, "x")


def test_pre_sales_writes_statements_of_work_and_nobody_else(rep: Program, presales: Program, world: World) -> None:
    quote = draft(world)
    assert rep.post(f"quotes/{quote.pk}/statements/", STATEMENT).status_code == 403
    made = presales.post(f"quotes/{quote.pk}/statements/", STATEMENT, If_Match='"1"')
    line = made.json()["line"]
    assert (made.status_code, made["ETag"], line["kind"], line["line_net"]) == (201, '"2"', "sow", "500.00")
    assert "margin_percent" not in line
    address = f"quotes/{quote.pk}/statements/{line['id']}/"
    changed = presales.patch(address, {"list_price": "750", "effort_days": "2.5"}).json()["line"]
    kept = QuoteLine.objects.get(pk=line["id"])
    assert (changed["line_net"], kept.text, kept.cost, kept.effort_days) == ("750.00", "Audit", D(200), D("2.5"))
    assert rep.patch(address, {"text": "x"}).status_code == 403
    assert list(presales.patch(address, {"specialist": " "}).json()["fields"]) == ["specialist"]
    other = presales.patch(f"quotes/{quote.pk}/statements/{quote.lines.get(kind='product').pk}/", {"text": "x"})
    assert (other.status_code, list(other.json()["fields"])) == (422, ["line"])
    assert rep.delete(f"quotes/{quote.pk}/lines/{line['id']}/").status_code == 200
    assert quote.lines.get().kind == "product"


# --- Files ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def _a_folder_of_its_own(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "attachments"  # said in the way that the storage hears


def as_file(content: bytes, name: str = "Piirros.pdf", **more: Any) -> dict[str, Any]:
    return {"name": name, "file": base64.encodebytes(content).decode(), **more}


@pytest.mark.usefixtures("_a_folder_of_its_own")
def test_a_file_is_added_read_meant_for_the_customer_and_removed(rep: Program, world: World) -> None:
    quote = draft(world)
    made = rep.post(f"quotes/{quote.pk}/attachments/", as_file(b"%PDF-1.7 x"))
    shown = made.json()
    assert (made.status_code, made["ETag"], shown["name"], shown["content_type"], shown["size"], shown["for_customer"]) == (
        201, '"2"', "Piirros.pdf", "application/pdf", 10, False,
    )  # fmt: skip
    assert shown["hash"] == hashlib.sha256(b"%PDF-1.7 x").hexdigest()
    address = f"quotes/{quote.pk}/attachments/{shown['id']}/"
    assert made["Location"] == f"http://testserver/api/v1/{address}file/"
    file = rep.get(f"{address}file/", Accept="application/pdf")
    assert (file.content, file["Content-Type"], file["X-Content-Type-Options"]) == (b"%PDF-1.7 x", "application/pdf", "nosniff")
    assert rep.patch(address, {"for_customer": True}).json() == shown | {"for_customer": True}
    assert rep.get(f"quotes/{quote.pk}/attachments/").json() == {"next": None, "results": [shown | {"for_customer": True}]}
    removed = rep.delete(address)
    assert (removed.status_code, removed["ETag"], quote.attachments.count()) == (204, '"4"', 0)
    assert rep.get(f"{address}file/").status_code == 404


@pytest.mark.usefixtures("_a_folder_of_its_own")
@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (as_file(b"<script>", "a.html"), 422, "file"),
        (as_file(b"<script>"), 422, "file"),
        ({"name": "a.pdf", "file": "%%%"}, 400, "file"),
        ({"name": "a.pdf", "file": 5}, 400, "file"),
        ({"name": "a.pdf"}, 400, "file"),
        (as_file(b"%PDF-1.7", url="x"), 400, "url"),
    ],
)
def test_a_file_that_is_not_taken_leaves_nothing_behind(
    rep: Program, world: World, body: dict[str, Any], status: int, field: str
) -> None:
    quote = draft(world)
    answer = rep.post(f"quotes/{quote.pk}/attachments/", body)
    assert (answer.status_code, list(answer.json()["fields"]), quote.attachments.count()) == (status, [field], 0)


@pytest.mark.usefixtures("_a_folder_of_its_own")
@pytest.mark.parametrize("key", [{}, {"Idempotency_Key": "k1"}], ids=["once", "with a key"])
def test_a_large_file_is_taken_and_one_that_is_too_large_is_not(rep: Program, world: World, key: dict[str, str]) -> None:
    quote = draft(world)
    large = b"%PDF-1.7" + bytes(5 * MEGABYTE)
    answers = [rep.post(f"quotes/{quote.pk}/attachments/", as_file(large), **key) for _turn in range(2 if key else 1)]
    assert (answers[0].status_code, quote.attachments.get().size) == (201, len(large))
    for most in (10 * MEGABYTE + 1, 16 * MEGABYTE):
        refused = rep.post(f"quotes/{quote.pk}/attachments/", as_file(b"%PDF-1.7" + bytes(most)))
        assert (refused.status_code, refused.json()["code"], quote.attachments.count()) == (422, "invalid", 1)


@pytest.mark.usefixtures("_a_folder_of_its_own")
def test_a_file_of_a_sent_quote_stays(rep: Program, world: World) -> None:
    quote = sent(world).quote
    file = attached(quote, world.rep)
    assert rep.post(f"quotes/{quote.pk}/attachments/", as_file(b"%PDF-1.7")).json()["code"] == "wrong_state"
    assert rep.delete(f"quotes/{quote.pk}/attachments/{file.pk}/").json()["code"] == "wrong_state"
    assert rep.delete(f"quotes/{draft(world).pk}/attachments/{file.pk}/").status_code == 404
    assert quote.attachments.count() == 1


# --- Templates --------------------------------------------------------------------------------------------------------
def test_a_template_is_kept_found_read_and_made_a_quote_of(rep: Program, world: World) -> None:
    quote = draft(world, "10")
    services.line_change(quote_id=quote.pk, line_id=quote.lines.get().pk, by=world.rep, yearly_volume=D(1200))
    rep.post(f"quotes/{quote.pk}/texts/", {"kind": "section", "text": "Breakfast", "before": quote.lines.get().pk})
    made = rep.post("quote-templates/", {"quote": quote.pk, "name": "Breakfast", "shared_with": "unit"})
    shown = made.json()
    assert (made.status_code, made["ETag"], made["Location"]) == (
        201, '"1"', f"http://testserver/api/v1/quote-templates/{shown['id']}/",
    )  # fmt: skip
    nothing = dict.fromkeys(("sku", "quantity", "unit", "discount_percent", "discount_amount", "net_price", "yearly_volume"))
    rest = {"optional": False, "alternative_to": None}
    unit = world.product.unit.code
    assert shown["lines"] == [
        nothing | rest | {"position": 1, "kind": "section", "text": "Breakfast"},
        nothing | rest | {
            "position": 2, "kind": "product", "text": "", "sku": "MAITO-1", "quantity": "5", "unit": unit,
            "discount_percent": "10", "yearly_volume": "1200",
        },
    ]  # fmt: skip
    assert rep.get(f"quote-templates/{shown['id']}/").json() == shown
    row = {name: value for name, value in shown.items() if name != "lines"}
    assert (row["owner"], row["shared_with"], row["line_count"]) == (world.rep.pk, "unit", 2)
    assert rep.get("quote-templates/?q=break").json()["results"] == [row]
    assert rep.get("quote-templates/?q=lunch").json()["results"] == []
    new = rep.post(f"quote-templates/{shown['id']}/quotes/", {"account": world.account.pk})
    body = new.json()
    assert (new.status_code, new["Location"]) == (201, f"http://testserver/api/v1/quotes/{body['id']}/")
    assert ([line["net_price"] for line in body["lines"]], [text["text"] for text in body["texts"]]) == (
        ["9.0000"],
        ["Breakfast"],
    )
    assert body["id"] != quote.pk


def test_a_template_that_is_not_shared_is_not_there_and_what_is_no_longer_sold_is_told(rep: Program, world: World) -> None:
    template = template_of(world.rep, world.product, ProductFactory(sku="VOI-1"))
    stranger = Program(world.stranger)
    for answer in (
        stranger.get(f"quote-templates/{template.pk}/"),
        stranger.post(f"quote-templates/{template.pk}/quotes/", {"account": world.account.pk}),
        stranger.post(f"quote-templates/{template.pk}/quotes/", {"what": 1}),
        stranger.post("quote-templates/", {"quote": draft(world).pk, "name": "Mine"}),
    ):
        assert answer.status_code == 404
    type(world.product).objects.filter(pk=world.product.pk).update(is_active=False)
    before = Quote.objects.count()
    refused = rep.post(f"quote-templates/{template.pk}/quotes/", {"account": world.account.pk})
    assert (refused.status_code, list(refused.json()["fields"]), Quote.objects.count()) == (422, ["lines"], before)
    made = rep.post(f"quote-templates/{template.pk}/quotes/", {"account": world.account.pk, "leave_out": True}).json()
    assert [line["sku"] for line in made["lines"]] == ["VOI-1"]


def test_a_quote_to_which_a_starter_pack_is_added_by_itself_shows_its_lines(rep: Program, world: World) -> None:
    template_of(world.manager, world.product, ProductFactory(sku="VOI-1"), is_starter_pack=True)
    StarterPackSettings.objects.create(pk=1, mode="itself")
    body = rep.post("quotes/", new_quote(world)).json()
    assert [(line["sku"], line["quantity"]) for line in body["lines"]] == [("MAITO-1", "5"), ("MAITO-1", "2"), ("VOI-1", "2")]
