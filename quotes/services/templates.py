"""Templates: made of quotes, renamed and shared, put into drafts, taken out of use."""

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core import events, versions
from core.errors import Invalid, require
from quotes import line_texts, policies, selectors, template_selectors
from quotes.choices import LineKind, Sharing
from quotes.models import Quote, QuoteLine, QuoteTemplate, QuoteTemplateLine
from quotes.services.drafting import quote_create
from quotes.services.taking import take
from users.models import User
from users.roles import Perm

LONGEST_NAME = 120
_KEPT = (
    "position", "kind", "product_id", "text", "quantity", "unit_id", "numerator", "denominator", "discount_kind",
    "discount_value", "optional", "yearly_volume",
)  # fmt: skip


@transaction.atomic
def template_make_from_quote(
    *, quote_id: int, by: User, name: str, shared_with: str = Sharing.ME, section: int | None = None
) -> QuoteTemplate:
    """The lines of the quote, or those of one section of it, under a name. Statements of work are of one case and stay out.

    `section`: key of its heading. Raises: NotFound, NotAllowed; Invalid for a bad name or sharing, and where no line is left.
    """
    require(by.may(Perm.QUOTE_EDIT))
    quote = selectors.quote_for(by, quote_id, related=())
    lines = [line for line in _chosen(quote, section) if line.kind != LineKind.SOW]
    if not lines:
        raise Invalid(_("There are no lines to keep."))
    template = QuoteTemplate(name=_name(name), shared_with=_sharing(shared_with), owner=by)
    template.save(force_insert=True)
    made = [
        QuoteTemplateLine(
            template=template,
            options=line_texts.options_of(line.parts),
            **{field: getattr(line, field) for field in _KEPT},
        )
        for line in lines
    ]
    QuoteTemplateLine.objects.bulk_create(made)
    _keep_alternatives(lines, made)
    return template


def _chosen(quote: Quote, section: int | None) -> list[QuoteLine]:
    lines = template_selectors.lines_of_quote(quote)
    if section is None:
        return lines
    start = next((place for place, line in enumerate(lines) if line.pk == section and line.kind == LineKind.SECTION), None)
    if start is None:
        text = _("There is no such section in this quote.")
        raise Invalid(text, fields={"section": text})
    ends = (place for place, line in enumerate(lines) if place > start and line.kind == LineKind.SECTION)
    return lines[start : next(ends, None)]


def _keep_alternatives(lines: Sequence[QuoteLine], made: Sequence[QuoteTemplateLine]) -> None:
    of_line = {line.pk: kept for line, kept in zip(lines, made, strict=True)}
    options = [kept for line, kept in zip(lines, made, strict=True) if line.alternative_to_id in of_line]
    for line, kept in zip(lines, made, strict=True):
        kept.alternative_to = of_line.get(line.alternative_to_id or 0)
    QuoteTemplateLine.objects.bulk_update(options, ["alternative_to"])


@transaction.atomic
def template_insert(
    *, quote_id: int, template_id: int, by: User, version: int | None = None, before: int | None = None, leave_out: bool = False
) -> list[QuoteLine]:
    """The lines of the template in the draft: before a line, or as the last ones.

    `leave_out`: without those that cannot be sold any more. Raises: as `lines_add`; Invalid naming such lines otherwise.
    """
    template = template_selectors.template_for(by, template_id)
    lines = template_selectors.lines_of_template(template)
    made, left_out = take(quote_id, lines, by, version=version, before=before, leave_out=leave_out)
    events.record(made[0].quote, "template inserted", by=by, reason=template.name, template=template.pk, left_out=left_out)
    return made


@transaction.atomic
def quote_create_from_template(
    *, account_id: int, template_id: int, by: User, opportunity_id: int | None = None, leave_out: bool = False
) -> Quote:
    """A draft for the account with the lines of the template. Raises: as `quote_create` and `template_insert`."""
    quote = quote_create(account_id=account_id, by=by, opportunity_id=opportunity_id)
    made = template_insert(quote_id=quote.pk, template_id=template_id, by=by, leave_out=leave_out)
    return made[0].quote


@transaction.atomic
def template_change(
    *, template_id: int, by: User, version: int | None = None, name: str | None = None, shared_with: str | None = None
) -> QuoteTemplate:
    """The template under another name, or seen by others. Raises: NotFound, NotAllowed, StaleVersion, Invalid with the field."""
    template = template_selectors.template_for_update(by, template_id)
    require(policies.may_change_template(by, template))
    versions.require(template, version)
    if name is not None:
        template.name = _name(name)
    if shared_with is not None:
        template.shared_with = _sharing(shared_with)
    versions.bump(template)
    template.save(update_fields=["name", "shared_with", "version"])
    return template


@transaction.atomic
def template_remove(*, template_id: int, by: User) -> QuoteTemplate:
    """The template is out of use; quotes that were made with it stay. Raises: NotFound, NotAllowed."""
    template = template_selectors.template_for_update(by, template_id)
    require(policies.may_change_template(by, template))
    template.is_active = False
    versions.bump(template)
    template.save(update_fields=["is_active", "version"])
    return template


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        text = _("Give it a name of at most %(most)s characters.") % {"most": LONGEST_NAME}
        raise Invalid(text, fields={"name": text})
    return name


def _sharing(value: str) -> str:
    if value not in Sharing.values:
        text = _("Choose who sees it.")
        raise Invalid(text, fields={"shared_with": text})
    return value
