"""Train fastText classifiers: the shipped ones, and those of one's own.

``python -m classifiers.train quality --data DIR`` makes a shipped one again (or ``math``, ``code``, ``all``). The same data and
extractor (some examples are pages) give the same bytes. The metrics in the cards are of domains that a model has not seen: by
cross-validation, each example scored by a quantised model that was trained in the same way without its fold's domains, and, for
quality, on the pages and texts of the exam's domains, which no shipped model of quality is trained on.

``python -m classifiers.train wikiref --texts DIR --urls FILE --out STORE`` and ``python -m classifiers.train labels --labels FILE
--out STORE`` train on files of one's own (`classifiers.sources`, `classifiers.fitting`).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from classifiers import command, exam, fitting, sources
from classifiers.evaluation.calibration import probability, temperature
from classifiers.evaluation.curves import Scored, auc, levels
from classifiers.evaluation.report import against_all, describe
from classifiers.fasttext_clf import Classifier, Example, languages_of, prepare, train
from classifiers.registry import Card, digest_of_code, sha256_of
from classifiers.search import Budget, Places, held_out
from classifiers.tasks import LEAST_IN_LANGUAGE, MAX_NEGATIVES, MAX_POSITIVES, TASKS, Row, Task, capped
from udfs.fasttext import FastText

FOLDS = 5
CODE = ("classifiers.fasttext_clf", "classifiers.tasks", "classifiers.train", "udfs.words")
"""Modules whose code the models depend on."""


def make(task: Task, data: Path, out: Path) -> Card:
    """Cross-validate one classifier, train it on all examples, write it and its card.

    Parameters
    ----------
    task : Task
        One of `TASKS`.
    data : Path
        The folder that holds the training data.
    out : Path
        The folder to write ``<name>.ftz`` and ``<name>.json`` to.
    """
    most = dict(zip(task.labels, (MAX_POSITIVES, MAX_NEGATIVES[task.name]), strict=True))
    examples = [e for e in capped(task.examples(data), most) if prepare(e.text)]
    extra = task.extra(data, examples)
    odds, truth, folds = held_out(examples, task.labels[0], task.recipe, FOLDS, extra)
    heat = temperature(odds, truth) if task.examined else 1.0
    values = probability(odds / heat)
    withheld = [e for e in capped(task.withheld(data), most) if prepare(e.text)]
    path = out / f"{task.name}.ftz"
    train([*examples, *extra, *withheld], task.recipe, path)
    card = Card(
        name=task.name,
        file=path.name,
        kind="fasttext",
        sha256=sha256_of(path),
        purpose=task.purpose,
        labels=task.labels,
        training_data=tuple({"file": f, "sha256": sha256_of(data / f), "use": use} for f, use in task.files.items()),
        seed=task.recipe.seed,
        parameters={
            **asdict(task.recipe),
            "threads": 1,
            "lower_case": True,
            "tokens": "classifiers.fasttext_clf.read",
            "max_examples_per_domain": most,
            "temperature": heat,
            **(
                {"languages": languages_of([*examples, *extra, *withheld], task.labels, LEAST_IN_LANGUAGE)}
                if task.examined
                else {}
            ),
        },
        metrics=_metrics(examples, Scored(values, truth, [e.group for e in examples]), folds),
        licence="Apache-2.0 for the model file; the texts it was trained on keep their licences and are not in it",
        source="trained here from the texts named in training_data",
        command=f"python -m classifiers.train {task.name} --data DIR",
        code_version=digest_of_code(CODE),
        version=task.version,
    )
    if task.examined:
        with tempfile.TemporaryDirectory() as scratch:
            train([*examples, *extra], task.recipe, Path(scratch) / path.name)
            models = [
                Classifier(FastText(one), task.labels[0], task.recipe.lines, temperature=heat)
                for one in (Path(scratch) / path.name, path)
            ]
        card = exam.sat(card, models[0], models[1], data, list(zip(examples, values.tolist(), strict=True)))
    (out / f"{task.name}.json").write_text(card.to_json(), encoding="utf-8")
    return card


def _metrics(examples: Sequence[Example], scored: Scored, folds: Places) -> Row:
    measured_on = f"examples of unseen registered domains, {FOLDS} folds of whole domains, quantised models"
    told = describe(scored, measured_on, parts={"language": [e.language for e in examples]})
    lengths = Scored(np.array([float(len(prepare(e.text))) for e in examples]), scored.truth, scored.groups)
    longer = auc(levels(lengths))
    sorts = [e.source for e in examples]
    return {
        "measured_on": measured_on,
        "unseen_domains": {
            "examples": told["documents"],
            "positives": told["positives"],
            "groups": told["domains"],
            "auc": told["auc"][0],
            "auc_95": told["auc"][1:],
        },
        "auc_by_fold": [_area(scored.where(folds == fold)) for fold in range(FOLDS)],
        "auc_by_language": told["by_language"],
        **({"auc_by_source": against_all(scored, sorts)} if any(sorts) else {}),
        "positives_found_at_0.5": _recall_by_domain(scored),
        "auc_of_length_alone": round(max(longer, 1 - longer), 4),
    }


def _area(scored: Scored) -> float | None:
    area = auc(levels(scored))
    return None if np.isnan(area) else round(area, 4)


def _recall_by_domain(scored: Scored) -> dict[str, str]:
    counts = Counter(group for group, positive in zip(scored.groups, scored.truth, strict=True) if positive)
    hits = scored.truth & (scored.values >= 0.5)
    found = Counter(group for group, hit in zip(scored.groups, hits, strict=True) if hit)
    return {group: f"{found[group]} of {count}" for group, count in sorted(counts.items()) if count >= 15}


def main(argv: list[str] | None = None) -> int:
    """Train what the command line names; the exit status is 2 where the data is not there, or cannot be trained on."""
    words = sys.argv[1:] if argv is None else argv
    if words[:1] in (["wikiref"], ["labels"]):
        return _own(words)
    parser = command.parser("Train the shipped classifiers; `wikiref` and `labels` train on files of one's own.")
    parser.add_argument("name", nargs="?", default="all", choices=[*TASKS, "all"])
    arguments = parser.parse_args(words)
    return command.run(arguments, lambda data, out: _made(arguments.name, data, out))


def _made(name: str, data: Path, out: Path) -> Iterator[str]:
    for one in TASKS if name == "all" else [name]:
        card = make(TASKS[one], data, out)
        yield f"{one}: {(out / card.file).stat().st_size:,} bytes, unseen domains {card.metrics['unseen_domains']}"


def _own(words: Sequence[str]) -> int:
    parser = _own_parser()
    arguments = parser.parse_args(words)
    if not (arguments.texts and arguments.urls if arguments.task == "wikiref" else arguments.labels):
        parser.error("wikiref needs --texts and --urls, labels needs --labels")
    try:
        if arguments.task == "wikiref":
            examples = sources.referenced(arguments.texts, arguments.urls, per_domain=arguments.per_domain)
            inputs = {arguments.urls: "URLs of positives", arguments.texts: "texts; others of them are negatives"}
        else:
            examples = sources.labelled(arguments.labels, arguments.texts, high=arguments.high, low=arguments.low)
            inputs = {arguments.labels: "labels"} | ({arguments.texts: "texts"} if arguments.texts else {})
        order = fitting.Order(
            arguments.name or arguments.task, arguments.version, " ".join(["python -m classifiers.train", *words])
        )
        card = fitting.fit(examples, order, arguments.out, inputs, Budget(arguments.budget, arguments.candidates))
    except (OSError, ValueError, RuntimeError) as error:
        print(f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else error, file=sys.stderr)
        return command.WRONG_CALL
    print(f"{card.name}@{card.version}: {arguments.out}, AUC on unseen domains {card.evaluation['auc']}")
    return command.DONE


def _own_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Train a classifier on files of one's own.")
    parser.add_argument("task", choices=["wikiref", "labels"])
    parser.add_argument("--texts", type=Path, help="texts with url or id: a file of JSON lines or Parquet, or a folder of them")
    parser.add_argument("--urls", type=Path, help="wikiref: URLs of the positives, one a line")
    parser.add_argument("--labels", type=Path, help="labels: JSON lines or Parquet with label or score, and text, id or url")
    parser.add_argument("--out", type=Path, required=True, help="folder of models to write to")
    parser.add_argument("--name", help="name of the model; by default that of the task")
    parser.add_argument("--version", default="1", help="its version")
    parser.add_argument("--high", type=float, default=sources.HIGH, help="labels: least score of a positive")
    parser.add_argument("--low", type=float, default=sources.LOW, help="labels: largest score of a negative")
    parser.add_argument(
        "--per-domain", type=int, default=sources.PER_DOMAIN, help="wikiref: most pages of a domain in either class"
    )
    parser.add_argument("--budget", type=float, default=0.0, metavar="SECONDS", help="how long to search for settings")
    parser.add_argument("--candidates", type=int, default=20, help="most settings tried in that time")
    return parser


if __name__ == "__main__":
    sys.exit(main())
