"""The pages that the main-content model is trained on, and the teachers' outputs for them.

Three sources: pages with a gold text (WCXB, Foley 2026, CC-BY-4.0), pages with phrases that a person marked (the
evaluation set of Trafilatura), and documentation pages in many languages with the text of their own content container.
"""

from __future__ import annotations

import json
import lzma
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import xxhash

from classifiers.extractor.teachers import Teachers, teach
from udfs.html.charset import decode
from udfs.urls import registered_domain
from udfs.warc import read_warc

GOLD_PAGES = "extraction_train.jsonl.xz"
MARKED_PAGES = "extraction_pages.jsonl.xz"
DOCUMENTATION = "warc/gold_text.jsonl.xz"

ENGLISH, FOREIGN = 40, 110
"""Documentation pages in English and in other languages that are taken at most."""


INCOMPLETE = frozenset(("debian-handbook", "rust-doc"))
"""Sources whose gold text leaves out main content: boxed remarks, headings."""


@dataclass(frozen=True, slots=True)
class Record:
    """One page.

    Parameters
    ----------
    id : str
        Unique over all sets.
    url, domain : str
        Address and its registered domain; folds of a cross-validation are made by domain.
    html : str
        The decoded page.
    page_type : str or None
        ``article``, ``documentation``, ``service``, ``forum``, ``collection``, ``listing``, ``product``; None: unknown.
    gold : str or None
        The main content, where it is known.
    keep, drop : tuple of str
        Phrases that a person found in the main content, and outside it.
    set : str
        ``gold``, ``marked`` or ``documentation``.
    """

    id: str
    url: str
    domain: str
    html: str
    page_type: str | None
    gold: str | None
    keep: tuple[str, ...]
    drop: tuple[str, ...]
    set: Literal["gold", "marked", "documentation"]


def read_corpus(data: Path, *, documentation: bool = True) -> Iterator[Record]:
    """Read all training pages, in a fixed order.

    Parameters
    ----------
    data : Path
        Folder of the input data.
    documentation : bool
        Whether to give the pages of `read_documentation` too.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    """
    for row in _rows(data / GOLD_PAGES):
        yield _record(row, page_type=row["page_type"], gold=row["text"], set="gold")
    for row in _rows(data / MARKED_PAGES):
        yield _record(row, keep=tuple(row["with"]), drop=tuple(row["without"]), set="marked")
    if documentation:
        yield from read_documentation(data)


def read_documentation(data: Path) -> Iterator[Record]:
    """Read documentation pages with gold text, spread over sources: at most `FOREIGN` and `ENGLISH` of them."""
    rows = [row for row in _rows(data / DOCUMENTATION) if row["source"] not in INCOMPLETE]
    foreign = _spread([row for row in rows if row["lang"] != "en"], FOREIGN)
    english = _spread([row for row in rows if row["lang"] == "en"], ENGLISH)
    for row in foreign + english:
        html = _page(data / "warc" / row["file"], int(row["offset"]), row["record_id"])
        if html is not None:
            yield _record(
                row | {"id": row["record_id"], "html": html}, page_type="documentation", gold=row["text"], set="documentation"
            )


def read_teachers(path: Path) -> dict[str, Teachers]:
    """Read the teachers' outputs that `write_teachers` has written so far, by the page's id."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file if line.endswith("\n")]
    return {row["id"]: Teachers(row["trafilatura"], row["readability"]) for row in rows}


def write_teachers(records: Iterable[Record], path: Path) -> None:
    """Append the teachers' outputs for the pages that the file lacks; can be stopped and begun again."""
    done = read_teachers(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        for record in records:
            if record.id not in done:
                file.write(json.dumps({"id": record.id} | asdict(teach(record.html)), ensure_ascii=False) + "\n")


def _record(row: dict[str, Any], **known: Any) -> Record:
    fields = {"page_type": None, "gold": None, "keep": (), "drop": ()} | known
    return Record(id=row["id"], url=row["url"], domain=registered_domain(row["url"]), html=row["html"], **fields)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with lzma.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def _spread(rows: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """Take rows from each language in turn, and within a language from each source in turn, by a hash of their ids."""
    ordered = sorted(rows, key=lambda row: xxhash.xxh3_64_intdigest(row["record_id"].encode(), seed=0))
    for keys in (("lang", "source"), ("lang",)):
        turns: dict[tuple[str, ...], int] = defaultdict(int)
        ranked = []
        for row in ordered:
            group = tuple(row[key] for key in keys)
            ranked.append((turns[group], group, row))
            turns[group] += 1
        ordered = [row for _, _, row in sorted(ranked, key=lambda entry: entry[:2])]
    return ordered[:most]


def _page(path: Path, offset: int, record_id: str) -> str | None:
    with path.open("rb") as file:
        for capture in read_warc(file, start=offset, end=offset + 1):
            if capture.record_id == record_id and capture.fault is None:
                label = next((value for name, value in capture.headers if name == "content-type"), "")
                return decode(capture.body, label.partition("charset=")[2].strip(" \"';") or None)[0]
    return None
