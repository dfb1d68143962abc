"""The taxonomy of knowledge classes: what ships, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from conf.taxonomy import TaxonomyError, load, parse

ONE = "{id: other, title: Other, definition: Nothing., includes: errors, excludes: the rest}"


def test_what_ships_is_complete() -> None:
    """About 25 classes, those that a mixture cuts among them, each described in lines of its own."""
    taxonomy = load()
    assert 24 <= len(taxonomy.ids) <= 30
    assert {"arts_entertainment", "celebrities", "shopping", "adult", "other"} <= set(taxonomy.ids)
    assert len({entry.definition for entry in taxonomy.classes}) == len(taxonomy.ids)
    hash(taxonomy)


def test_borders_name_classes_that_exist() -> None:
    """Every class that an exclusion sends a page to is in the taxonomy."""
    taxonomy = load()
    for entry in taxonomy.classes:
        for part in entry.excludes.split("(")[1:]:
            target = part.split(")")[0]
            assert target in taxonomy.ids or " " in target, (entry.id, target)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: [", "t.yaml: is no YAML"),
        ("version: 1", "classes: Field required"),
        (f"version: 0\nclasses: [{ONE}, {ONE}]", "version: "),
        (f"version: 1\nclasses: [{ONE}, {ONE}]", "class 'other' is there twice"),
        (f"version: 1\nclasses: [{ONE}, {ONE.replace('id: other', 'id: Arts')}]", "classes.1.id"),
        (f"version: 1\nclasses: [{ONE.replace('id: other', 'id: a')}, {ONE.replace('id: other', 'id: b')}]", "no class 'other'"),
        (f"version: 1\nclasses: [{ONE}, {ONE.replace('title: Other, ', '')}]", "classes.1.title: Field required"),
        (f"version: 1\nclasses: [{ONE}, {ONE.replace('{id', '{colour: red, id')}]", "classes.1.colour"),
        ("- 1", "t.yaml"),
    ],
)
def test_refused(text: str, message: str) -> None:
    """An error says where and what."""
    with pytest.raises(TaxonomyError, match=message):
        parse(text, "t.yaml")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A path that can't be read is named."""
    with pytest.raises(TaxonomyError, match=r"none\.yaml: can't be read"):
        load(str(tmp_path / "none.yaml"))
