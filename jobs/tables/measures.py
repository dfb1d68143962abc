"""Tables of what is known of each text that is left: edits, signals, scores, classes."""

from __future__ import annotations

import pyarrow as pa

from jobs.tables.columns import CLASS, DATE, ID, LANG, RANGES, SPAN, SPLIT, TEXT, URL, Column, Table
from udfs.signals import SIGNALS

TABLES = (
    Table(
        "cleaned",
        "clean",
        "the text after line edits and redaction (text, second writing)",
        (ID, SPLIT, URL, DATE, LANG, TEXT, SPAN),
    ),
    Table(
        "line_edits",
        "clean",
        "which stretches of a document line edits took out; the text before is that of `documents`, then what the edit before left",
        (
            ID,
            SPLIT,
            Column("reason", pa.string(), "line.frequent | line.repetitive"),
            Column("ranges", RANGES, "half-open stretches, ascending", "code points"),
        ),
    ),
    Table(
        "removed_lines",
        "clean",
        "a sample of the lines that were removed as too frequent, each once a split",
        (
            Column("id", pa.binary(), "a document that held it"),
            SPLIT,
            LANG,
            Column("hash", pa.uint64(), "hash of the normalised line"),
            Column("copies", pa.int64(), "occurrences in the bucket"),
            Column("line", pa.string(), "the line as written, its first 300 characters"),
        ),
    ),
    Table(
        "signals",
        "clean",
        "every signal of the cleaned text; a rule is a predicate over these columns",
        (
            ID,
            SPLIT,
            LANG,
            Column("lang_score", pa.float64(), "confidence of the language", "0-1"),
            Column(
                "word_model", pa.string(), "what a word is: of a script with blanks, a code point, a cluster, or a segmenter's"
            ),
            *(Column(s.name, pa.float64(), s.meaning, s.unit) for s in SIGNALS),
        ),
    ),
    Table(
        "scores",
        "clean",
        "model scores of the cleaned text",
        (
            ID,
            SPLIT,
            Column(
                "ft_quality", pa.float64(), "fastText: well-formed explanatory prose; null where there is nothing to read", "0-1"
            ),
            Column("ft_math", pa.float64(), "fastText: mathematics and reasoning; null where there is nothing to read", "0-1"),
            Column("ft_code", pa.float64(), "fastText: code and text about it; null where there is nothing to read", "0-1"),
        ),
    ),
    Table(
        "routes",
        "route",
        "the class of every document",
        (
            ID,
            SPLIT,
            LANG,
            CLASS,
            Column("because", pa.string(), "what speaks most for the class: a column of signals or scores, or language"),
            Column("math_score", pa.float64(), "probability that it is mathematics", "0-1"),
            Column("code_score", pa.float64(), "probability that it is code", "0-1"),
        ),
    ),
    Table(
        "contamination",
        "decontaminate",
        "documents that hold a benchmark item",
        (
            ID,
            SPLIT,
            Column("suite", pa.string(), "benchmark"),
            Column("item", pa.string(), "id of the item in its suite"),
            Column("coverage", pa.float64(), "share of the item's tokens in matched n-grams", "0-1"),
        ),
    ),
    Table(
        "knowledge",
        "knowledge",
        "what every document is about that is left",
        (
            ID,
            SPLIT,
            LANG,
            CLASS,
            Column("n_chars", pa.int64(), "length of the cleaned text", "code points"),
            Column("knowledge", pa.string(), "likeliest knowledge class (`conf/taxonomy.yaml`); null: nothing to read"),
            Column("probability", pa.float64(), "of that class", "0-1"),
            Column("second", pa.string(), "the runner-up"),
        ),
    ),
)
