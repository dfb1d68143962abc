"""Stage ``extract``: WARC records to texts, with everything that later stages compare; a map over splits.

Raw HTML is not copied: (file, offset, length) points back to it.
"""

from __future__ import annotations

import sys
import threading
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from xxhash import xxh3_128_digest

from conf.schema import Recipe
from jobs.parts import KILLED_DETAIL, KILLED_WORKER, PartWriter
from jobs.sources.inputs import open_input
from jobs.sources.texts import TextRecord, read_texts
from jobs.stage import SplitStage, SplitTask
from jobs.tools import LANGUAGE, blocklist, page_settings, shipped, sketch_settings
from udfs.html import REPAIRED
from udfs.html.blocks import blockmodel
from udfs.kernels import compile_kernels
from udfs.lines import line_hashes
from udfs.page import Document, PageSettings, Verdict, judge, judge_text
from udfs.sketch import sketch
from udfs.spans import Span
from udfs.urls import url_key
from udfs.warc import Capture, Limits, read_warc

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Item:
    """A record of the input, whatever the format: what the ``records`` table says of it, and how it is decided."""

    record_id: str | None
    kind: str
    offset: int
    length: int
    url: str
    date_us: int | None
    status: int | None
    truncated: bool
    source: Capture | TextRecord


def work(task: SplitTask, out: PartWriter) -> Iterator[int]:
    """Read one split (see `jobs.stage.SplitStage`)."""
    settings = page_settings(task.recipe)
    for item, id_ in identified(task):
        safe = out.begin(item.offset)
        out.came_in()
        out.add("records", record_row(item, id_, task))
        verdict = _judge(item, settings) if safe else Verdict("quarantine", KILLED_WORKER, {"detail": KILLED_DETAIL})
        _write(out, item, id_, verdict, task)
        if verdict.document is not None:
            _write_keys(out, id_, item, verdict.document, task.recipe)
        yield out.settled


def items(task: SplitTask) -> Iterator[Item]:
    """Read the records of a split, in their order."""
    given, split = task.recipe.input, task.split
    with open_input(split.path) as source:
        if given.format in ("warc", "wet"):
            limits = Limits(max_body_bytes=task.recipe.extract.max_body_bytes)
            for c in read_warc(source, start=split.start, end=split.end, limits=limits):
                yield Item(c.record_id, c.kind, c.offset, c.length, c.url, c.date_us, c.status, c.truncated, c)
        else:
            for t in read_texts(source, format=given.format, name=split.path):
                yield Item(t.id, "text", t.offset, 1, t.url or "", t.date_us, None, False, t)


def identified(task: SplitTask) -> Iterator[tuple[Item, bytes]]:
    """Read the records of a split with their ids, no two of which are equal."""
    seen: set[bytes] = set()
    for item in items(task):
        id_ = record_key(item, task.split.file)
        if id_ in seen:
            # A WARC-Record-ID that stands twice in one file names neither; the place does.
            id_ = place_key(task.split.file, item.offset)
        seen.add(id_)
        yield item, id_


def record_key(item: Item, file: str) -> bytes:
    """Return the id of a record: the bits of its UUID, the xxh3_128 of any other record id, else the key of its place."""
    name = item.record_id
    if not name:
        return place_key(file, item.offset)
    try:
        return uuid.UUID(name.strip("<>").removeprefix("urn:uuid:")).bytes
    except ValueError:
        return xxh3_128_digest(name.encode("utf-8", "surrogatepass"))


def place_key(file: str, offset: int) -> bytes:
    """Return the id of a record that has none: xxh3_128 of file and offset."""
    return xxh3_128_digest(f"{file}\0{offset}".encode("utf-8", "surrogatepass"))


def _judge(item: Item, settings: PageSettings) -> Verdict:
    source = item.source
    if isinstance(source, TextRecord):
        if source.fault:
            return Verdict("quarantine", source.fault, {"detail": source.detail})
        return judge_text(source.text, source.lang, item.url, settings)
    if source.kind == "conversion" and not source.fault:
        return judge_text(source.body.decode("utf-8", "replace"), None, item.url, settings)
    return judge(source, settings)


def record_row(item: Item, id_: bytes, task: SplitTask) -> Mapping[str, Any]:
    """Return what the table ``records`` says of a record."""
    return {
        "id": id_,
        "split": task.split.key,
        "record_id": item.record_id,
        "kind": item.kind,
        "file": task.split.file,
        "offset": item.offset,
        "length": item.length,
        "url": clean(item.url),
        "date": moment(item.date_us),
        "status": item.status,
    }


