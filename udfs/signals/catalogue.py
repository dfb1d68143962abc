"""What is measured on a document: every signal with its unit, its meaning and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from udfs import datatrove, structure

SHORT_LINE: Final = 30
"""Characters up to which a line is short (FineWeb)."""

TOP_N: Final = (2, 3, 4)
DUP_N: Final = (5, 6, 7, 8, 9, 10)
"""Sizes of the n-grams whose most frequent one, and whose repeated ones, are measured."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A number measured on a document.

    Parameters
    ----------
    name : str
        Column name.
    unit : str
        What it counts; a share lies in 0-1.
    meaning : str
        One line.
    source : str
        The paper or tool that it comes from.
    """

    name: str
    unit: str
    meaning: str
    source: str


GOPHER = "Rae et al. 2021, A.1.1"
C4 = "Raffel et al. 2020"
FINEWEB = "Penedo et al. 2024, FineWeb"
REDPAJAMA = "RedPajama-Data v2"
DCLM = "DCLM"
LLAMA3 = "Llama 3, 3.1.1"
OWN = "Woolmill"

_COPIES = "that are second or later copies; a line cut by a span is never one"

SIGNALS: tuple[Signal, ...] = (
    Signal("n_chars", "characters", "code points of the text", OWN),
    Signal("n_words", "words", "words of the text, spans included; a code point each in scripts without blanks", GOPHER),
    Signal("n_prose_words", "words", "words outside code, math and table spans", OWN),
    Signal("n_lines", "lines", "lines of prose that are not blank", C4),
    Signal("n_sentences", "sentences", "stretches of prose with a word, ended by a terminal mark or a line end", C4),
    Signal("mean_word_chars", "characters", "mean length of the prose words", GOPHER),
    Signal("codepoint_word_share", "share", "prose words that are a code point of a script without blanks", OWN),
    Signal("max_word_chars", "characters", "longest stretch of prose without a blank", C4),
    Signal("mean_line_words", "words", "prose words a line", OWN),
    Signal("hash_word_ratio", "ratio", "'#' a prose word", GOPHER),
    Signal("ellipsis_word_ratio", "ratio", "ellipses ('...', '…', '. . .') a prose word", GOPHER),
    Signal("symbol_word_ratio", "ratio", "'#' and ellipses a prose word", DCLM),
    Signal("bullet_line_share", "share", "lines that start with a bullet", GOPHER),
    Signal("ellipsis_line_share", "share", "lines that end in an ellipsis", GOPHER),
    Signal("alpha_word_share", "share", "prose words with a letter among those with a letter or digit", GOPHER),
    Signal("stop_word_count", "words", "different stop words of the language in the prose; NaN without a list", GOPHER),
    Signal("stop_word_share", "share", "prose words that are stop words; NaN without a list", REDPAJAMA),
    Signal("dup_line_share", "share", f"lines {_COPIES}", GOPHER),
    Signal("dup_line_char_share", "share", f"characters of lines {_COPIES}", GOPHER),
    Signal("dup_paragraph_share", "share", f"paragraphs {_COPIES}", GOPHER),
    Signal("dup_paragraph_char_share", "share", f"characters of paragraphs {_COPIES}", GOPHER),
    *(
        Signal(
            f"top_{n}gram_char_share",
            "share",
            f"word characters in the most frequent {n}-gram; 0 if none repeats",
            GOPHER,
        )
        for n in TOP_N
    ),
    *(
        Signal(f"dup_{n}gram_char_share", "share", f"word characters inside any {n}-gram that occurs twice", GOPHER)
        for n in DUP_N
    ),
    Signal(
        "masked_dup_5gram_char_share",
        "share",
        "word characters inside any 5-gram that occurs twice once numbers and hexadecimal words are masked",
        LLAMA3,
    ),
    Signal("dup_sentence_share", "share", "prose words in sentences that occurred before, numbers apart", C4),
    Signal("terminal_line_share", "share", "lines that end in a terminal mark, closing quotes and brackets apart", FINEWEB),
    Signal("short_line_share", "share", f"lines of at most {SHORT_LINE} characters without a span", FINEWEB),
    Signal("one_word_line_share", "share", "lines of at most one word", "Penedo et al. 2023, RefinedWeb"),
    Signal("list_line_share", "share", "lines that are bulleted, numbered, or short without a terminal mark", OWN),
    Signal(
        "stamped_line_share", "share", "lines that begin with a log's stamp, spans included; 0 for fewer than ten of them", LLAMA3
    ),
    Signal("newline_word_ratio", "ratio", "line ends of the prose a prose word", FINEWEB),
    Signal("digit_char_share", "share", "digits among the prose characters that are not blank", "NeMo Curator"),
    Signal("upper_char_share", "share", "capitals among the letters of the prose", DCLM),
    Signal("curly_char_share", "share", "'{' and '}' among the prose characters", REDPAJAMA),
    Signal("lorem_ipsum", "occurrences", "'lorem ipsum' in the prose", C4),
    Signal("javascript_lines", "lines", "lines with the word javascript", C4),
    Signal("javascript_line_share", "share", "lines with the word javascript", C4),
    Signal("policy_lines", "lines", "lines with a phrase of legal and consent notices", C4),
    Signal("policy_line_share", "share", "lines with a phrase of legal and consent notices", C4),
    Signal("dirty_hits", "occurrences", "dirty words and phrases in the prose; NaN without lists", LLAMA3),
    Signal(
        "dirty_distinct",
        "entries",
        "different dirty words and phrases in the prose, those of medical use apart; NaN without lists",
        LLAMA3,
    ),
    Signal("dirty_per_1000", "ratio", "dirty words and phrases in 1000 prose words; NaN without lists", LLAMA3),
    Signal("unique_word_share", "share", "different words among the prose words", REDPAJAMA),
    Signal("word_entropy_bits", "bits", "entropy of the prose's word distribution", REDPAJAMA),
    Signal("mojibake_share", "share", "characters that look like bytes read in a wrong encoding, spans included", OWN),
    Signal("mixed_script_word_share", "share", "unbroken chunks with letters that mix alphabets", OWN),
    Signal("consonant_word_share", "share", "Latin words without a vowel or with five consonants in a row", OWN),
    Signal("alnum_mix_word_share", "share", "words with letters and digits among those with letters", OWN),
    Signal("code_char_share", "share", "characters inside code spans", OWN),
    Signal("math_char_share", "share", "characters inside math spans", OWN),
    Signal("table_char_share", "share", "characters inside table spans", OWN),
    *(Signal(*row) for row in structure.ROWS),
    *(Signal(*row) for row in datatrove.ROWS),
    Signal("kl_bits", "bits", "KL(prose || reference) a token; NaN without a reference", LLAMA3),
    Signal("kl_residual", "bits", "kl_bits less what trusted texts of the length have", LLAMA3),
    Signal("kl_excess", "bits", "above 0: an outlier by the frozen limits of language and length; NaN below 50 tokens", LLAMA3),
    Signal("rare_share", "share", "prose tokens that the reference has seen once or twice", OWN),
    Signal("char_bits", "bits", "mean cost of a character of the unseen tokens by the reference's spelling; 0 without any", OWN),
    Signal("bigram_gain_bits", "bits", "what the token before saves of a token's cost, both known", OWN),
    Signal("unseen_bigram_share", "share", "neighbours, both known, not seen side by side", OWN),
    Signal("salad_excess", "bits", "above 0: usual words in no order; NaN below 50 tokens", OWN),
    Signal("cross_entropy_bits", "bits", "mean cost of a prose token under the reference", LLAMA3),
    Signal("oov_share", "share", "prose tokens that the reference has not seen", LLAMA3),
)
"""Every signal, in the order of the columns. A value is NaN where its meaning has nothing to measure."""

NAMES: tuple[str, ...] = tuple(signal.name for signal in SIGNALS)
