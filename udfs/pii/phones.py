"""Telephone numbers in running text: a prefix, a written form or a word near by proposes, the metadata of ``phonenumbers`` decides."""

from __future__ import annotations

import re
from typing import Final

import phonenumbers

from udfs.pii.findings import before
from udfs.urls import host_of

_SEPARATORS: Final = " ()./\u00a0\u2009\u202f\u2010-\u2013-"
_PHONE: Final = re.compile(
    rf"[(+0-9](?<![\w.,/+~-][(+0-9])(?:(?<=\()\+)?(?:(?<![(+])|(?=[\d(+]))[\d{_SEPARATORS}]{{6,22}}\d(?!\w)", re.ASCII
)
# What a word for telephone says about where a national number is from, by the language that the word is of. Those with a hyphen stand
# in scripts that put no blanks between words, or that decline them, and are looked for within words.
_CUE_TABLE: Final = """
: tel tele phone phones ph telephone telefax fax faks mobil mobile mob cellphone gsm call calling dial ring
: hotline helpline toll tollfree freephone whatsapp sms viber
DE AT CH: telefon telefonnummer handy mobil mobilnr rufnummer durchwahl
FR BE CH CA: tél téléphone portable
ES MX AR CO CL PE: teléfono teléfonos telefono tfno móvil celular llame llamar
BR PT: telefone telefones telemóvel celular ligue
IT CH: telefono cellulare cell
NL BE: telefoon telefoonnummer gsm mobiel
SE NO DK FI: telefonnr telefonnummer tlf puh puhelin mobilnr
PL CZ SK HU RO: telefon telefonu komórka kom telefonní telefónne telefonszám telefonul
TR: telefon gsm
RU UA KZ BY: тел телефон телефона телефону телефоны моб факс звоните
GR CY: -τηλ- -κιν- -φαξ-
VN: thoại đt sđt
ID: telepon telp hubungi
JP TW HK: -電話- -携帯- -ｔｅｌ- -問い合わせ-
CN TW HK: -电话- -手机- -手機- -热线- -传真- -傳真- -座机- -联系方式-
KR: -전화- -휴대폰- -연락처- -팩스-
SA EG AE MA JO: -هاتف- -جوال- -موبايل- -فاكس- -الاتصال-
IR: -تلفن- -موبایل- -همراه- -فکس-
IL: -טלפון- -נייד- -פקס-
IN: -फ़ोन- -फोन- -फ़ोन- -मोबाइल- -दूरभाष- -संपर्क-
TH: -โทร- -มือถือ- -แฟกซ์-
: -☎- -✆- -☏- -📞- -📱- -📠-
"""


def _cues() -> dict[str, tuple[str, ...]]:
    cues: dict[str, tuple[str, ...]] = {}
    for regions, words in (line.split(":") for line in _CUE_TABLE.strip().splitlines()):
        for word in words.split():
            cues[word] = (*cues.get(word, ()), *regions.split())
    return cues


_WORD_CUES: Final = {word: regions for word, regions in _cues().items() if word[0] != "-"}
_PART_CUES: Final = {word.strip("-"): regions for word, regions in _cues().items() if word[0] == "-"}
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_NANP_FORM: Final = re.compile(r"(?:1[-. ])?(?:\([2-9]\d\d\)[ -]?|[2-9]\d\d[-. /])[2-9]\d\d[-. \u2010-\u2013]\d{4}")
_NANP_START: Final = re.compile(r"\([2-9]\d\d\)[ -]?[2-9]\d\d[-. ]\d{4}")
_TRUNK_ZERO_REGIONS: Final = ("DE", "GB", "FR", "IT", "JP", "CN", "IN", "NL", "AU", "KR", "TR")
_OTHER_NUMBER: Final = re.compile(
    r"\d\.\d{5,}|(?:\d{1,3}\.){3}\d{1,3}\Z|(?:19|20)\d\d[-./](?:0[1-9]|1[0-2])[-./](?:[0-2]\d|3[01])(?!\d)|97[89][- ]\d"
)
_NOT_PHONE_CUE: Final = re.compile(
    r"\b(?:isbn(?:-1[03])?|issn|doi|ean|oclc|lccn|pmid|arxiv|vat|id|no|nr|sha1|commit)\b[\s:.#]{0,3}\Z", re.IGNORECASE
)
_OPERAND: Final = re.compile(r"(?:\A|[^\w.,])(?:\w|[\d.,]+)\s{0,3}\Z|[)\]}\"'*^/%=<|&]\s{0,3}\Z")
_OPERATION: Final = re.compile(r"\s{0,3}(?:[*^=%/]|[A-Za-z]\b|[-+] ?\d)")
_LAST_BLANK: Final = re.compile(r"[ \u00a0\u2009\u202f](?=[^ \u00a0\u2009\u202f]{0,30}\Z)")
_WINDOW: Final = 24


