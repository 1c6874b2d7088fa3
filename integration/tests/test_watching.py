"""Files that are dropped into the watched folder are taken whole, once, and put away."""

import os
from pathlib import Path
from typing import Any

import pytest

from core.models import JobRun
from integration import tasks
from integration.choices import Origin
from integration.models import CUSTOMER_SYNC, PRODUCT_IMPORT, Intake
from integration.services import watching
from integration.tests.engine import Engine
from integration.tests.factories import RunningFactory

pytestmark = [pytest.mark.django_db, pytest.mark.once]

Status = JobRun.Status


@pytest.fixture
def folder(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.WATCHED_FOLDER = str(tmp_path)
    monkeypatch.setattr(watching, "_seen", {})
    monkeypatch.setattr(watching, "_stuck", {})
    for name in watching.FOLDERS:
        (tmp_path / name).mkdir()
    return tmp_path


def dropped(folder: Path, name: str, content: bytes = b"a;b\n", at: int = 1_000) -> Path:
    path = folder / name
    path.write_bytes(content)
    os.utime(path, (at, at))
    return path


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_without_a_folder_nothing_is_watched(settings: Any) -> None:
    settings.WATCHED_FOLDER = ""
    assert tasks.watch() == 0


def test_a_folder_that_is_not_there_is_no_error(settings: Any, tmp_path: Path) -> None:
    settings.WATCHED_FOLDER = str(tmp_path / "not there")
    assert tasks.watch() == 0


@pytest.mark.req("S0.28")
@pytest.mark.parametrize(("name", "kind"), watching.FOLDERS.items())
def test_a_file_is_taken_when_two_looks_found_it_alike(folder: Path, name: str, kind: str, engine: Engine) -> None:
    dropped(folder, f"{name}/uusi.csv")
    assert [tasks.watch(), JobRun.objects.count()] == [0, 0]
    assert tasks.watch() == 1
    run, intake = JobRun.objects.get(), Intake.objects.get()
    assert (run.kind, run.source, run.status, run.started_by) == (kind, "uusi.csv", Status.RUNNING, None)
    assert (intake.origin, bytes(intake.content or b""), intake.is_complete) == (Origin.FOLDER, b"a;b\n", False)
    assert files(folder) == [f"{name}/working/{run.pk}-uusi.csv"]
    tasks.watch()
    assert files(folder) == [f"{name}/working/{run.pk}-uusi.csv"]
    tasks.work(run_id=run.pk)
    tasks.watch()
    assert files(folder) == [f"{name}/done/{run.pk}-uusi.csv"]


@pytest.mark.parametrize(
    ("status", "where"),
    [
        (Status.APPLIED, "done"),
        (Status.UNCHANGED, "done"),
        (Status.QUARANTINED, "done"),
        (Status.FAILED, "failed"),
        (Status.INCOMPLETE, "failed"),
        (Status.CANCELLED, "failed"),
    ],
)
def test_what_became_of_the_run_says_where_the_file_goes(folder: Path, engine: Engine, status: JobRun.Status, where: str) -> None:
    dropped(folder, "customers/uusi.csv")
    tasks.watch(), tasks.watch()
    engine.ends = status
    run = JobRun.objects.get()
    tasks.work(run_id=run.pk)
    tasks.watch()
    assert files(folder) == [f"customers/{where}/{run.pk}-uusi.csv"]


def test_a_file_that_still_grows_is_waited_for(folder: Path) -> None:
    for number in range(1, 5):
        dropped(folder, "customers/uusi.csv", b"a;b\n" * number)
        assert tasks.watch() == 0
    assert tasks.watch() == 1


def test_a_file_that_changes_without_growing_is_waited_for(folder: Path) -> None:
    for at in (1_000, 2_000):
        dropped(folder, "customers/uusi.csv", at=at)
        assert tasks.watch() == 0


@pytest.mark.parametrize("name", [".uusi.csv", "uusi.csv.part", "uusi.csv.TMP", "uusi.filepart"])
def test_unfinished_files_are_left_alone(folder: Path, name: str) -> None:
    dropped(folder, f"customers/{name}")
    assert [tasks.watch(), tasks.watch(), files(folder)] == [0, 0, [f"customers/{name}"]]


def test_empty_files_links_and_folders_are_left_alone(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.csv"
    secret.write_bytes(b"a;b\n")
    (folder / "customers" / "link.csv").symlink_to(secret)
    (folder / "customers" / "folder.csv").mkdir()
    dropped(folder, "customers/empty.csv", b"")
    dropped(folder, "loose.csv")
    assert [tasks.watch(), tasks.watch(), JobRun.objects.count()] == [0, 0, 0]


def test_while_another_run_goes_on_files_wait_and_then_come_in_their_order(folder: Path, engine: Engine) -> None:
    dropped(folder, "customers/b.csv", at=2_000), dropped(folder, "products/a.csv", at=1_000)
    other = RunningFactory()
    assert [tasks.watch(), tasks.watch()] == [0, 0]
    JobRun.objects.filter(pk=other.pk).update(status=Status.APPLIED)
    assert [tasks.watch(), tasks.watch()] == [1, 0]
    first = JobRun.objects.latest("pk")
    tasks.work(run_id=first.pk)
    assert tasks.watch() == 1
    assert [first.kind, JobRun.objects.latest("pk").kind] == [PRODUCT_IMPORT, CUSTOMER_SYNC]


def test_a_file_that_is_too_large_fails_and_says_so(folder: Path, settings: Any) -> None:
    settings.UPLOAD_MAX_BYTES = 3
    dropped(folder, "customers/uusi.csv")
    assert [tasks.watch(), tasks.watch()] == [0, 1]
    run = JobRun.objects.get()
    assert (run.status, run.error, files(folder)) == (
        Status.FAILED,
        "The file is larger than 0 MB.",
        [f"customers/failed/{run.pk}-uusi.csv"],
    )


def test_a_file_that_cannot_be_moved_is_taken_once(folder: Path, monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
    dropped(folder, "customers/uusi.csv")

    def refuse(self: Path, to: Path) -> Path:
        raise PermissionError("read-only")

    monkeypatch.setattr(Path, "rename", refuse)
    assert [tasks.watch(), tasks.watch()] == [0, 1]
    tasks.work(run_id=JobRun.objects.get().pk)
    assert [tasks.watch(), tasks.watch(), JobRun.objects.count()] == [0, 0, 1]


def test_what_nobody_here_put_into_working_stays(folder: Path) -> None:
    (folder / "customers" / "working").mkdir()
    for name in ("notes.txt", "987654-uusi.csv"):
        dropped(folder, f"customers/working/{name}")
    tasks.watch()
    assert files(folder) == ["customers/working/987654-uusi.csv", "customers/working/notes.txt"]
