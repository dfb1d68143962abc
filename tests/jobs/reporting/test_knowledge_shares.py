"""Shares of knowledge classes follow from the table and from what the stage `balance` dropped."""

from __future__ import annotations

from pathlib import Path

from small_run import STAGES, Lot, build

from jobs.reporting.knowledge import knowledge_shares
from jobs.reporting.query import reading

SORTED = (*STAGES[:-2], "knowledge", "balance", *STAGES[-2:])
LOTS = (
    Lot(20, "en", "general", topic="arts_entertainment"),
    Lot(20, "en", "general", "balance", "knowledge.over_represented", topic="arts_entertainment"),
    Lot(40, "en", "general", topic="history"),
    Lot(20, "en", "general", topic="science", sure=0.1),
    Lot(10, "en", "code", topic="celebrities"),
)


def test_shares_before_and_after(tmp_path: Path) -> None:
    """A class that was cut has less of the rest; unsure documents are unknown, those of other routes are not counted."""
    with reading(build(tmp_path / "run", LOTS, stages=SORTED)) as tables:
        found = {one.name: one for one in knowledge_shares(tables)}
    assert list(found) == ["arts_entertainment", "history", "unknown"]
    assert [one.documents for one in found.values()] == [40, 40, 20]
    assert [one.before for one in found.values()] == [0.4, 0.4, 0.2]
    assert [one.after for one in found.values()] == [0.25, 0.5, 0.25]
    assert [one.most for one in found.values()] == [0.1, None, None]
    assert found["arts_entertainment"].title == "Arts and entertainment"


def test_a_run_that_does_not_sort_has_none(tmp_path: Path) -> None:
    """Without the stage there is nothing to show."""
    with reading(build(tmp_path / "run", LOTS[2:3])) as tables:
        assert knowledge_shares(tables) == ()
