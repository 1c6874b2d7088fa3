"""A file that is too large is dropped as it comes in, and the rest of the form is read."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory

from core.uploads import was_too_large

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
