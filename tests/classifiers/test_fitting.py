"""Models of one's own, from files to a store: split by domain, twice the same bytes, and one clear line for each mistake."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from classifiers import fitting, train
from classifiers.evaluation.calibration import Calibration
from classifiers.evaluation.splits import part_of
from classifiers.fasttext_clf import Example, Recipe, load
from classifiers.registry import digest_of, find

pytest.importorskip("sklearn")

WORDS = ("river", "stone", "garden", "letter", "winter", "morning", "teacher", "bridge", "window", "market", "summer", "paper")


def page(number: int, *, good: bool) -> dict[str, Any]:
    first, second, third = (f"{WORDS[(number * k) % len(WORDS)]}{chr(97 + number % 23)}" for k in (1, 2, 4))
    told = (
        f"The {first} lies behind the {second}, and the {third} is old."
        if good
        else f"{first} $ buy {second} ! {third} $ 9 now !"
    )
    return {"id": f"{number}-{good}", "url": f"https://site{number % 40}.org/{number}/{good}", "text": told, "language": "en"}


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let models be small: toys need no more."""
    monkeypatch.setattr(fitting, "BASE", Recipe(lr=0.5, epochs=5, dim=4, min_count=1, bucket=2_000, cutoff=1_000))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with texts, a list of URLs of the good ones, and labels of all."""
    folder = tmp_path_factory.mktemp("files")
    pages = [page(number, good=good) for number in range(400) for good in (True, False)]
    (folder / "texts.jsonl").write_text("".join(json.dumps(one) + "\n" for one in pages), encoding="utf-8")
    (folder / "urls.txt").write_text("\n".join(one["url"] for one in pages if one["id"].endswith("True")), encoding="utf-8")
    labels = [{"id": one["id"], "score": 4 if one["id"].endswith("True") else 0} for one in pages]
    (folder / "labels.jsonl").write_text("".join(json.dumps(one) + "\n" for one in labels), encoding="utf-8")
    return folder


def words(files: Path, task: str, out: Path, *more: str) -> list[str]:
    named = {"wikiref": ["--urls", str(files / "urls.txt")], "labels": ["--labels", str(files / "labels.jsonl")]}[task]
    return [task, "--texts", str(files / "texts.jsonl"), *named, "--out", str(out), *more]


@pytest.mark.parametrize("task", ["wikiref", "labels"])
def test_from_files_to_a_model_in_the_store(task: str, files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The model is found by name and version, is the file its card says, tells the classes apart, and has all a card can have."""
    assert train.main(words(files, task, tmp_path, "--name", "mine", "--version", "3")) == 0
    assert "mine@3" in capsys.readouterr().out
    found = find("mine@3", tmp_path)
    card = found.card
    assert found.checked() == tmp_path / "mine" / "3" / "model.ftz"
    assert card.evaluation["auc"][0] == 1.0
    assert {entry["file"] for entry in card.training_data} >= {"texts.jsonl"}
    assert all(entry["sha256"] == digest_of(files / entry["file"]) for entry in card.training_data)
    assert Calibration.from_json(card.calibration).method == "platt"
    assert card.percentiles["quantiles"][""]
    assert card.thresholds["precision 0.9"]["precision"] >= 0.9
    assert card.command.startswith(f"python -m classifiers.train {task}")
    model = load("mine", tmp_path)
    good, bad = model.of(page(7, good=True)["text"]), model.of(page(7, good=False)["text"])
    assert good is not None
    assert bad is not None
    assert good > bad


def test_made_twice_the_same_bytes(files: Path, tmp_path: Path) -> None:
    """Model and card are byte-identical in another run, also with a search of the same number of candidates."""
    for folder in ("one", "two"):
        command = words(files, "labels", Path("store"), "--budget", "60", "--candidates", "2")
        command[command.index("store")] = str(tmp_path / folder)
        assert train.main(command) == 0
    one, two = (tmp_path / folder / "labels" / "1" for folder in ("one", "two"))
    assert (one / "model.ftz").read_bytes() == (two / "model.ftz").read_bytes()
    cards = [(folder / "card.json").read_text(encoding="utf-8") for folder in (one, two)]
    assert cards[0].replace(str(tmp_path / "one"), "X") == cards[1].replace(str(tmp_path / "two"), "X")
    assert len(json.loads(cards[0])["parameters"]["search"]["tried"]) == 2


def test_no_domain_is_on_two_sides(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is trained on, calibrated on and measured on are of different domains."""
    seen: list[set[str]] = []
    real_train, real_scored = fitting.train, fitting.scored
    monkeypatch.setattr(fitting, "train", lambda rows, *rest: (seen.append({r.group for r in rows}), real_train(rows, *rest)))
    monkeypatch.setattr(
        fitting, "scored", lambda rows, model: (seen.append({r.group for r in rows}), real_scored(rows, model))[1]
    )
    assert train.main(words(files, "labels", tmp_path)) == 0
    learnt, validated, tested = seen[:3]
    assert learnt
    assert validated
    assert tested
    assert not learnt & validated
    assert not learnt & tested
    assert not validated & tested
    assert all(part_of(group) == "test" for group in tested)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ('{"id": "1-True", "label": "high"}\n', "needs labels of two classes, all 1 that are clear are 'yes'"),
        ('{"id": "1-True", "score": 5}\n{"id": "1-False", "score": 0}\n', "each part of the split by domain needs 5 examples"),
        ('{"id": "nowhere", "score": 5}\n{"id": "1-False", "score": 0}\n', "there is no text for nowhere"),
        ("[1]\n", "no JSON object"),
    ],
)
def test_mistakes_are_one_line(labels: str, said: str, files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One class only, too few domains, no text, no JSON: one line, exit code 2, and nothing is written."""
    (tmp_path / "labels.jsonl").write_text(labels, encoding="utf-8")
    command = ["labels", "--labels", str(tmp_path / "labels.jsonl"), "--texts", str(files / "texts.jsonl")]
    assert train.main([*command, "--out", str(tmp_path / "out")]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_missing_files_and_words_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not there is named; a call without files says which it needs."""
    assert train.main(["labels", "--labels", str(tmp_path / "none.jsonl"), "--out", str(tmp_path)]) == 2
    assert "none.jsonl: No such file" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        train.main(["wikiref", "--out", str(tmp_path)])
    assert "wikiref needs --texts and --urls" in capsys.readouterr().err


def test_the_check_counts_each_part() -> None:
    """What is missing is counted by part and class."""
    with pytest.raises(ValueError, match="train 0 of yes and 1 of no, validation 0 of yes and 0 of no"):
        fitting._check({"train": [Example("a", "no", "x")], "validation": [], "test": []})
