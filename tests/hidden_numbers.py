"""Costs and margins with digits that nothing else has, and whether an answer tells one of them in any notation."""

import io
import re
import zipfile
from collections.abc import Iterable
from decimal import Decimal

from django.http import HttpResponse

LIST_PRICE, COST, FLOOR, TARGET_PRICE = Decimal("1000"), Decimal("777.1313"), Decimal("811.3737"), Decimal("888.4343")
START_PRICE = Decimal("955.6161")
TARGET_PERCENT = Decimal("17.4321")
QUANTITIES = range(1, 11)


def hidden_values(net_prices: Iterable[Decimal] = (LIST_PRICE,)) -> set[Decimal]:
    """Whatever follows from the cost of a product sold at these net prices in any of `QUANTITIES`."""
    values = {COST, FLOOR, TARGET_PRICE, START_PRICE, TARGET_PERCENT}
    for net in net_prices:
        values |= {net - COST, (net - COST) / net * 100}
        values |= {number * quantity for number in (COST, net - COST) for quantity in QUANTITIES}
    return {abs(value) for value in values}


def pattern_of(values: Iterable[Decimal]) -> re.Pattern[str]:
    """Any of these numbers, rounded to 2, 3 or 4 places, or a percentage to 1, as English, Finnish or programs write it."""
    shapes = {shape for value in values for shape in _shapes(value)}
    return re.compile(rf"(?<![\d.,])(?:{'|'.join(sorted(shapes))})")


def _shapes(value: Decimal) -> Iterable[str]:
    for places in (1, 2, 3, 4):
        whole, _point, decimals = f"{value:.{places}f}".partition(".")
        grouped = r"[\s,.]?".join(_thousands(whole))
        yield rf"{grouped}[.,]{decimals}(?!\d)" + (r"\s?%" if places == 1 else "")


def _thousands(whole: str) -> list[str]:
    first = len(whole) % 3 or 3
    return [whole[:first], *(whole[at : at + 3] for at in range(first, len(whole), 3))]


HIDDEN = pattern_of(hidden_values())


def told_by(response: HttpResponse, pattern: re.Pattern[str] = HIDDEN) -> list[str]:
    """The hidden numbers in an answer: in its body, whatever that is, and in its headers."""
    content = b"".join(response) if response.streaming else response.content
    headers = " ".join(f"{name}: {value}" for name, value in response.headers.items())
    return sorted(set(pattern.findall(f"{headers}\n{text_of(content)}")))


def text_of(content: bytes) -> str:
    """What can be read in a page, a document, or a table of a spreadsheet program."""
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = b"\n".join(archive.read(name) for name in archive.namelist())
    elif content.startswith(b"%PDF"):
        from pypdf import PdfReader

        return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    return content.decode("utf-8", "replace").replace("&nbsp;", " ").replace("\\u00a0", " ")
