"""Examples from files of one's own: pages that a list of URLs names against random pages of the same crawl, and labels with texts.

Texts are JSON lines (also ``.gz``, ``.xz``, ``.zst``) or Parquet with the columns ``text`` and ``url`` or ``id``, and, where known,
``domain`` and ``language`` (or ``lang``). Labels are files of the same kinds with ``label`` or ``score``; they may hold the texts
themselves or name them by ``id`` or ``url``.
"""

from __future__ import annotations

import gzip
import json
import lzma
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import xxhash

from classifiers.fasttext_clf import NEGATIVE, POSITIVE, Example
from udfs.language import UNKNOWN
from udfs.urls import registered_domain, url_key

Row = dict[str, Any]

COLUMNS: Final = ("id", "url", "text", "domain", "language", "lang", "label", "score", "source", "status")
PER_DOMAIN: Final = 20
"""Pages of either class from one registered domain: else a classifier learns news sites."""
HIGH, LOW = 3.0, 1.0
"""Scores from which a label is positive, and up to which it is negative; what lies between teaches neither."""
POSITIVES: Final = frozenset({POSITIVE, "high", "true", "good"})
NEGATIVES: Final = frozenset({NEGATIVE, "low", "false", "bad"})


class SourceError(ValueError):
    """A file of texts, URLs or labels cannot be trained on; the message names it and what is wrong."""


def rows(path: Path, columns: Sequence[str] = COLUMNS) -> Iterator[Row]:
    """Yield the rows of a file, or of all files of a folder in the order of their names, with the columns they have of those asked.

    Raises
    ------
    SourceError
        Where there is nothing to read, or a line is no JSON object.
    """
    files = (
        sorted(one for one in path.rglob("*") if one.is_file() and not one.name.startswith(("_", ".")))
        if path.is_dir()
        else [path]
    )
    if not files:
        raise SourceError(f"{path} holds no files")
    for file in files:
        yield from _parquet(file, columns) if file.suffix == ".parquet" else _lines(file, columns)


