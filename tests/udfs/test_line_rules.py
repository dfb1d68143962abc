"""Rules on lines: what C4's filter and RefinedWeb's edits leave, where spans stand, and datatrove's own texts."""

import hashlib
import json
import lzma
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.line_rules import LINE_RULES, removed_words
from udfs.spans import Span

CITATION = re.compile(r"\[\d*\]|\[edit\]|\[citation needed\]")
POLICY = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")


def edit(name, text, spans=()):
    return LINE_RULES[name].edit(text, spans)


def c4_reference(text, end_marks, min_words):
    """The filter line by line, from its definition; lines that end the page stay."""
    kept = []
    for line in text.splitlines():
        parts, bare = line.split(), CITATION.sub("", line.strip())
        low = bare.lower()
        if any(len(part) > 1000 for part in parts) or len(parts) < min_words:
            continue
        if end_marks and (not bare or bare[-1] not in ".?!\"'" or bare.endswith("...")):
            continue
        notice = any(phrase in low for phrase in POLICY) and "{" not in bare
        if "lorem ipsum" not in low and ("javascript" in low or notice):
            continue
        kept.append(bare)
    return "\n".join(kept).strip()


PIECES = (
    *"ab.!?\"'…[]{1 \n\t\x85İK",
    *(
        "...",
        "[edit]",
        "[12]",
        "[citation needed]",
        "Lorem Ipsum",
        "JavaScript",
        "java[1]script",
        "\n\n",
        "\r\n",
        "a b c. ",
        " d",
    ),
    *("Terms of use", "privacy policy", "coo\u212aie policy", "uses cookies", "use of cookies", "use cookies", "w" * 1001),
)


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join), st.sampled_from(["c4", "c4_no_punct", "c4_tfds"]))
def test_c4_equals_the_reference(text, name):
    """Line by line, whatever the text; what is said to be taken out is what is missing."""
    found = edit(name, text)
    assert "\n".join(found.text.splitlines()) == c4_reference(text, name != "c4_no_punct", 5 if name == "c4_tfds" else 3)
    pieces, at = [], 0
    for start, end in found.ranges:
        assert at <= start < end
        pieces.append(text[at:start])
        at = end
    assert "".join([*pieces, text[at:]]) == found.text
    assert found.removed_chars == len(text) - len(found.text)


@pytest.mark.parametrize(
    ("line", "left", "without_marks"),
    [
        ("It ends well.", True, True),
        ("It ends well", False, True),
        ("It ends in dots...", False, True),
        ("It ends so…", False, True),
        ("It ends 'so'", True, True),
        ("Only two.", False, False),
        ("Three words here.", True, True),
        ("Please enable JavaScript to go on.", False, False),
        ("We read your privacy policy today.", False, False),
        ("This site uses cookies, as all do.", False, False),
        ("All cookies have an end.", True, True),
        ("This is our coo\u212aie policy.", False, False),
        (f"One {'w' * 1001} is long.", False, False),
        (f"One {'w' * 1000} is not.", True, True),
        ("It was said so.[3]", True, True),
        ("It was said so. [3]", False, True),
        ("Lorem ipsum is javascript text.", True, True),
        ("A privacy policy { stays here.", True, True),
    ],
)
def test_c4_line_by_line(line, left, without_marks):
    """Each condition at its edge; a line that ends C4's page stays for the rule on pages."""
    bare = CITATION.sub("", line).strip()
    assert edit("c4", line).text == (bare if left else "")
    assert edit("c4_no_punct", line).text == (bare if without_marks else "")


@pytest.mark.parametrize(
    ("line", "c4", "tfds"), [("Now three words.", 1, 0), ("Now these are four.", 1, 0), ("And now there are five.", 1, 1)]
)
def test_the_two_recipes_of_c4(line, c4, tfds):
    """datatrove asks for three words a line, TFDS and DCLM for five."""
    assert (edit("c4", line).text != "", edit("c4_tfds", line).text != "") == (bool(c4), bool(tfds))


