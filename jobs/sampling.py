"""Cutting groups of documents to a size by their places: totals by group and bin, and the place that a size is reached at.

Documents are rows with a group, a ``place`` (64 bits as a signed number), the ``bin`` that it lies in, and a ``size``. Only totals and
the documents of one bin a group travel to the driver.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from udfs import mixture
from udfs.mixture import BINS, Histogram

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def histograms(rows: DataFrame, group: str, groups: Iterable[str] = ()) -> dict[str, Histogram]:
    """Return the sizes of each group by bin; empty ones for ``groups`` that have no row."""
    from pyspark.sql import functions as F

    sizes = {name: np.zeros(BINS, dtype=np.int64) for name in groups}
    for row in rows.groupBy(group, "bin").agg(F.sum("size").alias("size")).collect():
        sizes.setdefault(row[group], np.zeros(BINS, dtype=np.int64))[row["bin"]] = row["size"]
    return {name: Histogram(counts) for name, counts in sizes.items()}


def cut(rows: DataFrame, group: str, name: str, histogram: Histogram, size: int) -> int:
    """Return the place below which the documents of a group first reach a size (see `udfs.mixture.cut`)."""
    from pyspark.sql import functions as F

    if not size:
        return 0
    at, _ = histogram.bin_of(size)
    inside = rows.where((F.col(group) == name) & (F.col("bin") == at)).select("place", "size").collect()
    near = np.array([tuple(row) for row in inside], dtype=np.int64).reshape(-1, 2)
    return mixture.cut(histogram, size, places=np.ascontiguousarray(near[:, 0]).view(np.uint64), tokens=near[:, 1])
