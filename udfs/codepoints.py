"""The maker of the table of code-point classes that `udfs.words` reads.

    python -m udfs.codepoints    writes data/codepoints.npz after a change of the classes or of Python's Unicode version

Working the classes out takes about a second, which every worker process would spend anew.
"""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path
from typing import Final

import numpy as np

from udfs.words import (
    BLANK,
    CLASSES_FILE,
    INNER,
    INNER_MARKS,
    LETTER,
    NUMBER,
    SINGLE,
    SINGLE_RANGES,
    TERMINAL,
    UPPER,
    WORD,
    Flags,
)

# Sentence_Terminal of the Unicode Character Database (PropList.txt, 15.0), with the Thai, Lao and Tibetan section marks.
_TERMINAL_RANGES: Final = (
    "21 2e 3f 589 61d-61f 6d4 700-702 7f9 837 839 83d-83e 964-965 e2f e5a-e5b f0d-f11 104a-104b 1362 1367-1368 166e 1735-1736 "
    "17d4-17d5 1803 1809 1944-1945 1aa8-1aab 1b5a-1b5b 1b5e-1b5f 1b7d-1b7e 1c3b-1c3c 1c7e-1c7f 203c-203d 2047-2049 2e2e 2e3c "
    "2e53-2e54 3002 a4ff a60e-a60f a6f3 a6f7 a876-a877 a8ce-a8cf a92f a9c8-a9c9 aa5d-aa5f aaf0-aaf1 abeb fe52 fe56-fe57 ff01 "
    "ff0e ff1f ff61 10a56-10a57 10f55-10f59 10f86-10f89 11047-11048 110be-110c1 11141-11143 111c5-111c6 111cd 111de-111df "
    "11238-11239 1123b-1123c 112a9 1144b-1144c 115c2-115c3 115c9-115d7 11641-11642 1173c-1173e 11944 11946 11a42-11a43 "
    "11a9b-11a9c 11c41-11c42 11ef7-11ef8 11f43-11f44 16a6e-16a6f 16af5 16b37-16b38 16b44 16e98 1bc9f 1da88"
)
_CONTROL_BLANKS: Final = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f\x85"


def make() -> Flags:
    """Work out the class bits of every code point from the Unicode database of the running Python."""
    every = [chr(i) for i in range(sys.maxunicode + 1)]
    categories = np.frombuffer("".join(map(unicodedata.category, every)).encode("ascii"), dtype="S2")
    major = categories.astype("S1")
    table = np.zeros(len(every), dtype=np.uint8)
    for letter, flag in ((b"L", WORD | LETTER), (b"M", WORD), (b"N", WORD | NUMBER)):
        table[major == letter] |= flag
    table[(categories == b"Lu") | (categories == b"Lt")] |= UPPER
    table[(major == b"Z") | np.isin(np.arange(len(table)), [ord(char) for char in _CONTROL_BLANKS])] |= BLANK
    table[[ord(mark) for mark in INNER_MARKS]] |= INNER
    for first, last in SINGLE_RANGES:
        table[first : last + 1] |= np.where(table[first : last + 1] & WORD, SINGLE, 0).astype(np.uint8)
    for item in _TERMINAL_RANGES.split():
        ends = [int(point, 16) for point in item.split("-")]
        table[ends[0] : ends[-1] + 1] |= TERMINAL
    return table


def write(path: Path = CLASSES_FILE) -> None:
    """Write the table as a file; equal tables give equal bytes."""
    with path.open("wb") as file:
        np.savez_compressed(file, classes=make())


if __name__ == "__main__":
    write()
