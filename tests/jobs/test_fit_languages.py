"""Stop words are found in what is in the language, and a language that can't be fitted is told what would help."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from classifiers.registry import path_of
from jobs.fit_languages import LanguageFit, text_of, without_english
from udfs.fasttext import ModelMissing
from udfs.languages import load

LITHUANIAN = "Šis filtras keičia paveikslo spalvas, jeigu jūs pasirinkote sluoksnį ir paspaudėte mygtuką."
ENGLISH = "You can access this command from the image menubar through the filters menu."


@pytest.fixture(scope="module", autouse=True)
def model() -> Path:
    """The language model; tests are skipped where it has not been fetched."""
    try:
        return path_of("lid.176")
    except ModelMissing as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"{LITHUANIAN}\n{ENGLISH}\n{LITHUANIAN}", f"{LITHUANIAN}\n{LITHUANIAN}"),
        (f"{ENGLISH}\nOK", "OK"),
        (LITHUANIAN, LITHUANIAN),
        (ENGLISH, ""),
        ("", ""),
        ("12 34\n\n!", "12 34\n\n!"),
    ],
)
def test_english_lines_are_passed_over(text: str, left: str) -> None:
    """Sentences that a translation has left in English go; lines of the language, and those too short to tell, stay."""
    assert without_english(text) == left


def test_a_file_says_how_many_sites_speak_for_its_stop_words() -> None:
    """Stop words of one site come with a warning, those of many with a number, those set by hand with neither."""
    fit = LanguageFit("lt", 120, 400, "", ("ir", "yra"), (), frozenset(), {}, "run", 1)
    assert "# Stop words of 1 site: words of their menus may be among them, look" in text_of(fit)
    assert "# Stop words of 7 sites; English lines" in text_of(replace(fit, sites=7))
    assert "site" not in text_of(replace(fit, sites=0))


def test_shipped_scripts_without_blanks_have_one_set_of_limits() -> None:
    """Thai, Lao, Burmese, Tibetan and Khmer, whose words are code points of an alphabet, share their limits on n-grams."""
    wanted = {f"gopher.dup_{n}gram.high": 0.85 for n in range(5, 11)}
    for code in ("th", "lo", "my", "bo", "km"):
        assert wanted.items() <= load(code).thresholds.items()
