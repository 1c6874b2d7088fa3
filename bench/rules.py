"""The rules of configuration held against a long quote, as the editor does after each change: read, checked and put in words."""

import time
from collections.abc import Callable, Iterator

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from bench.house import House
from bench.measure import in_turns
from bench.report import Result
from catalog.choices import LIMITS, RuleKind
from catalog.models import ConfigurationRule, Product, ProductGroup
from core.set_up import SetUpMiddleware
from quotes import configuring, selectors
from quotes.models import Quote, QuoteLine

LINES, RULES, GROUPS, PARTS = 200, 500, 20, 5
WORK = f"configuration of {LINES} lines by {RULES} rules"


def rules(house: House) -> Iterator[Result]:
    draft = house.drafts.ours(LINES, 1)[0]
    with transaction.atomic():
        yield measured(draft.pk, [item.pk for item in house.stock if item.is_plain])
        transaction.set_rollback(True)


def measured(quote_id: int, products: list[int]) -> Result:
    """The work at this quote, which gets bundles, rules of these products and groups of them; the caller takes that back."""
    _furnish(quote_id, products)
    quote = Quote.objects.select_related("account").get(pk=quote_id)
    priced = selectors.priced(quote)

    def work() -> int:
        return len(configuring.advice_of(quote, priced))

    times = in_turns({WORK: lambda _number: _in_a_request(work)[0]}, {})
    with CaptureQueriesContext(connection) as statements:
        _ms, broken = _in_a_request(work)
    return Result(WORK, ours_ms=times.ms[WORK], sql=len(statements), note=f"{broken} of the rules are broken")


def _in_a_request(work: Callable[[], int]) -> tuple[float, int]:
    """Milliseconds and the answer, with what administrators set up in memory, as in a request of the editor."""
    told: list[tuple[float, int]] = []

    def respond(request: HttpRequest) -> HttpResponse:
        middleware.process_view(request)
        began = time.perf_counter()
        answer = work()
        told.append(((time.perf_counter() - began) * 1000, answer))
        return HttpResponse()

    middleware, request = SetUpMiddleware(respond), HttpRequest()
    request.resolver_match = resolve("/")
    middleware(request)
    return told[0]


def _furnish(quote_id: int, products: list[int]) -> None:
    """Every product has a group, every fourth line holds a bundle, and every rule speaks of what the quote has."""
    groups = ProductGroup.objects.bulk_create(
        [ProductGroup(code=f"bench-{number}", label_en=f"Group {number}", label_fi=f"Ryhmä {number}") for number in range(GROUPS)]
    )
    quoted = list(QuoteLine.objects.filter(quote=quote_id, product__isnull=False).order_by("position"))
    parts = [key for key in products if key not in {line.product_id for line in quoted}][: LINES * PARTS // 4] or products
    spoken_of = [line.product_id or 0 for line in quoted] + parts
    for number, group in enumerate(groups):
        Product.objects.filter(pk__in=spoken_of[number::GROUPS]).update(group=group)
    for number, line in enumerate(quoted[::4]):
        held = [parts[(number * PARTS + place) % len(parts)] for place in range(PARTS)]
        line.parts = {"options": [], "parts": [{"product": key, "quantity": "2.000", "option": False} for key in held]}
    QuoteLine.objects.bulk_update(quoted[::4], ["parts"])
    ConfigurationRule.objects.bulk_create([_rule(number, spoken_of, groups) for number in range(RULES)])


def _rule(number: int, products: list[int], groups: list[ProductGroup]) -> ConfigurationRule:
    """Of a product or, every third, of a group; about another product or group, or with a limit."""
    kind = list(RuleKind)[number % len(RuleKind)]
    rule = ConfigurationRule(kind=kind, message_en="Keep it.", message_fi="Noudata.")
    if number % 3:
        rule.subject_product_id = products[number * 7 % len(products)]
    else:
        rule.subject_group = groups[number % GROUPS]
    if kind in LIMITS:
        rule.quantity = 1 + number % 50
    elif number % 2:
        rule.object_product_id = products[(number * 11 + 1) % len(products)]
    else:
        rule.object_group = groups[(number + 7) % GROUPS]
    return rule
