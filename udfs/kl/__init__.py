"""How unlike its language a text's tokens are: KL divergence from a frozen reference, and what it cannot see.

Llama 3 (section 3.1.1) filters documents "containing excessive numbers of outlier tokens compared to the training corpus
distribution" by this divergence. The direction is KL(document || reference), which is ruled by the tokens that the document
overuses. It falls with the length of a text, so what decides is the residual over a fit on length, and limits are quantiles of
trusted texts, frozen by language and length. ``docs/kl.md`` tells it at length.
"""

from udfs.kl.building import Sample, build_reference, compile_kernels
from udfs.kl.reference import N_BINS, UNDEFINED, KlScore, Limits, Reference, load, save, score, score_points

__all__ = [
    "N_BINS",
    "UNDEFINED",
    "KlScore",
    "Limits",
    "Reference",
    "Sample",
    "build_reference",
    "compile_kernels",
    "load",
    "save",
    "score",
    "score_points",
]
