from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from accounts import conflict_services, services as account_services
from accounts.models import Account, CategoryTma1, CategoryTma2, FieldOverride, MasterConflict, MasterRecord, Region, Site
from accounts.tests.factories import AccountFactory, IndustryFactory, TerritoryFactory
from core import clock
from core.errors import NotAllowed
from core.models import Event, JobRun
from integration import customer_apply, report, services
from integration.errors import UnknownProfile
from integration.models import QuarantinedRow
from integration.tests.factories import child, file_of
from users.models import Team, User
from users.tests.factories import BusinessUnitFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db

WRITTEN = (Account, Site, MasterRecord, MasterConflict, Event, CategoryTma1, CategoryTma2, Region, Account.history.model)


def sync(*rows: dict[str, object], **options: Any) -> JobRun:
    return services.customer_sync(content=file_of(rows), source="asiakkaat.csv", by=None, **options)


def counts(run: JobRun, *names: str) -> tuple[int, ...]:
    return tuple(run.counts[name] for name in names)


def account(parent_id: str = "P1") -> Account:
    return Account.objects.get(parent_customer_id=parent_id)


def person(salesperson_id: str, **more: Any):
    return UserFactory(roles=["sales_rep"], salesperson_id=salesperson_id, **more)


def sold(child_id: str, salesperson_id: str, revenue: str = "100", **cells: object) -> dict[str, object]:
    return child(child_id, salesperson_id=salesperson_id, salesperson_name=f"Myyjä {salesperson_id}", revenue=revenue, **cells)


@pytest.mark.req("S0.28")
@pytest.mark.req("S0.39")
def test_an_account_is_made_of_its_children_with_everything_the_master_says() -> None:
    unit = BusinessUnitFactory()
    rep = person("S1", team=TeamFactory(unit=unit))
    run = sync(
        sold(
            "001",
            "S1",
            "1 000,50",
            volume="10,5",
            postcode="00100",
            region="01",
            city="Helsinki",
            sap_code="SAP2",
            tma2="R",
            tma2_name="Ravintolat",
        ),
        sold(
            "002",
            "S2",
            "999,50",
            volume="30",
            postcode="33100",
            region="06",
            city="Tampere",
            sap_code="SAP1",
            tma2="H",
            tma2_name="Hotellit",
        ),
    )
    made = account()
    assert (run.status, made.name, made.owner, made.unit, made.version) == ("applied", "Ämpäri P1 Oy", rep, unit, 1)
    assert (made.yearly_revenue, made.yearly_volume, made.sap_codes) == (Decimal("2000.00"), Decimal("40.500"), "SAP1, SAP2")
    assert (made.region.code, made.postcode, made.city, made.tma2.code) == ("06", "33100", "Tampere", "R")
    assert (made.tma2.label_en, made.tma2.label_fi, made.status, made.is_prospect) == (
        "Ravintolat",
        "Ravintolat",
        "active",
        False,
    )
    assert list(made.sites.values_list("child_id", "revenue", "is_active")) == [
        ("001", Decimal("1000.50"), True),
        ("002", Decimal("999.50"), True),
    ]


def test_each_field_keeps_what_the_master_says_and_the_run() -> None:
    person("S1")
    run = sync(sold("1", "S1", "5"))
    record = MasterRecord.objects.get(account=account())
    assert (record.run, record.first_run, record.runs, record.switched_off) == (run, run, {}, False)
    assert (record.values["yearly_revenue"], record.values["owner"], record.values["owner_name"]) == ("5.00", "S1", "Myyjä S1")
    assert record.run_of("owner") == run.pk


def test_a_new_account_leaves_one_event_and_one_history_row() -> None:
    run = sync(child("1"))
    event = Event.objects.get()
    assert (event.subject_type, event.subject_id, event.verb, event.by_name) == (
        "account",
        account().pk,
        "master_created",
        "asiakkaat.csv",
    )
    assert event.data == {"run": run.pk, "changes": {}}
    history = Account.history.get()
    assert (history.history_type, history.name, history.history_change_reason) == ("+", "Ämpäri P1 Oy", f"customer_sync {run.pk}")


