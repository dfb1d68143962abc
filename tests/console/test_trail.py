"""The trail has one row a record, in every format, whatever became of the record."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import conftest
import pyarrow.parquet as pq
import pytest
import zstandard

from console.trail import SUFFIXES, TrailError, write_trail
from jobs.store import Run, StoreError


def rows_in(path: Path) -> list[dict[str, object]]:
    """Read a trail in any of its formats; dates of Parquet as text."""
    if path.suffix == ".parquet":
        rows = pq.read_table(path).to_pylist()
        return [r | {"date": r["date"] and r["date"].isoformat().replace("+00:00", "Z")} for r in rows]
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    elif path.suffix == ".zst":
        data = zstandard.ZstdDecompressor().stream_reader(data).read()
    return [json.loads(line) for line in data.decode().splitlines()]


@pytest.fixture(scope="module")
def trail(tiny: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """The tiny run's trail by id."""
    out = tmp_path_factory.mktemp("trail") / "trail.jsonl"
    assert write_trail(tiny, out) == len(conftest.RECORDS)
    return {str(row["id"]): row for row in rows_in(out)}


@pytest.mark.parametrize("record", conftest.RECORDS, ids=lambda r: str(r[0]))
def test_every_record_has_the_outcome_of_its_decision(record: tuple, trail: dict[str, dict[str, object]]) -> None:
    """A record is what its one drop or quarantine says, kept without one, with class and copies of the mixture."""
    n, url, _, _, _, decision = record
    row = trail[conftest.id_of(n).hex()]
    stage, action, reason = decision[:3] if decision else ("", "keep", "")
    status = {"keep": "kept", "drop": "dropped", "quarantine": "quarantined"}[action]
    assert (row["status"], row["stage"], row["reason"]) == (status, stage, reason)
    known = conftest.about(n)
    assert (row["url"], row["record_id"], row["offset"], row["length"]) == (url, known["record_id"], 1000 * n, 900)
    assert row["file"] == Path(known["file"]).name
    assert row["copies"] == (known["copies"] if status == "kept" else None)
    routed = conftest.lost_at(n) > conftest.STAGES.index("route")
    assert row["class"] == (known["class"] if routed else None)


def test_a_document_that_was_not_sampled_is_kept(trail: dict[str, dict[str, object]]) -> None:
    """Zero copies is no decision."""
    row = trail[conftest.id_of(5).hex()]
    assert (row["status"], row["copies"]) == ("kept", 0)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_all_formats_say_the_same_and_are_the_same_bytes_again(suffix: str, tiny: Run, tmp_path: Path) -> None:
    """Each format reads back to the same rows; writing twice gives equal files and leaves nothing else behind."""
    plain, first, second = tmp_path / "p.jsonl", tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    for path in (plain, first, second):
        write_trail(tiny, path)
    assert rows_in(first) == rows_in(plain)
    assert first.read_bytes() == second.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted({plain.name, first.name, second.name})


def test_a_suffix_that_is_no_format_is_refused_before_anything_is_read(tiny: Run, tmp_path: Path) -> None:
    """The message names what was given and what is allowed."""
    with pytest.raises(TrailError, match=r"trail\.csv.*\.parquet"):
        write_trail(tiny, tmp_path / "trail.csv")


@pytest.mark.parametrize("stage", ["filter", "mix"])
def test_an_unfinished_run_names_the_stage_that_is_missing(stage: str, tmp_path: Path) -> None:
    """No trail is written while a stage has not been published; the report is not needed."""
    before = conftest.STAGES[: conftest.STAGES.index(stage)]
    run = conftest.build_run(tmp_path / "run", published=before)
    with pytest.raises(StoreError, match=f"'{stage}' isn't up to date"):
        write_trail(run, tmp_path / "trail.jsonl")
    assert not (tmp_path / "trail.jsonl").exists()


def test_the_first_decision_by_the_recipes_order_counts_and_rows_never_multiply(tmp_path: Path) -> None:
    """Two drops and a record id that a file holds twice: still one row a record, with the earlier stage's reason."""
    run = conftest.build_run(tmp_path / "run")
    tables = conftest.rows_of("urls")
    late = conftest.rows_of("filter")["decisions"][0]
    tables["decisions"].append(late | {"stage": "urls", "reason": "earlier"})
    conftest.write_stage(run, "urls", tables)
    extract = conftest.rows_of("extract")
    for name in ("records", "documents"):
        extract[name].append(conftest.about(4) | {"offset": 999_999})
    conftest.write_stage(run, "extract", extract)
    mixed = conftest.rows_of("mix")
    mixed["mixture"].append(conftest.about(4))
    conftest.write_stage(run, "mix", mixed)
    assert write_trail(run, tmp_path / "t.jsonl") == len(conftest.RECORDS) + 1
    rows = rows_in(tmp_path / "t.jsonl")
    assert [r["reason"] for r in rows if r["id"] == conftest.id_of(7).hex()] == ["earlier"]
    assert [r["status"] for r in rows if r["id"] == conftest.id_of(4).hex()] == ["kept", "kept"]


def test_damage_that_only_the_quarantine_table_names_is_quarantined(tmp_path: Path) -> None:
    """A stretch without a decision is not taken as kept."""
    run = conftest.build_run(tmp_path / "run")
    tables = conftest.rows_of("extract")
    tables["decisions"] = [d for d in tables["decisions"] if d["action"] == "drop"]
    conftest.write_stage(run, "extract", tables)
    write_trail(run, tmp_path / "t.jsonl")
    row = next(r for r in rows_in(tmp_path / "t.jsonl") if r["id"] == conftest.id_of(3).hex())
    assert (row["status"], row["stage"], row["reason"]) == ("quarantined", "extract", "damaged")


def test_a_run_without_records_has_an_empty_trail(tmp_path: Path) -> None:
    """Parquet still has its columns."""
    run = conftest.build_run(tmp_path / "run")
    conftest.write_stage(run, "extract", {"records": []})
    assert write_trail(run, tmp_path / "t.parquet") == 0
    assert "status" in pq.read_table(tmp_path / "t.parquet").column_names
