"""Numbers that people see."""

import datetime as dt
import threading

import pytest
import time_machine
from django.db import connection, transaction

from core import numbering
from core.models import NumberSeries


@pytest.mark.django_db
def test_numbers_count_up_per_series_and_year(clock: time_machine.Traveller) -> None:
    assert [numbering.next_number("Q") for _number in range(3)] == ["Q-2026-00001", "Q-2026-00002", "Q-2026-00003"]
    assert numbering.next_number("O") == "O-2026-00001"


@pytest.mark.django_db
def test_the_year_is_that_of_helsinki(clock: time_machine.Traveller) -> None:
    clock.move_to(dt.datetime(2026, 12, 31, 21, 59, 59, tzinfo=dt.UTC))
    assert numbering.next_number("Q") == "Q-2026-00001"
    clock.move_to(dt.datetime(2026, 12, 31, 22, 0, tzinfo=dt.UTC))
    assert numbering.next_number("Q") == "Q-2027-00001"


@pytest.mark.django_db
def test_a_number_of_a_rolled_back_transaction_is_given_out_again(clock: time_machine.Traveller) -> None:
    with transaction.atomic():
        numbering.next_number("Q")
        transaction.set_rollback(True)
    assert numbering.next_number("Q") == "Q-2026-00001"


@pytest.mark.django_db
def test_five_digits_are_the_least_not_the_most(clock: time_machine.Traveller) -> None:
    NumberSeries.objects.create(series="Q", year=2026, last=99999)
    assert numbering.next_number("Q") == "Q-2026-100000"


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_rivals_never_get_the_same_number() -> None:
    numbers: list[str] = []

    def take() -> None:
        numbers.extend(numbering.next_number("Q") for _number in range(10))
        connection.close()

    threads = [threading.Thread(target=take) for _thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(int(number[-5:]) for number in numbers) == list(range(1, 41))
