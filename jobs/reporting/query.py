"""Questions to the tables of a run: DuckDB over the Parquet files that are published, read only and without the network.

Every table is a view under its own name, an empty one where its stage has not been published (or is not in the recipe), so that
a question need not ask first. Two more views follow from them: ``stage_order`` (stage, position) and ``outcomes``, which holds the
one decision (the first by the recipe's order) that took each lost document out.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from jobs.store import Run, StoreError
from jobs.tables import TABLES, Table

Row = dict[str, Any]

_GLOB = re.compile(r"([*?[])")
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "temp_directory": tempfile.gettempdir(),
}

# A damaged stretch may be in `quarantine` alone; where both tables name a document, the decision is what counts.
_OUTCOMES = """
create view outcomes as
with lost as (
    select id, split, d.stage, position, 0 as source, reason,
           case action when 'drop' then 'dropped' else 'quarantined' end as status
    from decisions d join stage_order o on o.stage = d.stage
    where action in ('drop', 'quarantine')
    union all
    select id, split, q.stage, position, 1 as source, reason, 'quarantined' as status
    from quarantine q join stage_order o on o.stage = q.stage
    where id is not null
),
first as (
    select id, split, min_by({'status': status, 'stage': stage, 'reason': reason}, row(position, source, reason)) as it
    from lost group by id, split
)
select id, split, it.status as status, it.stage as stage, it.reason as reason from first
"""


class Reader:
    """Views over a run's published tables; made by `reading`.

    Parameters
    ----------
    run : Run
        The run.
    database : duckdb.DuckDBPyConnection
        An empty database in memory.
    """

    def __init__(self, run: Run, database: duckdb.DuckDBPyConnection) -> None:
        self.run = run
        self._database = database
        self._published = {stage: run.current(stage) for stage in run.stages}
        for table in TABLES.values():
            self.relation(table.name).create_view(table.name)
        order = {"stage": list(run.stages), "position": list(range(len(run.stages)))}
        schema = pa.schema([("stage", pa.string()), ("position", pa.int64())])
        database.from_arrow(pa.table(order, schema=schema)).create_view("stage_order")
        database.execute(_OUTCOMES)

    def has(self, table: str) -> bool:
        """Whether a table is there: its stage has been published, or for a shared one any stage has."""
        owner = TABLES[table].owner
        return self._published.get(owner) is not None if owner else any(self._published.values())

    def missing(self) -> tuple[str, ...]:
        """Stages of the recipe that have not been published, or not since a stage before them was."""
        return tuple(stage for stage, published in self._published.items() if published is None)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Answer a query as plain values."""
        return _plain(self._query(sql, parameters))

    def batches(self, sql: str, *, rows: int = 50_000) -> pa.RecordBatchReader:
        """Answer a query batch by batch, for results that need not fit into memory."""
        return self._query(sql, ()).to_arrow_reader(rows)

    def lookup(self, table: str, key: tuple[bytes, str], *, without: Iterable[str] = ()) -> list[Row]:
        """Rows of one document, read from the file of its split where the table has one.

        Parameters
        ----------
        table : str
            A table with ``id`` and ``split``.
        key : (bytes, str)
            Id and split.
        without : iterable of str
            Columns that are not read.
        """
        relation = self.relation(table, split=key[1])
        left_out = set(without)
        columns = [duckdb.ColumnExpression(name) for name in relation.columns if name not in left_out]
        is_id, is_split = (
            duckdb.ColumnExpression(name) == duckdb.ConstantExpression(value)
            for name, value in zip(("id", "split"), key, strict=True)
        )
        return _plain(relation.filter(is_id & is_split).select(*columns))

    def shards_of(self, id_: bytes) -> list[tuple[str, int]]:
        """Name of the shard and number of the copy, for every copy of a document."""
        table = TABLES["shards"]
        paths = self._paths(table, table.owner, None) if self.has(table.name) else []
        found: list[tuple[str, int]] = []
        for path in paths:
            is_id = duckdb.ColumnExpression("id") == duckdb.ConstantExpression(id_)
            found += [(path.name, copy) for (copy,) in self._read(table, [path]).filter(is_id).select("copy").fetchall()]
        return sorted(found)

    def beginnings(self, table: str, split: str, ids: Sequence[bytes], length: int) -> list[tuple[bytes, str]]:
        """Id and first characters of the text of some documents of a split."""
        is_split = duckdb.ColumnExpression("split") == duckdb.ConstantExpression(split)
        is_one = duckdb.ColumnExpression("id").isin(*[duckdb.ConstantExpression(id_) for id_ in ids])
        start = duckdb.FunctionExpression("left", duckdb.ColumnExpression("text"), duckdb.ConstantExpression(length))
        found = self.relation(table, split=split).filter(is_one & is_split).select(duckdb.ColumnExpression("id"), start)
        return [(id_, text) for id_, text in found.fetchall() if text is not None]

    def relation(self, name: str, *, split: str | None = None, stage: str | None = None) -> duckdb.DuckDBPyRelation:
        """Return a table as a relation; of its files only that of a split, or a stage's part, where that is asked for."""
        table = TABLES[name]
        owners = (table.owner,) if table.owner else (stage,) if stage else self.run.stages
        parts = [(owner, self._paths(table, owner, split)) for owner in owners if self._published.get(owner)]
        relations = [self._labelled(table, owner, self._read(table, paths)) for owner, paths in parts if paths]
        if not relations:
            return self._labelled(table, "", self._database.from_arrow(table.schema.empty_table()))
        whole = relations[0]
        for part in relations[1:]:
            whole = whole.union(part)
        return whole

    def _query(self, sql: str, parameters: Sequence[Any]) -> duckdb.DuckDBPyRelation:
        return self._database.sql(sql, params=list(parameters))

    def _paths(self, table: Table, owner: str, split: str | None) -> list[Path]:
        published = self._published.get(owner)
        whole = [path for path in self.run.files(table.name, owner) if holds_rows(path.name)]
        if not split or not published:
            return whole
        if one := self.run.split_file(table.name, owner, split):
            return [one]
        # A stage that works by split has no other place for this split's rows.
        return [] if published.splits else whole

    def _read(self, table: Table, paths: Sequence[Path]) -> duckdb.DuckDBPyRelation:
        names: Any = [_GLOB.sub(r"[\1]", str(path)) for path in paths]
        if paths[0].suffix == ".parquet":
            return self._database.read_parquet(names, hive_partitioning=False)
        # Shards may be JSON lines; there, ids are hex.
        lines = self._database.read_json(names, columns=_json_columns(table.schema), format="newline_delimited")
        return lines.select(
            duckdb.StarExpression(exclude=["id"]),
            duckdb.FunctionExpression("unhex", duckdb.ColumnExpression("id")).alias("id"),
        )

    def _labelled(self, table: Table, owner: str, rows: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
        """Say which stage a row of `quarantine` is from: only its folder does."""
        if not table.shared or "stage" in table.schema.names:
            return rows
        return rows.select(duckdb.StarExpression(), duckdb.ConstantExpression(owner).alias("stage"))


def holds_rows(name: str) -> bool:
    """Whether a published file holds rows of its table; the manifest beside the shards does not."""
    return name.endswith((".parquet", ".jsonl.zst"))


@contextmanager
def reading(run: Run) -> Iterator[Reader]:
    """Open a run for questions.

    Parameters
    ----------
    run : Run
        The run.

    Raises
    ------
    StoreError
        When a published file is missing or is no Parquet.
    """
    database = duckdb.connect(":memory:", config=_CONFIG)
    try:
        database.execute("set timezone = 'UTC'")
        yield Reader(run, database)
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        first = str(error).splitlines()[0]
        raise StoreError(f"{run.root}: a published file can't be read: {first}; run the stage again with --force") from error
    finally:
        database.close()


def _plain(relation: duckdb.DuckDBPyRelation) -> list[Row]:
    rows: list[Row] = relation.to_arrow_table().to_pylist(maps_as_pydicts="lossy")
    return rows


def _json_columns(schema: pa.Schema) -> Mapping[str, str]:
    sql = {pa.int32(): "INTEGER", pa.int64(): "BIGINT", pa.float64(): "DOUBLE", pa.bool_(): "BOOLEAN"}
    return {field.name: sql.get(field.type, "VARCHAR") for field in schema}
