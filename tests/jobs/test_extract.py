"""What extraction writes for deduplication: which documents count as damaged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest

from conf.schema import Recipe
from jobs.extract import Item, _write_keys
from jobs.parts import PartWriter
from udfs.html import extract
from udfs.page import Document
from udfs.warc import Capture

TEXT = "Größe, Straße, Fuß und Gruß: Übermäßig große Äpfel äßen wir höchstens für später, hörten wir früher öfter."
PAGE = f"<html><body><article><h1>Über</h1><p>{TEXT}</p><p>{TEXT}</p></article></body></html>"

RECIPE = Recipe.model_validate({"name": "r", "stages": ["extract"], "input": {"paths": ["-"]}})


class Rows:
    """Takes what is written, and keeps it by table."""

    split = "s"

    def __init__(self) -> None:
        self.rows: dict[str, Mapping[str, Any]] = {}

    def add(self, table: str, row: Mapping[str, Any]) -> None:
        self.rows[table] = row


@pytest.mark.parametrize(
    ("body", "cut", "damaged"),
    [
        (PAGE.encode(), False, False),
        (PAGE.encode("cp1252"), False, False),
        (PAGE.encode(), True, True),
        (PAGE.encode().decode("latin-1").encode(), False, True),
    ],
    ids=["whole", "other charset", "cut", "encoded twice"],
)
def test_cut_and_repaired_documents_are_damaged(body: bytes, cut: bool, damaged: bool) -> None:
    """A page that was cut, or whose characters had to be repaired, is marked, and no other; the texts are equal all the same."""
    found, out = extract(body), Rows()
    item = Item("", "response", 0, 1, "", None, 200, cut, cast(Capture, None))
    document = Document(found.text, found.spans, "de", 1.0, "", found)
    _write_keys(cast(PartWriter, out), b"0" * 16, item, document, RECIPE)
    assert TEXT in found.text
    assert out.rows["sketches"]["damaged"] is damaged


def test_a_text_that_was_no_page_is_not_repaired() -> None:
    """Where nothing was decoded, nothing was repaired."""
    out, item = Rows(), Item("", "text", 0, 1, "", None, None, False, cast(Capture, None))
    document = Document(TEXT, (), "de", 1.0, "")
    _write_keys(cast(PartWriter, out), b"0" * 16, item, document, RECIPE)
    assert out.rows["sketches"]["damaged"] is False
