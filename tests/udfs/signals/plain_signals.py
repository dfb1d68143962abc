"""The signals computed plainly, with NumPy and regular expressions: what the compiled kernels are compared with."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from math import nan

import numpy as np
from numpy.typing import NDArray

from udfs.spans import Span, prose
from udfs.words import (
    BLANK,
    CLOSERS,
    LETTER,
    NUMBER,
    SINGLE,
    TERMINAL,
    UPPER,
    WORD,
    Flags,
    Offsets,
    Points,
    classes,
    codepoints,
    sentence_ends,
    word_bounds,
)


def compute(text: str, spans: Sequence[Span] = ()) -> dict[str, float]:
    """The signals that need no language."""
    found = analyse(text, spans)
    lines = found.lines()
    return {
        "n_prose_words": float(len(found.starts)),
        "n_lines": float(len(lines)),
        "mojibake_share": mojibake_share(text),
        **_word_signals(found),
        **_char_signals(found),
        **line_signals(lines, found.paragraphs()),
        **ngram_signals(found),
        **sentence_signals(found),
        **line_shape(lines),
        **notices(lines, found.text),
        **marks(found),
        **word_garble(found),
    }


Hashes = NDArray[np.uint64]

_BASE = 0x9E3779B97F4A7C15
_NGRAM_BASE = np.uint64(0xD6E8FEB86659FD93)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of prose that holds more than blanks.

    Parameters
    ----------
    text : str
        The line as it is written.
    has_span : bool
        Whether a code, math or table span stood in it, so that its text here is not whole.
    n_words : int
        Words of the line's prose.
    """

    text: str
    has_span: bool
    n_words: int


@dataclass(frozen=True, slots=True)
class Prose:
    """The prose of a text and its words.

    Parameters
    ----------
    text : str
        The characters outside spans; each span leaves one blank.
    points, flags : array
        Code points of ``text`` and their class bits (`udfs.words`).
    starts, ends : array
        Half-open bounds of the words.
    hashes : array of uint64
        Hash of each word in lower case: equal words of this text have equal hashes. Not for storage.
    holes : array
        Offsets of the blanks that stand for spans, ascending.
    """

    text: str
    points: Points
    flags: Flags
    starts: Offsets
    ends: Offsets
    hashes: Hashes
    holes: Offsets

    @property
    def word_chars(self) -> Offsets:
        """Length of every word in code points."""
        return self.ends - self.starts

    def lines(self) -> list[Line]:
        """Return the lines that hold more than blanks."""
        return [line for line in self._rows() if line.text and not line.text.isspace()]

    def paragraphs(self) -> list[Line]:
        """Return the paragraphs, which empty lines separate, each as one `Line` with its inner line ends."""
        found = []
        for filled, group in groupby(self._rows(), key=lambda line: line.text != ""):
            rows = list(group)
            text = "\n".join(row.text for row in rows)
            if filled and not text.isspace():
                found.append(Line(text, any(row.has_span for row in rows), sum(row.n_words for row in rows)))
        return found

    def _rows(self) -> list[Line]:
        rows = self.text.split("\n")
        starts = np.cumsum([0] + [len(row) + 1 for row in rows])
        spans = np.diff(np.searchsorted(self.holes, starts)).tolist()
        n_words = np.diff(np.searchsorted(self.starts, starts)).tolist()
        return [Line(row, cut > 0, n) for row, cut, n in zip(rows, spans, n_words, strict=True)]


def analyse(text: str, spans: Sequence[Span] = ()) -> Prose:
    """Find the prose of a text and its words."""
    plain = prose(text, spans)
    points = codepoints(plain)
    flags = classes(points)
    starts, ends = word_bounds(flags)
    hashes = hash_stretches(codepoints("".join(map(fold_char, plain))), starts, ends)
    before, holes = 0, []
    for span in spans:
        holes.append(span.start - before)
        before += span.end - span.start - 1
    return Prose(plain, points, flags, starts, ends, hashes, np.array(holes, dtype=np.int64))


