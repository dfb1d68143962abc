"""Bank accounts and payment cards: numbers whose check digits, lengths and issuers are published."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from udfs.pii.checksums import luhn
from udfs.pii.findings import after, before

# Length, then its countries, from the registry of ISO 13616.
_IBAN_REGISTRY: Final = """
15 NO, 16 BE, 18 DK FI FK FO GL NL SD, 19 MK SI, 20 AT BA EE KZ LT LU MN XK, 21 CH HR LI LV,
22 BG BH CR DE GB GE IE ME RS VA, 23 AE GI IL IQ OM SO TL, 24 AD CZ ES MD PK RO SA SE SK TN VG, 25 LY PT ST, 26 IS TR,
27 BI DJ FR GR IT MC MR SM, 28 AL AZ BY CY DO GT HN HU LB NI PL SV, 29 BR EG PS QA UA, 30 JO KW MU YE, 31 MT SC, 32 LC,
33 RU
"""
_IBAN_LENGTHS: Final = {
    country: int(length) for length, *countries in map(str.split, _IBAN_REGISTRY.split(",")) for country in countries
}

_CARD: Final = re.compile(r"[0-9](?<![\w.,+-][0-9])(?:[ -]?[0-9]){12,18}(?![\w-]|[.,]\d)", re.ASCII)
_CARD_FORM: Final = re.compile(r"\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|3[47]\d{2}([ -])\d{6}\2\d{5}")
_CARD_CUE: Final = re.compile(
    r"\b(?:cards?|cc|visa|mastercard|maestro|amex|american express|discover|diners|jcb|unionpay|credit|debit|pay|payment"
    r"|cvv2?|cvc2?|exp|expir\w{1,4}|karte|kreditkarte|carte|tarjeta|cartão|carta|карта|карты)\b|カード|信用卡|银行卡|카드",
    re.IGNORECASE,
)
_ROW: Final = re.compile(r"\d{4}[ -]\Z|\d [|\t]? ?\Z")
_ISSUERS: Final = re.compile(  # prefix and length, ISO/IEC 7812 ranges as the issuers publish them
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|(?:222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}|3[47]\d{13}"
    r"|(?:6011|64[4-9]\d|65\d\d)\d{12,15}|35(?:2[89]|[3-8]\d)\d{12,15}|3(?:0[0-5]|[689]\d)\d{11,16}|62\d{14,17}"
)


def iban_end(text: str, digits: int) -> int | None:
    """Return the end of an IBAN whose two check digits start at a place, behind the country; None where there is none."""
    start = digits - 2
    length = _IBAN_LENGTHS.get(text[start:digits]) if start >= 0 else None
    if length is None or (start and text[start - 1].isascii() and text[start - 1].isalnum()):
        return None
    written = _iban_form(length).match(text, start)
    if written is None:
        return None
    compact = re.sub("[^A-Z0-9]", "", written[0])
    number = "".join(str(int(char, 36)) for char in compact[4:] + compact[:4])
    return written.end() if int(number) % 97 == 1 else None


@cache
def _iban_form(length: int) -> re.Pattern[str]:
    groups, rest = divmod(length, 4)
    last = f"[ \u00a0-]?[A-Z0-9]{{{rest}}}" if rest else ""
    return re.compile(f"[A-Z0-9]{{4}}(?:[ \u00a0-]?[A-Z0-9]{{4}}){{{groups - 1}}}{last}(?![A-Za-z0-9])")


def card_end(text: str, start: int) -> int | None:
    """Return the end of a card number that starts at a place; None where there is none.

    One number in ten has Luhn's check digit by chance, so the issuer's range is needed, and groups as on a card (alone, not within a
    row of such groups) or a word like *card* near by.
    """
    written = _CARD.match(text, start)
    if written is None:
        return None
    digits = written[0].replace(" ", "").replace("-", "")
    if not _ISSUERS.fullmatch(digits) or not luhn(digits):
        return None
    left, right = before(text, start, 30), after(text, written.end(), 20)
    in_row = _ROW.search(left) is not None or right[:2].strip(" |\t").isdigit()
    if (_CARD_FORM.fullmatch(written[0]) and not in_row) or _CARD_CUE.search(f"{left}\n{right}"):
        return written.end()
    return None
