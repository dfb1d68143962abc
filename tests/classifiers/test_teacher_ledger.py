"""The ledger: what was answered stays, whatever tears the file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers.teacher.ledger import Entry, Ledger, LedgerError, key

ENTRY = Entry("k0", "ok", {"score": 3}, ('{"score": 3}\n',), "quality.v1", "m", "m-1", "2026-01-02T03:04:05+00:00", 10, 2)


def entry(n: int) -> Entry:
    """The n-th entry."""
    return replace(ENTRY, key=f"k{n}")


def filled(path: Path, count: int) -> bytes:
    """Write entries, and return the file."""
    with Ledger(path) as ledger:
        for n in range(count):
            ledger.add(entry(n))
    return path.read_bytes()


def test_what_was_added_is_there_again(tmp_path: Path) -> None:
    """Entries come back as they were, after the file was closed."""
    filled(tmp_path / "folder" / "a.jsonl", 3)
    with Ledger(tmp_path / "folder" / "a.jsonl") as ledger:
        assert [ledger.get(f"k{n}") for n in range(4)] == [entry(0), entry(1), entry(2), None]
        assert "k1" in ledger
        assert len(ledger) == 3


def test_an_entry_is_on_the_disk_before_it_counts(tmp_path: Path) -> None:
    """Another reader sees the line while the ledger is still open."""
    path = tmp_path / "a.jsonl"
    with Ledger(path) as ledger:
        ledger.add(entry(0))
        assert path.read_text().endswith("}\n")


@settings(max_examples=40, deadline=None)
@given(st.integers(min_value=0))
def test_a_torn_last_line_is_dropped_and_cut_off(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """Wherever a kill cuts the file, all whole lines are kept, and the file goes on with a whole line."""
    path = tmp_path_factory.mktemp("torn") / "a.jsonl"
    content = filled(path, 3)
    left = content[: cut % (len(content) + 1)]
    path.write_bytes(left)
    whole = left.count(b"\n")
    with Ledger(path) as ledger:
        assert len(ledger) == whole
        ledger.add(entry(9))
    assert path.read_bytes() == b"".join(content.splitlines(keepends=True)[:whole]) + entry(9).to_json().encode() + b"\n"


@pytest.mark.parametrize("line", ["nonsense", "{}", '{"key": "k"}', "[1]", '{"key":1}', "\xff"])
def test_a_line_that_is_no_entry_is_named(line: str, tmp_path: Path) -> None:
    """Damage is not passed over: it may have been paid for."""
    path = tmp_path / "a.jsonl"
    filled(path, 2)
    path.write_bytes(path.read_bytes() + line.encode("latin-1") + b"\n" + entry(5).to_json().encode() + b"\n")
    with pytest.raises(LedgerError, match="line 3: no entry of a ledger"):
        Ledger(path)


def test_two_processes_cannot_share_a_ledger(tmp_path: Path) -> None:
    """A second one is told so; a closed one is free."""
    with Ledger(tmp_path / "a.jsonl"), pytest.raises(LedgerError, match="in use by another process"):
        Ledger(tmp_path / "a.jsonl")
    Ledger(tmp_path / "a.jsonl").__exit__(None, None, None)


def test_the_key_depends_on_everything_that_is_sent() -> None:
    """Model, sampling, prompt, form (the order of its keys, too) and text make the key; lone surrogates do no harm."""
    first, second = {"a": 1, "b": 2}, {"b": 2, "a": 1}
    keys = [
        key("m", {"seed": 1}, ("p", first), "text"),
        key("n", {"seed": 1}, ("p", first), "text"),
        key("m", {"seed": 2}, ("p", first), "text"),
        key("m", {"seed": 1}, ("q", first), "text"),
        key("m", {"seed": 1}, ("p", second), "text"),
        key("m", {"seed": 1}, ("p", first), "texts"),
        key("m", {"seed": 1}, ("p", first), "\ud800"),
    ]
    assert len(set(keys)) == len(keys)
    assert key("m", first, ("p", {}), "") == key("m", second, ("p", {}), "")
