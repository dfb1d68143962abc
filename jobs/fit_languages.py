"""Stop words and limits of languages, fitted on what a run has stored: tables are read, nothing is run again.

Trusted are the documents that reached the rules (whatever the rules then did to them), of a prose class, whose language is sure;
`udfs.limits` says how junk among them is kept from voting. Values that are set by hand in a language's file stay.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.errors import JobError
from jobs.reporting.query import Reader, reading
from jobs.store import Run, write_atomic
from jobs.tools import LANGUAGE, fasttext
from udfs import languages
from udfs.filtering import FilterPlan, limits, plan
from udfs.language import LINE_SURE, identify_whole
from udfs.languages import canonical
from udfs.limits import Fitted, fit, frequencies, function_words, stop_word_counts, with_hand_set
from udfs.rules import Rule
from udfs.segment import SEGMENTERS, SegmenterError, word_model, word_starts
from udfs.words import SINGLE, classes, codepoints, word_bounds

ENGLISH = "en"
MOST_DOCUMENTS = 50_000
"""Documents of a language that limits are fitted on: those with the smallest ids, which are as good as random."""

MOST_TEXTS, MOST_CHARS = 2_000, 20_000
"""Texts of a language that stop words are found in, and characters of each that are read."""

FEW_SITES = 3
"""Below so many sites a word that all their pages hold is as likely one of a menu."""

_REACHED = """
select {columns} from signals s
left join (select id, split, min(class) as class from routes group by id, split) r on r.id = s.id and r.split = s.split
where coalesce(r.class, 'general') in ('general', 'multilingual') and s.lang_score >= {score}
"""


class FitError(JobError):
    """Limits can't be fitted on this run: why, in one line."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be fitted.

    Parameters
    ----------
    codes : tuple of str
        Languages; empty: all with enough documents.
    score : float
        Least confidence of the language of a trusted document.
    least : int
        Least trusted documents of a language; a rule that has something to say on less than half as many keeps its limit.
    replace : bool
        Whether fitted values take the place of those that are set by hand.
    """

    codes: tuple[str, ...] = ()
    score: float = 0.65
    least: int = 100
    replace: bool = False


@dataclass(frozen=True, slots=True)
class LanguageFit:
    """What was fitted for a language.

    Parameters
    ----------
    code : str
        The language.
    documents, english_documents : int
        Trusted documents of it and of English.
    words : str
        Its word model (`udfs.segment.word_model`); empty where blanks stand between words.
    stop_words : tuple of str
        Its stop words.
    limits : tuple of Fitted
        Its limits.
    by_hand : frozenset of str
        Names of the rules, and ``stop_words``, whose values are set by hand.
    set_by_hand : mapping of str to float
        All limits that are set by hand, those of rules that are never fitted too.
    origin : str
        The run, and the version of its signals.
    sites : int
        Sites whose texts the stop words were found in; 0 where none were looked for.
    """

    code: str
    documents: int
    english_documents: int
    words: str
    stop_words: tuple[str, ...]
    limits: tuple[Fitted, ...]
    by_hand: frozenset[str]
    set_by_hand: Mapping[str, float]
    origin: str
    sites: int = 0


@dataclass(frozen=True, slots=True)
class _Texts:
    """Words of some documents in lower case, and the host of each."""

    words: Sequence[Sequence[str]]
    sites: Sequence[str]


def fit_run(run: Run, wanted: Wanted) -> list[LanguageFit]:
    """Fit the languages of a run.

    Parameters
    ----------
    run : Run
        A run whose `clean` has been published; the classes count where `route` has been, too.
    wanted : Wanted
        What is to be fitted.

    Returns
    -------
    list of LanguageFit
        By code; languages with fewer documents than asked for are left out.

    Raises
    ------
    FitError
        When the run has no signals, too little English, or a language that was named is too rare.
    """
    published = run.current("clean") if "clean" in run.stages else None
    if published is None:
        raise FitError(f"{run.root.name} has no signals; run its recipe up to the stage clean first")
    rules = _rules(run)
    with reading(run) as tables:
        found = _documents(tables, wanted)
        if found.get(ENGLISH, 0) < wanted.least:
            raise FitError(
                f"{found.get(ENGLISH, 0)} trusted English documents in {run.root.name}; at least {wanted.least} needed"
            )
        if rare := [code for code in wanted.codes if found.get(code, 0) < wanted.least]:
            raise FitError(_too_rare(tables, rare[0], found, wanted))
        chosen = [code for code in sorted(found) if code not in (ENGLISH, "und") and found[code] >= wanted.least]
        english, words = _columns(tables, ENGLISH, rules, wanted), _texts(tables, ENGLISH, wanted).words
        origin = f"{run.root.name} (signals {published.version})"
        given = _Given(run, english, frequencies(words), rules, wanted, origin)
        return [_fit_one(tables, code, given) for code in chosen if not wanted.codes or code in wanted.codes]


def _too_rare(tables: Reader, code: str, found: Mapping[str, int], wanted: Wanted) -> str:
    """Say why a language can't be fitted, and which option would take more of its documents."""
    said = f"{found.get(code, 0)} trusted documents of {code!r}; at least {wanted.least} needed"
    every = _documents(tables, replace(wanted, score=0.0)).get(code, 0)
    if every >= wanted.least:
        return f"{said}; {every} with any score: lower --trusted"
    if every > found.get(code, 0):
        said += f", and {every} with any score"
    return said


