"""What a page says of itself: title, language, canonical address, reservations, licence, date, kind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

from udfs.html.linked_data import linked_objects
from udfs.html.optout import meta_noindex, meta_optout, robot_metas
from udfs.html.page.layout import Head
from udfs.html.settings import PageKind
from udfs.html.tags import Heads, Range, attributes, by_kind, metas, unescape
from udfs.html.text.finishing import folded

LicenceStrength = Literal["rel", "jsonld", "link"]
Ranges = list[list[Range]]
Licence = tuple[str | None, LicenceStrength | None]

MAX_LINKS = 1_000
"""``link`` elements, and links that may name a licence, that are read."""
MAX_DEEDS = 20
"""Links to public-domain deeds that are read."""
MAX_TITLE = 20_000
"""Bytes of a title that are read."""
HINTS = 32_768
"""Bytes of a page's top that are searched for markup of its kind, and of its foot for links to deeds."""

_CC = re.compile(
    r"creativecommons\.org/(?:licenses/(by(?:-nc)?(?:-nd|-sa)?)|publicdomain/(zero|mark))/(\d\.\d)(?:/([a-z]{2,3})(?![a-z]))?",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"\s*https?://", re.IGNORECASE)
_LANGUAGE = re.compile(r"\s*([A-Za-z]{2,3})(?![A-Za-z])")
_DATE = re.compile(r"\s*(\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:\.\d{1,9})?(?: ?(?:Z|[+-]\d{2}:?\d{2}))?)?)")
_DATE_IN_DATA = re.compile(rb'"datePublished"\s*+:\s*+"([^"]{10,40})"')
_ITEM_DATE = b"datePublished"
_DATE_NAMES = (
    "article:published_time", "og:article:published_time", "datepublished", "date", "dc.date", "dc.date.issued",
    "dcterms.created", "dcterms.issued", "publishdate", "pubdate", "parsely-pub-date", "sailthru.date",
)  # fmt: skip
_LANGUAGE_NAMES = ("content-language", "og:locale", "dc.language", "dcterms.language")
_RIGHTS_NAMES = frozenset({"dc.rights", "dcterms.license", "dcterms.rights"})
_DOCUMENTATION = re.compile(
    r"sphinx|docutils|docbook|doxygen|mkdocs|docusaurus|mdbook|javadoc|texinfo|makeinfo|asciidoc|rustdoc|antora|hevea",
    re.IGNORECASE,
)
_FORUM = re.compile(r"discourse|phpbb|vbulletin|xenforo|mybb|simple machines|vanilla forums|flarum|nodebb", re.IGNORECASE)
_FORUM_BODY = re.compile(r"\b(?:forum|thread|topic|question-page)\b")
_TYPE = re.compile(rb'"@type"\s*+:\s*+\[?\s*+"(?:https?://schema\.org/)?([A-Za-z]+)"')
_FORUM_TYPES = frozenset((b"DiscussionForumPosting", b"QAPage"))
_ARTICLE_TYPES = frozenset(
    kind + form for kind in (b"", b"News", b"Blog", b"Report", b"Scholarly", b"Tech") for form in (b"Article", b"Posting")
)
_FORUM_MARKUP = (b"schema.org/DiscussionForumPosting", b"schema.org/QAPage")
_FORUM_ITEM = re.compile(b"|".join(_FORUM_MARKUP))
_DEED = b"creativecommons.org/publicdomain/"
_ANCHOR = re.compile(rb"<[aA]\s")
_SPHINX = b"/doctools.js"


@dataclass(frozen=True, slots=True)
class Metadata:
    """Statements of a page on itself; the fields are those of `udfs.html.Extraction`.

    ``kind_sure`` is false where the kind rests on ``og:type`` alone, which some software prints on every page.
    """

    title: str
    language: str | None
    canonical: str | None
    optout: str | None
    noindex: bool
    licence: str | None
    licence_strength: LicenceStrength | None
    published: str | None
    kind: PageKind
    kind_sure: bool = True


