"""A data card as Markdown with the YAML that Hugging Face reads, and as one HTML page that needs nothing else."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from jobs.cards.sections import Manifest, Table, description_of, languages_of, sections, title_of
from jobs.reporting import number, visible

_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"))
_LARGER = ((10**8, "10M<n<100M"), (10**9, "100M<n<1B"), (10**10, "1B<n<10B"), (10**11, "10B<n<100B"), (10**12, "100B<n<1T"))
_MARKS = re.compile(r"([\\`*_\[\]|#])")
_LOADABLE = {"parquet": ".parquet", "jsonl.zst": ".jsonl.zst"}
"""Formats whose shards hold texts that `datasets` reads."""


def size_category(documents: int) -> str:
    """Name the number of documents as Hugging Face does."""
    return next((name for limit, name in (*_SIZES, *_LARGER) if documents < limit), "n>1T")


def front_matter(manifest: Manifest) -> str:
    """Return the YAML of a dataset card; each value is JSON, which YAML reads, whatever is in it."""
    card, kind = manifest["card"], manifest["shards"][0]["format"] if manifest["shards"] else ""
    told: dict[str, Any] = {
        "pretty_name": title_of(manifest),
        "license": card["licence"],
        "language": languages_of(manifest),
        "size_categories": [size_category(manifest["totals"]["documents"])],
        "task_categories": ["text-generation"],
        "tags": ["pretraining", "web-crawl", "woolmill"],
    }
    if card["licence"] == "other":
        told |= {"license_name": "as-stated-by-each-page"} | (
            {"license_link": card["licence_url"]} if card["licence_url"] else {}
        )
    if suffix := _LOADABLE.get(kind):
        told["configs"] = [{"config_name": "default", "data_files": [{"split": "train", "path": f"shard-*{suffix}"}]}]
    return "\n".join(f"{name}: {json.dumps(value, ensure_ascii=True)}" for name, value in told.items())


def readme(manifest: Manifest) -> str:
    """Return ``README.md``."""
    return _render("README.md.j2", manifest) + "\n"


def page(manifest: Manifest) -> str:
    """Return ``card.html``: no script, no network."""
    return _render("data_card.html.j2", manifest) + "\n"


def cell(text: object) -> str:
    """Return text as Markdown that shows it and does nothing else."""
    return _MARKS.sub(r"\\\1", html.escape(" ".join(visible(text).split()), quote=False))


def _render(template: str, manifest: Mapping[str, Any]) -> str:
    # Templates of the report lend the page its style.
    loader = ChoiceLoader([PackageLoader("jobs.cards"), PackageLoader("jobs.reporting")])
    environment = Environment(
        loader=loader,
        autoescape=template.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"visible": visible, "cell": cell, "number": number, "rule": _rule}
    return environment.get_template(template).render(
        title=title_of(manifest),
        description=description_of(manifest),
        front_matter=front_matter(manifest),
        sections=sections(manifest),
        manifest=manifest,
    )


def _rule(table: Table) -> str:
    """Return the line below the heads of a Markdown table."""
    return "|" + "".join(" --- |" if place < table.left else " ---: |" for place in range(len(table.heads)))
