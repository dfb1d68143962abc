"""The commands of benchmarks: build, show, frequent, examples; what is wrong is said in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import build_run, rows_of, write_stage

from console import cli
from udfs.decontamination import NgramIndex

LONG = "which of the following sentences is the one that nobody on the train has ever heard before"
ROWS = [
    {
        "benchmark": "quiz",
        "id": "1",
        "text": LONG,
        "answer": "The one that was never said, since no one can have heard it on a train or elsewhere.",
    },
    {"benchmark": "quiz", "id": "2", "text": "Why?", "answer": "(A)"},
    {"benchmark": "sums", "id": "1", "text": "What do seven and nine come to in all?", "answer": "16"},
]


@pytest.fixture
def items(tmp_path: Path) -> Path:
    """A file of items."""
    path = tmp_path / "items.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    return path


def said(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> str:
    """Run a command; return what it printed, its error line where it fails."""
    assert cli.main(["benchmarks", *map(str, arguments)]) == code
    out, err = capsys.readouterr()
    assert bool(err) == bool(code)
    assert err.count("\n") == bool(code)
    return err or out


def test_build_and_show(capsys: pytest.CaptureFixture[str], items: Path, tmp_path: Path) -> None:
    """An index is built with a size for each benchmark, and shown with what no rule can see."""
    out = tmp_path / "index.npz"
    assert "3 items" in said(capsys, "build", items, "--out", out, "--ngram", "13,sums=8")
    assert NgramIndex.load(out).sizes == {"quiz": 13, "sums": 8}
    shown = json.loads(said(capsys, "show", out, "--json"))
    assert [(row["benchmark"], row["items"], row["n"], row["seen by no rule"]) for row in shown["benchmarks"]] == [
        ("quiz", 2, 13, 1),
        ("sums", 1, 8, 0),
    ]
    assert shown["digest"] == NgramIndex.load(out).digest
    assert json.loads(said(capsys, "show", out, "--unseen", "--json")) == [{"benchmark": "quiz", "item": "2", "why": "too short"}]
    assert "gsm8k" in said(capsys, "show")


def test_files_of_other_forms(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Columns are mapped and a benchmark named on the command line; a form that is not understood ends in one line."""
    path, out = tmp_path / "test.parquet", tmp_path / "index.npz"
    pq.write_table(pa.table({"n": [1, 2], "question": [LONG, LONG + " or so"], "target": [0, 1]}), path)
    said(capsys, "build", path, "--out", out, "--columns", "id=n,text=question,answer=target", "--name", "mmlu")
    assert NgramIndex.load(out).items == (("mmlu", "1"), ("mmlu", "2"))
    out.unlink()
    for wrong, message in (
        ((), "there is no column 'benchmark', only n, question, target"),
        (("--columns", "text"), "'text' is no A=B"),
        (("--columns", "question=text"), "'question' is no column of an item"),
        (("--name", "m", "--columns", "id=n,text=question", "--ngram", "m=four"), "is no number and no NAME=NUMBER"),
        (("--name", "m", "--columns", "id=n,text=question", "--ngram", "4"), "grams of fewer than 5 tokens"),
        (("--name", "m", "--columns", "id=n,text=question", "--ngram", "8,k=9"), "size is given for 'k'; the benchmarks are m"),
    ):
        assert cli.main(["benchmarks", "build", str(path), "--out", str(out), *wrong]) == 2
        assert message in " ".join(capsys.readouterr().err.replace("│", " ").split())
        assert not out.exists()
    assert "no file nowhere.npz" in said(capsys, "show", "nowhere.npz", code=1)


def test_frequent_phrases(capsys: pytest.CaptureFixture[str], items: Path, tmp_path: Path) -> None:
    """What many texts hold of an index is listed as they write it, and a build with the list leaves it out."""
    index, listed, texts = tmp_path / "index.npz", tmp_path / "frequent.txt", tmp_path / "texts.jsonl"
    said(capsys, "build", items, "--out", index)
    pages = [f"Page {n}: which of the following SENTENCES is the one you mean?" for n in range(4)] + ["Nothing of it here."]
    texts.write_text("".join(json.dumps({"text": page}) + "\n" for page in pages), "utf-8")
    assert "1 n-grams" in said(capsys, "frequent", index, texts, "--out", listed, "--min-documents", 4)
    phrases = [line for line in listed.read_text().splitlines() if not line.startswith("#")]
    assert phrases == ["which of the following SENTENCES is the one\t4"]
    again = tmp_path / "again.npz"
    said(capsys, "build", items, "--out", again, "--frequent", listed)
    assert [bool(NgramIndex.load(path).match(pages[0])) for path in (index, again)] == [True, False]
    assert NgramIndex.load(again).match(LONG)


def test_examples(capsys: pytest.CaptureFixture[str], items: Path, tmp_path: Path) -> None:
    """A copy is shown beside its item; an item that the files do not hold is said to be missing."""
    run = build_run(tmp_path / "run")
    tables = rows_of("decontaminate")
    copy = tables["contamination"][0]
    tables["contamination"] = [copy, copy | {"suite": "quiz", "item": "1", "ranges": [{"start": 0, "end": 8}]}]
    write_stage(run, "decontaminate", tables)
    found = json.loads(said(capsys, "examples", run.root, items, "--json"))
    assert [(one["benchmark"], one["text"], one["copy"]) for one in found] == [
        ("mmlu", "", "ment 9. The quick brown fox jumps over the lazy dog. The quick brown fox jumps over the laz"),
        ("quiz", LONG, "Document"),
    ]
    assert len(json.loads(said(capsys, "examples", run.root, items, "--json", "-n", 1, "--benchmark", "quiz"))) == 1
    assert "not in these files" in said(capsys, "examples", run.root, items)
    unfinished = build_run(tmp_path / "other", published=())
    assert "has not looked for benchmarks" in said(capsys, "examples", unfinished.root, items, code=1)
