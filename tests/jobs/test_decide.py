"""Decisions in Spark against those on the driver: chains, hubs, cliques and random graphs, at several numbers of partitions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs import decide as module
from jobs.decide import Facts, decide
from jobs.errors import JobError
from udfs.survivors import Removals

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Edges = list[tuple[int, int]]

CHAIN, HUB, CLIQUE = 400, 5_000, 10


def _graph(chain: int, hub: int, cliques: int, drawn: int) -> Edges:
    """A chain whose ranks rise along it, a hub and a document similar to all its spokes, cliques, random pairs; repeats."""
    rng = np.random.default_rng(5)
    pairs = ((int(max(pair)), int(min(pair))) for pair in rng.integers(0, drawn, (drawn, 2)) if pair[0] != pair[1])
    graphs = {
        chain: [(i + 1, i) for i in range(chain - 1)],
        hub + 1: [(i, 0) for i in range(1, hub)] + [(hub, i) for i in range(1, hub)],
        cliques: [(b, a) for i in range(0, cliques, CLIQUE) for a, b in combinations(range(i, i + CLIQUE), 2)],
        drawn: list(pairs),
    }
    ranks = rng.permutation(np.sort(rng.choice(10**9, sum(graphs), replace=False)))
    edges: Edges = []
    for size, graph in graphs.items():
        own, ranks = np.sort(ranks[:size]).tolist(), ranks[size:]
        edges += [(own[worse], own[better]) for worse, better in graph]
    return [edges[i] for i in rng.permutation(len(edges)).tolist()] + edges[:20]


LARGE = _graph(CHAIN, HUB, 200, 1_800)
LITTLE = _graph(9, 12, 20, 20)


def _write(edges: Edges, folder: Path, files: int = 1) -> list[Path]:
    """Write edges to so many files, with a column more than is needed."""
    folder.mkdir(parents=True)
    ends = np.array(edges, dtype=np.int64).reshape(-1, 2)
    paths = [folder / f"{number}.parquet" for number in range(files)]
    for number, path in enumerate(paths):
        part = ends[number::files]
        pq.write_table(pa.table({"similarity": np.ones(len(part)), "worse": part[:, 0], "better": part[:, 1]}), path)
    return paths


def _pairs(decided: DataFrame) -> Edges:
    table = decided.toArrow().sort_by("loser")
    return list(zip(table["loser"].to_pylist(), table["winner"].to_pylist(), strict=True))


def _expected(edges: Edges, removal: str) -> Edges:
    """What the definitions say, in plain Python."""
    if removal == "components":
        groups = [(min(group), group) for group in nx.connected_components(nx.Graph(edges))]
        return sorted((member, least) for least, group in groups for member in group if member != least)
    lost: dict[int, int] = {}
    for worse, better in sorted(edges):
        if worse not in lost and better not in lost:
            lost[worse] = better
    return sorted(lost.items())


@contextmanager
def _set(spark: SparkSession, **wanted: object) -> Iterator[None]:
    """Set properties below spark.sql for a while."""
    keys = {f"spark.sql.{name.replace('_', '.')}": str(value).lower() for name, value in wanted.items()}
    before = {key: spark.conf.get(key, None) for key in keys}
    try:
        for key, value in keys.items():
            spark.conf.set(key, value)
        yield
    finally:
        for key, old in before.items():
            if old is None:
                spark.conf.unset(key)
            else:
                spark.conf.set(key, old)


REMOVALS = pytest.mark.parametrize("removal", ["greedy", "components"])


@pytest.mark.parametrize(
    ("edges", "max_edges", "removal"),
    [([], 0, "greedy"), ([(1, 0), (2, 1)], 2, "greedy"), ([(1, 0), (2, 1)], 0, "greedy"), ([(1, 0), (2, 1)], 2, "components")],
)
def test_smallest_inputs(spark: SparkSession, tmp_path: Path, edges: Edges, max_edges: int, removal: Any) -> None:
    """No edge, and as many as the driver takes, and one more."""
    paths = _write(edges, tmp_path / "edges") if edges else []
    decided, facts = decide(spark, paths, removal=removal, max_edges=max_edges, rounds=8, scratch=tmp_path / "scratch")
    assert _pairs(decided) == _expected(edges, removal)
    assert facts.how == ("driver" if len(edges) <= max_edges else "rounds")


@REMOVALS
def test_spark_decides_as_the_driver(spark: SparkSession, tmp_path: Path, removal: Any) -> None:
    """A chain of 400, a hub of 5,000, cliques: losers and winners are the definition's."""
    rounds = 1
    paths = _write(LARGE, tmp_path / "edges", 3)
    with _set(spark, shuffle_partitions=3):
        decided, facts = decide(spark, paths, removal=removal, max_edges=0, rounds=rounds, scratch=tmp_path / "scratch")
        found = _pairs(decided)
    assert found == _expected(LARGE, removal)
    assert (facts.how, facts.edges) == ("rounds", len(LARGE))
    if removal == "greedy":
        # A round takes two documents off the chain, so most of it is left to be decided as a component.
        assert facts.rounds == rounds
        assert CHAIN - 1 - 2 * rounds <= facts.left <= CHAIN + 200


@pytest.mark.parametrize(("partitions", "removal"), [(1, "greedy"), (8, "greedy"), (8, "components")])
def test_partitions_make_no_difference(spark: SparkSession, tmp_path: Path, partitions: int, removal: Any) -> None:
    """A small graph of all kinds in one partition and in eight; the third number is that of the next test."""
    paths = _write(LITTLE, tmp_path / "edges", partitions)
    with _set(spark, shuffle_partitions=partitions):
        decided, _ = decide(spark, paths, removal=removal, max_edges=0, rounds=1, scratch=tmp_path / "scratch")
        assert _pairs(decided) == _expected(LITTLE, removal)


