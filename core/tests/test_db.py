"""What both databases must do alike."""

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.db.models import Value
from django.db.models.functions import Lower

from core import clock, db, links
from core.db import bulk, searching
from core.models import Event, JobRun, Link, OutboxMessage
from users.models import RoleAssignment, User
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("text", ["ämpäri", "ÄMPÄRI", "mpär", "oy ämp"])
def test_search_ignores_case_in_finnish_too(text: str) -> None:
    user = UserFactory(display_name="Ämpäri Oy")
    assert list(searching.contains(User.objects.all(), ["display_name", "username"], text)) == [user]


@pytest.mark.parametrize(("text", "found"), [("100%", True), ("50%", False), ("a_b", True), ("axb", False), ("\\", True)])
def test_marks_of_patterns_are_plain_text_in_a_search(text: str, found: bool) -> None:
    UserFactory(display_name="100% a_b \\ Oy")
    assert searching.contains(User.objects.all(), ["display_name"], text).exists() is found


def test_every_word_must_occur_somewhere() -> None:
    user = UserFactory(display_name="Ämpäri Oy", username="asiakas")
    assert list(searching.contains(User.objects.all(), ["display_name", "username"], "oy asia")) == [user]
    assert not searching.contains(User.objects.all(), ["display_name", "username"], "oy puuttuu").exists()


def test_no_words_find_everything() -> None:
    UserFactory()
    assert searching.contains(User.objects.all(), ["display_name"], "  ").count() == 1


def test_nothing_is_like_nothing() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT NULL LIKE 'a', 'Ä' LIKE NULL")
        assert cursor.fetchone() == (None, None)


@pytest.mark.parametrize("sql", ["UPDATE core_event SET verb = 'x'", "DELETE FROM core_event"])
def test_the_business_history_is_append_only_whoever_writes(sql: str) -> None:
    Event.objects.create(subject_type="quote", subject_id=1, verb="sent", at=clock.now())
    with pytest.raises(IntegrityError, match="core_event is append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert Event.objects.get().verb == "sent"


def test_the_orm_cannot_change_history_either() -> None:
    event = Event.objects.create(subject_type="quote", subject_id=1, verb="sent", at=clock.now())
    changes = (event.delete, event.save, Event.objects.all().delete, lambda: Event.objects.update(verb="x"))
    for change in changes:
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_rows_can_be_locked_on_both() -> None:
    OutboxMessage.objects.create(topic="x", available_at=clock.now())
    with transaction.atomic():
        assert OutboxMessage.objects.select_for_update(**db.lock_options()).get().topic == "x"
        assert OutboxMessage.objects.select_for_update(**db.skip_locked()).get().topic == "x"


def test_an_advisory_lock_is_a_transaction() -> None:
    with db.advisory_lock(42):
        assert connection.in_atomic_block


def test_null_is_ordered_where_it_is_said() -> None:
    OutboxMessage.objects.create(topic="b", available_at=clock.now(), delivered_at=clock.now())
    OutboxMessage.objects.create(topic="a", available_at=clock.now())
    ordered = OutboxMessage.objects.order_by(models.F("delivered_at").asc(nulls_last=True))
    assert [message.topic for message in ordered] == ["b", "a"]


# --- Many rows at once ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("text", ["", "\\N", "a\tb\nc\rd", "\\", "ämpäri \\t €", 'it\'s "so"'])
def test_copied_rows_read_back_as_they_were(text: str) -> None:
    at, data = clock.now(), {"text": text, "number": 1, "none": None}
    fields = ("subject_type", "subject_id", "verb", "reason", "data", "at")
    assert bulk.copy_rows(Event, fields, [("quote", 7, "sent", text, data, at)] * 2) == 2
    assert list(Event.objects.values_list(*fields, "by_id", "by_name")) == [("quote", 7, "sent", text, data, at, None, "")] * 2


def test_columns_that_are_left_out_get_their_defaults_and_unique_ones_a_fresh_one_each() -> None:
    at = clock.now()
    bulk.copy_rows(OutboxMessage, ("topic", "available_at", "created_at"), [("x", at, at), ("x", at, at)])
    first, second = OutboxMessage.objects.all()
    assert (first.payload, first.attempts, first.delivered_at) == ({}, 0, None)
    assert first.uuid != second.uuid


def test_more_rows_than_go_at_once_arrive_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "ROWS_AT_ONCE", 2)
    rows = ((str(number), clock.now()) for number in range(5))
    assert bulk.copy_rows(JobRun, ("kind", "started_at"), rows) == 5
    assert list(JobRun.objects.order_by("pk").values_list("kind", flat=True)) == ["0", "1", "2", "3", "4"]


def test_new_keys_are_nobodys_and_the_next_row_comes_after_them() -> None:
    old = JobRun.objects.create(kind="old", started_at=clock.now()).pk
    keys = bulk.new_keys(JobRun, 3)
    assert (len(set(keys)), min(keys) > old) == (3, True)
    bulk.copy_rows(JobRun, ("id", "kind", "started_at"), ((key, f"new {key}", clock.now()) for key in keys))
    assert JobRun.objects.create(kind="later", started_at=clock.now()).pk > max(keys)


