"""Gzip read in pieces."""

import gzip

import pytest
from hypothesis import given, settings, strategies as st

from core import gzipped


def read(content: bytes, step: int) -> bytes:
    return b"".join(gzipped.pieces(content[start : start + step] for start in range(0, len(content), step)))


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=3), st.integers(1, 50), st.integers(0, 20), st.integers(1, 400))
def test_whatever_the_members_and_the_chunks_it_comes_back(parts: list[bytes], times: int, padding: int, step: int) -> None:
    whole = [part * times for part in parts]
    packed = b"".join(gzip.compress(part) + b"\0" * padding for part in whole)
    assert read(packed, step) == b"".join(whole)
    for cut in {1, len(gzip.compress(whole[-1])) // 2, len(packed) - 1}:
        broken = packed[: len(packed) - padding - cut] if cut < len(gzip.compress(whole[-1])) else b""
        with pytest.raises(gzipped.BreaksOff):
            read(broken, step)


@pytest.mark.parametrize("size", [64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 10 * 64 * 1024])
def test_pieces_are_never_large_and_none_is_lost(size: int) -> None:
    for body in (b" " * size, bytes(range(256)) * (size // 256 + 1)):
        found = list(gzipped.pieces([gzip.compress(body)]))
        assert b"".join(found) == body
        assert max(map(len, found)) <= 64 * 1024


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b", b"no gzip", gzip.compress(b"x") + b"rest"])
def test_what_is_no_gzip_is_told(content: bytes) -> None:
    with pytest.raises(gzipped.BreaksOff):
        read(content, 7)
