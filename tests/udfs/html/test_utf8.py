"""What is UTF-8 is what Python's strict decoder accepts."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.html.utf8 import is_utf8

EDGES = (0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF)


def strict(page: bytes) -> bool:
    """Whether Python decodes it."""
    try:
        page.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize("before", [0, 1, 7, 31, 64])
def test_edges(before):
    """All sequences of up to three bytes at the edges of the standard's table, behind ASCII of any alignment and cut off."""
    for length in (0, 1, 2, 3):
        for sequence in itertools.product(EDGES, repeat=length):
            page = b"a" * before + bytes(sequence)
            assert is_utf8(page) == strict(page), page
            assert is_utf8(page + b"\xbf") == strict(page + b"\xbf"), page


@given(st.text(), st.integers(0, 200), st.integers(0, 255))
def test_one_byte_changed(text, place, byte):
    """Valid text passes; with one byte changed it passes only if Python still decodes it."""
    page = text.encode("utf-8", "replace") + b" plain text that fills whole words " + text.encode("utf-8", "replace")
    assert is_utf8(page)
    changed = bytearray(page)
    changed[place % len(changed)] = byte
    assert is_utf8(bytes(changed)) == strict(bytes(changed))
