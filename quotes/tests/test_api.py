"""Quotes over HTTP: the same services as the pages, in the shapes of docs/api.md."""

from decimal import Decimal as D
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.models import Request
from approvals.services import request_decide
from catalog.tests.factories import ProductFactory
from core.models import IdempotencyKey, OutboxMessage
from core.tasks import forget
from quotes import services
from quotes.models import Quote, QuoteLine
from quotes.tests.factories import World, draft, sent
from users.tests.factories import UserFactory
from users.tests.programs import Program

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
    assert counted == {"read": 6, "change a line": 11}
