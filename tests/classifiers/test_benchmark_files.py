"""Benchmarks are read from every form that is allowed; what is wrong with a file is said in one line that names it."""

from __future__ import annotations

import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from classifiers.benchmark_files import BenchmarkFileError, Form, read_items
from udfs.decontamination import BenchmarkItem

ROWS: list[dict[str, Any]] = [
    {"benchmark": "b", "id": "1", "text": "What is it?", "answer": "It is Ω."},
    {"benchmark": "b", "id": "2", "text": "And that?", "answer": None},
]
ITEMS = [BenchmarkItem("b", "1", "What is it?", "It is Ω."), BenchmarkItem("b", "2", "And that?")]
PACKED: dict[str, Callable[[bytes], bytes]] = {
    ".jsonl": bytes,
    ".jsonl.xz": lzma.compress,
    ".jsonl.gz": gzip.compress,
    ".jsonl.zst": zstandard.compress,
}


def lines(rows: list[dict[str, Any]]) -> bytes:
    """Rows as JSON lines, with an empty line at the end."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode() + b"\n"


@pytest.mark.parametrize("ending", [*PACKED, ".parquet"])
def test_every_form_is_read(tmp_path: Path, ending: str) -> None:
    """JSON lines in each packing and Parquet give the same items."""
    path = tmp_path / f"items{ending}"
    if ending == ".parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    else:
        path.write_bytes(PACKED[ending](lines(ROWS)))
    assert read_items([path]) == ITEMS


def test_two_zstd_frames_are_one_file(tmp_path: Path) -> None:
    """A file of several frames, as parallel writers make them, is read to its end."""
    path = tmp_path / "items.jsonl.zst"
    path.write_bytes(b"".join(zstandard.compress(lines([row])) for row in ROWS))
    assert read_items([path]) == ITEMS


def test_other_columns_and_values(tmp_path: Path) -> None:
    """Columns may have other names, the benchmark may be named from outside, answers may be missing, numbers or lists."""
    path = tmp_path / "mmlu.jsonl"
    path.write_bytes(
        lines([{"key": 7, "question": "Which?", "target": 2}, {"key": 8, "question": "How?", "target": ["so", "or so"]}])
    )
    form = Form({"id": "key", "text": "question", "answer": "target"}, "mmlu")
    assert read_items([path], form) == [
        BenchmarkItem("mmlu", "7", "Which?", "2"),
        BenchmarkItem("mmlu", "8", "How?", "so\nor so"),
    ]
    assert [item.answer for item in read_items([path], Form({"id": "key", "text": "question"}, "mmlu"))] == ["", ""]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"", r"^a\.txt: is neither JSON lines nor Parquet; names end in \.jsonl"),
        ("a.jsonl", b"", r"^a\.jsonl: holds no item"),
        ("a.jsonl", b"{}\n", r"^a\.jsonl, line 1: there is no column 'benchmark', only an empty row; .*--name"),
        ("a.jsonl", lines(ROWS[:1]) + b"nothing\n", r"^a\.jsonl, line 3: is no JSON \(.*\); one object a line"),
        ("a.jsonl", b"[1]\n", r"^a\.jsonl, line 1: is no JSON object but list"),
        (
            "a.jsonl",
            b'{"benchmark": "b", "id": "1", "question": "x"}',
            r"no column 'text', only benchmark, id, question; --columns text=NAME",
        ),
        ("a.jsonl", b'{"benchmark": "b", "id": "", "text": "x"}', r"^a\.jsonl, line 1: 'id' is empty"),
        ("a.jsonl", b'{"benchmark": "b", "id": "1", "text": {"a": 1}}', r"'text' is dict; it must be a string"),
        ("a.jsonl", lines([ROWS[0], ROWS[0]]), r"^a\.jsonl, line 2: b has an item '1' already"),
        ("a.jsonl", b'{"benchmark": "\xff"}', r"^a\.jsonl, line 1: is no UTF-8"),
        ("a.jsonl.xz", b"no archive", r"^a\.jsonl\.xz: can't be read"),
        ("a.jsonl.gz", b"no archive", r"^a\.jsonl\.gz: can't be read"),
        ("a.jsonl.gz", gzip.compress(lines(ROWS))[:-12], r"^a\.jsonl\.gz: can't be read"),
        ("a.jsonl.zst", b"no archive", r"^a\.jsonl\.zst: can't be read"),
        ("a.parquet", b"no archive", r"^a\.parquet: can't be read as Parquet"),
    ],
)
def test_wrong_files(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    """Each fault has one line that names the file, the row, what was seen and what is allowed."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BenchmarkFileError, match=said) as caught:
        read_items([path])
    assert "\n" not in str(caught.value)


def test_wrong_calls(tmp_path: Path) -> None:
    """A file that is not there is named; so is a column that items don't have."""
    with pytest.raises(BenchmarkFileError, match=r"nowhere\.jsonl: can't be read"):
        read_items([tmp_path / "nowhere.jsonl"])
    with pytest.raises(
        BenchmarkFileError, match="'question' is no column of an item; the columns are benchmark, id, text, answer"
    ):
        Form({"question": "text"})
