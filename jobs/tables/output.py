"""Tables of ``mix``: how often each document is taken, and the shards."""

from __future__ import annotations

import pyarrow as pa

from jobs.tables.columns import CLASS, ID, LANG, SPLIT, TEXT, URL, Column, Table

KNOWLEDGE = Column("knowledge", pa.string(), "knowledge class (`conf/taxonomy.yaml`); null: none was found")
BUCKET = Column("bucket", pa.int8(), "quality: twentieth of its language's documents, 0 (lowest) to 19; null: not judged")

TABLES = (
    Table(
        "mixture",
        "mix",
        "tokens and copies of every document that is eligible",
        (
            ID,
            SPLIT,
            CLASS,
            LANG,
            KNOWLEDGE,
            BUCKET,
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
            KNOWLEDGE,
            BUCKET,
            URL,
            Column("tokens", pa.int64(), "tokens, the end-of-text token included", "tokens"),
            TEXT,
        ),
    ),
)