@dataclass(frozen=True, slots=True)
class _Given:
    """What the languages of a run are fitted with."""

    run: Run
    english: Mapping[str, NDArray[np.float64]]
    frequencies: Mapping[str, float]
    rules: tuple[Rule, ...]
    wanted: Wanted
    origin: str

    @property
    def segmented(self) -> tuple[str, ...]:
        """Languages whose words a segmenter found in this run."""
        return tuple(self.run.recipe.get("clean", {}).get("segment", ()))

    @property
    def folder(self) -> str | None:
        """Folder of language files of this run."""
        folder: str | None = self.run.recipe.get("filter", {}).get("languages_from")
        return folder


def _fit_one(tables: Reader, code: str, given: _Given) -> LanguageFit:
    columns = dict(_columns(tables, code, given.rules, given.wanted))
    by_hand = languages.Language(code) if given.wanted.replace else languages.load(code, given.folder)
    stop_words, sites = by_hand.stop_words, 0
    if not stop_words:
        texts = _texts(tables, code, given.wanted)
        sites = len(set(texts.sites))
        stop_words = function_words(texts.words, texts.sites, elsewhere=given.frequencies)
        # Signals hold no counts of words that nobody had listed; the texts are a sample, so the rest says nothing.
        columns["stop_word_count"] = np.full(len(columns["stop_word_count"]), np.nan)
        counted = stop_word_counts(texts.words, stop_words) if stop_words else np.full(len(texts.words), np.nan)
        columns["stop_word_count"][: len(counted)] = counted
    fitted = fit(given.english, columns, given.rules, least=given.wanted.least // 2)
    hand_set = by_hand.thresholds
    settled = tuple(with_hand_set(f, columns, hand_set[f.rule.name]) if f.rule.name in hand_set else f for f in fitted)
    return LanguageFit(
        code,
        len(columns["lang_score"]),
        len(given.english["lang_score"]),
        word_model(code, given.segmented) if canonical(code) in SEGMENTERS else "",
        stop_words,
        settled,
        frozenset(hand_set) | ({"stop_words"} if by_hand.stop_words else frozenset()),
        hand_set,
        given.origin,
        sites,
    )


def write(found: LanguageFit, folder: Path) -> Path:
    """Write a language's file, with what each value rests on as comments; equal fits give equal bytes.

    A limit is written where it is set by hand or differs from the English one.
    """
    path = folder / f"{canonical(found.code)}.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(path, text_of(found))
    return path


def text_of(found: LanguageFit) -> str:
    """Return a language's settings as YAML with comments."""
    words = f"; word model {found.words}" if found.words else ""
    lines = [
        f"# Fitted by `woolmill languages fit` on the run {found.origin}:",
        f"# {found.documents} trusted documents of {found.code}, {found.english_documents} of English{words}.",
    ]
    if found.sites:
        few = ": words of their menus may be among them, look" if found.sites < FEW_SITES else ""
        lines.append(f"# Stop words of {found.sites} site{'s' if found.sites > 1 else ''}{few}; English lines were passed over.")
    if found.stop_words:
        lines.append(f"stop_words:  # {'set by hand' if 'stop_words' in found.by_hand else 'most frequent first'}")
        lines += [f"  - {json.dumps(word, ensure_ascii=False)}" for word in found.stop_words]
    limits_ = {f.rule.name: (f.limit, told(found, f)) for f in found.limits if f.moved or f.rule.name in found.by_hand}
    limits_ |= {name: (limit, "set by hand") for name, limit in found.set_by_hand.items() if name not in limits_}
    if limits_:
        lines.append("thresholds:")
        lines += [f"  {name}: {limit:g}  # {why}" for name, (limit, why) in limits_.items()]
    return "\n".join(lines) + "\n"


def told(found: LanguageFit, fitted: Fitted) -> str:
    """Return what a limit rests on, in a few words."""
    origin = "set by hand" if fitted.rule.name in found.by_hand else f"fitted on {fitted.documents}"
    drops = f"drops {fitted.after:.1%} where the English {fitted.rule.limit:g} drops {fitted.before:.1%}"
    return f"{origin}; {drops} (of English {fitted.english:.1%})"


def _rules(run: Run) -> tuple[Rule, ...]:
    """Return the rules on prose with their English limits; those whose limit the recipe sets for all languages are left out."""
    given = run.recipe["filter"]
    made: FilterPlan = plan(given["rules"], given["thresholds"], min_language_score=given["min_language_score"])
    cls = "multilingual" if "multilingual" in made.rules else "general"
    return tuple(rule for rule in limits(made, cls, ENGLISH).rules if rule.name not in made.thresholds)


def _documents(tables: Reader, wanted: Wanted) -> dict[str, int]:
    sql = _REACHED.format(columns="s.lang, count(*) as n", score=wanted.score)
    return {row["lang"]: row["n"] for row in tables.rows(f"{sql} group by s.lang")}


def _columns(tables: Reader, code: str, rules: Sequence[Rule], wanted: Wanted) -> Mapping[str, NDArray[np.float64]]:
    read = {rule.signal for rule in rules} | {guard.signal for rule in rules for guard in rule.unless} | {"stop_word_count"}
    names = sorted(read | {"lang_score"})
    sql = _of(code, ", ".join(f's."{name}"' for name in names), wanted, MOST_DOCUMENTS)
    table: pa.Table = tables.batches(sql).read_all()
    return {name: table[name].to_numpy() for name in names}


def _texts(tables: Reader, code: str, wanted: Wanted) -> _Texts:
    """Return the words of some documents; none of a language whose words take a segmenter that is not installed."""
    try:
        word_model(code, (code,))
    except SegmenterError:
        return _Texts((), ())
    rows = tables.rows(
        f"select c.url, left(c.text, {MOST_CHARS}) as text from ({_of(code, 's.id, s.split', wanted, MOST_TEXTS)}) d "
        "join cleaned c on c.id = d.id and c.split = d.split order by c.id, c.split"
    )
    texts = [row["text"] if code == ENGLISH else without_english(row["text"]) for row in rows]
    return _Texts([lower_words(text, code) for text in texts], [_host(row) for row in rows])


def without_english(text: str) -> str:
    """Return a text without its lines in English, such as sentences that a translation has left on every page.

    Lines that the model is not sure of (`LINE_SURE`) stay, and those too short to tell.
    """
    model = fasttext(LANGUAGE)
    guesses = ((line, identify_whole(line, model=model)) for line in text.split("\n"))
    return "\n".join(line for line, guess in guesses if guess.lang != ENGLISH or guess.score < LINE_SURE)


def _of(code: str, columns: str, wanted: Wanted, most: int) -> str:
    """Return the query of a language's trusted documents, in the order of their ids."""
    quoted = code.replace("'", "''")
    sql = _REACHED.format(columns=columns, score=wanted.score)
    return f"{sql} and s.lang = '{quoted}' order by s.id, s.split limit {most}"


def lower_words(text: str, language: str) -> list[str]:
    """Return the words of a text in lower case, found by the language's segmenter where it has one."""
    flags = classes(codepoints(text))
    starts, ends = word_bounds(flags)
    found = word_starts(text, language) if canonical(language) in SEGMENTERS else None
    if found is not None:
        single = (flags & SINGLE) != 0
        starts = np.union1d(starts[~single[starts]], found)
        # A word of such a script ends where the next one begins or its stretch does.
        last = np.flatnonzero(single & ~np.append(single[1:], np.zeros(min(len(single), 1), dtype=np.bool_)))
        stops = np.union1d(np.union1d(starts, last + 1), ends[~single[ends - 1]])
        ends = stops[np.searchsorted(stops, starts, side="right")]
    return [text[start:end].lower() for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


def _host(row: Mapping[str, Any]) -> str:
    try:
        return urlsplit(row["url"] or "").hostname or ""
    except ValueError:
        return ""
