"""Labels from files: those that people have made, as JSON lines or CSV, and those that a teacher has given.

A file has ``id`` (hexadecimal) or ``url``, and ``label`` or ``score``. A label is a number, true or false, or a class; ``score`` is a
number. Other columns are passed over, but that a line with a ``status`` other than ``ok`` has no label, and that ``domain`` is kept.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifiers.teacher.agreement import Label
from classifiers.teacher.page import Page
from classifiers.teacher.prompts import Prompt
from udfs.urls import registered_domain

SUFFIXES = (".jsonl", ".csv")
_TRUTH = {"true": True, "false": False}


class LabelsError(ValueError):
    """A file of labels can't be read: the file, the line, what was seen and what is needed."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One label of a file.

    Parameters
    ----------
    id, url : str
        Of the page, at least one of them; the id in hexadecimal, lower case.
    label : bool, int, float or str
        The label.
    domain : str
        Registered domain; empty where neither the file nor a URL says it.
    line : int
        Where it stands in the file.
    """

    id: str
    url: str
    label: Label
    domain: str
    line: int


def read(path: Path, key: str = "") -> list[Labelled]:
    """Read a file of labels.

    Parameters
    ----------
    path : Path
        ``.jsonl`` or ``.csv``, UTF-8.
    key : str, optional
        Take this key of a teacher's ``answer``, or this column where there is no answer, in the place of the label.

    Raises
    ------
    LabelsError
        When the file can't be read, a line has no page or no label, or a page stands twice.
    """
    if path.suffix not in SUFFIXES:
        raise LabelsError(f"{path.name}: labels are read from {' or '.join(SUFFIXES)}")
    try:
        lines = _jsonl(path) if path.suffix == ".jsonl" else _csv(path, {"label", "score", key})
        found = [one for number, row in lines if (one := _labelled(path, number, row, key))]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LabelsError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    _check_once(path, found)
    if not found:
        raise LabelsError(f"{path} holds no label")
    return found


def paired(first: Iterable[Labelled], second: Iterable[Labelled]) -> list[tuple[Labelled, Labelled]]:
    """Return the labels of pages that are in both, by id, else by URL, in the order of the first."""
    by_id = {one.id: one for one in second if one.id}
    by_url = {one.url: one for one in by_id.values() if one.url}
    by_url |= {one.url: one for one in second if one.url}
    pairs = []
    for one in first:
        other = by_id.get(one.id) if one.id else None
        other = other or (by_url.get(one.url) if one.url else None)
        # Two captures of an address are two pages where both files say which is meant.
        if other and not (one.id and other.id and one.id != other.id):
            pairs.append((one, other))
    return pairs


def _jsonl(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise LabelsError(f"{path}, line {number}: no JSON: {line[:60].strip()!r}") from error
            if not isinstance(row, dict):
                raise LabelsError(f"{path}, line {number}: no object with id or url, and label or score")
            yield number, row


def _csv(path: Path, valued: Set[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, restkey="", strict=True)
        heads = reader.fieldnames or []
        if not {"id", "url"} & set(heads) or not {"label", "score"} & set(heads):
            raise LabelsError(
                f"{path}, line 1: the columns are {', '.join(heads) or 'none'}; there must be id or url, and label or score"
            )
        for row in reader:
            if row.get("") is not None:
                raise LabelsError(f"{path}, line {reader.line_num}: has more values than the {len(heads)} columns")
            yield reader.line_num, {n: _value(text or "") if n in valued else text for n, text in row.items()}


def _value(text: str) -> Label:
    """Return a label of CSV: true, false and numbers are what they say, everything else is text."""
    text = text.strip()
    if text.lower() in _TRUTH:
        return _TRUTH[text.lower()]
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def _labelled(path: Path, line: int, row: Mapping[str, Any], key: str) -> Labelled | None:
    where = f"{path}, line {line}"
    if row.get("status", "ok") != "ok":
        return None
    id_, url = (_text(where, row, name) for name in ("id", "url"))
    if not id_ and not url:
        raise LabelsError(f"{where}: has neither id nor url")
    try:
        id_ = bytes.fromhex(id_).hex()
    except ValueError as error:
        raise LabelsError(f"{where}: id = {id_[:60]!r} is not hexadecimal") from error
    label = _label(where, row, key)
    return Labelled(id_, url, label, _text(where, row, "domain") or (registered_domain(url) if url else ""), line)


def _text(where: str, row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if value is not None and not isinstance(value, str):
        raise LabelsError(f"{where}: {name} = {str(value)[:60]!r} is no text")
    return (value or "").strip()


def _label(where: str, row: Mapping[str, Any], key: str) -> Label:
    answer = row.get("answer")
    if key and isinstance(answer, dict):
        name, value = key, answer.get(key)
    elif key in row:
        name, value = key, row[key]
    else:
        name = "label" if row.get("label") not in (None, "") else "score"
        value = row.get(name)
    if value is None or value == "":
        raise LabelsError(f"{where}: has no {key or 'label and no score'}")
    if not isinstance(value, bool | int | float | str) or (isinstance(value, float) and not math.isfinite(value)):
        raise LabelsError(f"{where}: {name} = {str(value)[:60]!r} is no number, no truth value and no class")
    if name == "score" and isinstance(value, bool | str):
        raise LabelsError(f"{where}: score = {value!r} is no number")
    return value


def _check_once(path: Path, found: Iterable[Labelled]) -> None:
    lines: dict[str, int] = {}
    for one in found:
        name = one.id or one.url
        if name in lines:
            raise LabelsError(f"{path}, line {one.line}: {name} has a label in line {lines[name]} already")
        lines[name] = one.line


def taken_in(
    labels: Iterable[Labelled], sample: Iterable[Page] | None, *, by: str, prompt: Prompt | None
) -> list[dict[str, Any]]:
    """Return labels in the form of a teacher's, one dictionary a label.

    Parameters
    ----------
    labels : iterable of Labelled
        The labels.
    sample : iterable of Page, optional
        Where the id, domain, language, stratum and probability of a page are taken from.
    by : str
        Who has labelled; stands in the place of the model.
    prompt : Prompt, optional
        Whose guidelines were followed.
    """
    pages = list(sample or ())
    by_id, by_url = {page.id.hex(): page for page in pages}, {page.url: page for page in reversed(pages) if page.url}
    rows = []
    for one in labels:
        page = by_id.get(one.id) if one.id else by_url.get(one.url)
        rows.append(
            {
                "id": page.id.hex() if page else one.id,
                "url": page.url if page else one.url,
                "domain": (page.domain if page else "") or one.domain,
                "language": page.language if page else "",
                "prompt": prompt.name if prompt else "",
                "prompt_version": prompt.version if prompt else None,
                "prompt_digest": prompt.digest if prompt else "",
                "model": by,
                "date": "",
                "status": "ok",
                "answer": None,
                "label": one.label,
                "score": None if isinstance(one.label, str) else float(one.label),
                "stratum": page.stratum if page else "",
                "probability": page.probability if page else None,
            }
        )
    return rows
