"""Benchmark items cut out of texts: what `decontaminate` has stored as ranges, applied by whoever reads the text after it."""

from __future__ import annotations

from collections.abc import Callable

from jobs.parts import read_columns
from jobs.stage import SplitTask
from udfs.decontamination import cut, joined


def cutter(task: SplitTask) -> Callable[[bytes, str], str]:
    """Return what takes the copies of benchmark items out of the texts of one split.

    Parameters
    ----------
    task : SplitTask
        Of a stage that needs ``cleaned`` and ``contamination``; without the latter (the recipe leaves `decontaminate` out, or
        nothing was found) texts stay as they are.

    Returns
    -------
    callable
        ``(id, text)`` to the text without its cuts. The text must be that of ``cleaned``: ranges are code points of it.
    """
    cuts = _cuts(task.inputs["contamination"]) if "contamination" in task.inputs else {}

    def applied(id_: bytes, text: str) -> str:
        return cut(text, cuts[id_]) if id_ in cuts else text

    return applied


def _cuts(path: str) -> dict[bytes, list[tuple[int, int]]]:
    found: dict[bytes, list[tuple[int, int]]] = {}
    for row in read_columns(path, ["id", "action", "ranges"]).to_pylist():
        if row["action"] == "cut":
            found.setdefault(row["id"], []).extend((one["start"], one["end"]) for one in row["ranges"])
    return {id_: joined(ranges) for id_, ranges in found.items()}
