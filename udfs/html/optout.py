"""Reservations against use for training, in the HTTP header and in the page, and ``noindex``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

AI_BOTS = frozenset({
    "ai2bot", "ai2bot-dolma", "amazonbot", "anthropic-ai", "applebot-extended", "bytespider", "ccbot", "chatgpt-user",
    "claude-web", "claudebot", "cohere-ai", "cohere-training-data-crawler", "diffbot", "facebookbot",
    "google-cloudvertexbot", "google-extended", "gptbot", "img2dataset", "meta-externalagent", "oai-searchbot",
    "omgili", "omgilibot", "pangubot", "perplexitybot", "timpibot", "webzio-extended", "youbot",
})  # fmt: skip
"""Robots whose operators say that they collect text for language models; lower case."""

_ROBOTS = frozenset({"robots", "googlebot", "bingbot"})
_RESERVES = frozenset({"none", "noindex", "noai"})
_HIDES = frozenset({"none", "noindex"})
_VALUED = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})

_HEADER = "x-robots-tag"
_RESERVATION = "tdm-reservation"
_COUNTED = _ROBOTS | AI_BOTS | {_HEADER, _RESERVATION}
_ROBOT_NAME = re.compile(r"[a-z][^\s:]*")

Headers = Sequence[tuple[str, str]]


def header_optout(headers: Headers) -> str | None:
    """Return the HTTP header that reserves a page against use for training.

    Counted: ``X-Robots-Tag`` with ``noai`` for any robot, or with ``none``, ``noindex`` or ``noai`` for one of
    ``AI_BOTS``; ``tdm-reservation: 1`` (TDMRep, W3C community group). Headers may repeat; names in any case.

    Parameters
    ----------
    headers : sequence of (str, str)
        Names and values, as received.

    Returns
    -------
    str or None
        The first such header, as ``name: value``; None where there is none.
    """
    for name, value in headers:
        folded = name.strip().lower()
        if (folded == _RESERVATION and _reserves(value)) or (folded == _HEADER and _tag_opts_out(value)):
            return f"{name.strip()}: {value.strip()}"
    return None


def header_noindex(headers: Headers) -> bool:
    """Whether ``X-Robots-Tag`` asks search engines in general not to list the page."""
    return any(name.strip().lower() == _HEADER and _tag_hides(value) for name, value in headers)


def robot_metas(metas: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return those of a page's ``meta`` elements that `meta_optout` and `meta_noindex` may count: few, and mostly none."""
    return [meta for meta in metas if meta[0].strip().lower() in _COUNTED]


def meta_optout(metas: Iterable[tuple[str, str]]) -> str | None:
    """Return the ``meta`` of a page that reserves it against use for training.

    Counted: ``noai`` for ``robots`` or a robot by name, ``none`` and ``noindex`` for one of ``AI_BOTS``; what `header_optout`
    counts in a ``meta`` that stands for that header (``http-equiv``); ``tdm-reservation`` with 1. Several add up.

    Parameters
    ----------
    metas : iterable of (str, str)
        ``name`` (or ``http-equiv``) and ``content`` of the page's ``meta`` elements, in order.

    Returns
    -------
    str or None
        The first such ``meta``, as ``name: content``; ``noimageai`` alone reserves pictures only and does not count.
    """
    for name, content in metas:
        folded = name.strip().lower()
        named = (folded in _ROBOTS or folded in AI_BOTS) and _opts_out(folded, _rules(content))
        if named or (folded == _RESERVATION and _reserves(content)) or (folded == _HEADER and _tag_opts_out(content)):
            return f"{name.strip()}: {content.strip()}"
    return None


def meta_noindex(metas: Iterable[tuple[str, str]]) -> bool:
    """Whether a ``meta`` asks search engines not to list the page."""
    for name, content in metas:
        folded = name.strip().lower()
        if (folded in ("robots", "googlebot") and _rules(content) & _HIDES) or (folded == _HEADER and _tag_hides(content)):
            return True
    return False


def directives(value: str) -> list[tuple[str, frozenset[str]]]:
    """Split an ``X-Robots-Tag`` into robots and their directives; the robot is empty where none is named.

    Examples
    --------
    >>> [(bot, sorted(rules)) for bot, rules in directives("noarchive, GPTBot: noindex, noai")]
    [('', ['noarchive']), ('gptbot', ['noai', 'noindex'])]
    """
    bot, found = "", dict[str, set[str]]()
    for part in value.split(","):
        name, colon, rest = part.lower().partition(":")
        # Dates hold commas and colons, too: what stands before a colon there is no name.
        if colon and name.strip() not in _VALUED and _ROBOT_NAME.fullmatch(name.strip()):
            bot, part = name.strip(), rest
        found.setdefault(bot, set()).update(part.lower().split())
    return [(name, frozenset(rules)) for name, rules in found.items()]


def _reserves(value: str) -> bool:
    """Whether a TDM reservation is set; proxies join repeated headers with commas."""
    return any(part.strip() == "1" for part in value.split(","))


def _tag_opts_out(value: str) -> bool:
    return any(_opts_out(bot, rules) for bot, rules in directives(value))


def _tag_hides(value: str) -> bool:
    return any(bot in ("", "googlebot") and bool(rules & _HIDES) for bot, rules in directives(value))


def _opts_out(bot: str, rules: frozenset[str]) -> bool:
    return "noai" in rules or (bot in AI_BOTS and bool(rules & _RESERVES))


def _rules(content: str) -> frozenset[str]:
    return frozenset(part for part in content.lower().replace(",", " ").split())
