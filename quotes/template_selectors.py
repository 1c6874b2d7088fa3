"""Reads of templates and of what else lines can be taken from. `…_for_update` are the only locks."""

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from core import db
from core.db import searching
from core.errors import NotFound
from quotes.models import Quote, QuoteLine, QuoteTemplate, QuoteTemplateLine
from users.models import User

MOST_OFFERED = 100
MOST_QUOTES = 10
_WITH = ("product__vat_rate", "product__unit", "product__merged_into__vat_rate", "product__merged_into__unit", "unit")


def templates_for(user: User, text: str = "") -> QuerySet[QuoteTemplate]:
    """The templates in sight of this person whose name contains every word of `text`; each with its `line_count`."""
    lines = QuoteTemplateLine.objects.filter(template=OuterRef("pk")).order_by().values("template")
    count = Coalesce(Subquery(lines.annotate(count=Count("pk")).values("count"), output_field=IntegerField()), 0)
    templates = QuoteTemplate.objects.visible_to(user).select_related("owner").annotate(line_count=count)
    return searching.contains(templates, ["name"], text)


def templates_offered(user: User, text: str = "") -> list[QuoteTemplate]:
    """The same for a sheet: one's own first, then by name; the first hundred."""
    found = list(templates_for(user, text).order_by("name", "pk")[:MOST_OFFERED])
    return sorted(found, key=lambda template: template.owner_id != user.pk)


def template_for(user: User, template_id: int) -> QuoteTemplate:
    """A template in sight of this person. Raises: NotFound."""
    return _found(templates_for(user).filter(pk=template_id).first())


def template_for_update(user: User, template_id: int) -> QuoteTemplate:
    """The same, its row locked until the transaction ends. Raises: NotFound."""
    seen = QuoteTemplate.objects.visible_to(user).filter(pk=template_id).values("pk")
    return _found(QuoteTemplate.objects.select_for_update(**db.lock_options()).filter(pk__in=seen).first())


def _found(template: QuoteTemplate | None) -> QuoteTemplate:
    if template is None:
        raise NotFound
    return template


def lines_of_template(template: QuoteTemplate) -> list[QuoteTemplateLine]:
    """Its lines with their products, in their order."""
    return list(template.lines.select_related(*_WITH).order_by("position"))


def lines_of_quote(quote: Quote) -> list[QuoteLine]:
    """The same of a quote."""
    return list(quote.lines.select_related(*_WITH).order_by("position", "id"))


def quotes_offered(user: User, quote: Quote, text: str = "") -> list[Quote]:
    """Other quotes in sight to take lines from: those whose number or customer contains every word of `text`; without one, those
    of the same customer. The latest first."""
    others = Quote.objects.visible_to(user).exclude(pk=quote.pk).select_related("account").order_by("-pk")
    found = searching.contains(others, ["number", "account__name"], text) if text else others.filter(account=quote.account_id)
    return list(found[:MOST_QUOTES])
