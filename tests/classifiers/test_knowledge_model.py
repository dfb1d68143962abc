"""The classifier of knowledge classes: features, training, the model that ships, and its labels."""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers.knowledge import examples, train
from classifiers.knowledge.examples import Labelled, folds_of, labels, seed_examples
from classifiers.knowledge.features import BUCKETS, Page, fields_of, grams, scores
from classifiers.knowledge.model import Guess, Knowledge, classify, load, read, steps, weights
from classifiers.registry import MODELS, folder
from conf.taxonomy import load as load_taxonomy
from udfs.words import codepoints

HOSTILE = ("", " ", "a", "\x00", "\ud800", "\u202e", "__label__x", "日本語", "👍🏽", "a" * 200_000, "ab " * 50_000, "\n" * 10_000)


def naive(prepared: str) -> Counter[str]:
    """N-grams by Python: of each word with a blank on either side, from 3 characters on, as long as they fit."""
    found: Counter[str] = Counter()
    for word in prepared.split(" "):
        padded = f" {word} "
        for n in (3, 4, 5):
            if word and len(padded) >= n:
                found.update(padded[i : i + n] for i in range(len(padded) - n + 1))
    return found


@settings(deadline=None)
@given(st.lists(st.text("abcdé日ж", max_size=8), max_size=12))
def test_grams_are_those_of_the_words(words: list[str]) -> None:
    """The compiled count has as many n-grams as the plain one, and equal n-grams fall into equal buckets."""
    prepared = " ".join(words)
    used, counts = grams(codepoints(prepared))
    expected = naive(prepared)
    assert int(counts.sum()) == sum(expected.values())
    assert len(used) <= len(expected)
    assert (np.diff(used) > 0).all()
    assert ((used >= 0) & (used < BUCKETS)).all()


def test_different_grams_rarely_share_a_bucket() -> None:
    """The n-grams of ten thousand words spread over the buckets as chance has it."""
    letters = "abcdefghijklmnopqrstuv"
    text = " ".join(a + b + c for a in letters for b in letters for c in letters)
    used, _ = grams(codepoints(text))
    expected = BUCKETS * (1 - math.exp(-len(naive(text)) / BUCKETS))
    assert len(used) == pytest.approx(expected, rel=0.01)


def test_weights_survive_the_file() -> None:
    """Steps of roots are within a hundredth of the largest weight, small ones within a thousandth; writing again changes nothing."""
    table = np.linspace(-1, 1, 2_001, dtype=np.float32).reshape(-1, 1)
    back = weights(*steps(table))
    assert np.abs(back - table).max() < 0.01
    small = np.abs(table) < 0.01
    assert np.abs(back - table)[small].max() < 0.001
    assert (weights(*steps(back)) == back).all()


def test_scores_are_the_weighed_sum_of_rows() -> None:
    """The compiled scores agree with the same sum by NumPy."""
    rng = np.random.default_rng(0)
    idf = rng.random(BUCKETS).astype(np.float32)
    table = rng.normal(size=(BUCKETS, 3)).astype(np.float32)
    fields = fields_of(Page("some text, a text", "its title", "https://www.example.org/path"))
    expected = np.zeros(3)
    for points, weight in zip(fields, (0.5, 0.8, 1.0), strict=True):
        used, counts = grams(points)
        values = np.log1p(counts) * idf[used]
        expected += weight * (values @ table[used].astype(float)) / np.linalg.norm(values)
    assert scores(fields, idf, table) == pytest.approx(expected, rel=1e-4)


def test_fields_lose_scheme_and_www() -> None:
    """Only what an address says is read."""
    addresses = ("https://www.example.org/a", "http://example.org/a", "example.org/a")
    assert len({fields_of(Page("", url=address))[0].tobytes() for address in addresses}) == 1


TOY = [
    Labelled(Page(f"{words} {i}"), label, second, "web", str(i), f"site{i % 7}.example")
    for i in range(40)
    for words, label, second in (
        ("goal match team striker league", "sports", ""),
        ("flour sugar butter oven cake", "food", "health" if i % 3 == 0 else ""),
        ("virus patient doctor vaccine", "health", ""),
    )
]


@pytest.fixture(scope="module")
def toy() -> Knowledge:
    return train.fit(TOY, list(seed_examples())[:20], ("sports", "food", "health", "law"), train.Recipe())


def test_a_toy_is_learnt(toy: Knowledge) -> None:
    """Words decide, and a class without an example is never guessed."""
    assert toy.guess(Page("the striker of the team")).label == "sports"
    assert toy.guess(Page("", title="Butter cake")).label == "food"
    assert toy.guess(Page("", url="https://example.org/vaccine")).label == "health"
    shares = toy.probabilities(Page("goal"))
    assert shares is not None
    assert shares[3] < 1e-6


def test_training_again_gives_equal_bytes(toy: Knowledge, tmp_path: Path) -> None:
    """Two trainings write the same file, and what is read back guesses the same."""
    again = train.fit(TOY, list(seed_examples())[:20], ("sports", "food", "health", "law"), train.Recipe())
    for name, model in (("a", toy), ("b", again)):
        model.save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert read(tmp_path / "a").guess(Page("butter")) == toy.guess(Page("butter"))


def test_calibration_finds_the_sharpness() -> None:
    """Scores that are too flat are sharpened as far as allowed, those that promise too much are flattened."""
    truth = np.arange(300) % 3
    right = np.eye(3)[truth]
    wrong = np.eye(3)[np.where(np.arange(300) % 2, truth, (truth + 1) % 3)]
    assert train.calibrated(right, truth)[0] == train.SHARPNESS[1]
    assert train.calibrated(wrong * 4, truth)[0] < 1


