"""Reading gzip in pieces, to its end: what breaks off is noticed, and so is a bomb before it is big."""

import zlib
from collections.abc import Iterable, Iterator

SIGNATURE = b"\x1f\x8b"
_PIECE = 64 * 1024


class BreaksOff(Exception):
    """It is not whole, or no gzip at all."""


def pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """What is in the gzip members that `chunks` make up, in pieces that are never large. Raises: BreaksOff."""
    members = 0
    gzip = None
    for chunk in chunks:
        rest = chunk
        while rest:
            if gzip is None:
                rest = rest.lstrip(b"\0") if members else rest  # members may be padded
                gzip = zlib.decompressobj(zlib.MAX_WBITS | 16) if rest else None
                continue
            yield from _piece(gzip, rest)
            rest = gzip.unconsumed_tail
            if gzip.eof:
                rest, gzip, members = gzip.unused_data, None, members + 1
    while gzip is not None and not gzip.eof:
        last = list(_piece(gzip, b""))
        if not last and not gzip.eof:
            raise BreaksOff
        yield from last
    if gzip is None and not members:
        raise BreaksOff


def _piece(gzip: "zlib._Decompress", rest: bytes) -> Iterator[bytes]:
    try:
        piece = gzip.decompress(rest, _PIECE)
    except zlib.error as error:
        raise BreaksOff from error
    if piece:
        yield piece
