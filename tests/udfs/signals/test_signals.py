"""Signals by hand, by a plain count, and against datatrove's own values where the definition is the same."""

import json
import lzma
import math
import os
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from plain_signals import compute as compute_plainly

from udfs.signals import NAMES, SIGNALS, References, compute, dirty
from udfs.spans import Span
from udfs.words import words


@pytest.fixture(scope="module", autouse=True)
def warmed_up():
    """Tables are loaded and code is compiled before Hypothesis looks at the clock."""
    compute("a", "en")
    compute_plainly("a")


PROSE = "The cat sat on the mat. It was not the first time that a cat had done so, and nobody was surprised."


def test_coverage_of_three_equal_copies():
    """T1: three copies of five words are wholly inside repeated 5-grams, the first copy too."""
    signals = compute("a b c d e a b c d e a b c d e", "en")
    assert signals["dup_5gram_char_share"] == 1.0
    assert signals["dup_10gram_char_share"] == 1.0
    assert signals["top_2gram_char_share"] == pytest.approx(6 / 15)
    assert compute("a b c d e f g", "en")["top_2gram_char_share"] == 0.0


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("x\nx\ny", "dup_line_share", 1 / 3),
        ("x\nx\n", "dup_line_share", 1 / 2),
        ("a a a\na a a", "dup_line_char_share", 1 / 2),
        ("p\n\np\n\nq", "dup_paragraph_share", 1 / 3),
        ("The the the", "stop_word_count", 1),
        ("The the cat sat", "stop_word_share", 1 / 2),
        ("- x\n* y\n  • z\n-w", "bullet_line_share", 3 / 4),
        ("wait...\nwell…\nso . . .\ndone.", "ellipsis_line_share", 3 / 4),
        ('End.\nHe said "no."\n終わり。\nno end', "terminal_line_share", 3 / 4),
        ("C++, C#", "hash_word_ratio", 1 / 2),
        ("f(x) = { 1, 2 } [ab]", "alpha_word_share", 3 / 5),
        ("ab 12 cd3", "alnum_mix_word_share", 1 / 2),
        ("Ab CD", "upper_char_share", 3 / 4),
        ("a1b2 34", "digit_char_share", 4 / 6),
        ("one two. three\nfour", "n_sentences", 3),
        ("Pay 5 now! Pay 7 now! Ask me.", "dup_sentence_share", 3 / 8),
        ("word слово слвoво", "mixed_script_word_share", 1 / 3),
        ("使用Apache服务器", "mixed_script_word_share", 0),
        ("strength kngskq xlvrt HTTP", "consonant_word_share", 2 / 4),
        ("a b a b", "word_entropy_bits", 1),
        ("Lorem ipsum dolor", "lorem_ipsum", 1),
        ("We use cookies.\nText.", "policy_line_share", 1 / 2),
        ("Please enable JavaScript", "javascript_lines", 1),
        ("x" * 1001, "max_word_chars", 1001),
    ],
)
def test_values_by_hand(text, name, value):
    """Each value is what a person counts."""
    assert compute(text, "en")[name] == pytest.approx(value)


@pytest.mark.parametrize("text", ["", " ", "\n\n \n", ".", "\x00", "\ud800", "a", "\u0301", "&" * 50])
def test_nothing_to_measure_is_nan(text):
    """Every signal is there for any text, and shares of nothing are undefined, never 0."""
    signals = compute(text, "en")
    assert tuple(signals) == NAMES
    assert signals["n_chars"] == len(text)
    if not words(text):
        assert all(math.isnan(signals[name]) for name in ("mean_word_chars", "alpha_word_share", "dup_5gram_char_share"))


def test_spans_are_left_out_of_prose():
    """Code does not change what is said of the prose beside it, and its share is reported."""
    code = "{{{ x1 = #; }}}\n{{{ x1 = #; }}}"
    text = f"{PROSE}\n\n{code}\n\nEnd of it."
    spans = (Span(len(PROSE) + 2, len(PROSE) + 2 + len(code), "code"),)
    with_code, without = compute(text, "en", spans), compute(f"{PROSE}\n\nEnd of it.", "en")
    for name in ("curly_char_share", "hash_word_ratio", "alpha_word_share", "dup_line_share", "terminal_line_share"):
        assert with_code[name] == without[name]
    assert with_code["code_char_share"] == len(code) / len(text)
    assert with_code["n_words"] == without["n_words"] + 2
    assert with_code["n_prose_words"] == without["n_prose_words"]