def phone_end(text: str, start: int, region: str | None) -> int | None:
    """Return the end of a telephone number that starts at a place; None where there is none.

    Parameters
    ----------
    text : str
        Any string.
    start : int
        Where a digit, a plus or an opening bracket stands.
    region : str or None
        ISO 3166 code of the country whose national numbers are expected, besides those that a word for telephone implies.
    """
    match = _PHONE.match(text, start)
    if match is None or (text[start] == "(" and ")" not in match[0]):
        return None
    written = match[0]
    left = before(text, start, _WINDOW)
    regions = _cued_regions(left)
    international = written.lstrip("(").startswith(("+", "00"))
    if regions is None and not international and not _NANP_START.match(written):
        return None
    if _NOT_PHONE_CUE.search(left) or (regions is None and _is_sum(left, written, text[match.end() : match.end() + 6])):
        return None
    if region and regions is not None:
        regions = (region, *regions)
    length = _length(written, regions)
    # Without a word near by, a run of digits after 00 is any number.
    return start + length if length and (regions is not None or not written[:length].isdigit()) else None


_TOP_LEVEL_REGIONS: Final = {"uk": "GB"} | {code.lower(): code for code in phonenumbers.SUPPORTED_REGIONS}
# Country codes that are sold to everybody.
_SOLD: Final = "ac ag ai am bz cc cd co cx fm gg gl im io la li ly me mn ms nu pw sc sh so st tk tl to tv vc ws"
_GENERIC: Final = frozenset(_SOLD.split())


def region_of(url: str) -> str | None:
    """Return the ISO 3166 code of the country that a URL's top-level domain stands for; None for ``.com``, ``.io`` and their like."""
    top = host_of(url).rpartition(".")[2]
    return None if top in _GENERIC else _TOP_LEVEL_REGIONS.get(top)


def _is_sum(left: str, written: str, right: str) -> bool:
    """Whether a plus is that of a sum: a number without groups between operands."""
    return written.startswith("+") and written[1:].isdigit() and bool(_OPERAND.search(left) or _OPERATION.match(right))


def _cued_regions(left: str) -> tuple[str, ...] | None:
    """Return the regions that words for telephone imply, which may be none; None where there is no such word."""
    found: tuple[str, ...] | None = None
    lowered = left.lower()
    for word in _LETTERS.findall(lowered):
        if word in _WORD_CUES:
            found = (*(found or ()), *_WORD_CUES[word])
    if not lowered.isascii():
        for part, regions in _PART_CUES.items():
            if part in lowered:
                found = (*(found or ()), *regions)
    return found


def _length(written: str, regions: tuple[str, ...] | None) -> int:
    """Return how many characters of a candidate are a telephone number; 0 for none. Regions are None where no word says telephone."""
    for _ in range(3):
        if written.count("(") == written.count(")") and _is_phone(written, regions):
            return len(written)
        # A number or a date may follow after a blank.
        written = _LAST_BLANK.split(written)[0].rstrip(_SEPARATORS.replace(")", ""))
    return 0


def _is_phone(written: str, regions: tuple[str, ...] | None) -> bool:
    if _OTHER_NUMBER.match(written):
        return False
    bare = written.lstrip("(")
    if bare.startswith(("+", "00")):
        return _is_international(bare, cued=regions is not None)
    if _NANP_FORM.fullmatch(written):
        return _is_valid(written, "US")
    possible = regions or ()
    if bare.startswith("0"):
        possible = (*possible, *_TRUNK_ZERO_REGIONS)
    elif written.isdigit() and len(written) == 10:
        # Mobile numbers of India start with 6 to 9; all others of ten digits are written in groups.
        possible = (*possible, "US", *(("IN",) if written[0] in "6789" else ()))
    elif bare.startswith("8") and sum(map(str.isdigit, bare)) == 11:
        possible = (*possible, "RU")
    return any(_is_valid(written, one) for one in dict.fromkeys(possible))


def _is_international(written: str, *, cued: bool) -> bool:
    groups = re.findall(r"[0-9]+", written)
    if written.startswith("00"):
        groups[0] = groups[0][2:]
        # Rows of two-digit numbers, as in dumps and tables, are no telephone number.
        if {len(group) for group in groups[1:]} == {2}:
            return False
    digits = "".join(groups)
    if not 7 <= len(digits) <= 15 or digits.startswith("0"):
        return False
    parsed = _parsed(f"+{digits}", None)
    if parsed is None or phonenumbers.is_valid_number(parsed):
        return parsed is not None
    code, *rest = [group for group in groups if group]
    spaced = code == str(parsed.country_code) and 2 <= len(rest) <= 3 and min(map(len, rest)) >= 3
    return (spaced or cued) and phonenumbers.is_possible_number(parsed)


def _is_valid(number: str, region: str) -> bool:
    parsed = _parsed(number, region)
    return parsed is not None and phonenumbers.is_valid_number(parsed)


def _parsed(number: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
