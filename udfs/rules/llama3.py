"""Llama 3's heuristics on documents (section 3.1.1), and what its outlier rule stands for: text that is not language."""

from __future__ import annotations

from udfs.rules.evaluate import Guard, Rule
from udfs.rules.gopher import EMPTY
from udfs.signals import LLAMA3, OWN

_ENOUGH = Guard("n_prose_words", "<", 50)

DIRTY_WORDS = Rule(
    "llama3.dirty_words",
    "dirty_per_1000",
    ">",
    10,
    f"{LLAMA3}: a count, not C4's single hit; limits estimated",
    unless=(Guard("dirty_distinct", "<", 5),),
)

_HALF_SENTENCES = Guard("stop_word_share", ">", 0.2)

KL_OUTLIER = Rule(
    "llama3.kl_outlier",
    "kl_excess",
    ">",
    0,
    f"{LLAMA3}: frozen quantiles of trusted texts (`udfs.kl.Limits`); silent where stop words say that a page is half in the language",
    unless=(_HALF_SENTENCES, Guard("list_line_share", ">", 0.5)),
)

KL_OUTLIER_LIST = Rule(
    "llama3.kl_outlier_list",
    "kl_excess",
    ">",
    2.0,
    f"{LLAMA3}: the same on pages of list lines, which `kl_outlier` passes over; 99.5 % of the trusted ones in English have less",
    unless=(_HALF_SENTENCES,),
)

WORD_SALAD = Rule(
    "llama3.word_salad",
    "salad_excess",
    ">",
    0,
    f"{OWN}: usual words in no order (`udfs.kl.Limits`); where tokens are code points, order is that inside words",
    unless=(Guard("codepoint_word_share", ">", 0.2),),
)

MOJIBAKE = Rule("llama3.mojibake", "mojibake_share", ">", 0.02, f"{OWN}: outlier tokens by wrong decoding")

MIXED_SCRIPTS = Rule(
    "llama3.mixed_scripts",
    "mixed_script_word_share",
    ">",
    0.1,
    f"{OWN}: gibberish",
    unless=(Guard("n_prose_words", "<", 20),),
)

CONSONANTS = Rule("llama3.consonants", "consonant_word_share", ">", 0.2, f"{OWN}: gibberish", unless=(_ENOUGH,))

ENCODED = Rule(
    "llama3.encoded",
    "alnum_mix_word_share",
    ">",
    0.4,
    f"{OWN}: base64, hexadecimal",
    unless=(Guard("n_words", "<", 20),),
)

DIGITS = Rule("llama3.digits", "digit_char_share", ">", 0.35, f"{OWN}: number tables, which KL cannot see")

LOG_LINES = Rule(
    "llama3.log_lines",
    "stamped_line_share",
    ">",
    0.32,
    f"{LLAMA3}: logging messages that a code span protects from the line rule; a stack trace follows each stamp by two lines",
    unless=(Guard("n_words", "<", 20),),
)

LOG_MESSAGES = Rule(
    "llama3.log_messages",
    "masked_dup_5gram_char_share",
    ">",
    0.7,
    f"{LLAMA3}: logs, whose lines are alike but for numbers (docs/kl.md)",
    unless=(Guard("digit_char_share", "<", 0.1), Guard("n_words", "<", 20)),
)

VOCABULARY = Rule(
    "llama3.vocabulary.low",
    "word_entropy_bits",
    "<",
    4.8,
    f"{OWN}: keyword lists and word salad; 99.8 % of documentation pages of 100-150 words had more than 5.1 bits",
    unless=(Guard("n_prose_words", "<", 100),),
)

LONG_VOCABULARY = Rule(
    "llama3.vocabulary_long.low",
    "word_entropy_bits",
    "<",
    5.4,
    f"{OWN}: templates filled from a short list; 99.8 % of documentation pages of 250-500 words had more than 5.3 bits",
    unless=(Guard("n_prose_words", "<", 400),),
)

GARBLE = (MOJIBAKE, MIXED_SCRIPTS, CONSONANTS, ENCODED, DIGITS)

KL = (KL_OUTLIER, KL_OUTLIER_LIST, WORD_SALAD)

RULES = (EMPTY, DIRTY_WORDS, *KL, *GARBLE, LOG_LINES, LOG_MESSAGES, VOCABULARY, LONG_VOCABULARY)
