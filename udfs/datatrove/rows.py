"""What datatrove decides on: every value with its unit, its meaning and the rule that reads it."""

from __future__ import annotations

from typing import NamedTuple

QUALITY = "datatrove 0.10.1, GopherQualityFilter"
REPETITION = "datatrove 0.10.1, GopherRepetitionFilter"
FINEWEB = "datatrove 0.10.1, FineWebQualityFilter"
C4 = "datatrove 0.10.1, C4QualityFilter"
C4_NO_PUNCT = "datatrove 0.10.1, C4QualityFilter as FineWeb uses it, without end marks"


class Row(NamedTuple):
    """A number measured on a document as datatrove measures it; the fields are those of `udfs.signals.Signal`."""

    name: str
    unit: str
    meaning: str
    source: str


_COPIES = "second and later copies"


def _c4(name: str, source: str) -> tuple[Row, ...]:
    return (
        Row(f"dt_{name}_lorem_ipsum", "0 or 1", "whether C4's walk over the lines ends at 'lorem ipsum'", source),
        Row(f"dt_{name}_curly_bracket", "0 or 1", "whether C4's walk over the lines ends at '{'", source),
        Row(f"dt_{name}_sentences", "sentences", "sentences of the lines that C4 keeps, as far as its walk goes", source),
    )


ROWS: tuple[Row, ...] = (
    Row("dt_words", "words", "words, punctuation tokens included", QUALITY),
    Row("dt_non_symbol_words", "words", "words with a character that is no punctuation", QUALITY),
    Row("dt_mean_word_length", "characters", "mean length of the words that are not punctuation", QUALITY),
    Row("dt_hash_per_word", "ratio", "'#' a word, punctuation tokens included", QUALITY),
    Row("dt_ellipsis_per_word", "ratio", "'...' and '…' a word, punctuation tokens included", QUALITY),
    Row("dt_bullet_lines", "share", "lines of str.splitlines that start with '•' or '-' behind blanks", QUALITY),
    Row("dt_ellipsis_lines", "share", "lines of str.splitlines that end in '...' or '…' before blanks", QUALITY),
    Row("dt_alpha_words", "share", "words with a letter among all, punctuation tokens included", QUALITY),
    Row("dt_stop_words", "words", "different ones of eight English stop words, in lower case only", QUALITY),
    Row("dt_dup_para_frac", "share", rf"paragraphs of the stripped text, split at \n{{2,}}, that are {_COPIES}", REPETITION),
    Row("dt_dup_para_char_frac", "share", f"characters in paragraphs that are {_COPIES}, of the text's", REPETITION),
    Row("dt_dup_line_frac", "share", rf"lines, split at \n+ with empty ones at the ends, that are {_COPIES}", REPETITION),
    Row("dt_dup_line_char_frac", "share", f"characters in lines that are {_COPIES}, of the text's", REPETITION),
    Row("dt_fw_line_punct", "share", "lines that are not blank whose last character is one of 159 end marks", FINEWEB),
    Row("dt_fw_short_lines", "share", "lines that are not blank of at most 30 characters", FINEWEB),
    Row("dt_fw_char_dup", "share", rf"characters in lines, blank ones apart, that are {_COPIES}, of those but \n", FINEWEB),
    Row("dt_fw_newlines_per_word", "ratio", r"'\n' a word, punctuation tokens included", FINEWEB),
    *(
        Row(f"dt_top_{n}_gram", "share", f"count x length of the most frequent {n}-gram, even of one, of the text", REPETITION)
        for n in range(2, 5)
    ),
    *(
        Row(
            f"dt_dup_{n}_grams",
            "share",
            f"characters of {n}-grams seen before, the scan skipping each, of the text's",
            REPETITION,
        )
        for n in range(5, 11)
    ),
    *_c4("c4", C4),
    *_c4("c4_no_punct", C4_NO_PUNCT),
)
"""Every value, in the order of the columns; NaN where datatrove divides by nothing."""

NAMES: tuple[str, ...] = tuple(row.name for row in ROWS)
