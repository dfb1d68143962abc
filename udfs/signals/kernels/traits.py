"""What the kernels know of a code point: one table of bits, and one of the forms that words are compared in."""

from __future__ import annotations

import sys
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.words import CLOSERS, LETTER, SINGLE, UPPER, class_table, codepoints, from_codepoints

Traits = NDArray[np.uint32]
Folds = NDArray[np.uint32]

SCRIPT_SHIFT: Final = 8
LATIN, CYRILLIC, GREEK, ARMENIAN, HEBREW, ARABIC, INDIC, EAST_ASIAN = (1 << bit for bit in range(8))
CONSONANT, VOWEL, SMALL, CLOSER, BULLET, DASH = (1 << bit for bit in range(16, 22))
LEAD_2, LEAD_3, LEAD_4, REST, CYRILLIC_LEAD, CYRILLIC_REST, CONTROL, WRECK, KANA_REST, NO_SCRIPT = (
    1 << bit for bit in range(22, 32)
)
"""Bits above the class (`udfs.words`) and the script.

A letter that is no vowel, scripts without blanks apart; a vowel or a mark over one; a letter that is no capital; a closing
mark; a bullet; a dash that is one before a blank; what the first and the later bytes of UTF-8 look like in Windows-1252, in
Windows-1251, and in the usual wrecks of Chinese and Japanese encodings; a control character; a letter of a script not listed.
"""

_SCRIPTS: Final = (
    (0x0041, 0x02AF, LATIN),
    (0x1E00, 0x1EFF, LATIN),
    (0x0370, 0x03FF, GREEK),
    (0x1F00, 0x1FFF, GREEK),
    (0x0400, 0x052F, CYRILLIC),
    (0x0531, 0x058F, ARMENIAN),
    (0x0590, 0x05FF, HEBREW),
    (0x0600, 0x077F, ARABIC),
    (0x0900, 0x0DFF, INDIC),
    (0x1100, 0x11FF, EAST_ASIAN),
    (0x3040, 0x30FF, EAST_ASIAN),
    (0x3400, 0x9FFF, EAST_ASIAN),
    (0xAC00, 0xD7A3, EAST_ASIAN),
    (0xF900, 0xFAFF, EAST_ASIAN),
    (0x20000, 0x31FFF, EAST_ASIAN),
)
_VOWELS: Final = "aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüýÿāăąēĕėęěĩīĭįıōŏőœũūŭůűųơưǎǐǒǔ"
_BULLETS: Final = "•●‣▪▫◦■□▶◀∙·"
_DASHES: Final = "-*+–—"
_CYRILLIC_REST: Final = "ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—™љ›њќћџЎўЈ¤Ґ¦§Ё©Є«¬®Ї°±Ііґµ¶·ё№є»јЅѕї"


@cache
def traits() -> Traits:
    """Return the bits of every code point."""
    table = class_table().astype(np.uint32)
    for first, last, script in _SCRIPTS:
        table[first : last + 1] |= np.uint32(script << SCRIPT_SHIFT)
    marked = {
        CLOSER: CLOSERS,
        BULLET: _BULLETS,
        DASH: _DASHES,
        LEAD_2: _decoded(0xC2, 0xDE),
        LEAD_3: _decoded(0xE0, 0xEF),
        LEAD_4: _decoded(0xF0, 0xF4),
        REST: _decoded(0x80, 0xBF) + "\ufffd",
        CYRILLIC_LEAD: "РС",
        CYRILLIC_REST: _CYRILLIC_REST,
        CONTROL: "\ufffd",
        WRECK: "锟烫屯鈥縺繧繝",
    }
    for bit, chars in marked.items():
        table[[ord(char) for char in set(chars)]] |= np.uint32(bit)
    for bit, ranges in {
        REST: ((0x80, 0x9F),),
        CONTROL: ((0x80, 0x9F), (0x00, 0x08), (0x0B, 0x0B), (0x0E, 0x1F)),
        KANA_REST: ((0xFF61, 0xFF9F),),
    }.items():
        for first, last in ranges:
            table[first : last + 1] |= np.uint32(bit)
    vowel = np.zeros(len(table), dtype=np.bool_)
    vowel[[ord(char) for char in _VOWELS + _VOWELS.upper()]] = True
    vowel[0x0300:0x0370] = vowel[0x1EA0:0x1EFA] = True
    letter = (table & np.uint32(LETTER)) != 0
    table[letter & ~vowel & ((table & np.uint32(SINGLE)) == 0)] |= np.uint32(CONSONANT)
    table[vowel] |= np.uint32(VOWEL)
    table[letter & ((table >> np.uint32(SCRIPT_SHIFT)) & np.uint32(0xFF) == 0)] |= np.uint32(NO_SCRIPT)
    table[letter & ((table & np.uint32(UPPER)) == 0)] |= np.uint32(SMALL)
    table.flags.writeable = False
    return table


def _decoded(first: int, last: int) -> str:
    """Characters that bytes become in Windows-1252."""
    found = {bytes([byte]).decode("cp1252", "ignore") for byte in range(first, last + 1)}
    return "".join(char for char in found if char and not char.isspace())


@cache
def folds() -> Folds:
    """Return the code point by which each is compared: in lower case, full-width forms as ASCII, one form of sigma."""
    points = np.arange(sys.maxunicode + 1, dtype=np.uint32)
    points[0x0130] = ord("i")  # the only one that becomes two in lower case
    table = codepoints(from_codepoints(points).lower()).copy()
    table[0xFF01:0xFF5F] = table[0x21:0x7F]
    table[0x03C2] = 0x03C3
    table[0x2019] = ord("'")
    table.flags.writeable = False
    return table
