"""The timetable: nightly entries by the clock of the house, kept by stewards, read by beat from the database."""

import datetime as dt
import json
from typing import Any

import pytest
import time_machine
from celery import current_app
from django.apps import apps
from django.contrib.admin import site
from django.test import Client
from django.urls import reverse
from django_celery_beat import schedulers
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler
from pytest_django import Settings

from integration.apps import _make_schedules
from integration.models import CUSTOMER_SYNC, PRODUCT_IMPORT
from integration.services.schedules import schedules_make_missing
from users.roles import ROLES
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture(autouse=True)
def _one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beat has a process of its own: it closes old connections and writes once more at exit. Here they are those of the test."""
    monkeypatch.setattr(schedulers, "close_old_connections", lambda: None)
    monkeypatch.setattr(schedulers, "Finalize", lambda *args, **kwargs: None)


def entries() -> dict[str, PeriodicTask]:
    return {entry.name: entry for entry in PeriodicTask.objects.select_related("crontab")}


@pytest.mark.req("S0.28")
def test_every_database_has_the_nightly_entries_switched_off_without_an_address() -> None:
    found = entries()
    assert {name: (entry.task, json.loads(entry.kwargs), entry.enabled) for name, entry in found.items()} == {
        "nightly-customers": ("integration.pull", {"kind": CUSTOMER_SYNC}, False),
        "nightly-products": ("integration.pull", {"kind": PRODUCT_IMPORT}, False),
    }
    times = {(entry.crontab.hour, entry.crontab.minute, str(entry.crontab.timezone)) for entry in found.values()}
    assert times == {("2", "30", "Europe/Helsinki"), ("3", "30", "Europe/Helsinki")}


def test_with_an_address_they_are_switched_on(settings: Any) -> None:
    PeriodicTask.objects.all().delete()
    settings.PRICE_MANAGER_URL = "http://127.0.0.1:9000"
    assert schedules_make_missing() == ["nightly-customers", "nightly-products"]
    assert {entry.enabled for entry in entries().values()} == {True}
    assert CrontabSchedule.objects.count() == 2


def test_what_stewards_have_set_stays(settings: Any) -> None:
    settings.PRICE_MANAGER_URL = "http://127.0.0.1:9000"
    noon = CrontabSchedule.objects.create(hour="12", minute="0")
    PeriodicTask.objects.filter(name="nightly-customers").update(crontab=noon, enabled=False)
    _make_schedules(using="default", apps=apps)
    _make_schedules(using="default")
    entry = entries()["nightly-customers"]
    assert (entry.crontab, entry.enabled, PeriodicTask.objects.count()) == (noon, False, 2)


def test_beat_reads_the_database_and_brings_the_entries_of_the_settings(settings: Any) -> None:
    assert current_app.conf.beat_scheduler == settings.CELERY_BEAT_SCHEDULER == "django_celery_beat.schedulers:DatabaseScheduler"
    scheduler = DatabaseScheduler(current_app, lazy=False)
    assert set(entries()) == {*settings.CELERY_BEAT_SCHEDULE, "nightly-customers", "nightly-products"}
    assert set(scheduler.schedule) == set(settings.CELERY_BEAT_SCHEDULE)  # the nightly ones are switched off
    assert PeriodicTask.objects.get(name="outbox-sweep").interval.every == 15


@pytest.mark.parametrize(
    ("due", "early"),
    [
        (dt.datetime(2026, 1, 15, 0, 30, 1, tzinfo=dt.UTC), dt.datetime(2026, 1, 15, 0, 28, tzinfo=dt.UTC)),
        (dt.datetime(2026, 7, 15, 23, 30, 1, tzinfo=dt.UTC), dt.datetime(2026, 7, 15, 23, 28, tzinfo=dt.UTC)),
    ],
    ids=["winter", "summer"],
)
def test_half_past_two_is_meant_by_the_clock_of_helsinki(due: dt.datetime, early: dt.datetime) -> None:
    PeriodicTask.objects.update(enabled=True, last_run_at=due - dt.timedelta(hours=20))
    for at, is_due in ((early, False), (due, True)):
        with time_machine.travel(at, tick=False):
            entry = DatabaseScheduler(current_app, lazy=True).all_as_schedule()["nightly-customers"]
            assert entry.is_due().is_due is is_due


# --- The admin --------------------------------------------------------------------------------------------------------
def client_of(role: str) -> Client:
    client = Client()
    client.force_login(UserFactory(roles=[role]))
    return client


def change_page(name: str) -> str:
    return reverse("admin:django_celery_beat_periodictask_change", args=[entries()[name].pk])


@pytest.mark.parametrize("role", sorted(ROLES))
def test_only_stewards_change_the_timetable(role: str) -> None:
    noon = CrontabSchedule.objects.create(hour="12", minute="0")
    body = {"enabled": "on", "crontab": noon.pk, "task": "core.forget", "kwargs": "{}", "name": "mine"}
    response = client_of(role).post(change_page("nightly-customers"), body)
    entry = entries()["nightly-customers"]
    if role == "data_steward":
        assert (response.status_code, entry.enabled, entry.crontab) == (302, True, noon)
    else:
        assert (response.status_code, entry.enabled) == (403, False)
    assert (entry.task, json.loads(entry.kwargs)) == ("integration.pull", {"kind": CUSTOMER_SYNC})


def test_what_keeps_the_product_going_is_shown_and_stays() -> None:
    DatabaseScheduler(current_app, lazy=False)
    client, path = client_of("data_steward"), change_page("outbox-sweep")
    assert client.get(path).status_code == 200
    assert client.post(path, {"enabled": ""}).status_code == 403
    assert entries()["outbox-sweep"].enabled


def test_the_library_s_own_pages_are_gone() -> None:
    registered = {model.__name__: type(page).__module__ for model, page in site._registry.items() if "celery" in model.__module__}
    assert registered == {"PeriodicTask": "crm.schedules", "CrontabSchedule": "crm.schedules"}


@pytest.mark.req("S0.21")
def test_the_pages_of_the_library_read_finnish(settings: Settings) -> None:
    DatabaseScheduler(current_app, lazy=False)
    client = client_of("data_steward")
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "fi"
    html = client.get(reverse("admin:django_celery_beat_periodictask_changelist")).content.decode()
    assert ("Viimeksi ajettu" in html, "väli 30 sekuntia" in html, "Periodic" in html) == (True, True, False)
