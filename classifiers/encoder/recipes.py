"""The steps from labelled texts to a model's folder, with all that is written down on the way; `classifiers.encoder_clf` runs them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from classifiers import exam
from classifiers.encoder.export import Precision, to_folder
from classifiers.encoder.folders import whole
from classifiers.encoder.heads import Floats, Head
from classifiers.encoder.scorer import Scorer
from classifiers.encoder.scorer import load as load_model
from classifiers.encoder.student import Student, load, load_encoder, save, save_tokenizer
from classifiers.encoder.train import Plan, Taught, course, held_out, lines, teach
from classifiers.encoder.tuning import Lesson, Tuning, tune
from classifiers.evaluation.curves import Scored, auc, interval
from classifiers.fasttext_clf import Example
from classifiers.quality.pages import read as read_pages
from classifiers.registry import CARD, Card, sha256_of
from classifiers.tasks import MAX_NEGATIVES, MAX_POSITIVES, TASKS, capped

HELD_OUT: Final = "held_out.jsonl"
READ, SHORT, WEAK = "read", "short", "weak"
"""Sets of examples: pages labelled by reading, short texts labelled by construction, weakly labelled pages and spoiled texts."""

_READ_SOURCE: Final = "labelled"
_PARITY_PAGES: Final = 300
_HELD_BACK: Final = 10
"""One in so many texts of a distillation is judged on, not learnt from."""


@dataclass(frozen=True, slots=True)
class Judge:
    """A model as `classifiers.exam` asks it: one text, one score."""

    scorer: Scorer
    label: str

    def of(self, text: str) -> float | None:
        """Return the score (0-1) of a text; None for one without tokens."""
        return self.scorer.score([text])[0].score


def quality(data: Path, *, weak: bool = False) -> list[Taught]:
    """Return the examples of general quality: those of the shipped fastText model, in sets that count the same.

    Parameters
    ----------
    data : Path
        The data folder.
    weak : bool
        Whether weakly labelled pages and spoiled texts are among them.
    """
    task = TASKS["quality"]
    most = dict(zip(task.labels, (MAX_POSITIVES, MAX_NEGATIVES["quality"]), strict=True))
    known = list(capped(task.examples(data), most))
    taught = [Taught(one, READ if one.source.startswith(_READ_SOURCE) else SHORT) for one in known]
    return [*taught, *(Taught(one, WEAK) for one in (task.extra(data, known) if weak else []))]


def facts_of(data: Path, command: str) -> dict[str, Any]:
    """Return what the card of a model of general quality says of its origin."""
    task = TASKS["quality"]
    return {
        "purpose": task.purpose,
        "training_data": [{"file": name, "sha256": sha256_of(data / name), "use": use} for name, use in task.files.items()],
        "command": command,
    }


def train(taught: Sequence[Taught], plan: Plan, out: Path, work: Path, facts: Mapping[str, Any], *, folds: bool) -> Iterator[str]:
    """Train a student and write its folder; yield what there is to say.

    Parameters
    ----------
    taught : sequence of Taught
        The examples.
    plan : Plan
        How.
    out, work : Path
        The student's folder; where a killed run finds what it has done.
    facts : mapping
        Fields of the card that are known already.
    folds : bool
        Whether students are trained on folds, too, for held-out scores: ``held_out.jsonl``, a line an example.
    """
    _, reader = load_encoder(plan.spec)
    kept, numbers = course(taught, plan, reader)
    yield f"{len(kept)} examples of {len({one.example.group for one in kept})} domains"
    metrics: dict[str, Any] = {"examples": len(kept)}
    told = ""
    if folds:
        scores = held_out(numbers, plan, work)
        metrics["unseen_domains"] = found = _areas(kept, numbers.truth, scores)
        told = "".join(line + "\n" for line in lines(kept, numbers.folds, scores))
        yield f"AUC on unseen domains, with 95 % intervals: {found}"
    trained = teach(numbers, plan, work)
    stated = {**facts, "metrics": metrics, "seed": plan.tuning.seed if plan.tuning else None}
    save(out, replace(trained, facts=stated), {HELD_OUT: told} if told else {})
    yield f"student: {out}"


def _areas(kept: Sequence[Taught], truth: Any, scores: Floats) -> dict[str, Any]:
    scored = Scored(scores, truth, [one.example.group for one in kept])
    sets = {name: np.array([one.set == name for one in kept]) for name in sorted({one.set for one in kept})}
    parts = {"all": np.ones(len(kept), dtype=np.bool_)} | (sets if len(sets) > 1 else {})
    return {name: interval(scored.where(mask), auc).rounded() for name, mask in parts.items()}


def export(
    student: Path, out: Path, *, name: str, precision: Precision, data: Path | None, texts: Sequence[str]
) -> Iterator[str]:
    """Export a student; yield what there is to say.

    Parameters
    ----------
    student, out : Path
        Folder of the student; folder of the model.
    name, precision : str
        Of the model.
    data : Path or None
        The data folder, for the exam of quality: the card gets its figures, a calibration, thresholds and percentiles. None: no exam.
    texts : sequence of str
        What parity is measured on; by default the pages of the exam.
    """
    trained = load(student)
    if not texts and data is not None:
        texts = [page.text for page in read_pages(data, "exam")][:_PARITY_PAGES]
    if not texts:
        raise ValueError("parity is measured on texts: give --texts FILE, or --data DIR for the pages of the exam")
    card = to_folder(trained, out, name=name, precision=precision, texts=texts)
    yield f"parity: {json.dumps(card.metrics['parity'])}"
    if data is not None:
        card = _examined(card, out, student, data)
        (out / CARD).write_text(card.to_json(), encoding="utf-8")
        yield f"exam: AUC {card.evaluation.get('auc')}"
    size = sum(file.stat().st_size for file in out.iterdir() if file.name != CARD)
    yield f"model: {out}, {size:,} bytes, digest {card.sha256}"


def _examined(card: Card, out: Path, student: Path, data: Path) -> Card:
    path = student / HELD_OUT
    if not path.exists():
        raise ValueError(f"{student} has no {HELD_OUT}, from which the model is calibrated: train it without --no-folds")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    held = [(Example("", row["label"], row["group"], row["language"], row["source"]), row["score"]) for row in rows]
    judge: Any = Judge(load_model(out, device="cpu"), card.labels[0])
    return exam.sat(card, judge, judge, data, held)


def distil(plan: Plan, teacher: Path, texts: Sequence[str], out: Path) -> Iterator[str]:
    """Teach an encoder to score as a model does, all of its layers, and write it as an encoder's folder.

    Hinton et al. 2015, *Distilling the Knowledge in a Neural Network*: the targets are the teacher's probabilities, so that texts need
    no labels.

    Parameters
    ----------
    plan : Plan
        The encoder, how it reads, how it is tuned, where.
    teacher : Path
        Folder of an exported model.
    texts : sequence of str
        What is learnt on.
    out : Path
        Folder of the taught encoder.
    """
    encoder, reader = load_encoder(plan.spec)
    scored = _targets(load_model(teacher, device="cpu"), texts, out.with_name(f"{out.name}.targets.json"))
    read = [(reading, target) for text, target in scored if (reading := reader.read(text)).windows]
    yield f"{len(read)} texts with a teacher's score"
    lesson, held = (_lesson(part) for part in _apart(read))
    student = Student(encoder, Head(np.zeros(encoder.config.hidden_size), 0.0)).to(plan.device)
    tuning = plan.tuning or Tuning(layers=None, lr=5e-4)
    state = tune(student, lesson, held, tuning, out.with_name(f"{out.name}.checkpoint.pt"))
    yield f"{state.step} steps, log loss on texts held back by look: {[round(loss, 4) for _, loss in state.losses]}"
    with whole(out) as scratch:
        student.encoder.cpu().save_pretrained(scratch)
        save_tokenizer(reader.tokenizer, scratch)
    yield f"encoder: {out}"


def _targets(teacher: Scorer, texts: Sequence[str], path: Path) -> list[tuple[str, float]]:
    """Return texts with the teacher's scores; kept in a file, so that a killed run asks for nothing twice."""
    key = hashlib.sha256(json.dumps([teacher.card.sha256, list(texts)]).encode()).hexdigest()
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if found.get("of") != key:
        found = {"of": key, "scores": [one.score for one in teacher.stream(texts)]}
        path.write_text(json.dumps(found), encoding="utf-8")
    return [(text, score) for text, score in zip(texts, found["scores"], strict=True) if score is not None]


def _apart(read: Sequence[tuple[Any, float]]) -> tuple[list[tuple[Any, float]], list[tuple[Any, float]]]:
    held = [pair for place, pair in enumerate(read) if place % _HELD_BACK == 0]
    return [pair for place, pair in enumerate(read) if place % _HELD_BACK], held


def _lesson(pairs: Sequence[tuple[Any, float]]) -> Lesson:
    targets = np.array([target for _, target in pairs])
    return Lesson([reading for reading, _ in pairs], targets, np.full(len(pairs), 1 / max(1, len(pairs))))
