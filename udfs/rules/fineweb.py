"""FineWeb's rules on lines (Penedo et al. 2024) and FineWeb-2's limits by language.

`RULES` have the limits of the released code, `PAPER` those of the paper, which states 0.1 for characters in duplicate lines where
the code has 0.01. FineWeb asks them of what C4's rules on lines leave (`clean.line_rules: c4_no_punct`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NamedTuple

from udfs.rules.evaluate import Rule
from udfs.rules.gopher import EMPTY
from udfs.signals import FINEWEB

TERMINAL = Rule("fineweb.terminal_lines.low", "terminal_line_share", "<", 0.12, FINEWEB)
SHORT = Rule("fineweb.short_lines.high", "short_line_share", ">", 0.67, FINEWEB)
DUP_CHARS = Rule(
    "fineweb.dup_line_chars.high", "dup_line_char_share", ">", 0.01, f"{FINEWEB}: 0.01 in its code, 0.1 in its paper"
)
NEWLINES = Rule("fineweb.newlines.high", "newline_word_ratio", ">", 0.3, FINEWEB)

RULES = (EMPTY, TERMINAL, SHORT, DUP_CHARS, NEWLINES)

PAPER = (EMPTY, TERMINAL, SHORT, replace(DUP_CHARS, limit=0.1), NEWLINES)

FINEWEB2: Final = "FineWeb-2, limits of its settings by language, fitted on datatrove's words"


class Limits(NamedTuple):
    """FineWeb-2's limits of one language."""

    language_score: float
    dup_lines: float
    top: tuple[float, float, float]
    dup: tuple[float, float, float, float, float, float]
    word_length: tuple[float, float]
    alpha: float
    line_punct: float
    newlines: float


LIMITS: Final = {
    "deu_Latn": Limits(0.821, 0.263, (0.169, 0.153, 0.137), (0.141, 0.134, 0.126, 0.117, 0.108, 0.098), (0, 15), 0.774, 0, 0.152),
    "fra_Latn": Limits(
        0.824, 0.264, (0.161, 0.149, 0.134), (0.150, 0.141, 0.131, 0.121, 0.111, 0.100), (2, 11), 0.812, 0.100, 0.185
    ),
    "spa_Latn": Limits(
        0.840, 0.252, (0.156, 0.140, 0.125), (0.145, 0.136, 0.127, 0.117, 0.108, 0.099), (3, 14), 0.825, 0.182, 0.138
    ),
    "tur_Latn": Limits(
        0.875, 0.272, (0.214, 0.168, 0.147), (0.154, 0.144, 0.134, 0.124, 0.113, 0.103), (3, 21), 0.773, 0.091, 0.222
    ),
    "rus_Cyrl": Limits(
        0.900, 0.322, (0.184, 0.164, 0.146), (0.168, 0.156, 0.145, 0.133, 0.121, 0.109), (3, 11), 0.713, 0.231, 0.139
    ),
    "arb_Arab": Limits(
        0.711, 0.304, (0.197, 0.172, 0.146), (0.165, 0.153, 0.142, 0.131, 0.120, 0.109), (2, 9), 0.787, 0.143, 0.189
    ),
    "hin_Deva": Limits(
        0.692, 0.206, (0.208, 0.198, 0.161), (0.135, 0.125, 0.116, 0.108, 0.099, 0.090), (2, 21), 0.837, 0.091, 0.316
    ),
    "cmn_Hani": Limits(
        0.692, 0.287, (0.256, 0.201, 0.171), (0.198, 0.182, 0.167, 0.154, 0.140, 0.127), (1, 5), 0.735, 0.106, 0.178
    ),
    "jpn_Jpan": Limits(
        0.886, 0.328, (0.239, 0.196, 0.172), (0.243, 0.225, 0.207, 0.190, 0.175, 0.159), (1, 6), 0.759, 0.096, 0.130
    ),
    "kor_Hang": Limits(
        0.842, 0.374, (0.282, 0.228, 0.185), (0.201, 0.184, 0.168, 0.154, 0.140, 0.127), (1, 6), 0.791, 0.062, 0.196
    ),
    "tha_Thai": Limits(0.900, 0.349, (0.221, 0.197, 0.162), (0.185, 0.168, 0.152, 0.137, 0.124, 0.111), (2, 10), 0.900, 0, 0.153),
    "khm_Khmr": Limits(0.300, 0.917, (0.594, 0.523, 0.438), (0.175, 0.160, 0.148, 0.135, 0.121, 0.109), (2, 13), 0.905, 0, 0.361),
    "mya_Mymr": Limits(0.839, 0.278, (0.161, 0.152, 0.133), (0.167, 0.155, 0.145, 0.134, 0.124, 0.113), (2, 21), 0.750, 0, 0.070),
}
"""Limits of thirteen of FineWeb-2's languages; Khmer's show what fitting on bad reference text does."""


def fineweb2(language: str) -> tuple[Rule, ...]:
    """Return FineWeb-2's rules of one of the languages in `LIMITS`, in its order: repetition, lines, quality.

    The rules on paragraphs, characters of duplicate lines (Gopher's) and short lines are off. Its stop words are our lists of the
    language. The threshold of language identification (``language_score``) is the setting ``filter.min_language_score``.
    """
    limits, prefix = LIMITS[language], f"fineweb2.{language}"
    low, high = limits.word_length
    return (
        EMPTY,
        Rule(f"{prefix}.dup_lines.high", "dt_dup_line_frac", ">", limits.dup_lines, FINEWEB2),
        *(Rule(f"{prefix}.top_{n}gram.high", f"dt_top_{n}_gram", ">", x, FINEWEB2) for n, x in enumerate(limits.top, 2)),
        *(Rule(f"{prefix}.dup_{n}gram.high", f"dt_dup_{n}_grams", ">", x, FINEWEB2) for n, x in enumerate(limits.dup, 5)),
        Rule(f"{prefix}.terminal_lines.low", "dt_fw_line_punct", "<", limits.line_punct, FINEWEB2),
        Rule(f"{prefix}.dup_line_chars.high", "dt_fw_char_dup", ">", 0.1, FINEWEB2),
        Rule(f"{prefix}.newlines.high", "dt_fw_newlines_per_word", ">", limits.newlines, FINEWEB2),
        Rule(f"{prefix}.word_count.low", "dt_non_symbol_words", "<", 50, FINEWEB2),
        Rule(f"{prefix}.word_count.high", "dt_non_symbol_words", ">", 100_000, FINEWEB2),
        Rule(f"{prefix}.mean_word.low", "dt_mean_word_length", "<", low, FINEWEB2),
        Rule(f"{prefix}.mean_word.high", "dt_mean_word_length", ">", high, FINEWEB2),
        Rule(f"{prefix}.hash_ratio.high", "dt_hash_per_word", ">", 0.1, FINEWEB2),
        Rule(f"{prefix}.ellipsis_ratio.high", "dt_ellipsis_per_word", ">", 0.1, FINEWEB2),
        Rule(f"{prefix}.bullet_lines.high", "dt_bullet_lines", ">", 0.9, FINEWEB2),
        Rule(f"{prefix}.ellipsis_lines.high", "dt_ellipsis_lines", ">", 0.3, FINEWEB2),
        Rule(f"{prefix}.alpha_words.low", "dt_alpha_words", "<", limits.alpha, FINEWEB2),
        Rule(f"{prefix}.stop_words.low", "stop_word_count", "<", 2, FINEWEB2),
    )
