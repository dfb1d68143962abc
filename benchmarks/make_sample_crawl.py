"""Choose and copy the sample crawl in ``tests/data/sample_crawl`` from the full test crawl.

The full test crawl (12 WARC files with one row of truth a record) lies in ``WOOLMILL_DATA/warc``. Copied are records
of permissive licence and made-up ones, byte for byte, so that each stage of the pipeline finds something to drop and
each class of document something to keep. The choice is by quota, small records and a hash of the record id
first: the same test crawl gives the same bytes.

Run ``python -m benchmarks.make_sample_crawl --data DIR --out tests/data/sample_crawl``.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = dict[str, Any]

PERMISSIVE = frozenset(
    {
        *("apache2-doc", "cmake-doc", "libboost1.81-doc", "llvm-15-doc", "lua5.1-doc", "lua5.2-doc", "nodejs-doc"),
        *("postgresql-doc-15", "python-sympy-doc", "python3.11-doc", "rust-doc", "sqlite3-doc", "made-up"),
    }
)
MIT_BENCHMARKS = frozenset({"gsm8k", "humaneval", "svamp", "bbh", "cruxeval"})
FORMULAS = (
    "https://docs.sympy.org/1.11/modules/physics/mechanics/linearize.html",
    "https://docs.sympy.org/1.11/modules/combinatorics/pc_groups.html",
    "https://docs.sympy.org/1.11/modules/holonomic/operations.html",
)
DUPLICATE_REASONS = frozenset({"dup_url", "superseded_capture", "dup_doc_exact", "near_dup"})
TRUTH_FIELDS = (
    *("file", "offset", "length", "record_id", "url", "date", "status", "kind", "category", "lang", "expect", "reason"),
    *("source", "source_version", "licence", "dup_of", "near_dup_group", "template", "pii", "bench_item", "benchmark"),
)
PLAIN_SOURCE = "CC-TEST-2026-10-tiny.warc"
PLAIN_MAX = 4500
OUTPUTS = {
    "CC-TEST-2026-10": "sample-2026-10-00000.warc.gz",
    "CC-TEST-2026-14": "sample-2026-14-00000.warc.gz",
    "plain": "sample-2026-10-plain.warc",
}
WARCINFO_OF = {
    "CC-TEST-2026-10": "CC-TEST-2026-10-00001.warc.gz",
    "CC-TEST-2026-14": "CC-TEST-2026-14-00001.warc.gz",
    "plain": PLAIN_SOURCE,
}


@dataclass(frozen=True, slots=True)
class Quota:
    """How many records of one sort to take, and none above ``max_bytes`` on disk or below ``min_chars`` of text."""

    count: int
    kind: str = ""
    reason: str = ""
    expect: str = ""
    source: str = ""
    lang: str = ""
    max_bytes: int = 2500
    min_chars: int = 0

    def wants(self, row: Row) -> bool:
        """Whether a row of the truth is of this sort."""
        return bool(
            (not self.kind or row["kind"][0] == self.kind)
            and (not self.reason or row["reason"] == self.reason)
            and (not self.expect or row["expect"] == self.expect)
            and (not self.source or row["source"] == self.source)
            and (not self.lang or row["lang"] == self.lang)
            and row["length"] <= self.max_bytes
            and row.get("text_chars", 0) >= self.min_chars
        )


def _kept(source: str, lang: str, count: int, max_bytes: int, min_chars: int = 1200) -> Quota:
    return Quota(count, expect="keep", source=source, lang=lang, max_bytes=max_bytes, min_chars=min_chars)


KEPT = (
    _kept("nodejs-doc", "en", 3, 5300, 2500),
    _kept("rust-doc", "en", 8, 3600),
    _kept("python3.11-doc", "en", 3, 5600),
    _kept("postgresql-doc-15", "en", 10, 2400),
    _kept("sqlite3-doc", "en", 6, 3200),
    _kept("cmake-doc", "en", 3, 3000),
    _kept("llvm-15-doc", "en", 1, 4600),
    _kept("libboost1.81-doc", "en", 2, 2600),
    _kept("lua5.1-doc", "en", 1, 3000),
    _kept("apache2-doc", "en", 2, 4200),
    _kept("apache2-doc", "fr", 5, 3700),
    _kept("apache2-doc", "ko", 4, 4100),
    _kept("apache2-doc", "ja", 3, 4400),
    _kept("apache2-doc", "tr", 4, 4000),
    _kept("apache2-doc", "es", 2, 4400),
    _kept("apache2-doc", "zh", 2, 4400),
    _kept("apache2-doc", "de", 1, 4400),
    Quota(7, kind="adult_keyword_harmless", expect="keep"),
    Quota(3, kind="cc_licence", expect="keep"),
)
DUPLICATES = (
    Quota(13, kind="url_variant", reason="dup_url"),
    Quota(3, kind="page", reason="dup_url"),
    Quota(8, kind="page", reason="superseded_capture"),
    Quota(4, kind="mirror", reason="dup_doc_exact"),
    Quota(2, kind="mirror", reason="near_dup"),
    Quota(5, kind="version_pair", reason="dup_doc_exact"),
    Quota(2, kind="version_pair", reason="near_dup", max_bytes=5000),
    Quota(3, kind="page", reason="near_dup"),
    Quota(3, kind="recapture_same", reason="dup_doc_exact"),
    Quota(3, kind="content_coding", reason="dup_doc_exact"),
    Quota(2, kind="charset", reason="dup_doc_exact"),
    Quota(2, kind="markdown", reason="near_dup"),
    Quota(8, kind="malformed_html", reason="dup_doc_exact", max_bytes=2000),
)
JUNK = (
    Quota(9, kind="http_status"),
    Quota(5, kind="robots_txt"),
    Quota(6, kind="json_as_html", max_bytes=1200),
    Quota(7, kind="binary_as_html", max_bytes=1200),
    Quota(6, kind="optout", reason="optout", max_bytes=2700),
    Quota(2, kind="malformed_html", reason="empty"),
    Quota(2, kind="malformed_html", expect="quarantine", max_bytes=4000),
    Quota(1, kind="malformed_html", reason="long_word"),
    Quota(6, kind="js_only"),
    Quota(2, kind="revisit"),
    Quota(14, kind="spam", max_bytes=1000),
    Quota(6, kind="adult", max_bytes=1100),
    Quota(8, kind="gibberish", max_bytes=1500),
    Quota(3, kind="mojibake", reason="mojibake"),
    Quota(7, kind="log", max_bytes=1500),
    Quota(5, kind="lorem_ipsum", max_bytes=1300),
    Quota(5, kind="number_table", max_bytes=1700),
    Quota(6, kind="keyword_stuffed", max_bytes=1100),
    Quota(5, kind="navigation_only", max_bytes=1900),
    Quota(7, kind="soft404", max_bytes=1300),
    Quota(6, kind="login_wall", max_bytes=1300),
    Quota(6, kind="cookie_wall"),
    Quota(7, kind="short", reason="short"),
)
EITHER = (
    Quota(9, kind="pii", max_bytes=1600),
    Quota(4, kind="boilerplate_site", expect="either", max_bytes=1700),
    Quota(2, kind="markdown", reason="markdown_source"),
)
CONTAMINATED = Quota(13, kind="contaminated", expect="drop", max_bytes=1600)
ALONE = Quota(12, kind="mirror", expect="drop", lang="en", max_bytes=2200)


class Chooser:
    """The records chosen so far, over the permissive part of the truth."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = {r["record_id"]: r for r in rows}
        self.chosen: dict[str, Row] = {}
        self.groups: set[str] = set()

    def survivors(self, row: Row) -> list[Row] | None:
        """Return the chain of records that outlive a duplicate; None where one of them may not be copied."""
        chain: list[Row] = []
        while target := row.get("dup_of"):
            found = self.rows.get(target)
            if found is None or found["length"] > 5000 or found in chain:
                return None
            row = found
            chain.append(row)
        return chain

    def add(self, row: Row) -> None:
        """Take one record."""
        self.chosen[row["record_id"]] = row
        self.groups |= _groups(row)

    def take(self, quota: Quota, allowed: Callable[[Row], bool] = lambda _: True) -> int:
        """Take a quota's records, each with the records that outlive it, and return how many there were."""
        candidates = [r for r in self.rows.values() if r["record_id"] not in self.chosen and quota.wants(r)]
        taken = 0
        for row in _mixed(r for r in candidates if allowed(r)):
            chain = self.survivors(row) if row["reason"] in DUPLICATE_REASONS else []
            if taken == quota.count or chain is None or not allowed(row) or row["record_id"] in self.chosen:
                continue
            for one in (row, *chain):
                self.add(one)
            taken += 1
        return taken

    def stands_alone(self, row: Row) -> bool:
        """Whether no chosen record shares an origin with this one."""
        return not _groups(row) & self.groups


