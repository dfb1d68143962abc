"""The references that ship: what they are made of, that they work, that making them again gives the same bytes."""

from __future__ import annotations

import json
import lzma
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifiers import references
from classifiers.references import MAX_PER_SITE, Trusted, make_benchmarks, make_dirty_words, sampled, unigram_references
from classifiers.registry import MODELS, path_of
from udfs import kl
from udfs.decontamination import NgramIndex, Rule, copies
from udfs.signals import dirty
from udfs.signals.tokenised import token_hashes

PLAIN = (
    "The garden behind the house was planted by his grandmother, who had carried the seeds over the mountains in a paper bag. "
    "Every spring the family would turn the soil together, and in the evening they read the newspaper under the apple tree. "
)
GIBBERISH = "qxzv wplk tzzq vbnr xkcd jjqp zzkw mnvq plqz rtvx wqqk zxpl bvkq nnzx qwpv kkzj vxqr tplz mqzv jwxk " * 3


@pytest.fixture(scope="module")
def data() -> Path:
    if not os.environ.get("WOOLMILL_DATA"):
        pytest.skip("WOOLMILL_DATA is not set: the input data is not here")
    return Path(os.environ["WOOLMILL_DATA"])


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(lzma.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))


def test_samples_are_capped_and_free_of_order() -> None:
    """A site gives at most 50 texts a language, each once, whichever way the texts come."""
    texts = [Trusted("en", f"s{i % 2}", f"text {i}") for i in range(300)] + [Trusted("de", "s0", "ein Text")] * 2
    chosen = sampled(texts)
    assert chosen == sampled(reversed(texts))
    assert (len(chosen["en"]), len(chosen["de"])) == (2 * MAX_PER_SITE, 1)


def test_languages_with_too_few_tokens_get_no_reference() -> None:
    """A language below the minimum, or with texts in one half only, is left out."""
    many = [Trusted("en", f"s{i}", f"{PLAIN} number {i} of these") for i in range(40)]
    texts = {"en": many, "de": [Trusted("de", "s", "Ein kurzer Satz.")]}
    assert list(unigram_references(texts, min_tokens=500)) == ["en"]
    assert unigram_references(texts, min_tokens=10**6) == {}


def test_unigrams_tell_plain_text_from_gibberish() -> None:
    """The shipped English reference passes plain prose and finds gibberish an outlier."""
    references_by_language = kl.load(path_of("unigrams"))
    assert {"en", "de", "fr", "es", "ja", "zh", "ru", "ko"} <= set(references_by_language)
    assert set(MODELS["unigrams"].metrics["languages"]) == set(references_by_language)
    assert not kl.score(PLAIN, references_by_language["en"]).is_outlier
    assert kl.score(PLAIN * 2, references_by_language["en"]).salad_excess < 0
    assert kl.score(GIBBERISH, references_by_language["en"]).is_outlier


def test_unigrams_hold_hashes_and_numbers_only() -> None:
    """No array of the file holds text or objects."""
    for name in ("unigrams", "dirty_words"):
        with np.load(path_of(name), allow_pickle=False) as arrays:
            assert {arrays[key].dtype.kind for key in arrays.files} <= {"i", "u", "f"}


def test_dirty_words_count_and_leave_harmless_text_alone() -> None:
    """Listed words are counted by distinct entries; the entries named as traps are not among them."""
    words = dirty.load(path_of("dirty_words"))
    assert words.count(token_hashes("porn, porn and more Porn: hentai"), "en") == (4, 2)
    assert words.count(token_hashes("Sex and breasts in medical text; an escort to the kinky wire"), "en") == (0, 0)
    assert words.count(token_hashes("女の子がグロを見た"), "ja") == (0, 0)
    assert words.count(token_hashes(PLAIN), "en") == (0, 0)
    assert words.count(token_hashes("porn"), "tlh") == (0, 0)


def test_benchmarks_are_found_and_named(data: Path) -> None:
    """Items of each suite, in upper case and inside other text, are found by name; plain text is clean."""
    index = NgramIndex.load(path_of("benchmarks"))
    for file in sorted((data / "benchmarks").glob("*.jsonl.xz")):
        with lzma.open(file, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines][:40:10]
        for row in (r for r in rows if len(r["text"].split()) >= 20):
            hits = copies(index.match(f"{PLAIN}\n{row['text'].upper()}\n{PLAIN}"), lambda _: Rule())
            assert (hits[0].suite, hits[0].coverage > 0.9) == (row["benchmark"], True)
    assert index.match(PLAIN) == []


def test_dirty_words_and_benchmarks_made_again_are_the_same_bytes(data: Path, tmp_path: Path) -> None:
    """The files and cards made again from the data are those that ship."""
    for make in (make_dirty_words, make_benchmarks):
        card = make(data, tmp_path)
        assert (tmp_path / card.file).read_bytes() == path_of(card.name).read_bytes()
        assert card.to_json() == MODELS[card.name].to_json()


def test_unigrams_made_twice_are_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the same small data the word frequencies come out the same, and untrusted or foreign texts are left out."""
    monkeypatch.setattr(references, "MIN_TOKENS", 100)
    high = [{"text": f"{PLAIN} part {i}", "label": "high", "class": "essay", "lang": "en", "source": f"s{i}"} for i in range(30)]
    low = {"text": "unwanted " * 50, "label": "low", "class": "spam", "lang": "en", "source": "a"}
    foreign = "Der Garten hinter dem Haus wurde von seiner Großmutter angelegt, und sie liebte ihn sehr. "
    web = [{"text": foreign * 3, "lang": "en-us", "url": "https://x.de/", "page_type": "article"}]
    page = {"html": f"<html><body><main><p>{PLAIN * 4}</p></main></body></html>", "lang": "en-gb", "url": "https://b.org/"}
    write(tmp_path / "textclasses.jsonl.xz", [*high, low])
    write(tmp_path / "parity" / "texts.jsonl.xz", [{"text": "edge " * 90, "kind": "edge", "lang": "en", "source": "made"}])
    write(tmp_path / "extraction_train.jsonl.xz", web)
    write(tmp_path / "extraction_pages.jsonl.xz", [page, {**page, "lang": None}])
    made = [references.make_unigrams(tmp_path, tmp_path).sha256 for _ in range(2)]
    assert made[0] == made[1]
    (reference,) = kl.load(tmp_path / "unigrams.npz").values()
    assert reference.language == "en"
    assert kl.score("garden mountains newspaper", reference).oov_share == 0
    assert kl.score("unwanted edge Großmutter", reference).oov_share == 1


@pytest.mark.parametrize("missing", ["textclasses.jsonl.xz", "ldnoobw", "benchmarks"])
def test_missing_data_is_one_line(tmp_path: Path, missing: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without its data each reference names what it looked for, and the command fails."""
    makers = {"textclasses.jsonl.xz": references.make_unigrams, "ldnoobw": make_dirty_words, "benchmarks": make_benchmarks}
    with pytest.raises(FileNotFoundError) as caught:
        makers[missing](tmp_path, tmp_path)
    assert str(caught.value.filename).endswith(missing)
    assert references.main(["--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
