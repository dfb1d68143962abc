"""Tables of ``urls``, ``documents`` and ``lines``: who is whose duplicate, and which lines occur too often."""

from __future__ import annotations

import pyarrow as pa

from jobs.tables.columns import ID, LANG, SPLIT, Column, Table

TABLES = (
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
)
