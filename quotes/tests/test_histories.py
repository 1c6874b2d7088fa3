"""Field history of quotes: what the database copies is what django-simple-history would have written."""

from decimal import Decimal as D
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from simple_history.models import HistoricalRecords

from core import histories
from quotes.models import Quote, QuoteLine
from quotes.tests.factories import World, draft

KEY = "history_id"


def rows(model: Any, **where: Any) -> list[dict[str, Any]]:
    """History rows without their keys, as they stand in the table."""
    found = model.history.filter(**where).order_by(KEY).values()
    return [{name: value for name, value in row.items() if name != KEY} for row in found]


@pytest.mark.parametrize("kind", ["+", "~"])
def test_one_statement_writes_what_the_library_writes_one_by_one(world: World, clock: Any, kind: str) -> None:
    lines = list(draft(world, "0", "7.125", "100").lines.order_by("pk"))
    lines[1].optional, lines[1].alternative_to = True, lines[0]
    lines[1].save()
    QuoteLine.history.all().delete()
    QuoteLine.history.bulk_history_create(lines, update=kind == "~", default_user=world.rep, default_change_reason=None)
    expected = rows(QuoteLine)
    QuoteLine.history.all().delete()

    record = histories.record_created if kind == "+" else histories.record_changed
    with CaptureQueriesContext(connection) as queries:
        record(QuoteLine, [line.pk for line in lines], by=world.rep)

    assert (len(expected), rows(QuoteLine), len(queries)) == (3, expected, 1)


def test_a_save_writes_what_the_library_writes(world: World, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    quote = draft(world)
    quote._history_user, quote._change_reason = world.manager, "Kauppojen yhdistyminen"
    Quote.history.all().delete()
    quote.save()
    ours = rows(Quote)
    Quote.history.all().delete()
    monkeypatch.setattr(histories.FieldHistory, "create_historical_record", HistoricalRecords.create_historical_record)
    quote.save()

    assert rows(Quote) == ours
    assert (ours[0]["history_user_id"], ours[0]["history_change_reason"]) == (world.manager.pk, "Kauppojen yhdistyminen")


def test_a_deleted_row_leaves_its_last_state(world: World) -> None:
    line = draft(world).lines.get()
    line.delete()
    last = QuoteLine.history.order_by(KEY).last()
    assert (last.history_type, last.quantity) == ("-", D(5))


def test_what_was_not_saved_is_not_recorded(world: World) -> None:
    quote = draft(world)
    quote.customer_note, quote.version = "vain muistissa", 7
    quote.save(update_fields=["version"])
    assert [(row["version"], row["customer_note"]) for row in rows(Quote)][-1] == (7, "")


def test_no_rows_are_no_statement(world: World) -> None:
    with CaptureQueriesContext(connection) as queries:
        histories.record_created(QuoteLine, [], by=world.rep)
    assert len(queries) == 0
