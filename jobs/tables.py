"""Every table of a run: name, owner, columns with type, unit and meaning. The one place that says so.

A table is a folder of Parquet files (zstd). Document-level tables hold one file an input split, named by the split's key, rows in
the order of the records; ``(id, split)`` is the key of a document everywhere (an id may occur in two files of an input).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from udfs.signals import SIGNALS

SPANS = pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32()), ("kind", pa.string()), ("language", pa.string())]))
RANGES = pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32())]))
EVIDENCE = pa.map_(pa.string(), pa.string())
TIME = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its Arrow type, its unit (empty for none) and what it means."""

    name: str
    type: pa.DataType
    meaning: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table: the stage that owns it (empty: every stage writes its own part) and its columns."""

    name: str
    owner: str
    meaning: str
    columns: tuple[Column, ...]

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema of the table's files."""
        return pa.schema([pa.field(c.name, c.type) for c in self.columns])

    @property
    def shared(self) -> bool:
        """Whether every stage writes a part of its own, under ``<table>/<stage>/``."""
        return not self.owner


ID = Column("id", pa.binary(), "128 bits of the WARC-Record-ID, else of (file, offset); shown as hex")
SPLIT = Column("split", pa.string(), "key of the input split that holds the record")
LANG = Column("lang", pa.string(), "language by lid.176 (ISO 639), und where there is too little text")
URL = Column("url", pa.string(), "WARC-Target-URI as captured")
DATE = Column("date", TIME, "WARC-Date")
TEXT = Column("text", pa.string(), "plain text")
SPAN = Column("spans", SPANS, "code, math and table stretches of the text; language: of code, if stated", "code points")
CLASS = Column("class", pa.string(), "general | math | code | multilingual")

