"""Limits and stop words of a language, fitted on a corpus: what a rule drops of English, it shall drop of the language.

FineWeb-2 (Penedo et al. 2025) sets the thresholds of a thousand languages so that about the same share of trusted text goes
as in English. The same is done here, on documents that no rule has touched yet, with three cautions:

- A document counts for a rule only if no rule of another family fires on it, so that junk does not vote and yet no limit is
  fitted on what it has let through. The language's own limits for that come from a first round on all its documents.
- The English limit stays unless the language's documents contradict it by more than two standard errors, and moves only as
  far as that takes: few documents move it little. One document in a hundred, or one, may always go, lest single pages set it.
- A limit on repetition moves at most halfway to the end of its range: no language repeats most of what it says.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from udfs.rules import Rule, evaluate
from udfs.words import LETTER, NUMBER, WORD, classes, codepoints

Columns = Mapping[str, NDArray[np.float64]]
Values = NDArray[np.float64]

REPETITION, LINES, WORDS = "repetition", "lines", "words"
_FAMILIES: Mapping[str, str] = {
    "word_entropy_bits": REPETITION,
    "terminal_line_share": LINES,
    "short_line_share": LINES,
    "newline_word_ratio": LINES,
    "mean_word_chars": WORDS,
    "alpha_word_share": WORDS,
    "stop_word_count": "stop words",
}
_REPEATED = ("dup_", "top_")

STANDARD_ERRORS = 2.0
LEAST_DROPPED = 0.01
"""Share of a language's documents that a rule may drop whatever it drops of English."""

LEAST_STOP_WORDS, MOST_STOP_WORDS = 10, 20
LEAST_FREQUENCY = 0.3
"""Share of documents, and of sites, that a stop word occurs in, at the least."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A limit of a language and what it rests on.

    Parameters
    ----------
    rule : Rule
        The rule with its English limit.
    limit : float
        The language's limit.
    english, before, after : float
        Shares dropped: of English by the English limit, of the language by the English limit, of the language by its own.
    documents : int
        Trusted documents of the language on which the rule has something to say.
    """

    rule: Rule
    limit: float
    english: float
    before: float
    after: float
    documents: int

    @property
    def moved(self) -> bool:
        """Whether the limit differs from the English one."""
        return self.limit != self.rule.limit


def fits(rule: Rule) -> bool:
    """Whether a rule's limit depends on how a language is written, so that it is fitted.

    Limits on word counts are not: they say how much there is to learn from, which is no matter of quantiles. Neither are those
    on what is no language at all (mojibake, digits, mixed scripts) or has references of its own (KL, dirty words).
    """
    return rule.signal in _FAMILIES or rule.signal.startswith(_REPEATED)


def family(rule: Rule) -> str:
    """Return the family of a rule: rules of one family see the same thing and don't vouch for each other's documents."""
    return REPETITION if rule.signal.startswith(_REPEATED) else _FAMILIES.get(rule.signal, rule.signal)


def fit(english: Columns, language: Columns, rules: Sequence[Rule], *, least: int = 50) -> tuple[Fitted, ...]:
    """Fit the limits of a language.

    Parameters
    ----------
    english, language : mapping of str to array of float64
        Signals of documents that no rule has touched, a value a document.
    rules : sequence of Rule
        All rules of the class with their English limits; those that `fits` says are fitted, the others only tell junk.
    least : int
        Trusted documents below which a rule keeps its English limit.

    Returns
    -------
    tuple of Fitted
        One a fitted rule, in the order of the rules.
    """
    chosen = [rule for rule in rules if fits(rule)]
    first = {rule.name: _fitted(rule, english, language, least).limit for rule in chosen}
    provisional = [replace(rule, limit=first.get(rule.name, rule.limit)) for rule in rules]
    trusted = {"english": _trusted(english, rules), "language": _trusted(language, provisional)}
    found = []
    for rule in chosen:
        of = {name: masks[family(rule)] for name, masks in trusted.items()}
        found.append(_fitted(rule, _chosen(english, of["english"]), _chosen(language, of["language"]), least))
    return tuple(found)


def with_hand_set(fitted: Fitted, columns: Columns, limit: float) -> Fitted:
    """Return a fitted limit with another in its place, and what that drops of the language's documents."""
    values = _values(fitted.rule, columns)
    return replace(fitted, limit=limit, after=_dropped(values, fitted.rule.op, limit))