@REMOVALS
def test_without_help_of_the_planner(spark: SparkSession, tmp_path: Path, removal: Any) -> None:
    """Where nothing is joined into one partition or broadcast, star steps do all the work, and the result is the same."""
    partitions = 3
    paths = _write(LITTLE, tmp_path / "edges", partitions)
    with _set(
        spark,
        shuffle_partitions=partitions,
        files_minPartitionNum=partitions,
        adaptive_enabled=False,
        autoBroadcastJoinThreshold=-1,
    ):
        decided, facts = decide(spark, paths, removal=removal, max_edges=0, rounds=1, scratch=tmp_path / "scratch")
        found = _pairs(decided)
    assert found == _expected(LITTLE, removal)
    assert facts.left > 0 if removal == "greedy" else facts.rounds > 1


@REMOVALS
def test_what_fits_the_driver_is_finished_there(spark: SparkSession, tmp_path: Path, removal: Any) -> None:
    """As soon as few enough edges are left, no more rounds are made; the result is the same."""
    paths, most = _write(LITTLE, tmp_path / "edges", 3), len(LITTLE) - 1
    decided, facts = decide(spark, paths, removal=removal, max_edges=most, rounds=8, scratch=tmp_path / "scratch")
    assert _pairs(decided) == _expected(LITTLE, removal)
    assert facts == Facts("rounds", most + 1, *((1, facts.left) if removal == "greedy" else (0, 0)))
    assert facts.left <= most


@REMOVALS
@pytest.mark.parametrize("max_edges", [10, 0])
@pytest.mark.parametrize("wrong", [(0, 1), (1, 1), (1, -1)])
def test_wrong_edges(spark: SparkSession, tmp_path: Path, wrong: tuple[int, int], max_edges: int, removal: Any) -> None:
    """An edge that does not name the worse document first is refused with the same words in both forms."""
    paths = _write([(3, 2), wrong], tmp_path / "edges")
    with pytest.raises(ValueError, match=rf"edge \({wrong[0]}, {wrong[1]}\): ranks must be 0 or more"):
        decide(spark, paths, removal=removal, max_edges=max_edges, rounds=8, scratch=tmp_path / "scratch")


def test_an_orphan_ends_the_run(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A winner that is removed itself is named, and nothing is returned."""
    monkeypatch.setattr(module, "greedy", lambda worse, better: Removals(worse, better))
    paths = _write([(4, 2), (7, 4)], tmp_path / "edges")
    with pytest.raises(JobError, match="rank 7 was removed in favour of rank 4, which is removed itself"):
        decide(spark, paths, removal="greedy", max_edges=10, rounds=8, scratch=tmp_path / "scratch")


def test_removals_without_a_winner_end_the_run(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document that was removed although no similar one stays is noticed."""
    monkeypatch.setattr(module, "greedy", lambda worse, better: Removals(np.append(worse, better.min()), np.append(better, 0)))
    paths = _write([(1, 0), (2, 1), (3, 2), (4, 3)], tmp_path / "edges")
    with pytest.raises(JobError, match="4 documents were removed, but 1 have a similar one that stays"):
        decide(spark, paths, removal="greedy", max_edges=3, rounds=8, scratch=tmp_path / "scratch")


def test_components_that_do_not_converge(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a bound on steps, and beyond it the run ends with what is left."""
    monkeypatch.setattr(module, "MAX_STEPS", 1)
    paths = _write([(i + 1, i) for i in range(20)], tmp_path / "edges", 3)
    with _set(spark, files_minPartitionNum=3), pytest.raises(JobError, match=r"not converged after 1 steps; \d+ edges are left"):
        decide(spark, paths, removal="components", max_edges=0, rounds=8, scratch=tmp_path / "scratch")


def _by_component(edges: Edges) -> Edges:
    label = dict(_expected(edges, "components"))
    return sorted(edges, key=lambda edge: label[edge[0]])


SORTED_EDGES = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 30)).filter(lambda edge: edge[0] > edge[1]), max_size=60
).map(_by_component)


def _batches(edges: Edges, rows: int) -> Iterator[pa.RecordBatch]:
    label = dict(_expected(edges, "components"))
    table = pa.table(
        {
            "component": pa.array([label[worse] for worse, _ in edges], pa.int64()),
            "worse": pa.array([worse for worse, _ in edges], pa.int64()),
            "better": pa.array([better for _, better in edges], pa.int64()),
        }
    )
    yield pa.RecordBatch.from_pylist([], schema=table.schema)
    for start in range(0, len(edges), rows):
        yield from table.slice(start, rows).to_batches()


def _merged(batches: Iterator[pa.RecordBatch]) -> Edges:
    return sorted((row["worse"], row["better"]) for batch in batches for row in batch.to_pylist())


@settings(deadline=None)
@given(SORTED_EDGES, st.integers(1, 7), st.integers(1, 20))
def test_a_partition_is_decided_in_pieces(edges: Edges, rows: int, held: int) -> None:
    """Whatever the batches and however few edges are held, components are never cut, and forests connect what edges connect."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "HELD", held)
        assert _merged(module._decided_components(_batches(edges, rows))) == _expected(edges, "greedy")
        assert _merged(module._forests(_batches(edges, rows))) == _expected(edges, "components")
