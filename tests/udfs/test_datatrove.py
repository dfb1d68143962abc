"""datatrove's values equal those of a slow reference written from their definitions, and those of datatrove's own run."""

import json
import lzma
import math
import re
import time
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.datatrove import NAMES, ROWS, measure, sentence_starts, signals, token_bounds
from udfs.datatrove.kernels.compiled import ALPHA, BREAK, DIGIT, SPACE, SYMBOL, TERMINAL
from udfs.datatrove.kernels.words import STOP_WORDS
from udfs.datatrove.values import table
from udfs.words import classes, codepoints, word_bounds, words

CITATION = re.compile(r"\[\d*\]|\[edit\]|\[citation needed\]")
POLICY = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")


def has(char: str, bit: int) -> bool:
    return bool(table()[ord(char)] & bit)


def share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def copies(blocks: list[str]) -> tuple[int, int]:
    """Number and characters of the blocks that stood there before."""
    later = [block for i, block in enumerate(blocks) if block in blocks[:i]]
    return len(later), sum(map(len, later))


def top(words_: list[str], n: int) -> float:
    """Count times joined length of the most frequent n-gram; among equals of the first."""
    grams = [" ".join(words_[i : i + n]) for i in range(len(words_) - n + 1)]
    counts = Counter(grams)
    best = max(counts.values(), default=0)
    return next((len(gram) * best for gram in grams if counts[gram] == best), math.nan)


def skipped(words_: list[str], n: int) -> int:
    """Characters of n-grams met before; the scan goes on behind each."""
    met, total, i = set(), 0, 0
    while i + n <= len(words_):
        gram = "".join(words_[i : i + n])
        total += len(gram) if gram in met else 0
        i += n if gram in met else 1
        met.add(gram)
    return total


def walk(text: str, sentences: list[int], end_marks: bool) -> tuple[float, float, float]:
    """How C4's filter ends: at lorem ipsum, at a curly bracket, and the sentences of the lines kept so far."""
    kept = 0
    for line, count in zip(text.splitlines(), sentences, strict=True):
        parts, bare = line.split(), CITATION.sub("", line.strip())
        if any(len(part) > 1000 for part in parts) or len(parts) < 3:
            continue
        if end_marks and (not bare or bare[-1] not in ".?!\"'" or bare.endswith("...")):
            continue
        low = bare.lower()
        if "lorem ipsum" in low:
            return 1, 0, kept
        if "javascript" in low:
            continue
        if "{" in bare:
            return 0, 1, kept
        kept += 0 if any(phrase in low for phrase in POLICY) else count
    return 0, 0, kept


def reference(text: str, given: list[str], sentences: list[int]) -> list[float]:
    """Every value, in the order of the names."""
    n, size = len(given), len(text)
    spelt = [len(word) for word in given if not all(has(char, SYMBOL) for char in word)]
    lines, runs, rows = text.splitlines(), re.split(r"\n+", text), [row for row in text.split("\n") if row.strip()]
    paragraphs = re.split(r"\n{2,}", text.strip())
    ends = [line.rstrip() for line in lines]
    return [
        n,
        len(spelt),
        share(sum(spelt), len(spelt)),
        share(text.count("#"), n),
        share(text.count("...") + text.count("…"), n),
        share(sum(line.lstrip()[:1] in ("•", "-") for line in lines if line.strip()), len(lines)),
        share(sum(end.endswith(("...", "…")) for end in ends), len(lines)),
        share(sum(any(char.isalpha() for char in word) for word in given), n),
        sum(word in given for word in STOP_WORDS),
        share(copies(paragraphs)[0], len(paragraphs)),
        share(copies(paragraphs)[1], size),
        share(copies(runs)[0], len(runs)),
        share(copies(runs)[1], size),
        share(sum(has(row[-1], TERMINAL) for row in rows), len(rows)),
        share(sum(len(row) <= 30 for row in rows), len(rows)),
        share(copies(rows)[1], size - text.count("\n")),
        share(text.count("\n"), n),
        *(share(top(given, k), size) for k in (2, 3, 4)),
        *(share(skipped(given, k), size) for k in range(5, 11)),
        *walk(text, sentences, True),
        *walk(text, sentences, False),
    ]


PIECES = (
    *"ab.!?\"'…#•-{}[]1 \n\t\r\x0b\x1c\x85\u2028İKé中¹९𝟗\ud800\x00",
    *("...", "[edit]", "[12]", "[citation needed]", "Lorem Ipsum", "JavaScript", "java[1]script", "the", "be", "\n\n", "\r\n"),
    *(
        "Terms of use",
        "privacy policy",
        "coo\u212aie policy",
        "uses cookies",
        "use of cookies",
        "use cookies",
        "a b c. ",
        " of x ",
    ),
)
texts = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
tokens = st.lists(st.sampled_from(("a", "b", "ab", "a b", "the", "The", "be", ".", "中", "x1", "…", "é")), max_size=60)