def hash_stretches(points: Points, starts: Offsets, ends: Offsets) -> Hashes:
    """Hash many stretches of one text at once, in time linear in the text.

    A polynomial in the code points modulo 2^64, read off prefix sums, then mixed: equal stretches get equal hashes.
    """
    n = len(points)
    powers = _powers(_BASE, n)
    sums = np.zeros(n + 1, dtype=np.uint64)
    np.cumsum((points.astype(np.uint64) + np.uint64(1)) * powers[:n], out=sums[1:])
    return mix((sums[ends] - sums[starts]) * _powers(pow(_BASE, -1, 1 << 64), n)[starts])


def _powers(base: int, n: int) -> Hashes:
    powers = np.full(n + 1, np.uint64(base), dtype=np.uint64)
    powers[0] = 1
    return np.cumprod(powers, dtype=np.uint64)


def mix(values: Hashes) -> Hashes:
    """Scatter 64-bit values over the whole range (the finaliser of SplitMix64, a bijection)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def ngram_hashes(hashes: Hashes, n: int) -> Hashes:
    """Hash every run of ``n`` words, one value a starting word; empty when there are fewer than ``n`` words."""
    count = max(len(hashes) - n + 1, 0)
    total = np.zeros(count, dtype=np.uint64)
    for k in range(n):
        total = total * _NGRAM_BASE + hashes[k : k + count]
    return mix(total)


TOP_N = (2, 3, 4)
DUP_N = (5, 6, 7, 8, 9, 10)


def line_signals(lines: Sequence[Line], paragraphs: Sequence[Line]) -> dict[str, float]:
    """Shares of lines and paragraphs, and of their characters, that are second or later copies.

    A line that a span cut through never counts as a copy: what is left of it is not what it said.
    """
    signals = {}
    for name, blocks in (("line", lines), ("paragraph", paragraphs)):
        seen: set[str] = set()
        copies, chars = 0, 0
        for block in blocks:
            if block.text in seen and not block.has_span:
                copies += 1
                chars += len(block.text)
            seen.add(block.text)
        total = sum(len(block.text) for block in blocks)
        signals[f"dup_{name}_share"] = copies / len(blocks) if blocks else nan
        signals[f"dup_{name}_char_share"] = chars / total if total else nan
    return signals


def ngram_signals(prose: Prose) -> dict[str, float]:
    """Shares of word characters inside the most frequent and inside all repeated n-grams.

    n-grams do not reach over a span. In a text most of whose words are single code points (scripts without blanks), n is
    doubled: two characters stand for about one word.
    """
    chars = prose.word_chars
    total = int(chars.sum())
    names = [f"top_{n}gram_char_share" for n in TOP_N] + [f"dup_{n}gram_char_share" for n in DUP_N]
    if not total:
        return dict.fromkeys(names, nan)
    unit = 2 if 2 * np.count_nonzero(prose.flags[prose.starts] & SINGLE) > len(chars) else 1
    region = np.searchsorted(prose.holes, prose.starts)
    signals: dict[str, float] = {}
    candidates = np.arange(len(chars))
    for n in range(min(TOP_N), max(DUP_N) + 1):
        candidates, hashes = _repeated(prose.hashes, region, candidates, n * unit)
        if n in TOP_N:
            starts = _most_frequent(candidates, hashes)
            signals[f"top_{n}gram_char_share"] = _covered_chars(starts, n * unit, chars) / total
        else:
            signals[f"dup_{n}gram_char_share"] = _covered_chars(candidates, n * unit, chars) / total
    return signals


def _repeated(hashes: Hashes, region: Offsets, candidates: Offsets, n: int) -> tuple[Offsets, Hashes]:
    """Find starts and hashes of n-grams that occur twice; candidates are starts whose shorter n-gram does."""
    starts = candidates[candidates + n <= len(hashes)]
    starts = starts[region[starts] == region[starts + n - 1]]
    grams = ngram_hashes(hashes, n)[starts]
    order = np.argsort(grams, kind="stable")
    twin = grams[order[1:]] == grams[order[:-1]]
    repeated = np.zeros(len(starts), dtype=np.bool_)
    repeated[order[1:][twin]] = True
    repeated[order[:-1][twin]] = True
    return starts[repeated], grams[repeated]


def _most_frequent(starts: Offsets, grams: Hashes) -> Offsets:
    """Find starts of the most frequent n-gram; among equally frequent ones of that which comes first."""
    if not len(starts):
        return starts
    _, first, inverse, counts = np.unique(grams, return_index=True, return_inverse=True, return_counts=True)
    best = min(np.flatnonzero(counts == counts.max()).tolist(), key=lambda i: int(first[i]))
    top: Offsets = starts[inverse == best]
    return top


def _covered_chars(starts: Offsets, n: int, chars: Offsets) -> int:
    begins = np.zeros(len(chars) + 1, dtype=np.int64)
    begins[starts] = 1
    upto = np.concatenate((np.zeros(n, dtype=np.int64), np.cumsum(begins[:-1])))
    covered: NDArray[np.bool_] = upto[n:] > upto[:-n]
    return int(chars[covered].sum())


def masked_words(prose: Prose) -> list[str]:
    """The words with every run of digits as one zero; numbers and hexadecimal words are all ``0``."""
    return [_masked(prose, start, end) for start, end in zip(prose.starts.tolist(), prose.ends.tolist(), strict=True)]


def _masked(prose: Prose, start: int, end: int) -> str:
    digit = (prose.flags[start:end] & NUMBER) != 0
    chars = [fold_char(char) for char in prose.text[start:end]]
    hexadecimal = all(
        d or "a" <= char <= "f" or (i == 1 and char == "x") for i, (char, d) in enumerate(zip(chars, digit, strict=True))
    )
    if digit.any() and hexadecimal and (end - start >= 4 or digit.all()):
        return "0"
    kept = ["0" if d else char for char, d in zip(chars, digit, strict=True)]
    return "".join(char for i, char in enumerate(kept) if not (digit[i] and i and digit[i - 1]))


def fold_char(char: str) -> str:
    """The form in which a character is compared."""
    if "！" <= char <= "～":
        char = chr(ord(char) - 0xFEE0)
    return {"ς": "σ", "’": "'"}.get(char, char).lower()[0]


def sentence_signals(prose: Prose) -> dict[str, float]:
    """Count sentences, and the share of words in sentences said before, numbers apart."""
    ends = sentence_ends(prose.points, prose.flags)
    of_word = np.searchsorted(ends, prose.starts, side="right")
    if not len(of_word):
        return {"n_sentences": 0.0, "dup_sentence_share": nan}
    first = np.flatnonzero(np.concatenate(([True], of_word[1:] != of_word[:-1])))
    sizes = np.diff(np.append(first, len(of_word)))
    whole = np.searchsorted(prose.holes, prose.starts[first]) == np.searchsorted(prose.holes, prose.ends[first + sizes - 1])
    hashes = np.array([hash(word) & 0xFFFFFFFFFFFFFFFF for word in masked_words(prose)], dtype=np.uint64)
    place = np.arange(len(hashes)) - np.repeat(first, sizes)
    keys = np.add.reduceat(mix(hashes + mix(place.astype(np.uint64))), first)
    _, earliest = np.unique(keys, return_index=True)
    again = np.ones(len(keys), dtype=np.bool_)
    again[earliest] = False
    return {
        "n_sentences": float(len(first)),
        "dup_sentence_share": float(sizes[again & whole].sum() / len(hashes)),
    }


SHORT_LINE = 30
"""Characters up to which a line is short (FineWeb)."""

ELLIPSES = ("...", "…", ". . .")

POLICY_PHRASES = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")
"""C4's phrases of legal and consent notices."""

