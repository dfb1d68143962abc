"""Line hashes count what is boilerplate alike; removal takes lines out and nothing else."""

import json
import lzma
import time
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from udfs.lines import allowed_hashes, hash_lines, line_hashes, lines_with, remove_lines
from udfs.spans import KINDS, Span
from udfs.words import BLANK, NUMBER, WORD, classes, codepoints, from_codepoints

BLANKS = "\n \t\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\u00a0\u2028\u2029\u3000"
"""A line end and everything else that some program takes for a blank or a line end."""

TRICKY = BLANKS + "aZ19-•}ǅßẞİıΣσς'ʰ\u0301\u0345½Ⅷ٣ⒶⓐⱥȺK\x00\u200b\ufeff\ufffd\ud800\udfff漢ไ𝟘𐐀😀"
TEXTS = st.text(st.one_of(st.sampled_from(TRICKY), st.characters()), max_size=60)


def keys_of(text):
    """Name the lines that count by their normal forms: the documented rule in plain Python."""
    points = codepoints(text.lower())
    flags = classes(points)
    plain = np.where(flags & NUMBER, np.uint32(ord("0")), points)
    normal = from_codepoints(plain[(flags & (WORD | BLANK)) != 0])
    pairs = zip(text.split("\n"), normal.split("\n"), strict=True)
    return [key for raw, line in pairs if (key := " ".join(line.split()) or raw.strip())]


def key(line):
    return xxhash.xxh64_intdigest(line.encode("utf-8", "surrogatepass"))


def hot(*lines):
    return allowed_hashes(lines)


def without(text, ranges):
    ends = [0, *(end for _, end in ranges)]
    starts = [*(start for start, _ in ranges), len(text)]
    return "".join(text[end:start] for end, start in zip(ends, starts, strict=True))


