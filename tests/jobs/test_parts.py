"""Parts have equal bytes for equal rows, appear whole, and a split's commit balances."""

import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.errors import OutOfBalance
from jobs.parts import Mark, ParquetPart, PartWriter, show
from jobs.splits import Commit
from jobs.tables import TABLES

ROUTED = {"split": "s", "lang": "en", "class": "general", "because": "language", "math_score": 0.1, "code_score": 0.2}
ROWS = [{"id": bytes([i]) * 16, **ROUTED} for i in range(5)]


def batch(rows):
    return pa.RecordBatch.from_pylist(rows, schema=TABLES["routes"].schema)


def test_equal_rows_give_equal_bytes_however_they_arrive(tmp_path):
    """One batch of five rows and five batches of one make the same file."""
    whole, pieces = (ParquetPart(tmp_path / name, TABLES["routes"].schema) for name in ("a", "b"))
    whole.write(batch(ROWS))
    for row in ROWS:
        pieces.write(batch([row]))
    a, b = whole.close(), pieces.close()
    assert (a.sha256, a.rows) == (b.sha256, 5)
    assert pq.read_table(tmp_path / "a.parquet").to_pylist() == ROWS


def test_a_part_is_not_there_before_it_is_closed(tmp_path):
    """Nothing half-written has the part's name; an abandoned part leaves nothing."""
    part = ParquetPart(tmp_path / "a", TABLES["routes"].schema)
    part.write(batch(ROWS))
    assert not (tmp_path / "a.parquet").exists()
    part.abandon()
    assert list(tmp_path.iterdir()) == []


def writer(folder, application="app-1"):
    return PartWriter(folder, "route", "s1", Mark(folder / "marks", "s1", application))


def test_a_commit_names_what_it_holds(tmp_path):
    """Rows, decisions and accounts of a split come back from its commit."""
    out = writer(tmp_path)
    out.came_in(2)
    out.kept()
    out.add("routes", ROWS[0])
    out.decide(ROWS[1]["id"], "drop", "because", {"b": 0.123456789, "a": b"\x01"})
    out.commit("f")
    commit = Commit.read(tmp_path, "s1", "f")
    assert commit.accounts == [["dropped", "because", 1], ["in", "", 2], ["kept", "", 1]]
    assert {t: f.rows for t, f in commit.tables.items()} == {"decisions": 1, "routes": 1}
    decision = pq.read_table(tmp_path / "decisions" / "s1.parquet").to_pylist()[0]
    assert decision["evidence"] == [("a", "01"), ("b", "0.123457")]
    assert Commit.read(tmp_path, "s1", "another") is None


def test_a_split_that_does_not_balance_is_not_committed(tmp_path):
    """A document that was neither kept nor dropped stops the task."""
    out = writer(tmp_path)
    out.came_in(2)
    out.kept()
    with pytest.raises(OutOfBalance, match="2 documents went in"):
        out.commit("f")
    assert Commit.read(tmp_path, "s1") is None


def test_a_record_is_deadly_after_two_deaths_in_one_start(tmp_path):
    """A mark that a dead worker left counts, one from an earlier start of the program does not."""
    deadly = []
    for application in ("app-1", "app-1", "app-1", "app-2"):
        mark = Mark(tmp_path, "s1", application)
        deadly.append(mark.deadly)
        mark.at(4711, 10)
        os.close(mark._descriptor)
    assert deadly == [frozenset(), frozenset(), frozenset({4711}), frozenset()]
    assert Mark.settled_in(tmp_path / "s1") == 10


def test_a_task_that_ended_leaves_no_mark(tmp_path):
    """A task that ended by itself makes nobody a suspect."""
    mark = Mark(tmp_path, "s1", "app-1")
    mark.at(1, 0)
    mark.clear()
    assert Mark(tmp_path, "s1", "app-1").deadly == frozenset()


@pytest.mark.parametrize(("value", "shown"), [(0.5, "0.5"), (1 / 3, "0.333333"), (b"\xff\x00", "ff00"), (7, "7"), ("x", "x")])
def test_evidence_is_readable(value, shown):
    """Numbers are short, bytes are hex."""
    assert show(value) == shown
