"""What the report says of benchmarks: items by their share that the corpus covers, before and after, and no text of any item."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import about, build_run, rows_of, write_stage

from jobs.reporting import build_pages
from jobs.reporting.contamination import Contamination, contamination
from jobs.reporting.query import reading
from jobs.store import Run
from udfs.decontamination import BenchmarkItem, build_index

WORDS = [f"word{i}" for i in range(20)]


def shared(
    n: int, item: str, covered: tuple[int, int], action: str, part: str = "question", *, tokens: int = 20
) -> dict[str, object]:
    """A row of the table: a document that shares some tokens of an item."""
    share = (covered[1] - covered[0]) / tokens
    names = {"suite": "mmlu", "item": item, "part": part, "coverage": share, "own": share, "tokens": tokens, "own_tokens": tokens}
    places = {"covered": [{"start": covered[0], "end": covered[1]}], "ranges": [{"start": 5, "end": 25}], "action": action}
    return about(n) | names | places


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose document 9 was dropped, while 0, 4 and 10 share parts of items."""
    root = tmp_path_factory.mktemp("report") / "run"
    items = [BenchmarkItem("mmlu", name, " ".join(f"{name}{word}" for word in WORDS)) for name in ("a", "b", "c")]
    items += [BenchmarkItem("mmlu", "short", "What is it?"), BenchmarkItem("other", "1", "What on earth is that thing?")]
    build_index(items).save(root.parent / "index.npz")
    settings = {"index": str(root.parent / "index.npz"), "coverage": 0.6, "benchmarks": {"other.coverage": 0.9}}
    made = build_run(root, recipe={"decontaminate": settings})
    tables = rows_of("decontaminate")
    tables["contamination"] = [
        shared(9, "a", (0, 20), "drop"),
        shared(0, "a", (0, 9), "none"),
        shared(4, "b", (0, 8), "none"),
        shared(10, "b", (8, 16), "none"),
        shared(10, "c", (0, 14), "cut"),
        shared(4, "c", (0, 20), "annotate", "answer"),
    ]
    write_stage(made, "decontaminate", tables)
    return made


def told(run: Run) -> Contamination:
    """What the report is made of."""
    with reading(run) as tables:
        found = contamination(tables, 2)
    assert found
    return found


def test_items_are_covered_by_all_documents_together(run: Run) -> None:
    """An item of which two documents hold a half each counts; dropped and cut copies count before and not after."""
    mmlu, other = told(run).benchmarks
    assert (mmlu.name, mmlu.n, mmlu.threshold, mmlu.items, mmlu.texts, mmlu.unseen) == ("mmlu", 8, 0.6, 4, 4, 1)
    assert (mmlu.before, mmlu.after, mmlu.levels) == (3, 1, (3, 3, 2))
    assert (mmlu.dropped, mmlu.cut, mmlu.marked) == (1, 1, 1)
    assert (other.name, other.threshold, other.items, other.before, other.after) == ("other", 0.9, 1, 0, 0)
    assert told(run).unseen == {"mmlu": {"short": "too short"}, "other": {}}


def test_copies_are_named_by_item_and_place(run: Run) -> None:
    """As many copies as asked for are shown of each benchmark, with item, place and page, and never a text."""
    copies = told(run).copies
    assert len(copies) == 2
    assert all(copy.benchmark == "mmlu" and copy.ranges == ((5, 25),) and copy.url for copy in copies)


def test_pages_hold_no_text_of_documents_with_copies(run: Run) -> None:
    """The HTML and the JSON name items and figures; the text of a document with a copy is withheld."""
    pages = build_pages(run, 3)
    body = json.loads(pages["decontamination.json"])
    assert [one["before"] for one in body["benchmarks"]] == [3, 0]
    assert body["unseen"]["mmlu"] == {"short": "too short"}
    html = pages["report.html"]
    assert "Items of mmlu that no rule sees" in html
    assert "Document 9." not in "".join(pages.values())
    assert "Document 0." in html
    assert "the document holds a copy of a benchmark item" in html


def test_a_run_whose_index_is_gone(run: Run, tmp_path: Path) -> None:
    """Without the index the copies are told all the same; how many items there are is not."""
    made = build_run(
        tmp_path / "run", published=("decontaminate",), recipe={"decontaminate": {"index": str(tmp_path / "gone.npz")}}
    )
    (mmlu,) = told(made).benchmarks
    assert (mmlu.items, mmlu.unseen, mmlu.before, mmlu.after, mmlu.dropped) == (None, None, 1, 0, 1)
