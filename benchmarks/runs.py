"""What the benchmarks that start whole runs share: runs as a person would start them, what they cost, and Markdown tables.

Each run is a process of its own, so that peak memory and CPU are its own, too.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.store import Run

ROOT: Final = Path(__file__).resolve().parent.parent
Metrics = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Done:
    """A finished run.

    Parameters
    ----------
    root : Path
        Its folder.
    wall_s : float
        Seconds from the start of the process to its end.
    """

    root: Path
    wall_s: float

    @property
    def decisions(self) -> pa.Table:
        """What `woolmill dedup` decided, sorted by id."""
        return pq.read_table(self.root / "decisions.parquet", partitioning=None).sort_by("id")

    @property
    def metrics(self) -> dict[str, Metrics]:
        """Stage to metric to value."""
        run = Run.open(self.root)
        tables = {stage: pq.read_table(run.files("metrics", stage)[0], partitioning=None).to_pylist() for stage in run.stages}
        return {stage: {row["name"]: row["value"] for row in rows} for stage, rows in tables.items()}

    def facts(self, stage: str) -> dict[str, Any]:
        """Return what a stage says of its work."""
        body = json.loads((self.root / "stages" / stage / "current.json").read_text("utf-8"))
        found: dict[str, Any] = body["summary"]
        return found


def woolmill(*words: str, root: Path) -> Done:
    """Run a command whose run folder is ``root``.

    Raises
    ------
    RuntimeError
        When it ends with another code than 0; what it said is in the message.
    """
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "console", *words], cwd=ROOT, text=True, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"woolmill {' '.join(words)} ended with {done.returncode}: {(done.stdout + done.stderr)[-3000:]}")
    return Done(root, time.monotonic() - begun)


def dedup(texts: Path, root: Path, *settings: str) -> Done:
    """Run ``woolmill dedup`` on texts with further options and overrides."""
    return woolmill("dedup", str(texts), str(root), *settings, root=root)


def markdown(columns: Sequence[str], rows: Iterable[Sequence[object]], *, left: int = 1) -> str:
    """Return a table; the first ``left`` columns are words, the others numbers."""
    ruler = ["---"] * left + ["---:"] * (len(columns) - left)
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in (columns, ruler, *rows))


def megabytes(size: float) -> str:
    """Return bytes as MB."""
    return f"{size / 1e6:,.0f}"


def machine() -> str:
    """Say where figures come from, and how busy it is."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, load {load}"


def parser(what: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that all have."""
    made = argparse.ArgumentParser(description=what, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--scratch", type=Path, help="folder for a temporary folder, deleted at the end; by default the system's")
    made.add_argument("--out", type=Path, help="also write the result to this file")
    return made


def data_folder(given: argparse.ArgumentParser) -> Path:
    """Return what WOOLMILL_DATA names; end with a message where it is not set."""
    if not os.environ.get("WOOLMILL_DATA"):
        given.error("WOOLMILL_DATA is not set; it names the folder with neardup/ and warc/")
    return Path(os.environ["WOOLMILL_DATA"])


@contextmanager
def scratch(below: Path | None) -> Iterator[Path]:
    """Make a temporary folder, and delete it at the end."""
    if below:
        below.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=below, prefix="woolmill-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def tell(sections: Sequence[str], out: Path | None) -> None:
    """Print a report, and write it where that is asked for."""
    text = "\n\n".join((*sections, machine())) + "\n"
    print(text, end="")
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, "utf-8")
