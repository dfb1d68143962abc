"""Bad texts made of good ones, to train on: repeated, shuffled, cut up, mangled, or replaced by what machines write.

No site teaches a model all kinds of junk. These are made by rules from seeds and the texts of any site, in all its languages, and
share nothing with the generators of the texts that the models are tested on.
"""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import xxhash

Form = Callable[[random.Random, str], str]

LEAST: Final = 60
"""Characters below which a made text is left out."""
MOST_READ: Final = 6_000
"""Characters of a good text that are used."""

_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")
_CODECS: Final = ("cp1252", "latin-1", "cp1251", "koi8-r")
_MARKS: Final = "éüñçøßąłžеианоты“”—’"
_SCRIPTS: Final = ((0x430, 0x44F), (0x4E00, 0x9FA5), (0x3B1, 0x3C9), (33, 126))
_LATIN: Final = (
    "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna aliqua enim "
    "ad minim veniam quis nostrud exercitation ullamco laboris nisi aliquip ex ea commodo consequat duis aute irure in "
    "reprehenderit voluptate velit esse cillum eu fugiat nulla pariatur excepteur sint occaecat cupidatat non proident sunt culpa "
    "qui officia deserunt mollit anim id est laborum"
)
_ENDS: Final = ("\n", "\n", " ")


def repeated(chance: random.Random, text: str) -> str:
    """Repeat one to three sentences or lines."""
    found = _sentences(text)
    chosen = chance.sample(found, min(len(found), chance.choice((1, 1, 2, 3))))
    return _filled(chance, lambda place: chosen[place % len(chosen)], chance.choice(_ENDS))


def shuffled(chance: random.Random, text: str) -> str:
    """Put the words in random order, one to three of them staying together."""
    words, run = text.split()[: chance.randint(60, 400)], chance.choice((1, 1, 2, 3))
    runs = [words[at : at + run] for at in range(0, len(words), run)]
    chance.shuffle(runs)
    return " ".join(word for part in runs for word in part)


def truncated(chance: random.Random, text: str) -> str:
    """Cut each sentence off in the middle, as lists of search results do."""
    end = chance.choice(("…", "..."))
    kept = _sentences(text)[: chance.randint(4, 30)]
    return chance.choice((" ", "\n", "  ")).join(one[: chance.randint(8, 60)].rstrip() + end for one in kept)


def headings(chance: random.Random, text: str) -> str:
    """Keep the first words of each sentence as items of a menu."""
    found = _sentences(text)
    chance.shuffle(found)
    items = [" ".join(one.split()[: chance.randint(1, 7)]).rstrip(".,;:!?") for one in found[: chance.randint(8, 60)]]
    return chance.choice(("\n", "\n", " | ", " · ", " » ")).join(items)


def keywords(chance: random.Random, text: str) -> str:
    """Combine a few long words again and again."""
    words = sorted({word.strip(string.punctuation).lower() for word in text.split()})
    pool = _some(chance, [word for word in words if len(word) > 3], chance.choice((8, 15, 40)))
    separator = chance.choice((", ", ", ", " ", "\n", " | "))
    return _filled(chance, lambda _: " ".join(chance.choices(pool, k=chance.randint(1, 3))), separator)


def misread(chance: random.Random, text: str) -> str:
    """Read UTF-8 in another encoding; texts in ASCII get letters that show it."""
    part, codec = text[: _size(chance)], chance.choice(_CODECS)
    if part.isascii():
        part = "".join(chance.choice(_MARKS) if sign.isalpha() and chance.random() < 0.15 else sign for sign in part)
    return part.encode("utf-8", "replace").decode(codec, "replace")


def numbers(chance: random.Random, _: str) -> str:
    """Make rows of figures, percentages and dates."""
    columns, separator = chance.randint(3, 9), chance.choice((" ", "\t", ", ", "  "))
    return _filled(chance, lambda _: separator.join(_number(chance) for _ in range(columns)), chance.choice(("\n", "\n", "  ")))


def log(chance: random.Random, text: str) -> str:
    """Make lines that a machine writes: time, place, words of the text, counts."""
    words = _some(chance, [word.lower() for word in text.split() if word.isalpha()], 40)
    return _filled(chance, lambda _: _log_line(chance, words), "\n")


def letters(chance: random.Random, text: str) -> str:
    """Make words without sense: real ones with their letters shuffled, or letters drawn evenly from a script."""
    if chance.random() < 0.4:
        return " ".join("".join(chance.sample(word, len(word))) for word in text[: _size(chance)].split())
    first, last = chance.choice(((97, 122), *_SCRIPTS))
    return _filled(chance, lambda _: "".join(chr(chance.randint(first, last)) for _ in range(chance.randint(1, 11))), " ")


