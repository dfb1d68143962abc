"""The key of a URL: captures of one page share it, so that the newest of them can be kept.

Twenty-one rules on top of the WHATWG parser of ``can_ada``; the parser does hosts, IDNA, IP notations, dot segments and
backslashes, this module the rest. A rule is here only if two URLs that it merges are practically always one page. The
key is never fetched and never shown: the URL as it came stays in its column.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

import can_ada
import xxhash
import yaml

MAX_BYTES: Final = 8192
"""Longest URL, in bytes, that gets a key of its own; servers refuse longer ones."""

ERROR: Final = "ERROR:"
"""What :func:`canonical` starts with when a string is no URL of a web page."""

_C0_AND_SPACE: Final = "".join(map(chr, range(0x21)))
_LINE_BREAKS: Final = {ord(c): None for c in "\t\r\n"}
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SCHEME: Final = re.compile(r"https?:", re.IGNORECASE)
_SLASHES: Final = re.compile(r"https?:[/\\]{2}(?![/\\])", re.IGNORECASE)
_AUTHORITY_END: Final = re.compile(r"[/\\?#]")
_LONG_LABEL: Final = re.compile(r"[^.]{64}")
_ESCAPE: Final = re.compile("%([0-9A-Fa-f]{2})?")
_PATH_SESSION: Final = re.compile(r";jsessionid=[^/;]*", re.IGNORECASE)
_PATH_GROUPS: Final = re.compile(r"/\((?:[AFSX]\([^()/]*\))+\)(?=/|\Z)")  # cookieless ASP.NET
_HEX32: Final = re.compile(r"[0-9A-Fa-f]{32}")
_INDEX_PAGES: Final = frozenset(
    [f"index.{ending}" for ending in ("html", "htm", "php", "asp", "aspx", "jsp", "shtml")]
    + [f"default.{ending}" for ending in ("asp", "aspx", "htm", "html")]
)

_HEX: Final = "0123456789abcdefABCDEF"
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def _octet(digits: str) -> str:
    char = chr(int(digits, 16))
    return char if char in _UNRESERVED else f"%{digits.upper()}"


# A percent sign without two digits is the key None.
_PATH_OCTETS: Final[Mapping[str | None, str]] = {None: "%25"} | {a + b: _octet(a + b) for a in _HEX for b in _HEX}
_QUERY_OCTETS: Final[Mapping[str | None, str]] = {**_PATH_OCTETS, "20": "+"}


@dataclass(frozen=True, slots=True)
class _Ignored:
    """Query parameters that never select content, in lower case."""

    prefixes: tuple[str, ...]
    names: frozenset[str]
    hex32_names: frozenset[str]

    def drops(self, name: str, value: str) -> bool:
        low = name.lower()
        if low in self.names or low.startswith(self.prefixes):
            return True
        return low in self.hex32_names and _HEX32.fullmatch(value) is not None


@functools.cache
def _ignored() -> _Ignored:
    table = yaml.safe_load((files("conf") / "urls.yaml").read_text(encoding="utf-8"))
    tracking, session = table["tracking"], table["session"]
    return _Ignored(
        prefixes=tuple(sorted(tracking["prefixes"] + session["prefixes"])),
        names=frozenset(tracking["names"] + session["names"]),
        hex32_names=frozenset(session["hex32_names"]),
    )


@dataclass(frozen=True, slots=True)
class _PublicSuffixes:
    """The Public Suffix List, both sections, as A-labels."""

    exact: frozenset[str]
    wildcard_parents: frozenset[str]
    exceptions: frozenset[str]

    def of(self, host: str) -> str:
        rest = host
        while "." in rest:
            parent = rest.partition(".")[2]
            if rest in self.exceptions:
                return parent
            if rest in self.exact or parent in self.wildcard_parents:
                return rest
            rest = parent
        return rest


@functools.cache
def public_suffixes() -> _PublicSuffixes:
    """Return the rules of the Public Suffix List, read once a process."""
    # The copy inside the `tld` package: a list fetched at run time would change keys between runs.
    text = (files("tld") / "res" / "effective_tld_names.dat.txt").read_text(encoding="utf-8")
    rules = [line.split()[0] for line in text.splitlines() if line.strip() and not line.startswith("//")]
    rules = [rule if rule.isascii() else can_ada.idna_encode(rule).decode() for rule in rules]
    return _PublicSuffixes(
        exact=frozenset(rule for rule in rules if rule[0] not in "*!"),
        wildcard_parents=frozenset(rule[2:] for rule in rules if rule.startswith("*.")),
        exceptions=frozenset(rule[1:] for rule in rules if rule.startswith("!")),
    )


def canonical(url: str) -> str:
    """Return the key of a URL, or ``ERROR:`` and the kind of damage.

    Parameters
    ----------
    url : str
        Any string: NUL, lone surrogates (read as U+FFFD, as the WHATWG standard does) and megabytes are fine.

    Returns
    -------
    str
        ASCII, at most :data:`MAX_BYTES` long, starting with ``https://``; else one of ``ERROR:empty``, ``ERROR:scheme``,
        ``ERROR:host``, ``ERROR:port``, ``ERROR:length``.

    Notes
    -----
    Idempotent on keys, in O(n) but for nested session groups, which :data:`MAX_BYTES` bounds. Two results of one page
    may differ (``/a?source=rss``); two pages get one result practically never. A URL whose key would be longer than
    :data:`MAX_BYTES`, because its characters have to be encoded, is too long as well.

    References
    ----------
    WHATWG URL standard; RFC 3986 section 6.2.2; the SURT keys of Common Crawl's index.

    Examples
    --------
    >>> canonical("HTTP://www.Example.com:80/a/../b/index.html?utm_source=x#top")
    'https://example.com/b'
    >>> canonical("mailto:a@example.com")
    'ERROR:scheme'
    """
    url = url.strip(_C0_AND_SPACE).translate(_LINE_BREAKS)
    if len(url) > MAX_BYTES:
        return "ERROR:length"
    if not url.isascii():
        url = _SURROGATE.sub("\ufffd", url)
        if len(url.encode()) > MAX_BYTES:
            return "ERROR:length"
    if not url:
        return "ERROR:empty"
    if not _SLASHES.match(url):
        return "ERROR:host" if _SCHEME.match(url) else "ERROR:scheme"
    try:
        parsed = can_ada.parse(url)
    except ValueError:
        return _refusal(url)
    host = _host(parsed.hostname)
    if not host:
        return "ERROR:host"
    port = "" if parsed.port in ("", "80", "443") else f":{parsed.port}"
    query = _query(parsed.search)
    key = f"https://{host}{port}{_path(parsed.pathname, has_query=bool(query))}{query}"
    return key if len(key) <= MAX_BYTES else "ERROR:length"


def _refusal(url: str) -> str:
    """Say what the parser, which only refuses, has refused."""
    rest = url[url.index(":") + 3 :]
    authority = _AUTHORITY_END.split(rest, maxsplit=1)[0].rpartition("@")[2]
    if authority.startswith("[") and "]" not in authority:
        return "ERROR:host"
    bracket = authority.index("]") + 1 if authority.startswith("[") else 0
    host, _, port = authority[bracket:].partition(":")
    digits = port.isascii() and port.isdigit()
    in_range = digits and len(port.lstrip("0")) <= 5 and int(port.lstrip("0") or "0") <= 65535
    return "ERROR:port" if (host or bracket) and port and not in_range else "ERROR:host"


def _host(host: str) -> str:
    """Return the host of the key; empty when it can't be on the public web."""
    if host.startswith("["):
        return host
    host = host.removesuffix(".")
    if "." not in host or ".." in host or host[0] == "." or host[-1] == ".":
        return ""
    if len(host) > 253 or _LONG_LABEL.search(host):
        return ""
    while host.startswith("www.") and not is_public_suffix(host[4:]):
        host = host[4:]
    return host


