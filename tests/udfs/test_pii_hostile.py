"""Every pattern and the whole search stay linear on strings made to slow them down."""

from __future__ import annotations

import importlib
import pkgutil
import re
import time
from collections.abc import Callable

import pytest

from udfs import ip_addresses, pii
from udfs.pii import NATIONAL_IDS, find

UNITS = """
a.|1 |a@|(|-|a@b.|QUJD|eyJ.|eyJaaaaaaaa.|-----BEGIN PRIVATE KEY-----|-----END PRIVATE KEY-----|-----BEGIN PRIVATE KEY-----A
|tel 0|00 |+1|2001:|1.1.1.1|1.1.|::|AKIA|DE89 |password='a|token=|2:|4111 |%|ab@cd.com |<EMAIL>|&|a|+1 234 567 |<x@y.org>|card |'
|1|(1|tel (0) |a[at]b.|ssh -a |8.8.8.8 |2a00::1 |0049 |ghp_|xoxb-|A|12345678Z|電話 0|version 1.2.3.4 |://|_|x-| \n
"""
HOSTILE = [unit for unit in UNITS.replace("\n|", "|").strip("\n").split("|") if unit]
IDS = frozenset(NATIONAL_IDS)
MEGABYTE = 1_000_000
WINDOW = 300


def patterns() -> dict[str, re.Pattern[str]]:
    """Every compiled pattern of the finder, by module and name; those in tables by their place."""
    modules = [ip_addresses, pii, *(importlib.import_module(f"udfs.pii.{m.name}") for m in pkgutil.iter_modules(pii.__path__))]
    found: dict[str, re.Pattern[str]] = {}
    for module in modules:
        for name, value in vars(module).items():
            rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, tuple) else [("", value)]
            for place, row in rows:
                parts = [
                    row,
                    *(row if isinstance(row, tuple) else ()),
                    *(getattr(row, a, None) for a in ("pattern", "cue", "form")),
                ]
                found |= {f"{module.__name__}.{name}[{place}]{n}": p for n, p in enumerate(parts) if isinstance(p, re.Pattern)}
    return found


PATTERNS = patterns()


def seconds(work: Callable[[str], object], unit: str, n: int) -> float:
    """Processor time of the quicker of two runs over n characters of a repeated unit."""
    text = (unit * (n // len(unit) + 1))[:n]
    best = float("inf")
    for _ in range(2 if n < MEGABYTE else 1):
        started = time.process_time()
        work(text)
        best = min(best, time.process_time() - started)
    return best


def test_the_patterns_are_all_there() -> None:
    """A pattern that nobody finds would not be tested."""
    assert len(PATTERNS) > 40
    assert {"udfs.ip_addresses._QUAD[]0", "udfs.pii._NUMBER[]0"} < set(PATTERNS)


def test_no_pattern_repeats_without_a_bound() -> None:
    """No `*` or `+` but in the checks of strings that are short already, and in words of a window."""
    short = ("_LIST_SERVER", "_LETTERS", "_MESSAGE_ID", "_SECTION_TAIL", "_OPERAND")
    for name, pattern in PATTERNS.items():
        if not any(known in name for known in short):
            assert not re.search(r"(?<!\\)(?<!\[)[*+](?![^\[]*\])", re.sub(r"\\.|\(\?P?<.|\[[^\]]*\]", "", pattern.pattern)), name


@pytest.mark.parametrize("unit", HOSTILE)
def test_the_search_is_linear(unit: str) -> None:
    """Four times the text takes less than eight times as long, where squares take sixteen; 40 kB take a fraction of a second."""
    quarter, whole = (seconds(lambda text: find(text, ids=IDS), unit, n) for n in (10_000, 40_000))
    assert whole < max(8 * quarter, 0.03)
    assert whole < 0.6


@pytest.mark.parametrize("unit", ["a.", "1 ", "a@", "::", "1.1.", "-", "AKIA", "1", "QUJD", "a@a."])
def test_a_megabyte_is_bounded(unit: str) -> None:
    """A whole megabyte of the strings that are hostile to others takes seconds at most."""
    assert seconds(lambda text: find(text), unit, MEGABYTE) < 8


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_every_pattern_is_linear(name: str) -> None:
    """A pattern that scans texts is linear on a megabyte; one anchored at the end of a window is quick on a window."""
    pattern = PATTERNS[name]
    windowed = r"\Z" in pattern.pattern
    for unit in HOSTILE:
        sizes = (WINDOW, 2 * WINDOW) if windowed else (5_000, 10_000)
        half, whole = (seconds(lambda text: sum(1 for _ in pattern.finditer(text)), unit, n) for n in sizes)
        assert whole < max(3 * half, 0.02), unit
    if not windowed:
        assert seconds(lambda text: sum(1 for _ in pattern.finditer(text)), "a@1.-", MEGABYTE) < 3
