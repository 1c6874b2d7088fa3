"""The smallest valid objects of this app."""

from typing import Any

import factory
from factory.django import DjangoModelFactory

from accounts import models
from core.tests.factories import JobRunFactory
from users.tests.factories import UserFactory


class LookUpFactory(DjangoModelFactory[Any]):
    class Meta:
        abstract = True

    code = factory.Sequence(lambda n: f"code{n}")
    label_en = factory.LazyAttribute(lambda row: f"English {row.code}")
    label_fi = factory.LazyAttribute(lambda row: f"Suomi {row.code}")


class CategoryTma1Factory(LookUpFactory):
    class Meta:
        model = models.CategoryTma1


class CategoryTma2Factory(LookUpFactory):
    class Meta:
        model = models.CategoryTma2


class IndustryFactory(LookUpFactory):
    class Meta:
        model = models.Industry


class BusinessSizeFactory(LookUpFactory):
    class Meta:
        model = models.BusinessSize


class ClassificationFactory(LookUpFactory):
    class Meta:
        model = models.Classification


class ChannelFactory(LookUpFactory):
    class Meta:
        model = models.Channel


class RegionFactory(LookUpFactory):
    class Meta:
        model = models.Region


class TerritoryFactory(LookUpFactory):
    class Meta:
        model = models.Territory


class PaymentTypeFactory(LookUpFactory):
    class Meta:
        model = models.PaymentType


class PaymentTermFactory(LookUpFactory):
    class Meta:
        model = models.PaymentTerm

    days = 14
    label_en = factory.LazyAttribute(lambda term: f"{term.days} days net")
    label_fi = factory.LazyAttribute(lambda term: f"{term.days} pv netto")


class PaymentTermRuleFactory(DjangoModelFactory[models.PaymentTermRule]):
    class Meta:
        model = models.PaymentTermRule

    payment_term = factory.SubFactory(PaymentTermFactory)


class AccountFactory(DjangoModelFactory[models.Account]):
    """An account in the business unit of its owner, as a sync would leave it."""

    class Meta:
        model = models.Account

    parent_customer_id = factory.Sequence(lambda n: f"{n:06d}")
    name = factory.Sequence(lambda n: f"Ämpäri ja Öljy {n} Oy")
    owner = factory.SubFactory(UserFactory, roles=["sales_rep"])
    unit = factory.LazyAttribute(lambda account: account.owner.team.unit if account.owner and account.owner.team else None)


class MasterRecordFactory(DjangoModelFactory[models.MasterRecord]):
    """`values={field: value}`, all brought by `run` unless `runs` says otherwise."""

    class Meta:
        model = models.MasterRecord

    account = factory.SubFactory(AccountFactory)
    run = factory.SubFactory(JobRunFactory)
    first_run = factory.SelfAttribute("run")


class SiteFactory(DjangoModelFactory[models.Site]):
    class Meta:
        model = models.Site

    child_id = factory.Sequence(lambda n: f"C{n:06d}")
    account = factory.SubFactory(AccountFactory)
    name = factory.LazyAttribute(lambda site: f"Toimipiste {site.child_id}")


class ContactFactory(DjangoModelFactory[models.Contact]):
    class Meta:
        model = models.Contact

    account = factory.SubFactory(AccountFactory)
    name = "Öykkönen Äijä"
    email = factory.Sequence(lambda n: f"ostaja{n}@asiakas.example")