_BULLET = re.compile(r"\s*(?:[•●‣▪▫◦■□▶◀∙·]|[-*+–—](?=\s))")
_NUMBERED = re.compile(r"\s*(?:\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])\s")
_JAVASCRIPT = re.compile(r"\bjava ?script\b")
_LOREM = "lorem ipsum"


def line_shape(lines: Sequence[Line]) -> dict[str, float]:
    """Give the shares of lines (blank ones apart) by their starts, ends and lengths; NaN without a line."""
    names: tuple[str, ...] = (
        "bullet_line_share",
        "ellipsis_line_share",
        "terminal_line_share",
        "short_line_share",
        "list_line_share",
    )
    names += ("one_word_line_share", "mean_line_words")
    if not lines:
        return dict.fromkeys(names, nan)
    bullets = [bool(_BULLET.match(line.text)) for line in lines]
    ends = [line.text.rstrip() for line in lines]
    terminal = [_is_terminal(end) or (line.has_span and end != line.text) for end, line in zip(ends, lines, strict=True)]
    short = [len(line.text) <= SHORT_LINE and not line.has_span for line in lines]
    items = [b or bool(_NUMBERED.match(line.text)) for b, line in zip(bullets, lines, strict=True)]
    listed = [item or (s and not t) for item, s, t in zip(items, short, terminal, strict=True)]
    n = len(lines)
    return {
        "bullet_line_share": sum(bullets) / n,
        "ellipsis_line_share": sum(end.endswith(ELLIPSES) for end in ends) / n,
        "terminal_line_share": sum(terminal) / n,
        "short_line_share": sum(short) / n,
        "list_line_share": sum(listed) / n,
        "one_word_line_share": sum(line.n_words <= 1 for line in lines) / n,
        "mean_line_words": sum(line.n_words for line in lines) / n,
    }


