"""Reservations against use for training, in the HTTP header and in the page, and ``noindex``."""

from __future__ import annotations

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

_COUNTED = _ROBOTS | AI_BOTS | {"tdm-reservation"}

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
        if folded == "tdm-reservation" and value.strip() == "1":
            return f"{name.strip()}: {value.strip()}"
        if folded == "x-robots-tag" and any(_opts_out(bot, rules) for bot, rules in directives(value)):
            return f"{name.strip()}: {value.strip()}"
    return None


def header_noindex(headers: Headers) -> bool:
    """Whether ``X-Robots-Tag`` asks search engines in general not to list the page."""
    tags = [value for name, value in headers if name.strip().lower() == "x-robots-tag"]
    return any(bot in ("", "googlebot") and rules & _HIDES for value in tags for bot, rules in directives(value))


def robot_metas(metas: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return those of a page's ``meta`` elements that `meta_optout` and `meta_noindex` may count: few, and mostly none."""
    return [meta for meta in metas if meta[0].strip().lower() in _COUNTED]


def meta_optout(metas: Iterable[tuple[str, str]]) -> str | None:
    """Return the ``meta`` of a page that reserves it against use for training.

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
        if folded == "tdm-reservation" and content.strip() == "1":
            return f"{name.strip()}: {content.strip()}"
        if (folded in _ROBOTS or folded in AI_BOTS) and _opts_out(folded, _rules(content)):
            return f"{name.strip()}: {content.strip()}"
    return None


def meta_noindex(metas: Iterable[tuple[str, str]]) -> bool:
    """Whether a ``meta`` asks search engines not to list the page."""
    return any(name.strip().lower() in ("robots", "googlebot") and _rules(content) & _HIDES for name, content in metas)


def directives(value: str) -> list[tuple[str, frozenset[str]]]:
    """Split an ``X-Robots-Tag`` into robots and their directives; the robot is empty where none is named.

    Examples
    --------
    >>> [(bot, sorted(rules)) for bot, rules in directives("noarchive, GPTBot: noindex, noai")]
    [('', ['noarchive']), ('gptbot', ['noai', 'noindex'])]
    """
    bot, found = "", dict[str, set[str]]()
    for part in value.split(","):
        name, colon, rest = part.partition(":")
        if colon and name.strip().lower() not in _VALUED:
            bot, part = name.strip().lower(), rest
        found.setdefault(bot, set()).add(part.strip().lower())
    return [(name, frozenset(rules)) for name, rules in found.items()]


def _opts_out(bot: str, rules: frozenset[str]) -> bool:
    return "noai" in rules or (bot in AI_BOTS and bool(rules & _RESERVES))


def _rules(content: str) -> frozenset[str]:
    return frozenset(part for part in content.lower().replace(",", " ").split())