def written() -> list[list[tuple[Any, ...]]]:
    return [list(model.objects.order_by("pk").values_list()) for model in WRITTEN]


def test_the_same_file_again_writes_nothing() -> None:
    person("S1")
    rows = [
        sold("1", "S1", tma1="H"),
        sold("2", "S2", parent_id="P2", region="01"),
        sold("3", "S1", "3"),
        sold("4", "S1", revenue="x"),
    ]
    first = sync(*rows)
    before = written()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        second = sync(*rows)
    assert written() == before
    changed = {query["sql"].split('"')[1] for query in queries if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))}
    assert changed == {"core_jobrun", "integration_intake", "integration_stagedpart", "integration_quarantinedrow"}
    assert second.counts["same_file_as"] == first.pk
    assert (first.status, second.status) == ("applied", "unchanged")
    assert counts(first, "rows_applied", "rows_unchanged", "accounts_created") == (3, 0, 2)
    assert counts(second, "rows_applied", "rows_unchanged", "accounts_created", "accounts_updated", "accounts_unchanged") == (
        0,
        3,
        0,
        0,
        2,
    )


def test_another_order_of_rows_and_columns_and_another_notation_is_no_change() -> None:
    sync(sold("1", "S1", "1 000,50"), sold("2", "S2", "3"))
    run = services.customer_sync(
        content=file_of([dict(reversed(row.items())) for row in (sold("2", "S2", "3.00"), sold("1", "S1", "1000.50"))]), by=None
    )
    assert run.status == "unchanged"


def test_a_change_counts_one_version_and_tells_before_and_after() -> None:
    person("S1")
    sync(sold("1", "S1", "5"), sold("2", "S1", "6", parent_id="P2"))
    run = sync(sold("1", "S1", "7"), sold("2", "S1", "6", parent_id="P2"))
    changed, same = account("P1"), account("P2")
    assert (changed.version, changed.yearly_revenue, same.version) == (2, Decimal("7.00"), 1)
    event = Event.objects.get(verb="master_updated")
    assert (event.subject_id, event.data["changes"]) == (changed.pk, {"yearly_revenue": ["5.00", "7.00"]})
    assert counts(run, "accounts_updated", "accounts_unchanged", "sites_updated", "rows_applied", "rows_unchanged") == (
        1,
        1,
        1,
        1,
        1,
    )
    assert [row.history_type for row in Account.history.filter(id=changed.pk).order_by("pk")] == ["+", "~"]


def test_an_unchanged_field_keeps_the_run_that_brought_it() -> None:
    first = sync(child("1", revenue="5"))
    second = sync(child("1", revenue="6"))
    record = MasterRecord.objects.get()
    assert (record.run_of("name"), record.run_of("yearly_revenue")) == (first.pk, second.pk)


def test_manual_fields_are_never_touched() -> None:
    sync(child("1", revenue="5"))
    territory = TerritoryFactory()
    Account.objects.update(notes="Soita aamulla", territory=territory, default_discount=Decimal("2.5"), language="fi")
    sync(child("1", revenue="6"))
    kept = account()
    assert (kept.notes, kept.territory, kept.default_discount, kept.language) == (
        "Soita aamulla",
        territory,
        Decimal("2.5000"),
        "fi",
    )


def test_a_column_the_file_lacks_says_nothing() -> None:
    person("S1")
    sync(sold("1", "S1", "5", city="Oulu", tma1="H"))
    sync(child("1", parent_name="Uusi nimi"))
    kept = account()
    assert (kept.name, kept.yearly_revenue, kept.city, kept.tma1.code, kept.owner.salesperson_id) == (
        "Uusi nimi",
        Decimal("5.00"),
        "Oulu",
        "H",
        "S1",
    )
    assert Site.objects.get().revenue == Decimal("5.00")
    assert MasterConflict.objects.count() == 0


