"""Parity with datatrove on real texts, with its own words where a file of them is at hand."""

import os
from pathlib import Path

import pytest

from benchmarks.parity import SETS, TOLERANCE, compare, read_rows, read_words, report


@pytest.fixture(scope="module")
def words():
    """What ``benchmarks/parity.py segment`` wrote in the peer's environment, which WOOLMILL_PARITY_WORDS names."""
    named = os.environ.get("WOOLMILL_PARITY_WORDS")
    if not named or not Path(named).is_file():
        pytest.skip("WOOLMILL_PARITY_WORDS names no file: datatrove's words are not here (benchmarks/parity.py segment)")
    return read_words(Path(named))


def test_parity_with_datatroves_words(data, words):
    """On all texts: 26 values to 1e-9, at least 99.8 % of each filter's decisions with their reasons, every text that C4 leaves."""
    rows = list(read_rows(data))
    found = compare(rows, words)
    assert not found.failed(), report(found, rows)
    assert {found.compared[name] for name in (*SETS, "fineweb_chain", "dup_5_grams")} == {len(words)} == {len(rows)}
    assert max(found.largest.values()) <= TOLERANCE


def test_what_differs_is_told(data, words):
    """A value, a decision and a text that are made wrong are each found, with the cause."""
    row = next(row for row in read_rows(data) if row["datatrove_decisions"]["gopher_quality"][0])
    row["datatrove_signals"]["words"] += 1
    row["datatrove_decisions"]["gopher_quality"] = [False, "gopher_short_doc"]
    row["datatrove_decisions"]["c4_no_punct_text_sha256_16"] = "0"
    found = compare([row], words)
    assert [difference.what for difference in found.differences] == ["words", "text of c4_no_punct", "gopher_quality"]
    assert found.failed()
    assert f"| {row['id']} | gopher_quality | (True, '') | (False, 'gopher_short_doc') | other values |" in report(found, [row])
