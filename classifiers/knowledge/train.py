"""Train the classifier of knowledge classes: ``python -m classifiers.knowledge.train --data DIR``.

A support vector machine a class (one against the rest, squared hinge; Fan et al. 2008, LIBLINEAR) over hashed character n-grams, on
the pages labelled for training, weak examples and seed words. Pages with a second class count for it in part. The scores become
probabilities by a softmax whose sharpness is fitted on pages of unseen domains. The exam's pages are not read. Equal data and equal
versions of the libraries give equal bytes.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifiers.knowledge.examples import FILES, TEXTCLASSES, Labelled, folds_of, read, seed_examples, weak_examples
from classifiers.knowledge.features import BUCKETS, WEIGHTS, Floats, Page, fields_of, grams
from classifiers.knowledge.model import NAME, Knowledge, steps, weights
from classifiers.registry import Card, folder, sha256_of
from conf.taxonomy import load as load_taxonomy

Matrix = Any
FOLDS = 5
NEVER = -127.0
"""Score of a class that has no example."""
SHARPNESS = np.round(np.arange(0.5, 8.01, 0.1), 1)
PURPOSE = (
    "What a page is about: one of the classes of conf/taxonomy.yaml, with a probability. For shares of a corpus and their balance, "
    "not for a verdict on one page: many pages have a second class that a reader finds nearly as good. Labelled by one reader, read "
    "once; mostly English and German pages of 2005-2026. Other languages rest on seed words; software manuals in them are known well, "
    "little else was measured."
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the model is trained.

    Parameters
    ----------
    c : float
        Cost of an error against the size of the weights.
    second, seeds, weak : float
        Weight of a page as one of its second class, of a text made of seed words, and of a weak example; a page itself counts 1.
    seed : int
        Of the solver's order of coordinates.
    """

    c: float = 0.5
    second: float = 0.4
    seeds: float = 1.0
    weak: float = 0.5
    seed: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """Buckets and counts of many pages, a sparse matrix a field."""

    fields: tuple[Matrix, ...]

    @classmethod
    def of(cls, pages: Sequence[Page]) -> Counted:
        """Count the n-grams of pages."""
        from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

        counted = [[grams(points) for points in fields_of(page)] for page in pages]
        fields = []
        for field in range(len(WEIGHTS)):
            rows = [one[field] for one in counted]
            ends = np.cumsum([0] + [len(used) for used, _ in rows])
            values = np.concatenate([count for _, count in rows]).astype(np.float64)
            columns = np.concatenate([used for used, _ in rows])
            fields.append(csr_matrix((values, columns, ends), shape=(len(rows), BUCKETS)))
        return cls(tuple(fields))

    def idf(self) -> Floats:
        """Return the inverse document frequencies, in the precision of the file."""
        total: Matrix = sum(self.fields)
        met = np.asarray((total > 0).sum(axis=0)).ravel()
        inverse = np.log((self.fields[0].shape[0] + 1) / (met + 1)) + 1
        rounded: Floats = inverse.astype(np.float16).astype(np.float32)
        return rounded

    def vectors(self, idf: Floats) -> Matrix:
        """Return a row a page, as `classifiers.knowledge.features.scores` weighs its n-grams."""
        from scipy.sparse import diags

        total: Matrix = 0
        for counts, weight in zip(self.fields, WEIGHTS, strict=True):
            values = counts.copy()
            values.data = np.log1p(values.data)
            values = values @ diags(idf.astype(np.float64))
            norms = np.sqrt(np.asarray(values.multiply(values).sum(axis=1)).ravel())
            total = total + diags(weight / np.where(norms > 0, norms, 1.0)) @ values
        return total.tocsr()


def fit(examples: Sequence[Labelled], made: Sequence[Labelled], labels: Sequence[str], recipe: Recipe) -> Knowledge:
    """Train a model, its weights in the steps that ship; the sharpness is 1.

    Parameters
    ----------
    examples : sequence of Labelled
        Pages labelled by reading; they alone give the document frequencies.
    made : sequence of Labelled
        Weak examples and seed words.
    labels : sequence of str
        All classes, in order; one without an example is never guessed.
    """
    from scipy.sparse import vstack
    from sklearn.svm import LinearSVC

    counted = Counted.of([one.page for one in examples])
    idf = counted.idf()
    known = counted.vectors(idf)
    doubtful = [place for place, one in enumerate(examples) if one.second]
    rows = vstack([known, known[doubtful], Counted.of([one.page for one in made]).vectors(idf)]).tocsr()
    truth = [one.label for one in examples] + [examples[at].second for at in doubtful] + [one.label for one in made]
    counts_for = np.concatenate(
        (
            np.ones(len(examples)),
            np.full(len(doubtful), recipe.second),
            [recipe.seeds if one.source == "seeds" else recipe.weak for one in made],
        )
    )
    machine = LinearSVC(C=recipe.c, random_state=recipe.seed).fit(rows, truth, sample_weight=counts_for)
    found = {name: place for place, name in enumerate(machine.classes_)}
    order = [found.get(name, -1) for name in labels]
    table = np.stack([machine.coef_[at] if at >= 0 else np.zeros(BUCKETS) for at in order], axis=1)
    bias = np.array([machine.intercept_[at] if at >= 0 else NEVER for at in order], dtype=np.float32)
    return Knowledge(tuple(labels), idf, weights(*steps(table.astype(np.float32))), bias, 1.0)