def test_cut_lines_and_ngrams_do_not_look_repeated():
    """Lines that differ in their inline code only are no copies of each other."""
    text = "Returns f if it is so.\nReturns g if it is so.\nReturns h if it is so."
    spans = tuple(Span(at, at + 1, "code") for at in (8, 31, 54))
    signals = compute(text, "en", spans)
    assert signals["dup_line_share"] == 0
    assert compute(text.replace("g", "f").replace("h", "f"), "en")["dup_line_share"] > 0


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=40))
def test_coverage_equals_a_plain_count(parts):
    """Coverage by hashing equals counting tuples of words."""
    signals = compute(" ".join(parts), "xx")
    for n in range(5, 11):
        grams = [tuple(parts[i : i + n]) for i in range(len(parts) - n + 1)]
        counts = Counter(grams)
        inside = {i + k for i, gram in enumerate(grams) if counts[gram] > 1 for k in range(n)}
        assert signals[f"dup_{n}gram_char_share"] == pytest.approx(len(inside) / len(parts))


@given(st.text(max_size=120), st.sampled_from(["en", "zh", "th", "xx", ""]))
def test_total_and_bounded(text, language):
    """Any text gives every signal; shares stay between 0 and 1."""
    signals = compute(text, language)
    assert tuple(signals) == NAMES
    for signal in SIGNALS:
        value = signals[signal.name]
        assert math.isnan(value) or value >= 0 or signal.unit == "bits"
        if signal.unit == "share" and not math.isnan(value):
            assert value <= 1 + 1e-12


@pytest.mark.parametrize(
    ("text", "is_mojibake"),
    [
        ("Élève à l'école, où naïveté rime avec été.", False),
        ("Größe: „groß“ — Straße", False),
        ("Вёрстка и ещё раз вёрстка", False),
        ("Élève à l'école, où naïveté rime avec été.".encode().decode("latin-1"), True),
        ("Русский текст о кодировках".encode().decode("cp1251", "replace"), True),
        ("日本語の文章です".encode().decode("cp1252", "replace"), True),
        ("नमस्ते दुनिया".encode().decode("latin-1"), True),
        ("plain ascii", False),
    ],
)
def test_mojibake(text, is_mojibake):
    """Text read in the wrong encoding shows, and accented text does not."""
    assert (compute(text, "xx")["mojibake_share"] > 0.05) == is_mojibake


def test_dirty_words_are_counted_by_phrase(tmp_path):
    """Words and phrases count by token; in Chinese inside running text; saving keeps the answer and the bytes."""
    built = dirty.build({"en": ["damn", "son of a gun", "!!"], "zh": ["坏词"]})
    dirty.save(built, tmp_path / "a.npz")
    dirty.save(dirty.build({"zh": ["坏词"], "en": ["!!", "son of a gun", "Damn"]}), tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    references = References(dirty=dirty.load(tmp_path / "a.npz"))
    english = compute("Damn that son of a gun! Damn, a gun.", "en", (), references)
    assert (english["dirty_hits"], english["dirty_distinct"]) == (3, 2)
    assert english["dirty_per_1000"] == pytest.approx(3000 / 9)
    assert compute("这是坏词吗", "zh", (), references)["dirty_hits"] == 1
    assert compute("damn", "de", (), references)["dirty_hits"] == 0
    assert math.isnan(compute("damn", "en", (), References())["dirty_hits"])


def test_the_tables_that_ship_are_the_default():
    """Two arguments are enough for every signal that is no peer's: the shipped references and lists are measured against."""
    signals = compute(f"{PROSE} " * 12 + "Damn.", "en")
    assert [name for name in NAMES if math.isnan(signals[name]) and not name.startswith("dt_")] == []
    assert signals["dirty_hits"] >= 0
    assert math.isnan(compute(PROSE, "en", (), References())["kl_bits"])


@pytest.mark.parametrize(
    "text", ["&" * 60_000, "a" * 500_000, "." * 60_000, "a " * 100_000, "\n" * 200_000, "Ã©" * 100_000, "{" * 60_000]
)
def test_hostile_text_takes_linear_time(text):
    """No input stalls the signals."""
    compute("é", "en")
    start = time.perf_counter()
    compute(text, "en")
    assert time.perf_counter() - start < 3.0


@pytest.mark.skipif("WOOLMILL_DATA" not in os.environ, reason="WOOLMILL_DATA is not set")
def test_parity_with_datatrove():
    """On real texts the shares of lines and paragraphs are datatrove's, where both define them alike."""
    pairs = {
        "dup_line_share": "dup_line_frac",
        "dup_paragraph_share": "dup_para_frac",
        "dup_line_char_share": "fw_char_dup",
        "short_line_share": "fw_short_lines",
    }
    path = Path(os.environ["WOOLMILL_DATA"]) / "parity" / "texts.jsonl.xz"
    compared = 0
    with lzma.open(path, "rt", encoding="utf-8") as file:
        for i, line in enumerate(file):
            row = json.loads(line) if i % 18 == 0 else {}
            text = row.get("text", "").strip("\n")
            if not text or text != row["text"] or any(part.isspace() for part in text.split("\n")):
                continue
            signals = compute(text, row["lang"])
            compared += 1
            for ours, theirs in pairs.items():
                assert signals[ours] == pytest.approx(row["datatrove_signals"][theirs], abs=1e-9), (row["id"], ours)
    assert compared > 150


PIECES = [
    *(
        "the cat",
        "sat",
        "don't",
        "e.g.",
        "3.14",
        "0x1f",
        "deadbeef1",
        "2024-11-22",
        "C++",
        "日本語",
        "の",
        "ไทย",
        "слово",
        "ſharp",
        "ΟΔΟΣ",
    ),
    *(" ", "  ", "\n", "\n\n", "\t", "\n \n", ". ", "! ", "。", "...", ". . .", "…", "- ", "* ", "• ", "(a) ", "1. ", "12) "),
    *("’", "'", '"', "“", ")", "{", "}", "#", "Ã©", "â€™", "Р°", "锟斤拷", "\x00", "\u200d", "\u0301", "strngth", "ABC", "x1"),
]


@st.composite
def structured(draw):
    """A text of pieces that the signals look at, some of them under spans."""
    parts = draw(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=60))
    text, spans = "", []
    for part in parts:
        if part and draw(st.integers(0, 9)) == 0 and (not spans or spans[-1].end < len(text)):
            spans.append(Span(len(text), len(text) + len(part), "code"))
        text += part
    return text, tuple(spans)


