"""Documents in files and back: text, tokens, file, tokens, text, in every format, packed and not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classifiers.registry import path_of
from udfs.formats import FORMATS, FormatError, reader
from udfs.packing import LENGTH, SEQUENCE
from udfs.sequences import Packing, SequenceCounts, SequenceFiles, read_documents, read_pieces
from udfs.tokens import JsonTokenizer

PACKINGS = st.none() | st.builds(Packing, length=st.integers(2, 40), window=st.integers(2, 200), seed=st.integers(0, 9))
TEXTS = st.lists(st.text(max_size=60), max_size=15)


def put(kind: str, stem: Path, documents: list[np.ndarray], packing: Packing | None) -> SequenceCounts:
    files = SequenceFiles(kind, stem, dtype="uint16", end_of_text=0, packing=packing)
    for document in documents:
        files.add(document)
    files.close()
    return files.counts


@pytest.fixture(scope="module")
def tokenizer() -> JsonTokenizer:
    pytest.importorskip("tokenizers")
    return JsonTokenizer.load(str(path_of("bpe")))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXTS, st.sampled_from(FORMATS), PACKINGS)
def test_texts_come_back(tmp_path: Path, tokenizer: JsonTokenizer, texts: list[str], kind: str, packing: Packing | None) -> None:
    """Text to tokens to file and back gives the same text; counts are those of what was read; equal input, equal bytes."""
    documents = [np.append(tokenizer.encode(text), np.int32(0)) for text in texts]
    for old in tmp_path.iterdir():
        old.unlink()
    counts = put(kind, tmp_path / "a", documents, packing)
    back = list(read_documents(kind, tmp_path / "a", packed=packing is not None))
    assert [tokenizer.decode(ids[:-1]) for ids in back] == [text.encode("utf-8", "replace").decode() for text in texts]
    assert all(ids[-1] == 0 for ids in back)
    sequences = reader(kind, tmp_path / "a")
    lengths = [len(sequences[i]) for i in range(len(sequences))]
    assert (counts.documents, counts.sequences) == (len(texts), len(lengths))
    assert counts.tokens == sum(map(len, documents)) == sum(lengths) - counts.padding
    assert packing is None or set(lengths) <= {packing.length}
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    put(kind, tmp_path / "a", documents, packing)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """Return sequences of 8 tokens that hold ten documents of 1 to 12 tokens, packed in two windows."""
    documents = [np.array([*range(100 * n, 100 * n + n - 1), 0], dtype=np.int32) for n in (3, 12, 1, 7, 5, 2, 9, 4, 6, 8)]
    counts = put("npy", tmp_path / "a", documents, Packing(8, 28, 1))
    assert counts.windows == 2
    assert counts.cut_documents == 2
    assert counts.padding == 8 * counts.sequences - 57
    return tmp_path / "a"


def test_pieces_and_ends_tell_documents_apart(packed: Path) -> None:
    """Each piece ends at a place of the ends, behind the token that ends a text but where a document was cut; then padding."""
    rows, ends = np.load(f"{packed}.npy"), np.load(f"{packed}.ends.npy")
    pieces = read_pieces(packed, len(rows))
    places = []
    for sequence in range(len(rows)):
        lengths = pieces[pieces[:, SEQUENCE] == sequence, LENGTH]
        places += (8 * sequence + np.cumsum(lengths)).tolist()
        assert (rows[sequence, lengths.sum() :] == 0).all()
        assert all(rows[sequence, np.cumsum(lengths) - 1] == 0) or lengths.tolist() == [8]
    assert ends.tolist() == places


def test_masks_from_the_ends(packed: Path) -> None:
    """What docs/shards.md tells a trainer: by the ends each piece of a sequence, and the padding, has a number of its own."""
    rows, ends = np.load(f"{packed}.npy"), np.load(f"{packed}.ends.npy")
    pieces = read_pieces(packed, len(rows))
    numbers = np.searchsorted(ends, np.arange(rows.size), side="right").reshape(rows.shape)
    for sequence in range(len(rows)):
        stretches = np.unique(numbers[sequence], return_counts=True)[1].tolist()
        lengths = pieces[pieces[:, SEQUENCE] == sequence, LENGTH].tolist()
        assert stretches == lengths + [8 - sum(lengths)] * (sum(lengths) < 8)


def test_damaged_pieces(packed: Path) -> None:
    """A table of another form, order, number of sequences or of documents that do not join is found."""
    path = Path(f"{packed}.pieces.npy")
    good = np.load(path)
    cuts = np.flatnonzero(good[:, 2] > 0)
    moved = good.copy()
    moved[cuts[0], 2] += 1
    for changed in (
        good[:, :3],
        good[::-1],
        good.astype(np.int32),
        np.add(good, [1, 0, 0, 0]),
        moved,
        np.delete(good, cuts[0], 0),
    ):
        np.save(path, changed)
        with pytest.raises(FormatError, match="pieces"):
            list(read_documents("npy", packed, packed=True))
    path.write_bytes(b"nothing")
    with pytest.raises(FormatError, match="no array"):
        read_pieces(packed, 3)


def test_windows_bound_what_is_held(tmp_path: Path) -> None:
    """What waits is packed as soon as the window is full, so no more than that is held."""
    files = SequenceFiles("npy", tmp_path / "a", dtype="uint16", end_of_text=0, packing=Packing(10, 100))
    for n in range(50):
        files.add(np.arange(7, dtype=np.int32))
        assert files.counts.documents == (n + 1) // 15 * 15
    files.close()
    assert files.counts.windows == 4


def test_each_window_has_an_order_of_its_own(tmp_path: Path) -> None:
    """Windows of equal documents are not shuffled alike, or the places of a sequence would repeat through a shard."""
    documents = [np.arange(1, n, dtype=np.int32) for n in (9, 8, 7, 6, 10, 9, 8, 7)]
    put("npy", tmp_path / "a", [*documents, *documents], Packing(10, sum(map(len, documents))))
    pieces = np.load(tmp_path / "a.pieces.npy")
    first, second = np.split(pieces, 2)
    assert sorted(first[:, 1].tolist()) == list(range(8))
    assert second[:, 1].tolist() != (first[:, 1] + 8).tolist()