def test_c4_leaves_spans_alone():
    """A line that a span touches stays as it is, with a blank line next to it, and the span moves with the text."""
    text = "Cut this\n\nThe formula [1] here is x_i [2] and\n\nNo end mark\n\nIt ends here [3] well.\n"
    start = text.index("x_i")
    found = edit("c4", text, (Span(start, start + 3, "math"),))
    assert found.text == "The formula [1] here is x_i [2] and\n\nIt ends here  well."
    assert [found.text[span.start : span.end] for span in found.spans] == ["x_i"]
    assert found.removed_lines == 2
    code = "def f(x): [1]\n\n    return x"
    assert edit("c4", code, (Span(0, len(code), "code"),)).text == code


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("THIS IS ALL UPPER", ""),
        ("AB cd", "AB cd"),
        ("ABC de", "ABC de"),
        ("ABCDe f", ""),
        ("12345", ""),
        ("12345 6", "12345 6"),
        ("3 likes", ""),
        ("1,2 K views!", "1,2 K views!"),
        ("1.2K Views!", ""),
        ("3 people like this", "3 people like this"),
        ("word", ""),
        ("two words", "two words"),
        ("You have 3 items in cart now", "You have 3 now"),
        ("a b c d e f g items in cart", "a b c d e f g"),
        ("a b c d e f g h items in cart", "a b c d e f g h items in cart"),
        ("So it goes on. Read More...", "So it goes on."),
        ("So it goes on. Read more…", "So it goes on."),
        ("Read more... and so on", "Read more... and so on"),
        ("Read more...", ""),
        ("Sign-in to your account", "to your account"),
        ("Please sign-in to it", "Please sign-in to it"),
    ],
)
def test_refinedweb_line_by_line(line, left):
    """Each condition at its edge; what a line loses, it loses alone."""
    assert edit("refinedweb", f"One line before.\n{line}\nOne line behind.").text == "\n".join(
        ["One line before.", *([left] if left else []), "One line behind."]
    )


def test_refinedweb_leaves_spans_and_gaps_alone():
    """Lines with a span stay; blank lines stay single where a line between them went."""
    text = "First line.\n\nSHARE\n\nx = 12\n\nLast line."
    assert edit("refinedweb", text).text == "First line.\n\nx = 12\n\nLast line."
    assert edit("refinedweb", text, (Span(13, 18, "code"),)).text == text


@pytest.mark.parametrize(("words", "lost", "goes"), [(100, 5, False), (100, 6, True), (20, 1, False), (19, 1, True)])
def test_the_limit_of_refinedweb(words, lost, goes):
    """A page goes when over 5 % of its words went; a share of 5 % stays."""
    text = "\n".join([" ".join(["word"] * (words - lost)), *["Share"] * lost])
    share = removed_words(text, edit("refinedweb", text).text)
    assert share == pytest.approx(lost / words)
    assert (share > LINE_RULES["refinedweb"].max_removed) is goes


@pytest.mark.parametrize("name", sorted(LINE_RULES))
@pytest.mark.parametrize("text", ["", " ", "\n\n", "\x00", "\ud800", "a", "[", "{"])
def test_total_functions(name, text):
    """No text is too odd, and what is left of it is part of it."""
    found = edit(name, text)
    assert len(found.text) + found.removed_chars == len(text)


@pytest.mark.parametrize("name", sorted(LINE_RULES))
@pytest.mark.parametrize(
    "text", ["[" * 1_000_000, "1" * 1_000_000, "a\n" * 200_000, " \n" * 200_000, "1 " * 500_000, "read more" * 100_000]
)
def test_hostile_texts_take_linear_time(name, text):
    """A million characters of one kind take no longer than ordinary ones would."""
    edit(name, "a")
    before = time.process_time()
    edit(name, text)
    assert time.process_time() - before < 3


def test_c4_leaves_datatroves_texts(data):
    """On all texts of the parity file the rules leave, to the byte, what datatrove's filter left where it kept the page."""
    wrong, kept = [], 0
    with lzma.open(data / "parity" / "texts.jsonl.xz", "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            decided = row["datatrove_decisions"]
            for name, theirs in (("c4", "c4_quality"), ("c4_no_punct", "c4_no_punct")):
                if decided[theirs][0]:
                    kept += 1
                    left = "\n".join(edit(name, row["text"]).text.splitlines())
                    digest = hashlib.sha256(left.encode("utf-8", "surrogatepass")).hexdigest()[:16]
                    wrong += [(row["id"], name)] * (digest != decided[f"{theirs}_text_sha256_16"])
    assert kept > 5000
    assert not wrong
