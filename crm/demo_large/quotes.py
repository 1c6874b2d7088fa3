"""Writes quotes with all that belongs to them: lines, snapshots, approvals, documents, answers, events and history.

A row is inserted in the state in which its life begins and then moved, many at once, along the moves that the database allows.
"""

import datetime as dt
import random
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import F, OuterRef, Subquery

from accounts import payment_terms
from accounts.models import Contact, PaymentTerm, PaymentTermRule, PaymentType
from core import money
from core.db import bulk
from core.models import Event
from crm.demo_large import papers
from crm.demo_large.decisions import Desk
from crm.demo_large.orders import COLUMNS, Made, Ordered
from crm.demo_large.rows import CHANGED, remember, store
from crm.demo_large.stock import Item
from quotes import pricing, snapshots, triggers
from quotes.choices import DiscountKind, HeaderDiscountKind, QuoteStatus as S, Trigger
from quotes.models import MarginTarget, Quote, QuoteDocument, QuoteLine, QuoteSnapshot
from quotes.selectors import Quoted
from quotes.services.drafting import VALID_DAYS
from quotes.services.pricing_lines import NO_FIGURE
from users.models import User

_LINE = (
    "id", "quote_id", "position", "product_id", "quantity", "list_price", "cost", "floor_price", "vat_percent",
    "discount_kind", "discount_value", "optional", "selected", "line_list", "line_net",
)  # fmt: skip


