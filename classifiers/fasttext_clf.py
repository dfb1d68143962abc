"""fastText classifiers of documents: one tokenisation, deterministic training, quantising, evaluation, scores.

Joulin et al. 2016, *Bag of Tricks for Efficient Text Classification*. Trained with one thread, a seed and examples in
the order of their hashes, a model file depends on nothing but the examples and the recipe. Scores are those of the
quantised model, which is the one that ships: scores of a model before and after quantising must not be mixed.
"""

from __future__ import annotations

import math
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from classifiers.registry import MODELS, path_of
from udfs.fasttext import FastText
from udfs.language import UNKNOWN
from udfs.languages import canonical
from udfs.words import BLANK, NUMBER, SINGLE, WORD, classes, codepoints, from_codepoints

MAX_CHARS = 100_000
"""Characters of a document that a model reads, from its start; the time for a document is bounded by it."""

POSITIVE = "yes"
NEGATIVE = "no"

_TEX_BRACKET = re.compile(r"\\[()\[\]]")
_ESCAPED_LABEL = "__ label__"
_PROBABILITY_SLACK = 1e-4
_DIGIT = np.uint32(ord("0"))


@dataclass(frozen=True, slots=True)
class Example:
    """A text with its class, the group (registered domain, or source) that is held out as a whole, and its language, if known."""

    text: str
    label: str
    group: str
    language: str = UNKNOWN


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is trained and shrunk.

    Parameters
    ----------
    lr, epochs, dim, word_ngrams, min_count, bucket, seed
        fastText's own settings; ``bucket`` rows hash the word n-grams.
    cutoff : int
        Rows of the matrix that survive quantising: about 20 bytes each in the file.
    """

    lr: float = 0.3
    epochs: int = 12
    dim: int = 16
    word_ngrams: int = 2
    min_count: int = 2
    bucket: int = 200_000
    cutoff: int = 15_000
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Metrics:
    """Figures of a binary classifier.

    Parameters
    ----------
    examples, positives, groups : int
        What it was measured on.
    auc : float
        Area under the ROC curve: the chance that a positive scores above a negative (ties count half); NaN when one
        class is missing.
    accuracy, f1 : float
        At the threshold 0.5.
    """

    examples: int
    positives: int
    groups: int
    auc: float
    accuracy: float
    f1: float


class TrainingError(RuntimeError):
    """Training gave a model that cannot be used; the message says what is wrong with it."""


def prepare(text: str) -> str:
    """Return a text as the models read it: tokens on one line, separated by blanks.

    Lower case; words are runs of letters, marks and numbers; every other visible code point, and each code point of a script
    without blanks, is a token by itself; TeX's four brackets of formulas become ``$`` and ASCII digits 0; white space, control
    characters and lone surrogates become one blank. Only the first `MAX_CHARS` characters count. Any string is accepted.
    """
    text = text[:MAX_CHARS].lower()
    if "\\" in text:
        text = _TEX_BRACKET.sub("$", text)
    points = codepoints(text)
    if not len(points):
        return ""
    flags = classes(points)
    word = (flags & WORD) != 0
    hidden = ~word & (((flags & BLANK) != 0) | (points < 33) | ((points >= 127) & (points < 160)))
    hidden |= (points >= 0xD800) & (points <= 0xDFFF)
    digit = ((flags & NUMBER) != 0) & (points < 128)
    spread = np.full((len(points), 3), 32, dtype=np.uint32)
    spread[:, 1] = np.where(hidden, np.uint32(32), np.where(digit, _DIGIT, points))
    alone = (~word & ~hidden) | ((flags & SINGLE) != 0)
    used = np.column_stack((alone, np.ones_like(alone), alone))
    return " ".join(from_codepoints(spread[used]).split())


def folds_of(examples: Iterable[Example], label: str, folds: int) -> Mapping[str, int]:
    """Deal the groups of examples to folds, those with most examples of a label first, so that each fold gets some.

    Ties go by number of examples and name: the same examples in any order give the same folds.
    """
    every: Counter[str] = Counter()
    having: Counter[str] = Counter()
    for example in examples:
        every[example.group] += 1
        having[example.group] += example.label == label
    ranked = sorted(every, key=lambda group: (-having[group], -every[group], group))
    return {group: rank % folds for rank, group in enumerate(ranked)}


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
    lines = training_lines(examples)
    labels = Counter(line.split(" ", 1)[0] for line in lines)
    if len(labels) < 2:
        raise ValueError(f"a classifier needs examples of two labels, here are {sorted(labels)}")
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "train.txt"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        model = _trained(path, recipe)
        _check(model, lines, max(labels.values()) / len(lines))
        model.quantize(input=str(path), qnorm=True, cutoff=recipe.cutoff, retrain=False, thread=1, verbose=0)
        made = Path(scratch) / "model.ftz"
        model.save_model(str(made))
        out.write_bytes(made.read_bytes())


def training_lines(examples: Iterable[Example]) -> list[str]:
    """Return the lines fastText is trained on, each once, in the order of the hashes of their texts."""
    lines = set()
    for example in examples:
        text = prepare(example.text).replace("__label__", _ESCAPED_LABEL)
        if text:
            lines.add((xxhash.xxh3_64_intdigest(text.encode(), seed=0), text, example.label))
    return [f"__label__{label} {text}" for _, text, label in sorted(lines)]


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
    """A loaded binary classifier: what it gives is the probability of one label."""

    model: FastText
    label: str = POSITIVE

    def score(self, prepared: str) -> float | None:
        """Return the probability (0-1) of the label for a text that `prepare` made; None for one without tokens."""
        if not prepared:
            return None
        found = dict(_pairs(self.model.predict(prepared, 2)))
        return min(1.0, max(0.0, found.get(self.label, 0.0)))


def _pairs(predicted: Iterable[tuple[Any, Any]]) -> Iterable[tuple[str, float]]:
    return ((str(label), float(probability)) for label, probability in predicted)


@lru_cache(maxsize=16)
def load(name: str) -> Classifier:
    """Load a shipped classifier by its name in the registry, once a process.

    Raises
    ------
    KeyError, ModelMissing
        See `classifiers.registry.path_of`.
    """
    card = MODELS[name]
    return Classifier(FastText(path_of(name), card.sha256), card.labels[0])


def scores(text: str, names: Sequence[str] = ("quality", "math", "code"), language: str = UNKNOWN) -> Mapping[str, float | None]:
    """Return the scores (0-1) of a document by the shipped classifiers.

    None where it has no tokens, and where a classifier has not learnt to judge its language (see `languages_of`).
    """
    prepared = prepare(text)
    return {name: load(name).score(prepared) if _judges(name, language) else None for name in names}


def languages_of(examples: Iterable[Example], labels: Sequence[str], least: int) -> tuple[str, ...]:
    """Return the languages with at least so many examples of every label: of others a model has seen one side only, or none."""
    counts = Counter((example.language, example.label) for example in examples)
    seen = {language for language, _ in counts} - {UNKNOWN}
    return tuple(sorted(lang for lang in seen if all(counts[lang, label] >= least for label in labels)))


def _judges(name: str, language: str) -> bool:
    known = MODELS[name].parameters.get("languages")
    return known is None or language == UNKNOWN or canonical(language) in known


def evaluate(values: NDArray[np.float64], truth: NDArray[np.bool_], groups: Sequence[str]) -> Metrics:
    """Measure scores against the truth.

    Parameters
    ----------
    values : array of float64
        Scores (0-1).
    truth : array of bool
        Whether an example has the label that the scores are probabilities of.
    groups : sequence of str
        The group of each example.
    """
    said = values >= 0.5
    hits, wrong = int((said & truth).sum()), int((said != truth).sum())
    return Metrics(
        examples=len(values),
        positives=int(truth.sum()),
        groups=len(set(groups)),
        auc=round(auc(values, truth), 4),
        accuracy=round(1 - wrong / len(values), 4) if len(values) else math.nan,
        f1=round(2 * hits / (2 * hits + wrong), 4) if hits else 0.0,
    )


def auc(values: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve, by the ranks of the positives (Mann-Whitney); NaN when a class is missing."""
    positives, negatives = int(truth.sum()), int((~truth).sum())
    if not positives or not negatives:
        return math.nan
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[truth].sum() - positives * (positives + 1) / 2) / (positives * negatives))
