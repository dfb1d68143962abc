"""E-mail addresses in running text: what is a person's mailbox, and what only holds an ``@``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from udfs.pii.findings import Found, before
from udfs.urls import is_top_level_domain

_ROLES: Final = """
abuse bugs ftp git hg hostmaster info listserv mailer-daemon majordomo marketing news no-reply noc noreply postmaster root sales
security submit support svn usenet uucp webmaster www
"""
ROLE_ADDRESSES: Final = frozenset(_ROLES.split())
"""Local parts that name a function and no person: RFC 2142, and those of list servers, bug trackers and code hosts."""

# Letters with accents and Cyrillic ones occur in addresses (RFC 6531); letters of scripts without blanks only stand beside them.
_LETTERS: Final = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0400-\u04ff"
_DOMAIN: Final = re.compile(rf"@((?:[{_LETTERS}0-9-]{{1,63}}\.){{1,8}}[{_LETTERS}][{_LETTERS}0-9-]{{1,23}})(?![{_LETTERS}0-9-])")
_LOCAL: Final = re.compile(rf"[{_LETTERS}0-9._%+'-]{{1,65}}\Z")
_PIXEL_RATIO: Final = re.compile(r"\d{1,2}x\.", re.IGNORECASE)
_LIST_SERVER: Final = re.compile(r".*[-+](?:request|owner|bounces?|admin|subscribe|unsubscribe)\Z", re.IGNORECASE)
_ID_HEADER: Final = re.compile(
    r"(?:message-id|in-reply-to|references)\s{0,4}:(?:\s{0,8}<[^<>\s]{1,200}>){0,20}\s{0,8}<\Z", re.IGNORECASE
)
_MESSAGE_ID: Final = re.compile(
    r"(?=(?:\D{0,6}\d){10})\w{10,32}[.-]\S+|(?=\D{0,40}\d)\w{6,40}\.fsf(?:_-_)?|CA[A-Za-z0-9+_=-]{40,}", re.ASCII
)
_LOGIN: Final = re.compile(r"://[^\s/@]{0,80}\Z|\b(?:ssh|scp|sftp|rsync|mosh)(?:\s{1,3}-\S{1,20}(?:\s\d{1,5})?){0,4}\s{1,3}\Z")
_REMOTE_PATH: Final = re.compile(r":[~/]|:[\w.-]{1,60}/")
_RESERVED: Final = frozenset(("example", "test"))

_OBFUSCATED: Final = re.compile(
    r"[\[(](?:at|AT)[\])][ ]?(?:[A-Za-z0-9-]{1,63}(?:\.|[ ]?[\[(](?:dot|DOT)[\])][ ]?)){1,6}([A-Za-z]{2,24})(?![A-Za-z0-9])"
)
_OBFUSCATED_LOCAL: Final = re.compile(r"(?<![\w.+-])[A-Za-z0-9][\w.+-]{0,63}[ ]?\Z", re.ASCII)


def emails(text: str, roles: frozenset[str]) -> Iterator[Found]:
    """Yield the e-mail addresses of a text that are not roles.

    Parameters
    ----------
    text : str
        Any string.
    roles : frozenset of str
        Local parts, in lower case, that name no person.

    Notes
    -----
    The local part has up to 64 characters, the top-level domain is on the Public Suffix List or one of RFC 2606. No address are
    Message-IDs, logins (``ssh jo@host.org``, ``https://jo:pw@host.org``, ``jo@host.org:/srv``), channels (``#jo@irc.org``), Kerberos
    principals of services, servers of mailing lists (``x-request@…``) and names like ``logo@2x.png``.
    """
    if "@" not in text:
        return
    for match in _DOMAIN.finditer(text):
        at = match.start()
        local = _LOCAL.search(text, max(0, at - 65), at)
        name = local[0].lstrip("'.%+-") if local else ""
        domain = _registered(match[1])
        if not name or local is None or len(local[0]) > 64 or not domain or _PIXEL_RATIO.match(domain):
            continue
        found = at - len(name), at + 1 + len(domain), "email"
        if not _is_role(name, roles) and not _is_no_mailbox(text, found, name):
            yield found


def obfuscated_emails(text: str) -> Iterator[Found]:
    """Yield addresses whose signs are written as words in brackets: ``jo [at] host [dot] org``."""
    if "at]" not in text and "at)" not in text:
        return
    for match in _OBFUSCATED.finditer(text):
        local = _OBFUSCATED_LOCAL.search(text, max(0, match.start() - 66), match.start())
        if local and _is_top(match[1]):
            yield local.start(), match.end(), "email_obfuscated"


def _is_role(name: str, roles: frozenset[str]) -> bool:
    return name.lower() in roles or (bool(roles) and _LIST_SERVER.match(name) is not None)


def _is_no_mailbox(text: str, found: Found, name: str) -> bool:
    start, end, _ = found
    previous = text[start - 1 : start]
    if previous in {"#", "$"} or (previous == "/" and text[end - 1 : end].isupper()) or _REMOTE_PATH.match(text, end):
        return True
    if previous in {"<", ":", "=", " "} and _MESSAGE_ID.fullmatch(name):
        return True
    return _LOGIN.search(before(text, start, 90)) is not None or (
        previous == "<" and _ID_HEADER.search(text[max(0, start - 300) : start]) is not None
    )


def _registered(domain: str) -> str:
    """Cut what follows the last label that is a top-level domain: the next sentence, a file ending."""
    while "." in domain and not _is_top(domain.rpartition(".")[2]):
        domain = domain.rpartition(".")[0]
    return domain if "." in domain else ""


@cache
def _top_of(label: str) -> bool:
    try:
        return label in _RESERVED or is_top_level_domain(label.encode("idna").decode())
    except UnicodeError:
        return False


def _is_top(label: str) -> bool:
    return len(label) <= 24 and _top_of(label.lower())
