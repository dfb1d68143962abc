"""Every signal of a document, computed in one pass over its text. Rules are predicates over them (`udfs.rules`).

The text is tokenised once, in compiled loops over its code points (`udfs.signals.kernels`); all signals read the words, lines
and hashes found there. `SIGNALS` says what each of them means.
"""

from udfs.signals.catalogue import C4, DCLM, FINEWEB, GOPHER, LLAMA3, NAMES, OWN, REDPAJAMA, SIGNALS, Signal
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
