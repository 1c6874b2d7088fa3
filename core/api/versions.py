"""`ETag` and `If-Match`: what a program read is the version it names when it writes."""

import re
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

_TAG = re.compile(r'(?:W/)?"?(\d{1,9})"?')


def etag(version: int) -> dict[str, Any]:
    """The header that says which version an answer shows."""
    return {"ETag": f'"{version}"'}


def wanted(request: Request) -> int | None:
    """The version that `If-Match` names; None when any will do. Raises: ValidationError for anything else."""
    given = request.headers.get("If-Match", "").strip()
    if given in ("", "*"):
        return None
    match = _TAG.fullmatch(given)
    if match is None:
        raise ValidationError({"If-Match": [_('Name one version, for example "3".')]})
    return int(match[1])
