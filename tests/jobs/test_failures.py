"""What goes wrong is one clear line and an exit code, and nothing half-written looks finished."""

from __future__ import annotations

import gzip
import random
import subprocess
from pathlib import Path

import pytest

from jobs.pipeline import run_recipe
from jobs.store import Run

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "conf" / "demo.yaml"
SAMPLE = ROOT / "tests" / "data" / "sample_crawl"
RECORD = (
    b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:11111111-1111-1111-1111-111111111111>\r\n"
    b"WARC-Date: 2026-01-01T00:00:00Z\r\nWARC-Target-URI: http://a.example/\r\n"
    b"Content-Type: application/http; msgtype=response\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n"
)
PICTURE = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\x1a\n...."


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line of the error."""
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    return errors[0]


@pytest.mark.parametrize(
    ("override", "code", "says"),
    [
        ("mix.sead=3", 2, "the closest is 'mix.seed'"),
        ("filter.thresholds={gopher.word_count.lo: 3}", 2, "did you mean 'gopher.word_count.low'?"),
        ("extract.blocklists=nowhere", 2, "no block list at"),
        ("decontaminate.index=nowhere.npz", 2, "there is no file"),
        ("mix={counter: tokenizers, tokenizer: 'model:bpe', vocabulary: 100}", 2, "mix.vocabulary is 100, but the ids of"),
        ("mix={counter: tokenizers, tokenizer: nowhere.json}", 2, "nowhere.json"),
        ("input.paths=nowhere.warc.gz", 3, "nowhere.warc.gz: there is no such file"),
        ("output.path=/proc/nowhere", 4, "output.path: can't write to /proc/nowhere"),
    ],
)
def test_what_a_person_got_wrong_ends_before_anything_is_written(override, code, says, tmp_path, capsys):
    """Settings, input and output are checked before Spark starts; no run folder is left."""
    assert run_recipe(DEMO, [f"output.path={tmp_path / 'runs'}", override]) == code
    assert says in said(capsys)
    assert not (tmp_path / "runs").exists()


@pytest.mark.spark
def test_an_input_without_any_page_says_what_it_holds(spark, tmp_path, capsys):
    """A crawl of pictures ends with the reasons for which nothing is left."""
    (tmp_path / "a.warc.gz").write_bytes(gzip.compress(RECORD % (len(PICTURE), PICTURE)))
    assert run_recipe(DEMO, [f"output.path={tmp_path}", f"input.paths={tmp_path}/a.warc.gz"]) == 3
    assert "extract left no document: 1 went in (not_html 1)" in said(capsys)
    assert Run.open(tmp_path / "demo").published("urls") is None


@pytest.mark.spark
def test_a_corrupt_file_is_quarantined_and_the_run_goes_on(spark, tmp_path):
    """Garbage beside a sound file: one quarantined stretch with its place, exit code 0."""
    (tmp_path / "garbage.warc.gz").write_bytes(random.Random(1).randbytes(20_000))
    paths = f"{tmp_path}/garbage.warc.gz,{SAMPLE}/sample-2026-14-00000.warc.gz"
    assert run_recipe(DEMO, [f"output.path={tmp_path}", f"input.paths={paths}", "stages=[extract]"]) == 0
    found = Run.open(tmp_path / "demo").published("extract").summary["accounts"]
    assert ["quarantined", "bad_gzip_member", 1] in found


@pytest.mark.spark
def test_a_full_disk_is_one_line_and_publishes_nothing(spark, tmp_path, capsys):
    """On a file system of 200 kB the run ends with what to do, and no table is visible."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", small], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("this user can't mount a small file system")
    try:
        assert run_recipe(DEMO, [f"output.path={small}", "stages=[extract]"]) == 4
        assert "no space left on the device" in said(capsys)
        run = Run.open(small / "demo")
        assert run.published("extract") is None
        assert not (run.root / "documents").exists()
    finally:
        subprocess.run(["umount", "--lazy", small], check=True)