def test_an_overridden_field_survives_while_the_master_is_still_noted() -> None:
    steward = UserFactory(roles=["data_steward"])
    sync(child("1", revenue="5"))
    Account.objects.update(name="Oikea nimi")
    FieldOverride.objects.create(account=account(), field="name", by=steward, at=clock.now())
    sync(child("1", parent_name="Masterin uusi nimi", revenue="6"))
    kept = account()
    assert (kept.name, kept.yearly_revenue) == ("Oikea nimi", Decimal("6.00"))
    assert MasterRecord.objects.get().values["name"] == "Masterin uusi nimi"


def test_an_owner_set_by_hand_stays_and_settles_the_conflict() -> None:
    steward, owner = UserFactory(roles=["data_steward"]), person("S9")
    sync(sold("1", "S1"))
    Account.objects.update(owner=owner)
    FieldOverride.objects.create(account=account(), field="owner", by=steward, at=clock.now())
    sync(sold("1", "S2"))
    assert account().owner == owner
    assert MasterConflict.objects.filter(resolved_at=None).count() == 0


def test_a_field_that_becomes_empty_in_the_master_becomes_empty() -> None:
    sync(child("1", industry="I56", city="Oulu"))
    sync(child("1", industry="", city=""))
    assert (account().industry, account().city) == (None, "")


def test_a_code_that_is_known_keeps_its_label() -> None:
    known = IndustryFactory(code="I56", label_en="Restaurants", label_fi="Ravintolat")
    sync(child("1", industry="I56"), child("2", "P2", industry="I55"))
    known.refresh_from_db()
    assert (account().industry, known.label_en, account("P2").industry.label_fi) == (known, "Restaurants", "I55")


@pytest.mark.parametrize(
    ("rows", "kind", "candidates"),
    [
        ([sold("1", "S1"), sold("2", "S2")], "tie", [
            {"value": "S1", "label": "Myyjä S1", "revenue": "100.00"}, {"value": "S2", "label": "Myyjä S2", "revenue": "100.00"},
        ]),
        ([sold("1", "S99")], "unknown", [{"value": "S99", "label": "Myyjä S99"}]),
        ([sold("1", "S8")], "unknown", [{"value": "S8", "label": "Myyjä S8"}]),
        ([sold("1", "")], "none", []),
    ],
)  # fmt: skip
def test_a_first_load_without_a_clear_owner_leaves_it_empty_with_a_conflict(
    rows: list[Any], kind: str, candidates: list[Any]
) -> None:
    person("S1"), person("S2"), person("S8", is_active=False)
    run = sync(*rows)
    conflict = MasterConflict.objects.get()
    assert (account().owner, account().unit) == (None, None)
    assert (conflict.account, conflict.field, conflict.kind, conflict.candidates, conflict.run) == (
        account(),
        "owner",
        kind,
        candidates,
        run,
    )
    assert counts(run, "conflicts") == (1,)


def test_a_later_conflict_leaves_the_old_owner_until_it_is_settled() -> None:
    first, second = person("S1", team=TeamFactory()), person("S2", team=TeamFactory())
    sync(sold("1", "S1"), sold("2", "S1"))
    sync(sold("1", "S1"), sold("2", "S2"))
    assert (account().owner, MasterConflict.objects.get().kind) == (first, "tie")
    sync(sold("1", "S99"), sold("2", "S99"))
    assert (account().owner, MasterConflict.objects.get().kind) == (first, "unknown")
    sync(sold("1", "S2"), sold("2", "S2"))
    assert (account().owner, account().unit, account().version) == (second, second.team.unit, 2)
    assert MasterConflict.objects.get().resolved_at is not None


