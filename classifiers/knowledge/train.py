"""Train the classifier of knowledge classes: ``python -m classifiers.knowledge.train --data DIR``.

A support vector machine a class (one against the rest, squared hinge; Fan et al. 2008, LIBLINEAR) over hashed character n-grams, on
the pages labelled for training, weak examples and seed words. Pages with a second class count for it in part. The scores become
probabilities by a softmax whose sharpness and biases are fitted on pages of unseen domains. The exam's pages are not read. Equal
data and equal versions of the libraries give equal bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifiers import command
from classifiers.knowledge.examples import FILES, TEXTCLASSES, UNREAD, Labelled, folds_of, read, seed_examples, weak_examples
from classifiers.knowledge.features import BUCKETS, WEIGHTS, Floats, Page, fields_of, grams
from classifiers.knowledge.model import NAME, Knowledge, steps, weights
from classifiers.registry import Card, sha256_of
from conf.taxonomy import load as load_taxonomy

Matrix = Any
FOLDS = 5
NEVER = -127.0
"""Score of a class that has no example."""
SHARPNESS = (0.5, 10.0)
"""Smallest and largest sharpness."""
RIDGE = 1e-4
FLOOR = -40.0
"""Logarithms of probabilities below it are taken for it."""
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
    seeds: float = 0.7
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
            margins[place] = np.log(np.maximum(shares, np.exp(FLOOR))) if shares is not None else 0.0
    return margins


def calibrated(margins: NDArray[np.float64], truth: NDArray[np.int64]) -> tuple[float, NDArray[np.float32]]:
    """Return the sharpness, and what to add to each class's score, under which the true classes are likeliest.

    Temperature scaling with a bias a class (Guo et al. 2017), the biases held small by a ridge. They take back what seed words,
    alike for all classes, do to the shares of the classes. Rounded, so that the last digits of a library do not reach the file.
    """
    from scipy.optimize import minimize  # type: ignore[import-untyped]

    rows = np.arange(len(truth))

    def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        sharpness, added = np.exp(values[0]), values[1:]
        scaled = sharpness * margins + added
        scaled -= scaled.max(axis=1, keepdims=True)
        shares = np.exp(scaled)
        shares /= shares.sum(axis=1, keepdims=True)
        height = -np.log(shares[rows, truth] + 1e-12).mean() + RIDGE * (added**2).sum()
        shares[rows, truth] -= 1
        shares /= len(truth)
        return float(height), np.append(sharpness * (shares * margins).sum(), shares.sum(axis=0) + 2 * RIDGE * added)

    bounds = [tuple(np.log(SHARPNESS)), *[(None, None)] * margins.shape[1]]
    found = minimize(loss, np.zeros(margins.shape[1] + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
    sharpness = round(float(np.exp(found[0])), 2)
    return sharpness, np.round(found[1:] / sharpness, 3).astype(np.float32)


def promising(margins: NDArray[np.float64], accuracy: float) -> float:
    """Return the sharpness under which the mean probability of the likeliest class is an accuracy.

    The margins of the model that ships are wider than those of one without the words of ``seeds.yaml``, and on the pages that their
    writer had read they are too often right: width is taken from the one, accuracy from the other.
    """
    low, high = SHARPNESS
    heights = margins - margins.max(axis=1, keepdims=True)
    for _ in range(40):
        middle = (low + high) / 2
        mean = float((1 / np.exp(middle * heights).sum(axis=1)).mean())
        low, high = (middle, high) if mean < accuracy else (low, middle)
    return round(low, 2)


def make(data: Path, out: Path, recipe: Recipe | None = None) -> Card:
    """Train the model on the pages for training, write ``knowledge.npz`` and its card."""
    recipe = recipe or Recipe()
    labels = load_taxonomy().ids
    examples = [one for one in read(data, "train") if one.page.text]
    weak, seeds = list(weak_examples(data)), list(seed_examples())
    truth = np.array([labels.index(one.label) for one in examples])
    honest = margins_of_unseen(examples, [*weak, *seed_examples(UNREAD)], labels, recipe)
    _, added = calibrated(honest, truth)
    accuracy = float(np.mean((honest + added).argmax(axis=1) == truth))
    alike = margins_of_unseen(examples, [*weak, *seeds], labels, recipe) + added
    raw = fit(examples, [*weak, *seeds], labels, recipe)
    model = Knowledge(labels, raw.idf, raw.table, raw.bias + added, promising(alike, accuracy))
    path = out / f"{NAME}.npz"
    model.save(path)
    card = _card(path, data, recipe, (honest + added).argmax(axis=1), examples)
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
            "measured_on": f"pages for training, {FOLDS} folds of whole domains, without the words of seeds.yaml, whose "
            "writer had read the pages; for the exam see benchmarks/knowledge.py",
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
    return command.run(command.parser("Train the classifier of knowledge classes.").parse_args(argv), _told)


def _told(data: Path, out: Path) -> Iterator[str]:
    card = make(data, out)
    yield f"{card.name}: {(out / card.file).stat().st_size:,} bytes, {card.metrics}"


if __name__ == "__main__":
    sys.exit(main())