def documents(data):
    with lzma.open(data / "neardup" / "docs.jsonl.xz", "rt", encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


@pytest.mark.parametrize(
    ("line", "normalised"),
    [
        ("  Page 12 of 345!  ", "page 00 of 000"),
        ("Don't\tpanic", "dont panic"),
        ("•  •", "•  •"),
        ("\u3000--- \r", "---"),
        ("Ⓐ", "Ⓐ"),
        ("\x00", "\x00"),
        ("\ud800", "\ud800"),
        ("\ud800a", "a"),
        ("Größe: ５ £ ½", "größe 0 0"),
        ("a\u00a0\u2028\x85b\x1c", "a b"),
        ("ΟΔΟΣ ΣΑΣ. Σ", "οδος σας σ"),
        ("İZMİR 35", "i̇zmi̇r 00"),
        ("ȺȺȺ", "ⱥⱥⱥ"),
        ("ภาษา ไทย๑", "ภาษา ไทย0"),
    ],
)
def test_normal_form_by_hand(line, normalised):
    """Case, digits, punctuation and blanks do not tell lines apart; a line of marks alone counts as it is."""
    assert line_hashes(line).tolist() == [key(normalised)]


def test_a_sigma_concerns_its_own_line():
    """A text with capital sigmas in some lines has the documented forms in all, circled capitals untouched in the others."""
    assert line_hashes("ΟΔΟΣ\nⒶ\nΣ\nB").tolist() == [key(name) for name in ("οδος", "Ⓐ", "σ", "b")]


@pytest.mark.parametrize("blank", ["", " ", "\r", "\x85", "\u2028\u2029", "\x1c\t"])
def test_blank_lines_do_not_count(blank):
    """A line of nothing but blanks has no hash, and no blank but the line feed ends a line."""
    assert line_hashes(f"{blank}\n{blank}").tolist() == []
    assert line_hashes(f"a{blank}b\nc").size == 2


@given(TEXTS)
def test_every_hash_is_that_of_the_documented_form(text):
    """In both ways, every hash is XXH64 of what the rule in plain Python gives."""
    expected = [key(name) for name in keys_of(text)]
    assert line_hashes(text).tolist() == expected
    if not any("\ud800" <= char <= "\udfff" for char in text):
        assert hash_lines(pa.array([text])).hashes.tolist() == expected


def test_every_code_point_is_normalised_as_documented():
    """Each code point by itself, between two letters and after a capital sigma gives the documented form."""
    every = [chr(point) for point in range(0x110000)]
    for block in range(0, len(every), 0x8000):
        text = "\n".join(f"{char}\nA{char}B\naΣ{char}" for char in every[block : block + 0x8000])
        assert line_hashes(text).tolist() == [key(name) for name in keys_of(text)]


def test_real_documents_fall_into_the_same_classes(data):
    """On the near-duplicate truth, lines are equal by hash exactly where they are equal by normal form, as often."""
    texts = documents(data)
    table = hash_lines(pa.array(texts))
    names = [keys_of(text) for text in texts]
    assert np.diff(table.offsets).tolist() == [len(part) for part in names]
    flat = [name for part in names for name in part]
    by_name, by_hash = Counter(flat), Counter(table.hashes.tolist())
    pairs = set(zip(flat, table.hashes.tolist(), strict=True))
    assert len(pairs) == len(by_name) == len(by_hash) > 10_000
    assert all(by_name[name] == by_hash[hashed] for name, hashed in pairs)
    one_by_one = np.concatenate([line_hashes(text) for text in texts[:300]])
    assert np.array_equal(one_by_one, table.hashes[: table.offsets[300]])


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_batches_with_nulls_and_slices(kind):
    """Every text of a batch has the lines that it has alone; a null and an empty text have none."""
    texts = ["skipped\nlines", None, "a\n\nB!", "", "Σ\nΑΣ", "\n", "last"]
    for start, stop in ((0, 7), (1, 7), (2, 3), (3, 3), (6, 7)):
        table = hash_lines(pa.array(texts, kind)[start:stop])
        parts = np.split(table.hashes, table.offsets[1:-1])[: stop - start]
        assert len(table.offsets) == stop - start + 1
        assert [part.tolist() for part in parts] == [line_hashes(text or "").tolist() for text in texts[start:stop]]


def test_a_null_over_bytes_has_no_lines():
    """What a null's offsets span is not read."""
    buffers = [pa.py_buffer(b"\x05"), pa.py_buffer(np.array([0, 1, 4, 5], np.int32).tobytes()), pa.py_buffer(b"axyzb")]
    texts = pa.Array.from_buffers(pa.string(), 3, buffers)
    assert hash_lines(texts).offsets.tolist() == [0, 1, 1, 2]


@pytest.mark.parametrize("texts", [pa.array([], pa.string()), pa.array([None, None], pa.string()), pa.array(["", ""])])
def test_batches_without_lines(texts):
    """No text, no bytes: no hash, and one offset more than texts."""
    table = hash_lines(texts)
    assert (table.offsets.tolist(), table.hashes.size) == ([0] * (len(texts) + 1), 0)


def test_other_columns_are_refused():
    """A column that holds no text is refused by name."""
    with pytest.raises(TypeError, match="int64; it takes string"):
        hash_lines(pa.array([1]))


def test_blank_and_structured_lines_are_not_hashed():
    """Blank lines, code, mathematics and rows of tables leave no hash."""
    text = "one\n\n}\n \nx\ntwo\n| 1 |"
    spans = (Span(5, 6, "code"), Span(9, 10, "math"), Span(15, 20, "table"))
    assert line_hashes(text, spans).tolist() == [key("one"), key("two")]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_protected_by_name(kind):
    """A span's lines are exempt from hashing, removal and display just where its kind is protected."""
    text = "menu\nx menu\nmenu"
    spans = (Span(6, 7, kind),)
    others = frozenset(KINDS) - {kind}
    listed = hot("menu", "x menu")
    assert line_hashes(text, spans, protect={kind}).size == 2
    assert line_hashes(text, spans, protect=others).size == 3
    assert remove_lines(text, spans, listed, protect={kind}).text == "x menu"
    assert remove_lines(text, spans, listed, protect=others).text == ""
    assert [line for _, line in lines_with(text, spans, listed, protect={kind})] == ["menu"]
    assert [line for _, line in lines_with(text, spans, listed, protect=others)] == ["menu", "x menu"]


@pytest.mark.parametrize(
    ("text", "after", "ranges"),
    [
        ("A\n\nmenu\n\nB\n\nMenu!", "A\n\nB", [(3, 9), (10, 17)]),
        ("menu\nA\nmenu\nmenu\n", "A", [(0, 5), (6, 17)]),
        ("menu", "", [(0, 4)]),
        ("\n\nmenu\n\n", "", [(0, 8)]),
        ("A\nmenu\nB", "A\nB", [(2, 7)]),
        ("A\n\n\n\nB", "A\n\n\n\nB", []),
        ("A\n\nmenu\nmenu\n\nB\n", "A\n\nB\n", [(3, 14)]),
        ("é😀\nmenu\r\nB", "é😀\nB", [(3, 9)]),
    ],
)
def test_every_copy_of_a_hot_line_goes(text, after, ranges):
    """All copies go, no wide gap is left behind, untouched text stays, and the ranges say what went."""
    edit = remove_lines(text, (), hot("menu"))
    assert (edit.text, list(edit.ranges), edit.removed_chars) == (after, ranges, len(text) - len(after))
    assert edit.removed_lines == text.lower().count("menu")


def test_code_is_never_edited():
    """A hot line inside a code span stays, and the span moves with the text before it."""
    text = "}\nint f() {\n\n}\nend"
    edit = remove_lines(text, (Span(2, 14, "code"),), hot("}"))
    assert edit.text == "int f() {\n\n}\nend"
    assert edit.spans == (Span(0, 12, "code"),)


def test_blank_lines_of_code_stay():
    """The gap behind a hot line is closed, but not where it belongs to code."""
    text = "menu\n\n\nx = 1"
    assert remove_lines(text, (), hot("menu")).text == "x = 1"
    edit = remove_lines(text, (Span(5, 12, "code"),), hot("menu"))
    assert (edit.text, edit.spans) == ("\n\nx = 1", (Span(0, 7, "code"),))


LINES = st.lists(st.sampled_from(["menu", "Menu 1", "menu 2!", "a b", "", " ", "- x", "}", "é\r"]), max_size=12)


@given(LINES)
def test_removal_keeps_the_other_lines_in_order(lines):
    """What is left are the lines that are not hot, and removing again changes nothing."""
    edit = remove_lines("\n".join(lines), (), hot("menu"))
    assert [row for row in edit.text.split("\n") if row.strip()] == [row for row in lines if row.strip() and row != "menu"]
    again = remove_lines(edit.text, edit.spans, hot("menu"))
    assert (again.text, again.ranges, again.removed_lines) == (edit.text, (), 0)


@given(LINES, st.sets(st.sampled_from(["menu", "menu 0", "x", "}", "é"])), st.data())
def test_the_ranges_are_the_edit(lines, listed, draw):
    """Cutting the ranges out of the old text gives the new one; they ascend, do not touch, and pass by protected text."""
    text = "\n".join(lines)
    start = draw.draw(st.integers(0, len(text)))
    spans = (Span(start, draw.draw(st.integers(start, len(text))), "code"),) if start < len(text) else ()
    spans = tuple(span for span in spans if span.end > span.start)
    edit = remove_lines(text, spans, hot(*listed))
    assert without(text, edit.ranges) == edit.text
    bounds = [point for pair in edit.ranges for point in pair]
    assert bounds == sorted(set(bounds))
    kept = [text[s.start : s.end].strip() for s in spans]
    assert [edit.text[s.start : s.end].strip() for s in edit.spans if edit.text[s.start : s.end].strip()] == [
        k for k in kept if k
    ]


def test_one_copy_stays_in_the_document_that_is_named():
    """The document named as first keeps its first copy of a line, whatever its case; all other copies go everywhere."""
    text = "Menu!\nA\nmenu\nfoot\nB\nmenu"
    listed = hot("menu", "foot")
    here, there = 2**64 - 1, 7
    first = np.where(listed == key("menu"), np.uint64(here), np.uint64(there))
    assert remove_lines(text, (), listed, first=first, own=here).text == "Menu!\nA\nB"
    assert remove_lines(text, (), listed, first=first, own=there).text == "A\nfoot\nB"
    assert remove_lines(text, (), listed, first=first, own=1).text == remove_lines(text, (), listed).text == "A\nB"
    inside = remove_lines(text, (Span(0, 4, "code"),), listed, first=first, own=here)
    assert inside.text == "Menu!\nA\nmenu\nB"


@given(st.lists(LINES, min_size=1, max_size=4))
def test_of_all_documents_one_copy_stays(documents):
    """Over documents, each hot line is left once where a first document is named; doing it again changes nothing."""
    texts = ["\n".join(lines) for lines in documents]
    listed = hot("menu", "menu 0", "}")
    holders = [[i for i, text in enumerate(texts) if hashed in line_hashes(text)] for hashed in listed]
    first = np.array([found[0] if found else 99 for found in holders], dtype=np.uint64)
    left = [remove_lines(text, (), listed, first=first, own=i).text for i, text in enumerate(texts)]
    counts = Counter(np.concatenate([line_hashes(text) for text in left]).tolist())
    assert [counts[hashed] for hashed in listed.tolist()] == [min(1, len(found)) for found in holders]
    assert [remove_lines(text, (), listed, first=first, own=i).text for i, text in enumerate(left)] == left


def test_wrong_lists_are_refused():
    """Signed hashes, whose order is another, and keys that are not parallel are refused."""
    with pytest.raises(ValueError, match="int64; they must be uint64"):
        remove_lines("a", (), np.array([1]))
    with pytest.raises(ValueError, match="first has 0 keys for 1 hot lines"):
        remove_lines("a", (), hot("a"), first=np.zeros(0, np.uint64))


def test_the_ends_of_the_list_are_found():
    """Hashes before the first and behind the last hot line are not taken for them."""
    hashes = np.sort(line_hashes("a\nb\nc"))
    for listed in (hashes[1:2], hashes[:1], hashes[2:], hashes[:0], np.array([0, 2**64 - 1], np.uint64)):
        assert remove_lines("a\nb\nc", (), listed).removed_lines == np.isin(hashes, listed).sum()


def test_removed_lines_are_shown_as_written():
    """Of each listed hash the first line is shown, as it stands in the text and in its order."""
    text = "B\n  Menu 7! \nmenu 8\nfoot"
    shown = lines_with(text, (), hot("menu 0", "foot", "other"))
    assert shown == [(key("menu 0"), "  Menu 7! "), (key("foot"), "foot")]
    many = [f"line {chr(97 + i)}" for i in range(20)]
    assert [line for _, line in lines_with("\n".join(many), (), hot(*many))] == many
    assert lines_with(text, (), hot("other")) == lines_with("", (), hot("a")) == []


def test_allowed_lines_are_hashed_like_others():
    """An allow-list is written as lines are, in any order, with repetitions and blank ones."""
    allowed = allowed_hashes(["Table of contents", "TABLE OF CONTENTS:", "", "a\nb"])
    assert allowed.tolist() == sorted({key("table of contents"), key("a"), key("b")})
    assert allowed_hashes([]).dtype == np.uint64
    listed = np.setdiff1d(hot("table of contents", "menu"), allowed)
    assert remove_lines("Table of contents\nmenu\nx", (), listed).text == "Table of contents\nx"


@pytest.mark.parametrize(
    "text",
    ["x " * 5_000_000, "\n" * 1_000_000, "-" * 10_000_000, "é\r" * 2_000_000, "Σ" + "'" * 3_000_000 + "Σ", "a\n" * 500_000],
    ids=["one line", "empty lines", "marks", "no line end", "sigmas", "short lines"],
)
def test_hostile_text_takes_linear_time(text):
    """Neither a million lines nor one of ten megabytes stalls the hashes or the removal."""
    line_hashes("é")
    start = time.process_time()
    hashes = np.unique(line_hashes(text))
    edit = remove_lines(text, (Span(0, 1, "code"),), hashes)
    assert time.process_time() - start < 5.0
    assert len(hashes) == (0 if text.isspace() else 1)
    assert without(text, edit.ranges) == edit.text