def test_a_person_who_becomes_known_gets_the_account_from_the_same_file() -> None:
    rows = [sold("1", "S1")]
    sync(*rows)
    rep = person("S1")
    run = sync(*rows)
    assert (account().owner, counts(run, "accounts_updated", "rows_unchanged", "conflicts")) == (rep, (1, 1, 0))


def test_a_child_moves_to_another_parent() -> None:
    sync(child("1", "P1"), child("2", "P1"))
    run = sync(child("1", "P2"), child("2", "P1"))
    assert Site.objects.get(child_id="1").account == account("P2")
    assert counts(run, "sites_moved", "sites_updated", "sites_created", "accounts_created") == (1, 1, 0, 1)


def test_a_quarantined_row_does_not_shrink_its_account() -> None:
    person("S1")
    sync(sold("1", "S1", "5"), sold("2", "S1", "7"))
    run = sync(sold("1", "S1", "5"), sold("2", "S1", "oops"))
    assert account().yearly_revenue == Decimal("12.00")
    assert (run.status, counts(run, "rows_unchanged", "rows_quarantined", "accounts_unchanged")) == ("unchanged", (1, 1, 1))


def test_clashing_rows_leave_an_account_untouched() -> None:
    sync(child("1", revenue="5"))
    sync(child("1", revenue="6"), child("1", revenue="7"), child("2", "P2"))
    assert (account().yearly_revenue, account().version) == (Decimal("5.00"), 1)


def test_quarantined_rows_are_kept_with_number_key_reason_and_cells() -> None:
    run = services.customer_sync(content=b"child_id;parent_id;parent_name;x\n1;P;N\xc3\xa4;\n2;P\n3;P;N;a\x00b;more\n", by=None)
    kept = [(row.row_number, row.key, row.code, row.raw) for row in QuarantinedRow.objects.filter(run=run)]
    assert kept == [
        (3, "2", "cell_count", {"child_id": "2", "parent_id": "P"}),
        (4, "3", "cell_count", {"child_id": "3", "parent_id": "P", "parent_name": "N", "x": "a\ufffdb", "+1": "more"}),
    ]
    assert run.counts["quarantine"][0] == {"row": 3, "key": "2", "reason": "The row has 2 cells, the header 4."}
    assert run.counts["read_as"] == {
        "profile": "own",
        "encoding": "utf-8",
        "delimiter": ";",
        "decimal": ",",
        "unknown_columns": ["x"],
    }


def test_a_reason_is_read_in_the_language_of_the_reader() -> None:
    run = services.customer_sync(content=b"child_id;parent_id;parent_name\n1;P;N\n2;P\n", by=None)
    row = QuarantinedRow.objects.get(run=run)
    assert row.reason == "The row has 2 cells, the header 3."
    with translation.override("fi"):
        assert row.reason == "Rivillä on 2 solua, otsikkorivillä 3."


def test_the_counts_always_add_up() -> None:
    rows = [child("1", cpq_flag="Y"), child("1", cpq_flag="Y"), child("2", cpq_flag="N"), child("3", cpq_flag="Y", revenue="x")]
    for run in (sync(*rows), sync(*rows)):
        read, *parts = counts(run, "rows_read", "rows_applied", "rows_unchanged", "rows_ignored", "rows_quarantined")
        assert (read, sum(parts)) == (4, 4)
    assert counts(run, "rows_applied", "rows_unchanged", "rows_ignored", "rows_quarantined") == (0, 2, 1, 1)


def test_a_file_without_one_usable_row_waits_for_a_steward() -> None:
    run = sync(child("1", revenue="x"))
    assert (run.status, report.exit_code(run), Account.objects.count()) == ("quarantined", 3, 0)


def test_the_first_hundred_faults_are_reported_and_all_are_kept() -> None:
    run = sync(child("ok"), *(child(f"{number}", revenue="x") for number in range(120)))
    assert (len(run.counts["quarantine"]), QuarantinedRow.objects.count()) == (100, 120)


