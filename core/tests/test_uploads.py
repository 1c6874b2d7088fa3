"""A file that is too large is dropped as it comes in, and the rest of the form is read; what is kept is what it says it is."""

import hashlib
import io
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory

from core.errors import Invalid
from core.uploads import KINDS, MOST_BYTES, checked, safe_name, to_save, was_too_large

pytestmark = pytest.mark.once

LIMIT = 3_000_000


@pytest.mark.parametrize(("size", "is_kept"), [(1, True), (LIMIT, True), (LIMIT + 1, False), (4 * LIMIT, False)])
def test_a_file_larger_than_the_limit_is_dropped(size: int, is_kept: bool, settings: Any) -> None:
    settings.UPLOAD_MAX_BYTES = LIMIT
    file = SimpleUploadedFile("a.csv", b"x" * size)
    request = RequestFactory().post("/", {"before": "1", "file": file, "after": "2"})
    assert (request.POST["before"], request.POST["after"]) == ("1", "2")
    assert ("file" in request.FILES, was_too_large(request, "file")) == (is_kept, not is_kept)
    assert not was_too_large(request, "other")
    if is_kept:
        assert request.FILES["file"].read() == b"x" * size
    request.close()


def test_each_file_has_the_whole_limit(settings: Any) -> None:
    settings.UPLOAD_MAX_BYTES = LIMIT
    files = {name: SimpleUploadedFile(name, b"x" * size) for name, size in (("a", LIMIT), ("b", LIMIT + 1), ("c", LIMIT))}
    request = RequestFactory().post("/", files)
    assert (set(request.FILES), was_too_large(request, "b")) == ({"a", "c"}, True)
    request.close()


# --- Files that are kept ----------------------------------------------------------------------------------------------
def zipped(*names: str, mimetype: str = "") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        if mimetype:
            made.writestr("mimetype", mimetype)
        for name in names:
            made.writestr(name, "x")
    return file.getvalue()


DOCX = zipped("[Content_Types].xml", "word/document.xml")
ODT = zipped("content.xml", mimetype="application/vnd.oasis.opendocument.text")
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
WEBP = b"RIFF\x10\0\0\0WEBPVP8 "


@pytest.mark.parametrize(
    ("name", "content", "content_type"),
    [
        ("a.pdf", b"%PDF-1.7\n", "application/pdf"), ("a.PDF", b"%PDF-1.7\n", "application/pdf"), ("a.png", PNG, "image/png"),
        ("a.jpeg", b"\xff\xd8\xff\xe0", "image/jpeg"), ("a.webp", WEBP, "image/webp"), ("a.odt", ODT, KINDS["odt"].content_type),
        ("a.docx", DOCX, KINDS["docx"].content_type), ("a.csv", "määrä;1\n".encode("cp1252"), "text/csv"),
    ],
)  # fmt: skip
def test_a_file_is_what_its_bytes_say(name: str, content: bytes, content_type: str) -> None:
    kept = checked(name, SimpleUploadedFile(name, content), len(content))
    assert kept == (name, content_type, len(content), hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.pdf", b"", "empty"), ("a.pdf", b"<html>", "no pdf file"), ("a.png", b"%PDF-1.7", "no png file"),
        ("a.txt", b"MZ\x90\x00", "no txt file"), ("a.html", b"<html>", "not taken"), ("a.svg", b"<svg/>", "not taken"),
        ("a.exe", b"MZ", "not taken"), ("pdf", b"%PDF-", "not taken"), ("a.pdf.html", b"%PDF-", "not taken"),
        ("a.docx", b"PK\x03\x04broken", "no docx file"), ("a.docx", b"<html>" + DOCX, "no docx file"),
        ("a.xlsx", DOCX, "no xlsx file"), ("a.odt", DOCX, "no odt file"),
        ("a.docx", zipped("word/document.xml", "word/vbaProject.bin"), "macros"),
        ("a.odt", zipped("Basic/x.xml", mimetype="application/vnd.oasis.opendocument.text"), "macros"),
        ("a.txt", b"x" * (MOST_BYTES + 1), "larger than 10 MB"),
    ],
)  # fmt: skip
def test_a_file_of_another_kind_than_its_name_says_is_refused(name: str, content: bytes, says: str) -> None:
    with pytest.raises(Invalid, match=says) as refused:
        checked(name, SimpleUploadedFile("x", content), len(content))
    assert set(refused.value.fields) == {"file"}


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Määrä 2.pdf", "Määrä 2.pdf"), ("../../etc/passwd.txt", "passwd.txt"), (r"C:\temp\a.pdf", "a.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "a Set-Cookie_ x.pdf"), ("exe\u202efdp.pdf", "exefdp.pdf"), ("a\x00\u200b.pdf", "a.pdf"),
        ('"a"<b>|?*.pdf', "_a__b____.pdf"), ("...pdf", "file.pdf"), (".pdf", "file.pdf"), ("", "file"),
        ("a" * 300 + ".pdf", "a" * 116 + ".pdf"), ("a." + "b" * 300, "a." + "b" * 20),
    ],
)  # fmt: skip
def test_names_are_made_harmless(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_kept_file_leaves_as_one_to_save() -> None:
    response = to_save(b"%PDF-", name="Määrä.pdf", content_type="application/pdf")
    assert response.content == b"%PDF-"
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''M%C3%A4%C3%A4r%C3%A4.pdf"
    assert (response["X-Content-Type-Options"], response["Cache-Control"]) == ("nosniff", "private, no-store")
