"""The report of a run: HTML that needs nothing else, no network and no script.

The report itself is one file. The pages beside it, one for each class and language and an overview of them, are files of their own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobs.reporting.data import Report
    from jobs.store import Run

__all__ = ["build_pages", "build_report"]

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
    from jobs.reporting.data import gather

    return _report(_environment(), gather(run, samples), {})


def build_pages(run: Run, samples: int) -> dict[str, str]:
    """Write the report of a run with a page for each class and language, linked with each other.

    Parameters
    ----------
    run : Run
        The run; stages that have not been published are named, and what depends on them is left out.
    samples : int
        Documents shown for each class and for each reason; pages of classes and languages show fewer.

    Returns
    -------
    dict of str to str
        Whole files under their names: ``report.html``, ``overview.html``, ``overview.json``, ``class-<name>.html`` for every class
        and ``language-<code>.html`` for every language with documents, and ``decontamination.json`` where the run looks for
        benchmarks. Equal tables give equal text.

    Raises
    ------
    StoreError
        When a published file can't be read.
    """
    from jobs.reporting import pages
    from jobs.reporting.data import report_of
    from jobs.reporting.query import reading
    from jobs.reporting.samples import group_samples

    with reading(run) as tables:
        report = report_of(tables, samples)
        kept, lost = min(samples, pages.KEPT), min(samples, pages.LOST)
        shown = pages.shelf(report, group_samples(tables, kept=kept, lost=lost, reasons=pages.REASONS))
    environment = _environment()
    return {pages.REPORT: _report(environment, report, shown.files)} | pages.render(environment, shown)


def _report(environment: Any, report: Report, files: Mapping[tuple[str, str], str]) -> str:
    html: str = environment.get_template("report.html.j2").render(report=report, files=files)
    return html + "\n"


def _environment() -> Any:
    from statistics import median

    from jinja2 import Environment, PackageLoader, StrictUndefined

    from jobs.reporting import svg

    loader = PackageLoader("jobs.reporting", "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"visible": visible, "number": number, "share": share, "amount": amount, "figure": figure}
    environment.filters |= {"median": median, "breakable": breakable}
    environment.globals["svg"] = svg
    return environment


def visible(text: object) -> str:
    """Return text with the replacement character in the place of what a page can't show."""
    return _INVISIBLE.sub("\ufffd", str(text))


def breakable(code: object) -> Markup:
    """Return a code escaped, with places where a narrow page may break it: after its dots and low lines."""
    return Markup(re.sub(r"([._])", r"\1<wbr>", str(escape(visible(code)))))


def number(value: float | None) -> str:
    """Write a count with thin spaces between thousands; a dash for none."""
    return "–" if value is None else f"{value:,.0f}".replace(",", "\u202f")


def share(part: float, whole: float) -> str:
    """Write part of a whole in per cent; a dash where there is no whole, and nothing that is there becomes 0.0 %."""
    if not whole:
        return "–"
    return "<0.1\u202f%" if 0 < part / whole < 0.001 else f"{100 * part / whole:.1f}\u202f%"


def figure(value: float) -> str:
    """Write a score with three decimals, two above ten; what is there and smaller is said to be."""
    return "<0.001" if 0 < value < 0.0005 else f"{value:.3f}" if abs(value) < 10 else f"{value:.2f}"


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
