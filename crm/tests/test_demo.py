"""The demo data: what a newcomer starts with."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Account, Contact, MasterConflict, Site
from catalog.choices import BundlePricing, RuleKind
from catalog.models import BundlePart, ConfigurationRule, Price, PriceList, Product, UsageStep
from opportunities.models import Opportunity
from quotes.choices import LineKind, QuoteStatus
from quotes.models import CompanyDetails, Quote, QuoteAnswer, QuoteAttachment, QuoteLine, QuoteQuestion, QuoteTemplate
from users.demo import DEMO_USERS
from users.models import User

pytestmark = pytest.mark.django_db


def counts() -> list[int]:
    models = (
        User, Account, Site, Contact, MasterConflict, Product, Price, BundlePart, ConfigurationRule, UsageStep, Opportunity,
        Quote, QuoteLine, QuoteTemplate,
    )  # fmt: skip
    return [model.objects.count() for model in models]  # type: ignore[attr-defined]


def assert_it_shows_what_quoting_can_do() -> None:
    assert {*Quote.objects.values_list("status", flat=True)} == {*QuoteStatus} - {QuoteStatus.ORDERED}  # no service sets that
    assert {*QuoteLine.objects.values_list("kind", flat=True)} == {*LineKind}
    assert QuoteLine.objects.exclude(alternative_to=None).exists()
    assert QuoteLine.objects.exclude(yearly_volume=None).filter(product__has_usage=True).exists()
    assert {*Product.objects.exclude(bundle_pricing="").values_list("bundle_pricing", flat=True)} == {*BundlePricing}
    assert BundlePart.objects.filter(is_option=True).exists()
    assert {*ConfigurationRule.objects.values_list("kind", flat=True)} == {*RuleKind}
    assert not ConfigurationRule.objects.filter(message_fi="").exists()
    assert Product.objects.exclude(use_within_months=None).exists()
    hotels = PriceList.objects.get(code="HOTEL")
    assert None not in (hotels.valid_from, hotels.valid_to)
    assert hotels.prices.filter(min_quantity__gt=0).exists()
    assert Opportunity.objects.filter(quotes__status="sent").filter(quotes__status="draft").exists()
    revised = Quote.objects.get(status="draft", previous__status="declined").previous
    assert revised is not None
    assert len(revised.answer.line_reasons) == 2
    assert QuoteAnswer.objects.exclude(chosen=[]).exists()
    assert {*QuoteTemplate.objects.values_list("is_starter_pack", flat=True)} == {False, True}
    assert QuoteQuestion.objects.filter(document__quote__status="sent").count() == 1
    assert QuoteAttachment.objects.filter(for_customer=True).exists()
    assert CompanyDetails.objects.get().logo


@pytest.mark.req("S0.28")
@pytest.mark.req("S0.36")
def test_demo_data_loads_and_loading_it_again_changes_nothing(client: Client) -> None:
    call_command("demo")
    first = counts()
    call_command("demo")
    assert counts() == first
    assert all(client.login(username=name, password="demo") for name in DEMO_USERS)
    assert Quote.objects.filter(owner__username="rep", status="draft").count() == 3
    assert not Account.objects.filter(industry__label_fi="").exists()
    assert_it_shows_what_quoting_can_do()


def test_demo_data_is_refused_outside_demo_mode(settings: Any) -> None:
    settings.DEMO = settings.TESTING = False
    with pytest.raises(CommandError):
        call_command("demo")
    assert User.objects.count() == 0
