"""Markers go as whole constructs and only on evidence; identifiers, prices, formulas and code stay as they are."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.formulas import written_math
from udfs.markdown import strip_markdown
from udfs.spans import Span


def stripped(text: str) -> str:
    return strip_markdown(text, (), certain=True)[0]


@pytest.mark.parametrize(
    "text",
    [
        "3*x*y",
        "my_long_name and other_name_here",
        "*args, **kwargs",
        "call __init__ first",
        "#include <stdio.h>",
        "C# and F#",
        "#hashtag",
        "costs $7 and $12",
        "$a_1 * b_1 * c$",
        "Prices* may change. *Some rules apply.",
        "- 5 °C",
        "1. March 2020",
        "> 90 % of the cases",
        ">>> print(1)",
        "a > b > c",
        "array[i](x)",
        "~5 km",
        "5 * 3 = 15 and 2 * 4",
        ":smile:",
        r"\[ x \]",
        r"one line \\",
        "cat file | sort | uniq",
        "see https://example.org/a_b_c/__d__ for it",
    ],
)
def test_what_is_no_markup_stays(text):
    """Even in a text known to be markdown these are words, numbers, formulas and commands."""
    assert stripped(text) == text


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("**very** good", "very good"),
        ("## Usage ##", "Usage"),
        ("[docs](http://x.org/a_(b))", "docs"),
        ("![two words](a.png)", ""),
        ("![a phrase of five words](a.png)", "a phrase of five words"),
        ("see [the text][1]\n\n[1]: http://x.org/", "see the text\n\n"),
        ("Title\n=====\nbody", "Title\nbody"),
        (r"\*not bold\*", "*not bold*"),
        ("~~gone~~ here", "gone here"),
        ("snake_case and _stress_", "snake_case and stress"),
        ("`SELECT * FROM t WHERE a*b`", "SELECT * FROM t WHERE a*b"),
        ("| a | b |\n|---|---|\n| c | d |", "a\tb\nc\td"),
        ("one\n\n* * *\n\ntwo", "one\n\n\n\ntwo"),
        ("<https://e.org>", "https://e.org"),
        ("- [x] done\n- [ ] open", "done\nopen"),
        (r"\_\_name\_\_", "__name__"),
        ("> one\n> two", "one\ntwo"),
        ("```python\nx = a * b\n```\nend", "x = a * b\nend"),
        ("这是**重点**文字", "这是重点文字"),
        ("[**both**](https://e.org)", "both"),
    ],
)
def test_whole_constructs_go(text, want):
    """Each construct of the table of cases loses its markers and nothing else."""
    assert stripped(text) == want


def test_without_evidence_nothing_goes():
    """A text that shows no construct is returned as it is, one kind alone loses only what is unmistakable."""
    plain = "_one_ `two` - three\n> four"
    assert strip_markdown(plain, ()) == (plain, ())
    once = "see [it](https://e.org) and `code` and *this*"
    assert strip_markdown(once, ())[0] == "see it and `code` and *this*"


def test_fences_and_ticks_become_code_spans():
    """What markdown marks as code or as a table is known as such afterwards."""
    text, spans = strip_markdown("## a\n\n`b*c*d` **e**\n\n```\n# f\n```\n\n|g|h|\n|--|--|\n|i|j|", ())
    found = [(span.kind, text[span.start : span.end]) for span in spans]
    assert found == [("code", "b*c*d"), ("code", "# f"), ("table", "g\th\ni\tj")]


def test_given_spans_are_out_of_reach():
    """Code that came from the page keeps its markers and stays where it is."""
    text = "## Head\n\n**a** # x **y** b"
    start = text.index("# x")
    done, spans = strip_markdown(text, (Span(start, start + 9, "code"),))
    assert done == "Head\n\na # x **y** b"
    assert [done[s.start : s.end] for s in spans] == ["# x **y** "[:9]]


MARKS = st.text(alphabet="ab *_`#>~[]()-|$!\n1:/.", max_size=120)


@given(MARKS, st.booleans())
def test_second_stripping_changes_nothing(text, certain):
    """Text without a backslash is a fixed point of the second call, with the spans of the first."""
    once = strip_markdown(text, (), certain=certain)
    assert strip_markdown(*once, certain=certain) == once


@given(MARKS)
def test_letters_survive_in_order(text):
    """Stripping deletes markers and addresses; it never invents, moves or doubles a letter."""
    letters = [c for c in stripped(text) if c in "ab"]
    rest = iter(c for c in text if c in "ab")
    assert all(any(c == other for other in rest) for c in letters)


@pytest.mark.parametrize("unit", ["*", "_", "`", "[", "(", "$", "\\", "#", ">", "|", "~", "- ", "**a ", "[a](", "`a ", "a$"])
def test_hostile_text_takes_linear_time(unit):
    """Half a million characters of any marker are done in time (the linear cost is about one second a megabyte)."""
    text = unit * (300_000 // len(unit))
    start = time.process_time()
    stripped(text)
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (r"Take \(x_i\) and \[ y \] now", [r"\(x_i\)", r"\[ y \]"]),
        ("let $f(x)=x*y$ hold", ["$f(x)=x*y$"]),
        ("$$a+b$$ and $n$", ["$$a+b$$", "$n$"]),
        (r"\begin{align} a &= b \\ c &= d \end{align}.", [r"\begin{align} a &= b \\ c &= d \end{align}"]),
        ("from $5 to $10, so that $5 and $10 make $15", []),
        ("run $HOME/bin or $PATH", []),
        ("open $x and\n\nclose$ it", []),
        ("", []),
    ],
)
def test_written_formulas_are_found(text, want):
    """Delimited formulas are spans of mathematics, prices and shell variables are not."""
    assert [text[s.start : s.end] for s in written_math(text)] == want
