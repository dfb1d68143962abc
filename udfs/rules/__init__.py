"""Rule sets by name: the published recipes as they are, and the product's own for each class of document.

The published limits belong to their authors' word models and counts; coverage, which counts first copies, is about twice
what datatrove counts (93 English texts: median 1.9 for 5-grams, half of the texts between 1.4 and 2.4). The limits of the
classes were set by hand near the 1 % tails of good documentation pages of a labelled test crawl, with its bad pages in view.
They are provisional until they are fitted on trusted text of other kinds.

Sets named ``..._datatrove`` decide as datatrove 0.10.1 does, on its own values; those named ``fineweb2_...`` have FineWeb-2's
limits of one language, on the same values.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from udfs.rules import c4, datatrove, fineweb, gopher, llama3, refinedweb, starcoder
from udfs.rules.evaluate import (
    Guard,
    Rule,
    RuleSet,
    UnknownNameError,
    evaluate,
    for_language,
    reasons,
    with_overrides,
)
from udfs.signals import OWN

__all__ = [
    "RULE_SETS",
    "Guard",
    "Rule",
    "RuleSet",
    "UnknownNameError",
    "evaluate",
    "for_language",
    "reasons",
    "with_overrides",
]

_COVERAGE = {f"gopher.dup_{n}gram.high": round(0.60 - 0.03 * (n - 5), 2) for n in range(5, 11)}


def _guarded(rules: tuple[Rule, ...], names: Collection[str], guard: Guard) -> tuple[Rule, ...]:
    return tuple(replace(rule, unless=(*rule.unless, guard)) if rule.name in names else rule for rule in rules)


_PROSE = _guarded(
    (
        *gopher.RULES,
        fineweb.TERMINAL,
        fineweb.SHORT,
        fineweb.NEWLINES,
        c4.LOREM_IPSUM,
        c4.POLICY,
        c4.JAVASCRIPT,
        *llama3.RULES[1:],
    ),
    {"gopher.ellipsis_lines.high"},
    Guard("n_lines", "<", 10),
)
"""A share of two or three lines says nothing of their ends."""

_PROSE_LIMITS = {
    **_COVERAGE,
    "gopher.dup_lines.high": 0.40,
    "gopher.dup_paragraphs.high": 0.40,
    "gopher.dup_line_chars.high": 0.30,
    "gopher.dup_paragraph_chars.high": 0.30,
    "gopher.top_2gram.high": 0.25,
    "gopher.top_3gram.high": 0.25,
    "gopher.top_4gram.high": 0.25,
    "fineweb.terminal_lines.low": 0.03,
    "fineweb.short_lines.high": 0.90,
    "fineweb.newlines.high": 0.50,
}

_SMALL_REFERENCES = {"llama3.kl_outlier": 1.0, "llama3.kl_outlier_list": 1.0, "llama3.word_salad": 0.3}
"""The references of other languages that ship are of 0.01 to 0.5 million tokens: their tails are less sure by about a bit. On
their lists it is no more: 99.5 % of the trusted ones in German have at most 1.0."""


def _in_english(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Return rules as they are for English pages: Chinese, Japanese or Thai on them is a second language, no outlier."""
    outliers = {llama3.KL_OUTLIER.name, llama3.KL_OUTLIER_LIST.name}
    return _guarded(rules, outliers, Guard("codepoint_word_share", ">", 0.2))


_SHORT_PROSE = Rule(
    "prose.word_count.low",
    "n_words",
    "<",
    30,
    f"{OWN}: a page of a class for structure that has hardly any may be no shorter than this",
    unless=(Guard("code_char_share", ">", 0.05), Guard("math_char_share", ">", 0.05)),
)

_STRUCTURED = (
    gopher.EMPTY,
    gopher.QUALITY[1],
    _SHORT_PROSE,
    gopher.REPETITION[2],
    c4.LOREM_IPSUM,
    llama3.DIRTY_WORDS,
    llama3.MOJIBAKE,
    llama3.MIXED_SCRIPTS,
    llama3.CONSONANTS,
    llama3.ENCODED,
    llama3.LOG_LINES,
)

_STRUCTURED_LIMITS = {
    "gopher.word_count.low": 20,
    "gopher.dup_line_chars.high": 0.60,
    "llama3.mixed_scripts": 0.30,
    "llama3.consonants": 0.40,
    "llama3.encoded": 0.70,
}

RULE_SETS: dict[str, RuleSet] = {
    "gopher": RuleSet("gopher", gopher.RULES),
    "c4": RuleSet("c4", c4.RULES),
    "c4_tfds": RuleSet("c4_tfds", c4.TFDS),
    "c4_bad_words": RuleSet("c4_bad_words", (gopher.EMPTY, c4.BAD_WORDS)),
    "fineweb": RuleSet("fineweb", fineweb.RULES),
    "fineweb_paper": RuleSet("fineweb_paper", fineweb.PAPER),
    "refinedweb": RuleSet("refinedweb", refinedweb.RULES),
    "dclm": RuleSet("dclm", refinedweb.RULES),
    "llama3": RuleSet("llama3", llama3.RULES),
    "starcoder": RuleSet("starcoder", (gopher.EMPTY, *starcoder.RULES)),
    "general": with_overrides(RuleSet("general", _in_english(_PROSE)), _PROSE_LIMITS),
    "multilingual": with_overrides(RuleSet("multilingual", _PROSE), {**_PROSE_LIMITS, **_SMALL_REFERENCES}),
    "math": with_overrides(RuleSet("math", _STRUCTURED), {**_STRUCTURED_LIMITS, "llama3.log_lines": 0.60}),
    "code": with_overrides(RuleSet("code", (*_STRUCTURED, *starcoder.RULES)), _STRUCTURED_LIMITS),
    "gopher_repetition_datatrove": RuleSet("gopher_repetition_datatrove", datatrove.GOPHER_REPETITION),
    "gopher_quality_datatrove": RuleSet("gopher_quality_datatrove", datatrove.GOPHER_QUALITY),
    "c4_datatrove": RuleSet("c4_datatrove", datatrove.C4_QUALITY),
    "c4_no_punct_datatrove": RuleSet("c4_no_punct_datatrove", datatrove.C4_QUALITY_NO_PUNCT),
    "fineweb_datatrove": RuleSet("fineweb_datatrove", datatrove.FINEWEB_QUALITY),
    **{f"fineweb2_{name}": RuleSet(f"fineweb2_{name}", fineweb.fineweb2(name)) for name in fineweb.LIMITS},
}
"""Every rule set by name. Limits are the English ones; `for_language` puts in those of another language."""
