"""The report of a run: one HTML file that needs nothing else, no network and no script."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jobs.store import Run

__all__ = ["build_report"]

# Control characters that HTML can't hold, and those that turn the direction of what follows around.
_INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202d\u202e\ud800-\udfff\ufffe\uffff]")


def build_report(run: Run, samples: int) -> str:
    """Write the report of a run.

    Parameters
    ----------
    run : Run
        The run; stages that have not been published are named, and what depends on them is left out.
    samples : int
        Documents shown for each class and for each reason.

    Returns
    -------
    str
        A whole HTML document. Equal tables give equal text: it holds no time of its own.

    Raises
    ------
    StoreError
        When a published file can't be read.
    """
    from jobs.reporting import svg
    from jobs.reporting.data import gather

    page = _environment().get_template("report.html.j2")
    html: str = page.render(report=gather(run, samples), svg=svg)
    return html + "\n"


def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("jobs.reporting", "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"visible": visible, "number": number, "share": share, "amount": amount}
    return environment


def visible(text: object) -> str:
    """Return text with the replacement character in the place of what a page can't show."""
    return _INVISIBLE.sub("\ufffd", str(text))


def number(value: float | None) -> str:
    """Write a count with thin spaces between thousands; a dash for none."""
    return "–" if value is None else f"{value:,.0f}".replace(",", "\u202f")


def share(part: float, whole: float) -> str:
    """Write part of a whole in per cent; a dash where there is no whole, and nothing that is there becomes 0.0 %."""
    if not whole:
        return "–"
    return "<0.1\u202f%" if 0 < part / whole < 0.001 else f"{100 * part / whole:.1f}\u202f%"


def amount(value: float | None, unit: str) -> str:
    """Write a measured value with its unit: bytes and seconds in steps that people read."""
    if value is None:
        return "–"
    if unit == "s":
        return f"{value:.1f} s" if value < 120 else f"{value / 60:.1f} min" if value < 7200 else f"{value / 3600:.1f} h"
    if unit != "bytes":
        return f"{number(value)} {unit}".strip()
    for name in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {name}" if name == "B" else f"{value:.1f} {name}"
        value /= 1000
    return f"{value:.1f} TB"
