"""One view per work of the benchmark."""

import json
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import CharField, Lookup, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from bench.floor.models import Account, Line, Note, Product, Quote

CENT = Decimal("0.01")
PER_PAGE = 50


@CharField.register_lookup
class ILike(Lookup):
    """`ILIKE`, which a trigram index serves; Django's `icontains` compares upper case and is not served by it."""

    lookup_name = "ilike"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} {'ILIKE' if connection.vendor == 'postgresql' else 'LIKE'} {right}", [*left_params, *right_params]


def _net(quantity: Decimal, list_price: Decimal, discount: Decimal) -> Decimal:
    return (quantity * list_price * (100 - discount) / 100).quantize(CENT, ROUND_HALF_UP)


def _totals(lines: Iterable[tuple[Decimal, Decimal]]) -> dict[str, Any]:
    bases: dict[Decimal, Decimal] = {}
    for rate, net in lines:
        bases[rate] = bases.get(rate, Decimal(0)) + net
    net_total = sum(bases.values(), Decimal(0))
    vat = sum(((base * rate / 100).quantize(CENT, ROUND_HALF_UP) for rate, base in bases.items()), Decimal(0))
    return {"net_total": net_total, "gross_total": net_total + vat}


def _line(line: Line) -> dict[str, Any]:
    return {
        "id": line.pk,
        "position": line.position,
        "sku": line.product.sku,
        "name": line.product.name,
        "unit": line.product.unit,
        "quantity": line.quantity,
        "list_price": line.list_price,
        "discount_percent": line.discount_percent,
        "vat_percent": line.vat_percent,
        "line_net": line.line_net,
    }


@login_required
@require_POST
@transaction.atomic
def create(request: HttpRequest) -> HttpResponse:
    given = json.loads(request.body)
    products = {product.sku: product for product in Product.objects.filter(sku__in=[line["sku"] for line in given["lines"]])}
    quote = Quote.objects.create(account_id=given["account"], owner=request.user)
    lines = []
    for position, row in enumerate(given["lines"], 1):
        product, quantity, discount = products[row["sku"]], Decimal(row["quantity"]), Decimal(row.get("discount_percent", 0))
        lines.append(
            Line(
                quote=quote,
                position=position,
                product=product,
                quantity=quantity,
                list_price=product.list_price,
                discount_percent=discount,
                vat_percent=product.vat_percent,
                line_net=_net(quantity, product.list_price, discount),
            )
        )
    Line.objects.bulk_create(lines)
    totals = _totals((line.vat_percent, line.line_net) for line in lines)
    Quote.objects.filter(pk=quote.pk).update(**totals)
    return JsonResponse({"id": quote.pk, "lines": [_line(line) for line in lines], "totals": totals}, status=201)


@login_required
@require_POST
@transaction.atomic
def change_line(request: HttpRequest, pk: int, line_pk: int) -> HttpResponse:
    quote = get_object_or_404(Quote.objects.select_for_update(), pk=pk)
    line = get_object_or_404(Line.objects.select_related("product"), pk=line_pk, quote=quote)
    line.quantity = Decimal(json.loads(request.body)["quantity"])
    line.line_net = _net(line.quantity, line.list_price, line.discount_percent)
    line.save(update_fields=["quantity", "line_net"])
    totals = _totals(Line.objects.filter(quote=quote).values_list("vat_percent", "line_net"))
    Quote.objects.filter(pk=pk).update(**totals)
    return JsonResponse({"line": _line(line), "totals": totals})


@login_required
def quote_json(request: HttpRequest, pk: int) -> HttpResponse:
    quote = get_object_or_404(Quote.objects.select_related("account"), pk=pk)
    lines = Line.objects.filter(quote=quote).select_related("product").order_by("position")
    return JsonResponse(
        {
            "id": quote.pk,
            "status": quote.status,
            "account": quote.account.name,
            "lines": [_line(line) for line in lines],
            "totals": {"net_total": quote.net_total, "gross_total": quote.gross_total},
        }
    )


@login_required
def quote_page(request: HttpRequest, pk: int) -> HttpResponse:
    quote = get_object_or_404(Quote.objects.select_related("account", "owner"), pk=pk)
    lines = Line.objects.filter(quote=quote).select_related("product").order_by("position")
    return render(request, "floor/quote.html", {"quote": quote, "lines": lines})


NEXT = {"submit": ("draft", "in_review"), "approve": ("in_review", "approved"), "send": ("approved", "sent")}


@login_required
@require_POST
def move(request: HttpRequest, pk: int, move: str) -> HttpResponse:
    source, target = NEXT[move]
    _move(pk, source, target, with_lines=move == "submit")
    return HttpResponseRedirect(f"/quotes/{pk}/")


@transaction.atomic
def _move(pk: int, source: str, target: str, *, with_lines: bool) -> None:
    """The status, and a row that keeps what was submitted, decided or sent."""
    quote = get_object_or_404(Quote.objects.select_for_update(), pk=pk, status=source)
    quote.status = target
    quote.save(update_fields=["status"])
    content: dict[str, Any] = {"net_total": str(quote.net_total)}
    if with_lines:
        columns = ("position", "product__sku", "product__name", "quantity", "list_price", "discount_percent", "line_net")
        rows = Line.objects.filter(quote=quote).order_by("position").values_list(*columns)
        content["lines"] = [[str(cell) for cell in row] for row in rows]
    Note.objects.create(quote=quote, kind=target, content=content)


def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """The customer's page: no log-in; a GET shows the lines and the form, a POST accepts."""
    if request.method == "POST":
        _move(pk, "sent", "accepted", with_lines=False)
        return HttpResponseRedirect(request.path)
    quote = get_object_or_404(Quote.objects.select_related("account"), pk=pk)
    lines = Line.objects.filter(quote=quote).select_related("product").order_by("position")
    return render(request, "floor/quote.html", {"quote": quote, "lines": lines})


@login_required
def accounts(request: HttpRequest) -> HttpResponse:
    """Fifty customers by name, after a row (`?name=&id=`), or those with a text in their name (`?q=`)."""
    found: QuerySet[Account] = Account.objects.select_related("owner").order_by("name", "id")
    if request.GET.get("q"):
        found = found.filter(name__ilike=f"%{request.GET['q']}%")
    if request.GET.get("name"):
        name, pk = request.GET["name"], request.GET["id"]
        found = found.filter(Q(name__gt=name) | Q(name=name, id__gt=pk), name__gte=name)
    return render(request, "floor/accounts.html", {"accounts": found[:PER_PAGE]})