def _path(path: str, *, has_query: bool) -> str:
    if "%" in path:
        path = _ESCAPE.sub(lambda escape: _PATH_OCTETS[escape[1]], path)
    if ";" in path or "/(" in path:
        path = _without_sessions(path)
    while True:
        if path[-1:] == "/" and path[-2:] != "//" and path != "/":
            path = path[:-1]
        folder, _, name = path.rpartition("/")
        if has_query or name.lower() not in _INDEX_PAGES:
            return path or "/"
        path = f"{folder}/"


def _without_sessions(path: str) -> str:
    while True:
        # Taking one away can complete a dot segment or another group, hence the loop.
        shorter = _PATH_GROUPS.sub("", _PATH_SESSION.sub("", path))
        if shorter == path:
            return path
        path = _without_dot_segments(shorter)


def _without_dot_segments(path: str) -> str:
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments and segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _query(search: str) -> str:
    if len(search) < 2:
        return ""
    search = search[1:]
    if "%" in search:
        search = _ESCAPE.sub(lambda escape: _QUERY_OCTETS[escape[1]], search)
    ignored = _ignored()
    pairs = []
    for pair in search.split("&"):
        name, _, value = pair.partition("=")
        if (name or value) and not ignored.drops(name, value):
            pairs.append((name, value))
    return "?" + "&".join([f"{name}={value}" for name, value in sorted(pairs)]) if pairs else ""


