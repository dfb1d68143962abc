"""Stages ``encode`` and ``score``: what an encoder reads, what it says, and what is decided by it."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytest.importorskip("onnxruntime", reason="the extra onnx is not installed: pip install 'woolmill[onnx]'")

from classifiers.encoder.scorer import CARD, load, read_card
from conf.load import resolve
from conf.schema import Recipe
from jobs import encode, score
from jobs.errors import JobError
from jobs.sources.inputs import Split
from jobs.splits import run_task
from jobs.stage import SplitStage, SplitTask
from jobs.tables import TABLES
from udfs.fasttext import ModelMissing

Row = dict[str, Any]
TINY = Path(__file__).resolve().parents[1] / "data" / "encoder" / "tiny"
TEXTS = (
    "A river carries sand from the hills to the sea. " * 5,
    "buy now cheap deal " * 9,
    "",
    "\ud800 \x00",
    "Why do leaves fall? The tree saves water.",
    "1 2 3 | 4 5 6",
)
CLASSES = ("general", "general", "math", "general", "code", "general")
FASTTEXT = (0.9, 0.14, None, 0.6, 0.01, 0.5)


def id_of(n: int) -> bytes:
    return hashlib.md5(str(n).encode()).digest()


def made(folder: Path, table: str, rows: list[Row]) -> str:
    path = folder / f"{table}.parquet"
    folder.mkdir(parents=True, exist_ok=True)
    blank: Row = dict.fromkeys(TABLES[table].schema.names)
    pq.write_table(pa.Table.from_pylist([blank | row for row in rows], TABLES[table].schema), path)
    return str(path)


@pytest.fixture
def task(tmp_path: Path) -> SplitTask:
    """A split of six documents, cleaned, scored by fastText and routed."""
    rows = [
        {"id": id_of(n), "split": "a", "lang": "en", "text": text.encode("utf-8", "replace").decode(), "class": CLASSES[n]}
        | {"ft_quality": FASTTEXT[n]}
        for n, text in enumerate(TEXTS)
    ]
    inputs = {name: made(tmp_path / "in", name, rows) for name in ("cleaned", "scores", "routes")}
    return SplitTask(Split("a", "/nowhere/a", "a", 0, 1, 1, "1"), recipe(), inputs, {}, (), {})


def recipe(*overrides: str) -> Recipe:
    source = Path(__file__).resolve().parents[2] / "conf" / "llama3.yaml"
    stages = "stages=[extract,clean,route,filter,encode,score,mix]"
    return resolve(source, ["input.paths=nowhere", "output.path=nowhere", stages, f"encode.model={TINY}", *overrides]).recipe


def done(stage: SplitStage, task: SplitTask, folder: Path) -> dict[str, list[Row]]:
    list(run_task(stage.name, stage.work, task, folder, "0", "tests"))
    return {
        name: [
            row
            for path in sorted((folder / name).glob("*.parquet"))
            for row in pq.read_table(path, partitioning=None).to_pylist()
        ]
        for name in (*stage.writes, "decisions")
    }


def test_what_is_read_has_the_models_score(task: SplitTask, tmp_path: Path) -> None:
    """Each document has the score that the model gives its text, to four digits; an empty one has none. Nothing is dropped."""
    found = done(encode.STAGE, task, tmp_path / "out")
    told = load(TINY, device="cpu").score(row["text"] for row in pq.read_table(task.inputs["cleaned"]).to_pylist())
    assert [row["id"] for row in found["encodings"]] == [id_of(n) for n in range(len(TEXTS))]
    assert [row["enc_quality"] for row in found["encodings"]] == [one.score and round(one.score, 4) for one in told]
    assert [row["windows"] for row in found["encodings"]] == [one.windows for one in told]
    assert found["encodings"][2]["enc_quality"] is None
    assert not found["decisions"]


def test_the_encoder_reads_what_fasttext_leaves(task: SplitTask, tmp_path: Path) -> None:
    """A document below the least score of its class is not read; one without a score, or of another class, is."""
    some = replace(task, recipe=recipe("encode.min_fasttext={general: 0.2, math: 0.5}"))
    found = done(encode.STAGE, some, tmp_path / "out")
    assert [row["id"] for row in found["encodings"]] == [id_of(n) for n in (0, 2, 3, 4, 5)]


@pytest.mark.parametrize(
    ("overrides", "lost"),
    [
        ((), {1: "quality.low", 4: "quality.low"}),
        (("score.min_encoder={general: 1}",), {0: "quality.encoder_low", 1: "quality.low", 3: "quality.encoder_low"}),
        (("score.combine=ensemble", "score.min_bucket={general: 10}"), {1: "quality.bucket_low"}),
    ],
)
def test_scores_decide_together(task: SplitTask, tmp_path: Path, overrides: tuple[str, ...], lost: dict[int, str]) -> None:
    """As a gate each score has to reach its limit; as an ensemble the best bucket has to."""
    model = ranked(tmp_path / "model")
    own = replace(task, recipe=recipe(*overrides, f"encode.model={model}"))
    encodings = [{"id": id_of(n), "split": "a", "enc_quality": value} for n, value in ((0, 0.92), (1, 0.1), (3, 0.7), (4, 0.2))]
    own = replace(own, inputs={**own.inputs, "encodings": made(tmp_path / "in", "encodings", encodings)})
    found = done(score.STAGE, own, tmp_path / "out")
    reasons = {row["id"]: row["reason"] for row in found["decisions"]}
    assert lost.items() <= {n: reasons.get(id_of(n)) for n in range(len(TEXTS))}.items()
    assert set(reasons) >= {id_of(n) for n in lost}
    buckets = {row["id"]: row["bucket"] for row in found["quality"]}
    assert len(buckets) == len(TEXTS)
    assert buckets[id_of(0)] == 18
    assert buckets[id_of(2)] is None


def ranked(folder: Path) -> Path:
    """The model with percentiles: scores are spread evenly."""
    shutil.copytree(TINY, folder)
    card = read_card(folder)
    quantiles = {"": np.linspace(0, 1, 1_001).tolist()}
    (folder / CARD).write_text(replace(card, percentiles={"quantiles": quantiles}).to_json(), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ("none", JobError, "names no model"),
        ("nowhere", JobError, "no model's folder"),
        ("flipped", ModelMissing, "not the right file"),
    ],
)
def test_a_model_that_cannot_be_used_ends_the_run_before_it_begins(
    tmp_path: Path, change: str, error: type[Exception], said: str
) -> None:
    """No model, no folder, a flipped byte: one line."""
    model = tmp_path / "model"
    if change == "flipped":
        shutil.copytree(TINY, model)
        data = bytearray((model / "model.onnx").read_bytes())
        data[1_000] ^= 1
        (model / "model.onnx").write_bytes(data)
    given = recipe("encode.model=null" if change == "none" else f"encode.model={model}")
    with pytest.raises(error, match=said) as caught:
        encode.STAGE.models(given)
    assert "\n" not in str(caught.value)


def test_the_digest_of_the_model_is_part_of_what_scores_depend_on() -> None:
    """Which model scored stands in the fingerprint, by name, version and digest."""
    found = encode.STAGE.models(recipe())
    card = json.loads((TINY / "card.json").read_text(encoding="utf-8"))
    assert found == {f"{card['name']}@{card.get('version', '1')}": card["sha256"]}
