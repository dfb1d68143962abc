"""The command `references` builds, from any texts, a file that the KL rules take."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from console.cli import main
from jobs.references import Text, Wanted, sampled
from udfs import kl

WORDS = [f"{a}{b}{c}" for a in "bdfgklm" for b in "aeiou" for c in ("n", "r", "st", "t")]


def row(i: int, lang: str | None) -> dict[str, object]:
    """Make a text of a hundred words."""
    text = " ".join(random.Random(f"{lang}{i}").choices(WORDS, k=100))
    return {"id": f"{lang}{i}", "text": text, "url": f"https://www.s{i % 5}.example/{i}", "lang": lang}


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """A file of forty texts in each of two languages and forty without one."""
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(json.dumps(row(i, lang)) + "\n" for lang in ("en", "de", None) for i in range(40)), encoding="utf-8")
    return path


def test_any_texts_make_a_file_of_references(texts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each language with enough tokens has a reference; the digest is said; the same texts make the same bytes."""
    out, again = tmp_path / "a.npz", tmp_path / "b.npz"
    for path in (again, out):
        capsys.readouterr()
        assert main(["references", str(texts), "--out", str(path), "--least", "1000", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert len(said["sha256"]) == 64
    assert {one["language"]: one["tokens"] for one in said["languages"]} == {"de": 4000, "en": 4000}
    assert out.read_bytes() == again.read_bytes()
    assert kl.score(str(row(99, "en")["text"]), kl.load(out)["en"]).oov_share == 0


def test_one_language_takes_what_names_none(texts: Path, tmp_path: Path) -> None:
    """Where one language is asked for, texts without a language count as it."""
    out = tmp_path / "a.npz"
    assert main(["references", str(texts), "--out", str(out), "--languages", "en", "--least", "1000"]) == 0
    (reference,) = kl.load(out).values()
    assert (reference.language, reference.tokens) == ("en", 8000)


def test_too_little_text_is_one_line(texts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a language of enough tokens nothing is written."""
    assert main(["references", str(texts), "--out", str(tmp_path / "a.npz")]) == 1
    assert "no language has 200,000 tokens" in capsys.readouterr().err
    assert not (tmp_path / "a.npz").exists()


def test_samples_are_capped_and_free_of_order() -> None:
    """A site gives at most so many texts, each once, whichever way the texts come."""
    given = [Text("en", f"s{i % 2}", f"text {i}") for i in range(30)] * 2
    chosen = sampled(given, Wanted(per_site=10))
    assert chosen == sampled(reversed(given), Wanted(per_site=10))
    assert len(chosen["en"]) == 20