def url_key(url: str) -> int:
    """Return the 64-bit key of a URL as Spark's signed ``bigint``.

    Parameters
    ----------
    url : str
        Any string.

    Returns
    -------
    int
        xxh3_64 (seed 0) of the canonical form's bytes in [-2**63, 2**63); of the string as it came (UTF-8, lone
        surrogates passed through) when there is no canonical form, so that damage never merges two pages.
    """
    key = canonical(url)
    text = url if key.startswith(ERROR) else key
    value = xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"))
    return value - (1 << 64) if value >> 63 else value


def host_of(url: str) -> str:
    """Return the canonical host of a URL: no ``www.``, no port, A-labels, IPv6 in brackets; empty when it has none.

    Examples
    --------
    >>> host_of("http://www.bücher.example:8080/a")
    'xn--bcher-kva.example'
    """
    return host_of_key(canonical(url))


def host_of_key(key: str) -> str:
    """Return the host of what :func:`canonical` gave; empty for an error."""
    if key.startswith(ERROR):
        return ""
    authority = key[8 : key.index("/", 8)]
    if authority.startswith("["):
        return authority[: authority.index("]") + 1]
    return authority.partition(":")[0]


def is_public_suffix(host: str) -> bool:
    """Whether a lower-case host of A-labels is itself a public suffix (``co.uk``, ``github.io``, any single label)."""
    return public_suffixes().of(host) == host


def is_top_level_domain(label: str) -> bool:
    """Whether a lower-case label is a top-level domain of the Public Suffix List."""
    suffixes = public_suffixes()
    return "." not in label and (label in suffixes.exact or label in suffixes.wildcard_parents)


def is_ip_address(host: str) -> bool:
    """Whether a canonical host is an address: dotted decimal, or IPv6 in brackets."""
    if host.startswith("["):
        return True
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def registered_domain(url: str) -> str:
    """Return the public suffix of a URL's host and one label more: the part that somebody registered.

    Parameters
    ----------
    url : str
        Any string.

    Returns
    -------
    str
        A-labels in lower case. The host itself if it is an IP address or a public suffix; empty when there is no host.

    Notes
    -----
    Both sections of the Public Suffix List count: ``alice.github.io`` and ``bob.github.io`` are two sites. The list is
    the one packed in the installed ``tld``; it is never fetched. A top-level domain that it lacks is a suffix of one label.

    References
    ----------
    Algorithm of the Public Suffix List, publicsuffix.org/list.

    Examples
    --------
    >>> registered_domain("https://news.bbc.co.uk/1/hi.html")
    'bbc.co.uk'
    """
    host = host_of(url)
    if not host or is_ip_address(host):
        return host
    suffix = public_suffixes().of(host)
    labels_above = host[: -len(suffix) - 1]
    return f"{labels_above.rpartition('.')[2]}.{suffix}" if labels_above else host
