"""What the details of our own company must be like: numbers that check, and a logo that every document can print."""

import struct
import uuid
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from stdnum.eu import vat
from stdnum.exceptions import ValidationError as BadNumber
from stdnum.fi import ytunnus

MOST_BYTES = 500_000
MOST_PIXELS = 4_000
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of a JPEG that say how large it is."""


class Picture(NamedTuple):
    """`kind`: png or jpeg; the size in pixels."""

    kind: str
    width: int
    height: int


def picture_of(content: bytes) -> Picture | None:
    """What kind of picture this is and how large, from its beginning; None for anything but PNG and JPEG."""
    if content.startswith(_PNG) and content[12:16] == b"IHDR" and len(content) > 24:
        return Picture("png", *struct.unpack(">II", content[16:24]))
    return _jpeg_of(content) if content.startswith(_JPEG) else None


def _jpeg_of(content: bytes) -> Picture | None:
    place = 2
    while place + 9 < len(content) and content[place] == 0xFF:
        marker, length = content[place + 1], int.from_bytes(content[place + 2 : place + 4], "big")
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", content[place + 5 : place + 9])
            return Picture("jpeg", width, height)
        place += 2 + length
    return None


def logo_path(_details: Any, name: str) -> str:
    """Where a logo is kept: a place of its own, so that what documents were sent with is never written over."""
    return f"quotes/logos/{uuid.uuid4()}.{'png' if name.lower().endswith('png') else 'jpg'}"


def require_business_id(value: str) -> None:
    """Raises: ValidationError unless it is a Finnish business ID."""
    if not ytunnus.is_valid(value):
        raise ValidationError(_("“%(value)s” is not a Finnish business ID."), params={"value": value})


def require_vat_number(value: str) -> None:
    """Raises: ValidationError unless it is a VAT number of the European Union."""
    try:
        vat.validate(value)
    except BadNumber as error:
        raise ValidationError(_("“%(value)s” is not a VAT number."), params={"value": value}) from error


def require_picture(file: Any) -> None:
    """Raises: ValidationError unless it is a PNG or JPEG, whole, and not too large to print on each document."""
    if getattr(file, "_committed", False):
        return  # it was checked when it came
    if file.size > MOST_BYTES:
        raise ValidationError(_("The picture is larger than 500 kB."))
    file.seek(0)
    content = file.read()
    file.seek(0)
    picture = picture_of(content)
    if picture is None:
        raise ValidationError(_("Only PNG and JPEG pictures can be printed."))
    if not 0 < picture.width <= MOST_PIXELS or not 0 < picture.height <= MOST_PIXELS:
        raise ValidationError(_("The picture is larger than 4,000 × 4,000 pixels."))
    from quotes import typesetting  # which loads the compiler

    if not typesetting.can_print(content, picture):
        raise ValidationError(_("The picture is damaged."))