@given(structured())
@example(("", ()))
@example(("strngthꔀ", ()))
@example(("繧ｱ锟ｱ縺ｱ锟斤拷烫烫烫鈥檚縺x", ()))
def test_kernels_equal_the_plain_computation(given_):
    """The compiled loops say what NumPy and regular expressions say, on texts full of what the signals look at."""
    text, spans = given_
    plain, found = compute_plainly(text, spans), compute(text, "xx", spans)
    assert {name: found[name] for name in plain} == pytest.approx(plain, abs=1e-12, nan_ok=True)


@pytest.mark.skipif("WOOLMILL_DATA" not in os.environ, reason="WOOLMILL_DATA is not set")
def test_kernels_equal_the_plain_computation_on_real_texts():
    """So they do on real texts of 31 languages."""
    with lzma.open(Path(os.environ["WOOLMILL_DATA"]) / "parity" / "texts.jsonl.xz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for i, line in enumerate(file) if i % 40 == 0]
    for row in rows:
        plain, found = compute_plainly(row["text"]), compute(row["text"], row["lang"])
        assert {name: found[name] for name in plain} == pytest.approx(plain, abs=1e-9, nan_ok=True), row["id"]


def test_numbers_are_masked_before_lines_of_a_log_are_compared():
    """Lines that differ in their numbers alone repeat each other once these are masked, and do not before."""
    log = "\n".join(f"worker {i} took job {i * 7919:x} from queue at {i % 60}:{i % 24} and it failed" for i in range(30))
    signals = compute(log, "en")
    assert signals["masked_dup_5gram_char_share"] > 0.9 > 0.4 > signals["dup_5gram_char_share"]


def test_medical_words_count_as_occurrences_only():
    """Words that textbooks use never make a text dirty by their number of kinds."""
    built = dirty.build({"en": ["damn", "rectum"]}, {"en": ["rectum", "not listed"]})
    signals = compute("The rectum, damn.", "en", (), References(dirty=built))
    assert (signals["dirty_hits"], signals["dirty_distinct"]) == (2, 1)


def test_a_segmenter_says_what_a_word_is():
    """Where a language is segmented, its words are longer and n-grams are of words, and stop words are words."""
    pytest.importorskip("rjieba")
    text = "这是我们的程序，可以用来处理中文的文本。" * 3
    pieces = compute(text, "zh")
    segmented = compute(text, "zh", (), References(segmented=frozenset({"zh"})))
    assert pieces["mean_word_chars"] == 1 < segmented["mean_word_chars"] < 3
    assert pieces["n_words"] == 54 > segmented["n_words"] > 20
    assert segmented["dup_5gram_char_share"] == pieces["dup_5gram_char_share"] == 1
    assert segmented["stop_word_count"] > 0


def test_words_are_counted_alike_inside_and_outside_spans():
    """A segmented text has as many words with a span as without it."""
    references = References(segmented=frozenset({"km"}))
    text = "ភាសាខ្មែរ គឺជាភាសា។ ភាសាខ្មែរ។"
    whole = compute(text, "km", (), references)
    cut = compute(text, "km", (Span(20, len(text), "code"),), references)
    assert cut["n_words"] == whole["n_words"] > cut["n_prose_words"] > 0
