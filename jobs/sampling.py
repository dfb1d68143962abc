"""Cutting groups of documents to a size by their places: totals by group and bin, and the place that a size is reached at.

Documents are rows with a group, a ``place`` (64 bits as a signed number), the ``bin`` that it lies in, and a ``size``. Only totals and
the documents of one bin a group travel to the driver.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

import numpy as np

from udfs import mixture
from udfs.mixture import BINS, Histogram

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


AT_ONCE = 64
"""Groups whose histograms are held at a time: half a megabyte each."""


def histograms(rows: DataFrame, group: str, groups: Iterable[str] = ()) -> dict[str, Histogram]:
    """Return the sizes of each group by bin; empty ones for ``groups`` that have no row."""
    from pyspark.sql import functions as F

    sizes = {name: np.zeros(BINS, dtype=np.int64) for name in groups}
    for row in rows.groupBy(group, "bin").agg(F.sum("size").alias("size")).collect():
        sizes.setdefault(row[group], np.zeros(BINS, dtype=np.int64))[row["bin"]] = row["size"]
    return {name: Histogram(counts) for name, counts in sizes.items()}


def cuts(rows: DataFrame, group: str, sizes: Mapping[str, int]) -> dict[str, int]:
    """Return the place below which the documents of each group first reach its size; two jobs for `AT_ONCE` groups."""
    from pyspark.sql import functions as F

    below = {name: 0 for name, size in sizes.items() if not size}
    names = sorted(sizes.keys() - below.keys())
    for some in (names[start : start + AT_ONCE] for start in range(0, len(names), AT_ONCE)):
        known = histograms(rows.where(F.col(group).isin(some)), group, some)
        wanted = [(F.col(group) == name) & (F.col("bin") == known[name].bin_of(sizes[name])[0]) for name in some]
        near: dict[str, list[tuple[int, int]]] = {name: [] for name in some}
        for row in rows.where(reduce(or_, wanted)).select(group, "place", "size").collect():
            near[row[group]].append((row["place"], row["size"]))
        below |= {name: _cut(known[name], sizes[name], near[name]) for name in some}
    return below


def cut(rows: DataFrame, group: str, name: str, histogram: Histogram, size: int) -> int:
    """Return the place below which the documents of a group first reach a size (see `udfs.mixture.cut`)."""
    from pyspark.sql import functions as F

    if not size:
        return 0
    at, _ = histogram.bin_of(size)
    inside = rows.where((F.col(group) == name) & (F.col("bin") == at)).select("place", "size").collect()
    return _cut(histogram, size, [tuple(row) for row in inside])


def _cut(histogram: Histogram, size: int, inside: Sequence[tuple[int, int]]) -> int:
    near = np.array(inside, dtype=np.int64).reshape(-1, 2)
    return mixture.cut(histogram, size, places=np.ascontiguousarray(near[:, 0]).view(np.uint64), tokens=near[:, 1])
