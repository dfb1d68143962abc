"""What a teacher model is asked for a knowledge class, and how its answer is read.

The prompt is ``conf/prompts/knowledge.v1.md`` with the classes of the taxonomy. The page goes into a message of its own, between
fences that are drawn by a hash, so that a request is reproducible and no page can know its fence.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import Any

import xxhash

from conf.taxonomy import Taxonomy

PROMPT = "knowledge.v1"
PLACE = "{{classes}}"
HEAD, MIDDLE, TAIL = 1_500, 500, 500
"""Characters of a page that are shown: from its start, its middle and its end."""

CUT = " […] "
_HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
_CHAT_MARKS = re.compile(r"<(?=\||/?s>|/?doc-)|\[(?=/?INST\]|/?SYS)", re.IGNORECASE)
_JOINER = "\u2060"


class AnswerError(ValueError):
    """A teacher's answer is not one JSON object with one class of the taxonomy."""


@cache
def instructions(taxonomy: Taxonomy) -> str:
    """Return the first message: the prompt with every class, its definition, what belongs to it and what does not."""
    template = resources.files("conf").joinpath("prompts", f"{PROMPT}.md").read_text(encoding="utf-8")
    lines = (f"- `{c.id}`: {c.definition} Includes: {c.includes}. Not: {c.excludes}." for c in taxonomy.classes)
    return template.replace(PLACE, "\n".join(lines))


def page_message(id: bytes, text: str, *, title: str = "", url: str = "") -> str:
    """Return the second message: the page as data between its fences.

    Parameters
    ----------
    id : bytes
        Of the document; with the prompt's version it draws the fence.
    text : str
        Any string; control characters, lone surrogates and marks of direction go, chat marks are broken, long texts are cut.
    title, url : str
        Shown above the text, treated as it is.
    """
    fence = "doc-" + xxhash.xxh3_64_hexdigest(PROMPT.encode() + b"\0" + id)
    shown = "\n".join(_harmless(part) for part in (f"address: {url[:300]}", f"title: {title[:300]}", "", shortened(text)))
    return f"<{fence}>\n{shown}\n</{fence}>"


def shortened(text: str) -> str:
    """Return head, middle and tail of a long text with marks where it is cut; a text that fits stays whole."""
    if len(text) <= HEAD + MIDDLE + TAIL:
        return text
    middle = (len(text) - MIDDLE) // 2
    return CUT.join((text[:HEAD], text[middle : middle + MIDDLE], text[-TAIL:]))


def _harmless(text: str) -> str:
    return _CHAT_MARKS.sub(lambda found: found[0] + _JOINER, _HIDDEN.sub("", text))


def answer_schema(taxonomy: Taxonomy) -> dict[str, Any]:
    """Return the JSON schema that holds a server to the form of the answer."""
    classes = {"type": "string", "enum": list(taxonomy.ids)}
    return {"type": "object", "properties": {"class": classes}, "required": ["class"], "additionalProperties": False}


def read_answer(answer: str, taxonomy: Taxonomy) -> str:
    """Return the class that an answer gives.

    Raises
    ------
    AnswerError
        When the answer is anything but one JSON object whose only key is ``class``, with an id of the taxonomy.
    """
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise AnswerError(f"the answer is no JSON: {answer[:80]!r}") from error
    if not isinstance(found, dict) or set(found) != {"class"}:
        raise AnswerError(f"the answer is not of the form {{'class': ID}}: {answer[:80]!r}")
    if found["class"] not in taxonomy.ids:
        raise AnswerError(f"there is no class {str(found['class'])[:80]!r}; there are {', '.join(taxonomy.ids)}")
    return str(found["class"])
