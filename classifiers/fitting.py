"""A fastText classifier from examples of one's own: split by domain, searched, trained, quantised, calibrated, examined, stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from classifiers.evaluation.calibration import fit as calibrate
from classifiers.evaluation.calibration import percentiles, temperature
from classifiers.evaluation.curves import Scored
from classifiers.evaluation.report import calibrated, describe
from classifiers.evaluation.splits import PARTS, check_apart, part_of
from classifiers.evaluation.thresholds import Unattainable, for_keep_rate, for_precision
from classifiers.fasttext_clf import NEGATIVE, POSITIVE, Classifier, Example, Recipe, languages_of, train
from classifiers.registry import CARD, Card, digest_of, digest_of_code, sha256_of
from classifiers.search import Budget, search
from udfs.fasttext import FastText

FILE: Final = "model.ftz"
BASE: Final = Recipe(lines=True)
"""What is tried first."""
LEAST: Final = 5
"""Examples of either class that a part of the split must have."""
CODE: Final = ("classifiers.fasttext_clf", "classifiers.fitting", "classifiers.sources", "udfs.words")
RATES: Final = (0.1, 0.3, 0.5)
PRECISION: Final = 0.9


@dataclass(frozen=True, slots=True)
class Order:
    """What a model is to be called, and the command that made it."""

    name: str
    version: str
    command: str


def fit(examples: Sequence[Example], order: Order, store: Path, inputs: Mapping[Path, str], budget: Budget | None = None) -> Card:
    """Make a model and its card in ``<store>/<name>/<version>``.

    Settings are searched and the model is trained on the training domains, calibrated and its thresholds chosen on the validation
    domains, and measured on the test domains, all with the quantised model that is stored.

    Parameters
    ----------
    examples : sequence of Example
        Of the labels `POSITIVE` and `NEGATIVE`.
    order : Order
        Name and version.
    store : Path
        Folder of models.
    inputs : mapping of Path to str
        The files the examples are from and what each was used for.
    budget : Budget, optional
        How long to search for settings; by default the usual ones are taken.

    Raises
    ------
    ValueError
        When a part of the split has too few examples of a class; the message counts them.
    TrainingError
        See `classifiers.fasttext_clf.train`.
    """
    parts = {part: [one for one in examples if part_of(one.group) == part] for part in PARTS}
    _check(parts)
    found = search(parts["train"], POSITIVE, budget or Budget(), base=BASE)
    out = store / order.name / order.version
    out.mkdir(parents=True, exist_ok=True)
    train(parts["train"], found.best.recipe, out / FILE)
    model = _cooled(Classifier(FastText(out / FILE), POSITIVE, found.best.recipe.lines), parts["validation"])
    card = Card(
        name=order.name,
        file=FILE,
        kind="fasttext",
        sha256=sha256_of(out / FILE),
        purpose=f"Probability that a text is of the class of the positives, of: {'; '.join(inputs.values())}.",
        labels=(POSITIVE, NEGATIVE),
        training_data=tuple({"file": path.name, "sha256": digest_of(path), "use": use} for path, use in inputs.items()),
        seed=found.best.recipe.seed,
        parameters={
            **asdict(found.best.recipe),
            "tokens": "classifiers.fasttext_clf.read",
            "temperature": model.temperature,
            "languages": languages_of(examples, (POSITIVE, NEGATIVE), LEAST),
            "search": found.to_json(),
            "split": {part: _counts(rows) for part, rows in parts.items()},
        },
        source="trained from the files named in training_data",
        command=order.command,
        version=order.version,
        code_version=digest_of_code(CODE),
        **_figures(model, parts["validation"], parts["test"]),
    )
    (out / CARD).write_text(card.to_json(), encoding="utf-8")
    return card


def _figures(model: Classifier, tuning: Sequence[Example], unseen: Sequence[Example]) -> dict[str, Any]:
    """Return what a card says of a model: measured on one part of the split, calibrated on another, ranked on both."""
    validation, test, both = scored(tuning, model), scored(unseen, model), [*tuning, *unseen]
    calibration = calibrate(validation.values, validation.truth)
    parts = {"language": [one.language for one in unseen], "source": [one.source for one in unseen]}
    told = describe(test, "test domains, by the quantised model", parts=parts)
    return {
        "evaluation": told | {"calibrated": calibrated(test, calibration)},
        "calibration": calibration.to_json(),
        "percentiles": {
            "population": "the examples of validation and test domains",
            "quantiles": percentiles(scored(both, model).values, [one.language for one in both]),
        },
        "thresholds": _thresholds(validation),
    }


def _cooled(model: Classifier, validation: Sequence[Example]) -> Classifier:
    odds = np.array([model.log_odds(one.text) for one in validation])
    return replace(model, temperature=temperature(odds, np.array([one.label == model.label for one in validation])))


def scored(examples: Sequence[Example], model: Classifier) -> Scored:
    """Score examples by a model."""
    values = np.array([model.of(one.text) or 0.0 for one in examples])
    return Scored(values, np.array([one.label == model.label for one in examples]), [one.group for one in examples])


def _check(parts: Mapping[str, Sequence[Example]]) -> None:
    check_apart({part: {one.group for one in rows} for part, rows in parts.items()})
    counts = {part: _counts(rows) for part, rows in parts.items()}
    if any(min(count[POSITIVE], count[NEGATIVE]) < LEAST for count in counts.values()):
        said = ", ".join(
            f"{part} {count[POSITIVE]} of {POSITIVE} and {count[NEGATIVE]} of {NEGATIVE}" for part, count in counts.items()
        )
        raise ValueError(f"each part of the split by domain needs {LEAST} examples of either class, there are: {said}")


def _counts(rows: Sequence[Example]) -> dict[str, int]:
    labels = [one.label for one in rows]
    return {POSITIVE: labels.count(POSITIVE), NEGATIVE: labels.count(NEGATIVE), "domains": len({one.group for one in rows})}


def _thresholds(validation: Scored) -> dict[str, Any]:
    found = {}
    for rate in RATES:
        with suppress(Unattainable):
            found[f"keep {rate:g} of the validation documents"] = for_keep_rate(validation.values, rate).to_json()
    with suppress(Unattainable):
        found[f"precision {PRECISION:g}"] = for_precision(validation, PRECISION).to_json()
    return found
