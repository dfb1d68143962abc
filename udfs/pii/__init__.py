"""Personal data and secrets in a text: found by cheap gates and bounded patterns, settled by check digits and registries.

Every pattern has bounded quantifiers and every validator looks at a bounded window, so that the time is linear in the text
whatever it holds. A shape alone decides nothing that a number can have by chance: telephone numbers need an international
prefix, a written form or a cue word, card numbers a form or a cue, addresses of the network must be public.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import Final

from udfs.ip_addresses import ipv4s, ipv6s
from udfs.pii.accounts import card_end, iban_end
from udfs.pii.emails import ROLE_ADDRESSES, emails, obfuscated_emails
from udfs.pii.findings import PLACEHOLDERS, TYPES, Found, before, kind_of, touches_mark
from udfs.pii.national_ids import NATIONAL_IDS, UnknownNationalIdError, national_ids
from udfs.pii.phones import phone_end, region_of
from udfs.pii.secrets import secrets
from udfs.spans import Edit, Span, apply_edits

__all__ = [
    "NATIONAL_IDS",
    "PLACEHOLDERS",
    "ROLE_ADDRESSES",
    "TYPES",
    "Found",
    "UnknownNationalIdError",
    "find",
    "redact",
    "region_of",
]

_MAX_ROUNDS: Final = 8  # a second one happens where an edit parts two neighbours; a bound keeps hostile texts linear
# Where a telephone number, a card or the digits of an IBAN may start. The guard on the left stands after the first character: a
# pattern that starts with a set of characters is searched faster than one that starts with a look-behind.
_NUMBER: Final = re.compile(
    r"[(+0-9](?<![0-9.+][(+0-9])(?=[\d+()./ \u00a0\u2009\u202f\u2010-\u2013-]{7}|(?<=[A-Z]{2}[0-9])[0-9][ \u00a0-]?[A-Z0-9]{4})",
    re.ASCII,
)


def find(
    text: str, region: str | None = None, *, roles: frozenset[str] = ROLE_ADDRESSES, ids: frozenset[str] = frozenset()
) -> list[Found]:
    """Return the personal data and secrets of a text.

    Parameters
    ----------
    text : str
        Any string.
    region : str, optional
        ISO 3166 code of the country whose national telephone numbers are written without a prefix.
    roles : frozenset of str, optional
        Local parts, in lower case, of e-mail addresses that are left alone because they name no person.
    ids : frozenset of str, optional
        National identification numbers that are looked for, by their names in :data:`NATIONAL_IDS`; none by default.

    Returns
    -------
    list of (int, int, str)
        Start, end and type (:data:`TYPES`, secrets and national ids with a subtype), sorted, without overlap. Of two that overlap the
        longer one counts, then the one further left, then the earlier type.

    Raises
    ------
    UnknownNationalIdError
        When a name in `ids` is none of :data:`NATIONAL_IDS`.

    Notes
    -----
    E-mail: see `emails`. IP addresses: see `ipv4s` and `ipv6s`. Telephone numbers: valid by the ``phonenumbers`` metadata, or after
    ``+`` or ``00`` of possible length in two or three groups of at least three digits. IBAN: length of its country and mod 97. Card:
    issuer range, Luhn's check digit, and groups as on a card or a cue word near by. Secrets: fixed prefixes, PEM headers, and quoted
    values of at least two character classes assigned to a name like *password*.

    Placeholders are barriers: no cue is read beyond one, and nothing that touches one counts.
    """
    found: list[Found] = [*emails(text, roles), *obfuscated_emails(text), *secrets(text)]
    found += ((*span, "ipv4_public") for span in ipv4s(text, before))
    found += ((*span, "ipv6_public") for span in ipv6s(text))
    found += _numbers(text, region)
    if ids:
        found += national_ids(text, ids)
    return _without_overlap([one for one in found if not touches_mark(text, one)])


def _numbers(text: str, region: str | None) -> Iterator[Found]:
    for match in _NUMBER.finditer(text):
        start = match.start()
        if (end := iban_end(text, start)) is not None:
            yield start - 2, end, "iban"
        if (end := card_end(text, start)) is not None:
            yield start, end, "card"
        if (end := phone_end(text, start, region)) is not None:
            yield start, end, "phone"


def redact(
    text: str, spans: Sequence[Span] = (), *, region: str | None = None, ids: frozenset[str] = frozenset()
) -> tuple[str, tuple[Span, ...], dict[str, int]]:
    """Replace personal data and secrets by typed placeholders.

    Parameters
    ----------
    text : str
        Any string.
    spans : sequence of Span, optional
        What is not prose, sorted, without overlap. Nothing that shares a character with a math span is edited, and of what
        shares one with a code span only e-mail addresses and secrets: digits of a program are data.
    region, ids : optional
        As for `find`.

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
        found = [one for one in find(text, region, ids=ids) if _may_edit(one, kept)]
        if not found:
            break
        for *_, label in found:
            counts[kind_of(label)] += 1
        text, kept = apply_edits(text, kept, [Edit(start, end, PLACEHOLDERS[kind_of(label)]) for start, end, label in found])
    return text, kept, {kind: n for kind, n in counts.items() if n}


def _may_edit(found: Found, spans: Sequence[Span]) -> bool:
    start, end, label = found
    at = bisect_right(spans, start, key=lambda span: span.end)
    while at < len(spans) and spans[at].start < end:
        if spans[at].kind == "math" or (spans[at].kind == "code" and kind_of(label) not in ("email", "secret")):
            return False
        at += 1
    return True


def _without_overlap(found: list[Found]) -> list[Found]:
    rank = {kind: i for i, kind in enumerate(TYPES)}
    found.sort(key=lambda f: (f[0] - f[1], f[0], rank[kind_of(f[2])], f[2]))
    kept: list[Found] = []
    for one in found:
        at = bisect_left(kept, one)
        if (at == 0 or kept[at - 1][1] <= one[0]) and (at == len(kept) or kept[at][0] >= one[1]):
            kept.insert(at, one)
    return kept
