"""The margin of a quote beside what its account has accepted."""

import datetime as dt
import re
from decimal import Decimal as D
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.tests.factories import AccountFactory, CategoryTma2Factory, ChannelFactory
from approvals.models import Request
from catalog.tests.factories import ProductFactory
from core import clock
from quotes import margins, services
from quotes.models import MarginTarget, Quote
from quotes.services import LineDraft
from quotes.tests.factories import World, draft
from users.tests.factories import UserFactory


def accepted(world: World, net: str, margin: str | None, days: int, status: str = "accepted", **more: Any) -> Quote:
    """A quote that was sent so many days ago and has been accepted, or what `status` says."""
    at, number = clock.now() - dt.timedelta(days=days), Quote.objects.count() + 500
    people = {"owner": world.rep, "last_editor": world.rep, "sent_by": world.rep}
    dates = {"sent_at": at, "valid_until": at.date(), "price_date": at.date()}
    sums = {"net_total": D(net), "margin_percent": margin and D(margin)}
    given: dict[str, Any] = {"number": f"Q-2020-{number}", "account": world.account, **people, **dates, **sums, **more}
    quote = Quote.objects.create(**given)
    for step in ("approved", "sent", *(["accepted"] if status == "ordered" else []), status):
        Quote.objects.filter(pk=quote.pk).update(status=step)
    quote.refresh_from_db()
    return quote


def test_the_average_is_by_value_over_twelve_months_and_the_last_one_is_the_last_accepted(world: World) -> None:
    first = accepted(world, "300", "10", 364)
    ordered = accepted(world, "100", "50", 20, status="ordered")
    accepted(world, "900", "90", 366)
    accepted(world, "900", None, 1)
    accepted(world, "900", "90", 1, status="declined")
    accepted(world, "900", "90", 1, account=AccountFactory(owner=world.rep))
    quote = draft(world)
    found = margins.context_of(quote)
    assert found is not None
    assert (found.average, found.quotes, found.margin) == (D("20.00"), 2, D("40.00"))
    assert found.last is not None
    assert (found.last.pk, found.last.name, found.last.margin) == (ordered.pk, f"{ordered.number}/1", D(50))
    assert (found.to_average, found.to_last) == (D("20.00"), D("-10.00"))
    alone = margins.context_of(ordered)
    assert alone is not None
    assert (alone.average, alone.last and alone.last.pk) == (D("10.00"), first.pk)


def test_without_an_accepted_quote_there_is_nothing_beside_it(world: World) -> None:
    assert margins.context_of(draft(world)) is None
    accepted(world, "900", "90", 400)
    found = margins.context_of(draft(world))
    assert found is not None
    assert (found.average, found.quotes, found.last and found.last.margin) == (None, 0, D(90))
    accepted(world, "0", "0", 3)
    again = margins.context_of(draft(world))
    assert again is not None
    assert again.average is None


def test_it_is_one_query_however_many_there_are(world: World) -> None:
    quote = draft(world)
    margins.context_of(quote)
    for _ in range(3):
        accepted(world, "1", "2", 3)
    with CaptureQueriesContext(connection) as queries:
        margins.context_of(quote)
    assert len(queries) == 1


@pytest.mark.parametrize("address", ["quote_page", "quote_review", "draft"])
def test_pages_show_it_to_those_who_see_margins(client: Client, world: World, address: str) -> None:
    accepted(world, "100", "27.77", 5)
    quote = draft(world)
    if address == "quote_page":
        services.quote_submit(quote_id=quote.pk, by=world.rep)
    address = "quote_page" if address == "draft" else address
    client.force_login(world.rep)
    html = client.get(reverse(address, args=[quote.pk])).content.decode()
    html = re.sub(r"</?span[^>]*>", "", html)
    assert "This account's margin over 12 months: 27.8% (1 accepted quote); this quote +12.2 percentage points" in html
    client.force_login(UserFactory(roles=["sales_support"], team=world.team))
    assert "27.8" not in client.get(reverse(address, args=[quote.pk])).content.decode()


# --- Which target ---
@pytest.mark.req("S0.24")
@pytest.mark.parametrize(
    ("tma2", "channel", "quantity", "target"),
    [
        ("A", "B", 5, 22), ("A", "C", 5, 20), ("A", "", 5, 20), ("C", "B", 5, 18), ("", "", 5, 18), ("", "", 2000, 12),
        ("A", "B", 2000, 22),
    ],
)  # fmt: skip
def test_the_category_and_the_channel_of_the_account_choose_the_target(
    world: World, tma2: str, channel: str, quantity: int, target: int
) -> None:
    tma2s: dict[str, Any] = {code: CategoryTma2Factory(code=code) for code in "AC"}
    channels: dict[str, Any] = {code: ChannelFactory(code=code) for code in "BC"}
    MarginTarget.objects.all().delete()
    for percent, own in (
        (18, {}), (20, {"tma2": tma2s["A"]}), (22, {"tma2": tma2s["A"], "channel": channels["B"]}), (12, {"min_amount": 10_000}),
    ):  # fmt: skip
        MarginTarget.objects.create(target_percent=percent, **own)
    world.account.tma2, world.account.channel = tma2s.get(tma2), channels.get(channel)
    world.account.save()
    product = ProductFactory(cost=D("8.9"), floor_price=None)  # 11 %
    quote = services.quote_create(account_id=world.account.pk, by=world.rep, lines=[LineDraft(product, D(quantity))])
    services.quote_submit(quote_id=quote.pk, by=world.rep)
    (limit,) = Request.objects.get(run__subject_id=quote.pk).summary["limits"]
    assert (limit["gate"], limit["limit"]["en"], limit["actual"]["en"]) == ("quote_margin", f"{target}%", "11%")
