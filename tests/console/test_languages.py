"""What is set per language can be listed, shown and fitted on a run, and what is fitted can be read back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import conftest
import numpy as np
import pytest
import yaml

from console.cli import main
from jobs.fit_languages import FitError, Wanted, fit_run, lower_words, text_of
from jobs.store import Run
from udfs import languages
from udfs.rules import RULE_SETS

RULES = RULE_SETS["multilingual"].rules
FUNCTION = {
    "en": ["the", "of", "and", "to", "in", "is", "that", "for", "it", "as", "with", "on"],
    "eo": ["la", "de", "kaj", "en", "al", "esti", "ke", "por", "ĝi", "kiel", "kun", "sur"],
}
FILTER = {
    "rules": {"general": ["general"], "multilingual": ["multilingual"]},
    "thresholds": {},
    "min_language_score": {},
    "languages_from": None,
}
COUNTS = {"en": 300, "eo": 240, "tr": 200, "sw": 30}


def harmless(seed: int) -> dict[str, float]:
    """Signals of a document that no rule fires on."""
    found = {rule.signal: rule.limit for rule in RULES} | {"n_words": 300.0, "n_prose_words": 300.0, "n_lines": 9.0}
    found |= {"stop_word_count": 12.0, "mean_word_chars": 4.0 + (seed % 100) / 50, "word_entropy_bits": 7.0}
    return found | {"alpha_word_share": 0.95, "terminal_line_share": 0.6}


def rows(table: str, lang: str, n: int) -> list[dict[str, Any]]:
    """The rows of a language's documents: words of eo are twice as long as those of English, those of tr as long."""
    made = []
    rng = np.random.default_rng(7)
    for i in range(n):
        words = FUNCTION.get(lang, FUNCTION["eo"])
        text = " ".join([*rng.permutation(words * 4), "the" if i % 2 else "", *[f"longword{'abcdefgh'[i % 8]}"] * 9])
        row = {"id": conftest.id_of(hash_of(lang, i)), "split": "aaaa", "lang": lang, "url": f"https://{i % 5}.example/{i}"}
        row |= {"text": text, "class": "general" if lang == "en" else "multilingual", "lang_score": 0.9 if i % 10 else 0.4}
        if table == "signals":
            row |= harmless(i)
            row["mean_word_chars"] *= 2 if lang == "eo" else 1
            row["stop_word_count"] = float("nan") if lang == "eo" else 12.0
        made.append(row)
    return made


def hash_of(lang: str, i: int) -> int:
    """A number for each document."""
    return 1000 * (1 + sorted(COUNTS).index(lang)) + i


def made_run(root: Path, stages: Sequence[str] = ("clean", "route"), **filter_: Any) -> Run:
    """A run whose signals are made up."""
    run = conftest.build_run(root, published=(), recipe={"stages": ["clean", "route"], "clean": {}, "filter": FILTER | filter_})
    tables = {"clean": ("signals", "cleaned"), "route": ("routes",)}
    for stage in stages:
        made = {name: [row for lang, n in COUNTS.items() for row in rows(name, lang, n)] for name in tables[stage]}
        conftest.write_stage(run, stage, made)
    return run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """English, a language nobody has set up, one that is set by hand, and one that is too rare."""
    return made_run(tmp_path_factory.mktemp("runs") / "made")


def test_fit(run: Run) -> None:
    """Limits follow the language's documents, stop words are found, and rare languages and unsure documents are left out."""
    found = {one.code: one for one in fit_run(run, Wanted())}
    assert sorted(found) == ["eo", "tr"]
    eo = found["eo"]
    assert (eo.documents, eo.english_documents, eo.words) == (216, 270, "")
    assert set(FUNCTION["eo"]) == set(eo.stop_words)
    moved = {one.rule.name: one.limit for one in eo.limits if one.moved}
    assert list(moved) == ["gopher.mean_word.high"]
    assert 11.5 < moved["gopher.mean_word.high"] < 12


def test_what_is_set_by_hand_wins(run: Run) -> None:
    """A limit and stop words that are set by hand stay and are marked; --replace fits them as well."""
    (tr,) = fit_run(run, Wanted(codes=("tr",)))
    by_hand = languages.load("tr")
    assert tr.stop_words == by_hand.stop_words
    assert {one.rule.name: one.limit for one in tr.limits}["gopher.mean_word.high"] == 15
    assert "gopher.mean_word.high: 15  # set by hand; drops 0.0%" in text_of(tr)
    (fitted,) = fit_run(run, Wanted(codes=("tr",), replace=True))
    assert {one.rule.name: one.limit for one in fitted.limits}["gopher.mean_word.high"] == 10
    assert not fitted.by_hand