def _fitted(rule: Rule, english: Columns, language: Columns, least: int) -> Fitted:
    theirs, ours = _values(rule, english), _values(rule, language)
    share, before = _dropped(theirs, rule.op, rule.limit), _dropped(ours, rule.op, rule.limit)
    if len(ours) < least or not len(theirs):
        return Fitted(rule, rule.limit, share, before, before, len(ours))
    # One more document on either side, so that no share counts as known to be 0 or 1.
    p = (share * len(theirs) + 1) / (len(theirs) + 2)
    error = STANDARD_ERRORS * math.sqrt(p * (1 - p) * (1 / len(theirs) + 1 / len(ours)))
    most = max(math.floor(max(share + error, LEAST_DROPPED) * len(ours)), 1)
    fewest = math.ceil((share - error) * len(ours))
    limit, gone = rule.limit, round(before * len(ours))
    if gone > most:
        limit = _bounded(rule, _limit(ours, rule.op, most))
    elif gone < fewest:
        limit = _limit(ours, rule.op, fewest)
    return Fitted(rule, limit, share, before, _dropped(ours, rule.op, limit), len(ours))


def _values(rule: Rule, columns: Columns) -> Values:
    """Return the signal of the documents on which a rule has something to say."""
    guarded = replace(rule, op=">", limit=-math.inf, on_nan=False)
    values: Values = columns[rule.signal][guarded.fires(columns)]
    return values


def _limit(values: Values, op: str, dropped: int) -> float:
    """Return the limit beyond which a number of values lie, ties and rounding in favour of keeping."""
    ordered = np.sort(values)
    if op == ">":
        return math.ceil(float(ordered[len(ordered) - 1 - dropped]) * 1000) / 1000
    return math.floor(float(ordered[dropped]) * 1000) / 1000


def _bounded(rule: Rule, limit: float) -> float:
    if family(rule) != REPETITION or rule.op != ">":
        return limit
    return min(limit, round((rule.limit + max(rule.limit, 1.0)) / 2, 3))


def _dropped(values: Values, op: str, limit: float) -> float:
    beyond = values > limit if op == ">" else values < limit
    return float(np.count_nonzero(beyond)) / len(values) if len(values) else 0.0


def _trusted(columns: Columns, rules: Sequence[Rule]) -> dict[str, NDArray[np.bool_]]:
    """Return for each family the documents on which no rule of another family fires."""
    fired = evaluate(rules, columns)
    names = np.array([family(rule) for rule in rules])
    return {name: ~fired[names != name].any(axis=0) for name in sorted(set(names.tolist()))}


def _chosen(columns: Columns, mask: NDArray[np.bool_]) -> Columns:
    return {name: values[mask] for name, values in columns.items()}


def function_words(
    documents: Sequence[Sequence[str]], sites: Sequence[str], *, elsewhere: Mapping[str, float] = MappingProxyType({})
) -> tuple[str, ...]:
    """Find the function words of a language: short, in most documents, and spread as evenly as the text itself.

    Parameters
    ----------
    documents : sequence of sequence of str
        The words of each document, in lower case.
    sites : sequence of str
        Where each document is from: a word that one site puts on each of its pages is none.
    elsewhere : mapping of str to float
        Share of English documents that hold a word: what is more frequent there is quoted English here.

    Returns
    -------
    tuple of str
        At most 20, the best first: by the share of documents, or of sites if that is less, times one less Gries' deviation
        of proportions (2008). Empty if there are fewer than 10.
    """
    counts = [Counter(words) for words in documents]
    n_words, n_sites = sum(map(len, documents)), len(set(sites))
    longest = math.ceil(sum(len(word) * n for count in counts for word, n in count.items()) / max(n_words, 1))
    scored = []
    for word, share in sorted(frequencies(documents).items()):
        if share < elsewhere.get(word, LEAST_FREQUENCY) or len(word) > longest or not _is_word(word):
            continue
        within = {site for site, count in zip(sites, counts, strict=True) if word in count}
        spread = min(share, len(within) / n_sites)
        if spread < LEAST_FREQUENCY:
            continue
        scored.append((-round(spread * _evenness(word, counts, n_words), 6), word))
    found = tuple(word for _, word in sorted(scored)[:MOST_STOP_WORDS])
    return found if len(found) >= LEAST_STOP_WORDS else ()


def frequencies(documents: Sequence[Sequence[str]]) -> dict[str, float]:
    """Return the share of documents that hold each word."""
    found = Counter(word for words in documents for word in set(words))
    return {word: n / len(documents) for word, n in found.items()}


def stop_word_counts(documents: Sequence[Sequence[str]], stop_words: Sequence[str]) -> Values:
    """Return how many different stop words each document holds."""
    listed = frozenset(stop_words)
    return np.array([len(listed.intersection(words)) for words in documents], dtype=np.float64)


def _evenness(word: str, counts: Sequence[Counter[str]], n_words: int) -> float:
    total = sum(count[word] for count in counts)
    return sum(min(count[word] / total, count.total() / n_words) for count in counts if word in count)


def _is_word(word: str) -> bool:
    flags = classes(codepoints(word))
    plain = ((flags & WORD) != 0).all() and not (flags & NUMBER).any()
    return bool(plain and (flags & LETTER).any())