def _groups(row: Row) -> set[str]:
    keys = ("record_id", "dup_of", "canonical", "url_group", "near_dup_group", "mirror_of", "copy_of", "excerpt_of")
    return {row[k] for k in (*keys, "version_of", "similar_to") if isinstance(row.get(k), str)}


def _order(row: Row) -> tuple[float, str]:
    """Order: pages to keep by bytes on disk per character of text, duplicates by size; the rest and all ties by hash."""
    cost = 0.0
    if row["expect"] == "keep":
        cost = row["length"] / max(1, row.get("text_chars", 1))
    elif row["reason"] in DUPLICATE_REASONS:
        cost = row["length"]
    return cost, hashlib.sha256(row["record_id"].encode()).hexdigest()


def _mixed(rows: Iterable[Row]) -> list[Row]:
    """Order rows so that every refinement of a kind comes up early; cheap records first within each."""
    seen: Counter[str] = Counter()
    ranked: list[tuple[int, tuple[float, str], Row]] = []
    for row in sorted(rows, key=_order):
        refinement = "/".join(row["kind"][1:2]) or row.get("template") or ""
        ranked.append((seen[refinement], _order(row), row))
        seen[refinement] += 1
    return [row for _, _, row in sorted(ranked, key=lambda r: r[:2])]