def test_calibration_finds_the_shares() -> None:
    """Where scores say nothing, the biases are the logarithms of the shares, so that the commonest class is guessed."""
    truth = np.repeat([0, 1, 2], [600, 300, 100])
    sharpness, added = train.calibrated(np.zeros((1_000, 3)), truth)
    shares = np.exp(sharpness * added.astype(float))
    assert shares / shares.sum() == pytest.approx([0.6, 0.3, 0.1], abs=0.01)


@settings(deadline=None, max_examples=20)
@given(st.floats(0.6, 0.95), st.integers(0, 5))
def test_probabilities_promise_the_accuracy(accuracy: float, seed: int) -> None:
    """The mean probability of the likeliest class is the accuracy that was measured."""
    margins = np.random.default_rng(seed).normal(size=(500, 4)) * 2
    exponents = np.exp(train.promising(margins, accuracy) * margins)
    assert (exponents.max(axis=1) / exponents.sum(axis=1)).mean() == pytest.approx(accuracy, abs=0.01)


def test_a_table_of_another_size_is_refused(tmp_path: Path, toy: Knowledge) -> None:
    """A file with other buckets is not used."""
    Knowledge(toy.labels, toy.idf, toy.table[:10], toy.bias, 1.0).save(tmp_path / "small.npz")
    with pytest.raises(ValueError, match=r"small\.npz: a table of \(10, 4\)"):
        read(tmp_path / "small.npz")


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_is_taken(text: str) -> None:
    """Whatever the text, there is a guess or none, in bounded time; nothing to read is no class."""
    started = time.perf_counter()
    (guess,) = classify([text], [text], [text])
    assert time.perf_counter() - started < 20  # with the compilation
    assert guess == Guess(None) if guess.label is None else 0 < (guess.probability or 0) <= 1
    assert (guess.label is None) == (not any(map(len, fields_of(Page(text, text, text)))))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=5))
def test_a_guess_depends_on_its_page_alone(texts: list[str]) -> None:
    """Batches and single pages give the same; probabilities add up to 1."""
    assert classify(texts) == [classify([text])[0] for text in texts]
    for text in texts:
        shares = load().probabilities(Page(text))
        assert shares is None or shares.sum() == pytest.approx(1)


def test_lists_of_other_lengths_are_refused() -> None:
    """Titles of other documents are an error of the caller."""
    with pytest.raises(ValueError, match="shorter"):
        classify(["a", "b"], ["t"])


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("The striker scored two goals as the team won the cup final at the stadium.", "sports"),
        ("Mehl, Zucker und Butter verrühren, den Teig im Backofen 30 Minuten backen.", "food"),
        ("El presidente y el congreso debaten la reforma antes de las elecciones.", "politics"),
        ("Полиция задержала подозреваемого, суд вынесет приговор по делу об убийстве.", "crime_law"),
        ("Install the package with apt and edit the configuration file of the server.", "software_use"),
        ("Let G be a finite group; the theorem follows from the lemma on prime ideals.", "mathematics"),
    ],
)
def test_plain_cases(text: str, label: str) -> None:
    """The model that ships knows what anyone would."""
    assert classify([text])[0].label == label


def test_what_ships_is_small_and_knows_the_taxonomy() -> None:
    """The table is at most 3 MB and has the taxonomy's classes."""
    card = MODELS["knowledge"]
    assert (folder() / card.file).stat().st_size <= 3_000_000
    assert card.labels == load_taxonomy().ids == load().labels


def test_labels_are_of_the_taxonomy_and_split_by_domain(data: Path) -> None:
    """Enough pages, each once, known classes; no address of the exam is on a domain of the training."""
    rows = labels()
    assert len({(row["source"], row["id"]) for row in rows}) == len(rows)
    assert {row["label"] for row in rows} | {row.get("second", "other") for row in rows} <= set(load_taxonomy().ids)
    count = Counter(row["split"] for row in rows)
    assert count["exam"] >= 400
    assert count["train"] >= 1_200
    groups: dict[str, set[str]] = {"train": set(), "exam": set()}
    split = {(row["source"], row["id"]): row["split"] for row in rows}
    for source, file in examples.FILES.items():
        for row in _rows(data / file):
            if row.get("url") and "://" in row["url"] and (source, row["id"]) in split:
                groups[split[source, row["id"]]].add(examples.registered_domain(row["url"]))
    assert not (groups["train"] & groups["exam"]) - {""}


def _rows(path: Path) -> list[dict[str, str]]:
    import lzma

    with lzma.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def test_folds_keep_domains_together() -> None:
    """All pages of a domain are in one fold."""
    folds = folds_of(TOY, 5)
    assert all(len({folds[i] for i, one in enumerate(TOY) if one.group == group}) == 1 for group in {one.group for one in TOY})


def test_seed_texts_use_each_word_once_a_round() -> None:
    """Every class has seed words, and no round drops or doubles one."""
    for file in examples.SEED_FILES:
        made = [one for one in seed_examples([file]) if one.group == "seeds en" and one.label == "food"]
        count = Counter(word for one in made for word in one.page.text.split())
        assert set(count.values()) == {examples.SEED_ROUNDS}, file
    assert {one.label for one in seed_examples()} == set(load_taxonomy().ids)


def test_words_of_the_unread_files_are_their_own() -> None:
    """What folds measure without ``seeds.yaml`` has none of its words in the same class and language."""
    words = {
        file: {(one.label, one.group, word) for one in seed_examples([file]) for word in one.page.text.split()}
        for file in ("seeds.yaml", "words.yaml")
    }
    assert words["words.yaml"]
    assert not words["seeds.yaml"] & words["words.yaml"]
    assert set(examples.UNREAD) == set(examples.SEED_FILES) - {"seeds.yaml"}
