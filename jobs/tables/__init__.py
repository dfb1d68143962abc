"""Every table of a run: name, owner, columns with type, unit and meaning. The one place that says so.

A table is a folder of Parquet files (zstd). Document-level tables hold one file an input split, named by the split's key, rows in
the order of the records; ``(id, split)`` is the key of a document everywhere (an id may occur in two files of an input).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from jobs.tables import books, deduplication, extraction, measures, output
from jobs.tables.columns import EVIDENCE, RANGES, SPANS, TIME, Column, Table

__all__ = ["EVIDENCE", "RANGES", "SPANS", "TABLES", "TIME", "Column", "Table", "describe", "handbook"]

TABLES: Mapping[str, Table] = {
    table.name: table for table in chain(extraction.TABLES, deduplication.TABLES, measures.TABLES, output.TABLES, books.TABLES)
}
"""By name, in the order of the stages."""


def describe(table: Table) -> str:
    """Return the table's description as Markdown: a heading, a line, a row a column."""
    owner = f"written by `{table.owner}`" if table.owner else "every stage writes its part under a folder of its own name"
    rows = "\n".join(f"| `{c.name}` | {c.type} | {c.unit} | {c.meaning.replace('|', chr(92) + '|')} |" for c in table.columns)
    return f"### {table.name}\n\n{table.meaning}; {owner}.\n\n| column | type | unit | meaning |\n| --- | --- | --- | --- |\n{rows}\n"


def handbook() -> str:
    """Return the descriptions of all tables: the text of ``docs/tables.md``."""
    head = "# Tables\n\nMade by `python -m jobs.tables > docs/tables.md`; the schemas are in `jobs/tables`.\n\n"
    return head + "\n".join(describe(table) for table in TABLES.values())
