"""National ids: published examples, check digits that fail, and that none is looked for unless it is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.schema import NATIONAL_IDS as SETTINGS
from conf.schema import Clean
from udfs.pii import NATIONAL_IDS, UnknownNationalIdError, find, redact
from udfs.pii.checksums import luhn, mod_11_10, verhoeff

# Examples as the issuers or the standards publish them: none belongs to a person.
EXAMPLES = [
    ("br_cpf", "", "529.982.247-25"),
    ("br_cpf", "CPF ", "52998224725"),
    ("cn_resident_id", "", "11010519491231002X"),
    ("de_steuer_id", "", "86095742719"),
    ("de_steuer_id", "", "47 036 892 816"),
    ("es_dni", "", "12345678Z"),
    ("es_dni", "", "X1234567L"),
    ("fr_nir", "", "2 55 08 14 168 025 38"),
    ("in_aadhaar", "Aadhaar: ", "2341 2341 2346"),
    ("it_codice_fiscale", "", "RSSMRA85T10A562S"),
    ("it_codice_fiscale", "", "MRTMTT91D08F205J"),
    ("pl_pesel", "PESEL ", "44051401359"),
    ("se_personnummer", "", "811218-9876"),
    ("uk_nino", "National Insurance number ", "AB 12 34 56 C"),
    ("us_ssn", "SSN ", "078-05-1120"),
]


@pytest.mark.parametrize(("kind", "before", "number"), EXAMPLES)
def test_published_examples(kind: str, before: str, number: str) -> None:
    """Each is found where it is named in the settings, typed, and only then."""
    text = f"of {before}{number}, filed"
    start = text.index(number)
    assert find(text, ids=frozenset([kind])) == [(start, start + len(number), f"national_id:{kind}")]
    assert not [label for *_, label in find(text) if label.startswith("national_id")]
    assert redact(text, ids=frozenset([kind])) == (f"of {before}<NATIONAL_ID>, filed", (), {"national_id": 1})


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("br_cpf", "529.982.247-26"),
        ("br_cpf", "111.111.111-11"),
        ("br_cpf", "52998224725"),
        ("cn_resident_id", "110105194912310021"),
        ("cn_resident_id", "11010519491331002X"),
        ("de_steuer_id", "86095742718"),
        ("es_dni", "12345678A"),
        ("fr_nir", "2 55 08 14 168 025 39"),
        ("in_aadhaar", "Aadhaar 2341 2341 2347"),
        ("in_aadhaar", "2341 2341 2346"),
        ("it_codice_fiscale", "RSSMRA85T10A562T"),
        ("pl_pesel", "PESEL 44051401358"),
        ("pl_pesel", "44051401359"),
        ("se_personnummer", "811218-9877"),
        ("se_personnummer", "811318-9876"),
        ("uk_nino", "National Insurance GB 12 34 56 C"),
        ("uk_nino", "part AB 12 34 56 C"),
        ("us_ssn", "SSN 666-05-1120"),
        ("us_ssn", "Section 123-45-6789 of the form"),
    ],
)
def test_what_only_looks_like_one(kind: str, number: str) -> None:
    """A wrong check digit or date, and a number that needs its name and lacks it, are none."""
    assert find(number, ids=frozenset([kind])) == []


@given(st.text("0123456789", min_size=1, max_size=14))
def test_every_number_has_exactly_one_check_digit(body: str) -> None:
    """Luhn, Verhoeff and MOD 11,10 accept one last digit of ten."""
    for check in (luhn, verhoeff, mod_11_10):
        assert sum(check(body + digit) for digit in "0123456789") == 1


def test_an_unknown_name_gives_the_closest() -> None:
    """The error names what was seen and what was likely meant."""
    with pytest.raises(UnknownNationalIdError, match="'us_sn'; the closest is 'us_ssn'"):
        find("", ids=frozenset(["us_sn"]))


def test_settings_and_code_name_the_same() -> None:
    """The recipe's list is that of the code, off by default, and refuses others with the closest name."""
    assert set(SETTINGS) == set(NATIONAL_IDS)
    assert Clean().national_ids == ()
    assert Clean.model_validate({"national_ids": "us_ssn, br_cpf"}).national_ids == ("us_ssn", "br_cpf")
    with pytest.raises(ValueError, match="closest is 'pl_pesel'"):
        Clean.model_validate({"national_ids": ["pesel"]})
