"""A list as a file: counted, filed, streamed."""

from typing import Any

import pytest
from django.test import RequestFactory
from django.utils import translation

from core import downloads
from core.errors import Invalid, TooMany, TooManyRows
from core.exports import Column
from core.models import Event, JobRun
from core.tests.factories import JobRunFactory
from users.models import User
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def eeva() -> User:
    return UserFactory.create(username="eeva", display_name="Eeva Äyräs / =1+1")


def listing() -> downloads.Listing:
    columns = [Column("source", "Lähde", lambda run: run.source), Column("status", "Tila", lambda run: run.get_status_display())]
    return downloads.Listing("runs", "Ajot", "/sync/", columns, order=("pk",))


def start(by: User, **given: Any) -> int:
    arguments = {"listing": listing(), "queryset": JobRun.objects.all(), "filtered": {"q": "ä"}, "file_format": "csv"} | given
    return downloads.export_start(by=by, **arguments)


def post(by: User, file_format: str = "csv") -> Any:
    request = RequestFactory().post("/sync/export/?q=1", {"format": file_format})
    return downloads.answer(request, listing(), JobRun.objects.all(), by=by, filtered={"q": "1"})


def test_the_start_is_filed_with_who_what_filter_format_and_rows(eeva: User) -> None:
    JobRunFactory.create_batch(3)
    assert start(eeva) == 3
    event = Event.objects.get()
    assert (event.subject_type, event.subject_id, event.verb, event.by) == ("user", eeva.pk, "export started", eeva)
    assert event.data == {"list": "runs", "format": "csv", "filter": {"q": "ä"}, "rows": 3, "columns": ["source", "status"]}


def test_a_list_at_the_limit_is_exported_and_a_longer_one_is_not(eeva: User, settings: Any) -> None:
    settings.EXPORT_MAX_ROWS = 2
    JobRunFactory.create_batch(2)
    assert start(eeva) == 2
    JobRunFactory()
    with pytest.raises(TooManyRows) as refusal:
        start(eeva)
    assert (refusal.value.status, refusal.value.code) == (422, "too_many_rows")
    assert str(refusal.value) == "This list has more than 2 rows. Narrow it with the filters, then export again."
    assert Event.objects.count() == 1


def test_counting_stops_at_the_limit(eeva: User, settings: Any, django_assert_num_queries: Any) -> None:
    settings.EXPORT_MAX_ROWS = 7
    with django_assert_num_queries(3) as captured:
        start(eeva)
    assert "LIMIT 8" in captured.captured_queries[1]["sql"]
    assert "ORDER BY" not in captured.captured_queries[1]["sql"]


def test_an_unknown_format_is_refused(eeva: User) -> None:
    with pytest.raises(Invalid):
        start(eeva, file_format="exe")
    assert Event.objects.count() == 0


def test_the_file_is_named_after_list_day_and_person(eeva: User, clock: Any) -> None:
    response = post(eeva, "xlsx")
    response.file_to_stream.close()
    assert response["Content-Disposition"] == ("attachment; filename*=utf-8''ajot-2026-11-20-eeva-%C3%A4yr%C3%A4s-11.xlsx")
    assert response["Content-Type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def test_a_stream_keeps_the_language_it_was_asked_in(eeva: User) -> None:
    JobRunFactory(source="a")
    with translation.override("fi"):
        response = post(eeva)
    assert translation.get_language() == "en"
    assert b"".join(response.streaming_content).decode() == "\ufeffLähde;Tila\r\na;Toteutettu\r\n"
    assert translation.get_language() == "en"


def test_a_get_goes_to_the_page_and_files_nothing(eeva: User) -> None:
    request = RequestFactory().get("/sync/export/?q=%C3%A4")
    response = downloads.answer(request, listing(), JobRun.objects.all(), by=eeva, filtered={})
    assert (response.status_code, response["Location"], Event.objects.count()) == (302, "/sync/?q=%C3%A4", 0)


def test_a_person_who_exports_all_the_time_is_slowed_and_nothing_is_filed(eeva: User) -> None:
    for _turn in range(downloads.EXPORTS.times):
        start(eeva)
    with pytest.raises(TooMany) as refusal:
        start(eeva)
    assert (refusal.value.status, Event.objects.count()) == (429, downloads.EXPORTS.times)
    assert start(UserFactory.create()) == 0
