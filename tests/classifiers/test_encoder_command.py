"""The command line where an extra is missing, and the help."""

from __future__ import annotations

import importlib.util
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from classifiers.encoder.extras import NEEDED, ExtraMissing, need
from classifiers.encoder.folders import whole
from classifiers.encoder_clf import main, parser


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without any extra."""
    found = importlib.util.find_spec
    missing = {name for names in NEEDED.values() for name in names}

    def find(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name in missing else found(name, package)

    monkeypatch.setattr("classifiers.encoder.extras.find_spec", find)
    for name in ("student", "train", "tuning", "export", "small", "recipes"):
        monkeypatch.delitem(sys.modules, f"classifiers.encoder.{name}", raising=False)


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    ("command", "extra"),
    [
        (["train", "--labels", "x.jsonl", "--out", "s"], "encoder"),
        (["export", "s", "--out", "m", "--texts", "x.jsonl"], "encoder"),
        (["build", "--texts", "x.jsonl", "--out", "e"], "encoder"),
    ],
)
def test_a_missing_extra_is_one_line(command: list[str], extra: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without torch and the rest, training says in one line what to install."""
    assert main(command) == 2
    error = capsys.readouterr().err
    assert f"pip install 'woolmill[{extra}]'" in error
    assert error.count("\n") == 1


@pytest.mark.usefixtures("bare")
def test_what_is_missing_is_listed() -> None:
    """The message names the packages that are not there."""
    with pytest.raises(ExtraMissing, match="scoring needs onnxruntime, tokenizers: "):
        need("onnx", "scoring")


def test_a_model_that_is_not_there_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Scoring with a folder that holds no model ends with status 2."""
    pytest.importorskip("onnxruntime", reason="the extra onnx is not installed: pip install 'woolmill[onnx]'")
    assert main(["score", str(tmp_path), str(tmp_path / "texts.jsonl")]) == 2
    assert "holds no card.json" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["train", "export", "score", "build", "distil"])
def test_each_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Help needs no extra, and every command has an example."""
    with pytest.raises(SystemExit) as ended:
        parser().parse_args([command, "--help"])
    assert ended.value.code == 0
    assert "--help" in capsys.readouterr().out
    assert f"encoder_clf {command} " in parser().format_help()


def test_a_folder_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """What fails in the middle leaves the old folder, and nothing beside it; what succeeds replaces it."""
    target = tmp_path / "model"
    with whole(target) as scratch:
        (scratch / "a").write_text("1")

    def fail() -> None:
        with whole(target) as scratch:
            (scratch / "a").write_text("2")
            raise OSError("disk is full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert (target / "a").read_text() == "1"
    with whole(target) as scratch:
        (scratch / "b").write_text("3")
    assert [one.name for one in target.iterdir()] == ["b"]
    assert list(tmp_path.iterdir()) == [target]
