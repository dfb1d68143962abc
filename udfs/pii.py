"""Personal data and secrets in a text: found by cheap gates and bounded patterns, settled by check digits and registries.

Every pattern has bounded quantifiers and every validator looks at a bounded window, so that the time is linear in the text
whatever it holds. A shape alone decides nothing that a number can have by chance: telephone numbers need an international
prefix, a written form or a cue word, card numbers a form or a cue, addresses of the network must be public.
"""

from __future__ import annotations

import ipaddress
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Final

import phonenumbers

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

ROLE_ADDRESSES: Final = frozenset(
    "abuse bugs ftp git hg hostmaster info listserv mailer-daemon majordomo marketing news no-reply noc noreply postmaster "
    "root sales security submit support svn usenet uucp webmaster www".split()
)
"""Local parts that name a function and no person: RFC 2142, and those of list servers, bug trackers and code hosts."""

_CODE_TYPES: Final = frozenset({"email", "secret"})
_PLACEHOLDER: Final = re.compile("|".join(PLACEHOLDERS.values()))
_PLACEHOLDER_MAX: Final = max(map(len, PLACEHOLDERS.values()))
_MAX_ROUNDS: Final = 8  # a second one happens where an edit parts two neighbours; a bound keeps hostile texts linear

_DOMAIN: Final = re.compile(r"@((?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24})(?![A-Za-z0-9-])")
_LOCAL: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._%+'-"
_PIXEL_RATIO: Final = re.compile(r"\d{1,2}x\.", re.IGNORECASE)
_ID_HEADER: Final = re.compile(r"(?:message-id|in-reply-to|references)\s{0,4}:", re.IGNORECASE)

# Guards on the left stand after the first character: a pattern that starts with a set of characters is searched
# faster than one that starts with a look-behind.
_IPV4: Final = re.compile(r"[0-9](?<![\w.-][0-9])[0-9]{0,2}(?:\.\d{1,3}){3}(?!\w|\.\d|-[A-Za-z])", re.ASCII)
_NOT_ADDRESS_CUE: Final = re.compile(
    r"\b(?:v|ver|versions?|versión|versione|versão|releases?|upgraded?|build|firmware|oid|sec|sections?|sección|sezione|seção"
    r"|chapters?|chapitre|cap[ií]tulo|capitolo|abschnitte?|kapitel|art|articles?|artikel|artículo|версия|версии|раздел|глава"
    r"|статья)\b|[§节章節版]",
    re.IGNORECASE,
)
# All of 2000::/3, the space that is assigned, starts with four digits of which the first is 2 or 3.
_IPV6: Final = re.compile(r"[23](?<![\w:.][23])[0-9A-Fa-f]{3}:(?:[0-9A-Fa-f]{0,4}:){1,6}[0-9A-Fa-f]{0,4}(?![\w:])", re.ASCII)
_IPV6_ASSIGNED: Final = ipaddress.IPv6Network("2000::/3")

_PHONE: Final = re.compile(r"[(+0-9](?<![\w.,/+-][(+0-9])(?:(?<=\()\+)?[\d ()./\u00a0-]{6,18}\d(?!\w)", re.ASCII)
_PHONE_CUE: Final = re.compile(
    r"\b(?:tel|tél|phone|telephone|téléphone|telefon|telefono|teléfono|telefone|telefax|fax|mobile?|móvil|celular|cell|gsm"
    r"|handy|portable|call|hotline|whatsapp|sms|тел|телефон|моб|факс|هاتف)\b|電話|电话|手机|手機|传真|전화|[☎✆📞📱]",
    re.IGNORECASE,
)
_NANP_FORM: Final = re.compile(r"(?:\([2-9]\d\d\) ?|[2-9]\d\d[-. ])[2-9]\d\d[-. ]\d{4}")
_NANP_PAREN_FORM: Final = re.compile(r"\([2-9]\d\d\) ?[2-9]\d\d-\d{4}")
_TRUNK_ZERO_REGIONS: Final = ("DE", "GB", "FR", "IT", "JP", "CN", "IN", "NL", "AU")

