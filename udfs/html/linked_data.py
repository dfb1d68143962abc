"""Linked data of a page (JSON-LD, schema.org): its objects, and the texts that they hold."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from udfs.html.tags import Range, unescape

MAX_JSON = 5_000_000
"""Bytes of a script that are parsed."""
MAX_SCRIPTS = 50
MAX_OBJECTS = 1_000
MAX_NODES = 300_000
"""Values of one script that are looked at."""

Json = Any
Object = Mapping[str, Json]
Reader = Callable[[Object], Iterable[str]]

_DECODER = json.JSONDecoder(strict=False)
_OPENING = re.compile(r"\s*+(?:<!--|(?://|/\*)?\s*+<!\[CDATA\[(?:\s*+\*/)?)\s*+")
_TRAILING_COMMA = re.compile(r",(?=\s{0,200}[}\]])")
_UNDEFINED = re.compile(r"(?<=[:,\[])(\s?)(?:undefined|NaN)(?=\s?[,}\]])")
_ESCAPE = re.compile(r"\\(?:[\"\\/bfnrt]|u[0-9a-fA-F]{4}|(.))", re.DOTALL)


def read_json(source: bytes) -> Json:
    """Parse a script's JSON; None where it is none.

    Raw line ends in strings are allowed, and what follows the first value is left. Invalid JSON is tried once more without what
    scripts often add: an opening comment, trailing commas, ``undefined``, escapes that JSON does not have.
    """
    text = source[:MAX_JSON].decode("utf-8", "replace").strip()
    try:
        return _DECODER.raw_decode(text)[0]
    except (ValueError, RecursionError):
        pass
    try:
        return _DECODER.raw_decode(_mended(text))[0]
    except (ValueError, RecursionError):
        return None


def linked_objects(source: bytes, ranges: Iterable[Range]) -> list[dict[str, Json]]:
    """Return every object of the page's linked data, the outermost of a script first; what does not parse is left out.

    Parameters
    ----------
    source : bytes
        The page, UTF-8.
    ranges : iterable of (start, stop)
        Contents of its ``application/ld+json`` scripts; the first `MAX_SCRIPTS` are read.
    """
    objects: list[dict[str, Json]] = []
    for start, stop in list(ranges)[:MAX_SCRIPTS]:
        waiting = [read_json(source[start:stop])]
        for item in waiting:
            if len(objects) >= MAX_OBJECTS or len(waiting) > MAX_NODES:
                break
            if isinstance(item, dict):
                objects.append(item)
                waiting += item.values()
            elif isinstance(item, list):
                waiting += item
    return objects


def linked_texts(objects: Sequence[Object]) -> list[str]:
    """Return the texts that linked data hold: those of the most telling family of types that has any, in document order.

    Families: articles; questions and posts with their answers; recipes and instructions; descriptions of things. The strings
    are as written, so they may be HTML.
    """
    return next((texts for readers in _FAMILIES if (texts := _texts(objects, readers))), [])


def _texts(objects: Sequence[Object], readers: Mapping[str, Reader]) -> list[str]:
    return [text for item in objects for text in _by_type(item, readers) if text.strip()]


def _mended(text: str) -> str:
    """Take out of almost-JSON what JSON does not have."""
    if "&quot;" in text[:200] and '"' not in text[:200]:
        text = unescape(text)
    if opening := _OPENING.match(text):
        text = text[opening.end() :]
    text = _UNDEFINED.sub(r"\1null", _TRAILING_COMMA.sub("", text))
    return _ESCAPE.sub(lambda match: match[1] or match[0], text)


def _by_type(item: Object, readers: Mapping[str, Reader]) -> Iterable[str]:
    stated = item.get("@type")
    for name in stated if isinstance(stated, list) else [stated]:
        reader = readers.get(re.split(r"[/#:]", name)[-1]) if isinstance(name, str) else None
        if reader is not None:
            return reader(item)
    return ()


def _listed(item: Object, names: Iterable[str]) -> Iterator[Json]:
    """Yield what an object has under some names, one by one."""
    for name in names:
        value = item.get(name)
        yield from value if isinstance(value, list) else [value]


def _strings(item: Object, *names: str) -> Iterator[str]:
    return (value for value in _listed(item, names) if isinstance(value, str))


def _children(item: Object, *names: str) -> Iterator[Object]:
    return (value for value in _listed(item, names) if isinstance(value, dict))


def _article(item: Object) -> Iterator[str]:
    return _strings(item, "articleBody" if item.get("articleBody") else "text")


def _post(item: Object) -> Iterator[str]:
    yield from _strings(item, "headline")
    yield from _strings(item, "text" if item.get("text") else "articleBody")
    for answer in _children(item, "comment"):
        yield from _strings(answer, "text")


def _question(item: Object) -> Iterator[str]:
    yield from _strings(item, "name", "text")
    for answer in _children(item, "acceptedAnswer", "suggestedAnswer"):
        yield from _strings(answer, "text")


def _steps(item: Object, *names: str) -> Iterator[str]:
    """Yield the steps of instructions: strings, steps with a text or a name, and the parts of sections."""
    yield from _strings(item, *names)
    for step in _children(item, *names):
        for part in (step, *_children(step, "itemListElement", "steps")):
            yield from _strings(part, "text" if part.get("text") else "name")


def _recipe(item: Object) -> Iterator[str]:
    yield from _strings(item, "name", "description")
    yield "\n".join(_strings(item, "recipeIngredient", "ingredients"))
    yield from _steps(item, "recipeInstructions")


def _how_to(item: Object) -> Iterator[str]:
    yield from _strings(item, "name", "description")
    yield from _steps(item, "step", "steps")


def _described(item: Object) -> Iterator[str]:
    return _strings(item, "name", "title", "description") if item.get("description") else iter(())


_ARTICLES = (
    "Article", "NewsArticle", "BlogPosting", "TechArticle", "ScholarlyArticle", "Report", "ReportageNewsArticle",
    "OpinionNewsArticle", "AnalysisNewsArticle", "BackgroundNewsArticle", "ReviewNewsArticle", "AdvertiserContentArticle",
    "MedicalScholarlyArticle", "LiveBlogPosting", "CreativeWork",
)  # fmt: skip
_THINGS = ("Product", "JobPosting", "Event", "Course", "Book", "SoftwareApplication", "Movie", "Place", "Dataset")
_PAGES = ("VideoObject", "PodcastEpisode", "LocalBusiness", "Organization", "WebPage")
_FAMILIES: tuple[Mapping[str, Reader], ...] = (
    dict.fromkeys(_ARTICLES, _article),
    {"Question": _question, "DiscussionForumPosting": _post, "SocialMediaPosting": _post},
    {"Recipe": _recipe, "HowTo": _how_to},
    dict.fromkeys(_THINGS, _described),
)
_DESCRIBED = dict.fromkeys((*_ARTICLES, *_PAGES), _described)
