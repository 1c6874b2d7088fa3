"""Lines taken into a draft from a template or from another quote, at the prices of the draft's day."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from core.errors import Invalid
from quotes import line_texts, selectors
from quotes.models import Quote, QuoteLine, QuoteTemplateLine
from quotes.services.lines import lines_add
from quotes.services.pricing_lines import TOTALS, Discount, LineDraft, Measure, draft_for_update, price, problems_of
from users.models import User

AnyLine = QuoteLine | QuoteTemplateLine


class Selection(NamedTuple):
    """Of some lines those that a draft would take, and why not the others: a sentence for each."""

    lines: list[AnyLine]
    left_out: list[str]


def draft_of(line: AnyLine) -> LineDraft:
    """The line once more, a merged product as what it became; a statement of work keeps the price that pre-sales gave it."""
    own: dict[str, Any] = {}
    more: dict[str, Any] = {"yearly_volume": line.yearly_volume}
    if isinstance(line, QuoteLine):
        options = line_texts.options_of(line.parts)
        more |= {name: getattr(line, name) for name in ("effort_days", "specialist", "feasibility", "selected")}
        if line.product is None:
            own = {"list_price": line.list_price, "cost": line.cost, "vat_percent": line.vat_percent}
    else:
        options = line.options
    return LineDraft(
        product=line.product and (line.product.merged_into or line.product),
        quantity=line.quantity,
        discount=Discount(line.discount_kind, line.discount_value),
        optional=line.optional,
        kind=line.kind,
        text=line.text,
        measure=Measure(line.unit, line.numerator, line.denominator),
        options=tuple(options),
        more=more,
        **own,
    )


def selection(quote: Quote, by: User, lines: Sequence[AnyLine]) -> Selection:
    """What this draft would take of the lines today: products that are no longer sold or have no price it would not."""
    problems = problems_of(quote, by, [draft_of(line) for line in lines])
    kept = [line for index, line in enumerate(lines) if index not in problems]
    return Selection(kept, list(dict.fromkeys(str(problem) for problem in problems.values())))


def take(
    quote_id: int, lines: Sequence[AnyLine], by: User, *, version: int | None, before: int | None, leave_out: bool
) -> tuple[list[QuoteLine], list[str]]:
    """The lines in the draft, and what was left out of them.

    Raises: as `lines_add`; Invalid, with the sentences about lines that cannot be taken, unless they may be left out.
    """
    quote = draft_for_update(quote_id, by, version)
    found = selection(quote, by, lines)
    if found.left_out and not leave_out:
        raise Invalid(" ".join(found.left_out), fields={"lines": " ".join(found.left_out)})
    if not found.lines:
        raise Invalid(_("There is no line in it that could be taken."))
    made = lines_add(quote_id=quote_id, drafts=list(map(draft_of, found.lines)), by=by, version=version, before=before)
    keep_alternatives(found.lines, made)
    return made, found.left_out


def keep_alternatives(lines: Sequence[AnyLine], copies: Sequence[QuoteLine]) -> None:
    """A line that stands for another one does so in the copy, if that one has come along; where it is chosen, instead of it."""
    places = {line.pk: place for place, line in enumerate(lines)}
    for line, copy in zip(lines, copies, strict=True):
        if line.alternative_to_id in places:
            copy.alternative_to = copies[places[line.alternative_to_id]]
            copy.save(update_fields=["alternative_to"])
    if any(copy.selected and copy.alternative_to_id for copy in copies):
        quote = copies[0].quote
        quote.priced = price(quote, selectors.amount_lines(quote.pk))
        quote.save(update_fields=TOTALS)
