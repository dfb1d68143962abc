"""Export a student to ONNX, in float32 or with 8-bit weights, and refuse an export that does not score as it should.

Graphs are traced by torch's TorchScript exporter at opset 17, with a free number of windows and of tokens. Parity is measured on texts
that are given, each window run alone, and stands in the card.
"""

from __future__ import annotations

import io
import logging
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np

from classifiers.encoder.extras import NEEDED, need
from classifiers.encoder.folders import whole
from classifiers.encoder.form import NAMES, added
from classifiers.encoder.heads import Floats, sigmoid
from classifiers.encoder.reading import Ids, Reading
from classifiers.encoder.scorer import MODEL, TOKENIZER, session
from classifiers.encoder.windows import POOLING, pool
from classifiers.registry import CARD, HERE, Card, digest_of, digest_of_code

need("encoder", "exporting an encoder")

import torch  # noqa: E402

from classifiers.encoder.student import Student, Trained, batch_of  # noqa: E402

Precision = Literal["fp32", "int8"]

OPSET = 17
CODE = (
    "classifiers.encoder.form",
    "classifiers.encoder.reading",
    "classifiers.encoder.scorer",
    "classifiers.encoder.student",
    "classifiers.encoder.train",
    "classifiers.encoder.windows",
)
"""Modules that a model's scores depend on."""

PURPOSE = "Probability of the first label for a text, by an encoder's embedding of up to a few windows of it."
NEAR = 1e-4
"""Largest difference of a float32 score from torch's."""

KEPT = 0.7
"""Share of documents above the cut at which the kept sets of two precisions are compared."""


class ExportError(RuntimeError):
    """An exported model does not score as its student does; the message says how far off it is."""


@dataclass(frozen=True, slots=True)
class Parity:
    """How an exported model's scores (0-1) differ from those of what it was made from.

    Parameters
    ----------
    documents : int
        Documents that were scored.
    max, mean : float
        Largest and mean absolute difference.
    spearman : float
        Rank correlation.
    kept : float
        Share of the kept set, the highest `KEPT` of the documents, that both keep.
    """

    documents: int
    max: float
    mean: float
    spearman: float
    kept: float


def parity(found: Floats, wanted: Floats) -> Parity:
    """Compare scores (0-1) with those that are wanted; ties in rank go by place."""
    off = np.abs(found - wanted)
    count = max(1, round(KEPT * len(wanted)))
    ranks = [np.argsort(np.argsort(-scores, kind="stable"), kind="stable") for scores in (found, wanted)]
    both = int(((ranks[0] < count) & (ranks[1] < count)).sum())
    rho = float(np.corrcoef(ranks[0], ranks[1])[0, 1]) if len(wanted) > 1 else 1.0
    return Parity(len(wanted), float(off.max()), float(off.mean()), rho, both / count)


def to_onnx(student: Student) -> bytes:
    """Return a student as an ONNX graph: ``input_ids`` and ``attention_mask``, both (windows, tokens), in; ``log_odds`` out."""
    pad = student.encoder.config.pad_token_id or 0
    example = batch_of([(pad + 3, pad + 4, pad + 5), (pad + 3, pad + 4)], pad)
    free = {0: "windows", 1: "tokens"}
    made = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            student,
            example,
            made,
            input_names=["input_ids", "attention_mask"],
            output_names=["log_odds"],
            dynamic_axes={"input_ids": free, "attention_mask": free, "log_odds": {0: "windows"}},
            opset_version=OPSET,
            dynamo=False,
        )
    return made.getvalue()


def scores_of(readings: Sequence[Reading], extra: Floats, run: Callable[[Ids], float]) -> Floats:
    """Return the scores (0-1) of documents, each of their windows run alone.

    Parameters
    ----------
    readings : sequence of Reading
        The documents, each with a window at least.
    extra : array of float64
        What form adds to the log-odds of each.
    run : callable
        Gives the log-odds of a window.
    """
    found = [pool([run(window) for window in reading.windows]) for reading in readings]
    return sigmoid(np.array(found, dtype=np.float64) + extra)


