"""What a table is, and the columns that many of them have."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

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
