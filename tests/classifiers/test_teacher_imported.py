"""Labels from files: what a line may hold, and what is said where it can't be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from classifiers.teacher.imported import Labelled, LabelsError, paired, read, taken_in
from classifiers.teacher.page import Page
from classifiers.teacher.prompts import load

URL = "https://www.a.example/x"


def labels(tmp_path: Path, name: str, text: str, key: str = "") -> list[Labelled]:
    """Read a file with this text."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read(tmp_path / name, key)


GOOD = {
    "a.csv": f'\ufeffurl,label,note\n{URL},3,"fine, I think"\nhttps://b.example/,5,\n',
    "b.csv": f"label,url\n3,{URL}\n5, https://b.example/\n",
    "c.csv": f"url,score\n{URL},3\n\nhttps://b.example/,5\n",
    "a.jsonl": f'{{"url": "{URL}", "label": 3}}\n\n{{"url": "https://b.example/", "score": 5}}\n',
    "b.jsonl": f'{{"url": "{URL}", "label": 3, "status": "ok"}}\n{{"url": "u", "status": "refused"}}\n'
    '{"url": "https://b.example/", "label": 5}',
}


@pytest.mark.parametrize("name", GOOD)
def test_both_formats_give_the_same_labels(name: str, tmp_path: Path) -> None:
    """Columns in any order, others passed over; blank lines and answers without a label are none."""
    found = labels(tmp_path, name, GOOD[name])
    assert [(one.url, one.label, one.domain) for one in found] == [(URL, 3, "a.example"), ("https://b.example/", 5, "b.example")]


def test_labels_have_the_kind_that_is_written(tmp_path: Path) -> None:
    """Truth values, whole and other numbers, and classes; ids are hexadecimal whatever their case."""
    found = labels(tmp_path, "a.csv", "id,label\n0A,true\n0b,False\n0c,2\n0d,2.5\n0e,science\n")
    assert [(one.id, one.label) for one in found] == [("0a", True), ("0b", False), ("0c", 2), ("0d", 2.5), ("0e", "science")]
    assert [type(one.label) for one in found] == [bool, bool, int, float, str]


def test_a_key_of_the_answer_can_be_taken(tmp_path: Path) -> None:
    """A teacher's `meets` beside a person's yes and no; a column of that name where there is no answer."""
    text = '{"id": "00", "label": 4, "answer": {"meets": true, "score": 4}}\n{"id": "01", "label": false}\n'
    assert [one.label for one in labels(tmp_path, "a.jsonl", text, "meets")] == [True, False]
    assert [one.label for one in labels(tmp_path, "a.csv", "url,label,grade\nx,high,4\ny,low,true\n", "grade")] == [4, True]


BAD = [
    ("a.csv", "page,label\nx,1\n", "line 1: the columns are page, label; there must be id or url, and label or score"),
    ("a.csv", "", "line 1: the columns are none"),
    ("a.csv", "url,label\nx,1\ny\n", "line 3: has no label and no score"),
    ("a.csv", "url,label\nx,1,2\n", "line 2: has more values than the 2 columns"),
    ("a.csv", 'url,label\n"x,1\n', "unexpected end of data"),
    ("a.csv", "url,score\nx,good\n", "line 2: score = 'good' is no number"),
    ("a.csv", "url,score\nx,nan\n", "line 2: score = 'nan' is no number"),
    ("a.csv", "url,label\n,1\n", "line 2: has neither id nor url"),
    ("a.csv", "id,label\nxyz,1\n", "line 2: id = 'xyz' is not hexadecimal"),
    ("a.csv", "url,label\nx,1\ny,1\nx,2\n", "line 4: x has a label in line 2 already"),
    ("a.csv", "url,label\n", "holds no label"),
    ("a.jsonl", '{"url": "x", "label": 1}\n{"url": \n', "line 2: no JSON"),
    ("a.jsonl", "[1]\n", "line 1: no object"),
    ("a.jsonl", '{"url": 7, "label": 1}\n', "line 1: url = '7' is no text"),
    ("a.jsonl", '{"url": "x", "label": [1]}\n', "line 1: label = '[1]' is no number"),
    ("a.jsonl", '{"url": "x", "label": NaN}\n', "is no number"),
    ("a.jsonl", '{"url": "x"}\n', "line 1: has no label and no score"),
    ("a.txt", "", "labels are read from .jsonl or .csv"),
]


@pytest.mark.parametrize(("name", "text", "says"), BAD)
def test_mistakes_are_named_by_line(name: str, text: str, says: str, tmp_path: Path) -> None:
    """File, line, what was seen; one line."""
    with pytest.raises(LabelsError) as error:
        labels(tmp_path, name, text)
    assert says in str(error.value)
    assert name in str(error.value)
    assert "\n" not in str(error.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file and one that is no UTF-8."""
    with pytest.raises(LabelsError, match="No such file"):
        read(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes(b"url,label\n\xff,1\n")
    with pytest.raises(LabelsError, match=r"latin\.csv"):
        read(tmp_path / "latin.csv")


def one(id: str, url: str, label: int) -> Labelled:
    """A label."""
    return Labelled(id, url, label, "", 1)


def test_pages_are_paired_by_id_and_else_by_address() -> None:
    """Two captures of an address are not taken for each other where both ids are known."""
    first = [one("0a", "u", 1), one("0b", "v", 2), one("", "w", 3), one("0d", "x", 4)]
    second = [one("0a", "other", 5), one("", "v", 6), one("0c", "w", 7), one("0e", "x", 8)]
    assert [(a.label, b.label) for a, b in paired(first, second)] == [(1, 5), (2, 6), (3, 7)]
    assert paired([], second) == paired(first, []) == []


def test_labels_by_hand_take_the_form_of_a_teachers() -> None:
    """Id, domain, language, stratum and probability come from the sample where the page is in it."""
    sample = [Page(b"\x0a", "text", "title", URL, "a.example", "en", "s", 0.25)]
    rows = taken_in([one("", URL, 4), one("0b", "", 1)], sample, by="reader 1", prompt=load("quality"))
    assert rows[0]["id"] == "0a"
    assert [rows[0][name] for name in ("domain", "language", "stratum", "probability")] == ["a.example", "en", "s", 0.25]
    assert [rows[0][name] for name in ("model", "prompt", "prompt_version", "status", "label", "score")] == [
        *("reader 1", "quality", 1, "ok", 4, 4.0)
    ]
    assert (rows[1]["id"], rows[1]["probability"]) == ("0b", None)
    assert taken_in([Labelled("", "u", "science", "", 1)], None, by="x", prompt=None)[0]["score"] is None