def test_files_are_equal_and_read_back(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command writes a file a language, the same bytes every time, and a recipe that names the folder gets its values."""
    for name in ("one", "two"):
        assert main(["languages", "fit", str(run.root), "--out", str(tmp_path / name), "--json"]) == 0
    shown, _ = json.JSONDecoder().raw_decode(capsys.readouterr().out)
    assert [one["language"] for one in shown] == ["eo", "tr"]
    assert [path.name for path in sorted((tmp_path / "one").iterdir())] == ["eo.yaml", "tr.yaml"]
    for name in ("eo.yaml", "tr.yaml"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    text = (tmp_path / "one" / "eo.yaml").read_text("utf-8")
    assert "216 trusted documents of eo, 270 of English" in text
    assert set(yaml.safe_load(text)) == {"stop_words", "thresholds"}
    own = languages.load("eo", str(tmp_path / "one"))
    assert set(own.stop_words) == set(FUNCTION["eo"])
    assert own.thresholds["gopher.mean_word.high"] > 11
    assert languages.load("eo") == languages.Language("eo")
    assert languages.load("de", str(tmp_path / "one")) == languages.load("de")
    assert languages.load("tr", str(tmp_path / "one")) == languages.load("tr")
    assert "eo" in languages.available(str(tmp_path / "one"))


def test_the_table(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """People see the file, how many documents, the stop words, and a line a rule."""
    assert main(["languages", "fit", str(run.root), "--out", str(tmp_path), "--language", "eo"]) == 0
    said = capsys.readouterr().out
    assert "eo.yaml: 216 documents; stop words: " in said
    assert "English limit" in said
    (line,) = (one.split() for one in said.splitlines() if one.startswith("gopher.mean_word.high"))
    assert line[1:3] == ["10", "0.0%"]
    assert line[-1] == "fitted"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--language", "sw"], "27 trusted documents of 'sw'; at least 100"),
        (["--language", "xx"], "0 trusted documents of 'xx'"),
        (["--least", "1000"], "270 trusted English documents"),
    ],
)
def test_too_few_documents(arguments: list[str], said: str, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A language or an English that is too rare ends the command with one line, and nothing is written."""
    assert main(["languages", "fit", str(run.root), "--out", str(tmp_path / "out"), *arguments]) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_run_without_signals(tmp_path: Path) -> None:
    """A run that has not been cleaned is refused; one without classes counts all documents as prose."""
    with pytest.raises(FitError, match="no signals"):
        fit_run(made_run(tmp_path / "bare", ()), Wanted())
    assert [one.code for one in fit_run(made_run(tmp_path / "unrouted", ("clean",)), Wanted())] == ["eo", "tr"]


def test_limits_that_the_recipe_sets_are_not_fitted(tmp_path: Path) -> None:
    """A threshold of the recipe holds for all languages, so there is nothing to fit."""
    run = made_run(tmp_path / "set", thresholds={"gopher.mean_word.high": 9})
    (eo,) = fit_run(run, Wanted(codes=("eo",)))
    assert "gopher.mean_word.high" not in {one.rule.name for one in eo.limits}


def test_list_and_show(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every language with a file is listed with its source; one is shown with its limits beside the English ones."""
    assert main(["languages", "list", "--json"]) == 0
    listed = {row["language"]: row for row in json.loads(capsys.readouterr().out)}
    assert sorted(listed) == list(languages.available())
    assert listed["de"]["file"] == "conf:languages/de.yaml"
    assert "codepoint" in listed["km"]["words"]
    (tmp_path / "de.yaml").write_text(
        "# Mine.\nstop_words: [und]\nthresholds:\n  gopher.mean_word.high: 14.5  # tried\n", "utf-8"
    )
    assert main(["languages", "show", "de", "--from", str(tmp_path), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["file"] == str(tmp_path / "de.yaml")
    assert shown["about"] == "Mine."
    assert shown["limits"] == [{"rule": "gopher.mean_word.high", "limit": 14.5, "english": 10, "note": "tried"}]
    assert main(["languages", "show", "de"]) == 0
    assert "set by hand" in capsys.readouterr().out
    assert main(["languages", "list"]) == 0
    assert "conf:languages/zh.yaml" in capsys.readouterr().out


@pytest.mark.parametrize("code", ["xx", "../languages/de", ""])
def test_a_language_that_is_not_set_up(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A language without a file is no error of the program, and no path leads out of the folder."""
    assert main(["languages", "show", code]) == 1
    assert "nothing is set for" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("limits: {}", "unknown field 'limits'; allowed: stop_words, thresholds"),
        ("- a", "unknown field list"),
        ("thresholds: {gopher.mean_word.high: wide}", "numbers"),
        ("thresholds: [1]", "numbers"),
        ("stop_words: [", "no YAML"),
    ],
)
def test_broken_files(text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that can't be used is named, with what is wrong, in one line."""
    (tmp_path / "eo.yaml").write_text(text, "utf-8")
    assert main(["languages", "show", "eo", "--from", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "eo.yaml" in error
    assert said in error


def test_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that is not there is said so."""
    assert main(["languages", "list", "--from", str(tmp_path / "none")]) == 2
    assert "there is no folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("en", "Don't STOP 3.14", "don't stop 3.14"),
        ("km", "ភាសា Linux ខ្មែរ, ៣", "ភា សា linux ខ្មែ រ ៣"),
        ("bo", "བོད་ཡིག OK", "བོད ཡིག ok"),
        ("km", "", ""),
        ("km", "a", "a"),
    ],
)
def test_words_of_a_text(language: str, text: str, words: str) -> None:
    """Words end where the next one begins, where their stretch ends, and before punctuation."""
    assert lower_words(text, language) == words.split()