@pytest.mark.req("S0.33")
def test_an_account_whose_rows_all_lose_the_flag_rests_and_comes_back() -> None:
    sync(child("1", cpq_flag="Y"), child("2", cpq_flag="Y"), child("3", "P2", cpq_flag="Y"))
    off = [child("1", cpq_flag="N"), child("2", cpq_flag=""), child("3", "P2", cpq_flag="Y")]
    run = sync(*off)
    assert (account().status, account().version, account("P2").status) == ("inactive", 2, "active")
    assert (counts(run, "accounts_deactivated", "rows_ignored"), Site.objects.filter(is_active=True).count()) == ((1, 2), 1)
    assert (sync(*off).status, account().version) == ("unchanged", 2)
    run = sync(child("1", cpq_flag="Y"), child("2", cpq_flag="Y"), child("3", "P2", cpq_flag="Y"))
    assert (account().status, counts(run, "accounts_reactivated"), Site.objects.filter(is_active=True).count()) == (
        "active",
        (1,),
        3,
    )
    assert list(Event.objects.order_by("pk").values_list("verb", flat=True))[-2:] == ["master_deactivated", "master_reactivated"]


def test_an_account_keeps_going_while_one_row_has_the_flag_or_is_not_in_the_file() -> None:
    sync(child("1", cpq_flag="Y"), child("2", cpq_flag="Y"), child("3", "P2", cpq_flag="Y"), child("4", "P2", cpq_flag="Y"))
    run = sync(child("1", cpq_flag="N"), child("2", cpq_flag="Y"), child("3", "P2", cpq_flag="N"))
    assert (counts(run, "accounts_deactivated"), account("P1").status, account("P2").status) == ((0,), "active", "active")


def test_an_account_made_inactive_by_somebody_is_left_so() -> None:
    sync(child("1"))
    Account.objects.update(status="inactive")
    assert (sync(child("1", revenue="9")).status, account().status) == ("applied", "inactive")


def test_a_dry_run_reports_what_a_run_does_and_writes_none_of_it() -> None:
    rows = [sold("1", "S1", tma1="H"), sold("2", "S1", "x")]
    before = written()
    dry = sync(*rows, dry_run=True)
    assert (dry.status, written()) == ("dry_run", before)
    real = sync(*rows)
    left_out = ("duration_s", "phases")
    assert {key: value for key, value in dry.counts.items() if key not in left_out} == {
        key: value for key, value in real.counts.items() if key not in left_out
    }


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b"%PDF-1.7", "This is not a delimited text file (CSV) but PDF."),
        (b"child_id;parent_id\n1;2\n", "Required columns are missing: parent_name."),
        (b"Customer_ID;Revenue\n1;2\n", "Required columns are missing: ASO_ID_2, ASO_Name_2."),
        (b"child_id;parent_id;parent_name;child_id\n1;2;3;4\n", "Columns stand twice in the header: child_id."),
    ],
)
def test_a_file_that_cannot_be_used_fails_with_its_sentence_and_changes_nothing(content: bytes, sentence: str) -> None:
    sync(child("1"))
    before = written()
    run = services.customer_sync(content=content, by=None)
    assert (run.status, run.error, report.exit_code(run), written()) == ("failed", sentence, 1, before)
    assert run.finished_at is not None


def test_an_error_in_the_middle_applies_nothing_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("disk on fire")

    monkeypatch.setattr(customer_apply, "_write_sites", broken)
    before = written()
    with pytest.raises(RuntimeError):
        sync(child("1", tma1="H"))
    run = JobRun.objects.get()
    assert (run.status, run.error) == ("failed", "The run stopped at an error of the program; nothing was applied.")
    assert (written(), QuarantinedRow.objects.count()) == (before, 0)


