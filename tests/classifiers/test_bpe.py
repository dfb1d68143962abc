"""The small tokenizer: made from what a run keeps, the same each time, with a card that says so."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from classifiers.bpe import FILE, main
from classifiers.registry import Card, path_of, sha256_of
from udfs.tokens import JsonTokenizer

pytest.importorskip("tokenizers")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Return a run of 41 cleaned texts, of which 40 may be taken."""
    texts = [f"The sheep number {i} gives wool, and wool number {i} is spun." for i in range(40)] + ["qqqq" * 50]
    for name, columns in (
        ("cleaned", {"id": [bytes([i]) for i in range(41)], "text": texts}),
        ("mixture", {"id": [bytes([i]) for i in range(40)], "copies": [0] * 40}),
    ):
        (tmp_path / "run" / name).mkdir(parents=True)
        pq.write_table(pa.table(columns), tmp_path / "run" / name / "part.parquet")
    return tmp_path / "run"


def test_training_is_repeatable_and_described(run: Path, tmp_path: Path) -> None:
    """Two trainings give equal bytes; ids are end, bytes, merges; what is not kept teaches nothing; the card fits."""
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        assert main(["--run", str(run), "--out", str(folder)]) == 0
    assert (tmp_path / "a" / FILE).read_bytes() == (tmp_path / "b" / FILE).read_bytes()
    made = JsonTokenizer.load(str(tmp_path / "a" / FILE))
    assert made.end_of_text == 0
    assert made.count(" wool", "", "") == 1
    assert made.count("qqqq", "", "") == 4
    card = Card.from_json((tmp_path / "a" / "bpe.json").read_text())
    assert card.sha256 == sha256_of(tmp_path / "a" / FILE)
    assert card.metrics["documents"] == 40
    assert card.training_data[0]["sha256"] == sha256_of(run / "cleaned" / "part.parquet")


def test_a_folder_that_is_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says what is missing and what makes it."""
    assert main(["--run", str(tmp_path)]) == 2
    assert "make demo" in capsys.readouterr().err


def test_the_shipped_one_cuts_texts_as_llama_3_does() -> None:
    """Digits stand in groups of three at most, and nothing normalises or truncates."""
    stored = json.loads(path_of("bpe").read_text())
    assert stored["normalizer"] is stored["truncation"] is stored["padding"] is None
    made = JsonTokenizer.load(str(path_of("bpe")))
    assert all(len(made.decode(made.encode("1234567890")[i : i + 1])) <= 3 for i in range(4))
