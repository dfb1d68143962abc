"""Edits move spans exactly as they move the characters under them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.spans import Edit, Part, Span, apply_edits, moved, prose, share


@pytest.mark.parametrize(
    ("edits", "text", "spans"),
    [
        ([], "ab CODE cd", (Span(3, 7, "code"),)),
        ([Edit(0, 3)], "CODE cd", (Span(0, 4, "code"),)),
        ([Edit(0, 2, "wxyz")], "wxyz CODE cd", (Span(5, 9, "code"),)),
        ([Edit(2, 8)], "abcd", ()),
        ([Edit(5, 10)], "ab CO", (Span(3, 5, "code"),)),
        ([Edit(8, 10), Edit(0, 1)], "b CODE ", (Span(2, 6, "code"),)),
    ],
)
def test_edits_by_hand(edits, text, spans):
    """The code stays marked whatever is cut or replaced around it."""
    assert apply_edits("ab CODE cd", (Span(3, 7, "code"),), edits) == (text, spans)


def test_overlapping_edits_are_refused():
    """Two edits of the same character have no order, so they are an error."""
    with pytest.raises(ValueError, match="overlaps"):
        apply_edits("abcdef", (), [Edit(0, 3), Edit(2, 4)])


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(0, 39), st.integers(0, 39))
def test_cuts_keep_marked_characters_marked(cut, a, b):
    """After any cuts, exactly the marked characters that were not cut are inside the span."""
    start, end = sorted((a % len(cut), b % len(cut)))
    text = "".join("X" if start <= i < end else "." for i in range(len(cut)))
    spans = (Span(start, end, "math"),) if end > start else ()
    after, moved = apply_edits(text, spans, [Edit(i, i + 1) for i, gone in enumerate(cut) if gone])
    assert "".join(after[s.start : s.end] for s in moved) == "X" * after.count("X")


def test_languages_move_and_do_not_order():
    """A span keeps its language wherever it goes; spans of one place sort whether they have one or not."""
    spans = (Span(3, 7, "code", "python"),)
    assert apply_edits("ab CODE cd", spans, [Edit(0, 3)]) == ("CODE cd", (Span(0, 4, "code", "python"),))
    assert Span(3, 7, "code") != spans[0]
    assert not Span(3, 7, "code") < spans[0]
    assert sorted([Span(3, 7, "math"), spans[0], Span(3, 7, "code"), Span(1, 9, "math")])[0] == Span(1, 9, "math")


def test_parts_move_as_spans_do():
    """Parts may overlap; each moves by itself, and one that is cut whole is gone."""
    parts = (Part(0, 8, "list"), Part(2, 4, "alt"), Part(5, 6, "alt"))
    assert moved(parts, [Edit(5, 6), Edit(0, 1, "xyz")]) == (Part(0, 9, "list"), Part(4, 6, "alt"))
    assert moved((), [Edit(0, 1)]) == ()


def test_prose_and_share():
    """Prose is what lies outside the spans; shares are of code points."""
    spans = (Span(2, 4, "code"), Span(6, 8, "math"))
    assert prose("abCDefGH", spans) == "ab ef "
    assert share(spans, "code", 8) == 0.25
    assert share((), "code", 0) == 0.0
