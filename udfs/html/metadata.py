"""What a page says of itself: title, language, canonical address, reservations, licence, date, kind."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

from resiliparse.parse.html import ElementNode, HTMLTree

from udfs.html.dom import attribute, select, text_of
from udfs.html.optout import meta_noindex, meta_optout

PageClass = Literal["article", "documentation", "forum", "listing", "other"]
LicenceStrength = Literal["rel", "jsonld", "link"]

MAX_METAS = 1_000
MAX_JSON = 500_000

_CC = re.compile(
    r"creativecommons\.org/(?:licenses/(by(?:-nc)?(?:-nd|-sa)?)|publicdomain/(zero|mark))/(\d\.\d)(?:/([a-z]{2,3})(?![a-z]))?"
)
_DATE = re.compile(r"\s*(\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?(?:\.\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?)?)")
_DATE_NAMES = (
    "article:published_time", "og:article:published_time", "datepublished", "date", "dc.date", "dc.date.issued",
    "dcterms.created", "dcterms.issued", "publishdate", "pubdate", "parsely-pub-date", "sailthru.date",
)  # fmt: skip
_DOCUMENTATION = re.compile(
    r"sphinx|docutils|docbook|doxygen|mkdocs|docusaurus|mdbook|javadoc|texinfo|makeinfo|asciidoc|rustdoc|antora|hevea",
    re.IGNORECASE,
)
_FORUM = re.compile(r"discourse|phpbb|vbulletin|xenforo|mybb|simple machines|vanilla forums|flarum|nodebb", re.IGNORECASE)
_FORUM_MARKUP = re.compile(
    r"schema\.org/(?:DiscussionForumPosting|QAPage)|\"@type\"\s*:\s*\"(?:DiscussionForumPosting|QAPage)\"|id=\"phpbb\"|"
    r"<body[^>]{0,300}class=\"[^\"]{0,200}\b(?:forum|thread|topic|question-page)\b",
)
_ARTICLE = re.compile(r"\"@type\"\s*:\s*\[?\s*\"(?:News|Blog|Report|Scholarly|Tech)?(?:Article|Posting)\"")
_DOCUMENTATION_MARKUP = re.compile(r"class=\"(?:sphinxsidebar|rustdoc|md-content|theme-doc-markdown)|<body class=\"rustdoc")


@dataclass(frozen=True, slots=True)
class Metadata:
    """Statements of a page on itself; the fields are those of `udfs.html.Extraction`."""

    title: str
    language: str | None
    canonical: str | None
    optout: str | None
    noindex: bool
    licence: str | None
    licence_strength: LicenceStrength | None
    published: str | None
    kind: PageClass


def read_metadata(tree: HTMLTree, page: str, url: str | None) -> Metadata:
    """Read the head of a page and what else states something of the whole page.

    Parameters
    ----------
    tree : HTMLTree
        The parsed page, not changed.
    page : str
        Its source.
    url : str, optional
        Address of the page, against which a canonical address is resolved.
    """
    metas = _metas(tree)
    linked = _json_ld(tree) if "ld+json" in page else []
    licence, strength = _licence(tree, page, metas, linked)
    return Metadata(
        title=" ".join((tree.title or "").split()),
        language=_language(tree, metas),
        canonical=_canonical(tree, url),
        optout=meta_optout(metas),
        noindex=meta_noindex(metas),
        licence=licence,
        licence_strength=strength,
        published=_published(tree, page, metas, linked),
        kind=_kind(page, metas),
    )


def cc_licence(text: str) -> str | None:
    """Short name of the Creative Commons address in a text: ``cc-by-sa-4.0``, ``cc-by-3.0-us``, ``cc0-1.0``, ``pdm-1.0``."""
    match = _CC.search(text)
    if match is None:
        return None
    name = f"cc-{match[1]}" if match[1] else {"zero": "cc0", "mark": "pdm"}[match[2]]
    return f"{name}-{match[3]}" + (f"-{match[4]}" if match[4] else "")


def _metas(tree: HTMLTree) -> list[tuple[str, str]]:
    found = []
    for meta in select(tree, "meta[content]", MAX_METAS):
        name = (
            attribute(meta, "name") or attribute(meta, "property") or attribute(meta, "http-equiv") or attribute(meta, "itemprop")
        )
        found.append((name, attribute(meta, "content")))
    return found


def _first(metas: list[tuple[str, str]], *names: str) -> str | None:
    by_name = {name.lower(): content.strip() for name, content in reversed(metas) if content.strip()}
    return next((by_name[name] for name in names if name in by_name), None)


def _language(tree: HTMLTree, metas: list[tuple[str, str]]) -> str | None:
    roots = select(tree, "html")
    stated = (attribute(roots[0], "lang") or attribute(roots[0], "xml:lang")) if roots else ""
    stated = stated or _first(metas, "content-language", "og:locale", "dc.language", "dcterms.language") or ""
    match = re.match(r"\s*([A-Za-z]{2,3})(?![A-Za-z])", stated)
    return match[1].lower() if match else None


def _canonical(tree: HTMLTree, url: str | None) -> str | None:
    for link in select(tree, "link[rel][href]", MAX_METAS):
        if "canonical" in attribute(link, "rel").lower().split():
            try:
                address = urljoin(url or "", attribute(link, "href").strip())
                parts = urlsplit(address)
            except ValueError:
                return None
            return address if parts.scheme in ("http", "https") and parts.netloc else None
    return None


def _json_ld(tree: HTMLTree) -> list[dict[str, Any]]:
    """Every object of the page's linked data, outermost first; what does not parse is left out."""
    objects: list[dict[str, Any]] = []
    for script in select(tree, 'script[type="application/ld+json"]')[:50]:
        source = text_of(script)
        try:
            waiting: list[Any] = [json.loads(source, strict=False)] if len(source) <= MAX_JSON else []
        except (ValueError, RecursionError):
            continue
        while waiting and len(objects) < MAX_METAS:
            item = waiting.pop(0)
            if isinstance(item, dict):
                objects.append(item)
                waiting += item.values()
            elif isinstance(item, list):
                waiting += item[:MAX_METAS]
    return objects