_TABLES = (
    Table(
        "records",
        "extract",
        "one row per response, revisit or conversion record, and per damaged stretch, whatever became of it",
        (
            ID,
            SPLIT,
            Column("record_id", pa.string(), "WARC-Record-ID with its angle brackets; null where it could not be read"),
            Column("kind", pa.string(), "response | revisit | conversion | text | damage"),
            Column("file", pa.string(), "path below the input root"),
            Column("offset", pa.int64(), "where the record (its gzip member) begins", "bytes"),
            Column("length", pa.int64(), "length of the record in the file", "bytes"),
            URL,
            DATE,
            Column("status", pa.int32(), "HTTP status; null where there is none"),
        ),
    ),
    Table(
        "documents",
        "extract",
        "the text of every page that extraction kept (text, first writing)",
        (
            ID,
            SPLIT,
            URL,
            DATE,
            Column("title", pa.string(), "title of the page, never part of the text"),
            TEXT,
            SPAN,
            LANG,
            Column("lang_score", pa.float64(), "confidence of the language", "0-1"),
            Column("lang_other", pa.string(), "language of the lines that are in another one; null where none was found"),
            Column("lang_other_share", pa.float64(), "share of the letters in such lines; from 0.1 on the page is mixed", "0-1"),
            Column("charset", pa.string(), "character set the page was decoded with; utf-8, twice: it had been encoded twice"),
            Column(
                "page_kind", pa.string(), "article | documentation | service | forum | collection | listing | product | other"
            ),
            Column("text_source", pa.string(), "elements, or the data that held the text: linked_data | state | noscript | …"),
            Column("confidence", pa.float64(), "F1 that the choice of text is expected to have; null: nothing was chosen", "0-1"),
            Column("licence", pa.string(), "licence the page states; null for none"),
            Column("licence_strength", pa.string(), "rel | jsonld | link"),
            Column("noindex", pa.bool_(), "the page asks search engines not to index it"),
            Column("truncated", pa.bool_(), "the capture was cut"),
            Column("link_chars", pa.int64(), "characters of the text that stand in links", "code points"),
        ),
    ),
    Table(
        "url_keys",
        "extract",
        "the URL key of every usable capture, opted-out ones too",
        (
            ID,
            SPLIT,
            Column("url_key", pa.int64(), "xxh3_64 of the canonical URL"),
            DATE,
            Column("document", pa.bool_(), "false: an opted-out capture, which competes by date but has no document"),
        ),
    ),
    Table(
        "sketches",
        "extract",
        "what document deduplication compares",
        (
            ID,
            SPLIT,
            DATE,
            LANG,
            Column("damaged", pa.bool_(), "the capture was cut, or its characters had to be repaired"),
            Column("n_chars", pa.int64(), "length of the text", "code points"),
            Column("exact", pa.binary(), "two 64-bit hashes of all tokens"),
            Column("n_shingles", pa.int64(), "distinct shingles; 0: never a duplicate"),
            Column("bands", pa.list_(pa.int64()), "64-bit key of each MinHash band"),
            Column("signature", pa.binary(), "eight bits of each MinHash"),
        ),
    ),
    Table(
        "line_hashes",
        "extract",
        "hashes of a document's lines outside code, mathematics and tables",
        (ID, SPLIT, LANG, Column("hashes", pa.binary(), "hash of each normalised line (udfs.lines), little-endian")),
    ),
    Table(
        "line_buckets",
        "lines",
        "how many line buckets a language has, frozen",
        (
            LANG,
            Column("documents", pa.int64(), "documents of the language after document deduplication"),
            Column("first", pa.int32(), "number of the first bucket; above 0 where a corpus has buckets of its own"),
            Column("buckets", pa.int32(), "buckets: documents over the bucket size, rounded up"),
        ),
    ),
    Table(
        "hot_lines",
        "lines",
        "lines that occur too often within one language and bucket",
        (
            LANG,
            Column("bucket", pa.int32(), "hash of the input file modulo the number of buckets"),
            Column("hash", pa.uint64(), "hash of the normalised line; sorted within language and bucket"),
            Column("copies", pa.int64(), "occurrences in the bucket"),
            Column("first", pa.int64(), "first 63 bits of the least id of a document that holds it"),
        ),
    ),
    Table(
        "clusters",
        "documents",
        "every duplicate with the document it duplicates, whatever became of it",
        (
            ID,
            SPLIT,
            Column("winner", pa.binary(), "id of the document that is kept in its place; names the cluster"),
            Column("winner_split", pa.string(), "split of the winner"),
            Column("level", pa.string(), "exact | near"),
            Column("similarity", pa.float64(), "Jaccard similarity to the winner, as its signature shows it", "0-1"),
            Column("size", pa.int64(), "documents of the cluster, the winner among them"),
            Column("position", pa.int64(), "place within the cluster in the order of survival; the winner is 1"),
        ),
    ),
    Table(
        "retractions",
        "documents",
        "documents of the corpus that give way to a newer one of this run (corpus.prefer: newest)",
        (
            ID,
            Column("corpus_split", pa.string(), "generation of the corpus and split that hold it"),
            Column("winner", pa.binary(), "id of the document that is kept in its place"),
            Column("level", pa.string(), "exact | near"),
            Column("similarity", pa.float64(), "Jaccard similarity to the winner, as its signature shows it", "0-1"),
        ),
    ),
    Table(
        "url_retractions",
        "urls",
        "documents of the corpus whose URL has a newer capture in this run (corpus.prefer: newest)",
        (
            ID,
            Column("corpus_split", pa.string(), "generation of the corpus and split that hold it"),
            Column("winner", pa.binary(), "id of the newer capture"),
        ),
    ),
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
    Table(
        "mixture",
        "mix",
        "tokens and copies of every document that is eligible",
        (
            ID,
            SPLIT,
            CLASS,
            Column("tokens", pa.int64(), "tokens of one copy, its end-of-text token included", "tokens"),
            Column("copies", pa.int32(), "how often it is in the shards; 0 = not sampled"),
        ),
    ),
    Table(
        "shards",
        "mix",
        "the training text, in training order, mixed by the manifest's shares (text, third writing)",
        (
            ID,
            Column("copy", pa.int32(), "0 for the first copy of the document"),
            CLASS,
            LANG,
            URL,
            Column("tokens", pa.int64(), "tokens, the end-of-text token included", "tokens"),
            TEXT,
        ),
    ),
    Table(
        "decisions",
        "",
        "what each stage did to each document",
        (
            ID,
            SPLIT,
            Column("stage", pa.string(), "the stage that decided"),
            Column("action", pa.string(), "drop | quarantine | edit | mark"),
            Column("reason", pa.string(), "stable code of the reason"),
            Column("evidence", EVIDENCE, "the numbers and names behind it"),
            Column("winner", pa.binary(), "for duplicates: id of the document that stays"),
        ),
    ),
    Table(
        "quarantine",
        "",
        "input that could not be handled, with place and reason",
        (
            ID,
            SPLIT,
            Column("file", pa.string(), "path below the input root"),
            Column("offset", pa.int64(), "where it begins", "bytes"),
            Column("length", pa.int64(), "how much was passed over", "bytes"),
            Column("reason", pa.string(), "stable code of the reason"),
            Column("detail", pa.string(), "what was seen"),
        ),
    ),
    Table(
        "accounts",
        "",
        "what went into a stage and what became of it; in = kept + dropped + quarantined",
        (
            Column("stage", pa.string(), "the stage"),
            Column("outcome", pa.string(), "in | kept | dropped | quarantined | edited | marked"),
            Column("reason", pa.string(), "the reason; empty for in and kept"),
            Column("documents", pa.int64(), "documents (records, for extract)"),
        ),
    ),
    Table(
        "metrics",
        "",
        "what a stage cost; the only table that differs between equal runs",
        (
            Column("stage", pa.string(), "the stage"),
            Column("name", pa.string(), "what was measured"),
            Column("value", pa.float64(), "how much"),
            Column("unit", pa.string(), "its unit"),
        ),
    ),
)

TABLES: Mapping[str, Table] = {table.name: table for table in _TABLES}


def describe(table: Table) -> str:
    """Return the table's description as Markdown: a heading, a line, a row a column."""
    owner = f"written by `{table.owner}`" if table.owner else "every stage writes its part under a folder of its own name"
    rows = "\n".join(f"| `{c.name}` | {c.type} | {c.unit} | {c.meaning.replace('|', chr(92) + '|')} |" for c in table.columns)
    return f"### {table.name}\n\n{table.meaning}; {owner}.\n\n| column | type | unit | meaning |\n| --- | --- | --- | --- |\n{rows}\n"


def handbook() -> str:
    """Return the descriptions of all tables: the text of ``docs/tables.md``."""
    head = "# Tables\n\nMade by `python -m jobs.tables > docs/tables.md`; the schemas are in `jobs/tables.py`.\n\n"
    return head + "\n".join(describe(table) for table in TABLES.values())


if __name__ == "__main__":
    print(handbook(), end="")
