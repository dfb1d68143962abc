"""Made-up texts that a pretraining set should not hold, by class and form, from seeds alone."""

from __future__ import annotations

import base64
import itertools
import random
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import xxhash

KEY_ROWS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


@dataclass(frozen=True, slots=True)
class Donor:
    """Good texts of one language that bad ones are made from.

    Parameters
    ----------
    texts : sequence of str
        Texts that no reference has counted.
    """

    texts: Sequence[str]

    def words(self, chance: random.Random, n: int) -> list[str]:
        """Draw words by their frequency in the texts."""
        pool = [word for text in chance.choices(self.texts, k=40) for word in text.split()]
        return chance.choices(pool, k=n)

    def stretch(self, chance: random.Random, n: int) -> str:
        """Return about ``n`` consecutive words of texts."""
        found: list[str] = []
        while len(found) < n:
            found += chance.choice(self.texts).split(" ")
        return " ".join(found[:n])

    def content_words(self, chance: random.Random, n: int) -> list[str]:
        """Draw words of four letters or more, common and rare ones alike."""
        pool = sorted({w.strip(string.punctuation).lower() for t in chance.choices(self.texts, k=60) for w in t.split()})
        return chance.choices([word for word in pool if len(word) > 3 and word.isalpha()] or ["word"], k=n)


Form = Callable[[random.Random, int, Donor], str]


def random_letters(c: random.Random, n: int, _: Donor) -> str:
    """Words of letters drawn evenly."""
    return " ".join("".join(c.choices(string.ascii_lowercase, k=c.randint(2, 11))) for _ in range(n))


def keyboard_mash(c: random.Random, n: int, _: Donor) -> str:
    """Make runs along the rows of a keyboard."""
    rows = [c.choice(KEY_ROWS) for _ in range(n)]
    return " ".join("".join(c.choices(row, k=c.randint(3, 12))) for row in rows)


def markov_letters(c: random.Random, n: int, donor: Donor) -> str:
    """Words whose letters follow each other as pairs do in real text."""
    text = donor.stretch(c, 2000).lower()
    after: dict[str, list[str]] = {}
    for a, b in itertools.pairwise(text):
        after.setdefault(a, []).append(b)
    at = " "
    out: list[str] = []
    while len(out) < 6 * n:
        at = c.choice(after.get(at) or [" "])
        out.append(at)
    return "".join(out)


