"""Fine-tune a student: upper layers or all, soft or hard targets, early stopping, checkpoints from which a killed run goes on.

A step depends on its number, the seed and the weights alone: the order of the examples comes from the seed and the epoch, what is
dropped out from the seed and the step. So a run that was killed and resumed ends with the weights of one that was not, on the same
machine with the same number of threads.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from classifiers.encoder.extras import need
from classifiers.encoder.heads import Floats
from classifiers.encoder.reading import Reading

need("encoder", "training an encoder")

import torch  # noqa: E402

from classifiers.encoder.student import Student, batch_of, blocks, by_window  # noqa: E402

_SORTED = 32
"""Batches whose examples are sorted by length together: little padding, yet another mixture each epoch."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """How a student is fine-tuned (AdamW; Loshchilov and Hutter 2019; linear warm-up and decay).

    Parameters
    ----------
    layers : int or None
        Upper layers that learn beside the head; None: all, embeddings included.
    epochs, batch : int
        Passes over the examples, at most; windows a step.
    lr, decay, warmup : float
        Highest learning rate; weight decay; share of the steps until the highest rate.
    every, patience : int
        Steps between two looks at the held-out domains, each with a checkpoint; looks without a better one until it stops.
    seed : int
        Of order and dropout.
    """

    layers: int | None = 2
    epochs: int = 4
    batch: int = 16
    lr: float = 5e-5
    decay: float = 0.01
    warmup: float = 0.1
    every: int = 50
    patience: int = 5
    seed: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """What is learnt from, or judged on.

    Parameters
    ----------
    readings : sequence of Reading
        The documents, each with one window at least.
    targets : array of float64
        Probability (0-1) of the first label: 0 and 1 for labels, between for a teacher's scores.
    weights : array of float64
        How much each counts; above 0.
    """

    readings: Sequence[Reading]
    targets: Floats
    weights: Floats

    def digest(self) -> str:
        """Return a digest of all of it."""
        seen = hashlib.sha256(json.dumps([reading.windows for reading in self.readings]).encode())
        seen.update(np.ascontiguousarray(self.targets).tobytes())
        seen.update(np.ascontiguousarray(self.weights).tobytes())
        return seen.hexdigest()


@dataclass(slots=True)
class State:
    """Where a run is: its steps, the best look so far and how many came after it."""

    step: int = 0
    best: float = float("inf")
    stale: int = 0
    losses: list[tuple[int, float]] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)


class CheckpointError(LookupError):
    """A checkpoint is of another training, or cannot be read; the message says what to do."""


def tune(student: Student, lesson: Lesson, held: Lesson, tuning: Tuning, checkpoint: Path) -> State:
    """Fine-tune a student in place; it ends with the weights that were best on the held-out documents.

    Parameters
    ----------
    student : Student
        On the device to train on.
    lesson, held : Lesson
        What is learnt from; what is judged on, of other domains.
    tuning : Tuning
        How.
    checkpoint : Path
        Written after every ``tuning.every`` steps, in one move; where it is there, the run goes on from it.

    Raises
    ------
    CheckpointError
        When the checkpoint is of other data or settings.
    """
    learning = unfrozen(student, tuning.layers)
    optimizer = torch.optim.AdamW([p for _, p in learning], lr=tuning.lr, weight_decay=tuning.decay)
    of = _fingerprint(student, lesson, held, tuning)
    state = _resumed(checkpoint, of, dict(learning), optimizer)
    per_epoch = -(-len(lesson.readings) // tuning.batch)
    total = per_epoch * tuning.epochs
    while state.step < total and state.stale < tuning.patience:
        batches = order(lesson, tuning, state.step // per_epoch)
        for at in range(state.step % per_epoch, per_epoch):
            _step(student, lesson, batches[at], optimizer, _rate(tuning, state.step, total), tuning.seed + state.step)
            state.step += 1
            if state.step % tuning.every == 0 or state.step == total:
                _look(student, held, state, learning)
                _write(checkpoint, of, state, dict(learning), optimizer)
                if state.stale >= tuning.patience:
                    break
    with torch.no_grad():
        for name, parameter in learning:
            parameter.copy_(state.kept[name])
    student.eval()
    return state


def unfrozen(student: Student, layers: int | None) -> list[tuple[str, Any]]:
    """Freeze all but the head and so many upper layers; return the names and parameters that learn."""
    for parameter in student.parameters():
        parameter.requires_grad_(layers is None)
    upper = blocks(student.encoder)
    for part in [student.head, *(upper[len(upper) - layers :] if layers else ())]:
        for parameter in part.parameters():
            parameter.requires_grad_(True)
    return [(name, p) for name, p in student.named_parameters() if p.requires_grad]


def order(lesson: Lesson, tuning: Tuning, epoch: int) -> list[list[int]]:
    """Return the batches of an epoch: shuffled, with those of like length together."""
    drawn = np.random.default_rng([tuning.seed, epoch])
    shuffled = drawn.permutation(len(lesson.readings))
    span = tuning.batch * _SORTED
    sizes = np.array([len(reading.windows[0]) for reading in lesson.readings])
    batches: list[list[int]] = []
    for start in range(0, len(shuffled), span):
        some = shuffled[start : start + span]
        ranked = some[np.argsort(sizes[some], kind="stable")]
        batches += [ranked[at : at + tuning.batch].tolist() for at in range(0, len(ranked), tuning.batch)]
    return [batches[at] for at in drawn.permutation(len(batches))]


def losses(student: Student, lesson: Lesson) -> Floats:
    """Return the log loss of each document."""
    pad, device = student.encoder.config.pad_token_id or 0, str(student.head.weight.device)
    margins = np.array([row.mean() for row in by_window(student, lesson.readings, pad, device=device)])
    found: Floats = np.logaddexp(0.0, margins) - lesson.targets * margins
    return found


def _step(student: Student, lesson: Lesson, chosen: list[int], optimizer: Any, rate: float, seed: int) -> None:
    """Learn from one batch: a window of each document, all windows in turn."""
    torch.manual_seed(seed)
    student.train()
    device = str(student.head.weight.device)
    windows = [(found := lesson.readings[at].windows)[seed % len(found)] for at in chosen]
    margins = student(*batch_of(windows, student.encoder.config.pad_token_id or 0, device))
    columns = (lesson.targets[chosen], lesson.weights[chosen])
    targets, weights = (torch.tensor(column, dtype=torch.float32, device=device) for column in columns)
    each = torch.nn.functional.binary_cross_entropy_with_logits(margins, targets, reduction="none")
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad(set_to_none=True)
    ((each * weights).sum() / weights.sum()).backward()
    torch.nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], 1.0)
    optimizer.step()


def _rate(tuning: Tuning, step: int, total: int) -> float:
    rising = max(1.0, tuning.warmup * total)
    return tuning.lr * min(1.0, (step + 1) / rising, (total - step) / max(1.0, total - rising))


def _look(student: Student, held: Lesson, state: State, learning: Sequence[tuple[str, Any]]) -> None:
    """Judge the student on the held-out documents, and keep its weights where they are the best so far."""
    student.eval()
    loss = float(losses(student, held) @ held.weights / held.weights.sum())
    state.losses.append((state.step, loss))
    if loss < state.best:
        state.best, state.stale = loss, 0
        state.kept = {name: parameter.detach().clone() for name, parameter in learning}
    else:
        state.stale += 1


def _fingerprint(student: Student, lesson: Lesson, held: Lesson, tuning: Tuning) -> str:
    seen = hashlib.sha256(json.dumps([asdict(tuning), lesson.digest(), held.digest(), torch.__version__]).encode())
    for name, value in student.state_dict().items():
        seen.update(name.encode())
        seen.update(value.cpu().numpy().tobytes())
    return seen.hexdigest()


def _write(path: Path, of: str, state: State, learning: dict[str, Any], optimizer: Any) -> None:
    """Write a checkpoint in one move: what lies there is always whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    now = {name: parameter.detach() for name, parameter in learning.items()}
    values = {"of": of, "now": now, "optimizer": optimizer.state_dict()}
    values |= {"step": state.step, "best": state.best, "stale": state.stale, "losses": state.losses, "kept": state.kept}
    with scratch.open("wb") as file:
        torch.save(values, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(scratch, path)


def _resumed(path: Path, of: str, learning: dict[str, Any], optimizer: Any) -> State:
    """Return where the run was, with weights and optimiser as they were; a new start where there is no checkpoint."""
    if not path.exists():
        return State()
    try:
        found = torch.load(path, weights_only=True, map_location=next(iter(learning.values())).device)
    except Exception as error:
        raise CheckpointError(f"{path} cannot be read ({type(error).__name__}): delete it to start anew") from error
    if found["of"] != of:
        raise CheckpointError(
            f"{path} is of another training (data, settings or encoder differ): delete it or name another folder"
        )
    with torch.no_grad():
        for name, parameter in learning.items():
            parameter.copy_(found["now"][name])
    optimizer.load_state_dict(found["optimizer"])
    looks = [(int(step), float(loss)) for step, loss in found["losses"]]
    return State(found["step"], found["best"], found["stale"], looks, found["kept"])
