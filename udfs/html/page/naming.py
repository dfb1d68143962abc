"""What the attributes of a tag say: the words of its class, id, role and itemprop, and whether it is hidden."""

from __future__ import annotations

from typing import Final

import numpy as np

from udfs.html.compiled import helper, mix
from udfs.html.page.tokens import (
    ARIA_HIDDEN,
    CLASS,
    HIDDEN,
    ID,
    ITEMTYPE,
    LOWER,
    PROP,
    ROLE,
    STYLE,
    Bytes,
    Ints,
    has,
)
from udfs.html.page.vocabulary import (
    KIND_OF_PROPERTY,
    KIND_OF_ROLE,
    NAME_SALT,
    WHOLE_SALT,
    HashTable,
    Kind,
    Tag,
    fnv1a,
    hash_table,
    kind_table,
    meaning_table,
    tag_table,
    whole_hash,
)
from udfs.html.page.workspace import FIRST_NAME, KINDS, MEANINGS, NAMES, ROWS, Out, new_row

CODE_BOX: Final = 1
MATH_BOX: Final = 2
MATH_WORD: Final = 4
PANDOC_WORD: Final = 8
FRAGMENT: Final = 16
CODE_WORD: Final = 32

_BOXES: Final = {
    CODE_BOX: "highlighttable codehilitetable rouge-table lntable hljs-ln js-file-line-container syntaxhighlighter crayon-syntax "
    "mw-geshi CodeMirror ace_editor monaco-editor EnlighterJSRAW",
    MATH_BOX: "katex katex-display MathJax MathJax_Display MathJax_SVG MathJax_SVG_Display MathJax_CHTML MathJax_Preview "
    "MJX_Assistive_MathML mwe-math-element math-inline math-display",
    MATH_WORD: "math",
    PANDOC_WORD: "inline display",
    FRAGMENT: "fragment",
    CODE_WORD: "code codeblock",
}
"""Whole class names of elements that are read as regions."""

_ITEMTYPE: Final = int(Kind.ITEMTYPE)
_NAME: Final = fnv1a(NAME_SALT) - (1 << 64)
_WHOLE: Final = fnv1a(WHOLE_SALT) - (1 << 64)


_DISPLAY: Final = np.frombuffer(b"display", np.uint8)
_VISIBILITY: Final = np.frombuffer(b"visibility", np.uint8)
_NONE: Final = np.frombuffer(b"none", np.uint8)
_HIDDEN: Final = np.frombuffer(b"hidden", np.uint8)
_TRUE: Final = np.frombuffer(b"true", np.uint8)


_TABLES: Final = 5
TAGS: Final = 0
"""Number of a table of the lore; likewise the next ones."""
_MEANINGS: Final = 1
_ROLES: Final = 2
_PROPERTIES: Final = 3
BOXES: Final = 4


def _box_table() -> HashTable:
    return hash_table({whole_hash(name): box for box, names in _BOXES.items() for name in names.split()})


