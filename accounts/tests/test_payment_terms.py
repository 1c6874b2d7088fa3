"""The most specific matching rule wins, and says why."""

from decimal import Decimal

import pytest
from django.utils import translation

from accounts.payment_terms import Facts, Rule, advise
from accounts.selectors import payment_term_advice
from accounts.tests.factories import (
    AccountFactory,
    CategoryTma2Factory,
    IndustryFactory,
    PaymentTermFactory,
    PaymentTermRuleFactory,
)

FACTS = Facts(tma2=1, classification=2, industry=3, business_size=4, amount=Decimal(10000))


@pytest.mark.req("S0.19")
@pytest.mark.parametrize(
    ("rules", "winner"),
    [
        ([], None),
        ([Rule(1, 0, 100)], 1),
        ([Rule(1, 0, 100), Rule(2, 0, 100, tma2=1)], 2),
        ([Rule(1, 0, 1, tma2=1), Rule(2, 0, 100, tma2=1, industry=3)], 2),
        ([Rule(1, 0, 100, tma2=1), Rule(2, 0, 50, industry=3)], 2),
        ([Rule(2, 0, 100, tma2=1), Rule(1, 0, 100, industry=3)], 1),
        ([Rule(1, 0, 100, tma2=9)], None),
        ([Rule(1, 0, 100), Rule(2, 0, 100, min_amount=Decimal(5000), max_amount=Decimal(20000))], 2),
        ([Rule(1, 0, 100, max_amount=Decimal(10000))], None),
        ([Rule(1, 0, 100, min_amount=Decimal(10000))], 1),
    ],
)
def test_named_criteria_then_priority_then_id(rules: list[Rule], winner: int | None) -> None:
    best = advise(rules, FACTS)

    assert (best.id if best else None) == winner


def test_what_is_unknown_meets_no_criterion() -> None:
    unknown = Facts(tma2=None, classification=None, industry=None, business_size=None, amount=None)

    assert advise([Rule(1, 0, 1, tma2=1), Rule(2, 0, 1, min_amount=Decimal(0)), Rule(3, 0, 1)], unknown).id == 3


@pytest.mark.django_db
@pytest.mark.req("S0.20")
@pytest.mark.req("S0.41")
def test_the_advice_names_the_criteria_of_its_rule() -> None:
    tma2 = CategoryTma2Factory(label_en="Restaurants", label_fi="Ravintolat")
    term = PaymentTermFactory(days=30)
    PaymentTermRuleFactory(payment_term=PaymentTermFactory(days=14))
    rule = PaymentTermRuleFactory(payment_term=term, tma2=tma2, min_amount=Decimal(5000), max_amount=Decimal(50000))

    advice = payment_term_advice(AccountFactory(tma2=tma2), Decimal("5000.00"))

    assert (advice.payment_term, advice.rule) == (term, rule)
    assert advice.reason == (
        "30 days net, because category TMA2 is Restaurants, the deal is at least €5,000.00, the deal is below €50,000.00."
    )


@pytest.mark.django_db
def test_the_reason_speaks_the_language_of_the_reader() -> None:
    tma2 = CategoryTma2Factory(label_en="Restaurants", label_fi="Ravintolat")
    PaymentTermRuleFactory(payment_term=PaymentTermFactory(days=30), tma2=tma2, min_amount=Decimal(5000))

    with translation.override("fi"):
        reason = payment_term_advice(AccountFactory(tma2=tma2), Decimal(6000)).reason

    assert "30 pv netto" in reason
    assert "Ravintolat" in reason
    assert "5\u00a0000,00\u00a0€" in reason


@pytest.mark.django_db
def test_a_general_rule_and_no_rule_say_so() -> None:
    account = AccountFactory()

    assert payment_term_advice(account, None).reason == "No payment-term rule fits this customer."
    PaymentTermRuleFactory(payment_term=PaymentTermFactory(days=14))
    assert payment_term_advice(account, None).reason == "14 days net: the general rule, which fits every customer."


@pytest.mark.django_db
def test_rules_and_terms_out_of_use_give_no_advice() -> None:
    PaymentTermRuleFactory(is_active=False)
    PaymentTermRuleFactory(payment_term__is_active=False)

    assert payment_term_advice(AccountFactory(), None).payment_term is None


@pytest.mark.django_db
@pytest.mark.parametrize("rules", [2, 20])
def test_advice_costs_one_query(rules: int, django_assert_num_queries) -> None:
    for _ in range(rules):
        PaymentTermRuleFactory(industry=IndustryFactory())
    account = AccountFactory()

    with django_assert_num_queries(1):
        payment_term_advice(account, Decimal(1))
