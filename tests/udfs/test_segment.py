"""Words of scripts without blanks: known sentences, properties on any string, hostile texts, and segmenters that are missing."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import lzma
import os
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs import segment
from udfs.segment import CLUSTER, CODEPOINT, MAX_SEGMENTED, SEGMENTERS, SegmenterError, check, word_model, word_starts
from udfs.words import LETTER, NUMBER, SINGLE, WORD, classes, codepoints

MODULES = {"zh": "rjieba", "ja": "sudachipy", "th": "pythainlp"}
HERE = [code for code in SEGMENTERS if code not in MODULES or importlib.util.find_spec(MODULES[code])]
CLUSTERED = [code for code in SEGMENTERS if code not in MODULES]

SENTENCES = [
    ("zh", "我们来到了北京大学。", "我们 来到 了 北京大学"),
    ("zh", "我们用Linux系统", "我们 用 系统"),
    ("zh", "自然语言处理是人工智能的方向", "自然语言 处理 是 人工智能 的 方向"),
    ("ja", "日本語の文章を分割します。", "日本 語 の 文章 を 分割 し ます"),
    ("ja", "コンピューターで書く", "コンピューター で 書く"),
    ("th", "ภาษาไทยเป็นภาษาที่มีระดับเสียง", "ภาษาไทย เป็น ภาษา ที่ มี ระดับเสียง"),
    ("km", "ភាសាខ្មែរ", "ភា សា ខ្មែ រ"),
    ("km", "ខ្ញុំស្រឡាញ់១២៣", "ខ្ញុំ ស្រ ឡា ញ់ ១២៣"),
    ("lo", "ພາສາລາວເປັນພາສາ", "ພາ ສາ ລາ ວ ເປັ ນ ພາ ສາ"),
    ("lo", "ໄດ້ຮັບເຊັ່ນ", "ໄດ້ ຮັ ບ ເຊັ່ ນ"),
    ("my", "မြန်မာဘာသာစကား", "မြန် မာ ဘာ သာ စ ကား"),
    ("my", "တက္ကသိုလ် အင်္ဂလိပ် ယောက်ျား", "တက္က သိုလ် အင်္ဂ လိပ် ယောက်ျား"),
    ("my", "ခွန့်", "ခွန့်"),
    ("bo", "བོད་ཡིག་ནི", "བོད ཡིག ནི"),
]

WRITTEN = st.text(
    st.one_of(
        st.sampled_from("ภาษาไทย่เแຽໄລາວກំ្ខ្មែរမြန်မာ့္်བོད་日本語のカー々中国𠀀·a1 \n.\u0301\u200d\ud800\x00"),
        st.characters(),
    ),
    max_size=200,
)


def words_of(text: str, language: str) -> list[str]:
    """The stretches of single code points, cut where words begin."""
    starts = word_starts(text, language)
    assert starts is not None
    single = (classes(codepoints(text)) & SINGLE) != 0
    ends = [*starts.tolist()[1:], len(text)]
    return ["".join(text[i] for i in range(a, b) if single[i]) for a, b in zip(starts.tolist(), ends, strict=True)]


def needs(language: str) -> None:
    """Skip where the language's extra is not installed."""
    if language not in HERE:
        pytest.skip(f"pip install 'woolmill[{language}]'")


@pytest.mark.parametrize(("language", "text", "words"), SENTENCES)
def test_known_sentences(language: str, text: str, words: str) -> None:
    """Sentences fall into the words, clusters and syllables that they are known to have."""
    needs(language)
    assert words_of(text, language) == words.split()


@pytest.mark.parametrize("language", sorted(SEGMENTERS))
@given(text=WRITTEN)
@settings(max_examples=60, deadline=None)
def test_properties(language: str, text: str) -> None:
    """On any string starts ascend, lie in stretches, hold the first of each, and never fall inside on a combining sign."""
    needs(language)
    starts = word_starts(text, language)
    assert starts is not None
    assert starts.dtype == np.int64
    assert (np.diff(starts) > 0).all()
    flags = classes(codepoints(text))
    single = (flags & SINGLE) != 0
    assert single[starts].all()
    first = single & ~np.concatenate(([False], single[:-1]))[: len(single)]
    assert set(np.flatnonzero(first)) <= set(starts.tolist())
    marks = (flags & (WORD | LETTER | NUMBER)) == WORD
    assert not (marks & ~first)[starts].any()
    again = word_starts(text, language)
    assert again is not None
    assert (again == starts).all()


@pytest.mark.parametrize("language", CLUSTERED)
@given(left=WRITTEN, right=WRITTEN)
@settings(max_examples=60, deadline=None)
def test_clusters_are_local(language: str, left: str, right: str) -> None:
    """Where a line end stands between two texts, their clusters are those of each alone."""
    apart = [word_starts(left, language), word_starts(right, language)]
    whole = word_starts(f"{left}\n{right}", language)
    assert whole is not None
    assert apart[0] is not None
    assert apart[1] is not None
    assert whole.tolist() == [*apart[0].tolist(), *(apart[1] + len(left) + 1).tolist()]


@pytest.mark.parametrize("language", ["en", "ar", "und", "", "xx"])
def test_languages_without_a_segmenter(language: str) -> None:
    """A language that none is set up for has no word starts, whatever the text holds."""
    assert word_starts("语言 ภาษา", language) is None


