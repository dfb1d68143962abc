"""Shards of token sequences: written from texts with a table of their documents beside them, and checked against it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from classifiers.registry import sha256_of
from conf.schema import Mix
from jobs.errors import JobError, OutOfBalance
from jobs.parts import ParquetPart, read_columns
from jobs.store import FileEntry, write_atomic
from jobs.tables import TABLES
from jobs.tokenizing import tokenizer
from udfs.formats import FormatError, Ids, dtype_of, reader
from udfs.formats.base import named
from udfs.formats.mds import COMPRESSED, INDEX, index
from udfs.sequences import Packing, SequenceFiles, read_documents

DOCUMENTS = TABLES["shards"].schema
"""Columns of the table beside the sequences: those of all shards, so that what reads shards reads it too; the text is null."""

TABLE = ".documents"


class TokenPart:
    """One shard of token sequences in the making; its files appear under their names when it is closed.

    Parameters
    ----------
    path : Path
        Folder and name of the shard, without suffixes.
    settings : Mix
        Format, packing and tokenizer.
    """

    def __init__(self, path: Path, settings: Mix) -> None:
        self._path = path
        self._settings = settings
        self._tokens = tokenizer(settings)
        self._end = self._tokens.end_of_text or 0
        self._documents = ParquetPart(named(path, TABLE), DOCUMENTS)
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}")
        self._dtype = dtype_of(self._tokens.vocabulary)
        packing = Packing(settings.sequence_length, settings.window, settings.seed) if settings.pack else None
        self._files = SequenceFiles(settings.format, self._temporary, dtype=self._dtype, end_of_text=self._end, packing=packing)
        self._altered = 0
        self.facts: dict[str, Any] = {}

    def write(self, batch: pa.RecordBatch) -> None:
        """Add documents.

        Raises
        ------
        OutOfBalance
            When a document has not the tokens that were counted when the mixture was planned.
        """
        place = batch.schema.get_field_index("text")
        self._documents.write(batch.set_column(place, DOCUMENTS.field("text"), pa.nulls(batch.num_rows, pa.string())))
        texts, counts = batch.column("text").to_pylist(), batch.column("tokens").to_pylist()
        for text, counted in zip(texts, counts, strict=True):
            ids = self._tokens.encode(text)
            if len(ids) + 1 != counted:
                raise OutOfBalance(f"{self._path.name}: a document was counted at {counted} tokens and has {len(ids) + 1}")
            if (ids == self._end).any():
                raise JobError(
                    f"mix.tokenizer makes its token {self._end}, which ends a text, of a page's own text; choose another"
                )
            self._altered += self._tokens.decode(ids) != text
            self._files.add(np.append(ids, np.int32(self._end)))

    def close(self) -> FileEntry:
        """Finish all files and put them under their names; return the table of documents."""
        written = self._files.close()
        entry = self._documents.close()
        self.facts = {"files": [self._publish(path) for path in written], "sequences": self._described()}
        return entry

    def _publish(self, path: Path) -> dict[str, Any]:
        final = path.with_name(self._path.name + path.name.removeprefix(self._temporary.name))
        described = {"file": final.name, "bytes": path.stat().st_size, "sha256": sha256_of(path)}
        path.replace(final)
        return described

    def _described(self) -> dict[str, Any]:
        counts = self._files.counts
        return {
            "dtype": self._dtype,
            "vocabulary": self._tokens.vocabulary,
            "end_of_text": self._end,
            "packed": self._settings.pack,
            "length": self._settings.sequence_length if self._settings.pack else None,
            "window": self._settings.window if self._settings.pack else None,
            "efficiency_ppm": counts.efficiency_ppm,
            "altered_documents": self._altered,
        } | asdict(counts)


def write_index(folder: Path, shards: Mapping[str, Mapping[str, Any]]) -> list[FileEntry]:
    """Write the index that MDS has for a whole folder, where the shards are of that format; return what was written.

    Parameters
    ----------
    folder : Path
        The finished shards.
    shards : mapping of str to mapping
        Facts that they left, by file (`jobs.shards.take_facts`).
    """
    streamed = [(folder / one.name) for one in token_files(shards) if one.name.endswith(COMPRESSED)]
    if not streamed:
        return []
    path = folder / INDEX
    write_atomic(path, index(streamed, next(facts["sequences"]["dtype"] for facts in shards.values())))
    return [FileEntry(INDEX, 0, path.stat().st_size, sha256_of(path))]


def token_files(shards: Mapping[str, Mapping[str, Any]]) -> list[FileEntry]:
    """Return the files of tokens beside the tables of shards, in the order of the shards."""
    files = [one for _, facts in sorted(shards.items()) for one in facts.get("files", ())]
    return [FileEntry(one["file"], 0, one["bytes"], one["sha256"]) for one in files]


def problems(folder: Path, shard: Mapping[str, Any]) -> Iterator[str]:
    """Compare the sequences of a shard with its table of documents; one line for each thing that is wrong.

    Parameters
    ----------
    folder : Path
        The shards.
    shard : mapping
        The shard's entry in the manifest: ``file``, ``format``, and the facts that `TokenPart` left.
    """
    told, stem = shard["sequences"], folder / str(shard["file"]).removesuffix(f"{TABLE}.parquet")
    lengths = read_columns(folder / shard["file"], ["tokens"]).column("tokens").to_pylist()
    if len(lengths) != told["documents"]:
        yield f"{shard['file']}: {told['documents']} documents expected, {len(lengths)} found"
    try:
        found = len(reader(shard["format"], stem))
        if found != told["sequences"]:
            yield f"{stem.name}: {told['sequences']} sequences expected, {found} found"
        documents = 0
        for row, ids in enumerate(read_documents(shard["format"], stem, packed=told["packed"])):
            documents += 1
            if wrong := _wrong(ids, lengths[row] if row < len(lengths) else 0, told):
                yield f"{stem.name}: document {row}: {wrong}"
                return
        if documents != len(lengths):
            yield f"{stem.name}: {len(lengths)} documents expected, {documents} found in the sequences"
    except (FormatError, OSError) as error:
        yield f"{stem.name}: {error}"


def _wrong(ids: Ids, length: int, told: Mapping[str, Any]) -> str:
    """Say what is wrong with the tokens of a document, or nothing."""
    if len(ids) != length:
        return f"{length} tokens expected, {len(ids)} found"
    if int(ids.max()) >= told["vocabulary"] or int(ids.min()) < 0:
        return f"an id of {int(ids.max())} with a vocabulary of {told['vocabulary']}"
    ends = np.flatnonzero(ids == told["end_of_text"])
    return "" if ends.tolist() == [length - 1] else f"the token that ends a text is at {ends.tolist()[:3]}, not at its end alone"
