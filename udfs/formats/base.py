"""What the formats share: the type of token ids, and what a writer and a reader of sequences can do."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[Any]
"""Token ids of one sequence."""

Ends = NDArray[np.int64]
"""Positions in a sequence behind the last token of each of its pieces, ascending; padding lies behind the last."""

SMALL_VOCABULARY = 65_500
"""Vocabularies below this have ids of 16 bits: Megatron's own limit."""


class FormatError(ValueError):
    """A file of sequences is not what it says, or cannot hold what it is given."""


def dtype_of(vocabulary: int) -> str:
    """Return the type of the ids of a vocabulary: ``uint16`` or ``int32``, both little-endian, which all three formats know."""
    return "uint16" if vocabulary < SMALL_VOCABULARY else "int32"


def named(stem: Path, suffix: str) -> Path:
    """Return the path of a stem with a suffix added; dots in the stem's name stay."""
    return stem.with_name(stem.name + suffix)


class TokenWriter(Protocol):
    """Writes sequences, one after the other."""

    def write(self, tokens: Ids, ends: Ends) -> None:
        """Add a sequence of one token or more; ids must fit the type."""

    def close(self) -> list[Path]:
        """Finish and return the files, each once, in the order of their sequences."""


class TokenReader(Protocol):
    """Sequences in a file, by number."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int) -> Ids: ...