@pytest.mark.parametrize("language", sorted(SEGMENTERS))
@pytest.mark.parametrize("text", ["", "a", " ", "latin only.\n", "\ud800"])
def test_nothing_to_segment(language: str, text: str) -> None:
    """Texts without such scripts have no starts and need no package."""
    starts = word_starts(text, language)
    assert starts is not None
    assert not len(starts)


@pytest.mark.parametrize("language", sorted(SEGMENTERS))
@pytest.mark.parametrize(
    "unit",
    [*"一アーあกเะ\u0e48\u17d2ក\u1039ལກ𠀀a", "ตากลม", "က်", "中ก\n", "a中", "\ud800"],
)
def test_hostile_texts(language: str, unit: str) -> None:
    """A million of one character, or of a short cycle of scripts, takes bounded time."""
    needs(language)
    word_starts("中文ภาษา日本", language)
    text = unit * (1_000_000 // len(unit))
    before = time.process_time()
    starts = word_starts(text, language)
    assert time.process_time() - before < 3
    assert starts is not None
    assert len(starts) <= len(text)


@pytest.mark.parametrize(("language", "unit"), [("zh", "北京大学"), ("ja", "日本語の文章を"), ("th", "ภาษาไทยเป็น")])
def test_the_cap(language: str, unit: str) -> None:
    """A segmenter reads the first 50,000 code points; what follows is cut into clusters, a code point each in Han."""
    needs(language)
    text = unit * (2 * MAX_SEGMENTED // len(unit))
    starts, clusters = word_starts(text, language), segment._clusters(codepoints(text), classes(codepoints(text)))
    assert starts is not None
    assert np.array_equal(starts[starts >= MAX_SEGMENTED], np.flatnonzero(clusters)[np.flatnonzero(clusters) >= MAX_SEGMENTED])
    assert np.count_nonzero(starts < MAX_SEGMENTED) < 0.9 * np.count_nonzero(clusters[:MAX_SEGMENTED])


def test_foreign_scripts() -> None:
    """What a language's segmenter does not read falls into clusters; where one script follows another a word begins."""
    needs("zh")
    assert words_of("北京大学ខ្មែរไทย中国", "zh") == ["北京大学", "ខ្មែ", "រ", "ไท", "ย", "中国"]


def test_no_word_begins_at_a_combining_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a segmenter says: words begin where a stretch does, and inside it never at a sign."""
    monkeypatch.setattr(segment, "_loaded", lambda language: lambda text: range(len(text)))
    starts = word_starts("กี่\nี่ก", "th")
    assert starts is not None
    assert starts.tolist() == [0, 4, 6]


def test_varieties_share_a_segmenter() -> None:
    """Cantonese and Mandarin have the words of Chinese."""
    needs("zh")
    assert words_of("我们来到", "yue") == words_of("我们来到", "cmn") == ["我们", "来到"]


def test_word_models() -> None:
    """A word model names what was used, and is a code point wherever no segmenter was asked for."""
    assert word_model("km", ()) == CODEPOINT
    assert word_model("km", ("km",)) == CLUSTER
    assert word_model("en", ("zh",)) == CODEPOINT
    needs("zh")
    version = importlib.metadata.version("rjieba")
    assert word_model("yue", ("zh",)) == word_model("zh", ("zh",)) == f"rjieba {version} hmm"


def test_check_refuses_unknown_languages() -> None:
    """A language without a segmenter is refused with those that have one."""
    check(("km", "lo", "my", "bo"))
    with pytest.raises(SegmenterError, match=r"'de'; allowed: bo, ja, km, lo, my, th, zh"):
        check(("km", "de"))


@pytest.mark.parametrize("language", sorted(MODULES))
def test_a_missing_package(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that is not installed gives one line that names the extra, before a run and in a worker."""

    def absent(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    def load() -> segment.Cut:
        raise ImportError(language)

    monkeypatch.setattr(importlib.metadata, "version", absent)
    with pytest.raises(SegmenterError, match=rf"pip install 'woolmill\[{language}\]'"):
        check((language,))
    monkeypatch.setattr(segment, "_loaded", segment._loaded.__wrapped__)
    one = SEGMENTERS[language]
    monkeypatch.setitem(segment.SEGMENTERS, language, segment.Segmenter(one.name, one.packages, one.scripts, load))  # type: ignore[arg-type]
    with pytest.raises(SegmenterError, match=rf"pip install 'woolmill\[{language}\]'"):
        word_starts("中文ไทย", language)


@pytest.mark.skipif("WOOLMILL_DATA" not in os.environ, reason="WOOLMILL_DATA is not set")
def test_real_texts() -> None:
    """On real pages a word has as many code points as segmenters and clusters of the language are known to give."""
    expected = {"zh": (1.6, 2.1), "ja": (1.8, 2.4), "th": (3.4, 5.2), "km": (1.5, 2.6), "lo": (1.5, 2.6), "my": (1.8, 3.6)}
    texts: dict[str, list[str]] = {}
    with lzma.open(Path(os.environ["WOOLMILL_DATA"]) / "parity" / "texts.jsonl.xz", "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row["lang"] in expected and row["lang"] in HERE and len(texts.setdefault(row["lang"], [])) < 15:
                texts[row["lang"]].append(row["text"])
    for language, some in texts.items():
        single = sum(int(np.count_nonzero(classes(codepoints(text)) & SINGLE)) for text in some)
        found = [word_starts(text, language) for text in some]
        least, most = expected[language]
        assert least < single / sum(len(one) for one in found if one is not None) < most, language
    assert {"km", "lo"} <= set(texts)