def test_only_stewards_may_run_it() -> None:
    before = written()
    with pytest.raises(NotAllowed):
        services.customer_sync(content=file_of([child("1")]), by=UserFactory(roles=["sales_manager"]))
    assert (written(), JobRun.objects.count()) == (before, 0)
    steward = UserFactory(roles=["data_steward"])
    run = services.customer_sync(content=file_of([child("1")]), by=steward)
    assert (run.status, run.started_by, Account.history.get().history_user, Event.objects.get().by) == (
        "applied",
        steward,
        steward,
        steward,
    )


def test_an_unknown_profile_leaves_no_run() -> None:
    with pytest.raises(UnknownProfile):
        sync(child("1"), profile="none")
    assert JobRun.objects.count() == 0


def test_a_feed_that_is_already_aggregated_needs_no_children(tmp_path) -> None:
    path = tmp_path / "done.toml"
    path.write_text("[options]\nalready_aggregated = true\n", encoding="utf-8")
    content = file_of(
        [
            {"parent_id": "P1", "parent_name": "Yksi Oy", "revenue": "5"},
            {"parent_id": "P2", "parent_name": "Kaksi Oy", "revenue": "6"},
        ]
    )
    run = services.customer_sync(content=content, profile=str(path), by=None)
    assert (run.status, account("P2").name, account("P2").yearly_revenue) == ("applied", "Kaksi Oy", Decimal("6.00"))


def test_an_account_that_was_there_before_the_master_is_taken_over() -> None:
    rep = person("S1")
    AccountFactory(parent_customer_id="P1", name="Vanha", owner=rep)
    run = sync(sold("1", "S99"))
    assert (account().name, account().owner, counts(run, "accounts_created", "accounts_updated")) == ("Ämpäri P1 Oy", rep, (0, 1))


@pytest.mark.parametrize(
    "text", ["=1+1", "<script>alert(1)</script>", "'; DROP TABLE accounts_account; --", "🍕 Pizzeria", "{{ 7*7 }}"]
)
def test_any_text_is_stored_as_it_is(text: str) -> None:
    sync(child("1", parent_name=text))
    assert account().name == text


def test_many_rows_go_in_several_statements() -> None:
    rows = [child(f"{number}", f"P{number % 450}", tma1=f"T{number % 7}", revenue=str(number)) for number in range(1000)]
    assert counts(sync(*rows), "accounts_created", "sites_created") == (450, 1000)
    run = sync(*(row | {"revenue": "1"} for row in rows))
    assert counts(run, "accounts_updated", "sites_updated", "rows_unchanged") == (450, 999, 1)


# --- What people do between comparing and applying --------------------------------------------------------------------
def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object], at: str = "apply") -> None:
    """`act` is done once a run has compared, before it applies; `at` "conflicts": once it has read the conflicts it writes."""
    real = getattr(customer_apply, at)

    def first(*args: Any) -> Any:
        if at == "apply":
            act()
        found = real(*args)
        if at == "conflicts":
            act()
        return found

    monkeypatch.setattr(customer_apply, at, first)