def running(model: bytes) -> Callable[[Ids], float]:
    """Return what gives the log-odds of a window by an ONNX graph."""
    opened = session(model)

    def run(window: Ids) -> float:
        ids = np.array([window], dtype=np.int64)
        return float(opened.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0])

    return run


def by_torch(student: Student) -> Callable[[Ids], float]:
    """Return what gives the log-odds of a window by torch."""

    def run(window: Ids) -> float:
        with torch.no_grad():
            return float(student(*batch_of([window], 0))[0])

    return run


def quantised(model: bytes) -> bytes:
    """Return a float32 graph with 8-bit weights, a scale a channel; activations are quantised as they come, a scale a window.

    Raises
    ------
    ExportError
        When nothing in the graph could be quantised.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as scratch:
        before, after = Path(scratch) / "fp32.onnx", Path(scratch) / "int8.onnx"
        before.write_bytes(model)
        logging.getLogger().setLevel(logging.ERROR)
        quantize_dynamic(str(before), str(after), per_channel=True, weight_type=QuantType.QInt8)
        made = after.read_bytes()
    if b"MatMulInteger" not in made:
        raise ExportError("nothing was quantised: the graph multiplies no matrix of weights")
    return made


def to_folder(trained: Trained, out: Path, *, name: str, precision: Precision, texts: Sequence[str]) -> Card:
    """Write a student's model folder, all at once, after its scores were compared with torch's.

    Parameters
    ----------
    trained : Trained
        What `classifiers.encoder.train.teach` made.
    out : Path
        Where the model goes; what is there is replaced.
    name : str
        Of the model, in its card.
    precision : str
        ``fp32`` or ``int8``.
    texts : sequence of str
        What parity is measured on.

    Raises
    ------
    ExportError
        When a score of the float32 graph is further than `NEAR` from torch's.
    """
    read = [(text, reading) for text in texts if (reading := trained.reader.read(text)).windows]
    readings = [reading for _, reading in read]
    extra = np.array(added([text for text, _ in read], trained.form))
    full = to_onnx(trained.student)
    wanted, exact_scores = (scores_of(readings, extra, run) for run in (by_torch(trained.student), running(full)))
    exact = parity(exact_scores, wanted)
    if exact.max > NEAR:
        raise ExportError(
            f"the exported graph is up to {exact.max:.2g} from torch on {exact.documents} documents, allowed is {NEAR:g}"
        )
    measured: dict[str, Any] = {"fp32_against_torch": asdict(exact)}
    model = full
    if precision == "int8":
        model = quantised(full)
        measured["int8_against_fp32"] = asdict(parity(scores_of(readings, extra, running(model)), exact_scores))
    with whole(out) as scratch:
        (scratch / MODEL).write_bytes(model)
        trained.reader.tokenizer.save(str(scratch / TOKENIZER))
        card = _card(trained, name, precision, measured, digest_of(scratch))
        (scratch / CARD).write_text(card.to_json(), encoding="utf-8")
    return card


def _card(trained: Trained, name: str, precision: Precision, measured: Mapping[str, Any], sha256: str) -> Card:
    spec, facts = trained.spec, trained.facts
    encoder = Path(spec.encoder).name if Path(spec.encoder).is_absolute() else spec.encoder
    return Card(
        name=name,
        file=HERE,
        kind="onnx",
        sha256=sha256,
        purpose=facts.get("purpose", PURPOSE),
        labels=spec.labels,
        training_data=tuple(facts.get("training_data", ())),
        seed=facts.get("seed"),
        parameters={
            "encoder": encoder,
            "layers": spec.layers,
            "windows": asdict(spec.rule),
            "pooling": POOLING,
            "form": dict(zip(NAMES, trained.form, strict=True)) if trained.form else {},
            "precision": precision,
            "batches": precision == "fp32",
            "pad": trained.student.encoder.config.pad_token_id or 0,
            "libraries": {library: version(library) for library in NEEDED["encoder"]},
            **facts.get("parameters", {}),
        },
        metrics={**facts.get("metrics", {}), "parity": measured},
        licence=facts.get("licence", "that of the encoder it was made from"),
        source=facts.get("source", f"trained here on top of {encoder}"),
        command=facts.get("command", ""),
        code_version=digest_of_code(CODE),
    )
