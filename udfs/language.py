"""The language of a text, by fastText's language model over its prose."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from udfs.fasttext import FastText
from udfs.spans import Span, prose

WINDOW = 400
"""Characters of each of the three windows (start, middle, end); they agree with whole texts in 97.7 per cent."""
MIN_LETTERS = 20
UNKNOWN = "und"
CANDIDATES = 8
UNSURE, TRACE = 0.3, 0.05
"""Below the first score a label is believed whose script has but the second share of the letters."""
MIN_SHARE = 0.25
"""Share of the letters that must be of a language's script."""
DENSE = 3
SURE = 0.5
"""A score below which the lines are asked one by one: a page in two languages is sure of none as a whole, but of each line."""
MAX_LINES = 40
"""Lines asked, evenly spaced."""
DOUBT = 0.005
"""Probability of a runner-up that is not merely confused with the language, from which the lines are asked for a second one."""
MIXED_SCRIPTS = 0.1
"""Share of the letters, in scripts that the language is not written in, from which they are, too."""
LINE_SURE = 0.6
"""Score from which a line counts as one of another language."""

CONFUSABLE: tuple[frozenset[str], ...] = tuple(
    frozenset(labels.split())
    for labels in ("da nb nn no", "bs hr sh sl sr", "id ms", "cs sk", "ast es gl pt", "af nl", "ar arz", "wuu yue zh")
)
"""Languages that the model shares its certainty among, so that it is sure of none on a page that is plainly in one of them."""

