"""The registry: cards that tell the truth about files, and files that are not used unless they do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from classifiers import registry
from classifiers.registry import MODELS, Card, path_of, sha256_of
from udfs.fasttext import ModelMissing

SHIPPED = ("benchmarks", "bpe", "code", "dirty_words", "knowledge", "math", "quality", "routes", "unigrams")
SIZE_LIMITS = {
    "bpe": 300_000,
    "code": 700_000,
    "math": 700_000,
    "quality": 700_000,
    "unigrams": 6_000_000,
    "dirty_words": 100_000,
    "knowledge": 3_000_000,
}


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Point the registry at a folder that holds one model and its card."""
    for name in ("dirty_words.npz", "dirty_words.json"):
        shutil.copy(registry.folder() / name, tmp_path / name)
    monkeypatch.setattr(registry, "folder", lambda: tmp_path)
    registry._cards.cache_clear()
    path_of.cache_clear()
    yield tmp_path
    registry._cards.cache_clear()
    path_of.cache_clear()


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_models_are_there_and_right(name: str) -> None:
    """Each model that the repository carries has a card whose digest is that of the file."""
    assert sha256_of(path_of(name)) == MODELS[name].sha256


def test_all_cards_are_known() -> None:
    """The registry lists the shipped models and the fetched one, in alphabetical order."""
    assert list(MODELS) == sorted([*SHIPPED, "lid.176"])
    assert len(MODELS) == len(SHIPPED) + 1


@pytest.mark.parametrize("name", [*SHIPPED, "lid.176"])
def test_cards_are_complete(name: str) -> None:
    """A card says what the model is for, its terms, its origin and how it was made; made here, from which file exactly."""
    card = MODELS[name]
    assert card.name == name
    for said in (card.purpose, card.licence, card.source, card.command):
        assert len(said) > 20
    assert len(card.sha256) == 64
    if name != "lid.176":
        assert card.training_data
        assert all(len(entry["sha256"]) == 64 for entry in card.training_data)


@pytest.mark.parametrize("name", ["quality", "math", "code"])
def test_classifiers_were_measured_on_unseen_domains(name: str) -> None:
    """A trained classifier's card holds figures of unseen domains, with positives of several, better than length alone."""
    metrics = MODELS[name].metrics
    assert metrics["unseen_domains"]["positives"] >= 50
    assert len(metrics["positives_found_at_0.5"]) >= 2
    assert metrics["unseen_domains"]["auc"] > metrics["auc_of_length_alone"]


@pytest.mark.parametrize(("name", "limit"), SIZE_LIMITS.items())
def test_files_are_small(name: str, limit: int) -> None:
    """A model that ships in the repository keeps to its size."""
    assert path_of(name).stat().st_size <= limit


def test_card_round_trip() -> None:
    """A card read from what it wrote is the same."""
    card = MODELS["lid.176"]
    assert Card.from_json(card.to_json()) == card
    assert replace(card, seed=3).to_json() != card.to_json()


def test_unknown_model() -> None:
    """An unknown name is answered with the names there are."""
    with pytest.raises(KeyError, match=r"no model 'qualty'; there are .*quality"):
        path_of("qualty")


def test_missing_file(copy: Path) -> None:
    """A model that is not there is named, and so is the command that gets it."""
    (copy / "dirty_words.npz").unlink()
    with pytest.raises(ModelMissing, match="model dirty_words is not there: run `woolmill models fetch`"):
        path_of("dirty_words")


def test_one_flipped_byte(copy: Path) -> None:
    """A file with one changed byte is refused by both digests, found and wanted; the right one passes."""
    assert path_of("dirty_words") == copy / "dirty_words.npz"
    path_of.cache_clear()
    data = bytearray((copy / "dirty_words.npz").read_bytes())
    data[len(data) // 2] ^= 1
    (copy / "dirty_words.npz").write_bytes(data)
    found, wanted = sha256_of(copy / "dirty_words.npz"), MODELS["dirty_words"].sha256
    with pytest.raises(ModelMissing, match=f"has SHA-256 {found}, its card wants {wanted}"):
        path_of("dirty_words")