def lore() -> Ints:
    """Build the tables that tags and their attributes are looked up in.

    One array, since each array that compiled code hands on costs time: first the place and the last slot of each table, then
    the tables, each a key and its value in turn. It is an argument, not a constant of the compiled code, which a cache would keep.
    """
    tables = (tag_table(), meaning_table(), kind_table(KIND_OF_ROLE), kind_table(KIND_OF_PROPERTY), _box_table())
    parts = [np.column_stack([table.keys, table.values]).reshape(-1).view(np.int64) for table in tables]
    starts = np.cumsum([2 * _TABLES] + [len(part) for part in parts])
    directory = [(start, len(part) // 2 - 1) for start, part in zip(starts.tolist(), parts, strict=False)]
    return np.concatenate([np.array(directory, np.int64).reshape(-1), *parts])


@helper
def look_up(lore: Ints, table: int, key: int) -> int:
    """Value of a key in a table of the lore, or 0."""
    start, mask = lore[2 * table], lore[2 * table + 1]
    slot = key & mask
    found = lore[start + 2 * slot]
    while found != 0:
        if found == key:
            return int(lore[start + 2 * slot + 1])
        slot = (slot + 1) & mask
        found = lore[start + 2 * slot]
    return 0


@helper
def _is_word(byte: int) -> bool:
    return 97 <= (byte | 32) <= 122 or 48 <= byte <= 57 or byte >= 128


@helper
def _fold(key: int) -> int:
    return (key ^ (key >> 32)) & 0xFFFFFFFF


@helper
def boxes_of(source: Bytes, start: int, stop: int, lore: Ints) -> int:
    """Bits of the regions that the class names in a range speak of."""
    found, key, length = 0, _WHOLE, 0
    for at in range(start, stop + 1):
        byte = int(source[at]) if at < stop else 32
        if byte <= 32:
            if length > 3:
                found |= look_up(lore, BOXES, _fold(key))
            key, length = _WHOLE, 0
        else:
            key = mix(key, LOWER[byte])
            length += 1
    return found


@helper
def _add_name(state: Ints, out: Out, key: int, lore: Ints) -> None:
    name = _fold(key)
    out[new_row(state, NAMES, 1)] = name
    state[MEANINGS] |= look_up(lore, _MEANINGS, name)


@helper
def _read_names(source: Bytes, start: int, stop: int, state: Ints, out: Out, lore: Ints) -> None:
    """Write down the words and whole names of a range, and gather their meanings."""
    word, whole = _NAME, _WHOLE
    before = 32
    for at in range(start, stop + 1):
        byte = int(source[at]) if at < stop else 32
        if word != _NAME and (not _is_word(byte) or (65 <= byte <= 90 and 97 <= before <= 122)):
            _add_name(state, out, word, lore)
            word = _NAME
        if byte <= 32:
            if whole != _WHOLE:
                _add_name(state, out, whole, lore)
                whole = _WHOLE
        else:
            whole = mix(whole, LOWER[byte])
            if _is_word(byte):
                word = mix(word, LOWER[byte])
        before = byte


@helper
def _kinds_of(source: Bytes, start: int, stop: int, lore: Ints, table: int) -> int:
    found, key = 0, _WHOLE
    for at in range(start, stop + 1):
        byte = int(source[at]) if at < stop else 32
        if byte <= 32:
            found |= look_up(lore, table, _fold(key))
            key = _WHOLE
        else:
            key = mix(key, LOWER[byte])
    return found


@helper
def read_names(source: Bytes, state: Ints, out: Out, lore: Ints) -> None:
    """Write down the names of the tag that was read last; its bits go to ``state[KINDS]`` and ``state[MEANINGS]``."""
    state[KINDS] = state[MEANINGS] = 0
    state[FIRST_NAME] = state[NAMES + ROWS]
    if state[0] >> 1 == 0:
        return
    for slot in (CLASS, ID, ROLE, PROP):
        if has(state, slot):
            _read_names(source, state[slot], state[slot + 1], state, out, lore)
    if has(state, ROLE):
        state[KINDS] |= _kinds_of(source, state[ROLE], state[ROLE + 1], lore, _ROLES)
    if has(state, PROP):
        state[KINDS] |= _kinds_of(source, state[PROP], state[PROP + 1], lore, _PROPERTIES)
    if has(state, ITEMTYPE):
        state[KINDS] |= _ITEMTYPE


@helper
def matches(source: Bytes, at: int, word: Bytes) -> bool:
    """Whether a lower-case word stands at a byte, in any case."""
    for place in range(len(word)):  # noqa: SIM110
        if LOWER[source[at + place]] != word[place]:
            return False
    return True


@helper
def _hides(source: Bytes, start: int, stop: int) -> bool:
    """Whether a style hides its element."""
    at = start
    while at + 11 < stop:
        byte = source[at] | 32
        if byte == 100 and matches(source, at, _DISPLAY):
            end, value = at + 7, _NONE
        elif byte == 118 and matches(source, at, _VISIBILITY):
            end, value = at + 10, _HIDDEN
        else:
            at += 1
            continue
        if at == start or (not _is_word(source[at - 1]) and source[at - 1] != 45):
            while source[end] <= 32 and end < stop:
                end += 1
            if source[end] == 58:
                end += 1
                while source[end] <= 32 and end < stop:
                    end += 1
                if end + len(value) <= stop and matches(source, end, value):
                    return True
        at += 7
    return False


@helper
def is_hidden(source: Bytes, state: Ints, tag: int) -> bool:
    """Whether the attributes of the tag that was read last hide it; ``aria-hidden`` on a ``div`` does not (modals set it)."""
    if has(state, HIDDEN):
        return True
    if has(state, ARIA_HIDDEN) and tag != Tag.DIV:
        start = state[ARIA_HIDDEN]
        if state[ARIA_HIDDEN + 1] - start == 4 and matches(source, start, _TRUE):
            return True
    return has(state, STYLE) and _hides(source, state[STYLE], state[STYLE + 1])
