"""What browsers send as files: a file larger than the settings allow is dropped as it comes in, the form around it is read."""

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

_DROPPED = "_dropped_uploads"


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
