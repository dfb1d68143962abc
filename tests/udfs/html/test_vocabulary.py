"""Tag numbers, hashes and the tables that the compiled code looks things up in."""

from __future__ import annotations

import pytest

from udfs.html.page.vocabulary import (
    CUSTOM,
    FNV_OFFSET,
    INLINE,
    MEANING_OF_WHOLE,
    MEANINGS,
    VOID,
    HashTable,
    Kind,
    Meaning,
    Tag,
    fnv1a,
    hash_table,
    kind_table,
    meaning_table,
    name_hash,
    tag_table,
    whole_hash,
    word_hash,
)


def look_up(table: HashTable, key: int) -> int:
    """Read a table as the compiled code does."""
    size = len(table.keys)
    slot = key & (size - 1)
    while table.keys[slot]:
        if int(table.keys[slot]) == key:
            return int(table.values[slot])
        slot = (slot + 1) & (size - 1)
    return 0


@pytest.mark.parametrize(("data", "expected"), [(b"", FNV_OFFSET), (b"a", 0xAF63DC4C8601EC8C), (b"foobar", 0x85944171F73967E8)])
def test_fnv1a(data: bytes, expected: int) -> None:
    """The published test vectors."""
    assert fnv1a(data) == expected


def test_hashes_differ_by_their_salt_and_not_by_case() -> None:
    """A word of the text, of a class name and a whole class name do not meet; ASCII capitals do not matter."""
    assert len({word_hash("post"), name_hash("post"), whole_hash("post")}) == 3
    assert word_hash("Post") == word_hash("post")
    assert word_hash("É") != word_hash("é")


def test_tags() -> None:
    """Every name is found by its hash, numbers stay below those of unknown names, and no other name is found."""
    table = tag_table()
    for tag in Tag:
        if tag > Tag.ROOT:
            assert look_up(table, fnv1a(tag.name.lower().replace("_", "-").encode())) == tag
    assert max(Tag) < CUSTOM
    assert look_up(table, fnv1a(b"m:math")) == Tag.MATH
    assert look_up(table, fnv1a(b"root")) == look_up(table, fnv1a(b"none")) == look_up(table, fnv1a(b"blink")) == 0


def test_inline_elements_are_those_of_the_rules() -> None:
    """46 inline elements, of which four are void."""
    assert len(INLINE) == 46
    assert {tag.name for tag in INLINE & VOID} == {"IMG", "SOURCE", "TRACK", "WBR"}


def test_meanings() -> None:
    """Each listed word has its bit, words of two lists have both, and 61 bits fit."""
    table = meaning_table()
    for lists, hasher in ((MEANINGS, name_hash), (MEANING_OF_WHOLE, whole_hash)):
        for meaning, words in lists.items():
            for word in words.split():
                assert look_up(table, hasher(word)) & meaning, (meaning, word)
    assert len(Meaning) <= 64
    assert set(MEANINGS) == set(Meaning)
    assert look_up(table, name_hash("topic")) == Meaning.TAG | Meaning.FORUM


def test_kind_table() -> None:
    """Words of roles are found whole."""
    table = kind_table({"main": Kind.ROLE_MAIN})
    assert look_up(table, whole_hash("Main")) == Kind.ROLE_MAIN
    assert look_up(table, name_hash("main")) == 0


def test_hash_table_is_at_most_half_full() -> None:
    """A look-up always comes to a free slot."""
    table = hash_table(dict.fromkeys(range(1, 1_000), 1))
    assert (table.keys == 0).sum() * 2 >= len(table.keys)
