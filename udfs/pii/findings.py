"""What a finding is, what replaces it, and the windows around it in which words count."""

from __future__ import annotations

import re
from typing import Final

Found = tuple[int, int, str]
"""Start and end in code points, and the type; secrets and national ids carry a subtype after a colon."""

PLACEHOLDERS: Final = {
    "email": "<EMAIL>",
    "phone": "<PHONE>",
    "ipv4_public": "<IPV4>",
    "ipv6_public": "<IPV6>",
    "iban": "<IBAN>",
    "card": "<CARD>",
    "national_id": "<NATIONAL_ID>",
    "email_obfuscated": "<EMAIL>",
    "secret": "<SECRET>",
}
"""What replaces each type; the order settles ties between equal spans."""

TYPES: Final = tuple(PLACEHOLDERS)

MARKS: Final = tuple(dict.fromkeys(PLACEHOLDERS.values()))
_MARK: Final = re.compile("|".join(MARKS))
_LONGEST_MARK: Final = max(map(len, MARKS))


def kind_of(label: str) -> str:
    """Return the type of a label, without its subtype."""
    return label.partition(":")[0]


def before(text: str, start: int, n: int) -> str:
    """Return at most n characters before a place, none from before a placeholder or out of one."""
    window = text[max(0, start - n - _LONGEST_MARK) : start]
    return (_MARK.split(window)[-1] if "<" in window else window)[-n:]


def after(text: str, end: int, n: int) -> str:
    """Return at most n characters after a place, none from behind a placeholder or out of one."""
    window = text[end : end + n + _LONGEST_MARK]
    return (_MARK.split(window)[0] if "<" in window else window)[:n]


def touches_mark(text: str, found: Found) -> bool:
    """Whether a placeholder stands right before or behind a finding, as one does that has cut it off something."""
    return text.startswith(MARKS, found[1]) or text.endswith(MARKS, 0, found[0])
