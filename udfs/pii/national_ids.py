"""National identification numbers: off unless a recipe names them, each with the check that its issuer publishes.

A number whose check a tenth of all numbers passes counts only in its written form or after the word that names it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from udfs.pii.checksums import luhn, mod_11_10, verhoeff, weighted
from udfs.pii.findings import Found, before

_WINDOW: Final = 40


class UnknownNationalIdError(LookupError):
    """A kind of national id that does not exist, with the closest that does."""

    def __init__(self, name: str) -> None:
        close = difflib.get_close_matches(name, NATIONAL_IDS, n=1, cutoff=0.0)
        super().__init__(f"unknown national id {name!r}; the closest is {close[0]!r}, all are {', '.join(NATIONAL_IDS)}")


@dataclass(frozen=True, slots=True)
class NationalId:
    """How the numbers of a country are written and checked.

    Parameters
    ----------
    pattern : re.Pattern
        What proposes a number; bounded.
    is_valid : callable
        Whether a number without blanks, dots, dashes and slashes, in upper case, is one.
    cue : re.Pattern or None
        Words of which one has to stand before the number; None where the check is strong enough alone.
    form : re.Pattern or None
        A way of writing that needs no cue.
    """

    pattern: re.Pattern[str]
    is_valid: Callable[[str], bool]
    cue: re.Pattern[str] | None = None
    form: re.Pattern[str] | None = None


def national_ids(text: str, kinds: frozenset[str]) -> Iterator[Found]:
    """Yield the national ids of a text.

    Parameters
    ----------
    text : str
        Any string.
    kinds : frozenset of str
        Names of `NATIONAL_IDS`.

    Raises
    ------
    UnknownNationalIdError
        When a name is none of them.
    """
    for name in sorted(kinds):
        if name not in NATIONAL_IDS:
            raise UnknownNationalIdError(name)
        kind = NATIONAL_IDS[name]
        for match in kind.pattern.finditer(text):
            if kind.is_valid(_compact(match[0])) and _is_named(text, match, kind):
                yield *match.span(), f"national_id:{name}"


def _compact(written: str) -> str:
    return re.sub(r"[ ./+-]", "", written).upper()


def _is_named(text: str, match: re.Match[str], kind: NationalId) -> bool:
    if kind.cue is None or (kind.form is not None and kind.form.fullmatch(match[0])):
        return True
    return kind.cue.search(before(text, match.start(), _WINDOW)) is not None


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _us_ssn(digits: str) -> bool:
    return digits[:3] not in ("000", "666") and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000"


def _uk_nino(number: str) -> bool:
    return number[:2] not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")


def _de_steuer_id(digits: str) -> bool:
    counts = sorted(digits[:10].count(digit) for digit in set(digits[:10]))
    # Of the first ten digits exactly one occurs two or three times.
    return digits[0] != "0" and counts[-1] in (2, 3) and (len(counts) < 2 or counts[-2] == 1) and mod_11_10(digits)


def _fr_nir(number: str) -> bool:
    corsica = {"2A": (19, 0), "2B": (18, 0)}.get(number[5:7])
    body = number[:5] + (str(corsica[0]) if corsica else number[5:7]) + number[7:13]
    month = int(number[3:5])
    return body.isdigit() and 97 - int(body) % 97 == int(number[13:]) and (1 <= month <= 12 or 20 <= month <= 42 or month >= 50)


_DNI_LETTERS: Final = "TRWAGMYFPDXBNJZSQVHLCKE"


def _es_dni(number: str) -> bool:
    digits = number[:-1].translate(str.maketrans("XYZ", "012"))
    return _DNI_LETTERS[int(digits) % 23] == number[-1]


_ODD: Final = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (
            1,
            0,
            5,
            7,
            9,
            13,
            15,
            17,
            19,
            21,
            1,
            0,
            5,
            7,
            9,
            13,
            15,
            17,
            19,
            21,
            2,
            4,
            18,
            20,
            11,
            3,
            6,
            8,
            12,
            14,
            16,
            10,
            22,
            25,
            24,
            23,
        ),
        strict=True,
    )
)


def _it_codice_fiscale(number: str) -> bool:
    odd = sum(_ODD[char] for char in number[0:15:2])
    even = sum(int(char) if char.isdigit() else ord(char) - ord("A") for char in number[1:15:2])
    return chr(ord("A") + (odd + even) % 26) == number[-1]


def _br_cpf(digits: str) -> bool:
    first = weighted(digits, range(10, 1, -1)) * 10 % 11 % 10
    second = weighted(digits, range(11, 1, -1)) * 10 % 11 % 10
    return len(set(digits)) > 1 and digits[9:] == f"{first}{second}"


def _cn_resident_id(number: str) -> bool:
    check = weighted(number[:17], (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)) % 11
    return "10X98765432"[check] == number[17] and _is_date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def _pl_pesel(digits: str) -> bool:
    century, month = divmod(int(digits[2:4]), 20)
    year = (1900, 2000, 2100, 2200, 1800)[century] + int(digits[:2])
    check = -weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10
    return check == int(digits[10]) and _is_date(year, month, int(digits[4:6]))


def _se_personnummer(digits: str) -> bool:
    short = digits[-10:]
    year = int(digits[:4]) if len(digits) == 12 else 2000 + int(short[:2])
    day = int(short[4:6])
    # A day above 60 is that of a coordination number.
    return luhn(short) and _is_date(year, int(short[2:4]), day - 60 if day > 60 else day)


def _in_aadhaar(digits: str) -> bool:
    return verhoeff(digits)


def _kind(pattern: str, is_valid: Callable[[str], bool], cue: str = "", form: str = "") -> NationalId:
    guarded = re.compile(rf"(?<![\w.+-]){pattern}(?![\w-]|[.,]\d)", re.ASCII)
    named = re.compile(cue, re.IGNORECASE) if cue else None
    return NationalId(guarded, is_valid, named, re.compile(form, re.ASCII) if form else None)


NATIONAL_IDS: Final = {
    "br_cpf": _kind(
        r"\d{3}\.?\d{3}\.?\d{3}[-/]?\d{2}",
        _br_cpf,
        r"\b(?:cpf|cadastro de pessoas f[ií]sicas)\b",
        r"\d{3}\.\d{3}\.\d{3}[-/]\d{2}",
    ),
    "cn_resident_id": _kind(r"[1-9]\d{5}(?:19|20)\d{9}[\dXx]", _cn_resident_id),
    "de_steuer_id": _kind(r"[1-9]\d(?: ?\d{3}){3}", _de_steuer_id),
    "es_dni": _kind(r"(?:\d{8}|\d{1,2}\.\d{3}\.\d{3}|[XYZ]-?\d{7})[- ]?[A-HJ-NP-TV-Z]", _es_dni),
    "fr_nir": _kind(r"[1-478] ?\d\d ?\d\d ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d", _fr_nir),
    "in_aadhaar": _kind(r"[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}(?![ -]?\d)", _in_aadhaar, r"aadhaa?r|uidai|आधार"),
    "it_codice_fiscale": _kind(
        r"[A-Z]{6}[0-9LMNPQRSTUV]{2}[A-EHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]", _it_codice_fiscale
    ),
    "pl_pesel": _kind(r"\d{11}", _pl_pesel, r"\bpesel\b"),
    "se_personnummer": _kind(
        r"(?:19|20)?\d{6}[-+]?\d{4}",
        _se_personnummer,
        r"\b(?:person(?:nummer|nr)|samordningsnummer)\b",
        r"(?:19|20)?\d{6}[-+]\d{4}",
    ),
    "uk_nino": _kind(
        r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?: ?\d\d){3} ?[A-D]",
        _uk_nino,
        r"\b(?:nino|national insurance|n\.?i\.? (?:no|number))\b",
    ),
    "us_ssn": _kind(r"\d{3}[- ]\d\d[- ]\d{4}", _us_ssn, r"\b(?:ssn|social security)\b"),
}
"""Every kind by its name: country, then what its people call it."""
