"""The shipped models: which there are, what each is for, and where its checked file lies.

A model is a file in ``classifiers/models`` with a card, ``<name>.json``, beside it. The card says what the model was
made from and how good it is, and pins the file's SHA-256: a file that does not have it is never used.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from udfs.fasttext import ModelMissing


@dataclass(frozen=True, slots=True)
class Card:
    """What is known about one model.

    Parameters
    ----------
    name, file, kind : str
        Name in the registry; file name in ``classifiers/models``; ``fasttext`` (a ``.ftz``) or ``arrays`` (a ``.npz``).
    sha256 : str
        Digest of the file, hexadecimal.
    purpose : str
        What the model is for and what it is not for.
    labels : tuple of str
        The labels a classifier can give; empty for a reference.
    training_data : tuple of dict
        One entry an input file: ``file`` (below the data folder), ``sha256``, ``use``.
    seed : int or None
        Seed of the training; None where nothing is random.
    parameters, metrics : dict
        Settings it was made with; figures, each named with what it was measured on.
    licence, source, command : str
        Terms and attribution; where the data or the model comes from; what made the file.
    """

    name: str
    file: str
    kind: str
    sha256: str
    purpose: str
    labels: tuple[str, ...]
    training_data: tuple[Mapping[str, str], ...]
    seed: int | None
    parameters: Mapping[str, Any]
    metrics: Mapping[str, Any] = field(default_factory=dict)
    licence: str = ""
    source: str = ""
    command: str = ""

    @classmethod
    def from_json(cls, text: str) -> Card:
        """Read a card; a missing or unknown field raises ``TypeError``."""
        raw = json.loads(text)
        raw["labels"] = tuple(raw["labels"])
        raw["training_data"] = tuple(raw["training_data"])
        return cls(**raw)

    def to_json(self) -> str:
        """Write a card; equal cards give equal bytes."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n"


class _Cards(Mapping[str, Card]):
    """The cards of the package, read when first asked for."""

    def __getitem__(self, name: str) -> Card:
        try:
            return _cards()[name]
        except KeyError:
            raise KeyError(f"there is no model {name!r}; there are {', '.join(_cards())}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(_cards())

    def __len__(self) -> int:
        return len(_cards())


MODELS: Mapping[str, Card] = _Cards()


def folder() -> Path:
    """Return the folder of the models and their cards, a real folder: the package must be installed unpacked."""
    return Path(str(resources.files("classifiers") / "models"))


@lru_cache(maxsize=1)
def _cards() -> dict[str, Card]:
    cards = (Card.from_json(p.read_text(encoding="utf-8")) for p in sorted(folder().glob("*.json")))
    return {card.name: card for card in cards}


@lru_cache(maxsize=64)
def path_of(name: str) -> Path:
    """Return where a model's file lies, after its digest was checked (once a process).

    Parameters
    ----------
    name : str
        A key of `MODELS`.

    Returns
    -------
    Path
        A real file whose SHA-256 is that of the card.

    Raises
    ------
    KeyError
        When there is no model of this name; the message lists those there are.
    ModelMissing
        When the file is not there, or is not the one the card describes.
    """
    card = MODELS[name]
    path = folder() / card.file
    if not path.is_file():
        raise ModelMissing(f"model {name} is not there: run `woolmill models fetch`")
    found = sha256_of(path)
    if found != card.sha256:
        raise ModelMissing(
            f"model {name} is not the right file: {path.name} has SHA-256 {found}, its card wants {card.sha256}; "
            "delete it and run `woolmill models fetch`"
        )
    return path


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
