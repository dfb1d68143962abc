"""Tables of which every stage writes a part of its own: decisions, accounts, costs."""

from __future__ import annotations

import pyarrow as pa

from jobs.tables.columns import EVIDENCE, ID, SPLIT, Column, Table

TABLES = (
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
