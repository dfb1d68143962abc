"""Languages are named from prose in lower case, and a label must fit the letters' script."""

import json
import lzma
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.fasttext import FastText, load
from udfs.language import LanguageGuess, identify, normal, score_of_lines, script_fits, script_shares, windows
from udfs.spans import Span


@pytest.fixture(scope="module")
def model() -> FastText:
    shipped = Path(__file__).resolve().parents[2] / "classifiers" / "models" / "lid.176.ftz"
    path = Path(os.environ.get("WOOLMILL_LID", shipped))
    if not path.is_file():
        pytest.skip("no language model: set WOOLMILL_LID or run `woolmill models fetch`")
    return load(str(path))


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("The quick reader finds the answer on the second page of the manual.", "en"),
        ("WIR HABEN DIE GANZE SEITE IN GROSSBUCHSTABEN GESCHRIEBEN, OHNE GRUND.", "de"),
        ("Это обычный русский текст, написанный для проверки.", "ru"),
        ("これは日本語で書かれた、少し長めの文章です。試験のために使います。", "ja"),
        ("这是一段用来测试语言识别的中文文本，内容没有特别的意义。", "zh"),
        ("برای آزمایش این متن کوتاه به زبان فارسی نوشته شده است و معنایی ندارد.", "fa"),
        ("이 글은 언어를 알아맞히는 시험을 위해 쓴 한국어 문장입니다. 뜻은 없습니다.", "ko"),
    ],
)
def test_clear_cases(model, text, lang):
    """One sentence in each of several scripts, one of them all in capitals."""
    guess = identify(text, model=model)
    assert guess.lang == lang
    assert guess.score > 0.5


@pytest.mark.parametrize(
    "text", ["", "a", "12 345 67.8 + 9", "too few letters", "\x00" * 50, "https://example.org/a/long/path/of/words"]
)
def test_too_little_to_say(model, text):
    """Fewer than twenty letters of prose give no language."""
    assert identify(text, model=model) == LanguageGuess("und", 0.0)


def test_code_does_not_count(model):
    """A German page with an English listing is German."""
    code = "for each item in the list return the first value that is not in the other list\n" * 6
    prose = "Das folgende Beispiel zeigt, wie man die Liste liest und die Werte ausgibt."
    text = prose + "\n" + code
    spans = (Span(len(prose) + 1, len(text), "code"),)
    assert identify(text, spans, model=model).lang == "de"
    assert identify(text, model=model).lang == "en"


def test_script_must_fit():
    """Labels are passed over when the text has next to none of their letters; signs of words weigh more."""
    shares = script_shares("abcdefghij" * 3 + "漢字漢字漢字漢字")
    assert round(shares["CJK"], 2) == 0.44
    assert script_fits("zh", shares)
    assert script_fits("en", shares)
    assert not script_fits("ru", shares)
    assert not script_fits("hi", {"LATIN": 1.0})
    assert not script_fits("en", {"CYRILLIC": 1.0})


def test_windows_see_start_middle_and_end():
    """A long text is sampled at three places, a short one is read whole."""
    assert windows("a" * 1200) == "a" * 1200
    sample = windows("a" * 5000 + "b" * 5000 + "c" * 5000)
    assert [sample.count(c) for c in "abc"] == [400, 400, 400]


@given(st.text(max_size=400))
def test_normal_form_is_stable(text):
    """Addresses, capitals and runs of blanks are gone after one pass."""
    once = normal(text)
    assert normal(once).split() == once.split() or "@" in text or "www" in text.lower() or "http" in text.lower()
    assert "  " not in once


def test_gold_pages(model):
    """Of the test crawl's 420 gold texts at least 405 are named right (411 measured; the rest read as English)."""
    data = os.environ.get("WOOLMILL_DATA")
    if not data:
        pytest.skip("WOOLMILL_DATA is not set")
    with lzma.open(Path(data) / "warc" / "gold_text.jsonl.xz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    assert sum(identify(row["text"], model=model).lang == row["lang"] for row in rows) >= 405


def test_a_page_in_one_code_block_has_a_language(model):
    """Where there is nothing but a preformatted block, its words name the language."""
    text = "Dieses Programm liest eine Datei und schreibt ihren Inhalt auf die Standardausgabe, Zeile um Zeile."
    assert identify(text, [Span(0, len(text), "code")], model=model).lang == "de"


def test_scripts_of_one_language_count_together():
    """Japanese is written in three scripts; none of them has to reach the share alone."""
    shares = {"CJK": 0.1, "HIRAGANA": 0.1, "KATAKANA": 0.1, "LATIN": 0.7}
    assert script_fits("ja", shares)
    assert not script_fits("ru", shares)


MIXED = """Use this dialog to determine the spacing between formula elements on the page.
आप इस संवाद का उपयोग सूत्र तत्वों के बीच की दूरी निर्धारित करने के लिए कर सकते हैं।
The spacing is specified as a percentage in relation to the base size defined under the format.
प्रतिशत को आधार आकार के संबंध में निर्दिष्ट किया जाता है जो प्रारूप के अंतर्गत परिभाषित है।"""


def test_a_page_in_two_languages_is_sure_of_its_lines(model):
    """Half translated pages are sure line by line; random letters are not, however they are cut."""
    assert identify(MIXED, model=model).score > 0.8
    noise = "\n".join("kq zvw xr jjt bnm qpl wkd fzx rty plo ghq vbn mzx" for _ in range(4))
    assert identify(noise, model=model).score < 0.5
    assert score_of_lines("", model=model) == score_of_lines("12 34\n5", model=model) == 0.0
