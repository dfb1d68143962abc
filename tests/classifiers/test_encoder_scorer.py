"""Scoring with an exported encoder: a tiny model in tests/data/encoder, loaded by onnxruntime (tested with 1.31.1)."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("tokenizers", reason="the extra onnx is not installed: pip install 'woolmill[onnx]'")
pytest.importorskip("onnxruntime", reason="the extra onnx is not installed: pip install 'woolmill[onnx]'")

from classifiers.encoder.reading import Reader, clean
from classifiers.encoder.scorer import CARD, MODEL, Scorer, load, loaded
from classifiers.registry import Card, digest_of
from udfs.fasttext import ModelMissing

FOLDER = Path(__file__).parents[1] / "data" / "encoder"
TINY = FOLDER / "tiny"
LONG = "A river carries sand from the hills to the sea. " * 40
HOSTILE = ["a", "\x00", "\ud800\udc00 \ud800", "é" * 4_000, "x" * 300_000, "1 2 3\n" * 2_000, "[CLS] <s> </s> <pad>"]


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    """The tiny model."""
    return load(TINY, device="cpu")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the tiny model's folder."""
    return Path(shutil.copytree(TINY, tmp_path / "model"))


def texts() -> list[str]:
    """Return the texts that the tiny model was trained on."""
    return [json.loads(line)["text"] for line in (FOLDER / "labels.jsonl").read_text(encoding="utf-8").splitlines()]


def test_the_model_scores_what_it_was_taught(scorer: Scorer) -> None:
    """The model says of its own examples what they were labelled."""
    found = scorer.score(texts())
    assert all((one.score or 0) > 0.5 for one in found[::2])
    assert all((one.score or 0) < 0.5 for one in found[1::2])


def test_a_score_does_not_depend_on_its_neighbours(scorer: Scorer) -> None:
    """A text alone, among others, and in another order: the same bits."""
    every = [*texts(), LONG, *HOSTILE]
    together = scorer.score(every)
    assert scorer.score(every[::-1])[::-1] == together
    assert [scorer.score([text])[0] for text in every] == together


def test_batches_of_a_float_model_move_a_score_by_rounding_alone() -> None:
    """With padding beside longer windows a score moves by less than a hundred thousandth."""
    every = [*texts(), LONG]
    alone, together = load(TINY, device="cpu").score(every), load(TINY, device="cpu", batch=8).score(every)
    assert max(abs((a.score or 0) - (b.score or 0)) for a, b in zip(alone, together, strict=True)) < 1e-5


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_has_a_score(scorer: Scorer, text: str) -> None:
    """Control characters, lone surrogates, one endless word, the tokenizer's own tokens: a probability, and the share seen."""
    found = scorer.score([text])[0]
    assert found.score is not None
    assert 0 <= found.score <= 1
    assert 0 < found.seen <= 1
    assert 1 <= found.windows <= 3


@pytest.mark.parametrize("text", ["", " ", "\n\t\u2003 "])
def test_nothing_has_no_score(scorer: Scorer, text: str) -> None:
    """A text without a token has None for a score, not a half."""
    assert scorer.score([text])[0].score is None


def test_a_long_text_is_read_at_head_middle_and_tail(scorer: Scorer) -> None:
    """Three windows are read of a long text, and the share seen says how much that is; a short one is seen whole."""
    reader = scorer.reader
    assert scorer.score(["A river carries sand."])[0].seen == 1
    found = scorer.score([LONG])[0]
    assert found.windows == 3
    assert found.seen == pytest.approx(3 * reader.rule.tokens / len(reader.tokenizer.encode(LONG).ids), rel=0.1)
    head, tail = "zebra " + LONG, LONG + " zebra"
    assert scorer.score([head])[0].score != found.score != scorer.score([tail])[0].score
    assert reader.read(head).windows[-1] == reader.read(LONG).windows[-1]


def test_a_very_long_text_is_tokenised_in_part(scorer: Scorer) -> None:
    """Of ten million characters a few windows' worth is tokenised, from start, middle and end."""
    seen: list[int] = []

    class Counting:
        def encode(self, text: str, *, add_special_tokens: bool) -> object:
            seen.append(len(text))
            return scorer.reader.tokenizer.encode(text, add_special_tokens=add_special_tokens)

    made = Reader(Counting(), scorer.reader.rule, scorer.reader.before, scorer.reader.after)
    reading = made.read("word " * 2_000_000)
    assert len(reading.windows) == 3
    assert sum(seen) == 3 * made.rule.piece
    assert 0 < reading.seen < 1e-3


def test_windows_are_framed(scorer: Scorer) -> None:
    """Each window begins and ends with the tokens that the encoder was trained with."""
    start, end = (scorer.reader.tokenizer.token_to_id(token) for token in ("<s>", "</s>"))
    assert all((window[0], window[-1]) == (start, end) for window in scorer.reader.read(LONG).windows)


def test_lone_surrogates_move_no_position() -> None:
    """What stands for a lone surrogate is as long as it is."""
    assert clean("a\ud800b\udfffc") == "a\ufffdb\ufffdc"


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_changed_file_is_refused(copy: Path, name: str) -> None:
    """A model file or tokenizer with one other byte is not loaded."""
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(bytes(data))
    with pytest.raises(ModelMissing, match="not the right file"):
        load(copy)


def test_what_is_no_model_is_named(copy: Path, tmp_path: Path) -> None:
    """A folder without a card, a card that cannot be read, a missing file: one line each that says which."""
    with pytest.raises(ModelMissing, match=r"holds no card\.json"):
        load(tmp_path / "nowhere")
    (copy / CARD).write_text("{}", encoding="utf-8")
    with pytest.raises(ModelMissing, match="is no card"):
        load(copy)
    shutil.copy(TINY / CARD, copy / CARD)
    (copy / MODEL).unlink()
    with pytest.raises(ModelMissing, match="not the right file"):
        load(copy)


def changed(folder: Path, **parameters: object) -> Path:
    """Write a card with other parameters for a folder's files."""
    card = Card.from_json((folder / CARD).read_text(encoding="utf-8"))
    other = replace(card, parameters={**card.parameters, **parameters}, sha256=digest_of(folder))
    (folder / CARD).write_text(other.to_json(), encoding="utf-8")
    return folder


def test_other_signals_of_form_are_refused(copy: Path) -> None:
    """A model that weighs signals which this version does not measure is not loaded."""
    with pytest.raises(ModelMissing, match="signals of form"):
        load(changed(copy, form={"n_chars": 1.0}))


def test_a_quantised_model_runs_window_by_window(copy: Path) -> None:
    """A model whose scores depend on their batch is not run in batches."""
    changed(copy, batches=False, precision="int8")
    assert load(copy, device="cpu").batch == 1
    with pytest.raises(ValueError, match="batch=1 alone"):
        load(copy, device="cpu", batch=4)


def test_a_device_that_is_not_there_is_said() -> None:
    """Asking for a GPU where onnxruntime has none, or for nonsense, stops with one line."""
    with pytest.raises(ValueError, match="it is auto, cpu or gpu"):
        load(TINY, device="tpu")


def test_a_model_is_loaded_once() -> None:
    """Workers that ask twice get the same model."""
    assert loaded(str(TINY)) is loaded(str(TINY))
