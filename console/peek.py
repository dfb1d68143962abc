"""Rows of a table for a person's eyes: ids in hex, long texts cut, and what the columns mean."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from jobs.reporting.query import Reader, holds_rows, reading
from jobs.store import Run
from jobs.tables import TABLES, Table

CUT = 200
"""Characters of a value that are shown."""

LISTED = 12
"""Items of a list that are shown."""


class PeekError(ValueError):
    """A name or a condition is wrong: one line that says what was seen and what there is."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which rows are wanted.

    Parameters
    ----------
    table : str
        Name of the table.
    where : str
        A condition in DuckDB's SQL over the table's columns, in which ids are hex strings; empty for none.
    columns : tuple of str
        Columns that are shown; empty for all.
    limit : int
        Most rows.
    sample : bool
        Take rows from all over the table (those of the smallest hash, the same ones every time), not its first ones.
    """

    table: str
    where: str = ""
    columns: tuple[str, ...] = ()
    limit: int = 20
    sample: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """A published table: rows, bytes and files of what one stage wrote."""

    table: str
    stage: str
    rows: int
    bytes: int
    files: int


def table_named(name: str) -> Table:
    """Return a table.

    Raises
    ------
    PeekError
        When there is none of this name; the message gives the closest.
    """
    if name in TABLES:
        return TABLES[name]
    raise PeekError(f"there is no table {name!r}{_nearest(name, list(TABLES))}; `woolmill tables RUN` lists them")


def peek(run: Run, question: Question) -> list[dict[str, Any]]:
    """Return rows of a table as plain values that fit on a screen.

    Parameters
    ----------
    run : Run
        The run.
    question : Question
        What is wanted.

    Raises
    ------
    PeekError
        When the table or a column does not exist, or the condition is no SQL.
    StoreError
        When the table has not been published.
    """
    table = table_named(question.table)
    names = table.schema.names
    for column in question.columns:
        if column not in names:
            raise PeekError(f"{table.name} has no column {column!r}{_nearest(column, names)}; it has {', '.join(names)}")
    run.files(table.name)  # says which stage is missing, where one is
    with reading(run) as tables:
        try:
            rows = _rows(tables, table, question)
        except (
            duckdb.ParserException,
            duckdb.BinderException,
            duckdb.ConversionException,
            duckdb.CatalogException,
        ) as error:
            raise PeekError(f"--where {question.where!r}: {str(error).splitlines()[0]}") from error
    return [{name: shown(value) for name, value in row.items()} for row in rows]


def _rows(tables: Reader, table: Table, question: Question) -> list[dict[str, Any]]:
    relation = tables.relation(table.name).select(*[_hex(field.name, field.type) for field in table.schema])
    if question.where:
        relation = relation.filter(question.where)
    if question.sample:
        # Ids are as good as random; tables without them are small, and a whole row is its own key.
        key = ["id"] if "id" in table.schema.names else table.schema.names
        parts = [duckdb.ColumnExpression(name).cast("VARCHAR") for name in key]
        relation = relation.sort(
            duckdb.FunctionExpression("md5", duckdb.FunctionExpression("concat_ws", _text("|"), *parts)), *parts
        )
    relation = relation.limit(question.limit)
    columns = [duckdb.ColumnExpression(name) for name in question.columns or table.schema.names]
    rows: list[dict[str, Any]] = relation.select(*columns).to_arrow_table().to_pylist(maps_as_pydicts="lossy")
    return rows


def _text(value: str) -> duckdb.Expression:
    return duckdb.ConstantExpression(value)


def _hex(name: str, kind: Any) -> duckdb.Expression:
    column = duckdb.ColumnExpression(name)
    if str(kind) != "binary":
        return column
    return duckdb.FunctionExpression("lower", duckdb.FunctionExpression("hex", column)).alias(name)


def shown(value: Any) -> Any:
    """Return a value as JSON has it, cut to what a person reads."""
    if isinstance(value, str):
        return value if len(value) <= CUT else f"{value[:CUT]}… ({len(value):,} characters)"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, dict):
        return {key: shown(inner) for key, inner in value.items()}
    if isinstance(value, list):
        more = [f"… ({len(value):,} items)"] if len(value) > LISTED else []
        return [shown(inner) for inner in value[:LISTED]] + more
    return value


def columns_of(table: Table) -> list[dict[str, str]]:
    """Return name, type, unit and meaning of a table's columns."""
    return [{"column": c.name, "type": str(c.type), "unit": c.unit, "meaning": c.meaning} for c in table.columns]


def listing(run: Run) -> list[Listed]:
    """Return what a run has published, in the order of the recipe's stages; tables without a file are left out."""
    found: list[Listed] = []
    for stage in run.stages:
        published = run.published(stage)
        for name, entries in published.tables.items() if published else ():
            files = [f for f in entries if holds_rows(f.name)]
            if files:
                found.append(Listed(name, stage, sum(f.rows for f in files), sum(f.bytes for f in files), len(files)))
    return found


def _nearest(name: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
    return f"; the closest is {close[0]!r}" if close else ""
