"""Secrets of machines: keys with fixed prefixes, private keys, quoted passwords that are assigned."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from udfs.pii.findings import Found, before

_TOKENS: Final = tuple(
    (f"secret:{name}", gate, re.compile(pattern))
    for name, gate, pattern in (
        ("aws_key", "IA", r"(?<![A-Za-z0-9])A[KS]IA[A-Z0-9]{16}(?![A-Za-z0-9])"),
        ("github_token", "gh", r"gh(?<![A-Za-z0-9_]gh)[pousr]_[A-Za-z0-9]{36,255}"),
        ("github_token", "github_pat_", r"(?<![A-Za-z0-9_])github_pat_[A-Za-z0-9_]{22,255}"),
        ("gitlab_token", "glpat-", r"(?<![\w-])glpat-[A-Za-z0-9_-]{20,64}(?![A-Za-z0-9_-])"),
        ("stripe_key", "k_live_", r"(?<![A-Za-z0-9])[sr]k_live_[A-Za-z0-9]{16,128}"),
        ("slack_token", "xox", r"(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,250}(?<!-)"),
        ("google_key", "AIza", r"(?<![A-Za-z0-9_-])AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
        ("jwt", "eyJ", r"(?a)(?<![\w-])eyJ[\w-]{8,2000}\.eyJ[\w-]{8,4000}\.[\w-]{8,1000}"),
    )
)
_DISTINCT: Final = "EXAMPLE"
_KEY_BEGIN: Final = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_KEY_END: Final = re.compile(r"-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_KEY_LINES: Final = re.compile(r"(?:\r?\n[A-Za-z0-9+/=]{40,80}(?!\S)){0,200}")
_KEY_MAX: Final = 16_000
_ASSIGNED: Final = re.compile(r"[:=]\s{0,4}([\"'])([^\s\"'<>${}]{8,64})\1")
_PASSWORD_NAME: Final = re.compile(
    r"(?:passw(?:or)?d|passwd|pwd|token|secret(?:[_-]?(?:access[_-]?)?key)?|(?:api|access|auth|private)[_-]?key)[\"']?\s{0,4}\Z",
    re.IGNORECASE,
)
_PLACEHOLDER_WORD: Final = re.compile(r"example|your|change|dummy|placeholder|sample|redacted|\*{3}|(.)\1{5}", re.IGNORECASE)


def secrets(text: str) -> Iterator[Found]:
    """Yield the secrets of a text; those that call themselves an example, and names of variables, are none."""
    for label, gate, pattern in _TOKENS:
        if gate in text:
            yield from ((*match.span(), label) for match in pattern.finditer(text) if _DISTINCT not in match[0])
    if "-----BEGIN " in text:
        yield from _private_keys(text)
    if '"' in text or "'" in text:
        yield from _passwords(text)


def _private_keys(text: str) -> Iterator[Found]:
    begins = list(_KEY_BEGIN.finditer(text))
    for i, begin in enumerate(begins):
        limit = begins[i + 1].start() if i + 1 < len(begins) else len(text)
        end = _KEY_END.search(text, begin.end(), min(limit, begin.end() + _KEY_MAX))
        if end is None:  # cut off: the header, and what follows it in lines of base64
            end = _KEY_LINES.match(text, begin.end(), limit)
        yield begin.start(), end.end() if end else begin.end(), "secret:private_key"


def _passwords(text: str) -> Iterator[Found]:
    for match in _ASSIGNED.finditer(text):
        if _PASSWORD_NAME.search(before(text, match.start(), 24)) and _is_password(match[2]):
            yield match.start(2), match.end(2), "secret:password_assignment"


def _is_password(value: str) -> bool:
    classes = sum(any(map(is_class, value)) for is_class in (str.islower, str.isupper, str.isdigit))
    return classes > 1 and not _PLACEHOLDER_WORD.search(value)