def _parquet(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            has = [name for name in columns if name in file.schema_arrow.names]
            for batch in file.iter_batches(batch_size=1_000, columns=has):
                yield from batch.to_pylist()
    except pa.ArrowInvalid as error:
        raise SourceError(f"{path} is no Parquet file: {error}") from error


def _lines(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    with _opened(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise SourceError(f"{path}, line {number} is no JSON: {error}") from error
            if not isinstance(row, dict):
                raise SourceError(f"{path}, line {number} is no JSON object but {line[:40].strip()!r}")
            yield {name: row[name] for name in columns if row.get(name) is not None}


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".zst":
        import io

        import zstandard

        return io.TextIOWrapper(zstandard.open(path, "rb"), encoding="utf-8")
    opener: Any = {".gz": gzip.open, ".xz": lzma.open}.get(path.suffix, open)
    opened: IO[str] = opener(path, "rt", encoding="utf-8")
    return opened


@dataclass(frozen=True, slots=True, order=True)
class _Page:
    place: int
    key: int
    domain: str
    listed: bool


def referenced(texts: Path, urls: Path, *, per_domain: int = PER_DOMAIN, ratio: float = 1.0) -> list[Example]:
    """Return pages whose URL a list names as positives, and random other pages of the same texts as negatives.

    This is how Llama 3 trains fastText "to recognise if a given text would be referenced by Wikipedia" (arXiv 2407.21783, 3.1.1):
    the list holds the external references of its articles. Both classes must have gone through the same extraction.

    Parameters
    ----------
    texts : Path
        File or folder of texts with ``url``.
    urls : Path
        One URL a line (also compressed); compared in canonical form. Blank lines and those that begin with ``#`` are passed over.
    per_domain : int
        Most pages of each class from one registered domain, chosen by hash of their URL.
    ratio : float
        Negatives to a positive, where there are so many.

    Raises
    ------
    SourceError
        Where no text has a listed URL, or all have.
    """
    with _opened(urls) as file:
        listed = {url_key(line.strip()) for line in file if line.strip() and not line.startswith("#")}
    pages = {page.key: page for page in sorted(_pages(texts, listed), reverse=True)}
    positives = _capped((page for page in pages.values() if page.listed), per_domain)
    negatives = _capped((page for page in pages.values() if not page.listed), per_domain)[: round(ratio * len(positives))]
    if not positives or not negatives:
        what = (
            f"none of the {len(listed):,} URLs of {urls} is among them" if not positives else f"all are among the URLs of {urls}"
        )
        raise SourceError(f"{texts}: of {len(pages):,} pages {what}: a classifier needs both")
    chosen = {page.key: page for page in (*positives, *negatives)}
    found: dict[int, Example] = {}
    for row in rows(texts, ("url", "text", "language", "lang")):
        if (key := url_key(row.get("url") or "")) in chosen and key not in found and row.get("text"):
            page = chosen[key]
            found[key] = Example(row["text"], POSITIVE if page.listed else NEGATIVE, page.domain, _language(row))
    return [found[key] for key in sorted(found)]


def _pages(texts: Path, listed: set[int]) -> Iterator[_Page]:
    for row in rows(texts, ("url",)):
        if url := row.get("url"):
            key = url_key(url)
            yield _Page(xxhash.xxh3_64_intdigest(f"wikiref {key}".encode()), key, registered_domain(url), key in listed)


def _capped(pages: Iterable[_Page], most: int) -> list[_Page]:
    seen: Counter[str] = Counter()
    kept = []
    for page in sorted(pages):
        seen[page.domain] += 1
        if seen[page.domain] <= most:
            kept.append(page)
    return kept


def labelled(labels: Path, texts: Path | None = None, *, high: float = HIGH, low: float = LOW) -> list[Example]:
    """Return examples from labels by a teacher or by people.

    Parameters
    ----------
    labels : Path
        Rows with ``label`` (yes or no, high or low, true or false, or a score; any other word, such as ``mid``, is passed over) or
        ``score``. Rows with a ``status`` other than ``ok``, such as refusals of a teacher, are passed over.
    texts : Path, optional
        Where the texts are that the labels do not hold, found by ``id`` or else by ``url``.
    high, low : float
        Scores from which a label is positive, and up to which it is negative.

    Raises
    ------
    SourceError
        Where a label has neither label nor score, a text is nowhere to be found, or all labels are of one class.
    """
    taught = [(row, label) for row in rows(labels) if (label := _class(row, labels, high, low))]
    if len(classes := sorted({label for _, label in taught})) < 2:
        said = f"all {len(taught)} that are clear are {classes[0]!r}" if classes else "none is clear"
        raise SourceError(f"{labels}: a classifier needs labels of two classes, {said}")
    found = _texts(texts, {_key(row, labels) for row, _ in taught if not row.get("text")})
    return [_example(row, label, found, labels) for row, label in taught]


def _class(row: Row, labels: Path, high: float, low: float) -> str | None:
    if row.get("status") not in (None, "ok"):
        return None
    said, score = row.get("label"), row.get("score")
    if isinstance(said, bool | str):
        word = str(said).lower()
        return POSITIVE if word in POSITIVES else NEGATIVE if word in NEGATIVES else None
    score = score if said is None else said
    if isinstance(score, bool) or not isinstance(score, int | float):
        raise SourceError(f"{labels}: {row.get('id') or row.get('url') or row} has neither label nor score")
    return POSITIVE if score >= high else NEGATIVE if score <= low else None


def _key(row: Row, labels: Path) -> str:
    if not (key := _word(row.get("id")) or row.get("url")):
        raise SourceError(f"{labels}: a label has no text, and neither id nor url to find it by: {str(row)[:80]}")
    return str(key)


def _word(id: Any) -> str:
    """Return an id as labels have it: the bytes of the tables in hexadecimal."""
    return id.hex() if isinstance(id, bytes) else str(id or "")


def _texts(texts: Path | None, wanted: set[str]) -> Mapping[str, Row]:
    if texts is None or not wanted:
        return {}
    found: dict[str, Row] = {}
    for row in rows(texts):
        for name in ("id", "url"):
            if (key := _word(row.get(name))) in wanted and row.get("text"):
                found.setdefault(key, row)
    return found


def _example(row: Row, label: str, texts: Mapping[str, Row], labels: Path) -> Example:
    if not row.get("text"):
        if (key := _key(row, labels)) not in texts:
            raise SourceError(f"{labels}: there is no text for {key}; give the texts that were labelled")
        row = texts[key] | row
    group = row.get("domain") or registered_domain(row.get("url") or "") or str(row.get("id") or row["text"][:80])
    return Example(row["text"], label, group, _language(row), str(row.get("source") or ""))


def _language(row: Row) -> str:
    return str(row.get("language") or row.get("lang") or UNKNOWN)
