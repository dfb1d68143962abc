"""Train the main-content model: ``python -m classifiers.extractor.train --data DIR --teachers FILE --out FILE``.

The same data give the same file. Folds are made by registered domain. The linear models' answers, which are columns of the
trees, are out of fold where the trees learn from them; the figures in the card are out of fold too. What ships is trained on
all pages.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import fmean
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read once, when OpenMP starts: spinning threads starve each other

import numpy as np
import xxhash
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from classifiers.extractor.corpus import DOCUMENTATION, GOLD_PAGES, MARKED_PAGES, read_corpus, read_teachers, write_teachers
from classifiers.extractor.evaluate import block_f1
from classifiers.extractor.examples import Example, read_examples
from classifiers.extractor.export import join, trees_of
from classifiers.extractor.sparse import SETTINGS, fit, quantise, rows_of
from classifiers.registry import sha256_of
from udfs.html.blocks.blockmodel import PAGE_TYPES, Model, Prediction, save
from udfs.html.blocks.decode import decode
from udfs.html.blocks.features import features
from udfs.html.blocks.linear import Linear
from udfs.html.page.layout import PageTables

Floats = NDArray[np.float32]

FOLDS = 5
SAMPLE = 300
"""Blocks of a page that the trees are fitted on, about."""
EXPONENT = 0.7
"""A block's weight is its tokens to this power."""
BLOCKS = {
    "max_iter": 300,
    "learning_rate": 0.05,
    "max_leaf_nodes": 16,
    "max_depth": 6,
    "min_samples_leaf": 60,
    "l2_regularization": 10.0,
    "max_features": 0.2,
}
PAGES = {
    "max_iter": 40,
    "learning_rate": 0.1,
    "max_leaf_nodes": 8,
    "max_depth": 4,
    "min_samples_leaf": 8,
    "l2_regularization": 5.0,
    "max_features": 0.3,
}
SEEDS = (1,)


@dataclass(frozen=True, slots=True)
class Pages:
    """Training pages, their blocks end to end.

    Parameters
    ----------
    examples : list of Example
    starts : ndarray of int64, (pages + 1,)
        First block of each page.
    label, weight : ndarray of float32, (blocks,)
        Label, 0 where unknown; weight, 0 where unknown.
    fold : ndarray of int64, (pages,)
    """

    examples: list[Example]
    starts: NDArray[np.int64]
    label: Floats
    weight: Floats
    fold: NDArray[np.int64]

    def fold_of_blocks(self) -> NDArray[np.int64]:
        """Fold of each block's page."""
        return np.repeat(self.fold, np.diff(self.starts))

    def tables(self) -> list[PageTables]:
        """Tables of all pages."""
        return [example.tables for example in self.examples]


def fold_of(domain: str) -> int:
    """Fold of a domain, by its hash."""
    return int(xxhash.xxh3_64_intdigest(domain.encode(), seed=14) % FOLDS)


def collect(examples: Sequence[Example]) -> Pages:
    """Lay pages end to end; each page's weights sum to 1."""
    starts = np.cumsum([0] + [len(e.label) for e in examples])
    label = np.concatenate([np.nan_to_num(e.label) for e in examples]).astype(np.float32)
    weight = np.concatenate([weights_of(e) for e in examples]).astype(np.float32)
    return Pages(list(examples), starts, label, weight, np.array([fold_of(e.domain) for e in examples]))


def weights_of(example: Example) -> NDArray[np.float64]:
    """Weight of each block: its tokens to the power of `EXPONENT`, 0 where the label is unknown, as shares of the page's."""
    raw = np.where(np.isnan(example.label), 0.0, example.n_tokens.astype(np.float64) ** EXPONENT)
    raw[example.n_tokens == 0] = 0
    return np.asarray(example.weight * raw / max(raw.sum(), 1e-9))


