"""Bad texts made of good ones: the same from the same seed, of every form, whatever they are made of."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers.mutations import FORMS, LEAST, made

GOOD = [
    "The committee met on Tuesday to discuss the repair of the old bridge. Its chairman explained that the arches had been weakened "
    "by last winter's floods, and that the work would take two years. Several residents asked how traffic would be diverted.",
    "这座桥建于一九二三年。去年冬天的洪水损坏了桥拱，修复工作需要两年时间。居民们询问交通将如何改道，委员会表示将在下周公布方案。",
]


def test_every_form_is_made_and_nothing_depends_on_chance() -> None:
    """Two runs give equal texts, another seed others; every form is there, with the place of its good text."""
    found = made(GOOD, 6)
    assert found == made(GOOD, 6)
    assert found != made(GOOD, 6, seed=2)
    assert set(Counter(form for form, _, _ in found)) == set(FORMS)
    assert all(len(text) > LEAST and place in (0, 1) for _, text, place in found)
    assert made([], 6) == []


@pytest.mark.parametrize("form", FORMS)
@settings(deadline=None, max_examples=20)
@given(text=st.text(st.characters(), max_size=300), seed=st.integers(0, 99))
def test_any_text_can_be_spoiled(form: str, text: str, seed: int) -> None:
    """Empty texts, blanks, controls and lone surrogates are good enough to be made bad ones of."""
    import random

    assert isinstance(FORMS[form](random.Random(seed), text), str)


def test_repeated_lines_repeat_and_keywords_have_no_sentence() -> None:
    """The forms are what their names say."""
    found = {form: text for form, text, _ in made(GOOD[:1], 1)}
    assert len(set(found["repeated"].replace("\n", ". ").split(". "))) < 8
    assert sorted(found["shuffled"].split()) == sorted(GOOD[0].split())
    assert found["truncated"].count("…") + found["truncated"].count("...") >= 3
    assert "." not in found["keywords"]
