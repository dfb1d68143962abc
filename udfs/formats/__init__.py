"""Files of token sequences as trainers read them: Megatron's, MosaicML's and NumPy's, each with a writer and a reader of its own.

A writer is handed one sequence at a time, holds little of it, and gives equal bytes for equal sequences. The readers are for
verification: they check what a file says of itself, and share no code with the writers but the names of the fields.
"""

from __future__ import annotations

from pathlib import Path

from udfs.formats.base import FormatError, Ids, TokenReader, TokenWriter, dtype_of
from udfs.formats.flat import FlatReader, FlatWriter
from udfs.formats.mds import MdsWriter
from udfs.formats.mds_reader import MdsReader
from udfs.formats.megatron import MegatronReader, MegatronWriter

__all__ = ["FORMATS", "FormatError", "Ids", "TokenReader", "TokenWriter", "dtype_of", "reader", "writer"]

FORMATS = ("megatron", "mds", "npy")
"""Names of the formats."""


def writer(kind: str, stem: Path, *, dtype: str, length: int | None = None) -> TokenWriter:
    """Return a writer of sequences.

    Parameters
    ----------
    kind : {"megatron", "mds", "npy"}
        The format.
    stem : Path
        Folder and name of the files, without suffixes.
    dtype : str
        NumPy's name of the type of token ids (see `dtype_of`).
    length : int, optional
        Tokens of every sequence, where all have as many.

    Raises
    ------
    FormatError
        When there is no format of this name.
    """
    if kind == "megatron":
        return MegatronWriter(stem, dtype)
    if kind == "mds":
        return MdsWriter(stem, dtype)
    if kind == "npy":
        return FlatWriter(stem, dtype, length)
    raise FormatError(f"there is no format {kind!r} of token sequences; there are {', '.join(FORMATS)}")


def reader(kind: str, stem: Path) -> TokenReader:
    """Return a reader of what `writer` has written under a stem.

    Raises
    ------
    FormatError
        When there is no format of this name, or the files are not what they say; the message names the file.
    """
    if kind == "megatron":
        return MegatronReader(stem)
    if kind == "mds":
        return MdsReader(stem)
    if kind == "npy":
        return FlatReader(stem)
    raise FormatError(f"there is no format {kind!r} of token sequences; there are {', '.join(FORMATS)}")