def sampled(pages: Pages, most: int = SAMPLE) -> Floats:
    """Weights for the trees: of a page with many blocks some are drawn, the heavy ones surely, and stand for the others.

    A block is drawn with a probability in proportion to its weight, 1 at most, and its weight divided by that (Horvitz and
    Thompson, 1952), so sums are kept in the mean.
    """
    weight = np.zeros(len(pages.weight), np.float32)
    for example, start, stop in zip(pages.examples, pages.starts[:-1], pages.starts[1:], strict=True):
        own = pages.weight[start:stop].astype(np.float64)
        if np.count_nonzero(own) <= most:
            weight[start:stop] = own
            continue
        scale = most / own.sum()
        for _ in range(20):
            scale *= most / np.minimum(1, own * scale).sum()
        chance = np.minimum(1, own * scale)
        generator = np.random.default_rng(xxhash.xxh3_64_intdigest(example.id.encode(), seed=14))
        drawn = generator.random(len(own)) < chance
        weight[start:stop] = np.where(drawn, own / np.maximum(chance, 1e-12), 0)
    return weight


@dataclass(slots=True)
class LinearFits:
    """Linear models: one for each left-out fold, and one of all pages (key -1)."""

    models: dict[int, Linear] = field(default_factory=dict)


def fit_linear(pages: Pages) -> LinearFits:
    """Fit the linear models without each fold, and on all pages."""
    rows = {kind: rows_of(pages.tables(), kind) for kind in SETTINGS}
    fold = pages.fold_of_blocks()
    fits = LinearFits()
    for left_out in (*range(FOLDS), -1):
        weight = np.where(fold == left_out, np.float32(0), pages.weight)
        fits.models[left_out] = quantise([fit(rows[kind], pages.label, weight, **how) for kind, how in SETTINGS.items()])
    return fits


def matrices(pages: Pages, fits: LinearFits) -> tuple[Floats, Floats]:
    """Columns of all blocks and statistics of all pages, with out-of-fold answers of the linear models."""
    parts = [features(e.tables, fits.models[int(f)]) for e, f in zip(pages.examples, pages.fold, strict=True)]
    return np.concatenate([np.ascontiguousarray(p.blocks) for p in parts]), np.stack([p.page for p in parts])


def fit_trees(x: Floats, y: NDArray[Any], weight: Floats, settings: dict[str, Any], seed: int) -> Any:
    """Fit one ensemble on the rows with a weight."""
    used = np.flatnonzero(weight > 0)
    model = HistGradientBoostingClassifier(early_stopping=False, random_state=seed, max_bins=255, **settings)
    return model.fit(x[used], y[used], sample_weight=weight[used] / weight[used].mean())


def out_of_fold(
    x: Floats, y: NDArray[Any], weight: Floats, fold: NDArray[np.int64], fitter: Callable[..., Any]
) -> NDArray[np.float64]:
    """Probabilities of each row from models that were fitted without its fold; columns in the order of the classes."""
    classes = np.unique(y[weight > 0])
    p = np.zeros((len(x), len(classes)))
    for left_out in range(FOLDS):
        rows = fold == left_out
        if rows.any():
            model = fitter(x, y, np.where(rows, np.float32(0), weight))
            p[np.ix_(rows, np.searchsorted(classes, model.classes_))] = model.predict_proba(x[rows])
    return p


def types_of(pages: Pages) -> tuple[NDArray[np.int64], Floats]:
    """Page type of each page as a number, and its weight; marked pages of unknown type were chosen as articles."""
    known = [example.page_type for example in pages.examples]
    number = np.array([PAGE_TYPES.index(kind) if kind else 0 for kind in known])
    weight = [example.weight if kind else example.weight / 2 for example, kind in zip(pages.examples, known, strict=True)]
    return number, np.array(weight, np.float32)


@dataclass(frozen=True, slots=True)
class Training:
    """A trained model and what it says of the training pages out of fold.

    Parameters
    ----------
    model : Model
        Trained on all pages.
    p : list of ndarray
        Out-of-fold probabilities of each page's blocks.
    page_type : ndarray, (pages, types)
        Out-of-fold probabilities of each page's type.
    """

    model: Model
    p: list[Floats]
    page_type: NDArray[np.float64]


