"""What a text is built of: formulas, words of mathematics and deduction, code, identifiers, tables.

By these signals, with the scores of two models, `udfs.routing` tells mathematics and code from other text, and the rules of
`udfs.rules.starcoder` tell code that people wrote from what a machine did. `ROWS` says what each of them means.
"""

from typing import TYPE_CHECKING, Any

from udfs.structure.rows import NAMES, ROWS

if TYPE_CHECKING:
    from udfs.structure.values import measure

__all__ = ["NAMES", "ROWS", "measure"]


def __getattr__(name: str) -> Any:
    """Import what computes when it is first asked for: whoever reads names alone need not wait for a compiler."""
    if name != "measure":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from udfs.structure import values

    return values.measure
