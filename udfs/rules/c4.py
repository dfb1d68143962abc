"""C4's rules on pages (Raffel et al. 2020). Its rules on single lines edit text and are not predicates."""

from __future__ import annotations

from udfs.rules.evaluate import Guard, Rule
from udfs.rules.gopher import EMPTY
from udfs.signals import C4

LOREM_IPSUM = Rule("c4.lorem_ipsum", "lorem_ipsum", ">", 0, C4)

LONG_WORD = Rule("c4.long_word", "max_word_chars", ">", 1000, C4)

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

RULES = (
    EMPTY,
    Rule("c4.sentences.low", "n_sentences", "<", 5, "C4 as in datatrove's defaults; TFDS and DCLM use 3"),
    LOREM_IPSUM,
    Rule("c4.curly_bracket", "curly_char_share", ">", 0, C4),
    LONG_WORD,
    POLICY,
    JAVASCRIPT,
)
