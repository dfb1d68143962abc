"""Every signal of a document, computed in one pass over its text. Rules are predicates over them (`udfs.rules`).

The text is tokenised once, in compiled loops over its code points (`udfs.signals.kernels`); all signals read the words, lines
and hashes found there. `SIGNALS` says what each of them means.
"""

from typing import TYPE_CHECKING, Any

from udfs.signals.catalogue import C4, DCLM, FINEWEB, GOPHER, LLAMA3, NAMES, OWN, REDPAJAMA, SIGNALS, Signal

if TYPE_CHECKING:
    from udfs.signals.measure import References, compile_kernels, compute

__all__ = [
    "C4",
    "DCLM",
    "FINEWEB",
    "GOPHER",
    "LLAMA3",
    "NAMES",
    "OWN",
    "REDPAJAMA",
    "SIGNALS",
    "References",
    "Signal",
    "compile_kernels",
    "compute",
]


def __getattr__(name: str) -> Any:
    """Import what computes when it is first asked for: whoever reads names and rules alone need not wait for a compiler."""
    if name not in ("References", "compile_kernels", "compute"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from udfs.signals import measure

    return getattr(measure, name)
