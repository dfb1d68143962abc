"""What earlier runs have taken, so that a new crawl is deduplicated against it without computing it again.

A corpus is a folder of generations, one a run, each with the keys of the documents that the run's deduplication has kept::

    <corpus>/0001-<run>/manifest.json        settings of the sketches, splits, line buckets
                        documents/<n>.parquet   what is compared, a file a split; a document's number is n * 2^32 + its row
                        urls/  bands/           sorted keys with the numbers of documents (`udfs.keytable`)
                        lines/                  sorted lines with their copies
                        retracted.parquet       documents of earlier generations that have given way to this one's

A run looks up its own keys in the sorted ones, so its cost grows with itself, not with the corpus.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from classifiers.registry import sha256_of
from conf.load import SettingsError
from conf.schema import Recipe
from jobs.parts import read_columns
from udfs.keytable import VALUE, KeyTable, Rows

MANIFEST, RETRACTED = "manifest.json", "retracted.parquet"
KINDS = ("urls", "bands", "lines")
ROW_GROUP = 512
"""Rows of a group in the files of documents, so that a look-up of few reads little."""

_SHIFT, _ROW = np.uint64(32), np.uint64(2**32 - 1)


@dataclass(frozen=True)
class Generation:
    """What one run has added.

    Parameters
    ----------
    folder : Path
        Its folder.
    manifest : mapping
        Its description.
    """

    folder: Path
    manifest: Mapping[str, Any]

    def keys(self, kind: str) -> KeyTable:
        """Return its keys of a kind."""
        return KeyTable(self.folder / kind)

    @property
    def splits(self) -> list[str]:
        """Names of its splits; the number of a document names one by its place. Keys alone are not unique among runs."""
        return [f"{self.folder.name}.{key}" for key, _ in self.manifest["splits"]]

    def documents(self, numbers: Rows) -> Iterator[tuple[int, pa.Table]]:
        """Read documents by their numbers: place of the split and rows, in the order of numbers."""
        wanted = np.unique(numbers)
        places = (wanted >> _SHIFT).astype(np.int64)
        for place in np.unique(places).tolist():
            rows = (wanted[places == place] & _ROW).astype(np.int64)
            file = pq.ParquetFile(self.folder / "documents" / f"{place}.parquet")
            lengths = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
            starts = np.append(0, np.cumsum(lengths)[:-1])
            group = np.searchsorted(starts, rows, side="right") - 1
            read, at = np.unique(group, return_inverse=True)
            offsets = np.append(0, np.cumsum(np.array(lengths)[read])[:-1])
            yield place, file.read_row_groups(read.tolist()).take(pa.array(offsets[at] + rows - starts[group]))

    @cached_property
    def retracted(self) -> frozenset[tuple[bytes, str]]:
        """Documents of earlier generations, by id and split, that are no longer in the corpus."""
        path = self.folder / RETRACTED
        if not path.is_file():
            return frozenset()
        table = read_columns(path, ["id", "corpus_split"])
        return frozenset(zip(table["id"].to_pylist(), table["corpus_split"].to_pylist(), strict=True))


@dataclass(frozen=True)
class Corpus:
    """The generations that a run is deduplicated against, oldest first.

    Parameters
    ----------
    generations : tuple of Generation
        None for a run that stands alone.
    """

    generations: tuple[Generation, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.generations)

    def keys(self, kind: str) -> tuple[KeyTable, ...]:
        """Return the sorted keys of all generations."""
        return tuple(generation.keys(kind) for generation in self.generations)

    @property
    def splits(self) -> list[str]:
        """Names of the splits of all generations, one after the other."""
        return [split for generation in self.generations for split in generation.splits]

    def documents(self, number: int, met: Rows) -> Iterator[tuple[int, pa.Table]]:
        """Read the documents of one generation that were met, without retracted ones: place among `splits`, and rows."""
        before = sum(len(generation.splits) for generation in self.generations[:number])
        gone = frozenset().union(*(generation.retracted for generation in self.generations[number + 1 :]))
        for place, table in self.generations[number].documents(met[VALUE]):
            split = self.generations[number].splits[place]
            table = table.filter(pa.array([(id_, split) not in gone for id_ in table["id"].to_pylist()], pa.bool_()))
            if table.num_rows:
                yield before + place, table

    def line_bucket(self, lang: str, size: int) -> tuple[int, int]:
        """Return the number of a language's last bucket and the documents it holds; (0, 0) where there is none.

        A bucket that holds as many as ``size`` is full, and the next one begins.
        """
        last, held = 0, 0
        for generation in self.generations:
            for number, documents in generation.manifest["lines"].get(lang, []):
                last, held = (number, held + documents) if number == last else (number, documents)
        return (last, held) if held < size else (last + 1, 0)


def folders(path: Path) -> list[Path]:
    """Return the folders of a corpus' generations, oldest first."""
    return sorted(folder for folder in path.glob("[0-9]*-*") if (folder / MANIFEST).is_file())


def manifests(path: Path) -> list[dict[str, Any]]:
    """Return the descriptions of a corpus' generations, oldest first."""
    return [json.loads((folder / MANIFEST).read_text("utf-8")) for folder in folders(path)]


def open_corpus(recipe: Recipe) -> Corpus:
    """Open the corpus of a recipe, without what a run of the same name has added before.

    Raises
    ------
    SettingsError
        When there is none at the path, or its sketches were made by other settings.
    """
    if recipe.corpus.path is None:
        return Corpus()
    path = Path(recipe.corpus.path)
    if not path.is_dir():
        raise SettingsError(f"corpus.path: there is no folder {path}; `woolmill corpus add RUN {path}` begins a corpus")
    found = []
    for folder in folders(path):
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        if manifest["run"] == recipe.run:
            continue
        if manifest["sketch"] != sketch_of(recipe):
            raise SettingsError(
                f"corpus.path: {folder.name} was made with {manifest['sketch']}, the recipe says {sketch_of(recipe)}; "
                "sketches of different settings can't be compared"
            )
        found.append(Generation(folder, manifest))
    return Corpus(tuple(found))


def digests(recipe: Recipe) -> Mapping[str, str]:
    """Return a digest for each generation: what a stage depends on besides its tables."""
    return {f"corpus/{g.folder.name}": sha256_of(g.folder / MANIFEST) for g in open_corpus(recipe).generations}


def sketch_of(recipe: Recipe) -> dict[str, Any]:
    """Return the settings that must be equal for keys to be compared."""
    found: dict[str, Any] = recipe.sketch.model_dump(mode="json") | {"scope": recipe.documents.scope}
    return found