def placeholder(chance: random.Random, _: str) -> str:
    """Make the Latin of empty pages."""
    words = _LATIN.split()
    return _filled(
        chance, lambda _: " ".join(chance.choices(words, k=chance.randint(5, 16))).capitalize() + ".", chance.choice(_ENDS)
    )


def templated(chance: random.Random, text: str) -> str:
    """Repeat a few sentences with some words exchanged, as pages made for search engines do."""
    words = _some(chance, [word for word in text.split() if word.isalpha()], chance.randint(4, 15))
    found = [one.split() for one in _sentences(text) if 4 < len(one.split()) < 30] or [text.split()[:20] or ["word"]]
    chosen = chance.sample(found, min(len(found), chance.randint(2, 5)))
    slots = [(one, chance.sample(range(len(one)), min(len(one), chance.randint(1, 3)))) for one in chosen]

    def sentence(_: int) -> str:
        one, places = chance.choice(slots)
        told = list(one)
        for place in places:
            told[place] = chance.choice(words) if chance.random() < 0.7 else str(chance.randint(1, 999))
        return " ".join(told)

    return _filled(chance, sentence, chance.choice((" ", " ", "\n")))


FORMS: Final[Mapping[str, Form]] = {
    form.__name__: form
    for form in (
        repeated,
        shuffled,
        truncated,
        headings,
        keywords,
        misread,
        numbers,
        log,
        letters,
        placeholder,
        templated,
    )
}


def made(texts: Sequence[str], count: int, seed: int = 1) -> list[tuple[str, str, int]]:
    """Make bad texts of every form.

    Parameters
    ----------
    texts : sequence of str
        Good texts.
    count : int
        Texts of each form; those that come out too short are left out.
    seed : int
        Equal texts and seed give equal results.

    Returns
    -------
    list of (str, str, int)
        Form, bad text, and the place of the good text that it was made of.
    """
    found = []
    for name, form in FORMS.items():
        for number in range(count if texts else 0):
            chance = random.Random(xxhash.xxh3_64_intdigest(f"{seed}/{name}/{number}".encode()))
            place = chance.randrange(len(texts))
            text = form(chance, texts[place][:MOST_READ])
            if len(text) > LEAST:
                found.append((name, text, place))
    return found


def _sentences(text: str) -> list[str]:
    return [one.strip() for one in _SENTENCE.split(text) if one and one.strip()] or ["empty"]


def _some(chance: random.Random, words: Sequence[str], count: int) -> list[str]:
    return chance.sample(words, min(len(words), count)) or ["word"]


def _size(chance: random.Random) -> int:
    """Draw a length of 300 to 2,500 characters, evenly by its logarithm."""
    return int(300 * (2_500 / 300) ** float(chance.random()))


def _filled(chance: random.Random, part: Callable[[int], str], separator: str) -> str:
    wanted, parts, length = _size(chance), list[str](), 0
    while length < wanted and len(parts) < wanted:
        parts.append(part(len(parts)))
        length += len(parts[-1]) + len(separator)
    return separator.join(parts)


def _number(chance: random.Random) -> str:
    return chance.choice(
        (
            f"{chance.uniform(0, 999):.3f}",
            str(chance.randint(1, 99_999)),
            f"{chance.randint(0, 100)}%",
            f"{chance.random():.2e}",
            f"{chance.randint(1, 31):02}.{chance.randint(1, 12):02}.{chance.randint(1990, 2026)}",
        )
    )


def _log_line(chance: random.Random, words: Sequence[str]) -> str:
    clock = f"{chance.randint(0, 23):02}:{chance.randint(0, 59):02}:{chance.randint(0, 59):02}"
    day, number = chance.randint(1, 28), chance.randint(1, 99_999)
    head = chance.choice(
        (
            f"2025-{chance.randint(1, 12):02}-{day:02} {clock},{number % 1000:03}",
            f"{chance.choice(('Jan', 'Mar', 'Oct'))} {day} {clock} host{number % 9}",
            f"10.0.{number % 256}.{day} - - [{day:02}/Oct/2025:{clock} +0000]",
        )
    )
    one, two = chance.choice(words), chance.choice(words)
    level = chance.choice(("INFO", "WARN", "ERROR", "DEBUG"))
    body = chance.choice(
        (
            f'"GET /{one}/{number} HTTP/1.1" {chance.choice((200, 304, 404, 500))} {number} "-" "Mozilla/5.0"',
            f"{level} [{one}-{number % 9}] {two} {number} {one} in {number % 1000} ms",
            f"{one}[{number}]: {two} {one} for user {two} port {number % 65_536}",
        )
    )
    return f"{head} {body}"
