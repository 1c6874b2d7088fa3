"""Documents and pictures in them, set by Typst: PDF/UA with embedded fonts, or pages as PNG. The same bytes for the same data."""

import base64
import functools
import io
import json
import re
import tempfile
import threading
from pathlib import Path
from typing import Any

from django.conf import settings

from quotes.company import Picture

_TEMPLATES = settings.BASE_DIR / "templates" / "quotes"
_one_at_a_time = threading.Lock()  # the compiler refuses a second thread
_PPI = 110


def pdf(data: dict[str, Any]) -> bytes:
    """The document that prints `data` (quotes.paper): tagged as PDF/UA-1 asks."""
    return _compiled(json.dumps(data, ensure_ascii=False), "pdf")[0]


def pages(data: dict[str, Any]) -> tuple[bytes, ...]:
    """The pages of the same document as PNG pictures."""
    return _compiled(json.dumps(data, ensure_ascii=False), "png")


@functools.lru_cache(maxsize=16)
def _compiled(data: str, output: str) -> tuple[bytes, ...]:
    """The pages of a document. Kept for a moment: a preview asks for its pages one by one.

    A letter that no font of ours can show (an emoji, a Chinese character, a control character) would be refused: where there is
    one, all that are not surely known stand as "�".
    """
    import typst

    try:
        return _set(typst, data, output)
    except typst.TypstError as error:
        if _UNSHOWN not in str(error):
            raise
    return _set(typst, _UNSURE.sub("�", data), output)


_UNSHOWN = "could not be displayed"
_UNSURE = re.compile(
    "[^ -~\u00a0-\u017f\u0370-\u0373\u0386-\u03ce\u0400-\u045f\u2010-\u2026\u2030\u2212\u200b\u202f\u20ac\u2122]"
)
"""What is not Latin, Greek, Cyrillic or a usual mark. The data is JSON, in which line breaks are escaped."""


def _set(typst: Any, data: str, output: str) -> tuple[bytes, ...]:
    with _one_at_a_time:
        made = _compiler(typst).compile(
            input=str(_TEMPLATES / "document.typ"),
            format=output,
            ppi=_PPI if output == "png" else None,
            pdf_standards=["ua-1"] if output == "pdf" else [],
            sys_inputs={"data": data},
        )
    return (made,) if isinstance(made, bytes) else tuple(made)


@functools.cache
def _compiler(typst: Any) -> Any:
    return typst.Compiler(root=str(_TEMPLATES), ignore_system_fonts=True)


def can_print(content: bytes, picture: Picture) -> bool:
    """Whether the picture is whole: it is printed once."""
    import typst

    with tempfile.TemporaryDirectory() as folder, _one_at_a_time:
        (Path(folder) / "picture").write_bytes(content)
        page = f'#image("picture", format: "{_format(picture)}")'.encode()
        try:
            typst.Compiler(root=folder, ignore_system_fonts=True).compile(input=page, format="pdf")
        except typst.TypstError:
            return False
    return True


def _format(picture: Picture) -> str:
    return "jpg" if picture.kind == "jpeg" else picture.kind


def picture_svg(content: bytes, picture: Picture) -> str:
    """The picture within an SVG: the template takes text only."""
    data = base64.b64encode(content).decode()
    size = f'width="{picture.width}" height="{picture.height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><image {size} href="data:image/{picture.kind};base64,{data}"/></svg>'


@functools.lru_cache(maxsize=64)
def qr_svg(text: str) -> str:
    """A QR code of the text."""
    import qrcode
    from qrcode.image.svg import SvgPathFillImage

    drawn = io.BytesIO()
    qrcode.make(text, image_factory=SvgPathFillImage, box_size=10, border=2).save(drawn)
    return drawn.getvalue().decode()
