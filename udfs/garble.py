"""Text that is not language: wrongly decoded bytes, mixed alphabets, random letters."""

from __future__ import annotations

import re
from functools import cache
from math import nan

import numpy as np
from numpy.typing import NDArray

from udfs.prose import Prose
from udfs.words import BLANK, LETTER, NUMBER, SINGLE, UPPER, WORD

LATIN, CYRILLIC, GREEK, ARMENIAN, HEBREW, ARABIC, INDIC, EAST_ASIAN = (np.uint8(1 << bit) for bit in range(8))

_SCRIPT_RANGES: tuple[tuple[int, int, np.uint8], ...] = (
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
)

_LONG_CONSONANTS = 5
_SHORTEST_WORD = 4
_VOWELS = "aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüýÿāăąēĕėęěĩīĭįıōŏőœũūŭůűųơưǎǐǒǔ"


def _decoded(first: int, last: int, codec: str) -> str:
    """Characters that bytes become in a one-byte code page, as the inside of a character class."""
    found = {bytes([b]).decode(codec, "ignore") for b in range(first, last + 1)}
    return "".join(re.escape(char) for char in sorted(found) if char and not char.isspace())


def _utf8_read_as(codec: str, also: str = "") -> str:
    """Pattern of UTF-8 sequences of two to four bytes, each byte read in a one-byte code page."""
    rest = f"[{_decoded(0x80, 0xBF, codec)}{also}\\ufffd]"
    two, three, four = (_decoded(*lead, codec) for lead in ((0xC2, 0xDE), (0xE0, 0xEF), (0xF0, 0xF4)))
    return f"[{two}]{rest}|[{three}]{rest}{{2}}|[{four}]{rest}{{3}}"


_CONTROLS = r"[\x80-\x9f\ufffd\x00-\x08\x0b\x0e-\x1f]"
_MOJIBAKE = re.compile(
    "|".join(
        (
            _utf8_read_as("cp1252", also=r"\x80-\x9f"),
            "[РС][ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—™љ›њќћџЎўЈ¤Ґ¦§Ё©Є«¬®Ї°±Ііґµ¶·ё№є»јЅѕї]",
            "锟斤拷|烫烫烫|屯屯屯|鈥[檚淺渢]|[縺繧繝][\uff61-\uff9f]",
            _CONTROLS,
        )
    )
)


def mojibake_share(text: str) -> float:
    """Share (0-1) of the characters other than blanks that look like bytes read in the wrong encoding.

    UTF-8 read as Windows-1252 or Latin-1 (``Ã©``, ``â€™``) or as Windows-1251 (``Р°``), GBK's and Shift-JIS's usual wrecks,
    U+FFFD, and C0 and C1 controls.
    """
    n_chars = len(text) - sum(text.count(blank) for blank in " \n\t\r")
    if not n_chars:
        return nan
    if text.isascii():
        return len(re.findall(_CONTROLS, text)) / n_chars
    return sum(len(found) for found in _MOJIBAKE.findall(text)) / n_chars


@cache
def _script_table() -> NDArray[np.uint8]:
    table = np.zeros(0x110000, dtype=np.uint8)
    for first, last, script in _SCRIPT_RANGES:
        table[first : last + 1] = script
    table[0x20000:0x32000] = EAST_ASIAN
    return table


@cache
def _vowel_table() -> NDArray[np.bool_]:
    table = np.zeros(0x110000, dtype=np.bool_)
    table[[ord(vowel) for vowel in _VOWELS + _VOWELS.upper() if len(vowel) == 1]] = True
    table[0x1EA0:0x1EFA] = True
    table[0x0300:0x0370] = True
    return table


def word_garble(prose: Prose) -> dict[str, float]:
    """Shares of words that mix alphabets, that no one could say, and that mix letters with digits."""
    names = ("mixed_script_word_share", "consonant_word_share", "alnum_mix_word_share")
    if not len(prose.starts):
        return dict.fromkeys(names, nan)
    letter = (prose.flags & LETTER) != 0
    lettered = _any_in(letter, prose)
    n_lettered = int(np.count_nonzero(lettered))
    if not n_lettered:
        return dict.fromkeys(names, nan)
    numbered = _any_in((prose.flags & NUMBER) != 0, prose)
    return {
        "mixed_script_word_share": _mixed_scripts(prose, letter),
        "consonant_word_share": _unsayable(prose, letter, lettered),
        "alnum_mix_word_share": float(np.count_nonzero(lettered & numbered) / n_lettered),
    }


def _any_in(mask: NDArray[np.bool_], prose: Prose) -> NDArray[np.bool_]:
    upto = np.concatenate(([0], np.cumsum(mask)))
    found: NDArray[np.bool_] = upto[prose.ends] > upto[prose.starts]
    return found


def _mixed_scripts(prose: Prose, letter: NDArray[np.bool_]) -> float:
    """Share of unbroken chunks with letters that mix alphabets; Latin beside Han, kana or Hangul is ordinary writing."""
    inside = (prose.flags & WORD) != 0
    starts = np.flatnonzero(inside & ~np.concatenate(([False], inside[:-1])))
    scripts = np.where(letter, _script_table()[prose.points], 0).astype(np.uint8)
    held = np.bitwise_or.reduceat(scripts, starts)
    alphabets = held & ~EAST_ASIAN
    several = (alphabets & (alphabets - np.uint8(1))) != 0
    strange = ((held & EAST_ASIAN) != 0) & ((alphabets & ~LATIN) != 0)
    lettered = np.count_nonzero(held)
    return float(np.count_nonzero(several | strange) / lettered) if lettered else nan


def _unsayable(prose: Prose, letter: NDArray[np.bool_], plain: NDArray[np.bool_]) -> float:
    """Share of words with letters that are Latin, of four or more, and have no vowel or five consonants in a row.

    Words in capitals (abbreviations) never count as such.
    """
    latin = _script_table()[prose.points] == LATIN
    candidates = plain & (prose.word_chars >= _SHORTEST_WORD)
    candidates &= ~_any_in(letter & ~latin, prose) & ~_any_in((prose.flags & (SINGLE | BLANK)) != 0, prose)
    candidates &= _any_in(letter & ((prose.flags & UPPER) == 0), prose)
    vowel = _vowel_table()[prose.points]
    index = np.arange(len(vowel))
    since = index - np.maximum.accumulate(np.where(letter & ~vowel, -1, index))
    crowded = _any_in(since >= _LONG_CONSONANTS, prose)
    return float(np.count_nonzero(candidates & (crowded | ~_any_in(vowel, prose))) / np.count_nonzero(plain))
