"""Rows of tables come back as a person can read them."""

from __future__ import annotations

import json
from pathlib import Path

import conftest
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.peek import CUT, PeekError, Question, columns_of, listing, peek, shown, table_named
from jobs.store import Run, StoreError
from jobs.tables import TABLES


@pytest.mark.parametrize("name", TABLES)
def test_every_table_can_be_peeked_and_is_json(name: str, tiny: Run) -> None:
    """All columns of every table, in the schema's order, as values that JSON has."""
    rows = peek(tiny, Question(name))
    assert all(list(row) == TABLES[name].schema.names for row in rows)
    assert all(json.dumps(row) for row in rows)


def test_ids_are_hex_in_conditions_and_in_what_is_shown(tiny: Run) -> None:
    """The id that one command shows works in the condition of another."""
    wanted = conftest.id_of(4).hex()
    rows = peek(tiny, Question("records", where=f"id = '{wanted}'", columns=("id", "url", "date")))
    assert rows == [{"id": wanted, "url": "https://math.example/proof", "date": "2026-03-09T12:00:00Z"}]


def test_long_texts_are_cut_and_say_how_long_they_are(tiny: Run) -> None:
    """A page does not flood the terminal."""
    (row,) = peek(tiny, Question("documents", where="url like '%proof'", columns=("text",)))
    assert row["text"].startswith("Document 4.")
    assert row["text"].endswith(f"… ({len(conftest.text_of(4)):,} characters)")


def test_a_sample_is_the_same_every_time_and_is_not_the_beginning(tiny: Run) -> None:
    """Rows are taken by hash of the id; the limit holds."""
    first, again = (peek(tiny, Question("records", columns=("id",), limit=4, sample=True)) for _ in range(2))
    assert first == again
    assert len(first) == 4
    assert first != peek(tiny, Question("records", columns=("id",), limit=4))
    assert peek(tiny, Question("metrics", sample=True, limit=3)) == peek(tiny, Question("metrics", sample=True, limit=3))


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (Question("decision"), "'decision'; the closest is 'decisions'"),
        (Question("records", columns=("urll",)), "no column 'urll'; the closest is 'url'"),
        (Question("records", where="nope = 1"), "--where 'nope = 1'"),
        (Question("records", where="1 = 1); drop table x; select (1"), "--where"),
        (Question("records", where="date = 'today or so'"), "--where"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(question: Question, said: str, tiny: Run) -> None:
    """Names get the closest one, SQL the database's own words."""
    with pytest.raises(PeekError) as caught:
        peek(tiny, question)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_table_that_is_not_there_yet_names_its_stage(tmp_path: Path) -> None:
    """An unfinished run says which stage would write the table."""
    run = conftest.build_run(tmp_path / "run", published=("extract",))
    with pytest.raises(StoreError, match="'mix' has not been published"):
        peek(run, Question("mixture"))


def test_the_listing_has_every_table_with_its_rows(tiny: Run) -> None:
    """Rows of the manifest, one entry a table and stage that has files."""
    found = {(one.table, one.stage): one.rows for one in listing(tiny)}
    assert found["records", "extract"] == len(conftest.RECORDS)
    assert found["decisions", "clean"] == 2
    assert ("decisions", "lines") not in found


def test_the_schema_is_that_of_the_tables_module() -> None:
    """Every column with its unit and meaning."""
    rows = columns_of(table_named("mixture"))
    assert rows == [
        {"column": c.name, "type": str(c.type), "unit": c.unit, "meaning": c.meaning} for c in TABLES["mixture"].columns
    ]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=2 * CUT),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
    max_leaves=20,
)


@settings(max_examples=50, deadline=None)
@given(values)
def test_any_value_is_shown_as_json_of_bounded_texts(value: object) -> None:
    """Cutting is total, and what is short stays as it is."""
    text = json.dumps(shown(value))
    if isinstance(value, str):
        assert len(json.loads(text)) <= CUT + 40
        assert len(value) > CUT or json.loads(text) == value