def train(pages: Pages, *, seeds: Sequence[int] = SEEDS) -> Training:
    """Train everything.

    Parameters
    ----------
    pages : Pages
        From `collect`.
    seeds : sequence of int
        One ensemble each; their mean is the model.
    """
    fits = fit_linear(pages)
    x, statistics = matrices(pages, fits)
    kinds, kind_weight = types_of(pages)

    def pages_model(rows: Floats, target: NDArray[Any], weight: Floats) -> Any:
        return fit_trees(rows, target, weight, PAGES, SEEDS[0])

    page_type = out_of_fold(statistics, kinds, kind_weight, pages.fold, pages_model)
    y, drawn, fold = pages.label.astype(np.int64), sampled(pages), pages.fold_of_blocks()
    ensembles, p = [], np.zeros(len(x))
    for seed in seeds:

        def blocks_model(rows: Floats, target: NDArray[Any], weight: Floats, seed: int = seed) -> Any:
            return fit_trees(rows, target, weight, BLOCKS, seed)

        p += out_of_fold(x, y, drawn, fold, blocks_model)[:, 1] / len(seeds)
        ensembles.append(trees_of(blocks_model(x, y, drawn), scale=1 / len(seeds)))
    kinds_trees = trees_of(pages_model(statistics, kinds, kind_weight))
    split = [p[a:b].astype(np.float32) for a, b in zip(pages.starts[:-1], pages.starts[1:], strict=True)]
    return Training(Model(fits.models[-1], join(ensembles), kinds_trees), split, page_type)


def report(pages: Pages, training: Training) -> dict[str, float]:
    """Return out-of-fold figures: mean F1 of the kept tokens by source and by type of page, and how well types are told."""
    groups: dict[str, list[float]] = defaultdict(list)
    for example, p, kinds in zip(pages.examples, training.p, training.page_type, strict=True):
        keep = decode(example.tables, Prediction(p, kinds.astype(np.float32))).keep
        f1 = block_f1(keep, example.label, example.n_tokens)
        groups[f"f1_{example.source}"].append(f1)
        if example.source == "gold":
            groups[f"f1_gold_{example.page_type}"].append(f1)
        if example.page_type:
            groups["page_type_accuracy"].append(float(PAGE_TYPES[int(kinds.argmax())] == example.page_type))
    return {name: round(fmean(values), 4) for name, values in sorted(groups.items())}


def card_of(pages: Pages, training: Training, data: Path, model: Path) -> dict[str, Any]:
    """Say what is known of a trained model: data, versions, settings, figures, the file's digest; nothing of time or place."""
    sources = Counter(example.source for example in pages.examples)
    return {
        "file": model.name,
        "sha256": sha256_of(model),
        "purpose": "probability that a block of a web page is main content, and the page's type",
        "training_data": [{"file": name, "sha256": sha256_of(data / name)} for name in (GOLD_PAGES, MARKED_PAGES, DOCUMENTATION)],
        "pages": dict(sorted(sources.items())),
        "blocks": int(np.count_nonzero(pages.weight)),
        "versions": {name: version(name) for name in ("numpy", "scikit-learn", "trafilatura", "readability-lxml")},
        "settings": {"blocks": BLOCKS, "pages": PAGES, "seeds": list(SEEDS), "folds": FOLDS, "sample": SAMPLE},
        "out_of_fold": report(pages, training),
        "licence": "Labels of the gold pages: WCXB (Murrough Foley, 2026), CC-BY-4.0",
        "command": "python -m classifiers.extractor.train --data DIR --teachers FILE --out udfs/html/blocks/models/blocks.npz",
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m classifiers.extractor.train", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the input data")
    parser.add_argument("--teachers", type=Path, required=True, help="outputs of the teachers; what is missing is made and added")
    parser.add_argument("--out", type=Path, required=True, help="the model file; its card goes beside it")
    args = parser.parse_args(argv)
    write_teachers(read_corpus(args.data), args.teachers)
    pages = collect(list(read_examples(read_corpus(args.data), read_teachers(args.teachers))))
    training = train(pages)
    save(training.model, args.out)
    card = card_of(pages, training, args.data, args.out)
    args.out.with_suffix(".json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(card["out_of_fold"], indent=2))


if __name__ == "__main__":
    main()
