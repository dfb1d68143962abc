"""A page as data in a teacher's request: shortened, harmless, between fences that it can't know.

The page goes into a message of its own, between fences that are drawn by a hash, so that a request is reproducible and no page can
know its fence. What a chat template might take for its own (``<|im_end|>``, ``[INST]``, ``</s>``) is broken by an invisible
character: servers turn such marks inside a user's message into real special tokens, with which a page could end the user's turn.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import xxhash

HEAD, MIDDLE, TAIL = 1_500, 500, 500
"""Characters of a page that are shown: from its start, its middle and its end."""

MOST_LINE = 300
"""Characters of the title and of the address that are shown."""

CUT = " […] "
_HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
_CHAT_MARKS = re.compile(
    r"<(?=\||｜|/?s>|/?doc-|<?/?SYS>|/?(?:start_of_turn|end_of_turn|bos|eos|pad|unk|mask|think|tool_call|tool_response|image)>)"
    r"|\[(?=/?(?:INST|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\])",
    re.IGNORECASE,
)
_JOINER = "\u2060"


@dataclass(frozen=True, slots=True)
class Page:
    """A document that a teacher is asked about.

    Parameters
    ----------
    id : bytes
        Of the document.
    text, title, url : str
        Any strings; title and url are shown above the text.
    domain, language, stratum : str
        Registered domain, language and the stratum of the sample; they go into the labels, never into the request.
    probability : float, optional
        With which the document came into the sample, 0-1.
    """

    id: bytes
    text: str
    title: str = ""
    url: str = ""
    domain: str = ""
    language: str = ""
    stratum: str = ""
    probability: float | None = None


def shown(text: str, *, title: str = "", url: str = "") -> str:
    """Return what a teacher sees of a page, without its fences.

    Parameters
    ----------
    text : str
        Any string; control characters, lone surrogates and marks of direction go, chat marks are broken, long texts are cut.
    title, url : str
        Shown above the text, treated as it is.
    """
    parts = (f"address: {url[:MOST_LINE]}", f"title: {title[:MOST_LINE]}", "", shortened(text))
    return "\n".join(_harmless(part) for part in parts)


def fenced(body: str, id: bytes, prompt: str) -> str:
    """Return what is shown of a page between its fences, which a document's id and a prompt's name and version draw."""
    fence = "doc-" + xxhash.xxh3_64_hexdigest(prompt.encode() + b"\0" + id)
    return f"<{fence}>\n{body}\n</{fence}>"


def shortened(text: str) -> str:
    """Return head, middle and tail of a long text with marks where it is cut; a text that fits stays whole."""
    if len(text) <= HEAD + MIDDLE + TAIL:
        return text
    middle = (len(text) - MIDDLE) // 2
    return CUT.join((text[:HEAD], text[middle : middle + MIDDLE], text[-TAIL:]))


def _harmless(text: str) -> str:
    return _CHAT_MARKS.sub(lambda found: found[0] + _JOINER, _HIDDEN.sub("", text))
