"""A folder of shards is what its manifest says, and whatever is changed in it is named."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made_shards import SUFFIX, Row, id_of, manifest_of, put, row_of, write_shard, write_tokens

from console.cli import main
from jobs.store import FileEntry, Published, Run
from jobs.tables import TABLES
from jobs.verify import VerifyError, run_of, verify


@pytest.fixture(params=["parquet", "jsonl.zst"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Row]:
    """Two shards of 40 documents, three of which are there twice, with their manifest."""
    rows = [row_of(n) for n in range(40)] + [row_of(n, copy=1) for n in range(3)]
    shards = [rows[:20], rows[20:]]
    manifest = manifest_of(shards, [write_shard(tmp_path, n, some, request.param) for n, some in enumerate(shards)])
    put(tmp_path, manifest)
    return tmp_path, manifest


def told(folder: Path, run: Run | None = None) -> list[str]:
    return [str(one) for one in verify(folder, run=run).differences]


def rewritten(folder: Path, manifest: Row, number: int, change: Callable[[list[Row]], list[Row]]) -> None:
    """Write a shard again with other rows and put its new size and digest into the manifest, whose counts stay."""
    entry = manifest["shards"][number]
    rows = change(list(ROWS[number]))
    new = write_shard(folder, number, rows, entry["format"])
    entry |= {name: new[name] for name in ("bytes", "sha256")}
    put(folder, manifest)


ROWS = [[row_of(n) for n in range(20)], [row_of(n) for n in range(20, 40)] + [row_of(n, copy=1) for n in range(3)]]


def test_shards_that_are_as_they_were_written_have_no_difference(made):
    """Nothing to find, and what was counted is told."""
    found = verify(made[0])
    assert found.differences == ()
    assert (found.shards, found.documents, found.against_run) == (2, 43, False)
    assert found.tokens == made[1]["totals"]["tokens"]


def test_every_flipped_byte_is_found(made):
    """One bit anywhere in a shard, or in what is beside it for readers, changes a digest or a count."""
    folder, manifest = made
    path = folder / manifest["shards"][1]["file"]
    data = path.read_bytes()
    for place in range(0, len(data), max(1, len(data) // 10)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert any(line.startswith(f"{path.name}: sha256: expected {manifest['shards'][1]['sha256']}") for line in told(folder))
    path.write_bytes(data)
    assert told(folder) == []


def test_a_missing_shard_and_a_surplus_one_are_named(made):
    """Both have a line; totals that can't be known are not compared."""
    folder, manifest = made
    name = manifest["shards"][0]["file"]
    (folder / name).rename(folder / f"other{SUFFIX[manifest['shards'][0]['format']]}")
    lines = told(folder)
    assert f"{name}: file: expected a file, got none" in lines
    assert any(line.startswith("other.") and line.endswith("a surplus file") for line in lines)
    assert not any("totals" in line for line in lines)


def test_a_deleted_row_is_named_by_count_and_class(made):
    """A shard without one of its rows, whose digest was put right, still has a row too few of its class and language."""
    folder, manifest = made
    rewritten(folder, manifest, 0, lambda rows: rows[:7] + rows[8:])
    lines, name = told(folder), manifest["shards"][0]["file"]
    assert f"{name}: rows: expected 20, got 19" in lines
    assert f"{name}: classes.multilingual.documents: expected 5, got 4" in lines
    assert any(line.startswith(f"{name}: languages.de.tokens") for line in lines)
    assert "manifest.json: totals.documents: expected 43, got 42" in lines


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("totals", "tokens"), "manifest.json: totals.tokens: expected 1, got"),
        (("totals", "languages", "de", "documents"), "manifest.json: languages.de.documents: expected 1, got"),
        (("shards", 1, "rows"), ": rows: expected 1, got 23"),
        (("shards", 1, "quality", "7", "tokens"), ": quality.7.tokens: expected 1, got"),
        (("shards", 0, "knowledge", "health", "documents"), ": knowledge.health.documents: expected 1, got"),
        (("shards", 0, "bytes"), ": bytes: expected 1, got"),
        (("classes", 0, "tokens_written"), "manifest.json: classes.code.tokens_written: expected 1, got"),
        (("classes", 2, "share_got_ppm"), "manifest.json: classes.math.share_got_ppm: expected 1, got"),
        (("classes", 3, "tokens_target"), "manifest.json: classes.multilingual.tokens_target: expected 1, got"),
        (("classes", 3, "strata", 0, "tokens_target"), "manifest.json: strata.multilingual.tokens_target: expected 1 within one"),
        (("classes", 0, "strata", 0, "tokens_written"), "manifest.json: strata.code.tokens_written: expected 1, got"),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_a_changed_count_is_named(made, path, line):
    """Whatever number of the manifest is changed, the line says which, what it says and what was found."""
    folder, manifest = made
    place: Any = manifest
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = 1
    put(folder, manifest)
    assert any(line in one for one in told(folder))


def test_a_document_twice_in_an_epoch_is_named(made):
    """A copy with the number of another is one too many; so is one whose number leaves a gap."""
    folder, manifest = made
    rewritten(folder, manifest, 1, lambda rows: [*rows[:-1], rows[-1] | {"copy": 0}])
    assert any(f"copies of {id_of(2).hex()}: expected copy 1, got copy 0" in line for line in told(folder))
    rewritten(folder, manifest, 1, lambda rows: [*rows[:-1], rows[-1] | {"copy": 5}])
    assert any(f"copies of {id_of(2).hex()}: expected copy 1, got copy 5" in line for line in told(folder))


