"""When people of a business unit work."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client

from core.working_time import DEFAULT, Calendar
from users.models import BusinessUnit
from users.tests.factories import BusinessUnitFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_a_unit_works_as_people_in_finland_do_unless_it_says_otherwise() -> None:
    unit = BusinessUnitFactory()
    assert (unit.calendar, BusinessUnit.objects.get().calendar) == (DEFAULT, DEFAULT)


@pytest.mark.parametrize("hour", [DEFAULT.opens, DEFAULT.closes])
def test_the_hours_are_no_fault_at_the_very_hour(hour: dt.time) -> None:
    with time_machine.travel(dt.datetime.combine(dt.date(2026, 11, 27), hour, dt.UTC)):
        assert [str(fault) for fault in BusinessUnit.check() if not fault.is_silenced()] == []


def test_hours_that_end_before_they_begin_are_refused_by_the_database() -> None:
    unit = BusinessUnitFactory()
    for closes in ("08:00", "07:00"):
        with pytest.raises(IntegrityError), transaction.atomic():
            BusinessUnit.objects.filter(pk=unit.pk).update(closes=closes)


def change(unit: BusinessUnit, **values: str) -> Any:
    client = Client()
    client.force_login(UserFactory(roles=["data_steward"]))
    usual = {
        "code": unit.code, "label_en": "Unit", "label_fi": "Yksikkö", "position": "0", "is_active": "on",
        "country": "FI", "opens": "08:00", "closes": "16:00", "time_zone": "Europe/Helsinki",
    }  # fmt: skip
    return client.post(f"/admin/users/businessunit/{unit.pk}/change/", {**usual, **values})


def test_a_steward_sets_the_calendar_in_the_administration() -> None:
    unit = BusinessUnitFactory()
    answer = change(unit, country="SE", opens="07:30", closes="15:45", time_zone="Europe/Stockholm")
    assert answer.status_code == 302
    calendar = BusinessUnit.objects.get().calendar
    assert calendar == Calendar("SE", dt.time(7, 30), dt.time(15, 45), "Europe/Stockholm")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"country": "XX"}, "The holidays of this country are not known."),
        ({"country": ""}, "This field is required."),
        ({"time_zone": "Helsinki"}, "There is no such time zone."),
        ({"opens": "16:00"}, "The working day must begin before it ends."),
        ({"closes": "06:00"}, "The working day must begin before it ends."),
    ],
)
def test_a_calendar_that_makes_no_sense_is_refused(wrong: dict[str, str], sentence: str) -> None:
    unit = BusinessUnitFactory()
    answer = change(unit, **wrong)
    assert (answer.status_code, sentence in answer.content.decode()) == (200, True)
    assert BusinessUnit.objects.get().calendar == DEFAULT
