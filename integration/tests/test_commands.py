import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Account
from catalog.models import Product
from core.models import JobRun
from integration.tests.factories import child, file_of

pytestmark = pytest.mark.django_db

KEYS = [
    "run_id", "status", "rows_read", "rows_applied", "rows_unchanged", "rows_ignored", "rows_quarantined", "parents_seen",
    "accounts_created", "accounts_updated", "accounts_unchanged", "accounts_deactivated", "accounts_reactivated", "sites_created",
    "sites_updated", "sites_moved", "conflicts", "duration_s", "quarantine",
]  # fmt: skip


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    path = tmp_path / "asiakkaat.csv"
    path.write_bytes(file_of([child("1", revenue="5"), child("2", revenue="x")]))
    return path


def answer(capsys: pytest.CaptureFixture[str], *arguments: Any) -> dict[str, Any]:
    call_command(*arguments, "--json")
    return json.loads(capsys.readouterr().out)


def test_the_report_has_the_agreed_keys(capsys: pytest.CaptureFixture[str], feed: Path) -> None:
    report = answer(capsys, "sync_customers", "--file", feed)
    assert list(report) == KEYS
    assert (report["status"], report["accounts_created"], report["rows_quarantined"]) == ("applied", 1, 1)
    assert report["quarantine"] == [{"row": 3, "key": "2", "reason": "revenue: “x” is not a number."}]
    assert JobRun.objects.get(pk=report["run_id"]).source == "asiakkaat.csv"


def test_a_dry_run_leaves_no_account(capsys: pytest.CaptureFixture[str], feed: Path) -> None:
    report = answer(capsys, "sync_customers", "--file", feed, "--dry-run")
    assert (report["status"], report["accounts_created"], Account.objects.count()) == ("dry_run", 1, 0)


def test_without_json_the_report_is_for_people(capsys: pytest.CaptureFixture[str], feed: Path) -> None:
    call_command("sync_customers", "--file", feed)
    lines = capsys.readouterr().out.splitlines()
    assert "accounts_created      1" in lines
    assert lines[-1] == "row 3 (2): revenue: “x” is not a number."


def exit_code(*arguments: Any) -> int:
    with pytest.raises((CommandError, SystemExit)) as ended:
        call_command(*arguments)
    return int(ended.value.returncode if isinstance(ended.value, CommandError) else ended.value.code)


def test_a_file_that_cannot_be_used_is_1(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "kirja.xlsx"
    path.write_bytes(b"PK\x03\x04")
    assert exit_code("sync_customers", "--file", path, "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["status"], report["rows_read"]) == ("failed", 0)
    assert report["error"].startswith("This cannot be read as an Excel workbook")


def test_a_file_without_one_usable_row_is_3(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(file_of([child("1", revenue="x")]))
    assert exit_code("sync_customers", "--file", path, "--json") == 3
    assert json.loads(capsys.readouterr().out)["status"] == "quarantined"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--url"],
        ["--file", "/no/such/file.csv"],
        ["--file", "/tmp"],
        ["--file", __file__, "--profile", "none"],
    ],
)
def test_a_wrong_call_is_2_and_leaves_no_run(arguments: list[str]) -> None:
    assert exit_code("sync_customers", *arguments) == 2
    assert JobRun.objects.count() == 0


def test_file_or_url_but_one_of_them() -> None:
    for arguments in ([], ["--file", "a", "--url", "b"]):
        with pytest.raises(CommandError, match=r"required|not allowed"):
            call_command("sync_customers", *arguments)


def test_a_profile_can_be_named_or_a_path(capsys: pytest.CaptureFixture[str], tmp_path: Path, feed: Path) -> None:
    path = tmp_path / "oma.toml"
    path.write_text('[columns]\nchild_id="child_id"\nparent_id="parent_id"\nparent_name="parent_id"\n', encoding="utf-8")
    assert answer(capsys, "sync_customers", "--file", feed, "--profile", path)["status"] == "applied"
    assert Account.objects.get().name == "P1"
    assert exit_code("sync_customers", "--file", feed, "--profile", "price_manager") == 1


def test_products_are_imported(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "tuotteet.csv"
    path.write_bytes(file_of([{"sku": "1", "name_en": "One", "list_price": "1.50"}]))
    report = answer(capsys, "import_products", "--file", path)
    assert (report["status"], report["products_created"], report["prices_created"]) == ("applied", 1, 1)
    assert Product.objects.get().sku == "1"
