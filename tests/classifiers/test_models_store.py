"""The store: models of one's own in a folder, found by name and version, never used unless they are what their card says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from classifiers.registry import MODELS, Card, CardError, digest_of, digest_of_code, find, models, sha256_of
from udfs.fasttext import ModelMissing

CARD = Card("toy", "toy.bin", "fasttext", "", "A toy, for tests alone.", ("yes", "no"), (), 1, {})


def flat(store: Path, content: bytes = b"weights", **changes: object) -> Card:
    """Put a model and its card side by side, as the package has them."""
    card = replace(CARD, **changes)  # type: ignore[arg-type]
    (store / card.file).write_bytes(content)
    card = replace(card, sha256=card.sha256 or sha256_of(store / card.file))
    (store / f"{card.name}-{card.version}.json").write_text(card.to_json(), encoding="utf-8")
    return card


def foldered(folder: Path, **changes: object) -> Card:
    """Make a model that is a folder, with its card in it."""
    (folder / "tokenizer").mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"weights")
    (folder / "tokenizer" / "vocab.json").write_text("{}", encoding="utf-8")
    card = replace(CARD, file=".", kind="onnx", sha256=digest_of(folder), **changes)  # type: ignore[arg-type]
    (folder / "card.json").write_text(card.to_json(), encoding="utf-8")
    return card


def test_what_lies_in_a_store_is_found_in_each_form(tmp_path: Path) -> None:
    """A file beside its card, a folder, and a folder of versions are found; what ships comes after."""
    flat(tmp_path)
    foldered(tmp_path / "encoder", name="encoder")
    foldered(tmp_path / "deep" / "2", name="deep", version="2")
    found = models(tmp_path)
    assert [one.reference for one in found if not one.shipped] == ["deep@2", "encoder@1", "toy@1"]
    assert [one.card.name for one in found if one.shipped] == list(MODELS)
    assert find("toy", tmp_path).checked() == tmp_path / "toy.bin"
    assert find("encoder@1", tmp_path).checked() == tmp_path / "encoder"
    assert find("deep", tmp_path).checked() == tmp_path / "deep" / "2"


def test_a_store_goes_before_what_ships(tmp_path: Path) -> None:
    """A model of one's own takes the place of a shipped one of its name, which its version still finds."""
    flat(tmp_path, name="quality", version="mine")
    assert find("quality", tmp_path).card.version == "mine"
    assert find(f"quality@{MODELS['quality'].version}", tmp_path).shipped
    assert find("quality").shipped


def test_versions(tmp_path: Path) -> None:
    """Of two versions one must be named; two cards of one version are a mistake of the store."""
    for version in ("1", "2"):
        flat(tmp_path, file=f"toy{version}.bin", version=version)
    assert find("toy@2", tmp_path).path == tmp_path / "toy2.bin"
    with pytest.raises(ModelMissing, match="several models 'toy', say which: toy@1, toy@2"):
        find("toy", tmp_path)
    foldered(tmp_path / "again", version="2")
    with pytest.raises(CardError, match=r"again.card\.json: there is another model toy@2"):
        find("toy@1", tmp_path)


@pytest.mark.parametrize("reference", ["toyy", "toy@9", "@1", ""])
def test_an_unknown_reference_is_answered_with_those_there_are(reference: str, tmp_path: Path) -> None:
    """A name or version that is not there is answered with all that are."""
    flat(tmp_path)
    with pytest.raises(ModelMissing, match=r"there is no model .*quality@\d+, .*toy@1"):
        find(reference, tmp_path)


def test_a_wrong_file_is_one_clear_error(tmp_path: Path) -> None:
    """One flipped byte, a missing file and a file too many in a folder are each refused, with both digests where there are two."""
    card = flat(tmp_path)
    (tmp_path / "toy.bin").write_bytes(b"weighty")
    with pytest.raises(
        ModelMissing, match=rf"^model toy is not the right file: toy\.bin has SHA-256 \w+, its card wants {card.sha256}"
    ):
        find("toy", tmp_path).checked()
    (tmp_path / "toy.bin").unlink()
    with pytest.raises(ModelMissing, match=r"model toy is not there: .*toy\.bin is missing"):
        find("toy", tmp_path).checked()
    foldered(tmp_path / "encoder", name="encoder")
    (tmp_path / "encoder" / "more.txt").write_text("?", encoding="utf-8")
    with pytest.raises(ModelMissing, match="model encoder is not the right file"):
        find("encoder", tmp_path).checked()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no card"),
        ("[]", "is no card"),
        ('{"name": "x"}', "is no card"),
        (replace(CARD, file="../toy.bin").to_json(), "file must be a name beside the card"),
        (json.dumps(json.loads(CARD.to_json()) | {"more": 1}), "is no card.*more"),
    ],
)
def test_a_damaged_card_is_named(text: str, said: str, tmp_path: Path) -> None:
    """A card that cannot be read, or leads out of its folder, is named with what is wrong."""
    (tmp_path / "bad.json").write_text(text, encoding="utf-8")
    with pytest.raises(CardError, match=rf"bad\.json.*{said}"):
        models(tmp_path)


def test_no_store(tmp_path: Path) -> None:
    """A store that is not there is a mistake, an empty one is not."""
    with pytest.raises(CardError, match="no folder of models"):
        models(tmp_path / "none")
    assert models(tmp_path) == models()


def test_a_digest_of_a_folder_is_that_of_its_files(tmp_path: Path) -> None:
    """The digest goes by names and contents, not by the card; a renamed file changes it."""
    foldered(tmp_path / "a")
    foldered(tmp_path / "b", version="7")
    assert digest_of(tmp_path / "a") == digest_of(tmp_path / "b")
    (tmp_path / "b" / "model.onnx").rename(tmp_path / "b" / "other.onnx")
    assert digest_of(tmp_path / "a") != digest_of(tmp_path / "b")


def test_cards_that_ship_are_as_cards_are_written() -> None:
    """What a card need not have is not in it: reading and writing a shipped card changes no byte."""
    for one in models():
        path = one.path.with_name(f"{one.card.name}.json")
        assert one.card.to_json() == path.read_text(encoding="utf-8")


def test_long_lists_stand_on_one_line() -> None:
    """A table of 1,001 numbers is a line of a card, a short list is as before, and a text that looks like a list stays."""
    table = [i / 1000 for i in range(1001)]
    card = replace(
        CARD, percentiles={"quantiles": {"": table}}, metrics={"auc": [0.5, None]}, purpose="[1,\n 2]" + "[" + "1, " * 40 + "1]"
    )
    text = card.to_json()
    assert len(text.splitlines()) < 40
    assert Card.from_json(text) == replace(card, percentiles=json.loads(text)["percentiles"])
    assert json.loads(text)["percentiles"]["quantiles"][""] == table


def test_the_digest_of_code_goes_by_the_sources() -> None:
    """The order of the names does not matter, the choice of modules does."""
    one = digest_of_code(["udfs.words", "classifiers.fasttext_clf"])
    assert one == digest_of_code(["classifiers.fasttext_clf", "udfs.words"])
    assert one != digest_of_code(["udfs.words"])
    assert len(one) == 16
