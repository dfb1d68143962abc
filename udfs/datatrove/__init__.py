"""The values on which datatrove's quality filters decide, computed from words that are given.

Its four filters (GopherQuality, GopherRepetition, C4, FineWeb) read the rules of the papers in their own way: what they count and
divide by is said in `ROWS`. `udfs.rules.datatrove` holds their limits. With datatrove's own words the values are datatrove's;
with ours they differ as the words do. In a pipeline give `measure` the bounds of `token_bounds`.
"""

from typing import TYPE_CHECKING, Any

from udfs.datatrove.rows import NAMES, ROWS, Row

if TYPE_CHECKING:
    from udfs.datatrove.values import compile_kernels, measure, sentence_starts, signals, token_bounds

__all__ = ["NAMES", "ROWS", "Row", "compile_kernels", "measure", "sentence_starts", "signals", "token_bounds"]


def __getattr__(name: str) -> Any:
    """Import what computes when it is first asked for: whoever reads names alone need not wait for a compiler."""
    if name.startswith("_") or name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from udfs.datatrove import values

    return getattr(values, name)
