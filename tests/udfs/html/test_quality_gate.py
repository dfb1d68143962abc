"""The quality of extraction does not fall: 38 pages in 14 languages with their main text, and floors under the F1.

``tests/data/extraction_gate.jsonl.xz``, a page a line: address, language, source, licence, the label of the HTTP header, the page's
bytes (``html_b64``), its main text, and where that text comes from (``gold``): ``crawl`` is the gold text of the test crawl,
``container`` is the documentation's own content container without its navigation, ``written`` pages were made up for this file
together with their text. F1 is that of the longest common subsequence of words, as in ``classifiers/extractor/evaluate.py``.

A floor is a measured mean less 0.01. To pin new floors, after an engine became better or the data changed:

    python -m tests.udfs.html.test_quality_gate

prints what to paste below. Floors go up; one that goes down needs its reason in the change that lowers it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import lzma
import statistics
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from classifiers.extractor.evaluate import lcs_scores
from classifiers.extractor.labels import tokens
from console.compare import charset_of
from udfs.html import extract

FILE = Path(__file__).resolve().parents[2] / "data" / "extraction_gate.jsonl.xz"
DIGEST = "4c5a0553f938600747e92913b780c709f456e19273cf02bae8dd96c4bbed1aaf"
MARGIN = 0.01
FLOORS = {
    "all": 0.9790,
    "crawl": 0.9808,
    "en": 0.9805,
    "fr": 0.9825,
    "zh": 0.9815,
    "container": 0.9749,
    "de": 0.9715,
    "es": 0.9736,
    "ja": 0.9766,
    "ko": 0.9811,
    "tr": 0.9672,
    "written": 0.9794,
    "ru": 0.9900,
    "ar": 0.9713,
    "hi": 0.9900,
    "el": 0.9746,
    "pt": 0.9743,
    "he": 0.9761,
    "least": 0.8981,
}
"""Of the engine ``woolmill``, 21 November 2026; ``least`` is of the worst page."""
FREE = {
    *("Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "MIT", "MIT or Apache-2.0"),
    *("PSF-2.0 / 0BSD", "PostgreSQL", "public-domain"),
}


@cache
def pages() -> list[dict[str, Any]]:
    """The pages with their main text."""
    with lzma.open(FILE, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@cache
def scores() -> dict[str, tuple[float, float, float]]:
    """Precision, recall and F1 of each page by the default engine."""
    found = {}
    for page in pages():
        charset = charset_of(page["content_type"])
        text = extract(base64.b64decode(page["html_b64"]), url=page["url"], charset=charset).text
        found[page["id"]] = lcs_scores(tokens(text), tokens(page["text"]))
    return found


def means() -> dict[str, float]:
    """Mean F1 of all pages, of each source of gold texts and of each language; the least of all pages."""
    groups: dict[str, list[float]] = {}
    for page in pages():
        f1 = scores()[page["id"]][2]
        for group in ("all", page["gold"], page["lang"]):
            groups.setdefault(group, []).append(f1)
    found = {group: statistics.fmean(values) for group, values in groups.items()}
    return found | {"least": min(f1 for *_, f1 in scores().values())}


def test_the_pages_are_those_that_the_floors_were_measured_on() -> None:
    """Small, in many languages, free to copy, and unchanged."""
    assert hashlib.sha256(FILE.read_bytes()).hexdigest() == DIGEST
    assert FILE.stat().st_size < 350_000
    assert 30 <= len(pages()) <= 40
    assert len({page["lang"] for page in pages()}) >= 10
    assert {page["licence"] for page in pages()} <= FREE
    assert all(page["url"] and page["source"] and page["text"] for page in pages())
    assert set(FLOORS) == set(means())


@pytest.mark.parametrize("group", FLOORS)
def test_no_mean_is_below_its_floor(group: str) -> None:
    """Pages below their group's mean are named, the worst first."""
    found = means()[group]
    worst = sorted((scores()[p["id"]][2], p["url"]) for p in pages() if group in ("all", "least", p["gold"], p["lang"]))[:5]
    assert found >= FLOORS[group], f"{group}: {found:.4f} < {FLOORS[group]}; {worst}"


def test_the_gate_tells_extraction_from_all_text() -> None:
    """A reader that keeps the whole page is well below the floor."""
    from resiliparse.extract.html2text import extract_plain_text

    everything = [
        lcs_scores(tokens(extract_plain_text(base64.b64decode(p["html_b64"]).decode("utf-8", "replace"))), tokens(p["text"]))[2]
        for p in pages()
    ]
    assert statistics.fmean(everything) < FLOORS["all"] - 0.02


if __name__ == "__main__":
    print(f'DIGEST = "{hashlib.sha256(FILE.read_bytes()).hexdigest()}"\nFLOORS = {{')
    for name, mean in means().items():
        print(f'    "{name}": {mean - MARGIN:.4f},')
    print("}")
    for page in sorted(pages(), key=lambda page: scores()[page["id"]][2]):
        precision, recall, f1 = scores()[page["id"]]
        print(f"# {f1:.3f} P {precision:.3f} R {recall:.3f} {page['lang']} {page['gold']} {page['url']}")