def read_metadata(source: bytes, heads: Heads, url: str | None) -> Metadata:
    """Read what states something of the whole page.

    Linked data is parsed only where a licence or a date is missing that it seems to name.

    Parameters
    ----------
    source : bytes
        The page, UTF-8.
    heads : sequence of (kind, start, stop)
        What the scanner found (`udfs.html.page.layout.PageTables.heads`, as lists).
    url : str, optional
        Address of the page, against which a canonical address is resolved.
    """
    ranges = by_kind(heads)
    stated = metas(source, ranges[Head.META])
    named: dict[str, str] = {}
    for name, content in stated:
        if stripped := content.strip():
            named.setdefault(name.lower(), stripped)
    links = _tags_with(source, ranges[Head.LINK], b"canonical", b"license")
    base = next((tag["href"] for tag in _tags_with(source, ranges[Head.BASE], b"href", b"href")), "")
    anchors = _tags_with(source, ranges[Head.LICENCE], b"license", b"creativecommons.org/")
    if not anchors:
        anchors = _public_domain(source, ranges)
    related = [_named(tag["href"]) for tag in (*links, *anchors) if _related(tag, "license")]
    published = _published_by_meta(named)
    wanted = ([] if published else [b'"datePublished"']) + ([] if related else [b'"license"'])
    telling = [place for place in ranges[Head.JSON_LD] if any(source.find(word, *place) >= 0 for word in wanted)]
    linked = linked_objects(source, telling) if telling else []
    of_robots = robot_metas(stated)
    kind, sure = _kind(source, ranges, named)
    licence, strength = _licence(related, _stated_licences(stated, linked), [tag["href"] for tag in anchors])
    return Metadata(
        title=_title(source, ranges),
        language=_language(source, ranges, named),
        canonical=_canonical(links, url or "", base),
        optout=meta_optout(of_robots),
        noindex=meta_noindex(of_robots),
        licence=licence,
        licence_strength=strength,
        published=published or _published(source, ranges, linked, telling),
        kind=kind,
        kind_sure=sure,
    )


def cc_licence(text: str) -> str | None:
    """Short name of the Creative Commons address in a text: ``cc-by-sa-4.0``, ``cc-by-3.0-us``, ``cc0-1.0``, ``pdm-1.0``."""
    match = _CC.search(text)
    if match is None:
        return None
    code, deed, version, jurisdiction = (part and part.lower() for part in match.groups())
    name = f"cc-{code}" if code else {"zero": "cc0", "mark": "pdm"}[deed]
    return f"{name}-{version}" + (f"-{jurisdiction}" if jurisdiction else "")


def _first(named: Mapping[str, str], names: Iterable[str]) -> str | None:
    return next((named[name] for name in names if name in named), None)


def _title(source: bytes, ranges: Ranges) -> str:
    if not ranges[Head.TITLE]:
        return ""
    start, stop = ranges[Head.TITLE][0]
    return " ".join(folded(unescape(source[start : min(stop, start + MAX_TITLE)].decode("utf-8", "replace"))).split())


def _language(source: bytes, ranges: Ranges, named: Mapping[str, str]) -> str | None:
    roots = [attributes(source[start:stop]) for start, stop in ranges[Head.HTML][:1]]
    stated = next((root[name] for root in roots for name in ("lang", "xml:lang") if root.get(name)), None)
    match = _LANGUAGE.match(stated or _first(named, _LANGUAGE_NAMES) or "")
    return match[1].lower() if match else None


def _tags_with(source: bytes, ranges: Iterable[Range], word: bytes, other: bytes) -> list[dict[str, str]]:
    """Return the attributes of the tags with an address that hold one of two lower-case words, in any case."""
    found = []
    for start, stop in islice(ranges, MAX_LINKS):
        tag = source[start:stop].lower()
        if word in tag or other in tag:
            found.append(attributes(source[start:stop]))
    return [tag for tag in found if "href" in tag]


def _public_domain(source: bytes, ranges: Ranges) -> list[dict[str, str]]:
    """Return the attributes of the links to public-domain deeds, whose addresses lack the word "license", in the page's foot."""
    found = []
    at = max(len(source) - HINTS, ranges[Head.BODY][0][0] if ranges[Head.BODY] else 0)
    for _ in range(MAX_DEEDS):
        at = source.find(_DEED, at)
        if at < 0:
            break
        tag = source[max(source.rfind(b"<", max(at - 500, 0), at), 0) : at + 500].partition(b">")[0]
        if _ANCHOR.match(tag):
            found.append(attributes(tag))
        at += len(_DEED)
    return [tag for tag in found if "href" in tag]


def _related(tag: Mapping[str, str], word: str) -> bool:
    return word in tag.get("rel", "").lower().split()


def _canonical(links: Iterable[Mapping[str, str]], url: str, base: str) -> str | None:
    stated = next((link["href"] for link in links if _related(link, "canonical")), None)
    if stated is None:
        return None
    try:
        address = urljoin(urljoin(url, base.strip()), stated.strip())
        parts = urlsplit(address)
    except ValueError:
        return None
    return address if parts.scheme in ("http", "https") and parts.netloc else None


def _stated_licences(stated: Iterable[tuple[str, str]], linked: Iterable[Mapping[str, Any]]) -> list[str]:
    in_data = [text for item in linked for text in _licence_texts(item.get("license"))]
    # Rights are mostly a copyright line; beside the address of a licence it is no other licence.
    rights = (content for name, content in stated if name.lower() in _RIGHTS_NAMES)
    return in_data + [content for content in rights if cc_licence(content) or _ADDRESS.match(content)]