def _write(out: PartWriter, item: Item, id_: bytes, verdict: Verdict, task: SplitTask) -> None:
    """Write a verdict with its decision or document, and the URL key of whatever competes for its address."""
    for reason, said in verdict.marks:
        out.decide(id_, "mark", reason, {"said": said})
    if verdict.action == "quarantine":
        place = {"file": task.split.file, "offset": item.offset, "length": item.length}
        out.quarantine(id_, verdict.reason, str(verdict.evidence.get("detail", "")), place)
        return
    key = {"id": id_, "split": out.split, "date": moment(item.date_us)}
    if verdict.document is None:
        out.decide(id_, "drop", verdict.reason, verdict.evidence)
        if verdict.opted_out:
            out.add("url_keys", key | {"url_key": url_key(item.url), "document": False})
        return
    out.kept()
    address = verdict.document.address
    # A text without an address is its own page.
    out.add("url_keys", key | {"url_key": url_key(address) if address else url_key(id_.hex()), "document": True})
    out.add("documents", key | {"url": clean(item.url), "truncated": item.truncated} | _document(verdict.document))


def _document(document: Document) -> dict[str, Any]:
    row: dict[str, Any] = {
        "text": document.text,
        "spans": spans_out(document.spans),
        "lang": document.lang,
        "lang_score": document.lang_score,
        "lang_other": document.lang_other,
        "lang_other_share": document.lang_other_share,
    }
    if found := document.extraction:
        row |= {
            "title": found.title,
            "charset": found.charset,
            "page_kind": found.kind,
            "text_source": found.text_source,
            "confidence": found.confidence,
            "licence": found.licence,
            "licence_strength": found.licence_strength,
            "noindex": found.noindex,
            "link_chars": found.link_chars,
        }
    return row


def _write_keys(out: PartWriter, id_: bytes, item: Item, document: Document, recipe: Recipe) -> None:
    made = sketch(document.text, sketch_settings(recipe))
    key = {"id": id_, "split": out.split}
    out.add(
        "sketches",
        key
        | {
            "date": moment(item.date_us),
            "lang": document.lang,
            "damaged": item.truncated or _is_repaired(document),
            "n_chars": len(document.text),
            "exact": made.exact,
            "n_shingles": made.n_shingles,
            "bands": made.bands.tolist(),
            "signature": made.signature,
        },
    )
    hashes = line_hashes(document.text, document.spans, protect=recipe.sketch.protect).astype("<u8", copy=False)
    out.add("line_hashes", key | {"lang": document.lang, "hashes": np.ascontiguousarray(hashes).tobytes()})


def _is_repaired(document: Document) -> bool:
    return document.extraction is not None and document.extraction.charset == REPAIRED


def moment(date_us: int | None) -> datetime | None:
    """Return microseconds since 1970 as a moment in UTC; None where they name none."""
    if date_us is None:
        return None
    try:
        return _EPOCH + timedelta(microseconds=date_us)
    except OverflowError:
        return None


def clean(text: str) -> str:
    """Replace lone surrogates, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def spans_out(spans: tuple[Span, ...]) -> list[dict[str, Any]]:
    """Spans as a column holds them."""
    return [{"start": s.start, "end": s.end, "kind": s.kind, "language": s.language} for s in spans]


def _models(recipe: Recipe) -> Mapping[str, str]:
    lists = blocklist(recipe.extract)
    for note in lists.notes:
        warnings.warn(note, stacklevel=2)
    return shipped(LANGUAGE) | {"blocks": blockmodel.digest(), "blocklists": lists.digest}


def _compile(say: Callable[[str], None]) -> None:
    """Compile before workers start, which would each do it; say so when it takes long."""
    patience = threading.Timer(3.0, say, ["compiling the kernels, about a minute, once a machine"])
    patience.daemon = True
    patience.start()
    try:
        compile_kernels()
    finally:
        patience.cancel()


STAGE = SplitStage(
    "extract",
    6,
    sections=("extract", "sketch"),
    writes=("records", "documents", "url_keys", "sketches", "line_hashes"),
    models=_models,
    libraries=("fastwarc", "resiliparse", "trafilatura", "lxml", "chardetng_py", "numba", "can_ada", "tld", "fasttext-wheel"),
    work=work,
    prepare=_compile,
)

if __name__ == "__main__":
    from jobs.command import stage_main

    sys.exit(stage_main("extract"))
