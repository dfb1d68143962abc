"""A model card as one HTML page that needs nothing else: no network, no script; light and dark."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from classifiers.evaluation import drawings
from classifiers.registry import Card

_SHOWN_APART = frozenset(
    {"name", "version", "purpose", "evaluation", "calibration", "percentiles", "thresholds", "training_data"}
)


def render(card: Card, state: str) -> str:
    """Write the page of a card.

    Parameters
    ----------
    card : Card
        The card; what it does not have is left out.
    state : str
        What is known about the model's file, such as ``there, digest verified``.

    Returns
    -------
    str
        A whole HTML document. Equal cards give equal text: it holds no time of its own.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("classifiers.evaluation", "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"figure": figure}
    html: str = environment.get_template("card.html.j2").render(
        card=card,
        state=state,
        facts=_facts(card),
        plots=plots(card),
        parts=_parts(card.evaluation),
        metrics=json.dumps(card.metrics, ensure_ascii=False, indent=2) if card.metrics else "",
    )
    return html


def figure(value: Any) -> str:
    """Return a figure of a card for reading: an interval as ``0.951 (0.930-0.968)``, nothing where there is none."""
    if isinstance(value, list | tuple) and len(value) == 3:
        middle, low, high = value
        if middle is None:
            return ""
        return f"{middle:.3f}" if low is None or high is None else f"{middle:.3f} ({low:.3f}-{high:.3f})"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: ""}[value]
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}" if isinstance(value, float) else str(value)


def plots(card: Card) -> list[tuple[str, Markup]]:
    """Return heading and drawing of everything that the card has points for."""
    found, curves = [], card.evaluation.get("curves", {})
    if points := curves.get("roc"):
        title = f"ROC curve, area {figure(card.evaluation['auc'])}"
        found.append((title, drawings.curve(points, title, ("false positive rate", "true positive rate"), diagonal=True)))
    if points := curves.get("precision_recall"):
        title = f"Precision and recall, average precision {figure(card.evaluation['average_precision'])}"
        found.append((title, drawings.curve(points, title, ("recall", "precision"))))
    if bins := card.evaluation.get("calibrated", {}).get("reliability"):
        title = f"Calibrated probabilities, expected error {card.evaluation['calibrated']['expected_error']:.3f}"
        found.append((title, drawings.reliability(bins, title)))
    if counts := card.evaluation.get("histogram"):
        title = "Scores: positives above, negatives below"
        found.append((title, drawings.histogram(counts["positives"], counts["negatives"], title)))
    return found


def _facts(card: Card) -> dict[str, str]:
    from dataclasses import asdict

    rest = {name: value for name, value in asdict(card).items() if name not in _SHOWN_APART | {"metrics", "parameters"} and value}
    told = {name: ", ".join(value) if isinstance(value, list | tuple) else str(value) for name, value in rest.items()}
    return told | {name: _short(value) for name, value in card.parameters.items()}


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 400 else text[:400] + " …"


def _parts(evaluation: Mapping[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    """Return the tables of the parts: heading, names of the columns, rows; parts without a figure of their own come last."""
    tables = []
    for name, part in evaluation.items():
        if not name.startswith("by_") or not part:
            continue
        rows = sorted(part.items(), key=lambda item: ("auc" not in item[1], -item[1]["documents"], item[0]))
        columns = list(dict.fromkeys(column for _, row in rows for column in row))
        cells = [[value or "unknown", *(figure(row.get(column)) for column in columns)] for value, row in rows]
        tables.append((name.removeprefix("by_").replace("_", " "), columns, cells))
    return tables