def letters_and_signs(c: random.Random, n: int, _: Donor) -> str:
    """Letters, digits and punctuation in random order, in lines."""
    signs = string.ascii_letters + string.digits + string.punctuation
    return "\n".join(" ".join("".join(c.choices(signs, k=c.randint(2, 14))) for _ in range(10)) for _ in range(max(n // 25, 3)))


def shuffled_letters(c: random.Random, n: int, donor: Donor) -> str:
    """Real words with the letters of each in random order."""
    return " ".join("".join(c.sample(word, len(word))) for word in donor.words(c, n))


def random_hanzi(c: random.Random, n: int, _: Donor) -> str:
    """Chinese characters drawn evenly from the main block."""
    return "".join(chr(c.randint(0x4E00, 0x9FA5)) + ("，" if c.random() < 0.08 else "") for _ in range(n))


def random_cyrillic(c: random.Random, n: int, _: Donor) -> str:
    """Words of Cyrillic letters drawn evenly."""
    return " ".join("".join(chr(c.randint(0x430, 0x44F)) for _ in range(c.randint(2, 11))) for _ in range(n))


def wrong_codec(codec: str, share: float) -> Form:
    """UTF-8 read in another encoding; ``share`` of the letters that are not ASCII to begin with."""

    def form(c: random.Random, n: int, donor: Donor) -> str:
        text = donor.stretch(c, n)
        marks = "éüñçøßąłžеианоты“”—’"
        text = "".join(c.choice(marks) if ch.isalpha() and c.random() < share else ch for ch in text)
        return text.encode("utf-8", "replace").decode(codec, "replace")

    return form


def replaced(c: random.Random, n: int, donor: Donor) -> str:
    """Letters lost to U+FFFD or question marks."""
    mark = c.choice(("\ufffd", "?", "??"))
    return "".join(mark if ch.isalpha() and c.random() < 0.3 else ch for ch in donor.stretch(c, n))


def base64_lines(c: random.Random, n: int, _: Donor) -> str:
    """Base64 in lines of 76 characters, with or without a header."""
    data = base64.b64encode(c.randbytes(n * 5)).decode()
    head = c.choice(("", "Content-Transfer-Encoding: base64\n\n", "-----BEGIN CERTIFICATE-----\n"))
    width = c.choice((60, 64, 76))
    return head + "\n".join(data[i : i + width] for i in range(0, len(data), width))


def base64_blob(c: random.Random, n: int, _: Donor) -> str:
    """Base64 without a line end, URL-safe or not, as of a data URL."""
    encode = c.choice((base64.b64encode, base64.urlsafe_b64encode))
    return c.choice(("", "data:image/png;base64,", "token: ")) + encode(c.randbytes(n * 5)).decode()


def base64_words(c: random.Random, n: int, _: Donor) -> str:
    """Keys and tokens of several lengths, one a line or blank."""
    ends = c.choice(("\n", " "))
    return ends.join(base64.b64encode(c.randbytes(c.randint(9, 48))).decode() for _ in range(max(n // 5, 4)))


def base64_text(c: random.Random, n: int, donor: Donor) -> str:
    """Base64 of real text."""
    data = base64.b64encode(donor.stretch(c, n).encode("utf-8", "replace")).decode()
    return "\n".join(data[i : i + 76] for i in range(0, len(data), 76))


def tags(separator: str, capital: bool = False) -> Form:
    """Content words between separators."""

    def form(c: random.Random, n: int, donor: Donor) -> str:
        words = donor.content_words(c, n)
        return separator.join(word.title() if capital else word for word in words)

    return form


def tag_phrases(c: random.Random, n: int, donor: Donor) -> str:
    """Tags of one to three content words."""
    words, out = donor.content_words(c, n), []
    while words:
        k = c.randint(1, 3)
        out.append(" ".join(words[:k]))
        words = words[k:]
    return c.choice((", ", "\n", " | ", " · ")).join(out)


def hash_tags(c: random.Random, n: int, donor: Donor) -> str:
    """Content words behind number signs."""
    return " ".join("#" + word for word in donor.content_words(c, n))


def keyword_spam(c: random.Random, n: int, donor: Donor) -> str:
    """Combine a few words and cities, as pages for search engines do."""
    nouns, adjectives, places = (donor.content_words(c, k) for k in (5, 6, 12))
    parts = [
        f"{c.choice(adjectives)} {c.choice(nouns)} {c.choice(('in', 'near', 'for', ''))} {c.choice(places)}"
        for _ in range(n // 4)
    ]
    return c.choice((", ", " ", "\n")).join(parts)


def ocr_noise(c: random.Random, n: int, donor: Donor) -> str:
    """Text with 12-20 % of its characters misread."""
    rate = c.uniform(0.12, 0.2)
    signs = string.ascii_letters + string.digits + "|/\\~^_.,;:'`"
    return "".join(c.choice(signs) if not ch.isspace() and c.random() < rate else ch for ch in donor.stretch(c, n))


def _clock(c: random.Random) -> str:
    return f"{c.randint(0, 23):02}:{c.randint(0, 59):02}:{c.randint(0, 59):02}"


SYSTEM_EVENTS: Final = (
    "Accepted publickey for {u} from {i} port {d}",
    "Started Session {d} of user {u}.",
    "pam_unix(cron:session): session closed for user {u}",
    "DHCPACK of {i} from {i}",
    "connection {d} timed out after {d} ms",
)


def syslog(c: random.Random, n: int, _: Donor) -> str:
    """Make a system log."""
    lines = []
    for _line in range(max(n // 25, 4)):
        place = f"10.{c.randint(0, 255)}.0.{c.randint(0, 255)}"
        event = c.choice(SYSTEM_EVENTS).format(u=c.choice(("root", "www-data", "anna")), i=place, d=c.randint(1, 65535))
        stamp = f"{c.choice(('Jan', 'Mar', 'Oct'))} {c.randint(1, 28):2} {_clock(c)} host{c.randint(1, 9)}"
        lines.append(f"{stamp} {c.choice(('sshd', 'systemd', 'CRON', 'kernel'))}[{c.randint(100, 30000)}]: {event}")
    return "\n".join(lines)


def access_log(c: random.Random, n: int, _: Donor) -> str:
    """Make a web server's log."""
    paths = ("/index.html", "/api/v1/items/{}", "/static/app.{}.js", "/wp-login.php", "/img/{}.png")
    lines = []
    for _line in range(max(n // 45, 4)):
        client = f"{c.randint(1, 223)}.{c.randint(0, 255)}.{c.randint(0, 255)}.{c.randint(1, 254)}"
        request = f"{c.choice(('GET', 'POST'))} {c.choice(paths).format(c.randint(1, 99999))} HTTP/1.1"
        answer = f"{c.choice((200, 200, 304, 404))} {c.randint(100, 99999)}"
        lines.append(f'{client} - - [{c.randint(1, 28):02}/Oct/2025:{_clock(c)} +0000] "{request}" {answer} "-" "Mozilla/5.0"')
    return "\n".join(lines)


MESSAGES: Final = (
    "Connection {} acquired in {} ms",
    "Retrying request {} (attempt {})",
    "Task {} finished with status {}",
    "Cache miss for key {}-{}",
    "Processed {} records, {} skipped",
)


def application_log(c: random.Random, n: int, _: Donor) -> str:
    """Put levels, loggers and messages behind time stamps, or without them."""
    loggers = ("com.example.db.Pool", "worker", "org.acme.http.Server", "scheduler.main")
    stamped = c.random() < 0.7
    lines = []
    for _line in range(max(n // 25, 4)):
        stamp = f"2025-{c.randint(1, 12):02}-{c.randint(1, 28):02} {_clock(c)},{c.randint(0, 999):03} " if stamped else ""
        message = c.choice(MESSAGES).format(c.randint(1, 9999), c.randint(1, 999))
        lines.append(f"{stamp}{c.choice(('INFO', 'WARN', 'DEBUG', 'ERROR'))} [{c.choice(loggers)}] {message}")
    return "\n".join(lines)


def json_log(c: random.Random, n: int, _: Donor) -> str:
    """Make one JSON object a line."""
    lines = []
    for _line in range(max(n // 40, 4)):
        level, message = c.choice(("info", "warn", "error")), c.choice(("request done", "user login", "job queued"))
        time = f"2025-10-{c.randint(1, 28):02}T{_clock(c)}Z"
        lines.append(f'{{"ts":"{time}","level":"{level}","msg":"{message}","id":{c.randint(1, 10**6)},"ms":{c.randint(1, 900)}}}')
    return "\n".join(lines)


def numbers(separator: str) -> Form:
    """Rows of numbers, with a header now and then."""

    def form(c: random.Random, n: int, donor: Donor) -> str:
        columns = c.randint(4, 9)
        head = separator.join(donor.content_words(c, columns)) + "\n" if c.random() < 0.5 else ""
        kind = c.choice(("{:.3f}", "{:.1f}", "{:.0f}", "{:.2e}"))
        return head + "\n".join(
            separator.join(kind.format(c.uniform(0, 9999)) for _ in range(columns)) for _ in range(max(n // (3 * columns), 4))
        )

    return form


def labelled_numbers(c: random.Random, n: int, donor: Donor) -> str:
    """Put numbers behind names, as price and result lists do."""
    names = donor.content_words(c, 30)
    lines = []
    for _ in range(max(n // 10, 4)):
        numbers = (
            f"{c.randint(1, 9999)} {c.uniform(0, 99):.2f} {c.randint(1, 99)}% {c.randint(1900, 2025)} {c.randint(10000, 999999)}"
        )
        lines.append(f"{c.choice(names).title()} {numbers}")
    return "\n".join(lines)


def hex_dump(c: random.Random, n: int, _: Donor) -> str:
    """Offsets, bytes, and now and then what they read as."""
    shown = c.random() < 0.6
    lines = []
    for i in range(max(n // 20, 4)):
        data = c.randbytes(16)
        read = "  |" + "".join(chr(b) if 32 <= b < 127 else "." for b in data) + "|" if shown else ""
        lines.append(f"{i * 16:08x}  " + " ".join(f"{b:02x}" for b in data) + read)
    return "\n".join(lines)


def hex_words(c: random.Random, n: int, _: Donor) -> str:
    """Words of 16 or 32 bits, as debuggers print them."""
    width = c.choice((4, 8, 16))
    start = c.choice(("", "0x"))
    return "\n".join(" ".join(start + f"{c.getrandbits(width * 4):0{width}x}" for _ in range(8)) for _ in range(max(n // 16, 4)))


def digests(c: random.Random, n: int, donor: Donor) -> str:
    """Make digests with file names."""
    size = c.choice((16, 20, 32))
    ends = ("txt", "bin", "tar.gz")
    names = ("_".join(donor.content_words(c, 2)) for _ in range(max(n // 12, 4)))
    return "\n".join(f"{c.randbytes(size).hex()}  {name}.{c.choice(ends)}" for name in names)


def unigram_salad(c: random.Random, n: int, donor: Donor) -> str:
    """Words drawn by frequency, in no order."""
    return " ".join(donor.words(c, n))


def punctuated_salad(c: random.Random, n: int, donor: Donor) -> str:
    """Words drawn by frequency, dressed as sentences."""
    words = [word.strip(string.punctuation).lower() for word in donor.words(c, n)]
    out, left = [], 0
    for word in words:
        if not left:
            left, word = c.randint(6, 20), word.capitalize()
        left -= 1
        out.append(word + ("." if not left else "," if c.random() < 0.06 else ""))
    return " ".join(out)


def shuffled(c: random.Random, n: int, donor: Donor) -> str:
    """Put the words of a text in random order."""
    words = donor.stretch(c, n).split()
    c.shuffle(words)
    return " ".join(words)


def shuffled_runs(c: random.Random, n: int, donor: Donor) -> str:
    """Words of many texts, three or so words in order at a time: what scrapers paste together."""
    out: list[str] = []
    while len(out) < n:
        words = c.choice(donor.texts).split()
        at = c.randrange(max(len(words) - 3, 1))
        out += words[at : at + c.randint(1, 3)]
    return " ".join(out)


CLASSES: Mapping[str, Mapping[str, Form]] = {
    "gibberish": {
        "letters": random_letters,
        "keyboard": keyboard_mash,
        "markov": markov_letters,
        "signs": letters_and_signs,
        "shuffled letters": shuffled_letters,
    },
    "mojibake": {
        "cp1252": wrong_codec("cp1252", 0.15),
        "latin-1": wrong_codec("latin-1", 0.15),
        "cp1251": wrong_codec("cp1251", 0.15),
        "koi8-r": wrong_codec("koi8-r", 0.15),
        "cp1252, whole": wrong_codec("cp1252", 1.0),
        "koi8-r, whole": wrong_codec("koi8-r", 1.0),
        "lost": replaced,
    },
    "base64": {"lines": base64_lines, "blob": base64_blob, "keys": base64_words, "of text": base64_text},
    "tag list": {
        "commas": tags(", "),
        "lines": tags("\n"),
        "blanks": tags(" "),
        "bars, capitals": tags(" | ", capital=True),
        "phrases": tag_phrases,
        "hash": hash_tags,
    },
    "keyword spam": {"combinations": keyword_spam},
    "OCR noise": {"12-20 %": ocr_noise},
    "log": {"syslog": syslog, "access": access_log, "application": application_log, "JSON": json_log},
    "number table": {"blanks": numbers(" "), "tabs": numbers("\t"), "commas": numbers(","), "labelled": labelled_numbers},
    "hex dump": {"dump": hex_dump, "words": hex_words, "digests": digests},
    "word salad": {
        "unigrams": unigram_salad,
        "sentences": punctuated_salad,
        "shuffled": shuffled,
    },
    "pasted snippets": {"1-3 words": shuffled_runs},
}
"""Forms of every class."""

SPECIFIC: Mapping[str, Form] = {"zh": random_hanzi, "ru": random_cyrillic}
"""Gibberish in a language's own letters."""


def made(name: str, count: int, seed: int, donor: Donor) -> list[str]:
    """Make texts of a class, its forms in turn, of 80 to 2500 tokens (log-uniform)."""
    forms = CLASSES[name]
    texts = []
    for i in range(count):
        chance = random.Random(xxhash.xxh3_64_intdigest(f"{seed}/{name}/{i}".encode()))
        n = round(80 * (2500 / 80) ** chance.random())
        texts.append(list(forms.values())[i % len(forms)](chance, n, donor))
    return texts