def choose(truth: Iterable[Row]) -> tuple[list[Row], Row]:
    """Choose the records of the sample.

    Parameters
    ----------
    truth : iterable of dict
        The rows of the full test crawl's truth.

    Returns
    -------
    tuple of (list of dict, dict)
        The rows chosen, in the order of file and offset, and the one of them to damage.
    """
    pool = Chooser(r for r in truth if _may_be_copied(r))
    for row in pool.rows.copy().values():
        plain = row["file"] == PLAIN_SOURCE and row["length"] <= PLAIN_MAX
        if plain or (row["url"] in FORMULAS and row["expect"] == "keep"):
            for one in (row, *(pool.survivors(row) or ())):
                pool.add(one)
    for quota in (*KEPT, *DUPLICATES, *JUNK, *EITHER):
        pool.take(quota)
    pool.take(CONTAMINATED, lambda r: r.get("benchmark") in MIT_BENCHMARKS)
    # Copies without their original survive deduplication, so that the lines of their template repeat often enough.
    alone = Chooser(pool.rows.values())
    alone.groups = pool.groups
    for row in _mixed(r for r in pool.rows.values() if ALONE.wants(r)):
        if len(alone.chosen) < ALONE.count and alone.stands_alone(row):
            alone.add(row)
            pool.add({**row, "expect": row["expect_alone"], "reason": "copy_without_original", "dup_of": None})
    spare = Quota(1, kind="page", expect="keep", source="sqlite3-doc", max_bytes=3000)
    victim = next(r for r in _mixed(filter(spare.wants, pool.rows.values())) if pool.stands_alone(r))
    pool.add({**victim, "expect": "quarantine", "reason": "bad_gzip_member", "kind": [*victim["kind"], "damaged"]})
    ordered = sorted(pool.chosen.values(), key=lambda r: (r["file"], r["offset"]))
    return ordered, victim


def _may_be_copied(row: Row) -> bool:
    # FastWARC stops at each of these for good; the sample has one damaged member of its own.
    broken = row["kind"][0] == "malformed_record" or row["reason"] == "truncated_last_record"
    return row["source"] in PERMISSIVE and "large" not in row["file"] and not broken


def write(rows: list[Row], victim: Row, warc: Path, out: Path) -> list[Row]:
    """Copy the chosen records into the sample's files and return their truth with the new places."""
    parts: dict[str, list[bytes]] = {k: [_first_record(warc / f)] for k, f in WARCINFO_OF.items()}
    sizes = {k: len(p[0]) for k, p in parts.items()}
    truth: list[Row] = []
    for row in rows:
        part = "plain" if row["file"] == PLAIN_SOURCE else row["crawl"]
        data = _bytes_at(warc / row["file"], row["offset"], row["length"])
        if row["record_id"] == victim["record_id"]:
            data = _damaged(data)
        place = {"file": OUTPUTS[part], "offset": sizes[part], "length": len(data)}
        truth.append({k: v for k in TRUTH_FIELDS if (v := {**row, **place}.get(k)) is not None})
        parts[part].append(data)
        sizes[part] += len(data)
    out.mkdir(parents=True, exist_ok=True)
    for part, pieces in parts.items():
        (out / OUTPUTS[part]).write_bytes(b"".join(pieces))
    lines = "".join(json.dumps(r, ensure_ascii=False, sort_keys=True) + "\n" for r in truth)
    (out / "truth.jsonl.gz").write_bytes(gzip.compress(lines.encode(), 9, mtime=0))
    (out / "README.md").write_text(_readme(truth), encoding="utf-8")
    return truth


