"""Quotes for the measurements: drafts of a given length, ours with one line below its floor price, the floor's alike."""

import random
from dataclasses import dataclass

import psycopg2
from django.db import transaction

from accounts.models import Account
from bench import data
from core import clock
from crm.demo_large.deals import Numbers
from crm.demo_large.orders import Ordered
from crm.demo_large.quotes import Writer
from crm.demo_large.stock import Item
from quotes.choices import QuoteStatus
from quotes.models import QuoteLine
from quotes.services.drafting import SERIES
from users.models import User


@dataclass(frozen=True)
class Draft:
    """A draft to work with: its key and the keys of its lines."""

    pk: int
    lines: list[int]


class Drafts:
    """Makes drafts of one rep, for one of his or her customers."""

    def __init__(self, rep: User, stock: list[Item]) -> None:
        self.rep, self.stock = rep, [item for item in stock if item.is_plain]
        customers = Account.objects.filter(owner=rep, status="active", contacts__is_default=True)
        self.account: Account = customers.order_by("pk")[0]
        self.account.owner = rep

    @transaction.atomic
    def ours(self, lines: int, count: int) -> list[Draft]:
        """Drafts that need a yes for their first line, made without the services: the same rows, quicker."""
        rng, numbers, today = random.Random(lines), Numbers(SERIES), clock.today()
        orders = [
            Ordered(
                self.account, QuoteStatus.DRAFT, today, numbers.next(today.year), rng.choices(self.stock, k=lines), needs_yes=True
            )
            for _number in range(count)
        ]
        Writer(rng).write(orders)
        numbers.keep()
        keys: dict[int, list[int]] = {}
        rows = QuoteLine.objects.filter(quote__in=[order.pk for order in orders]).order_by("quote", "position")
        for quote, line in rows.values_list("quote_id", "pk"):
            keys.setdefault(quote, []).append(line)
        return [Draft(order.pk, keys[order.pk]) for order in orders]

    def floor(self, lines: int, count: int) -> list[Draft]:
        """As many on the floor, for the same customer."""
        connection = psycopg2.connect(data.url("floor"))
        with connection, connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO floor_quote (account_id, owner_id, status, net_total, gross_total, created_at) "
                "SELECT %s, %s, 'draft', 0, 0, now() FROM generate_series(1, %s) RETURNING id",
                [self.account.pk, self.rep.pk, count],
            )
            quotes = [row[0] for row in cursor.fetchall()]
            cursor.execute(
                "INSERT INTO floor_line "
                "(quote_id, position, product_id, quantity, list_price, discount_percent, vat_percent, line_net) "
                "SELECT q, row_number() OVER (PARTITION BY q), p.id, 10, p.list_price, 0, p.vat_percent, "
                "round(p.list_price * 10, 2) FROM unnest(%s) q "
                "CROSS JOIN (SELECT * FROM floor_product ORDER BY id LIMIT %s) p RETURNING quote_id, id",
                [quotes, lines],
            )
            keys: dict[int, list[int]] = {}
            for quote, line in cursor.fetchall():
                keys.setdefault(quote, []).append(line)
        connection.close()
        return [Draft(quote, keys[quote]) for quote in quotes]


def skus(stock: list[Item], lines: int) -> list[str]:
    """Codes of so many products that anybody may sell."""
    return [item.texts.sku for item in stock if item.is_plain][:lines]
