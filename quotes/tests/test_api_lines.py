"""Lines of a quote over HTTP: what the editor can do with them, a program can."""

from decimal import Decimal as D
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import BundlePart, UnitOfMeasure, UsageMetric, UsageStep
from catalog.tests.factories import BundleFactory, ProductFactory, ProductUnitFactory
from quotes import services
from quotes.models import Quote, QuoteLine
from quotes.services import LineDraft
from quotes.tests.factories import World, draft, sent
from users.tests.programs import Program

pytestmark = pytest.mark.once("postgresql")


@pytest.fixture
def rep(world: World) -> Program:
    return Program(world.rep)


@pytest.fixture
def whole(world: World) -> Any:
    """A bundle of a part at 100, and one at 200 for those who want it."""
    bundle = BundleFactory(sku="PAKETTI-1", parts=[])
    for place, (sku, price) in enumerate((("OSA-1", 100), ("OSA-2", 200)), 1):
        part = ProductFactory(sku=sku, name_en=f"Part {place}", name_fi=f"Osa {place}", list_price=price)
        BundlePart.objects.create(bundle=bundle, part=part, quantity=place, is_option=place == 2, position=place)
    return bundle


def test_a_line_is_ordered_in_another_unit(rep: Program, world: World) -> None:
    gram = UnitOfMeasure.objects.create(code="g", label_en="g", label_fi="g")
    ProductUnitFactory(product=world.product, unit=gram, numerator=1, denominator=1000)
    body = {
        "account": world.account.pk,
        "lines": [{"sku": "MAITO-1", "quantity": "10000", "unit": "g", "yearly_volume": "90000"}],
    }
    answer = rep.post("quotes/", body)
    (line,) = answer.json()["lines"]
    assert (line["unit"], line["quantity"], line["line_net"], line["yearly_volume"]) == ("g", "10000", "100.00", "90000")
    path = f"quotes/{answer.json()['id']}/lines/"
    own = world.product.unit.code
    for unit, quantity in ((None, "10"), ("g", "10000"), (own, "10")):
        shown = rep.patch(f"{path}{line['id']}/", {"unit": unit}).json()["line"]
        assert (shown["unit"], shown["quantity"], shown["line_net"]) == (unit or own, quantity, "100.00")
    shown = rep.patch(f"{path}{line['id']}/", {"quantity": "5000", "unit": "g"}).json()["line"]
    assert (shown["unit"], shown["quantity"], shown["line_net"]) == ("g", "5000", "50.00")
    for call, given in (
        (rep.post, {"sku": "MAITO-1", "quantity": "1", "unit": "ton"}),
        (rep.post, {"sku": "MAITO-1", "quantity": "1", "unit": 7}),
    ):
        assert call(path, given).status_code in (400, 422)
    assert rep.patch(f"{path}{line['id']}/", {"unit": "ton"}).json()["fields"].keys() == {"unit"}
    assert QuoteLine.objects.count() == 1


def test_the_parts_of_a_bundle_are_shown_and_its_options_chosen(rep: Program, world: World, whole: Any) -> None:
    path = f"quotes/{draft(world).pk}/lines/"
    made = rep.post(path, {"sku": "PAKETTI-1", "quantity": "2", "options": ["OSA-2"]}).json()["line"]
    assert (made["net_price"], made["line_net"], made["options"]) == ("500.0000", "1000.00", ["OSA-2"])
    assert made["parts"] == [
        {"sku": "OSA-1", "name": "Osa 1", "quantity": "1"},
        {"sku": "OSA-2", "name": "Osa 2", "quantity": "2"},
    ]
    shown = rep.get(path.removesuffix("lines/")).json()["lines"]
    assert shown[1] == made
    assert (shown[0]["parts"], shown[0]["options"], shown[0]["usage"], shown[0]["use_within_months"]) == ([], [], [], None)
    less = rep.patch(f"{path}{made['id']}/", {"options": []}).json()["line"]
    assert (less["line_net"], less["options"], [part["sku"] for part in less["parts"]]) == ("200.00", [], ["OSA-1"])
    wrong = rep.post(path, {"sku": "PAKETTI-1", "quantity": "2", "options": ["OSA-1"]})
    assert (wrong.status_code, set(wrong.json()["fields"])) == (422, {"lines.0.options.0"})
    for options, field in ((["NONE"], "options.0"), (["OSA-1"], "options")):
        wrong = rep.patch(f"{path}{made['id']}/", {"options": options})
        assert (wrong.status_code, set(wrong.json()["fields"])) == (422, {field})
    assert rep.patch(f"{path}{shown[0]['id']}/", {"options": []}).status_code == 422
    assert QuoteLine.objects.count() == 2


def test_what_is_priced_by_use_shows_its_table_and_the_months_to_use_it_in(rep: Program, world: World) -> None:
    metric = UsageMetric.objects.create(code="views", label_en="Page views", label_fi="Sivulataukset")
    product = ProductFactory(sku="PALVELU-1", has_usage=True, use_within_months=12)
    UsageStep.objects.create(product=product, metric=metric, from_quantity=1000, price=D("0.02"), cost=D("0.001"))
    made = rep.post("quotes/", {"account": world.account.pk, "lines": [{"sku": "PALVELU-1", "quantity": "1"}]}).json()
    (line,) = made["lines"]
    assert line["use_within_months"] == 12
    assert line["usage"] == [
        {
            "metric": "views",
            "rows": [{"above": "0", "up_to": "1000", "price": "0"}, {"above": "1000", "up_to": None, "price": "0.0200"}],
        }
    ]


