"""The kernel's table of code points is what Python's Unicode database says, and keeps the promises that memory rests on."""

from __future__ import annotations

import random
import unicodedata

import numpy as np
import pytest

from udfs.sketch.folds import FILE, make, plain_folds, text_folds, write
from udfs.sketch.kernel import END, GROWTH, MARK, ORDER_SHIFT, POINT, SEVERAL, SINGLE
from udfs.words import SINGLE_RANGES, tokens

EVERY = np.arange(0x110000, dtype=np.uint32)


def entries(folds: np.ndarray, point: int) -> list[int] | None:
    """What the kernel reads for a code point; None where it leaves the text to Python."""
    entry = int(folds[point])
    if not entry & int(SEVERAL):
        return [entry]
    at = entry & int(POINT)
    if not at:
        return None
    ends = np.flatnonzero(folds[at:] == END)
    return folds[at : at + ends[0]].tolist()


def spelt(found: list[int]) -> list[str]:
    """The tokens that entries spell."""
    text = ""
    for entry in found:
        char = chr(entry & int(POINT)) if entry & int(POINT) else " "
        text += f" {char} " if entry & int(SINGLE) else char
    return text.split()


@pytest.fixture(scope="module")
def made() -> np.ndarray:
    return make()


def test_the_file_is_what_unicode_says(made: np.ndarray) -> None:
    """The shipped table is the one that the running Python would make (Unicode 14 in Python 3.11)."""
    assert unicodedata.unidata_version == "14.0.0"
    assert np.array_equal(text_folds(), made)


def test_equal_tables_give_equal_files(made: np.ndarray, tmp_path, monkeypatch) -> None:
    """Making the file again changes nothing in it."""
    monkeypatch.setattr("udfs.sketch.folds.make", lambda: made)
    write(tmp_path / "folds.npz")
    assert (tmp_path / "folds.npz").read_bytes() == FILE.read_bytes()


def test_entries_are_the_tokens_of_a_code_point() -> None:
    """A code point that the table is sure of becomes the tokens that it has by itself."""
    folds, several = text_folds(), 0
    special = np.flatnonzero(folds[:0x110000] & SEVERAL).tolist()
    for point in [*random.Random(1).sample(range(0x110000), 40_000), *range(0x3000), *special]:
        if (found := entries(folds, point)) is None:
            continue
        assert spelt(found) == tokens(chr(point)), hex(point)
        several += len(found) > 1
        assert len(found) > 1 or found[0] >> int(ORDER_SHIFT) == unicodedata.combining(chr(point))
    assert several > 900


def test_sure_code_points_never_join_others() -> None:
    """Text of code points that the table is sure of, none of them combining, is normalised one by one."""
    folds = text_folds()[:0x110000]
    unsure = (folds & (SEVERAL | POINT)) == SEVERAL
    sure = np.flatnonzero(~unsure & ((folds >> ORDER_SHIFT) == 0) & ((EVERY < 0xD800) | (EVERY > 0xDFFF)))
    dice = random.Random(2)
    for _ in range(300):
        text = "".join(map(chr, dice.choices(sure, k=500)))
        assert unicodedata.normalize("NFKC", text).lower() == "".join(
            unicodedata.normalize("NFKC", char).lower() for char in text
        )


def test_most_letters_are_folded_by_the_table() -> None:
    """ASCII is one byte throughout, and the everyday letters of the large scripts are no matter for Python: speed rests on it."""
    folds = text_folds()
    assert folds[:128].max() < 128
    for text in ("äöüßéàçñøåğžłÄÉÖ", "ЖжЩщёЁ", "αβγάέΩΔς", "漢字かなカナー。、", "한국어", "“”‘’–—…•©™½\u00a0", "अहित", "ไทยลาำ"):
        assert [char for char in text if entries(folds, ord(char)) is None] == []


def test_room_for_tokens_and_letters() -> None:
    """No buffer is too small: letters with zeros about tokens are at most `GROWTH` times the bytes, tokens not more than bytes."""
    for folds in (text_folds(), plain_folds()):
        for point in np.flatnonzero(folds[:0x110000]).tolist():
            if (found := entries(folds, point)) is None:
                continue
            width = len(chr(point).encode())
            sizes = [len(chr(entry & int(POINT)).encode()) + bool(entry & int(SINGLE)) for entry in found]
            assert sum(sizes) + any(entry & int(SINGLE) for entry in found) <= GROWTH * width
            assert len(spelt(found)) <= width


def test_marks_and_plain_entries() -> None:
    """Marks are category M; the entries of normalised text keep what is a token's part and nothing else."""
    folds, plain = text_folds(), plain_folds()
    for point in random.Random(3).sample(range(0x110000), 20_000) + list(range(0x300, 0x400)):
        category = unicodedata.category(chr(point))[0]
        assert bool(folds[point] & MARK) == (category == "M")
        assert int(plain[point] & POINT) == (point if category in "LMN" else 0)
        alone = category in "LMN" and any(first <= point <= last for first, last in SINGLE_RANGES)
        assert bool(plain[point] & SINGLE) == alone
