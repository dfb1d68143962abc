"""Personal data and secrets in a text: found by cheap gates and bounded patterns, settled by check digits and registries.

Every pattern has bounded quantifiers and every validator looks at a bounded window, so that the time is linear in the text
whatever it holds. A shape alone decides nothing that a number can have by chance: telephone numbers need an international
prefix, a written form or a cue word, card numbers a form or a cue, addresses of the network must be public.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Final

import phonenumbers

from udfs.ip_addresses import IPV4, IPV6, ipv4_end, ipv6_end
from udfs.spans import Edit, Span, apply_edits
from udfs.urls import is_top_level_domain

Found = tuple[int, int, str]
"""Start and end in code points, and the type; secrets are ``secret:`` and a subtype."""

PLACEHOLDERS: Final = {
    "email": "<EMAIL>",
    "phone": "<PHONE>",
    "ipv4_public": "<IPV4>",
    "ipv6_public": "<IPV6>",
    "iban": "<IBAN>",
    "card": "<CARD>",
    "secret": "<SECRET>",
}
"""What replaces each type; the order settles ties between equal spans."""

TYPES: Final = tuple(PLACEHOLDERS)
_ROLES: Final = """
abuse bugs ftp git hg hostmaster info listserv mailer-daemon majordomo marketing news no-reply noc noreply postmaster root sales
security submit support svn usenet uucp webmaster www
"""
ROLE_ADDRESSES: Final = frozenset(_ROLES.split())
"""Local parts that name a function and no person: RFC 2142, and those of list servers, bug trackers and code hosts."""

_PLACEHOLDER: Final = re.compile("|".join(PLACEHOLDERS.values()))
_PLACEHOLDER_MAX: Final = max(map(len, PLACEHOLDERS.values()))
_MAX_ROUNDS: Final = 8  # a second one happens where an edit parts two neighbours; a bound keeps hostile texts linear

_DOMAIN: Final = re.compile(r"@((?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24})(?![A-Za-z0-9-])")
_LOCAL: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._%+'-"
_PIXEL_RATIO: Final = re.compile(r"\d{1,2}x\.", re.IGNORECASE)
_ID_HEADER: Final = re.compile(
    r"(?:message-id|in-reply-to|references)\s{0,4}:(?:\s{0,8}<[^<>\s]{1,200}>){0,20}\s{0,8}<\Z", re.IGNORECASE
)

# Guards on the left stand after the first character: a pattern that starts with a set of characters is searched
# faster than one that starts with a look-behind.
_PHONE: Final = re.compile(r"[(+0-9](?<![\w.,/+-][(+0-9])(?:(?<=\()\+)?[\d ()./\u00a0-]{6,18}\d(?!\w)", re.ASCII)
_PHONE_CUE: Final = re.compile(
    r"\b(?:tel|tél|phone|telephone|téléphone|telefon|telefono|teléfono|telefone|telefax|fax|mobile?|móvil|celular|cell|gsm"
    r"|handy|portable|call|hotline|whatsapp|sms|тел|телефон|моб|факс|هاتف)\b|電話|电话|手机|手機|传真|전화|[☎✆📞📱]",
    re.IGNORECASE,
)
_NANP_FORM: Final = re.compile(r"(?:\([2-9]\d\d\) ?|[2-9]\d\d[-. ])[2-9]\d\d[-. ]\d{4}")
_TRUNK_ZERO_REGIONS: Final = ("DE", "GB", "FR", "IT", "JP", "CN", "IN", "NL", "AU")

_IBAN: Final = re.compile(r"[A-Z](?<![A-Za-z0-9][A-Z])[A-Z][0-9]{2}(?=[ \u00a0-]?[A-Z0-9]{4})")
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
    r"|cvv2?|cvc2?|exp|expir\w{1,4}|karte|kreditkarte|carte|tarjeta|cartão|carta|карта|карты)\b|カード|信用卡|银行卡",
    re.IGNORECASE,
)
_ISSUERS: Final = re.compile(  # prefix and length, ISO/IEC 7812 ranges as the issuers publish them
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|(?:222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}|3[47]\d{13}"
    r"|(?:6011|64[4-9]\d|65\d\d)\d{12,15}|35(?:2[89]|[3-8]\d)\d{12,15}|3(?:0[0-5]|[689]\d)\d{11,16}|62\d{14,17}"
)

_SECRETS: Final = tuple(
    (f"secret:{name}", gates, re.compile(pattern))
    for name, gates, pattern in (
        ("aws_key", ("AKIA", "ASIA"), r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
        ("github_token", ("gh",), r"(?<![A-Za-z0-9_])(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})"),
        ("slack_token", ("xox",), r"(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,250}(?<!-)"),
        ("google_key", ("AIza",), r"(?<![A-Za-z0-9_-])AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
        ("jwt", ("eyJ",), r"(?a)(?<![\w-])eyJ[\w-]{8,2000}\.eyJ[\w-]{8,4000}\.[\w-]{8,1000}"),
    )
)
_KEY_BEGIN: Final = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_KEY_END: Final = re.compile(r"-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_KEY_LINES: Final = re.compile(r"(?:\r?\n[A-Za-z0-9+/=]{40,80}(?!\S)){0,200}")
_KEY_MAX: Final = 16_000
_ASSIGNED: Final = re.compile(r"[:=]\s{0,4}([\"'])([^\s\"'<>${}]{8,64})\1")
_PASSWORD_NAME: Final = re.compile(r"(?:password|passwd|pwd|secret|token|api[_-]?key)[\"']?\s{0,4}\Z", re.IGNORECASE)
_PLACEHOLDER_WORD: Final = re.compile(r"example|your|change|dummy|placeholder|sample|redacted|\*{3}|(.)\1{5}", re.IGNORECASE)


def find(text: str, region: str | None = None, *, roles: frozenset[str] = ROLE_ADDRESSES) -> list[Found]:
    """Return the personal data and secrets of a text.

    Parameters
    ----------
    text : str
        Any string.
    region : str, optional
        ISO 3166 code of the country whose national telephone numbers are written without a prefix.
    roles : frozenset of str, optional
        Local parts, in lower case, of e-mail addresses that are left alone because they name no person.

    Returns
    -------
    list of (int, int, str)
        Start, end and type (:data:`TYPES`, secrets with a subtype), sorted, without overlap. Of two that overlap the longer
        one counts, then the one further left, then the earlier type.

    Notes
    -----
    E-mail: local part up to 64 characters, top-level domain on the Public Suffix List, not a Message-ID of a header, a
    login in a URL or a file name like ``logo@2x.png``. IP addresses: ``is_global`` and unicast; dotted numbers after a
    word like *version* or *§* and those that number a heading are none. Telephone numbers: valid by the
    ``phonenumbers`` metadata, or after ``+`` or ``00`` of possible length in two or three groups of at least three
    digits. IBAN: length of its country and mod 97. Card: issuer range, Luhn's check digit, and groups as on a card or a
    cue word near by. Secrets: fixed prefixes, PEM headers, and quoted values of at least two character classes assigned
    to a name like *password*.

    Placeholders are barriers: no cue is read beyond one, and nothing that touches one counts.
    """
    found: list[Found] = []
    if "@" in text:
        found += _emails(text, roles)
    found += _secrets(text)
    found += _valid(text, IPV4, "ipv4_public", _ipv4)
    found += _valid(text, IPV6, "ipv6_public", ipv6_end)
    found += _valid(text, _IBAN, "iban", _iban)
    found += _valid(text, _CARD, "card", _card)
    found += _phones(text, region)
    marks = tuple(PLACEHOLDERS.values())
    return _without_overlap([f for f in found if not (text.startswith(marks, f[1]) or text.endswith(marks, 0, f[0]))])


def redact(text: str, spans: Sequence[Span] = ()) -> tuple[str, tuple[Span, ...], dict[str, int]]:
    """Replace personal data and secrets by typed placeholders.

    Parameters
    ----------
    text : str
        Any string.
    spans : sequence of Span, optional
        What is not prose, sorted, without overlap. Nothing that shares a character with a math span is edited, and of what
        shares one with a code span only e-mail addresses and secrets: digits of a program are data.

    Returns
    -------
    tuple of (str, tuple of Span, dict of str to int)
        The text, its spans moved with the edits, and how many of each type (:data:`TYPES`, in that order) were replaced.

    Notes
    -----
    Idempotent: it repeats until :func:`find` has nothing left; only texts made for it need more than two of its rounds.
    """
    kept = tuple(spans)
    counts = dict.fromkeys(TYPES, 0)
    for _ in range(_MAX_ROUNDS):
        found = [(start, end, label.partition(":")[0]) for start, end, label in find(text)]
        found = [f for f in found if _may_edit(f, kept)]
        if not found:
            break
        for _, _, kind in found:
            counts[kind] += 1
        text, kept = apply_edits(text, kept, [Edit(start, end, PLACEHOLDERS[kind]) for start, end, kind in found])
    return text, kept, {kind: n for kind, n in counts.items() if n}


def _may_edit(found: Found, spans: Sequence[Span]) -> bool:
    start, end, kind = found
    at = bisect_right(spans, start, key=lambda span: span.end)
    while at < len(spans) and spans[at].start < end:
        if spans[at].kind == "math" or (spans[at].kind == "code" and kind not in ("email", "secret")):
            return False
        at += 1
    return True


def _without_overlap(found: list[Found]) -> list[Found]:
    rank = {kind: i for i, kind in enumerate(TYPES)}
    found.sort(key=lambda f: (f[0] - f[1], f[0], rank[f[2].partition(":")[0]], f[2]))
    kept: list[Found] = []
    for one in found:
        at = bisect_left(kept, one)
        if (at == 0 or kept[at - 1][1] <= one[0]) and (at == len(kept) or kept[at][0] >= one[1]):
            kept.insert(at, one)
    return kept


def _before(text: str, start: int, n: int) -> str:
    """Return at most n characters before a place, none from before a placeholder or out of one."""
    return _PLACEHOLDER.split(text[max(0, start - n - _PLACEHOLDER_MAX) : start])[-1][-n:]


def _after(text: str, end: int, n: int) -> str:
    return _PLACEHOLDER.split(text[end : end + n + _PLACEHOLDER_MAX])[0][:n]


def _valid(text: str, pattern: re.Pattern[str], kind: str, validate: Callable[[str, int, int], int | None]) -> Iterator[Found]:
    """Yield what a pattern proposes and a validator accepts by returning where it ends."""
    for match in pattern.finditer(text):
        if (end := validate(text, *match.span())) is not None:
            yield match.start(), end, kind


def _emails(text: str, roles: frozenset[str]) -> Iterator[Found]:
    for match in _DOMAIN.finditer(text):
        at = match.start()
        left = text[max(0, at - 65) : at]
        local = left[len(left.rstrip(_LOCAL)) :]
        name = local.lstrip("'.%+-")
        domain = _registered(match[1])
        if len(local) > 64 or not name or not domain or name.lower() in roles or _PIXEL_RATIO.match(domain):
            continue
        start = at - len(name)
        if text[max(0, start - 3) : start] != "://" and not _in_id_header(text, start):
            yield start, at + 1 + len(domain), "email"


def _registered(domain: str) -> str:
    """Cut what follows the last label that is a top-level domain: the next sentence, a file ending."""
    while "." in domain and not is_top_level_domain(domain.rpartition(".")[2].lower()):
        domain = domain.rpartition(".")[0]
    return domain if "." in domain else ""


def _in_id_header(text: str, start: int) -> bool:
    return text[start - 1 : start] == "<" and _ID_HEADER.search(text[max(0, start - 300) : start]) is not None


def _ipv4(text: str, start: int, end: int) -> int | None:
    return ipv4_end(text, start, end, _before(text, start, 32))


def _secrets(text: str) -> Iterator[Found]:
    for label, gates, pattern in _SECRETS:
        if any(gate in text for gate in gates):
            for match in pattern.finditer(text):
                if "EXAMPLE" not in match[0]:
                    yield match.start(), match.end(), label
    if "-----BEGIN " in text:
        yield from _private_keys(text)
    for match in _ASSIGNED.finditer(text):
        if _PASSWORD_NAME.search(_before(text, match.start(), 24)) and _is_password(match[2]):
            yield match.start(2), match.end(2), "secret:password_assignment"


def _private_keys(text: str) -> Iterator[Found]:
    begins = list(_KEY_BEGIN.finditer(text))
    for i, begin in enumerate(begins):
        limit = begins[i + 1].start() if i + 1 < len(begins) else len(text)
        end = _KEY_END.search(text, begin.end(), min(limit, begin.end() + _KEY_MAX))
        if end is None:  # cut off: the header, and what follows it in lines of base64
            end = _KEY_LINES.match(text, begin.end(), limit)
        yield begin.start(), end.end() if end else begin.end(), "secret:private_key"


def _is_password(value: str) -> bool:
    classes = sum(any(map(is_class, value)) for is_class in (str.islower, str.isupper, str.isdigit))
    return classes > 1 and not _PLACEHOLDER_WORD.search(value)


@cache
def _iban_form(length: int) -> re.Pattern[str]:
    groups, rest = divmod(length, 4)
    last = f"[ \u00a0-]?[A-Z0-9]{{{rest}}}" if rest else ""
    return re.compile(f"[A-Z0-9]{{4}}(?:[ \u00a0-]?[A-Z0-9]{{4}}){{{groups - 1}}}{last}(?![A-Za-z0-9])")


def _iban(text: str, start: int, _end: int) -> int | None:
    length = _IBAN_LENGTHS.get(text[start : start + 2])
    written = _iban_form(length).match(text, start) if length else None
    if written is None:
        return None
    compact = re.sub("[^A-Z0-9]", "", written[0])
    digits = "".join(str(int(char, 36)) for char in compact[4:] + compact[:4])
    return written.end() if int(digits) % 97 == 1 else None


def _card(text: str, start: int, end: int) -> int | None:
    written = text[start:end]
    digits = written.replace(" ", "").replace("-", "")
    if not _ISSUERS.fullmatch(digits) or not _luhn(digits):
        return None
    around = f"{_before(text, start, 30)}\n{_after(text, end, 20)}"
    return end if _CARD_FORM.fullmatch(written) or _CARD_CUE.search(around) else None


def _luhn(digits: str) -> bool:
    doubled = (int(digit) * 2 for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(n - 9 if n > 9 else n for n in doubled)) % 10 == 0


def _phones(text: str, region: str | None) -> Iterator[Found]:
    for match in _PHONE.finditer(text):
        start, end = match.span()
        start += text[start] == "(" and ")" not in match[0]
        written = text[start:end]
        known = written.lstrip("(").startswith(("+", "00")) or (written[0] == "(" and _NANP_FORM.match(written))
        if not known and not _PHONE_CUE.search(_before(text, start, 24)):
            continue
        if length := _phone_length(written, region):
            yield start, start + length, "phone"


def _phone_length(written: str, region: str | None) -> int:
    """Return how many characters of a candidate are a telephone number; 0 for none."""
    for _ in range(3):
        if _is_phone(written, region):
            return len(written)
        # A number or a date may follow after a blank.
        written = written.rpartition(" ")[0].rstrip(" (.-/")
    return 0


def _is_phone(written: str, region: str | None) -> bool:
    bare = written.lstrip("(")
    if bare.startswith(("+", "00")):
        return _is_international(bare)
    if _NANP_FORM.fullmatch(written):
        regions: tuple[str, ...] = ("US",)
    elif region:
        regions = (region,)
    elif bare.startswith("0"):
        regions = _TRUNK_ZERO_REGIONS
    else:
        regions = ("RU",) if bare.startswith("8") and sum(map(str.isdigit, bare)) == 11 else ()
    return any(_is_valid(written, one) for one in regions)


def _is_international(written: str) -> bool:
    groups = re.findall(r"\d+", written)
    if written.startswith("00"):
        groups[0] = groups[0][2:]
        # Rows of two-digit numbers, as in dumps and tables, are no telephone number.
        if max(map(len, groups)) < 3:
            return False
    digits = "".join(groups)
    if not 7 <= len(digits) <= 15 or digits.startswith("0"):
        return False
    parsed = _parsed(f"+{digits}", None)
    if parsed is None or phonenumbers.is_valid_number(parsed):
        return parsed is not None
    code, *rest = [group for group in groups if group]
    spaced = code == str(parsed.country_code) and 2 <= len(rest) <= 3 and min(map(len, rest)) >= 3
    return spaced and phonenumbers.is_possible_number(parsed)


def _is_valid(number: str, region: str) -> bool:
    parsed = _parsed(number, region)
    return parsed is not None and phonenumbers.is_valid_number(parsed)


def _parsed(number: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
