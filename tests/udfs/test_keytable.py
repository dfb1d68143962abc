"""Look-ups in sorted files against a walk over all rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from udfs.keytable import RANGES, KeyTable, range_of, write_range

Row = tuple[int, int, int]

TOP = 2**64 - 1
KEYS = (
    st.integers(0, TOP)
    | st.sampled_from([0, TOP, 2**58, 2**58 - 1, 2**63, 2**63 - 1])
    | st.integers(0, 40).map(lambda n: n << 55)
)
ROWS = st.lists(st.tuples(KEYS, st.integers(0, TOP), st.integers(1, TOP)), max_size=40)


def _write(rows: list[Row], folder: Path) -> KeyTable:
    table = KeyTable(folder)
    made = np.array(sorted(rows), dtype=np.uint64).reshape(-1, 3).T
    numbers = range_of(made[0])
    for number in np.unique(numbers).tolist():
        write_range(table.path(number), made[:, numbers == number])
    return table


def _found(table: KeyTable, prefixes: list[int], bits: int) -> list[tuple[int, Row]]:
    places, rows = table.find(np.array(prefixes, dtype=np.uint64), bits)
    assert (rows.dtype, rows.shape) == (np.uint64, (3, len(places)))
    return [(place, (int(k), int(v), int(n))) for place, (k, v, n) in zip(places.tolist(), rows.T.tolist(), strict=True)]


def _expected(rows: list[Row], prefixes: list[int], bits: int) -> list[tuple[int, Row]]:
    return [(place, row) for place, prefix in enumerate(prefixes) for row in sorted(rows) if row[0] >> (64 - bits) == prefix]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, st.sets(KEYS, max_size=20), st.integers(6, 63))
def test_all_rows_below_a_prefix_are_found(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], others: set[int], bits: int
) -> None:
    """Keys that are there and keys that are not: places and rows are those of a walk over the whole table, repeats included."""
    table = _write(rows, tmp_path_factory.mktemp("table"))
    asked = sorted({key >> (64 - bits) for key in [*others, *(row[0] for row in rows[::2])]})
    assert _found(table, asked, bits) == _expected(rows, asked, bits)


@pytest.mark.parametrize("bits", [6, 7, 26, 56, 63])
def test_prefixes_at_the_bounds_of_files(tmp_path: Path, bits: int) -> None:
    """The first and the last key of every file are found, and nothing of a neighbouring file."""
    edges = [edge for number in range(RANGES) for edge in (number << 58, ((number + 1) << 58) - 1)]
    rows = [(key, place, 1) for place, key in enumerate(edges)]
    asked = sorted({key >> (64 - bits) for key in edges})
    assert _found(_write(rows, tmp_path), asked, bits) == _expected(rows, asked, bits)
    assert len(list(tmp_path.iterdir())) == RANGES


def test_a_repeated_key_has_all_its_rows(tmp_path: Path) -> None:
    """One key with three values is three rows at one place."""
    rows = [(7 << 40, value, count) for value, count in ((3, 1), (1, 9), (2, 5))]
    assert _found(_write(rows, tmp_path), [7], 24) == [(0, row) for row in sorted(rows)]


@pytest.mark.parametrize("prefixes", [[], [0], [0, 5, 63]])
def test_what_is_missing_holds_nothing(tmp_path: Path, prefixes: list[int]) -> None:
    """A missing folder, a missing file and no question give no rows."""
    assert _found(KeyTable(tmp_path / "nowhere"), prefixes, 6) == []
    assert _found(_write([(1 << 58, 0, 1)], tmp_path), prefixes, 6) == []


def test_keys_belong_to_the_file_of_their_leading_bits() -> None:
    """The highest keys are unsigned: they lie in the last file."""
    assert range_of(np.array([0, 2**58 - 1, 2**58, 2**63, TOP], dtype=np.uint64)).tolist() == [0, 0, 1, 32, 63]


def test_a_file_appears_whole(tmp_path: Path) -> None:
    """Nothing but the file is left in the folder, and writing it again replaces it."""
    for rows in ([(5, 1, 1)], [(5, 2, 1), (6, 1, 1)]):
        _write(rows, tmp_path / "new" / "table")
    assert [path.name for path in (tmp_path / "new" / "table").iterdir()] == ["00.npy"]
    assert _found(KeyTable(tmp_path / "new" / "table"), [0], 6) == [(0, (5, 2, 1)), (0, (6, 1, 1))]