@pytest.mark.postgresql
def test_an_index_for_text_is_there_again_after_the_block_and_not_within_it() -> None:
    def names() -> set[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT indexname FROM pg_indexes WHERE tablename = 'users_user' AND indexdef LIKE '%% USING gin %%'")
            return {row[0] for row in cursor.fetchall()}

    before = names()
    with connection.cursor() as cursor:
        cursor.execute("CREATE INDEX words_of_users ON users_user USING gin (to_tsvector('simple', display_name))")
    with bulk.indexes_rebuilt(User):
        assert names() == set()
        UserFactory()
    assert names() == {*before, "words_of_users"}


@pytest.mark.postgresql
def test_every_index_and_every_constraint_is_the_same_after_the_block() -> None:
    def held() -> set[tuple[str, str]]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'users_user'")
            indexes = cursor.fetchall()
            cursor.execute("SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'users_user'::regclass")
            return {*indexes, *cursor.fetchall()}

    before = held()
    with bulk.indexes_rebuilt(User):
        within = held()
    assert held() == before
    assert not [definition for _name, definition in within if "username" in definition]


@pytest.mark.postgresql
def test_two_rows_that_may_not_be_alike_are_refused_at_the_end_of_the_block() -> None:
    user = UserFactory()
    with pytest.raises(IntegrityError), transaction.atomic(), bulk.indexes_rebuilt(User):
        bulk.copy_rows(User, ["username", "email", "display_name"], [(user.username, "another@example.com", "Another")])
    assert User.objects.filter(username=user.username).count() == 1


def test_statistics_can_be_refreshed_within_a_transaction() -> None:
    bulk.refresh_statistics()
    assert connection.in_atomic_block


# --- Rows that are only added ---
def test_an_added_row_is_stored_as_django_stores_it() -> None:
    event = Event.objects.create(
        subject_type="probe", subject_id=7, verb="seen", reason='"Ä"', data={"a": ["ö", None]}, at=clock.now()
    )
    stored = Event.objects.get(pk=event.pk)
    names = [field.attname for field in Event._meta.concrete_fields]
    assert [getattr(stored, name) for name in names] == [getattr(event, name) for name in names]
    assert (event._state.adding, event._state.db) == (False, "default")


def test_a_row_added_with_an_expression_is_left_to_django() -> None:
    event = Event.objects.create(subject_type="probe", subject_id=7, verb=Lower(Value("SEEN")), at=clock.now())
    assert Event.objects.get(pk=event.pk).verb == "seen"


# --- Texts that are alike ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("one", "other", "likeness"),
    [
        ("workshop", "workshop", "1.000"),
        ("workshop", "workshops", "0.727"),
        ("Workshop, 3 days", "3 DAYS workshop", "1.000"),
        ("milk", "bread", "0.000"),
        ("äyräs", "ayras", "0.000"),
        ("a", "", "0.000"),
        ("", "", "0.000"),
    ],
)
def test_texts_are_as_much_alike_on_both(one: str, other: str, likeness: str) -> None:
    UserFactory()
    found = (
        User.objects.annotate(likeness=searching.Similarity(Value(one), Value(other))).values_list("likeness", flat=True).get()
    )
    assert f"{found:.3f}" == likeness


def test_up_to_so_many_rows_are_found_in_the_order_of_the_columns_asked_for() -> None:
    users = [UserFactory(username=f"u{number}") for number in range(3)]
    asked = User.objects.filter(username__startswith="u").order_by().values_list("id", "username")
    rows = searching.some(asked.query.sql_with_params(), ("username", "id"), 2)
    assert len(rows) == 2
    assert set(rows) <= {(user.username, user.pk) for user in users}
    none = User.objects.filter(username="none").order_by().values_list("id")
    assert searching.some(none.query.sql_with_params(), ("id",), 2) == []


@pytest.mark.parametrize("others", [0, 3_000])
def test_however_many_keys_are_one_value_of_the_statement(others: int) -> None:
    anna, bea = UserFactory(roles=["sales_rep"]), UserFactory(roles=["sales_rep"])
    keys = db.together([anna.pk, *range(10**12, 10**12 + others)])
    found = User.objects.filter(pk__one_of=keys)
    assert found.query.sql_with_params()[1] == (keys,)
    assert list(found) == [anna]
    assert list(User.objects.exclude(pk__one_of=keys)) == [bea]
    assert [assignment.user for assignment in RoleAssignment.objects.filter(user__one_of=keys)] == [anna]  # a foreign key
    assert not User.objects.filter(pk__one_of=db.together([])).exists()


def test_a_digest_is_another_one_once_a_row_is_changed_added_or_gone() -> None:
    soon = clock.now()
    link, _other = (links.issue(Link.Purpose.QUOTE, subject, expires_at=soon) for subject in (7, 8))
    seen = [db.digest(Link, "subject_id", 7)]
    assert db.digest(Link, "subject_id", 7) == seen[0] != db.digest(Link, "subject_id", 8)
    for nonce in ("a", "b"):
        Link.objects.filter(pk=link.pk).update(nonce=nonce)
        seen.append(db.digest(Link, "subject_id", 7))
    more = links.issue(Link.Purpose.QUOTE, 7, expires_at=soon)
    seen.append(db.digest(Link, "subject_id", 7))
    link.delete()
    seen.append(db.digest(Link, "subject_id", 7))
    more.delete()
    seen.append(db.digest(Link, "subject_id", 7))
    assert len(set(seen)) == len(seen)
