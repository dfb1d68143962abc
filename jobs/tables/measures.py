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
            LANG,
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
        "encodings",
        "encode",
        "what the encoder says of each document that it has read",
        (
            ID,
            SPLIT,
            Column("enc_quality", pa.float64(), "encoder: probability of its first label; null for a text without tokens", "0-1"),
            Column("seen_share", pa.float64(), "share of the characters that it has read", "0-1"),
            Column("windows", pa.int32(), "windows that it has read"),
        ),
    ),
    Table(
        "quality",
        "score",
        "how good every document is, by the best of its models",
        (
            ID,
            SPLIT,
            Column("bucket", pa.int8(), "twentieth of its language's documents, 0 (lowest) to 19; null where no model judges"),
        ),
    ),
    Table(
        "contamination",
        "decontaminate",
        "what documents share with benchmark items: copies, and less",
        (
            ID,
            SPLIT,
            Column("suite", pa.string(), "benchmark"),
            Column("item", pa.string(), "id of the item in its suite; of items of the same tokens the first"),
            Column("part", pa.string(), "question | answer"),
            Column("coverage", pa.float64(), "share of the part's tokens in n-grams that the document has too", "0-1"),
            Column("own", pa.float64(), "the same share of its tokens without those in frequent n-grams alone", "0-1"),
            Column("tokens", pa.int32(), "length of the part", "tokens"),
            Column("own_tokens", pa.int32(), "the same without those in frequent n-grams alone", "tokens"),
            Column("covered", RANGES, "which of these are in shared n-grams, by their places in the part"),
            Column(
                "ranges", RANGES, "where the copy lies in the cleaned text, in code points; action cut: what is taken out of it"
            ),
            Column("action", pa.string(), "drop | cut | annotate; none: too little of the item to be a copy"),
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
