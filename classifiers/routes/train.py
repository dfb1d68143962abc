"""Fit the weights of the routing scores on the labelled pages. Run as ``python -m classifiers.routes.train --data DIR``.

Logistic regression with a ridge and with signs: more of a column may only speak for a class, or only against it, as
`udfs.routing.READS` has it, so that no weight is an accident of the few sites that the pages come from. The pages of the exam take
no part. The same data gives the same bytes.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import xxhash
from numpy.typing import NDArray

from classifiers import command
from classifiers.registry import MODELS, Card, sha256_of
from classifiers.routes.model import NAME
from classifiers.routes.pages import FILES, Labelled, columns, read
from udfs.routing import READS, Scorer, Weight, read_router, scaled

Floats = NDArray[np.float64]
Truth = NDArray[np.bool_]

RIDGE: Final = 1.0
"""Half of it times the sum of squared weights is what weights cost; the bias is free."""

MOST_OF_A_GROUP: Final = 25.0
"""Pages of one source count as so many at most: no site teaches what a class is."""

UNSURE: Final = 0.5
"""What a page counts for of which the reader was not sure."""

FOLDS: Final = 8
SWEEPS: Final = 300
SIGNIFICANT: Final = 6


def fit(found: Mapping[str, Floats], truth: Truth, counts: Floats, name: str) -> Scorer:
    """Fit one score.

    Parameters
    ----------
    found : mapping of str to array
        The columns of the pages.
    truth : array of bool
        Which pages are of the class.
    counts : array of float64
        What each page counts for.
    name : str
        The class: a key of `READS`.
    """
    reads = READS[name]
    values = np.stack([scaled(np.nan_to_num(found[column]), scale) for column, scale, _ in reads], axis=1)
    means, deviations = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-6)
    unit = np.concatenate((np.ones((len(truth), 1)), (values - means) / deviations), axis=1)
    point = _descend(unit, truth, counts, np.array([0, *(sign for _, _, sign in reads)]))
    return Scorer(
        _figure(point[0]),
        tuple(
            Weight(column, scale, _figure(mean), _figure(deviation), _figure(weight) + 0.0)
            for (column, scale, _), mean, deviation, weight in zip(reads, means, deviations, point[1:], strict=True)
        ),
    )


def _descend(unit: Floats, truth: Truth, counts: Floats, signs: NDArray[np.int64]) -> Floats:
    """Return the weights of least loss, by Newton's steps in one after the other; each keeps to its sign, if it has one."""
    point, odds = np.zeros(unit.shape[1]), np.zeros(len(truth))
    for _ in range(SWEEPS):
        for i, sign in enumerate(signs.tolist()):
            said = 1 / (1 + np.exp(-odds))
            ridge = RIDGE if i else 0.0
            slope = float((counts * (said - truth) * unit[:, i]).sum()) + ridge * point[i]
            bend = float((counts * said * (1 - said) * unit[:, i] ** 2).sum()) + ridge
            new = point[i] - slope / max(bend, 1e-9)
            if new * sign < 0:
                new = 0.0
            odds += (new - point[i]) * unit[:, i]
            point[i] = new
    return point


def _figure(value: float) -> float:
    """Round to what is written: the last bits differ between machines."""
    return float(f"{value:.{SIGNIFICANT}g}")


def weights_of(pages: Sequence[Labelled]) -> Floats:
    """Return what each page counts for."""
    sizes = Counter(page.group for page in pages)
    return np.array([(1.0 if p.row["sure"] else UNSURE) * min(1.0, MOST_OF_A_GROUP / sizes[p.group]) for p in pages])


def unseen(pages: Sequence[Labelled], found: Mapping[str, Floats], truth: Truth, name: str) -> Floats:
    """Return scores of each page by weights that were fitted without its source (in folds of whole sources)."""
    folds = np.array([xxhash.xxh3_64_intdigest(page.group.encode()) % FOLDS for page in pages])
    counts, scores = weights_of(pages), np.zeros(len(pages))
    for fold in range(FOLDS):
        left, out = folds != fold, folds == fold
        scorer = fit({c: v[left] for c, v in found.items()}, truth[left], counts[left], name)
        scores[out] = scorer.score({c: v[out] for c, v in found.items()})[0]
    return scores


def figures(scores: Floats, truth: Truth) -> dict[str, str]:
    """Return precision and recall at some limits, as counts."""
    told = {}
    for limit in (0.3, 0.4, 0.5, 0.6):
        said = scores >= limit
        told[f"at {limit}"] = f"precision {(said & truth).sum()} of {said.sum()}, recall {(said & truth).sum()} of {truth.sum()}"
    return told


def make(data: Path, out: Path) -> Card:
    """Fit both scores, and write them and their card."""
    pages = read(data, "tune")
    found, counts = columns(pages), weights_of(pages)
    rows: list[dict[str, Any]] = []
    metrics: dict[str, Any] = {"measured_on": f"pages of sources that the weights have not seen, {FOLDS} folds of whole sources"}
    for name in READS:
        truth = np.array([page.label == name for page in pages])
        scorer = fit(found, truth, counts, name)
        rows.append({"score": name, "bias": scorer.bias})
        rows += [{"score": name} | {field: getattr(w, field) for field in Weight.__slots__} for w in scorer.weights]
        metrics[name] = figures(unseen(pages, found, truth, name), truth)
    read_router(rows)
    path = out / f"{NAME}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    labelled = Counter(page.label for page in pages)
    card = Card(
        name=NAME,
        file=path.name,
        kind="weights",
        sha256=sha256_of(path),
        purpose="Probabilities that a page is mathematics, and code, as docs/routes.md defines them, from its structure and the "
        "scores of the models math and code. Nearly all pages of mathematics it was fitted on are documentation of three packages.",
        labels=tuple(READS),
        training_data=tuple(
            {"file": file, "sha256": sha256_of(data / file), "use": "labelled pages of the set " + name}
            for name, file in FILES.items()
        ),
        seed=None,
        parameters={
            "pages": dict(sorted(labelled.items())),
            "ridge": RIDGE,
            "most_of_a_source": MOST_OF_A_GROUP,
            "unsure": UNSURE,
            "models": {model: MODELS[model].sha256 for model in ("math", "code")},
        },
        metrics=metrics,
        licence="Apache-2.0 for the weights; the pages they were fitted on keep their licences and are not in them",
        source="fitted here on pages labelled by reading (classifiers/routes/labels.jsonl), also of the WARC files of the folder warc",
        command="python -m classifiers.routes.train --data DIR",
    )
    (out / f"{NAME}.json").write_text(card.to_json(), encoding="utf-8")
    return card


def main(argv: list[str] | None = None) -> int:
    """Fit and write; the exit status is 2 where the data is not there."""
    return command.run(command.parser("Fit the weights of the routing scores.").parse_args(argv), _told)


def _told(data: Path, out: Path) -> Iterator[str]:
    card = make(data, out)
    yield from (f"{name} {card.metrics[name]}" for name in READS)


if __name__ == "__main__":
    sys.exit(main())