Licence = tuple[str | None, LicenceStrength | None]


def _licence(tree: HTMLTree, page: str, metas: list[tuple[str, str]], linked: list[dict[str, Any]]) -> Licence:
    """Return the licence by the strongest signal there is; several different ones of one strength are ``mixed``."""
    related: list[str] = []
    if "license" in page:
        for element in select(tree, "a[rel][href], link[rel][href]"):
            if "license" in attribute(element, "rel").lower().split():
                related.append(_named(attribute(element, "href")))
    stated = [item["license"] for item in linked if isinstance(item.get("license"), str)]
    rights = [content for name, content in metas if name.lower() in ("dc.rights", "dcterms.license", "dcterms.rights")]
    by_link = []
    if "creativecommons.org/" in page and not related:
        by_link = [cc_licence(attribute(link, "href")) for link in select(tree, 'a[href*="creativecommons.org/"]')]
    signals: tuple[tuple[LicenceStrength, list[str]], ...] = (
        ("rel", related),
        ("jsonld", [_named(text) for text in stated + rights]),
        ("link", [name for name in by_link if name]),
    )
    for strength, names in signals:
        kept = sorted({name for name in names if name})
        if kept:
            return (kept[0] if len(kept) == 1 else "mixed"), strength
    return None, None


def _named(address: str) -> str:
    return cc_licence(address) or address.strip()[:200]


def _published(tree: HTMLTree, page: str, metas: list[tuple[str, str]], linked: list[dict[str, Any]]) -> str | None:
    candidates: list[str] = [item["datePublished"] for item in linked if isinstance(item.get("datePublished"), str)]
    if stated := _first(metas, *_DATE_NAMES):
        candidates.insert(0, stated)
    if "<time" in page:
        candidates += [attribute(time, "datetime") for time in select(tree, "time[pubdate], time[itemprop=datePublished]")[:5]]
    matches = (_DATE.match(candidate) for candidate in candidates)
    return next((match[1] for match in matches if match), None)


def _kind(page: str, metas: list[tuple[str, str]]) -> PageClass:
    generator = _first(metas, "generator") or ""
    if _FORUM.search(generator) or _FORUM_MARKUP.search(page):
        return "forum"
    if _DOCUMENTATION.search(generator) or _DOCUMENTATION_MARKUP.search(page):
        return "documentation"
    if (_first(metas, "og:type") or "").lower() == "article" or _ARTICLE.search(page):
        return "article"
    return "other"


def links(tree: HTMLTree) -> list[ElementNode]:
    """Return every link of the page with an address."""
    return select(tree, "a[href]")