@settings(deadline=None)
@given(texts, tokens, st.randoms())
def test_values_equal_the_reference(text, given, chance):
    """Whatever the text and the words, even words that are not in it."""
    sentences = [chance.randrange(3) for _ in text.splitlines()]
    found = signals(text, given, sentences)
    assert tuple(found) == NAMES
    assert list(found.values()) == pytest.approx(reference(text, given, sentences), abs=1e-12, nan_ok=True)


PHRASES = (
    "lorem ipsum",
    "{",
    "JavaScript",
    "Terms Of Use",
    "privacy policy",
    "coo\u212aie policy",
    "uses cookies",
    "use cookies",
)
sentence = st.builds(
    "{} {} {}{}".format,
    st.sampled_from(("a b", "a", "", "w" * 1001)),
    st.sampled_from(("so it is", "so", *PHRASES, "java[edit]script")),
    st.sampled_from(("on", "use of cookies", "x[1]", "[y]")),
    st.sampled_from((".", "!", "", "...", "…", ".[citation needed]", "?[edit]", "'[12]", ". [1]")),
)


@settings(deadline=None)
@given(st.lists(sentence, max_size=6), st.sampled_from(("\n", "\r\n", "\u2028", "\n\n")), st.randoms())
def test_the_walk_of_c4(chosen, end, chance):
    """Lines with what C4's filter looks for, of which the first that ends the page counts."""
    text = end.join(chosen)
    sentences = [chance.randrange(1, 4) for _ in text.splitlines()]
    found = list(signals(text, ["a"], sentences).values())
    assert found[-6:] == [*walk(text, sentences, True), *walk(text, sentences, False)]


@settings(deadline=None)
@given(st.text(), st.integers(2, 12), st.integers(1, 30))
def test_repeated_words(text, n, times):
    """Periodic words, for which polynomial hashes are at their worst."""
    given = (text.split()[:n] or ["a"]) * times
    text = " ".join(given)
    found = signals(text, given, [0] * len(text.splitlines()))
    assert list(found.values()) == pytest.approx(reference(text, given, [0] * len(text.splitlines())), abs=1e-12, nan_ok=True)


T1 = " ".join(["a b c d e"] * 3)


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        (T1, "dt_dup_5_grams", 10 / 29),
        ("x\nx\ny", "dt_dup_line_frac", 1 / 3),
        ("x\nx\n", "dt_dup_line_frac", 1 / 3),
        ("\n\n\n", "dt_dup_line_frac", 1 / 2),
        ("\n\n\n", "dt_fw_line_punct", math.nan),
        ("a a a\na a a", "dt_dup_line_char_frac", 5 / 11),
        ("The the the", "dt_stop_words", 1),
        ("- x", "dt_bullet_lines", 1),
        ("* x", "dt_bullet_lines", 0),
        ("  • x", "dt_bullet_lines", 1),
        ("x. . .", "dt_ellipsis_lines", 0),
        ("x...", "dt_ellipsis_lines", 1),
        ("C++, C#", "dt_hash_per_word", 1 / 2),
        ("ab c a bc x ab c", "dt_dup_5_grams", 0),
        ("ab c d e f a bc d e f", "dt_dup_5_grams", 6 / 21),
        ("one ninety two", "dt_top_2_gram", 10 / 14),
        ("a…", "dt_fw_line_punct", 0),
        ("x" * 30, "dt_fw_short_lines", 1),
        ("x" * 31, "dt_fw_short_lines", 0),
        ("a b c\r\nd\u2028e\x0bf\x85g", "dt_fw_short_lines", 1),
        ("", "dt_words", 0),
        ("", "dt_dup_para_frac", 0),
        ("", "dt_dup_para_char_frac", math.nan),
        ("", "dt_mean_word_length", math.nan),
        (" \n ", "dt_dup_line_char_frac", 1 / 3),
        ("\x00", "dt_non_symbol_words", 0),
        ("１ ２", "dt_non_symbol_words", 1),
    ],
)
def test_worked_values(text, name, value):
    """The worked values of the definitions, with words between blanks."""
    assert signals(text, text.split())[name] == pytest.approx(value, abs=1e-12, nan_ok=True)


def test_the_table_is_that_of_python():
    """Blanks, letters, digits and line ends are those of str; terminal marks count as punctuation."""
    every = [chr(point) for point in range(0x110000)]
    bits = table()
    for bit, method in ((SPACE, str.isspace), (ALPHA, str.isalpha), (DIGIT, str.isdecimal)):
        assert ((bits & bit) != 0).tolist() == [method(char) for char in every]
    ends = [len(f"{char}x".splitlines()) == 2 for char in every]
    assert ((bits & BREAK) != 0).tolist() == ends
    assert np.count_nonzero(bits & TERMINAL) == 159
    assert not np.any((bits & TERMINAL != 0) & (bits & SYMBOL == 0))


