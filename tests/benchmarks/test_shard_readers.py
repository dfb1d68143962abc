"""Our shards of token sequences are read by the packages they are for, where an environment with them is named."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from benchmarks import shard_readers

OTHER = os.environ.get("WOOLMILL_READERS")
"""A Python with torch, megatron-core and mosaicml-streaming (see `benchmarks.shard_readers`)."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shards")
    shard_readers.write(folder, documents=300)
    return folder


def test_numpy_reads_them(written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Arrays that were appended to are what `numpy.load` maps, and a changed id is told."""
    for kind in ("documents", "packed"):
        shutil.copytree(written / f"npy-uint16-{kind}", tmp_path / f"npy-uint16-{kind}")
    assert shard_readers.read(tmp_path) == 0
    ids = np.load(tmp_path / "npy-uint16-packed" / f"{shard_readers.NAME}.npy", mmap_mode="r+")
    ids[3, 3] += 1
    ids.flush()
    assert shard_readers.read(tmp_path) == 1
    assert capsys.readouterr().out.count("NOT EQUAL") == 1


@pytest.mark.skipif(not OTHER, reason="WOOLMILL_READERS names no Python with torch, megatron-core and mosaicml-streaming")
def test_the_packages_read_them(written: Path) -> None:
    """Megatron Core and MosaicML Streaming read every sequence as it was written, and the latter writes the same bytes."""
    script = Path(shard_readers.__file__)
    done = subprocess.run(
        [str(OTHER), str(script), "read", str(written)], capture_output=True, text=True, cwd=written, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert "NOT" not in done.stdout
    assert done.stdout.count(" equal\n") == 13