_IBAN: Final = re.compile(r"[A-Z](?<![A-Za-z0-9][A-Z])[A-Z][0-9]{2}(?=[ \u00a0-]?[A-Z0-9]{4})")
_IBAN_LENGTHS: Final = {  # registry of ISO 13616
    pair[:2]: int(pair[2:])
    for pair in (
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 "
        "FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 "
        "LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 "
        "RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30"
    ).split()
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
        ("github_token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"(?<![A-Za-z0-9_])gh[pousr]_[A-Za-z0-9]{36,255}"),
        ("github_token", ("github_pat_",), r"(?<![A-Za-z0-9_])github_pat_[A-Za-z0-9_]{22,255}"),
        ("slack_token", ("xox",), r"(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,250}(?<!-)"),
        ("google_key", ("AIza",), r"(?<![A-Za-z0-9_-])AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
        (
            "jwt",
            ("eyJ",),
            r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,1000}",
        ),
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
    login in a URL or a file name like ``logo@2x.png``. IP addresses: ``is_global`` and unicast; dotted numbers after a word
    like *version* or *§* and those that number a heading are none. Telephone numbers: valid by the ``phonenumbers`` metadata, or after ``+`` or ``00`` of
    possible length in two or three groups of at least three digits. IBAN: length of its country and mod 97. Card: issuer
    range, Luhn's check digit, and groups as on a card or a cue word near by. Secrets: fixed prefixes, PEM headers, and
    quoted values of at least two character classes assigned to a name like *password*.

    Existing placeholders are barriers: no cue is read beyond one, and nothing that touches one counts.
    """
    found: list[Found] = []
    if "@" in text:
        found += _emails(text, roles)
    found += _secrets(text)
    found += _valid(text, _IPV4, "ipv4_public", _ipv4)
    found += _valid(text, _IPV6, "ipv6_public", _ipv6)
    found += _valid(text, _IBAN, "iban", _iban)
    found += _valid(text, _CARD, "card", _card)
    found += _phones(text, region)
    return _without_overlap([f for f in found if not _touches_placeholder(text, f[0], f[1])])


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
        The text, its spans moved with the edits, and how many of each type (:data:`TYPES`; secrets together) were replaced,
        in that order, types without any left out.

    Notes
    -----
    Idempotent: it repeats until :func:`find` has nothing left to replace. Only texts made for it need more than
    two rounds; the eighth is the last.
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
    at = bisect_left(spans, start, key=lambda span: span.end)
    while at < len(spans) and spans[at].start < end:
        span = spans[at]
        if span.end > start and (span.kind == "math" or (span.kind == "code" and kind not in _CODE_TYPES)):
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


def _touches_placeholder(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - _PLACEHOLDER_MAX) : start]
    after = text[end : end + _PLACEHOLDER_MAX]
    return before.endswith(tuple(PLACEHOLDERS.values())) or after.startswith(tuple(PLACEHOLDERS.values()))


def _before(text: str, start: int, n: int) -> str:
    """Return at most n characters before a place, none from before a placeholder or out of one."""
    return _PLACEHOLDER.split(text[max(0, start - n - _PLACEHOLDER_MAX) : start])[-1][-n:]


def _after(text: str, end: int, n: int) -> str:
    return _PLACEHOLDER.split(text[end : end + n + _PLACEHOLDER_MAX])[0][:n]


def _valid(text: str, pattern: re.Pattern[str], kind: str, validate: Callable[[str, int, int], int | None]) -> Iterator[Found]:
    """Yield what a pattern proposes and a validator accepts by returning where it ends."""
    for match in pattern.finditer(text):
        end = validate(text, match.start(), match.end())
        if end is not None:
            yield match.start(), end, kind


def _emails(text: str, roles: frozenset[str]) -> Iterator[Found]:
    for match in _DOMAIN.finditer(text):
        at = match.start()
        left = text[max(0, at - 65) : at]
        local = left[len(left.rstrip(_LOCAL)) :]
        if len(local) > 64:
            continue
        local = local.lstrip("'.%+-")
        domain = _registered(match[1])
        if not local or not domain or local.lower() in roles or _PIXEL_RATIO.match(domain):
            continue
        start = at - len(local)
        if text[max(0, start - 3) : start] != "://" and not _in_id_header(text, start):
            yield start, at + 1 + len(domain), "email"


def _registered(domain: str) -> str:
    """Cut what follows the last label that is a top-level domain: the next sentence, a file ending."""
    labels = domain.split(".")
    while len(labels) > 1:
        if is_top_level_domain(labels[-1].lower()) and len(labels[-1]) > 1:
            return ".".join(labels)
        labels.pop()
    return ""


def _in_id_header(text: str, start: int) -> bool:
    if text[start - 1 : start] != "<":
        return False
    return _ID_HEADER.search(text[max(0, start - 300) : start].rpartition("\n\n")[2]) is not None


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
    limits = [begin.start() for begin in begins[1:]] + [len(text)]
    for begin, limit in zip(begins, limits, strict=True):
        end = _KEY_END.search(text, begin.end(), min(limit, begin.end() + _KEY_MAX))
        if end is None:  # cut off: the header, and what follows it in lines of base64
            end = _KEY_LINES.match(text, begin.end(), limit)
        yield begin.start(), end.end() if end else begin.end(), "secret:private_key"


def _is_password(value: str) -> bool:
    classes = (str.islower, str.isupper, str.isdigit)
    return sum(any(map(is_class, value)) for is_class in classes) > 1 and not _PLACEHOLDER_WORD.search(value)


def _ipv4(text: str, start: int, end: int) -> int | None:
    try:
        address = ipaddress.IPv4Address(text[start:end])
    except ValueError:
        return None
    if not address.is_global or address.is_multicast or _NOT_ADDRESS_CUE.search(_before(text, start, 32)):
        return None
    heading = (start == 0 or text[start - 1] == "\n") and text[end : end + 2] == ". "
    return None if heading else end


def _ipv6(text: str, start: int, end: int) -> int | None:
    if text[end - 1] == ":" and text[end - 2] != ":":
        end -= 1
    try:
        address = ipaddress.IPv6Address(text[start:end])
    except ValueError:
        return None
    return end if address.is_global and address in _IPV6_ASSIGNED else None


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
    value = int("".join(str(int(char, 36)) for char in compact[4:] + compact[:4]))
    return written.end() if value % 97 == 1 else None


def _card(text: str, start: int, end: int) -> int | None:
    written = text[start:end]
    digits = written.replace(" ", "").replace("-", "")
    if not _ISSUERS.fullmatch(digits) or not _luhn(digits):
        return None
    cue = _CARD_FORM.fullmatch(written) or _CARD_CUE.search(_before(text, start, 30)) or _CARD_CUE.search(_after(text, end, 20))
    return end if cue else None


def _luhn(digits: str) -> bool:
    doubled = (int(digit) * 2 for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(n - 9 if n > 9 else n for n in doubled)) % 10 == 0


def _phones(text: str, region: str | None) -> Iterator[Found]:
    for match in _PHONE.finditer(text):
        start, end = match.span()
        if text[start] == "(" and ")" not in match[0]:
            start += 1
        written = text[start:end]
        international = written.lstrip("(").startswith(("+", "00"))
        if not (international or _NANP_PAREN_FORM.match(written) or _PHONE_CUE.search(_before(text, start, 24))):
            continue
        length = _phone_length(written, region)
        if length:
            yield start, start + length, "phone"


def _phone_length(written: str, region: str | None) -> int:
    """Return how many characters of a candidate are a telephone number; 0 for none."""
    for _ in range(3):
        if _is_phone(written, region):
            return len(written)
        # A number or a date may follow after a blank.
        written = written.rpartition(" ")[0].rstrip(" (.-/")
        if len(written) < 8:
            break
    return 0


def _is_phone(written: str, region: str | None) -> bool:
    bare = written.lstrip("(")
    if bare.startswith(("+", "00")):
        return _is_international(bare)
    if _NANP_FORM.fullmatch(written):
        return _is_valid(written, "US")
    if bare.startswith("0"):
        regions = (region,) if region else _TRUNK_ZERO_REGIONS
        return any(_is_valid(written, one) for one in regions)
    if region is None and bare.startswith("8") and sum(map(str.isdigit, bare)) == 11:
        return _is_valid(written, "RU")
    return region is not None and _is_valid(written, region)


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
    try:
        parsed = phonenumbers.parse(f"+{digits}", None)
    except phonenumbers.NumberParseException:
        return False
    if phonenumbers.is_valid_number(parsed):
        return True
    code, *rest = [group for group in groups if group]
    spaced = code == str(parsed.country_code) and 2 <= len(rest) <= 3 and min(map(len, rest)) >= 3
    return spaced and phonenumbers.is_possible_number(parsed)


def _is_valid(number: str, region: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, region))
    except phonenumbers.NumberParseException:
        return False
