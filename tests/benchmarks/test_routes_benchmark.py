"""The benchmark of routes counts what is left of blocks and formulas, and classes by category."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import routes
from jobs.tables import SPANS

KNOWN = {"urn:uuid:1": {"category": "code", "expect": "keep"}, "urn:uuid:2": {"category": "math", "expect": "drop"}}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Two documents: one kept with one of its two blocks changed, one that is not in the shards."""
    spans = [[(0, 3, "code"), (4, 7, "code"), (8, 11, "math")], [(0, 3, "math")]]
    rows = [[{"start": a, "end": b, "kind": kind, "language": None} for a, b, kind in one] for one in spans]
    tables = {
        "records": {"id": [b"1", b"2"], "record_id": ["<urn:uuid:1>", "<urn:uuid:2>"]},
        "documents": {"id": [b"1", b"2"], "text": ["a=1 b=2 $x$", "$y$"], "spans": pa.array(rows, SPANS)},
        "routes": {"id": [b"1", b"2"], "class": ["code", "math"]},
        "shards": {"id": [b"1"], "text": ["a=1 b=* $x$"]},
    }
    for name, columns in tables.items():
        (tmp_path / name).mkdir()
        pq.write_table(pa.table(columns), tmp_path / name / "part.parquet")
    (tmp_path / "shards" / "manifest.json").write_text("{}")
    return tmp_path


def test_blocks_and_formulas_are_counted(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of kept documents each block counts by itself, byte by byte; documents that are not in the shards count among the good ones."""
    routes.kept(run, KNOWN)
    out = capsys.readouterr().out
    assert "code blocks of kept documents of class code: 1 of 2 in the shards (0.5000)" in out
    assert "formulas of kept documents of class code: 1 of 1 in the shards (1.0000)" in out
    assert "class math" not in out


def test_classes_by_category(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Good pages of a category and of a class are those that the truth keeps."""
    routes.by_category(run, KNOWN)
    out = capsys.readouterr().out
    assert "good pages of category code: 1 of 1 in the class; good pages of the class: 1 of 1 of the category" in out
    assert "good pages of category math: 0 of 0 in the class" in out


def test_intervals_hold_the_figure(capsys: pytest.CaptureFixture[str]) -> None:
    """Precision and recall are counts over all pages; sources are drawn whole."""
    said = np.array([True, True, False, False] * 10)
    truth = np.array([True, False, True, False] * 10)
    routes._print_figures("x", said, truth, [f"s{i % 7}" for i in range(40)])
    assert capsys.readouterr().out.count("10 of 20: 0.500 (") == 2
