"""What copies are compared by: tokens that disguises do not change, and where they lie in the text."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from udfs.decontamination import plain
from udfs.decontamination.text import WRITINGS, copy_tokens, token_spans
from udfs.words import tokens

ODD = st.text(
    alphabet=st.sampled_from("aZ9 \n.,'&;#<>=é\u0301\u00ad\u200bﬁ½Ως漢字ไทย한\u1161Ａ\u2028\x00\ud800ß\u0130") | st.characters()
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("a", ["a"]),
        ("\x00\ud800", []),
        ("One, two;three", ["One", "two", "three"]),
        ("fish &amp; chips&nbsp;now", ["fish", "chips", "now"]),
        ("&eacute;t&eacute; 12*16=<<12*16=192>>192", ["&eacute;t&eacute;", "12", "16", "192"]),
        ("&lt;&lt;2+2=4&gt;&gt;four", ["four"]),
        ("mar\u00adket du\u200bcks", ["mar\u00adket", "du\u200bcks"]),
        ("Ｆｕｌｌ　ｗｉｄｔｈ", ["Ｆｕｌｌ", "ｗｉｄｔｈ"]),
        ("cafe\u0301—ﬁne ½", ["cafe\u0301", "ﬁne", "½", "½"]),
        ("漢字 ไท", ["漢", "字", "ไ", "ท"]),
        ("ΟΔΟΣ, \u1112\u1161\u11ab word", ["ΟΔΟΣ", "\u1112\u1161\u11ab", "word"]),
    ],
)
def test_spans_of_tokens(text: str, found: list[str]) -> None:
    """A token's span is what stands for it in the text, with references, accents and invisible characters."""
    spans = token_spans(text)
    assert [text[start:end] for start, end in zip(spans.starts.tolist(), spans.ends.tolist(), strict=True)] == found


@given(ODD | st.text())
@example("&#" + "9" * 5000 + ";")
@example("<<" * 3000)
@example("&amp;lt;&lt;1=1&gt;>")
@example("e" + "\u0301" * 100 + " a")
def test_there_is_a_span_for_every_token(text: str) -> None:
    """Spans are as many as tokens, lie in the text, in order, and hold at least one code point."""
    spans = token_spans(text)
    assert len(spans.starts) == len(spans.ends) == len(copy_tokens(text))
    assert (spans.starts < spans.ends).all()
    assert (spans.starts[1:] >= spans.starts[:-1]).all()
    assert (spans.ends[1:] >= spans.ends[:-1]).all()
    if len(spans.starts):
        assert spans.starts[0] >= 0
        assert spans.ends[-1] <= len(text)


@given(ODD)
def test_a_span_alone_has_the_token(text: str) -> None:
    """Every token of a text is among those of its own span."""
    spans, words = token_spans(text), copy_tokens(text)
    for start, end, word in zip(spans.starts.tolist(), spans.ends.tolist(), words, strict=True):
        # What stands before decides on the form of a final sigma.
        assert word.replace("ς", "σ") in [one.replace("ς", "σ") for one in copy_tokens(text[start:end])]


def test_writings_leave_marks_out() -> None:
    """The second writing joins what sentence marks part, the third what any mark parts."""
    text = "x.copy(n_1), don't &amp; won’t"
    assert [copy_tokens(text, writing=number) for number in range(len(WRITINGS))] == [
        ["x", "copy", "n", "1", "don", "t", "won", "t"],
        ["xcopy", "n", "1", "dont", "wont"],
        ["xcopyn1", "dont", "wont"],
    ]
    assert copy_tokens(text) == tokens(plain(text))