def test_an_override_lifted_while_a_run_goes_on_leaves_the_new_value_of_the_master(monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = UserFactory(roles=["data_steward", "sales_manager"])
    sync(child("1", city="Oulu"))
    Account.objects.update(owner=keeper)
    account_services.account_override(account_id=account().pk, by=keeper, version=None, field="city", value="Turku", reason="r")
    meanwhile(
        monkeypatch,
        lambda: account_services.account_lift_override(account_id=account().pk, by=keeper, version=None, field="city"),
    )

    sync(child("1", city="Kemi"))

    assert (account().city, MasterRecord.objects.get().values["city"]) == ("Kemi", "Kemi")


def test_a_conflict_that_somebody_closes_while_a_run_applies_stays_as_it_was_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = UserFactory(roles=["data_steward", "sales_manager"])
    sync(sold("1", "S1"), sold("2", "S2"))
    Account.objects.update(owner=keeper)
    conflict = MasterConflict.objects.get()
    before = conflict.candidates
    meanwhile(
        monkeypatch, lambda: conflict_services.conflict_leave(conflict_id=conflict.pk, by=keeper, reason="So be it"), "conflicts"
    )

    sync(sold("1", "S1"), sold("2", "S3"))

    conflict.refresh_from_db()
    assert (conflict.candidates, conflict.resolved_by, conflict.resolution) == (before, keeper, "So be it")
    assert conflict.resolved_at is not None


def test_a_conflict_that_somebody_decides_while_a_run_goes_on_is_not_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = UserFactory(roles=["data_steward", "sales_manager"], salesperson_id="S1")
    sync(sold("1", "S1"), sold("2", "S2"))
    Account.objects.update(owner=keeper)
    conflict = MasterConflict.objects.get()
    meanwhile(
        monkeypatch,
        lambda: conflict_services.conflict_choose(conflict_id=conflict.pk, by=keeper, candidate="S1", reason="Mine"),
    )

    sync(sold("1", "S1"), sold("2", "S3"))

    assert not MasterConflict.objects.filter(resolved_at=None).exists()
    assert account().owner == keeper


def test_conflicts_of_an_account_that_becomes_inactive_are_settled_and_come_back_with_it() -> None:
    rows = [sold("1", "S1"), sold("2", "S2"), child("3", "P2")]
    sync(*rows)
    assert MasterConflict.objects.filter(account=account(), resolved_at=None).exists()

    gone = sync(*({**row, "cpq_flag": "no" if row is not rows[2] else "yes"} for row in rows))

    assert gone.counts["accounts_deactivated"] == 1
    assert MasterConflict.objects.get(account=account()).resolved_at is not None
    assert gone.counts["conflicts"] == MasterConflict.objects.filter(resolved_at=None).count() == 1
    sync(*({**row, "cpq_flag": "yes"} for row in rows))
    assert MasterConflict.objects.filter(account=account(), resolved_at=None).count() == 1


# --- Units ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("whole_unit", [True, False])
def test_accounts_follow_their_owner_into_another_unit(whole_unit: bool) -> None:
    rep, other = person("S1", team=TeamFactory()), UserFactory(roles=["sales_rep"], team=TeamFactory())
    rows = [sold("1", "S1"), sold("2", "S1", parent_id="P2")]
    sync(*rows)
    Account.objects.filter(parent_customer_id="P2").update(owner=other, unit=other.team.unit)
    FieldOverride.objects.create(account=account("P2"), field="owner", by=rep, at=clock.now())
    before = {"P1": rep.team.unit.code, "P2": other.team.unit.code}
    unit = BusinessUnitFactory()
    for who in (rep, other):
        if whole_unit:
            Team.objects.filter(pk=who.team_id).update(unit=unit)
        else:
            User.objects.filter(pk=who.pk).update(team=TeamFactory(unit=unit))
    tried = sync(*rows, dry_run=True)
    assert sorted((row.number, row.changes) for row in tried.proposed.all()) == [
        (number, {"unit": [code, unit.code]}) for number, code in before.items()
    ]

    moved, after = sync(*rows), sync(*rows)

    assert (moved.status, moved.counts["accounts_updated"], after.status) == ("applied", 2, "unchanged")
    for number, code in before.items():
        found = account(number)
        event = Event.objects.get(subject_id=found.pk, verb="master_updated")
        assert (found.unit, found.version, found.history.first().unit) == (unit, 2, unit)
        assert event.data == {"run": moved.pk, "changes": {"unit": [code, unit.code]}}


def test_accounts_of_an_owner_without_a_team_belong_to_no_unit() -> None:
    rep = person("S1", team=TeamFactory())
    sync(sold("1", "S1"))
    User.objects.filter(pk=rep.pk).update(team=None)
    sync(sold("1", "S1"))
    assert account().unit is None
