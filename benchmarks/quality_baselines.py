"""What predicts the quality of a page without reading its words, beside the fastText model: the exam's areas under the ROC curve.

    python -m benchmarks.quality_baselines [--data $WOOLMILL_DATA]      # three minutes

Each baseline (`classifiers.evaluation.baselines`) is fitted on the labelled examples that the model `quality` is trained on, and on
the pages read for training alone, and asked of the exam: pages labelled by reading, and short texts, of domains that are in neither.
fastText is trained here as the card's examined model was, without any example of the exam's domains. Intervals are drawn by domain;
the last line is how much better fastText is than all signals, on the same pages.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.runs import markdown
from classifiers.evaluation.baselines import baselines
from classifiers.evaluation.curves import Scored, auc, interval
from classifiers.evaluation.report import difference
from classifiers.fasttext_clf import Classifier, Example, prepare, train
from classifiers.quality.pages import label_of, read
from classifiers.tasks import MAX_NEGATIVES, MAX_POSITIVES, TASKS, capped, group_of, short_texts
from udfs.fasttext import FastText

TASK = TASKS["quality"]
POSITIVE = TASK.labels[0]


def asked(known: Sequence[Example], exam: Sequence[Example]) -> Mapping[str, Scored]:
    """Return the scores of the exam by each baseline that was fitted on what is known."""
    both = [*known, *exam]
    truth = np.array([one.label == POSITIVE for one in both])
    unseen = np.repeat([0, 1], [len(known), len(exam)])
    found = baselines([one.text for one in both], [one.language for one in both], truth, unseen)
    groups = [one.group for one in exam]
    return {name: Scored(values[unseen == 1], truth[unseen == 1], groups) for name, values in found.items()}


def by_fasttext(known: Sequence[Example], data: Path, exam: Sequence[Example]) -> Scored:
    """Return the exam's scores by a model that is trained as the one that ships, without the exam's domains."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "quality.ftz"
        train([*known, *TASK.extra(data, known)], TASK.recipe, path)
        model = Classifier(FastText(path), POSITIVE, TASK.recipe.lines)
        values = np.array([model.log_odds(one.text) for one in exam])
    return Scored(values, np.array([one.label == POSITIVE for one in exam]), [one.group for one in exam])


def told(scored: Scored) -> str:
    """Write an area with its interval."""
    found = interval(scored, auc)
    return f"{found.value:.3f} ({found.low:.3f}-{found.high:.3f})"


def main(argv: Sequence[str] | None = None) -> int:
    """Fit, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("WOOLMILL_DATA"), help="by default what WOOLMILL_DATA names")
    data = parser.parse_args(argv).data
    if data is None:
        parser.error("name the data folder by --data or WOOLMILL_DATA")
    most = dict(zip(TASK.labels, (MAX_POSITIVES, MAX_NEGATIVES[TASK.name]), strict=True))
    known = [one for one in capped(TASK.examples(data), most) if prepare(one.text)]
    by_reading = [one for one in known if one.source.startswith("labelled")]
    clear = [page for page in read(data, "exam") if page.text and label_of(page.row["score"]) != "mid"]
    pages = [Example(p.text, label_of(p.row["score"]), p.domain, p.language) for p in clear]
    short = [Example(row["text"], row["label"], group_of(row), row["lang"]) for row in short_texts(data, "exam")]
    columns = [asked(known, pages), asked(known, short), asked(by_reading, pages)]
    fasttext = by_fasttext(known, data, pages)
    rows = [[name, *(told(column[name]) for column in columns)] for name in columns[0]]
    rows.append(["fastText", told(fasttext), told(by_fasttext(known, data, short)), ""])
    print(markdown(("", "exam", "short texts of unseen domains", "exam, from read pages alone"), rows))
    gain = difference(columns[0]["signals"], fasttext)
    print(f"\nfastText over all signals, on the exam: {gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
