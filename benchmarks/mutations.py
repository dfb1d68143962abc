"""Ways to damage a page: tags dropped, doubled and swapped, bytes cut and flipped, pages spliced, nesting, broken syntax.

Every change draws from the `random.Random` that it is handed and from nothing else.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from functools import partial

DEEPEST = 6_000
"""Most elements that one mutation opens: pages beyond the limit on depth must be turned away, not only read."""

_TAG = re.compile(rb"<[a-zA-Z/][^<>]{0,400}>")
_QUOTE = re.compile(rb"[\"']")
_ENTITY = re.compile(rb"&[a-zA-Z#]")
_NAMES = (
    *(b"div", b"p", b"b", b"a", b"table", b"td", b"tr", b"li", b"ul", b"span", b"font", b"form", b"button", b"select", b"svg"),
    *(b"math", b"pre", b"code", b"script", b"style", b"title", b"textarea", b"noscript", b"template", b"x-y", b"sup", b"ruby"),
)
_BROKEN_ENTITIES = (
    *(b"&", b"&#", b"&#x", b"&#x;", b"&#99999999999;", b"&#xD800;", b"&#0;", b"&ampamp;", b"&notanentity;", b"&lt", b"&nbsp"),
    *(b"&#x110000;", b"&" * 200, b"&#1" * 50),
)
_BROKEN_COMMENTS = (
    *(b"<!--", b"-->", b"<!-->", b"--!>", b"<![CDATA[", b"]]>", b"<!", b"<?", b"</", b"<", b"</>", b"<!DOCTYPE", b"<!--<script>"),
    *(b"<script>", b"</script", b"<style", b"<title>", b"<plaintext>", b"<textarea>", b"<xmp>", b"<frameset>", b"</body></html>"),
)
_STRANGE = (
    *(b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\x1b$B", b"\r", b"\x0c"),
    *("\u202e".encode(), "\U0010ff00".encode(), "\u0301".encode() * 40, b"\xe2\x80", b"\xe4"),
)

Change = Callable[[bytes, random.Random, Sequence[bytes]], bytes]


def _tag(page: bytes, dice: random.Random) -> tuple[int, int]:
    """Return the range of a tag somewhere in the page, or an empty range."""
    found = _TAG.search(page, dice.randrange(len(page) + 1)) or _TAG.search(page)
    return found.span() if found else (0, 0)


def _at(pattern: re.Pattern[bytes], page: bytes, dice: random.Random) -> int:
    found = pattern.search(page, dice.randrange(len(page) + 1))
    return found.start() if found else dice.randrange(len(page) + 1)


def _few(dice: random.Random) -> int:
    """Return how often a change is made: mostly a few times, sometimes hundreds."""
    return 1 + int(dice.paretovariate(0.8)) % 400


def _drop_tags(page: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    for _i in range(_few(dice)):
        start, stop = _tag(page, dice)
        page = page[:start] + page[stop:]
    return page


def _double_tags(page: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    for _i in range(_few(dice)):
        start, stop = _tag(page, dice)
        page = page[:stop] + page[start:stop] * dice.choice((1, 2, 30)) + page[stop:]
    return page


def _swap_tags(page: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    for _i in range(_few(dice)):
        (a, b), (c, d) = sorted((_tag(page, dice), _tag(page, dice)))
        if b <= c:
            page = page[:a] + page[c:d] + page[b:c] + page[a:b] + page[d:]
    return page


def _cut(page: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    start = dice.randrange(len(page) + 1)
    return page[:start] + page[start + int(dice.paretovariate(0.5)) % (len(page) // 2 + 1) :]


def _repeat(page: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    start = dice.randrange(len(page) + 1)
    piece = page[start : start + dice.randrange(1, 3_000)]
    return page[:start] + piece * dice.randrange(2, 20) + page[start:]


def _flip(page: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    changed = bytearray(page)
    for _i in range(min(len(changed), 1 + len(changed) * dice.choice((1, 1, 10)) // 10_000)):
        changed[dice.randrange(len(changed))] = dice.choice((dice.randrange(256), *b"<>&\"'/= "))
    return bytes(changed)


def _splice(page: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    other = dice.choice(others)
    return page[: dice.randrange(len(page) + 1)] + other[dice.randrange(len(other) + 1) :]


def _nest(page: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    names = [dice.choice(_NAMES) for _i in range(dice.choice((1, 1, 2, 3)))]
    opened = b"".join(b"<" + name + b">" for name in names) * (int(dice.paretovariate(0.4)) % DEEPEST)
    at = _tag(page, dice)[0]
    return page[:at] + opened + page[at:]


def _insert(what: Sequence[bytes], where: re.Pattern[bytes], page: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    for _i in range(_few(dice) % 40):
        at = _at(where, page, dice)
        page = page[:at] + dice.choice(what) + page[at + dice.randrange(2) :]
    return page


def _quotes(page: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    for _i in range(_few(dice) % 40):
        at = _at(_QUOTE, page, dice)
        page = page[:at] + dice.choice((b"", b"", b"'", b'"', b"=", b"\\")) + page[at + 1 :]
    return page


def _attributes(page: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    _start, stop = _tag(page, dice)
    flood = b"".join(b" a%d=%d" % (i, i) for i in range(int(dice.paretovariate(0.5)) % 2_000))
    return page[: max(0, stop - 1)] + flood + page[max(0, stop - 1) :]


def _truncate(page: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    return page[: dice.randrange(len(page) + 1)]


CHANGES: dict[str, Change] = {
    "drop tags": _drop_tags,
    "double tags": _double_tags,
    "swap tags": _swap_tags,
    "cut": _cut,
    "repeat": _repeat,
    "flip": _flip,
    "splice": _splice,
    "nest": _nest,
    "entities": partial(_insert, _BROKEN_ENTITIES, _ENTITY),
    "comments": partial(_insert, _BROKEN_COMMENTS, _TAG),
    "bytes": partial(_insert, _STRANGE, _TAG),
    "quotes": _quotes,
    "attributes": _attributes,
    "truncate": _truncate,
}


def mutated(number: int, seed: int, sources: Sequence[bytes]) -> tuple[bytes, tuple[str, ...]]:
    """Return damaged page `number` of a seed, and the names of what was done to it, in order."""
    dice = random.Random(f"{seed}:{number}")
    page = dice.choice(sources)
    names = tuple(dice.choices(list(CHANGES), k=dice.choice((1, 1, 2, 3, 5))))
    for name in names:
        page = CHANGES[name](page, dice, sources)
    return page, names
