"""What the customer said when they declined a revision, for whoever writes the next one."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from quotes import comparing, comparison_selectors
from quotes.choices import PRICED_KINDS, Answer
from quotes.comparing import Json
from quotes.line_texts import SOW_CODE
from quotes.models import DeclineReason, Quote, QuoteAnswer, QuoteLine


class LineSaid(NamedTuple):
    """What was said of a line. `line`: its key and place in the new revision, None where it is gone by now."""

    line: int | None
    position: int
    sku: str
    reason: str
    comment: str

    @property
    def text(self) -> str:
        return ": ".join(text for text in (self.reason, self.comment) if text)


class Said(NamedTuple):
    """`revision`: the one that was declined."""

    revision: int
    name: str
    at: dt.datetime
    reason: str
    comment: str
    lines: list[LineSaid]


def said_by_line(said: Said | None) -> dict[int, str]:
    """What was said of the lines that are still there, by their keys."""
    return {line.line: line.text for line in said.lines if line.line is not None} if said else {}


def said_before(quote: Quote) -> Said | None:
    """What the customer said of the revision this one was made of; None where they did not decline it. No query for a first
    revision, one where nothing was declined, at most five."""
    if quote.previous_id is None:
        return None
    answers = QuoteAnswer.objects.filter(quote=quote.previous_id, answer=Answer.DECLINED)
    answer = answers.select_related("reason", "quote").first()
    if answer is None:
        return None
    given = list(_given(answer.line_reasons))
    lines = _lines_said(quote, answer.quote, given) if given else []
    reason = str(answer.reason) if answer.reason else ""
    return Said(answer.quote.revision, answer.name, answer.at, reason, answer.comment, lines)


def said_of(quote: Quote, answer: QuoteAnswer) -> list[LineSaid]:
    """What was said of single lines of the quote itself. No query where nothing was, two otherwise."""
    given = list(_given(answer.line_reasons))
    if not given:
        return []
    lines = _lines_of(quote)[quote.pk]
    return mapped(given, lines, lines, {line["id"]: line["id"] for line in lines}, _labels(given))


def _given(reasons: Any) -> Iterator[tuple[int, str, str]]:
    """`(line, code of the reason, comment)` of what makes sense among what was stored."""
    for row in reasons if isinstance(reasons, list) else ():
        if isinstance(row, dict) and isinstance(row.get("line"), int):
            yield row["line"], str(row.get("reason") or ""), str(row.get("comment") or "")


def _lines_said(quote: Quote, old: Quote, given: Sequence[tuple[int, str, str]]) -> list[LineSaid]:
    lines = _lines_of(old, quote)
    copied = comparison_selectors.copied(old, quote)
    return mapped(given, lines[old.pk], lines[quote.pk], copied, _labels(given))


def _labels(given: Sequence[tuple[int, str, str]]) -> dict[str, str]:
    return {row.code: str(row) for row in DeclineReason.objects.filter(code__in=[code for _line, code, _comment in given])}


def _lines_of(*quotes: Quote) -> dict[int, list[Json]]:
    """The lines of these quotes as far as it takes to find one again. One query."""
    found: dict[int, list[Json]] = {quote.pk: [] for quote in quotes}
    rows = QuoteLine.objects.filter(quote__in=quotes, kind__in=PRICED_KINDS).order_by("position", "pk")
    for pk, quote_id, sku, quantity, list_price in rows.values_list("pk", "quote", "product__sku", "quantity", "list_price"):
        of_quote = found[quote_id]
        of_quote.append(
            {"id": pk, "position": len(of_quote) + 1, "sku": sku or SOW_CODE, "quantity": quantity, "list_price": list_price}
        )
    return found


def mapped(
    given: Sequence[tuple[int, str, str]],
    before: Sequence[Json],
    after: Sequence[Json],
    copied: Mapping[int, int],
    labels: Mapping[str, str],
) -> list[LineSaid]:
    """What was said of lines of `before`, of the lines of `after` that stand for them. `labels`: by code of the reason."""
    old = {line["id"]: line for line in before}
    new = {was["id"]: key for key, was in comparing.partners(before, after, copied).items()}
    places = {line["id"]: line["position"] for line in after}
    return [
        LineSaid(
            line=new.get(key),
            position=places[new[key]] if key in new else old[key]["position"],
            sku=old[key]["sku"],
            reason=labels.get(code, code),
            comment=comment,
        )
        for key, code, comment in given
        if key in old
    ]
