"""The shingles of documents in pairs: each split reads its texts once more, and only what was asked for leaves it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conf.schema import Input, Recipe
from jobs.dedup.ranking import Ranked
from jobs.dedup.shingles import MOST, _shingles
from jobs.stage import SplitTask
from jobs.tools import sketch_settings
from udfs.sketch import shingle_hashes

RECIPE = Recipe(name="tests", stages=("extract", "documents"), input=Input(paths=("nowhere",)))
RANKED = Ranked(("a", "b"), (0, 500, 1000))


@pytest.fixture
def task(tmp_path: Path, doc: Callable[..., Any]) -> tuple[SplitTask, list[str]]:
    """A split of 300 documents, more than are read at once, one of them with more shingles than are compared, one empty."""
    texts = [f"the text of document {i} and " * 3 + f"its end {i}" for i in range(298)]
    texts += [" ".join(f"word{i}" for i in range(MOST + 10)), ""]
    path = tmp_path / "documents.parquet"
    pq.write_table(pa.table({"id": [doc(i).id for i in range(300)], "text": texts}), path)
    return SplitTask(None, RECIPE, {"documents": str(path)}, {}, (), {}), texts  # type: ignore[arg-type]


def test_only_wanted_documents_are_read(task: tuple[SplitTask, list[str]], doc: Callable[..., Any], tmp_path: Path) -> None:
    """Rank, file of ranks and shingles of each document that was asked for, from whatever batch of the split, each once."""
    split, texts = task
    wanted = {0: 7, 255: 499, 256: 500, 298: 999, 299: 3}
    pq.write_table(pa.table({"id": [doc(i).id for i in wanted], "rank": list(wanted.values())}), tmp_path / "4.parquet")
    made = pa.Table.from_batches(_shingles((4, split), ranked=RANKED, wanted=tmp_path)).to_pylist()
    settings = sketch_settings(RECIPE)
    assert made == [
        {"part": rank // 500, "rank": rank, "shingles": shingle_hashes(texts[i], settings, MOST).tobytes()}
        for i, rank in wanted.items()
    ]
    lengths = {row["rank"]: len(np.frombuffer(row["shingles"], dtype=np.uint64)) for row in made}
    assert (lengths[999], lengths[3]) == (MOST, 0)


def test_a_split_without_pairs_is_not_read(tmp_path: Path) -> None:
    """Where no document of a split is in a pair, its texts are not even opened."""
    split = SplitTask(None, RECIPE, {"documents": str(tmp_path / "nowhere")}, {}, (), {})  # type: ignore[arg-type]
    assert list(_shingles((0, split), ranked=RANKED, wanted=tmp_path)) == []
