"""Train a student on labelled texts: frozen features with a logistic head first, then, if asked for, fine-tuning.

Examples of a group (registered domain) are never on both sides. Held-out scores come from folds of whole groups; the penalty of each
fold's head is chosen by folds of the groups it is trained on, so that no example has a say in the model that scores it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from classifiers.encoder import form
from classifiers.encoder.extras import need
from classifiers.encoder.heads import Floats, Folds, Head, Truth, balanced, choose, fit
from classifiers.encoder.reading import Reading
from classifiers.evaluation.splits import folds_of
from classifiers.fasttext_clf import Example

need("encoder", "training an encoder")

from classifiers.encoder.student import Spec, Student, Trained, embed, load_encoder  # noqa: E402
from classifiers.encoder.tuning import Lesson, Tuning, tune  # noqa: E402

FOLDS = 5

_CHUNK = 256
"""Documents embedded between two files of the cache."""


@dataclass(frozen=True, slots=True)
class Taught:
    """An example with the set it belongs to: sets count the same, whatever their sizes."""

    example: Example
    set: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a student is trained.

    Parameters
    ----------
    spec : Spec
        What it is made of.
    form : bool
        Whether signals of form stand beside the embedding (`classifiers.encoder.form`).
    tuning : Tuning or None
        How the encoder is fine-tuned before the head is fitted anew; None: it stays as it is.
    device : str
        ``cpu`` or ``cuda``.
    """

    spec: Spec = field(default_factory=Spec)
    form: bool = True
    tuning: Tuning | None = None
    device: str = "cpu"


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Examples as numbers, in their order.

    Parameters
    ----------
    readings : list of Reading
        What the encoder reads of each.
    form : array of float64
        Features of form, (examples, `form.NAMES`), or of no columns.
    truth, weights : array
        Which are positive; how much each counts.
    folds : array of int64
        Fold of each, by its group.
    """

    readings: list[Reading]
    form: Floats
    truth: Truth
    weights: Floats
    folds: Folds

    def where(self, mask: Truth) -> Course:
        """Return the examples of a mask, their weights adding up to 1."""
        some = [reading for reading, kept in zip(self.readings, mask.tolist(), strict=True) if kept]
        weights = self.weights[mask] / self.weights[mask].sum()
        return Course(some, self.form[mask], self.truth[mask], weights, self.folds[mask])

    def lesson(self) -> Lesson:
        """Return the examples as `classifiers.encoder.tuning` takes them."""
        return Lesson(self.readings, self.truth.astype(np.float64), self.weights)


def course(taught: Sequence[Taught], plan: Plan, reader: Any, folds: int = FOLDS) -> tuple[list[Taught], Course]:
    """Return the examples that have a token, and the same as numbers.

    Raises
    ------
    ValueError
        When a label is not one of the two, or all are the same.
    """
    labels = plan.spec.labels
    if strange := sorted({one.example.label for one in taught} - set(labels)):
        raise ValueError(f"labels are {' and '.join(labels)}; among the examples are {', '.join(map(repr, strange[:5]))}")
    read = [(one, reader.read(one.example.text)) for one in taught]
    kept = [one for one, reading in read if reading.windows]
    truth = np.array([one.example.label == labels[0] for one in kept], dtype=np.bool_)
    weights = balanced(truth, [one.set for one in kept])
    fold_of = folds_of([one.example.group for one in kept], truth.tolist(), folds)
    dealt = np.array([fold_of[one.example.group] for one in kept], dtype=np.int64)
    texts = [one.example.text for one in kept]
    extra = form.measure(texts) if plan.form else np.zeros((len(kept), 0))
    return kept, Course([reading for _, reading in read if reading.windows], extra, truth, weights, dealt)


def embedded(encoder: Any, readings: Sequence[Reading], cache: Path, *, device: str = "cpu") -> Floats:
    """Return the embeddings of documents, (documents, units), a part at a time.

    Each part is written to the cache in one move when it is done, under a digest of its token ids and of the encoder's weights: a
    killed run embeds nothing twice.
    """
    cache.mkdir(parents=True, exist_ok=True)
    of = _digest(encoder)
    parts = []
    for start in range(0, len(readings), _CHUNK):
        some = readings[start : start + _CHUNK]
        key = hashlib.sha256(json.dumps([of, [r.windows for r in some]]).encode()).hexdigest()
        path = cache / f"{key[:32]}.npy"
        if not path.exists():
            scratch = path.with_name(f".{path.name}.{os.getpid()}")
            with scratch.open("wb") as file:
                np.save(file, embed(encoder, some, device=device))
            os.replace(scratch, path)
        parts.append(np.load(path))
    return np.concatenate(parts)


def held_out(taught: Course, plan: Plan, work: Path) -> Floats:
    """Return the scores (0-1) of examples by students that have not seen their groups, in the order of the examples."""
    scores = np.zeros(len(taught.truth))
    for fold in sorted(set(taught.folds.tolist())):
        own = taught.folds == fold
        _, features = _features(taught, ~own, plan, work, f"fold-{fold}")
        scores[own] = _head(features, taught, ~own).probabilities(features[own])
    return scores


def teach(taught: Course, plan: Plan, work: Path) -> Trained:
    """Train a student on all examples; what is done is kept in the folder ``work``, from which a killed run goes on."""
    every = np.ones(len(taught.truth), dtype=np.bool_)
    encoder, features = _features(taught, every, plan, work, "all")
    head = _head(features, taught, every)
    size = features.shape[1] - taught.form.shape[1]
    student = Student(encoder.cpu(), Head(head.weights[:size], head.bias)).eval()
    _, reader = load_encoder(plan.spec)
    return Trained(student, reader, plan.spec, tuple(head.weights[size:].tolist()))


def _head(features: Floats, taught: Course, seen: Truth) -> Head:
    """Return the head fitted on the examples of a mask, its penalty chosen by their folds."""
    weights = taught.weights[seen] / taught.weights[seen].sum()
    penalty = choose(features[seen], taught.truth[seen], weights, taught.folds[seen])
    return fit(features[seen], taught.truth[seen], weights, penalty)


def _features(taught: Course, seen: Truth, plan: Plan, work: Path, name: str) -> tuple[Any, Floats]:
    """Return an encoder that has learnt from the examples of a mask at most, and what the head sees of all examples."""
    encoder, _ = load_encoder(plan.spec)
    encoder.to(plan.device)
    if plan.tuning is not None:
        encoder = _tuned(encoder, taught.where(seen), plan, work / name)
    units = embedded(encoder, taught.readings, work / "embeddings", device=plan.device)
    return encoder, np.column_stack((units, taught.form))


def _tuned(encoder: Any, taught: Course, plan: Plan, work: Path) -> Any:
    """Fine-tune an encoder under a head fitted on its frozen features, with one fold of groups held out to stop early."""
    learnt, held = (taught.where(mask) for mask in (taught.folds != taught.folds.max(), taught.folds == taught.folds.max()))
    units = embedded(encoder, learnt.readings, work / "embeddings", device=plan.device)
    student = Student(encoder, _head(units, learnt, np.ones(len(units), dtype=np.bool_))).to(plan.device)
    tune(student, learnt.lesson(), held.lesson(), plan.tuning or Tuning(), work / "checkpoint.pt")
    return student.encoder


def _digest(encoder: Any) -> str:
    seen = hashlib.sha256(encoder.config.to_json_string(use_diff=True).encode())
    for name, value in sorted(encoder.state_dict().items()):
        seen.update(name.encode())
        seen.update(value.cpu().numpy().tobytes())
    return seen.hexdigest()


def lines(taught: Iterable[Taught], folds: Folds, scores: Floats) -> Iterator[str]:
    """Yield held-out scores as JSON lines: score, label, group, language, source, set, fold and digest of the text."""
    for one, fold, score in zip(taught, folds.tolist(), scores.tolist(), strict=True):
        example = one.example
        digest = hashlib.sha256(example.text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        row = {"score": round(score, 6), "label": example.label, "group": example.group, "language": example.language}
        yield json.dumps(row | {"source": example.source, "set": one.set, "fold": fold, "text": digest}, ensure_ascii=False)
