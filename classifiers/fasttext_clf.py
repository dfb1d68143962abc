"""fastText classifiers of documents: one tokenisation, deterministic training, quantising, scores.

Joulin et al. 2016, *Bag of Tricks for Efficient Text Classification*. Trained with one thread, a seed and examples in
the order of their hashes, a model file depends on nothing but the examples and the recipe. Scores are those of the
quantised model, which is the one that ships: scores of a model before and after quantising must not be mixed.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import xxhash

from classifiers.evaluation.calibration import probability
from classifiers.reading import prepare, read, shapes
from classifiers.registry import Card, find
from udfs.fasttext import FastText
from udfs.language import UNKNOWN
from udfs.languages import canonical

__all__ = [
    "NEGATIVE",
    "POSITIVE",
    "Classifier",
    "Example",
    "Recipe",
    "TrainingError",
    "languages_of",
    "load",
    "prepare",
    "read",
    "reading",
    "scores",
    "shapes",
    "train",
    "training_lines",
]

POSITIVE = "yes"
NEGATIVE = "no"

SHIPPED = ("quality", "math", "code")
"""Classifiers that ship."""

_ESCAPED_LABEL = "__ label__"
_PROBABILITY_SLACK = 1e-4


@dataclass(frozen=True, slots=True)
class Example:
    """A text with its class.

    Parameters
    ----------
    text, label : str
        The text and its class.
    group : str
        Registered domain, or source: what is held out as a whole.
    language, source : str
        Its language, if known; where it comes from or what sort it is, for figures by source.
    """

    text: str
    label: str
    group: str
    language: str = UNKNOWN
    source: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is trained and shrunk.

    Parameters
    ----------
    lr, epochs, dim, word_ngrams, min_count, bucket, seed
        fastText's own settings; ``bucket`` rows hash the word n-grams.
    cutoff : int
        Rows of the matrix that survive quantising: about 20 bytes each in the file.
    lines : bool
        Whether the model also reads the shapes of a text's lines (`shapes`).
    """

    lr: float = 0.3
    epochs: int = 12
    dim: int = 16
    word_ngrams: int = 2
    min_count: int = 2
    bucket: int = 200_000
    cutoff: int = 15_000
    seed: int = 1
    lines: bool = False


class TrainingError(RuntimeError):
    """Training gave a model that cannot be used; the message says what is wrong with it."""


def train(examples: Iterable[Example], recipe: Recipe, out: Path) -> None:
    """Train a classifier, quantise it and write it.

    Parameters
    ----------
    examples : iterable of Example
        In any order; examples of equal label and prepared text count once.
    recipe : Recipe
        Settings of the training.
    out : Path
        The ``.ftz`` to write; equal examples and recipe give equal bytes.

    Raises
    ------
    ValueError
        When there are fewer than two labels.
    TrainingError
        When the installed fastText cannot train, or what it made is no model (`_check`).
    """
    lines = training_lines(examples, lines=recipe.lines)
    labels = Counter(line.split(" ", 1)[0] for line in lines)
    if len(labels) < 2:
        raise ValueError(f"a classifier needs examples of two labels, here are {sorted(labels)}")
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "train.txt"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        model = _trained(path, recipe)
        _check(model, lines, max(labels.values()) / len(lines))
        _quantise(model, path, recipe)
        made = Path(scratch) / "model.ftz"
        model.save_model(str(made))
        out.write_bytes(made.read_bytes())


def training_lines(examples: Iterable[Example], *, lines: bool = False) -> list[str]:
    """Return the lines fastText is trained on, each once, in the order of the hashes of their texts."""
    found = set()
    for example in examples:
        text = read(example.text, lines=lines).replace("__label__", _ESCAPED_LABEL)
        if text:
            found.add((xxhash.xxh3_64_intdigest(text.encode(), seed=0), text, example.label))
    return [f"__label__{label} {text}" for _, text, label in sorted(found)]


def _trained(path: Path, recipe: Recipe) -> Any:
    import fasttext

    if not hasattr(fasttext, "train_supervised"):
        raise TrainingError("the installed fasttext module cannot train; install fasttext-wheel==0.9.2 and no other build")
    try:
        return fasttext.train_supervised(
            input=str(path),
            lr=recipe.lr,
            epoch=recipe.epochs,
            dim=recipe.dim,
            wordNgrams=recipe.word_ngrams,
            minCount=recipe.min_count,
            bucket=recipe.bucket,
            seed=recipe.seed,
            thread=1,
            verbose=0,
        )
    except RuntimeError as error:
        raise TrainingError(f"fastText failed: {error}; builds other than fasttext-wheel 0.9.2 cannot train alone") from error


