"""Compile everything that is compiled, once a machine: ``python -m udfs.kernels``, and before workers start.

Workers find the compiled code on disk; without it each of them would compile for itself.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor

import numpy as np

from udfs.blocklist import compile_kernels as compile_blocklist
from udfs.datatrove import compile_kernels as compile_datatrove
from udfs.html import compile_kernels as compile_page_reader
from udfs.kl import compile_kernels as compile_kl
from udfs.lines import line_hashes
from udfs.meetings import decode, encode
from udfs.packing import pack
from udfs.signals import compile_kernels as compile_signals
from udfs.sketch import SketchSettings, shingle_hashes, sketch
from udfs.survivors import components, forest, greedy


def compile_sketches() -> None:
    """Compile what deduplication needs: sketches, line hashes, sets of keys, decisions; and the packing of shards."""
    sketch("a b", SketchSettings())
    shingle_hashes("a b", SketchSettings())
    line_hashes("a")
    decode(encode(np.array([1], dtype=np.uint64), np.array([2])))
    pack(np.array([1], dtype=np.int64), 2)
    edge = np.array([1], dtype=np.int64), np.array([0], dtype=np.int64)
    for decide in (greedy, components, forest):
        decide(*edge)


def compile_kernels() -> None:
    """Compile the block lists, the page reader, the signals, the KL score and what deduplication needs."""
    compile_blocklist()
    compile_page_reader()
    compile_sketches()
    compile_signals()
    compile_kl()
    compile_datatrove()


def compile_side_by_side() -> None:
    """Compile on all cores; the longest part begins first."""
    parts = (compile_page_reader, compile_signals, compile_sketches, compile_datatrove, compile_blocklist, compile_kl)
    with ProcessPoolExecutor() as pool:
        for compiled in [pool.submit(part) for part in parts]:
            compiled.result()


if __name__ == "__main__":
    compile_side_by_side()
