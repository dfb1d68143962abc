"""Forty pages and what has to come out of them: mathematics, code, tables, lists, notes, scripts and directions.

``tests/data/structure_checks.jsonl`` holds pages that nothing was tuned on: excerpts of documentation that may be copied, and pages
written for it in the markup of well-known programs. Expectations were written from the conventions, by looking at the page. A check
passes if every string of ``must_contain`` is in the text and none of ``must_not_contain``; white space at line ends does not count.
"""

from __future__ import annotations

import html
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from udfs.html import plain_text

FILE = Path(__file__).resolve().parents[2] / "data" / "structure_checks.jsonl"
LEAST = 38
"""Checks that pass; to be raised with every one that is mended, never lowered."""
FREE = {
    *("Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "MIT", "MIT or Apache-2.0"),
    *("PSF-2.0 / 0BSD", "PostgreSQL"),
}


@cache
def checks() -> list[dict[str, Any]]:
    """All checks, in the order of the file."""
    return [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]


def plain(text: str) -> str:
    """Text without white space at line ends, NBSP as a blank."""
    return "\n".join(line.rstrip() for line in text.replace("\xa0", " ").replace("\r\n", "\n").split("\n"))


def faults(check: dict[str, Any], text: str) -> list[str]:
    """What is lost and what is too much."""
    found = plain(text)
    lost = [f"lost {one!r}" for one in check["must_contain"] if plain(one) not in found]
    return lost + [f"left {one!r}" for one in check["must_not_contain"] if one in found]


def test_there_are_forty_checks_of_pages_that_may_be_copied() -> None:
    """Each has an id of its own, a source and a licence; most are real pages, with their address."""
    found = checks()
    assert len(found) == len({check["id"] for check in found}) == 40
    assert {check["licence"] for check in found} <= FREE
    assert all(check["source"] and check["note"] for check in found)
    assert sum(check["url"] is not None for check in found) >= 25
    assert FILE.stat().st_size < 150_000


def test_no_check_contradicts_itself_and_none_is_empty() -> None:
    """What must not be there is no part of what must; every page holds more than what is looked for."""
    for check in checks():
        assert check["must_contain"]
        assert not [b for a in check["must_contain"] for b in check["must_not_contain"] if b in a], check["id"]


def test_taking_all_text_passes_hardly_any() -> None:
    """The checks tell a reader from a program that only strips tags."""
    stripped = {c["id"]: faults(c, html.unescape(re.sub("<[^>]*>", "", c["html"]))) for c in checks()}
    assert sum(not found for found in stripped.values()) < 6


def test_most_checks_pass() -> None:
    """As many as on the day that the floor was set; otherwise those that fail are named, with what is wrong."""
    found = {check["id"]: faults(check, plain_text(check["html"])) for check in checks()}
    failing = {name: wrong for name, wrong in found.items() if wrong}
    said = "\n".join(f"{name}: {'; '.join(wrong)}" for name, wrong in failing.items())
    passing = len(found) - len(failing)
    assert passing >= LEAST, f"{passing} of {len(found)} pass\n{said}"