def _bytes_at(path: Path, offset: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(length)


def _first_record(path: Path) -> bytes:
    """Return the bytes of a file's warcinfo record: its first gzip member, or up to the next record."""
    head = path.open("rb").read(1 << 16)
    if path.suffix != ".gz":
        return head[: head.index(b"\r\n\r\nWARC/1.0") + 4]
    inflater = zlib.decompressobj(31)
    inflater.decompress(head)
    return head[: len(head) - len(inflater.unused_data)]


def _damaged(member: bytes) -> bytes:
    """Flip one byte in the second half of a gzip member, at the first place where the inflater itself gives up."""
    for at in range(len(member) // 2, len(member) - 8):
        hurt = member[:at] + bytes([member[at] ^ 0xFF]) + member[at + 1 :]
        try:
            zlib.decompressobj(31).decompress(hurt)
        except zlib.error as error:
            if "check" not in str(error):
                return hurt
    raise ValueError("no byte of the member breaks the inflater when flipped; choose another record")


def _readme(truth: list[Row]) -> str:
    sources = Counter((r["source"], r.get("source_version", ""), r["licence"]) for r in truth)
    outcomes = Counter((r["expect"], r["reason"]) for r in truth)
    damaged = next(r for r in truth if r["reason"] == "bad_gzip_member")
    per_source = "\n".join(f"| {s} | {v or '-'} | {terms} | {n} |" for (s, v, terms), n in sorted(sources.items()))
    per_outcome = "\n".join(f"| {e} | {r} | {n} |" for (e, r), n in sorted(outcomes.items()))
    return README.format(
        records=len(truth),
        damaged=f"`{damaged['file']}` at byte {damaged['offset']} (`{damaged['url']}`)",
        per_source=per_source,
        per_outcome=per_outcome,
    )


README = """# The sample crawl

{records} real WARC records, small enough to lie in the repository, chosen by `benchmarks/make_sample_crawl.py` from a
larger test crawl so that every stage of the pipeline finds something to drop and every class of document something to keep.
The pages are documentation pages of Debian 12 packages under permissive licences, mapped to the address they have (or
would have) on their home site; nothing was fetched live, and the captures are no evidence about the named sites. Pages of
source `made-up` (spam, walls, logs, error pages and the like, all of `example.*`) are synthetic and CC0-1.0. Some pages of
`example.*` sites copy a documentation page into a made-up template; they keep the licence of the page.

Two made-up crawls, of March (`sample-2026-10-*`) and April 2026 (`sample-2026-14-*`); records were copied byte for byte,
one gzip member a record. `sample-2026-10-plain.warc` is not compressed. **One member is damaged on purpose**: one byte
was flipped inside the gzip member in {damaged}; readers must go on behind it. A page made to inflate to
200 MB (`zip_bomb`) and one of 200,000 nested elements are there on purpose, too.

`truth.jsonl.gz` has one row a record: where it is, what it is (`kind`: the main kind first), and what a right run makes
of it: `expect` is keep, drop, either (both defensible), or quarantine, with the reason; `dup_of` names the record that
outlives a duplicate. Of a `near_dup_group` exactly one member should survive, whichever it is.

| expect | reason | records |
|---|---|---|
{per_outcome}

## Sources and licences

The notices of each licence are in `NOTICE` at the root of the repository. Pages of kind `contaminated` quote single items of
GSM8K, HumanEval, SVAMP, BIG-Bench Hard and CRUXEval, all MIT.

| Debian package | version | licence | records |
|---|---|---|---|
{per_source}
"""


def main(argv: list[str] | None = None) -> int:
    """Make the sample crawl; the exit status is 2 where the test crawl is not there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=os.environ.get("WOOLMILL_DATA"), help="folder that holds warc/")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "tests" / "data" / "sample_crawl")
    arguments = parser.parse_args(argv)
    if arguments.data is None:
        print("where is the test crawl? give --data DIR or set WOOLMILL_DATA", file=sys.stderr)
        return 2
    path = Path(arguments.data) / "warc" / "truth.jsonl.gz"
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            rows, victim = choose(json.loads(line) for line in file)
        truth = write(rows, victim, path.parent, arguments.out)
    except FileNotFoundError as error:
        print(f"{error.filename} is not there: the sample is made from the full test crawl", file=sys.stderr)
        return 2
    _print_summary(truth, arguments.out)
    return 0


def _print_summary(truth: list[Row], out: Path) -> None:
    size = sum(p.stat().st_size for p in out.iterdir())
    outcomes: Mapping[str, int] = Counter(r["expect"] for r in truth)
    print(f"{len(truth)} records, {size:,} bytes in {out}: {dict(sorted(outcomes.items()))}")


if __name__ == "__main__":
    sys.exit(main())
