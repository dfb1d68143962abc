"""The exam of the quality classifier: pages labelled by reading and short texts, of domains that it was not trained on.

Calibration and thresholds are not chosen on the exam but on the pages for training, each scored by a model that has not seen its
domain; the exam says what they are worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from classifiers.evaluation.calibration import fit, percentiles
from classifiers.evaluation.curves import Interval, Scored, auc, interval
from classifiers.evaluation.report import against_all, by_part, calibrated, describe
from classifiers.evaluation.splits import check_apart
from classifiers.evaluation.thresholds import Unattainable, for_keep_rate, for_precision
from classifiers.fasttext_clf import Classifier, Example
from classifiers.quality.pages import Labelled, label_of, split_of
from classifiers.quality.pages import read as read_labelled
from classifiers.registry import Card
from classifiers.tasks import WEB, group_of, read, short_texts

PRECISIONS: Final = (0.9, 0.95)
KEEP_RATES: Final = (0.1, 0.5, 0.9)
ON: Final = "pages labelled by reading, high against low, by a model trained in the same way without any example of their domains"


def sat(card: Card, model: Classifier, shipped: Classifier, data: Path, held_out: Sequence[tuple[Example, float]]) -> Card:
    """Return a card with what the exam says, a calibration and thresholds.

    Parameters
    ----------
    card : Card
        What is known without it.
    model : Classifier
        The model that is examined, trained like the one that ships without any example of the exam's domains.
    shipped : Classifier
        The model that ships, which percentiles and shares kept are of.
    data : Path
        The data folder.
    held_out : sequence of (Example, float)
        The training examples, each with its score by a model that has not seen its domain.
    """
    pages = [page for page in read_labelled(data, "exam") if page.text]
    check_apart({"training": {one.group for one, _ in held_out}, "the exam": {page.domain for page in pages}})
    clear = [page for page in pages if label_of(page.row["score"]) != "mid"]
    scored = scored_pages(clear, model)
    read_pages = [(one, value) for one, value in held_out if one.source.startswith("labelled")]
    tuned = Scored(
        np.array([value for _, value in read_pages]),
        np.array([one.label == model.label for one, _ in read_pages]),
        [one.group for one, _ in read_pages],
    )
    calibration = fit(tuned.values, tuned.truth)
    parts = {"language": [page.language for page in clear], "kind": [page.row["kind"] for page in clear]}
    told = describe(scored, ON, parts=parts) | {"calibrated": calibrated(scored, calibration)}
    population = [row["text"] for row in read(data / WEB) if row["text"] and split_of(group_of(row)) == "exam"]
    values = np.array([shipped.of(text) or 0.0 for text in population])
    return replace(
        card,
        evaluation=told | {"low_pages": low_pages(scored, clear)},
        calibration=calibration.to_json(),
        thresholds=_thresholds(tuned, values),
        percentiles={
            "population": f"{len(population)} main texts of web pages, {WEB}, of the exam's domains",
            "quantiles": percentiles(values, [""] * len(values)),
        },
        metrics={**card.metrics, "short_texts_of_unseen_domains": short(model, data)},
    )


def scored_pages(pages: Sequence[Labelled], model: Classifier) -> Scored:
    """Score pages; high ones are positives."""
    values = np.array([model.of(page.text) or 0.0 for page in pages])
    truth = np.array([label_of(page.row["score"]) == "high" for page in pages])
    return Scored(values, truth, [page.domain for page in pages])


def low_pages(scored: Scored, pages: Sequence[Labelled]) -> dict[str, Any]:
    """Return the area of all high pages against low ones that share a flag or kind, and against those of the real web alone."""
    real = np.array([not page.domain.startswith("example.") and "spam" not in page.row["flags"] for page in pages])
    found: dict[str, Any] = {"real web": _against(scored, real)}
    for flag in sorted({flag for page in pages for flag in page.row["flags"]}):
        found[flag] = _against(scored, np.array([flag in page.row["flags"] for page in pages]))
    return {name: row for name, row in found.items() if row["low"] >= 5}


def _against(scored: Scored, mask: Any) -> dict[str, Any]:
    part = scored.where(scored.truth | mask)
    enough = 0 < int(part.truth.sum()) < len(part.truth)
    area = interval(part, auc) if enough else Interval(np.nan, np.nan, np.nan)
    return {"low": int((~part.truth).sum()), "auc": area.rounded()}


def short(model: Classifier, data: Path) -> dict[str, Any]:
    """Return the figures on the labelled short texts of the exam's domains."""
    rows = list(short_texts(data, "exam"))
    values = np.array([model.of(row["text"]) or 0.0 for row in rows])
    scored = Scored(values, np.array([row["label"] == model.label for row in rows]), [group_of(row) for row in rows])
    made_up = np.array([group == "example" for group in scored.groups])
    return {
        "documents": len(rows),
        "positives": int(scored.truth.sum()),
        "domains": len(set(scored.groups)),
        "auc": interval(scored, auc).rounded(),
        "auc_real_sites": interval(scored.where(~made_up), auc).rounded(),
        "auc_made_up_sites": interval(scored.where(made_up | scored.truth), auc).rounded(),
        "by_class": against_all(scored, [row["class"] for row in rows]),
        "by_language": by_part(scored, [row["lang"] for row in rows]),
    }


def _thresholds(tuned: Scored, values: Any) -> dict[str, Any]:
    found = {}
    for precision in PRECISIONS:
        with suppress(Unattainable):
            found[f"precision {precision:g} on the labelled pages for training"] = for_precision(tuned, precision).to_json()
    for rate in KEEP_RATES:
        with suppress(Unattainable):
            found[f"keep {rate:g} of the population of the percentiles"] = for_keep_rate(values, rate).to_json()
    return found