@pytest.mark.parametrize("kind", ["megatron", "mds", "npy"])
def test_shards_of_tokens_are_read_through(tmp_path, kind):
    """Sequences are those of the documents beside them; every file that is changed or missing is named."""
    pytest.importorskip("tokenizers")
    rows = [row_of(n) for n in range(12)]
    shard = write_tokens(tmp_path, 0, rows, kind)
    put(tmp_path, manifest_of([rows], [shard]))
    assert told(tmp_path) == []
    for path in [tmp_path / one["file"] for one in shard["files"]]:
        data = path.read_bytes()
        for place in (0, len(data) // 2, len(data) - 1):
            path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
            assert any(line.startswith(f"{path.name}: sha256") for line in told(tmp_path))
        path.unlink()
        assert f"{path.name}: file: expected a file, got none" in told(tmp_path)
        path.write_bytes(data)


def publish(root: Path, stage: str, tables: dict[str, pa.Table], files: tuple[FileEntry, ...] = ()) -> None:
    run = Run.open(root)
    entries = {"shards": files} if files else {}
    for name, rows in tables.items():
        path = run.attempt_dir(stage) / name / "aaaa.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows, path)
        entries[name] = (FileEntry(path.name, rows.num_rows, path.stat().st_size, ""),)
    run.attempt_dir(stage).mkdir(parents=True, exist_ok=True)
    run.publish(Published(stage, hashlib.sha256(stage.encode()).hexdigest(), entries, {}, {}))


def run_beside(root: Path, folder: Path, *, chosen: int) -> Run:
    """Publish a run whose mixture has chosen the first documents, and whose filter has dropped the others."""
    root.mkdir()
    (root / "recipe.json").write_text(json.dumps({"stages": ["filter", "mix"]}))
    dropped = [
        {"id": id_of(n), "split": "aaaa", "stage": "filter", "action": "drop", "reason": "short"} for n in range(chosen, 40)
    ]
    publish(root, "filter", {"decisions": pa.Table.from_pylist(dropped, TABLES["decisions"].schema)})
    rows = [row_of(n) | {"split": "aaaa", "copies": 1} for n in range(chosen)]
    told = [(folder / name).read_bytes() for name in ("manifest.json", "README.md")]
    files = (
        FileEntry("manifest.json", 0, len(told[0]), hashlib.sha256(told[0]).hexdigest()),
        FileEntry("README.md", 0, len(told[1]), hashlib.sha256(told[1]).hexdigest()),
    )
    publish(root, "mix", {"mixture": pa.Table.from_pylist(rows, TABLES["mixture"].schema)}, files)
    return Run.open(root)


def test_a_document_that_the_run_has_dropped_is_named_with_the_decision(made, tmp_path):
    """Held against their run, shards must hold what it has chosen and nothing else."""
    folder, _ = made
    right = run_beside(tmp_path / "right", folder, chosen=40)
    assert told(folder, right) == ["right: file: expected none, got a surplus file"]
    wrong = run_beside(tmp_path / "wrong", folder, chosen=39)
    assert f"manifest.json: document {id_of(39).hex()}: expected in no shard, got drop by filter: short" in told(folder, wrong)
    (folder / "README.md").write_text("better numbers")
    assert any(line.startswith("README.md: sha256, by the run") for line in told(folder, right))


def test_the_run_is_found_where_its_shards_lie_only(made, tmp_path):
    """By the link beside the run or the folder of the version; a copy elsewhere has no run."""
    folder, _ = made
    run = run_beside(tmp_path / "run", folder, chosen=40)
    version = run.stage_dir("mix") / run.published("mix").version / "shards"
    (run.root / "shards").unlink(missing_ok=True)
    (run.root / "shards").symlink_to(version)
    version.mkdir(exist_ok=True)
    assert run_of(run.root / "shards").root.name == "run"
    assert run_of(version).root.name == "run"
    assert run_of(folder) is None


@pytest.mark.parametrize(
    ("text", "message"), [(None, "has no manifest.json"), ("{", "is no manifest"), ('{"schema_version": 1}', "has version 1")]
)
def test_a_folder_without_a_manifest_is_said_to_have_none(tmp_path, text, message):
    """One line that says what is wrong and what to do."""
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(VerifyError, match=message):
        verify(tmp_path)


def test_the_command_ends_with_the_right_code(made, capsys):
    """0 for shards that are right, 5 for a difference, 1 for no manifest; JSON names file and field."""
    folder, manifest = made
    assert main(["verify", str(folder)]) == 0
    assert "as the manifest says" in capsys.readouterr().out
    (folder / manifest["shards"][0]["file"]).unlink()
    assert main(["verify", str(folder), "--json"]) == 5
    (difference,) = json.loads(capsys.readouterr().out)["differences"]
    assert difference["file"] == manifest["shards"][0]["file"]
    (folder / "manifest.json").unlink()
    assert main(["verify", str(folder)]) == 1
    assert "has no manifest.json" in capsys.readouterr().err