def _licence_texts(value: object) -> list[str]:
    """Return the licences that linked data name: by an address, an object that has one, or several of these."""
    several = value[:MAX_DEEDS] if isinstance(value, list) else [value]
    named = (next((one[key] for key in ("@id", "url") if key in one), None) if isinstance(one, dict) else one for one in several)
    return [text for text in named if isinstance(text, str)]


def _licence(related: list[str], stated: list[str], linked: list[str]) -> Licence:
    """Return the licence by the strongest signal there is; several different ones of one strength are ``mixed``."""
    signals: tuple[tuple[LicenceStrength, list[str]], ...] = (
        ("rel", related),
        ("jsonld", [_named(text) for text in stated]),
        ("link", [cc_licence(address) or "" for address in linked]),
    )
    for strength, names in signals:
        kept = sorted({name for name in names if name})
        if kept:
            return (kept[0] if len(kept) == 1 else "mixed"), strength
    return None, None


def _named(address: str) -> str:
    return cc_licence(address) or address.strip()[:200]


def _published_by_meta(named: Mapping[str, str]) -> str | None:
    return _first_date(named[name] for name in _DATE_NAMES if name in named)


def _first_date(texts: Iterable[str]) -> str | None:
    """Return the first date of some texts, with the ``T`` that some leave out."""
    match = next((found for text in texts if (found := _DATE.match(text))), None)
    return match[1].replace(" ", "T", 1).replace(" ", "") if match else None


def _published(source: bytes, ranges: Ranges, linked: Iterable[Mapping[str, Any]], telling: Iterable[Range]) -> str | None:
    """Return the date in linked data (by pattern where they do not parse), of an element that is marked, of the sole ``time``."""
    in_data = (item["datePublished"] for item in linked if isinstance(item.get("datePublished"), str))
    broken = (found[1].decode("utf-8", "replace") for place in telling for found in _DATE_IN_DATA.finditer(source, *place))
    tags = (source[start:stop] for start, stop in ranges[Head.TIME][:MAX_LINKS])
    times = (attributes(tag) for tag in tags if b"datepublished" in (folded := tag.lower()) or b"pubdate" in folded)
    marked = (tag.get("datetime", "") for tag in times if "pubdate" in tag or tag.get("itemprop") == "datePublished")
    sole = (
        attributes(source[start:stop]).get("datetime", "") for start, stop in ranges[Head.TIME] if len(ranges[Head.TIME]) == 1
    )
    return _first_date(chain(in_data, islice(broken, 5), islice(marked, 5), _item_dates(source), sole))


def _item_dates(source: bytes) -> Iterator[str]:
    """Yield what elements other than ``time`` with the property ``datePublished`` state in an attribute."""
    at = source.find(_ITEM_DATE)
    for _ in range(MAX_DEEDS):
        if at < 0:
            return
        start = source.rfind(b"<", max(at - 500, 0), at)
        if start >= 0 and source.find(b">", start, at) < 0:
            tag = attributes(source[start : at + 500].partition(b">")[0])
            if tag.get("itemprop") == "datePublished":
                yield next((tag[name] for name in ("content", "datetime", "title") if name in tag), "")
        at = source.find(_ITEM_DATE, at + len(_ITEM_DATE))


def _kind(source: bytes, ranges: Ranges, named: Mapping[str, str]) -> tuple[PageKind, bool]:
    """Return the kind that markup states, and whether that is to be relied on."""
    generator = named.get("generator", "")
    start, stop = ranges[Head.BODY][0] if ranges[Head.BODY] else (0, 0)
    body = attributes(source[start:stop])
    classes = body.get("class", "")
    if _FORUM.search(generator) or body.get("id") == "phpbb" or _FORUM_BODY.search(classes, 0, 200):
        return "forum", True
    types = {name for first, last in ranges[Head.JSON_LD][:MAX_LINKS] for name in _TYPE.findall(source[first:last])}
    if not types.isdisjoint(_FORUM_TYPES) or any(_FORUM_ITEM.search(source[a:b]) for a, b in ranges[Head.HTML][:1]):
        return "forum", True
    if any(source.find(mark, start, start + HINTS) >= 0 for mark in _FORUM_MARKUP):
        return "forum", True
    if _DOCUMENTATION.search(generator) or classes.startswith("rustdoc") or source.find(_SPHINX, 0, HINTS) >= 0:
        return "documentation", True
    if not types.isdisjoint(_ARTICLE_TYPES):
        return "article", True
    return ("article", False) if named.get("og:type", "").lower() == "article" else ("other", True)
