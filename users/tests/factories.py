"""The smallest valid objects of this app."""

import functools
from collections.abc import Iterable
from typing import Any

import factory
from django.contrib.auth.hashers import make_password
from factory.django import DjangoModelFactory

from core import clock
from users.models import Absence, BusinessUnit, RoleAssignment, Team, User


@functools.cache
def _demo_password() -> str:
    """Hashed once per process: hashing is slow on purpose."""
    return make_password("demo")


class BusinessUnitFactory(DjangoModelFactory[BusinessUnit]):
    class Meta:
        model = BusinessUnit

    code = factory.Sequence(lambda n: f"unit{n}")
    label_en = factory.LazyAttribute(lambda unit: f"Unit {unit.code}")
    label_fi = factory.LazyAttribute(lambda unit: f"Yksikkö {unit.code}")


class TeamFactory(DjangoModelFactory[Team]):
    class Meta:
        model = Team

    name = factory.Sequence(lambda n: f"Tiimi {n}")
    unit = factory.SubFactory(BusinessUnitFactory)


class UserFactory(DjangoModelFactory[User]):
    """A user with the password "demo"; `roles=["sales_rep"]` names the roles, `team=` gives team and unit."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@tukku.example")
    display_name = factory.LazyAttribute(lambda user: f"Käyttäjä {user.username}")
    password = factory.LazyFunction(_demo_password)

    @factory.post_generation
    def roles(self: Any, create: bool, extracted: Iterable[str] | None, **kwargs: Any) -> None:
        for role in extracted or ():
            RoleAssignment.objects.create(user=self, role=role)


class AbsenceFactory(DjangoModelFactory[Absence]):
    """Somebody is away today, and nobody stands in."""

    class Meta:
        model = Absence

    user = factory.SubFactory(UserFactory)
    starts_on = factory.LazyFunction(clock.today)
    ends_on = factory.LazyAttribute(lambda absence: absence.starts_on)
    created_at = factory.LazyFunction(clock.now)
