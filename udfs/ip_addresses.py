"""Public addresses of the internet in running text, told from version and section numbers."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

IPV4: Final = re.compile(r"[0-9](?<![\w.-][0-9])[0-9]{0,2}(?:\.\d{1,3}){3}(?!\w|\.\d|-[A-Za-z])", re.ASCII)
_NOT_ADDRESS_CUE: Final = re.compile(
    r"\b(?:v|ver|versions?|versión|versione|versão|releases?|upgraded?|build|firmware|oid|sec|sections?|sección|sezione|seção"
    r"|chapters?|chapitre|cap[ií]tulo|capitolo|abschnitte?|kapitel|art|articles?|artikel|artículo|версия|версии|раздел|глава"
    r"|статья)\b|[§节章節版]",
    re.IGNORECASE,
)
_ADDRESS_CUE: Final = re.compile(
    r"(?:\b(?:ip|ipv4|addr|address|adresse|dirección|indirizzo|endereço|адрес|host|hosts|server|servers|nameserver|dns|ntp|inet|ping"
    r"|gateway|router|proxy|client|remote|peer|from|src|dst|connect|ssh|traceroute|whois)\b|地址|主机|サーバ|アドレス|주소|[@\[(]$)",
    re.IGNORECASE,
)
_ADDRESS_TAIL: Final = re.compile(r":\d{2,5}\b|/\d{1,2}\b")
# All of 2000::/3, the space that is assigned, starts with four digits of which the first is 2 or 3.
IPV6: Final = re.compile(r"[23](?<![\w:.][23])[0-9A-Fa-f]{3}:(?:[0-9A-Fa-f]{0,4}:){1,6}[0-9A-Fa-f]{0,4}(?![\w:])", re.ASCII)


def ipv4_end(text: str, start: int, end: int, before: str) -> int | None:
    """Return the end of a public IPv4 address that `IPV4` matched at ``start:end``, or None; ``before`` is what stands before it."""
    heading = (start == 0 or text[start - 1] == "\n") and text[end : end + 2] == ". "
    numbered = heading or _NOT_ADDRESS_CUE.search(before)
    # Of random addresses 2 % have four numbers below 100, of version and section numbers nearly all: these need a cue.
    small = all(int(part) < 100 for part in text[start:end].split("."))
    cued = _ADDRESS_CUE.search(before) or _ADDRESS_TAIL.match(text, end)
    return end if _is_public(text[start:end]) and not numbered and (cued or not small) else None


def ipv6_end(text: str, start: int, end: int) -> int | None:
    """Return the end of a public IPv6 address that `IPV6` matched at ``start:end``, or None where it is none."""
    if text[end - 1] == ":" and text[end - 2] != ":":
        end -= 1
    return end if _is_public(text[start:end]) else None


def _is_public(written: str) -> bool:
    try:
        address = ipaddress.ip_address(written)
    except ValueError:
        return False
    return address.is_global and not address.is_multicast
