"""What browsers send as files. One larger than the settings allow is dropped as it comes in, the form around it is read.

Of a file that is to be kept and handed on, the kind is what its bytes say, whatever its name or the browser says; what could run
where it is opened (pages, scripts, drawings with scripts, macros) is not taken. It leaves us as a file to save, never as a page.
"""

import hashlib
import re
import unicodedata
import zipfile
from collections.abc import Callable
from typing import IO, Any, NamedTuple

import structlog
from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid, NotFound, Text

log = structlog.get_logger(__name__)

_DROPPED = "_dropped_uploads"
MEGABYTE = 1024 * 1024
MOST_BYTES = 10 * MEGABYTE
"""Of a file that is kept."""
LONGEST_NAME = 120


class LimitedUploadHandler(FileUploadHandler):
    """Stands before the handlers that keep something."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        if start + len(raw_data) > settings.UPLOAD_MAX_BYTES:
            request: Any = self.request
            setattr(request, _DROPPED, {*getattr(request, _DROPPED, ()), self.field_name})
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def was_too_large(request: HttpRequest, field: str) -> bool:
    """Whether the file of this field of the form was dropped for its size."""
    return field in getattr(request, _DROPPED, ())


# --- Kinds ------------------------------------------------------------------------------------------------------------
class Kept(NamedTuple):
    """What is known of a file that may be kept. `content_hash`: SHA-256, in hexadecimal."""

    name: str
    content_type: str
    size: int
    content_hash: str


class Content(NamedTuple):
    """What tells the kind of a file: its first bytes, the names in it where it is a zip file, the file itself."""

    start: bytes
    parts: frozenset[str]
    file: IO[bytes]


class Kind(NamedTuple):
    content_type: str
    fits: Callable[[Content], bool]


_ZIP = b"PK\x03\x04"
_UNPRINTABLE = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")


def _content(file: IO[bytes]) -> Content:
    file.seek(0)
    start = file.read(512)
    return Content(start, _parts(file) if start.startswith(_ZIP) else frozenset(), file)


def _parts(file: IO[bytes]) -> frozenset[str]:
    """The names in a zip file, of which nothing is unpacked; none where it is broken."""
    try:
        return frozenset(zipfile.ZipFile(file).namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return frozenset()


def _begins(*starts: bytes) -> Callable[[Content], bool]:
    return lambda content: content.start.startswith(starts)


def _has_part(name: str) -> Callable[[Content], bool]:
    """A document of Office, by the part that none of its kind lacks."""
    return lambda content: name in content.parts


def _says(content_type: str) -> Callable[[Content], bool]:
    """An OpenDocument, by what its first part says, which is stored as it is."""
    return lambda content: "mimetype" in content.parts and content.start[30:].startswith(b"mimetype" + content_type.encode())


def _is_webp(content: Content) -> bool:
    return content.start[:4] == b"RIFF" and content.start[8:12] == b"WEBP"


def _is_text(content: Content) -> bool:
    content.file.seek(0)
    return not any(_UNPRINTABLE.search(piece) for piece in iter(lambda: content.file.read(MEGABYTE), b""))


_OPEN = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"
KINDS: dict[str, Kind] = {
    "pdf": Kind("application/pdf", _begins(b"%PDF-")),
    "png": Kind("image/png", _begins(b"\x89PNG\r\n\x1a\n")),
    "jpg": Kind("image/jpeg", _begins(b"\xff\xd8\xff")),
    "jpeg": Kind("image/jpeg", _begins(b"\xff\xd8\xff")),
    "gif": Kind("image/gif", _begins(b"GIF87a", b"GIF89a")),
    "webp": Kind("image/webp", _is_webp),
    "docx": Kind(f"{_OPEN}.wordprocessingml.document", _has_part("word/document.xml")),
    "xlsx": Kind(f"{_OPEN}.spreadsheetml.sheet", _has_part("xl/workbook.xml")),
    "pptx": Kind(f"{_OPEN}.presentationml.presentation", _has_part("ppt/presentation.xml")),
    "odt": Kind(f"{_ODF}.text", _says(f"{_ODF}.text")),
    "ods": Kind(f"{_ODF}.spreadsheet", _says(f"{_ODF}.spreadsheet")),
    "odp": Kind(f"{_ODF}.presentation", _says(f"{_ODF}.presentation")),
    "txt": Kind("text/plain", _is_text),
    "csv": Kind("text/csv", _is_text),
}
"""By the ending of the name, in small letters."""
ENDINGS = ",".join(f".{ending}" for ending in KINDS)
"""For the `accept` of an input."""
_MACROS = re.compile(r"(^|/)(vbaProject\.bin|Basic/|Scripts/)", re.IGNORECASE)


def checked(name: str, file: IO[bytes], size: int, field: str = "file") -> Kept:
    """What a file is that may be kept. Raises: Invalid naming `field`."""
    safe = safe_name(name)
    ending = safe.partition(".")[2] and safe.rpartition(".")[2].lower()
    problem = _problem(ending, file, size)
    if problem:
        raise Invalid(problem, fields={field: problem})
    return Kept(safe, KINDS[ending].content_type, size, digest(file))


def _problem(ending: str, file: IO[bytes], size: int) -> Text | None:
    if size == 0:
        return _("The file is empty.")
    if size > MOST_BYTES:
        return too_large()
    if ending not in KINDS:
        return _("Files of this kind are not taken. These are: %(kinds)s.") % {"kinds": ", ".join(KINDS)}
    content = _content(file)
    if not KINDS[ending].fits(content):
        return _("The file is not what its name says: it is no %(ending)s file.") % {"ending": ending}
    if any(map(_MACROS.search, content.parts)):
        return _("The file has macros. Save it without them.")
    return None


def too_large() -> Text:
    return _("The file is larger than %(limit)s MB.") % {"limit": MOST_BYTES // MEGABYTE}


def digest(file: IO[bytes]) -> str:
    """SHA-256 of the whole file, which is at its beginning afterwards."""
    file.seek(0)
    found = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # an upload is a file, in a wrapper
    file.seek(0)
    return found


def safe_name(name: str) -> str:
    """The name for people and their file systems: without folders, marks that nobody sees and what systems refuse."""
    bare = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    plain = "".join(" " if char.isspace() else char for char in bare if char.isspace() or unicodedata.category(char)[0] != "C")
    stem, dot, ending = " ".join(re.sub(r'[<>:"|?*]', "_", plain).split()).rpartition(".")
    stem, ending = (stem, ending[:20]) if dot else (ending, "")
    return f"{(stem.strip('. ') or 'file')[: LONGEST_NAME - len(ending) - 1]}{dot}{ending}"


def content_of(record: Any) -> bytes:
    """What was kept as `record.file`. Raises: NotFound when the stored file is gone or does not match `record.content_hash`."""
    try:
        with record.file.open("rb") as file:
            content = bytes(file.read())
    except OSError:
        log.exception("attachment is missing", attachment=record.pk)
    else:
        if hashlib.sha256(content).hexdigest() == record.content_hash:
            return content
        log.error("attachment does not match its hash", attachment=record.pk)
    raise NotFound(_("This file is damaged. Ask whoever added it to add it again."))


def to_save(content: bytes, *, name: str, content_type: str) -> HttpResponse:
    """A kept file as one to save: no browser guesses what else it could be, opens it as a page of ours or keeps it."""
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
