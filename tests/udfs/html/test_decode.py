"""The decode step: the cut against brute force, shifts, twins, blocks of regions."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.html.blocks.blockmodel import PAGE_TYPES, Prediction
from udfs.html.blocks.decode import decode, expected_f1_cut, follow_neighbours, shifted
from udfs.html.page.scanner import scan

LONG = "A sentence that is long enough to be the twin of another one, with more than a hundred characters in all of it. "


def prediction(p: list[float], article: float = 0.4) -> Prediction:
    """A prediction whose shift is 0: 0.4 - 1.0 * 0.4."""
    types = np.full(len(PAGE_TYPES), (1 - article) / (len(PAGE_TYPES) - 1), np.float32)
    types[0] = article
    return Prediction(np.array(p, np.float32), types)


def expected_f1(p: np.ndarray, size: np.ndarray, chosen: list[int]) -> float:
    right = float(sum(p[b] * size[b] for b in chosen))
    return 2 * right / (sum(size[b] for b in chosen) + float((p * size).sum()))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.floats(0.01, 0.99), st.integers(1, 50)), min_size=1, max_size=8))
def test_no_choice_of_blocks_expects_more(blocks: list[tuple[float, int]]) -> None:
    """The cut's expected F1 is that of the best of all subsets, and is what it says."""
    p = np.array([a for a, _ in blocks], np.float32)
    size = np.array([b for _, b in blocks], np.int32)
    keep = np.zeros(len(p), np.bool_)
    told = expected_f1_cut(p, size, keep)
    subsets = itertools.chain.from_iterable(itertools.combinations(range(len(p)), k) for k in range(1, len(p) + 1))
    best = max(expected_f1(p, size, list(subset)) for subset in subsets)
    assert told == pytest.approx(best, abs=1e-5)
    assert expected_f1(p, size, list(np.flatnonzero(keep))) == pytest.approx(told, abs=1e-5)


def test_cut_of_nothing() -> None:
    """Without blocks, or with blocks without words, nothing is kept and nothing expected."""
    for n in (0, 3):
        keep = np.ones(n, np.bool_)
        assert expected_f1_cut(np.full(n, 0.9, np.float32), np.zeros(n, np.int32), keep) == 0
        assert not keep.any()


@given(st.floats(0.001, 0.999), st.floats(-2, 2))
@settings(deadline=None)
def test_shift_moves_log_odds(p: float, shift: float) -> None:
    """A shift is added to the log-odds."""
    got = float(shifted(np.array([p], np.float32), shift)[0])
    want = 1 / (1 + np.exp(-(np.log(p / (1 - p)) + shift)))
    assert got == pytest.approx(want, rel=1e-3)


def test_articles_are_cut_harder() -> None:
    """The same probabilities keep more blocks of a listing than of an article."""
    tables = scan(b"".join(b"<p>word word word %d</p>" % i for i in range(6)))
    p = [0.95, 0.8, 0.6, 0.45, 0.3, 0.2]
    article = decode(tables, prediction(p, 1.0)).keep.sum()
    listing = decode(tables, prediction(p, 0.0)).keep.sum()
    assert article < listing


def test_twin_in_another_container_is_dropped() -> None:
    """A long text that was kept in one container is not kept in another, but is in its own."""
    text = LONG.encode()
    tables = scan(b"<div><p>" + text + b"</p><p>" + text + b"</p></div><section><p>" + text + b"</p></section>")
    assert decode(tables, prediction([0.9, 0.9, 0.9])).keep.tolist() == [True, True, False]


def test_short_twin_stays() -> None:
    """A short text may occur in many containers: prices, labels."""
    tables = scan(b"<div><p>In stock</p></div><section><p>In stock</p></section>")
    assert decode(tables, prediction([0.9, 0.9])).keep.all()


@pytest.mark.parametrize(
    ("keep", "size", "want"),
    [
        ([1, 0, 1], [5, 0, 5], [1, 1, 1]),
        ([1, 0, 0], [5, 0, 5], [1, 0, 0]),
        ([0, 0, 1], [5, 0, 5], [0, 0, 1]),
        ([1, 0, 0, 1], [5, 0, 0, 5], [1, 1, 1, 1]),
        ([0, 1], [0, 5], [1, 1]),
        ([1, 0], [5, 0], [1, 1]),
    ],
)
def test_blocks_of_regions_follow_their_neighbours(keep: list[int], size: list[int], want: list[int]) -> None:
    """A formula or picture of its own is kept between kept blocks only; an end of the page counts as kept."""
    flags = np.array(keep, np.bool_)
    follow_neighbours(np.array(size, np.int32), np.ones(len(size), np.int32), flags)
    assert flags.tolist() == [bool(w) for w in want]


def test_confidence_is_between_zero_and_one() -> None:
    """A page of sure blocks expects an F1 near 1, one of doubtful blocks less, an empty one 0."""
    tables = scan(b"<p>one two three</p><p>four five six</p>")
    sure = decode(tables, prediction([0.999, 0.001])).expected_f1
    doubtful = decode(tables, prediction([0.3, 0.3])).expected_f1
    assert 0.99 < sure <= 1
    assert 0 < doubtful < 0.6
    assert decode(scan(b""), prediction([])).expected_f1 == 0


def test_lists_are_not_torn():
    """An item that the model likes less than its siblings goes or stays with them; a paragraph beside it does not."""
    page = scan(
        b"<article><p>"
        + b"one two three four five six seven. " * 9
        + b"</p><ul>"
        + b"<li>an item of the list</li>" * 5
        + b"</ul></article>"
    )
    documentation = np.eye(len(PAGE_TYPES), dtype=np.float32)[1]
    alone, liked, disliked = 0.95, [0.8, 0.8, 0.25, 0.8, 0.8], [0.05, 0.05, 0.5, 0.05, 0.05]
    kept = [decode(page, Prediction(np.array([alone, *p], np.float32), documentation)).keep.tolist() for p in (liked, disliked)]
    assert kept == [[True] * 6, [True] + [False] * 5]


@pytest.mark.parametrize(("page", "kept"), [
    (b"<main><p>%s</p><pre>x = 1</pre><p>%s</p></main><footer><pre>y = 2</pre></footer>", [True, True, True, False]),
    (b"<main><p>%s</p><div hidden><pre>x = 1</pre></div><p>%s</p></main><nav><pre>y = 2</pre></nav>", [True, True, True, False]),
])  # fmt: skip
def test_code_is_kept_where_the_text_is(page, kept):
    """Whatever the model says of it; code in chrome is not."""
    tables = scan(page % ((b"one two three four five six seven. " * 9,) * 2))
    p = np.array([0.95, 0.05, 0.95, 0.05], np.float32)
    assert decode(tables, Prediction(p, np.eye(len(PAGE_TYPES), dtype=np.float32)[1])).keep.tolist() == kept
