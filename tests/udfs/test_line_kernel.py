"""The compiled hash is XXH64, and no bytes, however broken, make the loop read outside a text."""

import os
import random
import subprocess
import sys

import numpy as np
import pytest
import xxhash

from udfs.line_kernel import line_rows


def rows_of(*texts):
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    ends = np.cumsum(lengths)
    return line_rows(np.frombuffer(b"".join(texts), dtype=np.uint8), ends - lengths, ends)


def broken_texts(n):
    pieces = [b"a", b"\n", b" ", b"9", "é".encode(), "漢".encode(), "😀".encode(), "Σ".encode(), "İ".encode(), "\u2028".encode()]
    pieces += [bytes([lead]) for lead in (0x80, 0xBF, 0xC0, 0xC1, 0xC2, 0xCE, 0xE0, 0xE2, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF)]
    pieces += [b"\xe0\x80\x80", b"\xf0\x80\x80\xa0", b"\xf4\x90\x80\x80", b"\xed\xa0\x80", b"\xe2\x80", b"\xf0\x9f\x98"]
    draw = random.Random(7)
    return [b"".join(draw.choices(pieces, k=draw.randrange(1, 12))) for _ in range(n)]


@pytest.mark.parametrize("length", [*range(1, 140), 1023, 4096])
def test_the_hash_is_xxh64(length):
    """For every length around the algorithm's words and stripes, the hash is that of the library."""
    text = bytes(97 + (i * i) % 26 for i in range(length))
    assert rows_of(text)[2].tolist() == [xxhash.xxh64_intdigest(text)]


def test_rows_and_lines_are_numbered():
    """Offsets part the texts; line numbers count from 0 in each, blank lines included."""
    offsets, lines, hashes = rows_of(b"a\n\nb", b"", b"\n\n", b"\nc")
    assert (offsets.tolist(), lines.tolist(), hashes.size) == ([0, 2, 2, 2, 3], [0, 2, 1], 3)


CUT = (b"a\xe2\x82", b"a\xf0\x9f\x98", b"a\xc3")
OVERLONG = (b"a\xc1\xa2", b"a\xe0\x81\xa2", b"a\xf0\x80\x81\xa2", b"a\xc0\x8a")
IMPOSSIBLE = (b"\xff\xfea", b"a\xf5\x80\x80\x80", b"a\xf4\x90\x80\x80", b"a\xed\xa0\x80")


@pytest.mark.parametrize("text", [*CUT, *OVERLONG, *IMPOSSIBLE])
def test_bytes_that_are_no_utf8_are_signs(text):
    """Cut, overlong and impossible forms leave a line's letters as they are."""
    assert rows_of(text)[2].tolist() == [xxhash.xxh64_intdigest(b"a")]


def test_a_cut_character_does_not_reach_into_the_next_text():
    """A text that ends within a character has the hash it has alone, whatever bytes follow in the buffer."""
    texts = broken_texts(3000)
    offsets, _, hashes = rows_of(*texts)
    for i, text in enumerate(texts):
        assert hashes[offsets[i] : offsets[i + 1]].tolist() == rows_of(text)[2].tolist()


def test_broken_bytes_count_like_replacement_characters():
    """Where a line holds a letter or number, its hash is that of the text as Python decodes it."""
    for text in broken_texts(3000):
        decoded = text.decode("utf-8", "replace")
        expected, found = rows_of(decoded.encode())[2], rows_of(text)[2]
        assert len(expected) == len(found)
        same = [any(char.isalnum() for char in line) for line in decoded.split("\n") if line.strip()]
        assert np.array_equal(expected[same], found[same])


def test_no_read_outside_the_buffers():
    """Run uncompiled, where an index out of bounds is an error, the loop gives the same hashes for broken bytes."""
    script = (
        "import numpy as np, sys; sys.path[:0] = ['tests/udfs']; import test_line_kernel as t; np.seterr(over='ignore');"
        "print([t.rows_of(text)[2].tolist() for text in t.broken_texts(400)])"
    )
    told = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.getcwd()}
    done = subprocess.run([sys.executable, "-c", script], env=told, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str([rows_of(text)[2].tolist() for text in broken_texts(400)])
