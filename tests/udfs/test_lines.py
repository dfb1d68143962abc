"""Line hashes count what is boilerplate alike; removal takes lines out and nothing else."""

import time

import numpy as np
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from udfs.lines import line_hashes, remove_lines, remove_repetitive_lines, stamped_line_share
from udfs.spans import Span


def key(line):
    return xxhash.xxh3_64_intdigest(line.encode())


def hot(*lines):
    return np.unique(line_hashes("\n".join(lines)))


@pytest.mark.parametrize(
    ("line", "normalised"),
    [
        ("  Page 12 of 345!  ", "page 00 of 000"),
        ("Don't\tpanic", "dont panic"),
        ("•  •", "•  •"),
        ("---", "---"),
        ("Größe: ５ £", "größe 0"),
        ("a\u00a0b", "a b"),
    ],
)
def test_normal_form_by_hand(line, normalised):
    """Case, digits, punctuation and blanks do not tell lines apart; a line of marks alone counts as it is."""
    assert line_hashes(line).tolist() == [key(normalised)]


def test_blank_and_structured_lines_are_not_hashed():
    """Blank lines, code, mathematics and rows of tables leave no hash."""
    text = "one\n\n}\n \nx\ntwo\n| 1 |"
    spans = (Span(5, 6, "code"), Span(9, 10, "math"), Span(15, 20, "table"))
    assert line_hashes(text, spans).tolist() == [key("one"), key("two")]


@pytest.mark.parametrize(
    ("text", "after", "removed"),
    [
        ("A\n\nmenu\n\nB\n\nMenu!", "A\n\nB", 2),
        ("menu\nA\nmenu\nmenu\n", "A", 3),
        ("menu", "", 1),
        ("A\nmenu\nB", "A\nB", 1),
        ("A\n\n\n\nB", "A\n\n\n\nB", 0),
        ("A\n\nmenu\nmenu\n\nB\n", "A\n\nB\n", 2),
    ],
)
def test_every_copy_of_a_hot_line_goes(text, after, removed):
    """All copies go, no wide gap is left behind, and untouched text stays as it is."""
    edit = remove_lines(text, (), hot("menu"))
    assert (edit.text, edit.removed_lines, edit.removed_chars) == (after, removed, len(text) - len(after))


def test_code_is_never_edited():
    """A hot line inside a code span stays, and the span moves with the text before it."""
    text = "}\nint f() {\n\n}\nend"
    edit = remove_lines(text, (Span(2, 14, "code"),), hot("}"))
    assert edit.text == "int f() {\n\n}\nend"
    assert edit.spans == (Span(0, 12, "code"),)


@given(st.lists(st.sampled_from(["menu", "a b", "", " ", "- x", "}"]), max_size=12))
def test_removal_keeps_the_other_lines_in_order(lines):
    """What is left are the lines that are not hot, and removing again changes nothing."""
    edit = remove_lines("\n".join(lines), (), hot("menu"))
    assert [row for row in edit.text.split("\n") if row.strip()] == [row for row in lines if row.strip() and row != "menu"]
    assert remove_lines(edit.text, edit.spans, hot("menu")).text == edit.text


def test_a_log_with_unique_ids_goes():
    """Two thousand syslog lines, none equal to another, are removed and the prose around them stays."""
    log = "\n".join(
        f"Jan 02 {i // 3600:02}:{i // 60 % 60:02}:{i % 60:02} host{i % 9} sshd[{i * 7}]: "
        + ("Failed password for root" if i % 3 else f"session {i:x} opened for user u{i * 31 % 997}")
        for i in range(2000)
    )
    edit = remove_repetitive_lines(f"What happened.\n\n{log}\n\nThat was all.")
    assert edit.text == "What happened.\n\nThat was all."
    assert edit.removed_lines == 2000


def test_a_line_that_repeats_itself_goes():
    """One long line of the same message is removed; a long ordinary sentence is not."""
    looped = "ERROR code 4711 in module parser at offset 99; " * 20
    prose = "The quick brown fox jumps over the lazy dog while the other animals of the forest look on and wonder why."
    assert remove_repetitive_lines(f"{prose}\n{looped}\n{prose}").text == f"{prose}\n{prose}"


def test_a_poem_with_a_refrain_survives():
    """Three hundred lines with a refrain after every third lose nothing."""
    poem = "\n".join(
        "Nevermore, nevermore" if i % 4 == 3 else f"Line the {chr(97 + i % 26)}{chr(97 + i // 26)}th" for i in range(300)
    )
    assert remove_repetitive_lines(poem).removed_lines == 0


def test_a_table_of_constants_survives_in_a_span():
    """Numbers in a math or table span are left alone; the same lines outside go."""
    table = "\n".join(f"{i / 7:.6f} {i / 3:.6f} {i * 2:.6f}" for i in range(20))
    for kind in ("math", "table", "code"):
        assert remove_repetitive_lines(table, (Span(0, len(table), kind),)).text == table
    assert remove_repetitive_lines(table).text == ""


def test_a_proof_survives():
    """Short numbered steps that differ in words are no run."""
    proof = "\n".join(f"({i}) {step}" for i, step in enumerate(["Let x be even.", "Then x = 2k.", "So x squared is even."]))
    assert remove_repetitive_lines(proof).text == proof


@pytest.mark.parametrize(
    ("text", "share"), [("2024-01-02 03:04:05 x\n" * 10, 1.0), ("2024-01-02 03:04:05 x\n" * 9, 0.0), ("a\n" * 9, 0.0)]
)
def test_stamped_lines(text, share):
    """Ten lines or more with a date and a time are a log."""
    assert stamped_line_share(text) == share


@given(st.text(max_size=200))
def test_total(text):
    """Any text is taken, and what goes is counted."""
    edit = remove_repetitive_lines(text)
    assert len(text) - len(edit.text) == edit.removed_chars
    assert len(line_hashes(text)) <= text.count("\n") + 1


@pytest.mark.parametrize("text", ["a\n" * 80_000, "a " * 200_000, "\n" * 300_000, "&" * 60_000, "f" * 300_000, "0x" * 100_000])
def test_hostile_text_takes_linear_time(text):
    """Neither many lines nor one long one stalls the line edits."""
    line_hashes("é")
    start = time.perf_counter()
    remove_repetitive_lines(text)
    remove_lines(text, (), line_hashes(text[:1000]))
    assert time.perf_counter() - start < 3.0
