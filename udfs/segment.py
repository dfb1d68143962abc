"""Where words begin in scripts that are written without blanks: segmenters behind one function, clusters where none is good.

Chinese, Japanese and Thai words come from a well-kept dictionary segmenter, an optional extra each, loaded once a process when
it is first asked for. Khmer, Lao and Burmese have none of acceptable speed: there a word is a cluster, a base with its signs
and stacked consonants (UAX #29, widened where a vowel written before or behind its consonant is a letter of its own); in
Tibetan it is the syllable, which the script itself separates.
"""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

from udfs.languages import canonical
from udfs.words import LETTER, NUMBER, SINGLE, WORD, Flags, Points, classes, codepoints, from_codepoints

MAX_SEGMENTED = 50_000
"""Code points from the start of a text that a segmenter reads; rules are ratios, and what follows gets clusters."""

CODEPOINT, CLUSTER = "codepoint", "cluster"
"""Word models without a segmenter: every code point is a word, or every cluster is."""

Cut = Callable[[str], Iterable[int]]
"""A text to the offsets at which its words begin, ascending, in code points."""

_HAN: Final = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))
_KANA: Final = ((0x3040, 0x30FF), (0x31F0, 0x31FF))
_THAI: Final = ((0x0E00, 0x0E7F),)
_SUDACHI_CHARS = 10_000

_LEADING, _FOLLOWING, _STACKER, _CLOSED, _ASAT, _DOT, _TIBETAN = (np.uint8(1 << bit) for bit in range(7))
_KINDS: Final[Mapping[np.uint8, tuple[tuple[int, int], ...]]] = {
    _LEADING: ((0x0E40, 0x0E44), (0x0EC0, 0x0EC4)),
    _FOLLOWING: ((0x0E30, 0x0E30), (0x0E32, 0x0E33), (0x0E45, 0x0E45), (0x0EB0, 0x0EB0), (0x0EB2, 0x0EB3), (0x0EBD, 0x0EBD)),
    _STACKER: ((0x1039, 0x1039), (0x17D2, 0x17D2)),
    _CLOSED: ((0x1000, 0x1021), (0x103F, 0x103F)),
    _ASAT: ((0x1039, 0x103A),),
    _DOT: ((0x1037, 0x1037),),
    _TIBETAN: ((0x0F00, 0x0FFF),),
}
_FIRST_KIND, _LAST_KIND = 0x0E00, 0x17FF


class SegmenterError(LookupError):
    """A segmenter that can't be had: which language wants it, and what to do."""


@dataclass(frozen=True, slots=True)
class Segmenter:
    """How the words of a language are found.

    Parameters
    ----------
    name : str
        What it is called in a word model: the package and its mode, or `CLUSTER`.
    packages : tuple of str
        Distributions that it needs; the first one's version is part of the word model, as are the others'.
    scripts : tuple of (int, int)
        First and last code points of the scripts that it reads; clusters take the rest.
    load : callable or None
        Imports it and returns what cuts a text; None for clusters.
    """

    name: str
    packages: tuple[str, ...] = ()
    scripts: tuple[tuple[int, int], ...] = ()
    load: Callable[[], Cut] | None = None


def word_starts(text: str, language: str) -> NDArray[np.int64] | None:
    """Find where words begin inside the stretches of scripts that are written without blanks.

    Parameters
    ----------
    text : str
        Any string.
    language : str
        ISO 639-1 code, which chooses the segmenter.

    Returns
    -------
    array of int64 or None
        Offsets in code points, ascending, each of a code point of class `udfs.words.SINGLE`: the first of every stretch, and
        wherever else a word begins, which is never at a combining sign. None for a language without a segmenter, of which
        each such code point is a word. Beyond `MAX_SEGMENTED` code points words are clusters.

    Raises
    ------
    SegmenterError
        When the language's segmenter is not installed.
    """
    segmenter = SEGMENTERS.get(canonical(language))
    if segmenter is None:
        return None
    points = codepoints(text)
    flags = classes(points)
    starts = _clusters(points, flags)
    if segmenter.load is not None:
        _segment(starts, points, flags, language)
    return np.flatnonzero(starts)


def check(languages: Collection[str]) -> None:
    """Refuse languages without a segmenter, and those whose segmenter is not installed.

    Raises
    ------
    SegmenterError
        One line that names the language, what is allowed, and what to install.
    """
    for language in languages:
        segmenter = SEGMENTERS.get(canonical(language))
        if segmenter is None:
            raise SegmenterError(f"no segmenter is set up for {language!r}; allowed: {', '.join(sorted(SEGMENTERS))}")
        word_model(language, languages)


def word_model(language: str, segmented: Collection[str]) -> str:
    """Return what a word of a language is in scripts without blanks: what is recorded beside the signals.

    Parameters
    ----------
    language : str
        ISO 639-1 code.
    segmented : collection of str
        Languages whose words a segmenter finds.

    Returns
    -------
    str
        ``codepoint``, ``cluster``, or packages with versions and the mode, such as ``rjieba 0.2.2 hmm``.
    """
    segmenter = SEGMENTERS.get(canonical(language))
    if segmenter is None or canonical(language) not in {canonical(code) for code in segmented}:
        return CODEPOINT
    try:
        versions = [f"{package} {importlib.metadata.version(package)}" for package in segmenter.packages]
    except importlib.metadata.PackageNotFoundError as error:
        raise _missing(language) from error
    return " ".join([*versions, segmenter.name])


