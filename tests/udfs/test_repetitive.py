"""Logs and lines that repeat themselves go; poems, proofs and structured lines stay."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.repetitive import remove_repetitive_lines
from udfs.signals import compute
from udfs.spans import Span


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
    "line",
    [
        "If the limit causes an overflow, the limit will be disabled. If the burst causes an overflow, the burst will be disabled.",
        "True if the left factor acts on the right factor and False if the right factor acts on the left factor, as above.",
        "The type of A1, A2, B1 and B2 is string. The type of B3 and B4 is bytes. The type of P is none, as said above.",
    ],
)
def test_sentences_with_like_halves_survive(line):
    """Saying the same of two things is how specifications are written."""
    assert remove_repetitive_lines(line).text == line


def test_a_short_list_of_numbered_things_survives():
    """Seven parts of a series are a list; a hundred lines that differ in a number only are a log."""
    parts = "\n".join(f"Statistical functions, part {i}" for i in range(7))
    assert remove_repetitive_lines(parts).text == parts
    assert remove_repetitive_lines("\n".join(f"retry {i} of job failed" for i in range(100))).text == ""


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("2024-01-02 03:04:05 x\n" * 10, 1.0),
        ("2024-01-02 03:04:05 x\n" * 9, 0.0),
        ("192.0.2.7 - - [02/Jan/2026] GET /\n" * 10, 1.0),
        ("0.142857 0.333333 0.25\n" * 10, 0.0),
        ("1 2 3 4 5\n" * 10, 0.0),
        ("a\n" * 9, 0.0),
    ],
)
def test_stamped_lines(text, share):
    """Ten lines or more that begin with a date, a time or an address are a log; columns of numbers are none."""
    assert compute(text, "xx")["stamped_line_share"] == share


@given(st.text(max_size=200))
def test_total(text):
    """Any text is taken, what goes is counted, and the ranges say what it was."""
    edit = remove_repetitive_lines(text)
    assert len(text) - len(edit.text) == edit.removed_chars == sum(end - start for start, end in edit.ranges)


def test_the_ranges_of_a_log():
    """The lines of a log are one range, from its first character to the prose behind it."""
    log = "\n".join(f"2024-01-02 03:04:{i:02} x" for i in range(12))
    edit = remove_repetitive_lines(f"Before.\n{log}\nAfter.")
    assert edit.ranges == ((8, 8 + len(log) + 1),)


@pytest.mark.parametrize("text", ["a\n" * 80_000, "a " * 200_000, "\n" * 300_000, "&" * 60_000, "f" * 300_000, "0x" * 100_000])
def test_hostile_text_takes_linear_time(text):
    """Neither many lines nor one long one stalls the removal."""
    start = time.perf_counter()
    remove_repetitive_lines(text)
    assert time.perf_counter() - start < 3.0
