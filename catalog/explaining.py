"""Rules of configuration in words, and what they make of a quote."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from catalog.choices import RuleKind
from catalog.configuration import Contradiction, Finding, Line, Rule, things_of
from core import languages
from core.templatetags.ui import notation


def said(texts: Sequence[str]) -> str:
    """The text in the active language, of one in every language."""
    return texts[languages.CODES.index(languages.active())] if texts else ""


def rule_words(rule: Rule) -> str:
    """ "“A” requires “B”". Forms show half a rule as well."""
    quantity = "?" if rule.quantity is None else notation().quantity(rule.quantity)
    words = {"subject": said(rule.subject_name), "object": said(rule.object_name), "quantity": quantity}
    return {
        RuleKind.REQUIRES: _("“%(subject)s” requires “%(object)s”"),
        RuleKind.EXCLUDES: _("“%(subject)s” excludes “%(object)s”"),
        RuleKind.RECOMMENDS: _("“%(subject)s” recommends “%(object)s”"),
        RuleKind.AT_MOST: _("at most %(quantity)s of “%(subject)s”"),
        RuleKind.AT_LEAST: _("at least %(quantity)s of “%(subject)s”"),
    }[rule.kind] % words


def finding_words(finding: Finding) -> str:
    """What the sales rep reads: the message of the rule, else a sentence made of it."""
    rule = finding.rule
    message = said(rule.message)
    if message:
        return message
    words = {"subject": said(rule.subject_name), "object": said(rule.object_name)}
    if finding.found is not None and rule.quantity is not None:
        words |= {"limit": notation().quantity(rule.quantity), "found": notation().quantity(finding.found)}
    return {
        RuleKind.REQUIRES: _("“%(subject)s” is sold only together with “%(object)s”. Add it."),
        RuleKind.EXCLUDES: _("“%(subject)s” and “%(object)s” are not sold together. Remove one of them."),
        RuleKind.RECOMMENDS: _("“%(object)s” goes well with “%(subject)s”."),
        RuleKind.AT_MOST: _("“%(subject)s”: at most %(limit)s on a quote, here are %(found)s."),
        RuleKind.AT_LEAST: _("“%(subject)s”: at least %(limit)s on a quote, here are %(found)s."),
    }[rule.kind] % words


def contradiction_words(found: Contradiction) -> str:
    """Why a rule cannot be in use beside the others."""
    if found.is_circle:
        way = [said(rule.subject_name) for rule in found.rules]
        return _("These require each other in a circle: %(way)s.") % {"way": " → ".join([*way, way[0]])}
    rules = "; ".join(dict.fromkeys(rule_words(rule) for rule in found.rules))
    return _("These rules cannot all be kept: %(rules)s.") % {"rules": rules}


# --- A case that is tried ---------------------------------------------------------------------------------------------
class Tried(NamedTuple):
    """One rule held against a case. `lines`: the codes of the products it is about."""

    rule: Rule
    words: str
    verdict: str
    why: str
    lines: list[str]
    is_broken: bool
    blocks: bool


def trial(lines: Sequence[Line], skus: dict[int, str], rules: Sequence[Rule], findings: Sequence[Finding]) -> list[Tried]:
    """What the rules make of the lines, those that are broken first, then those that are kept, then those it is not about.
    `skus`: codes by the ids of lines."""
    broken = {finding.rule.pk: finding for finding in findings}
    present = {thing for line in lines for thing in things_of(line.product, line.group)}
    tried = [_tried(rule, broken.get(rule.pk), rule.subject in present, skus) for rule in rules]
    places: dict[Any, int] = {rule.pk: number for number, rule in enumerate([finding.rule for finding in findings])}
    return sorted(tried, key=lambda row: (places.get(row.rule.pk, len(places)), row.rule.subject not in present, row.rule.pk))


def _tried(rule: Rule, finding: Finding | None, concerns: bool, skus: dict[int, str]) -> Tried:
    if finding is None:
        verdict = _("kept") if concerns else _("does not apply")
        return Tried(rule, rule_words(rule), verdict, "", [], is_broken=False, blocks=False)
    verdict = _("blocks the quote") if finding.blocks else _("suggests")
    about = list(dict.fromkeys(skus[line] for line in finding.lines))
    return Tried(rule, rule_words(rule), verdict, finding_words(finding), about, is_broken=True, blocks=finding.blocks)