def margins_of_unseen(examples: Sequence[Labelled], made: Sequence[Labelled], labels: Sequence[str], recipe: Recipe) -> Matrix:
    """Return the logarithms of probabilities, up to a constant, of each page by a model that saw nothing of its domain."""
    folds = folds_of(examples, FOLDS)
    margins = np.zeros((len(examples), len(labels)))
    for fold in range(FOLDS):
        model = fit([one for one, own in zip(examples, folds, strict=True) if own != fold], made, labels, recipe)
        for place in np.flatnonzero(folds == fold).tolist():
            shares = model.probabilities(examples[place].page)
            margins[place] = np.log(shares) if shares is not None else 0.0
    return margins


def sharpness_of(margins: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """Return the sharpness under which the true classes are likeliest."""
    losses = []
    for sharpness in SHARPNESS.tolist():
        scaled = sharpness * margins
        scaled -= scaled.max(axis=1, keepdims=True)
        chosen = scaled[np.arange(len(truth)), truth] - np.log(np.exp(scaled).sum(axis=1))
        losses.append(-float(chosen.mean()))
    return float(SHARPNESS[int(np.argmin(losses))])


def make(data: Path, out: Path, recipe: Recipe | None = None) -> Card:
    """Train the model on the pages for training, write ``knowledge.npz`` and its card."""
    recipe = recipe or Recipe()
    labels = load_taxonomy().ids
    examples = [one for one in read(data, "train") if one.page.text]
    weak, seeds = list(weak_examples(data)), list(seed_examples())
    margins = margins_of_unseen(examples, [*weak, *seeds], labels, recipe)
    truth = np.array([labels.index(one.label) for one in examples])
    unsharp = fit(examples, [*weak, *seeds], labels, recipe)
    model = Knowledge(labels, unsharp.idf, unsharp.table, unsharp.bias, sharpness_of(margins, truth))
    path = out / f"{NAME}.npz"
    model.save(path)
    card = _card(path, data, recipe, margins.argmax(axis=1), examples)
    (out / f"{NAME}.json").write_text(card.to_json(), encoding="utf-8")
    return card


def _card(path: Path, data: Path, recipe: Recipe, guessed: NDArray[np.int64], examples: Sequence[Labelled]) -> Card:
    labels = load_taxonomy().ids
    right = [labels[at] == one.label for at, one in zip(guessed.tolist(), examples, strict=True)]
    either = [labels[at] in (one.label, one.second) for at, one in zip(guessed.tolist(), examples, strict=True)]
    inputs = dict.fromkeys(FILES.values(), "pages labelled by reading (classifiers/knowledge/labels.jsonl)")
    inputs |= {f"warc/{file.name}": "the same" for file in sorted((data / "warc").glob("*.warc*")) if file.suffix != ".paths"}
    inputs[TEXTCLASSES] = "weak examples of adult, mathematics and other"
    return Card(
        name=NAME,
        file=path.name,
        kind="arrays",
        sha256=sha256_of(path),
        purpose=PURPOSE,
        labels=labels,
        training_data=tuple({"file": file, "sha256": sha256_of(data / file), "use": use} for file, use in sorted(inputs.items())),
        seed=recipe.seed,
        parameters={**asdict(recipe), "buckets": BUCKETS, "taxonomy": load_taxonomy().version},
        metrics={
            "measured_on": f"pages for training, {FOLDS} folds of whole domains; for the exam see benchmarks/knowledge.py",
            "pages": len(examples),
            "domains": len({one.group for one in examples}),
            "accuracy_unseen_domains": round(float(np.mean(right)), 4),
            "accuracy_or_second_class": round(float(np.mean(either)), 4),
        },
        licence="Apache-2.0 for the model file; the texts it was trained on keep their licences and are not in it",
        source="trained here from the labels and seed words of classifiers/knowledge and the files named in training_data",
        command="python -m classifiers.knowledge.train --data DIR",
    )


def main(argv: list[str] | None = None) -> int:
    """Train and write; the exit status is 2 where the data is not there."""
    parser = argparse.ArgumentParser(description="Train the classifier of knowledge classes.")
    parser.add_argument("--data", type=Path, default=os.environ.get("WOOLMILL_DATA"), help="folder of the training data")
    parser.add_argument("--out", type=Path, default=None, help="folder to write to; by default that of the shipped models")
    arguments = parser.parse_args(argv)
    if arguments.data is None:
        print("where is the training data? give --data DIR or set WOOLMILL_DATA", file=sys.stderr)
        return 2
    out = arguments.out or folder()
    out.mkdir(parents=True, exist_ok=True)
    try:
        card = make(Path(arguments.data), out)
    except FileNotFoundError as error:
        print(f"{error.filename} is not there: the classifier is trained on it", file=sys.stderr)
        return 2
    print(f"{card.name}: {(out / card.file).stat().st_size:,} bytes, {card.metrics}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
