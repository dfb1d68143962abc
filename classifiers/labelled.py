"""Pages that were labelled by reading: their labels are stored beside a model, the pages themselves lie in the data folder."""

from __future__ import annotations

import json
import lzma
from collections.abc import Container, Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from udfs.warc import Capture, read_warc

Row = dict[str, Any]
Key = tuple[str, str]
T = TypeVar("T")


@cache
def labels(package: str) -> tuple[Row, ...]:
    """Return the lines of a package's ``labels.jsonl``."""
    lines = resources.files(package).joinpath("labels.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(map(json.loads, lines))


def records(data: Path, files: Mapping[str, str], wanted: Container[Key]) -> Iterator[tuple[Key, Row]]:
    """Yield the wanted records of some files of the data folder, by source and id.

    Parameters
    ----------
    data : Path
        The data folder.
    files : mapping of str to str
        Files of JSON lines (xz) by the source that a label names.
    wanted : container of (str, str)
        Source and id of each.
    """
    for source, file in files.items():
        with lzma.open(data / file, "rt", encoding="utf-8") as lines:
            for record in map(json.loads, lines):
                if (key := (source, record["id"])) in wanted:
                    yield key, record


def responses(data: Path) -> Iterator[tuple[str, Capture]]:
    """Yield the responses of the test crawl, each with its WARC-Record-ID without angle brackets."""
    for path in sorted((data / "warc").glob("*.warc*")):
        if path.suffix == ".paths":
            continue
        with path.open("rb") as file:
            for capture in read_warc(file):
                if capture.kind == "response":
                    yield (capture.record_id or "").strip("<>"), capture


def in_order(wanted: Mapping[Key, Row], found: Mapping[Key, T], data: Path) -> list[T]:
    """Return what was found of the labelled pages, in the order of the labels.

    Raises
    ------
    LookupError
        When a labelled page was not found.
    """
    if missing := sorted(wanted.keys() - found.keys()):
        raise LookupError(
            f"{len(missing)} labelled pages are not in {data}, such as {missing[0]}: is it another version of the data?"
        )
    return [found[key] for key in wanted]