class Writer:
    """Writes quotes; holds the look-ups that they need. Numbers have the places that the database would give them back with:
    what is frozen is hashed as text."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        columns = (
            "id", "payment_term", "priority", "tma2", "classification", "industry", "business_size", "min_amount", "max_amount",
        )  # fmt: skip
        self.rules = [payment_terms.Rule(**row) for row in PaymentTermRule.objects.filter(is_active=True).values(*columns)]
        self.terms = PaymentTerm.objects.in_bulk()
        self.payment_type = PaymentType.objects.filter(is_active=True).first()
        rows = MarginTarget.objects.values_list("id", "tma2", "channel", "min_amount", "target_percent")
        self.targets = [pricing.Target(*row) for row in rows]
        self.desk = Desk()

    def write(self, orders: Sequence[Ordered]) -> None:
        """Store these quotes and bring them to their states; a first revision before the one that replaces it."""
        for revision in sorted({order.revision for order in orders}):
            self._write([order for order in orders if order.revision == revision])

    def _write(self, orders: Sequence[Ordered]) -> None:
        recipients = Contact.objects.filter(is_default=True, account__in={order.account.pk for order in orders})
        contacts = {contact.account_id: contact for contact in recipients}
        line_keys = iter(bulk.new_keys(QuoteLine, sum(len(order.items) for order in orders)))
        for order, key in zip(orders, bulk.new_keys(Quote, len(orders)), strict=True):
            order.pk = key
        quotes = [self._make(order, contacts.get(order.account.pk), line_keys) for order in orders]
        stamps = [(one.order.began, one.by.pk) for one in quotes]
        store(Quote, COLUMNS, (one.row() for one in quotes), stamps)
        lines = [(row, stamp) for one, stamp in zip(quotes, stamps, strict=True) for row in _line_rows(one)]
        store(QuoteLine, _LINE, (row for row, _stamp in lines), (stamp for _row, stamp in lines))
        self._freeze([one for one in quotes if one.reached(S.IN_REVIEW, S.APPROVED)])
        self.desk.ask([one for one in quotes if one.reached(S.IN_REVIEW)], self._breaches)
        papers.send([one for one in quotes if one.reached(S.SENT)])
        self._move(quotes)
        bulk.copy_rows(
            Event,
            ("subject_type", "subject_id", "verb", "by_id", "by_name", "data", "at"),
            (row for one in quotes for row in _events(one, self.desk.approver)),
        )

    def _make(self, order: Ordered, contact: Contact | None, keys: Iterator[int]) -> Made:
        owner = order.account.owner
        if owner is None:
            raise ValueError("only accounts with an owner get quotes")
        quote = Quote(
            id=order.pk,
            number=order.number,
            revision=order.revision,
            previous_id=order.previous.pk if order.previous else None,
            account=order.account,
            opportunity_id=order.opportunity_id,
            contact=contact,
            owner=owner,
            last_editor=owner,
            language=contact.language if contact else "fi",
            valid_until=order.day + dt.timedelta(days=VALID_DAYS),
            price_date=order.day,
            payment_type=order.account.payment_type or self.payment_type,
            account_discount=order.account.default_discount,
            created_at=order.began,
        )
        if self.rng.random() < 0.1:
            quote.header_discount_kind, quote.header_discount_value = HeaderDiscountKind.PERCENT, Decimal(self.rng.randint(1, 3))
        lines = [self._line(item, next(keys), not number and order.needs_yes) for number, item in enumerate(order.items)]
        header = pricing.Header(quote.account_discount, quote.header_discount_kind, quote.header_discount_value)
        made = Made(order, quote, pricing.price_quote(lines, header))
        self._total_up(quote, made.priced.totals)
        return made

    def _line(self, item: Item, key: int, below_floor: bool) -> pricing.Line:
        quantity = money.quantize(Decimal(self.rng.choice((1, 2, 4, 5, 6, 8, 10, 12, 20, 24, 50, 100, 144))), 3)
        list_price, cost, floor_price = item.price(quantity)
        kind, value = DiscountKind.NET_PRICE, money.unit_price(list_price * Decimal("0.78"))
        if not below_floor:
            kind, value = self._discount(list_price)
        return pricing.Line(
            id=key,
            quantity=quantity,
            list_price=list_price,
            vat_percent=item.vat_percent,
            discount_kind=kind,
            discount_value=value,
            cost=cost,
            floor_price=floor_price,
            optional=not below_floor and self.rng.random() < 0.03,
            outside_catalogue=item.outside_catalogue,
        )

    def _discount(self, list_price: Decimal) -> tuple[DiscountKind, Decimal]:
        """Mostly none, else a usual one: together with all the others it stays above the floor."""
        chance = self.rng.random()
        if chance < 0.55:
            return DiscountKind.NONE, Decimal("0.0000")
        if chance < 0.85:
            return DiscountKind.PERCENT, money.quantize(Decimal(self.rng.randint(1, 8)), 4)
        share = Decimal("0.03") if chance < 0.95 else Decimal("0.93")
        return DiscountKind.AMOUNT if chance < 0.95 else DiscountKind.NET_PRICE, money.unit_price(list_price * share)

    def _total_up(self, quote: Quote, totals: pricing.Totals) -> None:
        quote.list_total, quote.net_total, quote.gross_total = totals.list_total, totals.net_total, totals.gross_total
        margin = totals.margin_percent
        quote.margin_percent = None if margin is None or abs(margin) >= NO_FIGURE else margin
        account = quote.account
        facts = payment_terms.Facts(
            account.tma2_id, account.classification_id, account.industry_id, account.business_size_id, quote.net_total
        )
        rule = payment_terms.advise(self.rules, facts)
        quote.payment_term = account.payment_term or (self.terms[rule.payment_term] if rule else None)

    def _breaches(self, one: Made) -> list[triggers.Breach]:
        account = one.quote.account
        return triggers.breaches(one.priced, pricing.Targets(self.targets, account.tma2_id, account.channel_id))

    def _freeze(self, quotes: Sequence[Made]) -> None:
        for one, key in zip(quotes, bulk.new_keys(QuoteSnapshot, len(quotes)), strict=True):
            texts = {row.line.id: item.texts for row, item in zip(one.priced.lines, one.order.items, strict=True)}
            one.snapshot_id, one.content = key, snapshots.content_of(one.quote, Quoted(one.priced, texts))
            one.commercial_hash = snapshots.commercial_hash(one.content)
        bulk.copy_rows(
            QuoteSnapshot,
            ("id", "quote_id", "version", "text", "commercial_hash", "by_id", "at"),
            (
                (
                    one.snapshot_id,
                    one.quote.pk,
                    2,
                    snapshots.canonical(one.content),
                    one.commercial_hash,
                    one.by.pk,
                    one.order.at(one.order.path[0]),
                )
                for one in quotes
            ),
        )

    def _move(self, quotes: Iterable[Made]) -> None:
        """Everybody's first step, then everybody's second one, …, each kind of step by one statement."""
        going = [one for one in quotes if one.order.path]
        step = 0
        while going:
            for target in sorted({one.order.path[step] for one in going}):
                movers = [one for one in going if one.order.path[step] == target]
                self._step(target, movers)
            step += 1
            going = [one for one in going if len(one.order.path) > step]

    def _step(self, target: S, movers: Sequence[Made]) -> None:
        changes: dict[str, Any] = {"status": target, "version": F("version") + 1}
        if target == S.SENT:
            document = QuoteDocument.objects.filter(quote=OuterRef("pk"))
            changes |= {"sent_at": Subquery(document.values("sent_at")[:1]), "sent_by": Subquery(document.values("sent_by")[:1])}
        for start in range(0, len(movers), 900):
            Quote.objects.filter(pk__in=[one.quote.pk for one in movers[start : start + 900]]).update(**changes)
        stamps = [(one.order.at(target), one.by.pk) for one in movers]
        remember(Quote, CHANGED, COLUMNS, zip((one.row(target) for one in movers), stamps, strict=True))
        if target == S.APPROVED:
            self.desk.decide([one for one in movers if one.reached(S.IN_REVIEW)])


def _line_rows(one: Made) -> Iterator[tuple[Any, ...]]:
    for position, (row, item) in enumerate(zip(one.priced.lines, one.order.items, strict=True), 1):
        line = row.line
        yield (
            line.id, one.quote.pk, position, item.pk, line.quantity, line.list_price, line.cost, line.floor_price,
            line.vat_percent, line.discount_kind, line.discount_value, line.optional, line.selected, row.line_list, row.line_net,
        )  # fmt: skip


def _events(one: Made, approver: User) -> Iterator[tuple[Any, ...]]:
    """What the timeline of a quote would say."""
    quote, by = one.quote, one.by

    def event(verb: str, at: dt.datetime, person: User | None = by, name: str = "", **data: Any) -> tuple[Any, ...]:
        shown = name or (person.display_name if person else "")
        return ("quote", quote.pk, verb, person.pk if person else None, shown, data, at)

    yield event("created", one.order.began)
    for step in one.order.path:
        at = one.order.at(step)
        if step == S.APPROVED and not one.reached(S.IN_REVIEW):
            yield event("submitted", at, gates=[])
        elif step == S.IN_REVIEW:
            yield event("submitted", at, gates=[Trigger.FLOOR.value])
        elif step == S.APPROVED:
            yield event("approved", at, approver)
        elif step in (S.ACCEPTED, S.DECLINED):
            yield event(step.value, at, None, quote.contact.name if quote.contact else "demo")
        elif step == S.EXPIRED:
            yield event("expired", at, None)
        elif step == S.SENT:
            yield event("sent", at, to=[quote.contact.email] if quote.contact else [])
        elif step in (S.SUPERSEDED, S.CANCELLED):
            yield event(step.value, at)
