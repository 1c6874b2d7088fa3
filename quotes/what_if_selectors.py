"""Reads for "what if": everything that a limit looks at, read once, whatever is tried."""

from accounts.selectors import advice_by_amount
from approvals import routing
from approvals.rules import Condition
from quotes import approval_case, pricing, selectors
from quotes.models import Quote
from quotes.pricing import PricedQuote
from quotes.triggers import Breach
from quotes.what_if import Largest, largest_discount, turning_nets


def how_far(quote: Quote) -> Largest:
    """How far the discount on the whole draft may go before somebody else must say yes: five queries at any length."""
    lines, header = selectors.pricing_lines(quote.pk), selectors.header_of(quote)
    targets, rules, advice = selectors.targets_of(quote), routing.rules_in_use(), advice_by_amount(quote.account)
    fixed = approval_case.Fixed(approval_case.customer_of(quote), advice.at)

    def more(priced: PricedQuote, found: list[Breach]) -> list[Breach]:
        return approval_case.breaches_by_rule(quote, priced, found, rules, fixed)

    return largest_discount(
        lines,
        header,
        targets=targets,
        nets={target.min_amount for target in targets.rows}
        | advice.turns
        | turning_nets(pricing.price_quote(lines, header), _compared_by(rules), targets.rows),
        more=more,
    )


def _compared_by(rules: routing.Rules) -> list[Condition]:
    """What those rules compare that alone make a gate ask."""
    asked = (rule for gate in approval_case.BY_RULE for rule in rules.get(gate.value, ()))
    return [condition for rule in asked for condition in rule.conditions]