def _quantise(model: Any, path: Path, recipe: Recipe) -> None:
    try:
        model.quantize(input=str(path), qnorm=True, cutoff=recipe.cutoff, retrain=False, thread=1, verbose=0)
    except ValueError as error:
        raise TrainingError(f"the model cannot be quantised: {error}; give more examples, or word n-grams") from error


def _check(model: Any, lines: Sequence[str], majority: float) -> None:
    """Refuse what the newer fastText sources make with one thread: infinite weights, garbage, or nothing learnt."""
    if not np.isfinite(np.array(model.f.getOutputMatrix(), copy=True)).all():
        raise TrainingError("the trained model has weights that are not finite numbers")
    right = 0
    for line in lines:
        label, text = line.split(" ", 1)
        probability, found = model.f.predict(text + "\n", 1, 0.0, "strict")[0]
        if not 0 <= probability <= 1 + _PROBABILITY_SLACK:
            raise TrainingError(f"the trained model gives a probability of {probability}")
        right += found == label
    if right / len(lines) <= majority:
        raise TrainingError(f"the trained model is right on {right / len(lines):.3f} of its examples, guessing on {majority:.3f}")


@dataclass(frozen=True, slots=True)
class Classifier:
    """A loaded binary classifier: what it gives is the probability of one label.

    Parameters
    ----------
    model : FastText
        The model.
    label : str
        The label.
    lines : bool
        Whether the model was trained on the shapes of lines too.
    languages : tuple of str, optional
        Languages that it judges (`languages_of`); by default all.
    temperature : float
        What its log-odds are divided by (`classifiers.evaluation.calibration.temperature`).
    """

    model: FastText
    label: str = POSITIVE
    lines: bool = False
    languages: tuple[str, ...] | None = None
    temperature: float = 1.0

    def judges(self, language: str) -> bool:
        """Whether it has learnt to judge a language; of an unknown one it is assumed."""
        return self.languages is None or language == UNKNOWN or canonical(language) in self.languages

    def of(self, text: str) -> float | None:
        """Return the probability (0-1) of the label for a document; None for one without words."""
        return self.score(read(text, lines=self.lines))

    def log_odds(self, text: str) -> float:
        """Return the log-odds of the label for a document, before they are divided by the temperature; 0 for one without words."""
        prepared = read(text, lines=self.lines)
        return self.model.log_odds(prepared, self.label) if prepared else 0.0

    def score(self, prepared: str) -> float | None:
        """Return the probability (0-1) of the label for a text as the model reads it (`read`); None for one without tokens."""
        return float(probability(self.model.log_odds(prepared, self.label) / self.temperature)) if prepared else None


@lru_cache(maxsize=16)
def load(reference: str, store: Path | None = None) -> Classifier:
    """Load a classifier by name, or name and version, once a process.

    Parameters
    ----------
    reference : str
        ``name`` or ``name@version`` (`classifiers.registry.find`).
    store : Path, optional
        A folder of models that go before those that ship.

    Raises
    ------
    ModelMissing, CardError
        See `classifiers.registry.find` and `classifiers.registry.Model.checked`.
    """
    found = find(reference, store)
    card, languages = found.card, found.card.parameters.get("languages")
    model = FastText(found.checked(), card.sha256)
    temperature = float(card.parameters.get("temperature", 1.0))
    return Classifier(
        model, card.labels[0], bool(card.parameters.get("lines")), tuple(languages) if languages else None, temperature
    )


def reading(card: Card) -> str:
    """Return what of a card decides the scores beside the file itself: part of what a run's output depends on."""
    told = {name: card.parameters.get(name) for name in ("lines", "languages", "temperature")}
    return json.dumps({"label": card.labels[0], **told}, sort_keys=True)


def scores(text: str, models: Mapping[str, Classifier] | None = None, language: str = UNKNOWN) -> Mapping[str, float | None]:
    """Return the scores (0-1) of a document by some classifiers, by default the shipped ones.

    None where it has no tokens, and where a classifier has not learnt to judge its language.
    """
    prepared = prepare(text)
    models = {name: load(name) for name in SHIPPED} if models is None else models
    asked = {name: model if model.judges(language) else None for name, model in models.items()}
    shaped = f"{prepared} {shapes(text)}" if prepared and any(model and model.lines for model in asked.values()) else prepared
    return {name: model.score(shaped if model.lines else prepared) if model else None for name, model in asked.items()}


def languages_of(examples: Iterable[Example], labels: Sequence[str], least: int) -> tuple[str, ...]:
    """Return the languages with at least so many examples of every label: of others a model has seen one side only, or none."""
    counts = Counter((example.language, example.label) for example in examples)
    seen = {language for language, _ in counts} - {UNKNOWN}
    return tuple(sorted(lang for lang in seen if all(counts[lang, label] >= least for label in labels)))