def _is_terminal(end: str) -> bool:
    bare = end.rstrip(CLOSERS)
    return bool(bare) and bool(classes(codepoints(bare[-1]))[0] & TERMINAL)


def notices(lines: Sequence[Line], text: str) -> dict[str, float]:
    """Count the lines that a page's machinery wrote, and give their shares."""
    folded = [line.text.lower() for line in lines]
    policy = sum(any(phrase in line for phrase in POLICY_PHRASES) for line in folded)
    script = sum(bool(_JAVASCRIPT.search(line)) for line in folded)
    return {
        "javascript_lines": float(script),
        "javascript_line_share": script / len(lines) if lines else nan,
        "policy_lines": float(policy),
        "policy_line_share": policy / len(lines) if lines else nan,
        "lorem_ipsum": float(text.lower().count(_LOREM)),
    }


def marks(prose: Prose) -> dict[str, float]:
    """Count hash marks and ellipses a word."""
    text, n_words = prose.text, len(prose.starts)
    ellipses = sum(text.count(mark) for mark in ELLIPSES)
    return {
        "hash_word_ratio": text.count("#") / n_words if n_words else nan,
        "ellipsis_word_ratio": ellipses / n_words if n_words else nan,
        "symbol_word_ratio": (text.count("#") + ellipses) / n_words if n_words else nan,
    }


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
    n_chars = sum(not char.isspace() or re.fullmatch(_CONTROLS, char) is not None for char in text)
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
    consonant = letter & ~vowel & ((prose.flags & SINGLE) == 0)
    since = index - np.maximum.accumulate(np.where(consonant, -1, index))
    crowded = _any_in(since >= _LONG_CONSONANTS, prose)
    return float(np.count_nonzero(candidates & (crowded | ~_any_in(vowel, prose))) / np.count_nonzero(plain))


def _word_signals(prose: Prose) -> dict[str, float]:
    n = len(prose.starts)
    longest = max(map(len, prose.text.split()), default=0)
    if not n:
        names = ("mean_word_chars", "alpha_word_share", "unique_word_share", "word_entropy_bits", "newline_word_ratio")
        return {**dict.fromkeys(names, nan), "max_word_chars": float(longest)}
    lettered, numbered = (np.concatenate(([0], np.cumsum((prose.flags & bit) != 0))) for bit in (LETTER, NUMBER))
    has_letter = lettered[prose.ends] > lettered[prose.starts]
    counted = np.count_nonzero(has_letter | (numbered[prose.ends] > numbered[prose.starts]))
    counts = np.sort(np.unique(prose.hashes, return_counts=True)[1])
    p = counts / n
    return {
        "mean_word_chars": float(prose.word_chars.mean()),
        "max_word_chars": float(longest),
        "alpha_word_share": float(np.count_nonzero(has_letter) / counted) if counted else nan,
        "unique_word_share": len(counts) / n,
        "word_entropy_bits": float(-(p * np.log2(p)).sum()) + 0.0,
        "newline_word_ratio": prose.text.count("\n") / n,
    }


def _char_signals(prose: Prose) -> dict[str, float]:
    text, flags = prose.text, prose.flags
    n_letters = int(np.count_nonzero(flags & LETTER))
    n_solid = sum(map(len, text.split()))
    return {
        "digit_char_share": float(np.count_nonzero(flags & NUMBER) / n_solid) if n_solid else nan,
        "upper_char_share": float(np.count_nonzero(flags & UPPER) / n_letters) if n_letters else nan,
        "curly_char_share": (text.count("{") + text.count("}")) / len(text) if text else nan,
    }
