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
    """The two likeliest languages of a text.

    Parameters
    ----------
    lang : str
        ISO 639 code as the model gives it; ``und`` where nothing can be said.
    score : float
        Its probability, 0-1; below `SURE` what `score_of_lines` says, if that is more.
    second : str or None
        The runner-up.
    second_score : float
        Its probability, 0 where there is none.
    """

    lang: str
    score: float
    second: str | None = None
    second_score: float = 0.0


def identify(text: str, spans: Sequence[Span] = (), *, model: FastText) -> LanguageGuess:
    """Name the language of a text.

    The text is read in lower case (upper case halves the model's accuracy), in NFC, without code, mathematics (unless
    there is nothing else), addresses; labels of whose script the text has next to no letters are passed over.

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
    guess = identify_whole(text, spans, model=model)
    if guess.lang == UNKNOWN or guess.score >= SURE:
        return guess
    return replace(guess, score=max(guess.score, score_of_lines(_read(text, spans), model=model)))


def identify_whole(text: str, spans: Sequence[Span] = (), *, model: FastText) -> LanguageGuess:
    """Name the language of a text as `identify` does, but for the score, which is that of the text as one: of one language."""
    sample = windows(normal(_read(text, spans)))
    letters = [character for character in sample if character.isalpha()]
    if len(letters) < MIN_LETTERS:
        return LanguageGuess(UNKNOWN, 0.0)
    shares = script_shares(letters)
    found = model.predict(sample, CANDIDATES)
    kept = [pair for pair in found if script_fits(pair[0], shares)]
    if not kept or kept[0][1] < UNSURE:
        # A half-translated page: the model sees its language, though most letters are those of the other one.
        kept = [pair for pair in found if script_fits(pair[0], shares, TRACE)] or kept
    if not kept:
        return LanguageGuess(UNKNOWN, 0.0)
    second = kept[1] if len(kept) > 1 else (None, 0.0)
    return LanguageGuess(kept[0][0], kept[0][1], second[0], second[1])


def _read(text: str, spans: Sequence[Span]) -> str:
    """Return what of a text is read: its prose with its tables, or all of it where that is next to nothing.

    A manual page or a changelog in one ``pre`` is code by its markup and prose by its words.
    """
    plain = prose(text, [span for span in spans if span.kind != "table"])
    if not spans or sum(map(str.isalpha, windows(normal(plain)))) >= MIN_LETTERS:
        return plain
    return text


def score_of_lines(text: str, *, model: FastText) -> float:
    """Return how sure the model is of a text line by line, each of a language of its own: the mean, weighted by letters, 0-1.

    Lines of fewer than `MIN_LETTERS` letters are passed over.
    """
    lines = [(line, sum(map(str.isalpha, line))) for line in map(normal, text.split("\n"))]
    lines = [(line[:WINDOW], letters) for line, letters in lines if letters >= MIN_LETTERS]
    lines = lines[:: -(-len(lines) // MAX_LINES)] if lines else []
    total = 0.0
    for line, letters in lines:
        shares = script_shares([character for character in line if character.isalpha()])
        total += letters * next((score for label, score in model.predict(line, CANDIDATES) if script_fits(label, shares)), 0.0)
    return total / max(sum(letters for _, letters in lines), 1)


def normal(text: str) -> str:
    """Return the text in NFC and lower case, without addresses, white space folded."""
    return " ".join(_ADDRESSES.sub(" ", unicodedata.normalize("NFC", text)).lower().split())


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