_ADDRESSES = re.compile(r"(?:https?://|www\.)\S{1,2000}|[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,5}")
_SCRIPTS: dict[str, frozenset[str]] = {
    script: frozenset(labels.split())
    for script, labels in {
        "CYRILLIC": "ab av ba be bg ce cv kk krc kv ky lez mhr mk mn mrj myv os ru rue sah sr tg tt tyv uk xal az uz bxr",
        "GREEK": "el", "ARABIC": "ar arz azb ckb dv fa glk ks ku lrc mzn pnb ps sd ug ur az", "HEBREW": "he yi",
        "DEVANAGARI": "bh bho bihari dty gom hi mai mr ne new sa kok sd", "BENGALI": "as bn bpy", "GURMUKHI": "pa",
        "GUJARATI": "gu", "ORIYA": "or", "TAMIL": "ta", "TELUGU": "te", "KANNADA": "kn", "MALAYALAM": "ml",
        "SINHALA": "si", "THAI": "th", "LAO": "lo", "TIBETAN": "bo dz", "MYANMAR": "my", "GEORGIAN": "ka xmf",
        "HANGUL": "ko", "ETHIOPIC": "am ti", "KHMER": "km", "ARMENIAN": "hy", "THAANA": "dv",
        "CJK": "zh yue wuu ja gan ko", "HIRAGANA": "ja", "KATAKANA": "ja", "BOPOMOFO": "zh",
    }.items()
}  # fmt: skip
_DENSE_SCRIPTS = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL"})
_NON_LATIN = frozenset().union(*_SCRIPTS.values()) - {"az", "ku", "uz", "sr", "tt", "tg", "ug", "kk", "gom", "mn"}


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """The likeliest languages of a text.

    Parameters
    ----------
    lang : str
        ISO 639 code as the model gives it; ``und`` where nothing can be said.
    score : float
        Its probability with that of the languages it is confused with (`CONFUSABLE`), 0-1; below `SURE` what the lines
        say (`score_of_lines`), if that is more.
    second : str or None
        The runner-up for the text as a whole.
    second_score : float
        Its probability by itself, 0 where there is none.
    other : str or None
        The language of the lines that are in another one, the most frequent by letters; None where no line is.
    other_share : float
        Share (0-1) of the letters of all lines that were asked in lines of `other`.
    """

    lang: str
    score: float
    second: str | None = None
    second_score: float = 0.0
    other: str | None = None
    other_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a text as the model sees it: its letters, and the languages that fit their script, the likeliest first."""

    letters: int
    labels: tuple[tuple[str, float], ...]


def identify(text: str, spans: Sequence[Span] = (), *, model: FastText) -> LanguageGuess:
    """Name the language of a text, and the second one of a text in two.

    The text is read in lower case (upper case halves the model's accuracy), in NFC, without code, mathematics (unless
    there is nothing else), addresses; labels of whose script the text has next to no letters are passed over. The lines are
    asked one by one only where the text as a whole leaves doubt or has two scripts.

    Parameters
    ----------
    text : str
        Any text.
    spans : sequence of Span
        What in it is not prose. Tables count as prose.
    model : FastText
        ``lid.176``, or any model with ISO 639 labels.

    Returns
    -------
    LanguageGuess
        ``und`` with score 0 for fewer than ``MIN_LETTERS`` letters, or where no candidate's script is there.
    """
    read = _read(text, spans)
    guess, shares = _whole(read, model)
    if guess.lang == UNKNOWN or (guess.score >= SURE and _alone(guess, shares)):
        return guess
    asked = lines(read, model=model)
    other, share = other_language(asked, guess.lang)
    score = max(guess.score, score_of_lines(asked)) if guess.score < SURE else guess.score
    return replace(guess, score=score, other=other, other_share=share)


def identify_whole(text: str, spans: Sequence[Span] = (), *, model: FastText) -> LanguageGuess:
    """Name the language of a text as `identify` does, but by the text as one: its lines are not asked."""
    return _whole(_read(text, spans), model)[0]


def _alone(guess: LanguageGuess, shares: dict[str, float]) -> bool:
    """Whether nothing speaks for a second language: no runner-up worth the name, and next to no letters of another script."""
    rival = guess.second_score >= DOUBT and guess.second is not None and not _alike(guess.lang, guess.second)
    return not rival and script_fits(guess.lang, shares, 1 - MIXED_SCRIPTS)


def _alike(label: str, other: str) -> bool:
    return label == other or any(label in group and other in group for group in CONFUSABLE)


def confidence(label: str, found: Sequence[tuple[str, float]]) -> float:
    """Return the probability of a label with that of the labels it is confused with, 0-1."""
    return min(sum(score for other, score in found if _alike(label, other)), 1.0)


def _whole(read: str, model: FastText) -> tuple[LanguageGuess, dict[str, float]]:
    """Return the guess for a text as one, and the shares of its scripts."""
    sample = windows(normal(read))
    letters = [character for character in sample if character.isalpha()]
    shares = script_shares(letters)
    if len(letters) < MIN_LETTERS:
        return LanguageGuess(UNKNOWN, 0.0), shares
    found = model.predict(sample, CANDIDATES)
    kept = [pair for pair in found if script_fits(pair[0], shares)]
    if not kept or kept[0][1] < UNSURE:
        # A half-translated page: the model sees its language, though most letters are those of the other one.
        kept = [pair for pair in found if script_fits(pair[0], shares, TRACE)] or kept
    if not kept:
        return LanguageGuess(UNKNOWN, 0.0), shares
    second = kept[1] if len(kept) > 1 else (None, 0.0)
    return LanguageGuess(kept[0][0], confidence(kept[0][0], kept), second[0], second[1]), shares


def _read(text: str, spans: Sequence[Span]) -> str:
    """Return what of a text is read: its prose with its tables, or all of it where that is next to nothing.

    A manual page or a changelog in one ``pre`` is code by its markup and prose by its words.
    """
    plain = prose(text, [span for span in spans if span.kind != "table"])
    if not spans or sum(map(str.isalpha, windows(normal(plain)))) >= MIN_LETTERS:
        return plain
    return text


def lines(text: str, *, model: FastText) -> tuple[Line, ...]:
    """Ask the model for lines of a text, at most `MAX_LINES`, evenly spaced; those of fewer than `MIN_LETTERS` letters never."""
    long = [line for line in text.split("\n") if len(line) >= MIN_LETTERS]
    found = []
    for line in long[:: -(-len(long) // MAX_LINES)] if long else []:
        start = normal(line)[:WINDOW]
        letters = [character for character in start if character.isalpha()]
        if len(letters) >= MIN_LETTERS:
            shares = script_shares(letters)
            fitting = tuple(pair for pair in model.predict(start, CANDIDATES) if script_fits(pair[0], shares))
            found.append(Line(len(letters), fitting))
    return tuple(found)


def score_of_lines(asked: Sequence[Line]) -> float:
    """Return how sure the model is of lines, each of a language of its own: the mean, weighted by letters, 0-1; 0 for none."""
    total = sum(line.letters * confidence(line.labels[0][0], line.labels) for line in asked if line.labels)
    return total / max(sum(line.letters for line in asked), 1)


def other_language(asked: Sequence[Line], lang: str) -> tuple[str | None, float]:
    """Return the language, other than the text's and those it is confused with, of most letters of the lines, and its share (0-1).

    A line counts where the model is at least `LINE_SURE` of it. Ties go to the first code in alphabetical order.
    """
    found = Counter[str]()
    for line in asked:
        if line.labels and confidence(line.labels[0][0], line.labels) >= LINE_SURE:
            found[line.labels[0][0]] += line.letters
    others = [(-letters, label) for label, letters in found.items() if not _alike(lang, label)]
    if not others:
        return None, 0.0
    letters, label = min(others)
    return label, -letters / sum(line.letters for line in asked)


def normal(text: str) -> str:
    """Return the text in NFC and lower case, without addresses, white space folded."""
    composed = unicodedata.normalize("NFC", text)
    # The pattern is slow where there is nothing to find, and every match of it holds one of these.
    if any(mark in composed for mark in ("@", "://", "www.")):
        composed = _ADDRESSES.sub(" ", composed)
    return " ".join(composed.lower().split())


def windows(text: str) -> str:
    """Return the start, middle and end of a text, ``WINDOW`` characters each; a short text is returned whole."""
    if len(text) <= 3 * WINDOW:
        return text
    middle = (len(text) - WINDOW) // 2
    return " ".join((text[:WINDOW], text[middle : middle + WINDOW], text[-WINDOW:]))


def script_shares(letters: Sequence[str]) -> dict[str, float]:
    """Share (0-1) of each script in the letters, by the first word of their Unicode names (``LATIN``, ``CJK``…).

    A letter of a script that writes a syllable or a word with one sign counts for ``DENSE`` letters of an alphabet,
    so that the English terms of a Chinese page do not make it Latin.
    """
    if letters and "".join(letters).isascii():
        return {"LATIN": 1.0}
    weights = Counter[str]()
    for character, times in sorted(Counter(letters).items()):
        script = unicodedata.name(character, "UNKNOWN").partition(" ")[0]
        weights[script] += times * (DENSE if script in _DENSE_SCRIPTS else 1)
    total = sum(weights.values())
    return {script: weight / total for script, weight in sorted(weights.items())}


def script_fits(label: str, shares: dict[str, float], least: float = MIN_SHARE) -> bool:
    """Whether a share of at least ``least`` of the letters are of a script that the language is written in."""
    if label not in _NON_LATIN and shares.get("LATIN", 0.0) >= least:
        return True
    return sum(share for script, share in sorted(shares.items()) if label in _SCRIPTS.get(script, ())) >= least
