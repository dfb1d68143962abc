"""Scikit-learn's gradient-boosted trees as the flat arrays of `udfs.html.blocks.trees`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from udfs.html.blocks.trees import Trees


def trees_of(model: Any, *, scale: float = 1.0) -> Trees:
    """Flatten a fitted ``HistGradientBoostingClassifier`` without categorical columns.

    Parameters
    ----------
    model : HistGradientBoostingClassifier
        Trained on float32 values without NaN.
    scale : float
        Factor of all leaves and of the baseline; 1 / k for one of k models that are averaged.

    Returns
    -------
    Trees
        Equal decisions for float32 rows: a threshold is the largest float32 not above scikit-learn's.
    """
    parts: list[dict[str, NDArray[Any]]] = []
    roots, depths, outputs, total = [], [], [], 0
    for stage in model._predictors:
        for output, predictor in enumerate(stage):
            part, depth = _flatten(predictor.nodes, total)
            parts.append(part)
            roots.append(total)
            depths.append(depth)
            outputs.append(output)
            total += len(part["columns"])
    fields = {name: np.concatenate([part[name] for part in parts]) for name in ("columns", "thresholds", "left", "values")}
    fields["values"] = (fields["values"] * scale).astype(np.float32)
    baseline = np.asarray(model._baseline_prediction, np.float64).ravel() * scale
    return Trees(
        **fields,
        roots=np.array(roots, np.uint32),
        depths=np.array(depths, np.int32),
        outputs=np.array(outputs, np.int32),
        baseline=baseline.astype(np.float32),
    )


def join(ensembles: list[Trees]) -> Trees:
    """Return one ensemble whose answer is the sum of the given ones'."""
    shifts = np.cumsum([0] + [len(e.left) for e in ensembles[:-1]])
    return Trees(
        np.concatenate([e.columns for e in ensembles]),
        np.concatenate([e.thresholds for e in ensembles]),
        np.concatenate([e.left + np.uint32(s) for e, s in zip(ensembles, shifts, strict=True)]),
        np.concatenate([e.values for e in ensembles]),
        np.concatenate([e.roots + np.uint32(s) for e, s in zip(ensembles, shifts, strict=True)]),
        np.concatenate([e.depths for e in ensembles]),
        np.concatenate([e.outputs for e in ensembles]),
        np.sum([e.baseline for e in ensembles], axis=0, dtype=np.float32),
    )


def _flatten(nodes: Any, offset: int) -> tuple[dict[str, NDArray[Any]], int]:
    n = len(nodes)
    part: dict[str, NDArray[Any]] = {
        "columns": np.zeros(n, np.uint32),
        "thresholds": np.full(n, np.inf, np.float32),
        "left": np.zeros(n, np.uint32),
        "values": np.zeros(n, np.float64),
    }
    place, free, depth = {0: 0}, 1, 0
    level = [0]
    while level:
        below = []
        for old in level:
            new = place[old]
            if nodes["is_leaf"][old]:
                part["left"][new], part["values"][new] = new + offset, nodes["value"][old]
                continue
            if nodes["is_categorical"][old]:
                raise ValueError("categorical columns cannot be exported: train without them")
            left, right = int(nodes["left"][old]), int(nodes["right"][old])
            place[left], place[right] = free, free + 1
            part["columns"][new] = nodes["feature_idx"][old]
            part["thresholds"][new] = _floor(float(nodes["num_threshold"][old]))
            part["left"][new] = free + offset
            free += 2
            below += [left, right]
        depth += bool(below)
        level = below
    return part, depth


def _floor(value: float) -> np.float32:
    down = np.float32(value)
    return down if float(down) <= value else np.nextafter(down, np.float32(-np.inf))
