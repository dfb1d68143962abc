"""How functions are compiled: once each, kept on disk until any that they are compiled with changes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.numpy_support import carray

from udfs.compiled import Stamp, kept, stamp
from udfs.html.page.vocabulary import FNV_OFFSET, FNV_PRIME

OFFSET: Final = FNV_OFFSET - (1 << 64)
"""FNV-1a's offset as a signed number, as the compiled code keeps its hashes."""
_PRIME: Final = np.uint64(FNV_PRIME)

F = TypeVar("F", bound=Callable[..., Any])

FOLDERS: Final = ("page", "blocks")
"""Folders whose functions and constants are compiled into each other."""


def _as_pointer(typing_context: Any, address: Any) -> Any:  # noqa: ARG001
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(types.uintp), generate


_pointer: Any = intrinsic(_as_pointer)


def _widen(kind: types.Type) -> types.Type:
    """Make every integer an int64 and every constant an ordinary value."""
    kind = types.unliteral(kind)  # type: ignore[no-untyped-call]
    return types.int64 if isinstance(kind, types.Integer | types.IntEnumMember) else kind


@cache
def _stamp() -> Stamp:
    here = Path(__file__).parent
    return stamp([Path(__file__), *(file for folder in FOLDERS for file in (here / folder).glob("*.py"))])


def entry(function: F, **options: Any) -> F:
    """Compile a function that Python calls, and keep it on disk until a module in `FOLDERS` changes."""
    return kept(function, _stamp(), **options)


def helper(function: F) -> F:
    """Compile a function that only compiled functions call.

    numba compiles a function anew for each constant and each width of integer that it is called with, and gives each of them
    an entry from Python; for some hundred small functions that is most of the compile time. Here there is one version, without
    such an entry. Calls cast their arguments.
    """
    dispatcher: Any = entry(function, no_cpython_wrapper=True, no_cfunc_wrapper=True)
    template = dispatcher.get_call_template

    def widened(arguments: tuple[types.Type, ...], keywords: dict[str, types.Type]) -> Any:
        return template(tuple(map(_widen, arguments)), {name: _widen(kind) for name, kind in keywords.items()})

    dispatcher.get_call_template = widened
    return dispatcher  # type: ignore[no-any-return]


@helper
def unowned(array: Any) -> Any:
    """View an array without counting references to it; the caller keeps the array alive as long as the view.

    Compiled functions count references to the arrays they hand on, by instructions that the processor cannot overlap: for
    functions as small as the scanner's that is most of the run time.
    """
    return carray(_pointer(array.ctypes.data), array.shape, array.dtype)


@helper
def mix(key: int, byte: int) -> int:
    """One step of FNV-1a; unsigned, since what signed products that overflow give is undefined."""
    return np.int64((np.uint64(key) ^ np.uint64(byte)) * _PRIME)  # type: ignore[return-value]
