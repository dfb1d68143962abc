"""Schemas are complete, known to Spark, and what the docs say."""

from pathlib import Path

import pyarrow as pa
import pytest

from jobs.clean import spans_in
from jobs.extract import spans_out
from jobs.tables import SPANS, TABLES, handbook
from udfs.spans import Span

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda t: t.name)
def test_every_column_says_what_it_means(table):
    """No column without a meaning, no name twice."""
    assert all(c.meaning for c in table.columns)
    assert len({c.name for c in table.columns}) == len(table.columns)


def test_documents_are_keyed_by_id_and_split():
    """Every table about documents has both parts of the key."""
    without = [t.name for t in TABLES.values() if "id" in t.schema.names and "split" not in t.schema.names]
    assert without == ["retractions", "url_retractions", "shards"]


def test_the_docs_are_current():
    """docs/tables.md is what the command prints."""
    assert (ROOT / "docs" / "tables.md").read_text() == handbook()


def test_spans_come_back_as_they_were_written():
    """A column holds all of a span, a language that is not stated too."""
    spans = (Span(0, 4, "code", "python"), Span(5, 6, "code"), Span(7, 9, "math"))
    assert spans_in(pa.array([spans_out(spans)], SPANS).to_pylist()[0]) == spans
    assert spans_in(None) == ()
