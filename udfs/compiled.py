"""Compiled functions that are kept on disk until any module they are compiled with changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])

Stamp = tuple[tuple[str, float, int], ...]


def stamp(files: Sequence[Path]) -> Stamp:
    """Return names, times and sizes of modules."""
    found = ((file.name, file.stat()) for file in sorted(files))
    return tuple((name, status.st_mtime, status.st_size) for name, status in found)


def kept(function: F, stamp: Stamp, **options: Any) -> F:
    """Compile a function when it is first called, and keep it on disk until the stamp changes.

    numba itself looks only at the file of the function, not at those of the functions and constants that it compiles into it.
    """
    dispatcher: Any = njit(cache=True, **options)(function)
    file = getattr(dispatcher._cache, "_cache_file", None)
    if file is not None:
        file._source_stamp = (file._source_stamp, stamp)
    return dispatcher  # type: ignore[no-any-return]