def test_the_punctuation_is_datatroves():
    """ASCII marks, controls but tab and line feed, and some of other scripts; of full-width digits only the one."""
    marks = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~«»´–—’“”„…∶━►、。〈〉《》「」【】！％（），．１：；？～"
    controls = [*range(9), *range(11, 32), *range(127, 160)]
    known = (table() & SYMBOL != 0) & (table() & TERMINAL == 0)
    expected = {ord(mark) for mark in marks if not has(mark, TERMINAL)} | set(controls)
    assert set(np.flatnonzero(known).tolist()) == expected
    assert all(has(mark, SYMBOL) for mark in marks)


def test_words_with_blanks():
    """Two cuts of one string are one n-gram, although what they begin with differs."""
    given, text = ["a b", "a", "b", "x", "a", "b", "a b"], "a b a b x a b a b"
    assert signals(text, given)["dt_top_3_gram"] == pytest.approx(top(given, 3) / len(text))
    assert top(given, 3) == 2 * len("a b a b")


def test_rows_are_documented():
    """Every value has a name of its own, a unit, a meaning and a source."""
    assert len(set(NAMES)) == len(NAMES) == 32
    assert all(row.name.startswith("dt_") and row.unit and row.meaning and "datatrove" in row.source for row in ROWS)


def test_sentences_must_fit_the_lines():
    """One number a line is asked for."""
    with pytest.raises(ValueError, match="1 numbers for 2 lines"):
        signals("a\nb", ["a", "b"], [1])


def test_our_own_words_as_bounds():
    """The pipeline's bounds give what the same words as strings give, whatever kind of array holds them."""
    text = "Two cats sat. They don't care!\n\n- The third one (grey) does.\nIt is 3.14 metres long."
    points = codepoints(text)
    starts, ends = word_bounds(classes(points))
    begins = sentence_starts(points)
    assert [text[at : at + 3] for at in begins.tolist()] == ["Two", "The", "The", "It "]
    row = measure(points, starts, ends, sentences=begins)
    assert row.tolist() == pytest.approx(list(signals(text, words(text)).values()), nan_ok=True)
    again = measure(points.copy(), np.repeat(starts, 2)[::2], ends.astype(np.int32), sentences=begins)
    assert again.tolist() == pytest.approx(row.tolist(), nan_ok=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n", []),
        ("Well -- it's 3.14 (so)!!!", ["Well", "--", "it's", "3.14", "(", "so", ")", "!!!"]),
        ("...a,b;;c", ["...", "a,b", ";;", "c"]),
        ('."', [".", '"']),
        ("? ?", ["?", "?"]),
        ("中。文", ["中", "。", "文"]),
    ],
)
def test_punctuation_between_our_words(text, expected):
    """Marks are tokens, a run of one of them is one, and blanks are none."""
    points = codepoints(text)
    starts, ends = token_bounds(points, *word_bounds(classes(points)))
    assert [text[start:end] for start, end in zip(starts, ends, strict=True)] == expected


@pytest.mark.parametrize(
    "text", ["a" * 2_000_000, "a " * 1_000_000, "\n" * 2_000_000, "[" * 2_000_000, "[1" * 999_999, "a.\n" * 700_000]
)
def test_hostile_texts_take_linear_time(text):
    """Two million characters of one kind take no longer than ordinary ones would."""
    points = codepoints(text)
    starts, ends = word_bounds(classes(points))
    measure(codepoints("a"), starts[:0], ends[:0], sentences=starts[:0])
    before = time.process_time()
    measure(points, starts, ends, sentences=starts)
    assert time.process_time() - before < 3


@pytest.fixture(scope="module")
def parity(data):
    with lzma.open(data / "parity" / "texts.jsonl.xz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def differing(row, found, names):
    theirs = row["datatrove_signals"]
    return [
        name
        for name in names
        if found[f"dt_{name}"] != pytest.approx(math.nan if theirs[name] is None else theirs[name], abs=1e-9, nan_ok=True)
    ]


def test_values_without_words_on_real_texts(parity):
    """Lines, paragraphs and signs are datatrove's to 1e-9 on all texts; for those a word the number of words is enough."""
    names = [name for name in parity[0]["datatrove_signals"] if name.startswith(("dup_para", "dup_line", "fw_"))]
    names += ["words", "hash_per_word", "ellipsis_per_word", "bullet_lines", "ellipsis_lines"]
    assert len(names) == 13
    wrong = {}
    for row in parity:
        found = signals(row["text"], ["x"] * row["datatrove_signals"]["words"])
        if off := differing(row, found, names):
            wrong[row["id"]] = off
    assert not wrong


def test_all_values_where_words_are_plain(parity):
    """Texts of letters and blanks that datatrove cuts at the blanks: all 26 values are its own."""
    wrong, plain = {}, 0
    for row in parity:
        parts, theirs = row["text"].split(), row["datatrove_signals"]
        if len(parts) == theirs["words"] and all(part.isalnum() for part in parts):
            plain += 1
            if off := differing(row, signals(row["text"], parts), theirs):
                wrong[row["id"]] = off
    assert plain >= 10
    assert not wrong
