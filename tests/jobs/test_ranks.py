"""Ranks of quality scores measured on a run: by language, over what reaches stage ``score``, and as settings of another run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conf.load import resolve
from console.cli import main
from jobs import ranks
from jobs.predicates import quality_columns, quality_ranks
from jobs.score import STAGE
from jobs.store import AFTER, FileEntry, Published, Run
from jobs.tables import TABLES

Row = dict[str, Any]
STAGES = ("extract", "clean", "filter", "encode", "score")
RECIPE = Path(__file__).resolve().parents[2] / "conf" / "llama3.yaml"
DROPPED = range(100, 150)
"""Documents that `filter` drops: their scores are no part of what is ranked."""


def publish(run: Run, stage: str, tables: Mapping[str, Sequence[Row]]) -> None:
    entries = {}
    for name, rows in tables.items():
        schema, path = TABLES[name].schema, run.attempt_dir(stage) / name / "a.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist([dict.fromkeys(schema.names) | row for row in rows], schema), path)
        entries[name] = (FileEntry(path.name, len(rows), path.stat().st_size, ""),)
    run.attempt_dir(stage).mkdir(parents=True, exist_ok=True)
    before = run.stages[: run.stages.index(stage)]
    run.publish(Published(stage, f"{STAGES.index(stage):064d}", entries, {}, {AFTER: run.fingerprints(before)}))


def key(n: int) -> Row:
    return {"id": n.to_bytes(16, "big"), "split": "a", "lang": "de" if n < 50 else "en"}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Fifty German documents with scores of 0 to 0.49, fifty English ones of 0.5 to 0.99, and fifty dropped ones of 1."""
    root = tmp_path / "run"
    root.mkdir()
    (root / "recipe.json").write_text(json.dumps({"name": "run", "stages": STAGES, "input": {"paths": []}}), "utf-8")
    made = Run.open(root)
    scores = [key(n) | {"ft_quality": n / 100 if n < 100 else 1.0} for n in range(150)] + [key(200) | {"ft_quality": None}]
    dropped = [key(n) | {"stage": "filter", "action": "drop", "reason": "short", "evidence": []} for n in DROPPED]
    publish(made, "extract", {})
    publish(made, "clean", {"scores": scores})
    publish(made, "filter", {"decisions": dropped})
    publish(made, "encode", {"encodings": [key(n) | {"enc_quality": 1 - n / 100} for n in range(0, 100, 2)]})
    publish(
        made, "score", {"decisions": [key(1) | {"stage": "score", "action": "drop", "reason": "quality.low", "evidence": []}]}
    )
    return made


def test_ranks_are_of_what_reaches_the_scores_by_language(run: Run) -> None:
    """What rules have dropped is left out, what the score itself drops is not; a small language has no table of its own."""
    found = ranks.measure(run, least=30)
    assert found["documents"] == {"ft_quality": {"": 100, "de": 50, "en": 50}, "enc_quality": {"": 50}}
    german = found["quantiles"]["ft_quality"]["de"]
    assert len(german) == 1_001
    assert (german[0], german[500], german[-1]) == (0.0, pytest.approx(0.245), 0.49)
    assert found["quantiles"]["enc_quality"][""][0] == pytest.approx(0.02)
    assert ranks.measure(run, least=51)["documents"]["ft_quality"] == {"": 100}


def test_a_recipe_ranks_by_them(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Written by the command and set in a recipe, they decide the buckets, and are part of what the stage depends on."""
    out = tmp_path / "ranks.json"
    assert main(["ranks", str(run.root), "--out", str(out), "--least", "20", "--json"]) == 0
    told = {(row["score"], row["language"]): row for row in json.loads(capsys.readouterr().out)["ranks"]}
    assert told["ft_quality", "en"]["50 %"] == pytest.approx(0.745)
    given, plain = (resolve(RECIPE, ["input.paths=x", *more]).recipe for more in ([f"score.ranks={out}"], []))
    scores = pa.table({"id": [b"1", b"2", b"3"], "lang": ["de", "en", "fr"], "ft_quality": [0.49, 0.5, 0.5]})
    assert quality_columns(scores, None, quality_ranks(given))["bucket"].tolist() == [19.0, 0.0, 10.0]
    assert STAGE.models(given) != STAGE.models(plain)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file or directory; `woolmill ranks RUN"),
        ("[]", "is no file of ranks"),
        ('{"quantiles": {}}', "do not rise"),
        ('{"quantiles": {"ft_quality": {"": [0.3, 0.2]}}}', "do not rise"),
        ('{"quantiles": {"length": {"": [0.1, 0.2]}}}', "are not those of scores"),
        ('{"quantiles": {"ft_quality": {"": ["a"]}}}', "is no file of ranks"),
    ],
)
def test_what_is_no_file_of_ranks_is_said_in_one_line(tmp_path: Path, text: str | None, said: str) -> None:
    """Before the run begins."""
    path = tmp_path / "ranks.json"
    if text is not None:
        path.write_text(text, "utf-8")
    recipe = resolve(RECIPE, ["input.paths=x", f"score.ranks={path}"]).recipe
    with pytest.raises(ranks.RanksError, match=said) as caught:
        STAGE.models(recipe)
    assert "\n" not in str(caught.value)


def test_a_run_without_scores_has_no_ranks(tmp_path: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """The command says so and writes nothing."""
    (run.root / "stages" / "clean" / "current.json").unlink()
    assert main(["ranks", str(run.root), "--out", str(tmp_path / "none.json")]) == 1
    assert "has no scores to rank" in capsys.readouterr().err
    assert not (tmp_path / "none.json").exists()
