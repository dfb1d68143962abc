"""What a split says of its documents: order of survival, scopes, keys and sources, against plain Python."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conf.schema import Documents
from jobs.dedup.candidates import Chunk, _meeting_keys, _rows, source_of
from jobs.dedup.ranking import ORDER, RANKED
from jobs.tables import TIME
from udfs.sketch import mix

Row = dict[str, Any]

BANDS = 4
SCHEMA = pa.schema(
    [
        *(("id", pa.binary()), ("date", TIME), ("lang", pa.string()), ("damaged", pa.bool_()), ("n_chars", pa.int64())),
        *(("exact", pa.binary()), ("bands", pa.list_(pa.int64())), ("signature", pa.binary()), ("source", pa.string())),
    ]
)
DAYS = [None, *(datetime(year, 1, 1, tzinfo=UTC) for year in (1960, 2020, 2026))]


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    """Documents with few values each, so that all kinds of ties occur."""
    number = st.integers(-(2**63), 2**63 - 1)
    return [
        {
            **{"id": bytes([i]) * 16, "date": draw(st.sampled_from(DAYS)), "lang": draw(st.sampled_from(["en", "de"]))},
            **{"damaged": draw(st.sampled_from([None, False, True])), "n_chars": draw(st.integers(0, 2))},
            **{"exact": draw(st.sampled_from([b"A" * 16, b"A" * 8 + b"B" * 8, b"C" * 16])), "signature": bytes([i])},
            **{"bands": draw(st.lists(number, min_size=BANDS, max_size=BANDS))},
            **{"source": draw(st.sampled_from(["x", "y", "z"]))},
        }
        for i in draw(st.permutations(range(draw(st.integers(1, 12)))))
    ]


def _chunk(documents: list[Row], **given: Any) -> Chunk:
    return Chunk(pa.Table.from_pylist(documents, SCHEMA), Documents(**given))


def _micros(row: Row) -> float:
    return row["date"].timestamp() if row["date"] else float("nan")


PLAIN: dict[str, Callable[[Row], Any]] = {
    "source": lambda row: {"y": 0, "x": 1}.get(row["source"], 2),
    "whole": lambda row: bool(row["damaged"]),
    "newest": lambda row: -_micros(row) if row["date"] else float("inf"),
    "oldest": lambda row: _micros(row) if row["date"] else float("inf"),
    "longest": lambda row: -row["n_chars"],
}
ORDERS = st.lists(st.sampled_from(sorted(PLAIN)), unique=True, max_size=5)


def _sorted(documents: list[Row], order: list[str]) -> list[int]:
    return sorted(range(len(documents)), key=lambda i: (*(PLAIN[name](documents[i]) for name in order), documents[i]["id"]))


@settings(deadline=None)
@given(rows(), ORDERS)
def test_documents_survive_in_the_order_of_the_recipe(documents: list[Row], order: list[str]) -> None:
    """Sorting by the columns and the id gives the order that the words say: ranked sources, unknown dates at the end, and so on."""
    chunk = _chunk(documents, order=order, sources=("y", "x"))
    columns = chunk.order
    assert len(columns) == len(ORDER) - 1
    found = sorted(range(len(chunk)), key=lambda i: (*(int(column[i]) for column in columns), documents[i]["id"]))
    assert found == _sorted(documents, order)


@settings(deadline=None)
@given(rows(), ORDERS, st.data())
def test_a_copy_with_a_better_one_beside_it_is_known(documents: list[Row], order: list[str], data: st.DataObject) -> None:
    """Among some rows of a split, of each group of equal digests all but the best are copies."""
    chunk = _chunk(documents, order=order, sources=("y", "x"))
    some = sorted(data.draw(st.sets(st.integers(0, len(documents) - 1), min_size=1)))
    seen, copies = set(), set()
    for i in [i for i in _sorted(documents, order) if i in some]:
        (copies if documents[i]["exact"] in seen else seen).add(i if documents[i]["exact"] in seen else documents[i]["exact"])
    assert chunk.copies_here(np.array(some)).tolist() == [i in copies for i in some]


@pytest.mark.parametrize(("scope", "apart"), [("corpus", []), ("language", ["lang"]), ("source", ["source"])])
@settings(deadline=None)
@given(documents=rows())
def test_documents_of_one_scope_meet(documents: list[Row], scope: str, apart: list[str]) -> None:
    """Digests and bands are equal where they were and the scope is the same, and nowhere else."""
    for row in documents[1::2]:
        row["bands"] = documents[0]["bands"]
    chunk = _chunk(documents, scope=scope)
    keys = chunk.keys.reshape(len(documents), BANDS + 1)
    group = [tuple(row[name] for name in apart) for row in documents]
    for i, one in enumerate(documents):
        for j, other in enumerate(documents):
            same = group[i] == group[j]
            assert (chunk.exact[i].tolist() == chunk.exact[j].tolist()) == (same and one["exact"] == other["exact"])
            assert (keys[i, 0] == keys[j, 0]) == (same and one["exact"][:8] == other["exact"][:8])
            agree = [a == b for a, b in zip(one["bands"], other["bands"], strict=True)]
            assert (keys[i, 1:] == keys[j, 1:]).tolist() == [same and equal for equal in agree]


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("crawl/CC-MAIN-2024-10-00001.warc.gz", "CC-MAIN-2024-10"),
        ("CC-MAIN-20240220211055-20240221001055-00000.warc.wet.gz", "CC-MAIN-20240220211055-20240221001055"),
        ("part-0.parquet", "part"),
        ("deep/er/part_17.snappy.parquet", "part"),
        ("x.jsonl.zst", "x"),
        ("wiki.001.jsonl", "wiki"),
        ("a/b/nothing", "a/b/nothing"),
        ("000_00001.parquet", "000"),
        ("00001.parquet", "00001.parquet"),
        ("2024/00001.parquet", "2024/00001.parquet"),
        ("", ""),
    ],
)
def test_a_source_is_a_file_without_its_number(file: str, source: str) -> None:
    """By default the files of a crawl, or of a folder of numbered parts, are one source; without a name it is the whole path."""
    assert source_of(file, Documents().source) == source


@pytest.mark.parametrize(
    ("pattern", "source"), [(r"^([^/]+)/", "crawl"), (r"(\d{4})-", "2024"), (r"(nowhere)", "crawl/a-2024-1.gz")]
)
def test_a_pattern_names_the_source(pattern: str, source: str) -> None:
    """The first group, or the whole path where the pattern is not found."""
    assert source_of("crawl/a-2024-1.gz", pattern) == source


def test_no_key_is_sent_twice_but_of_crowded_buckets() -> None:
    """Keys that meet are sent as they are; of a crowded bucket one more, which two members share if the next band agrees, too."""
    bands = np.array([[1, 2, 3], [1, 7, 3], [1, 2, 9], [4, 5, 3]], dtype=np.uint64)
    meets = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 0], [0, 0, 1]], dtype=np.bool_)
    crowded = np.array([[1, 0, 0], [1, 0, 0], [1, 0, 0], [0, 1, 0]], dtype=np.bool_)
    keys, lengths = _meeting_keys(bands, meets, crowded)
    assert lengths.tolist() == [4, 3, 3, 1]
    sent = [one.tolist() for one in np.split(keys, np.cumsum(lengths)[:-1])]
    assert [sent[0][:3], sent[1][:2], sent[2][:2], sent[3]] == [[1, 2, 3], [1, 3], [1, 2], [3]]
    assert sent[0][3] == sent[2][2] != sent[1][2]
    assert not {sent[0][3], sent[1][2]} & set(range(10))


def test_what_travels_of_a_document() -> None:
    """Only what can matter: a digest that another has, keys that meet; of a copy with a better one here the digest alone."""
    first: Row = {"id": b"\0" * 16, "date": None, "lang": "en", "damaged": False, "n_chars": 1, "exact": b"A" * 16}
    first |= {"bands": [-1, 2, 3, 4], "signature": b"s", "source": "x"}
    documents = [first, first | {"id": b"\1" * 16}, first | {"id": b"\2" * 16, "exact": b"B" * 16}]
    chunk = _chunk(documents)
    meets = np.array([[1, 1, 0, 0, 0], [1, 1, 0, 0, 0], [0, 1, 1, 0, 0]], dtype=np.bool_)
    made = pa.Table.from_batches([_rows(chunk, np.arange(3), meets, np.zeros_like(meets), (1, 7))], RANKED).to_pylist()
    assert [row["exact"] for row in made] == [b"A" * 16, b"A" * 16, None]
    assert [row["bands"] for row in made] == [[-1], [], [-1, 2]]
    assert [row["signature"] for row in made] == [b"s", None, b"s"]
    assert {(row["age"], row["place"]) for row in made} == {(1, 7)}
    assert chunk.keys.reshape(3, -1)[0, 0] == mix(chunk.exact[:1, 0])[0]
