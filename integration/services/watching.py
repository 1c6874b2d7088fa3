"""Files that somebody drops into the watched folder: `customers/` and `products/` of it. What is taken moves on within them.

A file is taken when two looks in a row found it alike, so that nothing half-written is read; it stands in `working/` while a run
works on it, then in `done/` or `failed/`. The bytes are in the database from the first moment on.
"""

import logging
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from core.languages import Sentence as _
from core.models import JobRun
from integration.choices import Origin
from integration.errors import Busy
from integration.models import CUSTOMER_SYNC, PRODUCT_IMPORT
from integration.services import runs

log = logging.getLogger(__name__)

FOLDERS = {"customers": CUSTOMER_SYNC, "products": PRODUCT_IMPORT}
WORKING, DONE, FAILED = "working", "done", "failed"
UNFINISHED = (".part", ".tmp", ".partial", ".filepart", ".crdownload")
"""How programs that copy files end the names of those they have not finished."""


class _Look(NamedTuple):
    size: int
    changed: int


_seen: dict[Path, _Look] = {}
"""How each file was at the last look of this process; a worker that is started anew looks once more."""
_stuck: dict[Path, _Look] = {}
"""Files that were taken and could not be moved: they are not taken again until they change."""


def folder_look() -> int:
    """Files that have come are taken, those of ended runs are put away; the number taken: one at most."""
    if not settings.WATCHED_FOLDER:
        return 0
    root = Path(settings.WATCHED_FOLDER)
    for name in FOLDERS:
        _put_away(root / name)
    ready = [path for name in FOLDERS for path in _ready(root / name)]
    return int(bool(ready) and _take(min(ready, key=lambda path: (_seen[path].changed, path.name))))


def _ready(folder: Path) -> list[Path]:
    """Files that are as they were at the last look."""
    if not folder.is_dir():
        return []
    ready = []
    found = {path: look for path in folder.iterdir() if (look := _look_at(path)) is not None}
    for path, look in found.items():
        if _seen.get(path) == look != _stuck.get(path):
            ready.append(path)
        _seen[path] = look
    for path in [path for path in _seen if path.parent == folder and path not in found]:
        del _seen[path]
    return ready


def _look_at(path: Path) -> _Look | None:
    """Size and time of a file that is not under way to us; None for everything else."""
    if path.name.startswith(".") or path.suffix.lower() in UNFINISHED or path.is_symlink() or not path.is_file():
        return None
    try:
        facts = path.stat()
    except OSError:  # gone since the folder was listed
        return None
    return _Look(facts.st_size, facts.st_mtime_ns) if facts.st_size else None


def _take(path: Path) -> bool:
    """Start a run of the file; False when another one goes on."""
    kind = FOLDERS[path.parent.name]
    try:
        runs.require_free()
        if path.stat().st_size > settings.UPLOAD_MAX_BYTES:
            limit = settings.UPLOAD_MAX_BYTES // (1024 * 1024)
            sentence = _("The file is larger than %(limit)s MB.") % {"limit": limit}
            run = runs.run_fail(kind=kind, origin=Origin.FOLDER, name=path.name, sentence=sentence)
            _move(path, FAILED, run)
            return True
        run = runs.run_queue(kind=kind, origin=Origin.FOLDER, by=None, name=path.name, content=path.read_bytes())
    except Busy:
        return False
    except OSError as error:
        log.error("watched folder: %s cannot be read: %s", path, error)
        return False
    _move(path, WORKING, run)
    return True


def _put_away(folder: Path) -> None:
    """Files whose run is over leave `working/`."""
    if not (folder / WORKING).is_dir():
        return
    for path in (folder / WORKING).iterdir():
        number, _dash, name = path.name.partition("-")
        run = JobRun.objects.filter(pk=int(number)).first() if number.isdigit() and name else None
        if run is not None and run.status != JobRun.Status.RUNNING:
            failed = run.status in (JobRun.Status.FAILED, JobRun.Status.INCOMPLETE, JobRun.Status.CANCELLED)
            _rename(path, folder / (FAILED if failed else DONE) / path.name)


def _move(path: Path, where: str, run: JobRun) -> None:
    look = _seen.pop(path, None)
    if not _rename(path, path.parent / where / f"{run.pk}-{path.name}") and look is not None:
        _stuck[path] = look


def _rename(path: Path, to: Path) -> bool:
    """Whether the file could be moved; one that could not is told in the log."""
    try:
        to.parent.mkdir(exist_ok=True)
        path.rename(to)
    except OSError as error:
        log.error("watched folder: %s cannot be moved: %s", path, error)
        return False
    return True