def test_a_line_gets_its_place_and_what_it_is_an_alternative_to(rep: Program, world: World) -> None:
    quote = draft(world)
    first = quote.lines.get()
    path = f"quotes/{quote.pk}/lines/"
    made = rep.post(path, {"sku": "MAITO-1", "quantity": "3", "before": first.pk, "alternative_to": first.pk}, If_Match='"1"')
    line = made.json()["line"]
    assert (made.status_code, line["position"], line["optional"], line["alternative_to"]) == (201, 1, True, first.pk)
    assert made.json()["totals"]["net_total"] == "50.00"
    for other, expected in ((None, None), (first.pk, first.pk)):
        assert rep.patch(f"{path}{line['id']}/", {"alternative_to": other}).json()["line"]["alternative_to"] == expected
    for other, status in ((line["id"], 422), (999999, 404)):
        assert rep.patch(f"{path}{line['id']}/", {"alternative_to": other}).status_code == status
        assert rep.post(path, {"sku": "MAITO-1", "quantity": "1", "alternative_to": 999999}).status_code == 404
    assert rep.post(path, {"sku": "MAITO-1", "quantity": "1", "before": 999999}).status_code == 404
    assert quote.lines.count() == 2


def test_lines_move_are_doubled_and_come_back(rep: Program, world: World) -> None:
    quote = draft(world, "0", "10")
    first, second = quote.lines.order_by("position")
    note = services.line_add(quote_id=quote.pk, draft=LineDraft(None, kind="note", text="Hei"), by=world.rep)
    path = f"quotes/{quote.pk}/lines/"
    moved = rep.post(f"{path}{second.pk}/move/", {"before": first.pk})
    assert (moved.status_code, moved.json()["line"]["position"], moved.json()["text"]) == (200, 1, None)
    noted = rep.post(f"{path}{note.pk}/move/", {"before": second.pk}).json()
    assert (noted["line"], noted["text"]["before"], noted["text"]["text"]) == (None, 1, "Hei")
    assert rep.post(f"{path}{second.pk}/move/", {"before": None}).json()["line"]["position"] == 2
    twin = rep.post(f"{path}{first.pk}/duplicate/", {})
    assert (twin.status_code, twin.json()["line"]["position"], twin.json()["totals"]["net_total"]) == (201, 2, "145.00")
    assert rep.delete(f"{path}{first.pk}/").json()["line"] is None
    assert rep.post(f"{path}{first.pk}/restore/", {}, If_Match='"1"').status_code == 409
    back = rep.post(f"{path}{first.pk}/restore/", {}).json()
    assert (back["line"]["id"], back["line"]["position"], back["totals"]["net_total"]) == (first.pk, 1, "145.00")
    for move in ("restore", "duplicate"):
        assert rep.post(f"{path}999999/{move}/", {}).status_code == 404
    assert rep.post(f"{path}{first.pk}/restore/", {}).status_code == 404
    assert rep.post(f"{path}{first.pk}/move/", {}).status_code == 400
    done = sent(world).quote
    for move, body in (("move", {"before": None}), ("duplicate", {}), ("restore", {})):
        assert rep.post(f"quotes/{done.pk}/lines/{done.lines.get().pk}/{move}/", body).status_code == 409


def test_bundles_cost_the_same_queries_however_many(rep: Program, world: World, whole: Any) -> None:
    option = BundlePart.objects.get(is_option=True).part_id
    quote = draft(world)
    counted = []
    for count in (1, 1, 14):
        services.lines_add(quote_id=quote.pk, drafts=[LineDraft(whole, D(1), options=(option,))] * count, by=world.rep)
        with CaptureQueriesContext(connection) as queries:
            rep.get(f"quotes/{quote.pk}/")
        counted.append(len(queries))
    assert counted[1] == counted[2]


def test_each_recipient_has_a_language(rep: Program, world: World) -> None:
    quote = draft(world)
    to: list[Any] = ["fi@asiakas.example", {"address": "en@asiakas.example", "language": "en", "name": "Ed"}]
    for wrong in (
        [{"address": "a@b.example", "language": "sv"}],
        [{"language": "en"}],
        [7],
        [{"address": "x"}],
        [{"address": "a@b.example", "who": 1}],
    ):
        answer = rep.post(f"quotes/{quote.pk}/send/", {"to": wrong})
        assert (answer.status_code in (400, 422), Quote.objects.get().status) == (True, "draft")
        assert any(name.startswith("to") for name in answer.json()["fields"])
    assert rep.post(f"quotes/{quote.pk}/send/", {"to": to, "language": "fi"}).status_code == 200
    document = Quote.objects.get().documents.get()
    kept = [(one["address"], one["language"], one["name"]) for one in document.recipients]
    assert kept == [("fi@asiakas.example", "fi", ""), ("en@asiakas.example", "en", "Ed")]
    again = [{"address": "kolmas@asiakas.example", "language": "en"}]
    assert rep.post(f"quotes/{quote.pk}/resend/", {"to": again}).status_code == 200
    document.refresh_from_db()
    assert document.recipients[-1] == {"address": "kolmas@asiakas.example", "language": "en", "name": ""}


def test_each_recipient_of_what_goes_out_by_itself_has_a_language(rep: Program, world: World) -> None:
    quote = draft(world, "40")
    to = [{"address": "en@asiakas.example", "language": "en"}]
    assert rep.post(f"quotes/{quote.pk}/submit/", {"send_to": to}).json()["status"] == "in_review"
    plan = Quote.objects.get().once_approved
    assert plan is not None
    assert plan["to"] == [{"address": "en@asiakas.example", "language": "en", "name": ""}]
