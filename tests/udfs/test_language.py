"""Languages are named from prose in lower case, and a label must fit the letters' script."""

import json
import lzma
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.fasttext import FastText, load
from udfs.language import (
    CONFUSABLE,
    MAX_LINES,
    LanguageGuess,
    Line,
    confidence,
    identify,
    identify_whole,
    lines,
    normal,
    other_language,
    score_of_lines,
    script_fits,
    script_shares,
    windows,
)
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
    assert score_of_lines(lines("", model=model)) == score_of_lines(lines("12 34\n5", model=model)) == 0.0


@pytest.mark.parametrize(
    ("text", "lang", "other"),
    [
        (MIXED, "hi", "en"),
        (
            "Der Befehl liest eine Datei ein und schreibt ihren Inhalt auf die Standardausgabe.\n"
            "This command can be accessed from the image menubar through the filters menu.\n"
            "Mit dieser Option lässt sich die Ausgabe in eine andere Datei umleiten, falls gewünscht.\n"
            "You can also redirect the output to another file with this option, if you want to.",
            "de",
            "en",
        ),
    ],
)
def test_a_page_in_two_languages(model, text, lang, other):
    """The second language of a page is named, with its share of the letters; in two scripts and in one."""
    guess = identify(text, model=model)
    assert {guess.lang, guess.other} == {lang, other}
    assert 0.2 < guess.other_share < 0.8
    assert identify_whole(text, model=model).other is None


@pytest.mark.parametrize(
    "text",
    [
        "The quick reader finds the answer on the second page of the manual.\nA second line says the same in other words.",
        "これは日本語で書かれた、少し長めの文章です。試験のために使います。\nこの行もまた日本語で書かれています。ご覧ください。",
        "",
        "\n" * 50,
        "a\x00\ud800b" * 40,
    ],
)
def test_a_page_in_one_language(model, text):
    """A page in one language has no second one, and neither has one that says nothing."""
    guess = identify(text, model=model)
    assert (guess.other, guess.other_share) == (None, 0.0)


def test_a_second_script_is_looked_at(model):
    """Where the model is sure of one language, letters of another script make the lines be asked."""
    thai = "คู่มือผู้ใช้นี้อธิบายการใช้งานทั่วไปของเดสก์ท็อป เนื้อหาจะครอบคลุมถึงเรื่องพาเนล เมนู การจัดการแฟ้ม และการปรับแต่งค่า"
    text = f"{thai}\n{thai}\nThe panel holds the menus."
    whole = identify_whole(text, model=model)
    assert (whole.lang, whole.second_score < 0.005, whole.score > 0.9) == ("th", True, True)
    guess = identify(text, model=model)
    assert guess.other == "en"
    assert 0.05 < guess.other_share < 0.3


def test_certainty_is_shared_within_a_group(model):
    """The model is sure of Slovenian or Norwegian only together with the languages beside it; others gain nothing."""
    slovenian = "V pogovornem oknu izberite želeno možnost in kliknite gumb za potrditev izbire."
    found = model.predict(normal(slovenian), 8)
    assert found[0][0] == "sl"
    assert identify(slovenian, model=model).score > found[0][1] + 0.05
    assert confidence("id", [("id", 0.4), ("ms", 0.3), ("en", 0.2)]) == pytest.approx(0.7)
    assert confidence("ms", [("id", 0.4), ("ms", 0.3)]) == pytest.approx(0.7)
    assert confidence("en", [("en", 0.4), ("ms", 0.3)]) == pytest.approx(0.4)
    assert confidence("en", []) == 0.0


def test_groups_are_of_the_models_labels_and_apart(model):
    """Every confusable label but one alias is a label of the model, and none is in two groups, so that likeness is symmetric."""
    labels = [label for group in CONFUSABLE for label in group]
    assert len(labels) == len(set(labels))
    assert set(labels) - set(model.labels()) <= {"nb"}


def test_the_second_language_is_of_most_letters():
    """Letters decide, unsure lines and confusable languages don't count, and ties go to the first code."""
    line = [Line(30, (("fr", 0.9),)), Line(40, (("en", 0.95),)), Line(30, (("gl", 0.9),)), Line(100, (("es", 0.9),))]
    assert other_language(line, "es") == ("en", 0.2)
    assert other_language([*line, Line(50, (("fr", 0.5),))], "es") == ("en", pytest.approx(0.16))
    assert other_language([Line(30, (("fr", 0.9),)), Line(30, (("en", 0.9),)), Line(30, (("es", 1.0),))], "es")[0] == "en"
    assert other_language([Line(30, ())], "es") == other_language([], "es") == (None, 0.0)


def test_few_lines_are_asked(model):
    """However long a text is, so many of its lines are asked, spread over the whole of it; short lines never."""
    text = "\n".join(f"This is an English line with the number {'abcdefghij'[i % 10] * 5} in it." for i in range(1000))
    assert 20 <= len(lines(text, model=model)) <= MAX_LINES
    assert lines("short\nlines\nonly", model=model) == ()
