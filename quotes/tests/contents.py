"""Frozen contents made by hand, with everything a snapshot may say; the amounts are those that pricing would give."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from core import money
from quotes.snapshots import plain

Json = dict[str, Any]
KILO, LITRE = {"en": "kg", "fi": "kg"}, {"en": "l", "fi": "l"}


def line(position: int, **more: Any) -> Json:
    """A product at 10.00 with 10 % off, 5 of them, VAT 13.5 %; its id is ten times its position."""
    made: Json = {
        "id": position * 10,
        "position": position,
        "kind": "product",
        "sku": f"SKU-{position}",
        "name": {"en": f"Milk {position}", "fi": f"Maito {position}"},
        "description": {"en": "Fresh", "fi": "Tuore"},
        "unit": LITRE,
        "quantity": "5.000",
        "list_price": "10.0000",
        "net_price": "9.0000",
        "line_list": "50.00",
        "line_net": "45.00",
        "share": "0.00",
        "vat_percent": "13.5000",
        "discount_percent": "10.0000",
        "included": False,
        "optional": False,
        "selected": True,
        "alternative_to": None,
        "use_within_months": None,
        "parts": [],
        "usage": [],
        "price_unit": None,
    }
    return made | more


def option(position: int, **more: Any) -> Json:
    return line(position, **{"optional": True, "selected": False, **more})


def content(lines: Sequence[Json], *, header: tuple[str, str] = ("", "0"), **more: Any) -> Json:
    """A content of these lines with the totals they come to."""
    from quotes.options import priced

    made: Json = {
        "number": "Q-2026-00042",
        "revision": 2,
        "currency": "EUR",
        "price_date": "2026-11-20",
        "valid_until": "2026-12-20",
        "account": {"id": 1, "name": "Ravintola Öljylamppu", "number": "100"},
        "lines": list(lines),
        "header": {"kind": header[0], "value": header[1]},
        "payment_term": {"code": "net14", "label": {"en": "14 days net", "fi": "14 pv netto"}, "days": 14},
        "payment_type": {"code": "po", "label": {"en": "Purchase order", "fi": "Ostotilaus"}},
        "customer_note": "",
        "texts": [],
    } | more
    totals = priced(made, {row["id"] for row in lines if row["optional"] and row["selected"]})
    made["totals"] = {
        **{name: plain(getattr(totals, name)) for name in (
            "list_total", "line_total", "header_discount", "discount_total", "net_total", "vat_total", "gross_total",
        )},
        "vat": [{"rate": plain(row.rate), "base": plain(row.base), "amount": plain(row.amount)} for row in totals.vat],
    }  # fmt: skip
    return made


def many(count: int) -> Json:
    """A content of so many different lines."""
    lines = []
    for position in range(1, count + 1):
        price, quantity = Decimal(position) + Decimal("0.37"), Decimal(position % 7 + 1)
        net = money.unit_price(price * Decimal("0.93"))
        lines.append(
            line(
                position,
                sku=f"KAHVI-{position:05}",
                name={"en": f"Coffee number {position}", "fi": f"Kahvi numero {position}"},
                description={"en": "Dark roast, organic, in bags of a kilo", "fi": "Tummapaahtoinen luomukahvi kilon pusseissa"},
                quantity=plain(quantity),
                list_price=plain(price),
                net_price=plain(net),
                discount_percent="7",
                line_list=plain(money.cents(price * quantity)),
                line_net=plain(money.cents(net * quantity)),
                vat_percent=("25.5", "13.5", "10")[position % 3],
            )
        )
    return content(lines)


def parties(**more: Any) -> Json:
    """Parties as they are frozen on sending."""
    made: Json = {
        "date": "2026-11-21",
        "buyer": {
            "name": "Ravintola Öljylamppu", "business_id": "1234567-1", "vat_number": "FI12345671", "street": "Satamakatu 3",
            "postcode": "00160", "city": "Helsinki", "contact": "Åsa Öhman",
        },
        "invoice": {
            "name": "Öljylamppu laskut", "email": "laskut@lamppu.example", "street": "PL 7", "postcode": "00101",
            "city": "Helsinki",
        },
        "seller": {"name": "Riikka Repo", "email": "rep@tukku.example"},
        "company": {
            "name": "Tukku Oy", "street": "Teollisuuskatu 12", "postcode": "00510", "city": "Helsinki",
            "business_id": "2345678-0", "vat_number": "FI23456780", "email": "", "phone": "", "website": "", "logo": None,
        },
        "texts": {name: {"en": "", "fi": ""} for name in ("introduction", "delivery", "closing")},
        "terms": {"en": "", "fi": ""},
        "signature": False,
    }  # fmt: skip
    return made | more
