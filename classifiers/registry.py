"""The models: which there are, what each is for, and where its checked file lies.

A shipped model is a file in ``classifiers/models`` with a card, ``<name>.json``, beside it. Models of one's own lie in a folder,
the store: in the same form, or as ``<folder>/card.json`` with all files of the model beside it, at most two folders deep
(``quality/2/card.json``). The card says what a model was made from and how good it is, and pins its SHA-256: a model that does not
have it is never used. Models are named ``quality`` or, where a store holds several versions, ``quality@2``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from udfs.fasttext import ModelMissing

CARD = "card.json"
HERE = "."
"""The ``file`` of a model that is the whole folder of its card."""
LONG = 32
"""Numbers from which a list of a card stands on one line."""


@dataclass(frozen=True, slots=True)
class Card:
    """What is known about one model.

    Parameters
    ----------
    name, file, kind : str
        Name in the registry; file beside the card, or `HERE`; ``fasttext`` (a ``.ftz``), ``arrays`` (a ``.npz``), ``weights``
        (JSON lines), ``tokenizer`` (a ``tokenizer.json``) or ``onnx`` (a folder).
    sha256 : str
        Digest of the file or folder (`digest_of`), hexadecimal.
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
    version, code_version : str
        Version of the model; digest of the code that prepares its texts and makes it (`digest_of_code`).
    evaluation : dict
        What `classifiers.evaluation.report.describe` found.
    calibration : dict
        ``classifiers.evaluation.calibration.Calibration``, from scores to probabilities; empty where there is none.
    percentiles : dict
        What they are of (``population``), and 1,001 quantiles of the scores a language (``quantiles``; ``""``: all of them).
    thresholds : dict
        Cuts by what they were chosen for, as `classifiers.evaluation.thresholds.Threshold` writes them.
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
    version: str = "1"
    code_version: str = ""
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    calibration: Mapping[str, Any] = field(default_factory=dict)
    percentiles: Mapping[str, Any] = field(default_factory=dict)
    thresholds: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, text: str) -> Card:
        """Read a card; a missing or unknown field raises ``TypeError``."""
        raw = json.loads(text)
        raw["labels"] = tuple(raw["labels"])
        raw["training_data"] = tuple(raw["training_data"])
        return cls(**raw)

    def to_json(self) -> str:
        """Write a card; equal cards give equal bytes. What a card need not have is left out where it has it not."""
        optional = {one.name for one in fields(self)[-6:]}
        said = {name: value for name, value in asdict(self).items() if name not in optional or value not in ("1", "", {})}
        return _LIST.sub(_on_one_line, json.dumps(said, ensure_ascii=False, indent=2)) + "\n"


_LIST = re.compile(r"\[[-+.\d\se,]+\]")


def _on_one_line(found: re.Match[str]) -> str:
    return " ".join(found[0].split()) if found[0].count(",") >= LONG else found[0]


class CardError(ValueError):
    """A card cannot be read; the message names its file and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model that a card stands for; whether it is there and right is asked by `checked`.

    Parameters
    ----------
    card : Card
        The card.
    path : Path
        The file or folder of the model.
    shipped : bool
        Whether it comes with the package.
    """

    card: Card
    path: Path
    shipped: bool

    @property
    def reference(self) -> str:
        """The name that finds this version and no other: ``name@version``."""
        return f"{self.card.name}@{self.card.version}"

    def checked(self) -> Path:
        """Return the path, after its digest was compared with the card's.

        Raises
        ------
        ModelMissing
            When the model is not there, or is not the one the card describes.
        """
        advice = "run `woolmill models fetch`" if self.shipped else "put the right one there, or make it again with its card"
        if not self.path.exists():
            raise ModelMissing(f"model {self.card.name} is not there: {advice if self.shipped else f'{self.path} is missing'}")
        found = digest_of(self.path)
        if found != self.card.sha256:
            raise ModelMissing(
                f"model {self.card.name} is not the right file: {self.path.name} has SHA-256 {found}, its card wants "
                f"{self.card.sha256}; {'delete it and ' if self.shipped else ''}{advice}"
            )
        return self.path


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
    """Return where a shipped model's file lies, after its digest was checked (once a process).

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
    return Model(card, folder() / card.file, shipped=True).checked()


def models(store: Path | None = None) -> tuple[Model, ...]:
    """Return the models of a store and those that ship, by name and version; the store's own come first.

    Raises
    ------
    CardError
        When the store is no folder, a card cannot be read, or two cards have the same name and version.
    """
    own = _stored(store) if store is not None else ()
    return (*own, *(Model(card, folder() / card.file, shipped=True) for card in _cards().values()))


def find(reference: str, store: Path | None = None) -> Model:
    """Return the model that a reference names.

    Parameters
    ----------
    reference : str
        ``name`` or ``name@version``.
    store : Path, optional
        A folder of models; what lies there goes before what ships.

    Raises
    ------
    ModelMissing
        When there is none, or a name without a version fits several of the store.
    CardError
        See `models`.
    """
    known = models(store)
    name, _, version = reference.partition("@")
    fitting = [one for one in known if one.card.name == name and version in ("", one.card.version)]
    if not fitting:
        raise ModelMissing(f"there is no model {reference!r}; there are {', '.join(sorted({one.reference for one in known}))}")
    own = [one for one in fitting if not one.shipped]
    if len(own) > 1:
        raise ModelMissing(f"there are several models {name!r}, say which: {', '.join(one.reference for one in own)}")
    return fitting[0]


def _stored(store: Path) -> tuple[Model, ...]:
    if not store.is_dir():
        raise CardError(f"{store} is no folder of models")
    cards = [*sorted(store.glob("*.json")), *sorted(store.glob(f"*/{CARD}")), *sorted(store.glob(f"*/*/{CARD}"))]
    found: dict[str, Model] = {}
    for path in cards:
        card = _read(path)
        if card.file != HERE and Path(card.file).name != card.file:
            raise CardError(f"{path}: file must be a name beside the card or {HERE!r}, this is {card.file!r}")
        one = Model(card, path.parent if card.file == HERE else path.parent / card.file, shipped=False)
        if found.setdefault(one.reference, one) is not one:
            raise CardError(f"{path}: there is another model {one.reference} in {store}: give one of them another version")
    return tuple(sorted(found.values(), key=lambda one: (one.card.name, one.card.version)))


def _read(path: Path) -> Card:
    try:
        return Card.from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CardError(f"{path} is no card of a model: {error}") from error


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a model: of its file, or of the list of its folder's files and their digests, but for the card.

    The list is what ``sha256sum`` prints: digest, two blanks, path below the folder; sorted by path.
    """
    if path.is_file():
        return sha256_of(path)
    files = sorted((one.relative_to(path).as_posix(), one) for one in path.rglob("*") if one.is_file() and one != path / CARD)
    listed = "".join(f"{sha256_of(one)}  {name}\n" for name, one in files)
    return hashlib.sha256(listed.encode("utf-8", "surrogateescape")).hexdigest()


def digest_of_code(modules: Iterable[str]) -> str:
    """Return the SHA-256 of the sources of modules, first 16 digits: what a card's ``code_version`` says.

    Parameters
    ----------
    modules : iterable of str
        Full names of modules, none of which is imported for it.
    """
    digest = hashlib.sha256()
    for name in sorted(modules):
        package, _, module = name.rpartition(".")
        digest.update(name.encode() + b"\0" + resources.files(package).joinpath(f"{module}.py").read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
