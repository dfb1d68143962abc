"""The pages beside the report: one for each class and language, an overview of all, and the same figures for machines."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from jobs.reporting import peers
from jobs.reporting.groups import Group, Groups
from jobs.reporting.samples import GroupSamples
from jobs.reporting.spreads import QUANTILES
from jobs.reporting.svg import Strip

if TYPE_CHECKING:
    from jobs.reporting.data import Report

REPORT, OVERVIEW, FIGURES, BENCHMARKS = "report.html", "overview.html", "overview.json", "decontamination.json"

KEPT, LOST, REASONS = 4, 2, 4
"""Documents shown on a page: kept ones, lost ones of a reason, and reasons (those that took most); fewer if the recipe says so."""

_PLAIN = re.compile(r"[a-z0-9]{1,20}(-[a-z0-9]{1,20}){0,3}")


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the pages of a run share: the report, which group has which page, drawings, and the documents to show.

    Parameters
    ----------
    report : Report
        The figures.
    files : mapping of (str, str) to str
        Name of the file of every group with documents, by kind and name.
    strip : Strip
        The keep rates of all languages that can be compared.
    samples : mapping
        See `jobs.reporting.samples.group_samples`.
    """

    report: Report
    files: Mapping[tuple[str, str], str]
    strip: Strip
    samples: GroupSamples


def shelf(report: Report, samples: GroupSamples) -> Shelf:
    """Name the pages and draw what they share."""
    told = report.groups
    files: dict[tuple[str, str], str] = {(g.kind, g.name): file_of(g) for g in (*told.classes, *told.languages) if g.documents}
    strip = Strip.of([(g.name, g.rate) for g in told.languages if g.comparable])
    return Shelf(report, files, strip, samples)


def render(environment: Any, shown: Shelf) -> dict[str, str]:
    """Return every page under its file name: the overview, its figures, those of benchmarks, and a page a group.

    Parameters
    ----------
    environment : jinja2.Environment
        With the templates and filters.
    shown : Shelf
        What they show.
    """
    told = shown.report.groups
    common = {"report": shown.report, "shelf": shown, "peers": peers, "quantiles": QUANTILES}
    overview = environment.get_template("overview.html.j2").render(**common)
    page = environment.get_template("group.html.j2")
    pages = {OVERVIEW: overview + "\n", FIGURES: figures(shown.report.name, told)}
    if shown.report.contamination:
        body = {"run": shown.report.name} | shown.report.contamination.to_dict()
        pages[BENCHMARKS] = json.dumps(body, ensure_ascii=True, allow_nan=False, indent=1) + "\n"
    for group in (*told.classes, *told.languages):
        if group.documents:
            samples = shown.samples.get((group.kind, group.name), {})
            pages[file_of(group)] = page.render(**common, g=group, samples=samples) + "\n"
    return pages


def file_of(group: Group) -> str:
    """Return the file name of a group's page; a name that is no plain code is replaced by its hash."""
    plain = _PLAIN.fullmatch(group.name)
    name = (
        group.name if plain else "x-" + hashlib.md5(group.name.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()[:12]
    )
    return f"{group.kind}-{name}.html"


def figures(name: str, told: Groups) -> str:
    """Return all figures of the pages as JSON, with the rule that names outliers; equal tables give equal text."""
    rule = {"least": peers.LEAST, "peers": peers.PEERS, "points": peers.POINTS, "standard_errors": peers.ERRORS}
    body = {"run": name, "rule": rule, "quantiles": QUANTILES} | asdict(told)
    return json.dumps(body, ensure_ascii=True, allow_nan=False, indent=1) + "\n"
