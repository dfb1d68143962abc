"""C4's rules on pages (Raffel et al. 2020). Its rules on single lines edit text (`udfs.line_rules`).

Two parameter sets are in circulation. `RULES` have datatrove's: 5 sentences, with 3 words a line. `TFDS` has those of the
authors' code in TensorFlow Datasets, which DCLM takes too: 3 sentences, with 5 words a line (``clean.line_rules: c4_tfds``).
Both read "lorem ipsum" and the curly bracket in what the rules on lines have left, as all peers but Dolma do.
"""

from __future__ import annotations

from dataclasses import replace

from udfs.rules.evaluate import Guard, Rule
from udfs.rules.gopher import EMPTY
from udfs.signals import C4

LOREM_IPSUM = Rule("c4.lorem_ipsum", "lorem_ipsum", ">", 0, C4)

LONG_WORD = Rule("c4.long_word", "max_word_chars", ">", 1000, f"{C4}: of a line, which it drops; here of a page")

POLICY = Rule(
    "c4.policy_lines.high",
    "policy_line_share",
    ">",
    0.3,
    "C4 drops such lines; a page of which they are the larger part is a notice",
    unless=(Guard("n_lines", "<", 2),),
)

JAVASCRIPT = Rule(
    "c4.javascript_lines.high",
    "javascript_line_share",
    ">",
    0.5,
    "C4 drops such lines; a page made of them asks for a browser",
)

BAD_WORDS = Rule("c4.bad_words", "dirty_hits", ">", 0, f"{C4}: one word of the list; not in datatrove's C4QualityFilter")

_SENTENCES = Rule("c4.sentences.low", "n_sentences", "<", 5, "C4 as in datatrove's defaults; TFDS and DCLM use 3")

_PAGE = (LOREM_IPSUM, Rule("c4.curly_bracket", "curly_char_share", ">", 0, C4), LONG_WORD, POLICY, JAVASCRIPT)

RULES = (EMPTY, _SENTENCES, *_PAGE)

TFDS = (EMPTY, replace(_SENTENCES, limit=3, source="C4 as in TFDS and DCLM; datatrove's default is 5"), *_PAGE)
