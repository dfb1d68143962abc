"""RefinedWeb's rules on pages (Penedo et al. 2023) in the order and with the limits of DCLM-baseline.

Its rules on single lines edit text (`udfs.line_rules`); the threshold of language identification is the setting
``filter.min_language_score``, 0.65 in DCLM-baseline. Readings that differ: DCLM counts stop words by token, lower-cased, so that
"The the" is enough, ours are different words; its top n-gram is the longest among equally frequent ones, ours the first;
its bullets are ``● • * -``, ours more; its words are uniseg's.
"""

from __future__ import annotations

from udfs.rules.evaluate import Rule
from udfs.rules.gopher import EMPTY
from udfs.signals import DCLM

_N_GRAMS = (
    *((f"top_{n}gram", limit) for n, limit in ((2, 0.20), (3, 0.18), (4, 0.16))),
    *((f"dup_{n}gram", limit) for n, limit in ((5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.10))),
)

RULES = (
    EMPTY,
    Rule("refinedweb.word_count.low", "n_words", "<", 50, DCLM),
    Rule("refinedweb.word_count.high", "n_words", ">", 100_000, DCLM),
    Rule("refinedweb.mean_word.low", "mean_word_chars", "<", 3, DCLM),
    Rule("refinedweb.mean_word.high", "mean_word_chars", ">", 10, DCLM),
    Rule("refinedweb.symbols.high", "symbol_word_ratio", ">", 0.1, f"{DCLM}: '#' and ellipses together, where Gopher has each"),
    Rule("refinedweb.bullet_lines.high", "bullet_line_share", ">", 0.9, DCLM),
    Rule("refinedweb.ellipsis_lines.high", "ellipsis_line_share", ">", 0.3, DCLM),
    Rule("refinedweb.alpha_words.low", "alpha_word_share", "<", 0.8, f"{DCLM}: words without a letter over 0.2"),
    Rule("refinedweb.stop_words.low", "stop_word_count", "<", 2, DCLM),
    Rule("refinedweb.dup_lines.high", "dup_line_share", ">", 0.30, DCLM),
    Rule("refinedweb.dup_paragraphs.high", "dup_paragraph_share", ">", 0.30, DCLM),
    Rule("refinedweb.dup_line_chars.high", "dup_line_char_share", ">", 0.20, DCLM),
    Rule("refinedweb.dup_paragraph_chars.high", "dup_paragraph_char_share", ">", 0.20, DCLM),
    *(Rule(f"refinedweb.{name}.high", f"{name}_char_share", ">", limit, f"{DCLM}: coverage") for name, limit in _N_GRAMS),
)