def _segment(starts: NDArray[np.bool_], points: Points, flags: Flags, language: str) -> None:
    """Put the segmenter's words into the stretches that it reads, in place."""
    head = points[:MAX_SEGMENTED]
    known = _within(head, SEGMENTERS[canonical(language)].scripts) & ((flags[: len(head)] & SINGLE) != 0)
    if not known.any():
        return
    # What lies between two stretches comes down to one line end, so that a long foreign passage costs nothing.
    places = np.flatnonzero(known | np.concatenate(([False], known[:-1])))
    compact = np.where(known[places], head[places], np.uint32(10))
    found = np.fromiter(_loaded(canonical(language))(from_codepoints(compact)), dtype=np.int64)
    begins = np.zeros(len(head), dtype=np.bool_)
    begins[places[found]] = True
    inner = known & np.concatenate(([False], known[:-1]))
    starts[: len(head)][inner] = (begins & ~_marks(flags[: len(head)]))[inner]
    starts[: len(head)][known & ~inner] |= ~_marks(flags[: len(head)])[known & ~inner]


def _clusters(points: Points, flags: Flags) -> NDArray[np.bool_]:
    """Return at which code points a cluster begins; code points of other scripts begin none."""
    single = (flags & SINGLE) != 0
    kinds = _kinds(points)
    earlier, later, after_later = _shifted(kinds, 1), _shifted(kinds, -1), _shifted(kinds, -2)
    joined = _marks(flags)
    joined |= (earlier & (_STACKER | _LEADING)) != 0
    joined |= (kinds & _FOLLOWING) != 0
    closes = ((later & _ASAT) != 0) | (((later & _DOT) != 0) & ((after_later & _ASAT) != 0))
    joined |= ((kinds & _CLOSED) != 0) & closes
    joined |= ((kinds & earlier) & _TIBETAN) != 0
    numbers = flags & NUMBER
    joined |= (numbers & _shifted(numbers, 1)) != 0
    begins: NDArray[np.bool_] = single & ~(joined & np.concatenate(([False], single[:-1]))[: len(single)])
    return begins


def _marks(flags: Flags) -> NDArray[np.bool_]:
    marks: NDArray[np.bool_] = (flags & (WORD | LETTER | NUMBER)) == WORD
    return marks


def _kinds(points: Points) -> Flags:
    places = np.minimum(points - np.uint32(_FIRST_KIND), np.uint32(_LAST_KIND - _FIRST_KIND + 1))
    kinds: Flags = _kind_table()[places]
    return kinds


@cache
def _kind_table() -> Flags:
    # Points below the first wrap around and end, like those above the last, in the empty last place.
    table = np.zeros(_LAST_KIND - _FIRST_KIND + 2, dtype=np.uint8)
    for kind, ranges in _KINDS.items():
        for first, last in ranges:
            table[first - _FIRST_KIND : last - _FIRST_KIND + 1] |= kind
    table.flags.writeable = False
    return table


def _shifted(values: Flags, by: int) -> Flags:
    """Return the value of a neighbour: before for 1, behind for -1; 0 past the ends."""
    moved = np.zeros_like(values)
    if by > 0:
        moved[by:] = values[:-by]
    else:
        moved[:by] = values[-by:]
    return moved


def _within(points: Points, ranges: tuple[tuple[int, int], ...]) -> NDArray[np.bool_]:
    inside = np.zeros(len(points), dtype=np.bool_)
    for first, last in ranges:
        inside |= (points >= first) & (points <= last)
    return inside


@cache
def _loaded(language: str) -> Cut:
    load = SEGMENTERS[language].load
    assert load is not None
    try:
        return load()
    except ImportError as error:
        raise _missing(language) from error


def _missing(language: str) -> SegmenterError:
    code = canonical(language)
    package = SEGMENTERS[code].packages[0]
    return SegmenterError(
        f"words of {language!r} are to be found by {package}, which is not installed: "
        f"pip install 'woolmill[{code}]', or take {language} out of clean.segment"
    )


def _lengths_to_starts(pieces: Iterable[str]) -> Iterable[int]:
    *starts, _ = accumulate(map(len, pieces), initial=0)
    return starts


def _load_rjieba() -> Cut:
    import rjieba

    return lambda text: _lengths_to_starts(rjieba.cut(text, True))


def _load_sudachi() -> Cut:
    from sudachipy import Dictionary, SplitMode

    tokenizer = Dictionary(dict="core").tokenizer(mode=SplitMode.A)

    def cut(text: str) -> Iterable[int]:
        # It refuses more than 49,149 bytes; a stretch that is longer than a chunk is cut where the chunk ends.
        begin = 0
        while begin < len(text):
            end = begin + _SUDACHI_CHARS
            end = end if end >= len(text) else text.rfind("\n", begin, end) + 1 or end
            yield from (begin + token.begin() for token in tokenizer.tokenize(text[begin:end]))
            begin = end

    return cut


def _load_newmm() -> Cut:
    # It would otherwise make a folder in the home of whoever runs it.
    os.environ.setdefault("PYTHAINLP_READ_ONLY", "1")
    from pythainlp.tokenize import word_tokenize

    return lambda text: _lengths_to_starts(word_tokenize(text, engine="newmm-safe", keep_whitespace=True))


SEGMENTERS: Final[Mapping[str, Segmenter]] = {
    "zh": Segmenter("hmm", ("rjieba",), _HAN, _load_rjieba),
    "ja": Segmenter("A", ("sudachipy", "sudachidict_core"), (*_HAN, *_KANA), _load_sudachi),
    "th": Segmenter("newmm-safe", ("pythainlp",), _THAI, _load_newmm),
    **{code: Segmenter(CLUSTER) for code in ("km", "lo", "my", "bo")},
}
"""How words are found, by language."""
