"""Gopher's rules on quality and repetition (Rae et al. 2021, A.1.1 and table A1), as the paper means them.

Words are words: punctuation is none, so that the share of words with a letter does not fall with every comma, as it does in
datatrove, whose tokens of punctuation count. Stop words are different ones, in any case (datatrove: lower case; DCLM and Dolma:
tokens). Duplicate n-grams are coverage: characters of words inside any n-gram that occurs twice, the first copy too, overlaps
once (DCLM and RedPajama-V2 alike; datatrove skips and leaves the first copy out, Dolma counts overlaps n times). A top n-gram
that occurs once counts 0 (datatrove: its length). Copies of lines and paragraphs are second and later ones (DCLM and Dolma: all).
`udfs.rules.datatrove` has datatrove's reading.
"""

from __future__ import annotations

from udfs.rules.evaluate import Guard, Rule
from udfs.signals import GOPHER

EMPTY = Rule("empty", "n_words", "<", 1, "a document without a word", on_nan=True)

QUALITY = (
    EMPTY,
    Rule("gopher.word_count.low", "n_words", "<", 50, GOPHER),
    Rule("gopher.word_count.high", "n_words", ">", 100_000, GOPHER),
    Rule(
        "gopher.mean_word.low",
        "mean_word_chars",
        "<",
        3,
        f"{GOPHER}; silent where a fifth of the words are code points of a script without blanks, as on mixed pages",
        unless=(Guard("codepoint_word_share", ">", 0.2),),
    ),
    Rule("gopher.mean_word.high", "mean_word_chars", ">", 10, GOPHER),
    Rule("gopher.hash_ratio.high", "hash_word_ratio", ">", 0.1, GOPHER),
    Rule("gopher.ellipsis_ratio.high", "ellipsis_word_ratio", ">", 0.1, GOPHER),
    Rule("gopher.bullet_lines.high", "bullet_line_share", ">", 0.9, GOPHER),
    Rule("gopher.ellipsis_lines.high", "ellipsis_line_share", ">", 0.3, GOPHER),
    Rule("gopher.alpha_words.low", "alpha_word_share", "<", 0.8, GOPHER),
    Rule("gopher.stop_words.low", "stop_word_count", "<", 2, GOPHER),
)

REPETITION = (
    Rule("gopher.dup_lines.high", "dup_line_share", ">", 0.30, GOPHER),
    Rule("gopher.dup_paragraphs.high", "dup_paragraph_share", ">", 0.30, GOPHER),
    Rule("gopher.dup_line_chars.high", "dup_line_char_share", ">", 0.20, GOPHER),
    Rule("gopher.dup_paragraph_chars.high", "dup_paragraph_char_share", ">", 0.20, GOPHER),
    *(
        Rule(f"gopher.top_{n}gram.high", f"top_{n}gram_char_share", ">", limit, GOPHER)
        for n, limit in ((2, 0.20), (3, 0.18), (4, 0.16))
    ),
    *(
        Rule(f"gopher.dup_{n}gram.high", f"dup_{n}gram_char_share", ">", limit, GOPHER)
        for n, limit in ((5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.10))
    ),
)

RULES = QUALITY + REPETITION
