"""Folding by table against folding by string."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.folding import _FORM, _IN_CONTEXT, _forms, folded
from udfs.words import codepoints, nfkc


def by_string(text: str) -> list[int]:
    """Fold a text as the definition says."""
    found = codepoints(nfkc(text).lower()).tolist()
    return [ord(" ") if 0x2500 <= point <= 0x259F else point for point in found]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "a",
            "Ab 12\n",
            "“Quoted” — it’s…",
            "ｆｕｌｌ ＷＩＤＴＨ",
            "ﬁne ﬂow ½ ²",
            "İstanbul",
            "ΟΔΟΣ",
            "ϹΑϹ",
            "cafe\u0301",
            "Ängström Å",
        ),
        *(
            "한글 각",
            "\u1100\u1161\u11a8",
            "가\u11a8",
            "हिन्दी में",
            "ภาษาไทย",
            "中文，标点。",
            "豈",
            "か\u3099",
            "ﾊﾟ",
            "\ud800x",
            "\U0001f600 ok",
            "a\x00b",
        ),
        *("\u09c7\u09be", "ʼn", "ǅ", "Ω Å K", "\u0345Α"),
    ],
)
def test_known_texts(text: str) -> None:
    """Texts with and without characters that look at their neighbours fold as strings do."""
    assert folded(codepoints(text)).tolist() == by_string(text)


@given(st.text(st.one_of(st.characters(max_codepoint=0x3400), st.characters()), max_size=30))
def test_folds_as_strings_do(text: str) -> None:
    """Any text folds as its string does."""
    assert folded(codepoints(text)).tolist() == by_string(text)


@given(st.text(st.sampled_from("aกิุ้่ा़ُّلاкーﾞか̧́ʼ한"), max_size=12))
def test_marks_fold_as_strings_do(text: str) -> None:
    """Marks in any order fold as their string does."""
    assert folded(codepoints(text)).tolist() == by_string(text)


@pytest.mark.parametrize("count", [30, 31, 100])
def test_long_runs_of_marks(count: int) -> None:
    """A run of marks is broken where the string's would be."""
    text = "ก" + "ิ" * count
    assert folded(codepoints(text)).tolist() == by_string(text)


def test_every_form_is_that_of_its_character() -> None:
    """The table holds what each character folds to by itself, and at least what the usual scripts are written in."""
    forms = _forms()
    alone = [point for point in range(len(forms)) if forms[point] != _IN_CONTEXT]
    assert [by_string(chr(point)) for point in alone] == [[int(forms[point]) & _FORM] for point in alone]
    assert {*range(0x20, 0x7F), *map(ord, "éüßñжя漢字かな한ก่ि،。，“”’–•→≤")} <= set(alone)


def test_what_joins_the_character_before_is_not_in_the_table() -> None:
    """No character that composes with one before it, and none that does once folded, is folded by itself."""
    pairs = (unicodedata.decomposition(chr(point)).split() for point in range(0x110000))
    second = {int(pair[1], 16) for pair in pairs if len(pair) == 2 and not pair[0].startswith("<")}
    forms = _forms()
    assert all(forms[point] == _IN_CONTEXT for point in second)
    assert not second & {int(form) & _FORM for form in forms[forms != _IN_CONTEXT]}
