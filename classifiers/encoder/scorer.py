"""Score texts with an exported encoder: onnxruntime and tokenizers, no torch.

A model is a folder: ``model.onnx``, ``tokenizer.json`` and ``card.json`` (`classifiers.registry.Card`), which pins the digest of the
other two. On a CPU each window is run alone, without padding, on one thread: nothing that is scored beside a document can change its
score, and it is also what costs least. On a GPU windows run in batches of like length.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from classifiers.encoder import form
from classifiers.encoder.extras import need
from classifiers.encoder.heads import Floats, sigmoid
from classifiers.encoder.reading import Ids, Reader, reader
from classifiers.encoder.windows import Rule, pool
from classifiers.registry import CARD, Card, Model
from udfs.fasttext import ModelMissing

MODEL = "model.onnx"
TOKENIZER = "tokenizer.json"

GPU = "CUDAExecutionProvider"
CPU = "CPUExecutionProvider"
GPU_BATCH = 64

_AT_ONCE = 256
"""Documents whose windows are held at a time."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What is known of a document.

    Parameters
    ----------
    score : float or None
        Probability (0-1) of the card's first label; None for a text without tokens.
    seen : float
        Share (0-1) of the characters that were read.
    windows : int
        Windows that were read.
    """

    score: float | None
    seen: float
    windows: int


@dataclass(frozen=True, slots=True, eq=False)
class Scorer:
    """A loaded model; made by `load`.

    Parameters
    ----------
    card : Card
        What it is.
    session : onnxruntime.InferenceSession
        The model.
    reader : Reader
        Its tokenizer, with the rule for long documents.
    pad : int
        Id of the padding token.
    batch : int
        Windows that run together.
    form : array of float64
        Weights of `classifiers.encoder.form.NAMES`; empty where form has no say.
    """

    card: Card
    session: Any
    reader: Reader
    pad: int
    batch: int
    form: Floats

    def score(self, texts: Iterable[str]) -> list[Scored]:
        """Return what is known of each document, in their order; any strings are accepted."""
        return list(self.stream(texts))

    def stream(self, texts: Iterable[str]) -> Iterator[Scored]:
        """Yield what is known of each document, in their order, holding a few hundred at a time."""
        held: list[str] = []
        for text in texts:
            held.append(text)
            if len(held) == _AT_ONCE:
                yield from self._scored(held)
                held.clear()
        yield from self._scored(held)

    def _scored(self, texts: Sequence[str]) -> Iterator[Scored]:
        readings = [self.reader.read(text) for text in texts]
        values = iter(self.log_odds([window for reading in readings for window in reading.windows]))
        extra = form.added(texts, self.form)
        for reading, added in zip(readings, extra, strict=True):
            pooled = pool([next(values) for _ in reading.windows])
            score = None if pooled is None else float(sigmoid(np.array(pooled + added)))
            yield Scored(score, reading.seen, len(reading.windows))

    def log_odds(self, windows: Sequence[Ids]) -> list[float]:
        """Return the log-odds of windows, in their order; those of like length run together."""
        found = [0.0] * len(windows)
        order = sorted(range(len(windows)), key=lambda at: (len(windows[at]), at))
        for start in range(0, len(order), self.batch):
            some = order[start : start + self.batch]
            rows = self._run([windows[at] for at in some])
            for at, value in zip(some, rows, strict=True):
                found[at] = value
        return found

    def _run(self, windows: Sequence[Ids]) -> list[float]:
        shape = (len(windows), max(map(len, windows)))
        ids = np.full(shape, self.pad, dtype=np.int64)
        mask = np.zeros(shape, dtype=np.int64)
        for row, window in enumerate(windows):
            ids[row, : len(window)] = window
            mask[row, : len(window)] = 1
        values: list[float] = self.session.run(None, {"input_ids": ids, "attention_mask": mask})[0].tolist()
        return values


def load(folder: Path, *, device: str = "auto", batch: int | None = None) -> Scorer:
    """Load a model whose files are those of its card.

    Parameters
    ----------
    folder : Path
        Where ``model.onnx``, ``tokenizer.json`` and ``card.json`` lie.
    device : str
        ``cpu``, ``gpu``, or ``auto``: a GPU where onnxruntime has one, else the CPU.
    batch : int, optional
        Windows that run together; by default 1 on a CPU and `GPU_BATCH` on a GPU.

    Raises
    ------
    ModelMissing
        When a file is not there, or is not the one of the card.
    ExtraMissing
        When onnxruntime or tokenizers are not installed.
    ValueError
        When the device cannot be had, or a quantised model is to run in batches.
    """
    need("onnx", "scoring with an encoder")
    import tokenizers

    card = read_card(folder)
    Model(card, folder, shipped=False).checked()
    provider = _provider(device)
    size = batch or (GPU_BATCH if provider == GPU and card.parameters["batches"] else 1)
    if size > 1 and not card.parameters["batches"]:
        raise ValueError(
            f"scores of {card.name} ({card.parameters['precision']}) depend on their batch: it runs with batch=1 alone"
        )
    rule = Rule(**card.parameters["windows"])
    weights = _form(card)
    made = reader(tokenizers.Tokenizer.from_file(str(folder / TOKENIZER)), rule)
    return Scorer(card, session((folder / MODEL).read_bytes(), provider), made, int(card.parameters["pad"]), size, weights)


@lru_cache(maxsize=4)
def loaded(folder: str, device: str = "auto") -> Scorer:
    """Return a model, loaded once a process; see `load`."""
    return load(Path(folder), device=device)


def read_card(folder: Path) -> Card:
    """Read the card of a model's folder; raises `ModelMissing` where there is none, or none that can be read."""
    try:
        return Card.from_json((folder / CARD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelMissing(f"{folder} holds no {CARD}: it is no model's folder, or was not written to its end") from None
    except (ValueError, TypeError, KeyError) as error:
        raise ModelMissing(f"{folder / CARD} is no card: {error}") from error


def session(model: bytes, provider: str = CPU) -> Any:
    """Return an onnxruntime session on one thread that does not spin while it waits."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=[provider, CPU] if provider != CPU else [CPU])


def _form(card: Card) -> Floats:
    """Return the weights of form; they must be of the features that this version measures."""
    weights: dict[str, float] = card.parameters["form"]
    if weights and tuple(weights) != form.NAMES:
        raise ModelMissing(f"model {card.name} weighs other signals of form than this version measures: train it again")
    return np.array(list(weights.values()))


def _provider(device: str) -> str:
    import onnxruntime

    if device not in ("auto", "cpu", "gpu"):
        raise ValueError(f"device is {device!r}; it is auto, cpu or gpu")
    there = GPU in onnxruntime.get_available_providers()
    if device == "gpu" and not there:
        raise ValueError("onnxruntime has no GPU here: install onnxruntime-gpu on a machine with one, or say device=cpu")
    return GPU if there and device != "cpu" else CPU
