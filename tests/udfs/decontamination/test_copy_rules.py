"""Which hits count as copies, what is done about them, and what is cut."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.decontamination import BenchmarkItem, Hit, Rule, build_index, copies, cut, cut_ranges, joined, strongest


def hit(
    suite: str = "s", item: str = "1", part: Any = "question", coverage: float = 1.0, own: float = 1.0, covered: int = 20
) -> Hit:
    """A hit of forty tokens."""
    return Hit(suite, item, part, coverage, own, covered, 40, 40, 0)


@pytest.mark.parametrize(
    ("rule", "one", "counts"),
    [
        (Rule(), hit(coverage=0.5, own=0.5), True),
        (Rule(), hit(coverage=0.49), False),
        (Rule(), hit(own=0.49), False),
        (Rule(), hit(part="answer", coverage=0.79), False),
        (Rule(), hit(part="answer", coverage=0.8), True),
        (Rule(parts=("question",)), hit(part="answer"), False),
        (Rule(parts=("answer",)), hit(), False),
        (Rule(parts=("answer",), answer_coverage=0.3), hit(part="answer", coverage=0.3), True),
        (Rule(min_covered=21), hit(), False),
        (Rule(coverage=0.0), hit(coverage=0.0, covered=5), True),
    ],
)
def test_what_counts(rule: Rule, one: Hit, *, counts: bool) -> None:
    """Share of all tokens and of the item's own, part and least number of tokens all have to be right."""
    assert rule.counts(one) is counts


def test_the_best_copy_of_the_strongest_action_decides() -> None:
    """Copies come best first with ties by name; drop goes before cut before annotate."""
    rules = {"a": Rule(action="annotate"), "b": Rule(action="cut"), "c": Rule(action="drop", coverage=0.9)}
    hits = [hit("c", coverage=0.8), hit("b", "2", coverage=0.6), hit("b", "1", coverage=0.6), hit("a")]
    found = copies(hits, rules.__getitem__)
    assert [(one.suite, one.item) for one in found] == [("a", "1"), ("b", "1"), ("b", "2")]
    pairs = [(one, rules[one.suite].action) for one in found]
    assert strongest(pairs) == ("cut", found[1])
    assert strongest([*pairs, (hits[0], "drop")]) == ("drop", hits[0])
    assert strongest([(hits[0], "none")]) is strongest([]) is None


@pytest.mark.parametrize(
    ("before", "copy", "after", "left"),
    [
        ("One. ", "A copy of an item?", " Two.", "One. Two."),
        ("One (", "a copy of an item", ") two", "One two"),
        ("One.\n\n", "A copy of an item?", "\n\nTwo.", "One.\n\nTwo."),
        ("One.\n", "A copy of an item?", "\nTwo.", "One.\nTwo."),
        ("", "A copy of an item?", "\nTwo.", "Two."),
        ("One.\n* ", "a copy of an item", "...", "One.\n"),
        ("", "A copy of an item", "", ""),
    ],
)
def test_marks_and_empty_lines_go_too(before: str, copy: str, after: str, left: str) -> None:
    """A cut takes the marks around a copy, and the whole line where nothing else is on it."""
    text = before + copy + after
    start = len(before)
    place = (start, start + len(copy.rstrip("?")))
    assert cut(text, cut_ranges(text, [place])) == left


@given(st.text(alphabet="ab .\n(?", max_size=60), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=5))
def test_cuts_are_total(text: str, given_ranges: list[tuple[int, int]]) -> None:
    """Cuts lie in the text, in order and apart; they hold what was to be cut and beyond that no word."""
    ranges = joined([(min(a, b), max(a, b)) for a, b in given_ranges if a != b and max(a, b) <= len(text)])
    wide = cut_ranges(text, ranges)
    assert all(0 <= start < end <= len(text) for start, end in wide)
    assert all(end < start for (_, end), (start, _) in pairwise(wide))
    inside, more = ({at for start, end in some for at in range(start, end)} for some in (ranges, wide))
    assert inside <= more
    assert not any(text[at].isalnum() for at in more - inside)
    assert len(cut(text, wide)) == len(text) - len(more)


def test_a_cut_text_holds_no_copy() -> None:
    """After the cut nothing of the item is left, and all of the rest is, even where words of the copy were changed."""
    item = (
        "Anna's 12 ducks lay 16 eggs a day, and she sells each of them for two dollars at the market; how much is it in 7 days?"
    )
    index = build_index([BenchmarkItem("eggs", "1", item)])
    rest = ("The market opens at nine.", "It closes at noon, when the ducks are sold.")
    for copy in (item, item.upper(), item.replace(" ", "&nbsp;"), item.replace("sells", "sold")):
        text = f"{rest[0]}\n\n{copy}\n\n{rest[1]}"
        (place,) = index.locate(text, index.match(text))
        left = cut(text, cut_ranges(text, place.ranges))
        assert left == "\n\n".join(rest), copy
        assert index.match(left) == []
